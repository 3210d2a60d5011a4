//! `QuoteRequest`, and the `Accept` or `Reject` that answers one of ours (FEP-044f).

use majlis_local::actors::{self, Actor};
use majlis_local::jobs::{self, Change, Job};
use majlis_local::posts::{self, Post};
use majlis_local::quote_policies::{self, Approval};
use majlis_local::{Connection, Error, Result, quotes, visibility};

use super::create::{self, own_note};
use super::{Handled, own_object};
use crate::objects;
use crate::vocab::{Activity, ActivityKind, Object};

/// A remote author wants to quote a post of ours. Our policies leave nothing to decide: it is accepted or refused at once.
pub(super) fn requested(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let instrument = activity.instrument.as_deref();
    let (Some(id), Some(object), Some(quoting)) = (activity.id.as_deref(), activity.object_id(), instrument.and_then(Object::id))
    else {
        return Ok(Handled::Ignored("a quote request without id, object or instrument"));
    };
    own_object(actor, id)?;
    own_object(actor, quoting)?;
    let quoted = posts::by_uri(c, object)?.filter(|p| p.local && !p.is_boost() && p.deleted_at.is_none());
    let Some(quoted) = quoted.filter(|p| p.visibility.is_open() && !p.local_only) else {
        return Ok(Handled::Ignored("a quote of what is not ours or not for everybody"));
    };
    let allowed = visibility::may_see(c, Some(actor.id), &quoted)?
        && quote_policies::approval(c, actor.id, &quoted)? == Approval::Automatic;
    if !allowed {
        let (request, instrument) = (id.to_owned(), quoting.to_owned());
        let change = Change::QuoteRejected { post: quoted.id, actor: actor.id, request, instrument };
        jobs::enqueue(c, &Job::Federate { change })?;
        return Ok(Handled::Done);
    }
    let Some(quoting) = quoting_post(c, instrument, quoting, actor)? else { return Ok(Handled::Fetch) };
    if quotes::receive_request(c, &quoting, &quoted, id)? {
        Ok(Handled::Done)
    } else {
        Ok(Handled::Ignored("a post that does not quote what it asks for"))
    }
}

/// The post that wants to quote: stored when it came along; `None` when it has to be fetched.
fn quoting_post(c: &mut Connection, instrument: Option<&Object>, uri: &str, actor: &Actor) -> Result<Option<Post>> {
    if posts::by_uri(c, uri)?.is_none() {
        let Some(Object::Note(note)) = instrument else { return Ok(None) };
        own_note(actor, note)?;
        let followers = actors::endpoints(c, actor.id)?.followers;
        let remote = objects::note::read(c, note, actor, followers.as_deref())?;
        create::store(c, remote)?;
    }
    match posts::by_uri(c, uri)? {
        Some(post) if post.author_id != actor.id => Err(Error::Forbidden("an actor asks for somebody else's quote")),
        Some(post) if post.deleted_at.is_some() => Err(Error::Forbidden("the quoting post was deleted")),
        post => Ok(post),
    }
}

/// Whether an `Accept` or `Reject` answers a request to quote: by what it embeds, or by the id of one of ours.
pub(super) fn is_answered(c: &mut Connection, activity: &Activity) -> Result<bool> {
    match activity.object() {
        Some(Object::Activity(asked)) => Ok(asked.kind == ActivityKind::QuoteRequest),
        Some(Object::Id(id)) => Ok(quotes::by_request(c, id)?.is_some()),
        _ => Ok(false),
    }
}

/// The leave counts as soon as its author gives it: the `Accept` is as good as the stamp, and both come from one host.
pub(super) fn accepted(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let (Some(request), Some(stamp)) = (activity.object_id(), activity.result.as_deref()) else {
        return Ok(Handled::Ignored("a leave to quote without request or stamp"));
    };
    own_object(actor, stamp)?;
    Ok(if quotes::receive_accept(c, actor.id, request, stamp)? {
        Handled::Done
    } else {
        Handled::Ignored("a leave to quote that nobody asked for")
    })
}

pub(super) fn rejected(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(request) = activity.object_id() else { return Ok(Handled::Ignored("refuses nothing")) };
    Ok(if quotes::receive_reject(c, actor.id, request)? {
        Handled::Done
    } else {
        Handled::Ignored("refuses a quote that nobody asked for")
    })
}
