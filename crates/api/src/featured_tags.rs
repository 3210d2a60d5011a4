//! `/api/v1/featured_tags`: hashtags that somebody shows on the profile.

use actix_web::web::{Json, Path};
use majlis_local::actors::{self, Actor};
use majlis_local::ids::{ActorId, FeaturedTagId};
use majlis_local::{Connection, Site, featured_tags};
use serde::Deserialize;

use crate::accounts::living;
use crate::auth::{User, Viewer, need};
use crate::entities::{Empty, FeaturedTag, Tag};
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

fn of(c: &mut Connection, site: &Site, owner: &Actor) -> majlis_local::Result<Vec<FeaturedTag>> {
    Ok(featured_tags::of(c, owner.id)?.into_iter().map(|tag| FeaturedTag::new(site, owner, tag)).collect())
}

/// `GET /api/v1/featured_tags`.
pub async fn own(api: Api, user: User<need::ReadAccounts>) -> Result<Json<Vec<FeaturedTag>>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let owner = actors::get(c, user.actor)?;
        of(c, &site, &owner)
    });
    Ok(Json(found.await?))
}

/// `GET /api/v1/accounts/:id/featured_tags`: of a suspended account none.
pub async fn of_account(api: Api, _viewer: Viewer<need::ReadAccounts>, id: Path<ActorId>) -> Result<Json<Vec<FeaturedTag>>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let owner = living(c, *id)?;
        if owner.is_gone() { Ok(Vec::new()) } else { of(c, &site, &owner) }
    });
    Ok(Json(found.await?))
}

/// What a hashtag is featured with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(default)]
    name: String,
}

/// `POST /api/v1/featured_tags`.
pub async fn create(api: Api, user: User<need::WriteAccounts>, Params(sent): Params<Fields>) -> Result<Json<FeaturedTag>> {
    let site = api.db.site().clone();
    let made = api.db.write(move |c| {
        let tag = featured_tags::create(c, user.actor, &sent.name)?;
        Ok(FeaturedTag::new(&site, &actors::get(c, user.actor)?, tag))
    });
    Ok(Json(made.await?))
}

