//! Push subscriptions over HTTP, and messages on their way to a push service.

use actix_web::http::Method;
use majlis_local::jobs::{self, Job};
use majlis_local::notifications::NotificationKind;
use majlis_local::scopes::Scopes;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::message::{Sent, push};
use crate::testing::{Caller, TestApp};

const PATH: &str = "/api/v1/push/subscription";
const KEY: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn asked(endpoint: &str, alerts: &[&str]) -> Value {
    let alerts: Value = alerts.iter().map(|kind| ((*kind).to_owned(), json!(true))).collect::<Map<_, _>>().into();
    json!({ "subscription": { "endpoint": endpoint, "keys": { "p256dh": KEY, "auth": AUTH }, "standard": true }, "data": { "alerts": alerts } })
}

#[actix_web::test]
async fn an_app_subscribes_changes_its_mind_and_leaves() {
    let app = TestApp::new();
    let me = app.user("me").await;
    assert_eq!(me.get(PATH).await.status, 404);
    let form = format!(
        "subscription[endpoint]=https://push.example/a&subscription[keys][p256dh]={KEY}&subscription[keys][auth]={AUTH}\
         &data[alerts][mention]=true&data[alerts][favourite]=0&data[alerts][unheard_of]=1&data[policy]=followed"
    );
    let made = me.post_form(PATH, &form).await.ok();
    let alerts: Map<String, Value> =
        NotificationKind::ALL.iter().map(|kind| (kind.word().to_owned(), json!(*kind == NotificationKind::Mention))).collect();
    assert_eq!(
        made,
        json!({
            "id": made["id"],
            "endpoint": "https://push.example/a",
            "standard": false,
            "alerts": alerts,
            "policy": "followed",
            "server_key": made["server_key"],
        })
    );
    // Apps read it into 32 bits.
    assert!(made["id"].as_i64().is_some_and(|id| i32::try_from(id).is_ok()));
    let instance = me.get("/api/v2/instance").await.ok();
    assert_eq!(made["server_key"], instance["configuration"]["vapid"]["public_key"]);
    assert_eq!(me.get(PATH).await.ok(), made);
    // Each token has its own.
    assert_eq!(app.log_in(me.id(), Scopes::parse("push").unwrap()).await.get(PATH).await.status, 404);

    let changed = me.put_json(PATH, json!({ "data": { "alerts": { "follow": "1" } }, "policy": "none" })).await.ok();
    assert_eq!(
        (&changed["alerts"]["follow"], &changed["alerts"]["mention"], &changed["policy"]),
        (&json!(true), &json!(false), &json!("none"))
    );
    assert_eq!(changed["id"], made["id"]);
    let kept = me.patch_json(PATH, json!({ "data": { "policy": "all" } })).await.ok();
    assert_eq!((&kept["alerts"]["follow"], &kept["policy"]), (&json!(true), &json!("all")));
    let again = me.post_json(PATH, asked("https://push.example/b", &["poll"])).await.ok();
    assert_ne!(again["endpoint"], made["endpoint"]);
    assert_eq!(me.get(PATH).await.ok(), again);
    for _ in 0..2 {
        assert_eq!(me.send(me.request(Method::DELETE, PATH)).await.ok(), json!({}));
    }
    assert_eq!(me.get(PATH).await.status, 404);
    assert_eq!(me.put_json(PATH, json!({})).await.status, 404);
}

#[actix_web::test]
async fn a_wrong_subscription_is_refused() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let refused = async |body: Value, field: &str| {
        let answer = me.post_json(PATH, body).await;
        assert_eq!((answer.status.as_u16(), answer.json["details"].get(field).is_some()), (422, true), "{}", answer.text);
    };
    refused(json!({}), "subscription").await;
    refused(json!({ "subscription": { "endpoint": "https://push.example/" } }), "subscription[keys]").await;
    for endpoint in [
        "",
        "x",
        "ftp://push.example/",
        "https://majlis.example/inbox",
        "https://a:b@push.example/",
        &format!("https://push.example/{}", "x".repeat(3_000)),
    ] {
        refused(asked(endpoint, &[]), "subscription[endpoint]").await;
    }
    let mut body = asked("https://push.example/", &[]);
    body["data"]["policy"] = json!("some");
    refused(body, "data[policy]").await;
    let mut body = asked("https://push.example/", &[]);
    body["subscription"]["keys"]["p256dh"] = json!(AUTH);
    refused(body, "subscription[keys][p256dh]").await;
    let mut body = asked("https://push.example/", &[]);
    body["subscription"]["keys"]["auth"] = json!(KEY);
    refused(body, "subscription[keys][auth]").await;
    assert_eq!(me.get(PATH).await.status, 404);
    let reader = app.log_in(me.id(), Scopes::parse("read write").unwrap()).await;
    for answer in [reader.get(PATH).await, reader.post_json(PATH, asked("https://push.example/", &[])).await] {
        assert_eq!(answer.status, 403);
    }
    assert_eq!(app.anonymous().get(PATH).await.status, 401);
}

