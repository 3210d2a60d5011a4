//! CustomEmoji: a picture that stands for `:shortcode:` in a text.

use majlis_local::Site;
use majlis_local::actors::Emoji;
use serde::Serialize;

/// Mastodon's CustomEmoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomEmoji {
    /// Without colons.
    pub shortcode: String,
    /// The picture, which may move.
    pub url: String,
    /// A still one.
    pub static_url: String,
    /// Whether pickers offer it.
    pub visible_in_picker: bool,
    /// The picker's heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl CustomEmoji {
    /// An emoji of this server, as the picker lists it.
    pub fn of_server(site: &Site, emoji: &majlis_local::emojis::CustomEmoji) -> Self {
        Self {
            shortcode: emoji.shortcode.clone(),
            url: site.picture_url(&emoji.file),
            static_url: site.picture_url(&emoji.static_file),
            visible_in_picker: emoji.visible,
            category: emoji.category.clone(),
        }
    }

    /// The emoji that a stored text uses.
    pub fn of_text(site: &Site, emojis: &[Emoji]) -> Vec<Self> {
        emojis
            .iter()
            .map(|emoji| Self {
                shortcode: emoji.shortcode.clone(),
                url: site.picture_url(&emoji.url),
                static_url: site.picture_url(&emoji.static_url),
                visible_in_picker: true,
                category: None,
            })
            .collect()
    }
}
