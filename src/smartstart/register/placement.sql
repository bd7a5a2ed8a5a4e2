-- An out-of-home placement (UHP): youth care with residence that overlaps in time with a protection measure.
-- It starts when both have started; an unknown start of either leaves the start unknown (null), not absent.
-- The overlap is an AND of two comparisons, open ends are infinite (the RIVM's published test joins them with OR).
SELECT
    s.child_id, s.together,
    CASE
        WHEN s.started_on IS NULL OR p.started_on IS NULL THEN NULL
        ELSE greatest(s.started_on, p.started_on)
    END AS started_on
FROM register.stay AS s
INNER JOIN register.protection AS p ON p.child_id = s.child_id
WHERE coalesce(s.started_on, DATE '0001-01-01') <= coalesce(p.ended_on, DATE '9999-12-30')
    AND coalesce(p.started_on, DATE '0001-01-01') <= coalesce(s.ended_on, DATE '9999-12-30')
