//! The keywords of filters.

use diesel::prelude::*;

use super::{Filter, FilterChange, MOST_PARTS, TITLE_LIMIT, blank, checked_contexts, find, refuse, too_long, too_many};
use crate::connection::{Connection, cols};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Problem, Result};
use crate::events::Event;
use crate::ids::{ActorId, FilterId, FilterKeywordId};
use crate::schema::{filter_keywords as keywords, filters};

/// Characters of a keyword.
pub const KEYWORD_LIMIT: usize = 512;

/// A keyword of a filter as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = keywords)]
#[allow(missing_docs)]
pub struct Keyword {
    pub id: FilterKeywordId,
    pub filter_id: FilterId,
    pub keyword: String,
    /// Whether it has to stand alone (see [`crate::text::matching`]).
    pub whole_word: bool,
}

/// What is done to a keyword: without an `id` it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct KeywordChange {
    pub id: Option<FilterKeywordId>,
    pub keyword: Option<String>,
    pub whole_word: Option<bool>,
    /// Whether it is deleted instead.
    pub destroy: bool,
}

/// A keyword of one of `owner`'s filters, with the filter.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn keyword(c: &mut Connection, owner: ActorId, id: FilterKeywordId) -> Result<(Keyword, Filter)> {
    let own = keywords::table.inner_join(filters::table).filter(keywords::id.eq(id)).filter(filters::actor_id.eq(owner));
    own.select((cols::<Keyword>(), cols::<Filter>())).first(c).optional()?.ok_or(Error::NotFound("keyword"))
}

/// Adds a keyword to a filter of `owner`.
///
/// # Errors
/// [`Error::NotFound`] for somebody else's filter; [`Error::Invalid`] for an empty or long keyword, and for more than
/// [`MOST_PARTS`].
pub fn add_keyword(
    c: &mut Connection,
    owner: ActorId,
    filter: FilterId,
    text: &str,
    whole_word: Option<bool>,
) -> Result<Keyword> {
    let filter = find(c, owner, filter)?;
    let mut problems = Vec::new();
    check(Some(text), "keyword", &mut problems);
    refuse(problems)?;
    let made = insert(c, &filter, text, whole_word)?;
    after_commit(Event::FiltersChanged(owner));
    Ok(made)
}

/// Changes a keyword of one of `owner`'s filters; `None` leaves as it is.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's; [`Error::Invalid`] for an empty or long keyword.
pub fn change_keyword(
    c: &mut Connection,
    owner: ActorId,
    id: FilterKeywordId,
    text: Option<&str>,
    whole_word: Option<bool>,
) -> Result<Keyword> {
    let (before, _) = keyword(c, owner, id)?;
    let mut problems = Vec::new();
    check(Some(text.unwrap_or(&before.keyword)), "keyword", &mut problems);
    refuse(problems)?;
    let changed = update(c, &before, text, whole_word)?;
    after_commit(Event::FiltersChanged(owner));
    Ok(changed)
}

/// Deletes a keyword; its filter stays.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete_keyword(c: &mut Connection, owner: ActorId, id: FilterKeywordId) -> Result<()> {
    keyword(c, owner, id)?;
    diesel::delete(keywords::table.find(id)).execute(c)?;
    after_commit(Event::FiltersChanged(owner));
    Ok(())
}

/// Makes a keyword together with a filter of its own, as apps from before Mastodon 4 do, to which the two are one.
///
/// # Errors
/// [`Error::Invalid`] naming all fields that are wrong (`phrase` is the keyword's).
pub fn create_single(
    c: &mut Connection,
    owner: ActorId,
    text: &str,
    whole_word: Option<bool>,
    filter_change: FilterChange,
) -> Result<(Keyword, Filter)> {
    let mut problems = Vec::new();
    check(Some(text), "phrase", &mut problems);
    checked_contexts(filter_change.contexts.as_deref().unwrap_or_default(), &mut problems);
    refuse(problems)?;
    let keyword = KeywordChange { keyword: Some(text.to_owned()), whole_word, ..KeywordChange::default() };
    let made = super::create(c, owner, FilterChange { title: Some(title_of(text)), keywords: vec![keyword], ..filter_change })?;
    let keyword = made.keywords.into_iter().next().ok_or(Error::NotFound("keyword"))?;
    Ok((keyword, made.filter))
}

