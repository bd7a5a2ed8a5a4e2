-- Every file that a run left behind, with its checksum.
CREATE TABLE output (
    path VARCHAR PRIMARY KEY,
    sha256 VARCHAR NOT NULL
);
