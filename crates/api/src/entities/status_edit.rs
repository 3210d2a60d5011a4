//! StatusEdit and StatusSource: what a status said before, and what its author typed.

use std::sync::Arc;

use majlis_local::ids::{ActorId, PostId};
use majlis_local::posts::{self, Parts, Post, Source};
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::Serialize;

use super::{Account, CustomEmoji, MediaAttachment, Quote, Status};

/// Mastodon's StatusEdit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct StatusEdit {
    pub content: String,
    pub spoiler_text: String,
    pub sensitive: bool,
    pub created_at: Timestamp,
    pub account: Arc<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<EditedPoll>,
    pub media_attachments: Vec<MediaAttachment>,
    pub emojis: Vec<CustomEmoji>,
    /// What it quotes, which no edit changes.
    pub quote: Option<Quote>,
}

/// The answers of a poll at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct EditedPoll {
    pub options: Vec<EditedOption>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct EditedOption {
    pub title: String,
}

impl EditedPoll {
    fn new(titles: impl Iterator<Item = String>) -> Self {
        Self { options: titles.map(|title| EditedOption { title }).collect() }
    }
}

impl StatusEdit {
    /// All texts of a post, the first one first, the present one last. A fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn history(c: &mut Connection, site: &Site, viewer: Option<ActorId>, post: &Post) -> Result<Vec<Self>> {
        let now = Status::build(c, site, viewer, post)?;
        let mut history: Vec<Self> = Vec::new();
        if post.edited_at.is_some() {
            for edit in posts::edits(c, post.id)? {
                history.push(Self {
                    content: edit.content,
                    spoiler_text: edit.summary,
                    sensitive: edit.sensitive,
                    created_at: edit.created_at,
                    account: now.account.clone(),
                    poll: edit.poll.map(|titles| EditedPoll::new(titles.0.into_iter())),
                    media_attachments: edit
                        .media
                        .iter()
                        .flat_map(|media| media.iter())
                        .map(|snapshot| MediaAttachment::of_snapshot(site, snapshot))
                        .collect(),
                    emojis: edit.emojis.as_ref().map_or_else(Vec::new, |emojis| CustomEmoji::of_text(site, emojis)),
                    quote: now.quote.clone(),
                });
            }
        }
        history.push(Self {
            content: post.content.clone(),
            spoiler_text: now.spoiler_text,
            sensitive: now.sensitive,
            created_at: now.edited_at.unwrap_or(now.created_at),
            account: now.account,
            poll: now
                .poll
                .filter(|_| post.parts.has(Parts::POLL))
                .map(|poll| EditedPoll::new(poll.options.into_iter().map(|o| o.title))),
            media_attachments: now.media_attachments,
            emojis: now.emojis,
            quote: now.quote,
        });
        Ok(history)
    }
}

/// Mastodon's StatusSource, and in which form the text was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct StatusSource {
    pub id: PostId,
    pub text: String,
    pub spoiler_text: String,
    /// `text/plain` or `text/markdown` (as Pleroma and glitch-soc tell it).
    pub content_type: String,
}

impl StatusSource {
    /// From what was typed.
    pub fn new(id: PostId, source: Source) -> Self {
        Self { id, text: source.text, spoiler_text: source.summary, content_type: source.format }
    }
}
