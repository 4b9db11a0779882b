-- What scenarios found.
CREATE TABLE detections (
    id             INTEGER PRIMARY KEY,
    at_ms          INTEGER NOT NULL,
    scenario       TEXT    NOT NULL,
    scope          TEXT,
    value          TEXT,
    events         INTEGER NOT NULL,
    score          INTEGER NOT NULL,
    correlation_id TEXT    NOT NULL
) STRICT;
CREATE INDEX detections_at ON detections (at_ms);

-- What clients have done, as of a moment. All scores fade alike, so the order of the ranks is that of the scores at any time.
CREATE TABLE reputation (
    scope              TEXT    NOT NULL,
    value              TEXT    NOT NULL,
    as_of_ms           INTEGER NOT NULL,
    rank               REAL    NOT NULL,
    causes             TEXT    NOT NULL,
    blocks             INTEGER NOT NULL,
    blocked_until_ms   INTEGER NOT NULL,
    throttled_until_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX reputation_rank ON reputation (rank);
CREATE INDEX reputation_as_of ON reputation (as_of_ms);

-- Up to which incident scenarios have seen them. Ids of incidents are taken like revisions, so they become visible in their order.
CREATE TABLE cursors (
    name     TEXT    NOT NULL PRIMARY KEY,
    incident INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO revisions SELECT 'incidents', coalesce(max(id), 0), 0 FROM incidents;
