-- The read model, format 4: orgs whose events wait for a key.

-- Per org its id and the first offset that is not taken in, as "org:offset", separated by spaces; null for none.
ALTER TABLE position ADD COLUMN held TEXT;
