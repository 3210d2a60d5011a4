//! draft-cavage-http-signatures-12: the `Signature` header read strictly, signing strings, the header written.
//! Signing strings are built by `http-signature-normalization`; policy (what must be covered, how old) is in `verify`.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_signature_normalization::Config;

use super::keys::{Algorithm, LENIENT_BASE64};
use super::{Headers, SignatureError};

const MAX_HEADER: usize = 8 * 1024;
const MAX_PARAMS: usize = 16;
const MAX_COVERED: usize = 32;
/// A bound on `created` and `expires`, seconds since 1970 (the year 5138): beyond it, arithmetic on times may overflow.
const MAX_TIME: i64 = 99_999_999_999;

/// What a `Signature` header says (§2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which key: a URL in the fediverse, but any text here.
    pub key_id: String,
    /// The algorithm's name, when given.
    pub algorithm: Option<String>,
    /// What is covered, in order, lower-case.
    pub covered: Vec<String>,
    /// Seconds since 1970.
    pub created: Option<i64>,
    /// Seconds since 1970.
    pub expires: Option<i64>,
    /// The signature itself.
    pub signature: Vec<u8>,
}

impl Signature {
    /// Whether a field or pseudo-field is covered.
    pub fn covers(&self, name: &str) -> bool {
        self.covered.iter().any(|have| have == name)
    }

    /// The algorithms that the header allows; the key decides among them (`hs2019`, or none named).
    ///
    /// # Errors
    /// [`SignatureError::UnknownAlgorithm`].
    pub fn algorithms(&self) -> Result<&'static [Algorithm], SignatureError> {
        match self.algorithm.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("hs2019" | "") => Ok(&[Algorithm::RsaV15Sha256, Algorithm::RsaV15Sha512, Algorithm::Ed25519]),
            Some("rsa-sha256") => Ok(&[Algorithm::RsaV15Sha256]),
            Some("rsa-sha512") => Ok(&[Algorithm::RsaV15Sha512]),
            Some("ed25519" | "ed25519-sha512") => Ok(&[Algorithm::Ed25519]),
            Some(_) => Err(SignatureError::UnknownAlgorithm),
        }
    }

    /// The text that was signed (§2.3). `target` is the path as signed, with or without the query string.
    ///
    /// # Errors
    /// [`SignatureError::UnknownComponent`] when a covered part is not there.
    pub fn signing_string(&self, method: &str, target: &str, headers: &Headers<'_>) -> Result<String, SignatureError> {
        let mut values = BTreeMap::new();
        for name in &self.covered {
            let value = match name.as_str() {
                "(request-target)" => continue,
                "(created)" => self.created.map(|time| time.to_string()),
                "(expires)" => self.expires.map(|time| time.to_string()),
                _ => headers.joined(name).map(|value| value.into_owned()),
            };
            values.insert(name.clone(), value.ok_or_else(|| SignatureError::UnknownComponent(name.clone()))?);
        }
        signing_string(&self.covered, method, target, values)
    }
}

/// Reads the value of a `Signature` header, or of `Authorization` behind the word `Signature`.
///
/// # Errors
/// [`SignatureError::Malformed`] or [`SignatureError::TooLarge`].
pub fn parse(header: &str) -> Result<Signature, SignatureError> {
    let mut key_id = None;
    let mut algorithm = None;
    let mut covered = None;
    let mut created = None;
    let mut expires = None;
    let mut signature = None;
    for (name, value) in parameters(header)? {
        let earlier = match name {
            "keyId" => key_id.replace(value),
            "algorithm" => algorithm.replace(value),
            "headers" => covered.replace(value),
            "created" => created.replace(value),
            "expires" => expires.replace(value),
            "signature" => signature.replace(value),
            // Unknown parameters must be ignored (§2.2).
            _ => None,
        };
        if earlier.is_some() {
            return Err(SignatureError::Malformed("a parameter comes twice"));
        }
    }
    let key_id = key_id.filter(|id| !id.is_empty()).ok_or(SignatureError::Malformed("keyId is missing"))?;
    let signature = signature.ok_or(SignatureError::Malformed("signature is missing"))?;
    Ok(Signature {
        key_id: key_id.to_owned(),
        algorithm: algorithm.map(str::to_owned),
        // Without `headers`, draft-12 means `(created)` alone, which covers too little in any case.
        covered: covered_list(covered.unwrap_or("(created)"))?,
        created: created.map(time).transpose()?,
        expires: expires.map(time).transpose()?,
        signature: LENIENT_BASE64.decode(signature).map_err(|_| SignatureError::Malformed("signature is not base64"))?,
    })
}

