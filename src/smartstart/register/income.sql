-- Work and benefit that were known on the index date of each pregnancy: those of the newest day, as told last.
-- Only the newest day's rows are ranked: of a register with a row a month that is a small part of them.
WITH newest AS (
    SELECT s.person_id, s.number, max(i.reference_date) AS reference_date
    FROM register.subject AS s
    INNER JOIN intake.income AS i ON i.person_id = s.person_id AND i.reference_date <= s.index_date
    INNER JOIN delivery AS d ON d.delivery_id = i.delivery_id AND d.is_current AND d.delivered <= $as_of
    GROUP BY s.person_id, s.number
),
ranked AS (
    SELECT
        n.person_id, n.number, n.reference_date, i.paid_work, i.benefit,
        row_number() OVER (
            PARTITION BY n.person_id, n.number
            ORDER BY d.sequence DESC, i.paid_work DESC, i.benefit DESC
        ) AS recency
    FROM newest AS n
    INNER JOIN intake.income AS i ON i.person_id = n.person_id AND i.reference_date = n.reference_date
    INNER JOIN delivery AS d ON d.delivery_id = i.delivery_id AND d.is_current AND d.delivered <= $as_of
)
SELECT person_id, number, reference_date, paid_work, benefit
FROM ranked
WHERE recency = 1
