//! Filters of both versions over the wire.

use actix_web::http::Method;
use majlis_local::scopes::Scopes;
use serde_json::{Value, json};

use crate::testing::{Caller, TestApp};

async fn made(caller: &Caller, body: Value) -> Value {
    caller.post_json("/api/v2/filters", body).await.ok()
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_filter_is_made_changed_and_deleted() {
    let app = TestApp::new();
    let ali = app.user("ali").await;
    let form = "title=Fruit&context[]=public&context[]=home&keywords_attributes[][keyword]=banana&\
                keywords_attributes[][whole_word]=false&keywords_attributes[][keyword]=%D9%85%D9%88%D8%B2";
    let filter = ali.post_form("/api/v2/filters", form).await.ok();
    let (a, b) = (id(&filter["keywords"][0]), id(&filter["keywords"][1]));
    assert_eq!(
        filter,
        json!({
            "id": id(&filter),
            "title": "Fruit",
            "context": ["home", "public"],
            "expires_at": null,
            "filter_action": "warn",
            "keywords": [
                { "id": a, "keyword": "banana", "whole_word": false },
                { "id": b, "keyword": "موز", "whole_word": true },
            ],
            "statuses": [],
        })
    );
    let path = format!("/api/v2/filters/{}", id(&filter));
    assert_eq!(ali.get(&path).await.ok(), filter);
    assert_eq!(ali.get("/api/v2/filters").await.ok(), json!([filter]));
    let form = format!(
        "filter_action=blur&expires_in=3600&keywords_attributes[][id]={a}&keywords_attributes[][_destroy]=true&\
         keywords_attributes[][id]={b}&keywords_attributes[][keyword]=mango"
    );
    let changed = ali.send(ali.form(Method::PUT, &path, &form)).await.ok();
    assert!(changed["expires_at"].is_string());
    assert_eq!(changed["filter_action"], "blur");
    assert_eq!(changed["keywords"], json!([{ "id": b, "keyword": "mango", "whole_word": true }]));
    assert_eq!((&changed["title"], &changed["context"]), (&filter["title"], &filter["context"]), "what is not sent stays");
    let changed = ali.patch_json(&path, json!({ "expires_in": "", "filter_action": "hide", "context": ["thread"] })).await.ok();
    assert_eq!((&changed["expires_at"], &changed["filter_action"]), (&Value::Null, &json!("hide")));
    assert_eq!(changed["context"], json!(["thread"]));
    ali.put_json(&path, json!({ "expires_in": 60 })).await.ok();
    assert!(ali.patch_json(&path, json!({ "title": null })).await.ok()["expires_at"].is_string());
    assert_eq!(ali.put_json(&path, json!({ "expires_in": null })).await.ok()["expires_at"], Value::Null, "as Phanpy says never");
    assert_eq!(ali.delete(&path).await.ok(), json!({}));
    assert_eq!(ali.get(&path).await.status, 404);
    assert_eq!(ali.get("/api/v2/filters").await.ok(), json!([]));
}

#[actix_web::test]
async fn what_is_wrong_with_a_filter_is_told_as_mastodon_does() {
    let app = TestApp::new();
    let ali = app.user("ali").await;
    let refused = ali.post("/api/v2/filters").await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.json,
        json!({
            "error": "Validation failed: Title can't be blank, Context can't be blank, Context None or invalid context supplied",
            "details": {
                "title": [{ "error": "ERR_BLANK", "description": "can't be blank" }],
                "context": [
                    { "error": "ERR_BLANK", "description": "can't be blank" },
                    { "error": "ERR_INVALID", "description": "None or invalid context supplied" },
                ],
            },
        })
    );
    let refused = ali.post_json("/api/v1/filters", json!({ "phrase": " ", "context": ["home"] })).await;
    assert_eq!((refused.status.as_u16(), &refused.json["error"]), (422, &"Validation failed: Phrase can't be blank".into()));
    for wrong in [
        json!({ "title": "a", "context": ["moon"] }),
        json!({ "title": "a", "context": [] }),
        json!({ "title": "a".repeat(257), "context": ["home"] }),
        json!({ "title": "a", "context": ["home"], "filter_action": "burn" }),
        json!({ "title": "a", "context": ["home"], "expires_in": "tomorrow" }),
        json!({ "title": "a", "context": ["home"], "keywords_attributes": [{ "keyword": "a".repeat(513) }] }),
        json!({ "title": "a", "context": ["home"], "keywords_attributes": [{ "keyword": "", "whole_word": true }] }),
    ] {
        let refused = ali.post_json("/api/v2/filters", wrong.clone()).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.json["details"].is_object(), "{}", refused.text);
    }
    let named = json!({ "title": "a", "context": ["home"], "keywords_attributes": [{ "id": "1", "keyword": "x" }] });
    assert_eq!(ali.post_json("/api/v2/filters", named).await.status, 404);
    assert_eq!(ali.get("/api/v2/filters").await.ok(), json!([]), "nothing was made");
}

