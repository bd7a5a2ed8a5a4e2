-- One row for every woman drawn, once and for ever; only ever appended to. Her band and practice are those at the
-- draw. marginal is the design's chance of her arm, conditional the chance that it had at that moment, step what the
-- latter rests on; cluster is her household's code where households are drawn, else her own.
CREATE TABLE allocation (
    research_id VARCHAR PRIMARY KEY,
    token VARCHAR NOT NULL UNIQUE,
    batch VARCHAR NOT NULL,
    epoch INTEGER NOT NULL,
    stratum VARCHAR NOT NULL,
    cluster VARCHAR NOT NULL,
    risk_band VARCHAR NOT NULL,
    practice VARCHAR NOT NULL,
    index_date DATE NOT NULL,
    arm VARCHAR NOT NULL,
    marginal VARCHAR NOT NULL,
    conditional VARCHAR NOT NULL,
    step VARCHAR NOT NULL
);
