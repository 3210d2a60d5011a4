//! Push subscriptions: where a person's apps hear of notifications while they do not run. A token has one at the most; it
//! goes with the token.

use std::collections::BTreeSet;

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, cols};
use crate::error::{Error, Result};
use crate::follows;
use crate::ids::{ActorId, NotificationId, PushSubscriptionId, TokenId};
use crate::jobs::{self, Job};
use crate::notifications::NotificationKind;
use crate::schema::push_subscriptions;
use crate::time::Timestamp;

stored_enum! {
    /// By whom a notification must be to be pushed.
    Senders {
        /// By anybody.
        All = 0 "all",
        /// By those whom the person follows.
        Followed = 1 "followed",
        /// By those who follow the person.
        Follower = 2 "follower",
        /// By nobody: nothing is pushed.
        None = 3 "none",
    }
}

/// The kinds of notifications that an app wants pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alerts(pub BTreeSet<NotificationKind>);

impl Alerts {
    fn bit(kind: NotificationKind) -> i64 {
        1 << kind.code()
    }

    fn stored(&self) -> i64 {
        self.0.iter().map(|kind| Self::bit(*kind)).sum()
    }
}

impl From<i64> for Alerts {
    fn from(bits: i64) -> Self {
        Self(NotificationKind::ALL.iter().copied().filter(|kind| bits & Self::bit(*kind) != 0).collect())
    }
}

/// A subscription as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = push_subscriptions)]
#[allow(missing_docs)]
pub struct PushSubscription {
    pub id: PushSubscriptionId,
    /// Whose notifications are told.
    pub actor_id: ActorId,
    /// An address of the app's push service.
    pub endpoint: String,
    /// The app's public key: an uncompressed point of P-256, base64url.
    pub p256dh: String,
    /// 16 bytes that the app and we share, base64url.
    pub auth: String,
    /// Whether the app reads RFC 8291, or the draft before it.
    pub standard: bool,
    #[diesel(deserialize_as = i64)]
    pub alerts: Alerts,
    pub policy: Senders,
    /// The text of the token, by which the app knows whose notification it is.
    pub access_token: String,
}

/// A subscription to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewPushSubscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    pub standard: bool,
    pub alerts: Alerts,
    pub policy: Senders,
    pub access_token: String,
}

/// Makes a token's subscription, in place of the one before.
pub fn create(c: &mut Connection, actor: ActorId, token: TokenId, new: NewPushSubscription) -> Result<PushSubscription> {
    delete(c, token)?;
    let made = diesel::insert_into(push_subscriptions::table)
        .values((
            push_subscriptions::token_id.eq(token),
            push_subscriptions::actor_id.eq(actor),
            push_subscriptions::endpoint.eq(new.endpoint),
            push_subscriptions::p256dh.eq(new.p256dh),
            push_subscriptions::auth.eq(new.auth),
            push_subscriptions::standard.eq(new.standard),
            push_subscriptions::alerts.eq(new.alerts.stored()),
            push_subscriptions::policy.eq(new.policy),
            push_subscriptions::access_token.eq(new.access_token),
            push_subscriptions::created_at.eq(Timestamp::now()),
        ))
        .returning(cols::<PushSubscription>())
        .get_result(c)?;
    Ok(made)
}

/// The subscription of a token.
///
/// # Errors
/// [`Error::NotFound`].
pub fn of_token(c: &mut Connection, token: TokenId) -> Result<PushSubscription> {
    let own = push_subscriptions::table.filter(push_subscriptions::token_id.eq(token));
    own.select(cols::<PushSubscription>()).first(c).optional()?.ok_or(Error::NotFound("push subscription"))
}

/// The subscription with this id, if it is still there.
pub fn find(c: &mut Connection, id: PushSubscriptionId) -> Result<Option<PushSubscription>> {
    Ok(push_subscriptions::table.find(id).select(cols::<PushSubscription>()).first(c).optional()?)
}

/// Changes what is told and by whom.
///
/// # Errors
/// [`Error::NotFound`].
pub fn change(c: &mut Connection, token: TokenId, alerts: &Alerts, policy: Senders) -> Result<PushSubscription> {
    let own = push_subscriptions::table.filter(push_subscriptions::token_id.eq(token));
    diesel::update(own)
        .set((push_subscriptions::alerts.eq(alerts.stored()), push_subscriptions::policy.eq(policy)))
        .returning(cols::<PushSubscription>())
        .get_result(c)
        .optional()?
        .ok_or(Error::NotFound("push subscription"))
}

/// Ends a token's subscription. Nothing happens when there is none.
pub fn delete(c: &mut Connection, token: TokenId) -> Result<()> {
    diesel::delete(push_subscriptions::table.filter(push_subscriptions::token_id.eq(token))).execute(c)?;
    Ok(())
}

/// Ends a subscription whose push service does not know it any more.
pub fn end(c: &mut Connection, id: PushSubscriptionId) -> Result<()> {
    diesel::delete(push_subscriptions::table.find(id)).execute(c)?;
    Ok(())
}

/// Whether a notification by `actor` is to be pushed to a subscription of `recipient`.
pub fn is_wanted(c: &mut Connection, subscription: &PushSubscription, kind: NotificationKind, actor: ActorId) -> Result<bool> {
    let recipient = subscription.actor_id;
    Ok(subscription.alerts.0.contains(&kind)
        && match subscription.policy {
            Senders::All => true,
            Senders::Followed => follows::get(c, recipient, actor)?.is_some(),
            Senders::Follower => follows::get(c, actor, recipient)?.is_some(),
            Senders::None => false,
        })
}

/// Has a new notification pushed to the recipient's apps that want its kind.
pub(crate) fn tell(c: &mut Connection, recipient: ActorId, kind: NotificationKind, notification: NotificationId) -> Result<()> {
    let apps: Vec<(PushSubscriptionId, i64)> = push_subscriptions::table
        .filter(push_subscriptions::actor_id.eq(recipient))
        .filter(push_subscriptions::policy.ne(Senders::None))
        .select((push_subscriptions::id, push_subscriptions::alerts))
        .load(c)?;
    for (subscription, alerts) in apps {
        if alerts & Alerts::bit(kind) != 0 {
            jobs::enqueue(c, &Job::Push { subscription, notification })?;
        }
    }
    Ok(())
}
