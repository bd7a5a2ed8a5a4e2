-- The household that was known on the index date of each pregnancy: that of the newest day, as told last.
-- Only the newest day's rows are ranked: of a register with a row a month that is a small part of them.
WITH newest AS (
    SELECT s.person_id, s.number, max(h.reference_date) AS reference_date
    FROM register.subject AS s
    INNER JOIN intake.household AS h ON h.person_id = s.person_id AND h.reference_date <= s.index_date
    INNER JOIN delivery AS d ON d.delivery_id = h.delivery_id AND d.is_current AND d.delivered <= $as_of
    GROUP BY s.person_id, s.number
),
ranked AS (
    SELECT
        n.person_id, n.number, n.reference_date, h.household_type, h.children_at_home,
        row_number() OVER (
            PARTITION BY n.person_id, n.number
            ORDER BY d.sequence DESC, h.household_type DESC, h.children_at_home DESC
        ) AS recency
    FROM newest AS n
    INNER JOIN intake.household AS h ON h.person_id = n.person_id AND h.reference_date = n.reference_date
    INNER JOIN delivery AS d ON d.delivery_id = h.delivery_id AND d.is_current AND d.delivered <= $as_of
)
SELECT person_id, number, reference_date, household_type, children_at_home
FROM ranked
WHERE recency = 1
