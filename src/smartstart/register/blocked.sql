-- Who on a list may no longer be invited, and why. Like status it knows no "as of", and it does not depend on the
-- day for which the register was last built: what has been told, and not been corrected since, stops a letter.
-- A birth is not among the reasons: it ends the pregnancy, not the offer.
WITH notice AS (
    SELECT n.person_id, n.kind, n.happened_on
    FROM intake.notification AS n
    INNER JOIN delivery AS d ON d.delivery_id = n.delivery_id
    WHERE NOT d.was_corrected
),
registration AS (
    SELECT
        p.person_id, p.died_on_earliest IS NOT NULL OR p.suspension = 'O' AS deceased,
        p.suspension IS NOT NULL AS suspended, p.municipality,
        row_number() OVER (PARTITION BY p.person_id ORDER BY d.delivered DESC, d.sequence DESC) AS recency
    FROM intake.person AS p
    INNER JOIN delivery AS d ON d.delivery_id = p.delivery_id
    WHERE NOT d.was_corrected
),
consent AS (
    SELECT q.person_id, max(q.consented_on) AS consented_on
    FROM intake.questionnaire AS q
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id
    WHERE d.is_current
    GROUP BY q.person_id
)
SELECT i.batch, i.research_id
FROM invitation AS i
LEFT JOIN registration AS r ON r.person_id = i.research_id AND r.recency = 1
LEFT JOIN consent AS c ON c.person_id = i.research_id
LEFT JOIN notice AS n ON n.person_id = i.research_id
GROUP BY i.batch, i.research_id
HAVING
    max(CASE WHEN c.person_id IS NULL OR r.deceased OR r.suspended OR r.municipality <> $municipality THEN 1 ELSE 0 END) = 1
    OR max(CASE WHEN n.kind IN ('bezwaar', 'overlijden', 'unreadable') THEN 1 ELSE 0 END) = 1
    OR max(CASE WHEN n.kind = 'intrekking_toestemming' AND n.happened_on >= c.consented_on THEN 1 ELSE 0 END) = 1
    OR max(CASE
        WHEN n.kind IN ('zwangerschap_beeindigd', 'doodgeboorte', 'overlijden_kind', 'verhuizing')
            AND n.happened_on >= i.due_date - INTERVAL '280' DAY THEN 1 ELSE 0
    END) = 1
