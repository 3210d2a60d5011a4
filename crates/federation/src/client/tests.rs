//! The client against servers on loopback that misbehave in every way we know.
//! Each server is a listener that reads a request and writes whatever the test says, byte by byte.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::sig::{Headers, Request, check};

static KEY: LazyLock<Arc<PrivateKey>> = LazyLock::new(|| Arc::new(PrivateKey::generate_rsa().unwrap()));

const ACTIVITY: &str = "application/activity+json";

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    method: String,
    pub(crate) target: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Seen {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Verifies the request as an inbox would, and says by which scheme it was signed.
    fn verify(&self, origin: &Url) -> Scheme {
        let request = Request {
            method: &self.method,
            path_and_query: &self.target,
            headers: self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Headers<'_>>(),
            body: &self.body,
        };
        let checked = check(&request, Utc::now(), origin).unwrap();
        checked.verify(&KEY.public_key().unwrap()).unwrap();
        assert_eq!(checked.key_id, signer().key_id.as_ref());
        checked.scheme
    }
}

/// What a server does with a request.
pub(crate) enum Answer {
    /// Status, fields, body; the length is announced.
    Plain(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// These bytes, then the same ones again and again until the client has enough.
    Endless(&'static str, Vec<u8>),
    /// One byte of a body each 20 ms.
    Drip,
    /// Nothing.
    Silence,
}

fn json(body: impl Into<String>) -> Answer {
    Answer::Plain(200, vec![("content-type", ACTIVITY.to_owned())], body.into().into_bytes())
}

/// An answer of JSON under another media type.
pub(crate) fn json_of_type(kind: &'static str, value: serde_json::Value) -> Answer {
    Answer::Plain(200, vec![("content-type", kind.to_owned())], value.to_string().into_bytes())
}

fn redirect(location: impl Into<String>) -> Answer {
    Answer::Plain(302, vec![("location", location.into())], Vec::new())
}

pub(crate) fn status(status: u16, fields: Vec<(&'static str, String)>) -> Answer {
    Answer::Plain(status, fields, Vec::new())
}

pub(crate) struct Server {
    pub(crate) origin: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Seen, &Url) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let origin: Url = format!("http://{address}").parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, all, own) = (Arc::new(answer), seen.clone(), origin.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, all, own) = (answer.clone(), all.clone(), own.clone());
                tokio::spawn(async move { serve(stream, &*answer, &all, &own).await });
            }
        });
        Self { origin, seen }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.origin.join(path).unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, answer: &(impl Fn(&Seen, &Url) -> Answer + Sync), all: &Mutex<Vec<Seen>>, own: &Url) {
    let mut bytes = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut bytes).await {
        let said = answer(&request, own);
        all.lock().unwrap().push(request);
        match said {
            Answer::Plain(status, fields, body) => {
                let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in fields {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                if stream.write_all(&[head.into_bytes(), body].concat()).await.is_err() {
                    return;
                }
            }
            Answer::Endless(head, chunk) => {
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n");
                if stream.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                while stream.write_all(&chunk).await.is_ok() {}
                return;
            }
            Answer::Drip => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {ACTIVITY}\r\ncontent-length: 100000\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                return;
            }
            Answer::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
        }
    }
}

async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let fields: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let length: usize = fields
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap());
    bytes.drain(..end + 4);
    while bytes.len() < length {
        stream.read_buf(bytes).await.ok()?;
    }
    let body = bytes.drain(..length).collect();
    Some(Seen { method, target, fields, body })
}

fn signer() -> Signer {
    Signer { key_id: "https://majlis.example/actor#main-key".into(), key: KEY.clone() }
}

pub(crate) fn client() -> Client {
    client_with(PrivatePeers::On)
}

fn client_with(peers: PrivatePeers) -> Client {
    let limits = Limits { total: Duration::from_millis(700), connect: Duration::from_millis(500), ..Limits::default() };
    Client::with_limits(&"https://majlis.example".parse().unwrap(), peers, limits).unwrap()
}

fn budget() -> Budget {
    Budget::new(20, Duration::from_secs(20))
}

/// Fetches an object, signed by draft-cavage.
async fn get(client: &Client, url: &Url) -> Result<Fetched, ClientError> {
    client.get_activity_json(url, Some(&signer()), Scheme::Cavage, &budget()).await
}

