-- One row for every delivery that was loaded; a correction or a later snapshot supersedes an earlier one.
-- What a correction replaced was wrong; what a later snapshot replaced was true in its day.
CREATE TABLE delivery (
    delivery_id VARCHAR PRIMARY KEY,
    sequence INTEGER NOT NULL,
    pipeline VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    delivered DATE NOT NULL,
    is_current BOOLEAN NOT NULL,
    was_corrected BOOLEAN NOT NULL,
    reason VARCHAR
);
