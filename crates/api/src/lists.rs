//! `/api/v1/lists`: the viewer's own lists and who is in them.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::Page;
use majlis_local::ids::{ActorId, ListId};
use majlis_local::lists::{self, ListChange, RepliesPolicy};
use serde::Deserialize;

use crate::accounts::{PAGE, in_order};
use crate::auth::{User, need};
use crate::entities::{Account, Empty, List};
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
pub async fn delete(api: Api, user: User<need::WriteLists>, id: Path<ListId>) -> Result<Json<Empty>> {
    api.db.write(move |c| lists::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
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
pub async fn add(api: Api, user: User<need::WriteLists>, id: Path<ListId>, Params(sent): Params<Members>) -> Result<Json<Empty>> {
    api.db.write(move |c| lists::add(c, user.actor, *id, &sent.account_ids)).await?;
    Ok(Json(Empty {}))
}

/// `DELETE /api/v1/lists/:id/accounts`; the ids come in the query or in the body.
pub async fn remove(
    api: Api,
    user: User<need::WriteLists>,
    id: Path<ListId>,
    Params(sent): Params<Members>,
) -> Result<Json<Empty>> {
    api.db.write(move |c| lists::remove(c, user.actor, *id, &sent.account_ids)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use majlis_local::scopes::Scopes;
    use serde_json::{Value, json};

    use crate::testing::{Caller, TestApp};

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

    /// Who answers whom in a list, as its timeline and its stream's rules have it.
    #[actix_web::test]
    async fn a_list_decides_about_answers_and_about_home() {
        let app = TestApp::new();
        let (me, ali, badr, eve) = (app.user("me").await, app.user("ali").await, app.user("badr").await, app.user("eve").await);
        for other in [&ali, &badr] {
            me.post(&format!("/api/v1/accounts/{}/follow", other.id())).await.ok();
        }
        let list = me.post_form("/api/v1/lists", "title=Friends").await.ok();
        let path = format!("/api/v1/lists/{}", list["id"].as_str().unwrap());
        me.post_form(&format!("{path}/accounts"), &format!("account_ids[]={}", ali.id())).await.ok();
        let say = async |by: &Caller, text: &str, to: Option<&Value>| {
            let to = to.map_or(String::new(), |to| format!("&in_reply_to_id={}", to["id"].as_str().unwrap()));
            by.post_form("/api/v1/statuses", &format!("status={text}{to}")).await.ok()
        };
        let (of_badr, of_eve, of_me) = (say(&badr, "b", None).await, say(&eve, "e", None).await, say(&me, "m", None).await);
        let own = say(&ali, "own", None).await;
        say(&ali, "to-self", Some(&own)).await;
        say(&ali, "to-me", Some(&of_me)).await;
        say(&ali, "to-followed", Some(&of_badr)).await;
        say(&ali, "to-stranger", Some(&of_eve)).await;
        let shown = async |path: &str| -> Vec<String> {
            let statuses = me.get(path).await.ok();
            let texts = statuses.as_array().unwrap().iter().map(|status| status["content"].as_str().unwrap().to_owned());
            texts.map(|html| html.trim_start_matches("<p>").trim_end_matches("</p>").to_owned()).collect()
        };
        let timeline = format!("/api/v1/timelines/list/{}", list["id"].as_str().unwrap());
        assert_eq!(shown(&timeline).await, ["to-me", "to-self", "own"], "answers to members");
        me.patch_json(&path, json!({ "replies_policy": "followed" })).await.ok();
        assert_eq!(shown(&timeline).await, ["to-followed", "to-me", "to-self", "own"]);
        me.put_json(&path, json!({ "replies_policy": "none" })).await.ok();
        assert_eq!(shown(&timeline).await, ["to-me", "to-self", "own"]);
        assert_eq!(shown("/api/v1/timelines/home").await, ["to-followed", "to-me", "to-self", "own", "m", "b"]);
        me.put_json(&path, json!({ "exclusive": true })).await.ok();
        assert_eq!(shown("/api/v1/timelines/home").await, ["m", "b"]);
        assert_eq!(shown(&timeline).await, ["to-me", "to-self", "own"]);
        me.delete(&path).await.ok();
        assert_eq!(shown("/api/v1/timelines/home").await.len(), 6);
    }

    #[actix_web::test]
    async fn members_are_paged_and_lists_are_limited() {
        let app = TestApp::new();
        let me = app.user("me").await;
        let list = me.post_form("/api/v1/lists", "title=Friends").await.ok();
        let accounts = format!("/api/v1/lists/{}/accounts", list["id"].as_str().unwrap());
        let mut members = Vec::new();
        for n in 0..5 {
            let other = app.user(&format!("p{n}")).await;
            me.post(&format!("/api/v1/accounts/{}/follow", other.id())).await.ok();
            me.post_json(&accounts, json!({ "account_ids": [other.id()] })).await.ok();
            members.insert(0, other.id().to_string());
        }
        let mut seen: Vec<Value> = Vec::new();
        let (mut next, mut last) = (Some(format!("{accounts}?limit=2")), None);
        while let Some(path) = next {
            let page = me.get(&path).await;
            next = page.link("next");
            last = page.link("prev").or(last);
            seen.extend(page.ok().as_array().unwrap().iter().map(|account| account["id"].clone()));
        }
        assert_eq!(json!(seen), json!(members));
        assert!(last.is_some());
        for n in 1..majlis_local::lists::MOST {
            me.post_form("/api/v1/lists", &format!("title={n}")).await.ok();
        }
        assert_eq!(me.post_form("/api/v1/lists", "title=more").await.status, 422);
        assert_eq!(me.put_json(accounts.trim_end_matches("/accounts"), json!({ "title": "x".repeat(257) })).await.status, 422);
    }

    #[actix_web::test]
    async fn lists_need_their_scopes_and_are_their_owners_alone() {
        let app = TestApp::new();
        let (me, eve) = (app.user("me").await, app.user("eve").await);
        let list = me.post_form("/api/v1/lists", "title=Friends").await.ok();
        let path = format!("/api/v1/lists/{}", list["id"].as_str().unwrap());
        let reader = app.log_in(me.id(), Scopes::parse("read:lists").unwrap()).await;
        let writer = app.log_in(me.id(), Scopes::parse("write:lists").unwrap()).await;
        assert_eq!(reader.put_json(&path, json!({ "title": "x" })).await.status, 403);
        assert_eq!(reader.delete(&path).await.status, 403);
        assert_eq!(reader.post_form("/api/v1/lists", "title=x").await.status, 403);
        for path in [path.as_str(), "/api/v1/lists", &format!("{path}/accounts")] {
            assert_eq!(writer.get(path).await.status, 403, "{path}");
            assert_eq!(app.anonymous().get(path).await.status, 401, "{path}");
        }
        assert_eq!(eve.put_json(&path, json!({ "title": "x" })).await.status, 404);
        assert_eq!(eve.delete(&path).await.status, 404);
        assert_eq!(eve.get(&path.replace("/lists/", "/timelines/list/")).await.status, 404);
        assert_eq!(me.get(&path).await.ok(), list);
    }
}
