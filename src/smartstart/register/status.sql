-- What has happened in each pregnancy; conception is {pregnancy_days} days before the due date.
-- It is made from notice and registration, which know no "as of", by the written rule of each event: what stops
-- invitations in "this pregnancy" must have happened since conception, and a renewed consent undoes an earlier
-- withdrawal. Everything else, such as an objection, is final.
WITH fact AS (
    SELECT p.person_id, p.number, e.fact
    FROM register.pregnancy AS p
    INNER JOIN register.notice AS n ON n.person_id = p.person_id
    INNER JOIN register.event_rule AS e ON e.code = n.kind
    WHERE CASE e.invitations
        WHEN 'this_pregnancy' THEN n.happened_on >= p.due_date - INTERVAL '{pregnancy_days}' DAY
        WHEN 'until_new_consent' THEN n.happened_on >= p.consented_on
        ELSE true
    END
),
told AS (
    SELECT
        p.person_id, p.number,
        max(CASE WHEN f.fact = 'deceased' THEN 1 ELSE 0 END) AS deceased,
        max(CASE WHEN f.fact = 'pregnancy_ended' THEN 1 ELSE 0 END) AS pregnancy_ended,
        max(CASE WHEN f.fact = 'objected' THEN 1 ELSE 0 END) AS objected,
        max(CASE WHEN f.fact = 'consent_withdrawn' THEN 1 ELSE 0 END) AS consent_withdrawn,
        max(CASE WHEN f.fact = 'moved_away' THEN 1 ELSE 0 END) AS moved_away,
        max(CASE WHEN f.fact = 'report_unreadable' THEN 1 ELSE 0 END) AS report_unreadable
    FROM register.pregnancy AS p
    LEFT JOIN fact AS f ON f.person_id = p.person_id AND f.number = p.number
    GROUP BY p.person_id, p.number
),
born AS (
    -- a birth from {earliest_birth_days} days before the due date on is the birth of this pregnancy
    SELECT DISTINCT p.person_id, p.number
    FROM register.pregnancy AS p
    INNER JOIN register.child AS c ON c.mother_id = p.person_id
    WHERE c.born_on_latest >= p.due_date - INTERVAL '{earliest_birth_days}' DAY AND c.born_on_latest <= $as_of
),
-- the death of a child that the population register shows counts as one that was reported
lost_a_child AS (
    SELECT DISTINCT p.person_id, p.number
    FROM register.pregnancy AS p
    INNER JOIN intake.child AS k ON k.mother_id = p.person_id
    INNER JOIN register.registration AS r ON r.person_id = k.child_id
    WHERE r.deceased AND coalesce(r.died_on_latest >= p.due_date - INTERVAL '{pregnancy_days}' DAY, true)
)
SELECT
    t.person_id, t.number,
    t.deceased = 1 OR coalesce(r.deceased, false) AS deceased,
    t.pregnancy_ended = 1 OR l.person_id IS NOT NULL AS pregnancy_ended,
    b.person_id IS NOT NULL AS child_born,
    t.objected = 1 AS objected,
    t.consent_withdrawn = 1 AS consent_withdrawn,
    t.moved_away = 1 AS moved_away,
    t.report_unreadable = 1 AS report_unreadable,
    coalesce(r.suspended, false) AS suspended
FROM told AS t
LEFT JOIN register.registration AS r ON r.person_id = t.person_id
LEFT JOIN born AS b ON b.person_id = t.person_id AND b.number = t.number
LEFT JOIN lost_a_child AS l ON l.person_id = t.person_id AND l.number = t.number
