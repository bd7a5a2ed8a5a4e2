-- Answers to the items of an instrument, one row an item.
CREATE TABLE answer (
    delivery_id VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    moment VARCHAR NOT NULL,
    filled_on DATE NOT NULL,
    instrument VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    answer INTEGER NOT NULL
);
