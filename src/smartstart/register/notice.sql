-- Everything that has been told of a woman, whenever it was delivered, unless a correction took it back.
-- It knows no "as of": it only ever stops a letter, so it counts at once, in whatever order it came.
SELECT DISTINCT n.person_id, n.kind, n.happened_on
FROM intake.notification AS n
INNER JOIN delivery AS d ON d.delivery_id = n.delivery_id
WHERE NOT d.was_corrected
