-- What single clients did beside what was refused, a row for each client of a report or of several that were stored together.
-- Ids are taken like those of incidents, so they become visible in their order.
CREATE TABLE activity (
    id            INTEGER NOT NULL PRIMARY KEY,
    at_ms         INTEGER NOT NULL,
    client        TEXT,
    client_key    TEXT    NOT NULL,
    authenticated INTEGER NOT NULL,
    -- All of it, as edges report it.
    told          TEXT    NOT NULL
) STRICT;
CREATE INDEX activity_at ON activity (at_ms);
INSERT INTO revisions (name, value, floor) VALUES ('activity', 0, 0);

-- Whether the key of an incident's client says who it is.
ALTER TABLE incidents ADD COLUMN authenticated INTEGER NOT NULL DEFAULT 0;
