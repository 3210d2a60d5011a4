//! Actors: people, bots, groups and servers, here and elsewhere. Rows, look-ups, and the changes of a profile.
//! Where an actor is reached and which key it has stands in [`Endpoints`], apart from what timelines read.

mod remote;

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, any_text, cols};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::ActorId;
use crate::jobs::{self, Change, Job};
use crate::json::Json;
use crate::keypairs::KeyPair;
use crate::schema::{actor_endpoints, actors};
use crate::search;
use crate::site::Site;
use crate::time::Timestamp;

pub use remote::{RemoteActor, store_remote};

stored_enum! {
    /// What an actor is (ActivityStreams vocabulary, “Actor Types”).
    ActorKind {
        /// A person.
        Person = 0 "Person",
        /// A bot.
        Service = 1 "Service",
        /// A group that repeats what it is told.
        Group = 2 "Group",
        /// A company or a school.
        Organization = 3 "Organization",
        /// A server.
        Application = 4 "Application",
    }
}

/// A row of a profile's table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Field {
    /// Plain text.
    pub name: String,
    /// Sanitised HTML.
    pub value: String,
    /// When a link back was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
}

/// A custom emoji that a text uses.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Emoji {
    /// Without colons.
    pub shortcode: String,
    /// Absolute URL, or a storage key of ours.
    pub url: String,
    /// A still picture of it; equal to `url` when it does not move.
    pub static_url: String,
}

/// An actor as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = actors)]
#[allow(missing_docs)]
pub struct Actor {
    pub id: ActorId,
    /// The ActivityPub id.
    pub uri: String,
    pub username: String,
    /// The username in lower case: what is unique.
    pub username_key: String,
    /// The second half of the handle; `None` for our own.
    pub domain: Option<String>,
    /// The host (and port) of `uri`: whose word the actor's activities are.
    pub host: String,
    pub kind: ActorKind,
    pub display_name: String,
    /// Sanitised HTML.
    pub summary: String,
    pub url: Option<String>,
    pub fields: Option<Json<Vec<Field>>>,
    pub emojis: Option<Json<Vec<Emoji>>>,
    /// Absolute URL (remote) or storage key (ours).
    pub avatar: Option<String>,
    pub avatar_static: Option<String>,
    pub avatar_description: String,
    pub header: Option<String>,
    pub header_static: Option<String>,
    pub header_description: String,
    /// Follows need approval.
    pub locked: bool,
    pub discoverable: bool,
    /// Consents to full-text search of public posts (FEP-5feb).
    pub indexable: bool,
    pub hide_collections: bool,
    /// Whether the profile has a tab of pictures.
    pub show_media: bool,
    /// … with those of answers.
    pub show_media_replies: bool,
    /// Whether the profile has a tab of what is featured.
    pub show_featured: bool,
    pub memorial: bool,
    pub also_known_as: Option<Json<Vec<String>>>,
    pub moved_to_id: Option<ActorId>,
    pub followers_count: i64,
    pub following_count: i64,
    pub posts_count: i64,
    pub last_post_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When a remote profile was last read.
    pub fetched_at: Option<Timestamp>,
    pub silenced_at: Option<Timestamp>,
    pub suspended_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    /// When it last moved.
    pub moved_at: Option<Timestamp>,
    /// Of remote actors: see [`crate::collection_items::FeaturePolicy`].
    pub feature_policy: i32,
    /// Of local actors: see [`crate::newsletters`].
    pub email_subscriptions: bool,
}

impl Actor {
    /// Whether the actor lives here.
    pub fn is_local(&self) -> bool {
        self.domain.is_none()
    }

    /// `ali` for our own, `ali@example.org` for others (Mastodon's `acct`).
    pub fn acct(&self) -> String {
        match &self.domain {
            Some(domain) => format!("{}@{domain}", self.username),
            None => self.username.clone(),
        }
    }

    /// The page of the profile: what it says itself, else its ActivityPub id.
    pub fn page_url(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.uri)
    }

    /// Whether nothing of it may be shown: suspended or deleted.
    pub fn is_gone(&self) -> bool {
        self.suspended_at.is_some() || self.deleted_at.is_some()
    }
}

/// Seconds for which a remote profile is believed to be as it was.
const FRESH: i64 = 7 * 24 * 3_600;

