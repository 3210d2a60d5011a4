//! Mail: what is written to people. A letter is enqueued by the change that makes it necessary; its words and its way out are
//! not decided here.

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::error::Result;
use crate::ids::PostId;
use crate::jobs::{self, Job};
use crate::users::User;

/// A letter and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The e-mail address.
    pub to: String,
    /// The language of the person: a tag such as `ar`.
    pub locale: String,
    /// What it says.
    pub letter: Letter,
}

/// What a letter says. Stored as JSON; a variant may gain fields with defaults, and is never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// Somebody has signed up with this address: is it theirs?
    Confirm {
        /// The new account.
        username: String,
        /// The ticket that confirms it.
        token: String,
    },
    /// Somebody would like to have this address from now on: is it theirs?
    ConfirmChange {
        /// The account.
        username: String,
        /// The ticket that confirms it.
        token: String,
    },
    /// To the former address: it was changed.
    AddressChanged {
        /// The account.
        username: String,
        /// The new address.
        address: String,
    },
    /// Somebody has forgotten the password.
    PasswordReset {
        /// The account.
        username: String,
        /// The ticket that lets them choose another.
        token: String,
    },
    /// The password was changed.
    PasswordChanged {
        /// The account.
        username: String,
    },
    /// To admins: somebody asks to join.
    Asked {
        /// The account.
        username: String,
        /// Why.
        reason: String,
    },
    /// Whoever asked to join may.
    Approved {
        /// The account.
        username: String,
    },
    /// The archive that somebody has asked for can be fetched.
    ArchiveReady {
        /// The account.
        username: String,
    },
    /// Somebody would like to have an author's posts sent to this address: is it theirs?
    Subscribe {
        /// The author.
        username: String,
        /// What the link proves.
        token: String,
    },
    /// What an author has said. It is read when the letter is written: what is deleted by then is not told.
    Newsletter {
        /// Of the subscription.
        token: String,
        /// The posts.
        posts: Vec<PostId>,
    },
    /// A log-in needs more than a password from now on, or no longer.
    Security {
        /// The account.
        username: String,
        /// What has changed.
        change: SecurityChange,
    },
}

/// What has changed about how somebody logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityChange {
    /// Codes of an authenticator app are asked for.
    CodesOn,
    /// … and no longer.
    CodesOff,
    /// There are new recovery codes.
    NewRecoveryCodes,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was taken away.
    PasskeyRemoved,
}

/// Writes to whoever has an address.
pub fn send(c: &mut Connection, to: &str, locale: &str, letter: Letter) -> Result<()> {
    jobs::enqueue(c, &Job::Mail { mail: Mail { to: to.to_owned(), locale: locale.to_owned(), letter } }).map(drop)
}

/// Writes to somebody who logs in here.
pub fn send_to(c: &mut Connection, user: &User, letter: Letter) -> Result<()> {
    send(c, &user.email, &user.locale, letter)
}
