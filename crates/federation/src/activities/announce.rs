//! `Announce`: a boost (ActivityPub §7.11), or what a group passes on (FEP-1b12): there the object may be a whole
//! activity, whose word the group's signature does not prove, so that only its object's id counts.

use majlis_local::actors::{self, Actor};
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Result, Timestamp, boosts, follows, posts, tombstones};

use super::{Handled, own_object};
use crate::objects::actor::not_later_than_now;
use crate::vocab::{self, Activity, ActivityKind, Object};

pub(super) fn handle(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let (Some(id), Some(object)) = (activity.id.as_deref(), boosted(activity)) else {
        return Ok(Handled::Ignored("announces no post"));
    };
    own_object(actor, id)?;
    if tombstones::known(c, id)? {
        return Ok(Handled::Ignored("a boost that was undone before it came"));
    }
    let post = posts::by_uri(c, object)?;
    let is_ours = post.as_ref().is_some_and(|p| p.local);
    if !is_ours && !follows::has_local_followers(c, actor.id)? {
        return Ok(Handled::Ignored("a boost that nobody here follows"));
    }
    let Some(post) = post else { return Ok(Handled::Fetch) };
    let followers = actors::endpoints(c, actor.id)?.followers;
    let visibility = match vocab::audience::visibility(&activity.to, &activity.cc, followers.as_deref()) {
        vocab::Visibility::Public => Visibility::Public,
        vocab::Visibility::Unlisted => Visibility::Unlisted,
        vocab::Visibility::Private => Visibility::Private,
        vocab::Visibility::Direct if activity.to.is_empty() && activity.cc.is_empty() => Visibility::Public,
        vocab::Visibility::Direct => return Ok(Handled::Ignored("a boost for somebody else")),
    };
    let at = activity.published.map_or_else(Timestamp::now, |at| not_later_than_now(at.into()));
    boosts::receive(c, actor.id, &post, id, visibility, at)?;
    Ok(Handled::Done)
}

/// The id of the post that is announced, directly or inside a `Create`.
pub(crate) fn boosted(activity: &Activity) -> Option<&str> {
    match activity.object()? {
        Object::Activity(inner) if inner.kind == ActivityKind::Create => inner.object_id(),
        Object::Activity(_) => None,
        object => object.id(),
    }
}
