//! Hashtag follows: whose home shows the public posts that carry a hashtag. Nobody else hears of them.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_of, any_text};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::hashtags::Hashtag;
use crate::ids::{ActorId, HashtagFollowId, HashtagId};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{hashtag_follows, hashtags};
use crate::time::Timestamp;

/// Hashtags that one person may follow.
pub const MOST: i64 = 1_000;

/// Follows a hashtag. Following it again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] for one more than [`MOST`].
pub fn follow(c: &mut Connection, actor: ActorId, tag: HashtagId) -> Result<()> {
    let followed: i64 = hashtag_follows::table.filter(hashtag_follows::actor_id.eq(actor)).count().get_result(c)?;
    if followed >= MOST && followed_among(c, actor, &[tag])?.is_empty() {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} hashtags can be followed")));
    }
    diesel::insert_into(hashtag_follows::table)
        .values((
            hashtag_follows::id.eq(HashtagFollowId::new()),
            hashtag_follows::actor_id.eq(actor),
            hashtag_follows::hashtag_id.eq(tag),
            hashtag_follows::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    after_commit(Event::RelationsChanged(actor));
    Ok(())
}

/// Follows a hashtag no longer. Nothing happens when it was not followed.
pub fn unfollow(c: &mut Connection, actor: ActorId, tag: HashtagId) -> Result<()> {
    let own = hashtag_follows::table.filter(hashtag_follows::actor_id.eq(actor));
    diesel::delete(own.filter(hashtag_follows::hashtag_id.eq(tag))).execute(c)?;
    after_commit(Event::RelationsChanged(actor));
    Ok(())
}

/// The hashtags that `actor` follows, the last followed first. The cursors are the relations'.
pub fn of(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<Hashtag>> {
    let rows: Vec<(HashtagFollowId, Hashtag)> = paged!(
        c,
        page,
        hashtag_follows::id,
        hashtag_follows::table
            .inner_join(hashtags::table)
            .filter(hashtag_follows::actor_id.eq(actor))
            .select((hashtag_follows::id, Hashtag::as_select()))
    );
    Ok(Slice::new(rows, page))
}

/// Whether `actor` follows any hashtag.
pub(crate) fn follows_any(c: &mut Connection, actor: ActorId) -> Result<bool> {
    let own = hashtag_follows::table.filter(hashtag_follows::actor_id.eq(actor));
    Ok(diesel::select(diesel::dsl::exists(own)).get_result(c)?)
}

/// Those of `ids` that `actor` follows.
pub fn followed_among(c: &mut Connection, actor: ActorId, ids: &[HashtagId]) -> Result<Vec<HashtagId>> {
    Ok(hashtag_follows::table
        .filter(hashtag_follows::actor_id.eq(actor))
        .filter(any_of(hashtag_follows::hashtag_id, ids))
        .select(hashtag_follows::hashtag_id)
        .load(c)?)
}

/// Those who follow one of the hashtags with these keys; each may be there more than once.
pub fn followers(c: &mut Connection, keys: &[String]) -> Result<Vec<ActorId>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(hashtag_follows::table
        .inner_join(hashtags::table)
        .filter(any_text(hashtags::name, keys))
        .select(hashtag_follows::actor_id)
        .load(c)?)
}
