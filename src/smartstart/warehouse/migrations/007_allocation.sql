-- One row for every woman drawn, once and for ever; only ever appended to.
CREATE TABLE allocation (
    research_id VARCHAR PRIMARY KEY,
    token VARCHAR NOT NULL UNIQUE,
    batch VARCHAR NOT NULL,
    stratum VARCHAR NOT NULL,
    risk_band VARCHAR NOT NULL,
    practice VARCHAR NOT NULL,
    arm VARCHAR NOT NULL,
    probability VARCHAR NOT NULL,
    index_date DATE NOT NULL
);
