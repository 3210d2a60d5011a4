-- Collections of people (FEP-7aa9), and what people keep for themselves.

-- Who may put an actor of another server into a collection, as bits (see collection_items.rs); 0: it does not say.
ALTER TABLE actors ADD COLUMN feature_policy INTEGER NOT NULL DEFAULT 0;

-- People whom somebody recommends under a name, here and elsewhere.
CREATE TABLE collections (
    id BIGINT PRIMARY KEY NOT NULL,
    uri TEXT NOT NULL UNIQUE,
    url TEXT,
    owner_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    local BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    language TEXT,
    hashtag TEXT,
    sensitive BOOLEAN NOT NULL,
    discoverable BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX collections_owner ON collections (owner_id, id DESC);
CREATE INDEX collections_url ON collections (url) WHERE url IS NOT NULL;

-- Who stands in them, and whether they agree.
CREATE TABLE collection_items (
    id BIGINT PRIMARY KEY NOT NULL,
    collection_id BIGINT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    state INTEGER NOT NULL,
    uri TEXT,
    request_uri TEXT,
    approval_uri TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX collection_items_pair ON collection_items (collection_id, actor_id);
CREATE INDEX collection_items_actor ON collection_items (actor_id, id DESC);
CREATE INDEX collection_items_approval ON collection_items (approval_uri) WHERE approval_uri IS NOT NULL;

-- The collections to which a post links.
CREATE TABLE post_collections (
    post_id BIGINT NOT NULL REFERENCES posts (id) ON DELETE CASCADE,
    collection_id BIGINT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    PRIMARY KEY (post_id, collection_id)
);
CREATE INDEX post_collections_collection ON post_collections (collection_id);

-- The collections that a report shows, with what stood in them then.
CREATE TABLE report_collections (
    report_id BIGINT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    collection_id BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (report_id, collection_id)
);

-- What a notification of the kinds 15 and 16 tells of.
ALTER TABLE notifications ADD COLUMN collection_id BIGINT REFERENCES collections (id) ON DELETE CASCADE;
CREATE INDEX notifications_collection ON notifications (collection_id) WHERE collection_id IS NOT NULL;

-- What somebody did in a year; without data while it is being counted.
CREATE TABLE annual_reports (
    id BIGINT PRIMARY KEY NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    year INTEGER NOT NULL,
    data TEXT,
    viewed_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX annual_reports_year ON annual_reports (actor_id, year);

-- What people have begun to write.
CREATE TABLE drafts (
    id BIGINT PRIMARY KEY NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX drafts_owner ON drafts (owner_id, id DESC);

-- Uploads in drafts: they are in use.
CREATE TABLE draft_attachments (
    draft_id BIGINT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    attachment_id BIGINT NOT NULL REFERENCES attachments (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (draft_id, attachment_id)
);
CREATE INDEX draft_attachments_attachment ON draft_attachments (attachment_id);

-- Folders of bookmarks.
CREATE TABLE bookmark_folders (
    id BIGINT PRIMARY KEY NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    emoji TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX bookmark_folders_owner ON bookmark_folders (owner_id, id);
ALTER TABLE bookmarks ADD COLUMN folder_id BIGINT;
CREATE INDEX bookmarks_folder ON bookmarks (actor_id, folder_id, id DESC) WHERE folder_id IS NOT NULL;

-- People to whom somebody writes alone.
CREATE TABLE circles (
    id BIGINT PRIMARY KEY NOT NULL,
    owner_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX circles_owner ON circles (owner_id, id);
CREATE TABLE circle_members (
    id BIGINT PRIMARY KEY NOT NULL,
    circle_id BIGINT NOT NULL REFERENCES circles (id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX circle_members_pair ON circle_members (circle_id, actor_id);
CREATE INDEX circle_members_actor ON circle_members (actor_id);

-- Threads of which somebody wants to hear every answer; the name is that of posts.conversation.
CREATE TABLE thread_watches (
    conversation TEXT NOT NULL,
    actor_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation, actor_id)
);
CREATE INDEX thread_watches_actor ON thread_watches (actor_id);
