//! The frame around every page: who visits, in which language, the head, and the headers of the answer.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt::Write as _;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;
use majlis_local::registrations::Registrations;
use majlis_local::settings::About;
use majlis_local::{Site, secrets};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::forms;
use crate::language::{self, Digits, Language, Locale};
use crate::sessions::{self, Person};
use crate::state::Web;
use crate::words::Words;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const VARY: HeaderValue = HeaderValue::from_static("Accept, Accept-Language, Cookie");
const OURS_ONLY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; \
     manifest-src 'self'; base-uri 'none'";

/// A visit: what is known of whoever asks for a page. The extractor of every handler; cheap to clone.
#[derive(Debug, Clone)]
pub struct Visit(Rc<Visitor>);

/// What [`Visit`] holds.
#[derive(Debug)]
pub struct Visitor {
    /// The shared state.
    pub web: Web,
    /// The language of the page.
    pub locale: Locale,
    /// Who is logged in.
    pub person: Option<Person>,
    /// What the server says of itself.
    pub about: Arc<About>,
    /// `?lang=` chose the language just now: it is remembered.
    chose_language: bool,
    path: String,
    query: String,
    /// The secret in the visitor's cookie for forms.
    form_cookie: Option<String>,
    /// The one that this page gives it, when it has none.
    new_form_cookie: OnceCell<String>,
}

/// Who may keep a page, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The same for everybody who is not logged in: shared caches may keep it for a moment.
    Shared,
    /// For this visitor's eyes.
    Private,
}

impl std::ops::Deref for Visit {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        &self.0
    }
}

impl Visit {
    /// A visit by nobody in particular, for pages that say what went wrong.
    fn anonymous(req: &HttpRequest, web: Web) -> Self {
        let (locale, chose_language) = Locale::of(req, web.config.language);
        let form_cookie = req
            .cookie(forms::cookie_name(web.is_secure()))
            .map(|cookie| cookie.value().to_owned())
            .filter(|secret| secret.len() >= 32);
        let about = web.about_now();
        Self(Rc::new(Visitor {
            web,
            about,
            locale,
            person: None,
            chose_language,
            path: req.path().to_owned(),
            query: req.query_string().to_owned(),
            form_cookie,
            new_form_cookie: OnceCell::new(),
        }))
    }

    async fn of(req: &HttpRequest) -> Result<Self> {
        let web = Web::of(req)?.clone();
        let person = match sessions::secret(req, web.is_secure()) {
            Some(secret) => sessions::person(&web.db, secret, sessions::address(req)).await?,
            None => None,
        };
        let about = web.about().await?;
        let mut visit = Self::anonymous(req, web);
        if let Some(visitor) = Rc::get_mut(&mut visit.0) {
            visitor.about = about;
            visitor.person = person;
        }
        req.extensions_mut().insert(visit.clone());
        Ok(visit)
    }

    /// The words of the visitor's language.
    pub fn words(&self) -> &Words {
        self.web.words.of(self.locale)
    }

    /// The server's own names.
    pub fn site(&self) -> &Site {
        self.web.site()
    }

    /// A token for a form on the page.
    pub fn token(&self) -> String {
        forms::token(match (&self.person, &self.form_cookie) {
            (Some(person), _) => &person.secret,
            (None, Some(secret)) => secret,
            (None, None) => self.new_form_cookie.get_or_init(secrets::generate),
        })
    }

    /// A challenge for a passkey on the page.
    pub fn challenge(&self) -> String {
        forms::challenge(match (&self.person, &self.form_cookie) {
            (Some(person), _) => &person.secret,
            (None, Some(secret)) => secret,
            (None, None) => self.new_form_cookie.get_or_init(secrets::generate),
        })
    }

    /// Whether a passkey's challenge is ours, belongs to this visitor and is not old.
    pub fn is_own_challenge(&self, challenge: &str) -> bool {
        let secret = self.person.as_ref().map(|person| &person.secret).or(self.form_cookie.as_ref());
        secret.is_some_and(|secret| forms::is_fresh_challenge(challenge, secret))
    }

    /// Whether a form that was sent is ours and belongs to this visitor.
    ///
    /// # Errors
    /// [`Error::Forged`].
    pub fn check_token(&self, req: &HttpRequest, token: &str) -> Result<()> {
        let secret = self.person.as_ref().map(|person| &person.secret).or(self.form_cookie.as_ref());
        match secret {
            Some(secret) if forms::is_ours(token, secret) && !forms::comes_from_elsewhere(req) => Ok(()),
            _ => Err(Error::Forged),
        }
    }

