//! The second step of a log-in: a code of the authenticator app, or a recovery code, from whoever has just given the password.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use majlis_local::ids::ActorId;
use majlis_local::tickets::{self, Purpose};
use majlis_local::{Error as LocalError, authenticators};

use crate::ask::{Ask, Field, ask as show};
use crate::error::{Error, Key, Result};
use crate::forms;
use crate::frame::Visit;
use crate::log_in;

/// Codes that may be tried after one password.
const TRIES: i32 = 5;
/// Codes that may be tried for one account within the life of a ticket, whatever the passwords and addresses.
const TRIES_OF_ALL: i64 = 20;

/// Asks for the code.
///
/// # Errors
/// The database's.
pub async fn ask(visit: &Visit, actor: ActorId, return_to: &str) -> Result<HttpResponse> {
    let ticket = visit.web.db.write(move |c| tickets::issue(c, actor, Purpose::SecondStep, "")).await?;
    page(visit, ticket, return_to, None)
}

/// The form.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Form {
    token: String,
    ticket: String,
    code: String,
    return_to: String,
}

/// What became of a code.
enum Tried {
    Right(ActorId),
    Wrong,
    /// The password has to be given again.
    Over,
}

/// `POST /auth/second_step`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn submit(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let return_to = forms::local_path(visit.site(), &form.return_to).unwrap_or_default();
    let (secret, code) = (form.ticket.clone(), form.code);
    let tried = visit.web.db.write(move |c| {
        let Some(ticket) = tickets::find(c, &secret, Purpose::SecondStep)? else { return Ok(Tried::Over) };
        let actor = ticket.actor_id;
        if ticket.tries >= TRIES || tickets::tries(c, actor, Purpose::SecondStep)? >= TRIES_OF_ALL {
            return Ok(Tried::Over);
        }
        if authenticators::spend(c, actor, &code)? {
            tickets::take(c, &secret, Purpose::SecondStep)?;
            return Ok::<_, LocalError>(Tried::Right(actor));
        }
        tickets::count_try(c, &secret)?;
        Ok(Tried::Wrong)
    });
    let t = visit.words();
    match tried.await? {
        Tried::Right(actor) => log_in::begin(&req, &visit, actor, if return_to.is_empty() { "/" } else { &return_to }).await,
        Tried::Wrong => page(&visit, form.ticket, &return_to, Some(t.say("code-wrong"))),
        Tried::Over => log_in::page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(t.say("code-over")), "", &return_to),
    }
}

fn page(visit: &Visit, ticket: String, return_to: &str, problem: Option<&str>) -> Result<HttpResponse> {
    let t = visit.words();
    show(
        visit,
        &Ask {
            heading: t.say("code-title"),
            text: vec![t.say("code-text").to_owned()],
            action: "/auth/second_step",
            hidden: vec![("ticket", ticket), ("return_to", return_to.to_owned())],
            fields: vec![Field::code(t.say("code")).wrong(problem)],
            button: t.say("log-in"),
            ..Ask::default()
        },
    )
}
