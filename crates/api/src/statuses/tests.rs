//! Statuses over HTTP: the life of one, and what others do with it.

use majlis_local::cards::{self, NewCard};
use majlis_local::jobs::{self, Change, Job};
use majlis_local::testing::people;
use serde_json::{Value, json};

use crate::testing::{Caller, TestApp};

async fn say(by: &Caller, form: &str) -> Value {
    by.post_form("/api/v1/statuses", form).await.ok()
}

fn path(status: &Value, rest: &str) -> String {
    format!("/api/v1/statuses/{}{rest}", status["id"].as_str().unwrap())
}

/// A PNG of 3 × 2 pixels.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1F, 0x15, 0xC4, 0x89, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x44, 0x41, 0x54, 0x78,
    0xDA, 0x63, 0x64, 0x60, 0xF8, 0x5F, 0x0F, 0x00, 0x02, 0x87, 0x01, 0x80, 0xEB, 0x47, 0xBA, 0x92, 0x00, 0x00, 0x00, 0x00, 0x49,
    0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];

#[actix_web::test]
async fn a_status_is_written_edited_and_deleted() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let status = say(&me, "status=**Hello**+world&content_type=text/markdown&spoiler_text=greeting&visibility=unlisted").await;
    assert_eq!(status["content"], "<p><strong>Hello</strong> world</p>");
    assert_eq!((&status["visibility"], &status["sensitive"]), (&json!("unlisted"), &json!(true)));
    assert_eq!(status["application"]["name"], "Tests");
    assert_eq!(status["pinned"], false);

    let source = me.get(&path(&status, "/source")).await.ok();
    assert_eq!((&source["text"], &source["content_type"]), (&json!("**Hello** world"), &json!("text/markdown")));
    // An app that does not know of formats does not turn Markdown into plain text.
    let edited = me.put_json(&path(&status, ""), json!({ "status": "**Bye** world", "spoiler_text": "greeting" })).await.ok();
    assert_eq!(edited["content"], "<p><strong>Bye</strong> world</p>");
    assert!(edited["edited_at"].is_string());
    let history = app.anonymous().get(&path(&status, "/history")).await.ok();
    let texts: Vec<&str> = history.as_array().unwrap().iter().map(|edit| edit["content"].as_str().unwrap()).collect();
    assert_eq!(texts, ["<p><strong>Hello</strong> world</p>", "<p><strong>Bye</strong> world</p>"]);
    assert_eq!(ali.put_json(&path(&status, ""), json!({ "status": "mine now" })).await.status, 404);

    assert_eq!(ali.delete(&path(&status, "")).await.status, 404);
    let gone = me.delete(&path(&status, "")).await.ok();
    assert_eq!(gone["text"], "**Bye** world");
    assert!(gone.get("content").is_none());
    assert_eq!(me.get(&path(&status, "")).await.status, 404);
    let left = app.read(jobs::all).await;
    assert!(left.iter().any(|job| matches!(job, Job::Federate { change: Change::Deleted { .. } })), "{left:?}");
}

#[actix_web::test]
async fn the_same_key_gives_the_same_status() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let post = async |by: &Caller, key: &str| {
        let request = by.form(actix_web::http::Method::POST, "/api/v1/statuses", "status=once");
        by.send(request.insert_header(("Idempotency-Key", key))).await.ok()["id"].clone()
    };
    let first = post(&me, "a").await;
    assert_eq!(post(&me, "a").await, first);
    assert_ne!(post(&me, "b").await, first);
    assert_ne!(post(&ali, "a").await, first);
}

#[actix_web::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::new();
    let me = app.user("me").await;
    for (form, field) in [
        ("status=", "text"),
        ("status=x&visibility=everyone", "visibility"),
        ("status=x&content_type=text/html", "content_type"),
        ("status=x&media_ids[]=7", "media_ids"),
        ("status=x&poll[options][]=one&poll[expires_in]=600", "poll[options]"),
    ] {
        let answer = me.post_form("/api/v1/statuses", form).await;
        assert_eq!(answer.status, 422, "{form}: {}", answer.text);
        assert!(answer.json["details"].get(field).is_some(), "{form}: {}", answer.text);
    }
    assert_eq!(me.post_form("/api/v1/statuses", "status=x&in_reply_to_id=7").await.status, 404);
    assert_eq!(app.anonymous().post_form("/api/v1/statuses", "status=x").await.status, 401);
}

