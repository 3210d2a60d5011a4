//! `/api/v1/domain_blocks`: the servers of which the viewer wants to see and hear nothing.

use actix_web::web::Json;
use majlis_local::domain_blocks;
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::entities::Empty;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v1/domain_blocks`: domains, the latest first.
pub async fn list(api: Api, user: User<need::ReadBlocks>, Params(page): Params<PageParams>) -> Result<Paged<String>> {
    let slice = api.db.read(move |c| domain_blocks::of(c, user.actor, &page.page(100, 200)));
    Ok(Paged::by_since_id(slice.await?))
}

/// The parameter of all others; missing is as wrong as empty.
#[derive(Debug, Deserialize)]
pub struct Domain {
    #[serde(default)]
    domain: String,
}

/// `POST /api/v1/domain_blocks`. Blocking again changes nothing.
pub async fn block(api: Api, user: User<need::WriteBlocks>, Params(sent): Params<Domain>) -> Result<Json<Empty>> {
    let site = api.db.site().clone();
    api.db.write(move |c| domain_blocks::block(c, &site, user.actor, &sent.domain)).await?;
    Ok(Json(Empty {}))
}

/// `DELETE /api/v1/domain_blocks`; the domain comes in the query or in the body.
pub async fn unblock(api: Api, user: User<need::WriteBlocks>, Params(sent): Params<Domain>) -> Result<Json<Empty>> {
    api.db.write(move |c| domain_blocks::unblock(c, user.actor, &sent.domain)).await?;
    Ok(Json(Empty {}))
}

/// Mastodon's DomainBlockPreview: how many follows a block would end.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Preview {
    pub following_count: i64,
    pub followers_count: i64,
}

/// `GET /api/v1/domain_blocks/preview?domain=`.
pub async fn preview(api: Api, user: User<need::WriteBlocks>, Params(sent): Params<Domain>) -> Result<Json<Preview>> {
    let preview = api.db.read(move |c| domain_blocks::preview(c, user.actor, &sent.domain)).await?;
    Ok(Json(Preview { following_count: preview.following, followers_count: preview.followers }))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use majlis_local::scopes::Scope;
    use majlis_local::testing::people;
    use serde_json::json;

    use crate::testing::TestApp;

    const PATH: &str = "/api/v1/domain_blocks";

    #[actix_web::test]
    async fn a_server_is_blocked_listed_and_unblocked() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let a = ali.id();
        let rob = app
            .write(move |c| {
                let rob = people::remote(c, "rob").id;
                people::follow(c, a, rob);
                people::follow(c, rob, a);
                Ok(rob)
            })
            .await;
        let preview = ali.get(&format!("{PATH}/preview?domain=Peer.Example")).await.ok();
        assert_eq!(preview, json!({ "following_count": 1, "followers_count": 1 }));
        assert_eq!(ali.post_form(PATH, "domain=Peer.Example").await.ok(), json!({}));
        assert_eq!(ali.post_json(PATH, json!({ "domain": "peer.example" })).await.ok(), json!({}));
        assert_eq!(ali.get(PATH).await.ok(), json!(["peer.example"]));
        let between = ali.get(&format!("/api/v1/accounts/relationships?id[]={rob}")).await.ok();
        assert_eq!(
            (&between[0]["domain_blocking"], &between[0]["following"], &between[0]["followed_by"]),
            (&json!(true), &json!(false), &json!(false))
        );
        assert_eq!(ali.post(&format!("/api/v1/accounts/{rob}/follow")).await.status, 403);
        let removed = ali.send(ali.form(Method::DELETE, PATH, "domain=peer.example")).await;
        assert_eq!(removed.ok(), json!({}));
        assert_eq!(ali.delete(&format!("{PATH}?domain=never.example")).await.ok(), json!({}));
        assert_eq!(ali.get(PATH).await.ok(), json!([]));
    }

    #[actix_web::test]
    async fn what_is_no_domain_is_refused_and_changes_nothing() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        for body in ["", "domain=", "domain=two+words", "domain=majlis.example"] {
            let answer = ali.post_form(PATH, body).await;
            assert_eq!(answer.status, 422, "{body}");
            assert!(answer.json["details"]["domain"].is_array(), "{}", answer.text);
        }
        assert_eq!(ali.post(PATH).await.json["error"], "Validation failed: Domain can't be blank");
        assert_eq!(ali.delete(PATH).await.status, 422);
        assert_eq!(ali.get(&format!("{PATH}/preview")).await.status, 422);
        assert_eq!(ali.get(PATH).await.ok(), json!([]));
        assert_eq!(app.anonymous().get(PATH).await.status, 401);
        let reader = app.log_in(ali.id(), [Scope::ReadAccounts].into_iter().collect()).await;
        assert_eq!(reader.get(PATH).await.status, 403);
        assert_eq!(reader.post_form(PATH, "domain=peer.example").await.status, 403);
    }

    #[actix_web::test]
    async fn the_list_is_paged_both_ways() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        for n in 1..=3 {
            ali.post_form(PATH, &format!("domain=s{n}.example")).await.ok();
        }
        let first = ali.get(&format!("{PATH}?limit=2")).await;
        assert_eq!(first.json, json!(["s3.example", "s2.example"]));
        let second = ali.get(&first.link("next").unwrap()).await;
        assert_eq!(second.json, json!(["s1.example"]));
        let back = ali.get(&second.link("prev").unwrap()).await;
        assert_eq!(back.json, first.json);
    }
}
