//! Whom to follow: `/api/v2/suggestions`, its first version, and the directory.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::ids::ActorId;
use majlis_local::suggestions::{self, Order};
use serde::Deserialize;

use crate::accounts::{PAGE, in_order};
use crate::auth::{User, Viewer, need};
use crate::entities::{Account, Empty, Suggestion};
use crate::error::Result;
use crate::pagination::OffsetParams;
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v2/suggestions`.
pub async fn suggest(api: Api, user: User<need::Read>, Params(page): Params<OffsetParams>) -> Result<Json<Vec<Suggestion>>> {
    let site = api.db.site().clone();
    let (limit, offset) = page.bounds(PAGE.0, PAGE.1);
    let found = api.db.read(move |c| {
        let found = suggestions::suggestions(c, user.actor, limit, offset)?;
        let ids: Vec<ActorId> = found.iter().map(|suggestion| suggestion.actor).collect();
        let accounts = Account::load_many(c, &site, &ids)?;
        let entity =
            |one: &suggestions::Suggestion| accounts.get(&one.actor).map(|account| Suggestion::new(one, account.clone()));
        Ok(found.iter().filter_map(entity).collect())
    });
    Ok(Json(found.await?))
}

/// `GET /api/v1/suggestions`: the accounts alone.
pub async fn accounts(api: Api, user: User<need::Read>, Params(page): Params<OffsetParams>) -> Result<Json<Vec<Arc<Account>>>> {
    let site = api.db.site().clone();
    let (limit, offset) = page.bounds(PAGE.0, PAGE.1);
    let found = api.db.read(move |c| {
        let found = suggestions::suggestions(c, user.actor, limit, offset)?;
        in_order(c, &site, &found.iter().map(|suggestion| suggestion.actor).collect::<Vec<_>>())
    });
    Ok(Json(found.await?))
}

/// `DELETE /api/v1/suggestions/:account_id`: never again.
pub async fn dismiss(api: Api, user: User<need::Read>, id: Path<ActorId>) -> Result<Json<Empty>> {
    api.db.write(move |c| suggestions::dismiss(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// Parameters of [`directory`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Directory {
    #[serde(default)]
    order: Option<Order>,
    #[serde(default)]
    local: bool,
    #[serde(flatten)]
    page: OffsetParams,
}

/// `GET /api/v1/directory`.
pub async fn directory(
    api: Api,
    viewer: Viewer<need::Anything>,
    Params(asked): Params<Directory>,
) -> Result<Json<Vec<Arc<Account>>>> {
    let (site, viewer) = (api.db.site().clone(), viewer.actor);
    let (limit, offset) = asked.page.bounds(PAGE.0, PAGE.1);
    let found = api.db.read(move |c| {
        let ids = suggestions::directory(c, viewer, asked.order.unwrap_or_default(), asked.local, limit, offset)?;
        in_order(c, &site, &ids)
    });
    Ok(Json(found.await?))
}

#[cfg(test)]
mod tests {
    use majlis_local::testing::people;
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    fn accts(answer: &Value) -> Vec<&str> {
        answer.as_array().unwrap().iter().map(|a| a["acct"].as_str().unwrap()).collect()
    }

    #[actix_web::test]
    async fn people_are_suggested_with_the_reason_and_never_again_when_waved_away() {
        let app = TestApp::new();
        let me = app.user("me").await;
        let viewer = me.id();
        let shared = app
            .write(move |c| {
                let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
                let (shared, known, shy) =
                    (people::local(c, "shared").id, people::local(c, "known").id, people::local(c, "shy").id);
                let locked = people::local(c, "locked").id;
                for actor in [ali, bea, shared, known, locked] {
                    people::set_discoverable(c, actor, true);
                }
                people::lock(c, locked);
                for friend in [ali, bea] {
                    people::follow(c, viewer, friend);
                    for target in [shared, shy, locked] {
                        people::follow(c, friend, target);
                    }
                }
                people::set_followers_count(c, known, 9);
                people::set_followers_count(c, shared, 2);
                people::follow(c, known, ali);
                Ok(shared)
            })
            .await;
        let found = me.get("/api/v2/suggestions").await.ok();
        let told: Vec<(&str, &Value, &Value)> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|s| (s["account"]["acct"].as_str().unwrap(), &s["source"], &s["sources"]))
            .collect();
        assert_eq!(
            told,
            [
                ("shared", &json!("past_interactions"), &json!(["friends_of_friends", "most_followed"])),
                ("known", &json!("global"), &json!(["most_followed"])),
            ]
        );
        assert_eq!(accts(&me.get("/api/v1/suggestions?limit=1").await.ok()), ["shared"]);
        assert_eq!(accts(&me.get("/api/v1/suggestions?limit=1&offset=1").await.ok()), ["known"]);
        assert_eq!(me.delete(&format!("/api/v1/suggestions/{shared}")).await.ok(), json!({}));
        assert_eq!(me.delete(&format!("/api/v1/suggestions/{shared}")).await.ok(), json!({}), "again");
        assert_eq!(accts(&me.get("/api/v1/suggestions").await.ok()), ["known"]);
        assert_eq!(me.delete("/api/v1/suggestions/1").await.status, 404);
        let nobody = app.anonymous();
        for path in ["/api/v1/suggestions", "/api/v2/suggestions"] {
            assert_eq!(nobody.get(path).await.status, 401);
        }
        assert_eq!(nobody.delete("/api/v1/suggestions/1").await.status, 401);
    }

    #[actix_web::test]
    async fn the_directory_lists_whom_may_be_found() {
        let app = TestApp::new();
        let me = app.user("me").await;
        let viewer = me.id();
        app.write(move |c| {
            let (ali, bea, shy) = (people::local(c, "ali"), people::local(c, "bea"), people::local(c, "shy"));
            let (far, blocked) = (people::remote(c, "far"), people::local(c, "blocked"));
            for actor in [&ali, &bea, &blocked] {
                people::set_discoverable(c, actor.id, true);
            }
            for actor in [&bea, &ali, &shy, &blocked] {
                people::say(c, actor.id, "hello");
            }
            people::receive(c, people::note(&far, "hello"));
            people::set_last_post(c, ali.id, 3);
            people::set_last_post(c, bea.id, 2);
            people::set_last_post(c, far.id, 4);
            people::set_last_post(c, blocked.id, 1);
            people::block(c, viewer, blocked.id);
            Ok(())
        })
        .await;
        let list = async |query: &str| me.get(&format!("/api/v1/directory?{query}")).await.ok();
        assert_eq!(accts(&list("").await), ["far@peer.example", "ali", "bea"]);
        assert_eq!(accts(&list("local=true").await), ["ali", "bea"]);
        assert_eq!(accts(&list("order=new&local=1").await), ["bea", "ali"]);
        assert_eq!(accts(&list("order=new").await), ["far@peer.example", "bea", "ali"]);
        assert_eq!(accts(&list("limit=1&offset=1").await), ["ali"]);
        assert_eq!(accts(&app.anonymous().get("/api/v1/directory?local=true").await.ok()), ["ali", "bea", "blocked"]);
        assert_eq!(me.get("/api/v1/directory?order=odd").await.status, 422);
    }
}
