//! How somebody logs in: codes of an authenticator app, recovery codes, passkeys. Whatever makes it easier to get in asks for
//! the password once more: a browser that was left open must not be enough.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::passkeys::{self as keys, Passkey};
use majlis_local::{Error as LocalError, authenticators};
use qrcodegen::{QrCode, QrCodeEcc};

use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::log_in;
use crate::passkeys;
use crate::people;
use crate::sessions::Person;
use crate::settings::is_own_password;
use crate::words::Words;

/// Where the page is.
pub const PATH: &str = "/settings/security";

/// What the page says was done, by the `done` of its query.
const DONE: [(&str, Key); 3] =
    [("codes-off", Key("codes-switched-off")), ("passkey", Key("passkey-added")), ("passkey-removed", Key("passkey-removed"))];

/// What was wrong.
#[derive(Debug, Clone, Copy)]
pub enum Problem {
    /// The password of whichever form was sent.
    Password(Key),
    /// The new passkey.
    Passkey(Key),
}

#[derive(Template)]
#[template(path = "security.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    done: Option<&'a str>,
    problem: Option<&'a str>,
    is_on: bool,
    codes_left: i64,
    passkeys: &'a [Passkey],
    known: String,
    challenge: String,
    domain: String,
    user: String,
    handle: String,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct SetUp<'a> {
    f: Frame<'a>,
    t: &'a Words,
    qr: String,
    secret: String,
    username: &'a str,
    problems: (Option<&'a str>, Option<&'a str>),
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct Recovery<'a> {
    f: Frame<'a>,
    t: &'a Words,
    codes: &'a [String],
}

/// The query of the page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    done: String,
}

/// `GET /settings/security`.
///
/// # Errors
/// The database's.
pub async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(PATH, false))) };
    let done = DONE.iter().find(|(name, _)| *name == query.done).map(|(_, key)| *key);
    page(&visit, person, done, None).await
}

/// The page, with what was done or what was wrong.
///
/// # Errors
/// The database's.
pub async fn page(visit: &Visit, person: &Person, done: Option<Key>, problem: Option<Problem>) -> Result<HttpResponse> {
    let actor = person.actor.id;
    let (is_on, codes_left, passkeys) = visit
        .web
        .db
        .read(move |c| {
            Ok((authenticators::is_on(c, actor)?, authenticators::recovery_codes_left(c, actor)?, keys::all(c, actor)?))
        })
        .await?;
    let t = visit.words();
    let known: Vec<&str> = passkeys.iter().map(|key| key.credential.as_str()).collect();
    let page = Page {
        f: Frame::new(visit, Head::private(visit.titled(t.say("security-title")))),
        t,
        done: done.map(|key| t.say(key.0)),
        problem: problem.map(|problem| match problem {
            Problem::Password(key) | Problem::Passkey(key) => t.say(key.0),
        }),
        is_on,
        codes_left,
        known: known.join(" "),
        passkeys: &passkeys,
        challenge: visit.challenge(),
        domain: passkeys::domain(visit.site()),
        user: passkeys::user_handle(actor),
        handle: people::full_handle(visit.site(), &person.actor),
        name: person.name(),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.page_with(status, &page, Keep::Private)
}

/// `GET /settings/security/codes`: a picture for the authenticator app, and a field for the first code.
///
/// # Errors
/// The database's.
pub async fn set_up(visit: Visit) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(PATH, false))) };
    set_up_page(&visit, person, (None, None)).await
}

