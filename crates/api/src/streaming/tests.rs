//! Streaming over true sockets: a small WebSocket client (RFC 6455) and server-sent events by hand.

use std::time::Duration;

use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::{App, HttpServer};
use majlis_local::testing::people;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::testing::{Caller, TestApp};
use crate::{cors, rate_limits, routes};

/// Serves the application on a free port of loopback.
fn serve(app: &TestApp) -> u16 {
    let api = app.api.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(rate_limits::limit))
            .wrap(from_fn(cors::allow))
            .wrap(NormalizePath::trim())
            .app_data(api.clone())
            .configure(routes::configure)
    })
    .workers(1)
    .bind(("127.0.0.1", 0))
    .unwrap();
    let port = server.addrs()[0].port();
    actix_web::rt::spawn(server.disable_signals().run());
    port
}

/// An HTTP connection after its request was sent and the head of the answer read.
struct Connection {
    stream: TcpStream,
    head: String,
    bytes: Vec<u8>,
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("in time")
}

impl Connection {
    async fn open(port: u16, path: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: majlis.example\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut connection = Self { stream, head: String::new(), bytes: Vec::new() };
        let end = soon(async {
            loop {
                if let Some(end) = connection.bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                    break end;
                }
                assert!(connection.more().await, "the connection ended early");
            }
        })
        .await;
        connection.head = String::from_utf8_lossy(&connection.bytes[..end]).to_lowercase();
        connection.bytes.drain(..end + 4);
        connection
    }

    async fn socket(port: u16, query: &str, headers: &str) -> Self {
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        Self::open(port, &format!("/api/v1/streaming{query}"), &format!("{upgrade}{headers}")).await
    }

    fn is_open(&self) -> bool {
        self.head.starts_with("http/1.1 101")
    }

    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; 65_536];
        let n = self.stream.read(&mut buffer).await.unwrap_or(0);
        self.bytes.extend_from_slice(&buffer[..n]);
        n > 0
    }

    /// The next frame: its opcode and payload.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if self.bytes.len() >= 2 {
                let (at, length) = match self.bytes[1] & 127 {
                    126 if self.bytes.len() >= 4 => (4, usize::from(u16::from_be_bytes([self.bytes[2], self.bytes[3]]))),
                    127 if self.bytes.len() >= 10 => {
                        (10, usize::try_from(u64::from_be_bytes(self.bytes[2..10].try_into().unwrap())).unwrap())
                    }
                    short if short < 126 => (2, usize::from(short)),
                    _ => (usize::MAX, 0),
                };
                if at != usize::MAX && self.bytes.len() >= at + length {
                    let opcode = self.bytes[0] & 15;
                    let payload = self.bytes[at..at + length].to_vec();
                    self.bytes.drain(..at + length);
                    return Some((opcode, payload));
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The next message, its payload read where it is JSON.
    async fn message(&mut self) -> Value {
        let (opcode, payload) = soon(self.frame()).await.expect("a frame");
        assert_eq!(opcode, 1, "{payload:?}");
        let mut message: Value = serde_json::from_slice(&payload).unwrap();
        if let Some(text) = message["payload"].as_str() {
            message["payload"] = serde_json::from_str(text).unwrap();
        }
        message
    }

    async fn say(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        if payload.len() < 126 {
            frame.push(0x80 | u8::try_from(payload.len()).unwrap());
        } else {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
        // A mask of zeroes changes nothing.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).await.unwrap();
    }

    async fn ask(&mut self, wish: Value) {
        self.say(1, wish.to_string().as_bytes()).await;
        // What was asked for has happened when the answer to a ping is there.
        self.say(9, b"?").await;
        assert_eq!(soon(self.frame()).await.unwrap(), (10, b"?".to_vec()));
    }

    /// The next server-sent event: its name and data.
    async fn event(&mut self) -> (String, Value) {
        soon(async {
            loop {
                let text = String::from_utf8_lossy(&self.bytes).into_owned();
                let data = |line: &str| serde_json::from_str(line.strip_prefix("data: ")?).ok();
                if let Some(start) = text.find("event: ")
                    && let Some(end) = text[start..].find("\n\n")
                {
                    let mut lines = text[start..start + end].lines();
                    let name = lines.next().unwrap().trim_start_matches("event: ").trim().to_owned();
                    let data = lines.find_map(data).unwrap();
                    self.bytes.clear();
                    return (name, data);
                }
                assert!(self.more().await, "the stream ended");
            }
        })
        .await
    }
}

fn token(caller: &Caller) -> String {
    caller.token.clone().unwrap()
}

async fn say(by: &Caller, form: &str) -> Value {
    by.post_form("/api/v1/statuses", form).await.ok()
}

#[actix_web::test]
async fn home_hears_posts_edits_deletions_and_notifications() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let (viewer, author) = (me.actor.unwrap(), ali.actor.unwrap());
    app.write(move |c| Ok(people::follow(c, viewer, author))).await;
    let port = serve(&app);
    let mut socket = Connection::socket(port, &format!("?stream=user&access_token={}", token(&me)), "").await;
    assert!(socket.is_open(), "{}", socket.head);

    let status = say(&ali, "status=hello").await;
    let heard = socket.message().await;
    assert_eq!((&heard["stream"], &heard["event"]), (&json!(["user"]), &json!("update")));
    // What is heard is what would have been read.
    let path = format!("/api/v1/statuses/{}", status["id"].as_str().unwrap());
    assert_eq!(heard["payload"], me.get(&path).await.ok());

    ali.put_json(&path, json!({ "status": "hello again" })).await.ok();
    let heard = socket.message().await;
    assert_eq!((&heard["event"], &heard["payload"]["id"]), (&json!("status.update"), &status["id"]));

    ali.delete(&path).await.ok();
    let heard = socket.message().await;
    // A bare id: numeric text, which Mastodon.py reads as JSON.
    let id: i64 = status["id"].as_str().unwrap().parse().unwrap();
    assert_eq!((&heard["event"], &heard["payload"]), (&json!("delete"), &json!(id)));

    let mine = say(&me, "status=mine").await;
    assert_eq!(socket.message().await["payload"]["id"], mine["id"]);
    ali.post(&format!("/api/v1/statuses/{}/favourite", mine["id"].as_str().unwrap())).await.ok();
    let heard = socket.message().await;
    assert_eq!((&heard["event"], &heard["payload"]["type"]), (&json!("notification"), &json!("favourite")));
}

