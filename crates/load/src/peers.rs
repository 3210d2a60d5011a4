//! The other servers: one port each on this machine, actors with keys, and inboxes that count what they get.

use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use majlis_federation::sig::PrivateKey;
use serde_json::json;

use crate::Failure;

/// Hosts that answer at once.
pub(crate) const LIVE: usize = 20;
/// The host that answers after two seconds.
pub(crate) const SLOW: usize = LIVE;
/// The host that takes connections and never answers.
pub(crate) const SILENT: usize = LIVE + 1;
/// All of them.
pub(crate) const HOSTS: usize = LIVE + 2;

const ACTIVITY_JSON: &str = "application/activity+json";

/// All the other servers.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Their ports, by number of the host.
    pub(crate) ports: Vec<u16>,
    state: Arc<State>,
    handle: ServerHandle,
}

#[derive(Debug)]
struct State {
    hosts: HashMap<u16, usize>,
    public_pem: String,
    inboxes: Vec<Mutex<Inbox>>,
}

/// What came to one host.
#[derive(Debug, Default, Clone)]
struct Inbox {
    ids: HashSet<String>,
    last: Option<Instant>,
}

/// The address of a host.
pub(crate) fn origin(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A listener on a free port of this machine, or on the one that was used before.
pub(crate) fn listen(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", port)).map_err(|error| format!("cannot listen on port {port}: {error}").into())
}

impl Peers {
    /// Starts them on these listeners; all actors have this key.
    pub(crate) fn start(listeners: Vec<TcpListener>, key: &PrivateKey) -> Result<Self, Failure> {
        let ports = listeners.iter().map(|l| Ok(l.local_addr()?.port())).collect::<Result<Vec<u16>, Failure>>()?;
        let state = Arc::new(State {
            hosts: ports.iter().enumerate().map(|(host, port)| (*port, host)).collect(),
            public_pem: key.public_key()?.to_pem()?,
            inboxes: ports.iter().map(|_| Mutex::default()).collect(),
        });
        let data = Data::from(state.clone());
        let mut server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/.well-known/webfinger", web::get().to(webfinger))
                .route("/users/{name}", web::get().to(actor))
                .route("/inbox", web::post().to(inbox))
                .route("/users/{name}/inbox", web::post().to(inbox))
        })
        .workers(1)
        .disable_signals()
        .keep_alive(Duration::from_secs(600));
        for listener in listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self { ports, state, handle })
    }

    /// Forgets what came so far.
    pub(crate) fn forget(&self) {
        for inbox in &self.state.inboxes {
            *inbox.lock().unwrap_or_else(PoisonError::into_inner) = Inbox::default();
        }
    }

    /// How many different activities came to a host, and when the last one did.
    pub(crate) fn received(&self, host: usize) -> (usize, Option<Instant>) {
        match self.state.inboxes.get(host) {
            Some(inbox) => {
                let inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
                (inbox.ids.len(), inbox.last)
            }
            None => (0, None),
        }
    }

    /// Ends them, whatever is still open.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// The document of an actor: whoever is asked for is there.
pub(crate) fn document(origin: &str, name: &str, public_pem: &str) -> serde_json::Value {
    let uri = format!("{origin}/users/{name}");
    json!({
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": uri, "type": "Person", "preferredUsername": name, "name": name, "summary": "<p>Somebody of another server.</p>",
        "inbox": format!("{uri}/inbox"), "outbox": format!("{uri}/outbox"), "followers": format!("{uri}/followers"),
        "url": format!("{origin}/@{name}"), "discoverable": true,
        "endpoints": {"sharedInbox": format!("{origin}/inbox")},
        "publicKey": {"id": format!("{uri}#main-key"), "owner": uri, "publicKeyPem": public_pem},
    })
}

/// The port that a request came to.
fn port_of(req: &HttpRequest) -> u16 {
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0)
}

async fn actor(state: Data<State>, req: HttpRequest, name: Path<String>) -> HttpResponse {
    let document = document(&origin(port_of(&req)), &name, &state.public_pem);
    HttpResponse::Ok().content_type(ACTIVITY_JSON).body(document.to_string())
}

#[derive(serde::Deserialize)]
struct Resource {
    resource: String,
}

async fn webfinger(req: HttpRequest, query: Query<Resource>) -> HttpResponse {
    let port = port_of(&req);
    let bare = query.resource.trim_start_matches("acct:");
    let name = bare.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let href = format!("{}/users/{name}", origin(port));
    let answer = json!({
        "subject": format!("acct:{name}@127.0.0.1:{port}"),
        "links": [{"rel": "self", "type": ACTIVITY_JSON, "href": href}],
    });
    HttpResponse::Ok().content_type("application/jrd+json").body(answer.to_string())
}

/// What is read of an activity.
#[derive(serde::Deserialize)]
struct Named {
    id: String,
}

async fn inbox(state: Data<State>, req: HttpRequest, body: Bytes) -> HttpResponse {
    let Some(host) = state.hosts.get(&port_of(&req)).copied() else { return HttpResponse::NotFound().finish() };
    match host {
        SLOW => tokio::time::sleep(Duration::from_secs(2)).await,
        SILENT => std::future::pending().await,
        _ => {}
    }
    let Ok(activity) = serde_json::from_slice::<Named>(&body) else { return HttpResponse::BadRequest().finish() };
    if let Some(inbox) = state.inboxes.get(host) {
        let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.ids.insert(activity.id);
        inbox.last = Some(Instant::now());
    }
    HttpResponse::Accepted().finish()
}
