-- Who sent the request of an incident: the policy's class, and the pseudonym by which the gate knows the client.
ALTER TABLE incidents ADD COLUMN class TEXT;
ALTER TABLE incidents ADD COLUMN client_key TEXT;