#[actix_web::test]
async fn home_hears_public_posts_with_followed_hashtags() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    me.post("/api/v1/tags/cats/follow").await.ok();
    let port = serve(&app);
    let mut socket = Connection::socket(port, &format!("?stream=user&access_token={}", token(&me)), "").await;
    say(&ali, "status=no+tag").await;
    say(&ali, "status=quiet+%23cats&visibility=unlisted").await;
    let heard = say(&ali, "status=hello+%23Cats").await;
    assert_eq!(socket.message().await["payload"]["id"], heard["id"]);
    me.post("/api/v1/tags/cats/unfollow").await.ok();
    say(&ali, "status=once+more+%23Cats").await;
    let mine = say(&me, "status=mine").await;
    assert_eq!(socket.message().await["payload"]["id"], mine["id"]);
}

#[actix_web::test]
async fn one_socket_hears_many_channels_and_only_what_it_asked_for() {
    let app = TestApp::new();
    let (me, ali, eve) = (app.user("me").await, app.user("ali").await, app.user("eve").await);
    let (viewer, author, writer) = (me.actor.unwrap(), ali.actor.unwrap(), eve.actor.unwrap());
    let list = app
        .write(move |c| {
            people::follow(c, viewer, author);
            // A stranger's letter would wait in a request.
            people::follow(c, viewer, writer);
            Ok(people::list(c, viewer, &[author], 0, false))
        })
        .await;
    let port = serve(&app);
    // As browsers send the token; it is echoed.
    let mut socket = Connection::socket(port, "", &format!("Sec-WebSocket-Protocol: {}\r\n", token(&me))).await;
    assert!(socket.head.contains(&format!("sec-websocket-protocol: {}", token(&me).to_lowercase())), "{}", socket.head);
    for wish in [
        json!({ "type": "subscribe", "stream": "user:notification" }),
        json!({ "type": "subscribe", "stream": "list", "list": list.to_string() }),
        json!({ "type": "subscribe", "stream": "hashtag:local", "tag": "Cats" }),
        json!({ "type": "subscribe", "stream": "public:local" }),
        json!({ "type": "subscribe", "stream": "public:local:media" }),
        json!({ "type": "subscribe", "stream": "public:remote" }),
        json!({ "type": "subscribe", "stream": "direct" }),
    ] {
        socket.ask(wish).await;
    }
    say(&ali, "status=all+%23cats").await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let heard = socket.message().await;
        assert_eq!(heard["event"], "update");
        streams.push(heard["stream"].to_string());
    }
    streams.sort();
    assert_eq!(
        streams,
        [json!(["hashtag:local", "Cats"]), json!(["list", list.to_string()]), json!(["public:local"])].map(|s| s.to_string())
    );

    say(&eve, "status=@me+a+letter&visibility=direct").await;
    let (one, two) = (socket.message().await, socket.message().await);
    let (letter, notice) = if one["event"] == "conversation" { (one, two) } else { (two, one) };
    assert_eq!((&letter["stream"], &letter["payload"]["accounts"][0]["acct"]), (&json!(["direct"]), &json!("eve")));
    assert_eq!((&notice["stream"], &notice["payload"]["type"]), (&json!(["user:notification"]), &json!("mention")));

    for stream in ["public:local", "hashtag:local"] {
        socket.ask(json!({ "type": "unsubscribe", "stream": stream, "tag": "cats" })).await;
    }
    app.write(|c| {
        let badr = people::remote(c, "badr");
        people::receive(c, people::note(&badr, "from afar"));
        Ok(())
    })
    .await;
    assert_eq!(socket.message().await["stream"], json!(["public:remote"]));

    for (wish, status) in [
        (json!({ "type": "subscribe", "stream": "nothing" }), 400),
        (json!({ "type": "subscribe", "stream": "hashtag" }), 400),
        (json!({ "type": "subscribe", "stream": "list", "list": "7" }), 404),
        (json!({ "type": "dance", "stream": "user" }), 400),
    ] {
        socket.say(1, wish.to_string().as_bytes()).await;
        assert_eq!(socket.message().await["status"], status, "{wish}");
    }
    socket.say(1, b"no json").await;
    assert_eq!(socket.message().await["status"], 400);
}

