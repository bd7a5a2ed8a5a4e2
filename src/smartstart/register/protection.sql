-- Child protection measures that can go with a placement (OTS, voorlopige OTS, voogdij); transfers are merged.
WITH delivered AS (
    SELECT DISTINCT
        m.child_id, m.measure_type,
        CASE WHEN m.started_on_earliest = m.started_on_latest THEN m.started_on_earliest END AS started_on,
        m.ended_on_latest AS ended_on
    FROM intake.measure AS m
    INNER JOIN delivery AS d ON d.delivery_id = m.delivery_id
    WHERE d.is_current AND d.delivered <= $as_of
        AND m.measure_type IN ('11', '12', '21', '22', '23')
        AND (m.started_on_earliest IS NULL OR m.started_on_earliest <= $as_of)
),
marked AS (
    SELECT
        *,
        CASE
            WHEN started_on <= max(coalesce(ended_on, DATE '9999-12-30')) OVER (
                PARTITION BY child_id ORDER BY started_on, ended_on, measure_type
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) + INTERVAL '1' DAY THEN 0
            ELSE 1
        END AS starts
    FROM delivered
    WHERE started_on IS NOT NULL
),
numbered AS (
    SELECT
        *,
        sum(starts) OVER (
            PARTITION BY child_id ORDER BY started_on, ended_on, measure_type ROWS UNBOUNDED PRECEDING
        ) AS number
    FROM marked
)
SELECT
    child_id, min(started_on) AS started_on,
    nullif(max(coalesce(ended_on, DATE '9999-12-30')), DATE '9999-12-30') AS ended_on
FROM numbered
GROUP BY child_id, number
UNION ALL
SELECT DISTINCT child_id, started_on, ended_on
FROM delivered
WHERE started_on IS NULL
