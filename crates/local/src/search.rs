//! Full-text search: what is indexed and who finds it. The words come from [`crate::text::search`], folded alike for texts
//! and queries. A post is found by its author, by those whom it mentions, and (when public) by everybody if the author
//! consents (FEP-5feb); it is indexed only if one of these can be.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::actors::Actor;
use crate::connection::{Connection, Engine, select_written, written};
use crate::error::Result;
use crate::hashtags::Hashtag;
use crate::ids::{ActorId, PostId};
use crate::paging::Page;
use crate::posts::Post;
use crate::text::search::{query_terms, terms};
use crate::text::{Handle, hashtag_key, plain};
use crate::time::Timestamp;
use crate::visibility;

/// Matches that one query looks at, newest first: bounds the cost of a word that everybody uses.
const MOST_MATCHES: i64 = 4_000;

/// Indexes a post or gives it new words. Call it when the post, its mentions and its author are stored.
pub fn index_post(c: &mut Connection, post: PostId, plain_text: &str) -> Result<()> {
    let words = terms(plain_text);
    if words.is_empty() {
        return unindex_post(c, post);
    }
    let (before, after) = match c.engine() {
        Engine::Sqlite => ("INSERT OR REPLACE INTO search_posts (rowid, terms) SELECT p.id, :words", ""),
        Engine::Postgres => (
            "INSERT INTO search_posts (post_id, terms) SELECT p.id, array_to_tsvector(string_to_array(:words, ' '))",
            " ON CONFLICT (post_id) DO UPDATE SET terms = excluded.terms",
        ),
    };
    let sql = format!(
        "{before} FROM posts p JOIN actors a ON a.id = p.author_id WHERE p.id = :post AND (p.local \
         OR (a.indexable AND p.visibility = 0) \
         OR EXISTS (SELECT 1 FROM mentions m JOIN users u ON u.actor_id = m.actor_id WHERE m.post_id = p.id)){after}"
    );
    written::<BigInt>(sql).text("words", words.join(" ")).number("post", post).execute(c)?;
    Ok(())
}

/// Takes a post out of the index.
pub fn unindex_post(c: &mut Connection, post: PostId) -> Result<()> {
    let sql = match c.engine() {
        Engine::Sqlite => "DELETE FROM search_posts WHERE rowid = :id",
        Engine::Postgres => "DELETE FROM search_posts WHERE post_id = :id",
    };
    written::<BigInt>(sql).number("id", post).execute(c)?;
    Ok(())
}

/// Indexes an actor by its names, or gives it new ones.
pub fn index_actor(c: &mut Connection, actor: &Actor) -> Result<()> {
    let words = terms(&format!("{} {}", actor.username, plain(&actor.display_name)));
    if words.is_empty() {
        return unindex_actor(c, actor.id);
    }
    let sql = match c.engine() {
        Engine::Sqlite => "INSERT OR REPLACE INTO search_actors (rowid, terms) VALUES (:id, :words)",
        Engine::Postgres => {
            "INSERT INTO search_actors (actor_id, terms) VALUES (:id, array_to_tsvector(string_to_array(:words, ' '))) \
             ON CONFLICT (actor_id) DO UPDATE SET terms = excluded.terms"
        }
    };
    written::<BigInt>(sql).number("id", actor.id).text("words", words.join(" ")).execute(c)?;
    Ok(())
}

/// Takes an actor out of the index.
pub fn unindex_actor(c: &mut Connection, actor: ActorId) -> Result<()> {
    let sql = match c.engine() {
        Engine::Sqlite => "DELETE FROM search_actors WHERE rowid = :id",
        Engine::Postgres => "DELETE FROM search_actors WHERE actor_id = :id",
    };
    written::<BigInt>(sql).number("id", actor).execute(c)?;
    Ok(())
}

