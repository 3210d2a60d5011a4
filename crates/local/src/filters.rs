//! Filters: what a person does not want to read. A filter holds keywords and single posts, and says where and what becomes
//! of what they match. Nothing is held back: apps are told what matches and act on it (Mastodon's documentation,
//! “Implementation guidelines for filters”). What matches is found in [`active`].

pub mod active;
mod keywords;
mod statuses;

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, cols};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Problem, Result};
use crate::events::Event;
use crate::ids::{ActorId, FilterId};
use crate::schema::{filter_keywords, filter_statuses, filters};
use crate::time::Timestamp;

pub use keywords::{
    KEYWORD_LIMIT, Keyword, KeywordChange, add_keyword, change_keyword, change_single, create_single, delete_keyword, keyword,
};
pub(crate) use statuses::forget_post;
pub use statuses::{FilterStatus, add_status, delete_status, status};

/// Filters that one person may have.
pub const MOST: usize = 200;
/// Keywords of all filters of one person, and as many posts.
pub const MOST_PARTS: i64 = 2_000;
/// Characters of a title.
pub const TITLE_LIMIT: usize = 256;
/// Seconds after which an end is as good as none: a hundred years.
const LONGEST: i64 = 3_155_760_000;

stored_enum! {
    /// What becomes of a post that a filter matches.
    FilterAction {
        /// It is hidden behind the filter's title.
        Warn = 0 "warn",
        /// It is not shown at all.
        Hide = 1 "hide",
        /// Its pictures are hidden.
        Blur = 2 "blur",
    }
}

stored_enum! {
    /// Where a filter counts. The numbers are bits.
    FilterContext {
        /// Home and lists.
        Home = 1 "home",
        /// Notifications.
        Notifications = 2 "notifications",
        /// Public timelines, hashtags, search.
        Public = 4 "public",
        /// Conversations.
        Thread = 8 "thread",
        /// Profiles.
        Account = 16 "account",
    }
}

/// A filter as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = filters)]
#[allow(missing_docs)]
pub struct Filter {
    pub id: FilterId,
    pub actor_id: ActorId,
    pub title: String,
    contexts: i32,
    pub action: FilterAction,
    /// Afterwards it matches nothing; it stays until its owner deletes it.
    pub expires_at: Option<Timestamp>,
}

impl Filter {
    /// Where it counts.
    pub fn contexts(&self) -> Vec<FilterContext> {
        FilterContext::ALL.iter().copied().filter(|context| self.contexts & context.code() != 0).collect()
    }

    /// Whether it matches anything any more.
    pub fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= Timestamp::now())
    }
}

/// A filter with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Whole {
    pub filter: Filter,
    pub keywords: Vec<Keyword>,
    pub statuses: Vec<FilterStatus>,
}

/// What of a filter is changed; `None` leaves it as it is. A new filter needs title and contexts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterChange {
    /// Its name.
    pub title: Option<String>,
    /// The words for where it counts, at least one.
    pub contexts: Option<Vec<String>>,
    /// What becomes of what it matches; `warn` unless told.
    pub action: Option<FilterAction>,
    /// Seconds from now until it matches nothing any more; `Some(None)`: never.
    pub expires_in: Option<Option<i64>>,
    /// What is done to its keywords, in this order.
    pub keywords: Vec<KeywordChange>,
}

/// Makes a filter.
///
/// # Errors
/// [`Error::Invalid`] naming all fields that are wrong; [`Error::NotFound`] when a keyword is named by an id.
pub fn create(c: &mut Connection, owner: ActorId, change: FilterChange) -> Result<Whole> {
    let mut problems = Vec::new();
    let title = checked_title(change.title.as_deref().unwrap_or_default(), &mut problems);
    let contexts = checked_contexts(&change.contexts.unwrap_or_default(), &mut problems);
    keywords::check_all(&change.keywords, true, &mut problems);
    let had: i64 = filters::table.filter(filters::actor_id.eq(owner)).count().get_result(c)?;
    if usize::try_from(had).unwrap_or(MOST) >= MOST {
        problems.push(too_many(format!("no more than {MOST} filters are possible")));
    }
    refuse(problems)?;
    let filter: Filter = diesel::insert_into(filters::table)
        .values((
            filters::id.eq(FilterId::new()),
            filters::actor_id.eq(owner),
            filters::title.eq(title),
            filters::contexts.eq(contexts),
            filters::action.eq(change.action.unwrap_or(FilterAction::Warn)),
            filters::expires_at.eq(change.expires_in.flatten().map(end)),
            filters::created_at.eq(Timestamp::now()),
        ))
        .returning(cols::<Filter>())
        .get_result(c)?;
    keywords::change_all(c, &filter, change.keywords)?;
    after_commit(Event::FiltersChanged(owner));
    whole(c, filter)
}

