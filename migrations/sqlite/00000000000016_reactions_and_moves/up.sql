-- Emoji reactions (FEP-c0e0). `emoji` is the picture of a custom one, as JSON.
CREATE TABLE reactions (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    emoji TEXT,
    uri TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX reactions_pair ON reactions (post_id, actor_id, name);
CREATE INDEX reactions_actor ON reactions (actor_id);
CREATE INDEX reactions_uri ON reactions (uri);

-- When an account last moved: it may not move again at once.
ALTER TABLE actors ADD COLUMN moved_at BIGINT;
