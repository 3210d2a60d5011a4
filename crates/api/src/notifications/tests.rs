//! Notifications over HTTP.

use majlis_local::testing::people;
use serde_json::{Value, json};

use crate::testing::{Caller, TestApp};

fn kinds(answer: &Value) -> Vec<&str> {
    answer.as_array().unwrap().iter().map(|n| n["type"].as_str().unwrap()).collect()
}

/// `ali` mentions `me`, follows, likes and boosts: the oldest first.
async fn busy(app: &TestApp) -> (Caller, Caller) {
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let mine = me.post_form("/api/v1/statuses", "status=hello").await.ok();
    let id = mine["id"].as_str().unwrap().to_owned();
    ali.post_form("/api/v1/statuses", "status=@me+hi").await.ok();
    ali.post(&format!("/api/v1/statuses/{id}/favourite")).await.ok();
    ali.post(&format!("/api/v1/statuses/{id}/reblog")).await.ok();
    (me, ali)
}

#[actix_web::test]
async fn notifications_are_listed_filtered_counted_and_dismissed() {
    let app = TestApp::new();
    let (me, ali) = busy(&app).await;
    let all = me.get("/api/v1/notifications").await.ok();
    assert_eq!(kinds(&all), ["reblog", "favourite", "mention"]);
    assert_eq!(all[0]["account"]["acct"], "ali");
    assert_eq!(all[0]["status"]["reblogs_count"], 1);
    assert!(all[0]["group_key"].as_str().unwrap().starts_with("reblog-"));
    assert!(all[2]["group_key"].as_str().unwrap().starts_with("ungrouped-"));
    let read = async |query: &str| me.get(&format!("/api/v1/notifications?{query}")).await.ok();
    assert_eq!(kinds(&read("types[]=mention&types[]=follow").await), ["mention"]);
    assert_eq!(kinds(&read("exclude_types[]=mention&exclude_types[]=admin.report").await), ["reblog", "favourite"]);
    assert!(kinds(&read("types[]=admin.report").await).is_empty());
    assert_eq!(kinds(&read(&format!("account_id={}", ali.actor.unwrap())).await).len(), 3);
    assert!(kinds(&read("account_id=1").await).is_empty());
    let page = me.get("/api/v1/notifications?limit=2").await;
    let next = me.get(&page.link("next").unwrap()).await;
    assert_eq!(kinds(&next.ok()), ["mention"]);

    assert_eq!(me.get("/api/v1/notifications/unread_count").await.ok(), json!({ "count": 3 }));
    let newest = all[1]["id"].as_str().unwrap();
    me.post_form("/api/v1/markers", &format!("notifications[last_read_id]={newest}")).await.ok();
    assert_eq!(me.get("/api/v1/notifications/unread_count").await.ok(), json!({ "count": 1 }));

    let path = format!("/api/v1/notifications/{newest}");
    assert_eq!(me.get(&path).await.ok()["type"], "favourite");
    assert_eq!(ali.get(&path).await.status, 404);
    assert_eq!(ali.post(&format!("{path}/dismiss")).await.status, 404);
    assert_eq!(kinds(&read("").await).len(), 3);
    assert_eq!(me.post(&format!("{path}/dismiss")).await.ok(), json!({}));
    assert_eq!(kinds(&read("").await), ["reblog", "mention"]);
    assert_eq!(me.post("/api/v1/notifications/clear").await.ok(), json!({}));
    assert!(kinds(&read("").await).is_empty());
    assert_eq!(app.anonymous().get("/api/v1/notifications").await.status, 401);
    // A path beside it that has nothing to tell yet is not taken for an id.
    assert_eq!(me.get("/api/v1/notifications/requests").await.ok(), json!([]));
}

#[actix_web::test]
async fn what_a_notification_tells_of_is_shown_only_while_it_may_be_seen() {
    let app = TestApp::new();
    let (me, ali) = busy(&app).await;
    let (viewer, author) = (me.actor.unwrap(), ali.actor.unwrap());
    app.write(move |c| {
        people::block(c, author, viewer);
        Ok(())
    })
    .await;
    let left = me.get("/api/v1/notifications").await.ok();
    assert_eq!(kinds(&left), ["reblog", "favourite"]);
}

#[actix_web::test]
async fn those_who_run_the_server_are_told_of_reports_and_others_of_lost_follows() {
    let app = TestApp::new();
    let (me, ali, bea) = (app.user("me").await, app.user("ali").await, app.user("bea").await);
    let id = me.id();
    app.write(move |c| majlis_local::users::set_role(c, id, majlis_local::users::Role::Moderator)).await;
    let me = app.log_in(id, majlis_local::scopes::Scope::ALL.iter().copied().collect()).await;
    let report = ali.post_form("/api/v1/reports", &format!("account_id={}&comment=spam", bea.id())).await.ok();
    for (path, one) in [("/api/v1/notifications", "/0"), ("/api/v2/notifications", "/notification_groups/0")] {
        let told = me.get(path).await.ok().pointer(one).unwrap().clone();
        assert_eq!((&told["type"], &told["report"]["id"]), (&json!("admin.report"), &report["id"]));
        assert_eq!(told["report"]["target_account"]["acct"], "bea");
    }
    assert!(kinds(&ali.get("/api/v1/notifications").await.ok()).is_empty());
    // Whoever no longer runs it is not shown what was reported.
    app.write(move |c| majlis_local::users::set_role(c, id, majlis_local::users::Role::User)).await;
    assert!(kinds(&me.get("/api/v1/notifications").await.ok()).is_empty());

    let follower = ali.id();
    app.write(move |c| {
        let rob = people::remote(c, "rob").id;
        people::follow(c, follower, rob);
        people::follow(c, rob, follower);
        Ok(())
    })
    .await;
    ali.post_form("/api/v1/domain_blocks", "domain=peer.example").await.ok();
    let told = ali.get("/api/v1/notifications").await.ok();
    assert_eq!((kinds(&told), &told[0]["account"]["acct"]), (vec!["severed_relationships"], &json!("ali")));
    let event = &told[0]["event"];
    assert_eq!(
        (&event["type"], &event["target_name"], &event["followers_count"], &event["following_count"]),
        (&json!("user_domain_block"), &json!("peer.example"), &json!(1), &json!(1))
    );
    assert_eq!(ali.get("/api/v2/notifications").await.ok()["notification_groups"][0]["event"], *event);
}
