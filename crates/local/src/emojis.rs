//! Custom emoji of this server. Those of other servers travel with the texts that use them.

use diesel::prelude::*;

use crate::actors::Emoji;
use crate::connection::{Connection, any_text, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::EmojiId;
use crate::jobs::{self, Job};
use crate::schema::custom_emojis;
use crate::text::emoji::is_shortcode;
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

/// An emoji to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewEmoji {
    pub shortcode: String,
    /// Storage key.
    pub file: String,
    /// Storage key of a still picture of it; the same when it does not move.
    pub static_file: String,
    pub category: Option<String>,
    pub visible: bool,
}

/// Adds an emoji.
///
/// # Errors
/// [`Error::Invalid`] naming `shortcode` when it is none, or taken.
pub fn create(c: &mut Connection, new: NewEmoji) -> Result<CustomEmoji> {
    if !is_shortcode(&new.shortcode) {
        return Err(Error::invalid("shortcode", Flaw::Invalid, "must be at least two letters of a to z, digits and _"));
    }
    if !used(c, std::slice::from_ref(&new.shortcode))?.is_empty() {
        return Err(Error::invalid("shortcode", Flaw::Taken, "has already been taken"));
    }
    Ok(diesel::insert_into(custom_emojis::table)
        .values((
            custom_emojis::id.eq(EmojiId::new()),
            custom_emojis::shortcode.eq(new.shortcode),
            custom_emojis::file.eq(new.file),
            custom_emojis::static_file.eq(new.static_file),
            custom_emojis::category.eq(new.category),
            custom_emojis::visible.eq(new.visible),
            custom_emojis::created_at.eq(Timestamp::now()),
        ))
        .returning(cols::<CustomEmoji>())
        .get_result(c)?)
}

/// Removes an emoji. Texts that use it name its files themselves and keep it, unless `with_files` is set.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(c: &mut Connection, shortcode: &str, with_files: bool) -> Result<()> {
    let named = custom_emojis::table.filter(custom_emojis::shortcode.eq(shortcode));
    let emoji: CustomEmoji = named.select(cols::<CustomEmoji>()).first(c).optional()?.ok_or(Error::NotFound("emoji"))?;
    diesel::delete(custom_emojis::table.find(emoji.id)).execute(c)?;
    if with_files {
        let mut keys = vec![emoji.file, emoji.static_file];
        keys.dedup();
        jobs::enqueue(c, &Job::DeleteFiles { keys })?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn blobcat(shortcode: &str) -> NewEmoji {
        let (file, static_file) = ("emojis/a.gif".to_owned(), "emojis/a.still.png".to_owned());
        NewEmoji { shortcode: shortcode.into(), file, static_file, category: None, visible: true }
    }

    #[test]
    fn emoji_are_added_used_and_removed() {
        TestDb::new()
            .write_now(|c| {
                let made = create(c, blobcat("blobcat"))?;
                for bad in ["blobcat", "a", "no-dash", "قط"] {
                    assert!(matches!(create(c, blobcat(bad)), Err(Error::Invalid(_))), "{bad}");
                }
                assert_eq!(all(c)?, [made]);
                let ali = local(c, "ali").id;
                let post = say(c, ali, "hello :blobcat:");
                remove(c, "blobcat", true)?;
                assert!(matches!(remove(c, "blobcat", true), Err(Error::NotFound(_))));
                assert_eq!(post.emojis.unwrap().0[0].url, "emojis/a.gif");
                assert_eq!(say(c, ali, "hello :blobcat:").emojis, None);
                Ok(())
            })
            .unwrap();
    }
}