async fn set_up_page(visit: &Visit, person: &Person, problems: (Option<Key>, Option<Key>)) -> Result<HttpResponse> {
    let actor = person.actor.id;
    let secret = match visit.web.db.write(move |c| authenticators::begin(c, actor)).await {
        Ok(secret) => secret,
        Err(LocalError::Forbidden(_)) => return Ok(visit.go(PATH)),
        Err(error) => return Err(error.into()),
    };
    let t = visit.words();
    let say = |key: Option<Key>| key.map(|key| t.say(key.0));
    let is_wrong = problems.0.is_some() || problems.1.is_some();
    let page = SetUp {
        f: Frame::new(visit, Head::private(visit.titled(t.say("codes-title")))),
        t,
        qr: picture(&address(visit.site().domain(), person.username(), &secret))?,
        // In groups of four, as it is typed.
        secret: secret.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "),
        username: person.username(),
        problems: (say(problems.0), say(problems.1)),
    };
    let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.page_with(status, &page, Keep::Private)
}

/// A password, and the code where one is asked for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Proof {
    token: String,
    password: String,
    code: String,
}

/// `POST /settings/security/codes`: switches codes on, and shows the recovery codes.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn switch_on(req: HttpRequest, visit: Visit, form: Option<web::Form<Proof>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    if !is_own_password(&visit, form.password).await? {
        return set_up_page(&visit, person, (Some(Key("settings-password-wrong")), None)).await;
    }
    let actor = person.actor.id;
    match visit.web.db.write(move |c| authenticators::confirm(c, actor, &form.code)).await? {
        Some(codes) => recovery(&visit, &codes),
        None => set_up_page(&visit, person, (None, Some(Key("code-wrong")))).await,
    }
}

/// `POST /settings/security/codes/off`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn switch_off(req: HttpRequest, visit: Visit, form: Option<web::Form<Proof>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    if !is_own_password(&visit, form.password).await? {
        return page(&visit, person, None, Some(Problem::Password(Key("settings-password-wrong")))).await;
    }
    let actor = person.actor.id;
    visit.web.db.write(move |c| authenticators::switch_off(c, actor)).await?;
    Ok(visit.go(&format!("{PATH}?done=codes-off")))
}

/// `POST /settings/security/recovery`: new recovery codes in place of the old ones.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] when codes are not switched on, and the database's.
pub async fn renew(req: HttpRequest, visit: Visit, form: Option<web::Form<Proof>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    if !is_own_password(&visit, form.password).await? {
        return page(&visit, person, None, Some(Problem::Password(Key("settings-password-wrong")))).await;
    }
    let actor = person.actor.id;
    let codes = visit.web.db.write(move |c| authenticators::renew_recovery_codes(c, actor)).await?;
    recovery(&visit, &codes)
}

fn recovery(visit: &Visit, codes: &[String]) -> Result<HttpResponse> {
    let t = visit.words();
    let head = Head::private(visit.titled(t.say("recovery-title")));
    visit.page(&Recovery { f: Frame::new(visit, head), t, codes }, Keep::Private)
}

/// What an authenticator app reads out of the picture.
fn address(issuer: &str, name: &str, secret: &str) -> String {
    let issuer: String = url::form_urlencoded::byte_serialize(issuer.as_bytes()).collect();
    format!("otpauth://totp/{issuer}:{name}?secret={secret}&issuer={issuer}")
}