#[actix_web::test]
async fn favourites_boosts_bookmarks_and_pins_come_and_go() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let status = say(&ali, "status=hello").await;
    for (action, undo, flag, count) in
        [("/favourite", "/unfavourite", "favourited", Some("favourites_count")), ("/bookmark", "/unbookmark", "bookmarked", None)]
    {
        for _ in 0..2 {
            let now = me.post(&path(&status, action)).await.ok();
            assert_eq!(now[flag], true);
            assert!(count.is_none_or(|count| now[count] == 1), "{now}");
        }
        for _ in 0..2 {
            let now = me.post(&path(&status, undo)).await.ok();
            assert_eq!(now[flag], false);
            assert!(count.is_none_or(|count| now[count] == 0), "{now}");
        }
    }
    let boost = me.post_form(&path(&status, "/reblog"), "visibility=private").await.ok();
    assert_eq!(
        (&boost["visibility"], &boost["reblog"]["id"], &boost["reblog"]["reblogged"]),
        (&json!("private"), &status["id"], &json!(true))
    );
    // What is done with a boost is done with what it boosts.
    assert_eq!(me.post(&path(&boost, "/favourite")).await.ok()["id"], status["id"]);
    let back = me.post(&path(&status, "/unreblog")).await.ok();
    assert_eq!((&back["id"], &back["reblogged"], &back["reblogs_count"]), (&status["id"], &json!(false), &json!(0)));

    assert_eq!(me.post(&path(&status, "/pin")).await.status, 422);
    assert_eq!(ali.post(&path(&status, "/pin")).await.ok()["pinned"], true);
    assert_eq!(ali.post(&path(&status, "/unpin")).await.ok()["pinned"], false);
}

#[actix_web::test]
async fn who_liked_and_boosted_is_told_page_by_page() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let status = say(&me, "status=hello").await;
    for name in ["a", "b", "c"] {
        let fan = app.user(name).await;
        fan.post(&path(&status, "/favourite")).await.ok();
        fan.post(&path(&status, "/reblog")).await.ok();
    }
    for list in ["/favourited_by", "/reblogged_by"] {
        let page = me.get(&path(&status, &format!("{list}?limit=2"))).await;
        let next = page.link("next").unwrap();
        let names = |page: Value| -> Vec<String> {
            page.as_array().unwrap().iter().map(|account| account["acct"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(page.ok()), ["c", "b"]);
        assert_eq!(names(me.get(&next).await.ok()), ["a"]);
    }
}

#[actix_web::test]
async fn a_letter_is_seen_by_its_people_alone() {
    let app = TestApp::new();
    let (me, ali, eve) = (app.user("me").await, app.user("ali").await, app.user("eve").await);
    let letter = say(&me, "status=@ali+psst&visibility=direct").await;
    let answer = say(&ali, &format!("status=@me+yes&visibility=direct&in_reply_to_id={}", letter["id"].as_str().unwrap())).await;
    assert_eq!(ali.get(&path(&letter, "")).await.ok()["mentions"][0]["acct"], "ali");
    assert_eq!(eve.get(&path(&letter, "")).await.status, 404);
    assert_eq!(app.anonymous().get(&path(&letter, "")).await.status, 404);
    for action in ["/favourite", "/bookmark", "/reblog"] {
        assert_eq!(eve.post(&path(&letter, action)).await.status, 404);
    }
    assert_eq!(ali.post(&path(&letter, "/reblog")).await.status, 403);
    let context = me.get(&path(&letter, "/context")).await.ok();
    assert_eq!(context["descendants"][0]["id"], answer["id"]);
    let both = format!("/api/v1/statuses?id[]={}&id[]={}", letter["id"].as_str().unwrap(), answer["id"].as_str().unwrap());
    assert_eq!(me.get(&both).await.ok().as_array().unwrap().len(), 2);
    assert_eq!(eve.get(&both).await.ok(), json!([]));
}

#[actix_web::test]
async fn polls_are_asked_and_answered_once() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    // As Mastodon.py sends it: booleans as texts within JSON.
    let poll = json!({ "options": ["Tea", "Coffee"], "expires_in": "600", "multiple": "False", "hide_totals": "false" });
    let status = me.post_json("/api/v1/statuses", json!({ "status": "?", "poll": poll })).await.ok();
    assert_eq!(status["poll"]["options"], json!([{ "title": "Tea", "votes_count": 0 }, { "title": "Coffee", "votes_count": 0 }]));
    let votes = format!("/api/v1/polls/{}/votes", status["poll"]["id"].as_str().unwrap());
    let voted = ali.post_form(&votes, "choices[]=1").await.ok();
    assert_eq!((&voted["voted"], &voted["own_votes"], &voted["votes_count"]), (&json!(true), &json!([1]), &json!(1)));
    assert_eq!(ali.post_form(&votes, "choices[]=0").await.status, 422);
    assert_eq!(me.post_form(&votes, "choices[]=0").await.status, 422);
    let seen = app.anonymous().get(votes.trim_end_matches("/votes")).await.ok();
    assert!(seen.get("voted").is_none(), "{seen}");
}

