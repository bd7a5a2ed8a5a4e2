-- When each outcome first happened to each child; unknown tells that it happened on a day that nobody knows.
-- uhp: placed without its mother; ots: a supervision order, also a provisional one; either: the first of the two.
-- A supervision order of before the birth counts from the birth on.
WITH happened AS (
    SELECT child_id, 'uhp' AS outcome, started_on
    FROM register.placement
    WHERE NOT together
    UNION ALL
    SELECT m.child_id, 'ots' AS outcome,
        CASE WHEN m.started_on_earliest = m.started_on_latest THEN m.started_on_earliest END AS started_on
    FROM intake.measure AS m
    INNER JOIN delivery AS d ON d.delivery_id = m.delivery_id
    WHERE d.is_current AND d.delivered <= $as_of
        AND m.measure_type IN ('11', '12')
        AND (m.started_on_earliest IS NULL OR m.started_on_earliest <= $as_of)
),
doubled AS (
    SELECT child_id, outcome, started_on FROM happened
    UNION ALL
    SELECT child_id, 'either' AS outcome, started_on FROM happened
)
SELECT
    child_id, outcome, min(started_on) AS happened_on,
    max(CASE WHEN started_on IS NULL THEN 1 ELSE 0 END) = 1 AS unknown
FROM doubled
GROUP BY child_id, outcome
