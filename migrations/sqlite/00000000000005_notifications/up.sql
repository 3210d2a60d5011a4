-- Notifications in groups, and a policy that keeps some of them apart.

-- Hidden until the recipient accepts its author.
ALTER TABLE notifications ADD COLUMN filtered BOOLEAN NOT NULL DEFAULT FALSE;
-- The kind, the target and the hour of the first: those of one key are shown as one.
ALTER TABLE notifications ADD COLUMN group_key TEXT;
-- The newest of its group, or one without a group: a page of groups reads only these.
ALTER TABLE notifications ADD COLUMN head BOOLEAN NOT NULL DEFAULT TRUE;

DROP INDEX notifications_recipient;
CREATE INDEX notifications_shown ON notifications (recipient_id, id DESC) WHERE NOT filtered;
CREATE INDEX notifications_filtered ON notifications (recipient_id, id DESC) WHERE filtered;
CREATE INDEX notifications_heads ON notifications (recipient_id, id DESC) WHERE head AND NOT filtered;
CREATE INDEX notifications_kind ON notifications (recipient_id, kind, id DESC) WHERE NOT filtered;
CREATE INDEX notifications_group ON notifications (recipient_id, group_key, id DESC) WHERE group_key IS NOT NULL;

-- What becomes of notifications by those whom somebody does not know: 0 accepted, 1 filtered, 2 dropped.
CREATE TABLE notification_policies (
    actor_id INTEGER PRIMARY KEY NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    for_not_following INTEGER NOT NULL,
    for_not_followers INTEGER NOT NULL,
    for_new_accounts INTEGER NOT NULL,
    for_private_mentions INTEGER NOT NULL,
    for_limited_accounts INTEGER NOT NULL,
    for_bots INTEGER NOT NULL
);

-- Whose filtered mentions wait to be accepted or dismissed.
CREATE TABLE notification_requests (
    id INTEGER PRIMARY KEY NOT NULL,
    recipient_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    -- From now on the filtered ones are merged by a job.
    accepted_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX notification_requests_pair ON notification_requests (recipient_id, actor_id);
CREATE INDEX notification_requests_recipient ON notification_requests (recipient_id, id DESC);

-- Whose notifications are accepted whatever the policy says.
CREATE TABLE notification_permissions (
    recipient_id BIGINT NOT NULL REFERENCES users (actor_id) ON DELETE CASCADE,
    actor_id BIGINT NOT NULL REFERENCES actors (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (recipient_id, actor_id)
) WITHOUT ROWID;