#[actix_web::test]
async fn pictures_are_uploaded_described_used_and_kept_for_a_redraft() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let upload = |path: &str| {
        me.multipart(
            actix_web::http::Method::POST,
            path,
            &[("description", "dot"), ("focus", "0.5,-1")],
            &[("file", "a.bin", "application/octet-stream", PNG)],
        )
    };
    let media = me.send(upload("/api/v2/media")).await.ok();
    assert_eq!(
        (&media["type"], &media["description"], &media["meta"]["focus"]["y"]),
        (&json!("image"), &json!("dot"), &json!(-1.0))
    );
    let id = media["id"].as_str().unwrap().to_owned();
    assert_eq!(ali.get(&format!("/api/v1/media/{id}")).await.status, 404);
    let changed = me.put_json(&format!("/api/v1/media/{id}"), json!({ "description": "a dot" })).await.ok();
    assert_eq!(changed["description"], "a dot");
    let status = say(&me, &format!("media_ids[]={id}")).await;
    assert_eq!(status["media_attachments"][0]["id"], media["id"]);
    assert_eq!(ali.post_form("/api/v1/statuses", &format!("status=x&media_ids[]={id}")).await.status, 422);
    me.delete(&path(&status, "")).await.ok();
    let again = say(&me, &format!("status=again&media_ids[]={id}")).await;
    assert_eq!(again["media_attachments"][0]["description"], "a dot");
    me.delete(&path(&again, "?delete_media=true")).await.ok();
    assert_eq!(me.post_form("/api/v1/statuses", &format!("status=x&media_ids[]={id}")).await.status, 422);

    let loose = me.send(upload("/api/v1/media")).await.ok();
    let loose = format!("/api/v1/media/{}", loose["id"].as_str().unwrap());
    assert_eq!(me.delete(&loose).await.ok(), json!({}));
    assert_eq!(me.get(&loose).await.status, 404);
    let text =
        me.multipart(actix_web::http::Method::POST, "/api/v2/media", &[], &[("file", "a.png", "image/png", b"no picture")]);
    assert_eq!(me.send(text).await.status, 422);
}

#[actix_web::test]
async fn older_apps_ask_for_a_card_by_itself() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let status = say(&me, "status=https://news.example/a").await;
    assert_eq!(status["card"], Value::Null);
    assert_eq!(app.anonymous().get(&path(&status, "/card")).await.ok(), json!({}));
    let id = status["id"].as_str().unwrap().parse().unwrap();
    let site = app.api.site().clone();
    app.write(move |c| {
        let url = "https://news.example/a";
        let card = cards::store(c, NewCard { title: "News".into(), ..NewCard::nothing(url) })?;
        cards::attach(c, &site, id, card.id, url)
    })
    .await;
    let open = app.anonymous().get(&path(&status, "/card")).await.ok();
    assert_eq!((&open["title"], &open["type"]), (&json!("News"), &json!("link")));
    let card = me.get(&path(&status, "/card")).await.ok();
    let boost = me.post(&path(&status, "/reblog")).await.ok();
    assert_eq!(boost["reblog"]["card"], card);
    assert_eq!(me.get(&path(&boost, "/card")).await.ok(), card);
    let private = say(&me, "status=https://news.example/a&visibility=private").await;
    assert_eq!(app.anonymous().get(&path(&private, "/card")).await.status, 404);
}

