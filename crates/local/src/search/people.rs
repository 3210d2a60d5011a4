//! People by handle and by name, also by one that is nearly right.

use diesel::prelude::*;

use super::index::name_terms;
use super::{LAST, MOST_MATCHES, expression, matches, names};
use crate::actors::Actor;
use crate::connection::{Connection, select_written};
use crate::error::Result;
use crate::ids::ActorId;
use crate::text::search::query_terms;
use crate::visibility::{server_unblocked, unblocked};

/// People of a name: by handle (`ali`, `@ali@exam`), by the beginning of the username, by words of the display name.
/// The exact handle comes first, then those whom `viewer` follows, then the best known. When they leave room on the first page,
/// names follow that are nearly what was asked: with one mistake in a word of four letters or more, two in one of eight. Who is in
/// a block with the viewer, or whose server the viewer blocks, is found by the whole name alone: whoever wants to undo a block
/// has to find it.
pub fn actors(
    c: &mut Connection,
    viewer: Option<ActorId>,
    query: &str,
    following_only: bool,
    limit: i64,
    offset: i64,
) -> Result<Vec<Actor>> {
    let mut found = named(c, viewer, query, following_only, limit, offset)?;
    let room = limit - i64::try_from(found.len()).unwrap_or(limit);
    if offset <= 0 && room > 0 {
        let known: Vec<ActorId> = found.iter().map(|actor| actor.id).collect();
        let mut near = nearly_named(c, viewer, query, following_only)?;
        near.retain(|actor| !known.contains(&actor.id));
        near.truncate(usize::try_from(room).unwrap_or_default());
        found.extend(near);
    }
    Ok(found)
}

/// An SQL condition: somebody of `actors` who may be found by name.
const FINDABLE: &str = "actors.suspended_at IS NULL AND actors.deleted_at IS NULL AND actors.moved_to_id IS NULL \
     AND (actors.domain IS NOT NULL OR EXISTS (SELECT 1 FROM users u WHERE u.actor_id = actors.id))";

/// An SQL condition: no block stands between somebody of `actors`, or its server, and the viewer.
fn unhindered() -> String {
    format!("{} AND {}", unblocked(":viewer", "actors.id"), server_unblocked(":viewer", "actors"))
}

/// Names that are compared with what was asked.
const MOST_COMPARED: i64 = 400;

/// People whose names are nearly what is asked, the nearest first, then those whom `viewer` follows, then the best known.
fn nearly_named(c: &mut Connection, viewer: Option<ActorId>, query: &str, following_only: bool) -> Result<Vec<Actor>> {
    let name = query.trim().trim_start_matches('@');
    let asked = query_terms(name.split('@').next().unwrap_or_default());
    if asked.len() > MOST_NAME_WORDS {
        return Ok(Vec::new());
    }
    let Some(expression) = names::expression(c.engine(), &asked) else { return Ok(Vec::new()) };
    let followed = if following_only { " AND f.id IS NOT NULL" } else { "" };
    let sql = format!(
        "FROM {} found CROSS JOIN actors LEFT JOIN follows f ON f.actor_id = :viewer AND f.target_id = actors.id \
         WHERE actors.id = found.id AND {FINDABLE} AND {}{followed} \
         ORDER BY CASE WHEN f.id IS NULL THEN 1 ELSE 0 END, actors.followers_count DESC, actors.id LIMIT {MOST_COMPARED}",
        matches(c.engine(), "search_actors", "actor_id", "", MOST_COMPARED),
        unhindered(),
    );
    let near: Vec<Actor> =
        select_written::<Actor>(sql).text("query", expression).number("viewer", viewer.map_or(0, |v| v.0)).load(c)?;
    let mut judged: Vec<(usize, Actor)> = near
        .into_iter()
        .filter_map(|actor| names::distance(&asked, &name_terms(&actor)).map(|distance| (distance, actor)))
        .collect();
    judged.sort_by_key(|(distance, _)| *distance);
    Ok(judged.into_iter().map(|(_, actor)| actor).collect())
}

/// Words of a name that may be nearly right.
const MOST_NAME_WORDS: usize = 4;

/// People of a name, see [`actors`].
fn named(
    c: &mut Connection,
    viewer: Option<ActorId>,
    query: &str,
    following_only: bool,
    limit: i64,
    offset: i64,
) -> Result<Vec<Actor>> {
    let engine = c.engine();
    let name = query.trim().trim_start_matches('@');
    let (username, domain) = match name.split_once('@') {
        Some((username, domain)) => (username.to_lowercase(), domain.to_lowercase()),
        None => (name.to_lowercase(), String::new()),
    };
    if username.is_empty() {
        return Ok(Vec::new());
    }
    // A handle with a domain is no text: its words would find nobody.
    let expression = if domain.is_empty() { expression(engine, name, true) } else { None };
    let by_words = match &expression {
        Some(_) => format!(" UNION SELECT id FROM {} w", matches(engine, "search_actors", "actor_id", "", MOST_MATCHES)),
        None => String::new(),
    };
    let at_domain = if domain.is_empty() { "" } else { " AND substr(domain, 1, length(:domain)) = :domain" };
    let followed = if following_only { " AND f.id IS NOT NULL" } else { "" };
    let sql = format!(
        "FROM (SELECT id FROM (SELECT id FROM actors WHERE username_key >= :username AND username_key < :username_end{at_domain} \
         LIMIT {MOST_MATCHES}) n{by_words}) found CROSS JOIN actors \
         LEFT JOIN follows f ON f.actor_id = :viewer AND f.target_id = actors.id \
         WHERE actors.id = found.id AND {FINDABLE}{followed} \
         AND ((actors.username_key = :username AND (:domain = '' OR actors.domain = :domain)) OR ({})) \
         ORDER BY CASE WHEN actors.username_key = :username THEN 0 ELSE 1 END, CASE WHEN f.id IS NULL THEN 1 ELSE 0 END, \
         actors.followers_count DESC, actors.id LIMIT :limit OFFSET :offset",
        unhindered()
    );
    Ok(select_written::<Actor>(sql)
        .text("username", username.clone())
        .text("username_end", format!("{username}{LAST}"))
        .text("domain", domain)
        .text("query", expression.unwrap_or_default())
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("limit", limit)
        .number("offset", offset.max(0))
        .load(c)?)
}
