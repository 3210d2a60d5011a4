-- Quotes (FEP-044f): who may quote a post, which post quotes which, and whether its author has agreed.

-- Groups as bits: who may at once in the upper sixteen, whose wish waits for the author in the lower.
ALTER TABLE posts ADD COLUMN quote_policy INTEGER NOT NULL DEFAULT 0;
ALTER TABLE posts ADD COLUMN quotes_count BIGINT NOT NULL DEFAULT 0;
-- 131072: everybody, at once.
ALTER TABLE users ADD COLUMN default_quote_policy INTEGER NOT NULL DEFAULT 131072;

CREATE TABLE quotes (
    id INTEGER PRIMARY KEY NOT NULL,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    -- what is quoted: its ActivityPub id, and the row once it is here
    quoted_uri TEXT NOT NULL,
    quoted_id BIGINT,
    quoted_author_id BIGINT,
    state INTEGER NOT NULL,
    -- by a name that asks nobody (Misskey, Pleroma)
    legacy BOOLEAN NOT NULL DEFAULT FALSE,
    request_uri TEXT,
    stamp_uri TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX quotes_post ON quotes (post_id);
CREATE INDEX quotes_author ON quotes (author_id);
CREATE INDEX quotes_quoted ON quotes (quoted_id, id DESC) WHERE quoted_id IS NOT NULL;
CREATE INDEX quotes_waiting ON quotes (quoted_uri) WHERE quoted_id IS NULL;
CREATE INDEX quotes_request ON quotes (request_uri) WHERE request_uri IS NOT NULL;
CREATE INDEX quotes_stamp ON quotes (stamp_uri) WHERE stamp_uri IS NOT NULL;
