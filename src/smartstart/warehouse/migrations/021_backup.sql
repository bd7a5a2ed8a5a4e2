-- Every backup that was made: when, under which checksum, where it was written, and until when it may be kept.
CREATE TABLE backup (
    made_on DATE NOT NULL,
    sha256 VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    ledger_head VARCHAR NOT NULL,
    expires_on DATE NOT NULL,
    destroyed_on DATE
);
