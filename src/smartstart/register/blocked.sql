-- Who on a list may no longer be invited: whoever has been told of, is registered as gone, whose child has died, or
-- who has no consent left. Like notice and registration it knows no "as of"; what was told stops her by the written
-- rule of its event, and what has no rule stops her too. A birth is not among the reasons: it ends the pregnancy, not
-- the offer.
-- recall: her practice may not know, so the list that it has must be replaced.
WITH consent AS (
    SELECT q.person_id, max(q.consented_on) AS consented_on
    FROM intake.questionnaire AS q
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id
    WHERE d.is_current AND q.moment = 'nulmeting'
    GROUP BY q.person_id
),
reason AS (
    SELECT i.batch, i.research_id, 1 AS recall
    FROM invitation AS i
    LEFT JOIN register.registration AS r ON r.person_id = i.research_id
    LEFT JOIN consent AS c ON c.person_id = i.research_id
    WHERE c.person_id IS NULL OR r.deceased OR r.suspended OR r.municipality <> $municipality
    UNION ALL
    SELECT i.batch, i.research_id, 1 AS recall
    FROM invitation AS i
    INNER JOIN intake.child AS k ON k.mother_id = i.research_id
    INNER JOIN register.registration AS r ON r.person_id = k.child_id
    WHERE r.deceased AND coalesce(r.died_on_latest >= i.due_date - INTERVAL '{pregnancy_days}' DAY, true)
    UNION ALL
    SELECT i.batch, i.research_id, CASE WHEN n.practice_knows THEN 0 ELSE 1 END AS recall
    FROM invitation AS i
    INNER JOIN register.notice AS n ON n.person_id = i.research_id
    LEFT JOIN register.event_rule AS e ON e.code = n.kind
    LEFT JOIN consent AS c ON c.person_id = i.research_id
    WHERE CASE coalesce(e.invitations, 'always')
        WHEN 'none' THEN false
        WHEN 'this_pregnancy' THEN n.happened_on >= i.due_date - INTERVAL '{pregnancy_days}' DAY
        WHEN 'until_new_consent' THEN n.happened_on >= c.consented_on
        ELSE true
    END
)
SELECT batch, research_id, max(recall) = 1 AS recall
FROM reason
GROUP BY batch, research_id
