-- Which pregnancy each child was born of: one that was known before the birth, with the nearest due date. Twins are two
-- children of one pregnancy. A birth may come up to {late_birth_days} days after the due date, as due dates are told wrongly
-- too.
WITH ranked AS (
    SELECT
        c.child_id, c.mother_id, c.born_on_latest AS born_on, s.number,
        row_number() OVER (
            PARTITION BY c.child_id
            ORDER BY abs(date_diff('day', s.latest_due_date, c.born_on_latest)), s.number
        ) AS nearness
    FROM register.child AS c
    INNER JOIN register.subject AS s
        ON s.person_id = c.mother_id
        AND c.born_on_latest >= s.index_date
        AND c.born_on_latest <= s.latest_due_date + INTERVAL '{late_birth_days}' DAY
    WHERE c.born_on_earliest = c.born_on_latest
)
SELECT child_id, mother_id, born_on, number
FROM ranked
WHERE nearness = 1
