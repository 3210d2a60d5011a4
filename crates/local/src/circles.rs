//! Circles: people whom somebody gathers to write to them alone. A post to a circle is a direct post to those who are in it then,
//! without naming them; who comes later does not get it, and whoever has left keeps it. Only the owner knows of a circle.

use diesel::prelude::*;

use crate::blocks;
use crate::connection::{Connection, PortableDsl, any_of, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, CircleId, CircleMemberId};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, circle_members as members, circles};
use crate::time::Timestamp;

/// Circles that one person may have.
pub const MOST: i64 = 50;
/// People that one circle may hold.
pub const MOST_MEMBERS: i64 = 500;
/// Characters of a title.
pub const TITLE_LIMIT: usize = 100;

/// A circle as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = circles)]
#[allow(missing_docs)]
pub struct Circle {
    pub id: CircleId,
    pub owner_id: ActorId,
    pub title: String,
    pub created_at: Timestamp,
}

/// Makes a circle.
///
/// # Errors
/// [`Error::Invalid`] for an empty or long title, and for one circle too many.
pub fn create(c: &mut Connection, owner: ActorId, title: &str) -> Result<Circle> {
    let title = checked_title(title)?;
    let had: i64 = circles::table.filter(circles::owner_id.eq(owner)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} circles are possible")));
    }
    let circle = Circle { id: CircleId::new(), owner_id: owner, title, created_at: Timestamp::now() };
    diesel::insert_into(circles::table)
        .values((
            circles::id.eq(circle.id),
            circles::owner_id.eq(owner),
            circles::title.eq(&circle.title),
            circles::created_at.eq(circle.created_at),
        ))
        .execute(c)?;
    Ok(circle)
}

/// Gives a circle of `owner` another title.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's; [`Error::Invalid`] for an empty or long title.
pub fn rename(c: &mut Connection, owner: ActorId, id: CircleId, title: &str) -> Result<Circle> {
    get(c, owner, id)?;
    diesel::update(circles::table.find(id)).set(circles::title.eq(checked_title(title)?)).execute(c)?;
    get(c, owner, id)
}

/// Deletes a circle of `owner`. What was written to it stays where it went.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, owner: ActorId, id: CircleId) -> Result<()> {
    get(c, owner, id)?;
    diesel::delete(circles::table.find(id)).execute(c)?;
    Ok(())
}

/// A circle of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, owner: ActorId, id: CircleId) -> Result<Circle> {
    let own = circles::table.find(id).filter(circles::owner_id.eq(owner));
    own.select(cols::<Circle>()).first(c).optional()?.ok_or(Error::NotFound("circle"))
}

/// All circles of `owner`, oldest first.
pub fn of(c: &mut Connection, owner: ActorId) -> Result<Vec<Circle>> {
    Ok(circles::table.filter(circles::owner_id.eq(owner)).order(circles::id).select(cols::<Circle>()).load(c)?)
}

/// Puts people into a circle of `owner`; those who are in it already stay.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's circle and for unknown people; [`Error::Forbidden`] for somebody whom the owner
/// blocks or who blocks it; [`Error::Invalid`] for more than [`MOST_MEMBERS`]. Then none is put in.
pub fn add(c: &mut Connection, owner: ActorId, id: CircleId, actors: &[ActorId]) -> Result<()> {
    get(c, owner, id)?;
    let mut actors = actors.to_vec();
    actors.sort_unstable();
    actors.dedup();
    actors.retain(|actor| *actor != owner);
    let there: i64 = people::table
        .filter(any_of(people::id, &actors))
        .filter(people::deleted_at.is_null())
        .filter(people::suspended_at.is_null())
        .count()
        .get_result(c)?;
    if i64::try_from(actors.len()).is_ok_and(|asked| asked != there) {
        return Err(Error::NotFound("account"));
    }
    for actor in &actors {
        if blocks::either_way(c, owner, *actor)? {
            return Err(Error::Forbidden("You cannot write to somebody whom you block or who blocks you"));
        }
        diesel::insert_into(members::table)
            .values((members::id.eq(CircleMemberId::new()), members::circle_id.eq(id), members::actor_id.eq(*actor)))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
    }
    let held: i64 = members::table.filter(members::circle_id.eq(id)).count().get_result(c)?;
    if held > MOST_MEMBERS {
        return Err(Error::invalid("account_ids", Flaw::TooLong, format!("are too many (maximum is {MOST_MEMBERS})")));
    }
    Ok(())
}

/// Takes people out of a circle of `owner`; those who are not in it do not matter.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's circle.
pub fn remove(c: &mut Connection, owner: ActorId, id: CircleId, actors: &[ActorId]) -> Result<()> {
    get(c, owner, id)?;
    diesel::delete(members::table.filter(members::circle_id.eq(id)).filter(any_of(members::actor_id, actors))).execute(c)?;
    Ok(())
}

/// Those in a circle of `owner`, the latest first; without those who are gone.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's circle.
pub fn members(c: &mut Connection, owner: ActorId, id: CircleId, page: &Page) -> Result<Slice<ActorId>> {
    get(c, owner, id)?;
    let rows = paged!(
        c,
        page,
        members::id,
        members::table
            .inner_join(people::table)
            .filter(members::circle_id.eq(id))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .select((members::id, members::actor_id))
    );
    Ok(Slice::new::<CircleMemberId>(rows, page))
}

/// To whom a post to a circle of `owner` goes: those in it who are still there and in no block with the owner.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's circle; [`Error::Invalid`] when nobody is in it.
pub(crate) fn audience(c: &mut Connection, owner: ActorId, id: CircleId) -> Result<Vec<ActorId>> {
    let all = members(c, owner, id, &Page::newest(MOST_MEMBERS))?.items;
    let mut audience = Vec::with_capacity(all.len());
    for member in all {
        if !blocks::either_way(c, owner, member)? {
            audience.push(member);
        }
    }
    if audience.is_empty() {
        return Err(Error::invalid("circle_id", Flaw::Invalid, "is a circle with nobody in it"));
    }
    Ok(audience)
}

/// Two people have nothing to do with each other any more: neither is in the other's circles.
pub(crate) fn part(c: &mut Connection, one: ActorId, other: ActorId) -> Result<()> {
    for (owner, member) in [(one, other), (other, one)] {
        let theirs: Vec<CircleId> = circles::table
            .inner_join(members::table)
            .filter(circles::owner_id.eq(owner))
            .filter(members::actor_id.eq(member))
            .select(circles::id)
            .load(c)?;
        if !theirs.is_empty() {
            let rows = members::table.filter(members::actor_id.eq(member)).filter(any_of(members::circle_id, &theirs));
            diesel::delete(rows).execute(c)?;
        }
    }
    Ok(())
}

fn checked_title(title: &str) -> Result<String> {
    let title = title.trim();
    if title.is_empty() {
        return Err(Error::invalid("title", Flaw::Blank, "can't be blank"));
    }
    if title.chars().count() > TITLE_LIMIT {
        return Err(Error::invalid("title", Flaw::TooLong, format!("is too long (maximum is {TITLE_LIMIT} characters)")));
    }
    Ok(title.to_owned())
}
