//! Who stands in a collection, and whether they agree. People here say by their profile who may put them into collections
//! (those who may be found by anybody: everybody; with a locked account: those who follow them); other servers are asked
//! (`FeatureRequest`, FEP-7aa9). Whoever leaves a collection cannot be put back into it.

use diesel::prelude::*;

use crate::actors::{self, Actor};
use crate::blocks;
use crate::codes::stored_enum;
use crate::collections::{self, Collection};
use crate::connection::{Connection, any_of, cols};
use crate::domain_blocks;
use crate::error::{Error, Flaw, Result};
use crate::follows;
use crate::ids::{ActorId, CollectionId, CollectionItemId};
use crate::jobs::{self, Change, Job};
use crate::notifications::{self, NotificationKind};
use crate::schema::{actors as people, collection_items as items, collections as rows};
use crate::time::Timestamp;

/// People that one collection may hold (Mastodon's number).
pub const MOST: i64 = 25;

stored_enum! {
    /// How far somebody's place in a collection has come.
    ItemState {
        /// Its server was asked.
        Pending = 0 "pending",
        /// It agrees.
        Accepted = 1 "accepted",
        /// It did not agree.
        Rejected = 2 "rejected",
        /// It has left.
        Revoked = 3 "revoked",
    }
}

/// Somebody's place in a collection.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = items)]
#[allow(missing_docs)]
pub struct Item {
    pub id: CollectionItemId,
    pub collection_id: CollectionId,
    pub actor_id: ActorId,
    pub state: ItemState,
    /// The id of the `FeaturedItem`; of others, as far as they told.
    pub uri: Option<String>,
    /// The id of the `FeatureRequest` of another server.
    pub request_uri: Option<String>,
    /// The stamp by which another server agreed (`FeatureAuthorization`).
    pub approval_uri: Option<String>,
    pub created_at: Timestamp,
}

/// Who may put somebody into a collection, in the words of Mastodon's `feature_approval`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// At once.
    Automatic,
    /// After the other has said yes.
    Manual,
    /// Not.
    Denied,
    /// By rules that we do not know; counts as not.
    Unknown,
    /// Its server does not say; counts as not.
    Missing,
}

/// Who may put an actor into collections: a set of bits, as its server says it. People here have theirs by their profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeaturePolicy(pub i32);

impl FeaturePolicy {
    /// Something was said.
    pub const GIVEN: i32 = 1;
    /// Everybody.
    pub const PUBLIC: i32 = 2;
    /// The followers.
    pub const FOLLOWERS: i32 = 4;
    /// Those whom it follows.
    pub const FOLLOWING: i32 = 8;
    /// Others, named one by one.
    pub const OTHERS: i32 = 16;
    /// The same four for those who have to wait for an answer stand so many bits higher.
    pub const MANUAL: u32 = 4;

    /// The policy of an actor.
    pub fn of(actor: &Actor) -> Self {
        if actor.is_gone() {
            return Self(Self::GIVEN);
        }
        if !actor.is_local() {
            return Self(actor.feature_policy);
        }
        Self(match (actor.discoverable, actor.locked) {
            (false, _) => Self::GIVEN,
            (true, true) => Self::GIVEN | Self::FOLLOWERS,
            (true, false) => Self::GIVEN | Self::PUBLIC,
        })
    }

    /// Whether anybody of `group` may; `manual`: after an answer.
    pub fn allows(self, group: i32, manual: bool) -> bool {
        let bits = if manual { self.0 >> Self::MANUAL } else { self.0 };
        bits & group != 0
    }
}

/// Whether `owner` may put `target` into a collection.
pub fn approval(c: &mut Connection, owner: ActorId, target: &Actor) -> Result<Approval> {
    if owner == target.id && !target.is_gone() {
        return Ok(Approval::Automatic);
    }
    let policy = FeaturePolicy::of(target);
    if !policy.allows(FeaturePolicy::GIVEN, false) {
        return Ok(Approval::Missing);
    }
    let owner_row = actors::get(c, owner)?;
    if target.is_gone()
        || blocks::either_way(c, owner, target.id)?
        || domain_blocks::blocks(c, owner, target)?
        || domain_blocks::blocks(c, target.id, &owner_row)?
    {
        return Ok(Approval::Denied);
    }
    for (manual, answer) in [(false, Approval::Automatic), (true, Approval::Manual)] {
        let fits = policy.allows(FeaturePolicy::PUBLIC, manual)
            || (policy.allows(FeaturePolicy::FOLLOWERS, manual) && follows::is_following(c, owner, target.id)?)
            || (policy.allows(FeaturePolicy::FOLLOWING, manual) && follows::is_following(c, target.id, owner)?);
        if fits {
            return Ok(answer);
        }
    }
    let others = policy.allows(FeaturePolicy::OTHERS, false) || policy.allows(FeaturePolicy::OTHERS, true);
    Ok(if others { Approval::Unknown } else { Approval::Denied })
}

