//! Signing an outgoing request: the headers to add for each scheme.
//! What is covered is what peers ask for: target, host, date, and the digest of a body.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::{Position, Url};

use super::keys::{KeyError, KeyKind, PrivateKey};
use super::{BodyDigest, Headers, Request, Scheme, cavage, rfc9421};

/// A request about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Where to.
    pub url: &'a Url,
    /// The digest of the body, when there is one.
    pub digest: Option<&'a BodyDigest>,
}

/// The header fields that sign a request: `date`, `digest` and `content-digest` for a body, `signature` and,
/// for RFC 9421, `signature-input`. The `Host` that the client sends must be the URL's host with its port, if it has one.
///
/// # Errors
/// [`KeyError`] when the key cannot sign.
pub fn sign(
    outgoing: Outgoing<'_>,
    scheme: Scheme,
    key_id: &str,
    key: &PrivateKey,
    now: DateTime<Utc>,
) -> Result<Vec<(&'static str, String)>, KeyError> {
    let mut fields = vec![("date", http_date(now))];
    if let Some(digest) = outgoing.digest {
        fields.push(("digest", digest.digest_header()));
    }
    match scheme {
        Scheme::Cavage => {
            sign_cavage(outgoing, &outgoing.url[Position::BeforePath..Position::AfterQuery], key_id, key, &mut fields)?
        }
        Scheme::CavagePathOnly => sign_cavage(outgoing, outgoing.url.path(), key_id, key, &mut fields)?,
        Scheme::Rfc9421 => sign_rfc9421(outgoing, key_id, key, now, &mut fields)?,
    }
    Ok(fields)
}

/// A time as HTTP writes it (RFC 9110 §5.6.7), `Tue, 20 Apr 2021 02:07:55 GMT`.
pub fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn sign_cavage(
    outgoing: Outgoing<'_>,
    target: &str,
    key_id: &str,
    key: &PrivateKey,
    fields: &mut Vec<(&'static str, String)>,
) -> Result<(), KeyError> {
    let mut values: BTreeMap<String, String> = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    values.insert("host".to_owned(), authority(outgoing.url).to_owned());
    let covered: Vec<String> =
        ["(request-target)", "host"].into_iter().chain(fields.iter().map(|(name, _)| *name)).map(str::to_owned).collect();
    let text = cavage::signing_string(&covered, outgoing.method, target, values).map_err(|_| KeyError::Library)?;
    let made = key.sign(key.usual_algorithm(), text.as_bytes())?;
    // The name that every peer knows for RSA; `hs2019` leaves it to the key.
    let algorithm = match key.kind() {
        KeyKind::Rsa => "rsa-sha256",
        KeyKind::Ed25519 => "hs2019",
    };
    fields.push(("signature", cavage::header(key_id, algorithm, &covered, &made)));
    Ok(())
}

fn sign_rfc9421(
    outgoing: Outgoing<'_>,
    key_id: &str,
    key: &PrivateKey,
    now: DateTime<Utc>,
    fields: &mut Vec<(&'static str, String)>,
) -> Result<(), KeyError> {
    let mut components = vec!["@method", "@target-uri"];
    if let Some(digest) = outgoing.digest {
        components.push("content-digest");
        fields.push(("content-digest", digest.content_digest_header()));
    }
    let input = rfc9421::input(&components, now.timestamp(), key_id, key.usual_algorithm());
    let request = Request {
        method: outgoing.method,
        path_and_query: &outgoing.url[Position::BeforePath..Position::AfterQuery],
        headers: fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Headers<'_>>(),
        body: b"",
    };
    let target = rfc9421::Target { scheme: outgoing.url.scheme(), authority: authority(outgoing.url) };
    let base = rfc9421::base(&input, &request, target).map_err(|_| KeyError::Library)?;
    let made = key.sign(key.usual_algorithm(), base.as_bytes())?;
    fields.push(("signature-input", format!("{}={input}", rfc9421::LABEL)));
    fields.push(("signature", format!("{}={}", rfc9421::LABEL, super::fields::Item::Bytes(made))));
    Ok(())
}

/// Host, and port unless it is the scheme's default: what a client sends as `Host`.
pub(crate) fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}
