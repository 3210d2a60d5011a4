-- Hashtags: who follows them, how much they are used, and whose profiles show them.

CREATE INDEX hashtag_follows_tag ON hashtag_follows (hashtag_id, actor_id);
CREATE INDEX hashtag_follows_actor ON hashtag_follows (actor_id, id DESC);

-- How many public posts carried a hashtag on one day (since 1970, UTC), and of how many authors.
CREATE TABLE hashtag_days (
    hashtag_id BIGINT NOT NULL REFERENCES hashtags (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    accounts BIGINT NOT NULL,
    PRIMARY KEY (hashtag_id, day)
);
CREATE INDEX hashtag_days_day ON hashtag_days (day);

INSERT INTO hashtag_days (hashtag_id, day, uses, accounts)
SELECT h.hashtag_id, (p.id >> 16) / 86400000, COUNT(*), COUNT(DISTINCT p.author_id)
FROM posts p JOIN post_hashtags h ON h.post_id = p.id
WHERE p.id >= ((CAST(extract(epoch FROM now()) AS BIGINT) - 691200) * 1000) << 16
  AND p.visibility = 0 AND p.boost_of_id IS NULL AND p.deleted_at IS NULL
GROUP BY 1, 2;

-- Hashtags that somebody shows on the profile, with what is known of the posts that carry them.
CREATE TABLE featured_tags (
    id BIGINT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    hashtag_id BIGINT NOT NULL REFERENCES hashtags (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    statuses_count BIGINT NOT NULL DEFAULT 0,
    last_status_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX featured_tags_pair ON featured_tags (actor_id, hashtag_id);
