-- What a risk model looks at: the predictors and the pilot's four factors of each pregnancy of which both are told.
SELECT
    p.*, f.alone, f.without_work AS factor_without_work, f.young_at_first_child,
    f.rent_allowance AS factor_rent_allowance
FROM register.predictor AS p
INNER JOIN register.factor AS f ON f.person_id = p.person_id AND f.number = p.number