/// A QR code as an SVG that stands in the page.
fn picture(text: &str) -> Result<String> {
    use std::fmt::Write as _;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|error| Error::internal(format!("{error:?}")))?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in 0..size {
            if code.get_module(x, y) {
                let _ = write!(path, "M{x},{y}h1v1h-1z");
            }
        }
    }
    Ok(format!(
        "<svg viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\" aria-hidden=\"true\"><path fill=\"currentColor\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use majlis_local::authenticators;
    use majlis_local::webauthn::testing::Device;
    use majlis_local::webauthn::{ES256, Party};

    use crate::testing::{Browser, PASSWORD, Pages};

    const HOME: Party<'static> = Party { id: "majlis.example", origin: "https://majlis.example" };

    fn between<'a>(text: &'a str, before: &str) -> &'a str {
        text.split(before).nth(1).unwrap_or_else(|| panic!("{before}: {text}")).split(['"', '<']).next().unwrap()
    }

    /// Somebody who has switched codes on, with the secret and the recovery codes.
    async fn with_codes(browser: &mut Browser) -> (String, Vec<String>) {
        let page = browser.get("/settings/security/codes").await.ok();
        let secret = between(&page, "<code id=\"secret\">").replace(' ', "");
        assert!(page.contains("<svg viewBox"), "{page}");
        let first = authenticators::shown(&secret, -1);
        let wrong = browser.post("/settings/security/codes", &[("password", "not that"), ("code", &first)]).await;
        assert!(wrong.status == 422 && wrong.text.contains("This is not your current password."), "{}", wrong.text);
        let wrong = browser.post("/settings/security/codes", &[("password", PASSWORD), ("code", "000000x")]).await;
        assert!(wrong.status == 422 && wrong.text.contains("This code is wrong"), "{}", wrong.text);
        let page = browser.post("/settings/security/codes", &[("password", PASSWORD), ("code", &first)]).await.ok();
        let codes: Vec<String> =
            page.split("<li>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).filter(|c| c.len() == 19).collect();
        assert_eq!(codes.len(), 10, "{page}");
        (secret, codes)
    }

    #[actix_web::test]
    async fn whoever_has_switched_codes_on_logs_in_in_two_steps() {
        let pages = Pages::new();
        pages.user("ali").await;
        let mut home = pages.logged_in("ali").await;
        let (secret, codes) = with_codes(&mut home).await;
        let mut browser = pages.browser();
        browser.get("/auth/sign_in?return_to=/oauth/authorize?client_id=x").await;
        let form = [("name", "ali"), ("password", PASSWORD), ("return_to", "/oauth/authorize?client_id=x")];
        let page = browser.post("/auth/sign_in", &form).await.ok();
        assert!(page.contains("autocomplete=\"one-time-code\""), "{page}");
        assert_eq!(browser.get("/settings").await.status, 303, "not yet");
        let ticket = between(&page, "name=\"ticket\" value=\"").to_owned();
        browser.get("/auth/sign_in").await;
        let step = |code: &str| {
            [("ticket", ticket.clone()), ("code", code.to_owned()), ("return_to", "/oauth/authorize?client_id=x".to_owned())]
        };
        async fn send(browser: &mut Browser, step: [(&str, String); 3]) -> crate::testing::Answer {
            let fields: Vec<(&str, &str)> = step.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.post("/auth/second_step", &fields).await
        }
        let wrong = send(&mut browser, step("123")).await;
        assert!(wrong.status == 422 && wrong.text.contains("This code is wrong"), "{}", wrong.text);
        let now = authenticators::shown(&secret, 0);
        assert_eq!(send(&mut browser, step(&now)).await.goes_to(), "/oauth/authorize?client_id=x");
        assert!(browser.get("/settings/security").await.ok().contains("10 recovery codes are left"));
        // The same code is good for nobody else, a recovery code is.
        let mut other = pages.browser();
        other.get("/auth/sign_in").await;
        let page = other.post("/auth/sign_in", &form).await.ok();
        let ticket = between(&page, "name=\"ticket\" value=\"").to_owned();
        for code in [now.as_str(), "1", "2", "3", "4"] {
            assert_eq!(other.post("/auth/second_step", &[("ticket", &ticket), ("code", code)]).await.status, 422);
        }
        let over = other.post("/auth/second_step", &[("ticket", &ticket), ("code", &codes[0])]).await;
        assert!(over.status == 422 && over.text.contains("Please log in again."), "{}", over.text);
        let page = other.post("/auth/sign_in", &form).await.ok();
        let ticket = between(&page, "name=\"ticket\" value=\"").to_owned();
        assert_eq!(other.post("/auth/second_step", &[("ticket", &ticket), ("code", &codes[0])]).await.goes_to(), "/");
        // And off again.
        home.get("/settings/security").await.ok();
        assert_eq!(home.post("/settings/security/codes/off", &[("password", "x")]).await.status, 422);
        let renewed = home.post("/settings/security/recovery", &[("password", PASSWORD)]).await.ok();
        assert!(!renewed.contains(&codes[1]));
        home.get("/settings/security").await.ok();
        assert_eq!(
            home.post("/settings/security/codes/off", &[("password", PASSWORD)]).await.goes_to(),
            "/settings/security?done=codes-off"
        );
        let mut last = pages.browser();
        last.get("/auth/sign_in").await;
        assert_eq!(last.post("/auth/sign_in", &[("name", "ali"), ("password", PASSWORD)]).await.goes_to(), "/");
    }

    #[actix_web::test]
    async fn a_passkey_is_added_and_logs_in_without_a_password() {
        let pages = Pages::new();
        pages.user("ali").await;
        let mut home = pages.logged_in("ali").await;
        let page = home.get("/settings/security").await.ok();
        let challenge = between(&page, "data-challenge=\"").to_owned();
        let mut device = Device::new(ES256);
        let made = device.register(HOME, &challenge);
        let add = |password: &'static str, challenge: &str| {
            vec![
                ("name", "Phone".to_owned()),
                ("password", password.to_owned()),
                ("challenge", challenge.to_owned()),
                ("client_data", made.client_data.clone()),
                ("authenticator_data", made.authenticator_data.clone()),
            ]
        };
        async fn send(browser: &mut Browser, path: &str, fields: Vec<(&str, String)>) -> crate::testing::Answer {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.post(path, &fields).await
        }
        let path = "/settings/security/passkeys";
        assert_eq!(send(&mut home, path, add("not that", &challenge)).await.status, 422);
        assert_eq!(send(&mut home, path, add(PASSWORD, "1.2.3")).await.status, 422, "a challenge of its own");
        assert_eq!(send(&mut home, path, add(PASSWORD, &challenge)).await.goes_to(), "/settings/security?done=passkey");
        let page = home.get("/settings/security").await.ok();
        assert!(page.contains("Phone"), "{page}");
        let mut browser = pages.browser();
        let page = browser.get("/auth/sign_in?return_to=/public/local").await.ok();
        let challenge = between(&page, "data-challenge=\"").to_owned();
        let signed = device.sign(HOME, &challenge);
        let log_in = |challenge: &str, signature: &str| {
            vec![
                ("challenge", challenge.to_owned()),
                ("return_to", "/public/local".to_owned()),
                ("credential", signed.credential.clone()),
                ("client_data", signed.client_data.clone()),
                ("authenticator_data", signed.authenticator_data.clone()),
                ("signature", signature.to_owned()),
            ]
        };
        let mut thief = pages.browser();
        thief.get("/auth/sign_in").await;
        assert_eq!(
            send(&mut thief, "/auth/passkey", log_in(&challenge, &signed.signature)).await.status,
            422,
            "another visitor's"
        );
        let wrong = send(&mut browser, "/auth/passkey", log_in(&challenge, "AAAA")).await;
        assert!(wrong.status == 422 && wrong.text.contains("passkey is not known here"), "{}", wrong.text);
        let mut again = browser.clone();
        assert_eq!(send(&mut browser, "/auth/passkey", log_in(&challenge, &signed.signature)).await.goes_to(), "/public/local");
        assert_eq!(browser.get("/settings").await.status, 200);
        assert_eq!(send(&mut again, "/auth/passkey", log_in(&challenge, &signed.signature)).await.status, 422, "once");
        let page = home.get("/settings/security").await.ok();
        let id = between(&page, "/settings/security/passkeys/").split('/').next().unwrap().to_owned();
        pages.user("bea").await;
        let mut bea = pages.logged_in("bea").await;
        bea.get("/settings/security").await.ok();
        let remove = format!("/settings/security/passkeys/{id}/remove");
        assert_eq!(bea.post(&remove, &[]).await.status, 404);
        assert_eq!(home.post(&remove, &[]).await.goes_to(), "/settings/security?done=passkey-removed");
    }
}