#[actix_web::test]
async fn a_local_only_status_is_for_people_here() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    for form in ["status=here&local_only=true", "status=here&visibility=local"] {
        let status = say(&me, form).await;
        assert_eq!((&status["visibility"], &status["local_only"]), (&json!("public"), &json!(true)), "{form}");
        assert_eq!(ali.get(&path(&status, "")).await.ok()["local_only"], true);
        let answer = say(&ali, &format!("status=answer&in_reply_to_id={}", status["id"].as_str().unwrap())).await;
        assert_eq!(answer["local_only"], true);
        for rest in ["", "/context", "/history", "/favourited_by", "/card"] {
            assert_eq!(app.anonymous().get(&path(&status, rest)).await.status, 404, "{rest}");
        }
    }
    for timeline in ["/api/v1/timelines/public", "/api/v1/timelines/public?local=true"] {
        assert_eq!(app.anonymous().get(timeline).await.ok(), json!([]), "{timeline}");
        assert_eq!(ali.get(timeline).await.ok().as_array().unwrap().len(), 2, "{timeline}");
    }
    let statuses = format!("/api/v1/accounts/{}/statuses", me.id());
    assert_eq!(app.anonymous().get(&statuses).await.ok(), json!([]));
    assert!(!app.read(jobs::all).await.iter().any(|job| matches!(job, Job::Federate { .. })));
    let open = say(&me, "status=everywhere").await;
    assert!(open.get("local_only").is_none() && open.get("expires_at").is_none());
}

#[actix_web::test]
async fn a_status_may_have_an_end() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let status = say(&me, "status=soon+gone&expires_in=3600").await;
    assert!(status["expires_at"].is_string(), "{status}");
    let until = say(&me, "status=until&expires_at=2030-01-01T00:00:00Z").await;
    assert_eq!(until["expires_at"], "2030-01-01T00:00:00.000Z");
    for form in ["status=x&expires_in=5", "status=x&expires_at=2020-01-01"] {
        let answer = me.post_form("/api/v1/statuses", form).await;
        assert_eq!(answer.status, 422, "{form}");
        assert!(answer.json["details"]["expires_in"].is_array(), "{}", answer.text);
    }
    let ends = app.read(jobs::all).await;
    assert_eq!(ends.iter().filter(|job| matches!(job, Job::ExpirePost { .. })).count(), 2);
}

#[actix_web::test]
async fn an_edit_may_change_the_poll() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let status = say(&me, "status=q&poll[options][]=a&poll[options][]=b&poll[expires_in]=600").await;
    let votes = format!("/api/v1/polls/{}/votes", status["id"].as_str().unwrap());
    ali.post_form(&votes, "choices[]=1").await.ok();
    let same = json!({ "status": "q?", "poll": { "options": ["a", "b"], "expires_in": 1200, "hide_totals": true } });
    let edited = me.put_json(&path(&status, ""), same).await.ok();
    assert_eq!((&edited["poll"]["voters_count"], &edited["content"]), (&json!(1), &json!("<p>q?</p>")));
    let other = json!({ "status": "q", "poll": { "options": ["a", "c"], "expires_in": 600 } });
    let edited = me.put_json(&path(&status, ""), other).await.ok();
    assert_eq!((&edited["poll"]["votes_count"], &edited["poll"]["options"][1]["title"]), (&json!(0), &json!("c")));
    ali.post_form(&votes, "choices[]=1").await.ok();
    let wrong = json!({ "status": "q", "poll": { "options": ["a"], "expires_in": 600 } });
    assert_eq!(me.put_json(&path(&status, ""), wrong).await.status, 422);
    assert_eq!(me.get(&path(&status, "")).await.ok()["poll"]["votes_count"], 1);
    // An edit says all that the status is to have, as in Mastodon.
    assert_eq!(me.put_json(&path(&status, ""), json!({ "status": "q!" })).await.ok()["poll"], json!(null));
}

