//! Digests of bodies: `Digest: SHA-256=…` (RFC 3230, what draft-cavage covers) and `Content-Digest` (RFC 9530).
//! A body to many inboxes is hashed once: [`BodyDigest`].

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::SignatureError;
use super::fields::{self, Item, Member};
use super::keys::LENIENT_BASE64;

/// More digests of one body than this serve nobody.
const MAX_DIGESTS: usize = 8;
const MAX_HEADER: usize = 1024;

/// The SHA-256 of a body, computed once and written into every request that carries the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyDigest([u8; 32]);

impl BodyDigest {
    /// Hashes the body.
    pub fn of(body: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, body).as_ref());
        Self(bytes)
    }

    /// The value of `Digest`, its algorithm in the one case that every peer accepts.
    pub fn digest_header(&self) -> String {
        format!("SHA-256={}", STANDARD.encode(self.0))
    }

    /// The value of `Content-Digest` (RFC 9530 §2).
    pub fn content_digest_header(&self) -> String {
        format!("sha-256=:{}:", STANDARD.encode(self.0))
    }
}

/// Compares a `Digest` header with the body. Names of algorithms are read in any case; those we know must all fit, and
/// at least one must be there.
///
/// # Errors
/// [`SignatureError::BadDigest`] or [`SignatureError::DigestMismatch`].
pub fn check_digest(header: &str, body: &[u8]) -> Result<(), SignatureError> {
    if header.len() > MAX_HEADER {
        return Err(SignatureError::BadDigest);
    }
    let mut known = 0;
    for (count, part) in header.split(',').enumerate() {
        // The value is base64 and may end in `=` itself: only the first one separates.
        let (name, value) = part.trim().split_once('=').ok_or(SignatureError::BadDigest)?;
        if count >= MAX_DIGESTS {
            return Err(SignatureError::BadDigest);
        }
        let algorithm = match name.trim() {
            name if name.eq_ignore_ascii_case("sha-256") => &SHA256,
            name if name.eq_ignore_ascii_case("sha-512") => &SHA512,
            _ => continue,
        };
        let claimed = LENIENT_BASE64.decode(value.trim()).map_err(|_| SignatureError::BadDigest)?;
        if claimed != digest(algorithm, body).as_ref() {
            return Err(SignatureError::DigestMismatch);
        }
        known += 1;
    }
    if known == 0 { Err(SignatureError::BadDigest) } else { Ok(()) }
}

/// Compares a `Content-Digest` header (RFC 9530 §2, a dictionary of byte sequences) with the body.
///
/// # Errors
/// [`SignatureError::BadDigest`] or [`SignatureError::DigestMismatch`].
pub fn check_content_digest(header: &str, body: &[u8]) -> Result<(), SignatureError> {
    let members = fields::parse_dictionary(header).map_err(|_| SignatureError::BadDigest)?;
    if members.len() > MAX_DIGESTS {
        return Err(SignatureError::BadDigest);
    }
    let mut known = 0;
    for (name, member) in &members {
        let algorithm = match name.as_str() {
            "sha-256" => &SHA256,
            "sha-512" => &SHA512,
            _ => continue,
        };
        let Member::Item(Item::Bytes(claimed), _) = member else {
            return Err(SignatureError::BadDigest);
        };
        if claimed.as_slice() != digest(algorithm, body).as_ref() {
            return Err(SignatureError::DigestMismatch);
        }
        known += 1;
    }
    if known == 0 { Err(SignatureError::BadDigest) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = b"{\"hello\": \"world\"}";
    /// RFC 9530 §B and RFC 9421 §B.2 publish the digests of this body.
    const SHA256_OF_BODY: &str = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=";
    const SHA512_OF_BODY: &str = "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==";

    #[test]
    fn headers_are_written_exactly() {
        let digest = BodyDigest::of(BODY);
        assert_eq!(digest.digest_header(), format!("SHA-256={SHA256_OF_BODY}"));
        assert_eq!(digest.content_digest_header(), format!("sha-256=:{SHA256_OF_BODY}:"));
    }

    #[test]
    fn names_are_read_in_any_case_and_unknown_ones_passed_over() {
        for header in [
            format!("SHA-256={SHA256_OF_BODY}"),
            format!("sha-256={SHA256_OF_BODY}"),
            format!("SHA-256={}", SHA256_OF_BODY.trim_end_matches('=')),
            format!("unixsum=30637, SHA-512={SHA512_OF_BODY}"),
            format!("SHA-256={SHA256_OF_BODY},sha-512={SHA512_OF_BODY}"),
        ] {
            assert_eq!(check_digest(&header, BODY), Ok(()), "{header}");
        }
        for header in [
            format!("sha-256=:{SHA256_OF_BODY}:"),
            format!("sha-512=:{SHA512_OF_BODY}:, sha-256=:{SHA256_OF_BODY}:"),
            format!("md5=:AAAA:, sha-256=:{SHA256_OF_BODY}:"),
        ] {
            assert_eq!(check_content_digest(&header, BODY), Ok(()), "{header}");
        }
    }

    #[test]
    fn another_body_is_noticed_in_every_known_digest() {
        let digest = BodyDigest::of(BODY);
        assert_eq!(check_digest(&digest.digest_header(), b"{}"), Err(SignatureError::DigestMismatch));
        assert_eq!(check_content_digest(&digest.content_digest_header(), b"{}"), Err(SignatureError::DigestMismatch));
        let half_right = format!("SHA-256={SHA256_OF_BODY},SHA-512={SHA256_OF_BODY}");
        assert_eq!(check_digest(&half_right, BODY), Err(SignatureError::DigestMismatch));
    }

    #[test]
    fn a_digest_that_proves_nothing_is_refused() {
        for header in ["", "SHA-256", "md5=abc", "SHA-256=%%", "sha-1=abc,", &"SHA-256=a,".repeat(20)] {
            assert!(check_digest(header, BODY).is_err(), "{header}");
        }
        for header in ["", "sha-256", "sha-256=1", "sha-256=:%:", "md5=:AAAA:", "sha-256=(:AAAA:)"] {
            assert!(check_content_digest(header, BODY).is_err(), "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in ".{0,200}") {
            let _ = check_digest(&header, BODY);
            let _ = check_content_digest(&header, BODY);
        }
    }
}
