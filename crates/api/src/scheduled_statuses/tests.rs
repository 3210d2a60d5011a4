//! Scheduled statuses over HTTP.

use majlis_local::jobs::{self, Job};
use majlis_local::scopes::{Scope, Scopes};
use serde_json::{Value, json};

use crate::testing::{Caller, TestApp};

const FAR: &str = "2999-01-31T12:00:00.000Z";

async fn plan(by: &Caller, form: &str) -> Value {
    by.post_form("/api/v1/statuses", form).await.ok()
}

fn path(scheduled: &Value) -> String {
    format!("/api/v1/scheduled_statuses/{}", scheduled["id"].as_str().unwrap())
}

#[actix_web::test]
async fn a_status_is_scheduled_moved_and_cancelled() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let parent = plan(&me, "status=parent").await;
    let scheduled = plan(
        &me,
        &format!(
            "status=later&scheduled_at={FAR}&spoiler_text=cw&visibility=unlisted&language=ar&in_reply_to_id={}\
             &poll[options][]=a&poll[options][]=b&poll[expires_in]=600&poll[multiple]=true&content_type=text/markdown",
            parent["id"].as_str().unwrap()
        ),
    )
    .await;
    insta::assert_json_snapshot!(scheduled, {
        ".id" => "[id]", ".params.in_reply_to_id" => "[id]", ".params.application_id" => "[id]"
    });
    assert_eq!(me.get(&path(&scheduled)).await.ok(), scheduled);
    assert_eq!(me.get("/api/v1/scheduled_statuses").await.ok(), json!([scheduled]));
    assert_eq!(ali.get("/api/v1/scheduled_statuses").await.ok(), json!([]));
    assert_eq!(ali.get(&path(&scheduled)).await.status, 404);
    assert_eq!(ali.put_json(&path(&scheduled), json!({ "scheduled_at": FAR })).await.status, 404);
    assert_eq!(ali.delete(&path(&scheduled)).await.status, 404);
    // Nothing is published yet.
    let id = me.actor.unwrap();
    let published = me.get(&format!("/api/v1/accounts/{id}/statuses")).await.ok();
    assert_eq!(published.as_array().unwrap().len(), 1);

    let moved = me.put_json(&path(&scheduled), json!({ "scheduled_at": "2999-02-01T12:00:00+03:00" })).await.ok();
    assert_eq!(moved["scheduled_at"], "2999-02-01T09:00:00.000Z");
    assert_eq!(me.patch_json(&path(&scheduled), json!({})).await.ok(), moved);
    for wrong in ["2020-01-01T00:00:00Z", "tomorrow"] {
        let answer = me.put_json(&path(&scheduled), json!({ "scheduled_at": wrong })).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert!(answer.json["details"]["scheduled_at"].is_array(), "{}", answer.text);
    }
    assert_eq!(me.get(&path(&scheduled)).await.ok(), moved);
    assert_eq!(me.delete(&path(&scheduled)).await.ok(), json!({}));
    assert_eq!(me.get(&path(&scheduled)).await.status, 404);
    assert_eq!(me.delete(&path(&scheduled)).await.status, 404);
}

#[actix_web::test]
async fn what_is_wrong_is_told_when_it_is_scheduled() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let near = majlis_local::Timestamp::now().plus_seconds(200).to_string();
    for (form, field) in [
        (format!("status=x&scheduled_at={near}"), "scheduled_at"),
        ("status=x&scheduled_at=soon".to_owned(), "scheduled_at"),
        (format!("status=&scheduled_at={FAR}"), "text"),
        (format!("status=x&media_ids[]=7&scheduled_at={FAR}"), "media_ids"),
        (format!("status=x&poll[options][]=a&poll[expires_in]=600&scheduled_at={FAR}"), "poll[options]"),
    ] {
        let answer = me.post_form("/api/v1/statuses", &form).await;
        assert_eq!(answer.status, 422, "{form}: {}", answer.text);
        assert!(answer.json["details"].get(field).is_some(), "{form}: {}", answer.text);
    }
    assert_eq!(me.post_form("/api/v1/statuses", &format!("status=x&in_reply_to_id=7&scheduled_at={FAR}")).await.status, 404);
    assert_eq!(me.get("/api/v1/scheduled_statuses").await.ok(), json!([]));
    assert!(app.read(jobs::all).await.is_empty());
}

#[actix_web::test]
async fn only_those_who_may_see_and_change_them() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let scheduled = plan(&me, &format!("status=x&scheduled_at={FAR}")).await;
    let nobody = app.anonymous();
    assert_eq!(nobody.get("/api/v1/scheduled_statuses").await.status, 401);
    assert_eq!(nobody.get(&path(&scheduled)).await.status, 401);
    let scope = |scope: Scope| -> Scopes { [scope].into_iter().collect() };
    let reader = app.log_in(me.id(), scope(Scope::ReadStatuses)).await;
    assert_eq!(reader.get(&path(&scheduled)).await.ok(), scheduled);
    assert_eq!(reader.delete(&path(&scheduled)).await.status, 403);
    assert_eq!(reader.put_json(&path(&scheduled), json!({ "scheduled_at": FAR })).await.status, 403);
    let writer = app.log_in(me.id(), scope(Scope::WriteStatuses)).await;
    assert_eq!(writer.get("/api/v1/scheduled_statuses").await.status, 403);
    assert_eq!(writer.delete(&path(&scheduled)).await.ok(), json!({}));
}

#[actix_web::test]
async fn the_list_has_pages_and_a_key_gives_one() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let key = async || {
        let form = format!("status=once&scheduled_at={FAR}");
        let request = me.form(actix_web::http::Method::POST, "/api/v1/statuses", &form);
        me.send(request.insert_header(("Idempotency-Key", "k"))).await.ok()["id"].clone()
    };
    assert_eq!(key().await, key().await);
    for n in 0..4 {
        plan(&me, &format!("status={n}&scheduled_at={FAR}")).await;
    }
    let texts = |page: &Value| -> Vec<String> {
        page.as_array().unwrap().iter().map(|row| row["params"]["text"].as_str().unwrap().to_owned()).collect()
    };
    let first = me.get("/api/v1/scheduled_statuses?limit=2").await;
    let next = me.get(&first.link("next").unwrap()).await;
    assert_eq!((texts(&first.json), texts(&next.json)), (vec!["3".into(), "2".into()], vec!["1".into(), "0".into()]));
    let back = me.get(&next.link("prev").unwrap()).await;
    assert_eq!(texts(&back.json), texts(&first.json));
    let due = app.read(jobs::all).await;
    assert_eq!(due.iter().filter(|job| matches!(job, Job::PublishScheduled { .. })).count(), 5);
}
