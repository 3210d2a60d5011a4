//! Quotes over HTTP: to quote, to be quoted, to take it back.

use majlis_local::actors::ActorKind;
use majlis_local::jobs::{self, Change, Job};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::quotes::RemoteQuote;
use majlis_local::receive::RemotePost;
use majlis_local::scopes::Scope;
use majlis_local::testing::people;
use serde_json::{Value, json};

use crate::testing::{Caller, TestApp};

async fn say(by: &Caller, form: &str) -> Value {
    by.post_form("/api/v1/statuses", form).await.ok()
}

fn id(status: &Value) -> &str {
    status["id"].as_str().unwrap()
}

fn path(status: &Value, rest: &str) -> String {
    format!("/api/v1/statuses/{}{rest}", id(status))
}

async fn quote(by: &Caller, status: &Value, form: &str) -> Value {
    say(by, &format!("status=look&quoted_status_id={}&{form}", id(status))).await
}

async fn kinds(of: &Caller) -> Vec<Value> {
    let all = of.get("/api/v1/notifications").await.ok();
    all.as_array().unwrap().iter().map(|one| json!([one["type"], one["account"]["acct"], one["status"]["id"]])).collect()
}

#[actix_web::test]
async fn a_quote_is_shown_counted_told_and_taken_back() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let first = say(&ali, "status=hello").await;
    assert_eq!(first["quote_approval"], json!({ "automatic": ["public"], "manual": [], "current_user": "automatic" }));
    assert_eq!((&first["quote"], &first["quotes_count"]), (&json!(null), &json!(0)));
    let quoting = quote(&me, &first, "visibility=unlisted").await;
    let url = first["url"].as_str().unwrap();
    let content = quoting["content"].as_str().unwrap();
    assert!(content.starts_with(&format!("<p class=\"quote-inline\">RE: <a href=\"{url}\"")), "{content}");
    assert!(content.ends_with("<p>look</p>"), "{content}");
    assert_eq!(quoting["quote"]["state"], "accepted");
    let quoted = &quoting["quote"]["quoted_status"];
    assert_eq!((&quoted["id"], &quoted["quotes_count"], &quoted["content"]), (&first["id"], &json!(1), &json!("<p>hello</p>")));
    assert_eq!((&quoted["favourited"], &quoted["quote"]), (&json!(false), &json!(null)));
    assert_eq!(kinds(&ali).await, [json!(["quote", "me", quoting["id"]])]);
    // A link in the text is enough; a quote within a quote is shallow.
    let again = say(&ali, &format!("status={url}&quoted_status_id={}", id(&quoting))).await;
    assert!(again["content"].as_str().unwrap().starts_with("<p class=\"quote-inline\">"), "{again}");
    assert_eq!(again["quote"]["quoted_status"]["quote"], json!({ "state": "accepted", "quoted_status_id": first["id"] }));
    let linked = say(&me, &format!("status={url}&quoted_status_id={}", id(&first))).await;
    assert!(!linked["content"].as_str().unwrap().contains("quote-inline"), "{linked}");

    // Editing does not lose it, and those who quote hear of edits.
    let edited = me.put_json(&path(&quoting, ""), json!({ "status": "look!" })).await.ok();
    assert_eq!(edited["quote"]["quoted_status"]["id"], first["id"]);
    ali.put_json(&path(&first, ""), json!({ "status": "hello!" })).await.ok();
    assert!(kinds(&me).await.contains(&json!(["quoted_update", "ali", quoting["id"]])));
    let history = me.get(&path(&quoting, "/history")).await.ok();
    assert_eq!((history[0]["content"].clone(), history[1]["quote"]["state"].clone()), (json!("<p>look</p>"), json!("accepted")));

    // Taking it back is the quoted author's alone, and for good.
    let revoke = path(&first, &format!("/quotes/{}/revoke", id(&quoting)));
    assert_eq!(me.post(&revoke).await.status, 403);
    assert_eq!(app.anonymous().post(&revoke).await.status, 401);
    assert_eq!(ali.post(&path(&first, &format!("/quotes/{}/revoke", id(&first)))).await.status, 404);
    assert_eq!(ali.post(&path(&quoting, &format!("/quotes/{}/revoke", id(&linked)))).await.status, 404);
    let revoked = ali.post(&revoke).await.ok();
    assert_eq!((&revoked["id"], &revoked["quote"]), (&quoting["id"], &json!({ "state": "revoked", "quoted_status": null })));
    assert_eq!(ali.post(&revoke).await.ok()["quote"]["state"], "revoked");
    assert_eq!(ali.get(&path(&first, "")).await.ok()["quotes_count"], 1);
    // The author gets back what it wrote, to write it again.
    let gone = me.delete(&path(&quoting, "")).await.ok();
    assert_eq!(gone["quote"]["quoted_status"]["id"], first["id"]);
    me.delete(&path(&linked, "")).await.ok();
    assert_eq!(ali.get(&path(&first, "")).await.ok()["quotes_count"], 0);
}

