//! The policy over received signatures: what must be covered, how old they may be, for which host they must be.
//! [`check`] needs no key and refuses the cheap way first; [`Checked::verify`] then does the arithmetic.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use url::Url;

use super::keys::{Algorithm, PublicKey};
use super::sign::authority;
use super::{Request, Scheme, SignatureError, cavage, digest, rfc9421};

/// How far a sender's clock may be ahead of ours.
pub const MAX_SKEW: TimeDelta = TimeDelta::hours(1);
/// How old a signature may be. Mastodon and Akkoma allow half a day and two hours; retries sign anew.
pub const MAX_AGE: TimeDelta = TimeDelta::hours(12);
/// Key ids longer than any URL that we would fetch.
const MAX_KEY_ID: usize = 2048;

/// A signature that satisfies the policy and awaits its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The key's id: a URL, with or without a fragment, not yet looked at.
    pub key_id: String,
    /// [`Scheme::Cavage`] or [`Scheme::Rfc9421`].
    pub scheme: Scheme,
    /// When the sender says it signed.
    pub created: DateTime<Utc>,
    /// What may have been signed: in cavage with the query string and without.
    bases: Vec<String>,
    algorithms: &'static [Algorithm],
    signature: Vec<u8>,
}

impl Checked {
    /// Whether the owner of `key` made the signature.
    ///
    /// # Errors
    /// [`SignatureError::WrongKey`] when the key is of another kind than the signature names, [`SignatureError::Forged`]
    /// when the arithmetic does not hold.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let mut usable = self.algorithms.iter().filter(|algorithm| algorithm.key_kind() == key.kind()).peekable();
        if usable.peek().is_none() {
            return Err(SignatureError::WrongKey);
        }
        let fits = usable.any(|algorithm| self.bases.iter().any(|base| key.verify(*algorithm, base.as_bytes(), &self.signature)));
        if fits { Ok(()) } else { Err(SignatureError::Forged) }
    }
}

/// Checks everything about a request's signature that needs no key. `origin` is our configured public origin.
///
/// Coverage, draft-cavage: `(request-target)`, `host`, `date` or `(created)`, and `digest` with a body.
/// RFC 9421: `created`, `keyid`, `@method`, `@target-uri` (or `@authority` and `@path`), and `content-digest` with a body.
///
/// # Errors
/// Says what is wrong; nothing of the request may be believed then.
pub fn check(request: &Request<'_>, now: DateTime<Utc>, origin: &Url) -> Result<Checked, SignatureError> {
    let mut checked = check_all(request, now, origin)?;
    Ok(checked.swap_remove(0))
}

