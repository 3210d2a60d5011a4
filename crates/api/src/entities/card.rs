//! PreviewCard: what a page says of itself that a status links to.

use std::collections::HashMap;
use std::sync::Arc;

use majlis_local::cards::{self, CardKind};
use majlis_local::ids::ActorId;
use majlis_local::{Site, Timestamp};
use serde::Serialize;

use super::Account;

/// Mastodon's PreviewCard.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Card {
    /// The address as the status has it.
    pub url: String,
    pub title: String,
    pub description: String,
    pub language: Option<String>,
    #[serde(rename = "type")]
    pub kind: CardKind,
    /// This and the next are older than `authors`, and still read.
    pub author_name: String,
    pub author_url: String,
    pub provider_name: String,
    pub provider_url: String,
    /// A frame with a player; empty for what is no video.
    pub html: String,
    pub width: i32,
    pub height: i32,
    /// The picture, kept here.
    pub image: Option<String>,
    pub image_description: String,
    /// A photo where its page keeps it.
    pub embed_url: String,
    pub blurhash: Option<String>,
    pub published_at: Option<Timestamp>,
    pub authors: Vec<CardAuthor>,
    /// Whether the page names the reader as its author, and the reader does not name the page's domain; `None`: nobody reads.
    pub missing_attribution: Option<bool>,
    /// Whom the page names so.
    #[serde(skip)]
    claimed: Option<ActorId>,
}

/// Who wrote a page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct CardAuthor {
    pub name: String,
    pub url: String,
    /// Only when the account names the page's domain as its own.
    pub account: Option<Arc<Account>>,
}

impl Card {
    /// From a row and the address as a status has it; `accounts` holds the authors of cards.
    pub fn new(site: &Site, card: &cards::Card, url: &str, accounts: &HashMap<ActorId, Arc<Account>>) -> Self {
        let account = card.author_id.and_then(|id| accounts.get(&id)).filter(|account| !account.suspended).cloned();
        let author = match &account {
            Some(account) => Some(CardAuthor {
                name: if account.display_name.is_empty() { account.username.clone() } else { account.display_name.clone() },
                url: account.url.clone(),
                account: Some(account.clone()),
            }),
            None if card.author_name.is_empty() => None,
            None => Some(CardAuthor { name: card.author_name.clone(), url: card.author_url.clone(), account: None }),
        };
        Self {
            url: url.to_owned(),
            title: card.title.clone(),
            description: card.description.clone(),
            language: card.language.clone(),
            kind: card.kind,
            author_name: card.author_name.clone(),
            author_url: card.author_url.clone(),
            provider_name: card.provider_name.clone(),
            provider_url: card.provider_url.clone(),
            html: card.html.clone(),
            width: card.width,
            height: card.height,
            image: card.image.as_deref().map(|key| site.media_url(key)),
            image_description: card.image_description.clone(),
            embed_url: card.embed_url.clone(),
            blurhash: card.blurhash.clone(),
            published_at: card.published_at,
            authors: author.into_iter().collect(),
            missing_attribution: None,
            claimed: card.claimed_author_id,
        }
    }

    /// The same card as somebody who is logged in sees it.
    #[must_use]
    pub fn read_by(self, reader: Option<ActorId>) -> Self {
        Self { missing_attribution: reader.map(|reader| self.claims(reader)), ..self }
    }

    /// Whether the page names `reader` as its author, who has not said that it may.
    pub fn claims(&self, reader: ActorId) -> bool {
        self.claimed == Some(reader)
    }
}
