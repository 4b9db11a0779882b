-- Keys: what may talk to the analyzer. The secret itself is never here, only its SHA-256.
CREATE TABLE keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    role       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    digest     BLOB    NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Which reports are in: (boot, sequence) is ingested once. The sequence is the unsigned one, bit for bit.
CREATE TABLE reports (
    boot        BLOB    NOT NULL,
    sequence    INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (boot, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX reports_received ON reports (received_ms);

-- Every request, merged by 10-second bucket and by what the requests have in common; refused is '' when allowed.
CREATE TABLE rollup (
    bucket_ms      INTEGER NOT NULL,
    operation      TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    class          TEXT    NOT NULL,
    transport      TEXT    NOT NULL,
    refused        TEXT    NOT NULL,
    requests       INTEGER NOT NULL,
    cost_milli_sum INTEGER NOT NULL,
    cost_milli_max INTEGER NOT NULL,
    depth_max      INTEGER NOT NULL,
    fields_sum     INTEGER NOT NULL,
    body_bytes_sum INTEGER NOT NULL,
    PRIMARY KEY (bucket_ms, operation, kind, class, transport, refused)
) STRICT, WITHOUT ROWID;

-- The sum of a bucket, so that the answer to "how much" does not read the rollup.
CREATE TABLE totals (
    bucket_ms         INTEGER NOT NULL PRIMARY KEY,
    reports           INTEGER NOT NULL,
    requests          INTEGER NOT NULL,
    refused           INTEGER NOT NULL,
    cost_milli_sum    INTEGER NOT NULL,
    cost_milli_max    INTEGER NOT NULL,
    incidents         INTEGER NOT NULL,
    incidents_dropped INTEGER NOT NULL
) STRICT;

-- Refused requests, one by one; ids only grow, so the oldest are those with the smallest ids.
CREATE TABLE incidents (
    id                INTEGER PRIMARY KEY,
    at_ms             INTEGER NOT NULL,
    boot              BLOB    NOT NULL,
    correlation_id    TEXT    NOT NULL,
    client            TEXT,
    reason            TEXT    NOT NULL,
    limit_value       INTEGER,
    actual            INTEGER,
    transport         TEXT    NOT NULL,
    kind              TEXT    NOT NULL,
    operation         TEXT    NOT NULL,
    shape             TEXT,
    document          TEXT,
    tokens            INTEGER,
    depth             INTEGER,
    fields            INTEGER,
    root_fields       INTEGER,
    aliases           INTEGER,
    aliases_per_field INTEGER,
    directives        INTEGER,
    cost_milli        INTEGER,
    body_bytes        INTEGER NOT NULL
) STRICT;
-- Counting shapes of a window reads this index alone.
CREATE INDEX incidents_at ON incidents (at_ms, shape, reason);
CREATE INDEX incidents_reason ON incidents (reason, at_ms);
CREATE INDEX incidents_shape ON incidents (shape, at_ms) WHERE shape IS NOT NULL;
