//! Hashtags: their identity is [`crate::text::hashtag_key`]; the first spelling is kept for showing.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::connection::{Connection, PortableDsl, any_of};
use crate::error::Result;
use crate::ids::{HashtagId, PostId};
use crate::on_each;
use crate::schema::{hashtags, post_hashtags};
use crate::text;
use crate::time::Timestamp;

/// A hashtag as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = hashtags)]
#[allow(missing_docs)]
pub struct Hashtag {
    pub id: HashtagId,
    /// The key: what two spellings of the same hashtag share.
    pub name: String,
    /// As first written.
    pub display_name: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// The hashtag of this key or spelling.
pub fn by_name(c: &mut Connection, name: &str) -> Result<Option<Hashtag>> {
    let key = text::hashtag_key(name);
    Ok(hashtags::table.filter(hashtags::name.eq(key)).select(Hashtag::as_select()).first(c).optional()?)
}

/// The hashtag of this spelling, made if it is new.
pub fn ensure(c: &mut Connection, name: &str) -> Result<Hashtag> {
    let now = Timestamp::now();
    diesel::insert_into(hashtags::table)
        .values((
            hashtags::id.eq(HashtagId::new()),
            hashtags::name.eq(text::hashtag_key(name)),
            hashtags::display_name.eq(name),
            hashtags::created_at.eq(now),
            hashtags::last_used_at.eq(now),
        ))
        .on_conflict(hashtags::name)
        .do_update()
        .set(hashtags::last_used_at.eq(excluded(hashtags::last_used_at)))
        .portable()
        .execute(c)?;
    Ok(hashtags::table.filter(hashtags::name.eq(text::hashtag_key(name))).select(Hashtag::as_select()).first(c)?)
}

/// Makes `post` carry exactly these hashtags.
pub(crate) fn set(c: &mut Connection, post: PostId, names: &[text::Hashtag]) -> Result<()> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.push(ensure(c, &name.name)?.id);
    }
    let old: Vec<HashtagId> =
        post_hashtags::table.filter(post_hashtags::post_id.eq(post)).select(post_hashtags::hashtag_id).load(c)?;
    let stale: Vec<HashtagId> = old.into_iter().filter(|id| !ids.contains(id)).collect();
    if !stale.is_empty() {
        let rows = post_hashtags::table.filter(post_hashtags::post_id.eq(post));
        diesel::delete(rows.filter(any_of(post_hashtags::hashtag_id, &stale))).execute(c)?;
    }
    let rows: Vec<_> = ids.iter().map(|id| (post_hashtags::hashtag_id.eq(*id), post_hashtags::post_id.eq(post))).collect();
    if !rows.is_empty() {
        on_each!(c => diesel::insert_into(post_hashtags::table).values(&rows).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// The keys of a post's hashtags.
pub fn keys_of(c: &mut Connection, post: PostId) -> Result<Vec<String>> {
    Ok(post_hashtags::table
        .inner_join(hashtags::table)
        .filter(post_hashtags::post_id.eq(post))
        .order(hashtags::name)
        .select(hashtags::name)
        .load(c)?)
}

/// The hashtags of these posts, as pairs; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<(PostId, Hashtag)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(post_hashtags::table
        .inner_join(hashtags::table)
        .filter(any_of(post_hashtags::post_id, posts))
        .order((post_hashtags::post_id, hashtags::name))
        .select((post_hashtags::post_id, Hashtag::as_select()))
        .load(c)?)
}

/// Takes all hashtags from a post.
pub(crate) fn forget_post(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(post_hashtags::table.filter(post_hashtags::post_id.eq(post))).execute(c)?;
    Ok(())
}
