//! Translation: a status in another language.

use majlis_local::ids::{AttachmentId, PostId};
use serde::Serialize;

/// Mastodon's Translation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Translation {
    /// HTML.
    pub content: String,
    /// Plain text.
    pub spoiler_text: String,
    /// The language it is in now.
    pub language: String,
    pub detected_source_language: String,
    /// What calls itself the translator.
    pub provider: &'static str,
    pub poll: Option<TranslatedPoll>,
    pub media_attachments: Vec<TranslatedAttachment>,
}

/// The options of a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct TranslatedPoll {
    pub id: PostId,
    pub options: Vec<TranslatedOption>,
}

/// One option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct TranslatedOption {
    pub title: String,
}

/// The description of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct TranslatedAttachment {
    pub id: AttachmentId,
    pub description: String,
}
