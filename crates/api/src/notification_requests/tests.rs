//! Requests over HTTP: what a policy filters, and what becomes of it.

use majlis_local::jobs::{self, Job};
use majlis_local::scopes::Scopes;
use majlis_local::testing::statements::statements;
use majlis_local::{Page, notification_requests};
use serde_json::{Value, json};

use crate::entities::NotificationRequest;
use crate::testing::{Caller, TestApp};

/// `me`, who filters those whom it does not follow.
async fn careful(app: &TestApp) -> Caller {
    let me = app.user("me").await;
    me.patch_json("/api/v2/notifications/policy", json!({ "for_not_following": "filter" })).await.ok();
    me
}

async fn say(who: &Caller, text: &str) -> String {
    who.post_json("/api/v1/statuses", json!({ "status": text })).await.ok()["id"].as_str().unwrap().to_owned()
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[actix_web::test]
async fn what_strangers_say_waits_in_a_request() {
    let app = TestApp::new();
    let me = careful(&app).await;
    let (ali, bea) = (app.user("ali").await, app.user("bea").await);
    me.post(&format!("/api/v1/accounts/{}/follow", bea.id())).await.ok();
    let mine = say(&me, "hello").await;
    say(&ali, "@me one").await;
    let second = say(&ali, "@me two").await;
    ali.post(&format!("/api/v1/statuses/{mine}/favourite")).await.ok();
    say(&bea, "@me three").await;

    // Hidden from every list and count, unless they are asked for.
    for (path, shown) in [
        ("/api/v1/notifications", 1),
        ("/api/v1/notifications?include_filtered=true", 4),
        ("/api/v1/notifications?include_filtered=1&types[]=favourite", 1),
    ] {
        assert_eq!(count(&me.get(path).await.ok()), shown, "{path}");
    }
    assert_eq!(count(&me.get("/api/v2/notifications").await.ok()["notification_groups"]), 1);
    assert_eq!(count(&me.get("/api/v2/notifications?include_filtered=true").await.ok()["notification_groups"]), 4);
    for version in ["v1", "v2"] {
        assert_eq!(me.get(&format!("/api/{version}/notifications/unread_count")).await.ok(), json!({ "count": 1 }));
    }
    let summary = me.get("/api/v2/notifications/policy").await.ok()["summary"].clone();
    assert_eq!(summary, json!({ "pending_requests_count": 1, "pending_notifications_count": 2 }));

    let requests = me.get("/api/v1/notifications/requests").await.ok();
    assert_eq!(count(&requests), 1);
    assert_eq!(
        (&requests[0]["notifications_count"], &requests[0]["account"]["acct"], &requests[0]["last_status"]["id"]),
        (&json!("2"), &json!("ali"), &json!(second))
    );
    let mut keys: Vec<&String> = requests[0].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["account", "created_at", "id", "last_status", "notifications_count", "updated_at"]);
    let path = format!("/api/v1/notifications/requests/{}", requests[0]["id"].as_str().unwrap());
    assert_eq!(me.get(&path).await.ok(), requests[0]);
    assert_eq!(ali.get(&path).await.status, 404);
    for deed in ["accept", "dismiss"] {
        assert_eq!(ali.post(&format!("{path}/{deed}")).await.status, 404);
        assert_eq!(me.post(&format!("/api/v1/notifications/requests/7/{deed}")).await.status, 404);
        let reader = app.log_in(me.id(), Scopes::parse("read").unwrap()).await;
        assert_eq!(reader.post(&format!("{path}/{deed}")).await.status, 403);
        assert_eq!(app.anonymous().post(&format!("{path}/{deed}")).await.status, 401);
        let without = me.post(&format!("/api/v1/notifications/requests/{deed}")).await;
        assert_eq!((without.status.as_u16(), &without.json["details"]["id"][0]["error"]), (422, &json!("ERR_BLANK")));
    }
    assert_eq!(count(&me.get("/api/v1/notifications/requests").await.ok()), 1);

    // What it was about may go meanwhile.
    for post in [&second] {
        ali.send(ali.request(actix_web::http::Method::DELETE, &format!("/api/v1/statuses/{post}"))).await.ok();
    }
    assert_eq!(me.get(&path).await.ok()["notifications_count"], "1");
}

