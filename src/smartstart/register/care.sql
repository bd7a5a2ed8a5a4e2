-- What each woman drawn was given since she was asked, by the newest log: contacts of the offer, contacts of care as
-- usual, ambulant youth care for a child of hers, days in a house with her child. logged tells whether any log came in.
WITH log AS (
    SELECT count(*) > 0 AS logged
    FROM delivered_file AS f
    INNER JOIN delivery AS d ON d.delivery_id = f.delivery_id
    WHERE d.is_current AND f.contract = 'contactmomenten'
),
contact AS (
    SELECT
        a.research_id, c.contacted_on, c.moment, c.manner, c.minutes, c.ending, c.handed_to,
        c.moment NOT IN ('prenataal_huisbezoek', 'jgz_contact') AS of_offer
    FROM allocation AS a
    INNER JOIN intake.contact_moment AS c ON c.person_id = a.research_id AND c.contacted_on >= a.index_date
    INNER JOIN delivery AS d ON d.delivery_id = c.delivery_id
    WHERE d.is_current
),
counted AS (
    SELECT
        research_id,
        min(CASE WHEN of_offer AND manner <> 'bericht' THEN contacted_on END) AS first_on,
        count(CASE WHEN of_offer THEN 1 END) AS contacts,
        count(CASE WHEN of_offer AND manner = 'huisbezoek' THEN 1 END) AS home_visits,
        coalesce(sum(CASE WHEN of_offer THEN minutes END), 0) AS minutes,
        count(CASE WHEN of_offer AND manner <> 'bericht' AND minutes IS NULL THEN 1 END) AS untimed,
        count(DISTINCT CASE WHEN of_offer AND moment <> 'op_verzoek' THEN moment END) AS planned,
        count(CASE WHEN moment = 'prenataal_huisbezoek' THEN 1 END) AS prenatal_visits,
        count(CASE WHEN NOT of_offer THEN 1 END) AS usual_contacts,
        arg_max(ending, (contacted_on, ending)) FILTER (of_offer) AS ending,
        arg_max(handed_to, (contacted_on, handed_to)) FILTER (of_offer AND ending = 'warme_overdracht') AS handed_to
    FROM contact
    GROUP BY research_id
),
helped_child AS (
    SELECT DISTINCT a.research_id
    FROM allocation AS a
    INNER JOIN intake.child AS k ON k.mother_id = a.research_id
    INNER JOIN intake.youth_care AS y ON y.child_id = k.child_id AND y.care_type NOT IN ('11', '12', '13', '14')
    INNER JOIN delivery AS d ON d.delivery_id = y.delivery_id
    WHERE d.is_current AND coalesce(y.started_on_latest >= a.index_date, true)
),
housed AS (
    SELECT
        a.research_id,
        sum(greatest(coalesce(r.moved_out_on, CAST($as_of AS DATE)) - greatest(r.moved_in_on, a.index_date), 0))
            AS days_housed,
        arg_max(r.next_place, r.moved_in_on) AS next_place
    FROM allocation AS a
    INNER JOIN intake.residence AS r
        ON r.person_id = a.research_id AND coalesce(r.moved_out_on >= a.index_date, true)
    INNER JOIN delivery AS d ON d.delivery_id = r.delivery_id
    WHERE d.is_current
    GROUP BY a.research_id
),
listed AS (
    SELECT research_id, min(as_of) AS listed_on
    FROM invitation
    WHERE basis = 'drawn'
    GROUP BY research_id
)
SELECT
    a.research_id, l.logged, i.listed_on, f.due_date,
    c.first_on, coalesce(c.contacts, 0) AS contacts, coalesce(c.home_visits, 0) AS home_visits,
    coalesce(c.minutes, 0) AS minutes, coalesce(c.untimed, 0) AS untimed, coalesce(c.planned, 0) AS planned,
    coalesce(c.prenatal_visits, 0) AS prenatal_visits, coalesce(c.usual_contacts, 0) AS usual_contacts,
    c.ending, c.handed_to, y.research_id IS NOT NULL AS youth_care,
    coalesce(h.days_housed, 0) AS days_housed, h.next_place
FROM allocation AS a
CROSS JOIN log AS l
LEFT JOIN frozen AS f ON f.research_id = a.research_id
LEFT JOIN counted AS c ON c.research_id = a.research_id
LEFT JOIN helped_child AS y ON y.research_id = a.research_id
LEFT JOIN housed AS h ON h.research_id = a.research_id
LEFT JOIN listed AS i ON i.research_id = a.research_id
