//! Moves (FEP-7628): an account names the others that are its person's (aliases), goes to one of them for good, and takes its
//! followers along. Who has moved may read and change its profile, and nothing else.

use diesel::prelude::*;

use crate::actors::{self, Actor, ProfileChange};
use crate::connection::{Connection, PortableDsl};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::follows::{self, Choices};
use crate::ids::{ActorId, ListId, ListMemberId};
use crate::jobs::{self, Change, Job};
use crate::schema::{actors as people, follows as rows, list_members, lists};
use crate::site::Site;
use crate::time::Timestamp;

/// Aliases that an account may name.
pub const MOST_ALIASES: usize = 32;
/// Seconds after a move before the same account may go elsewhere: 30 days, as in Mastodon.
pub const REST: i64 = 30 * 24 * 3_600;
/// Seconds after a move of another server's account in which another one is not believed: 7 days.
const REMOTE_REST: i64 = 7 * 24 * 3_600;
/// Followers that one write carries over.
const CARRIED_AT_ONCE: i64 = 50;

/// The ActivityPub ids of the other accounts that a person here says are its own.
pub fn aliases(c: &mut Connection, actor: ActorId) -> Result<Vec<String>> {
    Ok(actors::get(c, actor)?.also_known_as.map(|known| known.0).unwrap_or_default())
}

/// A person here says that `other`, fetched by the caller, is its own too: from there it may move here. Naming it again
/// changes nothing.
///
/// # Errors
/// [`Error::Invalid`] for itself, for what is gone, and for one too many.
pub fn add_alias(c: &mut Connection, actor: ActorId, other: &Actor) -> Result<()> {
    if other.id == actor || other.is_gone() {
        return Err(Error::invalid("alias", Flaw::Invalid, "must be another account of yours"));
    }
    let mut known = aliases(c, actor)?;
    if known.contains(&other.uri) {
        return Ok(());
    }
    if known.len() >= MOST_ALIASES {
        return Err(Error::invalid("alias", Flaw::TooLong, format!("at most {MOST_ALIASES}")));
    }
    known.push(other.uri.clone());
    actors::change_profile(c, actor, ProfileChange { also_known_as: Some(known), ..ProfileChange::default() })?;
    Ok(())
}

/// … and that it is no longer.
///
/// # Errors
/// [`Error::NotFound`] when it was not named.
pub fn remove_alias(c: &mut Connection, actor: ActorId, uri: &str) -> Result<()> {
    let mut known = aliases(c, actor)?;
    let before = known.len();
    known.retain(|alias| alias != uri);
    if known.len() == before {
        return Err(Error::NotFound("alias"));
    }
    actors::change_profile(c, actor, ProfileChange { also_known_as: Some(known), ..ProfileChange::default() })?;
    Ok(())
}

