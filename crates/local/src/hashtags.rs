//! Hashtags: their identity is [`crate::text::hashtag_key`]; the first spelling is kept for showing. How much one is used
//! is counted by day in the write that posts.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

use crate::connection::{Connection, PortableDsl, any_of, written};
use crate::error::{Error, Result};
use crate::featured_tags;
use crate::ids::{HashtagId, PostId};
use crate::on_each;
use crate::posts::Post;
use crate::schema::{hashtag_days, hashtags, post_hashtags};
use crate::text;
use crate::time::Timestamp;
use crate::visibility::Visibility;

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

/// The hashtag of this spelling, made if it is new; it does not count as used.
///
/// # Errors
/// [`Error::NotFound`] when this is no hashtag.
pub fn named(c: &mut Connection, name: &str) -> Result<Hashtag> {
    let name = name.trim().trim_start_matches(['#', '＃']);
    match by_name(c, name)? {
        Some(tag) => Ok(tag),
        None if text::is_hashtag(name) => ensure(c, name),
        None => Err(Error::NotFound("hashtag")),
    }
}

/// Makes `post` carry exactly these hashtags.
pub(crate) fn set(c: &mut Connection, post: &Post, names: &[text::Hashtag]) -> Result<()> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.push(ensure(c, &name.name)?.id);
    }
    let old: Vec<HashtagId> =
        post_hashtags::table.filter(post_hashtags::post_id.eq(post.id)).select(post_hashtags::hashtag_id).load(c)?;
    let stale: Vec<HashtagId> = old.iter().copied().filter(|id| !ids.contains(id)).collect();
    if !stale.is_empty() {
        let rows = post_hashtags::table.filter(post_hashtags::post_id.eq(post.id));
        diesel::delete(rows.filter(any_of(post_hashtags::hashtag_id, &stale))).execute(c)?;
        count(c, post, &stale, Counted::Gone)?;
    }
    ids.retain(|id| !old.contains(id));
    ids.sort_unstable();
    ids.dedup();
    let rows: Vec<_> = ids.iter().map(|id| (post_hashtags::hashtag_id.eq(*id), post_hashtags::post_id.eq(post.id))).collect();
    if !rows.is_empty() {
        on_each!(c => diesel::insert_into(post_hashtags::table).values(&rows).on_conflict_do_nothing().execute(c))?;
        count(c, post, &ids, Counted::New)?;
    }
    Ok(())
}

/// Whether a use begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    New,
    Gone,
}

/// Days for which uses are kept.
pub const KEPT_DAYS: i64 = 30;
/// Of an author's other posts of the day, how many are looked at to see whether it counts already.
const LOOKED_AT: i64 = 200;

/// Counts a post's use of hashtags: for the day of a public one, and for its author's profile. Authors are told apart by
/// their own posts of the day, so that no list of them has to be kept; limited ones count for nobody.
fn count(c: &mut Connection, post: &Post, ids: &[HashtagId], counted: Counted) -> Result<()> {
    if post.visibility.is_open() {
        featured_tags::count(c, post, ids, counted == Counted::New)?;
    }
    let day = post.id.time().millis().div_euclid(DAY);
    let today = Timestamp::now().millis().div_euclid(DAY);
    if post.visibility != Visibility::Public || post.is_boost() || day <= today - KEPT_DAYS {
        return Ok(());
    }
    let once = |tag: &str| {
        format!(
            "CASE WHEN EXISTS (SELECT 1 FROM (SELECT p.id FROM posts p WHERE p.author_id = :author AND p.id >= :first \
               AND p.id < :last AND p.id <> :post AND p.visibility = 0 AND p.boost_of_id IS NULL AND p.deleted_at IS NULL \
               ORDER BY p.id DESC LIMIT {LOOKED_AT}) r CROSS JOIN post_hashtags h WHERE h.hashtag_id = {tag} AND h.post_id = r.id) \
             THEN 0 ELSE 1 END"
        )
    };
    let sql = match counted {
        Counted::New => format!(
            "INSERT INTO hashtag_days (hashtag_id, day, uses, accounts) SELECT w.id, CAST(:day AS BIGINT), 1, {} \
             FROM :ids AS w CROSS JOIN actors a WHERE a.id = :author AND a.silenced_at IS NULL \
             ON CONFLICT (hashtag_id, day) DO UPDATE SET uses = hashtag_days.uses + 1, \
             accounts = hashtag_days.accounts + excluded.accounts",
            once("w.id")
        ),
        Counted::Gone => format!(
            "UPDATE hashtag_days SET uses = uses - 1, accounts = accounts - {} \
             WHERE hashtag_id IN :ids AND day = :day AND uses > 0",
            once("hashtag_days.hashtag_id")
        ),
    };
    written::<BigInt>(sql)
        .numbers("ids", ids)
        .number("day", day)
        .number("author", post.author_id)
        .number("post", post.id)
        .number("first", PostId::first_at(Timestamp(day * DAY)))
        .number("last", PostId::first_at(Timestamp((day + 1) * DAY)))
        .execute(c)?;
    Ok(())
}

/// Forgets how much hashtags were used before `day`; up to `limit` rows. Gives back their number.
pub fn purge_usage(c: &mut Connection, day: i64, limit: i64) -> Result<usize> {
    let sql = "DELETE FROM hashtag_days WHERE (hashtag_id, day) IN \
               (SELECT d.hashtag_id, d.day FROM hashtag_days d WHERE d.day < :day LIMIT :limit)";
    Ok(written::<BigInt>(sql).number("day", day).number("limit", limit).execute(c)?)
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
pub(crate) fn forget_post(c: &mut Connection, post: &Post) -> Result<()> {
    let ids: Vec<HashtagId> = diesel::delete(post_hashtags::table.filter(post_hashtags::post_id.eq(post.id)))
        .returning(post_hashtags::hashtag_id)
        .get_results(c)?;
    if ids.is_empty() { Ok(()) } else { count(c, post, &ids, Counted::Gone) }
}

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// How much something was used on one day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Days since 1970 (UTC).
    pub day: i64,
    /// Public posts that have it.
    pub posts: i64,
    /// Their authors.
    pub actors: i64,
}

/// How much these hashtags were used on each day since `first_day` (days since 1970); days without use are missing.
pub fn usage(c: &mut Connection, ids: &[HashtagId], first_day: i64) -> Result<Vec<(HashtagId, Usage)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(HashtagId, i64, i64, i64)> = hashtag_days::table
        .filter(any_of(hashtag_days::hashtag_id, ids))
        .filter(hashtag_days::day.ge(first_day))
        .select(hashtag_days::all_columns)
        .load(c)?;
    Ok(rows.into_iter().map(|(hashtag, day, posts, actors)| (hashtag, Usage { day, posts, actors })).collect())
}
