//! Collections, from making one to leaving one.

use actix_web::http::Method;
use majlis_local::actors::{self, ProfileChange};
use majlis_local::collection_items::{self, FeaturePolicy};
use majlis_local::ids::{ActorId, CollectionItemId};
use majlis_local::jobs::{self, Change, Job};
use majlis_local::scopes::Scope;
use majlis_local::testing::people;
use serde_json::{Value, json};

use crate::testing::{Caller, TestApp};

const PATH: &str = "/api/v1/collections";

/// Somebody who agrees to stand in collections.
async fn open_user(app: &TestApp, name: &str) -> Caller {
    let user = app.user(name).await;
    let id = user.id();
    app.write(move |c| actors::change_profile(c, id, ProfileChange { discoverable: Some(true), ..ProfileChange::default() }))
        .await;
    user
}

async fn changes(app: &TestApp) -> Vec<Change> {
    let federated = app.read(jobs::all).await.into_iter().filter_map(|job| match job {
        Job::Federate { change: Change::ProfileChanged { .. } } => None,
        Job::Federate { change } => Some(change),
        _ => None,
    });
    federated.collect()
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_collection_is_made_read_changed_and_deleted() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, open_user(&app, "bea").await);
    let (a, b) = (ali.id(), bea.id());
    let body = json!({
        "name": " Nice accounts ", "description": "Very <nice>", "language": "en", "tag_name": "#accounts",
        "sensitive": "false", "discoverable": true, "account_ids": [b.to_string(), b.to_string()],
    });
    let made = ali.post_json(PATH, body).await.ok();
    insta::assert_json_snapshot!(made, {
        ".collection.id" => "[id]", ".collection.account_id" => "[id]", ".collection.uri" => "[uri]", ".collection.url" => "[url]",
        ".collection.created_at" => "[time]", ".collection.updated_at" => "[time]",
        ".collection.items[].id" => "[id]", ".collection.items[].account_id" => "[id]", ".collection.items[].created_at" => "[time]",
    });
    let collection = id(&made["collection"]);
    assert!(made["collection"]["uri"].as_str().unwrap().ends_with(&format!("/users/ali/collections/{collection}")));
    let told = changes(&app).await;
    assert!(matches!(told.as_slice(), [Change::CollectionMade { .. }, Change::Featured { .. }]), "{told:?}");

    let one = format!("{PATH}/{collection}");
    let shown = app.anonymous().get(&one).await.ok();
    assert_eq!(shown["collection"], made["collection"]);
    let names: Vec<_> = shown["accounts"].as_array().unwrap().iter().map(|account| account["acct"].clone()).collect();
    assert_eq!(names, ["ali", "bea"]);
    assert_eq!(ali.get(&format!("/api/v1_alpha/collections/{collection}")).await.ok(), shown);

    let heard = bea.get("/api/v1/notifications").await.ok();
    assert_eq!((&heard[0]["type"], &heard[0]["collection"]["id"]), (&json!("added_to_collection"), &json!(collection)));
    let changed = ali.put_json(&one, json!({ "name": "Others", "tag_name": "", "discoverable": "false" })).await.ok();
    assert_eq!((&changed["collection"]["name"], &changed["collection"]["tag"]), (&json!("Others"), &json!(null)));
    assert_eq!(changed["collection"]["description"], "Very <nice>", "what is not sent stays");
    let heard = bea.get("/api/v1/notifications").await.ok();
    assert_eq!(heard[0]["type"], "collection_update");

    let theirs = format!("/api/v1/accounts/{a}/collections");
    assert_eq!(app.anonymous().get(&theirs).await.ok(), json!({ "collections": [] }), "found by its address only");
    assert_eq!(ali.get(&theirs).await.ok()["collections"][0], changed["collection"]);
    assert_eq!(app.anonymous().get(&one).await.ok()["collection"]["id"], collection);
    assert_eq!(ali.delete(&one).await.ok(), json!({}));
    assert_eq!(ali.get(&one).await.status, 404);
    assert_eq!(bea.get("/api/v1/notifications").await.ok(), json!([]));
    assert!(matches!(changes(&app).await.last(), Some(Change::CollectionDeleted { discoverable: false, .. })));
}

