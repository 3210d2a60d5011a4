//! Whole servers inside one test process: a database, the endpoints on a free loopback port, workers and lanes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, dead_code, unreachable_pub)]

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use majlis_federation::client::PrivatePeers;
use majlis_federation::jobs::Ended;
use majlis_federation::sig::{BodyDigest, Outgoing, PrivateKey, Scheme, sign};
use majlis_federation::{Federation, ServerInfo, endpoints, lanes};
use majlis_local::actors::{self, Actor, ActorKind, NewLocalActor};
use majlis_local::ids::ActorId;
use majlis_local::keypairs::KeyPair;
use majlis_local::posts::Post;
use majlis_local::publish::{self, Draft};
use majlis_local::schema::users;
use majlis_local::testing::TestDb;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Result, Timestamp, jobs};

use diesel::prelude::*;
use tokio::sync::watch;
use url::Url;

pub struct Server {
    pub db: TestDb,
    pub federation: Federation,
    pub origin: String,
    stop: watch::Sender<bool>,
    handle: actix_web::dev::ServerHandle,
}

impl Server {
    pub async fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let db = TestDb::at(&origin);
        let info = ServerInfo {
            version: "0".into(),
            open_registrations: true,
            title: "A majlis".into(),
            description: String::new(),
            alias_domains: vec!["alias.example".into()],
        };
        let federation = Federation::new((*db).clone(), PrivatePeers::On, info).unwrap();
        let data = Data::new(federation.clone());
        let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(endpoints::configure))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(lanes::run(federation.clone(), stopped.clone()));
        tokio::spawn(work(federation.clone(), stopped));
        Self { db, federation, origin, stop, handle }
    }

    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.handle.stop(false).await;
    }

    /// A local person who can be notified.
    pub async fn person(&self, name: &str) -> Actor {
        let keys = KeyPair::generate().unwrap();
        let (name, site) = (name.to_owned(), self.db.site().clone());
        self.write(move |c| {
            let new = NewLocalActor {
                username: name.clone(),
                kind: ActorKind::Person,
                display_name: name.clone(),
                locked: false,
                keys,
            };
            let actor = actors::create_local(c, &site, new)?;
            diesel::insert_into(users::table)
                .values((
                    users::actor_id.eq(actor.id),
                    users::email.eq(format!("{name}@example.org")),
                    users::password_hash.eq(""),
                    users::role.eq(0),
                    users::locale.eq("ar"),
                    users::default_visibility.eq(Visibility::Public),
                    users::default_format.eq("text/plain"),
                    users::expand_media.eq("default"),
                    users::created_at.eq(Timestamp::now()),
                    users::confirmed_at.eq(Some(Timestamp::now())),
                ))
                .execute(c)?;
            Ok(actor)
        })
        .await
    }

    pub async fn read<T: Send + 'static>(&self, f: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static) -> T {
        self.db.read(f).await.unwrap()
    }

    pub async fn write<T: Send + 'static>(&self, f: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static) -> T {
        self.db.write(f).await.unwrap()
    }

    pub async fn post(&self, author: &Actor, draft: Draft) -> Post {
        let (site, id) = (self.db.site().clone(), author.id);
        self.write(move |c| publish::publish(c, &site, id, Draft { character_limit: 500, ..draft })).await
    }

    /// Waits until `f` finds something: peers need a moment.
    pub async fn eventually<T: Send + 'static>(
        &self,
        what: &str,
        f: impl Fn(&mut Connection) -> Result<Option<T>> + Send + Clone + 'static,
    ) -> T {
        for _ in 0..400 {
            if let Some(found) = self.db.read(f.clone()).await.unwrap() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never happened: {what}");
    }

    /// Another server's actor as it is known here.
    pub async fn known(&self, other: &Actor) -> Option<Actor> {
        let uri = other.uri.clone();
        self.read(move |c| actors::by_uri(c, &uri)).await
    }

    /// Looks an actor of another server up, as a search does.
    pub async fn look_up(&self, other: &Actor, server: &Server) -> Actor {
        let handle =
            majlis_local::text::Handle { name: other.username.clone(), domain: Some(server.db.site().domain().to_owned()) };
        self.federation.resolve_handle(&handle).await.unwrap()
    }
}

