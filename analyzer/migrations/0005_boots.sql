-- Which reports are in, a row for each boot and not for each report: the highest sequence (the unsigned one, bit for
-- bit), and what is missing below it. What an older version stored counts as everything up to its highest.
CREATE TABLE boots (
    boot        BLOB    NOT NULL PRIMARY KEY,
    highest     INTEGER NOT NULL,
    missing     TEXT    NOT NULL,
    received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX boots_received ON boots (received_ms);
INSERT INTO boots SELECT boot, max(sequence), '', max(received_ms) FROM reports GROUP BY boot;
DROP TABLE reports;
