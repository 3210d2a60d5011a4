//! RFC 9421, HTTP Message Signatures: reading `Signature-Input` and `Signature`, signature bases, and writing both.
//! Policy (what must be covered, how old) is in `verify`.

use super::fields::{self, InnerList, Item, Member, Params};
use super::keys::Algorithm;
use super::{Request, SignatureError};

/// Signatures of one request that we look at; more are refused.
const MAX_SIGNATURES: usize = 4;
/// The label of the signatures that we make.
pub const LABEL: &str = "sig1";

/// One labelled signature of a request (§4.1, §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its label; a name without meaning.
    pub label: String,
    /// What it covers, and its parameters.
    pub input: InnerList,
    /// The signature itself.
    pub signature: Vec<u8>,
}

impl Signature {
    /// Whether a component without parameters is covered.
    pub fn covers(&self, name: &str) -> bool {
        self.input.items.iter().any(|(item, params)| params.0.is_empty() && matches!(item, Item::String(have) if have == name))
    }

    /// The algorithms that the `alg` parameter allows; the key decides among them when it is missing.
    ///
    /// # Errors
    /// [`SignatureError::UnknownAlgorithm`].
    pub fn algorithms(&self) -> Result<&'static [Algorithm], SignatureError> {
        let Some(alg) = self.input.params.get("alg") else {
            return Ok(&[Algorithm::RsaV15Sha256, Algorithm::RsaPssSha512, Algorithm::Ed25519]);
        };
        match alg {
            Item::String(name) => match name.as_str() {
                "rsa-v1_5-sha256" => Ok(&[Algorithm::RsaV15Sha256]),
                "rsa-pss-sha512" => Ok(&[Algorithm::RsaPssSha512]),
                "ed25519" => Ok(&[Algorithm::Ed25519]),
                _ => Err(SignatureError::UnknownAlgorithm),
            },
            _ => Err(SignatureError::UnknownAlgorithm),
        }
    }
}

/// Where a request was sent, as its sender knows it: from the configured public origin, never from a proxy.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// `https` or `http`.
    pub scheme: &'a str,
    /// Host, and port unless it is the scheme's default.
    pub authority: &'a str,
}

/// Pairs the members of `Signature-Input` and `Signature` by label. A member without its other half is left out.
///
/// # Errors
/// [`SignatureError::Malformed`] when either header breaks the grammar, [`SignatureError::TooLarge`] for more than four.
pub fn parse(input: &str, signature: &str) -> Result<Vec<Signature>, SignatureError> {
    let inputs = fields::parse_dictionary(input).map_err(|_| SignatureError::Malformed("Signature-Input"))?;
    let mut signatures = fields::parse_dictionary(signature).map_err(|_| SignatureError::Malformed("Signature"))?;
    if inputs.len() > MAX_SIGNATURES || signatures.len() > MAX_SIGNATURES {
        return Err(SignatureError::TooLarge);
    }
    let mut found = Vec::new();
    for (label, member) in inputs {
        let Member::List(input) = member else {
            return Err(SignatureError::Malformed("Signature-Input holds no list"));
        };
        let Some(position) = signatures.iter().position(|(have, _)| *have == label) else {
            continue;
        };
        let Member::Item(Item::Bytes(signature), _) = signatures.swap_remove(position).1 else {
            return Err(SignatureError::Malformed("Signature holds no bytes"));
        };
        found.push(Signature { label, input, signature });
    }
    Ok(found)
}

