//! Grouped notifications over HTTP.

use majlis_local::ids::{ActorId, PostId};
use majlis_local::notifications::{self, Notice, NotificationKind};
use majlis_local::testing::people;
use majlis_local::testing::statements::statements;
use majlis_local::{Page, notification_groups};
use serde_json::{Value, json};

use super::*;
use crate::testing::{Caller, TestApp};

/// A post of `me` that `fans` people like, the first of them first.
async fn liked(app: &TestApp, me: &Caller, fans: usize) -> (String, Vec<ActorId>) {
    let post = me.post_form("/api/v1/statuses", "status=hello").await.ok()["id"].as_str().unwrap().to_owned();
    let (recipient, id) = (me.id(), PostId(post.parse().unwrap()));
    let people = app
        .write(move |c| {
            let mut people = Vec::new();
            for n in 0..fans {
                let fan = people::local(c, &format!("fan{n}")).id;
                notifications::notify(c, Notice { recipient, kind: NotificationKind::Like, actor: fan, post: Some(id) })?;
                people.push(fan);
            }
            Ok(people)
        })
        .await;
    (post, people)
}

fn groups(answer: &Value) -> Vec<(&str, i64)> {
    let groups = answer["notification_groups"].as_array().unwrap();
    groups.iter().map(|g| (g["type"].as_str().unwrap(), g["notifications_count"].as_i64().unwrap())).collect()
}

/// The groups with everything in them but what differs from run to run: ids, times and the hour of a key.
fn masked(answer: &Value) -> Value {
    let mut groups = answer["notification_groups"].clone();
    for group in groups.as_array_mut().unwrap() {
        for (name, value) in group.as_object_mut().unwrap() {
            match name.as_str() {
                "type" | "notifications_count" => {}
                "most_recent_notification_id" => {
                    assert!(value.is_i64());
                    *value = json!(0);
                }
                "sample_account_ids" => *value = json!(value.as_array().unwrap().len()),
                "group_key" => {
                    let words: Vec<&str> = value.as_str().unwrap().split('-').collect();
                    *value = json!(format!("{}, {} parts", words[0], words.len()));
                }
                _ => *value = json!("[text]"),
            }
        }
    }
    groups
}

/// What every group of a page has.
fn group(kind: &str, key: &str, count: i64, sample: i64) -> Value {
    json!({
        "group_key": key,
        "notifications_count": count,
        "type": kind,
        "most_recent_notification_id": 0,
        "page_min_id": "[text]",
        "page_max_id": "[text]",
        "latest_page_notification_at": "[text]",
        "sample_account_ids": sample,
    })
}

