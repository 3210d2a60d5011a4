//! Notification policies: what becomes of notifications by those whom the recipient does not know. What is filtered waits in
//! a request ([`crate::notification_requests`]); what is dropped is never made.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable};
use diesel::upsert::excluded;

use crate::actors::ActorKind;
use crate::codes::stored_enum;
use crate::connection::{Connection, PortableDsl, cols, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::notifications::{Notice, NotificationKind};
use crate::schema::{notification_policies, posts};
use crate::time::Timestamp;
use crate::users::Role;
use crate::visibility::Visibility;

/// Days for which an account is new.
const NEW_ACCOUNT_DAYS: i64 = 30;
/// Days for which a follower does not count as one.
const NEW_FOLLOWER_DAYS: i64 = 3;
const DAY_SECONDS: i64 = 24 * 3_600;
/// Posts of a thread that are read upwards to find out who began it.
const MOST_PARENTS: i64 = 100;

stored_enum! {
    /// What becomes of a notification.
    Verdict {
        /// It is shown.
        Accept = 0 "accept",
        /// It is made, and hidden.
        Filter = 1 "filter",
        /// It is not made.
        Drop = 2 "drop",
    }
}

/// What somebody wants of notifications by whom. The defaults are Mastodon's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = notification_policies)]
pub struct Policy {
    /// By those whom the recipient does not follow.
    pub for_not_following: Verdict,
    /// By those who do not follow the recipient, or only since three days.
    pub for_not_followers: Verdict,
    /// By accounts of less than 30 days.
    pub for_new_accounts: Verdict,
    /// Direct mentions that do not answer one of the recipient's.
    pub for_private_mentions: Verdict,
    /// By accounts that a moderator has limited.
    pub for_limited_accounts: Verdict,
    /// By bots.
    pub for_bots: Verdict,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            for_not_following: Verdict::Accept,
            for_not_followers: Verdict::Accept,
            for_new_accounts: Verdict::Accept,
            for_private_mentions: Verdict::Filter,
            for_limited_accounts: Verdict::Filter,
            for_bots: Verdict::Accept,
        }
    }
}

/// The policy of `actor`.
pub fn of(c: &mut Connection, actor: ActorId) -> Result<Policy> {
    Ok(notification_policies::table.find(actor).select(cols::<Policy>()).first(c).optional()?.unwrap_or_default())
}

/// Changes the policy of `actor`, from now on: what was made before stays as it is.
pub fn set(c: &mut Connection, actor: ActorId, policy: Policy) -> Result<()> {
    use notification_policies as columns;
    diesel::insert_into(columns::table)
        .values((columns::actor_id.eq(actor), policy))
        .on_conflict(columns::actor_id)
        .do_update()
        .set((
            columns::for_not_following.eq(excluded(columns::for_not_following)),
            columns::for_not_followers.eq(excluded(columns::for_not_followers)),
            columns::for_new_accounts.eq(excluded(columns::for_new_accounts)),
            columns::for_private_mentions.eq(excluded(columns::for_private_mentions)),
            columns::for_limited_accounts.eq(excluded(columns::for_limited_accounts)),
            columns::for_bots.eq(excluded(columns::for_bots)),
        ))
        .portable()
        .execute(c)?;
    Ok(())
}

/// What becomes of a notification by its recipient's policy.
pub(crate) fn judge(c: &mut Connection, notice: Notice) -> Result<Verdict> {
    let filterable = matches!(
        notice.kind,
        NotificationKind::Mention
            | NotificationKind::Boost
            | NotificationKind::Follow
            | NotificationKind::FollowRequest
            | NotificationKind::Like
            | NotificationKind::Quote
            | NotificationKind::Reaction
    );
    if !filterable {
        return Ok(Verdict::Accept);
    }
    let Some((policy, sender)) = known(c, notice)? else { return Ok(Verdict::Accept) };
    if sender.permitted || (sender.staff && notice.kind == NotificationKind::Mention) {
        return Ok(Verdict::Accept);
    }
    let now = Timestamp::now();
    let days_ago = |days: i64| now.plus_seconds(-days * DAY_SECONDS);
    let follower = sender.follows_since.is_some_and(|since| since <= days_ago(NEW_FOLLOWER_DAYS));
    let stranger = !sender.followed;
    let simple = [
        (policy.for_not_following, stranger),
        (policy.for_not_followers, !follower),
        (policy.for_new_accounts, stranger && sender.created_at > days_ago(NEW_ACCOUNT_DAYS)),
        (policy.for_limited_accounts, stranger && sender.limited),
        (policy.for_bots, stranger && sender.bot),
    ];
    let verdict = simple.into_iter().filter(|(_, fits)| *fits).map(|(verdict, _)| verdict).max().unwrap_or(Verdict::Accept);
    // Asked last: it reads a thread.
    if policy.for_private_mentions > verdict && stranger && is_uninvited_letter(c, notice)? {
        return Ok(policy.for_private_mentions);
    }
    Ok(verdict)
}

