-- What is counted of WebSockets, by bucket, by the client's class and by the name of the count.
CREATE TABLE sockets (
    bucket_ms INTEGER NOT NULL,
    class     TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    amount    INTEGER NOT NULL,
    PRIMARY KEY (bucket_ms, class, name)
) STRICT, WITHOUT ROWID;

-- The clients that had most to do with them.
CREATE TABLE socket_clients (
    bucket_ms  INTEGER NOT NULL,
    client_key TEXT    NOT NULL,
    class      TEXT    NOT NULL,
    attempts   INTEGER NOT NULL,
    rejected   INTEGER NOT NULL,
    messages   INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    PRIMARY KEY (bucket_ms, client_key, class)
) STRICT, WITHOUT ROWID;

-- What each worker has open, by its last word.
CREATE TABLE socket_workers (
    boot   BLOB    NOT NULL,
    class  TEXT    NOT NULL,
    active INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (boot, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX socket_workers_at ON socket_workers (at_ms);
