-- Who is considered for the draw: the latest pregnancy of each woman in the trial's data who was in the present
-- delivery, or who was not frozen or drawn yet and still expects her child.
WITH latest AS (
    SELECT p.*, row_number() OVER (PARTITION BY p.person_id ORDER BY p.number DESC) AS recency
    FROM register.pregnancy AS p
    WHERE p.in_trial
),
present AS (
    SELECT DISTINCT person_id
    FROM intake.questionnaire
    WHERE delivery_id = $delivery_id AND moment = 'nulmeting'
),
offered AS (
    -- once for each pregnancy, however often her questionnaire is delivered
    SELECT DISTINCT l.person_id AS research_id
    FROM latest AS l
    INNER JOIN invitation AS i ON i.research_id = l.person_id AND i.basis = 'after_closing'
    WHERE l.recency = 1
        AND l.due_date BETWEEN i.due_date - INTERVAL '{same_pregnancy_days}' DAY AND i.due_date + INTERVAL '{same_pregnancy_days}' DAY
)
SELECT
    l.person_id, l.number, l.index_date, l.due_date, l.practice, l.smokes, l.language,
    l.consent_version, l.guardian_consented_on,
    m.birth_date_earliest, m.birth_date_latest, m.municipality, m.person_id IS NOT NULL AS has_person,
    s.deceased, s.suspended, s.pregnancy_ended, s.child_born, s.objected, s.consent_withdrawn, s.moved_away,
    s.report_unreadable,
    a.research_id IS NOT NULL OR f.research_id IS NOT NULL AS already_allocated,
    coalesce(a.arm = 'care_as_usual' AND l.index_date > a.index_date, false) AND o.research_id IS NULL
        AS later_pregnancy_of_control, n.person_id IS NOT NULL AS delivered_now
FROM latest AS l
INNER JOIN register.status AS s ON s.person_id = l.person_id AND s.number = l.number
LEFT JOIN register.person AS m ON m.person_id = l.person_id
LEFT JOIN allocation AS a ON a.research_id = l.person_id
LEFT JOIN frozen AS f ON f.research_id = l.person_id
LEFT JOIN present AS n ON n.person_id = l.person_id
LEFT JOIN offered AS o ON o.research_id = l.person_id
WHERE l.recency = 1
    AND (n.person_id IS NOT NULL OR (f.research_id IS NULL AND l.due_date >= $as_of))
