//! Collections: people whom somebody recommends under a name (Mastodon 4.6, FEP-7aa9). Everybody may read a collection; who
//! stands in it has agreed to and may leave. The items and the consent stand in [`crate::collection_items`].

use diesel::prelude::*;

use crate::actors;
use crate::collection_items;
use crate::connection::{Connection, PortableDsl, any_of, any_text, cols};
use crate::error::{Error, Flaw, Problem, Result};
use crate::ids::{ActorId, CollectionId, PostId};
use crate::jobs::{self, Change, Job};
use crate::on_each;
use crate::posts::Parts;
use crate::schema::{collection_items as items, collections, post_collections};
use crate::site::Site;
use crate::text;
use crate::time::Timestamp;

/// Collections that one person may have (Mastodon's number).
pub const MOST: i64 = 10;
/// Collections of one remote person that are kept.
const MOST_REMOTE: i64 = 50;
/// Characters of a name.
pub const NAME_LIMIT: usize = 40;
/// Characters of a description.
pub const DESCRIPTION_LIMIT: usize = 100;
/// Collections that one post is known to link to.
const MOST_LINKED: usize = 8;

/// A collection as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = collections)]
#[allow(missing_docs)]
pub struct Collection {
    pub id: CollectionId,
    /// The ActivityPub id.
    pub uri: String,
    /// Its page.
    pub url: Option<String>,
    pub owner_id: ActorId,
    pub local: bool,
    /// Plain text.
    pub name: String,
    /// Plain text of ours, sanitised HTML of others.
    pub description: String,
    /// ISO 639.
    pub language: Option<String>,
    /// A hashtag that says what it is about, as written, without `#`.
    pub hashtag: Option<String>,
    pub sensitive: bool,
    /// Whether it is shown on its owner's profile; otherwise only whoever has its address finds it.
    pub discoverable: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a collection is made or changed with; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CollectionChange {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Empty: none.
    pub language: Option<String>,
    /// With or without `#`; empty: none.
    pub hashtag: Option<String>,
    pub sensitive: Option<bool>,
    pub discoverable: Option<bool>,
}

/// What another server says of a collection, cleaned by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RemoteCollection {
    pub uri: String,
    pub url: Option<String>,
    pub name: String,
    pub description: String,
    pub language: Option<String>,
    pub hashtag: Option<String>,
    pub sensitive: bool,
    pub discoverable: bool,
    pub created_at: Option<Timestamp>,
}

/// Makes a collection of a local person with these people in it, as far as they agree at once; the others are asked.
///
/// # Errors
/// [`Error::Invalid`] naming every wrong field, and for one collection or person too many; [`Error::NotFound`] for somebody
/// unknown and [`Error::Forbidden`] for somebody who does not want to be in collections: then nothing is made.
pub fn create(c: &mut Connection, site: &Site, owner: ActorId, sent: CollectionChange, people: &[ActorId]) -> Result<Collection> {
    let person = actors::get(c, owner)?;
    let had: i64 = collections::table.filter(collections::owner_id.eq(owner)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} collections are possible")));
    }
    let now = Timestamp::now();
    let id = CollectionId::new();
    let blank = Collection {
        id,
        uri: site.collection_uri(&person.username, id),
        url: Some(site.collection_url(&person.username, id)),
        owner_id: owner,
        local: true,
        name: String::new(),
        description: String::new(),
        language: None,
        hashtag: None,
        sensitive: false,
        discoverable: true,
        created_at: now,
        updated_at: now,
    };
    let collection = changed(blank, sent)?;
    insert(c, &collection)?;
    let mut people = people.to_vec();
    let mut seen = std::collections::HashSet::new();
    people.retain(|person| seen.insert(*person));
    jobs::enqueue(c, &Job::Federate { change: Change::CollectionMade { collection: id } })?;
    for person in people {
        collection_items::add(c, owner, id, person)?;
    }
    Ok(collection)
}

/// Changes a collection of `owner`; the people in it who live here are told.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] when it is somebody else's; [`Error::Invalid`] naming every wrong field.
pub fn change(c: &mut Connection, owner: ActorId, id: CollectionId, sent: CollectionChange) -> Result<Collection> {
    let before = own(c, owner, id)?;
    let mut after = changed(before.clone(), sent)?;
    if after == before {
        return Ok(after);
    }
    after.updated_at = Timestamp::now();
    update(c, &after)?;
    collection_items::tell_of_change(c, &after)?;
    if after.discoverable && !before.discoverable {
        jobs::enqueue(c, &Job::Federate { change: Change::CollectionMade { collection: id } })?;
    }
    // That it is shown no longer concerns those to whom it was shown.
    let shown = before.discoverable || after.discoverable;
    jobs::enqueue(c, &Job::Federate { change: Change::CollectionChanged { collection: id, shown } })?;
    Ok(after)
}

