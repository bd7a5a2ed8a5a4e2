-- Every questionnaire once, however often it was delivered; in_trial tells it from the history for training.
WITH versions AS (
    SELECT
        q.person_id, q.practice, q.moment, q.filled_on, q.due_date, q.consented_on,
        q.consent_version, q.guardian_consented_on,
        q.without_partner, q.has_paid_work, q.rents_with_allowance, q.smokes, q.language, d.delivered, d.sequence,
        row_number() OVER (
            PARTITION BY q.person_id, q.practice, q.moment, q.filled_on, q.due_date
            ORDER BY d.delivered DESC, d.sequence DESC, q.consented_on DESC, q.without_partner DESC,
                q.has_paid_work DESC, q.rents_with_allowance DESC, q.consent_version DESC,
                q.guardian_consented_on DESC, q.smokes DESC, q.language DESC
        ) AS recency,
        max(CASE WHEN d.pipeline = 'register' THEN 0 ELSE 1 END) OVER (
            PARTITION BY q.person_id, q.practice, q.moment, q.filled_on, q.due_date
        ) AS live
    FROM intake.questionnaire AS q
    INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id
    WHERE d.is_current AND d.delivered <= $as_of AND q.filled_on <= $as_of
)
SELECT
    person_id, practice, moment, filled_on, due_date, consented_on, consent_version, guardian_consented_on,
    without_partner, has_paid_work, rents_with_allowance, smokes, language, delivered, sequence, live = 1 AS in_trial
FROM versions
WHERE recency = 1
