//! Conversation: a letter that has come, as the channel `direct` tells it.

use std::sync::Arc;

use majlis_local::ids::{ActorId, PostId};
use serde::Serialize;

use crate::entities::{Account, Status};

/// Mastodon's Conversation.
#[derive(Debug, Serialize)]
pub(super) struct Conversation<'a> {
    /// The status's id: conversations are not kept yet.
    id: PostId,
    unread: bool,
    /// Those who write to each other, without the reader.
    accounts: Vec<Arc<Account>>,
    last_status: &'a Status,
}

impl<'a> Conversation<'a> {
    /// As `reader` sees it. `others` are those whom the letter names.
    pub(super) fn new(reader: ActorId, status: &'a Status, others: &[Arc<Account>]) -> Self {
        let own = status.account.id == reader;
        let accounts = std::iter::once(&status.account).chain(others).filter(|account| account.id != reader).cloned().collect();
        Self { id: status.id, unread: !own, accounts, last_status: status }
    }
}