#[actix_web::test]
async fn who_is_muted_or_muting_is_told_apart() {
    let app = TestApp::new();
    let (me, ali, eve) = (app.user("me").await, app.user("ali").await, app.user("eve").await);
    let (viewer, muted) = (me.actor.unwrap(), eve.actor.unwrap());
    app.write(move |c| {
        people::mute(c, viewer, muted, None);
        Ok(())
    })
    .await;
    let port = serve(&app);
    let mut mine = Connection::socket(port, &format!("?stream=public&access_token={}", token(&me)), "").await;
    let mut nobodys = Connection::socket(port, "?stream=public", "").await;
    let first = say(&eve, "status=by+eve").await;
    let second = say(&ali, "status=by+ali").await;
    assert_eq!(mine.message().await["payload"]["id"], second["id"]);
    let heard = nobodys.message().await;
    assert_eq!(heard["payload"]["id"], first["id"]);
    assert!(heard["payload"].get("favourited").is_none());
}

#[actix_web::test]
async fn server_sent_events_tell_the_same() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let (viewer, author) = (me.actor.unwrap(), ali.actor.unwrap());
    app.write(move |c| Ok(people::follow(c, viewer, author))).await;
    let port = serve(&app);
    let bearer = format!("Authorization: Bearer {}\r\n", token(&me));
    let mut home = Connection::open(port, "/api/v1/streaming/user", &bearer).await;
    assert!(home.head.contains("content-type: text/event-stream"), "{}", home.head);
    let mut tag = Connection::open(port, "/api/v1/streaming/hashtag/local?tag=x", "").await;
    let status = say(&ali, "status=hello+%23x").await;
    for stream in [&mut home, &mut tag] {
        let (name, data) = stream.event().await;
        assert_eq!((name.as_str(), &data["id"]), ("update", &status["id"]));
    }
    ali.delete(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap())).await.ok();
    assert_eq!(home.event().await.0, "delete");
    // A stream that is left leaves nothing behind.
    drop((home, tag));
    soon(async {
        while app.api.streaming.listeners() > 0 {
            say(&ali, "status=%23x").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[actix_web::test]
async fn a_stranger_is_refused_and_a_revoked_token_ends_the_socket() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let port = serve(&app);
    for (query, status) in [("?stream=user", 401), ("?stream=user&access_token=wrong", 401), ("?stream=nothing", 400)] {
        let refused = Connection::socket(port, query, "").await;
        assert!(refused.head.starts_with(&format!("http/1.1 {status}")), "{query}: {}", refused.head);
    }
    let plain = app.anonymous().get("/api/v1/streaming").await;
    assert_eq!((plain.status.as_u16(), plain.header("upgrade")), (426, "websocket"));
    let health = app.anonymous().get("/api/v1/streaming/health").await;
    assert_eq!((health.status.as_u16(), health.text.as_str()), (200, "OK"));
    assert_eq!(app.anonymous().get("/api/v1/streaming/user").await.status, 401);

    let mut socket = Connection::socket(port, &format!("?stream=user&access_token={}", token(&me)), "").await;
    let actor = me.actor.unwrap();
    app.write(move |c| majlis_local::tokens::revoke_all(c, actor)).await;
    let (opcode, _) = soon(socket.frame()).await.unwrap();
    assert_eq!(opcode, 8);
}

#[actix_web::test]
async fn who_does_not_read_is_let_go_and_holds_nobody_up() {
    let app = TestApp::new();
    let me = app.user("me").await;
    let mut slow = app.api.streaming.connect(&app.api, me.actor);
    let mut fast = app.api.streaming.connect(&app.api, me.actor);
    for subscriber in [&mut slow, &mut fast] {
        subscriber.subscribe(super::hub::Topic::User(me.actor.unwrap()), vec!["user".to_owned()]);
    }
    for n in 0..300 {
        say(&me, &format!("status={n}")).await;
        assert!(soon(fast.next()).await.is_some());
    }
    assert_eq!(app.api.streaming.listeners(), 1);
    let mut left = 0;
    while soon(slow.next()).await.is_some() {
        left += 1;
    }
    assert_eq!(left, 256);
}

#[actix_web::test]
async fn filters_are_applied_and_their_change_is_told() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let (viewer, author) = (me.actor.unwrap(), ali.actor.unwrap());
    app.write(move |c| Ok(people::follow(c, viewer, author))).await;
    let port = serve(&app);
    let mut socket = Connection::socket(port, &format!("?stream=user&access_token={}", token(&me)), "").await;
    let mut events = Connection::open(port, &format!("/api/v1/streaming/user?access_token={}", token(&me)), "").await;
    let filter = json!({ "title": "t", "context": ["home"], "keywords_attributes": [{ "keyword": "banana" }] });
    me.post_json("/api/v2/filters", filter).await.ok();
    assert_eq!(socket.message().await, json!({ "stream": ["user"], "event": "filters_changed" }));
    assert_eq!(events.event().await, ("filters_changed".to_owned(), Value::Null));
    let status = say(&ali, "status=a+banana").await;
    let heard = socket.message().await;
    assert_eq!(heard["payload"]["filtered"][0]["keyword_matches"], json!(["banana"]));
    assert_eq!(heard["payload"], me.get(&format!("/api/v1/statuses/{}", status["id"].as_str().unwrap())).await.ok());
    assert_eq!(events.event().await.1, heard["payload"]);
}

#[actix_web::test]
async fn announcements_reach_everybody_in_their_language() {
    use majlis_local::announcements::{self, NewAnnouncement};

    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let reader = ali.id();
    app.write(move |c| people::set_locale(c, reader, "ar")).await;
    let port = serve(&app);
    let mut mine = Connection::socket(port, &format!("?stream=user&access_token={}", token(&me)), "").await;
    let mut his = Connection::socket(port, &format!("?stream=user&access_token={}", token(&ali)), "").await;
    let site = app.api.site().clone();
    let id = app
        .write(move |c| {
            let texts = vec![(Some("en".into()), "hello".into()), (Some("ar".into()), "مرحبا".into())];
            let id = announcements::create(c, &site, NewAnnouncement { texts, ..Default::default() })?.id;
            announcements::tell(c, id)?;
            Ok(id)
        })
        .await;
    for (socket, text) in [(&mut mine, "<p>hello</p>"), (&mut his, "<p>مرحبا</p>")] {
        let heard = socket.message().await;
        assert_eq!((&heard["event"], &heard["payload"]["content"]), (&json!("announcement"), &json!(text)));
        assert!(heard["payload"].get("read").is_none());
    }
    let reaction = me.request(actix_web::http::Method::PUT, &format!("/api/v1/announcements/{id}/reactions/%E2%98%95"));
    me.send(reaction).await.ok();
    let payload = json!({ "name": "☕", "count": 1, "announcement_id": id.to_string() });
    let expected = json!({ "stream": ["user"], "event": "announcement.reaction", "payload": payload });
    assert_eq!(his.message().await, expected);
    assert_eq!(mine.message().await, expected);
    app.write(move |c| {
        announcements::delete(c, id)?;
        announcements::tell(c, id)
    })
    .await;
    let heard = his.message().await;
    assert_eq!((&heard["event"], &heard["payload"]), (&json!("announcement.delete"), &json!(id.0)));
}

#[actix_web::test]
async fn what_was_filtered_and_accepted_is_announced_on_both_channels() {
    let app = TestApp::new();
    let port = serve(&app);
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    me.patch_json("/api/v2/notifications/policy", json!({ "for_not_following": "filter" })).await.ok();
    let bearer = format!("Authorization: Bearer {}\r\n", me.token.clone().unwrap());
    let mut user = Connection::socket(port, "?stream=user", &bearer).await;
    let mut only = Connection::open(port, "/api/v1/streaming/user/notification", &bearer).await;
    // What is filtered is told to nobody: the merge is the first that is heard.
    ali.post_json("/api/v1/statuses", json!({ "status": "@me hi" })).await.ok();
    let request = me.get("/api/v1/notifications/requests").await.ok()[0]["id"].as_str().unwrap().to_owned();
    me.post(&format!("/api/v1/notifications/requests/{request}/accept")).await.ok();
    let (recipient, actor) = (me.id(), ali.id());
    app.write(move |c| majlis_local::notification_requests::merge(c, recipient, actor)).await;
    assert_eq!(user.message().await, json!({ "stream": ["user"], "event": "notifications_merged", "payload": 1 }));
    assert_eq!(only.event().await, ("notifications_merged".to_owned(), json!(1)));
    ali.post_json("/api/v1/statuses", json!({ "status": "@me again" })).await.ok();
    assert_eq!(only.event().await.1["type"], "mention");
}
