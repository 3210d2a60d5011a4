//! Mutes: whom a person does not want to see for now. Nobody is told. A mute that has expired does not count anywhere,
//! whether or not [`purge`] has taken its row away.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::actors;
use crate::connection::{Connection, PortableDsl, any_of};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, MuteId};
use crate::notifications;
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, mutes};
use crate::time::Timestamp;

/// A mute as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[allow(missing_docs)]
pub struct Mute {
    pub id: MuteId,
    /// Who mutes.
    pub actor_id: ActorId,
    /// Whom.
    pub target_id: ActorId,
    /// Whether notifications are muted too.
    pub notifications: bool,
    /// When it ends; `None`: when it is lifted.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A local person mutes somebody, for `seconds` or for good (`None`); with `notifications`, also what that one causes.
/// Muting again sets both anew.
///
/// # Errors
/// [`Error::Forbidden`] for oneself; [`Error::NotFound`] for nobody.
pub fn mute(c: &mut Connection, actor: ActorId, target: ActorId, notifications: bool, seconds: Option<i64>) -> Result<()> {
    if actor == target {
        return Err(Error::Forbidden("You cannot mute yourself"));
    }
    actors::get(c, target)?;
    let now = Timestamp::now();
    let expires_at = seconds.filter(|seconds| *seconds > 0).map(|seconds| now.plus_seconds(seconds));
    diesel::insert_into(mutes::table)
        .values((
            mutes::id.eq(MuteId::new()),
            mutes::actor_id.eq(actor),
            mutes::target_id.eq(target),
            mutes::notifications.eq(notifications),
            mutes::expires_at.eq(expires_at),
            mutes::created_at.eq(now),
        ))
        .on_conflict((mutes::actor_id, mutes::target_id))
        .do_update()
        .set((mutes::notifications.eq(excluded(mutes::notifications)), mutes::expires_at.eq(excluded(mutes::expires_at))))
        .portable()
        .execute(c)?;
    if notifications {
        notifications::forget_actor(c, actor, target)?;
    }
    after_commit(Event::RelationsChanged(actor));
    Ok(())
}

/// A local person no longer mutes somebody. Nothing happens when it did not.
pub fn unmute(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    let former = diesel::delete(mutes::table.filter(mutes::actor_id.eq(actor)).filter(mutes::target_id.eq(target))).execute(c)?;
    if former > 0 {
        after_commit(Event::RelationsChanged(actor));
    }
    Ok(())
}

/// The mute of `target` by `actor`, while it lasts.
pub fn get(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Mute>> {
    Ok(mutes::table
        .filter(mutes::actor_id.eq(actor))
        .filter(mutes::target_id.eq(target))
        .filter(mutes::expires_at.is_null().or(mutes::expires_at.gt(Timestamp::now())))
        .first(c)
        .optional()?)
}

/// The mutes of `actor` that last, the latest first.
pub fn muted(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<Mute>> {
    let rows: Vec<Mute> = paged!(
        c,
        page,
        mutes::id,
        mutes::table
            .inner_join(people::table.on(people::id.eq(mutes::target_id)))
            .filter(mutes::actor_id.eq(actor))
            .filter(people::deleted_at.is_null())
            .filter(mutes::expires_at.is_null().or(mutes::expires_at.gt(Timestamp::now())))
            .select(mutes::all_columns)
    );
    Ok(Slice::new(rows.into_iter().map(|mute| (mute.id, mute)).collect(), page))
}

/// Removes up to `limit` mutes that have expired; gives back how many were removed.
pub fn purge(c: &mut Connection, limit: i64) -> Result<usize> {
    let over: Vec<(MuteId, ActorId)> =
        mutes::table.filter(mutes::expires_at.le(Timestamp::now())).limit(limit).select((mutes::id, mutes::actor_id)).load(c)?;
    let removed = diesel::delete(mutes::table.filter(any_of(mutes::id, over.iter().map(|row| row.0)))).execute(c)?;
    for (_, actor) in over {
        after_commit(Event::RelationsChanged(actor));
    }
    Ok(removed)
}