#[actix_web::test]
async fn keywords_and_statuses_have_routes_of_their_own() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, app.user("bea").await);
    let filter = id(&made(&ali, json!({ "title": "a", "context": ["home"] })).await);
    let (keywords, statuses) = (format!("/api/v2/filters/{filter}/keywords"), format!("/api/v2/filters/{filter}/statuses"));

    let keyword = ali.post_form(&keywords, "keyword=tea&whole_word=0").await.ok();
    assert_eq!(keyword, json!({ "id": id(&keyword), "keyword": "tea", "whole_word": false }));
    assert_eq!(ali.get(&keywords).await.ok(), json!([keyword]));
    let one = format!("/api/v2/filters/keywords/{}", id(&keyword));
    assert_eq!(ali.get(&one).await.ok(), keyword);
    let changed = ali.put_json(&one, json!({ "keyword": "coffee" })).await.ok();
    assert_eq!(changed, json!({ "id": id(&keyword), "keyword": "coffee", "whole_word": false }));
    for refused in [ali.post(&keywords).await, ali.put_json(&one, json!({ "keyword": "" })).await] {
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json["error"], "Validation failed: Keyword can't be blank");
    }

    let status = id(&bea.post_form("/api/v1/statuses", "status=x").await.ok());
    let letter = id(&bea.post_form("/api/v1/statuses", "status=x&visibility=direct").await.ok());
    let added = ali.post_form(&statuses, &format!("status_id={status}")).await.ok();
    assert_eq!(added, json!({ "id": id(&added), "status_id": status }));
    assert_eq!(ali.get(&statuses).await.ok(), json!([added]));
    let single = format!("/api/v2/filters/statuses/{}", id(&added));
    assert_eq!(ali.get(&single).await.ok(), added);
    for id in [&status, &letter, "1", ""] {
        assert_eq!(ali.post_form(&statuses, &format!("status_id={id}")).await.status, 422, "{id}");
    }

    // Nobody else knows of any of it.
    for path in [&keywords, &statuses, &one, &single] {
        assert_eq!(bea.get(path).await.status, 404, "{path}");
        assert_eq!(app.anonymous().get(path).await.status, 401, "{path}");
    }
    for path in [&one, &single] {
        assert_eq!(bea.delete(path).await.status, 404, "{path}");
    }
    assert_eq!(bea.post_form(&keywords, "keyword=x").await.status, 404);
    assert_eq!(bea.post_form(&statuses, &format!("status_id={status}")).await.status, 404);
    assert_eq!(bea.put_json(&one, json!({ "keyword": "x" })).await.status, 404);

    let whole = ali.get(&format!("/api/v2/filters/{filter}")).await.ok();
    assert_eq!((&whole["keywords"], &whole["statuses"]), (&json!([changed]), &json!([added])));
    for path in [&one, &single] {
        assert_eq!(ali.delete(path).await.ok(), json!({}));
        assert_eq!(ali.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn what_matches_stands_with_the_status_wherever_it_is_read() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, app.user("bea").await);
    ali.post(&format!("/api/v1/accounts/{}/follow", bea.id())).await.ok();
    let filter =
        made(&ali, json!({ "title": "Fruit", "context": ["home"], "keywords_attributes": [{ "keyword": "Banana" }] })).await;
    let status = bea.post_form("/api/v1/statuses", "status=@ali+a+BANANA").await.ok();
    let expected = json!([{
        "filter": {
            "id": filter["id"], "title": "Fruit", "context": ["home"], "expires_at": null, "filter_action": "warn",
        },
        "keyword_matches": ["Banana"],
        "status_matches": null,
    }]);
    let of = id(&status);
    ali.post(&format!("/api/v1/statuses/{of}/bookmark")).await.ok();
    ali.post(&format!("/api/v1/statuses/{of}/favourite")).await.ok();
    let answer = id(&bea.post_form("/api/v1/statuses", &format!("status=x&in_reply_to_id={of}")).await.ok());
    for (path, at) in [
        (format!("/api/v1/statuses/{of}"), ""),
        (format!("/api/v1/statuses?id[]={of}"), "/0"),
        (format!("/api/v1/statuses/{answer}/context"), "/ancestors/0"),
        ("/api/v1/timelines/home".to_owned(), "/1"),
        ("/api/v1/timelines/public".to_owned(), "/1"),
        (format!("/api/v1/accounts/{}/statuses", bea.id()), "/1"),
        ("/api/v1/notifications".to_owned(), "/0/status"),
        ("/api/v1/bookmarks".to_owned(), "/0"),
        ("/api/v1/favourites".to_owned(), "/0"),
        (format!("/api/v2/search?q={}", status["uri"].as_str().unwrap()), "/statuses/0"),
    ] {
        let body = ali.get(&path).await.ok();
        assert_eq!(body.pointer(at).unwrap()["filtered"], expected, "{path}: {body}");
    }
    // In a boost, of the boost and of what it boosts.
    let boost = bea.post(&format!("/api/v1/statuses/{of}/reblog")).await.ok();
    let boost = ali.get(&format!("/api/v1/statuses/{}", id(&boost))).await.ok();
    assert_eq!((&boost["filtered"], &boost["reblog"]["filtered"]), (&expected, &expected));
    // Others read it as it is, and without a log-in nothing is said of filters.
    assert_eq!(bea.get(&format!("/api/v1/statuses/{of}")).await.ok()["filtered"], json!([]));
    assert!(app.anonymous().get(&format!("/api/v1/statuses/{of}")).await.ok().get("filtered").is_none());
    // What changes counts at once.
    ali.put_json(&format!("/api/v2/filters/{}", id(&filter)), json!({ "expires_in": 0 })).await.ok();
    assert_eq!(ali.get(&format!("/api/v1/statuses/{of}")).await.ok()["filtered"], json!([]));
}

