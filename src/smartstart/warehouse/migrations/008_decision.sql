-- Who was eligible in each batch, who was not and why, and who needs a person to decide.
CREATE TABLE decision (
    batch VARCHAR NOT NULL,
    research_id VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    reason VARCHAR NOT NULL
);
