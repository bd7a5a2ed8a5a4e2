-- What was told of a woman by command or on a list that came back; only ever appended to.
-- What a delivery told stands in intake.notification. The id is a hash of who, what and when, so that the same report
-- twice is one. The salt, random, keeps the seal in the ledger from being guessed.
CREATE TABLE event (
    event_id VARCHAR PRIMARY KEY,
    research_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    happened_on DATE NOT NULL,
    source VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    recorded_at VARCHAR NOT NULL,
    salt VARCHAR NOT NULL
);
