//! Why a request to a peer failed, precisely enough for the caller to decide whether to try again.

use std::fmt;
use std::time::Duration;

use crate::sig::KeyError;
use crate::vocab::ParseError;

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// We do not connect to such an address; says what is wrong with it.
    Refused(&'static str),
    /// The name leads to a private address; says which name.
    PrivateAddress(String),
    /// The budget of requests or time is used up.
    Budget,
    /// The peer did not answer, or not to the end, in time.
    Timeout,
    /// No connection, or one that broke.
    Connection(String),
    /// The peer answered with this status.
    Status {
        /// The status code.
        status: u16,
        /// How long to wait before the next attempt, when the peer said so.
        retry_after: Option<Duration>,
    },
    /// The answer passes our bound on size.
    TooLarge,
    /// More redirects than we follow, or one without a target.
    Redirects,
    /// The answer is of another media type; says which.
    ContentType(String),
    /// The answer cannot be read.
    Parse(ParseError),
    /// The answer is about another thing than was asked for.
    IdMismatch {
        /// The address that answered.
        url: String,
        /// The id of what it answered with; empty when there is none.
        id: String,
    },
    /// The request could not be signed.
    Signing(KeyError),
    /// The client could not be set up.
    SetUp(String),
}

impl ClientError {
    /// Whether the peer said that the thing is gone or was never there (404, 410).
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Status { status: 404 | 410, .. })
    }

    /// Whether trying again later may help: the network, the peer's trouble, or our own haste.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Timeout | Self::Connection(_) | Self::Budget => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }

    /// Whether the peer led us where we do not go, gave us what we do not take, or wasted our time: worth a line in the log,
    /// whoever asked.
    pub(super) fn is_suspicious(&self) -> bool {
        match self {
            Self::Refused(_) | Self::PrivateAddress(_) | Self::Redirects | Self::IdMismatch { .. } => true,
            Self::TooLarge | Self::Parse(_) | Self::Timeout | Self::Budget => true,
            Self::Connection(_) | Self::Status { .. } | Self::ContentType(_) | Self::Signing(_) | Self::SetUp(_) => false,
        }
    }

    /// A short constant name, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::PrivateAddress(_) => "private_address",
            Self::Budget => "budget",
            Self::Timeout => "timeout",
            Self::Connection(_) => "connection",
            Self::Status { .. } => "status",
            Self::TooLarge => "too_large",
            Self::Redirects => "redirects",
            Self::ContentType(_) => "content_type",
            Self::Parse(_) => "parse",
            Self::IdMismatch { .. } => "id_mismatch",
            Self::Signing(_) => "signing",
            Self::SetUp(_) => "set_up",
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "refused to connect to {why}"),
            Self::PrivateAddress(host) => write!(f, "refused to connect to {host}: it has a private address"),
            Self::Budget => f.write_str("the budget of requests is used up"),
            Self::Timeout => f.write_str("the peer did not answer in time"),
            Self::Connection(error) => write!(f, "the connection failed: {error}"),
            Self::Status { status, .. } => write!(f, "the peer answered {status}"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Redirects => f.write_str("the peer redirects without end"),
            Self::ContentType(kind) => write!(f, "the answer is of the media type {kind:?}"),
            Self::Parse(error) => write!(f, "the answer cannot be read: {error}"),
            Self::IdMismatch { url, id } => write!(f, "{url} answered with {id:?}"),
            Self::Signing(error) => write!(f, "the request cannot be signed: {error}"),
            Self::SetUp(error) => write!(f, "the client for other servers cannot be set up: {error}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<ParseError> for ClientError {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::TooLarge => Self::TooLarge,
            error => Self::Parse(error),
        }
    }
}
