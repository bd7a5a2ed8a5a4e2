-- What has happened in each pregnancy; conception is 280 days before the due date.
-- The one table that knows no "as of": it only ever stops a letter, so whatever has been told counts at once, in
-- whatever order it came. Only a correction, made by a person with a reason, takes something back.
-- A renewed consent undoes an earlier withdrawal; an objection is final.
WITH notice AS (
    SELECT n.person_id, n.kind, n.happened_on
    FROM intake.notification AS n
    INNER JOIN delivery AS d ON d.delivery_id = n.delivery_id
    WHERE NOT d.was_corrected
),
registration AS (
    SELECT
        p.person_id, p.died_on_earliest IS NOT NULL OR p.suspension = 'O' AS deceased,
        p.suspension IS NOT NULL AS suspended,
        row_number() OVER (PARTITION BY p.person_id ORDER BY d.delivered DESC, d.sequence DESC) AS recency
    FROM intake.person AS p
    INNER JOIN delivery AS d ON d.delivery_id = p.delivery_id
    WHERE NOT d.was_corrected
),
told AS (
    SELECT
        p.person_id, p.number,
        max(CASE WHEN n.kind = 'overlijden' THEN 1 ELSE 0 END) AS deceased,
        max(CASE
            WHEN n.kind IN ('zwangerschap_beeindigd', 'doodgeboorte', 'overlijden_kind')
                AND n.happened_on >= p.due_date - INTERVAL '280' DAY THEN 1 ELSE 0
        END) AS pregnancy_ended,
        max(CASE WHEN n.kind = 'bezwaar' THEN 1 ELSE 0 END) AS objected,
        max(CASE
            WHEN n.kind = 'intrekking_toestemming' AND n.happened_on >= p.consented_on THEN 1 ELSE 0
        END) AS consent_withdrawn,
        max(CASE
            WHEN n.kind = 'verhuizing' AND n.happened_on >= p.due_date - INTERVAL '280' DAY THEN 1 ELSE 0
        END) AS moved_away,
        max(CASE WHEN n.kind = 'unreadable' THEN 1 ELSE 0 END) AS report_unreadable
    FROM register.pregnancy AS p
    LEFT JOIN notice AS n ON n.person_id = p.person_id
    GROUP BY p.person_id, p.number
),
born AS (
    -- a birth from 20 weeks before the due date on is the birth of this pregnancy
    SELECT DISTINCT p.person_id, p.number
    FROM register.pregnancy AS p
    INNER JOIN register.child AS c ON c.mother_id = p.person_id
    WHERE c.born_on_latest >= p.due_date - INTERVAL '140' DAY AND c.born_on_latest <= $as_of
)
SELECT
    t.person_id, t.number,
    t.deceased = 1 OR coalesce(r.deceased, false) AS deceased,
    t.pregnancy_ended = 1 AS pregnancy_ended,
    b.person_id IS NOT NULL AS child_born,
    t.objected = 1 AS objected,
    t.consent_withdrawn = 1 AS consent_withdrawn,
    t.moved_away = 1 AS moved_away,
    t.report_unreadable = 1 AS report_unreadable,
    coalesce(r.suspended, false) AS suspended
FROM told AS t
LEFT JOIN registration AS r ON r.person_id = t.person_id AND r.recency = 1
LEFT JOIN born AS b ON b.person_id = t.person_id AND b.number = t.number
