//! `Add` and `Remove`: pins, when the target is the actor's own featured collection (ActivityPub §6.6, §6.7); people in
//! collections are [`super::feature`]'s.

use majlis_local::actors::{self, Actor};
use majlis_local::posts::Post;
use majlis_local::{Connection, Result, pins, posts};

use super::Handled;
use crate::vocab::Activity;

pub(super) fn add(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    if super::feature::added(c, activity, actor)? {
        return Ok(Handled::Done);
    }
    match named(c, activity, actor)? {
        Some(post) => pins::receive(c, actor.id, &post)?,
        None => return Ok(Handled::Ignored("adds what is no post of its own to its featured ones")),
    }
    Ok(Handled::Done)
}

pub(super) fn remove(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    if super::feature::removed(c, activity, actor)? {
        return Ok(Handled::Done);
    }
    match named(c, activity, actor)? {
        Some(post) => pins::receive_undo(c, actor.id, post.id)?,
        None => return Ok(Handled::Ignored("removes what is no post of its own from its featured ones")),
    }
    Ok(Handled::Done)
}

fn named(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Option<Post>> {
    let featured = actors::endpoints(c, actor.id)?.featured;
    let (Some(id), true) = (activity.object_id(), activity.target.is_some() && activity.target == featured) else {
        return Ok(None);
    };
    Ok(posts::by_uri(c, id)?.filter(|post| post.author_id == actor.id && post.deleted_at.is_none()))
}