/// Deletes a collection of `owner`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] when it is somebody else's.
pub fn delete(c: &mut Connection, owner: ActorId, id: CollectionId) -> Result<()> {
    let collection = own(c, owner, id)?;
    let people = collection_items::elsewhere(c, id)?;
    diesel::delete(collections::table.find(id)).execute(c)?;
    let Collection { uri, discoverable, .. } = collection;
    jobs::enqueue(c, &Job::Federate { change: Change::CollectionDeleted { uri, owner, discoverable, people } })?;
    Ok(())
}

/// The collection of this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: CollectionId) -> Result<Collection> {
    collections::table.find(id).select(cols::<Collection>()).first(c).optional()?.ok_or(Error::NotFound("collection"))
}

/// The collection of this id, which has to be `owner`'s.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] when it is somebody else's.
pub fn own(c: &mut Connection, owner: ActorId, id: CollectionId) -> Result<Collection> {
    let collection = get(c, id)?;
    if collection.owner_id == owner { Ok(collection) } else { Err(Error::Forbidden("This action is not allowed")) }
}

/// The collections with these ids, in no particular order; unknown ones are missing.
pub fn find_many(c: &mut Connection, ids: &[CollectionId]) -> Result<Vec<Collection>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(collections::table.filter(any_of(collections::id, ids)).select(cols::<Collection>()).load(c)?)
}

/// The collection with this ActivityPub id.
pub fn by_uri(c: &mut Connection, uri: &str) -> Result<Option<Collection>> {
    Ok(collections::table.filter(collections::uri.eq(uri)).select(cols::<Collection>()).first(c).optional()?)
}

/// The collections of `owner`, the latest first; without those that are found by address only, unless `all`.
/// With how many there are in all.
pub fn of(c: &mut Connection, owner: ActorId, all: bool, limit: i64, offset: i64) -> Result<(Vec<Collection>, i64)> {
    // What is not to be left out has TRUE in either case.
    let shown = || {
        collections::table
            .filter(collections::owner_id.eq(owner))
            .filter(collections::discoverable.eq(true).or(collections::discoverable.ne(all)))
    };
    let total = shown().count().get_result(c)?;
    let page = shown().order(collections::id.desc()).limit(limit).offset(offset).select(cols::<Collection>()).load(c)?;
    Ok((page, total))
}

/// The collections in which `actor` stands, the latest joined first, with how many there are in all.
pub fn featuring(c: &mut Connection, actor: ActorId, limit: i64, offset: i64) -> Result<(Vec<Collection>, i64)> {
    let shown = || {
        collections::table
            .inner_join(items::table)
            .filter(items::actor_id.eq(actor))
            .filter(items::state.eq(collection_items::ItemState::Accepted))
    };
    let total = shown().count().get_result(c)?;
    let page = shown().order(items::id.desc()).limit(limit).offset(offset).select(cols::<Collection>()).load(c)?;
    Ok((page, total))
}

/// The ActivityPub ids of a local person's collections that are shown on the profile.
pub fn uris_of(c: &mut Connection, owner: ActorId) -> Result<Vec<String>> {
    Ok(of(c, owner, false, MOST, 0)?.0.into_iter().map(|collection| collection.uri).collect())
}

/// A remote person's collection, new or again. `None` when it has too many.
///
/// # Errors
/// [`Error::Forbidden`] when the id is somebody else's.
pub fn receive(c: &mut Connection, owner: ActorId, remote: RemoteCollection) -> Result<Option<Collection>> {
    let known = by_uri(c, &remote.uri)?;
    if known.as_ref().is_some_and(|known| known.local || known.owner_id != owner) {
        return Err(Error::Forbidden("a collection belongs to somebody else"));
    }
    let now = Timestamp::now();
    let collection = Collection {
        id: known.as_ref().map_or_else(CollectionId::new, |known| known.id),
        uri: remote.uri,
        url: remote.url,
        owner_id: owner,
        local: false,
        name: remote.name,
        description: remote.description,
        language: remote.language,
        hashtag: remote.hashtag,
        sensitive: remote.sensitive,
        discoverable: remote.discoverable,
        created_at: known.as_ref().map_or(remote.created_at.unwrap_or(now), |known| known.created_at),
        updated_at: now,
    };
    match known {
        None => {
            let had: i64 = collections::table.filter(collections::owner_id.eq(owner)).count().get_result(c)?;
            if had >= MOST_REMOTE {
                return Ok(None);
            }
            insert(c, &collection)?;
        }
        Some(known) => {
            update(c, &collection)?;
            let told = |of: &Collection| (of.name.clone(), of.description.clone(), of.hashtag.clone());
            if told(&known) != told(&collection) {
                collection_items::tell_of_change(c, &collection)?;
            }
        }
    }
    Ok(Some(collection))
}

/// A remote person takes its collection back. Nothing happens when it is unknown or not its own.
pub fn receive_delete(c: &mut Connection, owner: ActorId, uri: &str) -> Result<bool> {
    let theirs = collections::table.filter(collections::uri.eq(uri)).filter(collections::owner_id.eq(owner));
    Ok(diesel::delete(theirs.filter(collections::local.eq(false))).execute(c)? > 0)
}