/// Where an actor is reached and how it is verified.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = actor_endpoints, primary_key(actor_id))]
#[allow(missing_docs)]
pub struct Endpoints {
    pub actor_id: ActorId,
    pub inbox: String,
    pub shared_inbox: Option<String>,
    pub outbox: Option<String>,
    pub followers: Option<String>,
    pub following: Option<String>,
    pub featured: Option<String>,
    pub key_id: String,
    /// PEM.
    pub public_key: String,
    /// PEM; ours only.
    pub private_key: Option<String>,
    /// Raw bytes, base64.
    pub ed25519_public: Option<String>,
    /// PKCS#8, base64; ours only.
    pub ed25519_private: Option<String>,
    pub key_fetched_at: Timestamp,
    /// Domains whose pages may name it as their author.
    pub attribution_domains: Option<Json<Vec<String>>>,
    /// The collection of the hashtags that a remote profile shows.
    pub featured_tags: Option<String>,
    /// When that and the pins of a remote profile were fetched last.
    pub featured_at: Option<Timestamp>,
}

impl Endpoints {
    /// Whether pages of `domain` may name this actor as their author: it has named the domain, or one above it.
    pub fn may_be_named_by(&self, domain: &str) -> bool {
        let covers =
            |named: &String| domain == named || domain.strip_suffix(named.as_str()).is_some_and(|rest| rest.ends_with('.'));
        self.attribution_domains.iter().flat_map(|Json(domains)| domains).any(covers)
    }
}

/// A local actor to be made.
#[derive(Debug, Clone)]
pub struct NewLocalActor {
    /// As the person typed it; checked by the caller.
    pub username: String,
    /// What it is.
    pub kind: ActorKind,
    /// Plain text.
    pub display_name: String,
    /// Follows need approval.
    pub locked: bool,
    /// Keys, made off the database threads.
    pub keys: KeyPair,
}

/// What a local person changes of the profile; `None` leaves a value as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ProfileChange {
    pub display_name: Option<String>,
    /// Rendered HTML.
    pub summary: Option<String>,
    /// Rendered values.
    pub fields: Option<Vec<Field>>,
    pub emojis: Option<Vec<Emoji>>,
    pub kind: Option<ActorKind>,
    /// Storage keys: the picture and its still; `Some(None)` takes it away.
    pub avatar: Option<Option<(String, String)>>,
    pub avatar_description: Option<String>,
    pub header: Option<Option<(String, String)>>,
    pub header_description: Option<String>,
    pub locked: Option<bool>,
    pub discoverable: Option<bool>,
    pub indexable: Option<bool>,
    pub hide_collections: Option<bool>,
    pub show_media: Option<bool>,
    pub show_media_replies: Option<bool>,
    pub show_featured: Option<bool>,
    pub also_known_as: Option<Vec<String>>,
}

/// The actor with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: ActorId) -> Result<Actor> {
    actors::table.find(id).select(Actor::as_select()).first(c).optional()?.ok_or(Error::NotFound("account"))
}

/// The actors with these ids, in no particular order; unknown ones are missing.
pub fn find_many(c: &mut Connection, ids: &[ActorId]) -> Result<Vec<Actor>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(actors::table.filter(any_of(actors::id, ids)).select(Actor::as_select()).load(c)?)
}

/// The actor with this ActivityPub id.
pub fn by_uri(c: &mut Connection, uri: &str) -> Result<Option<Actor>> {
    Ok(actors::table.filter(actors::uri.eq(uri)).select(Actor::as_select()).first(c).optional()?)
}

/// Whether pages of `domain` may name this actor as their author.
pub fn may_be_named_by(c: &mut Connection, id: ActorId, domain: &str) -> Result<bool> {
    Ok(endpoints(c, id)?.may_be_named_by(domain))
}

/// Somebody here looks at a remote profile: what was not looked at for a week, the profile or what it features, is fetched.
pub fn expect_fresh(c: &mut Connection, id: ActorId) -> Result<()> {
    let actor = get(c, id)?;
    if actor.is_local() || actor.is_gone() {
        return Ok(());
    }
    let old = |at: Option<Timestamp>| at.is_none_or(|at| at.plus_seconds(FRESH) < Timestamp::now());
    if old(actor.fetched_at) {
        jobs::enqueue(c, &Job::RefreshActor { actor: id })?;
    } else if old(endpoints(c, id)?.featured_at) {
        jobs::enqueue(c, &Job::FetchFeatured { actor: id })?;
    }
    Ok(())
}

/// What a remote profile features was fetched.
pub fn featured_fetched(c: &mut Connection, id: ActorId) -> Result<()> {
    diesel::update(actor_endpoints::table.find(id)).set(actor_endpoints::featured_at.eq(Some(Timestamp::now()))).execute(c)?;
    Ok(())
}