/// The signature base (§2.5): one line per covered component, then the parameters.
///
/// Components with parameters (`sf`, `key`, `bs`, `req`, `tr`, `name`) are not supported: nobody in the fediverse uses them.
///
/// # Errors
/// [`SignatureError::UnknownComponent`] for a component that the request does not have or we do not support,
/// [`SignatureError::Malformed`] for one that is covered twice.
pub fn base(input: &InnerList, request: &Request<'_>, target: Target<'_>) -> Result<String, SignatureError> {
    let mut base = String::with_capacity(512);
    for (index, (item, params)) in input.items.iter().enumerate() {
        let Item::String(name) = item else {
            return Err(SignatureError::Malformed("a component is not a string"));
        };
        if !params.0.is_empty() {
            return Err(SignatureError::UnknownComponent(format!("{name}{params}")));
        }
        if input.items[..index].contains(&(item.clone(), Params::default())) {
            return Err(SignatureError::Malformed("a component is covered twice"));
        }
        let value = component(name, request, target).ok_or_else(|| SignatureError::UnknownComponent(name.clone()))?;
        // A line end would let one component pass for two (§7.5.6).
        if value.contains(['\n', '\r']) {
            return Err(SignatureError::Malformed("a line end in a component"));
        }
        base.push_str(&format!("{item}: {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {input}"));
    Ok(base)
}

/// The value of a component (§2.1, §2.2); `None` when there is none.
fn component(name: &str, request: &Request<'_>, target: Target<'_>) -> Option<String> {
    if !name.starts_with('@') {
        // Names are lower-case (§2.1); a list of pairs that compares without case would accept others.
        let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        return request.headers.joined(name).filter(|_| lower).map(|value| value.into_owned());
    }
    match name {
        "@method" => Some(request.method.to_owned()),
        "@target-uri" => Some(format!("{}://{}{}", target.scheme, target.authority, request.path_and_query)),
        "@authority" => Some(target.authority.to_ascii_lowercase()),
        "@scheme" => Some(target.scheme.to_owned()),
        "@request-target" => Some(request.path_and_query.to_owned()),
        "@path" => Some(if request.path().is_empty() { "/".to_owned() } else { request.path().to_owned() }),
        // A missing query is the question mark alone (§2.2.7).
        "@query" => Some(format!("?{}", request.query().unwrap_or_default())),
        _ => None,
    }
}

/// The input of a signature that we make: components without parameters, then `created`, `keyid` and `alg`.
pub fn input(components: &[&str], created: i64, key_id: &str, algorithm: Algorithm) -> InnerList {
    let alg = match algorithm {
        Algorithm::RsaV15Sha256 | Algorithm::RsaV15Sha512 => "rsa-v1_5-sha256",
        Algorithm::RsaPssSha512 => "rsa-pss-sha512",
        Algorithm::Ed25519 => "ed25519",
    };
    InnerList {
        items: components.iter().map(|name| (Item::String((*name).to_owned()), Params::default())).collect(),
        params: Params(vec![
            ("created".to_owned(), Item::Integer(created)),
            ("keyid".to_owned(), Item::String(key_id.to_owned())),
            ("alg".to_owned(), Item::String(alg.to_owned())),
        ]),
    }
}

/// Whether an `Accept-Signature` header (§5.1) asks for RFC 9421 signatures in a form that we can make.
pub fn wants_rfc9421(accept_signature: &str) -> bool {
    fields::parse_dictionary(accept_signature).is_ok_and(|members| {
        members.iter().any(|(_, member)| match member {
            Member::List(list) => {
                matches!(list.params.get("alg"), None | Some(Item::Boolean(true)) | Some(Item::String(_)))
                    && list.params.string("alg").is_none_or(|alg| matches!(alg, "rsa-v1_5-sha256" | "rsa-pss-sha512" | "ed25519"))
            }
            Member::Item(..) => false,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sig::{Headers, PrivateKey, PublicKey, digest};
    use proptest::prelude::*;

    const RSA_PSS_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----";
    const ED25519_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----";
    const ED25519_SECRET: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----";
    const B23_INPUT: &str = r#"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
    const B23: &str = "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:";
    const B26_INPUT: &str = r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    const B26: &str = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";
    const HERE: Target<'_> = Target { scheme: "https", authority: "example.com" };

    /// The `test-request` of RFC 9421 §B.2.
    fn test_request() -> Request<'static> {
        Request {
            method: "POST",
            path_and_query: "/foo?param=Value&Pet=dog",
            headers: Headers::from_iter([
                ("Host", "example.com"),
                ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
                ("Content-Type", "application/json"),
                (
                    "Content-Digest",
                    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
                ),
                ("Content-Length", "18"),
            ]),
            body: b"{\"hello\": \"world\"}",
        }
    }

    fn only(input: &str, signature: &str) -> Signature {
        let mut found = parse(input, signature).unwrap();
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn the_rsa_pss_vector_verifies() {
        let signature = only(B23_INPUT, B23);
        let request = test_request();
        let base = base(&signature.input, &request, HERE).unwrap();
        assert!(base.starts_with("\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n\"@authority\": example.com\n"));
        let key = PublicKey::from_pem(RSA_PSS_KEY).unwrap();
        assert!(key.verify(Algorithm::RsaPssSha512, base.as_bytes(), &signature.signature));
        assert!(signature.algorithms().unwrap().contains(&Algorithm::RsaPssSha512));
        assert_eq!(digest::check_content_digest(&request.headers.joined("content-digest").unwrap(), request.body), Ok(()));
    }

    #[test]
    fn the_ed25519_vector_verifies_and_is_made_again() {
        let signature = only(B26_INPUT, B26);
        let base = base(&signature.input, &test_request(), HERE).unwrap();
        assert!(PublicKey::from_pem(ED25519_KEY).unwrap().verify(Algorithm::Ed25519, base.as_bytes(), &signature.signature));
        let made = PrivateKey::from_pem(ED25519_SECRET).unwrap().sign(Algorithm::Ed25519, base.as_bytes()).unwrap();
        assert_eq!(made, signature.signature);
    }

    #[test]
    fn derived_components_have_their_defined_values() {
        let request = Request { path_and_query: "/", method: "GET", headers: Headers::default(), body: b"" };
        let value = |name| component(name, &request, Target { scheme: "http", authority: "Peer.example:8080" });
        assert_eq!(value("@method").unwrap(), "GET");
        assert_eq!(value("@target-uri").unwrap(), "http://Peer.example:8080/");
        assert_eq!(value("@authority").unwrap(), "peer.example:8080");
        assert_eq!(value("@scheme").unwrap(), "http");
        assert_eq!(value("@query").unwrap(), "?");
        assert_eq!(value("@path").unwrap(), "/");
        for name in ["@status", "@query-param", "x-missing", "Host", ""] {
            assert_eq!(value(name), None, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_rebuilt_is_refused() {
        let request = test_request();
        for (input, error) in [
            (r#"s=("date" "date")"#, SignatureError::Malformed("a component is covered twice")),
            (r#"s=("date";bs)"#, SignatureError::UnknownComponent("date;bs".into())),
            (r#"s=("@query-param";name="Pet")"#, SignatureError::UnknownComponent("@query-param;name=\"Pet\"".into())),
            (r#"s=("x-missing")"#, SignatureError::UnknownComponent("x-missing".into())),
            (r#"s=(date)"#, SignatureError::Malformed("a component is not a string")),
        ] {
            assert_eq!(base(&only(input, "s=:aA==:").input, &request, HERE), Err(error), "{input}");
        }
    }

    #[test]
    fn labels_are_paired_and_bounded() {
        let found = parse("a=(), b=();keyid=\"k\", c=()", "b=:aA==:, a=:aQ==:").unwrap();
        assert_eq!(found.iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found[1].signature, b"h");
        assert!(matches!(parse("a=1", "a=:aA==:"), Err(SignatureError::Malformed(_))));
        assert!(matches!(parse("a=()", "a=1"), Err(SignatureError::Malformed(_))));
        assert!(matches!(parse("a=(", "a=:aA==:"), Err(SignatureError::Malformed(_))));
        assert_eq!(parse("a=(),b=(),c=(),d=(),e=()", "a=:aA==:"), Err(SignatureError::TooLarge));
    }

    #[test]
    fn accept_signature_says_what_a_peer_wants() {
        assert!(wants_rfc9421(r#"sig1=("@method" "@target-uri" "content-digest");created;keyid="x""#));
        assert!(wants_rfc9421(r#"sig1=();alg="rsa-v1_5-sha256""#));
        assert!(!wants_rfc9421(r#"sig1=();alg="hmac-sha256""#));
        assert!(!wants_rfc9421("sig1"));
        assert!(!wants_rfc9421("((("));
    }

    proptest! {
        #[test]
        fn no_header_panics(input in ".{0,200}", signature in ".{0,80}") {
            let _ = parse(&input, &signature);
            let _ = wants_rfc9421(&input);
        }

        #[test]
        fn no_component_panics(names in prop::collection::vec("@?[a-zA-Z-]{0,12}", 0..6), target in ".{0,40}", value in ".{0,40}") {
            let list = InnerList {
                items: names.iter().map(|name| (Item::String(name.clone()), Params::default())).collect(),
                params: Params::default(),
            };
            let headers = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
            let request = Request { method: "POST", path_and_query: &target, headers, body: b"" };
            let _ = base(&list, &request, HERE);
        }
    }
}
