-- What the candidate of a policy would change: requests that it judges otherwise, merged as the rollup is. live and candidate are the
-- reasons of either verdict, '' where there is none; the id and the document are those of one of the requests.
CREATE TABLE candidate_changes (
    bucket_ms      INTEGER NOT NULL,
    operation      TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    class          TEXT    NOT NULL,
    live           TEXT    NOT NULL,
    candidate      TEXT    NOT NULL,
    requests       INTEGER NOT NULL,
    correlation_id TEXT    NOT NULL,
    document       TEXT,
    PRIMARY KEY (bucket_ms, operation, kind, class, live, candidate)
) STRICT, WITHOUT ROWID;

-- How many requests a candidate judged in a bucket, of how many it could say nothing, and how many changes found no row at an edge.
CREATE TABLE candidate_totals (
    bucket_ms INTEGER NOT NULL PRIMARY KEY,
    judged    INTEGER NOT NULL,
    undecided INTEGER NOT NULL,
    dropped   INTEGER NOT NULL
) STRICT;
