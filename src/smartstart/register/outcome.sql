-- Per child and horizon: is the outcome known, and was the child placed before its h-month birthday?
-- Known: the birthday is not after the day asked about, and the child was surely placed, or no placement has an
-- unknown start.
-- uhp leaves out stays of mother and child together (the primary definition); uhp_rivm counts them too.
WITH birthday AS (
    SELECT
        c.child_id, c.mother_id, c.born_on_latest AS born_on, h.months,
        CAST(c.born_on_latest + h.months * INTERVAL '1' MONTH AS DATE) AS horizon
    FROM register.child AS c
    CROSS JOIN register.horizon AS h
),
placed AS (
    SELECT
        b.child_id, b.months,
        max(CASE WHEN p.started_on < b.horizon AND NOT p.together THEN 1 ELSE 0 END) AS uhp,
        max(CASE WHEN p.started_on < b.horizon THEN 1 ELSE 0 END) AS uhp_rivm,
        max(CASE WHEN p.started_on IS NULL AND NOT p.together THEN 1 ELSE 0 END) AS uhp_start_unknown,
        max(CASE WHEN p.started_on IS NULL THEN 1 ELSE 0 END) AS uhp_rivm_start_unknown
    FROM birthday AS b
    INNER JOIN register.placement AS p ON p.child_id = b.child_id
    GROUP BY b.child_id, b.months
)
SELECT
    b.child_id, b.mother_id, b.born_on, b.months,
    coalesce(b.horizon <= $as_of, false)
        AND (coalesce(p.uhp, 0) = 1 OR coalesce(p.uhp_start_unknown, 0) = 0) AS known,
    coalesce(b.horizon <= $as_of, false) AND coalesce(p.uhp, 0) = 1 AS uhp,
    coalesce(b.horizon <= $as_of, false)
        AND (coalesce(p.uhp_rivm, 0) = 1 OR coalesce(p.uhp_rivm_start_unknown, 0) = 0) AS known_rivm,
    coalesce(b.horizon <= $as_of, false) AND coalesce(p.uhp_rivm, 0) = 1 AS uhp_rivm
FROM birthday AS b
LEFT JOIN placed AS p ON p.child_id = b.child_id AND p.months = b.months