/// The actors with these ActivityPub ids; unknown ones are missing.
pub fn by_uris(c: &mut Connection, uris: &[String]) -> Result<Vec<Actor>> {
    if uris.is_empty() {
        return Ok(Vec::new());
    }
    Ok(actors::table.filter(any_text(actors::uri, uris)).select(Actor::as_select()).load(c)?)
}

/// The actor whose ActivityPub id or page this is.
pub fn by_uri_or_url(c: &mut Connection, address: &str) -> Result<Option<Actor>> {
    if let Some(actor) = by_uri(c, address)? {
        return Ok(Some(actor));
    }
    Ok(actors::table.filter(actors::url.eq(address)).select(Actor::as_select()).first(c).optional()?)
}

/// The actor with this handle; `domain` is `None` for our own. Case does not matter.
pub fn by_handle(c: &mut Connection, username: &str, domain: Option<&str>) -> Result<Option<Actor>> {
    let query = actors::table.filter(actors::username_key.eq(username.to_lowercase())).select(Actor::as_select());
    Ok(match domain {
        Some(domain) => query.filter(actors::domain.eq(domain.to_lowercase())).first(c).optional()?,
        None => query.filter(actors::domain.is_null()).first(c).optional()?,
    })
}

/// Where an actor is reached, and its keys.
///
/// # Errors
/// [`Error::NotFound`].
pub fn endpoints(c: &mut Connection, id: ActorId) -> Result<Endpoints> {
    actor_endpoints::table.find(id).select(Endpoints::as_select()).first(c).optional()?.ok_or(Error::NotFound("account"))
}

/// The endpoints of many actors; unknown ones are missing.
pub fn endpoints_of(c: &mut Connection, ids: &[ActorId]) -> Result<Vec<Endpoints>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(actor_endpoints::table.filter(any_of(actor_endpoints::actor_id, ids)).select(Endpoints::as_select()).load(c)?)
}

/// The actor and endpoints behind a signature's `keyId`, which need not carry a fragment.
pub fn by_key_id(c: &mut Connection, key_id: &str) -> Result<Option<(Actor, Endpoints)>> {
    Ok(actors::table
        .inner_join(actor_endpoints::table)
        .filter(actor_endpoints::key_id.eq(key_id))
        .select((Actor::as_select(), Endpoints::as_select()))
        .first(c)
        .optional()?)
}

/// The actor whose followers collection this is: an audience names the collection, not the people.
pub fn by_followers_uri(c: &mut Connection, uri: &str) -> Result<Option<ActorId>> {
    Ok(actor_endpoints::table.filter(actor_endpoints::followers.eq(uri)).select(actor_endpoints::actor_id).first(c).optional()?)
}

/// Makes a local actor with its endpoints and keys.
///
/// # Errors
/// A database error when the name is taken: the caller checks before, in the same transaction.
pub fn create_local(c: &mut Connection, site: &Site, new: NewLocalActor) -> Result<Actor> {
    let uri = site.actor_uri(&new.username);
    let url = site.actor_url(&new.username);
    let featured = format!("{uri}/collections/featured");
    insert_local(c, site, new, uri, Some(url), Some(featured))
}

/// The server's own actor, which signs what no person signs; made on the first call, with the keys given.
pub fn instance_actor(c: &mut Connection, site: &Site, keys: impl FnOnce() -> Result<KeyPair>) -> Result<Actor> {
    let uri = site.instance_actor_uri();
    if let Some(actor) = by_uri(c, &uri)? {
        return Ok(actor);
    }
    let new = NewLocalActor {
        // A port is no part of a name: peers would refuse it, and with it whatever the server signs.
        username: site.domain().replace(':', "."),
        kind: ActorKind::Application,
        display_name: String::new(),
        locked: true,
        keys: keys()?,
    };
    insert_local(c, site, new, uri, None, None)
}