/// Changes a keyword together with its filter (see [`create_single`]). The filter's title stays the keyword's while it has
/// no other.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's; [`Error::Invalid`] naming all fields that are wrong, and when the filter
/// would change and has other keywords.
pub fn change_single(
    c: &mut Connection,
    owner: ActorId,
    id: FilterKeywordId,
    text: Option<&str>,
    whole_word: Option<bool>,
    filter_change: FilterChange,
) -> Result<(Keyword, Filter)> {
    let (before, filter) = keyword(c, owner, id)?;
    let mut problems = Vec::new();
    check(Some(text.unwrap_or(&before.keyword)), "phrase", &mut problems);
    if let Some(words) = &filter_change.contexts {
        checked_contexts(words, &mut problems);
    }
    refuse(problems)?;
    let after = update(c, &before, text, whole_word)?;
    let others = keywords::table.filter(keywords::filter_id.eq(filter.id)).filter(keywords::id.ne(id));
    let alone = others.count().get_result::<i64>(c)? == 0;
    let named_so = alone && filter.title == title_of(&before.keyword);
    let filter_change = FilterChange { title: named_so.then(|| title_of(&after.keyword)), ..filter_change };
    let changed = super::change(c, owner, filter.id, filter_change)?.filter;
    if !alone && changed != filter {
        return Err(Error::invalid("base", Flaw::Invalid, SHARED));
    }
    Ok((after, changed))
}

/// The title of a filter that was made with one keyword.
fn title_of(keyword: &str) -> String {
    keyword.chars().take(TITLE_LIMIT).collect()
}

const SHARED: &str = "these parameters apply to more than one filter keyword and cannot be changed by this app: use a newer one";

/// Applies what was sent with a filter.
pub(super) fn change_all(c: &mut Connection, filter: &Filter, changes: Vec<KeywordChange>) -> Result<()> {
    for change in changes {
        let Some(id) = change.id else {
            if let Some(text) = change.keyword.filter(|text| !change.destroy && !text.trim().is_empty()) {
                insert(c, filter, &text, change.whole_word)?;
            }
            continue;
        };
        let there = keywords::table.find(id).filter(keywords::filter_id.eq(filter.id)).select(cols::<Keyword>());
        let there: Keyword = there.first(c).optional()?.ok_or(Error::NotFound("keyword"))?;
        if change.destroy {
            diesel::delete(keywords::table.find(id)).execute(c)?;
        } else {
            update(c, &there, change.keyword.as_deref(), change.whole_word)?;
        }
    }
    Ok(())
}

fn insert(c: &mut Connection, filter: &Filter, text: &str, whole_word: Option<bool>) -> Result<Keyword> {
    let of_owner = keywords::table.inner_join(filters::table).filter(filters::actor_id.eq(filter.actor_id));
    if of_owner.count().get_result::<i64>(c)? >= MOST_PARTS {
        return Err(Error::Invalid(vec![too_many(format!("no more than {MOST_PARTS} keywords are possible"))]));
    }
    Ok(diesel::insert_into(keywords::table)
        .values((
            keywords::id.eq(FilterKeywordId::new()),
            keywords::filter_id.eq(filter.id),
            keywords::keyword.eq(text),
            // Mastodon's default, whatever its documentation says.
            keywords::whole_word.eq(whole_word.unwrap_or(true)),
        ))
        .returning(cols::<Keyword>())
        .get_result(c)?)
}

fn update(c: &mut Connection, before: &Keyword, text: Option<&str>, whole_word: Option<bool>) -> Result<Keyword> {
    Ok(diesel::update(keywords::table.find(before.id))
        .set((
            keywords::keyword.eq(text.unwrap_or(&before.keyword)),
            keywords::whole_word.eq(whole_word.unwrap_or(before.whole_word)),
        ))
        .returning(cols::<Keyword>())
        .get_result(c)?)
}

/// Whether what was sent with a filter has the right form.
pub(super) fn check_all(changes: &[KeywordChange], new_filter: bool, problems: &mut Vec<Problem>) {
    for change in changes.iter().filter(|change| !change.destroy) {
        // One that says nothing is passed over, as forms send it; one that is there must keep a text.
        let says_nothing = change.keyword.is_none() && (change.id.is_some() || change.whole_word.is_none());
        let empty_row = change.id.is_none() && change.whole_word.is_none();
        let blank_text = change.keyword.as_deref().is_none_or(|text| text.trim().is_empty());
        if says_nothing || (empty_row && blank_text) || (new_filter && change.id.is_some()) {
            continue;
        }
        check(change.keyword.as_deref(), "keywords.keyword", problems);
    }
}

fn check(text: Option<&str>, field: &'static str, problems: &mut Vec<Problem>) {
    match text {
        Some(text) if text.chars().count() > KEYWORD_LIMIT => problems.push(too_long(field, KEYWORD_LIMIT)),
        Some(text) if !text.trim().is_empty() => {}
        _ => problems.push(blank(field)),
    }
}
