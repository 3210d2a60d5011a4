//! Bookmarks: posts that a person keeps for itself. Nobody else hears of them. A boost stands for what it boosts.
//! What somebody keeps is listed by [`crate::feeds::bookmarks`].

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_of};
use crate::error::{Error, Result};
use crate::ids::{ActorId, BookmarkId, PostId};
use crate::posts;
use crate::schema::{bookmarks, posts as rows};
use crate::search;
use crate::time::Timestamp;

/// Keeps a post that the person may see (the caller has checked). Keeping it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`] when there is no such post.
pub fn add(c: &mut Connection, actor: ActorId, post: PostId) -> Result<()> {
    let post = original(c, post)?;
    diesel::insert_into(bookmarks::table)
        .values((
            bookmarks::id.eq(BookmarkId::new()),
            bookmarks::actor_id.eq(actor),
            bookmarks::post_id.eq(post),
            bookmarks::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    let post = posts::get(c, post)?;
    search::index_kept(c, &post)
}

/// Lets a post go. Nothing happens when it was not kept.
///
/// # Errors
/// [`Error::NotFound`] when there is no such post.
pub fn remove(c: &mut Connection, actor: ActorId, post: PostId) -> Result<()> {
    let post = original(c, post)?;
    diesel::delete(bookmarks::table.filter(bookmarks::actor_id.eq(actor)).filter(bookmarks::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// Those of `posts` that `actor` keeps.
pub fn kept_among(c: &mut Connection, actor: ActorId, posts: &[PostId]) -> Result<Vec<PostId>> {
    let own = bookmarks::table.filter(bookmarks::actor_id.eq(actor));
    Ok(own.filter(any_of(bookmarks::post_id, posts)).select(bookmarks::post_id).load(c)?)
}

/// The post behind a boost, or the post itself.
pub(crate) fn original(c: &mut Connection, post: PostId) -> Result<PostId> {
    let boosted: Option<Option<PostId>> =
        rows::table.find(post).filter(rows::deleted_at.is_null()).select(rows::boost_of_id).first(c).optional()?;
    Ok(boosted.ok_or(Error::NotFound("post"))?.unwrap_or(post))
}
