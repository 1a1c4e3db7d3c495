-- The log, format 2: a log that has topics already is of before installations had ids.
INSERT INTO installation (only, id, stage)
SELECT 1, randomblob(16), CASE WHEN EXISTS (SELECT 1 FROM topics) THEN 'adopting' ELSE 'making' END;
CREATE TRIGGER installation_keeps_its_id BEFORE UPDATE OF only, id ON installation
BEGIN SELECT RAISE(ABORT, 'an installation keeps its id'); END;
CREATE TRIGGER installation_stays BEFORE DELETE ON installation
BEGIN SELECT RAISE(ABORT, 'an installation keeps its id'); END;
