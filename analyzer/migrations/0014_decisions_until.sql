-- Until when somebody may believe that a decision holds: the latest that it was ever said to expire.
ALTER TABLE decisions ADD COLUMN until_ms INTEGER NOT NULL DEFAULT 0;
UPDATE decisions SET until_ms = expires_ms;
