-- What would have been refused, had the policy not said that it only counts; shadowed is '' otherwise.
CREATE TABLE rollup_with_shadow (
    bucket_ms        INTEGER NOT NULL,
    operation        TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    class            TEXT    NOT NULL,
    transport        TEXT    NOT NULL,
    refused          TEXT    NOT NULL,
    shadowed         TEXT    NOT NULL,
    requests         INTEGER NOT NULL,
    cost_milli_sum   INTEGER NOT NULL,
    cost_milli_max   INTEGER NOT NULL,
    depth_max        INTEGER NOT NULL,
    fields_sum       INTEGER NOT NULL,
    body_bytes_sum   INTEGER NOT NULL,
    actual_count     INTEGER NOT NULL,
    actual_milli_sum INTEGER NOT NULL,
    PRIMARY KEY (bucket_ms, operation, kind, class, transport, refused, shadowed)
) STRICT, WITHOUT ROWID;
INSERT INTO rollup_with_shadow
SELECT bucket_ms, operation, kind, class, transport, refused, '', requests, cost_milli_sum, cost_milli_max, depth_max,
       fields_sum, body_bytes_sum, actual_count, actual_milli_sum
FROM rollup;
DROP TABLE rollup;
ALTER TABLE rollup_with_shadow RENAME TO rollup;

-- Whether the request of an incident passed all the same.
ALTER TABLE incidents ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
DROP INDEX incidents_at;
CREATE INDEX incidents_at ON incidents (at_ms, shape, reason, shadow);
