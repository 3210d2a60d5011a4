//! Search: what was found, by kind.

use serde::Serialize;

use super::{Account, Status, Tag};

/// Mastodon's Search.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
#[allow(missing_docs)]
pub struct Search {
    pub accounts: Vec<Account>,
    pub statuses: Vec<Status>,
    pub hashtags: Vec<Tag>,
}
