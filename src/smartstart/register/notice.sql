-- Everything that has been told of a woman, whenever it was delivered, also by a delivery that was replaced since.
-- It knows no "as of": it only ever stops a letter, so it counts at once, in whatever order it came.
-- Only a later report that the earlier one was a mistake (vergissing) takes it back. What could not be read counts
-- until a correction has replaced its delivery by what was meant; a loss on a day that fits no pregnancy of hers,
-- such as one dated in the wrong year, is not understood either.
WITH told AS (
    SELECT DISTINCT n.person_id, n.kind, n.happened_on
    FROM intake.notification AS n
    INNER JOIN delivery AS d ON d.delivery_id = n.delivery_id
    WHERE n.kind <> 'unreadable' OR NOT d.was_corrected
),
mistake AS (
    SELECT person_id, max(happened_on) AS told_on
    FROM told
    WHERE kind = 'vergissing'
    GROUP BY person_id
),
fitting AS (
    SELECT DISTINCT t.person_id, t.kind, t.happened_on
    FROM told AS t
    INNER JOIN intake.questionnaire AS q
        ON q.person_id = t.person_id
        AND t.happened_on >= q.due_date - INTERVAL '280' DAY
        AND t.happened_on <= q.due_date + INTERVAL '30' DAY
)
SELECT
    t.person_id, t.happened_on,
    CASE
        WHEN t.kind IN ('zwangerschap_beeindigd', 'doodgeboorte') AND f.person_id IS NULL THEN 'unreadable'
        ELSE t.kind
    END AS kind
FROM told AS t
LEFT JOIN mistake AS m ON m.person_id = t.person_id
LEFT JOIN fitting AS f ON f.person_id = t.person_id AND f.kind = t.kind AND f.happened_on = t.happened_on
WHERE t.kind <> 'vergissing' AND (m.told_on IS NULL OR t.happened_on IS NULL OR t.happened_on > m.told_on)
