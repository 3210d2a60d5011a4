//! One author's posts and boosts, as a profile shows them, and those that it has pinned.

use diesel::prelude::*;

use super::{no_answer_to_others, slice, tail};
use crate::connection::{Connection, select_written};
use crate::error::Result;
use crate::hashtags;
use crate::ids::{ActorId, HashtagId};
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::time::Timestamp;
use crate::visibility::{condition, welcome};

/// Which of an author's posts are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorFilter {
    /// Only with attachments (and so without boosts).
    pub only_media: bool,
    /// Without answers to others.
    pub exclude_replies: bool,
    /// Without boosts.
    pub exclude_boosts: bool,
    /// Only with this hashtag, spelt in any way.
    pub tagged: Option<String>,
}

/// What `viewer` may see of what `author` has posted and boosted. Mutes do not count: the viewer asks for this author by name;
/// but they do for those whom the author boosts, as blocked servers do, unless the viewer is the author.
pub fn author(
    c: &mut Connection,
    viewer: Option<ActorId>,
    author: ActorId,
    filter: &AuthorFilter,
    page: &Page,
) -> Result<Slice<Post>> {
    let mut sql = format!(
        "FROM posts CROSS JOIN actors a \
         LEFT JOIN posts o ON o.id = posts.boost_of_id LEFT JOIN actors oa ON oa.id = o.author_id \
         WHERE posts.author_id = :author AND a.id = posts.author_id AND {} AND (posts.boost_of_id IS NULL OR ({} \
         AND (:author = :viewer OR ({}))))",
        condition(":viewer", "posts", "a"),
        condition(":viewer", "o", "oa"),
        welcome(":viewer", "o.author_id", "oa"),
    );
    if filter.only_media {
        sql.push_str(" AND (posts.parts & 1) <> 0");
    }
    if filter.exclude_replies {
        sql.push_str(" AND ");
        sql.push_str(&no_answer_to_others("posts"));
    }
    if filter.exclude_boosts {
        sql.push_str(" AND posts.boost_of_id IS NULL");
    }
    let tag = match &filter.tagged {
        Some(name) => match hashtags::by_name(c, name)? {
            Some(tag) => tag.id,
            None => return Ok(slice(Vec::new(), page)),
        },
        None => HashtagId(0),
    };
    if filter.tagged.is_some() {
        sql.push_str(" AND EXISTS (SELECT 1 FROM post_hashtags h WHERE h.hashtag_id = :tag AND h.post_id = posts.id)");
    }
    sql.push_str(&tail(page, "posts.id"));
    let posts: Vec<Post> = select_written::<Post>(sql)
        .number("author", author)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("tag", tag)
        .number("now", Timestamp::now().millis())
        .bounded(page)
        .load(c)?;
    Ok(slice(posts, page))
}

/// What `author` has pinned, as far as `viewer` may see it, the last pinned first.
pub fn pinned(c: &mut Connection, viewer: Option<ActorId>, author: ActorId) -> Result<Vec<Post>> {
    let sql = format!(
        "FROM pins CROSS JOIN posts CROSS JOIN actors a \
         WHERE pins.actor_id = :author AND posts.id = pins.post_id AND a.id = posts.author_id AND {} ORDER BY pins.id DESC",
        condition(":viewer", "posts", "a")
    );
    let query = select_written::<Post>(sql).number("author", author).number("viewer", viewer.map_or(0, |v| v.0));
    Ok(query.load(c)?)
}
