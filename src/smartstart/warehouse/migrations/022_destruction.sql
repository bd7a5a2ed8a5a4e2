-- What was destroyed because its time had come: how much of what, and never of whom.
CREATE TABLE destruction (
    destroyed_on DATE NOT NULL,
    what VARCHAR NOT NULL,
    amount INTEGER NOT NULL,
    owner VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    searched_bytes BIGINT NOT NULL
);
