//! `Like`: of a post of ours (ActivityPub §7.10). Misskey's reactions come as likes with a content and count as likes.

use majlis_local::actors::Actor;
use majlis_local::{Connection, Result, likes, posts, tombstones, visibility};

use super::{Handled, own_object};
use crate::vocab::Activity;

pub(super) fn handle(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let (Some(id), Some(object)) = (activity.id.as_deref(), activity.object_id()) else {
        return Ok(Handled::Ignored("a like without id or object"));
    };
    own_object(actor, id)?;
    let Some(post) = posts::by_uri(c, object)?.filter(|p| p.local && !p.is_boost() && p.deleted_at.is_none()) else {
        return Ok(Handled::Ignored("a like of what is not ours"));
    };
    if tombstones::known(c, id)? {
        return Ok(Handled::Ignored("a like that was undone before it came"));
    }
    if !visibility::may_see(c, Some(actor.id), &post)? {
        return Ok(Handled::Ignored("a like of what the liker may not see"));
    }
    likes::receive(c, actor.id, &post, id)?;
    Ok(Handled::Done)
}
