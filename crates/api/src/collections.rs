//! `/api/v1/collections` (Mastodon 4.6): people whom somebody recommends, and the consent of those in it. The same under the
//! `v1_alpha` of the first apps.

use actix_web::http::header;
use actix_web::web::{Json, Path};
use actix_web::{CustomizeResponder, HttpRequest, Responder as _};
use majlis_local::collections::CollectionChange;
use majlis_local::ids::{ActorId, CollectionId, CollectionItemId};
use majlis_local::{Connection, blocks, collection_items, collections};
use serde::{Deserialize, Serialize};

use crate::accounts::living;
use crate::auth::{User, Viewer, need};
use crate::entities::{Collection, CollectionItem, CollectionWithAccounts, Empty};
use crate::error::{Error, Result};
use crate::pagination::lenient_number;
use crate::params::Params;
use crate::state::Api;

/// Collections on a page: when nothing is said, and at the most.
const PAGE: (i64, i64) = (40, 80);

/// What a collection is made or changed with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    name: Option<String>,
    description: Option<String>,
    language: Option<String>,
    tag_name: Option<String>,
    sensitive: Option<bool>,
    discoverable: Option<bool>,
    #[serde(default)]
    account_ids: Vec<ActorId>,
}

impl Fields {
    fn change(self) -> CollectionChange {
        CollectionChange {
            name: self.name,
            description: self.description,
            language: self.language,
            hashtag: self.tag_name,
            sensitive: self.sensitive,
            discoverable: self.discoverable,
        }
    }
}

/// Mastodon's WrappedCollection.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Wrapped {
    pub collection: Collection,
}

/// `POST /api/v1/collections`.
pub async fn create(api: Api, user: User<need::WriteCollections>, Params(mut sent): Params<Fields>) -> Result<Json<Wrapped>> {
    let site = api.db.site().clone();
    let made = api.db.write(move |c| {
        let people = std::mem::take(&mut sent.account_ids);
        let collection = collections::create(c, &site, user.actor, sent.change(), &people)?;
        wrapped(c, &site, user.actor, collection.id)
    });
    Ok(Json(made.await?))
}

/// `PATCH /api/v1/collections/:id`; masto.js sends PUT. Who stands in it is changed by its items.
pub async fn change(
    api: Api,
    user: User<need::WriteCollections>,
    id: Path<CollectionId>,
    Params(sent): Params<Fields>,
) -> Result<Json<Wrapped>> {
    let site = api.db.site().clone();
    let changed = api.db.write(move |c| {
        collections::change(c, user.actor, *id, sent.change())?;
        wrapped(c, &site, user.actor, *id)
    });
    Ok(Json(changed.await?))
}

fn wrapped(c: &mut Connection, site: &majlis_local::Site, viewer: ActorId, id: CollectionId) -> majlis_local::Result<Wrapped> {
    let row = collections::get(c, id)?;
    let collection = Collection::build_many(c, site, Some(viewer), &[row])?.pop();
    Ok(Wrapped { collection: collection.ok_or(majlis_local::Error::NotFound("collection"))? })
}

