//! Notifications: rows for local people, made in the transaction of what they tell of.
//! A block or a mute, of a person or a conversation, keeps one from being made; what is undone takes its notification along.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, cols, select_written};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, NotificationId, PostId};
use crate::paging::{Page, Slice};
use crate::schema::{actors, blocks, conversation_mutes, domain_blocks, mutes, notifications, posts, users};
use crate::time::Timestamp;

stored_enum! {
    /// What a notification tells of (Mastodon's `type`).
    NotificationKind {
        /// Somebody mentioned the recipient.
        Mention = 0 "mention",
        /// Somebody whom the recipient watches has posted.
        Status = 1 "status",
        /// Somebody boosted a post of the recipient.
        Boost = 2 "reblog",
        /// Somebody follows the recipient.
        Follow = 3 "follow",
        /// Somebody asks to follow the recipient.
        FollowRequest = 4 "follow_request",
        /// Somebody likes a post of the recipient.
        Like = 5 "favourite",
        /// A poll of the recipient, or one that it voted in, has ended.
        Poll = 6 "poll",
        /// A post that the recipient boosted was edited.
        Update = 7 "update",
        /// Somebody quotes a post of the recipient.
        Quote = 8 "quote",
        /// A post that the recipient quoted was edited; told with the recipient's quote.
        QuotedUpdate = 9 "quoted_update",
        /// Somebody reacted to a post of the recipient with an emoji (Pleroma's name).
        Reaction = 14 "pleroma:emoji_reaction",
    }
}

/// A notification as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = notifications)]
#[allow(missing_docs)]
pub struct Notification {
    pub id: NotificationId,
    pub recipient_id: ActorId,
    pub kind: NotificationKind,
    /// Who did it.
    pub actor_id: ActorId,
    pub post_id: Option<PostId>,
    pub created_at: Timestamp,
}

/// A notification to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// For whom; ignored unless a user of ours.
    pub recipient: ActorId,
    /// What it tells of.
    pub kind: NotificationKind,
    /// Who did it.
    pub actor: ActorId,
    /// The post that it is about.
    pub post: Option<PostId>,
}

/// Notifies a local person, unless it did it itself, blocks or mutes the other or blocks its server, has muted the conversation, or has been told
/// already.
pub fn notify(c: &mut Connection, notice: Notice) -> Result<()> {
    let Notice { recipient, kind, actor, post } = notice;
    if recipient == actor {
        return Ok(());
    }
    let now = Timestamp::now();
    let blocked = diesel::dsl::exists(blocks::table.filter(blocks::actor_id.eq(recipient)).filter(blocks::target_id.eq(actor)));
    let muted = diesel::dsl::exists(
        mutes::table
            .filter(mutes::actor_id.eq(recipient))
            .filter(mutes::target_id.eq(actor))
            .filter(mutes::notifications.eq(true))
            .filter(mutes::expires_at.is_null().or(mutes::expires_at.gt(now))),
    );
    let server_blocked = diesel::dsl::exists(
        domain_blocks::table
            .inner_join(
                actors::table.on(domain_blocks::domain.nullable().eq(actors::domain).or(domain_blocks::domain.eq(actors::host))),
            )
            .filter(domain_blocks::actor_id.eq(recipient))
            .filter(actors::id.eq(actor)),
    );
    let conversation = posts::table
        .filter(posts::id.eq(post.unwrap_or(PostId(0))))
        .inner_join(conversation_mutes::table.on(
            conversation_mutes::actor_id.eq(recipient).and(conversation_mutes::conversation.nullable().eq(posts::conversation)),
        ))
        .select(posts::id);
    let welcome: Option<ActorId> = users::table
        .find(recipient)
        .filter(diesel::dsl::not(blocked))
        .filter(diesel::dsl::not(muted))
        .filter(diesel::dsl::not(server_blocked))
        .filter(diesel::dsl::not(diesel::dsl::exists(conversation)))
        .select(users::actor_id)
        .first(c)
        .optional()?;
    if welcome.is_none() || already(c, notice)? {
        return Ok(());
    }
    let id = NotificationId::new();
    diesel::insert_into(notifications::table)
        .values((
            notifications::id.eq(id),
            notifications::recipient_id.eq(recipient),
            notifications::kind.eq(kind),
            notifications::actor_id.eq(actor),
            notifications::post_id.eq(post),
            notifications::created_at.eq(now),
        ))
        .execute(c)?;
    after_commit(Event::Notified { notification: id, recipient });
    Ok(())
}

