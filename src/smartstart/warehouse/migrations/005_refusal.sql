-- Rows that were not stored, by number; the practice is named so that it can ask the woman for her consent.
CREATE TABLE refusal (
    delivery_id VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    "row" INTEGER NOT NULL,
    rule VARCHAR NOT NULL,
    practice VARCHAR
);