#[actix_web::test]
async fn accepted_notifications_are_merged_by_a_job_and_later_ones_are_welcome() {
    let app = TestApp::new();
    let me = careful(&app).await;
    let ali = app.user("ali").await;
    let mine = say(&me, "hello").await;
    say(&ali, "@me one").await;
    ali.post(&format!("/api/v1/statuses/{mine}/favourite")).await.ok();
    let request = me.get("/api/v1/notifications/requests").await.ok()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(me.post(&format!("/api/v1/notifications/requests/{request}/accept")).await.ok(), json!({}));
    assert_eq!(me.get("/api/v1/notifications/requests").await.ok(), json!([]));
    assert_eq!(me.get("/api/v1/notifications/requests/merged").await.ok(), json!({ "merged": false }));
    let (recipient, actor) = (me.id(), ali.id());
    let left = app.write(jobs::all).await;
    assert!(left.contains(&Job::MergeNotifications { recipient, actor }));
    let mut events = app.db.events();
    assert!(app.write(move |c| notification_requests::merge(c, recipient, actor)).await);
    assert_eq!(events.recv().await.unwrap(), majlis_local::Event::NotificationsMerged(recipient));
    assert_eq!(me.get("/api/v1/notifications/requests/merged").await.ok(), json!({ "merged": true }));
    assert_eq!(count(&me.get("/api/v1/notifications").await.ok()), 2);
    say(&ali, "@me two").await;
    assert_eq!(count(&me.get("/api/v1/notifications").await.ok()), 3);
    assert_eq!(me.get("/api/v1/notifications/requests").await.ok(), json!([]));
}

#[actix_web::test]
async fn many_are_accepted_and_dismissed_at_once() {
    let app = TestApp::new();
    let me = careful(&app).await;
    let (ali, bea, dina) = (app.user("ali").await, app.user("bea").await, app.user("dina").await);
    for who in [&ali, &bea, &dina] {
        say(who, "@me hi").await;
    }
    let page = me.get("/api/v1/notifications/requests?limit=2").await;
    let next = me.get(&page.link("next").unwrap()).await;
    let back = me.get(&next.link("prev").unwrap()).await.ok();
    let first = page.ok();
    assert_eq!((back, count(&next.json)), (first.clone(), 1));
    let id = |n: usize| first[n]["id"].as_str().unwrap().to_owned();
    let form = format!("id[]={}&id[]=9", id(0));
    assert_eq!(ali.post_form("/api/v1/notifications/requests/dismiss", &form).await.ok(), json!({}));
    assert_eq!(count(&me.get("/api/v1/notifications/requests").await.ok()), 3);
    assert_eq!(me.post_form("/api/v1/notifications/requests/dismiss", &form).await.ok(), json!({}));
    assert_eq!(me.post_json("/api/v1/notifications/requests/accept", json!({ "id": [id(1)] })).await.ok(), json!({}));
    let left = me.get("/api/v1/notifications/requests").await.ok();
    assert_eq!((count(&left), &left[0]["account"]["acct"]), (1, &json!("ali")));
    assert_eq!(count(&me.get("/api/v1/notifications?include_filtered=true").await.ok()), 2);
    // Whoever was dismissed asks again.
    say(&dina, "@me again").await;
    assert_eq!(count(&me.get("/api/v1/notifications/requests").await.ok()), 2);
}

#[actix_web::test]
async fn a_page_of_requests_costs_the_same_however_long() {
    let mut costs = Vec::new();
    for strangers in [2, 6] {
        let app = TestApp::new();
        let me = careful(&app).await;
        for n in 0..strangers {
            say(&app.user(&format!("ali{n}")).await, "@me hi").await;
        }
        let (site, viewer) = (app.db.site().clone(), me.id());
        let sent = app
            .write(move |c| {
                let (made, sent) = statements(c, |c| {
                    let slice = notification_requests::list(c, viewer, &Page::newest(40))?;
                    NotificationRequest::build_many(c, &site, viewer, &slice.items)
                });
                assert_eq!(made?.len(), strangers);
                Ok(sent.len())
            })
            .await;
        costs.push(sent);
    }
    assert_eq!(costs[0], costs[1]);
}
