//! `/api/ext/v1/circles`: people to whom the viewer writes alone, by `circle_id` of `POST /api/v1/statuses`.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::circles;
use majlis_local::ids::{ActorId, CircleId};
use serde::{Deserialize, Serialize};

use crate::accounts::PAGE;
use crate::auth::{User, need};
use crate::entities::{Account, Empty};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// A circle as apps read it.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Circle {
    pub id: CircleId,
    pub title: String,
}

impl From<circles::Circle> for Circle {
    fn from(row: circles::Circle) -> Self {
        Self { id: row.id, title: row.title }
    }
}

/// What a circle is made or changed with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(default)]
    title: String,
}

/// `GET /api/ext/v1/circles`: all, the oldest first.
pub async fn all(api: Api, user: User<need::ReadLists>) -> Result<Json<Vec<Circle>>> {
    let rows = api.db.read(move |c| circles::of(c, user.actor)).await?;
    Ok(Json(rows.into_iter().map(Circle::from).collect()))
}

/// `POST /api/ext/v1/circles`: makes a circle, to whose members alone one may write.
pub async fn create(api: Api, user: User<need::WriteLists>, Params(sent): Params<Fields>) -> Result<Json<Circle>> {
    Ok(Json(api.db.write(move |c| circles::create(c, user.actor, &sent.title)).await?.into()))
}

/// `GET /api/ext/v1/circles/:id`: one of one's own circles.
pub async fn show(api: Api, user: User<need::ReadLists>, id: Path<CircleId>) -> Result<Json<Circle>> {
    Ok(Json(api.db.read(move |c| circles::get(c, user.actor, *id)).await?.into()))
}

/// `PUT /api/ext/v1/circles/:id`: gives a circle another name.
pub async fn change(
    api: Api,
    user: User<need::WriteLists>,
    id: Path<CircleId>,
    Params(sent): Params<Fields>,
) -> Result<Json<Circle>> {
    Ok(Json(api.db.write(move |c| circles::rename(c, user.actor, *id, &sent.title)).await?.into()))
}

