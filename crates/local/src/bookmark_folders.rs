//! Folders in which a person sorts its bookmarks. A bookmark is in one at the most; nobody else hears of either.

use diesel::prelude::*;

use crate::bookmarks;
use crate::connection::{Connection, any_of, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, BookmarkFolderId, PostId};
use crate::schema::{bookmark_folders as folders, bookmarks as rows};
use crate::text::emoji;
use crate::time::Timestamp;

/// Folders that one person may have.
pub const MOST: i64 = 100;
/// Characters of a name.
pub const NAME_LIMIT: usize = 100;
/// Bytes of an emoji: a character with all its modifiers, or a shortcode.
const EMOJI_BYTES: usize = 100;

/// A folder as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = folders)]
#[allow(missing_docs)]
pub struct Folder {
    pub id: BookmarkFolderId,
    pub owner_id: ActorId,
    pub name: String,
    /// A character, or the shortcode of a custom emoji in colons.
    pub emoji: Option<String>,
    pub created_at: Timestamp,
}

/// Makes a folder.
///
/// # Errors
/// [`Error::Invalid`] for an empty or long name, and for one folder too many.
pub fn create(c: &mut Connection, owner: ActorId, name: &str, emoji: Option<&str>) -> Result<Folder> {
    let had: i64 = folders::table.filter(folders::owner_id.eq(owner)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} folders are possible")));
    }
    let folder = Folder {
        id: BookmarkFolderId::new(),
        owner_id: owner,
        name: checked_name(name)?,
        emoji: checked_emoji(emoji)?,
        created_at: Timestamp::now(),
    };
    diesel::insert_into(folders::table)
        .values((
            folders::id.eq(folder.id),
            folders::owner_id.eq(owner),
            folders::name.eq(&folder.name),
            folders::emoji.eq(&folder.emoji),
            folders::created_at.eq(folder.created_at),
        ))
        .execute(c)?;
    Ok(folder)
}

/// Changes a folder of `owner`; `None` leaves a value as it is, an empty emoji takes it away.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's; [`Error::Invalid`] for an empty or long name.
pub fn change(
    c: &mut Connection,
    owner: ActorId,
    id: BookmarkFolderId,
    name: Option<&str>,
    emoji: Option<&str>,
) -> Result<Folder> {
    let before = get(c, owner, id)?;
    let name = name.map_or(Ok(before.name), checked_name)?;
    let emoji = if emoji.is_some() { checked_emoji(emoji)? } else { before.emoji };
    diesel::update(folders::table.find(id)).set((folders::name.eq(name), folders::emoji.eq(emoji))).execute(c)?;
    get(c, owner, id)
}

/// Deletes a folder of `owner`; what was in it stays bookmarked.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, owner: ActorId, id: BookmarkFolderId) -> Result<()> {
    get(c, owner, id)?;
    let inside = rows::table.filter(rows::actor_id.eq(owner)).filter(rows::folder_id.eq(id));
    diesel::update(inside).set(rows::folder_id.eq(None::<BookmarkFolderId>)).execute(c)?;
    diesel::delete(folders::table.find(id)).execute(c)?;
    Ok(())
}

/// A folder of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, owner: ActorId, id: BookmarkFolderId) -> Result<Folder> {
    let own = folders::table.find(id).filter(folders::owner_id.eq(owner));
    own.select(cols::<Folder>()).first(c).optional()?.ok_or(Error::NotFound("bookmark folder"))
}

/// All folders of `owner`, oldest first.
pub fn of(c: &mut Connection, owner: ActorId) -> Result<Vec<Folder>> {
    Ok(folders::table.filter(folders::owner_id.eq(owner)).order(folders::id).select(cols::<Folder>()).load(c)?)
}

/// Keeps a post that the person may see (the caller has checked), in this folder or in none. One that is kept moves.
///
/// # Errors
/// [`Error::NotFound`] when there is no such post, or no such folder of the person's: then nothing is kept.
pub fn keep(c: &mut Connection, owner: ActorId, post: PostId, folder: Option<BookmarkFolderId>) -> Result<()> {
    if let Some(folder) = folder {
        get(c, owner, folder)?;
    }
    bookmarks::add(c, owner, post)?;
    let kept = bookmarks::original(c, post)?;
    let row = rows::table.filter(rows::actor_id.eq(owner)).filter(rows::post_id.eq(kept));
    diesel::update(row).set(rows::folder_id.eq(folder)).execute(c)?;
    Ok(())
}

/// The folders of these bookmarked posts, as pairs; those in none are missing.
pub fn of_posts(c: &mut Connection, owner: ActorId, posts: &[PostId]) -> Result<Vec<(PostId, BookmarkFolderId)>> {
    let own = rows::table.filter(rows::actor_id.eq(owner)).filter(any_of(rows::post_id, posts));
    let found: Vec<(PostId, Option<BookmarkFolderId>)> = own.select((rows::post_id, rows::folder_id)).load(c)?;
    Ok(found.into_iter().filter_map(|(post, folder)| Some((post, folder?))).collect())
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Error::invalid("name", Flaw::Blank, "can't be blank"));
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(Error::invalid("name", Flaw::TooLong, format!("is too long (maximum is {NAME_LIMIT} characters)")));
    }
    Ok(name.to_owned())
}

fn checked_emoji(emoji: Option<&str>) -> Result<Option<String>> {
    let Some(emoji) = emoji.map(str::trim).filter(|emoji| !emoji.is_empty()) else { return Ok(None) };
    let shortcode = emoji.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    let fits = match shortcode {
        Some(name) => emoji::is_shortcode(name),
        // No letters: a folder's sign is not its name.
        None => !emoji.chars().any(|c| c.is_alphabetic() || c.is_whitespace() || c.is_control()),
    };
    if fits && emoji.len() <= EMOJI_BYTES {
        Ok(Some(emoji.to_owned()))
    } else {
        Err(Error::invalid("emoji", Flaw::Invalid, "is not an emoji"))
    }
}
