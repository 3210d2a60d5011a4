//! Follows: who follows whom, here and across servers, and what a follower wants to see of whom it follows.
//! What still waits for an answer stands in [`crate::follow_requests`]; a request keeps its id when it becomes a follow.

use diesel::prelude::*;

use crate::actors::{self, Actor, ActorKind};
use crate::blocks;
use crate::connection::{Connection, PortableDsl, any_of};
use crate::db::after_commit;
use crate::domain_blocks;
use crate::endorsements;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::follow_requests;
use crate::ids::{ActorId, FollowId};
use crate::instances::{self, Policy};
use crate::jobs::{self, Change, Job};
use crate::json::Json;
use crate::lists;
use crate::notifications::{self, Notice, NotificationKind};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, follows};
use crate::site::Site;
use crate::time::Timestamp;
use crate::tombstones;
use crate::visibility::listable;

/// How late an activity may come that was undone before it came.
pub(crate) const LATE_SECONDS: i64 = 3_600;

/// A follow, or a request for one, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[allow(missing_docs)]
pub struct Follow {
    pub id: FollowId,
    /// Who follows.
    pub actor_id: ActorId,
    /// Whom.
    pub target_id: ActorId,
    /// The id of the `Follow` activity.
    pub uri: String,
    /// Whether the target's boosts stand in the follower's feeds.
    pub show_boosts: bool,
    /// Whether the follower is notified of the target's posts.
    pub notify: bool,
    /// Only posts in these languages (ISO 639); `None`: in all.
    pub languages: Option<Json<Vec<String>>>,
    pub created_at: Timestamp,
}

/// What a follower chooses; `None` leaves a choice as it is (or at its default: boosts, no notifications, all languages).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// See [`Follow::show_boosts`].
    pub show_boosts: Option<bool>,
    /// See [`Follow::notify`].
    pub notify: Option<bool>,
    /// See [`Follow::languages`]; an empty list means all.
    pub languages: Option<Vec<String>>,
}

/// What came of asking to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It follows.
    Following(FollowId),
    /// It waits for the target's answer.
    Requested(FollowId),
}

/// A local person follows somebody, asks to, or changes its choices about somebody it follows or has asked already.
///
/// # Errors
/// [`Error::NotFound`] when the target is gone; [`Error::Forbidden`] when it is the person itself, has moved, one of
/// the two blocks the other, or the person blocks its server.
pub fn follow(c: &mut Connection, site: &Site, actor: ActorId, target: ActorId, choices: &Choices) -> Result<Standing> {
    if actor == target {
        return Err(Error::Forbidden("You cannot follow yourself"));
    }
    let (source, other) = (actors::get(c, actor)?, actors::get(c, target)?);
    if other.is_gone() {
        return Err(Error::NotFound("account"));
    }
    if let Some(follow) = get(c, actor, target)? {
        choose(c, &follow, choices)?;
        return Ok(Standing::Following(follow.id));
    }
    if let Some(request) = follow_requests::get(c, actor, target)? {
        follow_requests::choose(c, &request, choices)?;
        return Ok(Standing::Requested(request.id));
    }
    if other.moved_to_id.is_some() {
        return Err(Error::Forbidden("This account has moved"));
    }
    if other.kind == ActorKind::Application && other.is_local() {
        return Err(Error::Forbidden("This account cannot be followed"));
    }
    if blocks::either_way(c, actor, target)? {
        return Err(Error::Forbidden("You cannot follow somebody whom you block or who blocks you"));
    }
    if domain_blocks::blocks(c, actor, &other)? {
        return Err(Error::Forbidden("You cannot follow somebody whose server you block"));
    }
    let id = FollowId::new();
    let follow = Follow {
        id,
        actor_id: actor,
        target_id: target,
        uri: site.follow_uri(&source.username, id),
        show_boosts: choices.show_boosts.unwrap_or(true),
        notify: choices.notify.unwrap_or(false),
        languages: choices.languages.clone().and_then(stored_languages),
        created_at: Timestamp::now(),
    };
    if !other.is_local() {
        if follow_requests::insert(c, &follow)? {
            jobs::enqueue(c, &Job::Federate { change: Change::Followed { follow: id, actor, target } })?;
        }
        return Ok(Standing::Requested(id));
    }
    if other.locked || source.silenced_at.is_some() {
        follow_requests::insert(c, &follow)?;
        return Ok(Standing::Requested(id));
    }
    if establish(c, &follow)? {
        notifications::notify(c, notice(NotificationKind::Follow, actor, target))?;
    }
    Ok(Standing::Following(id))
}

