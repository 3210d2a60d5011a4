-- Web push: where an app wants to hear of notifications while it does not run; one for each token.
-- Small ids, made by the database: apps read them into 32 bits.
CREATE TABLE push_subscriptions (
    id INTEGER PRIMARY KEY NOT NULL,
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    -- RFC 8291, not the draft before it.
    standard BOOLEAN NOT NULL,
    -- A bit for each kind of notification.
    alerts BIGINT NOT NULL,
    policy INTEGER NOT NULL,
    -- The token itself, by which an app with several accounts knows whose notification it is.
    access_token TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX push_subscriptions_token ON push_subscriptions (token_id);
CREATE INDEX push_subscriptions_actor ON push_subscriptions (actor_id);

-- What a notification tells of besides a post: by its kind a severance or a report.
ALTER TABLE notifications ADD COLUMN subject_id BIGINT;

-- What somebody lost when a server or an account was blocked or suspended.
CREATE TABLE severances (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    cause INTEGER NOT NULL,
    target TEXT NOT NULL,
    followers BIGINT NOT NULL,
    following BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX severances_actor ON severances (actor_id);
