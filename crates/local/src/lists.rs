//! Lists: accounts that a person gathers to read them apart. Only the owner knows of a list.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, PortableDsl, any_of};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::ids::{ActorId, ListId, ListMemberId};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{actors as people, follow_requests, follows, list_members as members, lists};
use crate::time::Timestamp;

/// Lists that one person may have.
pub const MOST: i64 = 50;
/// Characters of a title.
pub const TITLE_LIMIT: usize = 256;

stored_enum! {
    /// Which replies of its members a list shows (Mastodon's `replies_policy`).
    RepliesPolicy {
        /// Those to other members.
        List = 0 "list",
        /// Those to anybody whom the owner follows.
        Followed = 1 "followed",
        /// None.
        None = 2 "none",
    }
}

/// A list as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
#[allow(missing_docs)]
pub struct List {
    pub id: ListId,
    pub owner_id: ActorId,
    pub title: String,
    pub replies_policy: RepliesPolicy,
    /// Whether the members' posts stay out of the owner's home timeline.
    pub exclusive: bool,
    pub created_at: Timestamp,
}

/// What of a list is changed; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ListChange {
    pub title: Option<String>,
    pub replies_policy: Option<RepliesPolicy>,
    pub exclusive: Option<bool>,
}

/// Makes a list.
///
/// # Errors
/// [`Error::Invalid`] for an empty or long title, and for more than [`MOST`] lists.
pub fn create(c: &mut Connection, owner: ActorId, title: &str, policy: RepliesPolicy, exclusive: bool) -> Result<List> {
    let title = checked_title(title)?;
    let had: i64 = lists::table.filter(lists::owner_id.eq(owner)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} lists are possible")));
    }
    let list =
        List { id: ListId::new(), owner_id: owner, title, replies_policy: policy, exclusive, created_at: Timestamp::now() };
    diesel::insert_into(lists::table)
        .values((
            lists::id.eq(list.id),
            lists::owner_id.eq(owner),
            lists::title.eq(&list.title),
            lists::replies_policy.eq(policy),
            lists::exclusive.eq(exclusive),
            lists::created_at.eq(list.created_at),
        ))
        .execute(c)?;
    Ok(list)
}

/// Changes a list of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's; [`Error::Invalid`] for an empty or long title.
pub fn change(c: &mut Connection, owner: ActorId, id: ListId, change: ListChange) -> Result<List> {
    let before = get(c, owner, id)?;
    let title = match change.title {
        Some(title) => checked_title(&title)?,
        None => before.title,
    };
    let list: List = diesel::update(lists::table.find(id))
        .set((
            lists::title.eq(title),
            lists::replies_policy.eq(change.replies_policy.unwrap_or(before.replies_policy)),
            lists::exclusive.eq(change.exclusive.unwrap_or(before.exclusive)),
        ))
        .returning(lists::all_columns)
        .get_result(c)?;
    changed(owner, id);
    Ok(list)
}

/// Deletes a list of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, owner: ActorId, id: ListId) -> Result<()> {
    get(c, owner, id)?;
    diesel::delete(lists::table.find(id)).execute(c)?;
    changed(owner, id);
    Ok(())
}

/// A list of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, owner: ActorId, id: ListId) -> Result<List> {
    lists::table.find(id).filter(lists::owner_id.eq(owner)).first(c).optional()?.ok_or(Error::NotFound("list"))
}

/// All lists of `owner`, oldest first.
pub fn of(c: &mut Connection, owner: ActorId) -> Result<Vec<List>> {
    Ok(lists::table.filter(lists::owner_id.eq(owner)).order(lists::id).load(c)?)
}

/// The lists of `owner` that `member` is in, oldest first.
pub fn containing(c: &mut Connection, owner: ActorId, member: ActorId) -> Result<Vec<List>> {
    Ok(lists::table
        .inner_join(members::table)
        .filter(lists::owner_id.eq(owner))
        .filter(members::actor_id.eq(member))
        .order(lists::id)
        .select(lists::all_columns)
        .load(c)?)
}

/// Puts people into a list of `owner`; those who are in it already stay.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's list, and when one of them is neither the owner nor followed by it (or asked to
/// be): then none is put in.
pub fn add(c: &mut Connection, owner: ActorId, id: ListId, actors: &[ActorId]) -> Result<()> {
    get(c, owner, id)?;
    let mut known: Vec<ActorId> = follows::table
        .filter(follows::actor_id.eq(owner))
        .filter(any_of(follows::target_id, actors))
        .select(follows::target_id)
        .load(c)?;
    known.extend(
        follow_requests::table
            .filter(follow_requests::actor_id.eq(owner))
            .filter(any_of(follow_requests::target_id, actors))
            .select(follow_requests::target_id)
            .load::<ActorId>(c)?,
    );
    if actors.iter().any(|actor| *actor != owner && !known.contains(actor)) {
        return Err(Error::NotFound("followed account"));
    }
    for actor in actors {
        diesel::insert_into(members::table)
            .values((members::id.eq(ListMemberId::new()), members::list_id.eq(id), members::actor_id.eq(*actor)))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
    }
    changed(owner, id);
    Ok(())
}

/// Takes people out of a list of `owner`; those who are not in it do not matter.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's list.
pub fn remove(c: &mut Connection, owner: ActorId, id: ListId, actors: &[ActorId]) -> Result<()> {
    get(c, owner, id)?;
    diesel::delete(members::table.filter(members::list_id.eq(id)).filter(any_of(members::actor_id, actors))).execute(c)?;
    changed(owner, id);
    Ok(())
}

/// Those in a list of `owner`, the latest first; without those who are gone.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's list.
pub fn members(c: &mut Connection, owner: ActorId, id: ListId, page: &Page) -> Result<Slice<ActorId>> {
    get(c, owner, id)?;
    let rows = paged!(
        c,
        page,
        members::id,
        members::table
            .inner_join(people::table)
            .filter(members::list_id.eq(id))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .select((members::id, members::actor_id))
    );
    Ok(Slice::new::<ListMemberId>(rows, page))
}

/// All of a list's members, in no particular order.
pub fn member_ids(c: &mut Connection, id: ListId) -> Result<Vec<ActorId>> {
    Ok(members::table.filter(members::list_id.eq(id)).select(members::actor_id).load(c)?)
}

/// Takes somebody out of all lists of `owner`: it follows it no longer.
pub(crate) fn forget_member(c: &mut Connection, owner: ActorId, member: ActorId) -> Result<()> {
    let theirs: Vec<ListId> = lists::table
        .inner_join(members::table)
        .filter(lists::owner_id.eq(owner))
        .filter(members::actor_id.eq(member))
        .select(lists::id)
        .load(c)?;
    if theirs.is_empty() || owner == member {
        return Ok(());
    }
    diesel::delete(members::table.filter(members::actor_id.eq(member)).filter(any_of(members::list_id, &theirs))).execute(c)?;
    for list in theirs {
        after_commit(Event::ListChanged(list));
    }
    Ok(())
}

fn checked_title(title: &str) -> Result<String> {
    let title = title.trim();
    if title.is_empty() {
        return Err(Error::invalid("title", Flaw::Blank, "cannot be empty"));
    }
    if title.chars().count() > TITLE_LIMIT {
        return Err(Error::invalid("title", Flaw::TooLong, format!("has {TITLE_LIMIT} characters at the most")));
    }
    Ok(title.to_owned())
}

/// An exclusive list changes the owner's home timeline too.
fn changed(owner: ActorId, list: ListId) {
    after_commit(Event::ListChanged(list));
    after_commit(Event::RelationsChanged(owner));
}
