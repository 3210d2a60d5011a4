//! Who is logged in to the pages: a secret in a cookie, of which the database has the hash.

use std::net::IpAddr;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage as _, HttpRequest};
use majlis_local::actors::{self, Actor};
use majlis_local::users::Standing;
use majlis_local::{Db, Timestamp, sessions, tokens};

use crate::error::Result;
use crate::people;

/// Seconds between two notes that a log-in is in use.
const SEEN_EVERY: i64 = 3_600;
/// A longer cookie is none of ours.
const SECRET_LIMIT: usize = 128;

/// Where a request comes from, as whoever wires the application puts it into the request: a proxy's word counts only where
/// it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Where a request comes from, when that is known.
pub fn address(req: &HttpRequest) -> Option<IpAddr> {
    req.extensions().get::<ClientAddress>().map(|ClientAddress(address)| *address)
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Whose pages these are.
    pub actor: Actor,
    /// The secret of the cookie.
    pub secret: String,
}

impl Person {
    /// The name that the person goes by.
    pub fn name(&self) -> &str {
        people::name(&self.actor)
    }

    /// The name that does not change.
    pub fn username(&self) -> &str {
        &self.actor.username
    }
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-majlis_session" } else { "majlis_session" }
}

/// The cookie of a session.
pub fn cookie(secret: String, secure: bool, seconds: i64) -> Cookie<'static> {
    Cookie::build(cookie_name(secure), secret)
        .path("/")
        .max_age(Duration::seconds(seconds))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .finish()
}

/// The cookie that ends one.
pub fn no_cookie(secure: bool) -> Cookie<'static> {
    cookie(String::new(), secure, 0)
}

/// The secret that a request brings.
pub fn secret(req: &HttpRequest, secure: bool) -> Option<String> {
    let cookie = req.cookie(cookie_name(secure))?;
    let secret = cookie.value();
    (!secret.is_empty() && secret.len() <= SECRET_LIMIT).then(|| secret.to_owned())
}

/// Whose secret it is, if the session has not ended and the person may act.
///
/// # Errors
/// The database's.
pub async fn person(db: &Db, secret: String, from: Option<IpAddr>) -> Result<Option<Person>> {
    let found = db
        .read(move |c| {
            let Some((actor, seen)) = sessions::current(c, &secret)? else { return Ok(None) };
            if tokens::person(c, actor)?.standing != Standing::Active {
                return Ok(None);
            }
            Ok(Some((Person { actor: actors::get(c, actor)?, secret }, seen)))
        })
        .await?;
    let Some((person, seen)) = found else { return Ok(None) };
    if seen.is_none_or(|at| at.plus_seconds(SEEN_EVERY) < Timestamp::now()) {
        let (db, secret) = (db.clone(), person.secret.clone());
        // Behind the request's back: a page does not wait for a write.
        actix_web::rt::spawn(async move {
            if let Err(error) = db.write(move |c| sessions::touch(c, &secret, from)).await {
                tracing::warn!(%error, "cannot note that a log-in is in use");
            }
        });
    }
    Ok(Some(person))
}
