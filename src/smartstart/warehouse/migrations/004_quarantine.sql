-- Which rows were set aside, and why; never a value.
CREATE TABLE quarantine (
    delivery_id VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    "row" INTEGER NOT NULL,
    "column" VARCHAR NOT NULL,
    rule VARCHAR NOT NULL
);
