-- Decisions of a CrowdSec are of an origin that no CrowdSec has itself. One that stands beside such a one already stays
-- what it was, until it is over.
UPDATE decisions SET origin = 'crowdsec:lapi' WHERE origin = 'crowdsec' AND NOT EXISTS (
    SELECT 1 FROM decisions AS other WHERE other.origin = 'crowdsec:lapi' AND other.scope = decisions.scope
    AND other.value = decisions.value AND other.removed_ms IS NULL);
