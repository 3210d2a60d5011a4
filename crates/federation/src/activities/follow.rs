//! `Follow`, and the `Accept` or `Reject` that answers one of ours (ActivityPub §7.5–7.7).

use majlis_local::actors::{self, Actor};
use majlis_local::{Connection, Result, Site, follow_requests, follows};

use super::{Handled, local_target, own_object};
use crate::vocab::{Activity, ActivityKind, Object};

pub(super) fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(target) = local_target(c, site, activity.object_id())? else {
        return Ok(Handled::Ignored("follows nobody of ours"));
    };
    let Some(id) = activity.id.as_deref() else { return Ok(Handled::Ignored("a follow without id")) };
    own_object(actor, id)?;
    follows::receive(c, id, actor.id, target.id)?;
    Ok(Handled::Done)
}

pub(super) fn accepted(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let (uri, follower) = named(c, activity)?;
    follow_requests::receive_accept(c, actor.id, uri, follower)?;
    Ok(Handled::Done)
}

pub(super) fn rejected(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let (uri, follower) = named(c, activity)?;
    follow_requests::receive_reject(c, actor.id, uri, follower)?;
    Ok(Handled::Done)
}

/// The follow that an answer names: its id, and who follows when the follow is embedded.
fn named<'a>(c: &mut Connection, activity: &'a Activity) -> Result<(Option<&'a str>, Option<majlis_local::ids::ActorId>)> {
    let follower = match activity.object() {
        Some(Object::Activity(follow)) if follow.kind == ActivityKind::Follow => match &follow.actor {
            Some(uri) => actors::by_uri(c, uri)?.filter(Actor::is_local).map(|a| a.id),
            None => None,
        },
        _ => None,
    };
    Ok((activity.object_id(), follower))
}
