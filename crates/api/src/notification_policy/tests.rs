//! The policy over HTTP.

use majlis_local::scopes::Scopes;
use serde_json::json;

use crate::testing::TestApp;

#[actix_web::test]
async fn a_policy_is_read_and_changed_in_both_shapes() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let usual = me.get("/api/v2/notifications/policy").await.ok();
    let nothing = json!({ "pending_requests_count": 0, "pending_notifications_count": 0 });
    assert_eq!(
        usual,
        json!({
            "for_not_following": "accept",
            "for_not_followers": "accept",
            "for_new_accounts": "accept",
            "for_private_mentions": "filter",
            "for_limited_accounts": "filter",
            "for_bots": "accept",
            "summary": nothing,
        })
    );
    let changed =
        me.patch_json("/api/v2/notifications/policy", json!({ "for_bots": "drop", "for_new_accounts": "filter" })).await.ok();
    assert_eq!(
        (&changed["for_bots"], &changed["for_new_accounts"], &changed["for_not_following"]),
        (&json!("drop"), &json!("filter"), &json!("accept"))
    );
    assert_eq!(me.get("/api/v2/notifications/policy").await.ok(), changed);
    let put = me.put_json("/api/v2/notifications/policy", json!({ "for_not_following": "drop" })).await.ok();
    assert_eq!(put["for_not_following"], "drop");
    assert_eq!(
        me.get("/api/v1/notifications/policy").await.ok(),
        json!({
            "filter_not_following": true,
            "filter_not_followers": false,
            "filter_new_accounts": true,
            "filter_private_mentions": true,
            "summary": nothing,
        })
    );
    // What is dropped stays so when an old app says that it is to be filtered.
    let form = "filter_not_following=true&filter_new_accounts=false&filter_not_followers=1";
    let old = me.send(me.form(actix_web::http::Method::PATCH, "/api/v1/notifications/policy", form)).await.ok();
    assert_eq!((&old["filter_not_followers"], &old["filter_new_accounts"]), (&json!(true), &json!(false)));
    let now = me.get("/api/v2/notifications/policy").await.ok();
    assert_eq!(
        (&now["for_not_following"], &now["for_not_followers"], &now["for_new_accounts"]),
        (&json!("drop"), &json!("filter"), &json!("accept"))
    );

    let wrong =
        me.patch_json("/api/v2/notifications/policy", json!({ "for_bots": "maybe", "for_not_following": "accept" })).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json["details"]["for_bots"][0]["error"]), (422, &json!("ERR_INCLUSION")));
    assert_eq!(me.get("/api/v2/notifications/policy").await.ok(), now);
    assert_eq!(app.anonymous().get("/api/v2/notifications/policy").await.status, 401);
    let reader = app.log_in(me.id(), Scopes::parse("read").unwrap()).await;
    for path in ["/api/v1/notifications/policy", "/api/v2/notifications/policy"] {
        assert_eq!(reader.get(path).await.status, 200);
        assert_eq!(reader.patch_json(path, json!({})).await.status, 403);
    }
}
