//! Search over HTTP.

use majlis_local::testing::people;
use serde_json::{Value, json};

use crate::testing::TestApp;

fn found(answer: &Value) -> (Vec<&str>, usize, Vec<&str>) {
    let each = |list: &str, name: &str| -> Vec<&str> {
        answer[list].as_array().unwrap().iter().map(|thing| thing.get(name).and_then(Value::as_str).unwrap_or_default()).collect()
    };
    (each("accounts", "acct"), answer["statuses"].as_array().unwrap().len(), each("hashtags", "name"))
}

#[actix_web::test]
async fn accounts_statuses_and_hashtags_are_found_by_kind() {
    let app = TestApp::new();
    let me = app.user("catlover").await;
    me.post_form("/api/v1/statuses", "status=cat+pictures+%23Cats").await.ok();
    app.write(|c| {
        people::remote(c, "cat");
        Ok(())
    })
    .await;
    let search = async |query: &str| me.get(&format!("/api/v2/search?{query}")).await.ok();
    assert_eq!(found(&search("q=cat").await), (vec!["cat@peer.example", "catlover"], 1, vec!["Cats"]));
    assert_eq!(found(&search("q=cat&type=accounts&limit=1").await), (vec!["cat@peer.example"], 0, vec![]));
    assert_eq!(found(&search("q=cat&type=accounts&limit=1&offset=1").await), (vec!["catlover"], 0, vec![]));
    assert_eq!(found(&search("q=cat&type=statuses").await).1, 1);
    assert_eq!(found(&search("q=%23cats").await), (vec![], 0, vec!["Cats"]));
    assert_eq!(found(&search("q=@cat@peer.example").await).0, ["cat@peer.example"]);
    assert_eq!(found(&search("q=https://peer.example/@cat").await).0, ["cat@peer.example"]);
    assert_eq!(found(&search("q=https://nowhere.invalid/x").await), (vec![], 0, vec![]));
    assert_eq!(search("").await, json!({ "accounts": [], "statuses": [], "hashtags": [] }));
    let tag = search("q=cats&type=hashtags").await["hashtags"][0].clone();
    assert_eq!(tag["url"], "https://majlis.example/tags/cats");
    assert_eq!((&tag["history"][0]["uses"], &tag["history"][0]["accounts"]), (&json!("1"), &json!("1")));
    assert_eq!(tag["history"].as_array().unwrap().len(), 7);
    assert_eq!(me.get("/api/v2/search?q=cat&type=cows").await.status, 422);
}

#[actix_web::test]
async fn who_is_not_logged_in_searches_what_is_here() {
    let app = TestApp::new();
    let me = app.user("catlover").await;
    me.post_form("/api/v1/statuses", "status=cat").await.ok();
    let nobody = app.anonymous();
    assert_eq!(found(&nobody.get("/api/v2/search?q=cat").await.ok()), (vec!["catlover"], 0, vec![]));
    assert_eq!(nobody.get("/api/v2/search?q=cat&resolve=true").await.status, 401);
    assert_eq!(nobody.get("/api/v2/search?q=cat&offset=2").await.status, 401);
}

#[actix_web::test]
async fn an_address_of_ours_is_found_only_by_whom_may_see_it() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let letter = me.post_form("/api/v1/statuses", "status=secret&visibility=direct").await.ok();
    let query = format!("/api/v2/search?resolve=true&q={}", letter["url"].as_str().unwrap());
    assert_eq!(found(&me.get(&query).await.ok()).1, 1);
    assert_eq!(found(&ali.get(&query).await.ok()).1, 0);
}

#[actix_web::test]
async fn operators_are_understood_and_wrong_dates_are_told() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let mine = me.post_form("/api/v1/statuses", "status=my+garden&language=en").await.ok();
    let answer = format!("status=an+answer+in+the+garden&in_reply_to_id={}", mine["id"].as_str().unwrap());
    me.post_form("/api/v1/statuses", &answer).await.ok();
    let search = async |query: &str| me.get(&format!("/api/v2/search?type=statuses&q={query}")).await.ok();
    assert_eq!(found(&search("garden").await).1, 2);
    assert_eq!(found(&search("garden+from:me+-is:reply").await).1, 1);
    assert_eq!(found(&search("%22the+garden%22").await).1, 1);
    assert_eq!(found(&search("from:ali").await).1, 0);
    let refused = me.get("/api/v2/search?q=garden+before:soon").await;
    assert_eq!((refused.status.as_u16(), &refused.json["details"]["q"][0]["error"]), (422, &json!("ERR_INVALID")));
    assert_eq!(found(&ali.get("/api/v2/search?q=garden").await.ok()).1, 0, "not let be found");
    let by = format!("/api/v2/search?q=garden&account_id={}", me.id());
    assert_eq!(found(&me.get(&by).await.ok()), (vec![], 2, vec![]));
}

#[actix_web::test]
async fn the_first_version_names_hashtags_only() {
    let app = TestApp::new();
    let me = app.user("catlover").await;
    let status = me.post_form("/api/v1/statuses", "status=cat+pictures+%23Cats").await.ok();
    let found = me.get("/api/v1/search?q=cat").await.ok();
    assert_eq!(found["hashtags"], json!(["Cats"]));
    assert_eq!((&found["accounts"][0]["acct"], &found["statuses"][0]["id"]), (&json!("catlover"), &status["id"]));
    assert_eq!(app.anonymous().get("/api/v1/search?q=cat").await.status, 401);
    let scopes = [majlis_local::scopes::Scope::ReadStatuses].into_iter().collect();
    assert_eq!(app.log_in(me.id(), scopes).await.get("/api/v1/search?q=cat").await.status, 403);
}
