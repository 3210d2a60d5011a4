//! Notifications: rows for local people, made in the transaction of what they tell of.
//! A block or a mute, of a person or a conversation, keeps one from being made, and the recipient's policy
//! ([`crate::notification_policies`]) may; what is undone takes its notification along.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, cols, select_written};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, CollectionId, NotificationId, PostId};
use crate::notification_policies::{self, Verdict};
use crate::paging::{Page, Slice};
use crate::push_subscriptions;
use crate::schema::{actors, blocks, conversation_mutes, domain_blocks, mutes, notifications, posts, users};
use crate::time::Timestamp;
use crate::users::Role;
use crate::{notification_groups, notification_requests};

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
        /// A block or a suspension has ended follows of the recipient.
        Severed = 10 "severed_relationships",
        /// Somebody has joined; for those who run the server.
        SignUp = 12 "admin.sign_up",
        /// Somebody was reported; for those who run the server.
        Report = 13 "admin.report",
        /// Somebody put the recipient into a collection.
        AddedToCollection = 15 "added_to_collection",
        /// A collection in which the recipient stands has changed.
        CollectionUpdate = 16 "collection_update",
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
    /// Hidden by the recipient's policy.
    pub filtered: bool,
    /// What it is shown together with; `None`: it stands alone. See [`crate::notification_groups`].
    pub group_key: Option<String>,
    /// The newest of its group, or one that stands alone.
    pub head: bool,
    /// What it tells of besides a post: of [`NotificationKind::Severed`] the severance, of
    /// [`NotificationKind::Report`] the report.
    pub subject_id: Option<i64>,
    /// The collection that it is about.
    pub collection_id: Option<CollectionId>,
}

impl Notification {
    /// The key of its group, or one of its own (Mastodon's `group_key`).
    pub fn group_key(&self) -> String {
        self.group_key.clone().unwrap_or_else(|| notification_groups::lone_key(self.id))
    }
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

/// Notifies a local person, unless it did it itself, blocks or mutes the other or blocks its server, has muted the
/// conversation, or has been told already. What its policy filters is kept apart and announced to nobody.
pub fn notify(c: &mut Connection, notice: Notice) -> Result<()> {
    make(c, notice, Subject::Nothing)
}

/// [`notify`] of something that is no post: of what, the kind says.
pub(crate) fn notify_of(c: &mut Connection, notice: Notice, subject: Option<i64>) -> Result<()> {
    make(c, notice, subject.map_or(Subject::Nothing, Subject::Row))
}

/// [`notify`] of what somebody did with a collection in which the recipient stands; what was told before of the same is replaced.
pub(crate) fn notify_of_collection(
    c: &mut Connection,
    kind: NotificationKind,
    recipient: ActorId,
    actor: ActorId,
    collection: CollectionId,
) -> Result<()> {
    make(c, Notice { recipient, kind, actor, post: None }, Subject::Collection(collection))
}

/// What a notification tells of besides a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Nothing,
    /// A row of the table that the kind says.
    Row(i64),
    Collection(CollectionId),
}

fn make(c: &mut Connection, notice: Notice, subject: Subject) -> Result<()> {
    let Notice { recipient, kind, actor, post } = notice;
    if !is_welcome(c, notice)? {
        return Ok(());
    }
    let (row, collection) = match subject {
        Subject::Nothing if already(c, notice)? => return Ok(()),
        Subject::Nothing => (None, None),
        Subject::Row(row) => (Some(row), None),
        Subject::Collection(collection) => {
            let same = notifications::recipient_id.eq(recipient).and(notifications::kind.eq(kind));
            let told = notifications::table.filter(same).filter(notifications::collection_id.eq(collection));
            let left: Vec<Left> = diesel::delete(told).returning(LEFT).get_results(c)?;
            repair(c, left)?;
            (None, Some(collection))
        }
    };
    let filtered = match notification_policies::judge(c, notice)? {
        Verdict::Accept => false,
        Verdict::Filter => true,
        Verdict::Drop => return Ok(()),
    };
    let now = Timestamp::now();
    let group = if filtered { None } else { notification_groups::join(c, notice, now)? };
    let id = NotificationId::new();
    diesel::insert_into(notifications::table)
        .values((
            notifications::id.eq(id),
            notifications::recipient_id.eq(recipient),
            notifications::kind.eq(kind),
            notifications::actor_id.eq(actor),
            notifications::post_id.eq(post),
            notifications::created_at.eq(now),
            notifications::filtered.eq(filtered),
            notifications::group_key.eq(group),
            notifications::subject_id.eq(row),
            notifications::collection_id.eq(collection),
        ))
        .execute(c)?;
    if filtered {
        return notification_requests::record(c, notice);
    }
    push_subscriptions::tell(c, recipient, kind, id)?;
    after_commit(Event::Notified { notification: id, recipient });
    Ok(())
}

