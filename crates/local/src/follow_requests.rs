//! Follow requests: follows that wait for an answer, of a locked local person or of another server.
//! An answer that comes twice, too late or for something that was taken back changes nothing.

use diesel::prelude::*;

use crate::actors;
use crate::connection::{Connection, PortableDsl};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::follows::{self, Choices, Follow, notice};
use crate::ids::{ActorId, FollowId};
use crate::lists;
use crate::notifications::{self, NotificationKind};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, follow_requests as requests};

/// A local person lets `follower` follow. Doing it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`] when `follower` neither asks nor follows.
pub fn accept(c: &mut Connection, target: ActorId, follower: ActorId) -> Result<()> {
    let Some(request) = remove(c, follower, target)? else {
        return if follows::is_following(c, follower, target)? { Ok(()) } else { Err(Error::NotFound("follow request")) };
    };
    follows::establish(c, &request)?;
    notifications::notify(c, notice(NotificationKind::Follow, follower, target))?;
    if !actors::get(c, follower)?.is_local() {
        follows::accept(c, request.id, request.uri, follower, target)?;
    }
    Ok(())
}

/// A local person lets everybody follow who asks: after its account was unlocked.
pub fn accept_all(c: &mut Connection, target: ActorId) -> Result<()> {
    let waiting: Vec<ActorId> =
        requests::table.filter(requests::target_id.eq(target)).order(requests::id).select(requests::actor_id).load(c)?;
    for follower in waiting {
        accept(c, target, follower)?;
    }
    Ok(())
}

/// A local person does not let `follower` follow. Nothing happens when it does not ask; gives back whether it did.
pub fn reject(c: &mut Connection, target: ActorId, follower: ActorId) -> Result<bool> {
    let Some(request) = withdraw(c, follower, target)? else { return Ok(false) };
    if !actors::get(c, follower)?.is_local() {
        follows::reject(c, request.id, request.uri, follower, target)?;
    }
    Ok(true)
}

/// The remote `target` lets one of ours follow: its `Accept`, which names the follow by its id, by the follower, or both.
pub fn receive_accept(c: &mut Connection, target: ActorId, uri: Option<&str>, follower: Option<ActorId>) -> Result<()> {
    if let Some(request) = find(c, target, uri, follower)?
        && let Some(request) = remove(c, request.actor_id, target)?
    {
        follows::establish(c, &request)?;
    }
    Ok(())
}

/// The remote `target` does not let one of ours follow, or no longer: its `Reject`.
pub fn receive_reject(c: &mut Connection, target: ActorId, uri: Option<&str>, follower: Option<ActorId>) -> Result<()> {
    if let Some(request) = find(c, target, uri, follower)? {
        withdraw(c, request.actor_id, target)?;
    } else if let Some(follow) = follows::find(c, target, uri, follower)? {
        follows::sever(c, follow.actor_id, target)?;
    }
    Ok(())
}

/// The request of `actor` to follow `target`.
pub fn get(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Follow>> {
    Ok(requests::table.filter(requests::actor_id.eq(actor)).filter(requests::target_id.eq(target)).first(c).optional()?)
}

/// The request of this id, for those who dereference it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn by_id(c: &mut Connection, id: FollowId) -> Result<Follow> {
    requests::table.find(id).first(c).optional()?.ok_or(Error::NotFound("follow request"))
}

/// Those who ask to follow `target`, the latest first.
pub fn incoming(c: &mut Connection, target: ActorId, page: &Page) -> Result<Slice<ActorId>> {
    let rows = paged!(
        c,
        page,
        requests::id,
        requests::table
            .inner_join(people::table.on(people::id.eq(requests::actor_id)))
            .filter(requests::target_id.eq(target))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .select((requests::id, requests::actor_id))
    );
    Ok(Slice::new::<FollowId>(rows, page))
}

/// How many ask to follow `target`.
pub fn count(c: &mut Connection, target: ActorId) -> Result<i64> {
    Ok(requests::table
        .inner_join(people::table.on(people::id.eq(requests::actor_id)))
        .filter(requests::target_id.eq(target))
        .filter(people::suspended_at.is_null())
        .filter(people::deleted_at.is_null())
        .count()
        .get_result(c)?)
}

/// Inserts a request and tells a local target of it. False when there was one already.
pub(crate) fn insert(c: &mut Connection, request: &Follow) -> Result<bool> {
    let made = diesel::insert_into(requests::table)
        .values((
            requests::id.eq(request.id),
            requests::actor_id.eq(request.actor_id),
            requests::target_id.eq(request.target_id),
            requests::uri.eq(&request.uri),
            requests::show_boosts.eq(request.show_boosts),
            requests::notify.eq(request.notify),
            requests::languages.eq(request.languages.clone()),
            requests::created_at.eq(request.created_at),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if made == 0 {
        return Ok(false);
    }
    notifications::notify(c, notice(NotificationKind::FollowRequest, request.actor_id, request.target_id))?;
    after_commit(Event::RelationsChanged(request.actor_id));
    Ok(true)
}

/// Takes a request away that becomes no follow, and gives it back. Tells no other server.
pub(crate) fn withdraw(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Follow>> {
    let former = remove(c, actor, target)?;
    if former.is_some() {
        lists::forget_member(c, actor, target)?;
    }
    Ok(former)
}

/// Takes a request away with its notification.
fn remove(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Follow>> {
    let former: Option<Follow> =
        diesel::delete(requests::table.filter(requests::actor_id.eq(actor)).filter(requests::target_id.eq(target)))
            .returning(requests::all_columns)
            .get_result(c)
            .optional()?;
    if former.is_some() {
        notifications::withdraw(c, notice(NotificationKind::FollowRequest, actor, target))?;
        after_commit(Event::RelationsChanged(actor));
    }
    Ok(former)
}

/// Changes what the follower wants to see once it follows.
pub(crate) fn choose(c: &mut Connection, request: &Follow, choices: &Choices) -> Result<()> {
    let languages = choices.languages.clone().map_or_else(|| request.languages.clone(), follows::stored_languages);
    diesel::update(requests::table.find(request.id))
        .set((
            requests::show_boosts.eq(choices.show_boosts.unwrap_or(request.show_boosts)),
            requests::notify.eq(choices.notify.unwrap_or(request.notify)),
            requests::languages.eq(languages),
        ))
        .execute(c)?;
    Ok(())
}

/// The follower's server asked again under another id: the answer will name this one.
pub(crate) fn rename(c: &mut Connection, id: FollowId, uri: &str) -> Result<()> {
    diesel::update(requests::table.find(id)).set(requests::uri.eq(uri)).execute(c)?;
    Ok(())
}

/// The request of that activity id.
pub(crate) fn by_uri(c: &mut Connection, uri: &str) -> Result<Option<Follow>> {
    Ok(requests::table.filter(requests::uri.eq(uri)).first(c).optional()?)
}

/// The request to `target` that an answer of it names.
fn find(c: &mut Connection, target: ActorId, uri: Option<&str>, follower: Option<ActorId>) -> Result<Option<Follow>> {
    if let Some(uri) = uri
        && let Some(request) = by_uri(c, uri)?.filter(|request| request.target_id == target)
    {
        return Ok(Some(request));
    }
    match follower {
        Some(follower) => get(c, follower, target),
        None => Ok(None),
    }
}
