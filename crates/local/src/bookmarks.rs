//! Bookmarks: posts that a person keeps for itself. Nobody else hears of them.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_of};
use crate::error::Result;
use crate::ids::{ActorId, BookmarkId, PostId};
use crate::schema::bookmarks;
use crate::time::Timestamp;

/// Keeps a post that the person may see (the caller has checked). Keeping it again changes nothing.
pub fn add(c: &mut Connection, actor: ActorId, post: PostId) -> Result<()> {
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
    Ok(())
}

/// Lets a post go.
pub fn remove(c: &mut Connection, actor: ActorId, post: PostId) -> Result<()> {
    diesel::delete(bookmarks::table.filter(bookmarks::actor_id.eq(actor)).filter(bookmarks::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// Those of `posts` that `actor` keeps.
pub fn kept_among(c: &mut Connection, actor: ActorId, posts: &[PostId]) -> Result<Vec<PostId>> {
    let own = bookmarks::table.filter(bookmarks::actor_id.eq(actor));
    Ok(own.filter(any_of(bookmarks::post_id, posts)).select(bookmarks::post_id).load(c)?)
}
