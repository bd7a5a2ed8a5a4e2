-- Until when a placement of each child would be seen: until the day asked about, or until its mother moved away after
-- the birth (the municipality where she lived before stays responsible for those who stay, not for who left). Who is
-- registered elsewhere without a day on which she left, or has left the country, has an unknown end (null), which is
-- not a "no". Without a municipality, as in the register of a country, every municipality is followed.
WITH moved AS (
    SELECT c.child_id, min(n.happened_on) AS moved_on
    FROM register.child AS c
    INNER JOIN register.notice AS n ON n.person_id = c.mother_id AND n.kind = 'verhuizing'
    WHERE n.happened_on >= c.born_on_latest AND n.happened_on <= $as_of
    GROUP BY c.child_id
)
SELECT
    c.child_id, c.mother_id, c.born_on_latest AS born_on,
    CASE
        WHEN m.moved_on IS NOT NULL THEN m.moved_on
        WHEN p.emigrated OR p.municipality <> CAST($municipality AS VARCHAR) THEN NULL
        ELSE $as_of
    END AS followed_until
FROM register.child AS c
LEFT JOIN moved AS m ON m.child_id = c.child_id
LEFT JOIN register.person AS p ON p.person_id = c.mother_id
