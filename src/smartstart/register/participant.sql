-- Every woman ever seen in the trial, once, and what holds of her now by the written rule of each event: those of whom
-- a questionnaire came, who were decided on, or who were drawn, also when they were erased since. Like notice it knows
-- no "as of". "This pregnancy" is the one she was drawn for, or the latest of who was not drawn: it began
-- {pregnancy_days} days before the earliest due date that was told.
WITH consent AS (
    SELECT q.person_id, max(q.consented_on) AS consented_on, max(q.due_date) AS due_date
    FROM intake.questionnaire AS q
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id
    WHERE d.is_current AND q.moment = 'nulmeting'
    GROUP BY q.person_id
),
drawn_for AS (
    SELECT a.research_id, min(q.due_date) AS due_date
    FROM allocation AS a
    INNER JOIN intake.questionnaire AS q
        ON q.person_id = a.research_id AND q.filled_on = a.index_date AND q.moment = 'nulmeting'
    GROUP BY a.research_id
),
seen AS (
    SELECT q.person_id AS research_id
    FROM intake.questionnaire AS q
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id
    WHERE d.pipeline <> 'register' AND q.moment = 'nulmeting'
    UNION
    SELECT research_id FROM decision
    UNION
    SELECT research_id FROM allocation
),
woman AS (
    SELECT
        s.research_id, c.consented_on, c.person_id IS NULL AS consent_missing, x.research_id IS NOT NULL AS erased,
        coalesce(f.due_date, c.due_date, a.index_date) - INTERVAL '{pregnancy_days}' DAY AS since
    FROM seen AS s
    LEFT JOIN consent AS c ON c.person_id = s.research_id
    LEFT JOIN drawn_for AS f ON f.research_id = s.research_id
    LEFT JOIN allocation AS a ON a.research_id = s.research_id
    LEFT JOIN erasure AS x ON x.research_id = s.research_id
),
holds AS (
    SELECT
        w.research_id, n.happened_on, e.fact,
        coalesce(e.questionnaires, 'stopped') AS questionnaires, coalesce(e.hand_over, 'stopped') AS hand_over
    FROM woman AS w
    INNER JOIN register.notice AS n ON n.person_id = w.research_id
    LEFT JOIN register.event_rule AS e ON e.code = n.kind
    WHERE CASE e.invitations
        WHEN 'this_pregnancy' THEN n.happened_on >= w.since
        WHEN 'until_new_consent' THEN w.consent_missing OR n.happened_on >= w.consented_on
        ELSE true
    END
),
told AS (
    SELECT
        research_id,
        max(CASE WHEN fact = 'deceased' THEN 1 ELSE 0 END) AS deceased,
        max(CASE WHEN fact = 'pregnancy_ended' THEN 1 ELSE 0 END) AS pregnancy_ended,
        max(CASE WHEN fact = 'objected' THEN 1 ELSE 0 END) AS objected,
        max(CASE WHEN fact = 'consent_withdrawn' THEN 1 ELSE 0 END) AS consent_withdrawn,
        max(CASE WHEN fact = 'moved_away' THEN 1 ELSE 0 END) AS moved_away,
        max(CASE WHEN fact = 'report_unreadable' THEN 1 ELSE 0 END) AS report_unreadable,
        max(CASE WHEN fact = 'secrecy' THEN 1 ELSE 0 END) AS secrecy,
        max(CASE WHEN fact = 'crossover' THEN 1 ELSE 0 END) AS crossover,
        max(CASE WHEN fact = 'unblinded' THEN 1 ELSE 0 END) AS unblinded,
        max(CASE WHEN fact = 'accepted' THEN happened_on END) AS accepted_on,
        max(CASE WHEN fact = 'declined' THEN happened_on END) AS declined_on,
        max(CASE WHEN fact = 'not_reached' THEN happened_on END) AS not_reached_on,
        max(CASE WHEN questionnaires = 'stopped' THEN 1 ELSE 0 END) AS questionnaires_stopped,
        max(CASE WHEN hand_over = 'stopped' THEN 1 ELSE 0 END) AS hand_over_stopped
    FROM holds
    GROUP BY research_id
),
lost_a_child AS (
    SELECT DISTINCT w.research_id
    FROM woman AS w
    INNER JOIN intake.child AS k ON k.mother_id = w.research_id
    INNER JOIN register.registration AS r ON r.person_id = k.child_id
    WHERE r.deceased AND coalesce(r.died_on_latest >= w.since, true)
),
known AS (
    SELECT
        w.research_id, w.erased, w.consent_missing, CAST(w.since + INTERVAL '{pregnancy_days}' DAY AS DATE) AS due_date,
        coalesce(t.deceased, 0) = 1 OR coalesce(r.deceased, false) AS deceased,
        coalesce(r.suspended, false) AS suspended,
        coalesce(t.pregnancy_ended, 0) = 1 OR l.research_id IS NOT NULL AS pregnancy_ended,
        coalesce(t.objected, 0) = 1 AS objected,
        coalesce(t.consent_withdrawn, 0) = 1 AS consent_withdrawn,
        coalesce(t.moved_away, 0) = 1 AS moved_away,
        coalesce(t.report_unreadable, 0) = 1 AS report_unreadable,
        coalesce(t.secrecy, 0) = 1 OR coalesce(r.secrecy, false) AS secrecy,
        coalesce(t.crossover, 0) = 1 AS crossover,
        coalesce(t.unblinded, 0) = 1 AS unblinded,
        t.accepted_on, t.declined_on, t.not_reached_on,
        coalesce(t.questionnaires_stopped, 0) = 1 AS questionnaires_stopped,
        coalesce(t.hand_over_stopped, 0) = 1 AS hand_over_stopped
    FROM woman AS w
    LEFT JOIN told AS t ON t.research_id = w.research_id
    LEFT JOIN register.registration AS r ON r.person_id = w.research_id
    LEFT JOIN lost_a_child AS l ON l.research_id = w.research_id
)
SELECT
    research_id, erased, consent_missing, due_date, deceased, pregnancy_ended, objected, consent_withdrawn, moved_away,
    report_unreadable, secrecy, crossover, unblinded, accepted_on, declined_on, not_reached_on,
    questionnaires_stopped OR erased OR consent_missing OR deceased OR suspended OR pregnancy_ended
        AS questionnaires_stopped,
    hand_over_stopped OR erased OR consent_missing OR deceased OR suspended OR pregnancy_ended AS hand_over_stopped
FROM known
