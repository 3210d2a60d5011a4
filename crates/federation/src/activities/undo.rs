//! `Undo`: takes an activity back (ActivityPub §7.12). Threads and Pixelfed embed it whole, Mitra names it by its id, which
//! is then found among the activities received. One that comes before what it undoes is remembered.

use majlis_local::actors::Actor;
use majlis_local::received::{self, Received};
use majlis_local::{Connection, Error, Result, Site, blocks, boosts, follows, likes, posts, reactions, tombstones};

use super::{Handled, local_target, own_object};
use crate::vocab::{Activity, ActivityKind, Object};

pub(super) fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let undone = match activity.object() {
        Some(Object::Activity(inner)) => {
            if inner.actor.as_deref().is_some_and(|uri| uri != actor.uri) {
                return Err(Error::Forbidden("an actor undoes what another did"));
            }
            Undone { kind: inner.kind, id: inner.id.clone(), object: inner.object_id().map(str::to_owned) }
        }
        Some(object) => {
            let Some(id) = object.id() else { return Ok(Handled::Ignored("undoes nothing")) };
            match received::find(c, id)? {
                Some(found) => by_id(found, actor)?,
                None => return unknown(c, id, actor),
            }
        }
        None => return Ok(Handled::Ignored("undoes nothing")),
    };
    if let Some(id) = &undone.id {
        own_object(actor, id)?;
    }
    undo(c, site, &undone, actor)?;
    if let Some(id) = &undone.id {
        received::forget(c, id)?;
    }
    Ok(Handled::Done)
}

/// What is undone.
struct Undone {
    kind: ActivityKind,
    id: Option<String>,
    object: Option<String>,
}

fn by_id(found: Received, actor: &Actor) -> Result<Undone> {
    if found.actor_uri != actor.uri {
        return Err(Error::Forbidden("an actor undoes what another did"));
    }
    let Some(kind) = ActivityKind::from_name(&found.kind) else { return Err(Error::NotFound("activity")) };
    Ok(Undone { kind, id: Some(found.uri), object: found.object_uri })
}

/// A bare id that never came: it may be a boost's or a like's that came long ago, or come later.
fn unknown(c: &mut Connection, id: &str, actor: &Actor) -> Result<Handled> {
    own_object(actor, id)?;
    if let Some(like) = likes::by_uri(c, id)?.filter(|like| like.actor_id == actor.id) {
        likes::receive_undo(c, actor.id, like.post_id)?;
    } else if reactions::receive_undo(c, actor.id, id)? {
        return Ok(Handled::Done);
    } else if let Some(boost) = posts::by_uri(c, id)?.filter(|p| p.author_id == actor.id && p.is_boost()) {
        boosts::receive_undo(c, &boost)?;
    } else {
        // Remembers the id itself when there was no such follow. One that was there may come again under the same id:
        // Misskey derives it from the two people.
        follows::receive_undo(c, actor.id, Some(id), None)?;
    }
    Ok(Handled::Done)
}

fn undo(c: &mut Connection, site: &Site, undone: &Undone, actor: &Actor) -> Result<()> {
    let id = undone.id.as_deref();
    match undone.kind {
        ActivityKind::Follow => {
            let target = local_target(c, site, undone.object.as_deref())?;
            follows::receive_undo(c, actor.id, id, target.map(|t| t.id))
        }
        ActivityKind::Block => {
            let target = local_target(c, site, undone.object.as_deref())?;
            blocks::receive_undo(c, actor.id, id, target.map(|t| t.id))
        }
        ActivityKind::Like | ActivityKind::EmojiReact => {
            if let Some(id) = id
                && reactions::receive_undo(c, actor.id, id)?
            {
                return Ok(());
            }
            let post = match &undone.object {
                Some(uri) => posts::by_uri(c, uri)?,
                None => None,
            };
            match post {
                Some(post) if likes::liked_among(c, actor.id, &[post.id])?.is_empty() => remember(c, id),
                Some(post) => likes::receive_undo(c, actor.id, post.id),
                None => Ok(()),
            }
        }
        ActivityKind::Announce => {
            let by_id = match id {
                Some(id) => posts::by_uri(c, id)?,
                None => None,
            };
            let boost = match (by_id, &undone.object) {
                (Some(boost), _) => Some(boost),
                (None, Some(object)) => match posts::by_uri(c, object)? {
                    Some(post) => boosts::by(c, actor.id, post.id)?,
                    None => None,
                },
                (None, None) => None,
            };
            match boost.filter(|b| b.author_id == actor.id) {
                Some(boost) => boosts::receive_undo(c, &boost),
                None => remember(c, id),
            }
        }
        // To undo an Accept is to reject from now on.
        ActivityKind::Accept => majlis_local::follow_requests::receive_reject(c, actor.id, undone.object.as_deref(), None),
        _ => Ok(()),
    }
}

/// What is undone may still come: then it is to be passed over.
fn remember(c: &mut Connection, id: Option<&str>) -> Result<()> {
    match id {
        Some(id) => tombstones::remember(c, id),
        None => Ok(()),
    }
}
