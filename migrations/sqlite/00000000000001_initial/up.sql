-- The first schema. Both engines hold the same columns; only WITHOUT ROWID and full text differ.
-- BIGINT ids are made by the application, times are milliseconds since 1970 (UTC), JSON is TEXT.

-- People, bots, groups and servers, here (domain IS NULL) and elsewhere.
CREATE TABLE actors (
    id INTEGER PRIMARY KEY NOT NULL,
    uri TEXT NOT NULL UNIQUE,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    domain TEXT,
    host TEXT NOT NULL,
    kind INTEGER NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    summary TEXT NOT NULL DEFAULT '',
    url TEXT,
    fields TEXT,
    emojis TEXT,
    avatar TEXT,
    avatar_static TEXT,
    avatar_description TEXT NOT NULL DEFAULT '',
    header TEXT,
    header_static TEXT,
    header_description TEXT NOT NULL DEFAULT '',
    locked BOOLEAN NOT NULL DEFAULT FALSE,
    discoverable BOOLEAN NOT NULL DEFAULT FALSE,
    indexable BOOLEAN NOT NULL DEFAULT FALSE,
    hide_collections BOOLEAN NOT NULL DEFAULT FALSE,
    memorial BOOLEAN NOT NULL DEFAULT FALSE,
    also_known_as TEXT,
    moved_to_id BIGINT,
    followers_count BIGINT NOT NULL DEFAULT 0,
    following_count BIGINT NOT NULL DEFAULT 0,
    posts_count BIGINT NOT NULL DEFAULT 0,
    last_post_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    fetched_at BIGINT,
    silenced_at BIGINT,
    suspended_at BIGINT,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX actors_handle ON actors (username_key, domain);
CREATE UNIQUE INDEX actors_local_handle ON actors (username_key) WHERE domain IS NULL;
CREATE INDEX actors_host ON actors (host);
CREATE INDEX actors_url ON actors (url) WHERE url IS NOT NULL;

-- Where an actor is reached and how it is verified: apart, so that timelines never page it in.
CREATE TABLE actor_endpoints (
    actor_id INTEGER PRIMARY KEY NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    inbox TEXT NOT NULL,
    shared_inbox TEXT,
    outbox TEXT,
    followers TEXT,
    following TEXT,
    featured TEXT,
    key_id TEXT NOT NULL,
    public_key TEXT NOT NULL,
    private_key TEXT,
    ed25519_public TEXT,
    ed25519_private TEXT,
    key_fetched_at BIGINT NOT NULL
);
CREATE INDEX actor_endpoints_key ON actor_endpoints (key_id);
CREATE INDEX actor_endpoints_inbox ON actor_endpoints (inbox);
CREATE INDEX actor_endpoints_followers ON actor_endpoints (followers) WHERE followers IS NOT NULL;

-- Those who log in here.
CREATE TABLE users (
    actor_id INTEGER PRIMARY KEY NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role INTEGER NOT NULL,
    locale TEXT NOT NULL,
    confirmed_at BIGINT,
    approved_at BIGINT,
    disabled_at BIGINT,
    sign_up_reason TEXT,
    invite_id BIGINT,
    note_source TEXT NOT NULL DEFAULT '',
    fields_source TEXT,
    default_visibility INTEGER NOT NULL,
    default_sensitive BOOLEAN NOT NULL DEFAULT FALSE,
    default_language TEXT,
    default_format TEXT NOT NULL,
    expand_media TEXT NOT NULL,
    expand_spoilers BOOLEAN NOT NULL DEFAULT FALSE,
    last_active_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE invites (
    id INTEGER PRIMARY KEY NOT NULL,
    code TEXT NOT NULL UNIQUE,
    creator_id BIGINT REFERENCES actors (id) ON DELETE CASCADE,
    max_uses INTEGER,
    uses INTEGER NOT NULL DEFAULT 0,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);

-- Log-ins of the pages; API log-ins are tokens.
CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_actor ON sessions (actor_id);

CREATE TABLE apps (
    id INTEGER PRIMARY KEY NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    client_secret_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    website TEXT,
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE oauth_codes (
    code_hash TEXT PRIMARY KEY NOT NULL,
    app_id BIGINT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    code_challenge TEXT,
    expires_at BIGINT NOT NULL,
    -- what it was exchanged for; no reference, since the token may go first
    token_id BIGINT
);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    app_id BIGINT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    actor_id BIGINT REFERENCES users (actor_id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX tokens_actor ON tokens (actor_id);
CREATE INDEX tokens_app ON tokens (app_id);

-- Posts and boosts. A boost is a row with boost_of_id and no content, so that one index serves every feed.
CREATE TABLE posts (
    id INTEGER PRIMARY KEY NOT NULL,
    uri TEXT NOT NULL UNIQUE,
    url TEXT,
    author_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    local BOOLEAN NOT NULL,
    kind INTEGER NOT NULL,
    visibility INTEGER NOT NULL,
    boost_of_id BIGINT REFERENCES posts (id) ON DELETE CASCADE,
    in_reply_to_id BIGINT,
    in_reply_to_actor_id BIGINT,
    in_reply_to_uri TEXT,
    conversation TEXT,
    content TEXT NOT NULL DEFAULT '',
    summary TEXT NOT NULL DEFAULT '',
    sensitive BOOLEAN NOT NULL DEFAULT FALSE,
    language TEXT,
    source TEXT,
    source_format TEXT,
    emojis TEXT,
    parts INTEGER NOT NULL DEFAULT 0,
    app_id BIGINT,
    replies_count BIGINT NOT NULL DEFAULT 0,
    boosts_count BIGINT NOT NULL DEFAULT 0,
    likes_count BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT
);
CREATE INDEX posts_author ON posts (author_id, id DESC);
CREATE INDEX posts_letters ON posts (conversation, id DESC) WHERE visibility = 3;
CREATE INDEX posts_reply ON posts (in_reply_to_id, id) WHERE in_reply_to_id IS NOT NULL;
CREATE INDEX posts_reply_uri ON posts (in_reply_to_uri) WHERE in_reply_to_uri IS NOT NULL AND in_reply_to_id IS NULL;
CREATE UNIQUE INDEX posts_boost ON posts (boost_of_id, author_id) WHERE boost_of_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX posts_public ON posts (id DESC) WHERE visibility = 0 AND boost_of_id IS NULL AND deleted_at IS NULL;
CREATE INDEX posts_local ON posts (id DESC) WHERE visibility = 0 AND local AND boost_of_id IS NULL AND deleted_at IS NULL;
CREATE INDEX posts_url ON posts (url) WHERE url IS NOT NULL;

CREATE TABLE post_edits (
    id INTEGER PRIMARY KEY NOT NULL,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    summary TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    media TEXT,
    emojis TEXT,
    poll TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX post_edits_post ON post_edits (post_id, id);

-- Who a post addresses by name. `silent`: addressed without being mentioned.
CREATE TABLE mentions (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    silent BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (post_id, actor_id)
) WITHOUT ROWID;
CREATE INDEX mentions_actor ON mentions (actor_id, post_id DESC);

CREATE TABLE hashtags (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);

CREATE TABLE post_hashtags (
    hashtag_id BIGINT NOT NULL REFERENCES hashtags (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    PRIMARY KEY (hashtag_id, post_id)
) WITHOUT ROWID;
CREATE INDEX post_hashtags_post ON post_hashtags (post_id);

CREATE TABLE hashtag_follows (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    hashtag_id BIGINT NOT NULL REFERENCES hashtags (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX hashtag_follows_pair ON hashtag_follows (actor_id, hashtag_id);

CREATE TABLE attachments (
    id INTEGER PRIMARY KEY NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    post_id BIGINT REFERENCES posts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 0,
    kind INTEGER NOT NULL,
    mime TEXT,
    file TEXT,
    preview TEXT,
    remote_url TEXT,
    description TEXT NOT NULL DEFAULT '',
    width INTEGER,
    height INTEGER,
    preview_width INTEGER,
    preview_height INTEGER,
    focus_x DOUBLE NOT NULL DEFAULT 0,
    focus_y DOUBLE NOT NULL DEFAULT 0,
    blurhash TEXT,
    bytes BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX attachments_post ON attachments (post_id, position) WHERE post_id IS NOT NULL;
CREATE INDEX attachments_loose ON attachments (created_at) WHERE post_id IS NULL;

CREATE TABLE polls (
    post_id INTEGER PRIMARY KEY NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    options TEXT NOT NULL,
    multiple BOOLEAN NOT NULL,
    hide_totals BOOLEAN NOT NULL DEFAULT FALSE,
    voters_count BIGINT,
    expires_at BIGINT,
    closed_at BIGINT
);

CREATE TABLE poll_votes (
    post_id BIGINT NOT NULL REFERENCES polls (post_id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    choice INTEGER NOT NULL,
    uri TEXT,
    PRIMARY KEY (post_id, actor_id, choice)
) WITHOUT ROWID;

CREATE TABLE follows (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    show_boosts BOOLEAN NOT NULL DEFAULT TRUE,
    notify BOOLEAN NOT NULL DEFAULT FALSE,
    languages TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX follows_pair ON follows (actor_id, target_id);
CREATE INDEX follows_actor ON follows (actor_id, id DESC);
CREATE INDEX follows_target ON follows (target_id, id DESC);
CREATE INDEX follows_uri ON follows (uri);

CREATE TABLE follow_requests (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    show_boosts BOOLEAN NOT NULL DEFAULT TRUE,
    notify BOOLEAN NOT NULL DEFAULT FALSE,
    languages TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX follow_requests_pair ON follow_requests (actor_id, target_id);
CREATE INDEX follow_requests_target ON follow_requests (target_id, id DESC);
CREATE INDEX follow_requests_uri ON follow_requests (uri);

CREATE TABLE blocks (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX blocks_pair ON blocks (actor_id, target_id);
CREATE INDEX blocks_target ON blocks (target_id, actor_id);

CREATE TABLE mutes (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    notifications BOOLEAN NOT NULL DEFAULT TRUE,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX mutes_pair ON mutes (actor_id, target_id);

CREATE TABLE likes (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    uri TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX likes_pair ON likes (actor_id, post_id);
CREATE INDEX likes_actor ON likes (actor_id, id DESC);
CREATE INDEX likes_post ON likes (post_id, id DESC);
CREATE INDEX likes_uri ON likes (uri);

CREATE TABLE bookmarks (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX bookmarks_pair ON bookmarks (actor_id, post_id);
CREATE INDEX bookmarks_actor ON bookmarks (actor_id, id DESC);

-- What people note about others, for themselves alone.
CREATE TABLE account_notes (
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    target_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    PRIMARY KEY (actor_id, target_id)
) WITHOUT ROWID;
CREATE INDEX account_notes_target ON account_notes (target_id);

-- Conversations by direct posts, as each person here has them.
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    last_post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    unread BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX conversations_name ON conversations (actor_id, name);
CREATE INDEX conversations_last ON conversations (actor_id, last_post_id DESC);
CREATE INDEX conversations_post ON conversations (last_post_id);

-- Conversations of which a person wants to hear no more; the name is that of posts.conversation.
CREATE TABLE conversation_mutes (
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    conversation TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor_id, conversation)
) WITHOUT ROWID;

CREATE TABLE pins (
    id INTEGER PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX pins_pair ON pins (actor_id, post_id);

CREATE TABLE notifications (
    id INTEGER PRIMARY KEY NOT NULL,
    recipient_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    post_id BIGINT REFERENCES posts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX notifications_recipient ON notifications (recipient_id, id DESC);
CREATE INDEX notifications_post ON notifications (post_id) WHERE post_id IS NOT NULL;
CREATE INDEX notifications_cause ON notifications (actor_id, recipient_id, kind, post_id);

CREATE TABLE lists (
    id INTEGER PRIMARY KEY NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    replies_policy INTEGER NOT NULL,
    exclusive BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);
CREATE INDEX lists_owner ON lists (owner_id, id);

CREATE TABLE list_members (
    id INTEGER PRIMARY KEY NOT NULL,
    list_id BIGINT NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX list_members_pair ON list_members (list_id, actor_id);
CREATE INDEX list_members_actor ON list_members (actor_id, list_id);

CREATE TABLE markers (
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    timeline TEXT NOT NULL,
    last_read_id BIGINT NOT NULL,
    version INTEGER NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (actor_id, timeline)
) WITHOUT ROWID;

CREATE TABLE custom_emojis (
    id INTEGER PRIMARY KEY NOT NULL,
    shortcode TEXT NOT NULL,
    file TEXT NOT NULL,
    static_file TEXT NOT NULL,
    category TEXT,
    visible BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX custom_emojis_shortcode ON custom_emojis (shortcode);

-- The same Idempotency-Key from the same person within an hour gives the same post.
CREATE TABLE idempotency_keys (
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    post_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor_id, key)
) WITHOUT ROWID;

-- Other servers: policy, health, and which signature scheme they want.
CREATE TABLE instances (
    host TEXT PRIMARY KEY NOT NULL,
    policy INTEGER NOT NULL DEFAULT 0,
    public_comment TEXT,
    private_comment TEXT,
    software TEXT,
    version TEXT,
    scheme INTEGER,
    scheme_until BIGINT,
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since BIGINT,
    next_attempt_at BIGINT NOT NULL DEFAULT 0,
    lane_until BIGINT NOT NULL DEFAULT 0,
    unavailable_at BIGINT,
    last_seen_at BIGINT,
    probed_at BIGINT,
    created_at BIGINT NOT NULL
);

-- Work to be done after a change, inserted in the transaction that makes the change. A claim is a lease.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY NOT NULL,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at, id);

-- One rendered activity, shared by all its deliveries, kept until the last one is gone.
CREATE TABLE activities (
    id INTEGER PRIMARY KEY NOT NULL,
    sender_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    digest TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY NOT NULL,
    activity_id BIGINT NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    inbox TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);
CREATE INDEX deliveries_lane ON deliveries (host, id);
CREATE INDEX deliveries_activity ON deliveries (activity_id);

-- Activities received, so that a replay ends here and an Undo by bare id finds what it undoes.
CREATE TABLE received (
    uri TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    actor_uri TEXT NOT NULL,
    object_uri TEXT,
    received_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX received_age ON received (received_at);

-- Objects deleted before they were known: a Delete may come before its Create.
CREATE TABLE tombstones (
    uri TEXT PRIMARY KEY NOT NULL,
    deleted_at BIGINT NOT NULL
) WITHOUT ROWID;

-- What an admin may change while the server runs, as JSON by name (title, description, rules …).
CREATE TABLE settings (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Full text: terms come from text::search, folded alike for posts and queries. To the tokeniser `ascii` whatever stands
-- above ASCII belongs to a word, so that no term of ours is ever cut in two.
CREATE VIRTUAL TABLE search_posts USING fts5 (terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
CREATE VIRTUAL TABLE search_actors USING fts5 (
    terms, content = '', contentless_delete = 1, detail = none, prefix = '2 3 4', tokenize = 'ascii'
);
