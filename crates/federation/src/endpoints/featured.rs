//! Collections of people, the places in them, and the stamps by which people here agreed (FEP-7aa9), as documents. A collection
//! is for everybody who has its address; the list of them holds those that are shown on the profile.

use actix_web::web::{Data, Path};
use majlis_local::collection_items::{self, ItemState};
use majlis_local::ids::{CollectionId, CollectionItemId};
use majlis_local::{Connection, Error, Result, collections};

use super::actor::named;
use super::{Answer, document};
use crate::objects;
use crate::state::Federation;
use crate::vocab::{Collection, CollectionKind, FeatureAuthorization, Object};

/// The local collection of a path.
fn at(c: &mut Connection, name: &str, id: CollectionId) -> Result<collections::Collection> {
    let owner = named(c, name)?;
    let collection = collections::get(c, id)?;
    if collection.owner_id != owner.id || !collection.local || owner.is_gone() {
        return Err(Error::NotFound("collection"));
    }
    Ok(collection)
}

/// `GET /users/{name}/collections`: what the actor's `featuredCollections` names.
pub(super) async fn list(federation: Data<Federation>, name: Path<String>) -> Answer {
    let name = name.into_inner();
    let list = federation
        .db
        .read(move |c| {
            let owner = named(c, &name)?;
            if owner.is_gone() {
                return Err(Error::NotFound("actor"));
            }
            let uris = collections::uris_of(c, owner.id)?;
            let mut list = Collection::new(CollectionKind::Collection, format!("{}/collections", owner.uri));
            list.total_items = u64::try_from(uris.len()).ok();
            list.items = uris.into_iter().map(Object::Id).collect();
            Ok(list)
        })
        .await?;
    document(&list, false)
}

/// `GET /users/{name}/collections/{id}`.
pub(super) async fn show(federation: Data<Federation>, path: Path<(String, CollectionId)>) -> Answer {
    let (name, id) = path.into_inner();
    let site = federation.site().clone();
    let collection = federation
        .db
        .read(move |c| {
            let collection = at(c, &name, id)?;
            objects::featured::render(c, &site, &collection)
        })
        .await?;
    document(&collection, false)
}

/// `GET /users/{name}/collections/{id}/items/{item}`.
pub(super) async fn item(federation: Data<Federation>, path: Path<(String, CollectionId, CollectionItemId)>) -> Answer {
    let (name, id, item) = path.into_inner();
    let site = federation.site().clone();
    let item = federation
        .db
        .read(move |c| {
            let collection = at(c, &name, id)?;
            let item = collection_items::by_id(c, item)?;
            if item.collection_id != collection.id || item.state != ItemState::Accepted {
                return Err(Error::NotFound("collection item"));
            }
            objects::featured::item(c, &site, &item)
        })
        .await?;
    document(&item, false)
}

/// `GET /users/{name}/feature_authorizations/{id}`: the leave of one of ours, while it stands.
pub(super) async fn stamp(federation: Data<Federation>, path: Path<(String, CollectionItemId)>) -> Answer {
    let (name, id) = path.into_inner();
    let site = federation.site().clone();
    let stamp = federation
        .db
        .read(move |c| {
            let person = named(c, &name)?;
            let item = collection_items::by_id(c, id)?;
            if item.actor_id != person.id || item.state != ItemState::Accepted || !person.is_local() || person.is_gone() {
                return Err(Error::NotFound("feature authorization"));
            }
            let collection = collections::get(c, item.collection_id)?;
            Ok(FeatureAuthorization::new(site.stamp_uri(&person.username, id), collection.uri, person.uri))
        })
        .await?;
    document(&stamp, false)
}
