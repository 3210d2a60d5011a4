//! Authorisation codes (RFC 6749 §4.1): good for one exchange within ten minutes, by the app that asked, at the address that
//! it named, with the verifier of its challenge (RFC 7636).

use diesel::prelude::*;

use crate::apps::App;
use crate::connection::{Connection, any_text};
use crate::error::Result;
use crate::ids::{ActorId, AppId};
use crate::schema::oauth_codes;
use crate::scopes::Scopes;
use crate::secrets;
use crate::time::Timestamp;

/// How long a code is good.
const LIFETIME_SECONDS: i64 = 600;

/// What a person has allowed an app.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Grant {
    pub app: AppId,
    pub actor: ActorId,
    pub redirect_uri: String,
    pub scopes: Scopes,
    /// The `S256` challenge, if the app sent one.
    pub code_challenge: Option<String>,
}

/// Why a code was not exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Unknown, used, too old, another app's, or for another address.
    Code,
    /// The verifier is missing or does not fit.
    Verifier,
}

/// Makes a code for what a person has allowed; it is stored hashed.
pub fn issue(c: &mut Connection, grant: &Grant) -> Result<String> {
    let code = secrets::generate();
    diesel::insert_into(oauth_codes::table)
        .values((
            oauth_codes::code_hash.eq(secrets::hash(&code)),
            oauth_codes::app_id.eq(grant.app),
            oauth_codes::actor_id.eq(grant.actor),
            oauth_codes::redirect_uri.eq(&grant.redirect_uri),
            oauth_codes::scopes.eq(grant.scopes),
            oauth_codes::code_challenge.eq(&grant.code_challenge),
            oauth_codes::expires_at.eq(Timestamp::now().plus_seconds(LIFETIME_SECONDS)),
        ))
        .execute(c)?;
    Ok(code)
}

/// Takes a code in exchange for what it grants. A code is gone after the first attempt, whatever came of it.
pub fn redeem(
    c: &mut Connection,
    app: &App,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> Result<std::result::Result<Grant, Refused>> {
    type Row = (AppId, ActorId, String, Scopes, Option<String>, Timestamp);
    let row: Option<Row> = diesel::delete(oauth_codes::table.find(secrets::hash(code)))
        .returning((
            oauth_codes::app_id,
            oauth_codes::actor_id,
            oauth_codes::redirect_uri,
            oauth_codes::scopes,
            oauth_codes::code_challenge,
            oauth_codes::expires_at,
        ))
        .get_result(c)
        .optional()?;
    let Some((of, actor, address, scopes, code_challenge, expires_at)) = row else { return Ok(Err(Refused::Code)) };
    if of != app.id || address != redirect_uri || expires_at <= Timestamp::now() {
        return Ok(Err(Refused::Code));
    }
    if let Some(challenge) = &code_challenge
        && !verifier.is_some_and(|verifier| secrets::matches(verifier, challenge))
    {
        return Ok(Err(Refused::Verifier));
    }
    Ok(Ok(Grant { app: of, actor, redirect_uri: address, scopes, code_challenge }))
}

/// Removes up to `limit` codes that are too old; gives back how many.
pub fn purge(c: &mut Connection, limit: i64) -> Result<usize> {
    let old: Vec<String> = oauth_codes::table
        .filter(oauth_codes::expires_at.lt(Timestamp::now()))
        .limit(limit)
        .select(oauth_codes::code_hash)
        .load(c)?;
    Ok(diesel::delete(oauth_codes::table.filter(any_text(oauth_codes::code_hash, old))).execute(c)?)
}
