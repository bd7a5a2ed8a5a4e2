-- The seals in the ledger of events that went with an erased woman, by themselves: they lead to nobody.
CREATE TABLE erased_seal (
    seal VARCHAR PRIMARY KEY
);