/// `DELETE /api/v1/collections/:id`.
pub async fn delete(api: Api, user: User<need::WriteCollections>, id: Path<CollectionId>) -> Result<Json<Empty>> {
    api.db.write(move |c| collections::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v1/collections/:id`: with the accounts in it. Not for those whom the owner blocks.
pub async fn show(
    api: Api,
    viewer: Viewer<need::ReadCollections>,
    id: Path<CollectionId>,
) -> Result<Json<CollectionWithAccounts>> {
    let (site, viewer) = (api.db.site().clone(), viewer.actor);
    let shown = api.db.read(move |c| {
        let row = collections::get(c, *id)?;
        let owner = living(c, row.owner_id)?;
        if owner.is_gone() || is_blocked(c, owner.id, viewer)? {
            return Err(majlis_local::Error::NotFound("collection"));
        }
        CollectionWithAccounts::build(c, &site, viewer, &row)
    });
    Ok(Json(shown.await?))
}

fn is_blocked(c: &mut Connection, owner: ActorId, viewer: Option<ActorId>) -> majlis_local::Result<bool> {
    match viewer {
        Some(viewer) => Ok(blocks::get(c, owner, viewer)?.is_some()),
        None => Ok(false),
    }
}

/// `limit` and `offset`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Offset {
    #[serde(default, deserialize_with = "lenient_number")]
    limit: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    offset: Option<i64>,
}

impl Offset {
    fn limit(self) -> i64 {
        self.limit.unwrap_or(PAGE.0).clamp(1, PAGE.1)
    }

    fn offset(self) -> i64 {
        self.offset.unwrap_or(0).clamp(0, 1_000_000)
    }
}

type Found = (Vec<collections::Collection>, i64);

/// Mastodon's Collections.
#[derive(Debug, Serialize)]
pub struct Collections {
    collections: Vec<Collection>,
}

/// `GET /api/v1/accounts/:id/collections`: those that are shown on the profile; the owner sees all of its own.
pub async fn of_account(
    api: Api,
    viewer: Viewer<need::ReadCollections>,
    req: HttpRequest,
    id: Path<ActorId>,
    Params(asked): Params<Offset>,
) -> Result<CustomizeResponder<Json<Collections>>> {
    let viewer = viewer.actor;
    page(&api, &req, viewer, asked, move |c| {
        let owner = living(c, *id)?;
        if owner.is_gone() || is_blocked(c, owner.id, viewer)? {
            return Ok((Vec::new(), 0));
        }
        collections::of(c, owner.id, viewer == Some(owner.id), asked.limit(), asked.offset())
    })
    .await
}

/// `GET /api/v1/accounts/:id/in_collections`: where the viewer stands itself; nobody else may ask.
pub async fn featuring(
    api: Api,
    user: User<need::ReadCollections>,
    req: HttpRequest,
    id: Path<ActorId>,
    Params(asked): Params<Offset>,
) -> Result<CustomizeResponder<Json<Collections>>> {
    page(&api, &req, Some(user.actor), asked, move |c| {
        if living(c, *id)?.id != user.actor {
            return Err(majlis_local::Error::Forbidden("This action is not allowed"));
        }
        collections::featuring(c, user.actor, asked.limit(), asked.offset())
    })
    .await
}

/// A page by offset, as Mastodon pages these, with the links to its neighbours.
async fn page(
    api: &Api,
    req: &HttpRequest,
    viewer: Option<ActorId>,
    asked: Offset,
    find: impl FnOnce(&mut Connection) -> majlis_local::Result<Found> + Send + 'static,
) -> Result<CustomizeResponder<Json<Collections>>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let (rows, total) = find(c)?;
        Ok((Collection::build_many(c, &site, viewer, &rows)?, total))
    });
    let (collections, total) = found.await?;
    let (limit, offset) = (asked.limit(), asked.offset());
    let link =
        |offset: i64, rel: &str| format!("<{}{}?limit={limit}&offset={offset}>; rel=\"{rel}\"", api.site().origin(), req.path());
    let mut links = Vec::new();
    if offset + limit < total {
        links.push(link(offset + limit, "next"));
    }
    if offset > 0 {
        links.push(link((offset - limit).max(0), "prev"));
    }
    let answer = Json(Collections { collections }).customize();
    Ok(if links.is_empty() { answer } else { answer.insert_header((header::LINK, links.join(", "))) })
}

/// Who is to be added.
#[derive(Debug, Deserialize)]
pub struct Added {
    account_id: Option<ActorId>,
}

/// Mastodon's WrappedCollectionItem.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct WrappedItem {
    pub collection_item: CollectionItem,
}

/// `POST /api/v1/collections/:collection_id/items`.
pub async fn add(
    api: Api,
    user: User<need::WriteCollections>,
    id: Path<CollectionId>,
    Params(sent): Params<Added>,
) -> Result<Json<WrappedItem>> {
    let Some(person) = sent.account_id else { return Err(Error::unprocessable("`account_id` parameter is missing")) };
    let item = api.db.write(move |c| collection_items::add(c, user.actor, *id, person)).await?;
    Ok(Json(WrappedItem { collection_item: CollectionItem::from(&item) }))
}

/// `DELETE /api/v1/collections/:collection_id/items/:id`: the owner takes somebody out.
pub async fn remove(
    api: Api,
    user: User<need::WriteCollections>,
    ids: Path<(CollectionId, CollectionItemId)>,
) -> Result<Json<Empty>> {
    let (id, item) = ids.into_inner();
    api.db.write(move |c| collection_items::remove(c, user.actor, id, item)).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/collections/:collection_id/items/:id/revoke`: whoever stands in a collection leaves it for good.
pub async fn revoke(
    api: Api,
    user: User<need::WriteCollections>,
    ids: Path<(CollectionId, CollectionItemId)>,
) -> Result<Json<Empty>> {
    let (id, item) = ids.into_inner();
    api.db.write(move |c| collection_items::revoke(c, user.actor, id, item)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests;
