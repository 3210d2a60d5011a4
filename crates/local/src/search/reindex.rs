//! The index made anew, a little at a time: after an upgrade that has changed what is indexed, whose migration says so by rows
//! of `reindexing`. Searches find meanwhile what they found before, and more and more.

use diesel::prelude::*;

use super::index::{index_actor, index_post};
use crate::actors::Actor;
use crate::connection::Connection;
use crate::error::Result;
use crate::posts::Post;
use crate::schema::{actors, posts, reindexing};

/// Indexes the next `limit` posts or actors, and says how many it was. `None` when nothing is left to be done, which costs one
/// small query.
pub fn reindex_some(c: &mut Connection, limit: i64) -> Result<Option<usize>> {
    let Some((what, after)) = reindexing::table.order(reindexing::what).first::<(String, i64)>(c).optional()? else {
        return Ok(None);
    };
    let (count, last) = match what.as_str() {
        "posts" => {
            let next = posts::table.filter(posts::id.gt(after)).order(posts::id).limit(limit).select(Post::as_select());
            let next: Vec<Post> = next.load(c)?;
            for post in next.iter().filter(|post| post.deleted_at.is_none() && !post.is_boost()) {
                index_post(c, post)?;
            }
            (next.len(), next.last().map(|post| post.id.0))
        }
        "actors" => {
            let next = actors::table.filter(actors::id.gt(after)).order(actors::id).limit(limit).select(Actor::as_select());
            let next: Vec<Actor> = next.load(c)?;
            for actor in next.iter().filter(|actor| actor.deleted_at.is_none()) {
                index_actor(c, actor)?;
            }
            (next.len(), next.last().map(|actor| actor.id.0))
        }
        // Of another version.
        _ => (0, None),
    };
    match last {
        Some(last) => diesel::update(reindexing::table.find(&what)).set(reindexing::after_id.eq(last)).execute(c)?,
        None => diesel::delete(reindexing::table.find(&what)).execute(c)?,
    };
    Ok(Some(count))
}
