-- Letters and what they ask, log-ins with more than a password, where sessions are, what a profile shows, and what people
-- carry in and out.

-- A secret that is good for one thing, for a while: what a letter's link proves, a log-in that is half done.
CREATE TABLE tickets (
    token_hash TEXT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    purpose INTEGER NOT NULL,
    data TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tickets_actor ON tickets (actor_id, purpose, created_at);
CREATE INDEX tickets_end ON tickets (expires_at);

-- The app that signed somebody up: it alone may ask for the confirmation once more.
ALTER TABLE users ADD COLUMN app_id BIGINT;

ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN seen_at BIGINT;

-- Codes of an authenticator app (RFC 6238). Not asked for until they were confirmed once.
CREATE TABLE authenticators (
    actor_id BIGINT PRIMARY KEY NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    secret TEXT NOT NULL,
    last_step BIGINT NOT NULL DEFAULT 0,
    confirmed_at BIGINT,
    created_at BIGINT NOT NULL
);

-- One use each, hashed.
CREATE TABLE recovery_codes (
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (actor_id, code_hash)
);

-- Keys of WebAuthn, by which people log in without a password.
CREATE TABLE passkeys (
    id BIGINT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    credential TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    algorithm INTEGER NOT NULL,
    counter BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX passkeys_actor ON passkeys (actor_id);

-- What stands on a profile.
ALTER TABLE actors ADD COLUMN show_media BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE actors ADD COLUMN show_media_replies BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE actors ADD COLUMN show_featured BOOLEAN NOT NULL DEFAULT TRUE;
