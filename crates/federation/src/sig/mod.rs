//! HTTP signatures, both ways and without I/O: keys, digests, draft-cavage, RFC 9421, and the policy over them.
//! Reading starts at [`verify::check`], writing at [`sign::sign`]; nothing here knows a socket or a row.

pub mod cavage;
pub mod digest;
pub mod fields;
pub mod keys;
pub mod multikey;
pub mod rfc9421;
pub mod sign;
pub mod verify;

use std::borrow::Cow;
use std::fmt;

pub use digest::BodyDigest;
pub use keys::{Algorithm, KeyError, KeyKind, PrivateKey, PublicKey};
pub use sign::{Outgoing, sign};
pub use verify::{Checked, check, check_all, named_key};

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// draft-cavage-http-signatures-12 over the whole request target: what every peer understands.
    Cavage,
    /// The same, but `(request-target)` holds the path only: some peers leave the query string out.
    CavagePathOnly,
    /// RFC 9421, HTTP Message Signatures.
    Rfc9421,
}

impl Scheme {
    /// The name under which the scheme is stored and logged.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cavage => "cavage",
            Self::CavagePathOnly => "cavage-path",
            Self::Rfc9421 => "rfc9421",
        }
    }

    /// The scheme of that name; `None` for a name we do not know.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "cavage" => Some(Self::Cavage),
            "cavage-path" => Some(Self::CavagePathOnly),
            "rfc9421" => Some(Self::Rfc9421),
            _ => None,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The parts of a received request that a signature can speak about, borrowed from whatever read it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST` …, as on the request line.
    pub method: &'a str,
    /// Path and query exactly as on the request line, never decoded.
    pub path_and_query: &'a str,
    /// The header fields.
    pub headers: Headers<'a>,
    /// The body, byte for byte; empty when there is none.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// Whether a digest of the body must be covered: every method but `GET`, `HEAD` and `OPTIONS`.
    pub fn carries_body(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD" | "OPTIONS") || !self.body.is_empty()
    }

    /// The path without the query string.
    pub(crate) fn path(&self) -> &str {
        self.path_and_query.split_once('?').map_or(self.path_and_query, |(path, _)| path)
    }

    /// The query string without its `?`, when there is one.
    pub(crate) fn query(&self) -> Option<&str> {
        self.path_and_query.split_once('?').map(|(_, query)| query)
    }
}

/// The header fields of a request: names are compared without regard to case, order is kept.
#[derive(Clone, Debug, Default)]
pub struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    /// Adds one field line.
    pub fn push(&mut self, name: &'a str, value: &'a str) {
        self.0.push((name, value));
    }

    /// The values of all lines of a field, in order, surrounding white space off (RFC 9110 §5.5).
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        self.0.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim_matches([' ', '\t']))
    }

    /// The value of a field that must not come twice.
    ///
    /// # Errors
    /// [`SignatureError::Duplicate`] when it does.
    pub fn one(&self, name: &'static str) -> Result<Option<&'a str>, SignatureError> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(SignatureError::Duplicate(name)),
            None => Ok(first),
        }
    }

    /// All lines of a field joined with `, ` (RFC 9421 §2.1, draft-cavage §2.3); `None` when there is none.
    pub fn joined(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self.all(name);
        let first = values.next()?;
        let mut joined = Cow::Borrowed(first);
        for value in values {
            let text = joined.to_mut();
            text.push_str(", ");
            text.push_str(value);
        }
        Some(joined)
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// Values that are not text are left out: a signature that covers such a field is refused for not finding it.
impl<'a> From<&'a actix_web::http::header::HeaderMap> for Headers<'a> {
    fn from(map: &'a actix_web::http::header::HeaderMap) -> Self {
        map.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect()
    }
}

/// Why a signature was refused. For logs and metrics: it names parts of the request, never keys or signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The request carries no signature.
    Missing,
    /// A header about the signature cannot be read; says which rule it breaks.
    Malformed(&'static str),
    /// A header about the signature, or the number of parts in it, passes our bounds.
    TooLarge,
    /// A field that may come once came twice.
    Duplicate(&'static str),
    /// The signature does not cover a part that it must cover.
    NotCovered(&'static str),
    /// The signature covers a part that the request does not have, or that we do not support.
    UnknownComponent(String),
    /// The date cannot be read.
    BadDate,
    /// Older than [`verify::MAX_AGE`], or past its own expiry.
    Expired,
    /// Further ahead than [`verify::MAX_SKEW`].
    FromTheFuture,
    /// Signed for another host than ours; says for which.
    WrongHost(String),
    /// The digest cannot be read, or uses only algorithms that we do not know.
    BadDigest,
    /// The body is not the one that was signed.
    DigestMismatch,
    /// An algorithm that we do not know or do not accept.
    UnknownAlgorithm,
    /// The key is of another kind than the signature says.
    WrongKey,
    /// The signature was not made by this key over this request.
    Forged,
}

impl SignatureError {
    /// A short constant name, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed(_) => "malformed",
            Self::TooLarge => "too_large",
            Self::Duplicate(_) => "duplicate",
            Self::NotCovered(_) => "not_covered",
            Self::UnknownComponent(_) => "unknown_component",
            Self::BadDate => "bad_date",
            Self::Expired => "expired",
            Self::FromTheFuture => "from_the_future",
            Self::WrongHost(_) => "wrong_host",
            Self::BadDigest => "bad_digest",
            Self::DigestMismatch => "digest_mismatch",
            Self::UnknownAlgorithm => "unknown_algorithm",
            Self::WrongKey => "wrong_key",
            Self::Forged => "forged",
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the request is not signed"),
            Self::Malformed(rule) => write!(f, "the signature cannot be read: {rule}"),
            Self::TooLarge => f.write_str("the signature headers are too large"),
            Self::Duplicate(name) => write!(f, "the header {name} comes twice"),
            Self::NotCovered(part) => write!(f, "the signature does not cover {part}"),
            Self::UnknownComponent(part) => write!(f, "the signature covers {part:?}, which the request does not have"),
            Self::BadDate => f.write_str("the date of the request cannot be read"),
            Self::Expired => f.write_str("the signature is too old"),
            Self::FromTheFuture => f.write_str("the signature is dated in the future"),
            Self::WrongHost(host) => write!(f, "the request is signed for the host {host:?}"),
            Self::BadDigest => f.write_str("the digest of the body cannot be read"),
            Self::DigestMismatch => f.write_str("the body does not have the digest that was signed"),
            Self::UnknownAlgorithm => f.write_str("the algorithm of the signature is not supported"),
            Self::WrongKey => f.write_str("the key does not fit the algorithm of the signature"),
            Self::Forged => f.write_str("the signature does not fit the request and the key"),
        }
    }
}

impl std::error::Error for SignatureError {}
