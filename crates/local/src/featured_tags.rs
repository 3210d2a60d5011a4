//! Featured hashtags: those that somebody shows on the profile, with how often its own posts carry them. Peers know them as
//! the actor's `featuredTags` collection.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, PortableDsl, any_of, cols, select_written, written};
use crate::error::{Error, Flaw, Result};
use crate::hashtags::{self, Hashtag};
use crate::ids::{ActorId, FeaturedTagId, HashtagId};
use crate::jobs::{self, Change, Job};
use crate::posts::Post;
use crate::schema::featured_tags;
use crate::text::is_hashtag;
use crate::time::Timestamp;

/// Hashtags that one person may feature.
pub const MOST: i64 = 10;
/// Hashtags that are suggested.
const SUGGESTED: i64 = 10;
/// Posts of a person out of which they are suggested.
const LOOKED_AT: i64 = 1_000;

/// A featured hashtag as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = featured_tags)]
#[allow(missing_docs)]
pub struct FeaturedTag {
    pub id: FeaturedTagId,
    pub actor_id: ActorId,
    pub hashtag_id: HashtagId,
    /// As its owner spells it.
    pub name: String,
    /// The owner's posts that carry it and are for everybody.
    pub statuses_count: i64,
    pub last_status_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Features a hashtag.
///
/// # Errors
/// [`Error::Invalid`] when it is no hashtag, featured already, or one more than [`MOST`].
pub fn create(c: &mut Connection, actor: ActorId, name: &str) -> Result<FeaturedTag> {
    let name = name.trim().trim_start_matches(['#', '＃']);
    if name.is_empty() {
        return Err(Error::invalid("name", Flaw::Blank, "can't be blank"));
    }
    if !is_hashtag(name) {
        return Err(Error::invalid("name", Flaw::Invalid, "is not a hashtag"));
    }
    let tag = hashtags::named(c, name)?;
    if get_by_tag(c, actor, tag.id)?.is_some() {
        return Err(Error::invalid("tag", Flaw::Taken, "is featured already"));
    }
    let had: i64 = featured_tags::table.filter(featured_tags::actor_id.eq(actor)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, "You have already featured the maximum number of hashtags"));
    }
    let featured = insert(c, actor, tag.id, name)?;
    tell_peers(c, actor)?;
    Ok(featured)
}

/// Features a hashtag if it is not featured yet.
///
/// # Errors
/// [`Error::Invalid`] for one more than [`MOST`].
pub fn feature(c: &mut Connection, actor: ActorId, tag: &Hashtag) -> Result<()> {
    if get_by_tag(c, actor, tag.id)?.is_none() {
        create(c, actor, &tag.display_name)?;
    }
    Ok(())
}

/// Features a hashtag no longer. Nothing happens when it was not featured.
pub fn unfeature(c: &mut Connection, actor: ActorId, tag: HashtagId) -> Result<()> {
    match get_by_tag(c, actor, tag)? {
        Some(featured) => delete(c, actor, featured.id),
        None => Ok(()),
    }
}

/// Takes a featured hashtag from the profile.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, actor: ActorId, id: FeaturedTagId) -> Result<()> {
    let gone = diesel::delete(featured_tags::table.find(id).filter(featured_tags::actor_id.eq(actor))).execute(c)?;
    if gone == 0 {
        return Err(Error::NotFound("featured hashtag"));
    }
    tell_peers(c, actor)
}

/// Makes the featured hashtags of a remote actor those that its collection names: the first [`MOST`] that are hashtags.
pub fn replace(c: &mut Connection, actor: ActorId, names: &[String]) -> Result<()> {
    let mut kept: Vec<HashtagId> = Vec::new();
    for name in names.iter().filter(|name| is_hashtag(name)).take(usize::try_from(MOST).unwrap_or_default()) {
        let tag = hashtags::named(c, name)?.id;
        if kept.contains(&tag) {
            continue;
        }
        kept.push(tag);
        match get_by_tag(c, actor, tag)? {
            Some(featured) if featured.name == *name => {}
            Some(featured) => {
                diesel::update(featured_tags::table.find(featured.id)).set(featured_tags::name.eq(name)).execute(c)?;
            }
            None => {
                insert(c, actor, tag, name)?;
            }
        }
    }
    let gone: Vec<FeaturedTagId> =
        of(c, actor)?.iter().filter(|featured| !kept.contains(&featured.hashtag_id)).map(|featured| featured.id).collect();
    diesel::delete(featured_tags::table.filter(any_of(featured_tags::id, &gone))).execute(c)?;
    Ok(())
}

/// What `actor` features: what its posts carry most often first.
pub fn of(c: &mut Connection, actor: ActorId) -> Result<Vec<FeaturedTag>> {
    Ok(featured_tags::table
        .filter(featured_tags::actor_id.eq(actor))
        .order((featured_tags::statuses_count.desc(), featured_tags::id))
        .select(FeaturedTag::as_select())
        .load(c)?)
}

