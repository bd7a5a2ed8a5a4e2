-- The latest answer of each woman to her invitation: aanvaard, afgewezen or niet_bereikt. What was told last counts,
-- from whichever side; what was taken back as a mistake does not.
WITH told AS (
    SELECT n.person_id, n.kind, n.happened_on, min(r.recorded_at) AS told_at
    FROM intake.notification AS n
    INNER JOIN run AS r ON r.delivery_id = n.delivery_id
    GROUP BY n.person_id, n.kind, n.happened_on
    UNION ALL
    SELECT research_id AS person_id, kind, happened_on, recorded_at AS told_at
    FROM event
),
standing AS (
    SELECT
        t.person_id, t.kind, t.happened_on,
        row_number() OVER (
            PARTITION BY t.person_id ORDER BY t.told_at DESC, t.happened_on DESC, t.kind
        ) AS recency
    FROM told AS t
    INNER JOIN register.notice AS n
        ON n.person_id = t.person_id AND n.kind = t.kind AND n.happened_on = t.happened_on
    WHERE t.kind IN ('aanvaard', 'afgewezen', 'niet_bereikt')
)
SELECT person_id, kind AS answer, happened_on
FROM standing
WHERE recency = 1