fn note(id: impl std::fmt::Display) -> String {
    format!(r#"{{"id":"{id}","type":"Note","content":"hello"}}"#)
}

#[tokio::test]
async fn an_object_is_fetched_with_a_signature_that_verifies() {
    let server = Server::start(|seen, own| json(note(own.join(&seen.target).unwrap()))).await;
    let fetched = get(&client(), &server.url("/notes/1?x=1#part")).await.unwrap();
    assert_eq!(fetched.object.id(), Some(server.url("/notes/1?x=1").as_str()));
    assert_eq!((fetched.scheme, &fetched.url), (Scheme::Cavage, &server.url("/notes/1?x=1")));
    let seen = &server.seen()[0];
    assert_eq!(seen.verify(&server.origin), Scheme::Cavage);
    assert_eq!(
        seen.field("user-agent"),
        Some(format!("Majlis/{} (+https://majlis.example)", env!("CARGO_PKG_VERSION")).as_str())
    );
    assert!(document::is_activity_json(seen.field("accept").unwrap().split(',').next().unwrap()));
    assert!(seen.field("date").is_some());
}

#[tokio::test]
async fn schemes_are_swapped_once_each_and_remembered_by_the_caller() {
    let server = Server::start(|seen, own| match (seen.field("signature-input").is_some(), seen.target.as_str()) {
        (true, _) | (_, "/open") => json(note(own.join(&seen.target).unwrap())),
        _ => status(401, vec![]),
    })
    .await;
    let client = client();
    assert_eq!(get(&client, &server.url("/1")).await.unwrap().scheme, Scheme::Rfc9421);
    assert_eq!(server.seen().len(), 2);
    assert_eq!(server.seen()[1].verify(&server.origin), Scheme::Rfc9421);
    let preferred = client.get_activity_json(&server.url("/1"), Some(&signer()), Scheme::Rfc9421, &budget()).await.unwrap();
    assert_eq!((preferred.scheme, server.seen().len()), (Scheme::Rfc9421, 3));
    // Unsigned requests have nothing to swap.
    let unsigned = client.get_activity_json(&server.url("/1"), None, Scheme::Cavage, &budget()).await;
    assert_eq!(unsigned, Err(ClientError::Status { status: 401, retry_after: None }));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_peer_that_refuses_every_signature_is_asked_a_bounded_number_of_times() {
    let server = Server::start(|_, _| status(401, vec![])).await;
    for (path, requests) in [("/plain", 2), ("/query?page=1", 3)] {
        let before = server.seen().len();
        let refused = get(&client(), &server.url(path)).await;
        assert_eq!(refused, Err(ClientError::Status { status: 401, retry_after: None }));
        assert_eq!(server.seen().len() - before, requests, "{path}");
    }
}

#[tokio::test]
async fn accept_signature_is_obeyed_first() {
    let server = Server::start(|seen, own| match seen.field("signature-input") {
        Some(_) => json(note(own.join(&seen.target).unwrap())),
        None => status(401, vec![("accept-signature", r#"sig1=("@method" "@target-uri");created;keyid"#.to_owned())]),
    })
    .await;
    assert_eq!(get(&client(), &server.url("/1?page=2")).await.unwrap().scheme, Scheme::Rfc9421);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_path_alone_is_signed_for_those_who_want_it() {
    let server = Server::start(|seen, own| {
        // A peer that rebuilds the request target without the query string.
        let bare = Seen { target: seen.target.split('?').next().unwrap().to_owned(), ..seen.clone() };
        let request = Request {
            method: "GET",
            path_and_query: &bare.target,
            headers: bare.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Headers<'_>>(),
            body: b"",
        };
        let verified = check(&request, Utc::now(), own).and_then(|checked| checked.verify(&KEY.public_key().unwrap()));
        if verified.is_ok() { json(note(own.join(&seen.target).unwrap())) } else { status(401, vec![]) }
    })
    .await;
    assert_eq!(get(&client(), &server.url("/outbox?page=1")).await.unwrap().scheme, Scheme::CavagePathOnly);
}

#[tokio::test]
async fn redirects_are_followed_signed_anew_and_bounded() {
    let server = Server::start(|seen, own| match seen.target.as_str() {
        "/@b" => redirect("/users/b"),
        "/loop" => redirect("/loop"),
        "/nowhere" => status(302, vec![]),
        target if target.starts_with("/long/") => redirect(format!("/long/{}", target.len())),
        target => json(note(own.join(target).unwrap())),
    })
    .await;
    let client = client();
    assert_eq!(get(&client, &server.url("/@b")).await.unwrap().url, server.url("/users/b"));
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[1].target.as_str(), seen[1].verify(&server.origin)), ("/users/b", Scheme::Cavage));
    for path in ["/loop", "/long/1", "/nowhere"] {
        assert_eq!(get(&client, &server.url(path)).await, Err(ClientError::Redirects), "{path}");
    }
    assert_eq!(server.seen().iter().filter(|seen| seen.target == "/loop").count(), MAX_REDIRECTS + 1);
}

#[tokio::test]
async fn private_addresses_are_refused_when_private_peers_are_off() {
    let inner = Server::start(|_, _| json(note("http://127.0.0.1/1"))).await;
    let target = inner.url("/secret").to_string();
    let outer = Server::start(move |_, _| redirect(target.clone())).await;
    let mut client = client_with(PrivatePeers::Off);
    for url in [inner.url("/secret"), "https://127.0.0.1/".parse().unwrap(), "https://[::ffff:127.0.0.1]/".parse().unwrap()] {
        assert!(matches!(get(&client, &url).await, Err(ClientError::Refused(_))), "{url}");
    }
    // A name that passes for a public one is judged by what it resolves to when it is connected to.
    client.guard.exempt = Some("https://localhost:1".parse::<Url>().unwrap().origin());
    let named = get(&client, &"https://localhost:1/".parse().unwrap()).await;
    assert_eq!(named, Err(ClientError::PrivateAddress("localhost".into())));
    // The first server stands for a public one: its redirect leads inside.
    client.guard.exempt = Some(outer.origin.origin());
    assert!(matches!(get(&client, &outer.url("/")).await, Err(ClientError::Refused(_))));
    assert_eq!((outer.seen().len(), inner.seen().len()), (1, 0));
    let delivered = client
        .post_activity(&inner.url("/inbox"), Bytes::from_static(b"{}"), &BodyDigest::of(b"{}"), &signer(), Scheme::Cavage)
        .await;
    assert!(matches!(delivered, Err(ClientError::Refused(_))));
    assert_eq!(inner.seen().len(), 0);
}

#[tokio::test]
async fn endless_and_announced_bodies_are_cut_off() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/endless" => Answer::Endless("content-type: application/activity+json", vec![b' '; 65536]),
        "/announced" => Answer::Endless("content-type: application/activity+json\r\ncontent-length: 4000000000", vec![b' '; 16]),
        "/bomb" => Answer::Endless("content-type: application/activity+json\r\ncontent-encoding: gzip", gzip_bomb()),
        _ => json(" ".repeat(document::MAX_BYTES + 1)),
    })
    .await;
    for path in ["/endless", "/announced", "/bomb", "/large"] {
        assert_eq!(get(&client(), &server.url(path)).await, Err(ClientError::TooLarge), "{path}");
    }
}

/// A gzip stream whose one block says: a zero, then a hundred thousand times "the same 258 bytes again". 160 KiB
/// become 25 MiB. The fixed Huffman codes of RFC 1951 §3.2.6, written bit by bit.
fn gzip_bomb() -> Vec<u8> {
    struct Bits(Vec<u8>, u8);
    impl Bits {
        fn push(&mut self, bit: u8) {
            if self.1 == 0 {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= bit << self.1;
            self.1 = (self.1 + 1) % 8;
        }

        /// Huffman codes begin with their highest bit.
        fn code(&mut self, code: u16, length: u32) {
            for place in (0..length).rev() {
                self.push((code >> place & 1) as u8);
            }
        }
    }
    let mut bits = Bits(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 0);
    for bit in [1, 1, 0] {
        bits.push(bit);
    }
    bits.code(0b0011_0000, 8);
    for _ in 0..100_000 {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    bits.0
}

#[tokio::test]
async fn slow_and_silent_servers_are_left() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/drip" => Answer::Drip,
        _ => Answer::Silence,
    })
    .await;
    for path in ["/drip", "/silence"] {
        let began = Instant::now();
        assert_eq!(get(&client(), &server.url(path)).await, Err(ClientError::Timeout), "{path}");
        assert!(began.elapsed() < Duration::from_secs(10), "{path}");
    }
    let inbox = server.url("/silence");
    let delivered =
        client().post_activity(&inbox, Bytes::from_static(b"{}"), &BodyDigest::of(b"{}"), &signer(), Scheme::Cavage).await;
    assert_eq!(delivered, Err(ClientError::Timeout));
}

