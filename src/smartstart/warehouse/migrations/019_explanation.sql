-- Who looked at what moved the risk of one pregnancy, when and why. The risk itself is not kept here.
CREATE TABLE explanation (
    research_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    recorded_at VARCHAR NOT NULL
);
