//! `Block`: a remote actor wants nothing to do with one of ours (ActivityPub §7.9).

use majlis_local::actors::Actor;
use majlis_local::{Connection, Result, Site, blocks};

use super::{Handled, local_target, own_object};
use crate::vocab::Activity;

pub(super) fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(target) = local_target(c, site, activity.object_id())? else {
        return Ok(Handled::Ignored("blocks nobody of ours"));
    };
    let Some(id) = activity.id.as_deref() else { return Ok(Handled::Ignored("a block without id")) };
    own_object(actor, id)?;
    blocks::receive(c, id, actor.id, target.id)?;
    Ok(Handled::Done)
}
