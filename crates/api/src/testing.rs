//! The running application over a fresh database, for tests: whole requests in, whole answers out.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, http::header::HeaderMap};
use futures_util::future::LocalBoxFuture;
use majlis_federation::client::PrivatePeers;
use majlis_federation::{Federation, ServerInfo};
use majlis_local::ids::ActorId;
use majlis_local::scopes::{Scope, Scopes};
use majlis_local::testing::{TestDb, people};
use majlis_local::{apps, tokens};
use majlis_media::{FilmLimits, Films, Limits, Media, Store};
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::state::{Api, Config};
use crate::{cors, rate_limits, routes};

/// The application itself, made at the first request: making it takes longer than most answers.
#[derive(Clone)]
struct Service(Rc<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>>);

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

/// The application and its database.
#[derive(Debug, Clone)]
pub struct TestApp {
    /// The state that the endpoints share.
    pub api: Api,
    /// The database below.
    pub db: Arc<TestDb>,
    /// Where the files go, for as long as the application is there.
    folder: Arc<tempfile::TempDir>,
    service: Rc<OnceCell<Service>>,
}

/// Somebody who calls the application: with a token or without.
#[derive(Debug, Clone)]
pub struct Caller {
    app: TestApp,
    /// The bearer token, when there is one.
    pub token: Option<String>,
    /// The person behind it.
    pub actor: Option<ActorId>,
}

/// What the application answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decoded; `Value::Null` when it is no JSON.
    pub json: Value,
    /// The body as it came.
    pub text: String,
}

impl Default for TestApp {
    fn default() -> Self {
        Self::new()
    }
}

impl TestApp {
    /// A server at `https://majlis.example` where everybody may sign up and nothing is limited.
    pub fn new() -> Self {
        Self::with(Config { rate_limits: false, ..Config::default() })
    }

    /// A server with these settings.
    ///
    /// # Panics
    /// When the server cannot be set up: the test cannot go on.
    #[allow(clippy::expect_used)]
    pub fn with(config: Config) -> Self {
        Self::with_media(config, tempfile::tempdir().expect("a folder"), None)
    }

    /// A server that takes films too, which needs ffmpeg.
    ///
    /// # Panics
    /// When there is none: such a test proves nothing without it.
    #[allow(clippy::expect_used)]
    pub async fn with_films(limits: FilmLimits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let films = Films::find(None, folder.path().join("scratch"), limits).await.expect("a scratch folder");
        assert!(films.is_some(), "this test needs ffmpeg and ffprobe with libx264: install ffmpeg, or run ./test, which does");
        Self::with_media(Config { rate_limits: false, ..Config::default() }, folder, films)
    }

    /// A server that shows other servers' pictures, and keeps so many bytes of copies.
    ///
    /// # Panics
    /// When the server cannot be set up: the test cannot go on.
    #[allow(clippy::expect_used)]
    pub fn with_pictures(budget: u64) -> Self {
        let pictures = Some((majlis_local::secrets::Key::generate(), budget));
        Self::with(Config { rate_limits: false, pictures, ..Config::default() })
    }

    /// A server whose people may offer newsletters.
    ///
    /// # Panics
    /// When the server cannot be set up: the test cannot go on.
    #[allow(clippy::expect_used)]
    pub fn with_newsletters(config: Config) -> Self {
        let mut app = Self::with(config);
        let db = app.db.at(app.db.site().with_newsletters(Some(300)));
        app.api = Api::new(db, app.api.media.clone(), app.api.federation.clone(), app.api.config.clone());
        app
    }

    /// The state of the same server, started with another budget for pictures.
    pub fn with_another_budget(&self, budget: u64) -> Api {
        let pictures = Some((majlis_local::secrets::Key::generate(), budget));
        let config = Config { pictures, ..self.api.config.clone() };
        Api::new(majlis_local::Db::clone(&self.db), self.api.media.clone(), self.api.federation.clone(), config)
    }

    #[allow(clippy::expect_used)]
    fn with_media(config: Config, folder: tempfile::TempDir, films: Option<Films>) -> Self {
        let db = TestDb::new();
        let store = Store::local(folder.path().join("media")).expect("a store");
        let media = Media::new(store, Limits::default()).with_films(films);
        let server = ServerInfo {
            version: config.version.clone(),
            open_registrations: true,
            title: "Majlis".to_owned(),
            description: String::new(),
            alias_domains: Vec::new(),
        };
        let federation = Federation::new(db.clone(), PrivatePeers::On, server).expect("a federation");
        let api = Api::new(db.clone(), media, federation, config);
        Self { api, db: Arc::new(db), folder: Arc::new(folder), service: Rc::default() }
    }