#[tokio::test]
async fn only_activitypub_is_read() {
    let server = Server::start(|seen, own| {
        let kind = match seen.target.as_str() {
            "/ld" => r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams"; charset=utf-8"#,
            "/json" => "application/json",
            "/html" => "text/html",
            _ => "",
        };
        Answer::Plain(200, vec![("content-type", kind.to_owned())], note(own.join(&seen.target).unwrap()).into_bytes())
    })
    .await;
    assert!(get(&client(), &server.url("/ld")).await.is_ok());
    for path in ["/json", "/html", "/none"] {
        assert!(matches!(get(&client(), &server.url(path)).await, Err(ClientError::ContentType(_))), "{path}");
    }
    let value: serde_json::Value = client().get_json(&server.url("/json"), "application/json", &budget()).await.unwrap();
    assert_eq!(value["type"], "Note");
    assert!(matches!(
        client().get_json::<serde_json::Value>(&server.url("/html"), "*/*", &budget()).await,
        Err(ClientError::ContentType(_))
    ));
    let page = client().get_bytes(&server.url("/html"), "text/html", 1000, &budget()).await.unwrap();
    assert_eq!(page.content_type.as_deref(), Some("text/html"));
    assert_eq!(client().get_bytes(&server.url("/html"), "text/html", 10, &budget()).await, Err(ClientError::TooLarge));
}

