-- Hosts and networks that the user named with --trust for a message, one a line:
-- what was composed of it stands as long as they lead to the same source.

ALTER TABLE messages ADD COLUMN named TEXT NOT NULL DEFAULT '';