/// The table of the matches as each engine asks for them: `found(id)`, the newest ids first, at most [`MOST_MATCHES`].
fn matches(engine: Engine, table: &str, key: &str, bounds: &str) -> String {
    let (id, condition) = match engine {
        Engine::Sqlite => ("rowid", format!("{table} MATCH :query")),
        Engine::Postgres => (key, "terms @@ CAST(:query AS tsquery)".to_owned()),
    };
    let bounds = bounds.replace("{id}", id);
    format!("(SELECT {id} AS id FROM {table} WHERE {condition}{bounds} ORDER BY {id} DESC LIMIT {MOST_MATCHES})")
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

/// Posts that hold all words of `query` and may be found by `viewer`, newest first; `author` narrows to one.
///
/// `offset` skips that many; the bounds of `page` are ids of posts.
pub fn posts(
    c: &mut Connection,
    viewer: Option<ActorId>,
    query: &str,
    author: Option<ActorId>,
    page: &Page,
    offset: i64,
) -> Result<Vec<Post>> {
    static CONDITION: LazyLock<String> = LazyLock::new(|| {
        format!(
            "({}) AND (posts.author_id = :viewer OR (a.indexable AND posts.visibility = 0) \
             OR EXISTS (SELECT 1 FROM mentions m WHERE m.post_id = posts.id AND m.actor_id = :viewer) \
             OR EXISTS (SELECT 1 FROM likes l WHERE l.post_id = posts.id AND l.actor_id = :viewer) \
             OR EXISTS (SELECT 1 FROM bookmarks b WHERE b.post_id = posts.id AND b.actor_id = :viewer)) AND {}",
            visibility::condition(":viewer", "posts", "a"),
            visibility::welcome(":viewer", "posts.author_id", "a"),
        )
    });
    let engine = c.engine();
    let Some(expression) = expression(engine, query, false) else { return Ok(Vec::new()) };
    let found = matches(engine, "search_posts", "post_id", " AND {id} < :before AND {id} > :after");
    let by_author = if author.is_some() { " AND posts.author_id = :author" } else { "" };
    // SQLite hands the matches on in their order and stops at the limit; asked to order them it would judge them all.
    let order = if engine == Engine::Postgres { " ORDER BY posts.id DESC" } else { "" };
    let sql = format!(
        "FROM {found} f CROSS JOIN posts CROSS JOIN actors a WHERE posts.id = f.id AND a.id = posts.author_id{by_author} AND {} \
         {order} LIMIT :limit OFFSET :offset",
        *CONDITION
    );
    Ok(select_written::<Post>(sql)
        .text("query", expression)
        .number("before", page.before())
        .number("after", page.after())
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("author", author.map_or(0, |a| a.0))
        .number("now", Timestamp::now().millis())
        .number("limit", page.limit)
        .number("offset", offset.max(0))
        .load(c)?)
}

/// People of a name: by handle (`ali`, `@ali@exam`), by the beginning of the username, by words of the display name.
/// The exact handle comes first, then those whom `viewer` follows, then the best known.
pub fn actors(
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
        Some(_) => format!(" UNION SELECT id FROM {} w", matches(engine, "search_actors", "actor_id", "")),
        None => String::new(),
    };
    let at_domain = if domain.is_empty() { "" } else { " AND substr(domain, 1, length(:domain)) = :domain" };
    let followed = if following_only { " AND f.id IS NOT NULL" } else { "" };
    let sql = format!(
        "FROM (SELECT id FROM (SELECT id FROM actors WHERE username_key >= :username AND username_key < :username_end{at_domain} \
         LIMIT {MOST_MATCHES}) n{by_words}) found CROSS JOIN actors \
         LEFT JOIN follows f ON f.actor_id = :viewer AND f.target_id = actors.id \
         WHERE actors.id = found.id AND actors.suspended_at IS NULL AND actors.deleted_at IS NULL AND actors.moved_to_id IS NULL \
         AND (actors.domain IS NOT NULL OR EXISTS (SELECT 1 FROM users u WHERE u.actor_id = actors.id)){followed} \
         ORDER BY CASE WHEN actors.username_key = :username THEN 0 ELSE 1 END, CASE WHEN f.id IS NULL THEN 1 ELSE 0 END, \
         actors.followers_count DESC, actors.id LIMIT :limit OFFSET :offset"
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

/// The last character there is: `name..name\u{10FFFF}` holds what begins with `name`, in the order of bytes.
const LAST: char = '\u{10FFFF}';

/// Hashtags that begin with `query` (with or without `#`): the exact one first, then the most recently used.
pub fn hashtags(c: &mut Connection, query: &str, limit: i64, offset: i64) -> Result<Vec<Hashtag>> {
    let key = hashtag_key(query.trim().trim_start_matches(['#', '＃']));
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "FROM (SELECT id FROM hashtags WHERE name >= :name AND name < :name_end ORDER BY name LIMIT {MOST_MATCHES}) found \
         CROSS JOIN hashtags WHERE hashtags.id = found.id \
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
