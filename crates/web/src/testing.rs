//! The running pages over a fresh database, for tests: somebody with a browser asks for pages and sends forms.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::rc::Rc;

use actix_web::cookie::Cookie;
use actix_web::http::{Method, header};
use actix_web::middleware::NormalizePath;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use majlis_federation::client::PrivatePeers;
use majlis_federation::{Federation, ServerInfo};
use majlis_local::actors::Actor;
use majlis_local::testing::{TestDb, people};
use majlis_local::{Connection, passwords};
use majlis_media::Store;
use tempfile::TempDir;

use crate::{Config, Web, configure, routes};

/// The password of everybody who has one.
pub(crate) const PASSWORD: &str = "a good password";

/// The pages and their database.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    pub(crate) web: Web,
    pub(crate) store: Store,
    db: Rc<TestDb>,
    _files: Rc<TempDir>,
}

/// Somebody who visits: keeps cookies, and sends the token of the last page with every form.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    pages: Pages,
    cookies: BTreeMap<String, String>,
    token: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Pages {
    /// A server at `https://majlis.example` where everybody may sign up.
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let db = TestDb::new();
        let server = ServerInfo {
            version: config.version.clone(),
            open_registrations: true,
            title: config.title.clone(),
            description: String::new(),
            alias_domains: Vec::new(),
        };
        let federation = Federation::new(db.clone(), PrivatePeers::On, server).unwrap();
        let files = tempfile::tempdir().unwrap();
        let store = Store::local(files.path()).unwrap();
        Self { web: Web::new(db.clone(), federation, config), store, db: Rc::new(db), _files: Rc::new(files) }
    }

    /// A server whose people may offer newsletters.
    pub(crate) fn with_newsletters() -> Self {
        let pages = Self::new();
        let db = pages.db.at(pages.db.site().with_newsletters(Some(300)));
        let web = Web::new(db, pages.web.federation.clone(), pages.web.config.clone());
        Self { web, ..pages }
    }

    /// Changes the database.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Connection) -> majlis_local::Result<T> + Send + 'static,
    ) -> T {
        self.db.write(f).await.unwrap()
    }

    /// Somebody who lives here and has a password.
    pub(crate) async fn user(&self, name: &'static str) -> Actor {
        let actor = self.write(move |c| Ok(people::local(c, name))).await;
        passwords::change(&self.db, actor.id, PASSWORD.to_owned()).await.unwrap();
        actor
    }

    /// Somebody who has never been here.
    pub(crate) fn browser(&self) -> Browser {
        Browser { pages: self.clone(), cookies: BTreeMap::new(), token: String::new() }
    }

    /// Somebody who has logged in.
    pub(crate) async fn logged_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        browser.get("/auth/sign_in").await;
        let answer = browser.post("/auth/sign_in", &[("name", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        browser
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    /// GET with headers.
    pub(crate) async fn get_with(&mut self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let request = TestRequest::default().method(Method::GET).uri(path);
        self.send(headers.iter().fold(request, |request, header| request.insert_header(*header))).await
    }

    /// POST of a form, with the token of the last page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let form =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("token", &token).extend_pairs(fields).finish();
        let request = TestRequest::default().method(Method::POST).uri(path);
        self.send(request.insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded")).set_payload(form)).await
    }

    /// POST of a form with a file, which is called `data`.
    pub(crate) async fn upload(&mut self, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Answer {
        let token = self.token.clone();
        let mut body = Vec::new();
        for (name, value) in [("token", token.as_str())].iter().chain(fields) {
            let part = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        body.extend_from_slice(
            b"--x\r\nContent-Disposition: form-data; name=\"data\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n",
        );
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--x--\r\n");
        let request = TestRequest::default().method(Method::POST).uri(path);
        self.send(request.insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=x")).set_payload(body)).await
    }

    /// DELETE with a form, with the token of the last page.
    pub(crate) async fn delete(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let form =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("token", &token).extend_pairs(fields).finish();
        let request = TestRequest::default().method(Method::DELETE).uri(path);
        self.send(request.insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded")).set_payload(form)).await
    }

    /// Forgets the token of the last page.
    pub(crate) fn without_token(mut self) -> Self {
        self.token.clear();
        self
    }

    async fn send(&mut self, mut request: TestRequest) -> Answer {
        let app = App::new().wrap(NormalizePath::trim()).app_data(self.pages.web.clone());
        let app = app.app_data(web::Data::new(self.pages.store.clone())).configure(configure);
        let app = init_service(app.default_service(web::to(routes::nowhere))).await;
        for (name, value) in &self.cookies {
            request = request.cookie(Cookie::new(name.clone(), value.clone()));
        }
        let response = call_service(&app, request.to_request()).await;
        for cookie in response.response().cookies() {
            if cookie.value().is_empty() {
                self.cookies.remove(cookie.name());
            } else {
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8_lossy(&read_body(response).await).into_owned();
        if let Some((_, rest)) = text.split_once("name=\"token\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token);
        }
        Answer { status, headers, text }
    }
}

impl Answer {
    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The text of a page that was found.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 200, "{} {}", self.header("location"), self.text);
        self.text
    }

    /// Where the visitor is sent.
    #[track_caller]
    pub(crate) fn goes_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        self.header("location")
    }
}
