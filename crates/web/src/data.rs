//! What people carry in and out: files of whom they follow and so on, and the account itself, which can be deleted.

use actix_multipart::Multipart;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use futures_util::StreamExt as _;
use majlis_local::archives::{self, Archive, Standing};
use majlis_local::exports::{self, Export};
use majlis_local::imports::{self, BYTES, Import, Kind};
use majlis_local::{Error as LocalError, Timestamp, confirmations, users};

use crate::ask::{Ask, Field, Next, ask, tell};
use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::log_in;
use crate::sessions::{self, Person};
use crate::settings::is_own_password;
use crate::words::Words;

/// Where the page is.
pub const PATH: &str = "/settings/data";

#[derive(Template)]
#[template(path = "data.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    exports: [(&'static str, &'a str); 7],
    archive: &'a Standing,
    /// Until when.
    kept: Option<Timestamp>,
    kinds: [(Kind, &'a str); 6],
    imports: Vec<(&'a Import, &'a str)>,
    problem: Option<&'a str>,
    done: Option<&'a str>,
}

/// What the page says was done, by the `done` of its query.
const DONE: [(&str, Key); 2] = [("import", Key("data-begun")), ("archive", Key("archive-begun"))];

/// The query of the page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    done: String,
}

/// `GET /settings/data`.
///
/// # Errors
/// The database's.
pub async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(PATH, false))) };
    page(&visit, person, None, DONE.iter().find(|(done, _)| *done == query.done).map(|(_, key)| *key)).await
}

/// The page, with what is wrong with the last form, or what it has done.
pub(crate) async fn page(visit: &Visit, person: &Person, problem: Option<Key>, done: Option<Key>) -> Result<HttpResponse> {
    let actor = person.actor.id;
    let (imports, archive) = visit.web.db.read(move |c| Ok((imports::of(c, actor)?, archives::standing(c, actor)?))).await?;
    let t = visit.words();
    let label = |kind: Kind| match kind {
        Kind::Following => t.say("data-following"),
        Kind::Blocks => t.say("data-blocks"),
        Kind::Mutes => t.say("data-mutes"),
        Kind::Lists => t.say("data-lists"),
        Kind::Bookmarks => t.say("data-bookmarks"),
        Kind::Domains => t.say("data-domains"),
    };
    let page = Page {
        f: Frame::new(visit, Head::private(visit.titled(t.say("data-title")))),
        t,
        exports: Export::ALL.map(|export| {
            let words = match export {
                Export::Following => t.say("data-following"),
                Export::Followers => t.say("data-followers"),
                Export::Blocks => t.say("data-blocks"),
                Export::Mutes => t.say("data-mutes"),
                Export::Domains => t.say("data-domains"),
                Export::Lists => t.say("data-lists"),
                Export::Bookmarks => t.say("data-bookmarks"),
            };
            (export.file(), words)
        }),
        archive: &archive,
        kept: archive.ready.as_ref().and_then(Archive::kept_until),
        kinds: [Kind::Following, Kind::Lists, Kind::Blocks, Kind::Mutes, Kind::Domains, Kind::Bookmarks]
            .map(|kind| (kind, label(kind))),
        imports: imports.iter().map(|import| (import, label(import.kind))).collect(),
        problem: problem.map(|key| t.say(key.0)),
        done: done.map(|key| t.say(key.0)),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.page_with(status, &page, Keep::Private)
}

/// `GET /settings/exports/{file}`.
///
/// # Errors
/// [`Error::NotFound`] for no such file, and the database's.
pub async fn export(visit: Visit, file: web::Path<String>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(PATH, false))) };
    let what = Export::from_file(&file).ok_or(Error::NotFound)?;
    let (site, actor) = (visit.site().clone(), person.actor.id);
    let body = visit.web.db.read(move |c| exports::csv(c, &site, actor, what)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", what.file())))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/csv; charset=utf-8")
        .body(body))
}

