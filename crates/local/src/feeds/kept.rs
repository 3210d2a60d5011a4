//! What somebody has kept: favourites and bookmarks, in the order in which they were kept. Their cursors are the relations'.

use diesel::prelude::*;

use super::tail;
use crate::connection::{Connection, select_written};
use crate::error::Result;
use crate::ids::{ActorId, BookmarkFolderId, BookmarkId, LikeId};
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::schema::{bookmarks as bookmark_rows, likes};
use crate::visibility::condition;

#[derive(Queryable, Selectable)]
#[diesel(table_name = likes)]
struct Liked {
    id: LikeId,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bookmark_rows)]
struct Bookmarked {
    id: BookmarkId,
}

/// The posts that `viewer` likes and may still see, the last liked first.
pub fn favourites(c: &mut Connection, viewer: ActorId, page: &Page) -> Result<Slice<Post>> {
    let rows: Vec<(Liked, Post)> =
        select_written::<(Liked, Post)>(from("likes", page)).number("viewer", viewer).bounded(page).load(c)?;
    Ok(turn(rows.into_iter().map(|(like, post)| (like.id.0, post)).collect(), page))
}

/// The posts that `viewer` has bookmarked (in `folder`, when one is named) and may still see, the last bookmarked first.
pub fn bookmarks(c: &mut Connection, viewer: ActorId, folder: Option<BookmarkFolderId>, page: &Page) -> Result<Slice<Post>> {
    let mut sql = from("bookmarks", page);
    if folder.is_some() {
        sql = sql.replacen("WHERE", "WHERE bookmarks.folder_id = :folder AND", 1);
    }
    let rows: Vec<(Bookmarked, Post)> = select_written::<(Bookmarked, Post)>(sql)
        .number("viewer", viewer)
        .number("folder", folder.unwrap_or(BookmarkFolderId(0)))
        .bounded(page)
        .load(c)?;
    Ok(turn(rows.into_iter().map(|(bookmark, post)| (bookmark.id.0, post)).collect(), page))
}

fn from(table: &str, page: &Page) -> String {
    format!(
        "FROM {table} CROSS JOIN posts CROSS JOIN actors a \
         WHERE {table}.actor_id = :viewer AND posts.id = {table}.post_id AND a.id = posts.author_id AND {}{}",
        condition(":viewer", "posts", "a"),
        tail(page, &format!("{table}.id"))
    )
}

fn turn(mut rows: Vec<(i64, Post)>, page: &Page) -> Slice<Post> {
    if page.ascends() {
        rows.reverse();
    }
    Slice::new(rows, page)
}
