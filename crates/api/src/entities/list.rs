//! List: accounts of which somebody makes a timeline.

use majlis_local::ids::ListId;
use majlis_local::lists::{self, RepliesPolicy};
use serde::Serialize;

/// Mastodon's List.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct List {
    pub id: ListId,
    pub title: String,
    pub replies_policy: RepliesPolicy,
    pub exclusive: bool,
}

impl From<lists::List> for List {
    fn from(list: lists::List) -> Self {
        Self { id: list.id, title: list.title, replies_policy: list.replies_policy, exclusive: list.exclusive }
    }
}