/// A push service that answers once; gives its address and then what it was sent.
async fn service(status: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/push", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 8_192];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request).to_lowercase();
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
            let head = request.windows(4).position(|four| four == b"\r\n\r\n");
            if read == 0 || matches!((length, head), (Some(length), Some(head)) if request.len() >= head + 4 + length) {
                break;
            }
        }
        stream
            .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        String::from_utf8_lossy(&request).to_lowercase()
    });
    (address, heard)
}

/// The pushes that wait.
async fn waiting(app: &TestApp) -> Vec<Job> {
    app.write(jobs::all).await.into_iter().filter(|job| matches!(job, Job::Push { .. })).collect()
}

async fn mention(app: &TestApp, me: &Caller, who: &str) -> Vec<Job> {
    let ali = app.user(who).await;
    ali.post_json("/api/v1/statuses", json!({ "status": format!("@me hello from {}", me.id()) })).await.ok();
    waiting(app).await
}

async fn run(app: &TestApp, job: &Job) -> Sent {
    let Job::Push { subscription, notification } = job else { panic!("{job:?}") };
    push(&app.api, *subscription, *notification, |told| format!("{} by {}", told.kind, told.name)).await
}

#[actix_web::test]
async fn a_notification_is_pushed_to_the_apps_that_want_it() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let (address, heard) = service("201 Created").await;
    me.post_json(PATH, asked(&address, &["mention"])).await.ok();
    let other = app.log_in(me.id(), Scopes::parse("push").unwrap()).await;
    other.post_json(PATH, asked(&address, &["favourite"])).await.ok();
    let jobs = mention(&app, &me, "ali").await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(run(&app, &jobs[0]).await, Sent::Done);
    let request = heard.await.unwrap();
    for header in ["post /push ", "content-encoding: aes128gcm", "ttl: 172800", "urgency: normal", "authorization: vapid t="] {
        assert!(request.contains(header), "{header} in {request}");
    }
    // Nobody is told of what has been dismissed, and not by whom the person does not follow.
    me.post("/api/v1/notifications/clear").await.ok();
    assert_eq!(run(&app, &jobs[0]).await, Sent::Done);
    me.put_json(PATH, json!({ "data": { "policy": "followed" } })).await.ok();
    let jobs = mention(&app, &me, "bea").await;
    assert_eq!((jobs.len(), run(&app, &jobs[1]).await), (2, Sent::Done));
    me.put_json(PATH, json!({ "data": { "policy": "none" } })).await.ok();
    assert_eq!(mention(&app, &me, "dina").await.len(), 2);
}

#[actix_web::test]
async fn what_is_filtered_is_not_pushed() {
    let app = TestApp::new();
    let me = app.user("me").await;
    me.post_json(PATH, asked("https://push.example/", &["mention"])).await.ok();
    me.patch_json("/api/v2/notifications/policy", json!({ "for_not_following": "filter" })).await.ok();
    assert_eq!(mention(&app, &me, "ali").await, []);
}

#[actix_web::test]
async fn a_push_service_may_say_later_or_never() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let (busy, _) = service("429 Too Many Requests\r\nretry-after: 30").await;
    me.post_json(PATH, asked(&busy, &["mention"])).await.ok();
    let jobs = mention(&app, &me, "ali").await;
    let later = run(&app, &jobs[0]).await;
    assert!(matches!(later, Sent::Again { after: Some(wait), .. } if wait.as_secs() == 30), "{later:?}");
    assert!(matches!(run(&app, &jobs[0]).await, Sent::Again { after: None, .. }));
    let (gone, _) = service("410 Gone").await;
    me.post_json(PATH, asked(&gone, &["mention"])).await.ok();
    let jobs = mention(&app, &me, "bea").await;
    assert_eq!(run(&app, &jobs[1]).await, Sent::Done);
    assert_eq!(me.get(PATH).await.status, 404);
}