/// `DELETE /api/v1/featured_tags/:id`.
pub async fn delete(api: Api, user: User<need::WriteAccounts>, id: Path<FeaturedTagId>) -> Result<Json<Empty>> {
    api.db.write(move |c| featured_tags::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v1/featured_tags/suggestions`: what the person uses most and does not feature.
pub async fn suggestions(api: Api, user: User<need::ReadAccounts>) -> Result<Json<Vec<Tag>>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let tags = featured_tags::suggestions(c, user.actor)?;
        Tag::build_many(c, &site, Some(user.actor), &tags)
    });
    Ok(Json(found.await?))
}

#[cfg(test)]
mod tests {
    use majlis_local::jobs::{self, Change, Job};
    use majlis_local::scopes::{Scope, Scopes};
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn hashtags_are_featured_counted_and_taken_away() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let first = ali.post_form("/api/v1/statuses", "status=one+%23Cats").await.ok();
        let made = ali.post_form("/api/v1/featured_tags", "name=%23CATS").await.ok();
        let today = first["created_at"].as_str().unwrap()[..10].to_owned();
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(
            made,
            json!({
                "id": id, "name": "CATS", "url": "https://majlis.example/@ali/tagged/cats", "statuses_count": "1",
                "last_status_at": today,
            })
        );
        let jobs = app.write(|c| jobs::claim(c, 10, 60)).await;
        assert!(
            jobs.iter().any(|j| j.job == Job::Federate { change: Change::ProfileChanged { actor: ali.id() } }),
            "peers read the collection again"
        );
        let refused = ali.post_form("/api/v1/featured_tags", "name=cats").await;
        assert_eq!((refused.status.as_u16(), &refused.json["details"]["tag"][0]["error"]), (422, &"ERR_TAKEN".into()));
        let refused = ali.post_form("/api/v1/featured_tags", "name=no+tag").await;
        assert_eq!((refused.status.as_u16(), &refused.json["details"]["name"][0]["error"]), (422, &"ERR_INVALID".into()));
        assert_eq!(ali.post("/api/v1/featured_tags").await.status, 422);
        // Kept while posts come and go.
        let second = ali.post_form("/api/v1/statuses", "status=two+%23cats&visibility=unlisted").await.ok();
        ali.post_form("/api/v1/statuses", "status=three+%23cats&visibility=private").await.ok();
        bea.post_form("/api/v1/statuses", "status=hers+%23cats").await.ok();
        let path = format!("/api/v1/accounts/{}/featured_tags", ali.id());
        assert_eq!(app.anonymous().get(&path).await.ok()[0]["statuses_count"], "2");
        for status in [&first, &second] {
            ali.delete(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap())).await.ok();
        }
        let own = ali.get("/api/v1/featured_tags").await.ok();
        assert_eq!((&own[0]["statuses_count"], &own[0]["last_status_at"]), (&json!("0"), &json!(null)));
        assert_eq!(bea.delete(&format!("/api/v1/featured_tags/{id}")).await.status, 404, "not hers");
        assert_eq!(ali.delete(&format!("/api/v1/featured_tags/{id}")).await.ok(), json!({}));
        assert_eq!(ali.get("/api/v1/featured_tags").await.ok(), json!([]));
        assert_eq!(ali.delete(&format!("/api/v1/featured_tags/{id}")).await.status, 404);
        assert_eq!(app.anonymous().get("/api/v1/accounts/1/featured_tags").await.status, 404);
    }

    #[actix_web::test]
    async fn ten_hashtags_and_no_more_by_either_way() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        for n in 0..10 {
            ali.post_form("/api/v1/featured_tags", &format!("name=tag{n}")).await.ok();
        }
        let refused = ali.post_form("/api/v1/featured_tags", "name=eleventh").await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert_eq!(ali.post("/api/v1/tags/eleventh/feature").await.status, 422);
        assert_eq!(ali.post("/api/v1/tags/tag3/feature").await.ok()["featuring"], true, "it is already");
        assert_eq!(ali.post("/api/v1/tags/tag3/unfeature").await.ok()["featuring"], false);
        assert_eq!(ali.post("/api/v1/tags/eleventh/feature").await.ok()["featuring"], true);
        assert_eq!(ali.get("/api/v1/featured_tags").await.ok().as_array().unwrap().len(), 10);
    }

    #[actix_web::test]
    async fn what_is_used_most_and_not_featured_is_suggested() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        for text in ["%23often", "%23often", "%23seldom", "%23featured", "%23featured"] {
            ali.post_form("/api/v1/statuses", &format!("status={text}+x")).await.ok();
        }
        ali.post_form("/api/v1/featured_tags", "name=featured").await.ok();
        let suggested = ali.get("/api/v1/featured_tags/suggestions").await.ok();
        let names: Vec<&str> = suggested.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["often", "seldom"]);
        assert_eq!(
            suggested[0]["history"][0],
            json!({
                "day": suggested[0]["history"][0]["day"], "accounts": "1", "uses": "2",
            })
        );
    }

    #[actix_web::test]
    async fn scopes_are_asked_for() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let scopes: Scopes = [Scope::ReadStatuses, Scope::WriteStatuses].into_iter().collect();
        let other = app.log_in(ali.id(), scopes).await;
        for caller in [(&other, 403), (&app.anonymous(), 401)] {
            let (who, status) = caller;
            assert_eq!(who.get("/api/v1/featured_tags").await.status, status);
            assert_eq!(who.get("/api/v1/featured_tags/suggestions").await.status, status);
            assert_eq!(who.get("/api/v1/followed_tags").await.status, status);
            assert_eq!(who.post_form("/api/v1/featured_tags", "name=x").await.status, status);
            assert_eq!(who.delete("/api/v1/featured_tags/1").await.status, status);
            for verb in ["follow", "unfollow", "feature", "unfeature"] {
                assert_eq!(who.post(&format!("/api/v1/tags/x/{verb}")).await.status, status, "{verb}");
            }
        }
        assert_eq!(ali.get("/api/v1/followed_tags").await.ok(), json!([]));
    }
}
