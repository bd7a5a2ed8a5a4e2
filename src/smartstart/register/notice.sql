-- Everything that has been told of a woman: in deliveries, whenever and also in one that was replaced since, by
-- command, and on lists that came back (then her practice knows it).
-- It knows no "as of": it counts at once, in whatever order it came.
-- Only a later report that the earlier one was a mistake takes it back, and a return only takes back the earlier move.
-- What could not be read counts until a correction has replaced its delivery by what was meant; a loss on a day that
-- fits no pregnancy of hers, such as one dated in the wrong year, is not understood either.
WITH told AS (
    SELECT n.person_id, n.kind, n.happened_on, 0 AS practice_knows
    FROM intake.notification AS n
    INNER JOIN delivery AS d ON d.delivery_id = n.delivery_id
    WHERE n.kind <> 'unreadable' OR NOT d.was_corrected
    UNION ALL
    SELECT research_id AS person_id, kind, happened_on, CASE WHEN source = 'terugkoppeling' THEN 1 ELSE 0 END
    FROM event
),
taken_back AS (
    SELECT t.person_id, u.undoes, max(t.happened_on) AS told_on
    FROM told AS t
    INNER JOIN register.event_rule AS u ON u.code = t.kind
    WHERE u.undoes IS NOT NULL
    GROUP BY t.person_id, u.undoes
),
fitting AS (
    SELECT DISTINCT t.person_id, t.kind, t.happened_on
    FROM told AS t
    INNER JOIN intake.questionnaire AS q
        ON q.person_id = t.person_id
        AND t.happened_on >= q.due_date - INTERVAL '{pregnancy_days}' DAY
        AND t.happened_on <= q.due_date + INTERVAL '{overdue_days}' DAY
),
understood AS (
    SELECT
        t.person_id, t.happened_on, t.practice_knows,
        CASE WHEN e.fits_pregnancy AND f.person_id IS NULL THEN 'unreadable' ELSE t.kind END AS kind
    FROM told AS t
    LEFT JOIN register.event_rule AS e ON e.code = t.kind
    LEFT JOIN taken_back AS m ON m.person_id = t.person_id AND m.undoes = 'everything'
    LEFT JOIN taken_back AS r ON r.person_id = t.person_id AND r.undoes = t.kind
    LEFT JOIN fitting AS f ON f.person_id = t.person_id AND f.kind = t.kind AND f.happened_on = t.happened_on
    WHERE coalesce(e.undoes, '') <> 'everything'
        AND (m.told_on IS NULL OR t.happened_on IS NULL OR t.happened_on > m.told_on)
        AND (r.told_on IS NULL OR t.happened_on IS NULL OR t.happened_on >= r.told_on)
)
SELECT person_id, kind, happened_on, max(practice_knows) = 1 AS practice_knows
FROM understood
GROUP BY person_id, kind, happened_on
