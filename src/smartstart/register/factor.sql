-- The pilot's four factors as known on the index date, each with the day on which it became known.
-- True, false, or null when it is not known; what the municipality knows goes before what she answered.
WITH household AS (
    SELECT
        person_id, number, reference_date,
        CASE
            WHEN household_type = 'zonder_partner' THEN true
            WHEN household_type IN ('gehuwd_paar', 'ongehuwd_paar') THEN false
        END AS alone
    FROM register.household
),
housing AS (
    SELECT
        person_id, number, reference_date,
        CASE
            WHEN tenure = 'huur' AND rent_allowance THEN true
            WHEN tenure = 'koop' OR NOT rent_allowance THEN false
        END AS rent_allowance
    FROM register.housing
),
first_birth AS (
    -- before a first birth, the child that is expected is her first
    SELECT
        p.person_id, p.number,
        coalesce(min(c.born_on_earliest), max(p.index_due_date)) AS earliest,
        coalesce(min(c.born_on_latest), max(p.index_due_date)) AS latest
    FROM register.pregnancy AS p
    LEFT JOIN register.child AS c ON c.mother_id = p.person_id AND c.born_on_latest <= p.index_date
    GROUP BY p.person_id, p.number
),
answer AS (
    SELECT
        p.person_id, p.number, q.without_partner, q.has_paid_work, q.rents_with_allowance,
        row_number() OVER (
            PARTITION BY p.person_id, p.number ORDER BY q.practice DESC, q.due_date DESC
        ) AS recency
    FROM register.pregnancy AS p
    INNER JOIN register.questionnaire AS q
        ON q.person_id = p.person_id AND q.moment = 'nulmeting' AND q.filled_on = p.index_date
)
SELECT
    p.person_id, p.number, p.index_date,
    coalesce(h.alone, a.without_partner) AS alone,
    CASE WHEN h.alone IS NULL THEN p.index_date ELSE h.reference_date END AS alone_known_on,
    coalesce(NOT i.paid_work, NOT a.has_paid_work) AS without_work,
    CASE WHEN i.paid_work IS NULL THEN p.index_date ELSE i.reference_date END AS without_work_known_on,
    CASE
        WHEN f.latest < m.birth_date_earliest + $young_mother_age * INTERVAL '1' YEAR THEN true
        WHEN f.earliest >= m.birth_date_latest + $young_mother_age * INTERVAL '1' YEAR THEN false
    END AS young_at_first_child,
    p.index_date AS young_at_first_child_known_on,
    coalesce(w.rent_allowance, a.rents_with_allowance) AS rent_allowance,
    CASE WHEN w.rent_allowance IS NULL THEN p.index_date ELSE w.reference_date END AS rent_allowance_known_on
FROM register.pregnancy AS p
LEFT JOIN register.person AS m ON m.person_id = p.person_id
LEFT JOIN household AS h ON h.person_id = p.person_id AND h.number = p.number
LEFT JOIN register.income AS i ON i.person_id = p.person_id AND i.number = p.number
LEFT JOIN housing AS w ON w.person_id = p.person_id AND w.number = p.number
LEFT JOIN first_birth AS f ON f.person_id = p.person_id AND f.number = p.number
LEFT JOIN answer AS a ON a.person_id = p.person_id AND a.number = p.number AND a.recency = 1
