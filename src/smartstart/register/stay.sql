-- Youth care with residence (hulpvorm 11 to 14); touching or overlapping rows are one stay, as in a transfer.
-- together: mother and child stay at one place (moederkindhuis), by the programme's list of products.
WITH delivered AS (
    SELECT DISTINCT
        y.child_id,
        CASE WHEN y.started_on_earliest = y.started_on_latest THEN y.started_on_earliest END AS started_on,
        y.ended_on_latest AS ended_on,
        t.product IS NOT NULL AS together
    FROM intake.youth_care AS y
    INNER JOIN delivery AS d ON d.delivery_id = y.delivery_id
    LEFT JOIN register.parent_and_child_product AS t ON lower(t.product) = lower(y.product)
    WHERE d.is_current AND d.delivered <= $as_of
        AND y.care_type IN ('11', '12', '13', '14')
        AND (y.started_on_earliest IS NULL OR y.started_on_earliest <= $as_of)
),
marked AS (
    SELECT
        *,
        CASE
            WHEN started_on <= max(coalesce(ended_on, DATE '9999-12-30')) OVER (
                PARTITION BY child_id, together ORDER BY started_on, ended_on
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
            PARTITION BY child_id, together ORDER BY started_on, ended_on ROWS UNBOUNDED PRECEDING
        ) AS number
    FROM marked
)
SELECT
    child_id, together, min(started_on) AS started_on,
    nullif(max(coalesce(ended_on, DATE '9999-12-30')), DATE '9999-12-30') AS ended_on
FROM numbered
GROUP BY child_id, together, number
UNION ALL
SELECT child_id, together, started_on, ended_on
FROM delivered
WHERE started_on IS NULL