#[actix_web::test]
async fn whoever_stands_in_a_collection_may_leave_it_for_good() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, open_user(&app, "bea").await);
    let (a, b) = (ali.id(), bea.id());
    let made = ali.post_json(PATH, json!({ "name": "Nice" })).await.ok();
    let items = format!("{PATH}/{}/items", id(&made["collection"]));
    let added = ali.post_json(&items, json!({ "account_id": b.to_string() })).await.ok();
    assert_eq!(
        (&added["collection_item"]["account_id"], &added["collection_item"]["state"]),
        (&json!(b.to_string()), &json!("accepted"))
    );
    let item = id(&added["collection_item"]);
    let mine = format!("/api/v1/accounts/{b}/in_collections");
    assert_eq!(bea.get(&mine).await.ok()["collections"][0]["items"][0]["id"], item);
    assert_eq!(ali.get(&mine).await.status, 403, "not his to know");
    assert_eq!(app.anonymous().get(&mine).await.status, 401);
    assert_eq!(ali.post(&format!("{items}/{item}/revoke")).await.status, 403);
    assert_eq!(bea.delete(&format!("{items}/{item}")).await.status, 403);
    assert_eq!(bea.post(&format!("{items}/{item}/revoke")).await.ok(), json!({}));
    assert_eq!(bea.post(&format!("{items}/{item}/revoke")).await.ok(), json!({}));
    assert_eq!(bea.get(&mine).await.ok(), json!({ "collections": [] }));
    assert_eq!(bea.get("/api/v1/notifications").await.ok(), json!([]));
    assert!(matches!(changes(&app).await.last(), Some(Change::Unfeatured { person, .. }) if *person == b));
    assert_eq!(ali.post_json(&items, json!({ "account_id": b.to_string() })).await.status, 403, "she has left");
    assert_eq!(ali.delete(&format!("{items}/{item}")).await.ok(), json!({}));
    assert_eq!(ali.post_json(&items, json!({ "account_id": b.to_string() })).await.status, 403, "still");
    let own = ali.post_json(&items, json!({ "account_id": a.to_string() })).await.ok();
    assert_eq!(ali.send(ali.request(Method::DELETE, &format!("{items}/{}", id(&own["collection_item"])))).await.ok(), json!({}));
    assert_eq!(ali.get(&format!("{PATH}/{}", id(&made["collection"]))).await.ok()["collection"]["item_count"], 0);
}

#[actix_web::test]
async fn only_who_agrees_is_put_into_collections() {
    let app = TestApp::new();
    let (ali, shy, shut) = (app.user("ali").await, app.user("shy").await, open_user(&app, "shut").await);
    let (a, s, t) = (ali.id(), shy.id(), shut.id());
    let (silent, asks) = app
        .write(move |c| {
            people::lock(c, t);
            let silent = people::remote(c, "silent").id;
            let mut asks = people::remote_actor("asks");
            asks.feature_policy = FeaturePolicy::GIVEN | (FeaturePolicy::PUBLIC << FeaturePolicy::MANUAL);
            Ok((silent, actors::store_remote(c, asks)?.id))
        })
        .await;
    let made = ali.post_json(PATH, json!({ "name": "Nice" })).await.ok();
    let items = format!("{PATH}/{}/items", id(&made["collection"]));
    let approval = async |who: ActorId| ali.get(&format!("/api/v1/accounts/{who}")).await.ok()["feature_approval"].clone();
    assert_eq!(approval(s).await, json!({ "automatic": [], "manual": [], "current_user": "denied" }));
    assert_eq!(approval(t).await, json!({ "automatic": ["followers"], "manual": [], "current_user": "denied" }));
    assert_eq!(approval(silent).await, json!({ "automatic": [], "manual": [], "current_user": "missing" }));
    assert_eq!(approval(asks).await, json!({ "automatic": [], "manual": ["public"], "current_user": "manual" }));
    for who in [s, t, silent] {
        assert_eq!(ali.post_json(&items, json!({ "account_id": who.to_string() })).await.status, 403, "{who}");
    }
    assert_eq!(ali.post_json(PATH, json!({ "name": "x", "account_ids": [s.to_string()] })).await.status, 403);
    app.write(move |c| {
        people::follow(c, a, t);
        Ok(())
    })
    .await;
    assert_eq!(approval(t).await["current_user"], "automatic");
    ali.post_json(&items, json!({ "account_id": t.to_string() })).await.ok();
    assert_eq!(ali.post_json(&items, json!({ "account_id": t.to_string() })).await.status, 422, "twice");
    let pending = ali.post_json(&items, json!({ "account_id": asks.to_string() })).await.ok();
    assert_eq!(pending["collection_item"]["state"], "pending");
    assert!(matches!(changes(&app).await.last(), Some(Change::FeatureAsked { .. })));
    let one = format!("{PATH}/{}", id(&made["collection"]));
    assert_eq!(ali.get(&one).await.ok()["collection"]["item_count"], 2, "the owner sees who is being asked");
    assert_eq!(shy.get(&one).await.ok()["collection"]["item_count"], 1);
    let asked: CollectionItemId = id(&pending["collection_item"]).parse().unwrap();
    app.write(move |c| collection_items::receive_answer(c, asks, asked, Some("https://peer.example/stamps/1"))).await;
    assert_eq!(shy.get(&one).await.ok()["collection"]["item_count"], 2);
    shy.post_form("/api/v1/domain_blocks", "domain=peer.example").await.ok();
    assert_eq!(shy.get(&one).await.ok()["collection"]["item_count"], 1, "without those whose server is blocked");
    assert_eq!(app.anonymous().get(&one).await.ok()["collection"]["item_count"], 2);
    shut.post(&format!("/api/v1/accounts/{a}/block")).await.ok();
    assert_eq!(app.anonymous().get(&one).await.ok()["collection"]["item_count"], 1, "a block parts them");
    assert_eq!(shut.get(&one).await.ok()["collection"]["item_count"], 1);
    assert_eq!(ali.post_json(&items, json!({ "account_id": t.to_string() })).await.status, 403);
}