/// The text to sign (§2.3) over the covered parts, whose values are given by name; `(request-target)` is added here.
///
/// # Errors
/// [`SignatureError::UnknownComponent`] when a value is missing.
pub fn signing_string(
    covered: &[String],
    method: &str,
    target: &str,
    mut values: BTreeMap<String, String>,
) -> Result<String, SignatureError> {
    // The library builds signing strings only from a header. We have read the real one more strictly than it would
    // (it splits at commas in quotes and adds unbounded times to a clock), so it sees one that holds the names only.
    // The times of the request were judged before: the library's own expiry is out of reach.
    values.insert("signature".to_owned(), format!("keyId=\"k\",headers=\"{}\",signature=\"s\"", covered.join(" ")));
    Config::new()
        .set_expiration(Duration::from_secs(u64::from(u32::MAX)))
        .begin_verify(method, target, values)
        .map(|unverified| unverified.signing_string().to_owned())
        .map_err(|error| SignatureError::UnknownComponent(error.to_string()))
}

/// Writes the value of a `Signature` header.
pub fn header(key_id: &str, algorithm: &str, covered: &[String], signature: &[u8]) -> String {
    format!(
        "keyId=\"{key_id}\",algorithm=\"{algorithm}\",headers=\"{}\",signature=\"{}\"",
        covered.join(" "),
        STANDARD.encode(signature)
    )
}

/// Splits `name="value",name=value`. Commas and equals signs may stand inside the quotes.
fn parameters(header: &str) -> Result<Vec<(&str, &str)>, SignatureError> {
    if header.len() > MAX_HEADER {
        return Err(SignatureError::TooLarge);
    }
    if header.bytes().any(|byte| byte.is_ascii_control() || byte == b'\\') {
        return Err(SignatureError::Malformed("a control character or an escape"));
    }
    let mut found = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        if found.len() >= MAX_PARAMS {
            return Err(SignatureError::TooLarge);
        }
        let (name, after) = rest.split_once('=').ok_or(SignatureError::Malformed("a parameter without a value"))?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or(SignatureError::Malformed("a quote is not closed"))?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        found.push((name.trim(), value.trim()));
        rest = match after.trim_start() {
            "" => "",
            after => after.strip_prefix(',').ok_or(SignatureError::Malformed("text behind a quote"))?.trim_start(),
        };
    }
    Ok(found)
}

fn covered_list(text: &str) -> Result<Vec<String>, SignatureError> {
    let mut covered: Vec<String> = Vec::new();
    for name in text.split_ascii_whitespace() {
        let name = name.to_ascii_lowercase();
        let plain = name.trim_start_matches('(').trim_end_matches(')');
        let readable = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !readable {
            return Err(SignatureError::Malformed("a covered name is not a field name"));
        }
        // A signature cannot cover itself, and the library would take these two for the header to read.
        if matches!(name.as_str(), "signature" | "authorization") {
            return Err(SignatureError::UnknownComponent(name));
        }
        if covered.contains(&name) {
            return Err(SignatureError::Malformed("a name is covered twice"));
        }
        if covered.len() >= MAX_COVERED {
            return Err(SignatureError::TooLarge);
        }
        covered.push(name);
    }
    Ok(covered)
}

