//! Single posts in filters.

use diesel::prelude::*;

use super::{MOST_PARTS, find, too_many};
use crate::connection::{Connection, cols};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::ids::{ActorId, FilterId, FilterStatusId, PostId};
use crate::schema::{filter_statuses as statuses, filters};
use crate::visibility;

/// A post in a filter as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = statuses)]
#[allow(missing_docs)]
pub struct FilterStatus {
    pub id: FilterStatusId,
    pub filter_id: FilterId,
    pub post_id: PostId,
}

/// A post in one of `owner`'s filters.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn status(c: &mut Connection, owner: ActorId, id: FilterStatusId) -> Result<FilterStatus> {
    let own = statuses::table.inner_join(filters::table).filter(statuses::id.eq(id)).filter(filters::actor_id.eq(owner));
    own.select(cols::<FilterStatus>()).first(c).optional()?.ok_or(Error::NotFound("filtered post"))
}

/// Puts a post into a filter of `owner`.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's filter; [`Error::Invalid`] for a post that the owner cannot see or that is in the
/// filter already, and for more than [`MOST_PARTS`].
pub fn add_status(c: &mut Connection, owner: ActorId, filter: FilterId, post: PostId) -> Result<FilterStatus> {
    let filter = find(c, owner, filter)?;
    if visibility::visible(c, Some(owner), post)?.is_none() {
        return Err(Error::invalid("status", Flaw::Blank, "must exist"));
    }
    let there = statuses::table.filter(statuses::filter_id.eq(filter.id)).filter(statuses::post_id.eq(post));
    if there.count().get_result::<i64>(c)? > 0 {
        return Err(Error::invalid("status", Flaw::Taken, "has already been taken"));
    }
    let of_owner = statuses::table.inner_join(filters::table).filter(filters::actor_id.eq(owner));
    if of_owner.count().get_result::<i64>(c)? >= MOST_PARTS {
        return Err(Error::Invalid(vec![too_many(format!("no more than {MOST_PARTS} posts are possible"))]));
    }
    let made = diesel::insert_into(statuses::table)
        .values((statuses::id.eq(FilterStatusId::new()), statuses::filter_id.eq(filter.id), statuses::post_id.eq(post)))
        .returning(cols::<FilterStatus>())
        .get_result(c)?;
    after_commit(Event::FiltersChanged(owner));
    Ok(made)
}

/// Takes a post out of a filter of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete_status(c: &mut Connection, owner: ActorId, id: FilterStatusId) -> Result<()> {
    status(c, owner, id)?;
    diesel::delete(statuses::table.find(id)).execute(c)?;
    after_commit(Event::FiltersChanged(owner));
    Ok(())
}

/// Takes a post out of all filters: it is gone.
pub(crate) fn forget_post(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(statuses::table.filter(statuses::post_id.eq(post))).execute(c)?;
    Ok(())
}
