-- The cohort of a model: every child of a pregnancy, with what was known on the index date and what became of it.
-- offered: born after its mother was drawn for the offer. part: of the municipality, where she lives.
-- The factors of a birth without a questionnaire come from what the municipality knew, as the predictors do.
-- known: the outcome is known at the horizon; event: it happened before it; happened_on: when, whatever the horizon.
SELECT
    o.child_id, o.mother_id, o.born_on, f.followed_until, coalesce(e.unknown, false) AND e.happened_on IS NULL AS start_unknown,
    e.happened_on,
    CASE $outcome WHEN 'uhp' THEN u.known WHEN 'ots' THEN u.known_ots ELSE u.known_either END AS known,
    CASE $outcome WHEN 'uhp' THEN u.uhp WHEN 'ots' THEN u.ots ELSE u.either END AS event,
    coalesce(a.alone, p.without_partner = 1) AS alone,
    coalesce(a.without_work, p.without_work = 1) AS factor_without_work,
    coalesce(a.young_at_first_child, p.age_at_first_birth < $young_mother_age) AS young_at_first_child,
    coalesce(a.rent_allowance, p.rent_allowance = 1) AS factor_rent_allowance,
    coalesce(o.born_on >= t.since, false) AS offered, w.part, p.*
FROM register.offspring AS o
INNER JOIN register.predictor AS p ON p.person_id = o.mother_id AND p.number = o.number
INNER JOIN register.followed AS f ON f.child_id = o.child_id
INNER JOIN register.outcome AS u ON u.child_id = o.child_id AND u.months = $horizon
LEFT JOIN register.event AS e ON e.child_id = o.child_id AND e.outcome = $outcome
LEFT JOIN register.factor AS a ON a.person_id = o.mother_id AND a.number = o.number
LEFT JOIN register.offered AS t ON t.person_id = o.mother_id
LEFT JOIN register.part AS w ON w.person_id = o.mother_id
ORDER BY o.child_id
