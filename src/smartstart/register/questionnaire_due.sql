-- Whose later questionnaire is due on the day asked about: every woman who was drawn, whatever her arm, from some days
-- before until some days after the child of the pregnancy that she was drawn for is so many months old. Twins are one.
-- Nothing is asked once it was answered, nor once the child has stayed elsewhere without her: youth care with residence,
-- and so every placement. What stops a questionnaire besides (a loss, a death, an objection) is in participant, by the
-- written rule of its event. A move does not stop it: it ends the invitations, not the analysis.
WITH wave AS (
    SELECT
        'tussenmeting' AS moment, $tussenmeting_months AS months,
        $tussenmeting_from AS from_days, $tussenmeting_until AS until_days
    UNION ALL
    SELECT
        'eindmeting' AS moment, $eindmeting_months AS months,
        $eindmeting_from AS from_days, $eindmeting_until AS until_days
),
pregnancy AS (
    -- corrections can move an index date a little; two pregnancies lie months apart
    SELECT
        a.research_id AS person_id, p.due_date,
        row_number() OVER (
            PARTITION BY a.research_id
            ORDER BY greatest(p.index_date - a.index_date, a.index_date - p.index_date), p.number
        ) AS nearness
    FROM allocation AS a
    INNER JOIN register.pregnancy AS p ON p.person_id = a.research_id
),
own_child AS (
    SELECT p.person_id, p.due_date, c.child_id, c.born_on_latest AS born_on
    FROM pregnancy AS p
    INNER JOIN register.child AS c ON c.mother_id = p.person_id
    WHERE p.nearness = 1
        AND c.born_on_earliest = c.born_on_latest
        AND c.born_on_latest >= p.due_date - INTERVAL '{earliest_birth_days}' DAY
        AND c.born_on_latest <= p.due_date + INTERVAL '{overdue_days}' DAY
),
born AS (
    SELECT person_id, due_date, min(born_on) AS born_on
    FROM own_child
    GROUP BY person_id, due_date
),
placed AS (
    SELECT DISTINCT o.person_id
    FROM own_child AS o
    INNER JOIN register.stay AS s ON s.child_id = o.child_id
    WHERE NOT s.together
),
timed AS (
    SELECT
        b.person_id, b.born_on, w.moment,
        CAST(b.born_on + w.months * INTERVAL '1' MONTH + w.from_days * INTERVAL '1' DAY AS DATE) AS from_day,
        CAST(b.born_on + w.months * INTERVAL '1' MONTH + w.until_days * INTERVAL '1' DAY AS DATE) AS until_day
    FROM born AS b
    CROSS JOIN wave AS w
),
answered AS (
    SELECT person_id, moment, max(filled_on) AS filled_on
    FROM register.questionnaire
    GROUP BY person_id, moment
)
SELECT t.person_id, t.born_on, t.moment, t.from_day, t.until_day
FROM timed AS t
LEFT JOIN placed AS s ON s.person_id = t.person_id
LEFT JOIN answered AS a ON a.person_id = t.person_id AND a.moment = t.moment AND a.filled_on >= t.born_on
WHERE s.person_id IS NULL AND a.person_id IS NULL AND t.from_day <= $as_of AND t.until_day >= $as_of
