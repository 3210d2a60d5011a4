-- What trends, whom to follow, and what both and search look up by.

-- What somebody keeps is found by what is kept: when a post is indexed, and when it goes.
CREATE INDEX bookmarks_post ON bookmarks (post_id);
-- The latest boosts, out of which trends are made.
CREATE INDEX posts_boosts ON posts (id DESC) WHERE boost_of_id IS NOT NULL AND deleted_at IS NULL;

-- The directory by activity and the best known, out of those who let themselves be found.
CREATE INDEX actors_active ON actors (last_post_at DESC)
    WHERE discoverable AND silenced_at IS NULL AND suspended_at IS NULL AND deleted_at IS NULL AND moved_to_id IS NULL;
CREATE INDEX actors_active_here ON actors (last_post_at DESC)
    WHERE domain IS NULL AND discoverable AND silenced_at IS NULL AND suspended_at IS NULL AND deleted_at IS NULL AND moved_to_id IS NULL;
CREATE INDEX actors_new_here ON actors (id DESC) WHERE domain IS NULL;
CREATE INDEX actors_known ON actors (followers_count DESC)
    WHERE discoverable AND silenced_at IS NULL AND suspended_at IS NULL AND deleted_at IS NULL AND moved_to_id IS NULL;

-- Accounts that somebody does not want to be suggested again.
CREATE TABLE suggestion_dismissals (
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor_id, target_id)
) WITHOUT ROWID;
CREATE INDEX suggestion_dismissals_target ON suggestion_dismissals (target_id);

-- What trends now, made anew every few minutes. `position` counts from 0; what waits for approval is not `allowed`.
CREATE TABLE trending_tags (
    hashtag_id INTEGER PRIMARY KEY NOT NULL REFERENCES hashtags (id) ON DELETE CASCADE,
    score DOUBLE NOT NULL,
    -- the highest score it had, and when: it sinks from there
    peak DOUBLE NOT NULL,
    peaked_at BIGINT NOT NULL,
    language TEXT,
    allowed BOOLEAN NOT NULL,
    position BIGINT NOT NULL
);
CREATE TABLE trending_posts (
    post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    score DOUBLE NOT NULL,
    language TEXT,
    allowed BOOLEAN NOT NULL,
    position BIGINT NOT NULL
);
-- `history`: JSON, how much each was shared on the days of the last week.
CREATE TABLE trending_links (
    card_id INTEGER PRIMARY KEY NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    score DOUBLE NOT NULL,
    language TEXT,
    allowed BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    history TEXT NOT NULL
);

-- What a moderator has said about what may trend: a hashtag by its key, a post by its id, an author by its handle, a link by
-- its address.
CREATE TABLE trend_reviews (
    kind INTEGER NOT NULL,
    subject TEXT NOT NULL,
    allowed BOOLEAN NOT NULL,
    reviewed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
