-- The reconciliation of every file: rows_in is the sum of the five counts behind it.
CREATE TABLE delivered_file (
    delivery_id VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    contract VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    rows_in INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    superseded INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    CHECK (rows_in = accepted + quarantined + duplicates + superseded + refused)
);
