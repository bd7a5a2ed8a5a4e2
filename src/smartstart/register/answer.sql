-- The answers to the items of the instruments, each once however often it was delivered; the newest delivery counts.
WITH versions AS (
    SELECT
        a.person_id, a.moment, a.filled_on, a.instrument, a.item, a.answer,
        row_number() OVER (
            PARTITION BY a.person_id, a.moment, a.filled_on, a.instrument, a.item
            ORDER BY d.delivered DESC, d.sequence DESC, a.answer
        ) AS recency
    FROM answer AS a
    INNER JOIN delivery AS d ON d.delivery_id = a.delivery_id
    WHERE d.is_current AND d.delivered <= $as_of AND a.filled_on <= $as_of
)
SELECT person_id, moment, filled_on, instrument, item, answer
FROM versions
WHERE recency = 1