#[actix_web::test]
async fn what_is_quoted_is_shown_to_those_who_may_see_it() {
    let app = TestApp::new();
    let (me, ali, eve) = (app.user("me").await, app.user("ali").await, app.user("eve").await);
    let first = say(&ali, "status=hello").await;
    let quoting = quote(&me, &first, "").await;
    let state = async |by: &Caller| by.get(&path(&quoting, "")).await.ok()["quote"].clone();
    let shown = state(&eve).await;
    assert_eq!((&shown["state"], &shown["quoted_status"]["id"]), (&json!("accepted"), &first["id"]));
    eve.post(&format!("/api/v1/accounts/{}/mute", ali.id())).await.ok();
    let shown = state(&eve).await;
    assert_eq!((&shown["state"], &shown["quoted_status"]["id"]), (&json!("muted_account"), &first["id"]));
    eve.post(&format!("/api/v1/accounts/{}/block", ali.id())).await.ok();
    assert_eq!(state(&eve).await["state"], "blocked_account");
    eve.post(&format!("/api/v1/accounts/{}/unblock", ali.id())).await.ok();
    // Whoever is blocked after it has quoted sees the quoted post no longer and quotes it no more; others go on seeing the quote.
    ali.post(&format!("/api/v1/accounts/{}/block", me.id())).await.ok();
    assert_eq!(state(&me).await, json!({ "state": "unauthorized", "quoted_status": null }));
    assert_eq!(state(&app.anonymous()).await["state"], "accepted");
    assert_eq!(me.post_form("/api/v1/statuses", &format!("status=x&quoted_status_id={}", id(&first))).await.status, 404);
    ali.post(&format!("/api/v1/accounts/{}/unblock", me.id())).await.ok();
    ali.post(&format!("/api/v1/accounts/{}/block", eve.id())).await.ok();
    assert_eq!(state(&eve).await, json!({ "state": "unauthorized", "quoted_status": null }));
    assert_eq!(state(&app.anonymous()).await["state"], "accepted");
    // One may quote one's own followers-only post for one's followers at the most.
    let secret = say(&ali, "status=secret&visibility=private").await;
    assert_eq!(secret["quote_approval"], json!({ "automatic": [], "manual": [], "current_user": "automatic" }));
    let own = quote(&ali, &secret, "visibility=public").await;
    assert_eq!((&own["visibility"], &own["quote"]["state"]), (&json!("private"), &json!("accepted")));
    me.post(&format!("/api/v1/accounts/{}/follow", ali.id())).await.ok();
    assert_eq!(me.get(&path(&secret, "")).await.ok()["quote_approval"]["current_user"], "denied");
    let refused = me.post_form("/api/v1/statuses", &format!("status=x&quoted_status_id={}", id(&secret))).await;
    assert_eq!(refused.status, 404, "{}", refused.text);
    ali.delete(&path(&first, "")).await.ok();
    assert_eq!(state(&me).await, json!({ "state": "deleted", "quoted_status": null }));
}

#[actix_web::test]
async fn who_may_quote_is_the_authors_to_say() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let closed = say(&ali, "status=hello&quote_approval_policy=nobody").await;
    let try_it =
        async |status: &Value| me.post_form("/api/v1/statuses", &format!("status=x&quoted_status_id={}", id(status))).await;
    assert_eq!(try_it(&closed).await.status, 404);
    assert_eq!(try_it(&json!({ "id": "7" })).await.status, 404);
    assert_eq!(quote(&ali, &closed, "").await["quote"]["state"], "accepted");
    let policy = path(&closed, "/interaction_policy");
    for (by, body, status) in [
        (&me, json!({ "quote_approval_policy": "public" }), 404),
        (&ali, json!({ "quote_approval_policy": "everybody" }), 422),
        (&ali, json!({}), 422),
        (&app.anonymous(), json!({ "quote_approval_policy": "public" }), 401),
    ] {
        assert_eq!(by.put_json(&policy, body.clone()).await.status, status, "{body}");
    }
    let open = ali.put_json(&policy, json!({ "quote_approval_policy": "followers" })).await.ok();
    assert_eq!(open["quote_approval"]["automatic"], json!(["followers"]));
    assert_eq!(open["edited_at"], json!(null));
    assert_eq!(try_it(&closed).await.status, 404);
    me.post(&format!("/api/v1/accounts/{}/follow", ali.id())).await.ok();
    assert_eq!(me.get(&path(&closed, "")).await.ok()["quote_approval"]["current_user"], "automatic");
    let quoting = try_it(&closed).await.ok();
    ali.put_json(&path(&closed, ""), json!({ "status": "hello", "quote_approval_policy": "nobody" })).await.ok();
    assert_eq!(me.get(&path(&quoting, "")).await.ok()["quote"]["state"], "accepted", "what was quoted stays so");
    // A letter quotes those alone to whom it goes; nobody quotes a letter.
    let other = say(&ali, "status=other").await;
    let letter = format!("status=psst&visibility=direct&quoted_status_id={}", id(&other));
    let refused = me.post_form("/api/v1/statuses", &letter).await;
    assert_eq!(
        (refused.status.as_u16(), refused.json["details"]["quoted_status_id"].is_array()),
        (422, true),
        "{}",
        refused.text
    );
    let letter = say(&me, &letter.replace("psst", "@ali+psst")).await;
    assert_eq!(letter["quote_approval"]["current_user"], "denied");
    assert_eq!(try_it(&letter).await.status, 404);
    assert_eq!(me.post_form("/api/v1/statuses", "status=x&quote_approval_policy=x").await.status, 422);
    // What new statuses begin with.
    me.patch_json("/api/v1/accounts/update_credentials", json!({ "source": { "quote_policy": "nobody" } })).await.ok();
    assert_eq!(say(&me, "status=x").await["quote_approval"]["automatic"], json!([]));
    assert_eq!(me.get("/api/v1/preferences").await.ok()["posting:default:quote_policy"], "nobody");
    let wrong = me.patch_json("/api/v1/accounts/update_credentials", json!({ "source": { "quote_policy": "x" } })).await;
    assert_eq!(wrong.status, 422);
}