/// A person here moves to `target`, whose profile the caller has fetched just now. Its followers are told, those here are
/// carried over.
///
/// # Errors
/// [`Error::Invalid`] when the target does not name this account among its aliases, is gone or has moved itself, or when the
/// last move was less than [`REST`] ago.
pub fn go(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<()> {
    let (source, target) = (actors::get(c, actor)?, actors::get(c, target)?);
    if source.moved_to_id == Some(target.id) {
        return Ok(());
    }
    let refused = |message: &str| Err(Error::invalid("target_account", Flaw::Invalid, message));
    if target.id == actor || target.is_gone() || target.moved_to_id.is_some() {
        return refused("must be another account that has not moved itself");
    }
    if !names(&target, &source.uri) {
        return refused("does not name this account among its aliases");
    }
    if rested(&source, REST) {
        set(c, actor, Some(target.id), true)?;
        jobs::enqueue(c, &Job::Federate { change: Change::Moved { actor, target: target.id } })?;
        jobs::enqueue(c, &Job::CarryFollowers { from: actor, to: target.id })?;
        jobs::enqueue(c, &Job::Federate { change: Change::ProfileChanged { actor } })?;
        Ok(())
    } else {
        refused("was moved to less than 30 days after another; try again later")
    }
}

/// A person who has moved stays after all, and may act again. Followers who were carried over do not come back.
pub fn stay(c: &mut Connection, actor: ActorId) -> Result<()> {
    if actors::get(c, actor)?.moved_to_id.is_some() {
        set(c, actor, None, false)?;
        jobs::enqueue(c, &Job::Federate { change: Change::ProfileChanged { actor } })?;
    }
    Ok(())
}

/// An account of another server says that it moves; the caller has fetched the target just now. False when the target does
/// not name it among its aliases, or when it has moved lately.
pub fn receive(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<bool> {
    let (source, target) = (actors::get(c, actor)?, actors::get(c, target)?);
    let believed = !source.is_local()
        && target.id != actor
        && !target.is_gone()
        && target.moved_to_id.is_none()
        && names(&target, &source.uri)
        && rested(&source, REMOTE_REST);
    if believed {
        set(c, actor, Some(target.id), true)?;
        jobs::enqueue(c, &Job::CarryFollowers { from: actor, to: target.id })?;
    }
    Ok(believed)
}

/// Lets some of the followers here of `from` follow `to` instead, with the same choices and in the same lists. Says whether
/// there may be more. Who may not follow the other, or is it, follows neither.
pub fn carry_followers(c: &mut Connection, site: &Site, from: ActorId, to: ActorId) -> Result<bool> {
    let follower = people::table.on(people::id.eq(rows::actor_id));
    let some: Vec<follows::Follow> = rows::table
        .inner_join(follower)
        .filter(rows::target_id.eq(from))
        .filter(people::domain.is_null())
        .order(rows::id)
        .limit(CARRIED_AT_ONCE)
        .select(rows::all_columns)
        .load(c)?;
    for follow in &some {
        let choices = Choices {
            show_boosts: Some(follow.show_boosts),
            notify: Some(follow.notify),
            languages: follow.languages.clone().map(|languages| languages.0),
        };
        let known = follows::get(c, follow.actor_id, to)?.is_some();
        match if known { Ok(()) } else { follows::follow(c, site, follow.actor_id, to, &choices).map(drop) } {
            Ok(()) => keep_in_lists(c, follow.actor_id, from, to)?,
            Err(Error::Forbidden(_) | Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        follows::unfollow(c, follow.actor_id, from)?;
    }
    Ok(i64::try_from(some.len()).is_ok_and(|carried| carried == CARRIED_AT_ONCE))
}

fn keep_in_lists(c: &mut Connection, owner: ActorId, from: ActorId, to: ActorId) -> Result<()> {
    let with: Vec<ListId> = list_members::table
        .inner_join(lists::table)
        .filter(lists::owner_id.eq(owner))
        .filter(list_members::actor_id.eq(from))
        .select(list_members::list_id)
        .load(c)?;
    for list in with {
        diesel::insert_into(list_members::table)
            .values((list_members::id.eq(ListMemberId::new()), list_members::list_id.eq(list), list_members::actor_id.eq(to)))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
        after_commit(Event::ListChanged(list));
    }
    Ok(())
}

fn names(target: &Actor, uri: &str) -> bool {
    target.also_known_as.as_ref().is_some_and(|known| known.0.iter().any(|alias| alias == uri))
}

fn rested(actor: &Actor, seconds: i64) -> bool {
    actor.moved_at.is_none_or(|at| at.plus_seconds(seconds) < Timestamp::now())
}

fn set(c: &mut Connection, actor: ActorId, target: Option<ActorId>, now: bool) -> Result<()> {
    if now {
        diesel::update(people::table.find(actor)).set(people::moved_at.eq(Some(Timestamp::now()))).execute(c)?;
    }
    actors::set_moved_to(c, actor, target)?;
    after_commit(Event::AccessChanged(actor));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn wrong(result: Result<()>) -> bool {
        matches!(result, Err(Error::Invalid(_)))
    }

    #[test]
    fn an_account_goes_where_it_is_named_and_takes_its_followers_along() {
        TestDb::new()
            .write_now(|c| {
                let (old, new, fan, far) = (local(c, "old"), local(c, "new"), local(c, "fan"), remote(c, "far"));
                follows::follow(c, &site(), fan.id, old.id, &Choices { notify: Some(true), ..Choices::default() })?;
                follow(c, far.id, old.id);
                let mine = list(c, fan.id, &[old.id], 0, false);
                assert!(wrong(go(c, old.id, new.id)), "not named");
                assert!(wrong(add_alias(c, new.id, &new)));
                add_alias(c, new.id, &old)?;
                add_alias(c, new.id, &old)?;
                assert_eq!(aliases(c, new.id)?, std::slice::from_ref(&old.uri));
                go(c, old.id, new.id)?;
                go(c, old.id, new.id)?;
                assert_eq!(actors::get(c, old.id)?.moved_to_id, Some(new.id));
                let told = jobs::all(c)?;
                let moved = Job::Federate { change: Change::Moved { actor: old.id, target: new.id } };
                let carry = Job::CarryFollowers { from: old.id, to: new.id };
                assert_eq!(told.iter().filter(|job| **job == moved || **job == carry).count(), 2, "{told:?}");
                assert!(!carry_followers(c, &site(), old.id, new.id)?);
                let follow = follows::get(c, fan.id, new.id)?.unwrap();
                assert!(follow.notify);
                assert!(!follows::is_following(c, fan.id, old.id)?);
                assert!(follows::is_following(c, far.id, old.id)?, "other servers carry their own");
                assert!(crate::lists::member_ids(c, mine)?.contains(&new.id));
                stay(c, old.id)?;
                let third = local(c, "third");
                add_alias(c, third.id, &old)?;
                assert!(wrong(go(c, old.id, third.id)), "too soon");
                remove_alias(c, new.id, &old.uri)?;
                assert!(matches!(remove_alias(c, new.id, &old.uri), Err(Error::NotFound(_))));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_move_of_elsewhere_needs_the_other_accounts_word() {
        TestDb::new()
            .write_now(|c| {
                let (fan, old, liar) = (local(c, "fan"), remote(c, "old"), remote(c, "liar"));
                let mut target = remote_actor("new");
                target.also_known_as = vec![old.uri.clone()];
                let new = actors::store_remote(c, target)?;
                follow(c, fan.id, old.id);
                follow(c, fan.id, liar.id);
                assert!(!super::receive(c, liar.id, new.id)?);
                assert!(!super::receive(c, fan.id, new.id)?, "one of ours");
                assert!(super::receive(c, old.id, new.id)?);
                assert!(!super::receive(c, old.id, new.id)?, "again");
                assert!(!carry_followers(c, &site(), old.id, new.id)?);
                assert!(crate::follow_requests::get(c, fan.id, new.id)?.is_some());
                assert!(!follows::is_following(c, fan.id, old.id)? && follows::is_following(c, fan.id, liar.id)?);
                Ok(())
            })
            .unwrap();
    }
}
