-- Models that a person approved; the last one is the champion. Its file is models/<sha256>.skops in the workspace, and
-- this checksum, in an encrypted file that tampering breaks, is what the file is held against before it is opened.
CREATE TABLE approved_model (
    number INTEGER PRIMARY KEY,
    sha256 VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    horizon_months INTEGER NOT NULL,
    approved_on DATE NOT NULL,
    owner VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    explained VARCHAR NOT NULL,
    grounds VARCHAR NOT NULL
);
