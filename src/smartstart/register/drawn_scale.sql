-- For every woman drawn, each value of each scale: that of the start is of the questionnaire that she was drawn with,
-- or of the nearest one before the birth. Each value comes with the day on which it was filled in, and with the birth
-- from which its wave is counted (null: no birth of this pregnancy is known).
WITH birth AS (
    SELECT a.research_id, min(c.born_on_latest) AS born_on
    FROM allocation AS a
    INNER JOIN frozen AS f ON f.research_id = a.research_id
    INNER JOIN register.child AS c
        ON c.mother_id = a.research_id
        AND c.born_on_latest >= a.index_date AND c.born_on_latest <= f.due_date + INTERVAL '{late_birth_days}' DAY
    GROUP BY a.research_id
)
SELECT a.research_id, s.dimension, s.moment, s.filled_on, s.score, b.born_on, s.filled_on = a.index_date AS at_draw
FROM allocation AS a
INNER JOIN register.scale AS s ON s.person_id = a.research_id
LEFT JOIN birth AS b ON b.research_id = a.research_id
WHERE s.score IS NOT NULL AND s.filled_on >= a.index_date - INTERVAL '{pregnancy_days}' DAY
ORDER BY a.research_id, s.dimension, s.moment, s.filled_on
