-- Every child and its mother, born on or before the day asked about (or on an unknown day); twins are two children of one mother.
WITH ranked AS (
    SELECT
        c.child_id, c.mother_id, c.born_on_earliest, c.born_on_latest,
        row_number() OVER (PARTITION BY c.child_id ORDER BY d.delivered DESC, d.sequence DESC) AS recency
    FROM intake.child AS c
    INNER JOIN delivery AS d ON d.delivery_id = c.delivery_id
    WHERE d.is_current AND d.delivered <= $as_of
)
SELECT child_id, mother_id, born_on_earliest, born_on_latest
FROM ranked
WHERE recency = 1 AND coalesce(born_on_earliest <= $as_of, true)