/// Puts somebody into a collection of `owner`: at once who lives here, after its server's answer who does not.
///
/// # Errors
/// [`Error::NotFound`] for an unknown collection or person; [`Error::Forbidden`] when the collection is somebody else's, or
/// the person does not want it or has left before; [`Error::Invalid`] when it is there already, and for one too many.
pub fn add(c: &mut Connection, owner: ActorId, id: CollectionId, target: ActorId) -> Result<Item> {
    let collection = collections::own(c, owner, id)?;
    let person = actors::get(c, target)?;
    if person.deleted_at.is_some() {
        return Err(Error::NotFound("account"));
    }
    if !matches!(approval(c, owner, &person)?, Approval::Automatic | Approval::Manual) {
        return Err(Error::Forbidden("This account cannot be added to collections"));
    }
    match of_actor(c, id, target)?.map(|item| item.state) {
        None => {}
        Some(ItemState::Pending | ItemState::Accepted) => {
            return Err(Error::invalid("account_id", Flaw::Taken, "has already been taken"));
        }
        Some(ItemState::Rejected | ItemState::Revoked) => {
            return Err(Error::Forbidden("This account does not want to be in this collection"));
        }
    }
    let held: i64 =
        items::table.filter(items::collection_id.eq(id)).filter(items::state.le(ItemState::Accepted)).count().get_result(c)?;
    if held >= MOST {
        return Err(Error::invalid("collection_items", Flaw::Invalid, format!("are too many (maximum is {MOST})")));
    }
    let item_id = CollectionItemId::new();
    let item = Item {
        id: item_id,
        collection_id: id,
        actor_id: target,
        state: if person.is_local() { ItemState::Accepted } else { ItemState::Pending },
        uri: Some(format!("{}/items/{item_id}", collection.uri)),
        request_uri: None,
        approval_uri: None,
        created_at: Timestamp::now(),
    };
    insert(c, &item)?;
    touch(c, id)?;
    if person.is_local() {
        notifications::notify_of_collection(c, NotificationKind::AddedToCollection, target, owner, id)?;
        jobs::enqueue(c, &Job::Federate { change: Change::Featured { item: item_id } })?;
    } else {
        jobs::enqueue(c, &Job::Federate { change: Change::FeatureAsked { item: item_id } })?;
    }
    Ok(item)
}

/// Takes somebody out of a collection of `owner`.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] when the collection is somebody else's.
pub fn remove(c: &mut Connection, owner: ActorId, id: CollectionId, item: CollectionItemId) -> Result<()> {
    let collection = collections::own(c, owner, id)?;
    let item = get(c, id, item)?;
    if matches!(item.state, ItemState::Rejected | ItemState::Revoked) {
        // The row stays: it says that the person must not be put back.
        return Ok(());
    }
    diesel::delete(items::table.find(item.id)).execute(c)?;
    notifications::forget_collection(c, item.actor_id, id)?;
    touch(c, id)?;
    if item.state == ItemState::Accepted {
        unfeature(c, &collection, &item)?;
    }
    Ok(())
}

/// A local person leaves a collection, whoever's it is.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] when the place is somebody else's.
pub fn revoke(c: &mut Connection, actor: ActorId, id: CollectionId, item: CollectionItemId) -> Result<()> {
    let collection = collections::get(c, id)?;
    let item = get(c, id, item)?;
    if item.actor_id != actor {
        return Err(Error::Forbidden("This action is not allowed"));
    }
    if item.state == ItemState::Revoked {
        return Ok(());
    }
    set_state(c, item.id, ItemState::Revoked)?;
    notifications::forget_collection(c, actor, id)?;
    if collection.local {
        touch(c, id)?;
        unfeature(c, &collection, &item)
    } else {
        let change = Change::FeatureRevoked { item: item.id, actor, collection: collection.uri, owner: collection.owner_id };
        jobs::enqueue(c, &Job::Federate { change })?;
        Ok(())
    }
}

