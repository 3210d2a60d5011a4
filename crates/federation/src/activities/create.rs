//! `Create`: a post of the actor's own, or a vote in a poll of ours (ActivityPub §7.2).
//! Kept is what somebody here follows, is addressed by, or is answered by: not whatever anybody sends.

use majlis_local::actors::{self, Actor};
use majlis_local::jobs::{self, Job};
use majlis_local::posts::{self, Post};
use majlis_local::receive::{self, RemotePost};
use majlis_local::{Connection, Error, Result, Site, follows, polls, quotes};

use super::{Handled, embedded, own_object};
use crate::objects;
use crate::resolve::{MOST_PARENTS, QUOTE_STEP};
use crate::vocab::{Activity, Note, Object};

pub(super) fn handle(c: &mut Connection, site: &Site, activity: &Activity, actor: &Actor) -> Result<Handled> {
    let Some(object) = embedded(activity) else { return Ok(Handled::Fetch) };
    let Object::Note(note) = object else { return Ok(Handled::Ignored("creates what is no post")) };
    own_note(actor, note)?;
    if note.is_vote() {
        return vote(c, site, note, actor);
    }
    let followers = actors::endpoints(c, actor.id)?.followers;
    let mut remote = objects::note::read(c, note, actor, followers.as_deref())?;
    address_by_activity(c, site, activity, &mut remote, actor)?;
    if !concerns_us(c, &remote, actor)? {
        return Ok(Handled::Ignored("a post that nobody here follows or is addressed by"));
    }
    store(c, remote)
}

/// Stores a new post, asks for its parent and what it quotes when they are unknown, and lets the people here know.
pub(crate) fn store(c: &mut Connection, remote: RemotePost) -> Result<Handled> {
    if let Some(post) = receive::post(c, remote, true)? {
        missing(c, &post, 0)?;
    }
    Ok(Handled::Done)
}

/// Asks for what a post refers to and is not here: its parent, as the fetch of number `depth` in a row, and what it quotes.
pub(crate) fn missing(c: &mut Connection, post: &Post, depth: u8) -> Result<()> {
    if post.in_reply_to_id.is_none()
        && depth <= MOST_PARENTS
        && let Some(uri) = post.in_reply_to_uri.clone()
    {
        jobs::enqueue(c, &Job::FetchObject { uri, depth })?;
    }
    verify_quote(c, post, depth)
}

/// Asks for what a post quotes, or for its author's leave, when that is not here.
pub(crate) fn verify_quote(c: &mut Connection, post: &Post, depth: u8) -> Result<()> {
    let depth = depth.saturating_add(QUOTE_STEP);
    if depth <= MOST_PARENTS
        && let Some(quote) = quotes::unverified(c, post)?
    {
        jobs::enqueue(c, &Job::VerifyQuote { quote, depth })?;
    }
    Ok(())
}

/// Whether a post is the actor's own and stands on its host.
///
/// # Errors
/// [`Error::Forbidden`] when it is not.
pub(crate) fn own_note(actor: &Actor, note: &Note) -> Result<()> {
    own_object(actor, &note.id)?;
    // PeerTube names the person and the channel; either may speak for the film.
    if note.attributed_to.iter().any(|one| one.id == actor.uri) {
        Ok(())
    } else {
        Err(Error::Forbidden("a post is attributed to somebody else than its sender"))
    }
}

/// Some address the activity only. The object's own audience decides who sees it; those whom only the activity names get
/// it too, but that never makes it more public.
fn address_by_activity(
    c: &mut Connection,
    site: &Site,
    activity: &Activity,
    remote: &mut RemotePost,
    actor: &Actor,
) -> Result<()> {
    const MOST: usize = 64;
    let named: Vec<String> =
        activity.to.iter().chain(&activity.cc).filter(|uri| site.is_own_uri(uri)).take(MOST).cloned().collect();
    for one in actors::by_uris(c, &named)? {
        if one.is_local()
            && one.id != actor.id
            && !remote.mentioned.contains(&one.id)
            && !remote.silently_mentioned.contains(&one.id)
        {
            remote.silently_mentioned.push(one.id);
        }
    }
    Ok(())
}

/// Whether somebody here follows the author, is addressed, answered or quoted.
fn concerns_us(c: &mut Connection, remote: &RemotePost, actor: &Actor) -> Result<bool> {
    if follows::has_local_followers(c, actor.id)? {
        return Ok(true);
    }
    let mut addressed = remote.mentioned.clone();
    addressed.extend(&remote.silently_mentioned);
    if actors::find_many(c, &addressed)?.iter().any(Actor::is_local) {
        return Ok(true);
    }
    if let Some(quote) = &remote.quote
        && posts::by_uri(c, &quote.uri)?.is_some_and(|quoted| quoted.local)
    {
        return Ok(true);
    }
    let Some(parent) = &remote.in_reply_to_uri else { return Ok(false) };
    match posts::by_uri(c, parent)? {
        Some(parent) if parent.local => Ok(true),
        Some(parent) => follows::has_local_followers(c, parent.author_id),
        None => Ok(false),
    }
}

fn vote(c: &mut Connection, site: &Site, note: &Note, actor: &Actor) -> Result<Handled> {
    let (Some(title), Some(uri)) = (&note.name, note.in_reply_to.as_deref().filter(|uri| site.is_own_uri(uri))) else {
        return Ok(Handled::Ignored("a vote for somebody else's poll"));
    };
    let Some(post) = posts::by_uri(c, uri)?.filter(|p| p.local && p.deleted_at.is_none()) else {
        return Ok(Handled::Ignored("a vote for a poll that is gone"));
    };
    if !majlis_local::visibility::may_see(c, Some(actor.id), &post)? {
        return Err(Error::Forbidden("a vote in a poll that the voter may not see"));
    }
    polls::receive_vote(c, actor.id, &post, title, &note.id)?;
    Ok(Handled::Done)
}