#[actix_web::test]
async fn a_context_is_whole_and_in_order() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let author = me.actor.unwrap();
    let (root, middle, last) = app
        .write(move |c| {
            let root = people::say(c, author, "root");
            let middle = people::reply(c, author, root.id, "middle");
            let last = people::reply(c, author, middle.id, "last");
            Ok((root.id, middle.id, last.id))
        })
        .await;
    let context = app.anonymous().get(&format!("/api/v1/statuses/{middle}/context")).await.ok();
    assert_eq!(context["ancestors"][0]["id"], root.to_string());
    assert_eq!(context["descendants"][0]["id"], last.to_string());
}

#[actix_web::test]
async fn an_edit_replaces_attachments_and_polls_and_the_history_shows_them() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let poll = |options: [&str; 2]| json!({ "options": options, "expires_in": 600 });
    let status = me.post_json("/api/v1/statuses", json!({ "status": "?", "poll": poll(["Tea", "Coffee"]) })).await.ok();
    let votes = format!("/api/v1/polls/{}/votes", status["id"].as_str().unwrap());
    ali.post_form(&votes, "choices[]=1").await.ok();
    // The same question: what was voted stays.
    let same = me.put_json(&path(&status, ""), json!({ "status": "??", "poll": poll(["Tea", "Coffee"]) })).await.ok();
    assert_eq!((&same["poll"]["votes_count"], &same["poll"]["voters_count"]), (&json!(1), &json!(1)));
    // Another one: all vote anew.
    let other = me.put_json(&path(&status, ""), json!({ "status": "??", "poll": poll(["Tea", "Water"]) })).await.ok();
    assert_eq!((&other["poll"]["votes_count"], &other["poll"]["options"][1]["title"]), (&json!(0), &json!("Water")));
    assert_eq!(ali.get(&path(&status, "")).await.ok()["poll"]["voted"], false);
    ali.post_form(&votes, "choices[]=0").await.ok();
    let wrong =
        me.put_json(&path(&status, ""), json!({ "status": "x", "poll": { "options": ["one"], "expires_in": 600 } })).await;
    assert_eq!(wrong.status, 422);
    // None any more; a picture instead.
    let png = [("file", "a.png", "image/png", PNG)];
    let upload = me.multipart(actix_web::http::Method::POST, "/api/v2/media", &[("description", "a dot")], &png);
    let media = me.send(upload).await.ok();
    let both = json!({ "status": "x", "media_ids": [media["id"]], "poll": poll(["a", "b"]) });
    assert_eq!(me.put_json(&path(&status, ""), both).await.status, 422);
    let picture = me.put_json(&path(&status, ""), json!({ "status": "x", "media_ids": [media["id"]] })).await.ok();
    assert_eq!((&picture["poll"], &picture["media_attachments"][0]["id"]), (&json!(null), &media["id"]));
    let plain = me.put_json(&path(&status, ""), json!({ "status": "y" })).await.ok();
    assert_eq!(plain["media_attachments"], json!([]));
    let history = ali.get(&path(&status, "/history")).await.ok();
    let told: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|edit| (edit["poll"]["options"][1]["title"].clone(), edit["media_attachments"][0]["description"].clone()))
        .collect();
    let none = json!(null);
    assert_eq!(
        told,
        [
            (json!("Coffee"), none.clone()),
            (json!("Coffee"), none.clone()),
            (json!("Water"), none.clone()),
            (none.clone(), json!("a dot")),
            (none.clone(), none),
        ]
    );
    // What is deleted can be written again.
    let asked = me.post_json("/api/v1/statuses", json!({ "status": "**?**", "poll": poll(["Tea", "Coffee"]) })).await.ok();
    let gone = me.delete(&path(&asked, "")).await.ok();
    assert_eq!((&gone["text"], &gone["poll"]["options"][0]["title"]), (&json!("**?**"), &json!("Tea")));
}
