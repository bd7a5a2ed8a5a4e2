-- When this workspace was made from a backup, and when a person held it against the newest head that is known elsewhere.
CREATE TABLE restoration (
    restored_on DATE NOT NULL,
    made_on DATE NOT NULL,
    ledger_head VARCHAR NOT NULL,
    reconciled_on DATE,
    owner VARCHAR,
    reason VARCHAR
);