/// Deletes what a recipient was told of a collection: it stands there no longer.
pub(crate) fn forget_collection(c: &mut Connection, recipient: ActorId, collection: CollectionId) -> Result<()> {
    let told = notifications::table.filter(notifications::recipient_id.eq(recipient));
    let left: Vec<Left> =
        diesel::delete(told.filter(notifications::collection_id.eq(collection))).returning(LEFT).get_results(c)?;
    repair(c, left)
}

/// Whether the recipient is somebody of ours who wants to hear of it.
fn is_welcome(c: &mut Connection, notice: Notice) -> Result<bool> {
    let Notice { recipient, kind, actor, post } = notice;
    // The end of a poll is told to its author too; what nobody did is told as if one had done it oneself.
    if recipient == actor && !matches!(kind, NotificationKind::Poll | NotificationKind::Severed) {
        return Ok(false);
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
    Ok(welcome.is_some())
}

/// Tells those who run the server, moderators and above, of something that `actor` did.
pub(crate) fn tell_staff(c: &mut Connection, kind: NotificationKind, actor: ActorId, subject: Option<i64>) -> Result<()> {
    let staff: Vec<ActorId> = users::table
        .filter(users::role.ge(Role::Moderator))
        .filter(users::disabled_at.is_null())
        .select(users::actor_id)
        .load(c)?;
    for recipient in staff {
        notify_of(c, Notice { recipient, kind, actor, post: None }, subject)?;
    }
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
    let left: Vec<Left> = match notice.post {
        Some(post) => diesel::delete(same.filter(notifications::post_id.eq(post))).returning(LEFT).get_results(c)?,
        None => diesel::delete(same.filter(notifications::post_id.is_null())).returning(LEFT).get_results(c)?,
    };
    repair(c, left)
}

/// Deletes every notification about a post: whole groups.
pub fn forget_post(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(notifications::table.filter(notifications::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// Deletes what `actor` caused for `recipient`: after a block.
pub fn forget_actor(c: &mut Connection, recipient: ActorId, actor: ActorId) -> Result<()> {
    let caused = notifications::table.filter(notifications::actor_id.eq(actor)).filter(notifications::recipient_id.eq(recipient));
    let left: Vec<Left> = diesel::delete(caused).returning(LEFT).get_results(c)?;
    notification_requests::forget(c, recipient, &[actor])?;
    repair(c, left)
}

/// Deletes everything that `actor` caused for anybody: it is gone.
pub(crate) fn forget_all_by(c: &mut Connection, actor: ActorId) -> Result<()> {
    let caused = notifications::table.filter(notifications::actor_id.eq(actor));
    let left: Vec<Left> = diesel::delete(caused).returning(LEFT).get_results(c)?;
    repair(c, left)
}

/// Deletes what the people of a server caused for `recipient`: after it blocked the server.
pub fn forget_server(c: &mut Connection, recipient: ActorId, domain: &str) -> Result<()> {
    let people = actors::table.filter(actors::domain.eq(domain).or(actors::host.eq(domain))).select(actors::id);
    let caused =
        notifications::table.filter(notifications::recipient_id.eq(recipient)).filter(notifications::actor_id.eq_any(people));
    let left: Vec<Left> = diesel::delete(caused).returning(LEFT).get_results(c)?;
    notification_requests::forget_server(c, recipient, domain)?;
    repair(c, left)
}

/// A deleted notification's recipient and group, and whether it was the head of it.
type Left = (ActorId, Option<String>, bool);
type LeftColumns = (notifications::recipient_id, notifications::group_key, notifications::head);
const LEFT: LeftColumns = (notifications::recipient_id, notifications::group_key, notifications::head);

/// Gives groups that have lost their newest notification another head. Whoever deletes notifications without deleting whole
/// groups has to call it: a group without a head is not shown.
fn repair(c: &mut Connection, left: Vec<Left>) -> Result<()> {
    for (recipient, key, head) in left {
        if let (Some(key), true) = (key, head) {
            notification_groups::crown(c, recipient, &key)?;
        }
    }
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

/// Deletes one of a recipient's notifications. Nothing happens when there is none.
pub fn dismiss(c: &mut Connection, recipient: ActorId, id: NotificationId) -> Result<bool> {
    let own = notifications::table.filter(notifications::recipient_id.eq(recipient));
    let left: Vec<Left> = diesel::delete(own.filter(notifications::id.eq(id))).returning(LEFT).get_results(c)?;
    let was_there = !left.is_empty();
    repair(c, left)?;
    Ok(was_there)
}

/// Deletes all of a recipient's notifications, also the filtered ones.
pub fn clear(c: &mut Connection, recipient: ActorId) -> Result<()> {
    diesel::delete(notifications::table.filter(notifications::recipient_id.eq(recipient))).execute(c)?;
    notification_requests::clear(c, recipient)
}

/// Which notifications are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only of these kinds; `None`: of all.
    pub kinds: Option<Vec<NotificationKind>>,
    /// Only those that this actor caused.
    pub actor: Option<ActorId>,
    /// Also those that the recipient's policy filtered.
    pub filtered: bool,
}

/// A recipient's notifications, newest first; none by those who are gone.
pub fn list(c: &mut Connection, recipient: ActorId, filter: &Filter, page: &Page) -> Result<Slice<Notification>> {
    load(c, recipient, filter, None, page)
}

/// A page of notifications, or, with `grouped`, of groups: of those kinds only the newest of each.
///
/// Each part of the union walks along an index and stops at the limit, so that a page costs the same however many there are.
pub(crate) fn load(
    c: &mut Connection,
    recipient: ActorId,
    filter: &Filter,
    grouped: Option<&[NotificationKind]>,
    page: &Page,
) -> Result<Slice<Notification>> {
    const LIVING: &str = "a.suspended_at IS NULL AND a.deleted_at IS NULL";
    let order = if page.ascends() { "ASC" } else { "DESC" };
    let parts: Vec<String> = conditions(filter, grouped)
        .into_iter()
        .map(|condition| {
            // Whether anybody of a group is left is found out when its sample is.
            let living = if grouped.is_some() { format!("(n.group_key IS NOT NULL OR ({LIVING}))") } else { LIVING.to_owned() };
            format!(
                "SELECT f.id FROM (SELECT n.id FROM notifications n CROSS JOIN actors a WHERE n.recipient_id = :recipient \
                 AND {condition} AND n.id > :after AND n.id < :before AND a.id = n.actor_id AND {living} \
                 ORDER BY n.id {order} LIMIT :limit) AS f"
            )
        })
        .collect();
    if parts.is_empty() {
        return Ok(Slice::new::<NotificationId>(Vec::new(), page));
    }
    let sql = format!(
        "FROM ({}) AS found CROSS JOIN notifications WHERE notifications.id = found.id ORDER BY notifications.id {order} LIMIT :limit",
        parts.join(" UNION ALL ")
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

/// The conditions, none overlapping another, by each of which an index gives a part of what is asked for in order.
fn conditions(filter: &Filter, grouped: Option<&[NotificationKind]>) -> Vec<String> {
    let wanted = |kind: NotificationKind| filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind));
    if filter.actor.is_some() {
        // Of one actor there is never more than one in a group.
        let kinds = if filter.kinds.is_some() { " AND n.kind IN :kinds" } else { "" };
        let shown = if filter.filtered { "" } else { " AND NOT n.filtered" };
        return vec![format!("n.actor_id = :actor{kinds}{shown}")];
    }
    let mut parts = Vec::new();
    let of_kind = |kind: NotificationKind| format!("n.kind = {} AND NOT n.filtered", kind.code());
    match (&filter.kinds, grouped) {
        (None, None) => parts.push("NOT n.filtered".to_owned()),
        (None, Some(_)) => parts.push("n.head AND NOT n.filtered".to_owned()),
        (Some(kinds), None) => parts.extend(kinds.iter().copied().map(of_kind)),
        (Some(kinds), Some(grouped)) => {
            let (heads, single): (Vec<NotificationKind>, Vec<NotificationKind>) =
                kinds.iter().partition(|kind| kind.is_groupable() && grouped.contains(kind));
            parts.extend(single.into_iter().map(of_kind));
            if !heads.is_empty() {
                let codes: Vec<String> = heads.iter().map(|kind| kind.code().to_string()).collect();
                parts.push(format!("n.head AND NOT n.filtered AND n.kind IN ({})", codes.join(", ")));
            }
        }
    }
    if let (None, Some(grouped)) = (&filter.kinds, grouped) {
        let apart =
            NotificationKind::ALL.iter().copied().filter(|kind| kind.is_groupable() && !grouped.contains(kind) && wanted(*kind));
        parts.extend(apart.map(|kind| format!("{} AND NOT n.head", of_kind(kind))));
    }
    if filter.filtered {
        let kinds = if filter.kinds.is_some() { " AND n.kind IN :kinds" } else { "" };
        parts.push(format!("n.filtered{kinds}"));
    }
    parts
}