fn time(text: &str) -> Result<i64, SignatureError> {
    // Draft-12 has integers; a fraction, which earlier drafts allowed, could not be put back as it was signed.
    text.parse().ok().filter(|time| (0..=MAX_TIME).contains(time)).ok_or(SignatureError::BadDate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The form that Mastodon's documentation of its security shows.
    const MASTODON: &str =
        r#"keyId="https://my.example.com/actor#main-key",headers="(request-target) host date digest",signature="aGVsbG8=""#;

    #[test]
    fn mastodons_documented_form_is_read() {
        let signature = parse(MASTODON).unwrap();
        assert_eq!(signature.key_id, "https://my.example.com/actor#main-key");
        assert_eq!(signature.algorithm, None);
        assert_eq!(signature.covered, ["(request-target)", "host", "date", "digest"]);
        assert_eq!(signature.signature, b"hello");
    }

    #[test]
    fn the_signing_string_is_the_documented_one() {
        let headers = Headers::from_iter([
            ("Host", "mastodon.example"),
            ("Date", "18 Dec 2019 10:08:46 GMT"),
            ("Digest", "SHA-256=hcK0GZB1BM4R0eenYrj9clYBuyXs/lemt5iWRYmIX0A="),
            ("Accept", "*/*"),
        ]);
        let text = parse(MASTODON).unwrap().signing_string("POST", "/users/username/inbox", &headers).unwrap();
        assert_eq!(
            text,
            "(request-target): post /users/username/inbox\nhost: mastodon.example\ndate: 18 Dec 2019 10:08:46 GMT\ndigest: SHA-256=hcK0GZB1BM4R0eenYrj9clYBuyXs/lemt5iWRYmIX0A="
        );
    }

    #[test]
    fn spaces_commas_in_quotes_and_bare_numbers_are_read() {
        let signature = parse(
            r#"keyId="https://a.example/key?x=1,2", algorithm="hs2019" , created=1402170695,expires="1402170699",headers="(Request-Target)  (created) Host",signature="aA==",odd="1""#,
        )
        .unwrap();
        assert_eq!(signature.key_id, "https://a.example/key?x=1,2");
        assert_eq!((signature.created, signature.expires), (Some(1_402_170_695), Some(1_402_170_699)));
        let headers = Headers::from_iter([("host", "b.example")]);
        assert_eq!(
            signature.signing_string("get", "/", &headers).unwrap(),
            "(request-target): get /\n(created): 1402170695\nhost: b.example"
        );
    }

    #[test]
    fn repeated_fields_are_joined() {
        let signature = parse(r#"keyId="k",headers="x-a",signature="aA==""#).unwrap();
        let headers = Headers::from_iter([("X-A", " one "), ("x-a", "two")]);
        assert_eq!(signature.signing_string("GET", "/", &headers).unwrap(), "x-a: one, two");
    }

    #[test]
    fn broken_headers_are_refused() {
        for header in [
            "",
            "keyId",
            r#"keyId="a""#,
            r#"signature="aA==""#,
            r#"keyId="a",signature="%""#,
            r#"keyId="a,signature="aA==""#,
            r#"keyId="a"x,signature="aA==""#,
            r#"keyId="a",keyId="b",signature="aA==""#,
            r#"keyId="",signature="aA==""#,
            r#"keyId="a",headers="host host",signature="aA==""#,
            r#"keyId="a",headers="a,b",signature="aA==""#,
            r#"keyId="a",headers="signature",signature="aA==""#,
            r#"keyId="a",headers="authorization",signature="aA==""#,
            r#"keyId="a",created=-1,signature="aA==""#,
            r#"keyId="a",created=18446744073709551615,signature="aA==""#,
            r#"keyId="a\"",signature="aA==""#,
        ] {
            assert!(parse(header).is_err(), "{header}");
        }
        assert_eq!(parse(&"a=b,".repeat(20)), Err(SignatureError::TooLarge));
        assert_eq!(parse(&"a".repeat(MAX_HEADER + 1)), Err(SignatureError::TooLarge));
    }

    #[test]
    fn a_covered_part_must_be_there() {
        for covered in ["x-missing", "(created)", "(expires)", "(odd)"] {
            let signature = parse(&format!(r#"keyId="k",headers="{covered}",signature="aA==""#)).unwrap();
            let found = signature.signing_string("GET", "/", &Headers::default());
            assert_eq!(found, Err(SignatureError::UnknownComponent(covered.to_owned())));
        }
    }

    #[test]
    fn algorithms_are_those_of_the_fediverse() {
        let with = |name: &str| parse(&format!(r#"keyId="k",algorithm="{name}",signature="aA==""#)).unwrap();
        assert_eq!(with("rsa-sha256").algorithms(), Ok(&[Algorithm::RsaV15Sha256][..]));
        assert_eq!(with("hs2019").algorithms().unwrap().len(), 3);
        assert_eq!(with("ed25519").algorithms(), Ok(&[Algorithm::Ed25519][..]));
        for name in ["hmac-sha256", "rsa-sha1", "none"] {
            assert_eq!(with(name).algorithms(), Err(SignatureError::UnknownAlgorithm));
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in ".{0,200}") {
            let _ = parse(&header);
        }

        #[test]
        fn nothing_that_parses_panics(
            covered in prop::collection::vec("\\(?[a-z-]{1,12}\\)?", 0..8),
            created in proptest::option::of(any::<i64>()),
            method in "[A-Za-z]{0,8}",
            target in ".{0,40}",
            value in ".{0,40}",
        ) {
            let created = created.map(|time| format!(",created={time}")).unwrap_or_default();
            let header = format!(r#"keyId="k",headers="{}",signature="aA=="{created}"#, covered.join(" "));
            if let Ok(signature) = parse(&header) {
                let headers: Headers<'_> = covered.iter().map(|name| (name.as_str(), value.as_str())).collect();
                let _ = signature.signing_string(&method, &target, &headers);
            }
        }
    }
}