#[actix_web::test]
async fn likes_of_one_post_are_one_group() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let (post, fans) = liked(&app, &me, 10).await;
    ali.post_form("/api/v1/statuses", "status=@me+hi").await.ok();
    ali.post(&format!("/api/v1/accounts/{}/follow", me.id())).await.ok();
    let all = me.get("/api/v2/notifications").await.ok();
    assert_eq!(groups(&all), [("follow", 1), ("mention", 1), ("favourite", 10)]);
    let sample: Vec<String> = fans.iter().rev().take(8).map(ToString::to_string).collect();
    assert_eq!(all["notification_groups"][2]["sample_account_ids"], json!(sample));
    assert_eq!(all["notification_groups"][2]["status_id"], json!(post));
    assert_eq!(all["accounts"].as_array().unwrap().len(), 9);
    assert!(all["accounts"].as_array().unwrap().iter().all(|account| account.get("note").is_some()));
    assert_eq!(all["statuses"].as_array().unwrap().len(), 2);
    let mut names: Vec<&String> = all.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["accounts", "notification_groups", "statuses"]);
    let mut wanted = [
        group("follow", "follow, 2 parts", 1, 1),
        group("mention", "ungrouped, 2 parts", 1, 1),
        group("favourite", "favourite, 3 parts", 10, 8),
    ];
    wanted[1]["status_id"] = json!("[text]");
    wanted[2]["status_id"] = json!("[text]");
    assert_eq!(masked(&all), json!(wanted));

    // The same keys stand in the list of single ones, and name the groups.
    let single = me.get("/api/v1/notifications?types[]=favourite").await.ok();
    let key = all["notification_groups"][2]["group_key"].as_str().unwrap();
    assert!(single.as_array().unwrap().iter().all(|n| n["group_key"] == key));
    assert_eq!(single.as_array().unwrap().len(), 10);
    let lone = all["notification_groups"][1]["group_key"].as_str().unwrap();
    assert!(lone.starts_with("ungrouped-"));
    for key in [key, lone] {
        let one = me.get(&format!("/api/v2/notifications/{key}")).await.ok();
        assert_eq!(one["notification_groups"][0]["group_key"], key);
        assert_eq!(one["notification_groups"][0].get("page_min_id"), None);
        assert_eq!(ali.get(&format!("/api/v2/notifications/{key}")).await.status, 404);
    }
    let page = me.get(&format!("/api/v2/notifications/{key}/accounts?limit=6")).await;
    let next = me.get(&page.link("next").unwrap()).await.ok();
    let ids = |list: &Value| list.as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let everybody: Vec<String> = fans.iter().rev().map(ToString::to_string).collect();
    assert_eq!([ids(&page.ok()), ids(&next)].concat(), everybody);
    assert_eq!(me.get("/api/v2/notifications/nothing").await.status, 404);
    assert_eq!(me.get("/api/v2/notifications/ungrouped-x").await.status, 404);
    assert_eq!(me.get("/api/v2/notifications/nothing/accounts").await.ok(), json!([]));

    // Only the latest of each group is told in full.
    let partly = me.get("/api/v2/notifications?expand_accounts=partial_avatars").await.ok();
    let names = |list: &str| partly[list].as_array().unwrap().iter().map(|a| a["acct"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(names("accounts"), ["ali", "fan9"]);
    assert_eq!(names("partial_accounts"), ["fan8", "fan7", "fan6", "fan5", "fan4", "fan3", "fan2"]);
    assert_eq!(partly["partial_accounts"][0].as_object().unwrap().len(), 7);
    let wrong = me.get("/api/v2/notifications?expand_accounts=none").await;
    assert_eq!((wrong.status.as_u16(), wrong.json["details"].get("expand_accounts").is_some()), (422, true));
    assert_eq!(app.anonymous().get("/api/v2/notifications").await.status, 401);
    let stranger = app.log_in(me.id(), majlis_local::scopes::Scopes::parse("read:statuses").unwrap()).await;
    assert_eq!(stranger.get("/api/v2/notifications").await.status, 403);
    assert_eq!(stranger.post(&format!("/api/v2/notifications/{key}/dismiss")).await.status, 403);
    assert_eq!(groups(&me.get("/api/v2/notifications").await.ok()).len(), 3);
}

#[actix_web::test]
async fn an_app_says_what_it_can_group_and_what_it_wants() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    liked(&app, &me, 3).await;
    ali.post_form("/api/v1/statuses", "status=@me+hi").await.ok();
    let (recipient, actor) = (me.id(), ali.id());
    app.write(move |c| {
        for name in ["one", "two"] {
            let fan = people::local(c, name).id;
            notifications::notify(c, Notice { recipient, kind: NotificationKind::Follow, actor: fan, post: None })?;
        }
        notifications::notify(c, Notice { recipient, kind: NotificationKind::Follow, actor, post: None })
    })
    .await;
    let read = async |query: &str| me.get(&format!("/api/v2/notifications?{query}")).await.ok();
    assert_eq!(groups(&read("").await), [("follow", 3), ("mention", 1), ("favourite", 3)]);
    assert_eq!(
        groups(&read("grouped_types[]=follow").await),
        [("follow", 3), ("mention", 1), ("favourite", 1), ("favourite", 1), ("favourite", 1)]
    );
    let apart = read("grouped_types[]=mention").await;
    assert_eq!(groups(&apart).len(), 7);
    assert!(
        apart["notification_groups"]
            .as_array()
            .unwrap()
            .iter()
            .all(|g| g["group_key"].as_str().unwrap().starts_with("ungrouped-"))
    );
    assert_eq!(groups(&read("types[]=favourite&types[]=mention").await), [("mention", 1), ("favourite", 3)]);
    assert_eq!(groups(&read("exclude_types[]=favourite&grouped_types[]=favourite").await).len(), 4);
    assert_eq!(groups(&read("types[]=unheard_of").await), []);
    assert_eq!(groups(&read(&format!("account_id={actor}")).await), [("follow", 3), ("mention", 1)]);
    let count =
        async |query: &str| me.get(&format!("/api/v2/notifications/unread_count?{query}")).await.ok()["count"].as_i64().unwrap();
    assert_eq!((count("").await, count("limit=2").await, count("grouped_types[]=follow").await), (3, 2, 5));
    assert_eq!(me.get("/api/v1/notifications/unread_count").await.ok()["count"], 7);
    let newest = read("").await["notification_groups"][1]["page_max_id"].as_str().unwrap().to_owned();
    me.post_form("/api/v1/markers", &format!("notifications[last_read_id]={newest}")).await.ok();
    assert_eq!(count("").await, 1);
    // The beta had the same shape.
    assert_eq!(me.get("/api/v2_alpha/notifications").await.ok(), read("").await);
    assert_eq!(me.get("/api/v2_alpha/notifications/unread_count").await.ok(), json!({ "count": 1 }));
}

