//! What clients are told when something goes wrong, in the shapes that Mastodon's clients know, and what is logged instead
//! of being told. Everything that an endpoint can fail with becomes an [`Error`].

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use majlis_local::Flaw;
use serde_json::{Map, Value, json};

/// The result of endpoints and extractors.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was not carried out. The `Display` form is for the log, the response for the client.
#[derive(Debug)]
pub enum Error {
    /// 400: the request cannot be understood.
    BadRequest(String),
    /// 401: there is no token where one is needed, or it is of no use.
    Unauthorized(&'static str),
    /// 403: the token or its person may not do this.
    Forbidden(String),
    /// 404: there is no such thing, or the viewer may not know of it.
    NotFound,
    /// 405: the path is there, the method is not.
    MethodNotAllowed,
    /// 408: the body did not arrive in time.
    Slow,
    /// 413: more bytes than allowed.
    TooLarge {
        /// How many are.
        limit: usize,
    },
    /// 422: some fields are wrong; all of them are named.
    Invalid(Vec<FieldError>),
    /// 422: a rule forbids it, and no single field is to blame.
    Unprocessable(String),
    /// 429: too many requests. The headers say until when.
    TooMany,
    /// An OAuth error (RFC 6749 §5.2), with its own shape.
    OAuth(OAuthError),
    /// 503: the database's queue is full.
    Busy,
    /// 503: another server did not answer, or not sensibly. The text is logged.
    Upstream(String),
    /// 503: what another service says of itself, in a sentence for the client.
    Unavailable(&'static str),
    /// 500: a bug or a broken environment. The text is logged and never sent.
    Internal(String),
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as the client sent it: `poll[expires_in]`.
    pub field: String,
    /// The kind of mistake.
    pub flaw: Flaw,
    /// What is wrong and what would be right, without the field's name: `can't be blank`.
    pub message: String,
}

/// The errors of OAuth's endpoints, by their codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OAuthError {
    InvalidRequest(&'static str),
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    UnsupportedGrantType,
    UnauthorizedClient,
}

impl Error {
    /// 400 with a sentence.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    /// 403 with a sentence.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden(message.into())
    }

    /// 422 about one field.
    pub fn invalid(field: impl Into<String>, flaw: Flaw, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), flaw, message: message.into() }])
    }

    /// 422 with a sentence.
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::Unprocessable(message.into())
    }

    /// 500, with a text for the log.
    pub fn internal(text: impl std::fmt::Display) -> Self {
        Self::Internal(text.to_string())
    }

    /// What the client is told, as one sentence: for where there is no response to put it in.
    pub(crate) fn sentence(&self) -> String {
        self.body()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// What the client is told.
    fn body(&self) -> Value {
        let text = match self {
            Self::BadRequest(text) | Self::Forbidden(text) | Self::Unprocessable(text) => text.as_str(),
            Self::Unauthorized(text) | Self::Unavailable(text) => text,
            Self::NotFound => "Record not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Slow => "The request took too long to arrive",
            Self::TooLarge { limit } => return json!({ "error": format!("Too large: {limit} bytes are allowed at the most") }),
            Self::Invalid(fields) => return validation_body(fields),
            Self::TooMany => "Too many requests",
            Self::OAuth(error) => return json!({ "error": error.code(), "error_description": error.description() }),
            Self::Busy => "The server is too busy right now, try again in a moment",
            Self::Upstream(_) => "Remote data could not be fetched",
            Self::Internal(_) => "An unexpected error occurred on the server",
        };
        json!({ "error": text })
    }
}

/// `{"error": "Validation failed: Username can't be blank", "details": {"username": [{"error": "ERR_BLANK", …}]}}`.
fn validation_body(fields: &[FieldError]) -> Value {
    let sentences: Vec<String> = fields
        .iter()
        .map(|f| match f.field.as_str() {
            // No single field is to blame.
            "base" => f.message.clone(),
            field => format!("{} {}", human_name(field), f.message),
        })
        .collect();
    let mut details = Map::new();
    for field in fields {
        let entry = json!({ "error": field.flaw.code(), "description": field.message });
        if let Some(there) = details.entry(field.field.clone()).or_insert_with(|| json!([])).as_array_mut() {
            there.push(entry);
        }
    }
    json!({ "error": format!("Validation failed: {}", sentences.join(", ")), "details": details })
}

