//! Hashtags: their identity is [`crate::text::hashtag_key`]; the first spelling is kept for showing.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use crate::connection::{Connection, PortableDsl, any_of, written};
use crate::error::Result;
use crate::ids::{ActorId, HashtagId, PostId};
use crate::on_each;
use crate::schema::{hashtag_follows, hashtags, post_hashtags};
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

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// How much a hashtag was used on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The hashtag.
    pub hashtag: HashtagId,
    /// Days since 1970 (UTC).
    pub day: i64,
    /// Public posts that carry it.
    pub posts: i64,
    /// Their authors.
    pub actors: i64,
}

/// How much these hashtags were used on each day since `first_day` (days since 1970); days without use are missing.
/// A post's id tells its day.
pub fn usage(c: &mut Connection, ids: &[HashtagId], first_day: i64) -> Result<Vec<Usage>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(HashtagId, i64, i64, i64)> = written::<(BigInt, BigInt, BigInt, BigInt)>(
        "SELECT h.hashtag_id, (p.id >> 16) / 86400000 AS day, COUNT(*), COUNT(DISTINCT p.author_id) \
         FROM :ids AS w CROSS JOIN post_hashtags h CROSS JOIN posts p \
         WHERE h.hashtag_id = w.id AND h.post_id >= :first AND p.id = h.post_id AND p.visibility = 0 AND p.deleted_at IS NULL \
         GROUP BY h.hashtag_id, day",
    )
    .numbers("ids", ids)
    .number("first", PostId::first_at(Timestamp(first_day * DAY)))
    .load(c)?;
    Ok(rows.into_iter().map(|(hashtag, day, posts, actors)| Usage { hashtag, day, posts, actors }).collect())
}

/// Those of `ids` that `actor` follows.
pub fn followed_among(c: &mut Connection, actor: ActorId, ids: &[HashtagId]) -> Result<Vec<HashtagId>> {
    Ok(hashtag_follows::table
        .filter(hashtag_follows::actor_id.eq(actor))
        .filter(any_of(hashtag_follows::hashtag_id, ids))
        .select(hashtag_follows::hashtag_id)
        .load(c)?)
}
