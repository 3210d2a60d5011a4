//! Blocks: two actors who have nothing to do with each other any more. A block cuts every tie in both directions.

use diesel::prelude::*;

use crate::actors;
use crate::circles;
use crate::collection_items;
use crate::connection::{Connection, PortableDsl};
use crate::conversations;
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::follow_requests;
use crate::follows;
use crate::ids::{ActorId, BlockId};
use crate::jobs::{self, Change, Job};
use crate::lists;
use crate::notifications;
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, blocks};
use crate::site::Site;
use crate::time::Timestamp;
use crate::tombstones;

/// A block as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[allow(missing_docs)]
pub struct Block {
    pub id: BlockId,
    /// Who blocks.
    pub actor_id: ActorId,
    /// Whom.
    pub target_id: ActorId,
    /// The id of the `Block` activity.
    pub uri: String,
    pub created_at: Timestamp,
}

/// A local person blocks somebody: follows and requests between the two end, the blocked leaves the person's lists, notifications
/// and conversations (and the person the blocked one's lists). Posts of the blocked that quote the person
/// stay as they are. Blocking again changes nothing.
///
/// # Errors
/// [`Error::Forbidden`] for oneself; [`Error::NotFound`] for nobody.
pub fn block(c: &mut Connection, site: &Site, actor: ActorId, target: ActorId) -> Result<BlockId> {
    if actor == target {
        return Err(Error::Forbidden("You cannot block yourself"));
    }
    let (source, other) = (actors::get(c, actor)?, actors::get(c, target)?);
    if let Some(block) = get(c, actor, target)? {
        return Ok(block.id);
    }
    follows::unfollow(c, actor, target)?;
    follows::remove_follower(c, actor, target)?;
    let id = BlockId::new();
    let uri = site.block_uri(&source.username, id);
    let made = insert(c, id, actor, target, &uri)?;
    notifications::forget_actor(c, actor, target)?;
    conversations::part(c, actor, target)?;
    collection_items::part(c, actor, target)?;
    circles::part(c, actor, target)?;
    if made && !other.is_local() {
        jobs::enqueue(c, &Job::Federate { change: Change::Blocked { block: id, uri, actor, target } })?;
    }
    Ok(id)
}

/// A local person no longer blocks somebody. What the block has cut stays cut. Nothing happens when there was none.
pub fn unblock(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    if let Some(former) = remove(c, actor, target)?
        && !actors::get(c, target)?.is_local()
    {
        jobs::enqueue(c, &Job::Federate { change: Change::Unblocked { uri: former.uri, actor, target } })?;
    }
    Ok(())
}

/// A remote actor's `Block` of a local one. Its server has cut the follows on its side, so none of that is told back.
pub fn receive(c: &mut Connection, uri: &str, actor: ActorId, target: ActorId) -> Result<()> {
    let (source, other) = (actors::get(c, actor)?, actors::get(c, target)?);
    if source.is_local() || !other.is_local() || get(c, actor, target)?.is_some() {
        return Ok(());
    }
    if tombstones::consume(c, uri, Timestamp::now().plus_seconds(-follows::LATE_SECONDS))? {
        return Ok(()); // its Undo came first
    }
    for (follower, followed) in [(actor, target), (target, actor)] {
        follows::sever(c, follower, followed)?;
        follow_requests::withdraw(c, follower, followed)?;
    }
    insert(c, BlockId::new(), actor, target, uri)?;
    collection_items::part(c, actor, target)?;
    circles::part(c, actor, target)?;
    Ok(())
}

/// A remote actor's `Undo{Block}`, by the block's id, the blocked, or both.
pub fn receive_undo(c: &mut Connection, actor: ActorId, uri: Option<&str>, target: Option<ActorId>) -> Result<()> {
    let target = match (target, uri) {
        (Some(target), _) => Some(target),
        (None, Some(uri)) => blocks::table
            .filter(blocks::actor_id.eq(actor))
            .filter(blocks::uri.eq(uri))
            .select(blocks::target_id)
            .first(c)
            .optional()?,
        (None, None) => None,
    };
    let former = match target {
        Some(target) => remove(c, actor, target)?,
        None => None,
    };
    if former.is_none() { follows::remember_early(c, actor, uri) } else { Ok(()) }
}

/// The block of `target` by `actor`.
pub fn get(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Block>> {
    Ok(blocks::table.filter(blocks::actor_id.eq(actor)).filter(blocks::target_id.eq(target)).first(c).optional()?)
}

/// Whether one of two actors blocks the other.
pub fn either_way(c: &mut Connection, one: ActorId, other: ActorId) -> Result<bool> {
    Ok(get(c, one, other)?.is_some() || get(c, other, one)?.is_some())
}

/// Those whom `actor` blocks, the latest first. Those who are gone stay in the list: they may be unblocked.
pub fn blocked(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<ActorId>> {
    let rows = paged!(
        c,
        page,
        blocks::id,
        blocks::table
            .inner_join(people::table.on(people::id.eq(blocks::target_id)))
            .filter(blocks::actor_id.eq(actor))
            .filter(people::deleted_at.is_null())
            .select((blocks::id, blocks::target_id))
    );
    Ok(Slice::new::<BlockId>(rows, page))
}

/// False when there was one already.
fn insert(c: &mut Connection, id: BlockId, actor: ActorId, target: ActorId, uri: &str) -> Result<bool> {
    let made = diesel::insert_into(blocks::table)
        .values((
            blocks::id.eq(id),
            blocks::actor_id.eq(actor),
            blocks::target_id.eq(target),
            blocks::uri.eq(uri),
            blocks::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    lists::forget_member(c, actor, target)?;
    lists::forget_member(c, target, actor)?;
    changed(actor, target);
    Ok(made == 1)
}

fn remove(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Block>> {
    let former = diesel::delete(blocks::table.filter(blocks::actor_id.eq(actor)).filter(blocks::target_id.eq(target)))
        .returning(blocks::all_columns)
        .get_result(c)
        .optional()?;
    if former.is_some() {
        changed(actor, target);
    }
    Ok(former)
}

/// Neither sees the other, or both do again.
fn changed(actor: ActorId, target: ActorId) {
    after_commit(Event::RelationsChanged(actor));
    after_commit(Event::RelationsChanged(target));
}
