//! Public timelines: all of it, ours, others', and hashtags. Boosts are not shown there; nor are limited authors.

use diesel::prelude::*;

use super::{no_answer_to_others, slice, tail};
use crate::cards;
use crate::connection::{Connection, any_text, select_written};
use crate::error::Result;
use crate::ids::{ActorId, HashtagId};
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::schema::hashtags;
use crate::text::hashtag_key;
use crate::time::Timestamp;
use crate::visibility::{condition, welcome};

/// Where posts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reach {
    /// Anywhere.
    #[default]
    All,
    /// Here.
    Local,
    /// Other servers.
    Remote,
}

impl Reach {
    fn sql(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Local => " AND posts.local",
            Self::Remote => " AND NOT posts.local",
        }
    }
}

/// Which posts a hashtag timeline shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagFilter {
    /// With one of these hashtags (spelt in any way); the first is the timeline's own.
    pub any: Vec<String>,
    /// And with all of these.
    pub all: Vec<String>,
    /// But with none of these.
    pub none: Vec<String>,
    /// From where.
    pub reach: Reach,
    /// Only with attachments.
    pub only_media: bool,
}

/// Hashtags that one of [`TagFilter`]'s lists may have; the rest is ignored (Mastodon's number).
const MOST_TAGS: usize = 4;

/// What every public timeline shows of `posts` and its author `a`. The first three conditions are those of the partial
/// indexes, word for word.
pub(super) fn rules() -> String {
    format!(
        "posts.visibility = 0 AND posts.boost_of_id IS NULL AND posts.deleted_at IS NULL AND {} \
         AND (posts.author_id = :viewer OR (a.silenced_at IS NULL AND {}))",
        condition(":viewer", "posts", "a"),
        welcome(":viewer", "posts.author_id", "a")
    )
}

fn only_media(wanted: bool) -> &'static str {
    if wanted { " AND (posts.parts & 1) <> 0" } else { "" }
}

/// The public timeline: what everybody may see, without answers to others.
pub fn public(c: &mut Connection, viewer: Option<ActorId>, reach: Reach, with_media: bool, page: &Page) -> Result<Slice<Post>> {
    let sql = format!(
        "FROM posts CROSS JOIN actors a WHERE a.id = posts.author_id AND {}{}{} AND {}{}",
        rules(),
        reach.sql(),
        only_media(with_media),
        no_answer_to_others("posts"),
        tail(page, "posts.id")
    );
    let posts: Vec<Post> = select_written::<Post>(sql)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("now", Timestamp::now().millis())
        .bounded(page)
        .load(c)?;
    Ok(slice(posts, page))
}

/// The public posts that show the card of a page, named by its address or by one that led there.
pub fn link(c: &mut Connection, viewer: Option<ActorId>, url: &str, page: &Page) -> Result<Slice<Post>> {
    let Some(card) = cards::by_url(c, url)? else { return Ok(slice(Vec::new(), page)) };
    let sql = format!(
        "FROM post_cards h CROSS JOIN posts CROSS JOIN actors a \
         WHERE h.card_id = :card AND posts.id = h.post_id AND a.id = posts.author_id AND {}{}",
        rules(),
        tail(page, "h.post_id")
    );
    let posts: Vec<Post> = select_written::<Post>(sql)
        .number("card", card.id)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("now", Timestamp::now().millis())
        .bounded(page)
        .load(c)?;
    Ok(slice(posts, page))
}

/// The timeline of one hashtag, or of several. One query to find the hashtags and one for each of those that may stand
/// alone (five at the most).
pub fn hashtag(c: &mut Connection, viewer: Option<ActorId>, filter: &TagFilter, page: &Page) -> Result<Slice<Post>> {
    let keys = |names: &[String], most| -> Vec<String> { names.iter().take(most).map(|name| hashtag_key(name)).collect() };
    let (any, all, none) = (keys(&filter.any, 1 + MOST_TAGS), keys(&filter.all, MOST_TAGS), keys(&filter.none, MOST_TAGS));
    let wanted: Vec<String> = [&any, &all, &none].into_iter().flatten().cloned().collect();
    let known: Vec<(HashtagId, String)> =
        hashtags::table.filter(any_text(hashtags::name, wanted)).select((hashtags::id, hashtags::name)).load(c)?;
    let ids =
        |keys: &[String]| -> Vec<HashtagId> { known.iter().filter(|(_, key)| keys.contains(key)).map(|(id, _)| *id).collect() };
    let (any_ids, all_ids, none_ids) = (ids(&any), ids(&all), ids(&none));
    let mut distinct_all = all;
    distinct_all.sort_unstable();
    distinct_all.dedup();
    if all_ids.len() < distinct_all.len() {
        // Nothing carries a hashtag that nobody has ever used.
        return Ok(slice(Vec::new(), page));
    }
    let sql = format!(
        "FROM post_hashtags h CROSS JOIN posts CROSS JOIN actors a \
         WHERE h.hashtag_id = :tag AND posts.id = h.post_id AND a.id = posts.author_id AND {}{}{} \
         AND NOT EXISTS (SELECT 1 FROM :all AS w WHERE NOT EXISTS \
           (SELECT 1 FROM post_hashtags ha WHERE ha.hashtag_id = w.id AND ha.post_id = posts.id)) \
         AND NOT EXISTS (SELECT 1 FROM :none AS w CROSS JOIN post_hashtags hn \
           WHERE hn.hashtag_id = w.id AND hn.post_id = posts.id){}",
        rules(),
        filter.reach.sql(),
        only_media(filter.only_media),
        tail(page, "h.post_id")
    );
    let mut posts: Vec<Post> = Vec::new();
    for tag in &any_ids {
        let query = select_written::<Post>(sql.clone())
            .number("tag", *tag)
            .numbers("all", &all_ids)
            .numbers("none", &none_ids)
            .number("viewer", viewer.map_or(0, |v| v.0))
            .number("now", Timestamp::now().millis())
            .bounded(page);
        posts.append(&mut query.load(c)?);
    }
    if any_ids.len() > 1 {
        posts.sort_unstable_by_key(|post| if page.ascends() { post.id.0 } else { -post.id.0 });
        posts.dedup_by_key(|post| post.id);
        posts.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    }
    Ok(slice(posts, page))
}
