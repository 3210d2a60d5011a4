//! Actors of other servers: what they say of themselves, stored.

use diesel::prelude::*;

use super::{Actor, ActorKind, Emoji, Endpoints, Field, by_handle, by_uri, non_empty};
use crate::connection::{Connection, cols};
use crate::db::after_commit;
use crate::error::Result;
use crate::events::Event;
use crate::ids::ActorId;
use crate::json::Json;
use crate::schema::{actor_endpoints, actors};
use crate::search;
use crate::time::Timestamp;

/// What a remote actor says of itself, checked and cleaned by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct RemoteActor {
    pub uri: String,
    pub username: String,
    /// Lower case, with a port when it has one.
    pub domain: String,
    pub host: String,
    pub kind: ActorKind,
    pub display_name: String,
    /// Sanitised HTML.
    pub summary: String,
    pub url: Option<String>,
    pub fields: Vec<Field>,
    pub emojis: Vec<Emoji>,
    pub avatar: Option<String>,
    pub avatar_description: String,
    pub header: Option<String>,
    pub header_description: String,
    pub locked: bool,
    pub discoverable: bool,
    pub indexable: bool,
    pub memorial: bool,
    pub suspended: bool,
    pub also_known_as: Vec<String>,
    /// Domains whose pages may name it as their author.
    pub attribution_domains: Vec<String>,
    /// See [`crate::collection_items::FeaturePolicy`].
    pub feature_policy: i32,
    pub created_at: Option<Timestamp>,
    pub inbox: String,
    pub shared_inbox: Option<String>,
    pub outbox: Option<String>,
    pub followers: Option<String>,
    pub following: Option<String>,
    pub featured: Option<String>,
    pub featured_tags: Option<String>,
    pub key_id: String,
    /// PEM.
    pub public_key: String,
    pub ed25519_public: Option<String>,
}

/// Stores what a remote actor says of itself, new or again. A handle that another id holds passes to the newer one
/// (a server that was set up anew under its old name).
pub fn store_remote(c: &mut Connection, remote: RemoteActor) -> Result<Actor> {
    let now = Timestamp::now();
    let username_key = remote.username.to_lowercase();
    let known = by_uri(c, &remote.uri)?;
    if let Some(other) = by_handle(c, &remote.username, Some(&remote.domain))?
        && other.uri != remote.uri
    {
        release_handle(c, &other)?;
    }
    let values = (
        actors::username.eq(&remote.username),
        actors::username_key.eq(&username_key),
        actors::domain.eq(Some(&remote.domain)),
        actors::kind.eq(remote.kind),
        actors::display_name.eq(&remote.display_name),
        actors::summary.eq(&remote.summary),
        actors::url.eq(&remote.url),
        actors::fields.eq(non_empty(remote.fields)),
        actors::emojis.eq(non_empty(remote.emojis)),
        actors::avatar.eq(&remote.avatar),
        actors::avatar_static.eq(&remote.avatar),
        actors::avatar_description.eq(&remote.avatar_description),
        actors::header.eq(&remote.header),
        actors::header_static.eq(&remote.header),
        actors::header_description.eq(&remote.header_description),
    );
    let more = (
        actors::locked.eq(remote.locked),
        actors::discoverable.eq(remote.discoverable),
        actors::indexable.eq(remote.indexable),
        actors::memorial.eq(remote.memorial),
        actors::also_known_as.eq(non_empty(remote.also_known_as)),
        actors::updated_at.eq(now),
        actors::fetched_at.eq(Some(now)),
        actors::deleted_at.eq(None::<Timestamp>),
        actors::feature_policy.eq(remote.feature_policy),
    );
    let actor: Actor = match &known {
        Some(actor) => {
            diesel::update(actors::table.find(actor.id)).set((values, more)).returning(cols::<Actor>()).get_result(c)?
        }
        None => diesel::insert_into(actors::table)
            .values((
                actors::id.eq(ActorId::new()),
                actors::uri.eq(&remote.uri),
                actors::host.eq(&remote.host),
                actors::created_at.eq(remote.created_at.unwrap_or(now)),
                values,
                more,
            ))
            .returning(cols::<Actor>())
            .get_result(c)?,
    };
    let endpoints = Endpoints {
        actor_id: actor.id,
        inbox: remote.inbox,
        shared_inbox: remote.shared_inbox,
        outbox: remote.outbox,
        followers: remote.followers,
        following: remote.following,
        featured: remote.featured,
        key_id: remote.key_id,
        public_key: remote.public_key,
        private_key: None,
        ed25519_public: remote.ed25519_public,
        ed25519_private: None,
        key_fetched_at: now,
        // Not `None`, which would leave the former ones.
        attribution_domains: Some(Json(remote.attribution_domains)),
        featured_tags: remote.featured_tags,
        featured_at: None,
    };
    if known.is_some() {
        diesel::update(actor_endpoints::table.find(actor.id)).set(&endpoints).execute(c)?;
    } else {
        diesel::insert_into(actor_endpoints::table).values(&endpoints).execute(c)?;
    }
    if remote.suspended && actor.suspended_at.is_none() {
        diesel::update(actors::table.find(actor.id)).set(actors::suspended_at.eq(Some(now))).execute(c)?;
    }
    search::index_actor(c, &actor)?;
    after_commit(Event::ActorChanged(actor.id));
    Ok(actor)
}

/// Gives a handle back: the old holder keeps its rows under a name that nobody can type.
fn release_handle(c: &mut Connection, actor: &Actor) -> Result<()> {
    diesel::update(actors::table.find(actor.id))
        .set(actors::username_key.eq(format!("{} {}", actor.username_key, actor.id)))
        .execute(c)?;
    Ok(())
}