#[actix_web::test]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, open_user(&app, "bea").await);
    for (body, field) in [
        (json!({}), "name"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": "x".repeat(41) }), "name"),
        (json!({ "name": "x", "description": "x".repeat(101) }), "description"),
        (json!({ "name": "x", "language": "xx-nonsense" }), "language"),
        (json!({ "name": "x", "tag_name": "two words" }), "tag_name"),
    ] {
        let answer = ali.post_json(PATH, body.clone()).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.json["details"][field].is_array(), "{}", answer.text);
    }
    assert_eq!(ali.post_json(PATH, json!({ "name": "x", "account_ids": ["1"] })).await.status, 404);
    let mine = format!("/api/v1/accounts/{}/collections", ali.id());
    assert_eq!(ali.get(&mine).await.ok(), json!({ "collections": [] }));
    let made = ali.post_json(PATH, json!({ "name": "Nice" })).await.ok();
    let one = format!("{PATH}/{}", id(&made["collection"]));
    assert_eq!(ali.post(&format!("{one}/items")).await.json["error"], "`account_id` parameter is missing");
    assert_eq!(ali.post_json(&format!("{one}/items"), json!({ "account_id": "1" })).await.status, 404);
    assert_eq!(bea.put_json(&one, json!({ "name": "Hers" })).await.status, 403);
    assert_eq!(bea.delete(&one).await.status, 403);
    assert_eq!(bea.post_json(&format!("{one}/items"), json!({ "account_id": bea.id().to_string() })).await.status, 403);
    assert_eq!(ali.get(&one).await.ok()["collection"], made["collection"]);
    for path in [format!("{PATH}/1"), format!("{PATH}/x")] {
        assert_eq!(ali.get(&path).await.status, 404);
        assert_eq!(ali.delete(&path).await.status, 404);
    }
    assert_eq!(ali.post(&format!("{one}/items/1/revoke")).await.status, 404);
    assert_eq!(app.anonymous().post_json(PATH, json!({ "name": "x" })).await.status, 401);
    let reader = app.log_in(ali.id(), [Scope::ReadCollections].into_iter().collect()).await;
    assert_eq!(reader.get(&mine).await.ok()["collections"][0]["id"], made["collection"]["id"]);
    assert_eq!(reader.post_json(PATH, json!({ "name": "x" })).await.status, 403);
    let writer = app.log_in(ali.id(), [Scope::WriteCollections].into_iter().collect()).await;
    assert_eq!(writer.get(&one).await.status, 403);
    for n in 1..10 {
        ali.post_json(PATH, json!({ "name": n.to_string() })).await.ok();
    }
    assert_eq!(ali.post_json(PATH, json!({ "name": "one more" })).await.status, 422);
}

#[actix_web::test]
async fn collections_are_paged_by_offset() {
    let app = TestApp::new();
    let ali = app.user("ali").await;
    for n in 1..=3 {
        ali.post_json(PATH, json!({ "name": n.to_string() })).await.ok();
    }
    let names = |json: &Value| -> Vec<String> {
        json["collections"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = app.anonymous().get(&format!("/api/v1/accounts/{}/collections?limit=2", ali.id())).await;
    assert_eq!((names(&first.json), first.link("prev")), (vec!["3".into(), "2".into()], None));
    let second = app.anonymous().get(&first.link("next").unwrap()).await;
    assert_eq!((names(&second.json), second.link("next")), (vec!["1".to_owned()], None));
    let back = app.anonymous().get(&second.link("prev").unwrap()).await;
    assert_eq!(back.json, first.json);
}

#[actix_web::test]
async fn a_status_that_links_to_a_collection_carries_it() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, app.user("bea").await);
    let made = ali.post_json(PATH, json!({ "name": "Nice" })).await.ok();
    let url = made["collection"]["url"].as_str().unwrap().to_owned();
    let body = json!({ "status": format!("look: {url}") });
    let status = bea.post_json("/api/v1/statuses", body).await.ok();
    assert_eq!(status["tagged_collections"][0], made["collection"]);
    let edited = bea.put_json(&format!("/api/v1/statuses/{}", id(&status)), json!({ "status": "never mind" })).await.ok();
    assert_eq!(edited["tagged_collections"], json!([]));
    let report = json!({ "account_id": ali.id().to_string(), "collection_ids": [made["collection"]["id"]] });
    assert_eq!(bea.post_json("/api/v1/reports", report).await.ok()["collection_ids"], json!([made["collection"]["id"]]));
}
