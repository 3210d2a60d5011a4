-- What stands between people, and between people and servers: personal domain blocks, endorsements, reports.

-- Servers of which a person wants to see and hear nothing.
CREATE TABLE domain_blocks (
    id BIGINT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    domain TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX domain_blocks_pair ON domain_blocks (actor_id, domain);

-- Those whom a person recommends on its profile.
CREATE TABLE endorsements (
    id BIGINT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX endorsements_pair ON endorsements (actor_id, target_id);
CREATE INDEX endorsements_target ON endorsements (target_id);

-- What moderators are told of somebody. `uri`: the Flag of another server.
CREATE TABLE reports (
    id BIGINT PRIMARY KEY NOT NULL,
    uri TEXT,
    reporter_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    category INTEGER NOT NULL,
    comment TEXT NOT NULL,
    rule_ids TEXT,
    forwarded BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    resolved_at BIGINT,
    resolver_id BIGINT
);
CREATE UNIQUE INDEX reports_uri ON reports (uri, target_id) WHERE uri IS NOT NULL;
CREATE INDEX reports_target ON reports (target_id);
CREATE INDEX reports_reporter ON reports (reporter_id);
CREATE INDEX reports_open ON reports (id) WHERE resolved_at IS NULL;

-- The posts that a report shows, with what stood in them then. No reference: the evidence outlives the post.
CREATE TABLE report_posts (
    report_id BIGINT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (report_id, post_id)
);
CREATE INDEX report_posts_post ON report_posts (post_id);
