-- Copies of other servers' pictures. State: 0 is being stored, 1 is ready, 2 is being deleted; all of them count in the sum.
CREATE TABLE remote_files (
    file TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    state INTEGER NOT NULL,
    used_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX remote_files_name ON remote_files (name) WHERE state <> 2;
CREATE INDEX remote_files_used ON remote_files (used_at) WHERE state = 1;

-- One row: how many bytes they take.
CREATE TABLE remote_usage (
    id INTEGER PRIMARY KEY NOT NULL,
    bytes BIGINT NOT NULL
);
INSERT INTO remote_usage (id, bytes) VALUES (1, 0);
