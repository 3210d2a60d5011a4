-- What pages that posts link to say of themselves, shared by all posts that link there. One without a title is a page
-- that could not be read or says nothing: kept so that it is not asked again at once.
CREATE TABLE cards (
    id BIGINT PRIMARY KEY NOT NULL,
    url TEXT NOT NULL UNIQUE,
    kind INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    language TEXT,
    author_name TEXT NOT NULL DEFAULT '',
    author_url TEXT NOT NULL DEFAULT '',
    author_id BIGINT REFERENCES actors (id) ON DELETE SET NULL,
    provider_name TEXT NOT NULL DEFAULT '',
    provider_url TEXT NOT NULL DEFAULT '',
    html TEXT NOT NULL DEFAULT '',
    width INTEGER NOT NULL DEFAULT 0,
    height INTEGER NOT NULL DEFAULT 0,
    image TEXT,
    image_description TEXT NOT NULL DEFAULT '',
    blurhash TEXT,
    embed_url TEXT NOT NULL DEFAULT '',
    published_at BIGINT,
    fetched_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX cards_author ON cards (author_id) WHERE author_id IS NOT NULL;

-- The card of a post, and the address as the post has it: the card may stand under the page's canonical one.
CREATE TABLE post_cards (
    post_id BIGINT PRIMARY KEY NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    card_id BIGINT NOT NULL REFERENCES cards (id) ON DELETE CASCADE,
    url TEXT NOT NULL
);
CREATE INDEX post_cards_card ON post_cards (card_id, post_id DESC);
CREATE INDEX post_cards_url ON post_cards (url);

-- Posts to be published later. The draft is JSON; its uploads point here and belong to nobody else.
CREATE TABLE scheduled_posts (
    id BIGINT PRIMARY KEY NOT NULL,
    author_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    draft TEXT NOT NULL,
    idempotency_key TEXT,
    scheduled_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX scheduled_posts_author ON scheduled_posts (author_id, id DESC);

ALTER TABLE attachments ADD COLUMN scheduled_id BIGINT REFERENCES scheduled_posts (id) ON DELETE SET NULL;
CREATE INDEX attachments_scheduled ON attachments (scheduled_id, position) WHERE scheduled_id IS NOT NULL;
