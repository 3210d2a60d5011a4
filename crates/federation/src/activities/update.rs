//! `Update`: a new text of a post, or a new profile (ActivityPub §7.3).

use majlis_local::actors::{self, Actor};
use majlis_local::jobs::{self, Job};
use majlis_local::{Connection, Error, Result, posts, receive};

use super::create::{own_note, verify_quote};
use super::feature::{kept, theirs};
use super::{Handled, embedded};
use crate::objects;
use crate::vocab::{self, Activity, Object};

pub(super) fn handle(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    match embedded(activity) {
        Some(Object::Note(note)) => {
            own_note(actor, note)?;
            if posts::by_uri(c, &note.id)?.is_none() {
                return Ok(Handled::Ignored("an edit of a post that we do not have"));
            }
            let followers = actors::endpoints(c, actor.id)?.followers;
            let remote = objects::note::read(c, note, actor, followers.as_deref())?;
            if let Some(post) = receive::edit(c, remote)? {
                verify_quote(c, &post, 0)?;
            }
            Ok(Handled::Done)
        }
        Some(Object::Actor(profile)) => self_described(c, profile, actor),
        Some(Object::FeaturedCollection(whole)) => {
            if theirs(c, &whole.id, actor)?.is_none() {
                return Ok(Handled::Ignored("an update of a collection that we do not have"));
            }
            kept(c, whole, actor)?;
            Ok(Handled::Done)
        }
        Some(_) => Ok(Handled::Ignored("an update of what is neither post nor actor")),
        None => Ok(Handled::Fetch),
    }
}

/// An actor describes itself anew. A new name needs webfinger's word, so the profile is fetched again.
fn self_described(c: &mut Connection, profile: &vocab::Actor, actor: &Actor) -> Result<Handled> {
    if profile.id != actor.uri {
        return Err(Error::Forbidden("an actor updates another actor"));
    }
    let domain = actor.domain.as_deref().unwrap_or(&actor.host);
    match objects::actor::read(profile, domain) {
        Some(remote) if remote.username == actor.username => {
            actors::store_remote(c, remote)?;
            // What it features may have changed: of that, peers say no more than this.
            jobs::enqueue(c, &Job::FetchFeatured { actor: actor.id })?;
        }
        _ => {
            jobs::enqueue(c, &Job::RefreshActor { actor: actor.id })?;
        }
    }
    Ok(Handled::Done)
}
