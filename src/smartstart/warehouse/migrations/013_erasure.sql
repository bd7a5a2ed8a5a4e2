-- Who was erased, by research id only: it leads to nobody any more, and tells an allocation whose woman was erased
-- from one that the vault has lost. Only ever appended to.
CREATE TABLE erasure (
    research_id VARCHAR PRIMARY KEY,
    erased_on DATE NOT NULL,
    owner VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
-- That she stood on a list stays, so that the list can be called back; when she was due does not.
ALTER TABLE invitation ALTER COLUMN due_date DROP NOT NULL;
