-- Posts that never leave this server and are shown to its people only, and posts that are deleted at a time of their own.
ALTER TABLE posts ADD COLUMN local_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE posts ADD COLUMN expires_at BIGINT;

-- When the links of a profile were last looked at for a link back.
ALTER TABLE users ADD COLUMN links_checked_at BIGINT;

-- Domains whose pages may name an actor as their author.
ALTER TABLE actor_endpoints ADD COLUMN attribution_domains TEXT;