/// `client_name` → `Client name`, as Mastodon's sentences begin.
fn human_name(field: &str) -> String {
    let spaced = field.replace(['_', '.'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl OAuthError {
    /// The code of RFC 6749 §5.2.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnauthorizedClient => "unauthorized_client",
        }
    }

    /// A sentence for developers. Apps compare these of `invalid_client` and `invalid_grant`, so they are Mastodon's.
    pub fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(text) => text,
            Self::InvalidClient => {
                "Client authentication failed due to unknown client, no client authentication included, \
                 or unsupported authentication method."
            }
            Self::InvalidGrant => {
                "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI \
                 used in the authorization request, or was issued to another client."
            }
            Self::InvalidScope => "The requested scope is invalid, unknown, or malformed.",
            Self::UnsupportedGrantType => "The authorization grant type is not supported by the authorization server.",
            Self::UnauthorizedClient => "You are not authorized to revoke this token",
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Upstream(text) | Self::Internal(text) => f.write_str(text),
            told => write!(f, "{}", told.body()),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) | Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::OAuth(OAuthError::InvalidClient) => StatusCode::UNAUTHORIZED,
            Self::OAuth(OAuthError::UnauthorizedClient) => StatusCode::FORBIDDEN,
            Self::OAuth(_) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Unavailable(_) | Self::Upstream(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Internal(text) => tracing::error!(error = text, "a request failed"),
            Self::Upstream(text) => tracing::info!(error = text, "another server failed us"),
            Self::Busy => tracing::warn!("the database's queue is full"),
            _ => {}
        }
        let mut response = HttpResponse::build(self.status_code());
        match self {
            // RFC 6750 §3.
            Self::Unauthorized(text) => {
                let challenge = format!("Bearer realm=\"Majlis\", error=\"invalid_token\", error_description=\"{text}\"");
                response.insert_header((header::WWW_AUTHENTICATE, challenge));
            }
            // RFC 6749 §5.2.
            Self::OAuth(OAuthError::InvalidClient) => {
                response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"Majlis\", error=\"invalid_client\""));
            }
            Self::Busy => {
                response.insert_header((header::RETRY_AFTER, "1"));
            }
            _ => {}
        }
        // RFC 6749 §5.1 wants it of tokens; an error must not be kept either.
        response.insert_header((header::CACHE_CONTROL, "private, no-store"));
        response.json(self.body())
    }
}

impl From<OAuthError> for Error {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

impl From<majlis_local::Error> for Error {
    fn from(error: majlis_local::Error) -> Self {
        match error {
            majlis_local::Error::NotFound(_) => Self::NotFound,
            majlis_local::Error::Forbidden(why) => Self::Forbidden(why.to_owned()),
            majlis_local::Error::Invalid(problems) => Self::Invalid(
                problems
                    .into_iter()
                    .map(|p| FieldError { field: p.field.to_owned(), flaw: p.flaw, message: p.message })
                    .collect(),
            ),
            majlis_local::Error::Busy => Self::Busy,
            error @ (majlis_local::Error::Database(_) | majlis_local::Error::Internal(_)) => Self::Internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_is_not_told() {
        let error = Error::internal("disk /var/lib/majlis is on fire");
        assert!(error.to_string().contains("fire"));
        assert_eq!(error.body(), json!({ "error": "An unexpected error occurred on the server" }));
        let error: Error = majlis_local::Error::internal("SELECT secret").into();
        assert!(!error.body().to_string().contains("SELECT"));
    }

    #[test]
    fn validation_names_every_field_as_mastodon_does() {
        let error = Error::Invalid(vec![
            FieldError { field: "username".to_owned(), flaw: Flaw::Taken, message: "has already been taken".to_owned() },
            FieldError { field: "password".to_owned(), flaw: Flaw::Blank, message: "can't be blank".to_owned() },
            FieldError { field: "password".to_owned(), flaw: Flaw::TooShort, message: "is too short".to_owned() },
        ]);
        assert_eq!(
            error.body(),
            json!({
                "error": "Validation failed: Username has already been taken, Password can't be blank, Password is too short",
                "details": {
                    "username": [{ "error": "ERR_TAKEN", "description": "has already been taken" }],
                    "password": [
                        { "error": "ERR_BLANK", "description": "can't be blank" },
                        { "error": "ERR_TOO_SHORT", "description": "is too short" },
                    ],
                },
            })
        );
    }

    #[test]
    fn a_401_says_how_to_authenticate() {
        let response = Error::Unauthorized("The access token is invalid").error_response();
        assert_eq!(response.status(), 401);
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).unwrap().to_str().unwrap();
        assert!(challenge.starts_with("Bearer "), "{challenge}");
    }
}