/// `DELETE /api/ext/v1/circles/:id`: what was written to it stays where it went.
pub async fn delete(api: Api, user: User<need::WriteLists>, id: Path<CircleId>) -> Result<Json<Empty>> {
    api.db.write(move |c| circles::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/ext/v1/circles/:id/accounts`: the people who are in a circle, the last added first.
pub async fn members(
    api: Api,
    user: User<need::ReadLists>,
    id: Path<CircleId>,
    Params(page): Params<PageParams>,
) -> Result<Paged<Arc<Account>>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let people = circles::members(c, user.actor, *id, &page.page(PAGE.0, PAGE.1))?;
        Account::load_slice(c, &site, &people)
    });
    Ok(Paged::by_since_id(slice.await?))
}

/// Parameters with `account_ids[]`.
#[derive(Debug, Deserialize)]
pub struct Members {
    #[serde(default)]
    account_ids: Vec<ActorId>,
}

/// `POST /api/ext/v1/circles/:id/accounts`: takes people into a circle.
pub async fn add(
    api: Api,
    user: User<need::WriteLists>,
    id: Path<CircleId>,
    Params(sent): Params<Members>,
) -> Result<Json<Empty>> {
    api.db.write(move |c| circles::add(c, user.actor, *id, &sent.account_ids)).await?;
    Ok(Json(Empty {}))
}

/// `DELETE /api/ext/v1/circles/:id/accounts`: takes people out of a circle; the ids come in the query or in the body.
pub async fn remove(
    api: Api,
    user: User<need::WriteLists>,
    id: Path<CircleId>,
    Params(sent): Params<Members>,
) -> Result<Json<Empty>> {
    api.db.write(move |c| circles::remove(c, user.actor, *id, &sent.account_ids)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use majlis_local::jobs::{self, Change, Job};
    use majlis_local::scopes::Scope;
    use majlis_local::testing::people;
    use serde_json::json;

    use crate::testing::TestApp;

    const PATH: &str = "/api/ext/v1/circles";

    #[actix_web::test]
    async fn a_circle_is_made_filled_and_deleted() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (b, k) = (bea.id(), kim.id());
        let made = ali.post_json(PATH, json!({ "title": " Family " })).await.ok();
        let circle = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made, json!({ "id": circle, "title": "Family" }));
        let path = format!("{PATH}/{circle}");
        let accounts = format!("{path}/accounts");
        assert_eq!(ali.post_form(&accounts, &format!("account_ids[]={b}&account_ids[]={k}")).await.ok(), json!({}));
        let first = ali.get(&format!("{accounts}?limit=1")).await;
        let second = ali.get(&first.link("next").unwrap()).await;
        assert_eq!((&first.json[0]["acct"], &second.json[0]["acct"]), (&json!("kim"), &json!("bea")));
        assert_eq!(ali.get(&second.link("prev").unwrap()).await.json, first.json);
        assert_eq!(ali.post_form(&accounts, "account_ids[]=1").await.status, 404);
        assert_eq!(ali.send(ali.form(Method::DELETE, &accounts, &format!("account_ids[]={k}"))).await.ok(), json!({}));
        assert_eq!(ali.get(&accounts).await.ok().as_array().unwrap().len(), 1);
        for path in [&path, &accounts] {
            assert_eq!(bea.get(path).await.status, 404, "only the owner knows of it");
            assert_eq!(bea.delete(path).await.status, 404);
        }
        assert_eq!(ali.put_json(&path, json!({ "title": "Kin" })).await.ok()["title"], "Kin");
        assert_eq!(ali.put_json(&path, json!({ "title": "" })).await.status, 422);
        assert_eq!(ali.post_json(PATH, json!({ "title": "x".repeat(101) })).await.status, 422);
        assert_eq!(ali.get(PATH).await.ok(), json!([{ "id": circle, "title": "Kin" }]));
        bea.post(&format!("/api/v1/accounts/{}/block", ali.id())).await.ok();
        assert_eq!(ali.get(&accounts).await.ok(), json!([]), "a block parts them");
        assert_eq!(ali.post_form(&accounts, &format!("account_ids[]={b}")).await.status, 403);
        assert_eq!(ali.delete(&path).await.ok(), json!({}));
        assert_eq!(ali.get(&path).await.status, 404);
        assert_eq!(app.anonymous().get(PATH).await.status, 401);
        let reader = app.log_in(ali.id(), [Scope::ReadLists].into_iter().collect()).await;
        assert_eq!(reader.post_json(PATH, json!({ "title": "x" })).await.status, 403);
        let other = app.log_in(ali.id(), [Scope::ReadStatuses].into_iter().collect()).await;
        assert_eq!(other.get(PATH).await.status, 403);
    }

    #[actix_web::test]
    async fn a_post_to_a_circle_reaches_those_in_it_and_nobody_else() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (a, b, k) = (ali.id(), bea.id(), kim.id());
        let rob = app
            .write(move |c| {
                people::follow(c, b, a);
                people::follow(c, k, a);
                Ok(people::remote(c, "rob").id)
            })
            .await;
        let circle = ali.post_json(PATH, json!({ "title": "Family" })).await.ok()["id"].clone();
        let empty = json!({ "status": "hello", "circle_id": circle });
        assert_eq!(ali.post_json("/api/v1/statuses", empty.clone()).await.status, 422, "nobody is in it");
        let accounts = format!("{PATH}/{}/accounts", circle.as_str().unwrap());
        ali.post_json(&accounts, json!({ "account_ids": [b.to_string(), rob.to_string()] })).await.ok();
        let hers = bea.post_json(PATH, json!({ "title": "Hers" })).await.ok()["id"].clone();
        assert_eq!(ali.post_json("/api/v1/statuses", json!({ "status": "x", "circle_id": hers })).await.status, 404);
        let wide = json!({ "status": "hello", "circle_id": circle, "visibility": "public" });
        let status = ali.post_json("/api/v1/statuses", wide).await.ok();
        assert_eq!((&status["visibility"], &status["mentions"]), (&json!("direct"), &json!([])), "an audience never widens");
        let path = format!("/api/v1/statuses/{}", status["id"].as_str().unwrap());
        assert_eq!(bea.get(&path).await.ok()["content"], "<p>hello</p>");
        assert_eq!(bea.get("/api/v1/timelines/home").await.ok()[0]["id"], status["id"]);
        assert_eq!(kim.get(&path).await.status, 404);
        assert_eq!(kim.get("/api/v1/timelines/home").await.ok(), json!([]));
        assert_eq!(app.anonymous().get(&path).await.status, 404);
        assert_eq!(bea.get("/api/v1/notifications").await.ok(), json!([]), "named by nobody");
        assert!(matches!(app.read(jobs::all).await.as_slice(), [Job::Federate { change: Change::Posted { .. } }]));
        let post = status["id"].as_str().unwrap().parse().unwrap();
        let note = app
            .read(move |c| {
                let post = majlis_local::posts::get(c, post)?;
                majlis_federation::objects::note::render(c, &people::site(), &post)
            })
            .await
            .unwrap();
        let mut to = note.to.clone();
        to.sort_unstable();
        assert_eq!(to, ["https://majlis.example/users/bea", "https://peer.example/users/rob"]);
        assert_eq!((note.cc.len(), note.tag.len()), (0, 0));
        // Who comes later does not get it; who has left keeps it.
        ali.post_json(&accounts, json!({ "account_ids": [k.to_string()] })).await.ok();
        ali.send(ali.form(Method::DELETE, &accounts, &format!("account_ids[]={b}"))).await.ok();
        assert_eq!((kim.get(&path).await.status.as_u16(), bea.get(&path).await.status.as_u16()), (404, 200));
        let edited = ali.put_json(&path, json!({ "status": "hello again" })).await.ok();
        assert_eq!(edited["visibility"], "direct");
        assert_eq!((kim.get(&path).await.status.as_u16(), bea.get(&path).await.status.as_u16()), (404, 200));
    }
}