/// The items of these collections as `viewer` sees them, in their order: who agreed, and for the owner who is being asked;
/// without those who are gone and those whom the viewer blocks, alone or with their server. One query for all.
pub fn seen(c: &mut Connection, viewer: Option<ActorId>, ids: &[CollectionId]) -> Result<Vec<Item>> {
    use crate::schema::{blocks, domain_blocks};
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let viewer = viewer.unwrap_or(ActorId(0));
    let blocked = blocks::table.filter(blocks::actor_id.eq(viewer)).filter(blocks::target_id.eq(items::actor_id));
    let named = domain_blocks::domain.nullable().eq(people::domain).or(domain_blocks::domain.eq(people::host));
    let server_blocked = domain_blocks::table.filter(domain_blocks::actor_id.eq(viewer)).filter(named);
    let owners_own = rows::owner_id.eq(viewer).and(items::state.eq(ItemState::Pending));
    Ok(items::table
        .inner_join(rows::table)
        .inner_join(people::table)
        .filter(any_of(items::collection_id, ids))
        .filter(items::state.eq(ItemState::Accepted).or(owners_own))
        .filter(people::suspended_at.is_null())
        .filter(people::deleted_at.is_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(blocked)))
        .filter(people::domain.is_null().or(diesel::dsl::not(diesel::dsl::exists(server_blocked))))
        .order((items::collection_id, items::id))
        .select(cols::<Item>())
        .load(c)?)
}

/// The item of this id, whatever its collection.
///
/// # Errors
/// [`Error::NotFound`].
pub fn by_id(c: &mut Connection, id: CollectionItemId) -> Result<Item> {
    items::table.find(id).select(cols::<Item>()).first(c).optional()?.ok_or(Error::NotFound("collection item"))
}

/// Those in a collection, or asked to be, who live elsewhere.
pub fn elsewhere(c: &mut Connection, id: CollectionId) -> Result<Vec<ActorId>> {
    Ok(items::table
        .inner_join(people::table)
        .filter(items::collection_id.eq(id))
        .filter(items::state.le(ItemState::Accepted))
        .filter(people::domain.is_not_null())
        .select(items::actor_id)
        .load(c)?)
}

/// The people in a collection who live here hear that it has changed.
pub(crate) fn tell_of_change(c: &mut Connection, collection: &Collection) -> Result<()> {
    let here: Vec<ActorId> = items::table
        .inner_join(people::table)
        .filter(items::collection_id.eq(collection.id))
        .filter(items::state.eq(ItemState::Accepted))
        .filter(people::domain.is_null())
        .select(items::actor_id)
        .load(c)?;
    for person in here {
        notifications::notify_of_collection(c, NotificationKind::CollectionUpdate, person, collection.owner_id, collection.id)?;
    }
    Ok(())
}

