//! Feeds: home, lists, letters, public timelines, hashtags, an author's posts, favourites and bookmarks. They are read, not fanned
//! out: each is one query over posts, filtered in SQL by [`crate::visibility`] and by what its viewer has muted or blocked.
//!
//! Pages are full as long as there is more: nothing is filtered after the limit was applied.

mod audience;
mod author;
mod direct;
mod home;
mod kept;
mod public;
mod quotes;

pub use audience::{home_audience, home_candidates, list_audience, lists_with, public_audience};
pub use author::{AuthorFilter, author, pinned};
pub use direct::direct;
pub use home::{home, list};
pub use kept::{bookmarks, favourites};
pub use public::{Reach, TagFilter, hashtag, link, public};
pub use quotes::quotes;

use crate::paging::{Page, Slice};
use crate::posts::Post;

/// The bounds, order and limit of a page over the column `id`.
fn tail(page: &Page, id: &str) -> String {
    let order = if page.ascends() { "ASC" } else { "DESC" };
    format!(" AND {id} > :after AND {id} < :before ORDER BY {id} {order} LIMIT :limit")
}

/// The rows of a page, whichever way they were read, newest first.
fn slice(mut posts: Vec<Post>, page: &Page) -> Slice<Post> {
    if page.ascends() {
        posts.reverse();
    }
    Slice::new(posts.into_iter().map(|post| (post.id, post)).collect(), page)
}

/// An SQL condition: `post` answers nobody, or its own author.
fn no_answer_to_others(post: &str) -> String {
    format!(
        "(({post}.in_reply_to_uri IS NULL AND {post}.in_reply_to_id IS NULL) OR {post}.in_reply_to_actor_id = {post}.author_id)"
    )
}
