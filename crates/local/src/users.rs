//! Those who log in here: their role, whether they may act, and what they prefer. A user is a local actor with an
//! address and a password.

use crate::codes::stored_enum;
use crate::time::Timestamp;

stored_enum! {
    /// What a user may do beyond its own affairs. Each role has everything that those before it have.
    Role {
        /// Its own affairs.
        User = 0 "user",
        /// Reports and accounts.
        Moderator = 1 "moderator",
        /// The server's settings too.
        Admin = 2 "admin",
        /// The one who cannot be demoted by an admin.
        Owner = 3 "owner",
    }
}

/// Whether a user may act, and if not, what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May act.
    Active,
    /// The e-mail address is not confirmed yet.
    Unconfirmed,
    /// An admin has not approved the sign-up yet.
    Pending,
    /// Switched off, suspended or deleted.
    Disabled,
}

impl Standing {
    /// From when each step was taken.
    pub fn of(confirmed: Option<Timestamp>, approved: Option<Timestamp>, disabled: Option<Timestamp>) -> Self {
        match (confirmed, approved, disabled) {
            (None, _, _) => Self::Unconfirmed,
            (_, None, _) => Self::Pending,
            (_, _, Some(_)) => Self::Disabled,
            (Some(_), Some(_), None) => Self::Active,
        }
    }
}
