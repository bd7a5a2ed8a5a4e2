-- For every woman drawn, the outcome of $months months after the birth: any child of her index pregnancy, once a woman
-- also with twins. A child belongs to the index pregnancy when it was born from the day of the questionnaire until
-- {late_birth_days} days after the due date at the draw. An outcome is known when it happened to one child, or is known of all of them.
-- later_*: the same of all children born from then on, for a sensitivity analysis; known only of women whose every child
-- was followed so long, event or not, as a young child could only add events. Days are for the analysis of time.
WITH child AS (
    SELECT
        a.research_id, c.child_id, c.born_on_latest AS born_on,
        c.born_on_latest <= f.due_date + INTERVAL '{late_birth_days}' DAY AS is_index
    FROM allocation AS a
    INNER JOIN frozen AS f ON f.research_id = a.research_id
    INNER JOIN register.child AS c ON c.mother_id = a.research_id AND c.born_on_latest >= a.index_date
),
of_child AS (
    SELECT
        c.research_id, c.is_index, c.born_on, w.followed_until, e.happened_on AS placed_on,
        coalesce(e.unknown, false) AS placed_unknown,
        CASE WHEN r.deceased THEN r.died_on_latest END AS died_on,
        coalesce(o.known, false) AS known, coalesce(o.uhp, false) AS uhp,
        coalesce(o.known_rivm, false) AS known_rivm, coalesce(o.uhp_rivm, false) AS uhp_rivm,
        coalesce(o.known_ots, false) AS known_ots, coalesce(o.ots, false) AS ots,
        coalesce(o.known_either, false) AS known_either, coalesce(o.either, false) AS either
    FROM child AS c
    LEFT JOIN register.outcome AS o ON o.child_id = c.child_id AND o.months = $months
    LEFT JOIN register.followed AS w ON w.child_id = c.child_id
    LEFT JOIN register.event AS e ON e.child_id = c.child_id AND e.outcome = 'uhp'
    LEFT JOIN register.registration AS r ON r.person_id = c.child_id
),
of_index AS (
    SELECT
        research_id, count(*) AS children, min(born_on) AS born_on,
        bool_or(followed_until IS NULL) AS lost, min(followed_until) AS followed_until,
        min(placed_on) AS placed_on, bool_or(placed_unknown) AS placed_unknown,
        max(died_on) AS died_on, bool_and(died_on IS NOT NULL) AS all_died,
        bool_or(known AND uhp) AS uhp, bool_or(known AND uhp) OR bool_and(known) AS known,
        bool_or(known_rivm AND uhp_rivm) AS uhp_rivm,
        bool_or(known_rivm AND uhp_rivm) OR bool_and(known_rivm) AS known_rivm,
        bool_or(known_ots AND ots) AS ots, bool_or(known_ots AND ots) OR bool_and(known_ots) AS known_ots,
        bool_or(known_either AND either) AS either,
        bool_or(known_either AND either) OR bool_and(known_either) AS known_either
    FROM of_child
    WHERE is_index
    GROUP BY research_id
),
of_later AS (
    SELECT
        research_id, bool_or(known AND uhp) AS uhp, bool_and(known) AS known
    FROM of_child
    GROUP BY research_id
)
SELECT
    a.research_id, f.due_date, coalesce(i.children, 0) AS children, i.born_on, coalesce(i.lost, false) AS lost, i.followed_until,
    i.placed_on, coalesce(i.placed_unknown, false) AS placed_unknown, i.died_on, coalesce(i.all_died, false) AS all_died,
    coalesce(i.known, false) AS known, coalesce(i.uhp, false) AS uhp,
    coalesce(i.known_rivm, false) AS known_rivm, coalesce(i.uhp_rivm, false) AS uhp_rivm,
    coalesce(i.known_ots, false) AS known_ots, coalesce(i.ots, false) AS ots,
    coalesce(i.known_either, false) AS known_either, coalesce(i.either, false) AS either,
    coalesce(l.known, false) AS later_known, coalesce(l.uhp, false) AS later_uhp
FROM allocation AS a
LEFT JOIN frozen AS f ON f.research_id = a.research_id
LEFT JOIN of_index AS i ON i.research_id = a.research_id
LEFT JOIN of_later AS l ON l.research_id = a.research_id
ORDER BY a.research_id
