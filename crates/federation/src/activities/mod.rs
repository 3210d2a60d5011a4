//! What an incoming activity does, verb by verb, in one write without the network. The signature has been checked and
//! `actor` is who signed it. What cannot be done without fetching says so, and becomes a job.

mod announce;
mod block;
mod create;
mod delete;
mod feature;
mod featured;
mod flag;
mod follow;
mod like;
mod moved;
mod quote;
mod undo;
mod update;

pub(crate) use announce::boosted;
pub(crate) use create::{missing, own_note, verify_quote};
use majlis_local::actors::{self, Actor};
use majlis_local::{Connection, Error, Result, Site, instances};

use crate::vocab::{Activity, ActivityKind, Object};

/// What became of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// Done, or done before.
    Done,
    /// Not for us, and why: answered like any other, so that the sender stops.
    Ignored(&'static str),
    /// Something that we do not have must be fetched first.
    Fetch,
}

/// Carries out an activity of `actor`.
///
/// # Errors
/// [`Error::Forbidden`] when the actor may not say this: nothing is changed.
pub fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    match activity.kind {
        ActivityKind::Create => create::handle(c, site, activity, actor),
        ActivityKind::Update => update::handle(c, activity, actor),
        ActivityKind::Delete => delete::handle(c, activity, actor),
        ActivityKind::Follow => follow::handle(c, site, activity, actor),
        ActivityKind::Accept if quote::is_answered(c, activity)? => quote::accepted(c, activity, actor),
        ActivityKind::Reject if quote::is_answered(c, activity)? => quote::rejected(c, activity, actor),
        ActivityKind::Accept => match feature::answered(c, site, activity, actor)? {
            Some(handled) => Ok(handled),
            None => follow::accepted(c, activity, actor),
        },
        ActivityKind::Reject => match feature::answered(c, site, activity, actor)? {
            Some(handled) => Ok(handled),
            None => follow::rejected(c, activity, actor),
        },
        ActivityKind::Move => moved::handle(c, activity, actor),
        ActivityKind::QuoteRequest => quote::requested(c, activity, actor),
        ActivityKind::FeatureRequest => feature::asked(c, site, activity, actor),
        ActivityKind::Undo => undo::handle(c, site, activity, actor),
        ActivityKind::Like | ActivityKind::EmojiReact => like::handle(c, site, activity, actor),
        ActivityKind::Announce => announce::handle(c, activity, actor),
        ActivityKind::Block => block::handle(c, site, activity, actor),
        ActivityKind::Flag => flag::handle(c, site, activity, actor),
        ActivityKind::Add => featured::add(c, activity, actor),
        ActivityKind::Remove => featured::remove(c, activity, actor),
        _ => Ok(Handled::Ignored("a verb that means nothing here")),
    }
}

/// The local actor that an id names; the instance actor is nobody whom one follows or blocks.
fn local_target(c: &mut Connection, site: &Site, id: Option<&str>) -> Result<Option<Actor>> {
    let Some(id) = id.filter(|id| site.is_own_uri(id) && *id != site.instance_actor_uri()) else { return Ok(None) };
    Ok(actors::by_uri(c, id)?.filter(|actor| actor.is_local() && !actor.is_gone()))
}

/// Whether an object stands on the host whose actor speaks: nobody speaks for another host (FEP-fe34).
fn same_host(actor: &Actor, id: &str) -> bool {
    instances::host_of(id).is_some_and(|host| host == actor.host)
}

/// Refuses an object of another host.
fn own_object(actor: &Actor, id: &str) -> Result<()> {
    if same_host(actor, id) { Ok(()) } else { Err(Error::Forbidden("an actor speaks for another host")) }
}

/// The object if it came whole: something with more than an id.
fn embedded(activity: &Activity) -> Option<&Object> {
    activity.object().filter(|object| !matches!(object, Object::Id(_)))
}