    /// Where the files go.
    pub fn media_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("media")
    }

    /// A person of this name, with a token that may do everything.
    pub async fn user(&self, name: &str) -> Caller {
        let name = name.to_owned();
        let site = self.api.site().clone();
        let actor = self.write(move |c| Ok(people::local_at(c, &site, &name).id)).await;
        self.log_in(actor, Scope::ALL.iter().copied().collect()).await
    }

    /// A person who is there already, with a token of these scopes.
    pub async fn log_in(&self, actor: ActorId, scopes: Scopes) -> Caller {
        let token = self
            .write(move |c| {
                let app = apps::own(c, "Tests")?;
                Ok(tokens::issue(c, app.id, Some(actor), scopes)?.1)
            })
            .await;
        Caller { app: self.clone(), token: Some(token), actor: Some(actor) }
    }

    /// Changes the database.
    ///
    /// # Panics
    /// When that fails.
    #[allow(clippy::expect_used)]
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut majlis_local::Connection) -> majlis_local::Result<T> + Send + 'static,
    ) -> T {
        self.api.db.write(f).await.expect("a write")
    }

    /// Asks the database.
    ///
    /// # Panics
    /// When that fails.
    #[allow(clippy::expect_used)]
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut majlis_local::Connection) -> majlis_local::Result<T> + Send + 'static,
    ) -> T {
        self.api.db.read(f).await.expect("a read")
    }

    /// Somebody without a token.
    pub fn anonymous(&self) -> Caller {
        Caller { app: self.clone(), token: None, actor: None }
    }

    /// Somebody with this token.
    pub fn bearer(&self, token: &str) -> Caller {
        Caller { app: self.clone(), token: Some(token.to_owned()), actor: None }
    }

    /// Sends a request as it stands. Headers and bodies are the caller's.
    pub async fn send(&self, request: TestRequest) -> Answer {
        let service = self.service.get_or_init(|| Service::of(self.api.clone())).await.clone();
        service.0(request).await
    }
}

impl Service {
    async fn of(api: Api) -> Self {
        let app = App::new()
            .wrap(from_fn(rate_limits::limit))
            .wrap(from_fn(cors::allow))
            .wrap(NormalizePath::trim())
            .app_data(api)
            .configure(routes::configure);
        let service = Rc::new(init_service(app).await);
        Self(Rc::new(move |request| {
            let service = service.clone();
            let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 1234));
            let request = request.peer_addr(peer).to_request();
            Box::pin(async move {
                match service.call(request).await {
                    Ok(response) => Answer::read(response).await,
                    Err(error) => Answer::of_error(&error).await,
                }
            })
        }))
    }
}

impl Answer {
    async fn read(response: ServiceResponse<impl actix_web::body::MessageBody>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response).await;
        Self::from_parts(status, headers, &body)
    }

    async fn of_error(error: &actix_web::Error) -> Self {
        let response = error.error_response();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = actix_web::body::to_bytes(response.into_body()).await.unwrap_or_default();
        Self::from_parts(status, headers, &body)
    }

    fn from_parts(status: StatusCode, headers: HeaderMap, body: &[u8]) -> Self {
        let json = serde_json::from_slice(body).unwrap_or(Value::Null);
        Self { status, headers, json, text: String::from_utf8_lossy(body).into_owned() }
    }

    /// The answer's JSON, when all went well.
    ///
    /// # Panics
    /// When the status is not 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The URL of the `Link` header with this relation.
    pub fn link(&self, rel: &str) -> Option<String> {
        self.header("link")
            .split(", <")
            .find(|link| link.ends_with(&format!("rel=\"{rel}\"")))
            .and_then(|link| link.trim_start_matches('<').split_once('>'))
            .map(|(url, _)| url.to_owned())
    }
}

impl Caller {
    /// The person behind the token.
    ///
    /// # Panics
    /// When there is none.
    #[allow(clippy::expect_used)]
    pub fn id(&self) -> ActorId {
        self.actor.expect("a person")
    }

    /// A request of this caller without a body; `path` may have a query and may be an absolute URL of the server's own.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        let path = path.strip_prefix(self.app.api.site().origin()).unwrap_or(path);
        let request = TestRequest::default().method(method).uri(path);
        match &self.token {
            Some(token) => request.insert_header((header::AUTHORIZATION, format!("Bearer {token}"))),
            None => request,
        }
    }

    /// Sends a request of this caller.
    pub async fn send(&self, request: TestRequest) -> Answer {
        self.app.send(request).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// DELETE without a body.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST without a body.
    pub async fn post(&self, path: &str) -> Answer {
        self.send(self.request(Method::POST, path)).await
    }

    /// POST with a JSON body.
    pub async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).set_json(body)).await
    }

    /// POST with a form: `a=1&b[]=2`, as it is sent.
    pub async fn post_form(&self, path: &str, form: &str) -> Answer {
        self.send(self.form(Method::POST, path, form)).await
    }

    /// A request with a form as its body.
    pub fn form(&self, method: Method, path: &str, form: &str) -> TestRequest {
        let request = self.request(method, path);
        request.insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded")).set_payload(form.to_owned())
    }

    /// PUT with a JSON body.
    pub async fn put_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).set_json(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).set_json(body)).await
    }

    /// A request with a multipart body: fields, then files as name, file name, media type and content.
    pub fn multipart(
        &self,
        method: Method,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &str, &[u8])],
    ) -> TestRequest {
        let mut body = Vec::new();
        for (name, value) in fields {
            let head = format!("--majlis\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(head.as_bytes());
        }
        for (name, filename, content_type, content) in files {
            let head = format!(
                "--majlis\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
                 Content-Type: {content_type}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--majlis--\r\n");
        let request = self.request(method, path);
        request.insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=majlis")).set_payload(body)
    }
}