/// Changes a filter of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's and for a keyword that is not in it; [`Error::Invalid`] naming all fields
/// that are wrong.
pub fn change(c: &mut Connection, owner: ActorId, id: FilterId, change: FilterChange) -> Result<Whole> {
    let before = find(c, owner, id)?;
    let mut problems = Vec::new();
    let title = change.title.map_or(before.title, |title| checked_title(&title, &mut problems));
    let contexts = change.contexts.map_or(before.contexts, |words| checked_contexts(&words, &mut problems));
    keywords::check_all(&change.keywords, false, &mut problems);
    refuse(problems)?;
    let filter: Filter = diesel::update(filters::table.find(id))
        .set((
            filters::title.eq(title),
            filters::contexts.eq(contexts),
            filters::action.eq(change.action.unwrap_or(before.action)),
            filters::expires_at.eq(change.expires_in.map_or(before.expires_at, |seconds| seconds.map(end))),
        ))
        .returning(cols::<Filter>())
        .get_result(c)?;
    keywords::change_all(c, &filter, change.keywords)?;
    after_commit(Event::FiltersChanged(owner));
    whole(c, filter)
}

/// Deletes a filter of `owner` with all that it holds.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, owner: ActorId, id: FilterId) -> Result<()> {
    find(c, owner, id)?;
    diesel::delete(filters::table.find(id)).execute(c)?;
    after_commit(Event::FiltersChanged(owner));
    Ok(())
}

/// A filter of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, owner: ActorId, id: FilterId) -> Result<Whole> {
    let filter = find(c, owner, id)?;
    whole(c, filter)
}

/// All filters of `owner`, oldest first, also those that are over; three queries.
pub fn of(c: &mut Connection, owner: ActorId) -> Result<Vec<Whole>> {
    let found: Vec<Filter> =
        filters::table.filter(filters::actor_id.eq(owner)).order(filters::id).select(cols::<Filter>()).load(c)?;
    fill(c, found)
}

fn find(c: &mut Connection, owner: ActorId, id: FilterId) -> Result<Filter> {
    let own = filters::table.find(id).filter(filters::actor_id.eq(owner));
    own.select(cols::<Filter>()).first(c).optional()?.ok_or(Error::NotFound("filter"))
}

fn whole(c: &mut Connection, filter: Filter) -> Result<Whole> {
    fill(c, vec![filter])?.pop().ok_or(Error::NotFound("filter"))
}

/// The filters with what they hold, in their order.
fn fill(c: &mut Connection, found: Vec<Filter>) -> Result<Vec<Whole>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<FilterId> = found.iter().map(|filter| filter.id).collect();
    let all_keywords: Vec<Keyword> = filter_keywords::table
        .filter(any_of(filter_keywords::filter_id, &ids))
        .order(filter_keywords::id)
        .select(cols::<Keyword>())
        .load(c)?;
    let all_statuses: Vec<FilterStatus> = filter_statuses::table
        .filter(any_of(filter_statuses::filter_id, &ids))
        .order(filter_statuses::id)
        .select(cols::<FilterStatus>())
        .load(c)?;
    let mut wholes: Vec<Whole> =
        found.into_iter().map(|filter| Whole { filter, keywords: Vec::new(), statuses: Vec::new() }).collect();
    let place: std::collections::HashMap<FilterId, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    for keyword in all_keywords {
        if let Some(whole) = place.get(&keyword.filter_id).and_then(|at| wholes.get_mut(*at)) {
            whole.keywords.push(keyword);
        }
    }
    for status in all_statuses {
        if let Some(whole) = place.get(&status.filter_id).and_then(|at| wholes.get_mut(*at)) {
            whole.statuses.push(status);
        }
    }
    Ok(wholes)
}

// --- what is sent -----------------------------------------------------------------------------------------------------

fn end(seconds: i64) -> Timestamp {
    Timestamp::now().plus_seconds(seconds.clamp(0, LONGEST))
}

fn refuse(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

fn too_many(message: String) -> Problem {
    Problem { field: "base", flaw: Flaw::Invalid, message }
}

fn too_long(field: &'static str, limit: usize) -> Problem {
    Problem { field, flaw: Flaw::TooLong, message: format!("is too long (maximum is {limit} characters)") }
}

fn blank(field: &'static str) -> Problem {
    Problem { field, flaw: Flaw::Blank, message: "can't be blank".to_owned() }
}

fn checked_title(title: &str, problems: &mut Vec<Problem>) -> String {
    if title.trim().is_empty() {
        problems.push(blank("title"));
    } else if title.chars().count() > TITLE_LIMIT {
        problems.push(too_long("title", TITLE_LIMIT));
    }
    title.to_owned()
}

/// The bits of the words for contexts.
fn checked_contexts(words: &[String], problems: &mut Vec<Problem>) -> i32 {
    let words: Vec<&str> = words.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
    let known: Option<Vec<FilterContext>> = words.iter().map(|word| FilterContext::from_word(word)).collect();
    if words.is_empty() {
        problems.push(blank("context"));
    }
    let bits = known.filter(|known| !known.is_empty()).map(|known| known.iter().fold(0, |bits, context| bits | context.code()));
    if bits.is_none() {
        let message = "None or invalid context supplied".to_owned();
        problems.push(Problem { field: "context", flaw: Flaw::Invalid, message });
    }
    bits.unwrap_or_default()
}

#[cfg(test)]
mod tests;
