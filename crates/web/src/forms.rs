//! Forms: the token that proves that a form came from us, and where a visitor goes afterwards.
//!
//! A form carries a nonce and the hash of it with a secret that stands in a cookie (of the session, or for those who are
//! not logged in one for forms only). Another site can neither read the cookie nor make the hash; and since the nonce is
//! new on every page, the secret cannot be guessed from the sizes of compressed pages.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::HeaderName;
use majlis_local::{Site, Timestamp, secrets};
use url::Url;

/// Longer addresses to go back to are dropped: an authorisation request with everything in it has room.
const RETURN_LIMIT: usize = 4_096;
/// How long somebody may take to find the finger for a passkey. A challenge that was used is remembered for longer.
const CHALLENGE_MILLIS: i64 = 600_000;
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The name of the cookie with the forms' secret. On https the prefix keeps other hosts of the domain from setting it.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-majlis_form" } else { "majlis_form" }
}

/// The cookie that holds the forms' secret, until the browser is closed.
pub fn cookie(secret: String, secure: bool) -> Cookie<'static> {
    Cookie::build(cookie_name(secure), secret).path("/").http_only(true).same_site(SameSite::Lax).secure(secure).finish()
}

/// A token for a form, good for whoever has the secret.
pub fn token(secret: &str) -> String {
    let nonce = &secrets::generate()[..16];
    format!("{nonce}.{}", proof(nonce, secret))
}

/// Whether a token was made with this secret.
pub fn is_ours(token: &str, secret: &str) -> bool {
    match token.split_once('.') {
        // The second hash makes the comparison constant in time.
        Some((nonce, given)) => secrets::matches(given, &secrets::hash(&proof(nonce, secret))),
        None => false,
    }
}

fn proof(nonce: &str, secret: &str) -> String {
    secrets::hash(&format!("form {nonce} {secret}"))
}

/// A challenge for a passkey, good for whoever has the secret, for a while.
pub fn challenge(secret: &str) -> String {
    let (at, nonce) = (Timestamp::now().millis(), &secrets::generate()[..16]);
    format!("{at}.{nonce}.{}", challenge_proof(at, nonce, secret))
}

/// Whether a challenge was made with this secret, and not long ago.
pub fn is_fresh_challenge(challenge: &str, secret: &str) -> bool {
    let mut parts = challenge.splitn(3, '.');
    let (Some(at), Some(nonce), Some(given)) = (parts.next().and_then(|at| at.parse::<i64>().ok()), parts.next(), parts.next())
    else {
        return false;
    };
    let age = Timestamp::now().millis().saturating_sub(at);
    (0..=CHALLENGE_MILLIS).contains(&age) && secrets::matches(given, &secrets::hash(&challenge_proof(at, nonce, secret)))
}

fn challenge_proof(at: i64, nonce: &str, secret: &str) -> String {
    secrets::hash(&format!("challenge {at} {nonce} {secret}"))
}

/// Whether the browser says that another site made it send this request (Fetch Metadata).
pub fn comes_from_elsewhere(req: &HttpRequest) -> bool {
    let site = req.headers().get(FETCH_SITE).and_then(|value| value.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// The path and query of a page of ours, if that is what was asked for: nobody is sent to another site by a link to us.
pub fn local_path(site: &Site, asked: &str) -> Option<String> {
    if asked.len() > RETURN_LIMIT || !asked.starts_with('/') || asked.contains(['\\', '\n', '\r', '\t']) {
        return None;
    }
    let origin = Url::parse(site.origin()).ok()?;
    let target = origin.join(asked).ok()?;
    if target.origin() != origin.origin() || !target.username().is_empty() || target.password().is_some() {
        return None;
    }
    let path = match target.query() {
        Some(query) => format!("{}?{query}", target.path()),
        None => target.path().to_owned(),
    };
    // `//host` would be another site again.
    (!path.starts_with("//")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_secret_only() {
        let (mine, other) = (secrets::generate(), secrets::generate());
        let token = token(&mine);
        assert!(is_ours(&token, &mine));
        assert!(!is_ours(&token, &other));
        assert_ne!(token, super::token(&mine));
        for forged in ["", ".", "x", "x.y", &token[..token.len() - 1]] {
            assert!(!is_ours(forged, &mine), "{forged}");
        }
    }

    #[test]
    fn a_challenge_is_good_for_its_secret_and_for_a_while() {
        let mine = secrets::generate();
        let fresh = challenge(&mine);
        assert!(is_fresh_challenge(&fresh, &mine) && !is_fresh_challenge(&fresh, &secrets::generate()));
        let at = Timestamp::now().millis() - CHALLENGE_MILLIS - 1_000;
        let old = format!("{at}.n.{}", challenge_proof(at, "n", &mine));
        assert!(!is_fresh_challenge(&old, &mine));
        for forged in ["", "1.2", "x.y.z", &fresh[1..]] {
            assert!(!is_fresh_challenge(forged, &mine), "{forged}");
        }
        assert!(!is_ours(&fresh, &mine), "and is no token of a form");
    }

    #[test]
    fn nobody_is_sent_away() {
        let site = Site::new("https://majlis.example");
        let path = |asked: &str| local_path(&site, asked);
        assert_eq!(path("/oauth/authorize?a=b%20c#x").as_deref(), Some("/oauth/authorize?a=b%20c"));
        assert_eq!(path("/").as_deref(), Some("/"));
        for bad in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "javascript:alert(1)",
            "@evil.example",
            " /x",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
        assert_eq!(path(&format!("/{}", "x".repeat(5_000))), None);
    }
}
