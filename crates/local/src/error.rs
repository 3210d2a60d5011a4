//! What can go wrong in a rule or a query. Each variant has a sentence that may be shown to a client,
//! except for the database's own errors, which are logged and never sent.

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was not carried out.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing, or the viewer may not know of it. The noun is named.
    NotFound(&'static str),
    /// The thing is there and the actor may not do this to it. The sentence says why.
    Forbidden(&'static str),
    /// Some fields are wrong; all of them are named at once.
    Invalid(Vec<Problem>),
    /// The queue of the database is full: try again later.
    Busy,
    /// The engine refused or failed. Logged, never sent.
    Database(diesel::result::Error),
    /// A bug or a broken environment. Logged, never sent.
    Internal(String),
}

/// What is wrong with a text that PostgreSQL cannot hold.
pub const NO_NUL: &str = "no text may contain U+0000";

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field's name as the client sent it.
    pub field: &'static str,
    /// The kind of mistake.
    pub flaw: Flaw,
    /// A sentence that says what would be right.
    pub message: String,
}

/// The kinds of mistake that Mastodon's API names (`ERR_…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Missing or empty.
    Blank,
    /// Not of the right form.
    Invalid,
    /// Longer or larger than allowed.
    TooLong,
    /// Shorter than allowed.
    TooShort,
    /// Somebody has it already.
    Taken,
    /// Kept for the server itself.
    Reserved,
    /// The terms were not accepted.
    Accepted,
    /// The e-mail provider or the address is not allowed.
    Blocked,
    /// Not one of the values that are understood.
    Inclusion,
}

impl Flaw {
    /// Mastodon's code for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Blank => "ERR_BLANK",
            Self::Invalid => "ERR_INVALID",
            Self::TooLong => "ERR_TOO_LONG",
            Self::TooShort => "ERR_TOO_SHORT",
            Self::Taken => "ERR_TAKEN",
            Self::Reserved => "ERR_RESERVED",
            Self::Accepted => "ERR_ACCEPTED",
            Self::Blocked => "ERR_BLOCKED",
            Self::Inclusion => "ERR_INCLUSION",
        }
    }
}

impl Error {
    /// One wrong field.
    pub fn invalid(field: &'static str, flaw: Flaw, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem { field, flaw, message: message.into() }])
    }

    /// A bug or a broken environment, with a text for the log.
    pub fn internal(text: impl std::fmt::Display) -> Self {
        Self::Internal(text.to_string())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound(noun) => write!(f, "{noun} not found"),
            Self::Forbidden(why) => f.write_str(why),
            Self::Invalid(problems) => {
                for (i, p) in problems.iter().enumerate() {
                    if i > 0 {
                        f.write_str("; ")?;
                    }
                    write!(f, "{}: {}", p.field, p.message)?;
                }
                Ok(())
            }
            Self::Busy => f.write_str("the database's queue is full"),
            Self::Database(error) => write!(f, "database: {error}"),
            Self::Internal(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::NotFound => Self::NotFound("record"),
            // PostgreSQL's 22021, in whatever language: `invalid byte sequence for encoding "UTF8": 0x00`. Paths and pages' forms
            // come as far as this.
            diesel::result::Error::DatabaseError(_, about) if about.message().ends_with("0x00") => {
                Self::invalid("base", Flaw::Invalid, NO_NUL)
            }
            error => Self::Database(error),
        }
    }
}
