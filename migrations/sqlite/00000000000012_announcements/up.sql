-- What those who run the server tell everybody, who has read it, and how people react.

CREATE TABLE announcements (
    id INTEGER PRIMARY KEY NOT NULL,
    texts TEXT NOT NULL,
    mentions TEXT NOT NULL,
    statuses TEXT NOT NULL,
    hashtags TEXT NOT NULL,
    emojis TEXT NOT NULL,
    starts_at BIGINT,
    ends_at BIGINT,
    all_day BOOLEAN NOT NULL,
    published_at BIGINT NOT NULL
);

CREATE TABLE announcement_reactions (
    announcement_id BIGINT NOT NULL REFERENCES announcements (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (announcement_id, name, actor_id)
) WITHOUT ROWID;
CREATE INDEX announcement_reactions_actor ON announcement_reactions (actor_id);

CREATE TABLE announcement_reads (
    announcement_id BIGINT NOT NULL REFERENCES announcements (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (announcement_id, actor_id)
) WITHOUT ROWID;
CREATE INDEX announcement_reads_actor ON announcement_reads (actor_id);