/// A local person no longer follows somebody, or takes its request back. Nothing happens when it did neither.
pub fn unfollow(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    let follow = sever(c, actor, target)?;
    let request = follow_requests::withdraw(c, actor, target)?;
    if let Some(former) = follow.or(request)
        && !actors::get(c, target)?.is_local()
    {
        jobs::enqueue(c, &Job::Federate { change: Change::Unfollowed { uri: former.uri, actor, target } })?;
    }
    Ok(())
}

/// A local person no longer has somebody among its followers, nor among those who ask. Nothing happens when it had not.
pub fn remove_follower(c: &mut Connection, target: ActorId, follower: ActorId) -> Result<()> {
    let follow = sever(c, follower, target)?;
    let request = follow_requests::withdraw(c, follower, target)?;
    if let Some(former) = follow.or(request)
        && !actors::get(c, follower)?.is_local()
    {
        reject(c, former.id, former.uri, follower, target)?;
    }
    Ok(())
}

/// A remote actor's `Follow` of a local one: it follows and is told so, or waits for the answer, or is refused.
/// The same again is answered again: the first answer may have been lost.
pub fn receive(c: &mut Connection, uri: &str, actor: ActorId, target: ActorId) -> Result<()> {
    let (source, other) = (actors::get(c, actor)?, actors::get(c, target)?);
    if source.is_local() || !other.is_local() || source.is_gone() {
        return Ok(());
    }
    if tombstones::consume(c, uri, Timestamp::now().plus_seconds(-LATE_SECONDS))? {
        return Ok(()); // its Undo came first
    }
    let open = !other.is_gone() && other.moved_to_id.is_none() && other.kind != ActorKind::Application;
    if !open || blocks::either_way(c, actor, target)? || domain_blocks::blocks(c, target, &source)? {
        return reject(c, FollowId::new(), uri.to_owned(), actor, target);
    }
    if let Some(follow) = get(c, actor, target)? {
        diesel::update(follows::table.find(follow.id)).set(follows::uri.eq(uri)).execute(c)?;
        return accept(c, follow.id, uri.to_owned(), actor, target);
    }
    if let Some(request) = follow_requests::get(c, actor, target)? {
        return follow_requests::rename(c, request.id, uri);
    }
    let follow = Follow {
        id: FollowId::new(),
        actor_id: actor,
        target_id: target,
        uri: uri.to_owned(),
        show_boosts: true,
        notify: false,
        languages: None,
        created_at: Timestamp::now(),
    };
    if other.locked || is_silenced(c, &source)? {
        follow_requests::insert(c, &follow)?;
        return Ok(());
    }
    establish(c, &follow)?;
    notifications::notify(c, notice(NotificationKind::Follow, actor, target))?;
    accept(c, follow.id, follow.uri, actor, target)
}

/// A remote actor's `Undo{Follow}`, by the follow's id, the followed, or both. One that comes before its `Follow` is kept,
/// so that the `Follow` finds itself undone.
pub fn receive_undo(c: &mut Connection, actor: ActorId, uri: Option<&str>, target: Option<ActorId>) -> Result<()> {
    let named = match uri {
        Some(uri) => by_uri(c, actor, uri)?.or(follow_requests::by_uri(c, uri)?.filter(|r| r.actor_id == actor)),
        None => None,
    };
    let Some(target) = target.or(named.map(|f| f.target_id)) else {
        return remember_early(c, actor, uri);
    };
    let follow = sever(c, actor, target)?;
    let request = follow_requests::withdraw(c, actor, target)?;
    if follow.or(request).is_none() { remember_early(c, actor, uri) } else { Ok(()) }
}

/// Keeps the id of something that was undone before it came, if it is the undoer's to name.
pub(crate) fn remember_early(c: &mut Connection, actor: ActorId, uri: Option<&str>) -> Result<()> {
    let Some(uri) = uri else { return Ok(()) };
    let actor = actors::get(c, actor)?;
    if instances::host_of(uri).is_some_and(|host| host == actor.host) { tombstones::remember(c, uri) } else { Ok(()) }
}

/// The follow of `target` by `actor`.
pub fn get(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Follow>> {
    Ok(follows::table.filter(follows::actor_id.eq(actor)).filter(follows::target_id.eq(target)).first(c).optional()?)
}

/// The follow of this id, for those who dereference it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn by_id(c: &mut Connection, id: FollowId) -> Result<Follow> {
    follows::table.find(id).first(c).optional()?.ok_or(Error::NotFound("follow"))
}

/// The follow of that activity id by `actor`.
fn by_uri(c: &mut Connection, actor: ActorId, uri: &str) -> Result<Option<Follow>> {
    Ok(follows::table.filter(follows::uri.eq(uri)).filter(follows::actor_id.eq(actor)).first(c).optional()?)
}