/// As [`check`], with every signature that satisfies the policy (RFC 9421 allows several, at most four here); never empty.
///
/// # Errors
/// As [`check`]: when no signature satisfies the policy, what is wrong with the first.
pub fn check_all(request: &Request<'_>, now: DateTime<Utc>, origin: &Url) -> Result<Vec<Checked>, SignatureError> {
    let Some(input) = request.headers.joined("signature-input") else {
        return check_cavage(request, now, origin).map(|checked| vec![checked]);
    };
    let signature = request.headers.joined("signature").ok_or(SignatureError::Missing)?;
    let mut accepted = Vec::new();
    let mut first_error = None;
    for signature in rfc9421::parse(&input, &signature)? {
        match check_rfc9421(request, signature, now, origin) {
            Ok(checked) => accepted.push(checked),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if accepted.is_empty() {
        return Err(first_error.unwrap_or(SignatureError::Missing));
    }
    let header = request.headers.joined("content-digest");
    if request.carries_body() {
        digest::check_content_digest(header.as_deref().unwrap_or_default(), request.body)?;
    }
    Ok(accepted)
}

/// The key id that a request's signature names, however wrong the rest of it is: for the log, cut to its first 256 characters.
pub fn named_key(request: &Request<'_>) -> Option<String> {
    let id = match request.headers.joined("signature-input") {
        Some(input) => {
            let signature = request.headers.joined("signature")?;
            rfc9421::parse(&input, &signature).ok()?.first()?.input.params.string("keyid")?.to_owned()
        }
        None => cavage::parse(cavage_header(request).ok()?).ok()?.key_id,
    };
    Some(id.chars().take(256).collect())
}

fn check_cavage(request: &Request<'_>, now: DateTime<Utc>, origin: &Url) -> Result<Checked, SignatureError> {
    let signature = cavage::parse(cavage_header(request)?)?;
    if signature.key_id.len() > MAX_KEY_ID {
        return Err(SignatureError::TooLarge);
    }
    for part in ["(request-target)", "host"] {
        if !signature.covers(part) {
            return Err(SignatureError::NotCovered(part));
        }
    }
    if !signature.covers("date") && !signature.covers("(created)") {
        return Err(SignatureError::NotCovered("date"));
    }
    if request.carries_body() && !signature.covers("digest") {
        return Err(SignatureError::NotCovered("digest"));
    }
    // Every time that was signed must hold; the later draft's is the one reported.
    let mut created = None;
    if signature.covers("date") {
        let date = request.headers.one("date")?.ok_or(SignatureError::UnknownComponent("date".into()))?;
        created = Some(in_time(http_date(date)?, now)?);
    }
    if signature.covers("(created)") {
        let seconds = signature.created.ok_or(SignatureError::UnknownComponent("(created)".into()))?;
        created = Some(in_time(from_seconds(seconds)?, now)?);
    }
    not_expired(signature.expires, now)?;
    let algorithms = signature.algorithms()?;
    let host = request.headers.one("host")?.ok_or(SignatureError::UnknownComponent("host".into()))?;
    if !is_our_host(host, origin) {
        return Err(SignatureError::WrongHost(host.chars().take(256).collect()));
    }
    let mut bases = vec![signature.signing_string(request.method, request.path_and_query, &request.headers)?];
    if request.query().is_some() {
        bases.push(signature.signing_string(request.method, request.path(), &request.headers)?);
    }
    if request.carries_body() {
        digest::check_digest(request.headers.one("digest")?.unwrap_or_default(), request.body)?;
    }
    Ok(Checked {
        key_id: signature.key_id,
        scheme: Scheme::Cavage,
        created: created.ok_or(SignatureError::BadDate)?,
        bases,
        algorithms,
        signature: signature.signature,
    })
}

/// `Signature`, or `Authorization: Signature …` (§3.1 and §4 of the draft).
fn cavage_header<'a>(request: &Request<'a>) -> Result<&'a str, SignatureError> {
    if let Some(header) = request.headers.one("signature")? {
        return Ok(header);
    }
    let authorization = request.headers.one("authorization")?.ok_or(SignatureError::Missing)?;
    match authorization.split_once(' ') {
        Some((scheme, header)) if scheme.eq_ignore_ascii_case("signature") => Ok(header),
        _ => Err(SignatureError::Missing),
    }
}

fn check_rfc9421(
    request: &Request<'_>,
    signature: rfc9421::Signature,
    now: DateTime<Utc>,
    origin: &Url,
) -> Result<Checked, SignatureError> {
    let params = &signature.input.params;
    let key_id =
        params.string("keyid").filter(|id| !id.is_empty()).ok_or(SignatureError::Malformed("keyid is missing"))?.to_owned();
    if key_id.len() > MAX_KEY_ID {
        return Err(SignatureError::TooLarge);
    }
    let created = in_time(from_seconds(params.integer("created").ok_or(SignatureError::NotCovered("created"))?)?, now)?;
    if params.get("expires").is_some() {
        not_expired(Some(params.integer("expires").ok_or(SignatureError::BadDate)?), now)?;
    }
    if !signature.covers("@method") {
        return Err(SignatureError::NotCovered("@method"));
    }
    let target = signature.covers("@target-uri") || (signature.covers("@authority") && signature.covers("@path"));
    if !target {
        return Err(SignatureError::NotCovered("@target-uri"));
    }
    if request.carries_body() && !signature.covers("content-digest") {
        return Err(SignatureError::NotCovered("content-digest"));
    }
    let algorithms = signature.algorithms()?;
    let here = rfc9421::Target { scheme: origin.scheme(), authority: authority(origin) };
    let base = rfc9421::base(&signature.input, request, here)?;
    Ok(Checked { key_id, scheme: Scheme::Rfc9421, created, bases: vec![base], algorithms, signature: signature.signature })
}