#[actix_web::test]
async fn old_apps_see_each_keyword_as_a_filter() {
    let app = TestApp::new();
    let ali = app.user("ali").await;
    let form = "phrase=tea&context[]=home&context[]=thread&irreversible=true&expires_in=60&whole_word=false";
    let filter = ali.post_form("/api/v1/filters", form).await.ok();
    assert_eq!(
        filter,
        json!({
            "id": id(&filter),
            "phrase": "tea",
            "context": ["home", "thread"],
            "whole_word": false,
            "expires_at": filter["expires_at"],
            "irreversible": true,
        })
    );
    assert!(filter["expires_at"].is_string());
    let path = format!("/api/v1/filters/{}", id(&filter));
    assert_eq!(ali.get(&path).await.ok(), filter);
    let second = ali.get("/api/v2/filters").await.ok();
    assert_eq!((&second[0]["title"], &second[0]["filter_action"]), (&json!("tea"), &json!("hide")));
    assert_eq!(second[0]["keywords"], json!([{ "id": filter["id"], "keyword": "tea", "whole_word": false }]));

    let change = json!({ "phrase": "coffee", "context": ["public"], "irreversible": false, "expires_in": "" });
    let changed = ali.put_json(&path, change).await.ok();
    let expected = json!({
        "id": filter["id"], "phrase": "coffee", "context": ["public"], "whole_word": false, "expires_at": null, "irreversible": false,
    });
    assert_eq!(changed, expected);
    assert_eq!(ali.get("/api/v2/filters").await.ok()[0]["title"], "coffee");

    // With a second keyword the filter is no longer this one's alone.
    let whole = format!("/api/v2/filters/{}", id(&second[0]));
    ali.post_form(&format!("{whole}/keywords"), "keyword=milk").await.ok();
    let refused = ali.put_json(&path, json!({ "phrase": "water", "context": ["home"] })).await;
    assert_eq!(refused.status, 422);
    assert_eq!(ali.get(&path).await.ok(), expected, "nothing was changed");
    let changed = ali.put_json(&path, json!({ "phrase": "water", "context": ["public"], "whole_word": true })).await.ok();
    assert_eq!((&changed["phrase"], &changed["whole_word"]), (&json!("water"), &json!(true)));
    assert_eq!(ali.get("/api/v1/filters").await.ok().as_array().unwrap().len(), 2);
    assert_eq!(ali.delete(&path).await.ok(), json!({}));
    assert_eq!(ali.get(&path).await.status, 404);
    assert_eq!(ali.get(&whole).await.ok()["keywords"][0]["keyword"], "milk");
}

#[actix_web::test]
async fn filters_are_their_owners_alone_and_need_their_scopes() {
    let app = TestApp::new();
    let (ali, bea) = (app.user("ali").await, app.user("bea").await);
    let filter = made(&ali, json!({ "title": "a", "context": ["home"], "keywords_attributes": [{ "keyword": "x" }] })).await;
    let paths = [format!("/api/v2/filters/{}", id(&filter)), format!("/api/v1/filters/{}", id(&filter["keywords"][0]))];
    let reader = app.log_in(ali.id(), Scopes::parse("read:filters").unwrap()).await;
    let writer = app.log_in(ali.id(), Scopes::parse("write:filters").unwrap()).await;
    for path in &paths {
        assert_eq!(bea.get(path).await.status, 404, "{path}");
        assert_eq!(bea.delete(path).await.status, 404, "{path}");
        assert_eq!(bea.put_json(path, json!({ "title": "b", "phrase": "b" })).await.status, 404, "{path}");
        assert_eq!(app.anonymous().get(path).await.status, 401, "{path}");
        assert_eq!(reader.get(path).await.status, 200, "{path}");
        assert_eq!(reader.delete(path).await.status, 403, "{path}");
        assert_eq!(reader.put_json(path, json!({})).await.status, 403, "{path}");
        assert_eq!(writer.get(path).await.status, 403, "{path}");
        let all = path.rsplit_once('/').unwrap().0;
        assert_eq!(reader.post(all).await.status, 403, "{all}");
        assert_eq!(writer.get(all).await.status, 403, "{all}");
        assert_eq!(app.anonymous().get(all).await.status, 401, "{all}");
        assert_eq!(bea.get(all).await.ok(), json!([]));
        assert_eq!(ali.get(&format!("{all}/nonsense")).await.status, 404);
    }
    assert_eq!(ali.get(&paths[0]).await.ok(), filter);
}
