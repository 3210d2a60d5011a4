//! Endorsements: whom somebody features on its profile.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::ids::ActorId;
use majlis_local::{Slice, blocks, endorsements};

use crate::accounts::{PAGE, living};
use crate::auth::{User, Viewer, need};
use crate::entities::{Account, Relationship};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::relations::act;
use crate::state::Api;

/// `GET /api/v1/endorsements`: the viewer's own, the latest first.
pub async fn own(api: Api, user: User<need::ReadAccounts>, Params(page): Params<PageParams>) -> Result<Paged<Arc<Account>>> {
    of_account(api, Some(user.actor), user.actor, page).await
}

/// `GET /api/v1/accounts/:id/endorsements`.
pub async fn list(
    api: Api,
    viewer: Viewer<need::ReadAccounts>,
    id: Path<ActorId>,
    Params(page): Params<PageParams>,
) -> Result<Paged<Arc<Account>>> {
    of_account(api, viewer.actor, *id, page).await
}

/// Nobody when the account is suspended or blocks the viewer.
async fn of_account(api: Api, viewer: Option<ActorId>, id: ActorId, page: PageParams) -> Result<Paged<Arc<Account>>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let account = living(c, id)?;
        let blocked = match viewer {
            Some(viewer) => blocks::get(c, id, viewer)?.is_some(),
            None => false,
        };
        if account.is_gone() || blocked {
            return Ok(Slice { items: Vec::new(), newest: None, oldest: None, full: false });
        }
        let people = endorsements::list(c, id, viewer, &page.page(PAGE.0, PAGE.1))?;
        Account::load_slice(c, &site, &people)
    });
    Ok(Paged::by_since_id(slice.await?))
}

/// `POST /api/v1/accounts/:id/endorse`, and under its former name `…/pin`: only whom one follows.
pub async fn add(api: Api, user: User<need::WriteAccounts>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| endorsements::add(c, me, other)).await
}

/// `POST /api/v1/accounts/:id/unendorse`, and under its former name `…/unpin`.
pub async fn remove(api: Api, user: User<need::WriteAccounts>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| endorsements::remove(c, me, other)).await
}

#[cfg(test)]
mod tests {
    use majlis_local::scopes::Scope;
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn only_those_whom_one_follows_are_endorsed() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (a, b, k) = (ali.id(), bea.id(), kim.id());
        let of = |id, what| format!("/api/v1/accounts/{id}/{what}");
        let refused = ali.post(&of(b, "endorse")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.json["error"].as_str().unwrap().starts_with("Validation failed: "), "{}", refused.text);
        assert_eq!(ali.get("/api/v1/endorsements").await.ok(), json!([]));
        for id in [b, k] {
            ali.post(&of(id, "follow")).await.ok();
        }
        assert_eq!(ali.post(&of(b, "endorse")).await.ok()["endorsed"], true);
        assert_eq!(ali.post(&of(b, "pin")).await.ok()["endorsed"], true);
        assert_eq!(ali.post(&of(k, "pin")).await.ok()["endorsed"], true);
        let first = ali.get("/api/v1/endorsements?limit=1").await;
        assert_eq!(first.json[0]["id"], k.to_string());
        let second = ali.get(&first.link("next").unwrap()).await;
        assert_eq!(second.json[0]["id"], b.to_string());
        assert_eq!(ali.get(&second.link("prev").unwrap()).await.json, first.json);

        let nobody = app.anonymous();
        assert_eq!(nobody.get(&of(a, "endorsements")).await.ok().as_array().unwrap().len(), 2);
        ali.post(&of(k, "unfollow")).await.ok();
        assert_eq!(nobody.get(&of(a, "endorsements")).await.ok().as_array().unwrap().len(), 1, "followed no longer");
        ali.post(&of(kim.id(), "block")).await.ok();
        assert_eq!(kim.get(&of(a, "endorsements")).await.ok(), json!([]), "blocked");
        assert_eq!(ali.post(&of(b, "unendorse")).await.ok()["endorsed"], false);
        assert_eq!(ali.post(&of(b, "unpin")).await.ok()["endorsed"], false);

        assert_eq!(ali.post("/api/v1/accounts/1/endorse").await.status, 404);
        assert_eq!(nobody.get("/api/v1/accounts/1/endorsements").await.status, 404);
        assert_eq!(nobody.get("/api/v1/endorsements").await.status, 401);
        assert_eq!(nobody.post(&of(b, "endorse")).await.status, 401);
        let reader = app.log_in(a, [Scope::ReadFollows].into_iter().collect()).await;
        assert_eq!(reader.post(&of(b, "endorse")).await.status, 403);
        assert_eq!(reader.get("/api/v1/endorsements").await.status, 403);
    }
}
