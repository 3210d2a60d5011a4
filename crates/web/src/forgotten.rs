//! A forgotten password: a letter with a link is asked for, and the link lets its reader choose another.

use actix_web::{HttpRequest, HttpResponse, web};
use majlis_local::{Error as LocalError, passwords};

use crate::ask::{Ask, Field, Next, ask, tell};
use crate::confirmations::Address;
use crate::error::{Error, Key, Result};
use crate::frame::Visit;

/// `GET /auth/password/new`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(visit: Visit) -> Result<HttpResponse> {
    let t = visit.words();
    ask(
        &visit,
        &Ask {
            heading: t.say("forgot-title"),
            text: vec![t.say("forgot-text").to_owned()],
            action: "/auth/password",
            fields: vec![Field::email(t.say("sign-up-email"), String::new())],
            button: t.say("forgot-button"),
            link: Some((t.say("log-in"), "/auth/sign_in".to_owned())),
            ..Ask::default()
        },
    )
}

/// `POST /auth/password`. The answer is the same for addresses that nobody has, and takes as long.
///
/// # Errors
/// [`Error::Forged`].
pub async fn submit(req: HttpRequest, visit: Visit, form: Option<web::Form<Address>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let db = visit.web.db.clone();
    actix_web::rt::spawn(async move {
        if let Err(error) = db.write(move |c| passwords::forgot(c, &form.email)).await {
            tracing::error!(%error, "cannot write to whoever has forgotten a password");
        }
    });
    let t = visit.words();
    tell(&visit, t.say("forgot-sent"), (t.say("forgot-sent-text"), String::new(), ""), &Next::Home)
}

/// The query of the link.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    reset_password_token: String,
}

/// `GET /auth/password/edit`.
///
/// # Errors
/// The database's.
pub async fn edit(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let token = query.reset_password_token.clone();
    if visit.web.db.read(move |c| passwords::forgotten_by(c, &token)).await?.is_none() {
        return gone(&visit);
    }
    page(&visit, query.into_inner().reset_password_token, None)
}

/// The form.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Choice {
    token: String,
    reset_password_token: String,
    password: String,
}

/// `POST /auth/password/edit`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn choose(req: HttpRequest, visit: Visit, form: Option<web::Form<Choice>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let t = visit.words();
    match passwords::reset(&visit.web.db, form.reset_password_token.clone(), form.password).await {
        Ok(Some(_)) => {
            let next = Next::Do(t.say("log-in"), "/auth/sign_in");
            tell(&visit, t.say("forgot-done"), (t.say("forgot-done-text"), String::new(), ""), &next)
        }
        Ok(None) => gone(&visit),
        Err(LocalError::Invalid(problems)) => {
            page(&visit, form.reset_password_token, problems.first().map(|problem| t.problem(problem)))
        }
        Err(error) => Err(error.into()),
    }
}

fn page(visit: &Visit, token: String, problem: Option<&str>) -> Result<HttpResponse> {
    let t = visit.words();
    let field = Field { autocomplete: "new-password", ..Field::password(t.say("settings-password-new")) };
    ask(
        visit,
        &Ask {
            heading: t.say("forgot-choose"),
            text: vec![t.say("forgot-choose-text").to_owned()],
            action: "/auth/password/edit",
            hidden: vec![("reset_password_token", token)],
            fields: vec![field.hinted(t.say("sign-up-password-hint")).wrong(problem)],
            button: t.say("settings-password-button"),
            ..Ask::default()
        },
    )
}

fn gone(visit: &Visit) -> Result<HttpResponse> {
    let t = visit.words();
    let next = Next::Do(t.say("forgot-button"), "/auth/password/new");
    tell(visit, t.say("confirm-gone"), (t.say("confirm-gone-text"), String::new(), ""), &next)
}
