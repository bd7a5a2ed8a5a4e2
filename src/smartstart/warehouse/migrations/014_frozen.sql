-- Who is in each batch, as fixed before the draw; only ever appended to.
CREATE TABLE frozen (
    research_id VARCHAR PRIMARY KEY,
    token VARCHAR NOT NULL UNIQUE,
    batch VARCHAR NOT NULL,
    epoch INTEGER NOT NULL,
    stratum VARCHAR NOT NULL,
    cluster VARCHAR NOT NULL,
    risk_band VARCHAR NOT NULL,
    practice VARCHAR NOT NULL,
    index_date DATE NOT NULL,
    due_date DATE NOT NULL
);