fn insert_local(
    c: &mut Connection,
    site: &Site,
    new: NewLocalActor,
    uri: String,
    url: Option<String>,
    featured: Option<String>,
) -> Result<Actor> {
    let id = ActorId::new();
    let now = Timestamp::now();
    let actor: Actor = diesel::insert_into(actors::table)
        .values((
            actors::id.eq(id),
            actors::uri.eq(&uri),
            actors::username.eq(&new.username),
            actors::username_key.eq(new.username.to_lowercase()),
            actors::host.eq(site.domain()),
            actors::kind.eq(new.kind),
            actors::display_name.eq(&new.display_name),
            actors::url.eq(url),
            actors::locked.eq(new.locked),
            actors::created_at.eq(now),
            actors::updated_at.eq(now),
        ))
        .returning(cols::<Actor>())
        .get_result(c)?;
    let endpoints = Endpoints {
        actor_id: id,
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some(site.shared_inbox()),
        outbox: Some(format!("{uri}/outbox")),
        followers: Some(format!("{uri}/followers")),
        following: Some(format!("{uri}/following")),
        featured,
        key_id: format!("{uri}#main-key"),
        public_key: new.keys.public_pem,
        private_key: Some(new.keys.private_pem),
        ed25519_public: Some(new.keys.ed25519_public),
        ed25519_private: Some(new.keys.ed25519_private),
        key_fetched_at: now,
        attribution_domains: None,
        featured_tags: None,
        featured_at: None,
    };
    diesel::insert_into(actor_endpoints::table).values(endpoints).execute(c)?;
    search::index_actor(c, &actor)?;
    Ok(actor)
}

fn non_empty<T>(values: Vec<T>) -> Option<Json<Vec<T>>> {
    (!values.is_empty()).then_some(Json(values))
}

/// Remembers where an account has moved to.
pub fn set_moved_to(c: &mut Connection, id: ActorId, target: Option<ActorId>) -> Result<()> {
    diesel::update(actors::table.find(id)).set(actors::moved_to_id.eq(target)).execute(c)?;
    after_commit(Event::ActorChanged(id));
    Ok(())
}

#[derive(Default, AsChangeset)]
#[diesel(table_name = actors)]
struct ProfileRow {
    display_name: Option<String>,
    summary: Option<String>,
    fields: Option<Option<Json<Vec<Field>>>>,
    emojis: Option<Option<Json<Vec<Emoji>>>>,
    kind: Option<ActorKind>,
    avatar: Option<Option<String>>,
    avatar_static: Option<Option<String>>,
    avatar_description: Option<String>,
    header: Option<Option<String>>,
    header_static: Option<Option<String>>,
    header_description: Option<String>,
    locked: Option<bool>,
    discoverable: Option<bool>,
    indexable: Option<bool>,
    hide_collections: Option<bool>,
    show_media: Option<bool>,
    show_media_replies: Option<bool>,
    show_featured: Option<bool>,
    also_known_as: Option<Option<Json<Vec<String>>>>,
    updated_at: Option<Timestamp>,
}

/// Changes a local profile, tells the peers, and deletes the pictures that were replaced.
pub fn change_profile(c: &mut Connection, id: ActorId, change: ProfileChange) -> Result<Actor> {
    let before = get(c, id)?;
    let (avatar, avatar_static) = pair(change.avatar);
    let (header, header_static) = pair(change.header);
    let mut unused = Vec::new();
    if avatar.is_some() {
        unused.extend([before.avatar.clone(), before.avatar_static.clone()].into_iter().flatten());
    }
    if header.is_some() {
        unused.extend([before.header.clone(), before.header_static.clone()].into_iter().flatten());
    }
    let row = ProfileRow {
        display_name: change.display_name,
        summary: change.summary,
        fields: change.fields.map(non_empty),
        emojis: change.emojis.map(non_empty),
        kind: change.kind,
        avatar,
        avatar_static,
        avatar_description: change.avatar_description,
        header,
        header_static,
        header_description: change.header_description,
        locked: change.locked,
        discoverable: change.discoverable,
        indexable: change.indexable,
        hide_collections: change.hide_collections,
        show_media: change.show_media,
        show_media_replies: change.show_media_replies,
        show_featured: change.show_featured,
        also_known_as: change.also_known_as.map(non_empty),
        updated_at: Some(Timestamp::now()),
    };
    let actor: Actor = diesel::update(actors::table.find(id)).set(row).returning(cols::<Actor>()).get_result(c)?;
    unused.sort_unstable();
    unused.dedup();
    if !unused.is_empty() {
        jobs::enqueue(c, &Job::DeleteFiles { keys: unused })?;
    }
    search::index_actor(c, &actor)?;
    jobs::enqueue(c, &Job::Federate { change: Change::ProfileChanged { actor: id } })?;
    after_commit(Event::ActorChanged(id));
    Ok(actor)
}

type Twice<T> = (Option<Option<T>>, Option<Option<T>>);

fn pair(picture: Option<Option<(String, String)>>) -> Twice<String> {
    match picture {
        None => (None, None),
        Some(None) => (Some(None), Some(None)),
        Some(Some((moving, still))) => (Some(Some(moving)), Some(Some(still))),
    }
}
