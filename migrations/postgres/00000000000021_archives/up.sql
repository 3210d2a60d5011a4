-- Everything that somebody has said here, in one file to take along: one at a time is made, and kept for some days.

CREATE TABLE archives (
    id BIGINT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    file TEXT,
    bytes BIGINT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX archives_actor ON archives (actor_id, id);
CREATE UNIQUE INDEX archives_under_way ON archives (actor_id) WHERE finished_at IS NULL;
CREATE INDEX archives_file ON archives (file) WHERE file IS NOT NULL;