/// `POST /settings/import`: a form with a file.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn import(req: HttpRequest, visit: Visit, mut form: Multipart) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    let bad = || Error::Bad(Key("error-bad-form"));
    let (mut token, mut kind, mut mode, mut file) = (String::new(), String::new(), String::new(), Vec::new());
    let mut is_too_large = false;
    while let Some(field) = form.next().await {
        let mut field = field.map_err(|_| bad())?;
        let name = field.name().unwrap_or_default().to_owned();
        let most = if name == "data" { BYTES } else { 1_024 };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.next().await {
            let chunk = chunk.map_err(|_| bad())?;
            // Whatever is too much is read and forgotten: the browser hears the answer after it has sent everything.
            if bytes.len() + chunk.len() > most {
                is_too_large = true;
            } else {
                bytes.extend_from_slice(&chunk);
            }
        }
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "token" => token = text(),
            "type" => kind = text(),
            "mode" => mode = text(),
            "data" => file = bytes,
            _ => {}
        }
    }
    visit.check_token(&req, &token)?;
    let kind = Kind::from_word(&kind).ok_or_else(bad)?;
    if is_too_large {
        return page(&visit, person, Some(Key("data-too-large")), None).await;
    }
    let Ok(text) = String::from_utf8(file) else {
        return page(&visit, person, Some(Key("data-unreadable")), None).await;
    };
    let (actor, overwrite) = (person.actor.id, mode == "overwrite");
    match visit.web.db.write(move |c| imports::begin(c, actor, kind, overwrite, &text)).await {
        Ok(_) => Ok(visit.go(&format!("{PATH}?done=import"))),
        Err(LocalError::Invalid(problems)) => {
            let busy = problems.first().is_some_and(|problem| problem.flaw == majlis_local::Flaw::Taken);
            page(&visit, person, Some(if busy { Key("data-busy") } else { Key("data-unreadable") }), None).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/email`.
///
/// # Errors
/// The database's.
pub async fn email(visit: Visit) -> Result<HttpResponse> {
    if visit.person.is_none() {
        return Ok(visit.go(&log_in::address("/settings/email", false)));
    }
    email_page(&visit, String::new(), (None, None))
}

fn email_page(visit: &Visit, email: String, problems: (Option<&str>, Option<&str>)) -> Result<HttpResponse> {
    let t = visit.words();
    ask(
        visit,
        &Ask {
            heading: t.say("email-title"),
            text: vec![t.say("email-text").to_owned()],
            action: "/settings/email",
            fields: vec![
                Field::email(t.say("email-new"), email).wrong(problems.0),
                Field::password(t.say("settings-password-old")).wrong(problems.1),
            ],
            button: t.say("email-button"),
            link: Some((t.say("settings-back"), "/settings".to_owned())),
            ..Ask::default()
        },
    )
}

/// An address and the password.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct NewEmail {
    token: String,
    email: String,
    password: String,
}

/// `POST /settings/email`: asks the new address; the present one stays until it answers.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn change_email(req: HttpRequest, visit: Visit, form: Option<web::Form<NewEmail>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let t = visit.words();
    if !is_own_password(&visit, form.password).await? {
        return email_page(&visit, form.email, (None, Some(t.say("settings-password-wrong"))));
    }
    let (actor, email) = (person.actor.id, form.email.clone());
    match visit.web.db.write(move |c| confirmations::ask_change(c, actor, &email)).await {
        Ok(()) => {
            let (before, after) = t.around("email-sent");
            tell(&visit, t.say("confirm-sent"), (before, form.email.trim().to_owned(), after), &Next::Home)
        }
        Err(LocalError::Invalid(problems)) => {
            let problem = problems.first().map(|problem| t.problem(problem));
            email_page(&visit, form.email, (problem, None))
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /settings/delete`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn farewell(visit: Visit) -> Result<HttpResponse> {
    if visit.person.is_none() {
        return Ok(visit.go(&log_in::address("/settings/delete", false)));
    }
    farewell_page(&visit, None)
}

fn farewell_page(visit: &Visit, problem: Option<&str>) -> Result<HttpResponse> {
    let t = visit.words();
    ask(
        visit,
        &Ask {
            heading: t.say("delete-title"),
            text: vec![t.say("delete-text").to_owned(), t.say("delete-name").to_owned()],
            action: "/settings/delete",
            fields: vec![Field::password(t.say("settings-password-old")).wrong(problem)],
            button: t.say("delete-button"),
            is_grave: true,
            link: Some((t.say("settings-back"), "/settings".to_owned())),
            ..Ask::default()
        },
    )
}

/// The password, once more.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Farewell {
    token: String,
    password: String,
}

/// `POST /settings/delete`: the account is gone, here at once and elsewhere as soon as it is heard.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn delete(req: HttpRequest, visit: Visit, form: Option<web::Form<Farewell>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    if !is_own_password(&visit, form.password).await? {
        return farewell_page(&visit, Some(visit.words().say("settings-password-wrong")));
    }
    let actor = person.actor.id;
    visit.web.db.write(move |c| users::delete(c, actor)).await?;
    Ok(visit.go_with("/auth/deleted", Some(sessions::no_cookie(visit.web.is_secure()))))
}

/// `GET /auth/deleted`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn deleted(visit: Visit) -> Result<HttpResponse> {
    let t = visit.words();
    tell(&visit, t.say("delete-done"), (t.say("delete-done-text"), String::new(), ""), &Next::Home)
}

