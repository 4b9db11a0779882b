-- Who may do what only one analyzer may do at a time. The fence grows with each holder, so that one who lost the lease
-- without noticing can be told apart.
CREATE TABLE leases (
    name       TEXT    NOT NULL PRIMARY KEY,
    holder     TEXT    NOT NULL,
    fence      INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the work has come that goes along time.
CREATE TABLE progress (
    name    TEXT    NOT NULL PRIMARY KEY,
    upto_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