#[actix_web::test]
async fn groups_are_paged_to_the_same_set_forward_and_back() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let recipient = me.id();
    app.write(move |c| {
        let mine: Vec<PostId> = (0..7).map(|n| people::say(c, recipient, &format!("{n}")).id).collect();
        for fan in 0..5 {
            let fan = people::local(c, &format!("fan{fan}")).id;
            for post in &mine {
                notifications::notify(c, Notice { recipient, kind: NotificationKind::Like, actor: fan, post: Some(*post) })?;
            }
        }
        Ok(())
    })
    .await;
    let key = |answer: &Value| -> Vec<String> {
        let groups = answer["notification_groups"].as_array().unwrap();
        groups.iter().map(|g| g["group_key"].as_str().unwrap().to_owned()).collect()
    };
    let (mut forward, mut path) = (Vec::new(), "/api/v2/notifications?limit=3".to_owned());
    let mut last = path.clone();
    loop {
        let page = me.get(&path).await;
        forward.push(key(&page.json));
        last.clone_from(&path);
        let Some(next) = page.link("next") else { break };
        path = next;
    }
    assert_eq!(forward.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let mut back = Vec::new();
    let mut path = me.get(&last).await.link("prev").unwrap();
    loop {
        let page = me.get(&path).await;
        if key(&page.json).is_empty() {
            break;
        }
        back.push(key(&page.json));
        path = page.link("prev").unwrap();
    }
    let mut whole: Vec<String> = back.iter().rev().flatten().cloned().collect();
    whole.extend(forward[2].clone());
    assert_eq!(whole, forward.concat());
    let first = me.get("/api/v2/notifications?limit=3").await.ok();
    // Three groups' newest make the page: the older likes of each lie beyond its end.
    let newest = &first["notification_groups"][0];
    assert!(newest["page_min_id"].is_string() && newest["page_min_id"] == newest["page_max_id"], "{first}");
}

#[actix_web::test]
async fn a_group_that_loses_its_newest_stays_and_one_that_is_dismissed_goes() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let (post, fans) = liked(&app, &me, 4).await;
    let (recipient, id) = (me.id(), PostId(post.parse().unwrap()));
    let newest = fans[3];
    app.write(move |c| {
        notifications::withdraw(c, Notice { recipient, kind: NotificationKind::Like, actor: newest, post: Some(id) })
    })
    .await;
    let read = async || me.get("/api/v2/notifications").await.ok();
    let left = read().await;
    assert_eq!(groups(&left), [("favourite", 3)]);
    assert_eq!(left["notification_groups"][0]["sample_account_ids"][0], json!(fans[2].to_string()));
    // A group is shown as long as somebody in it is there.
    let gone = fans[2];
    app.write(move |c| {
        use diesel::prelude::*;
        use majlis_local::schema::actors;
        diesel::update(actors::table.find(gone)).set(actors::suspended_at.eq(Some(majlis_local::Timestamp::now()))).execute(c)?;
        Ok(())
    })
    .await;
    assert_eq!(read().await["notification_groups"][0]["sample_account_ids"][0], json!(fans[1].to_string()));
    let key = left["notification_groups"][0]["group_key"].as_str().unwrap();
    assert_eq!(me.post(&format!("/api/v2/notifications/{key}/dismiss")).await.ok(), json!({}));
    assert_eq!(me.post(&format!("/api/v2/notifications/{key}/dismiss")).await.ok(), json!({}));
    assert_eq!(groups(&read().await), []);
    assert_eq!(me.get("/api/v1/notifications").await.ok(), json!([]));
    liked_again(&app, recipient, id, fans[0]).await;
    assert_eq!(groups(&read().await), [("favourite", 1)]);
    assert_eq!(me.post("/api/v2/notifications/clear").await.ok(), json!({}));
    assert_eq!(groups(&read().await), []);
}

async fn liked_again(app: &TestApp, recipient: ActorId, post: PostId, actor: ActorId) {
    app.write(move |c| notifications::notify(c, Notice { recipient, kind: NotificationKind::Like, actor, post: Some(post) }))
        .await;
}

#[actix_web::test]
async fn a_page_costs_the_same_however_large_its_groups() {
    let mut costs = Vec::new();
    for fans in [2, 12] {
        let app = TestApp::new();
        let viewer = app.user("me").await;
        liked(&app, &viewer, fans).await;
        let (site, viewer) = (app.db.site().clone(), viewer.id());
        let sent = app
            .write(move |c| {
                let (whole, sent) = statements(c, |c| {
                    let page = Page::newest(40);
                    let slice = notification_groups::list(c, viewer, &Filter::default(), NotificationKind::ALL, &page)?;
                    GroupedNotifications::build(c, &site, viewer, &slice.items, Expand::Full, true)
                });
                whole?;
                Ok(sent.len())
            })
            .await;
        costs.push(sent);
    }
    assert_eq!(costs, [costs[0], costs[0]]);
    assert!(costs[0] <= 12, "{costs:?}");
}
