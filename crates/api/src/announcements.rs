//! `/api/v1/announcements`: what those who run the server tell everybody.

use actix_web::web::{Json, Path};
use majlis_local::ids::AnnouncementId;
use majlis_local::{announcements, users};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::{Announcement, Empty};
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

/// Which announcements are asked for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    with_dismissed: bool,
}

/// `GET /api/v1/announcements`: those that are not over and, unless asked for, not read.
pub async fn list(api: Api, user: User<need::Anything>, Params(wanted): Params<Wanted>) -> Result<Json<Vec<Announcement>>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let shown = announcements::current(c, user.actor, wanted.with_dismissed)?;
        if shown.is_empty() {
            return Ok(Vec::new());
        }
        let locale = users::get(c, user.actor)?.locale;
        Announcement::build_many(c, &site, Some(user.actor), &locale, &shown)
    });
    Ok(Json(found.await?))
}

/// `POST /api/v1/announcements/:id/dismiss`.
pub async fn dismiss(api: Api, user: User<need::WriteAccounts>, id: Path<AnnouncementId>) -> Result<Json<Empty>> {
    api.db.write(move |c| announcements::dismiss(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// `PUT /api/v1/announcements/:id/reactions/:name`.
pub async fn react(api: Api, user: User<need::WriteFavourites>, path: Path<(AnnouncementId, String)>) -> Result<Json<Empty>> {
    let (id, name) = path.into_inner();
    api.db.write(move |c| announcements::react(c, user.actor, id, &name)).await?;
    Ok(Json(Empty {}))
}

/// `DELETE /api/v1/announcements/:id/reactions/:name`.
pub async fn unreact(api: Api, user: User<need::WriteFavourites>, path: Path<(AnnouncementId, String)>) -> Result<Json<Empty>> {
    let (id, name) = path.into_inner();
    api.db.write(move |c| announcements::unreact(c, user.actor, id, &name)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use majlis_local::announcements::NewAnnouncement;
    use majlis_local::ids::AnnouncementId;
    use majlis_local::scopes::Scopes;
    use majlis_local::{Timestamp, announcements};
    use serde_json::json;

    use crate::testing::TestApp;

    async fn announced(app: &TestApp, new: NewAnnouncement) -> AnnouncementId {
        let site = app.api.site().clone();
        app.write(move |c| Ok(announcements::create(c, &site, new)?.id)).await
    }

    fn said(text: &str) -> NewAnnouncement {
        let texts = vec![(Some("en".into()), text.into()), (Some("ar".into()), "مرحبا".into())];
        NewAnnouncement { texts, ..NewAnnouncement::default() }
    }

    #[actix_web::test]
    async fn announcements_are_read_and_reacted_to() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let status = ali.post_form("/api/v1/statuses", "status=x").await.ok();
        let url = status["url"].as_str().unwrap();
        let ends_at = Some(Timestamp(4_000_000_000_000));
        let new = NewAnnouncement { ends_at, all_day: true, ..said(&format!("@ali: {url} #Tea")) };
        let id = announced(&app, new).await;
        let path = format!("/api/v1/announcements/{id}");
        assert_eq!(
            bea.send(bea.request(actix_web::http::Method::PUT, &format!("{path}/reactions/%F0%9F%8C%8D"))).await.ok(),
            json!({})
        );
        let shown = ali.get("/api/v1/announcements").await.ok();
        let content = shown[0]["content"].as_str().unwrap();
        assert!(content.contains("class=\"u-url mention\"") && content.contains("rel=\"tag\""), "{content}");
        assert_eq!(
            shown,
            json!([{
                "id": id.to_string(),
                "content": content,
                "starts_at": null,
                "ends_at": "2096-10-02T07:06:40.000Z",
                "all_day": true,
                "published_at": shown[0]["published_at"],
                "updated_at": shown[0]["published_at"],
                "read": false,
                "mentions": [{ "id": ali.id().to_string(), "username": "ali", "url": "https://majlis.example/@ali", "acct": "ali" }],
                "statuses": [{ "id": status["id"], "url": url }],
                "tags": [{ "name": "Tea", "url": "https://majlis.example/tags/Tea" }],
                "emojis": [],
                "reactions": [{ "name": "🌍", "count": 1, "me": false }],
            }])
        );
        assert_eq!(bea.get("/api/v1/announcements").await.ok()[0]["reactions"][0]["me"], true);
        assert_eq!(bea.delete(&format!("{path}/reactions/%F0%9F%8C%8D")).await.ok(), json!({}));
        assert_eq!(bea.get("/api/v1/announcements").await.ok()[0]["reactions"], json!([]));
        assert_eq!(ali.post(&format!("{path}/dismiss")).await.ok(), json!({}));
        assert_eq!(ali.get("/api/v1/announcements").await.ok(), json!([]));
        assert_eq!(ali.get("/api/v1/announcements?with_dismissed=true").await.ok()[0]["read"], true);
        let ali_id = ali.id();
        app.write(move |c| majlis_local::testing::people::set_locale(c, ali_id, "ar")).await;
        assert_eq!(ali.get("/api/v1/announcements?with_dismissed=1").await.ok()[0]["content"], "<p>مرحبا</p>");
    }

    #[actix_web::test]
    async fn what_may_not_be_done_to_an_announcement() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let id = announced(&app, said("hello")).await;
        let put = async |caller: &crate::testing::Caller, path: &str| {
            caller.send(caller.request(actix_web::http::Method::PUT, path)).await
        };
        let refused = put(&ali, &format!("/api/v1/announcements/{id}/reactions/nosuchemoji")).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json["error"], "Validation failed: Name is not a recognized emoji");
        for id in ["1", "x"] {
            assert_eq!(put(&ali, &format!("/api/v1/announcements/{id}/reactions/%E2%98%95")).await.status, 404, "{id}");
            assert_eq!(ali.delete(&format!("/api/v1/announcements/{id}/reactions/%E2%98%95")).await.status, 404, "{id}");
            assert_eq!(ali.post(&format!("/api/v1/announcements/{id}/dismiss")).await.status, 404, "{id}");
        }
        let reader = app.log_in(ali.id(), Scopes::parse("read").unwrap()).await;
        assert_eq!(reader.get("/api/v1/announcements").await.ok()[0]["reactions"], json!([]));
        for (caller, status) in [(&reader, 403), (&app.anonymous(), 401)] {
            assert_eq!(put(caller, &format!("/api/v1/announcements/{id}/reactions/%E2%98%95")).await.status, status);
            assert_eq!(caller.delete(&format!("/api/v1/announcements/{id}/reactions/%E2%98%95")).await.status, status);
            assert_eq!(caller.post(&format!("/api/v1/announcements/{id}/dismiss")).await.status, status);
        }
        assert_eq!(app.anonymous().get("/api/v1/announcements").await.status, 401);
        assert_eq!(ali.get("/api/v1/announcements").await.ok()[0]["read"], false);
    }
}
