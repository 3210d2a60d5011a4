//! Authorisation codes (RFC 6749 §4.1): good for one exchange within ten minutes, by the app that asked, at the address that
//! it named, with the verifier of its challenge (RFC 7636). Who shows one again takes back the token that it was exchanged for.

use diesel::prelude::*;

use crate::apps::App;
use crate::connection::{Connection, any_text};
use crate::error::{Error, Result};
use crate::ids::{ActorId, AppId, TokenId};
use crate::schema::oauth_codes;
use crate::scopes::Scopes;
use crate::secrets;
use crate::time::Timestamp;
use crate::tokens;
use crate::users::Standing;

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

/// What a code was exchanged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// What was granted.
    pub scopes: Scopes,
    /// The token's text, which is not stored.
    pub token: String,
}

/// Why a code was not exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Unknown, used, too old, another app's, for another address, or of a person who may not act.
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

/// Takes a code in exchange for a token. A code is good for the first attempt only, whatever came of it; if that brought a
/// token, the second one takes it back, since one of the two came from a thief (RFC 6749 §4.1.2).
pub fn redeem(
    c: &mut Connection,
    app: &App,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
) -> Result<std::result::Result<Redeemed, Refused>> {
    type Row = (AppId, ActorId, String, Scopes, Option<String>, Timestamp, Option<TokenId>);
    let hash = secrets::hash(code);
    // Writing the row holds it until the end of the transaction: of two attempts at once the second sees what came of the first.
    let row: Option<Row> = diesel::update(oauth_codes::table.find(&hash))
        .set(oauth_codes::expires_at.eq(oauth_codes::expires_at))
        .returning((
            oauth_codes::app_id,
            oauth_codes::actor_id,
            oauth_codes::redirect_uri,
            oauth_codes::scopes,
            oauth_codes::code_challenge,
            oauth_codes::expires_at,
            oauth_codes::token_id,
        ))
        .get_result(c)
        .optional()?;
    let Some((of, actor, address, scopes, code_challenge, expires_at, token)) = row else { return Ok(Err(Refused::Code)) };
    let fits = |challenge: &String| verifier.is_some_and(|verifier| secrets::matches(verifier, challenge));
    let refused = if token.is_some() || of != app.id || address != redirect_uri || expires_at <= Timestamp::now() {
        Some(Refused::Code)
    } else if !code_challenge.as_ref().is_none_or(fits) {
        Some(Refused::Verifier)
    } else if tokens::person(c, actor)?.standing == Standing::Disabled {
        Some(Refused::Code)
    } else {
        None
    };
    if let Some(refused) = refused {
        diesel::delete(oauth_codes::table.find(&hash)).execute(c)?;
        if let Some(token) = token {
            match tokens::revoke_own(c, actor, token) {
                Ok(()) => tracing::warn!(%actor, "a code was shown twice: its token is taken back"),
                // The app or the person was faster.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        return Ok(Err(refused));
    }
    let (id, token) = tokens::issue(c, of, Some(actor), scopes)?;
    diesel::update(oauth_codes::table.find(&hash)).set(oauth_codes::token_id.eq(Some(id))).execute(c)?;
    Ok(Ok(Redeemed { scopes, token }))
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
