//! Poll: what a status asks, and what was answered so far.

use majlis_local::Timestamp;
use majlis_local::ids::PostId;
use majlis_local::polls;
use serde::Serialize;

use super::CustomEmoji;

/// Mastodon's Poll. Its id is the status's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Poll {
    pub id: PostId,
    pub expires_at: Option<Timestamp>,
    pub expired: bool,
    pub multiple: bool,
    pub votes_count: i64,
    /// `None` when another server does not say.
    pub voters_count: Option<i64>,
    pub options: Vec<PollOption>,
    pub emojis: Vec<CustomEmoji>,
    /// Left out for those who are not logged in. The author counts as having voted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_votes: Option<Vec<i32>>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct PollOption {
    pub title: String,
    /// `None` while totals are hidden.
    pub votes_count: Option<i64>,
}

impl Poll {
    /// From a row. `own_votes` are the viewer's; `None` when nobody is logged in. `by_viewer`: whether it is the viewer's poll.
    pub fn new(poll: &polls::Poll, emojis: Vec<CustomEmoji>, own_votes: Option<Vec<i32>>, by_viewer: bool) -> Self {
        let expired = poll.is_over();
        let told = expired || !poll.hide_totals;
        Self {
            id: poll.post_id,
            expires_at: poll.expires_at,
            expired,
            multiple: poll.multiple,
            votes_count: poll.options.iter().map(|option| option.votes).sum(),
            voters_count: poll.voters_count,
            options: poll
                .options
                .iter()
                .map(|option| PollOption { title: option.title.clone(), votes_count: told.then_some(option.votes) })
                .collect(),
            emojis,
            voted: own_votes.as_ref().map(|votes| by_viewer || !votes.is_empty()),
            own_votes,
        }
    }
}