    /// Answers a page.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn page(&self, page: &impl Template, keep: Keep) -> Result<HttpResponse> {
        self.page_with(StatusCode::OK, page, keep)
    }

    /// Answers a page with a status of its own.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn page_with(&self, status: StatusCode, page: &impl Template, keep: Keep) -> Result<HttpResponse> {
        let body = page.render()?;
        let mut response = HttpResponse::build(status);
        guard(&mut response, &format!("{OURS_ONLY}; form-action 'self'; frame-ancestors 'none'"));
        Ok(self.finish(response, keep).content_type(HTML).body(body))
    }

    /// Answers a page whose form may lead to any address in the end: an app's own, after which it may lead on. (Browsers
    /// apply `form-action` to every redirect that follows.)
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn page_leading_away(&self, page: &impl Template) -> Result<HttpResponse> {
        let body = page.render()?;
        let mut response = HttpResponse::Ok();
        guard(&mut response, &format!("{OURS_ONLY}; frame-ancestors 'none'"));
        Ok(self.finish(response, Keep::Private).content_type(HTML).body(body))
    }

    /// Answers a page that other sites may show in a frame.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn page_to_embed(&self, page: &impl Template) -> Result<HttpResponse> {
        let body = page.render()?;
        let mut response = HttpResponse::Ok();
        guard(&mut response, &format!("{OURS_ONLY}; form-action 'none'; frame-ancestors *"));
        Ok(self.finish(response, Keep::Shared).content_type(HTML).body(body))
    }

    /// Sends the visitor to another page of ours, or to where an app wants it.
    pub fn go(&self, to: &str) -> HttpResponse {
        self.go_with(to, None)
    }

    /// The same, with a cookie.
    pub fn go_with(&self, to: &str, cookie: Option<Cookie<'static>>) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((header::LOCATION, ascii(to).as_ref()));
        if let Some(cookie) = cookie {
            response.cookie(cookie);
        }
        self.finish(response, Keep::Private).finish()
    }

    /// A title with the server's name behind it.
    pub fn titled(&self, title: &str) -> String {
        format!("{title} – {}", self.about.title)
    }

    /// Cookies, and who may keep the answer.
    fn finish(&self, mut response: HttpResponseBuilder, keep: Keep) -> HttpResponseBuilder {
        let secure = self.web.is_secure();
        let mut private = keep == Keep::Private || self.person.is_some();
        if self.chose_language {
            response.cookie(language::cookie(self.locale.language, secure));
            private = true;
        }
        if let Some(secret) = self.new_form_cookie.get() {
            response.cookie(forms::cookie(secret.clone(), secure));
            private = true;
        }
        let keep = if private { "private, no-store" } else { "public, max-age=15, stale-while-revalidate=60" };
        response.insert_header((header::CACHE_CONTROL, keep));
        response.insert_header((header::VARY, VARY));
        response.insert_header((header::CONTENT_LANGUAGE, self.locale.language.code()));
        response
    }
}

/// An address as a header can hold it: an app may have registered one with letters of its own language.
fn ascii(address: &str) -> Cow<'_, str> {
    if address.bytes().all(|b| b.is_ascii_graphic()) {
        return Cow::Borrowed(address);
    }
    let mut out = String::with_capacity(address.len() * 2);
    for byte in address.bytes() {
        if byte.is_ascii_graphic() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Cow::Owned(out)
}

/// What keeps a page from being misused.
fn guard(response: &mut HttpResponseBuilder, policy: &str) {
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .insert_header((HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"));
}

impl FromRequest for Visit {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Self::of(&req).await })
    }
}

/// Another form of a page.
#[derive(Debug, Clone)]
pub struct Alternate {
    /// Its media type.
    pub media_type: &'static str,
    /// Its address.
    pub href: String,
    /// What it is called.
    pub title: Option<String>,
}

/// What stands in the head of a page.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The title, with the server's name in it.
    pub title: String,
    /// A few sentences for previews; without it there is no preview.
    pub description: Option<String>,
    /// OpenGraph's type.
    pub kind: &'static str,
    /// A picture for previews; else the server's.
    pub picture: Option<String>,
    /// Whether the picture is what the page is about.
    pub large_picture: bool,
    /// The page's own address, without what does not matter in it.
    pub canonical: Option<String>,
    /// Search engines are asked to stay away.
    pub noindex: bool,
    /// Other forms of the page.
    pub alternates: Vec<Alternate>,
    /// More of OpenGraph.
    pub properties: Vec<(&'static str, String)>,
    /// Without navigation: a page with one question.
    pub is_bare: bool,
}

