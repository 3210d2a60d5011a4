//! Who sends a push message: a token signed with the server's own key (RFC 8292).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use majlis_local::Timestamp;
use majlis_local::settings::Vapid;
use serde_json::json;
use url::Url;

/// Seconds for which a token is good: the standard allows a day.
const LIFE: i64 = 12 * 3_600;

/// A token for the push service of this endpoint; `contact`: where its operators reach us.
///
/// # Errors
/// A text for the log, when the server's key cannot be used.
pub(super) fn token(keys: &Vapid, endpoint: &Url, contact: &str) -> Result<String, String> {
    let failed = |what: &str| format!("the server's push key: {what}");
    let private = URL_SAFE_NO_PAD.decode(&keys.private).map_err(|_| failed("is no base64"))?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &private).map_err(|_| failed("is no key"))?;
    let header = json!({ "typ": "JWT", "alg": "ES256" });
    let claims = json!({
        "aud": endpoint.origin().ascii_serialization(),
        "exp": Timestamp::now().plus_seconds(LIFE).millis() / 1_000,
        "sub": contact,
    });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| failed("does not sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_token_names_the_push_service_and_is_signed_with_the_key_that_apps_know() {
        let keys = Vapid::generate().unwrap();
        let endpoint = "https://push.example/send/abc".parse().unwrap();
        let token = token(&keys, &endpoint, "https://majlis.example").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&decode(signed.split_once('.').unwrap().1)).unwrap();
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!("https://push.example"), &json!("https://majlis.example")));
        let left = claims["exp"].as_i64().unwrap() - Timestamp::now().millis() / 1_000;
        assert!((0..=24 * 3_600).contains(&left));
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, decode(&keys.public));
        assert!(key.verify(signed.as_bytes(), &decode(signature)).is_ok());
    }
}
