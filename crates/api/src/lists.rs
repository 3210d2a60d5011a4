//! `/api/v1/lists`: the viewer's own lists and who is in them.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::Page;
use majlis_local::ids::{ActorId, ListId};
use majlis_local::lists::{self, ListChange, RepliesPolicy};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::accounts::{PAGE, in_order};
use crate::auth::{User, need};
use crate::entities::{Account, List};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// The most accounts that one list answers with when all are asked for.
const ALL: i64 = 10_000;

/// `GET /api/v1/lists`.
pub async fn all(api: Api, user: User<need::ReadLists>) -> Result<Json<Vec<List>>> {
    let found = api.db.read(move |c| lists::of(c, user.actor)).await?;
    Ok(Json(found.into_iter().map(List::from).collect()))
}

/// `GET /api/v1/lists/:id`.
pub async fn get(api: Api, user: User<need::ReadLists>, id: Path<ListId>) -> Result<Json<List>> {
    Ok(Json(api.db.read(move |c| lists::get(c, user.actor, *id)).await?.into()))
}

/// What a list is made or changed with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    title: Option<String>,
    replies_policy: Option<RepliesPolicy>,
    exclusive: Option<bool>,
}

/// `POST /api/v1/lists`.
pub async fn create(api: Api, user: User<need::WriteLists>, Params(sent): Params<Fields>) -> Result<Json<List>> {
    let made = api.db.write(move |c| {
        let policy = sent.replies_policy.unwrap_or(RepliesPolicy::List);
        lists::create(c, user.actor, &sent.title.unwrap_or_default(), policy, sent.exclusive.unwrap_or(false))
    });
    Ok(Json(made.await?.into()))
}

/// `PUT /api/v1/lists/:id`.
pub async fn change(
    api: Api,
    user: User<need::WriteLists>,
    id: Path<ListId>,
    Params(sent): Params<Fields>,
) -> Result<Json<List>> {
    let change = ListChange { title: sent.title, replies_policy: sent.replies_policy, exclusive: sent.exclusive };
    Ok(Json(api.db.write(move |c| lists::change(c, user.actor, *id, change)).await?.into()))
}

/// `DELETE /api/v1/lists/:id`.
pub async fn delete(api: Api, user: User<need::WriteLists>, id: Path<ListId>) -> Result<Json<Value>> {
    api.db.write(move |c| lists::delete(c, user.actor, *id)).await?;
    Ok(Json(json!({})))
}

/// `GET /api/v1/lists/:id/accounts`; `limit=0` asks for all.
pub async fn members(
    api: Api,
    user: User<need::ReadLists>,
    id: Path<ListId>,
    Params(page): Params<PageParams>,
) -> Result<Paged<Arc<Account>>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let page = if page.asks_for_all() { Page::newest(ALL) } else { page.page(PAGE.0, PAGE.1) };
        let ids = lists::members(c, user.actor, *id, &page)?;
        let accounts = in_order(c, &site, &ids.items)?;
        Ok(ids.with(accounts))
    });
    Ok(Paged::by_since_id(slice.await?))
}

/// Parameters with `account_ids[]`.
#[derive(Debug, Deserialize)]
pub struct Members {
    #[serde(default)]
    account_ids: Vec<ActorId>,
}

/// `POST /api/v1/lists/:id/accounts`.
pub async fn add(api: Api, user: User<need::WriteLists>, id: Path<ListId>, Params(sent): Params<Members>) -> Result<Json<Value>> {
    api.db.write(move |c| lists::add(c, user.actor, *id, &sent.account_ids)).await?;
    Ok(Json(json!({})))
}

/// `DELETE /api/v1/lists/:id/accounts`; the ids come in the query or in the body.
pub async fn remove(
    api: Api,
    user: User<need::WriteLists>,
    id: Path<ListId>,
    Params(sent): Params<Members>,
) -> Result<Json<Value>> {
    api.db.write(move |c| lists::remove(c, user.actor, *id, &sent.account_ids)).await?;
    Ok(Json(json!({})))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn lists_are_made_filled_changed_and_deleted() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let b = bea.id();
        let made = ali.post_form("/api/v1/lists", "title=Friends&replies_policy=followed").await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made, json!({ "id": id, "title": "Friends", "replies_policy": "followed", "exclusive": false }));
        assert_eq!(ali.post_json("/api/v1/lists", json!({ "title": "" })).await.status, 422);
        assert_eq!(ali.post("/api/v1/lists").await.status, 422);
        assert_eq!(ali.post_json("/api/v1/lists", json!({ "title": "x", "replies_policy": "y" })).await.status, 422);
        let accounts = format!("/api/v1/lists/{id}/accounts");
        assert_eq!(ali.post_form(&accounts, &format!("account_ids[]={b}")).await.status, 404, "not followed");
        ali.post(&format!("/api/v1/accounts/{b}/follow")).await.ok();
        assert_eq!(ali.post_form(&accounts, &format!("account_ids[]={b}")).await.ok(), json!({}));
        assert_eq!(ali.get(&accounts).await.ok()[0]["id"], b.to_string());
        assert_eq!(ali.get(&format!("{accounts}?limit=0")).await.ok()[0]["id"], b.to_string());
        assert_eq!(ali.get(&format!("/api/v1/accounts/{b}/lists")).await.ok()[0]["id"], id);
        assert_eq!(bea.get(&accounts).await.status, 404, "not hers");
        let removed = ali.send(ali.form(Method::DELETE, &accounts, &format!("account_ids[]={b}"))).await;
        assert_eq!(removed.ok(), json!({}));
        assert_eq!(ali.get(&accounts).await.ok(), json!([]));
        let changed = ali.put_json(&format!("/api/v1/lists/{id}"), json!({ "title": "Others", "exclusive": "true" })).await.ok();
        assert_eq!(changed, json!({ "id": id, "title": "Others", "replies_policy": "followed", "exclusive": true }));
        assert_eq!(ali.get("/api/v1/lists").await.ok(), json!([changed]));
        assert_eq!(ali.delete(&format!("/api/v1/lists/{id}")).await.ok(), json!({}));
        assert_eq!(ali.get(&format!("/api/v1/lists/{id}")).await.status, 404);
    }
}
