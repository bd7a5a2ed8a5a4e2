-- What was known on the index date of each pregnancy, and nothing of later. Null is not known, never "no".
-- Ages are in years; of an incomplete birth date the middle counts. The four factors stand in factor.
WITH answer AS (
    SELECT
        s.person_id, s.number, q.without_partner, q.has_paid_work, q.rents_with_allowance, q.pregnancy_wanted, q.smokes,
        q.first_visit_week, q.starting_qualification, q.family_of_origin_intact, q.own_mother_teenage,
        q.earlier_child_placed, q.language, q.practice,
        row_number() OVER (
            PARTITION BY s.person_id, s.number ORDER BY d.delivered DESC, d.sequence DESC, q.practice DESC, q.file_row
        ) AS recency
    FROM register.subject AS s
    INNER JOIN intake.questionnaire AS q
        ON q.person_id = s.person_id AND q.moment = 'nulmeting' AND q.filled_on = s.index_date
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id AND d.is_current AND d.delivered <= $as_of
),
family AS (
    SELECT
        s.person_id, s.number, count(c.child_id) AS births, min(c.born_on_latest) AS first_born_on,
        max(c.born_on_latest) AS last_born_on
    FROM register.subject AS s
    LEFT JOIN register.child AS c ON c.mother_id = s.person_id AND c.born_on_latest <= s.index_date
    GROUP BY s.person_id, s.number
),
born_by_then AS (
    -- births until the day of the household's row: a baby of after it is not a child who lives elsewhere
    SELECT h.person_id, h.number, count(c.child_id) AS births
    FROM register.household AS h
    LEFT JOIN register.child AS c ON c.mother_id = h.person_id AND c.born_on_latest <= h.reference_date
    GROUP BY h.person_id, h.number
),
placed AS (
    SELECT DISTINCT s.person_id, s.number
    FROM register.subject AS s
    INNER JOIN register.child AS c ON c.mother_id = s.person_id
    INNER JOIN register.placement AS p ON p.child_id = c.child_id AND NOT p.together
    WHERE p.started_on <= s.index_date
),
mother AS (
    SELECT
        person_id,
        CAST(birth_date_earliest + CAST(date_diff('day', birth_date_earliest, birth_date_latest) / 2 AS INTEGER) AS DATE)
            AS born_on
    FROM register.person
)
SELECT
    s.person_id, s.number, s.index_date, s.due_date, s.in_trial,
    date_diff('day', m.born_on, s.index_date) / 365.25e0 AS age,
    date_diff('day', m.born_on, coalesce(f.first_born_on, s.due_date)) / 365.25e0 AS age_at_first_birth,
    f.births AS earlier_births,
    CASE WHEN f.births = 0 THEN 1 ELSE 0 END AS first_birth,
    date_diff('day', f.last_born_on, s.index_date) / 365.25e0 AS years_since_birth,
    CASE
        WHEN h.household_type = 'gehuwd_paar' THEN 1
        WHEN h.household_type IN ('ongehuwd_paar', 'zonder_partner') OR a.without_partner THEN 0
    END AS married,
    CASE
        WHEN h.household_type = 'zonder_partner' THEN 1
        WHEN h.household_type IN ('gehuwd_paar', 'ongehuwd_paar') THEN 0
        WHEN a.without_partner THEN 1
        WHEN NOT a.without_partner THEN 0
    END AS without_partner,
    CASE WHEN h.children_at_home IS NOT NULL THEN greatest(b.births - h.children_at_home, 0) END AS children_elsewhere,
    CASE WHEN h.children_at_home IS NOT NULL THEN greatest(h.children_at_home - b.births, 0) END AS other_children,
    CASE WHEN a.pregnancy_wanted THEN 0 WHEN NOT a.pregnancy_wanted THEN 1 END AS unwanted,
    CASE WHEN a.earlier_child_placed OR p.person_id IS NOT NULL THEN 1 WHEN NOT a.earlier_child_placed THEN 0 END
        AS earlier_child_placed,
    CASE WHEN coalesce(NOT i.paid_work, NOT a.has_paid_work) THEN 1 WHEN coalesce(i.paid_work, a.has_paid_work) THEN 0 END
        AS without_work,
    CASE WHEN i.benefit = 'geen' THEN 0 WHEN i.benefit IS NOT NULL THEN 1 END AS on_benefit,
    CASE
        WHEN w.tenure = 'huur' AND w.rent_allowance THEN 1
        WHEN w.tenure = 'koop' OR NOT w.rent_allowance THEN 0
        WHEN a.rents_with_allowance THEN 1
        WHEN NOT a.rents_with_allowance THEN 0
    END AS rent_allowance,
    CASE WHEN a.smokes THEN 1 WHEN NOT a.smokes THEN 0 END AS smokes,
    a.first_visit_week,
    CASE WHEN a.starting_qualification THEN 0 WHEN NOT a.starting_qualification THEN 1 END AS no_qualification,
    CASE WHEN a.family_of_origin_intact THEN 0 WHEN NOT a.family_of_origin_intact THEN 1 END AS parents_apart,
    CASE WHEN a.own_mother_teenage THEN 1 WHEN NOT a.own_mother_teenage THEN 0 END AS own_mother_teenage,
    a.language, a.practice
FROM register.subject AS s
LEFT JOIN mother AS m ON m.person_id = s.person_id
LEFT JOIN family AS f ON f.person_id = s.person_id AND f.number = s.number
LEFT JOIN register.household AS h ON h.person_id = s.person_id AND h.number = s.number
LEFT JOIN born_by_then AS b ON b.person_id = s.person_id AND b.number = s.number
LEFT JOIN register.income AS i ON i.person_id = s.person_id AND i.number = s.number
LEFT JOIN register.housing AS w ON w.person_id = s.person_id AND w.number = s.number
LEFT JOIN answer AS a ON a.person_id = s.person_id AND a.number = s.number AND a.recency = 1
LEFT JOIN placed AS p ON p.person_id = s.person_id AND p.number = s.number
