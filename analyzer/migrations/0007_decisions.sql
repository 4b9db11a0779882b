-- One number for everything that edges have to be told; who takes the next one keeps all others out until it is stored.
CREATE TABLE revisions (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL,
    -- Who knows less than this has to be told everything.
    floor INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is to happen to requests of clients. The id is the revision at which the decision was made, so it is never used again.
CREATE TABLE decisions (
    id           INTEGER NOT NULL PRIMARY KEY,
    revision     INTEGER NOT NULL,
    scope        TEXT    NOT NULL,
    value        TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    factor_milli INTEGER,
    reason       TEXT    NOT NULL,
    origin       TEXT    NOT NULL,
    created_ms   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    expires_ms   INTEGER NOT NULL,
    removed_ms   INTEGER,
    removed_by   TEXT
) STRICT;
CREATE UNIQUE INDEX decisions_revision ON decisions (revision);
CREATE INDEX decisions_expires ON decisions (expires_ms);
CREATE INDEX decisions_removed ON decisions (removed_ms) WHERE removed_ms IS NOT NULL;
-- Of one origin about one client there is one decision: another takes its place.
CREATE UNIQUE INDEX decisions_one ON decisions (scope, value, origin) WHERE removed_ms IS NULL;

-- What people and programs with a key did, when.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at_ms);

-- What each bouncer was told last.
CREATE TABLE bouncers (
    key_id    TEXT    NOT NULL PRIMARY KEY,
    revision  INTEGER NOT NULL,
    pulled_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
