//! What can go wrong with a page. The kind decides status and words; the words are put on a page in the visitor's
//! language by [`crate::frame::dress`], the cause of a failure of ours is logged and never shown.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

/// The result of handlers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a page is not shown.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing, or the visitor may not know of it.
    NotFound,
    /// It was here, and was deleted.
    Gone,
    /// The account is suspended.
    Suspended,
    /// The form was not ours, or is too old.
    Forged,
    /// The request cannot be understood. The key of a sentence says why.
    Bad(Key),
    /// Too many at once: later again.
    Busy,
    /// A bug or a broken environment. Logged, never shown.
    Internal(String),
}

/// The key of a sentence in the Fluent files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(pub &'static str);

impl Error {
    /// A bug or a broken environment, with a text for the log.
    pub fn internal(text: impl std::fmt::Display) -> Self {
        Self::Internal(text.to_string())
    }

    /// The keys of the page's heading and of the sentence below it.
    pub fn keys(&self) -> (Key, Key) {
        match self {
            Self::NotFound => (Key("error-not-found"), Key("error-not-found-text")),
            Self::Gone => (Key("error-gone"), Key("error-gone-text")),
            Self::Suspended => (Key("error-gone"), Key("error-suspended-text")),
            Self::Forged => (Key("error-forged"), Key("error-forged-text")),
            Self::Bad(why) => (Key("error-bad"), *why),
            Self::Busy => (Key("error-busy"), Key("error-busy-text")),
            Self::Internal(_) => (Key("error-internal"), Key("error-internal-text")),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Internal(text) => f.write_str(text),
            Self::Bad(why) => f.write_str(why.0),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for Error {}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Gone | Self::Suspended => StatusCode::GONE,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<majlis_local::Error> for Error {
    fn from(error: majlis_local::Error) -> Self {
        match error {
            majlis_local::Error::NotFound(_) => Self::NotFound,
            majlis_local::Error::Busy => Self::Busy,
            // Forms say themselves what is wrong with their fields; this is about the rest of what was sent.
            majlis_local::Error::Invalid(_) => Self::Bad(Key("error-bad-text")),
            other => Self::internal(other),
        }
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}