/// The job worker of a test: one at a time, no back-off.
async fn work(federation: Federation, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let claimed = federation.db().write(|c| jobs::claim(c, 10, 60)).await.unwrap();
        for claimed in &claimed {
            let id = claimed.id;
            match federation.run(id, &claimed.job).await {
                Ok(Ended::Finished) => {}
                Ok(_) => federation.db().write(move |c| jobs::finish(c, &[id])).await.unwrap(),
                Err(error) => eprintln!("job {id} is left: {error}"),
            }
        }
        if claimed.is_empty() {
            tokio::select! {
                () = federation.db().jobs_committed() => {}
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

/// A hand-made peer: an actor document and webfinger on a free port, and a key to sign with.
pub struct Peer {
    pub origin: String,
    pub actor: String,
    pub key_id: String,
    pub key: PrivateKey,
    pub requests: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    handle: actix_web::dev::ServerHandle,
}

impl Peer {
    pub async fn start() -> Self {
        use actix_web::{HttpRequest, HttpResponse, web};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let keys = KeyPair::generate().unwrap();
        let actor = format!("{origin}/u/eve");
        let requests = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let profile = serde_json::json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": actor, "type": "Person", "preferredUsername": "eve", "name": "Eve",
            "inbox": format!("{actor}/inbox"), "followers": format!("{actor}/followers"),
            "publicKey": {"id": format!("{actor}#main-key"), "owner": actor, "publicKeyPem": keys.public_pem},
        });
        let domain = origin.trim_start_matches("http://").to_owned();
        let jrd = serde_json::json!({
            "subject": format!("acct:eve@{domain}"),
            "links": [{"rel": "self", "type": "application/activity+json", "href": actor}],
        });
        let counter = requests.clone();
        let server = HttpServer::new(move || {
            let (profile, jrd, counter) = (profile.clone(), jrd.clone(), counter.clone());
            App::new().default_service(web::to(move |req: HttpRequest| {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let (profile, jrd) = (profile.clone(), jrd.clone());
                async move {
                    match req.path() {
                        "/u/eve" => HttpResponse::Ok().content_type("application/activity+json").body(profile.to_string()),
                        "/.well-known/webfinger" => HttpResponse::Ok().content_type("application/jrd+json").body(jrd.to_string()),
                        _ => HttpResponse::NotFound().finish(),
                    }
                }
            }))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            key_id: format!("{actor}#main-key"),
            key: PrivateKey::from_pem(&keys.private_pem).unwrap(),
            origin,
            actor,
            requests,
            handle,
        }
    }

    pub async fn stop(self) {
        self.handle.stop(false).await;
    }

    pub fn requests(&self) -> usize {
        self.requests.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Signs and sends an activity; gives back the status.
    pub async fn send(&self, inbox: &str, activity: &serde_json::Value) -> u16 {
        self.send_as(inbox, activity.to_string(), Scheme::Cavage, Utc::now(), &self.key_id, &self.key, |_| {}).await
    }

    #[allow(clippy::too_many_arguments)]
    pub async fn send_as(
        &self,
        inbox: &str,
        body: String,
        scheme: Scheme,
        at: DateTime<Utc>,
        key_id: &str,
        key: &PrivateKey,
        spoil: impl FnOnce(&mut Vec<(&'static str, String)>),
    ) -> u16 {
        let url = Url::parse(inbox).unwrap();
        let digest = BodyDigest::of(body.as_bytes());
        let mut fields = sign(Outgoing { method: "POST", url: &url, digest: Some(&digest) }, scheme, key_id, key, at).unwrap();
        spoil(&mut fields);
        post(inbox, body, fields).await
    }

    pub fn activity(&self, id: &str, kind: &str, object: serde_json::Value) -> serde_json::Value {
        serde_json::json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": format!("{}/{id}", self.origin), "type": kind, "actor": self.actor, "object": object,
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
        })
    }

    pub fn note(&self, id: &str, mentions: &Actor) -> serde_json::Value {
        serde_json::json!({
            "id": format!("{}/{id}", self.origin), "type": "Note", "attributedTo": self.actor,
            "content": "<p>hello</p>", "published": "2026-01-01T00:00:00Z",
            "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [mentions.uri],
            "tag": [{"type": "Mention", "href": mentions.uri, "name": "@x"}],
        })
    }
}

pub async fn post(inbox: &str, body: String, fields: Vec<(&'static str, String)>) -> u16 {
    let mut request = client().post(inbox).header("content-type", "application/activity+json").body(Bytes::from(body));
    for (name, value) in fields {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status().as_u16()
}

pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A document as a server asks for it.
pub async fn get(url: &str) -> (u16, serde_json::Value) {
    let answer = client().get(url).header("accept", "application/activity+json").send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

pub fn draft(text: &str) -> Draft {
    Draft { text: text.into(), ..Draft::default() }
}

pub fn ids(actors: &[Actor]) -> Vec<ActorId> {
    actors.iter().map(|a| a.id).collect()
}
