//! Conversation: letters between people, as one of them has it, with the last letter.

use std::sync::Arc;

use majlis_local::conversations::Conversation as Row;
use majlis_local::ids::{ActorId, ConversationId, PostId};
use majlis_local::{Connection, Result, Site, mentions, posts};
use serde::Serialize;

use super::{Account, Status};

/// Mastodon's Conversation.
#[derive(Debug, Serialize)]
pub struct Conversation {
    /// The person's own; somebody else's view of the same has another.
    pub id: ConversationId,
    /// Whether the last letter has not been read.
    pub unread: bool,
    /// Those who write to each other, without the reader; the reader where it writes to itself.
    pub accounts: Vec<Arc<Account>>,
    /// The last letter.
    pub last_status: Status,
}

impl Conversation {
    /// One of which the last letter, as the reader sees it, and those whom it names are known.
    pub(crate) fn new(row: &Row, last_status: Status, named: &[Arc<Account>]) -> Self {
        let mut accounts: Vec<Arc<Account>> = Vec::new();
        for account in std::iter::once(&last_status.account).chain(named) {
            if account.id != row.actor_id && accounts.iter().all(|known| known.id != account.id) {
                accounts.push(account.clone());
            }
        }
        if accounts.is_empty() {
            accounts.push(last_status.account.clone());
        }
        Self { id: row.id, unread: row.unread, accounts, last_status }
    }

    /// A reader's conversations, in their order and in a fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, reader: ActorId, rows: &[Row]) -> Result<Vec<Self>> {
        let ids: Vec<PostId> = rows.iter().map(|row| row.last_post_id).collect();
        let posts = posts::find_many(c, &ids)?;
        let mut statuses = Status::build_many(c, site, Some(reader), &posts)?;
        let named = mentions::of_posts(c, &ids)?;
        let people: Vec<ActorId> = named.iter().map(|(_, actor)| *actor).collect();
        let accounts = Account::load_many(c, site, &people)?;
        let built = rows.iter().filter_map(|row| {
            let at = statuses.iter().position(|status| status.id == row.last_post_id)?;
            let of_post = named.iter().filter(|(post, _)| *post == row.last_post_id);
            let others: Vec<Arc<Account>> = of_post.filter_map(|(_, actor)| accounts.get(actor)).cloned().collect();
            Some(Self::new(row, statuses.swap_remove(at), &others))
        });
        Ok(built.collect())
    }
}