/// Those of `ids` that `actor` features.
pub fn among(c: &mut Connection, actor: ActorId, ids: &[HashtagId]) -> Result<Vec<HashtagId>> {
    Ok(featured_tags::table
        .filter(featured_tags::actor_id.eq(actor))
        .filter(any_of(featured_tags::hashtag_id, ids))
        .select(featured_tags::hashtag_id)
        .load(c)?)
}

/// Hashtags that `actor` uses most and does not feature.
pub fn suggestions(c: &mut Connection, actor: ActorId) -> Result<Vec<Hashtag>> {
    let sql = format!(
        "FROM (SELECT h.hashtag_id AS id, COUNT(*) AS uses FROM (SELECT p.id FROM posts p WHERE p.author_id = :actor \
           AND p.boost_of_id IS NULL AND p.visibility < 2 AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT {LOOKED_AT}) n \
           CROSS JOIN post_hashtags h WHERE h.post_id = n.id GROUP BY h.hashtag_id) found CROSS JOIN hashtags \
         WHERE hashtags.id = found.id AND NOT EXISTS \
           (SELECT 1 FROM featured_tags f WHERE f.actor_id = :actor AND f.hashtag_id = hashtags.id) \
         ORDER BY found.uses DESC, hashtags.id LIMIT {SUGGESTED}"
    );
    Ok(select_written::<Hashtag>(sql).number("actor", actor).load(c)?)
}

/// A post of the owner carries hashtags, or does so no longer.
pub(crate) fn count(c: &mut Connection, post: &Post, ids: &[HashtagId], new: bool) -> Result<()> {
    let sql = if new {
        "UPDATE featured_tags SET statuses_count = statuses_count + 1, last_status_at = \
         CASE WHEN last_status_at IS NULL OR last_status_at < :at THEN :at ELSE last_status_at END \
         WHERE actor_id = :actor AND hashtag_id IN :ids"
    } else {
        "UPDATE featured_tags SET statuses_count = statuses_count - 1, last_status_at = :last \
         WHERE actor_id = :actor AND hashtag_id IN :ids AND statuses_count > 0"
    };
    let sql = sql.replace(":last", &format!("({})", latest("featured_tags.actor_id", "featured_tags.hashtag_id")));
    written::<BigInt>(sql)
        .number("at", post.created_at.millis())
        .number("actor", post.author_id)
        .numbers("ids", ids)
        .execute(c)?;
    Ok(())
}

/// A query for the time of an author's latest post with a hashtag that is for everybody.
fn latest(actor: &str, tag: &str) -> String {
    format!(
        "SELECT p.created_at FROM posts p CROSS JOIN post_hashtags h WHERE p.author_id = {actor} AND h.hashtag_id = {tag} \
         AND h.post_id = p.id AND p.visibility < 2 AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT 1"
    )
}

/// Peers read the collection again when the profile has changed.
fn tell_peers(c: &mut Connection, actor: ActorId) -> Result<()> {
    jobs::enqueue(c, &Job::Federate { change: Change::ProfileChanged { actor } }).map(drop)
}

fn get_by_tag(c: &mut Connection, actor: ActorId, tag: HashtagId) -> Result<Option<FeaturedTag>> {
    let own = featured_tags::table.filter(featured_tags::actor_id.eq(actor));
    Ok(own.filter(featured_tags::hashtag_id.eq(tag)).select(FeaturedTag::as_select()).first(c).optional()?)
}

fn insert(c: &mut Connection, actor: ActorId, tag: HashtagId, name: &str) -> Result<FeaturedTag> {
    let posts: i64 = written::<BigInt>(
        "SELECT COUNT(*) FROM posts p CROSS JOIN post_hashtags h WHERE p.author_id = :actor AND h.hashtag_id = :tag \
         AND h.post_id = p.id AND p.visibility < 2 AND p.deleted_at IS NULL",
    )
    .number("actor", actor)
    .number("tag", tag)
    .get_result(c)?;
    let last: Option<Timestamp> =
        written::<BigInt>(latest(":actor", ":tag")).number("actor", actor).number("tag", tag).get_result(c).optional()?;
    let id = FeaturedTagId::new();
    diesel::insert_into(featured_tags::table)
        .values((
            featured_tags::id.eq(id),
            featured_tags::actor_id.eq(actor),
            featured_tags::hashtag_id.eq(tag),
            featured_tags::name.eq(name),
            featured_tags::statuses_count.eq(posts),
            featured_tags::last_status_at.eq(last),
            featured_tags::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    featured_tags::table.find(id).select(cols::<FeaturedTag>()).first(c).optional()?.ok_or(Error::NotFound("featured hashtag"))
}
