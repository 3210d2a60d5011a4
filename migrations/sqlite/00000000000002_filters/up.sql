-- What people do not want to read: groups of keywords and of single posts, and what is to become of what they match.

CREATE TABLE filters (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    contexts INTEGER NOT NULL,
    action INTEGER NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX filters_actor ON filters (actor_id, id);

CREATE TABLE filter_keywords (
    id INTEGER PRIMARY KEY NOT NULL,
    filter_id BIGINT NOT NULL REFERENCES filters (id) ON DELETE CASCADE,
    keyword TEXT NOT NULL,
    whole_word BOOLEAN NOT NULL
);
CREATE INDEX filter_keywords_filter ON filter_keywords (filter_id, id);

CREATE TABLE filter_statuses (
    id INTEGER PRIMARY KEY NOT NULL,
    filter_id BIGINT NOT NULL REFERENCES filters (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX filter_statuses_pair ON filter_statuses (filter_id, post_id);
CREATE INDEX filter_statuses_post ON filter_statuses (post_id);