/// Whether `actor` follows `target`.
pub fn is_following(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<bool> {
    Ok(get(c, actor, target)?.is_some())
}

/// Whether anybody here follows `actor`.
pub fn has_local_followers(c: &mut Connection, actor: ActorId) -> Result<bool> {
    let follower = people::table.on(people::id.eq(follows::actor_id));
    let local = follows::table.inner_join(follower).filter(follows::target_id.eq(actor)).filter(people::domain.is_null());
    Ok(diesel::select(diesel::dsl::exists(local)).get_result(c)?)
}

/// Those who follow `of`, the latest first; without those who are gone, those whom `viewer` blocks,
/// mutes or is blocked by, and those whose server it blocks. Whether the viewer may see the list at all (`hide_collections`)
/// is the caller's to ask.
pub fn followers(c: &mut Connection, of: ActorId, viewer: Option<ActorId>, page: &Page) -> Result<Slice<ActorId>> {
    let viewer = thinned_for(viewer, of);
    let rows = paged!(
        c,
        page,
        follows::id,
        follows::table
            .inner_join(people::table.on(people::id.eq(follows::actor_id)))
            .filter(follows::target_id.eq(of))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .filter(listable!(follows::actor_id, viewer))
            .select((follows::id, follows::actor_id))
    );
    Ok(Slice::new::<FollowId>(rows, page))
}

/// Those whom `of` follows, the latest first; see [`followers`].
pub fn following(c: &mut Connection, of: ActorId, viewer: Option<ActorId>, page: &Page) -> Result<Slice<ActorId>> {
    let viewer = thinned_for(viewer, of);
    let rows = paged!(
        c,
        page,
        follows::id,
        follows::table
            .inner_join(people::table.on(people::id.eq(follows::target_id)))
            .filter(follows::actor_id.eq(of))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .filter(listable!(follows::target_id, viewer))
            .select((follows::id, follows::target_id))
    );
    Ok(Slice::new::<FollowId>(rows, page))
}

/// The ActivityPub ids of those who follow `of`, for its collection.
pub fn follower_uris(c: &mut Connection, of: ActorId, page: &Page) -> Result<Slice<String>> {
    let rows = paged!(
        c,
        page,
        follows::id,
        follows::table
            .inner_join(people::table.on(people::id.eq(follows::actor_id)))
            .filter(follows::target_id.eq(of))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .select((follows::id, people::uri))
    );
    Ok(Slice::new::<FollowId>(rows, page))
}

/// The ActivityPub ids of those whom `of` follows, for its collection.
pub fn following_uris(c: &mut Connection, of: ActorId, page: &Page) -> Result<Slice<String>> {
    let rows = paged!(
        c,
        page,
        follows::id,
        follows::table
            .inner_join(people::table.on(people::id.eq(follows::target_id)))
            .filter(follows::actor_id.eq(of))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .select((follows::id, people::uri))
    );
    Ok(Slice::new::<FollowId>(rows, page))
}

/// For each of `targets`, those whom `viewer` follows and who follow it, as `(target, follower)`. Those who hide their
/// follows, and targets that hide their followers, are left out.
pub fn familiar(c: &mut Connection, viewer: ActorId, targets: &[ActorId]) -> Result<Vec<(ActorId, ActorId)>> {
    let mine = diesel::alias!(follows as mine);
    let followed = diesel::alias!(people as followed);
    Ok(follows::table
        .inner_join(mine.on(mine.field(follows::target_id).eq(follows::actor_id)))
        .inner_join(people::table.on(people::id.eq(follows::actor_id)))
        .inner_join(followed.on(followed.field(people::id).eq(follows::target_id)))
        .filter(mine.field(follows::actor_id).eq(viewer))
        .filter(any_of(follows::target_id, targets))
        .filter(follows::actor_id.ne(viewer))
        .filter(people::hide_collections.eq(false))
        .filter(followed.field(people::hide_collections).eq(false))
        .filter(people::suspended_at.is_null())
        .filter(people::deleted_at.is_null())
        .order((follows::target_id, follows::id.desc()))
        .select((follows::target_id, follows::actor_id))
        .load(c)?)
}

/// The follow of `target` that an answer of it names.
pub(crate) fn find(c: &mut Connection, target: ActorId, uri: Option<&str>, follower: Option<ActorId>) -> Result<Option<Follow>> {
    if let Some(uri) = uri {
        let named = follows::table.filter(follows::uri.eq(uri)).filter(follows::target_id.eq(target)).first(c).optional()?;
        if named.is_some() {
            return Ok(named);
        }
    }
    match follower {
        Some(follower) => get(c, follower, target),
        None => Ok(None),
    }
}

/// Makes a follow, whoever decided it; a request of the same two goes. False when there was one already.
pub(crate) fn establish(c: &mut Connection, follow: &Follow) -> Result<bool> {
    let made = diesel::insert_into(follows::table)
        .values((
            follows::id.eq(follow.id),
            follows::actor_id.eq(follow.actor_id),
            follows::target_id.eq(follow.target_id),
            follows::uri.eq(&follow.uri),
            follows::show_boosts.eq(follow.show_boosts),
            follows::notify.eq(follow.notify),
            follows::languages.eq(follow.languages.clone()),
            follows::created_at.eq(follow.created_at),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if made == 0 {
        return Ok(false);
    }
    count(c, follow.actor_id, follow.target_id, 1)?;
    after_commit(Event::RelationsChanged(follow.actor_id));
    Ok(true)
}

/// Ends a follow with all that hangs on it, whoever decided it, and gives it back. Tells no other server.
pub(crate) fn sever(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Option<Follow>> {
    let former: Option<Follow> =
        diesel::delete(follows::table.filter(follows::actor_id.eq(actor)).filter(follows::target_id.eq(target)))
            .returning(follows::all_columns)
            .get_result(c)
            .optional()?;
    if former.is_some() {
        count(c, actor, target, -1)?;
        lists::forget_member(c, actor, target)?;
        endorsements::forget(c, actor, target)?;
        notifications::withdraw(c, notice(NotificationKind::Follow, actor, target))?;
        after_commit(Event::RelationsChanged(actor));
    }
    Ok(former)
}

/// Tells a remote follower that it follows.
pub(crate) fn accept(c: &mut Connection, follow: FollowId, uri: String, actor: ActorId, target: ActorId) -> Result<()> {
    jobs::enqueue(c, &Job::Federate { change: Change::Accepted { follow, uri, actor, target } })?;
    Ok(())
}

/// Tells a remote follower that it does not follow.
pub(crate) fn reject(c: &mut Connection, follow: FollowId, uri: String, actor: ActorId, target: ActorId) -> Result<()> {
    jobs::enqueue(c, &Job::Federate { change: Change::Rejected { follow, uri, actor, target } })?;
    Ok(())
}

/// What the followed is told.
pub(crate) fn notice(kind: NotificationKind, actor: ActorId, target: ActorId) -> Notice {
    Notice { recipient: target, kind, actor, post: None }
}

/// The stored form: no language chosen means all.
pub(crate) fn stored_languages(languages: Vec<String>) -> Option<Json<Vec<String>>> {
    let mut languages: Vec<String> =
        languages.into_iter().map(|language| language.trim().to_ascii_lowercase()).filter(|l| !l.is_empty()).collect();
    languages.sort_unstable();
    languages.dedup();
    (!languages.is_empty()).then_some(Json(languages))
}

fn choose(c: &mut Connection, follow: &Follow, choices: &Choices) -> Result<()> {
    if *choices == Choices::default() {
        return Ok(());
    }
    let languages = choices.languages.clone().map_or_else(|| follow.languages.clone(), stored_languages);
    diesel::update(follows::table.find(follow.id))
        .set((
            follows::show_boosts.eq(choices.show_boosts.unwrap_or(follow.show_boosts)),
            follows::notify.eq(choices.notify.unwrap_or(follow.notify)),
            follows::languages.eq(languages),
        ))
        .execute(c)?;
    after_commit(Event::RelationsChanged(follow.actor_id));
    Ok(())
}

/// Both counters, the smaller id first: two people who follow each other at the same moment must not wait for one another.
fn count(c: &mut Connection, actor: ActorId, target: ActorId, by: i64) -> Result<()> {
    let step = |c: &mut Connection, follower: bool| -> Result<()> {
        if follower {
            diesel::update(people::table.find(actor)).set(people::following_count.eq(people::following_count + by)).execute(c)?;
        } else {
            diesel::update(people::table.find(target))
                .set(people::followers_count.eq(people::followers_count + by))
                .execute(c)?;
        }
        Ok(())
    };
    step(c, actor < target)?;
    step(c, actor >= target)
}

fn is_silenced(c: &mut Connection, actor: &Actor) -> Result<bool> {
    Ok(actor.silenced_at.is_some() || instances::policy(c, &actor.host)? != Policy::None)
}

/// Whose blocks and mutes thin a list out: the viewer's, but nobody's for one's own list. No actor has the id 0.
fn thinned_for(viewer: Option<ActorId>, of: ActorId) -> ActorId {
    viewer.filter(|viewer| *viewer != of).unwrap_or(ActorId(0))
}
