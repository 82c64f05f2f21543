-- The limits of a day are counted before every question: from an index.

CREATE INDEX complaints_by_approval ON complaints (approved_at);

-- When the small file beside the ledger was last changed, in nanoseconds, as
-- the file system says: no copy of that file has the same time. Null while the
-- file is being written.

ALTER TABLE local ADD COLUMN pulse_changed INTEGER;

-- When the ledger was last found to come from a backup or another machine.

ALTER TABLE local ADD COLUMN restored_at INTEGER;