/// Whether the same has been told before. An edit may be told again and again.
fn already(c: &mut Connection, notice: Notice) -> Result<bool> {
    if matches!(notice.kind, NotificationKind::Update | NotificationKind::QuotedUpdate) {
        return Ok(false);
    }
    let same = notifications::table
        .filter(notifications::actor_id.eq(notice.actor))
        .filter(notifications::recipient_id.eq(notice.recipient))
        .filter(notifications::kind.eq(notice.kind));
    Ok(match notice.post {
        Some(post) => diesel::select(diesel::dsl::exists(same.filter(notifications::post_id.eq(post)))).get_result(c)?,
        None => diesel::select(diesel::dsl::exists(same.filter(notifications::post_id.is_null()))).get_result(c)?,
    })
}

/// Takes back a notification whose cause was undone: a like, a boost, a follow.
pub fn withdraw(c: &mut Connection, notice: Notice) -> Result<()> {
    let same = notifications::table
        .filter(notifications::actor_id.eq(notice.actor))
        .filter(notifications::recipient_id.eq(notice.recipient))
        .filter(notifications::kind.eq(notice.kind));
    match notice.post {
        Some(post) => diesel::delete(same.filter(notifications::post_id.eq(post))).execute(c)?,
        None => diesel::delete(same.filter(notifications::post_id.is_null())).execute(c)?,
    };
    Ok(())
}

/// Deletes every notification about a post.
pub fn forget_post(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(notifications::table.filter(notifications::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// Deletes what `actor` caused for `recipient`: after a block.
pub fn forget_actor(c: &mut Connection, recipient: ActorId, actor: ActorId) -> Result<()> {
    diesel::delete(
        notifications::table.filter(notifications::actor_id.eq(actor)).filter(notifications::recipient_id.eq(recipient)),
    )
    .execute(c)?;
    Ok(())
}

/// One notification of a recipient.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, recipient: ActorId, id: NotificationId) -> Result<Notification> {
    notifications::table
        .find(id)
        .filter(notifications::recipient_id.eq(recipient))
        .select(cols::<Notification>())
        .first(c)
        .optional()?
        .ok_or(Error::NotFound("notification"))
}

/// Deletes some of a recipient's notifications, or all when `ids` is `None`.
pub fn dismiss(c: &mut Connection, recipient: ActorId, ids: Option<&[NotificationId]>) -> Result<()> {
    let own = notifications::table.filter(notifications::recipient_id.eq(recipient));
    match ids {
        Some(ids) => diesel::delete(own.filter(any_of(notifications::id, ids))).execute(c)?,
        None => diesel::delete(own).execute(c)?,
    };
    Ok(())
}

/// Which notifications are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only of these kinds; `None`: of all.
    pub kinds: Option<Vec<NotificationKind>>,
    /// Only those that this actor caused.
    pub actor: Option<ActorId>,
}

/// A recipient's notifications, newest first; none by those who are gone.
pub fn list(c: &mut Connection, recipient: ActorId, filter: &Filter, page: &Page) -> Result<Slice<Notification>> {
    let of_kind = if filter.kinds.is_some() { " AND notifications.kind IN :kinds" } else { "" };
    let by_actor = if filter.actor.is_some() { " AND notifications.actor_id = :actor" } else { "" };
    let order = if page.ascends() { "ASC" } else { "DESC" };
    let sql = format!(
        "FROM notifications CROSS JOIN actors a WHERE notifications.recipient_id = :recipient AND a.id = notifications.actor_id \
         AND a.suspended_at IS NULL AND a.deleted_at IS NULL{of_kind}{by_actor} \
         AND notifications.id > :after AND notifications.id < :before ORDER BY notifications.id {order} LIMIT :limit"
    );
    let kinds = filter.kinds.iter().flatten().map(|kind| i64::from(kind.code()));
    let mut rows: Vec<Notification> = select_written::<Notification>(sql)
        .number("recipient", recipient)
        .numbers("kinds", kinds)
        .number("actor", filter.actor.map_or(0, |a| a.0))
        .bounded(page)
        .load(c)?;
    if page.ascends() {
        rows.reverse();
    }
    Ok(Slice::new(rows.into_iter().map(|row| (row.id, row)).collect(), page))
}
