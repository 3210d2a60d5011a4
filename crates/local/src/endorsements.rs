//! Endorsements: those of whom a person says on its profile that they are worth following. Only whom one follows can be
//! endorsed, and whoever is followed no longer is endorsed no longer.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_of};
use crate::error::{Error, Flaw, Result};
use crate::follows;
use crate::ids::{ActorId, EndorsementId};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, endorsements};
use crate::time::Timestamp;
use crate::visibility::listable;

/// Endorses somebody whom the person follows. Endorsing again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] when the person does not follow it.
pub fn add(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    if !follows::is_following(c, actor, target)? {
        return Err(Error::invalid("base", Flaw::Invalid, "Only people whom you follow can be featured on your profile"));
    }
    diesel::insert_into(endorsements::table)
        .values((
            endorsements::id.eq(EndorsementId::new()),
            endorsements::actor_id.eq(actor),
            endorsements::target_id.eq(target),
            endorsements::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

/// Takes an endorsement back. Nothing happens when there was none.
pub fn remove(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    forget(c, actor, target)
}

/// Those whom `of` endorses, the latest first; without those who are gone, those whom `viewer` blocks,
/// mutes or is blocked by, and those whose server it blocks.
pub fn list(c: &mut Connection, of: ActorId, viewer: Option<ActorId>, page: &Page) -> Result<Slice<ActorId>> {
    let viewer = viewer.filter(|viewer| *viewer != of).unwrap_or(ActorId(0));
    let rows = paged!(
        c,
        page,
        endorsements::id,
        endorsements::table
            .inner_join(people::table)
            .filter(endorsements::actor_id.eq(of))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .filter(listable!(endorsements::target_id, viewer))
            .select((endorsements::id, endorsements::target_id))
    );
    Ok(Slice::new::<EndorsementId>(rows, page))
}

/// Those of `targets` whom `actor` endorses.
pub(crate) fn among(c: &mut Connection, actor: ActorId, targets: &[ActorId]) -> Result<Vec<ActorId>> {
    let own = endorsements::table.filter(endorsements::actor_id.eq(actor));
    Ok(own.filter(any_of(endorsements::target_id, targets)).select(endorsements::target_id).load(c)?)
}

/// The person follows `target` no longer.
pub(crate) fn forget(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    let own = endorsements::table.filter(endorsements::actor_id.eq(actor));
    diesel::delete(own.filter(endorsements::target_id.eq(target))).execute(c)?;
    Ok(())
}
