//! A person's own page: which apps may use the account, the password, the newsletter, and the way out. What is on the profile
//! is changed by apps.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::ids::TokenId;
use majlis_local::sessions::{self, Session};
use majlis_local::tokens::{self, Issued};
use majlis_local::{Problem, newsletters, passwords, secrets, users};

use crate::authorize::grants;
use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::log_in;
use crate::people;
use crate::sessions::Person;
use crate::words::Words;

/// Where the page is.
pub const PATH: &str = "/settings";

/// What the page says was done, by the `done` of its query.
const DONE: [(&str, Key); 5] = [
    ("revoked", Key("settings-revoked")),
    ("password", Key("settings-password-changed")),
    ("session", Key("sessions-ended")),
    ("sessions", Key("sessions-others-ended")),
    ("newsletter", Key("settings-newsletter-saved")),
];

/// The query of the page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    done: String,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    handle: String,
    email: &'a str,
    username: &'a str,
    apps: Vec<App<'a>>,
    sessions: Vec<Seen<'a>>,
    done: Option<&'a str>,
    /// Whether the person has a newsletter, and how many read it; where there are any.
    newsletter: Option<(bool, i64)>,
    /// What is wrong with the old password, and with the new one.
    problems: (Option<&'a str>, Option<&'a str>),
}

/// An app that has access.
struct App<'a> {
    row: &'a Issued,
    website: Option<&'a str>,
    grants: Vec<String>,
}

/// A browser that is logged in.
struct Seen<'a> {
    row: &'a Session,
    /// In words.
    name: String,
    is_this: bool,
}

/// What is wrong with a new password.
#[derive(Debug, Default)]
struct Problems {
    old: Option<Key>,
    new: Option<Problem>,
}

/// `GET /settings`.
///
/// # Errors
/// The database's.
pub async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(PATH, false))) };
    let done = DONE.iter().find(|(name, _)| *name == query.done).map(|(_, key)| *key);
    page(&visit, person, StatusCode::OK, done, &Problems::default()).await
}

/// The form of a button.
#[derive(Debug, serde::Deserialize)]
pub struct Pressed {
    pub(crate) token: String,
}

/// `POST /settings/apps/{id}/revoke`.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] for a token that is not the person's, and the database's.
pub async fn revoke(
    req: HttpRequest,
    visit: Visit,
    id: web::Path<String>,
    form: Option<web::Form<Pressed>>,
) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?;
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let (actor, id) = (person.actor.id, TokenId(id.parse().map_err(|_| Error::NotFound)?));
    visit.web.db.write(move |c| tokens::revoke_own(c, actor, id)).await?;
    Ok(visit.go(&format!("{PATH}?done=revoked")))
}

/// `POST /settings/sessions/{hash}/end`.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] for a log-in that is not the person's, and the database's.
pub async fn end(
    req: HttpRequest,
    visit: Visit,
    hash: web::Path<String>,
    form: Option<web::Form<Pressed>>,
) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?;
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let actor = person.actor.id;
    visit.web.db.write(move |c| sessions::end_own(c, actor, &hash)).await?;
    Ok(visit.go(&format!("{PATH}?done=session")))
}

/// `POST /settings/sessions/others/end`: every browser but this one, and every app.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn end_others(req: HttpRequest, visit: Visit, form: Option<web::Form<Pressed>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?;
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let (actor, secret) = (person.actor.id, person.secret.clone());
    let ended = visit.web.db.write(move |c| {
        sessions::end_others(c, actor, &secret)?;
        tokens::revoke_all(c, actor)
    });
    ended.await?;
    Ok(visit.go(&format!("{PATH}?done=sessions")))
}

/// The form of the newsletter.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Newsletter {
    token: String,
    on: bool,
}

/// `POST /settings/newsletter`: switches it on or off.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] where there are none, and the database's.
pub async fn newsletter(req: HttpRequest, visit: Visit, form: Option<web::Form<Newsletter>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    if visit.site().newsletters().is_none() {
        return Err(Error::NotFound);
    }
    let (site, actor) = (visit.site().clone(), person.actor.id);
    visit.web.db.write(move |c| newsletters::set(c, &site, actor, form.on)).await?;
    Ok(visit.go(&format!("{PATH}?done=newsletter")))
}

/// Whether this is the password of whoever is logged in.
///
/// # Errors
/// The database's.
pub(crate) async fn is_own_password(visit: &Visit, password: String) -> Result<bool> {
    let Some(actor) = visit.person.as_ref().map(|person| person.actor.id) else { return Ok(false) };
    let user = visit.web.db.read(move |c| users::get(c, actor)).await?;
    Ok(passwords::verify(password, Some(user.password_hash).filter(|hash| !hash.is_empty())).await?)
}

/// A browser's name out of what it says of itself.
fn browser_name(t: &Words, user_agent: &str) -> String {
    // What pretends to be another comes before it.
    let browsers = [("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| user_agent.contains(sign)).map(|(_, name)| *name);
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => t.with("sessions-on", &[("browser", browser), ("system", system)]),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => t.say("sessions-unknown").to_owned(),
    }
}

/// The form of another password.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Change {
    token: String,
    old_password: String,
    new_password: String,
}

/// `POST /settings/password`: ends every log-in and token, and begins a new session for whoever has sent the form.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn password(req: HttpRequest, visit: Visit, form: Option<web::Form<Change>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let (db, actor) = (&visit.web.db, person.actor.id);
    let problems = if !is_own_password(&visit, form.old_password).await? {
        Problems { old: Some(Key("settings-password-wrong")), new: None }
    } else {
        Problems { old: None, new: passwords::problem(&form.new_password) }
    };
    if problems.old.is_some() || problems.new.is_some() {
        return page(&visit, person, StatusCode::UNPROCESSABLE_ENTITY, None, &problems).await;
    }
    passwords::change_own(db, actor, form.new_password).await?;
    log_in::begin(&req, &visit, actor, &format!("{PATH}?done=password")).await
}

async fn page(
    visit: &Visit,
    person: &Person,
    status: StatusCode,
    done: Option<Key>,
    problems: &Problems,
) -> Result<HttpResponse> {
    let actor = person.actor.id;
    let has_newsletters = visit.site().newsletters().is_some();
    let found = visit.web.db.read(move |c| {
        let readers = if has_newsletters { Some(newsletters::readers(c, actor)?) } else { None };
        Ok((users::get(c, actor)?, tokens::issued(c, actor)?, sessions::all(c, actor)?, readers))
    });
    let (user, issued, logged_in, readers) = found.await?;
    let this = secrets::hash(&person.secret);
    let t = visit.words();
    let apps = issued.iter().map(|row| App {
        row,
        website: row.website.as_deref().filter(|url| people::is_web(url)),
        grants: grants(t, row.scopes).into_iter().map(|grant| grant.words).collect(),
    });
    let page = Page {
        f: Frame::new(visit, Head::private(visit.titled(t.say("settings-title")))),
        t,
        handle: people::full_handle(visit.site(), &person.actor),
        email: &user.email,
        username: person.username(),
        apps: apps.collect(),
        sessions: logged_in
            .iter()
            .map(|row| Seen { row, name: browser_name(t, &row.user_agent), is_this: row.token_hash == this })
            .collect(),
        done: done.map(|key| t.say(key.0)),
        newsletter: readers.map(|readers| (person.actor.email_subscriptions, readers)),
        problems: (problems.old.map(|key| t.say(key.0)), problems.new.as_ref().map(|problem| t.problem(problem))),
    };
    visit.page_with(status, &page, Keep::Private)
}