#[cfg(test)]
mod tests {
    use majlis_local::jobs::{self, Change, Job};
    use majlis_local::mail::Letter;
    use majlis_local::testing::people;
    use majlis_local::{actors, imports, users};

    use crate::testing::{PASSWORD, Pages};

    #[actix_web::test]
    async fn files_are_carried_out_and_in() {
        let pages = Pages::new();
        let ali = pages.user("ali").await;
        pages
            .write(move |c| {
                let rita = people::remote(c, "rita").id;
                people::follow(c, ali.id, rita);
                Ok(())
            })
            .await;
        assert_eq!(pages.browser().get("/settings/exports/lists.csv").await.status, 303);
        let mut browser = pages.logged_in("ali").await;
        let answer = browser.get("/settings/exports/following_accounts.csv").await;
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"following_accounts.csv\"");
        assert!(answer.ok().contains("rita@peer.example,true,false,"));
        assert_eq!(browser.get("/settings/exports/passwords.csv").await.status, 404);
        let page = browser.get("/settings/data").await.ok();
        assert!(page.contains("/settings/exports/bookmarks.csv"), "{page}");
        let file = "Account address\nrita@peer.example\n";
        let fields = [("type", "blocking"), ("mode", "merge")];
        let sent = browser.upload("/settings/import", &fields, file.as_bytes()).await;
        assert_eq!(sent.goes_to(), "/settings/data?done=import");
        let import = pages.write(move |c| imports::of(c, ali.id)).await.remove(0);
        assert_eq!((import.total, import.kind), (1, imports::Kind::Blocks));
        assert!(browser.get("/settings/data?done=import").await.ok().contains("\u{2068}0\u{2069} of \u{2068}1\u{2069}"));
        for file in [&b"nothing"[..], &[0xff, 0xfe]] {
            assert_eq!(browser.upload("/settings/import", &fields, file).await.status, 422);
        }
        assert_eq!(browser.upload("/settings/import", &[("type", "everything")], b"a@b.c").await.status, 400);
        assert_eq!(browser.clone().without_token().upload("/settings/import", &fields, b"a@b.c").await.status, 403);
    }

    #[actix_web::test]
    async fn an_address_is_changed_by_whoever_knows_the_password() {
        let pages = Pages::new();
        let ali = pages.user("ali").await;
        pages.user("bea").await;
        let mut browser = pages.logged_in("ali").await;
        browser.get("/settings/email").await.ok();
        let path = "/settings/email";
        for (email, password, told) in [
            ("new@example.org", "not that", "This is not your current password."),
            ("nothing", PASSWORD, "This is no e-mail address."),
            ("bea@example.org", PASSWORD, "There is an account with this address already."),
        ] {
            let answer = browser.post(path, &[("email", email), ("password", password)]).await;
            assert!(answer.status == 422 && answer.text.contains(told), "{told}: {}", answer.text);
        }
        let good = [("email", "new@example.org"), ("password", PASSWORD)];
        assert_eq!(browser.clone().without_token().post(path, &good).await.status, 403);
        assert!(browser.post(path, &good).await.ok().contains("new@example.org"));
        let letter = pages.write(jobs::all).await.pop();
        let Some(Job::Mail { mail }) = letter else { panic!("{letter:?}") };
        assert!(mail.to == "new@example.org" && matches!(mail.letter, Letter::ConfirmChange { .. }));
        assert_eq!(pages.write(move |c| users::get(c, ali.id)).await.email, "ali@example.org");
    }

    #[actix_web::test]
    async fn an_account_is_deleted_by_whoever_knows_the_password() {
        let pages = Pages::new();
        let ali = pages.user("ali").await;
        let mut browser = pages.logged_in("ali").await;
        browser.get("/settings/delete").await.ok();
        let path = "/settings/delete";
        assert_eq!(browser.post(path, &[("password", "not that")]).await.status, 422);
        assert_eq!(browser.clone().without_token().post(path, &[("password", PASSWORD)]).await.status, 403);
        assert_eq!(browser.post(path, &[("password", PASSWORD)]).await.goes_to(), "/auth/deleted");
        assert!(browser.get("/auth/deleted").await.ok().contains("Your account was deleted"));
        assert_eq!(browser.get("/@ali").await.status, 410);
        assert_eq!(browser.get("/settings").await.status, 303);
        let (gone, told) = pages.write(move |c| Ok((actors::get(c, ali.id)?, jobs::all(c)?))).await;
        assert!(gone.is_gone() && told.contains(&Job::Federate { change: Change::ActorDeleted { actor: ali.id } }));
    }
}
