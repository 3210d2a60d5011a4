-- Newsletters: what a local author says in public, by e-mail, for those who have no account.

ALTER TABLE actors ADD COLUMN email_subscriptions BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE newsletter_subscriptions (
    id INTEGER PRIMARY KEY NOT NULL,
    author_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    locale TEXT NOT NULL,
    token TEXT NOT NULL UNIQUE,
    confirmed_at BIGINT,
    asked_at BIGINT,
    tried_at BIGINT NOT NULL,
    UNIQUE (author_id, email)
);
CREATE INDEX newsletter_subscriptions_author ON newsletter_subscriptions (author_id, id) WHERE confirmed_at IS NOT NULL;
CREATE INDEX newsletter_subscriptions_email ON newsletter_subscriptions (email, asked_at);
CREATE INDEX newsletter_subscriptions_unconfirmed ON newsletter_subscriptions (tried_at) WHERE confirmed_at IS NULL;

-- Posts that wait to be sent.
CREATE TABLE newsletter_posts (
    post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    author_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE
);
CREATE INDEX newsletter_posts_author ON newsletter_posts (author_id, post_id);
