//! Who is logged in to the pages: a secret in a cookie, of which the database has the hash.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use majlis_local::actors::{self, Actor};
use majlis_local::users::Standing;
use majlis_local::{Db, sessions, tokens};

use crate::error::Result;
use crate::people;

/// A longer cookie is none of ours.
const SECRET_LIMIT: usize = 128;

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
pub async fn person(db: &Db, secret: String) -> Result<Option<Person>> {
    let person = db
        .read(move |c| {
            let Some(actor) = sessions::find(c, &secret)? else { return Ok(None) };
            if tokens::person(c, actor)?.standing != Standing::Active {
                return Ok(None);
            }
            Ok(Some(Person { actor: actors::get(c, actor)?, secret }))
        })
        .await?;
    Ok(person)
}
