//! `Delete`: a post, a leave to quote or the actor itself is gone (ActivityPub §7.4, FEP-044f). Pixelfed embeds a tombstone, others a bare id.

use majlis_local::actors::Actor;
use majlis_local::{Connection, Result, collection_items, collections, quotes, receive};

use super::{Handled, own_object};
use crate::vocab::Activity;

pub(super) fn handle(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(id) = activity.object_id() else { return Ok(Handled::Ignored("deletes nothing")) };
    if id == actor.uri {
        receive::delete_actor(c, actor.id)?;
        return Ok(Handled::Done);
    }
    own_object(actor, id)?;
    let known = quotes::receive_revocation(c, actor.id, id)?
        || collection_items::receive_revoked(c, actor.id, id)?
        || collections::receive_delete(c, actor.id, id)?;
    if !known {
        receive::delete(c, actor.id, id)?;
    }
    Ok(Handled::Done)
}
