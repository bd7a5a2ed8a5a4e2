-- Who stood on the lists that a practice was last handed in a container, so that the next one can say what changed.
CREATE TABLE handed_list (
    practice VARCHAR NOT NULL,
    handed_on DATE NOT NULL,
    batch VARCHAR NOT NULL,
    research_id VARCHAR NOT NULL
);
