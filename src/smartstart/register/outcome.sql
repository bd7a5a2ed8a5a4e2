-- Per child and horizon: is the outcome known, and did it happen before the h-month birthday?
-- Known: the child was followed until that birthday, event or not, and either it surely happened or nothing has an
-- unknown start. Counting the early events of children still too young would raise the risk.
-- uhp leaves out stays of mother and child together (the primary definition); uhp_rivm counts them too.
-- ots is a supervision order, either the first of uhp and ots. What a UHP is, is in placement.sql.
WITH birthday AS (
    SELECT
        f.child_id, f.mother_id, f.born_on, h.months, f.followed_until,
        CAST(f.born_on + h.months * INTERVAL '1' MONTH AS DATE) AS horizon
    FROM register.followed AS f
    CROSS JOIN register.horizon AS h
),
seen AS (
    SELECT *, coalesce(horizon <= $as_of AND horizon <= followed_until, false) AS long_enough
    FROM birthday
),
rivm AS (
    SELECT
        b.child_id, b.months,
        max(CASE WHEN p.started_on < b.horizon THEN 1 ELSE 0 END) = 1 AS happened,
        max(CASE WHEN p.started_on IS NULL THEN 1 ELSE 0 END) = 1 AS unknown
    FROM birthday AS b
    INNER JOIN register.placement AS p ON p.child_id = b.child_id
    GROUP BY b.child_id, b.months
),
happened AS (
    SELECT
        b.child_id, b.months, e.outcome, coalesce(e.happened_on < b.horizon, false) AS happened, e.unknown
    FROM birthday AS b
    INNER JOIN register.event AS e ON e.child_id = b.child_id
)
SELECT
    s.child_id, s.mother_id, s.born_on, s.months,
    s.long_enough AND (coalesce(u.happened, false) OR NOT coalesce(u.unknown, false)) AS known,
    s.long_enough AND coalesce(u.happened, false) AS uhp,
    s.long_enough AND (coalesce(r.happened, false) OR NOT coalesce(r.unknown, false)) AS known_rivm,
    s.long_enough AND coalesce(r.happened, false) AS uhp_rivm,
    s.long_enough AND (coalesce(o.happened, false) OR NOT coalesce(o.unknown, false)) AS known_ots,
    s.long_enough AND coalesce(o.happened, false) AS ots,
    s.long_enough AND (coalesce(e.happened, false) OR NOT coalesce(e.unknown, false)) AS known_either,
    s.long_enough AND coalesce(e.happened, false) AS either
FROM seen AS s
LEFT JOIN happened AS u ON u.child_id = s.child_id AND u.months = s.months AND u.outcome = 'uhp'
LEFT JOIN happened AS o ON o.child_id = s.child_id AND o.months = s.months AND o.outcome = 'ots'
LEFT JOIN happened AS e ON e.child_id = s.child_id AND e.months = s.months AND e.outcome = 'either'
LEFT JOIN rivm AS r ON r.child_id = s.child_id AND r.months = s.months
