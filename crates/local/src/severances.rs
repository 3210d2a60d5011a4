//! Severances: what somebody lost when a server or an account was blocked or suspended, and is told of.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, cols};
use crate::error::Result;
use crate::ids::{ActorId, SeveranceId};
use crate::notifications::{self, Notice, NotificationKind};
use crate::schema::severances;
use crate::time::Timestamp;

stored_enum! {
    /// Why follows have ended (Mastodon's `type` of the event).
    Cause {
        /// Those who run the server have suspended another one.
        DomainBlock = 0 "domain_block",
        /// The person itself has blocked a server.
        OwnDomainBlock = 1 "user_domain_block",
        /// Those who run the server have suspended an account.
        AccountSuspension = 2 "account_suspension",
    }
}

/// A severance as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = severances)]
pub struct Severance {
    /// Its id.
    pub id: SeveranceId,
    /// Why.
    pub cause: Cause,
    /// The domain or the handle.
    pub target: String,
    /// Followers that the person lost.
    pub followers: i64,
    /// Those whom the person no longer follows.
    pub following: i64,
    /// When.
    pub created_at: Timestamp,
}

/// Writes down what `actor` loses, and tells it. Nothing happens when it loses nothing.
pub fn record(c: &mut Connection, actor: ActorId, cause: Cause, target: &str, followers: i64, following: i64) -> Result<()> {
    if followers + following == 0 {
        return Ok(());
    }
    let id = SeveranceId::new();
    diesel::insert_into(severances::table)
        .values((
            severances::id.eq(id),
            severances::actor_id.eq(actor),
            severances::cause.eq(cause),
            severances::target.eq(target),
            severances::followers.eq(followers),
            severances::following.eq(following),
            severances::created_at.eq(Timestamp::now()),
        ))
        .execute(c)?;
    notifications::notify_of(c, Notice { recipient: actor, kind: NotificationKind::Severed, actor, post: None }, Some(id.0))
}

/// The severances of `actor` with these ids. One query, and none when there are none.
pub fn find_many(c: &mut Connection, actor: ActorId, ids: &[SeveranceId]) -> Result<Vec<Severance>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let own = severances::table.filter(severances::actor_id.eq(actor));
    Ok(own.filter(any_of(severances::id, ids)).select(cols::<Severance>()).load(c)?)
}
