//! Passkeys on pages: logging in with one, adding one, taking one away. The browser's part is a script (`majlis.js`); whoever
//! has none logs in with a password.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use majlis_local::ids::PasskeyId;
use majlis_local::users::Standing;
use majlis_local::webauthn::{Assertion, Party, Registration, register};
use majlis_local::{Error as LocalError, Site, passkeys, secrets, tokens};
use url::Url;

use crate::error::{Error, Key, Result};
use crate::forms;
use crate::frame::Visit;
use crate::log_in;
use crate::security::{self, PATH, Problem};
use crate::settings::{Pressed, is_own_password};

/// The domain that our passkeys belong to: that of the pages.
pub fn domain(site: &Site) -> String {
    Url::parse(site.origin()).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// What names a person to a device: no other site can tell who it is.
pub fn user_handle(person: majlis_local::ids::ActorId) -> String {
    secrets::hash(&format!("passkeys of {person}"))
}

/// The form that the script fills in.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct LogIn {
    token: String,
    challenge: String,
    return_to: String,
    credential: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

/// `POST /auth/passkey`. A passkey is two proofs in one: the device, and that its owner has unlocked it.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn log_in(req: HttpRequest, visit: Visit, form: Option<web::Form<LogIn>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    visit.check_token(&req, &form.token)?;
    let return_to = forms::local_path(visit.site(), &form.return_to).unwrap_or_default();
    let again = |key: Key| log_in::page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some(visit.words().say(key.0)), "", &return_to);
    if !visit.is_own_challenge(&form.challenge) {
        return again(Key("form-stale"));
    }
    let (site, challenge) = (visit.site().clone(), form.challenge);
    let sent = Assertion {
        credential: form.credential,
        client_data: form.client_data,
        authenticator_data: form.authenticator_data,
        signature: form.signature,
    };
    let whose = visit.web.db.write(move |c| {
        let id = domain(&site);
        let Some(actor) = passkeys::log_in(c, Party { id: &id, origin: site.origin() }, &challenge, &sent)? else {
            return Ok(None);
        };
        Ok(Some((actor, tokens::person(c, actor)?.standing)))
    });
    match whose.await? {
        None => again(Key("passkey-unknown")),
        Some((actor, Standing::Active)) => {
            log_in::begin(&req, &visit, actor, if return_to.is_empty() { "/" } else { &return_to }).await
        }
        Some((_, Standing::Pending)) => again(Key("log-in-pending")),
        Some(_) => again(Key("log-in-disabled")),
    }
}

/// The form of a new passkey.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Add {
    token: String,
    challenge: String,
    name: String,
    password: String,
    client_data: String,
    authenticator_data: String,
}

/// `POST /settings/security/passkeys`.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn add(req: HttpRequest, visit: Visit, form: Option<web::Form<Add>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let actor = person.actor.id;
    if !is_own_password(&visit, form.password).await? {
        return security::page(&visit, person, None, Some(Problem::Password(Key("settings-password-wrong")))).await;
    }
    let id = domain(visit.site());
    let party = Party { id: &id, origin: visit.site().origin() };
    let sent = Registration { client_data: form.client_data, authenticator_data: form.authenticator_data };
    let key = match register(party, &form.challenge, &sent) {
        Ok(key) if visit.is_own_challenge(&form.challenge) => key,
        Ok(_) => return security::page(&visit, person, None, Some(Problem::Passkey(Key("form-stale")))).await,
        Err(why) => {
            tracing::info!(why, "a passkey was not taken");
            return security::page(&visit, person, None, Some(Problem::Passkey(Key("passkey-failed")))).await;
        }
    };
    match visit.web.db.write(move |c| passkeys::add(c, actor, &form.name, key)).await {
        Ok(_) => Ok(visit.go(&format!("{PATH}?done=passkey"))),
        Err(LocalError::Invalid(_)) => security::page(&visit, person, None, Some(Problem::Passkey(Key("passkey-refused")))).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/security/passkeys/{id}/remove`.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] for somebody else's, and the database's.
pub async fn remove(
    req: HttpRequest,
    visit: Visit,
    id: web::Path<String>,
    form: Option<web::Form<Pressed>>,
) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?;
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let (actor, id) = (person.actor.id, PasskeyId(id.parse().map_err(|_| Error::NotFound)?));
    visit.web.db.write(move |c| passkeys::remove(c, actor, id)).await?;
    Ok(visit.go(&format!("{PATH}?done=passkey-removed")))
}