/// Another server's answer to a `FeatureRequest` of ours: `stamp` when it agrees. False when it answers nothing of ours.
pub fn receive_answer(c: &mut Connection, actor: ActorId, id: CollectionItemId, stamp: Option<&str>) -> Result<bool> {
    let item = match by_id(c, id) {
        Ok(item) if item.actor_id == actor && item.request_uri.is_none() => item,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    match (item.state, stamp) {
        (ItemState::Pending, Some(stamp)) => {
            diesel::update(items::table.find(item.id))
                .set((items::state.eq(ItemState::Accepted), items::approval_uri.eq(Some(stamp))))
                .execute(c)?;
            touch(c, item.collection_id)?;
            jobs::enqueue(c, &Job::Federate { change: Change::Featured { item: item.id } })?;
        }
        (ItemState::Pending, None) => set_state(c, item.id, ItemState::Rejected)?,
        (ItemState::Accepted, None) => leave(c, &item)?,
        (ItemState::Accepted, Some(_)) | (ItemState::Rejected | ItemState::Revoked, _) => {}
    }
    Ok(true)
}

/// Somebody elsewhere takes its stamp back: it leaves the collection. False when there is no such stamp of its.
pub fn receive_revoked(c: &mut Connection, actor: ActorId, stamp: &str) -> Result<bool> {
    let stamped = items::table.filter(items::approval_uri.eq(stamp)).filter(items::actor_id.eq(actor));
    let Some(item): Option<Item> = stamped.select(cols::<Item>()).first(c).optional()? else { return Ok(false) };
    if item.state == ItemState::Accepted {
        leave(c, &item)?;
    }
    Ok(true)
}

fn leave(c: &mut Connection, item: &Item) -> Result<()> {
    set_state(c, item.id, ItemState::Revoked)?;
    touch(c, item.collection_id)?;
    let collection = collections::get(c, item.collection_id)?;
    if collection.local { unfeature(c, &collection, item) } else { Ok(()) }
}

/// A remote owner asks to put a local person into its collection: agreed to at once or not at all, and answered either way.
pub fn receive_request(c: &mut Connection, uri: &str, collection: &Collection, target: &Actor) -> Result<()> {
    let known = of_actor(c, collection.id, target.id)?;
    let has_left = known.as_ref().is_some_and(|item| item.state == ItemState::Revoked);
    if has_left || approval(c, collection.owner_id, target)? != Approval::Automatic {
        return refuse(c, uri, collection.owner_id, target.id);
    }
    let item = match known {
        Some(item) => {
            diesel::update(items::table.find(item.id))
                .set((items::state.eq(ItemState::Accepted), items::request_uri.eq(Some(uri))))
                .execute(c)?;
            item.id
        }
        None => {
            let item = Item {
                id: CollectionItemId::new(),
                collection_id: collection.id,
                actor_id: target.id,
                state: ItemState::Accepted,
                uri: None,
                request_uri: Some(uri.to_owned()),
                approval_uri: None,
                created_at: Timestamp::now(),
            };
            insert(c, &item)?;
            let owner = collection.owner_id;
            notifications::notify_of_collection(c, NotificationKind::AddedToCollection, target.id, owner, collection.id)?;
            item.id
        }
    };
    jobs::enqueue(c, &Job::Federate { change: Change::FeatureAccepted { item } })?;
    Ok(())
}

/// Tells a remote owner no.
pub fn refuse(c: &mut Connection, request: &str, owner: ActorId, target: ActorId) -> Result<()> {
    let change = Change::FeatureRefused { request: request.to_owned(), actor: target, owner };
    jobs::enqueue(c, &Job::Federate { change })?;
    Ok(())
}

/// A remote owner names the item in which one of ours stands.
pub fn receive_name(c: &mut Connection, collection: CollectionId, target: ActorId, uri: &str) -> Result<()> {
    let place = items::table.filter(items::collection_id.eq(collection)).filter(items::actor_id.eq(target));
    diesel::update(place).set(items::uri.eq(Some(uri))).execute(c)?;
    Ok(())
}

/// A remote owner takes one of ours out of its collection.
pub fn receive_removal(c: &mut Connection, collection: CollectionId, uri: &str) -> Result<()> {
    let place = items::table.filter(items::collection_id.eq(collection)).filter(items::uri.eq(uri));
    diesel::delete(place.filter(items::state.ne(ItemState::Revoked))).execute(c)?;
    Ok(())
}

fn get(c: &mut Connection, collection: CollectionId, id: CollectionItemId) -> Result<Item> {
    let item = items::table.find(id).filter(items::collection_id.eq(collection));
    item.select(cols::<Item>()).first(c).optional()?.ok_or(Error::NotFound("collection item"))
}

fn of_actor(c: &mut Connection, collection: CollectionId, actor: ActorId) -> Result<Option<Item>> {
    let item = items::table.filter(items::collection_id.eq(collection)).filter(items::actor_id.eq(actor));
    Ok(item.select(cols::<Item>()).first(c).optional()?)
}

fn insert(c: &mut Connection, item: &Item) -> Result<()> {
    diesel::insert_into(items::table)
        .values((
            items::id.eq(item.id),
            items::collection_id.eq(item.collection_id),
            items::actor_id.eq(item.actor_id),
            items::state.eq(item.state),
            items::uri.eq(&item.uri),
            items::request_uri.eq(&item.request_uri),
            items::approval_uri.eq(&item.approval_uri),
            items::created_at.eq(item.created_at),
        ))
        .execute(c)?;
    Ok(())
}

fn set_state(c: &mut Connection, id: CollectionItemId, state: ItemState) -> Result<()> {
    diesel::update(items::table.find(id)).set(items::state.eq(state)).execute(c)?;
    Ok(())
}

fn touch(c: &mut Connection, id: CollectionId) -> Result<()> {
    diesel::update(rows::table.find(id)).set(rows::updated_at.eq(Timestamp::now())).execute(c)?;
    Ok(())
}

/// Tells the owner's followers that somebody stands no longer in a local collection.
fn unfeature(c: &mut Connection, collection: &Collection, item: &Item) -> Result<()> {
    let Some(uri) = item.uri.clone() else { return Ok(()) };
    let change = Change::Unfeatured { item: uri, person: item.actor_id, collection: collection.id };
    jobs::enqueue(c, &Job::Federate { change })?;
    Ok(())
}

/// Two people have nothing to do with each other any more: neither stands in the other's collections.
pub(crate) fn part(c: &mut Connection, one: ActorId, other: ActorId) -> Result<()> {
    let pair = |owner: ActorId, actor: ActorId| rows::owner_id.eq(owner).and(items::actor_id.eq(actor));
    let places: Vec<(Item, Collection)> = items::table
        .inner_join(rows::table)
        .filter(items::state.le(ItemState::Accepted))
        .filter(pair(one, other).or(pair(other, one)))
        .select((cols::<Item>(), cols::<Collection>()))
        .load(c)?;
    for (item, collection) in places {
        set_state(c, item.id, ItemState::Revoked)?;
        if collection.local {
            unfeature(c, &collection, &item)?;
        } else if actors::get(c, item.actor_id)?.is_local() {
            let (actor, owner) = (item.actor_id, collection.owner_id);
            let change = Change::FeatureRevoked { item: item.id, actor, collection: collection.uri, owner };
            jobs::enqueue(c, &Job::Federate { change })?;
        }
    }
    Ok(())
}
