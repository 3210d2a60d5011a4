//! Full-text search: what is indexed and who finds it. The words come from [`crate::text::search`], folded alike for texts
//! and queries. A post is found by its author, by those whom it mentions, by those who liked, boosted or keep it or voted in it,
//! and (when public) by everybody if the author consents (FEP-5feb); it is indexed only if one of these can be.
//!
//! What operators ask for (`has:image`, `from:ali`) stands in the index as terms too, so that a search without words, or with
//! one that everybody uses, is as fast as any. One implementation serves both engines: only the spelling of a query differs.

mod index;
mod names;
mod people;
mod posts;
mod query;
mod reindex;

pub(crate) use index::index_kept;
pub use index::{index_actor, index_post, unindex_actor, unindex_post};
pub use people::actors;
pub use posts::posts;
pub use query::Query;
pub use reindex::reindex_some;

use diesel::prelude::*;

use crate::connection::{Connection, Engine, select_written};
use crate::error::Result;
use crate::hashtags::Hashtag;
use crate::text::search::query_terms;
use crate::text::{Handle, hashtag_key};
use crate::trends::Subject;

/// Matches that one query looks at, newest first: bounds the cost of a word that everybody uses.
const MOST_MATCHES: i64 = 4_000;

/// The table of the matches as each engine asks for them: `found(id)`, the newest ids first, at most `most`.
fn matches(engine: Engine, table: &str, key: &str, bounds: &str, most: i64) -> String {
    let (id, condition) = match engine {
        Engine::Sqlite => ("rowid", format!("{table} MATCH :query")),
        Engine::Postgres => (key, "terms @@ CAST(:query AS tsquery)".to_owned()),
    };
    let bounds = bounds.replace("{id}", id);
    format!("(SELECT {id} AS id FROM {table} WHERE {condition}{bounds} ORDER BY {id} DESC LIMIT {most})")
}

/// A query in the language of the engine: all words, the last one as a beginning when `prefix`. `None` without any word.
fn expression(engine: Engine, query: &str, prefix: bool) -> Option<String> {
    let words = query_terms(query);
    let last = words.len().checked_sub(1)?;
    let mut expression = String::with_capacity(query.len() + words.len() * 6);
    for (i, word) in words.iter().enumerate() {
        let starred = prefix && i == last;
        let (quote, and, star) = match engine {
            Engine::Sqlite => ('"', " ", "*"),
            Engine::Postgres => ('\'', " & ", ":*"),
        };
        if i > 0 {
            expression.push_str(and);
        }
        // Words hold letters, marks and digits only: nothing to escape.
        expression.push(quote);
        expression.push_str(word);
        expression.push(quote);
        if starred {
            expression.push_str(star);
        }
    }
    Some(expression)
}

/// The last character there is: `name..name\u{10FFFF}` holds what begins with `name`, in the order of bytes.
const LAST: char = '\u{10FFFF}';

/// Hashtags that begin with `query` (with or without `#`): the exact one first, then the most recently used; without
/// `unreviewed` only it and those that a moderator has looked at.
pub fn hashtags(c: &mut Connection, query: &str, unreviewed: bool, limit: i64, offset: i64) -> Result<Vec<Hashtag>> {
    let key = hashtag_key(query.trim().trim_start_matches(['#', '＃']));
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let reviewed = if unreviewed {
        String::new()
    } else {
        let tag = Subject::Tag.code();
        format!(
            " AND (hashtags.name = :name OR EXISTS \
             (SELECT 1 FROM trend_reviews r WHERE r.kind = {tag} AND r.subject = hashtags.name))"
        )
    };
    let sql = format!(
        "FROM (SELECT id FROM hashtags WHERE name >= :name AND name < :name_end ORDER BY name LIMIT {MOST_MATCHES}) found \
         CROSS JOIN hashtags WHERE hashtags.id = found.id{reviewed} \
         ORDER BY CASE WHEN hashtags.name = :name THEN 0 ELSE 1 END, hashtags.last_used_at DESC, hashtags.id \
         LIMIT :limit OFFSET :offset"
    );
    Ok(select_written::<Hashtag>(sql)
        .text("name", key.clone())
        .text("name_end", format!("{key}{LAST}"))
        .number("limit", limit)
        .number("offset", offset.max(0))
        .load(c)?)
}

/// Whether a search query is a handle, and whose: `@ali@example.org`, `ali@example.org`.
pub fn handle(query: &str) -> Option<Handle> {
    Handle::parse(query.trim()).filter(|handle| handle.domain.is_some())
}
