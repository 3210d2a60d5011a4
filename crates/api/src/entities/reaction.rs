//! StatusReaction: how often a status was reacted to with one emoji, as Pleroma, Akkoma and glitch-soc tell it.

use std::collections::HashMap;
use std::sync::Arc;

use majlis_local::Site;
use majlis_local::ids::ActorId;
use majlis_local::reactions::Tally;
use serde::Serialize;

use super::Account;

/// One emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatusReaction {
    /// The emoji, or the name of a custom one; with its server's behind an `@` when that is another.
    pub name: String,
    /// By how many.
    pub count: i64,
    /// Whether the reader is one of them.
    pub me: bool,
    /// Of a custom one: its picture, and a still of it.
    pub url: Option<String>,
    /// See `url`.
    pub static_url: Option<String>,
    /// Who; only where that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<Arc<Account>>>,
}

impl StatusReaction {
    /// From what is counted.
    pub fn new(site: &Site, tally: Tally) -> Self {
        let (url, static_url) = match &tally.emoji {
            Some(emoji) => (Some(site.picture_url(&emoji.url)), Some(site.picture_url(&emoji.static_url))),
            None => (None, None),
        };
        Self { name: tally.name, count: tally.count, me: tally.me, url, static_url, accounts: None }
    }

    /// With those who reacted so.
    #[must_use]
    pub fn with(mut self, people: &[(String, ActorId)], accounts: &HashMap<ActorId, Arc<Account>>) -> Self {
        let own = people.iter().filter(|(name, _)| *name == self.name);
        self.accounts = Some(own.filter_map(|(_, actor)| accounts.get(actor)).cloned().collect());
        self
    }
}

/// What Pleroma's apps look for in a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PleromaStatus {
    /// See [`StatusReaction`].
    pub emoji_reactions: Vec<StatusReaction>,
}
