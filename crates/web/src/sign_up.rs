//! Signing up: as the server allows, with every wrong field named beside it and everything typed kept.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::registrations::{self, Registrations, SignUp, Terms};
use majlis_local::users::Standing;
use majlis_local::{Problem, tokens};

use crate::ask::{Next, tell};
use crate::error::{Error, Key, Result};
use crate::forms;
use crate::frame::{Frame, Head, Keep, Visit};
use crate::log_in;
use crate::words::Words;

/// The query of the page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    invite: String,
    return_to: String,
}

/// The form.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Form {
    token: String,
    username: String,
    email: String,
    password: String,
    reason: String,
    invite_code: String,
    agreement: Option<String>,
    return_to: String,
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    domain: &'a str,
    form: &'a Form,
    asks_reason: bool,
    asks_invite: bool,
    stale: bool,
    problems: HashMap<&'static str, &'a str>,
    log_in: String,
}

impl<'a> Page<'a> {
    fn problem(&self, field: &str) -> Option<&'a str> {
        self.problems.get(field).copied()
    }
}

/// `GET /auth/sign_up`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let form = Form { invite_code: query.invite.clone(), return_to: query.return_to.clone(), ..Form::default() };
    page(&visit, StatusCode::OK, &form, Vec::new(), false)
}

/// `GET /invite/{code}`: the page with an invitation in it.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn invited(visit: Visit, code: web::Path<String>) -> Result<HttpResponse> {
    let form = Form { invite_code: code.into_inner(), ..Form::default() };
    page(&visit, StatusCode::OK, &form, Vec::new(), false)
}

/// `POST /auth/sign_up`.
///
/// # Errors
/// The database's.
pub async fn submit(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    if visit.check_token(&req, &form.token).is_err() {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &form, Vec::new(), true);
    }
    let db = &visit.web.db;
    let asked = SignUp {
        username: form.username.clone(),
        email: form.email.clone(),
        password: form.password.clone(),
        agreement: form.agreement.is_some(),
        locale: visit.locale.language.code().to_owned(),
        reason: Some(form.reason.clone()),
        invite_code: Some(form.invite_code.clone()),
        app: None,
    };
    let terms = Terms { mode: visit.web.config.registrations, confirm: visit.web.config.confirm_emails };
    let actor = match registrations::sign_up(db, terms, asked).await {
        Ok(actor) => actor,
        Err(majlis_local::Error::Invalid(problems)) => {
            return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &form, problems, false);
        }
        Err(majlis_local::Error::Forbidden(_)) => return page(&visit, StatusCode::FORBIDDEN, &form, Vec::new(), false),
        Err(error) => return Err(error.into()),
    };
    let t = visit.words();
    match db.read(move |c| Ok(tokens::person(c, actor)?.standing)).await? {
        Standing::Active => {
            let return_to = forms::local_path(visit.site(), &form.return_to);
            log_in::begin(&req, &visit, actor, return_to.as_deref().unwrap_or("/auth/welcome")).await
        }
        Standing::Unconfirmed => {
            let (before, after) = t.around("confirm-sent-text");
            let email = form.email.trim().to_owned();
            tell(&visit, t.say("confirm-sent"), (before, email, after), &Next::Home)
        }
        Standing::Pending | Standing::Disabled => {
            tell(&visit, t.say("sign-up-asked"), (t.say("sign-up-asked-text"), String::new(), ""), &Next::Home)
        }
    }
}

/// `GET /auth/welcome`: what to do first.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn welcome(visit: Visit) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go("/")) };
    let t = visit.words();
    let (before, after) = t.around("sign-up-welcome-text");
    let handle = crate::people::full_handle(visit.site(), &person.actor);
    tell(&visit, t.say("sign-up-welcome"), (before, handle, after), &Next::Apps)
}

fn page(visit: &Visit, status: StatusCode, form: &Form, problems: Vec<Problem>, stale: bool) -> Result<HttpResponse> {
    let t = visit.words();
    let mode = visit.web.config.registrations;
    if mode == Registrations::Closed {
        return tell(visit, t.say("sign-up-closed"), (t.say("sign-up-closed-text"), String::new(), ""), &Next::Home);
    }
    let mut head = Head::private(visit.titled(t.say("sign-up-title")));
    head.is_bare = true;
    let mut named = HashMap::new();
    for problem in problems {
        // The first thing that is wrong with a field is the one to be mended first.
        named.entry(problem.field).or_insert_with(|| t.problem(&problem));
    }
    let return_to = forms::local_path(visit.site(), &form.return_to).unwrap_or_default();
    let page = Page {
        f: Frame::new(visit, head),
        t,
        domain: visit.site().domain(),
        form,
        asks_reason: mode == Registrations::Approval,
        asks_invite: mode == Registrations::Invite || !form.invite_code.is_empty(),
        stale,
        problems: named,
        log_in: if return_to.is_empty() { "/auth/sign_in".to_owned() } else { log_in::address(&return_to, false) },
    };
    visit.page_with(status, &page, Keep::Private)
}