/// What a recipient's policy asks of a sender.
struct Sender {
    created_at: Timestamp,
    limited: bool,
    bot: bool,
    /// A moderator, or more, of this server.
    staff: bool,
    followed: bool,
    follows_since: Option<Timestamp>,
    permitted: bool,
}

/// The recipient's policy and what it asks of the sender. One query.
fn known(c: &mut Connection, notice: Notice) -> Result<Option<(Policy, Sender)>> {
    const SQL: &str = "SELECT a.created_at, a.silenced_at, a.kind, u.role, \
         (SELECT MIN(f.created_at) FROM follows f WHERE f.actor_id = a.id AND f.target_id = :recipient), \
         EXISTS (SELECT 1 FROM follows f WHERE f.actor_id = :recipient AND f.target_id = a.id), \
         EXISTS (SELECT 1 FROM notification_permissions m WHERE m.recipient_id = :recipient AND m.actor_id = a.id), \
         p.for_not_following, p.for_not_followers, p.for_new_accounts, p.for_private_mentions, p.for_limited_accounts, p.for_bots \
         FROM actors a LEFT JOIN notification_policies p ON p.actor_id = :recipient LEFT JOIN users u ON u.actor_id = a.id \
         WHERE a.id = :actor";
    type Columns = (
        (BigInt, Nullable<BigInt>, Integer, Nullable<Integer>, Nullable<BigInt>, Bool, Bool),
        (Nullable<Integer>, Nullable<Integer>, Nullable<Integer>, Nullable<Integer>, Nullable<Integer>, Nullable<Integer>),
    );
    type Facts = (Timestamp, Option<Timestamp>, ActorKind, Option<Role>, Option<Timestamp>, bool, bool);
    type Stored = (Option<Verdict>, Option<Verdict>, Option<Verdict>, Option<Verdict>, Option<Verdict>, Option<Verdict>);
    let row: Option<(Facts, Stored)> =
        written::<Columns>(SQL).number("recipient", notice.recipient).number("actor", notice.actor).get_result(c).optional()?;
    Ok(row.map(|((created_at, silenced, kind, role, follows_since, followed, permitted), stored)| {
        let usual = Policy::default();
        let policy = Policy {
            for_not_following: stored.0.unwrap_or(usual.for_not_following),
            for_not_followers: stored.1.unwrap_or(usual.for_not_followers),
            for_new_accounts: stored.2.unwrap_or(usual.for_new_accounts),
            for_private_mentions: stored.3.unwrap_or(usual.for_private_mentions),
            for_limited_accounts: stored.4.unwrap_or(usual.for_limited_accounts),
            for_bots: stored.5.unwrap_or(usual.for_bots),
        };
        let sender = Sender {
            created_at,
            limited: silenced.is_some(),
            bot: matches!(kind, ActorKind::Service | ActorKind::Application),
            staff: role.is_some_and(|role| role > Role::User),
            followed,
            follows_since,
            permitted,
        };
        (policy, sender)
    }))
}

/// Whether a mention is a direct one that answers no direct one of the recipient's to its author.
fn is_uninvited_letter(c: &mut Connection, notice: Notice) -> Result<bool> {
    let (NotificationKind::Mention, Some(post)) = (notice.kind, notice.post) else { return Ok(false) };
    let parent: Option<(Visibility, Option<PostId>)> =
        posts::table.find(post).select((posts::visibility, posts::in_reply_to_id)).first(c).optional()?;
    let parent = match parent {
        Some((Visibility::Direct, parent)) => parent,
        Some(_) | None => return Ok(false),
    };
    let Some(parent) = parent else { return Ok(true) };
    const SQL: &str = "WITH RECURSIVE up (id, parent, depth) AS ( \
         SELECT p.id, p.in_reply_to_id, 1 FROM posts p WHERE p.id = :parent \
         UNION ALL SELECT p.id, p.in_reply_to_id, up.depth + 1 FROM up CROSS JOIN posts p WHERE p.id = up.parent AND up.depth < :most) \
         SELECT up.id FROM up CROSS JOIN posts p WHERE p.id = up.id AND p.author_id = :recipient AND p.visibility = 3 \
         AND EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = p.id AND m.actor_id = :actor) LIMIT 1";
    let invited: Option<i64> = written::<BigInt>(SQL)
        .number("parent", parent)
        .number("most", MOST_PARENTS)
        .number("recipient", notice.recipient)
        .number("actor", notice.actor)
        .get_result(c)
        .optional()?;
    Ok(invited.is_none())
}
