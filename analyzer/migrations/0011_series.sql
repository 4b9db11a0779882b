-- Metrics that others send. One is known by its name and its labels, as JSON in the order of their names; the id is made of both.
CREATE TABLE series (
    id      INTEGER NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL,
    labels  TEXT    NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX series_name ON series (name, labels);
CREATE INDEX series_last ON series (last_ms);

-- What they were, a row for each second at first, merged with age as the rollup is.
CREATE TABLE series_points (
    series INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    points INTEGER NOT NULL,
    total  REAL    NOT NULL,
    least  REAL    NOT NULL,
    most   REAL    NOT NULL,
    PRIMARY KEY (series, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX series_points_at ON series_points (at_ms);
