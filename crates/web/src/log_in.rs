//! Logging in to the pages and out again. What is wrong is told in one sentence for all reasons, and takes as long for
//! names that nobody has.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::ids::ActorId;
use majlis_local::users::Standing;
use majlis_local::{authenticators, passwords, sessions as rows, tokens};

use crate::confirmations;
use crate::error::{Error, Key, Result};
use crate::forms;
use crate::frame::{Frame, Head, Keep, Visit};
use crate::passkeys;
use crate::second_step;
use crate::sessions;
use crate::words::Words;

/// Longer passwords are nobody's: hashing them would only take time.
const PASSWORD_LIMIT: usize = 1_024;

/// The query of the log-in page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    return_to: String,
    /// Shown also to those who are logged in: they want to be somebody else.
    again: Option<String>,
}

/// The form.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Form {
    token: String,
    name: String,
    password: String,
    return_to: String,
}

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogIn<'a> {
    f: Frame<'a>,
    t: &'a Words,
    problem: Option<&'a str>,
    name: &'a str,
    return_to: &'a str,
    sign_up: String,
    challenge: String,
    domain: String,
}

/// `GET /auth/sign_in`.
///
/// # Errors
/// When the page cannot be rendered.
pub async fn form(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let return_to = forms::local_path(visit.site(), &query.return_to).unwrap_or_default();
    if visit.person.is_some() && query.again.is_none() {
        return Ok(visit.go(if return_to.is_empty() { "/" } else { &return_to }));
    }
    page(&visit, StatusCode::OK, None, "", &return_to)
}

/// `POST /auth/sign_in`.
///
/// # Errors
/// The database's.
pub async fn submit(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let return_to = forms::local_path(visit.site(), &form.return_to).unwrap_or_default();
    let again = |problem: Key| {
        let problem = visit.words().say(problem.0);
        page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(problem), &form.name, &return_to)
    };
    if visit.check_token(&req, &form.token).is_err() {
        return again(Key("form-stale"));
    }
    if form.password.len() > PASSWORD_LIMIT || form.name.len() > PASSWORD_LIMIT {
        return again(Key("log-in-wrong"));
    }
    let db = &visit.web.db;
    let Some(user) = passwords::log_in(db, form.name.clone(), form.password.clone()).await? else {
        return again(Key("log-in-wrong"));
    };
    let actor = user.actor_id;
    match db.read(move |c| Ok(tokens::person(c, actor)?.standing)).await? {
        Standing::Active => {}
        Standing::Unconfirmed => return confirmations::unconfirmed(&visit, actor, &user.email).await,
        Standing::Pending => return again(Key("log-in-pending")),
        Standing::Disabled => return again(Key("log-in-disabled")),
    }
    if db.read(move |c| authenticators::is_on(c, actor)).await? {
        return second_step::ask(&visit, actor, &return_to).await;
    }
    begin(&req, &visit, actor, if return_to.is_empty() { "/" } else { &return_to }).await
}

/// Begins a session, ends the one that was there, and goes on.
///
/// # Errors
/// The database's.
pub async fn begin(req: &HttpRequest, visit: &Visit, actor: ActorId, to: &str) -> Result<HttpResponse> {
    let browser = req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let address = sessions::address(req);
    let old = visit.person.as_ref().map(|person| person.secret.clone());
    let secret = visit
        .web
        .db
        .write(move |c| {
            if let Some(old) = old {
                rows::end(c, &old)?;
            }
            rows::begin(c, actor, &browser, address)
        })
        .await?;
    let cookie = sessions::cookie(secret, visit.web.is_secure(), rows::LIFETIME_SECONDS);
    Ok(visit.go_with(to, Some(cookie)))
}

/// The form of logging out.
#[derive(Debug, serde::Deserialize)]
pub struct Out {
    token: String,
}

/// `POST /auth/sign_out`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn out(req: HttpRequest, visit: Visit, form: Option<web::Form<Out>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?;
    if let Some(person) = &visit.person {
        visit.check_token(&req, &form.token)?;
        let secret = person.secret.clone();
        visit.web.db.write(move |c| rows::end(c, &secret)).await?;
    }
    Ok(visit.go_with("/", Some(sessions::no_cookie(visit.web.is_secure()))))
}

/// The log-in page with where to go on, for those who have to log in first.
pub fn address(return_to: &str, again: bool) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", return_to);
    if again {
        query.append_pair("again", "1");
    }
    format!("/auth/sign_in?{}", query.finish())
}

/// The log-in page, with what was wrong with the last try.
///
/// # Errors
/// When the page cannot be rendered.
pub(crate) fn page(
    visit: &Visit,
    status: StatusCode,
    problem: Option<&str>,
    name: &str,
    return_to: &str,
) -> Result<HttpResponse> {
    let t = visit.words();
    let mut head = Head::private(visit.titled(t.say("log-in-title")));
    head.is_bare = true;
    let sign_up = if return_to.is_empty() {
        "/auth/sign_up".to_owned()
    } else {
        format!(
            "/auth/sign_up?{}",
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish()
        )
    };
    let (challenge, domain) = (visit.challenge(), passkeys::domain(visit.site()));
    let page = LogIn { f: Frame::new(visit, head), t, problem, name, return_to, sign_up, challenge, domain };
    visit.page_with(status, &page, Keep::Private)
}