/// The collections to which the links of a text (HTML) lead, as far as they are known here. No query without such a link.
pub(crate) fn linked(c: &mut Connection, html: &str) -> Result<Vec<CollectionId>> {
    let mut links: Vec<String> = html
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(link, _)| link.replace("&amp;", "&"))
        .filter(|link| link.contains("/collections/"))
        .take(MOST_LINKED)
        .collect();
    if links.is_empty() {
        return Ok(Vec::new());
    }
    links.sort_unstable();
    links.dedup();
    let by_page = any_text(collections::url.assume_not_null(), links.clone());
    let known = collections::table.filter(any_text(collections::uri, links).or(by_page)).order(collections::id);
    Ok(known.select(collections::id).load(c)?)
}

/// Makes a post, which had these parts before, link to exactly these collections.
pub(crate) fn set_linked(c: &mut Connection, post: PostId, before: Parts, ids: &[CollectionId]) -> Result<()> {
    if before.has(Parts::COLLECTIONS) {
        diesel::delete(post_collections::table.filter(post_collections::post_id.eq(post))).execute(c)?;
    }
    let rows: Vec<_> =
        ids.iter().map(|id| (post_collections::post_id.eq(post), post_collections::collection_id.eq(*id))).collect();
    if !rows.is_empty() {
        on_each!(c => diesel::insert_into(post_collections::table).values(&rows).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// The collections to which these posts link, as pairs; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<(PostId, Collection)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(post_collections::table
        .inner_join(collections::table)
        .filter(any_of(post_collections::post_id, posts))
        .order((post_collections::post_id, collections::id))
        .select((post_collections::post_id, cols::<Collection>()))
        .load(c)?)
}

fn changed(mut collection: Collection, sent: CollectionChange) -> Result<Collection> {
    let mut problems = Vec::new();
    let mut wrong = |field, flaw, message: &str| problems.push(Problem { field, flaw, message: message.to_owned() });
    if let Some(name) = sent.name {
        name.trim().clone_into(&mut collection.name);
    }
    if collection.name.is_empty() {
        wrong("name", Flaw::Blank, "can't be blank");
    }
    if collection.name.chars().count() > NAME_LIMIT {
        wrong("name", Flaw::TooLong, &format!("is too long (maximum is {NAME_LIMIT} characters)"));
    }
    if let Some(description) = sent.description {
        description.trim().clone_into(&mut collection.description);
    }
    if collection.description.chars().count() > DESCRIPTION_LIMIT {
        wrong("description", Flaw::TooLong, &format!("is too long (maximum is {DESCRIPTION_LIMIT} characters)"));
    }
    match sent.language.as_deref().map(str::trim) {
        None => {}
        Some("") => collection.language = None,
        Some(code) => match text::language::language(code) {
            Some(code) => collection.language = Some(code.to_owned()),
            None => wrong("language", Flaw::Invalid, "is not a valid language code"),
        },
    }
    match sent.hashtag.as_deref().map(|tag| tag.trim().trim_start_matches(['#', '＃'])) {
        None => {}
        Some("") => collection.hashtag = None,
        Some(tag) if text::names::is_hashtag(tag) => collection.hashtag = Some(tag.to_owned()),
        Some(_) => wrong("tag_name", Flaw::Invalid, "is not a valid hashtag"),
    }
    collection.sensitive = sent.sensitive.unwrap_or(collection.sensitive);
    collection.discoverable = sent.discoverable.unwrap_or(collection.discoverable);
    if problems.is_empty() { Ok(collection) } else { Err(Error::Invalid(problems)) }
}

fn insert(c: &mut Connection, collection: &Collection) -> Result<()> {
    diesel::insert_into(collections::table)
        .values((
            collections::id.eq(collection.id),
            collections::uri.eq(&collection.uri),
            collections::url.eq(&collection.url),
            collections::owner_id.eq(collection.owner_id),
            collections::local.eq(collection.local),
            collections::name.eq(&collection.name),
            collections::description.eq(&collection.description),
            collections::language.eq(&collection.language),
            collections::hashtag.eq(&collection.hashtag),
            collections::sensitive.eq(collection.sensitive),
            collections::discoverable.eq(collection.discoverable),
            collections::created_at.eq(collection.created_at),
            collections::updated_at.eq(collection.updated_at),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

fn update(c: &mut Connection, collection: &Collection) -> Result<()> {
    diesel::update(collections::table.find(collection.id))
        .set((
            collections::url.eq(&collection.url),
            collections::name.eq(&collection.name),
            collections::description.eq(&collection.description),
            collections::language.eq(&collection.language),
            collections::hashtag.eq(&collection.hashtag),
            collections::sensitive.eq(collection.sensitive),
            collections::discoverable.eq(collection.discoverable),
            collections::updated_at.eq(collection.updated_at),
        ))
        .execute(c)?;
    Ok(())
}
