-- Films and sounds: 0 is ready, 1 is being worked on from the file in "source", 2 could not be.
ALTER TABLE attachments ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attachments ADD COLUMN source TEXT;
ALTER TABLE attachments ADD COLUMN facts TEXT;

-- For the sweeper, which asks of every stored file whether a row names it.
CREATE INDEX attachments_file ON attachments (file) WHERE file IS NOT NULL;
CREATE INDEX attachments_preview ON attachments (preview) WHERE preview IS NOT NULL;
CREATE INDEX attachments_source ON attachments (source) WHERE source IS NOT NULL;
