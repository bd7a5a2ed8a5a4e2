-- One row for every run that finished.
CREATE TABLE run (
    sequence INTEGER PRIMARY KEY,
    pipeline VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    delivered DATE NOT NULL,
    delivery_id VARCHAR NOT NULL,
    recorded_at VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    report VARCHAR NOT NULL
);
