-- Every pregnancy of which a risk can be told, with its index date and the due date as told then. A birth of the
-- history that no questionnaire was kept of counts as well, or whoever was not asked would be left out: its index date
-- is taken as 26 weeks before the birth (an assumption; questionnaires are filled in from week 13 on), number 0 and
-- below. Births of before the first questionnaire are no part of the history.
WITH asked AS (
    SELECT c.child_id
    FROM register.child AS c
    INNER JOIN register.pregnancy AS p ON p.person_id = c.mother_id
    WHERE c.born_on_latest >= p.index_date AND c.born_on_latest <= p.due_date + INTERVAL '{late_birth_days}' DAY
),
first_asked AS (
    SELECT min(index_date) AS day FROM register.pregnancy
)
SELECT person_id, number, index_date, index_due_date AS due_date, due_date AS latest_due_date, in_trial
FROM register.pregnancy
UNION ALL
SELECT
    c.mother_id AS person_id,
    1 - row_number() OVER (PARTITION BY c.mother_id ORDER BY c.born_on_latest, c.child_id) AS number,
    CAST(c.born_on_latest - INTERVAL '182' DAY AS DATE) AS index_date,
    c.born_on_latest AS due_date, c.born_on_latest AS latest_due_date, false AS in_trial
FROM register.child AS c
INNER JOIN first_asked AS f ON c.born_on_latest >= f.day
LEFT JOIN asked AS a ON a.child_id = c.child_id
WHERE a.child_id IS NULL AND c.born_on_earliest = c.born_on_latest
