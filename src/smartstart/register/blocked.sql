-- Who on a list may no longer be invited: whoever has been told of, is registered as gone, or has no consent left.
-- Like notice and registration it knows no "as of". A birth is not among the reasons: it ends the pregnancy, not
-- the offer.
WITH consent AS (
    SELECT q.person_id, max(q.consented_on) AS consented_on
    FROM intake.questionnaire AS q
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id
    WHERE d.is_current AND q.moment = 'nulmeting'
    GROUP BY q.person_id
)
SELECT i.batch, i.research_id
FROM invitation AS i
LEFT JOIN register.registration AS r ON r.person_id = i.research_id
LEFT JOIN consent AS c ON c.person_id = i.research_id
LEFT JOIN register.notice AS n ON n.person_id = i.research_id
GROUP BY i.batch, i.research_id
HAVING
    max(CASE WHEN c.person_id IS NULL OR r.deceased OR r.suspended OR r.municipality <> $municipality THEN 1 ELSE 0 END) = 1
    OR max(CASE WHEN n.kind IN ('bezwaar', 'overlijden', 'unreadable') THEN 1 ELSE 0 END) = 1
    OR max(CASE WHEN n.kind = 'intrekking_toestemming' AND n.happened_on >= c.consented_on THEN 1 ELSE 0 END) = 1
    OR max(CASE
        WHEN n.kind IN ('zwangerschap_beeindigd', 'doodgeboorte', 'overlijden_kind', 'verhuizing')
            AND n.happened_on >= i.due_date - INTERVAL '280' DAY THEN 1 ELSE 0
    END) = 1
