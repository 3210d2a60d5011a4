//! Custom emoji of this server. Those of other servers travel with the texts that use them.

use diesel::prelude::*;

use crate::actors::Emoji;
use crate::connection::{Connection, any_text};
use crate::error::Result;
use crate::ids::EmojiId;
use crate::schema::custom_emojis;
use crate::time::Timestamp;

/// A custom emoji as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = custom_emojis)]
#[allow(missing_docs)]
pub struct CustomEmoji {
    pub id: EmojiId,
    pub shortcode: String,
    /// Storage key.
    pub file: String,
    /// Storage key of a still picture of it.
    pub static_file: String,
    pub category: Option<String>,
    /// Whether pickers offer it.
    pub visible: bool,
    pub created_at: Timestamp,
}

/// All custom emoji, by shortcode.
pub fn all(c: &mut Connection) -> Result<Vec<CustomEmoji>> {
    Ok(custom_emojis::table.order(custom_emojis::shortcode).select(CustomEmoji::as_select()).load(c)?)
}

/// Those of `shortcodes` that exist, as a text stores them. No query when there are none.
pub fn used(c: &mut Connection, shortcodes: &[String]) -> Result<Vec<Emoji>> {
    if shortcodes.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<CustomEmoji> = custom_emojis::table
        .filter(any_text(custom_emojis::shortcode, shortcodes))
        .order(custom_emojis::shortcode)
        .select(CustomEmoji::as_select())
        .load(c)?;
    Ok(found.into_iter().map(|e| Emoji { shortcode: e.shortcode, url: e.file, static_url: e.static_file }).collect())
}
