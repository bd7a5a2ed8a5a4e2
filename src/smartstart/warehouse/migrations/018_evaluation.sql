-- How models did on extracts after their training, as JSON with exact counts: approval and the card look at the last.
CREATE TABLE evaluation (
    number INTEGER PRIMARY KEY,
    sha256 VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    recorded_at VARCHAR NOT NULL,
    report VARCHAR NOT NULL
);
