-- The latest known registration of every person, as of the day asked about.
WITH ranked AS (
    SELECT
        p.person_id, p.birth_date_earliest, p.birth_date_latest, p.municipality, p.secrecy,
        coalesce(p.suspension = 'E', false) AS emigrated,
        row_number() OVER (PARTITION BY p.person_id ORDER BY d.delivered DESC, d.sequence DESC) AS recency
    FROM intake.person AS p
    INNER JOIN delivery AS d ON d.delivery_id = p.delivery_id
    WHERE d.is_current AND d.delivered <= $as_of
)
SELECT person_id, birth_date_earliest, birth_date_latest, municipality, secrecy, emigrated
FROM ranked
WHERE recency = 1
