-- The newest registration of every person, whenever it was delivered, unless a correction took it back.
-- Like notice it knows no "as of"; what a person was known to be on a day stands in person.
WITH ranked AS (
    SELECT
        p.person_id, p.municipality,
        p.died_on_earliest IS NOT NULL OR p.suspension = 'O' AS deceased,
        p.died_on_latest,
        p.suspension IS NOT NULL AS suspended,
        coalesce(p.secrecy > 0, false) AS secrecy,
        row_number() OVER (PARTITION BY p.person_id ORDER BY d.delivered DESC, d.sequence DESC) AS recency
    FROM intake.person AS p
    INNER JOIN delivery AS d ON d.delivery_id = p.delivery_id
    WHERE NOT d.was_corrected
)
SELECT person_id, municipality, coalesce(deceased, false) AS deceased, died_on_latest, suspended, secrecy
FROM ranked
WHERE recency = 1
