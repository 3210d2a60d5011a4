//! `POST /api/v1/reports`: somebody tells the moderators, and those of other servers if it wishes.

use actix_web::web::Json;
use majlis_local::ids::{ActorId, CollectionId, PostId};
use majlis_local::reports::{self, Category, NewReport};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::Report;
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

/// What is reported.
#[derive(Debug, Deserialize)]
pub struct Sent {
    account_id: ActorId,
    #[serde(default)]
    status_ids: Vec<PostId>,
    #[serde(default)]
    collection_ids: Vec<CollectionId>,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    forward: bool,
    forward_to_domains: Option<Vec<String>>,
    category: Option<Category>,
    /// Ids that are no numbers reference no rule.
    #[serde(default)]
    rule_ids: Vec<String>,
}

/// `POST /api/v1/reports`.
pub async fn create(api: Api, user: User<need::WriteReports>, Params(sent): Params<Sent>) -> Result<Json<Report>> {
    let new = NewReport {
        target: sent.account_id,
        posts: sent.status_ids,
        collections: sent.collection_ids,
        comment: sent.comment,
        category: sent.category,
        rules: sent.rule_ids.iter().map(|id| id.trim().parse().unwrap_or(u32::MAX)).collect(),
        forward: sent.forward,
        forward_to: sent.forward_to_domains,
    };
    let site = api.db.site().clone();
    let report = api.db.write(move |c| {
        let report = reports::file(c, user.actor, new)?;
        Report::build(c, &site, report)
    });
    Ok(Json(report.await?))
}

#[cfg(test)]
mod tests {
    use majlis_local::jobs::{self, Change, Job};
    use majlis_local::publish::Draft;
    use majlis_local::scopes::Scope;
    use majlis_local::settings::{self, Rule};
    use majlis_local::testing::people;
    use majlis_local::visibility::Visibility;
    use majlis_local::{Page, reports};
    use serde_json::json;

    use crate::testing::TestApp;

    const PATH: &str = "/api/v1/reports";

    async fn filed(app: &TestApp) -> usize {
        app.read(|c| Ok(reports::list(c, true, &Page::newest(40))?.items.len())).await
    }

    #[actix_web::test]
    async fn a_report_is_kept_with_what_it_shows() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let b = bea.id();
        let post = app.write(move |c| Ok(people::say(c, b, "buy this").id)).await;
        let form = format!("account_id={b}&status_ids[]={post}&category=spam&comment=Spam+account&forward=true");
        let report = ali.post_form(PATH, &form).await.ok();
        insta::assert_json_snapshot!(report, {
            ".id" => "[id]", ".created_at" => "[time]", ".status_ids[]" => "[id]", ".target_account" => "[account]",
        });
        assert_eq!(report["target_account"]["id"], b.to_string());
        let evidence = app
            .read(|c| {
                let report = reports::list(c, false, &Page::newest(1))?.items.remove(0);
                reports::evidence(c, report.id)
            })
            .await;
        assert_eq!((evidence[0].0, evidence[0].1.content.as_str()), (post, "<p>buy this</p>"));
        assert!(app.read(jobs::all).await.is_empty(), "nobody elsewhere has to know");
    }

    #[actix_web::test]
    async fn rules_are_named_by_their_ids() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let b = bea.id();
        app.write(|c| {
            let mut about = settings::about(c)?;
            about.rules = vec![Rule { id: 7, text: "Be kind".into(), hint: String::new(), translations: Default::default() }];
            settings::set_about(c, &about)
        })
        .await;
        let named = ali.post_json(PATH, json!({ "account_id": b.to_string(), "category": "spam", "rule_ids": ["7"] })).await.ok();
        assert_eq!((&named["category"], &named["rule_ids"]), (&json!("violation"), &json!(["7"])));
        for body in [
            json!({ "account_id": b.to_string(), "category": "violation" }),
            json!({ "account_id": b.to_string(), "rule_ids": ["7", "8"] }),
            json!({ "account_id": b.to_string(), "rule_ids": ["x"] }),
        ] {
            let answer = ali.post_json(PATH, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json["error"].as_str()),
                (422, Some("Validation failed: Rule ids does not reference valid rules"))
            );
        }
        assert_eq!(filed(&app).await, 1);
    }

    #[actix_web::test]
    async fn what_cannot_be_reported_is_refused() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (b, k) = (bea.id(), kim.id());
        let (hers, hidden) = app
            .write(move |c| {
                let hers = people::say(c, k, "hers").id;
                let private = Draft { visibility: Some(Visibility::Private), ..people::draft("hidden") };
                Ok((hers, people::publish(c, b, private).id))
            })
            .await;
        for (body, status) in [
            (json!({}), 422),
            (json!({ "account_id": "1" }), 404),
            (json!({ "account_id": b.to_string(), "comment": "x".repeat(1_001) }), 422),
            (json!({ "account_id": b.to_string(), "category": "boring" }), 422),
            (json!({ "account_id": b.to_string(), "status_ids": ["1"] }), 404),
            (json!({ "account_id": b.to_string(), "status_ids": [hers.to_string()] }), 404),
            (json!({ "account_id": b.to_string(), "collection_ids": ["1"] }), 404),
            (json!({ "account_id": b.to_string(), "status_ids": [hidden.to_string()] }), 404),
            (json!({ "account_id": b.to_string(), "status_ids": (0..200).map(|n| n.to_string()).collect::<Vec<_>>() }), 422),
        ] {
            let answer = ali.post_json(PATH, body.clone()).await;
            assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
        }
        let body = json!({ "account_id": b.to_string() });
        assert_eq!(app.anonymous().post_json(PATH, body.clone()).await.status, 401);
        let reader = app.log_in(ali.id(), [Scope::Read].into_iter().collect()).await;
        assert_eq!(reader.post_json(PATH, body).await.status, 403);
        assert_eq!(filed(&app).await, 0);
    }

    #[actix_web::test]
    async fn other_servers_are_told_when_the_reporter_wishes() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let (rob, post) = app
            .write(|c| {
                let rob = people::remote(c, "rob");
                let note = people::note(&rob, "spam");
                Ok((rob.id, people::receive(c, note).id))
            })
            .await;
        let body = |forward: bool| json!({ "account_id": rob.to_string(), "status_ids": [post.to_string()], "forward": forward });
        assert_eq!(ali.post_json(PATH, body(false)).await.ok()["forwarded"], false);
        assert!(app.read(jobs::all).await.is_empty());
        let forwarded = ali.post_json(PATH, body(true)).await.ok();
        assert_eq!(forwarded["forwarded"], true);
        let told = app.read(jobs::all).await;
        let [Job::Federate { change: Change::Reported { to, posts, .. } }] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!((*to, posts.as_slice()), (rob, [post].as_slice()));
        let elsewhere = json!({ "account_id": rob.to_string(), "forward": true, "forward_to_domains": ["other.example"] });
        assert_eq!(ali.post_json(PATH, elsewhere).await.ok()["forwarded"], false);
        assert_eq!(app.read(jobs::all).await.len(), 1);
    }
}
