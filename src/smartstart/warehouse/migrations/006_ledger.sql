-- The hash-chained ledger of the draw, one canonical line an entry; only ever appended to.
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY,
    line VARCHAR NOT NULL
);
