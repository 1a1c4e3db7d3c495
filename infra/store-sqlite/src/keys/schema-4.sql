-- The key store, format 4: until when a pending row's registration may still take effect (milliseconds since 1970,
-- null when no attempt may), and whether it was abandoned, which a row of state 'pending' then is for ever.

ALTER TABLE key_row ADD COLUMN attempt_until INTEGER;

ALTER TABLE key_row ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0 CHECK (abandoned IN (0, 1));