#[actix_web::test]
async fn quotes_are_listed_page_by_page() {
    let app = TestApp::new();
    let (me, ali, eve) = (app.user("me").await, app.user("ali").await, app.user("eve").await);
    let first = say(&ali, "status=hello").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, quote(&me, &first, "").await["id"].clone());
    }
    quote(&eve, &first, "visibility=private").await;
    let ids = |page: &Value| page.as_array().unwrap().iter().map(|status| status["id"].clone()).collect::<Vec<_>>();
    let start = path(&first, "/quotes?limit=2");
    let (mut found, mut next) = (Vec::new(), Some(start.clone()));
    let mut last = None;
    while let Some(url) = next {
        let page = me.get(&url).await;
        (next, last) = (page.link("next"), page.link("prev").or(last));
        found.extend(ids(&page.ok()));
    }
    assert_eq!(found, made, "what is for followers only is not listed for others");
    let back = me.get(&last.unwrap()).await.ok();
    assert_eq!(ids(&back), made[..4].iter().take(2).cloned().collect::<Vec<_>>());
    assert_eq!(ali.get(&start).await.ok().as_array().unwrap().len(), 2);
    assert_eq!(ids(&ali.get(&path(&first, "/quotes")).await.ok()).len(), 6, "the quoted author sees all");
    assert_eq!(app.anonymous().get(&start).await.status, 401);
    assert_eq!(me.get("/api/v1/statuses/7/quotes").await.status, 404);
    let narrow = app.log_in(me.id(), [Scope::ReadLists].into_iter().collect()).await;
    assert_eq!(narrow.get(&start).await.status, 403);
    assert_eq!(narrow.put_json(&path(&first, "/interaction_policy"), json!({})).await.status, 403);
}

#[actix_web::test]
async fn a_remote_author_is_asked_first() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let note = app
        .write(|c| {
            let zoe = people::remote(c, "zoe");
            Ok(people::receive(c, RemotePost { quote_policy: QuotePolicy::PUBLIC, ..people::note(&zoe, "hello") }))
        })
        .await;
    let quoting = say(&me, &format!("status=look&quoted_status_id={}", note.id)).await;
    assert_eq!(quoting["quote"], json!({ "state": "pending", "quoted_status": null }));
    let jobs = app.read(jobs::all).await;
    let asked = jobs.iter().any(|job| matches!(job, Job::Federate { change: Change::QuoteRequested { .. } }));
    let posted = jobs.iter().any(|job| matches!(job, Job::Federate { change: Change::Posted { .. } }));
    assert!(asked && posted, "{jobs:?}");
    assert_eq!(me.get(&format!("/api/v1/statuses/{}", note.id)).await.ok()["quotes_count"], 0);
}

#[actix_web::test]
async fn quotes_of_those_who_ask_nobody_are_links_but_for_ones_own() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let (others, own) = app
        .write(|c| {
            let (zoe, tom) = (people::remote(c, "zoe"), people::remote(c, "tom"));
            assert_eq!(zoe.kind, ActorKind::Person);
            let first = people::receive(c, people::note(&zoe, "hello"));
            let quote = Some(RemoteQuote { uri: first.uri, stamp: None, legacy: true });
            let others = people::receive(c, RemotePost { quote: quote.clone(), ..people::note(&tom, "others") });
            let own = people::receive(c, RemotePost { quote, ..people::note(&zoe, "own") });
            Ok((others.id, own.id))
        })
        .await;
    assert_eq!(me.get(&format!("/api/v1/statuses/{others}")).await.ok()["quote"], json!(null));
    let own = me.get(&format!("/api/v1/statuses/{own}")).await.ok();
    assert_eq!(own["quote"]["state"], "accepted");
    assert_eq!(own["quote"]["quoted_status"]["content"], "<p>hello</p>");
}