/// Whether a `Host` names our origin: in any case, with or without the scheme's default port.
fn is_our_host(host: &str, origin: &Url) -> bool {
    let ours = authority(origin);
    let host = match (origin.port(), origin.port_or_known_default()) {
        (None, Some(port)) => host.strip_suffix(&format!(":{port}")).unwrap_or(host),
        _ => host,
    };
    host.eq_ignore_ascii_case(ours)
}

fn in_time(time: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, SignatureError> {
    let age = now.signed_duration_since(time);
    if age > MAX_AGE {
        Err(SignatureError::Expired)
    } else if age < -MAX_SKEW {
        Err(SignatureError::FromTheFuture)
    } else {
        Ok(time)
    }
}

/// A clock that is off for us is off for the sender's expiry too: the same skew is granted.
fn not_expired(expires: Option<i64>, now: DateTime<Utc>) -> Result<(), SignatureError> {
    match expires {
        Some(seconds) if from_seconds(seconds)? < now - MAX_SKEW => Err(SignatureError::Expired),
        _ => Ok(()),
    }
}

fn from_seconds(seconds: i64) -> Result<DateTime<Utc>, SignatureError> {
    DateTime::from_timestamp(seconds, 0).ok_or(SignatureError::BadDate)
}

/// A `Date` header: the fixed form of RFC 9110 §5.6.7, or anything that mail allows (RFC 5322), which some peers send.
fn http_date(text: &str) -> Result<DateTime<Utc>, SignatureError> {
    NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT")
        .map(|time| time.and_utc())
        .or_else(|_| DateTime::parse_from_rfc2822(text).map(|time| time.to_utc()))
        .map_err(|_| SignatureError::BadDate)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::sig::{BodyDigest, Headers, Outgoing, PrivateKey, sign};
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"type":"Follow"}"#;
    const KEY_ID: &str = "https://peer.example/actor#main-key";
    static RSA: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate_rsa().unwrap());
    static ED25519: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate_ed25519().unwrap());
    static ORIGIN: LazyLock<Url> = LazyLock::new(|| "https://majlis.example".parse().unwrap());

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    /// A signed request as it arrives; tests bend it before they hand it in.
    #[derive(Clone)]
    struct Arriving {
        method: &'static str,
        target: String,
        fields: Vec<(String, String)>,
        body: Vec<u8>,
    }

    impl Arriving {
        fn signed(method: &'static str, url: &str, scheme: Scheme, key: &PrivateKey) -> Self {
            Self::signed_at(method, url, scheme, key, now())
        }

        fn signed_at(method: &'static str, url: &str, scheme: Scheme, key: &PrivateKey, time: DateTime<Utc>) -> Self {
            let url: Url = url.parse().unwrap();
            let body = if method == "POST" { BODY } else { b"" };
            let digest = BodyDigest::of(body);
            let outgoing = Outgoing { method, url: &url, digest: (method == "POST").then_some(&digest) };
            let mut fields = vec![("host".to_owned(), authority(&url).to_owned())];
            for (name, value) in sign(outgoing, scheme, KEY_ID, key, time).unwrap() {
                fields.push((name.to_owned(), value));
            }
            let target = url[url::Position::BeforePath..].to_owned();
            Self { method, target, fields, body: body.to_vec() }
        }

        fn check(&self) -> Result<Checked, SignatureError> {
            self.check_at(now())
        }

        fn check_at(&self, now: DateTime<Utc>) -> Result<Checked, SignatureError> {
            check(&self.request(), now, &ORIGIN)
        }

        fn request(&self) -> Request<'_> {
            Request {
                method: self.method,
                path_and_query: &self.target,
                headers: self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Headers<'_>>(),
                body: &self.body,
            }
        }

        fn verify(&self, key: &PrivateKey) -> Result<(), SignatureError> {
            self.check()?.verify(&key.public_key().unwrap())
        }

        fn field(&mut self, name: &str) -> &mut String {
            &mut self.fields.iter_mut().find(|(have, _)| have == name).unwrap().1
        }

        fn with(mut self, name: &str, value: &str) -> Self {
            *self.field(name) = value.to_owned();
            self
        }

        fn without(mut self, name: &str) -> Self {
            self.fields.retain(|(have, _)| have != name);
            self
        }

        fn replacing(mut self, name: &str, from: &str, to: &str) -> Self {
            let field = self.field(name);
            assert!(field.contains(from), "{field}");
            *field = field.replace(from, to);
            self
        }
    }

    fn inbox(scheme: Scheme, key: &PrivateKey) -> Arriving {
        Arriving::signed("POST", "https://majlis.example/inbox", scheme, key)
    }

    #[test]
    fn what_we_sign_we_accept() {
        for key in [&*RSA, &*ED25519] {
            for scheme in [Scheme::Cavage, Scheme::CavagePathOnly, Scheme::Rfc9421] {
                for (method, url) in [
                    ("POST", "https://majlis.example/inbox"),
                    ("GET", "https://majlis.example/users/amal"),
                    ("GET", "https://majlis.example/users/amal/outbox?page=true&max_id=3"),
                ] {
                    let request = Arriving::signed(method, url, scheme, key);
                    assert_eq!(request.verify(key), Ok(()), "{scheme} {method} {url}");
                    let checked = request.check().unwrap();
                    assert_eq!(checked.key_id, KEY_ID);
                    assert_eq!(checked.scheme == Scheme::Rfc9421, scheme == Scheme::Rfc9421);
                    assert_eq!(checked.created, now());
                }
            }
        }
    }

    #[test]
    fn the_key_of_a_refused_signature_can_be_told() {
        for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
            let other_host = inbox(scheme, &RSA).with("host", "elsewhere.example");
            assert_eq!(named_key(&other_host.request()).as_deref(), Some(KEY_ID), "{scheme}");
            assert_eq!(named_key(&other_host.with("signature", "?").request()), None, "{scheme}");
        }
    }

    #[test]
    fn another_key_is_noticed() {
        let stranger = PrivateKey::generate_rsa().unwrap();
        for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
            let request = inbox(scheme, &RSA);
            assert_eq!(request.verify(&stranger), Err(SignatureError::Forged));
            assert_eq!(request.verify(&ED25519), Err(SignatureError::WrongKey));
        }
    }

    #[test]
    fn every_covered_part_of_cavage_is_bound() {
        let request = inbox(Scheme::Cavage, &RSA);
        let mut path = request.clone();
        path.target = "/users/amal/inbox".to_owned();
        assert_eq!(path.verify(&RSA), Err(SignatureError::Forged));
        let mut method = request.clone();
        method.method = "PUT";
        assert_eq!(method.verify(&RSA), Err(SignatureError::Forged));
        let later = super::super::sign::http_date(now() + TimeDelta::seconds(1));
        assert_eq!(request.clone().with("date", &later).verify(&RSA), Err(SignatureError::Forged));
        let mut body = request.clone();
        body.body = b"{}".to_vec();
        assert_eq!(body.verify(&RSA), Err(SignatureError::DigestMismatch));
        // A fitting digest of another body was not signed.
        let digest = BodyDigest::of(b"{}").digest_header();
        assert_eq!(body.with("digest", &digest).verify(&RSA), Err(SignatureError::Forged));
        // The host in another form passes the policy and fails the arithmetic.
        assert_eq!(request.clone().with("host", "majlis.example:443").verify(&RSA), Err(SignatureError::Forged));
        assert_eq!(request.with("host", "other.example").verify(&RSA), Err(SignatureError::WrongHost("other.example".into())));
    }

    #[test]
    fn every_covered_part_of_rfc9421_is_bound() {
        let request = inbox(Scheme::Rfc9421, &RSA);
        let mut path = request.clone();
        path.target = "/users/amal/inbox".to_owned();
        assert_eq!(path.verify(&RSA), Err(SignatureError::Forged));
        let mut method = request.clone();
        method.method = "PUT";
        assert_eq!(method.verify(&RSA), Err(SignatureError::Forged));
        let mut body = request.clone();
        body.body = b"{}".to_vec();
        assert_eq!(body.verify(&RSA), Err(SignatureError::DigestMismatch));
        let digest = BodyDigest::of(b"{}").content_digest_header();
        assert_eq!(body.with("content-digest", &digest).verify(&RSA), Err(SignatureError::Forged));
        let created = format!("created={}", now().timestamp());
        let later = format!("created={}", now().timestamp() + 1);
        assert_eq!(request.clone().replacing("signature-input", &created, &later).verify(&RSA), Err(SignatureError::Forged));
        assert_eq!(request.clone().replacing("signature-input", "peer", "rival").verify(&RSA), Err(SignatureError::Forged));
        // Signed for another origin: the target is built from ours, so it cannot fit.
        let foreign = Arriving::signed("POST", "https://other.example/inbox", Scheme::Rfc9421, &RSA);
        assert_eq!(foreign.verify(&RSA), Err(SignatureError::Forged));
    }

    #[test]
    fn missing_coverage_is_named() {
        let request = inbox(Scheme::Cavage, &RSA);
        for (part, left) in [
            ("(request-target)", "host date digest"),
            ("host", "(request-target) date digest"),
            ("date", "(request-target) host digest"),
            ("digest", "(request-target) host date"),
        ] {
            let bent = request.clone().replacing("signature", "(request-target) host date digest", left);
            assert_eq!(bent.check(), Err(SignatureError::NotCovered(part)));
        }
        let request = inbox(Scheme::Rfc9421, &RSA);
        for (part, left) in [
            ("@method", r#"("@target-uri" "content-digest")"#),
            ("@target-uri", r#"("@method" "@path" "content-digest")"#),
            ("@target-uri", r#"("@method" "@authority" "content-digest")"#),
            ("content-digest", r#"("@method" "@target-uri")"#),
        ] {
            let bent = request.clone().replacing("signature-input", r#"("@method" "@target-uri" "content-digest")"#, left);
            assert_eq!(bent.check(), Err(SignatureError::NotCovered(part)));
        }
        let undated = request.clone().replacing("signature-input", ";created=1790000000", "");
        assert_eq!(undated.check(), Err(SignatureError::NotCovered("created")));
        let nameless = request.replacing("signature-input", &format!(";keyid=\"{KEY_ID}\""), "");
        assert_eq!(nameless.check(), Err(SignatureError::Malformed("keyid is missing")));
    }

    #[test]
    fn old_and_future_signatures_are_refused() {
        for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
            let request = inbox(scheme, &RSA);
            let second = TimeDelta::seconds(1);
            assert!(request.check_at(now() + MAX_AGE).is_ok());
            assert_eq!(request.check_at(now() + MAX_AGE + second), Err(SignatureError::Expired));
            assert!(request.check_at(now() - MAX_SKEW).is_ok());
            assert_eq!(request.check_at(now() - MAX_SKEW - second), Err(SignatureError::FromTheFuture));
        }
        assert_eq!(inbox(Scheme::Cavage, &RSA).with("date", "yesterday").check(), Err(SignatureError::BadDate));
    }

    #[test]
    fn expiry_is_honoured() {
        let past = now().timestamp() - 7_200;
        let bent = inbox(Scheme::Cavage, &RSA).replacing("signature", "algorithm=", &format!("expires={past},algorithm="));
        assert_eq!(bent.check(), Err(SignatureError::Expired));
        let bent = inbox(Scheme::Rfc9421, &RSA).replacing("signature-input", ";alg=", &format!(";expires={past};alg="));
        assert_eq!(bent.check(), Err(SignatureError::Expired));
    }

    #[test]
    fn created_may_stand_in_for_date() {
        let covered = ["(request-target)", "(created)", "host"].map(str::to_owned);
        let values =
            [("(created)", "1790000000"), ("host", "majlis.example")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = cavage::signing_string(&covered, "GET", "/users/amal", values.into()).unwrap();
        let made = ED25519.sign(Algorithm::Ed25519, text.as_bytes()).unwrap();
        let header = format!("{},created=1790000000", cavage::header(KEY_ID, "hs2019", &covered, &made));
        let request = Arriving {
            method: "GET",
            target: "/users/amal".to_owned(),
            fields: vec![("Host".into(), "majlis.example".into()), ("Authorization".into(), format!("Signature {header}"))],
            body: Vec::new(),
        };
        assert_eq!(request.verify(&ED25519), Ok(()));
    }

    #[test]
    fn duplicated_headers_are_refused() {
        for name in ["host", "date", "digest", "signature"] {
            let mut request = inbox(Scheme::Cavage, &RSA);
            let value = request.field(name).clone();
            request.fields.push((name.to_owned(), value));
            assert!(matches!(request.check(), Err(SignatureError::Duplicate(found)) if found == name), "{name}");
        }
        for name in ["signature-input", "signature", "content-digest"] {
            let mut request = inbox(Scheme::Rfc9421, &RSA);
            let value = request.field(name).clone();
            request.fields.push((name.to_owned(), value));
            assert!(request.check().is_err(), "{name}");
        }
    }

    #[test]
    fn unsigned_and_half_signed_requests_are_refused() {
        assert_eq!(inbox(Scheme::Cavage, &RSA).without("signature").check(), Err(SignatureError::Missing));
        assert_eq!(inbox(Scheme::Rfc9421, &RSA).without("signature").check(), Err(SignatureError::Missing));
        assert!(inbox(Scheme::Rfc9421, &RSA).without("signature-input").check().is_err());
        assert_eq!(inbox(Scheme::Cavage, &RSA).without("digest").check(), Err(SignatureError::UnknownComponent("digest".into())));
        let bearer = Arriving { fields: vec![("authorization".into(), "Bearer x".into())], ..inbox(Scheme::Cavage, &RSA) };
        assert_eq!(bearer.check(), Err(SignatureError::Missing));
    }

    #[test]
    fn the_second_of_two_signatures_counts() {
        let mut request = inbox(Scheme::Rfc9421, &RSA);
        let input = request.field("signature-input").clone();
        *request.field("signature-input") = format!(r#"proxy=("@method");created=1, {input}"#);
        let signature = request.field("signature").clone();
        *request.field("signature") = format!("proxy=:aA==:, {signature}");
        assert_eq!(request.verify(&RSA), Ok(()));
    }

    #[test]
    fn a_plain_origin_with_a_port_works_too() {
        let origin: Url = "http://127.0.0.1:8080".parse().unwrap();
        assert!(is_our_host("127.0.0.1:8080", &origin));
        assert!(!is_our_host("127.0.0.1", &origin));
        assert!(is_our_host("MAJLIS.example", &ORIGIN));
        assert!(is_our_host("majlis.example:443", &ORIGIN));
        assert!(!is_our_host("majlis.example:80", &ORIGIN));
        assert!(!is_our_host("evil-majlis.example", &ORIGIN));
    }

    proptest! {
        #[test]
        fn no_request_panics(
            method in "GET|POST|[A-Z]{0,5}",
            target in ".{0,30}",
            fields in prop::collection::vec(("host|date|digest|signature|signature-input|content-digest|authorization", ".{0,120}"), 0..8),
            body: Vec<u8>,
        ) {
            let headers = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let request = Request { method: &method, path_and_query: &target, headers, body: &body };
            prop_assert!(check(&request, now(), &ORIGIN).is_err());
        }

        #[test]
        fn a_flipped_byte_anywhere_is_noticed(position in 0usize..200, rfc9421: bool) {
            let mut request = inbox(if rfc9421 { Scheme::Rfc9421 } else { Scheme::Cavage }, &ED25519);
            let body_len = request.body.len();
            request.body[position % body_len] ^= 1;
            prop_assert_eq!(request.verify(&ED25519), Err(SignatureError::DigestMismatch));
        }
    }
}
