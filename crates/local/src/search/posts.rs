//! Posts by words, phrases and operators.

use std::sync::LazyLock;

use diesel::prelude::*;

use super::index::{any_term, author_term, property_term};
use super::query::{Author, Scope};
use super::{MOST_MATCHES, Query, matches};
use crate::connection::{Connection, Engine, select_written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::paging::Page;
use crate::posts::{Parts, Post};
use crate::publish::search_text;
use crate::schema::attachments;
use crate::site::Site;
use crate::text::search::sequence;
use crate::time::Timestamp;
use crate::visibility;

/// Posts that a query asks for and `viewer` may find, newest first; `author` narrows to one. A query that only leaves things
/// out finds nothing, and so does one by an author whom nobody here knows.
///
/// `offset` skips that many; the bounds of `page` are ids of posts. Phrases are looked up by their words, and then word by
/// word in what was found, in its newest [`MOST_MATCHES`].
///
/// # Errors
/// [`crate::Error::Invalid`] for a query that cannot be understood.
pub fn posts(
    c: &mut Connection,
    site: &Site,
    viewer: Option<ActorId>,
    query: &str,
    author: Option<ActorId>,
    page: &Page,
    offset: i64,
) -> Result<Vec<Post>> {
    let query = Query::parse(query)?;
    let Some(wanted) = Wanted::new(c, site, viewer, &query, author)? else { return Ok(Vec::new()) };
    let mut page = *page;
    page.max_id = match query.until {
        Some(until) => Some(page.before().min(PostId::first_at(until).0)),
        None => page.max_id,
    };
    page.since_id = Some(page.after().max(query.from.map_or(0, |from| PostId::first_at(from).0 - 1)));
    page.min_id = None;
    if query.phrases.is_empty() && query.excluded_phrases.is_empty() {
        return wanted.read(c, &page, offset.max(0));
    }
    let (wanted_number, mut skip) =
        (usize::try_from(page.limit).unwrap_or_default(), usize::try_from(offset).unwrap_or_default());
    let mut found = Vec::new();
    for _ in 0..MOST_MATCHES / PHRASE_BATCH {
        let batch = wanted.read(c, &Page { limit: PHRASE_BATCH, ..page }, 0)?;
        let full = batch.len() >= usize::try_from(PHRASE_BATCH).unwrap_or_default();
        page.max_id = batch.last().map(|post| post.id.0);
        for post in batch {
            if !holds_phrases(c, &post, &query)? {
                continue;
            }
            if skip > 0 {
                skip -= 1;
            } else {
                found.push(post);
            }
            if found.len() >= wanted_number {
                return Ok(found);
            }
        }
        if !full {
            break;
        }
    }
    Ok(found)
}

/// Posts that are read at once to be looked through for a phrase.
const PHRASE_BATCH: i64 = 200;

/// Whether a post has the phrases of a query, and none that it excludes.
fn holds_phrases(c: &mut Connection, post: &Post, query: &Query) -> Result<bool> {
    let mut text = search_text(post);
    if post.parts.has(Parts::MEDIA) {
        let descriptions: Vec<String> =
            attachments::table.filter(attachments::post_id.eq(post.id)).select(attachments::description).load(c)?;
        for description in descriptions {
            text.push('\n');
            text.push_str(&description);
        }
    }
    let words = sequence(&text);
    let has = |phrase: &Vec<String>| words.windows(phrase.len()).any(|stretch| stretch == phrase.as_slice());
    Ok(query.phrases.iter().all(has) && !query.excluded_phrases.iter().any(has))
}

/// A query in the words of the engine, ready to be read page by page.
struct Wanted {
    viewer: Option<ActorId>,
    expression: String,
    scope: Scope,
    excluded_periods: Vec<(Timestamp, Timestamp)>,
}

impl Wanted {
    /// `None` when nothing can be found.
    fn new(
        c: &mut Connection,
        site: &Site,
        viewer: Option<ActorId>,
        query: &Query,
        author: Option<ActorId>,
    ) -> Result<Option<Self>> {
        if query.is_empty() || (query.scope == Scope::Library && viewer.is_none()) {
            return Ok(None);
        }
        let mut all: Vec<String> = query.words.clone();
        let mut none: Vec<Vec<String>> = query.excluded.clone();
        for (property, wanted) in &query.properties {
            let term = property_term(*property);
            if *wanted { all.push(term) } else { none.push(vec![term]) }
        }
        for (who, wanted) in &query.authors {
            let id = match who {
                Author::Me => viewer,
                Author::Of(handle) => {
                    let handle = handle.clone().relative_to(site.domain());
                    crate::actors::by_handle(c, &handle.name, handle.domain.as_deref())?.map(|actor| actor.id)
                }
            };
            match (id, wanted) {
                (Some(id), true) => all.push(author_term(id)),
                (Some(id), false) => none.push(vec![author_term(id)]),
                (None, true) => return Ok(None),
                (None, false) => {}
            }
        }
        all.extend(author.map(author_term));
        if all.is_empty() {
            all.push(any_term());
        }
        Ok(Some(Self {
            viewer,
            expression: post_expression(c.engine(), &all, &none),
            scope: query.scope,
            excluded_periods: query.excluded_periods.clone(),
        }))
    }

    fn read(&self, c: &mut Connection, page: &Page, offset: i64) -> Result<Vec<Post>> {
        static LIBRARY: LazyLock<String> = LazyLock::new(|| may_find(&in_library()));
        static PUBLIC: LazyLock<String> = LazyLock::new(|| may_find(OPEN));
        static ALL: LazyLock<String> = LazyLock::new(|| may_find(&format!("{OPEN} OR {}", in_library())));
        let condition: &str = match self.scope {
            Scope::All => &ALL,
            Scope::Library => &LIBRARY,
            Scope::Public => &PUBLIC,
        };
        let engine = c.engine();
        // The numbers are ours: ids made of times.
        let periods: String = self
            .excluded_periods
            .iter()
            .map(|(from, until)| {
                format!(" AND NOT ({{id}} >= {} AND {{id}} < {})", PostId::first_at(*from), PostId::first_at(*until))
            })
            .collect();
        let found = matches(
            engine,
            "search_posts",
            "post_id",
            &format!(" AND {{id}} < :before AND {{id}} > :after{periods}"),
            MOST_MATCHES,
        );
        // SQLite hands the matches on in their order and stops at the limit; asked to order them it would judge them all.
        let order = if engine == Engine::Postgres { " ORDER BY posts.id DESC" } else { "" };
        let sql = format!(
            "FROM {found} f CROSS JOIN posts CROSS JOIN actors a WHERE posts.id = f.id AND a.id = posts.author_id AND {condition} \
             {order} LIMIT :limit OFFSET :offset"
        );
        Ok(select_written::<Post>(sql)
            .text("query", self.expression.clone())
            .number("before", page.before())
            .number("after", page.after())
            .number("viewer", self.viewer.map_or(0, |v| v.0))
            .number("now", Timestamp::now().millis())
            .number("limit", page.limit)
            .number("offset", offset)
            .load(c)?)
    }
}

/// An SQL condition: a public post of somebody who lets everybody find it.
const OPEN: &str = "(a.indexable AND posts.visibility = 0)";

/// An SQL condition: the viewer has to do with a post.
fn in_library() -> String {
    let kept = ["mentions", "likes", "bookmarks", "poll_votes"]
        .map(|table| format!(" OR EXISTS (SELECT 1 FROM {table} k WHERE k.post_id = posts.id AND k.actor_id = :viewer)"));
    format!(
        "(posts.author_id = :viewer{} OR EXISTS (SELECT 1 FROM posts k WHERE k.boost_of_id = posts.id \
         AND k.author_id = :viewer AND k.deleted_at IS NULL))",
        kept.concat()
    )
}

fn may_find(which: &str) -> String {
    format!(
        "({}) AND ({which}) AND {}",
        visibility::condition(":viewer", "posts", "a"),
        visibility::welcome(":viewer", "posts.author_id", "a"),
    )
}

/// All of some terms and none of others, in the language of the engine.
fn post_expression(engine: Engine, all: &[String], none: &[Vec<String>]) -> String {
    let (quote, and, not) = match engine {
        Engine::Sqlite => ('"', " AND ", " NOT "),
        Engine::Postgres => ('\'', " & ", " & !"),
    };
    // Terms hold letters, marks, digits and characters of our own only: nothing to escape.
    let joined = |terms: &[String]| {
        let quoted: Vec<String> = terms.iter().map(|term| format!("{quote}{term}{quote}")).collect();
        format!("({})", quoted.join(and))
    };
    let mut expression = joined(all);
    for terms in none {
        expression.push_str(not);
        expression.push_str(&joined(terms));
    }
    expression
}
