-- One row per pregnancy, numbered in the order in which they were told, so that nothing told later moves an earlier
-- one. The index date is its first questionnaire, index_due_date the due date as told then; due date and practice are
-- the latest told, also where a later delivery has another due date on the same questionnaire. Due dates of one
-- pregnancy are corrected by weeks, those of two lie months apart: {same_pregnancy_days} days divide them.
WITH marked AS (
    SELECT
        *,
        CASE
            WHEN due_date <= lag(due_date) OVER (
                PARTITION BY person_id ORDER BY filled_on, delivered, sequence, due_date, practice
            ) + INTERVAL '{same_pregnancy_days}' DAY THEN 0
            ELSE 1
        END AS starts
    FROM register.questionnaire
    WHERE moment = 'nulmeting'
),
numbered AS (
    SELECT
        *,
        sum(starts) OVER (
            PARTITION BY person_id ORDER BY filled_on, delivered, sequence, due_date, practice
            ROWS UNBOUNDED PRECEDING
        ) AS number
    FROM marked
),
ranked AS (
    SELECT
        person_id, number, due_date, practice, consented_on, consent_version, smokes, language,
        max(guardian_consented_on) OVER (PARTITION BY person_id, number) AS guardian_consented_on,
        min(filled_on) OVER (PARTITION BY person_id, number) AS index_date,
        min(CASE WHEN starts = 1 THEN due_date END) OVER (PARTITION BY person_id, number) AS index_due_date,
        max(CASE WHEN in_trial THEN 1 ELSE 0 END) OVER (PARTITION BY person_id, number) AS live,
        row_number() OVER (
            PARTITION BY person_id, number
            ORDER BY filled_on DESC, delivered DESC, sequence DESC, practice DESC, due_date DESC
        ) AS recency
    FROM numbered
)
SELECT
    person_id, CAST(number AS INTEGER) AS number, index_date, index_due_date, due_date, practice, consented_on,
    consent_version, guardian_consented_on, smokes, language, live = 1 AS in_trial
FROM ranked
WHERE recency = 1