#[tokio::test]
async fn deep_and_broken_json_is_refused() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/deep" => json(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
        "/deeper" => json(format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000))),
        _ => json("{\"id\":"),
    })
    .await;
    for path in ["/deep", "/deeper"] {
        assert_eq!(get(&client(), &server.url(path)).await, Err(ClientError::Parse(ParseError::TooDeep)), "{path}");
    }
    assert!(matches!(get(&client(), &server.url("/broken")).await, Err(ClientError::Parse(ParseError::Json(_)))));
}

#[tokio::test]
async fn an_object_is_believed_only_from_its_own_origin() {
    let honest = Server::start(|seen, own| match seen.target.as_str() {
        "/@b" => json(note(own.join("/users/b").unwrap())),
        "/gone" => status(410, vec![]),
        target => json(note(own.join(target).unwrap())),
    })
    .await;
    let (victim, gone) = (honest.url("/users/b"), honest.url("/gone"));
    let liar = Server::start(move |seen, own| match seen.target.as_str() {
        "/fake" => json(format!(r#"{{"id":"{victim}","type":"Note","content":"a lie"}}"#)),
        "/gone" => json(note(&gone)),
        "/chain" => json(note(own.join("/chain2").unwrap())),
        "/chain2" => json(note(own.join("/chain3").unwrap())),
        "/nobody" => json(r#"{"type":"Note"}"#),
        _ => json(note("did:key:z6Mk")),
    })
    .await;
    let client = client();
    // Another address of the same thing: the id itself is fetched.
    assert_eq!(get(&client, &honest.url("/@b")).await.unwrap().url, honest.url("/users/b"));
    // Somebody else's words: the owner of the id is asked, and its answer counts.
    let fetched = get(&client, &liar.url("/fake")).await.unwrap();
    assert_eq!(fetched.url, honest.url("/users/b"));
    assert_eq!(fetched.object.as_note().unwrap().content.as_deref(), Some("hello"));
    assert!(get(&client, &liar.url("/gone")).await.unwrap_err().is_gone());
    for path in ["/chain", "/nobody", "/odd"] {
        assert!(matches!(get(&client, &liar.url(path)).await, Err(ClientError::IdMismatch { .. })), "{path}");
    }
}

#[tokio::test]
async fn a_collection_needs_no_id() {
    let server = Server::start(|_, _| json(r#"{"type":"OrderedCollectionPage","orderedItems":["https://a.example/1"]}"#)).await;
    let (page, url) = client().get_collection(&server.url("/outbox?page=1"), None, Scheme::Cavage, &budget()).await.unwrap();
    assert_eq!(page.ids().collect::<Vec<_>>(), ["https://a.example/1"]);
    assert_eq!(url, server.url("/outbox?page=1"));
}

#[tokio::test]
async fn the_budget_counts_every_request() {
    let server = Server::start(|seen, own| match seen.target.as_str() {
        "/@b" => redirect("/users/b"),
        target => json(note(own.join(target).unwrap())),
    })
    .await;
    let budget = Budget::new(3, Duration::from_secs(20));
    let client = client();
    let fetch = async |path: &str| client.get_activity_json(&server.url(path), None, Scheme::Cavage, &budget).await;
    assert!(fetch("/@b").await.is_ok());
    assert_eq!(budget.requests_left(), 1);
    assert_eq!(fetch("/@b").await, Err(ClientError::Budget));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn the_budget_bounds_time_too() {
    let server = Server::start(|_, _| Answer::Drip).await;
    let budget = Budget::new(3, Duration::from_millis(100));
    let fetched = client().get_activity_json(&server.url("/"), None, Scheme::Cavage, &budget).await;
    assert_eq!(fetched, Err(ClientError::Budget));
}

#[tokio::test]
async fn a_delivery_tells_what_the_lane_needs() {
    let server = Server::start(|seen, _| match seen.target.as_str() {
        "/inbox" => status(202, vec![]),
        "/busy" => status(429, vec![("retry-after", "120".to_owned())]),
        "/dated" => status(503, vec![("retry-after", "Thu, 01 Jan 2026 00:00:00 GMT".to_owned())]),
        "/picky" => status(401, vec![("accept-signature", r#"sig1=("@method");alg="rsa-v1_5-sha256""#.to_owned())]),
        "/moved" => redirect("/inbox"),
        "/talks" => Answer::Plain(400, vec![], b"no\n thanks".to_vec()),
        _ => Answer::Endless("content-type: text/plain", vec![b'x'; 65536]),
    })
    .await;
    let body = Bytes::from_static(br#"{"type":"Follow"}"#);
    let digest = BodyDigest::of(&body);
    let client = client();
    let post = async |path: &str, scheme| {
        client.post_activity(&server.url(path), body.clone(), &digest, &signer(), scheme).await.unwrap()
    };

    for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
        assert!(post("/inbox", scheme).await.is_delivered());
        let seen = server.seen().pop().unwrap();
        assert_eq!((seen.verify(&server.origin), seen.body.as_slice()), (scheme, &body[..]));
        assert_eq!(seen.field("content-type"), Some(ACTIVITY));
        assert_eq!(seen.field("digest"), Some(digest.digest_header().as_str()));
    }
    let busy = post("/busy", Scheme::Cavage).await;
    assert_eq!((busy.status, busy.retry_after, busy.is_delivered()), (429, Some(Duration::from_secs(120)), false));
    assert_eq!(post("/dated", Scheme::Cavage).await.retry_after, Some(Duration::ZERO));
    let picky = post("/picky", Scheme::Cavage).await;
    assert_eq!((picky.status, picky.wants_rfc9421), (401, true));
    let before = server.seen().len();
    assert_eq!(post("/moved", Scheme::Cavage).await.status, 302);
    assert_eq!(server.seen().len(), before + 1);
    assert_eq!(post("/talks", Scheme::Cavage).await.excerpt, "no thanks");
    assert!(post("/endless", Scheme::Cavage).await.is_delivered());
}

#[tokio::test]
async fn connections_are_used_again() {
    let connections = Arc::new(Mutex::new(0));
    let counted = connections.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *counted.lock().unwrap() += 1;
            let own: Url = "http://127.0.0.1".parse().unwrap();
            tokio::spawn(
                async move { serve(stream, &|_: &Seen, _: &Url| status(202, vec![]), &Mutex::new(Vec::new()), &own).await },
            );
        }
    });
    let client = client();
    for _ in 0..5 {
        let inbox = origin.join("/inbox").unwrap();
        client.post_activity(&inbox, Bytes::from_static(b"{}"), &BodyDigest::of(b"{}"), &signer(), Scheme::Cavage).await.unwrap();
    }
    assert_eq!(*connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_closed_port_is_a_broken_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error = get(&client(), &url).await.unwrap_err();
    assert!(matches!(error, ClientError::Connection(_)), "{error:?}");
    assert!(error.is_temporary());
}
