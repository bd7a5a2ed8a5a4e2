-- What stood on the lists when they were released, without names: those are in the vault.
CREATE TABLE invitation (
    batch VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    practice VARCHAR NOT NULL,
    research_id VARCHAR NOT NULL,
    due_date DATE NOT NULL
);
