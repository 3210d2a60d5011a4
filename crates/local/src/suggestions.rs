//! Whom to follow: people who let themselves be found, with the reason, and the directory of all of them. Nobody is
//! suggested whom the person follows, has asked to follow, hides or has waved away.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, PortableDsl, written};
use crate::error::Result;
use crate::ids::ActorId;
use crate::schema::suggestion_dismissals;
use crate::time::Timestamp;
use crate::visibility::{server_unblocked, unblocked, welcome};

/// Why somebody is suggested (Mastodon's `sources`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Many of those whom the person follows follow it.
    FriendsOfFriends,
    /// It is followed by those who follow whom the person followed last.
    SimilarToRecentlyFollowed,
    /// It is well known here.
    MostFollowed,
}

impl Source {
    /// The word that APIs use.
    pub fn word(self) -> &'static str {
        match self {
            Self::FriendsOfFriends => "friends_of_friends",
            Self::SimilarToRecentlyFollowed => "similar_to_recently_followed",
            Self::MostFollowed => "most_followed",
        }
    }
}

/// Somebody who is suggested, and why; the strongest reason first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Who.
    pub actor: ActorId,
    /// Why: at least one.
    pub sources: Vec<Source>,
}

/// People that each reason may bring forward.
const MOST_PER_SOURCE: i64 = 100;
/// Followed people whose follows are looked at, the last followed first.
const FRIENDS: i64 = 200;
/// Last followed people whose other followers are looked at.
const RECENT: i64 = 10;
/// Follows that each reason looks at.
const MOST_FOLLOWS: i64 = 20_000;

/// An SQL condition: somebody of `a` who lets itself be found and is there.
const FINDABLE: &str = "a.discoverable AND a.silenced_at IS NULL AND a.suspended_at IS NULL AND a.deleted_at IS NULL \
     AND a.moved_to_id IS NULL";

/// An SQL condition: `a` may be suggested to the viewer.
fn suggestible() -> String {
    let pairs = ["follows", "follow_requests", "suggestion_dismissals", "mutes"]
        .map(|table| format!(" AND NOT EXISTS (SELECT 1 FROM {table} x WHERE x.actor_id = :viewer AND x.target_id = a.id)"));
    format!(
        "a.id <> :viewer AND NOT a.locked AND {FINDABLE}{} AND {} AND {}",
        pairs.concat(),
        unblocked(":viewer", "a.id"),
        server_unblocked(":viewer", "a")
    )
}

/// Whom `viewer` might want to follow: who is brought forward by most reasons first, then in the order of [`Source`].
pub fn suggestions(c: &mut Connection, viewer: ActorId, limit: i64, offset: i64) -> Result<Vec<Suggestion>> {
    let mut order: Vec<ActorId> = Vec::new();
    let mut sources: HashMap<ActorId, Vec<Source>> = HashMap::new();
    for source in [Source::FriendsOfFriends, Source::SimilarToRecentlyFollowed, Source::MostFollowed] {
        for actor in brought_forward(c, viewer, source)? {
            let reasons = sources.entry(actor).or_default();
            if reasons.is_empty() {
                order.push(actor);
            }
            reasons.push(source);
        }
    }
    // Stable: among those with as many reasons the stronger reason stays first.
    order.sort_by_key(|actor| std::cmp::Reverse(sources.get(actor).map_or(0, Vec::len)));
    let (limit, offset) = (usize::try_from(limit).unwrap_or_default(), usize::try_from(offset).unwrap_or_default());
    Ok(order
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(|actor| Suggestion { actor, sources: sources.remove(&actor).unwrap_or_default() })
        .collect())
}

/// Those for whom one reason speaks, the strongest first.
fn brought_forward(c: &mut Connection, viewer: ActorId, source: Source) -> Result<Vec<ActorId>> {
    let counted = |follows: String| {
        format!(
            "SELECT a.id FROM (SELECT s.id, COUNT(*) AS people FROM ({follows} LIMIT {MOST_FOLLOWS}) s GROUP BY s.id) found \
             CROSS JOIN actors a WHERE a.id = found.id AND {} ORDER BY found.people DESC, a.followers_count DESC, a.id \
             LIMIT {MOST_PER_SOURCE}",
            suggestible()
        )
    };
    let sql = match source {
        // Who hides whom it follows is no source.
        Source::FriendsOfFriends => counted(format!(
            "SELECT w.target_id AS id FROM (SELECT n.target_id FROM follows n WHERE n.actor_id = :viewer ORDER BY n.id DESC \
             LIMIT {FRIENDS}) f CROSS JOIN actors m CROSS JOIN follows w \
             WHERE m.id = f.target_id AND NOT m.hide_collections AND w.actor_id = m.id"
        )),
        Source::SimilarToRecentlyFollowed => counted(format!(
            "SELECT w.target_id AS id FROM (SELECT v.actor_id AS id FROM (SELECT n.target_id FROM follows n \
               WHERE n.actor_id = :viewer ORDER BY n.id DESC LIMIT {RECENT}) f CROSS JOIN follows v \
               WHERE v.target_id = f.target_id AND v.actor_id <> :viewer LIMIT {FRIENDS}) d CROSS JOIN actors m CROSS JOIN follows w \
             WHERE m.id = d.id AND NOT m.hide_collections AND w.actor_id = m.id"
        )),
        Source::MostFollowed => format!(
            "SELECT a.id FROM actors a WHERE {} AND a.followers_count > 0 ORDER BY a.followers_count DESC LIMIT {MOST_PER_SOURCE}",
            suggestible()
        ),
    };
    Ok(written::<BigInt>(sql).number("viewer", viewer).load(c)?)
}

/// Suggests somebody to `viewer` never again.
pub fn dismiss(c: &mut Connection, viewer: ActorId, target: ActorId) -> Result<()> {
    crate::actors::get(c, target)?;
    diesel::insert_into(suggestion_dismissals::table)
        .values((
            suggestion_dismissals::actor_id.eq(viewer),
            suggestion_dismissals::target_id.eq(target),
            suggestion_dismissals::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

/// In which order the directory lists people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Who posted last.
    #[default]
    Active,
    /// Who came last.
    New,
}

/// The directory: everybody who lets itself be found, and whom `viewer` does not hide; with `local` only those here.
pub fn directory(
    c: &mut Connection,
    viewer: Option<ActorId>,
    order: Order,
    local: bool,
    limit: i64,
    offset: i64,
) -> Result<Vec<ActorId>> {
    let here = if local { "a.domain IS NULL AND " } else { "" };
    let (posted, order) = match order {
        Order::Active => (" AND a.last_post_at IS NOT NULL", "a.last_post_at DESC"),
        Order::New => ("", "a.id DESC"),
    };
    let sql = format!(
        "SELECT a.id FROM actors a WHERE {here}{FINDABLE}{posted} \
         AND (a.domain IS NOT NULL OR EXISTS (SELECT 1 FROM users u WHERE u.actor_id = a.id)) AND {} AND {} \
         ORDER BY {order} LIMIT :limit OFFSET :offset",
        unblocked(":viewer", "a.id"),
        welcome(":viewer", "a.id", "a"),
    );
    Ok(written::<BigInt>(sql)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("now", Timestamp::now().millis())
        .number("limit", limit)
        .number("offset", offset)
        .load(c)?)
}