impl Head {
    /// A head with a title, for pages that nobody needs to find.
    pub fn private(title: String) -> Self {
        Self { title, kind: "website", noindex: true, ..Self::default() }
    }

    /// A head with a title and a preview.
    pub fn public(title: String, description: String, canonical: String) -> Self {
        Self { title, description: Some(description), canonical: Some(canonical), kind: "website", ..Self::default() }
    }
}

/// What the layout shows.
#[derive(Debug)]
pub struct Frame<'a> {
    visit: &'a Visit,
    /// The head.
    pub head: Head,
}

impl<'a> Frame<'a> {
    /// The frame of a page.
    pub fn new(visit: &'a Visit, head: Head) -> Self {
        Self { visit, head }
    }

    /// ISO 639.
    pub fn lang(&self) -> &'static str {
        self.visit.locale.language.code()
    }

    /// `ltr` or `rtl`.
    pub fn dir(&self) -> &'static str {
        self.visit.locale.language.direction()
    }

    /// How numbers are written, as Unicode names it: what scripts write looks like what we do.
    pub fn numbering(&self) -> &'static str {
        match self.visit.locale.digits {
            Digits::Western => "latn",
            Digits::Arabic => "arab",
        }
    }

    /// OpenGraph's name of the language.
    pub fn og_locale(&self) -> &'static str {
        match self.visit.locale.language {
            Language::English => "en_GB",
            Language::Arabic => "ar_AR",
        }
    }

    /// Where a file is served.
    pub fn asset(&self, name: &str) -> &str {
        self.visit.web.assets.address(name)
    }

    /// The server's name.
    pub fn site_title(&self) -> &str {
        &self.visit.about.title
    }

    /// Our own version.
    pub fn version(&self) -> &str {
        &self.visit.web.config.version
    }

    /// The picture for previews.
    pub fn picture(&self) -> String {
        self.head.picture.clone().unwrap_or_else(|| format!("{}{}", self.visit.site().origin(), self.asset("icon-512.png")))
    }

    /// Who is logged in.
    pub fn person(&self) -> Option<&Person> {
        self.visit.person.as_ref()
    }

    /// A token for a form.
    pub fn token(&self) -> String {
        self.visit.token()
    }

    /// Whether anybody may join.
    pub fn may_sign_up(&self) -> bool {
        self.visit.web.config.registrations != Registrations::Closed
    }

    /// Whether people here may offer newsletters.
    pub fn has_newsletters(&self) -> bool {
        self.visit.site().newsletters().is_some()
    }

    /// The languages to choose from.
    pub fn languages(&self) -> [Language; 2] {
        Language::ALL
    }

    /// Whether the page is in this language.
    pub fn is_current(&self, language: &Language) -> bool {
        *language == self.visit.locale.language
    }

    /// This page in another language.
    pub fn in_language(&self, language: &Language) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(self.visit.query.as_bytes()) {
            if name != "lang" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("lang", language.code());
        format!("{}?{}", self.visit.path, query.finish())
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    heading: &'a str,
    text: &'a str,
}

/// Puts what went wrong on a page in the visitor's language. Wraps every route of the pages.
///
/// # Errors
/// Those of the inner service.
pub async fn dress(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let response = next.call(req).await?.map_into_boxed_body();
    let Some(error) = response.response().error().and_then(|error| error.as_error::<Error>()) else {
        return Ok(response);
    };
    if let Error::Internal(cause) = error {
        tracing::error!(path = response.request().path(), cause, "a page failed");
    }
    let page = error_page(response.request(), error).unwrap_or_else(|_| error.error_response());
    Ok(response.into_response(page))
}

/// The page about an error.
pub fn error_page(req: &HttpRequest, error: &Error) -> Result<HttpResponse> {
    // On its own line: the borrow must have ended before the cookies are read, which are kept in the extensions too.
    let known = req.extensions().get::<Visit>().cloned();
    let visit = match known {
        Some(visit) => visit,
        None => Visit::anonymous(req, Web::of(req)?.clone()),
    };
    let t = visit.words();
    let (heading, text) = error.keys();
    let (heading, text) = (t.say(heading.0), t.say(text.0));
    let page = ErrorPage { f: Frame::new(&visit, Head::private(visit.titled(heading))), t, heading, text };
    let keep = if matches!(error, Error::NotFound | Error::Gone | Error::Suspended) { Keep::Shared } else { Keep::Private };
    visit.page_with(error.status_code(), &page, keep)
}
