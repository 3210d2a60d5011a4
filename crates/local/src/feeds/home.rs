//! Home and lists: what those whom one follows have written and boosted, and in home what carries a followed hashtag. The
//! newest ids of the authors (and hashtags) are gathered from the indexes alone, each engine in the way that is fast there;
//! one body of rules then decides what of them is shown.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::no_answer_to_others;
use crate::connection::{Connection, Engine, select_written, written};
use crate::error::Result;
use crate::hashtag_follows;
use crate::ids::{ActorId, ListId, PostId};
use crate::lists::{self, RepliesPolicy};
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::time::Timestamp;
use crate::visibility::{condition, unmuted, welcome};

/// Candidates that are gathered for two posts wanted: most of what people post is shown to their followers.
const CANDIDATES_PER_TWO: i64 = 5;
/// How often more candidates are gathered, four times as many each time, when the rules left too few posts.
const ROUNDS: i64 = 5;

/// Whose posts home shows, as a query of one column.
const FOLLOWED_AND_SELF: &str =
    "SELECT hf.target_id AS id FROM follows hf WHERE hf.actor_id = :viewer UNION ALL SELECT CAST(:viewer AS BIGINT)";
/// Whose posts a list shows.
const MEMBERS: &str = "SELECT hm.actor_id AS id FROM list_members hm WHERE hm.list_id = :list";

/// An SQL condition: the answered author is followed by the viewer.
pub(super) const ANSWERS_FOLLOWED: &str =
    "EXISTS (SELECT 1 FROM follows hr WHERE hr.actor_id = :viewer AND hr.target_id = posts.in_reply_to_actor_id)";
/// An SQL condition: the answered author is a member of the list.
pub(super) const ANSWERS_MEMBER: &str =
    "EXISTS (SELECT 1 FROM list_members hr WHERE hr.list_id = :list AND hr.actor_id = posts.in_reply_to_actor_id)";
/// An SQL condition: a public post carries a hashtag that the viewer follows.
const TAGGED: &str = "((posts.parts & 4) <> 0 AND posts.visibility = 0 AND posts.boost_of_id IS NULL AND a.silenced_at IS NULL \
     AND EXISTS (SELECT 1 FROM post_hashtags ht CROSS JOIN hashtag_follows hg \
       WHERE ht.post_id = posts.id AND hg.actor_id = :viewer AND hg.hashtag_id = ht.hashtag_id))";
/// An SQL condition that nothing meets.
pub(super) const NEVER: &str = "1 = 0";

/// The home timeline of `viewer`: its own posts, and the posts and boosts of those whom it follows. An answer is shown
/// when it answers the viewer, its own author or somebody whom the viewer follows. Public posts with a hashtag that the viewer
/// follows are shown too, whoever wrote them (but for limited authors), and whom they answer. What is muted, blocked (either
/// way, or with its whole server), in a language that was not asked for, or by a member of an exclusive list, is not; nor are
/// boosts that the viewer hides.
pub fn home(c: &mut Connection, viewer: ActorId, page: &Page) -> Result<Slice<Post>> {
    static RULES: LazyLock<String> = LazyLock::new(home_rules);
    static WITHOUT: LazyLock<String> =
        LazyLock::new(|| format!("{} AND {}", rules(ANSWERS_FOLLOWED, NEVER), not_in_exclusive_list()));
    // SQLite is asked once more at no cost that can be measured, which spares most people the wider query; PostgreSQL does
    // not charge for what is not there, but for each question.
    let hashtags = c.engine() == Engine::Postgres || hashtag_follows::follows_any(c, viewer)?;
    let rules: &'static str = if hashtags { &RULES } else { &WITHOUT };
    Merged { viewer, list: ListId(0), authors: FOLLOWED_AND_SELF, hashtags, rules }.read(c, page)
}

/// What home shows, as [`rules`] says it.
pub(super) fn home_rules() -> String {
    format!("{} AND {}", rules(ANSWERS_FOLLOWED, TAGGED), not_in_exclusive_list())
}

/// A list of `viewer`: the posts and boosts of its members, by the rules of home, but for answers, for which the list has
/// its own.
///
/// # Errors
/// [`crate::Error::NotFound`] when there is no such list of this viewer.
pub fn list(c: &mut Connection, viewer: ActorId, list: ListId, page: &Page) -> Result<Slice<Post>> {
    static TO_MEMBERS: LazyLock<String> = LazyLock::new(|| rules(ANSWERS_MEMBER, NEVER));
    static TO_FOLLOWED: LazyLock<String> = LazyLock::new(|| rules(ANSWERS_FOLLOWED, NEVER));
    static NONE: LazyLock<String> = LazyLock::new(|| rules(NEVER, NEVER));
    let rules: &'static str = match lists::get(c, viewer, list)?.replies_policy {
        RepliesPolicy::List => &TO_MEMBERS,
        RepliesPolicy::Followed => &TO_FOLLOWED,
        RepliesPolicy::None => &NONE,
    };
    Merged { viewer, list, authors: MEMBERS, hashtags: false, rules }.read(c, page)
}

/// What of the authors' posts is shown, over `posts`, its author `a`, the boosted post `o` and its author `oa`, and `fl`,
/// the viewer's follow of the author. `answers` says which answers to others are, `strangers` what of authors whom the viewer
/// does not follow, or would not see otherwise.
pub(super) fn rules(answers: &str, strangers: &str) -> String {
    let seen = condition(":viewer", "posts", "a");
    let original_seen = condition(":viewer", "o", "oa");
    let original_unmuted = welcome(":viewer", "o.author_id", "oa");
    let author_unmuted = welcome(":viewer", "posts.author_id", "a");
    let no_answer = no_answer_to_others("posts");
    let names_nobody = names_nobody_hidden("posts");
    let original_names_nobody = names_nobody_hidden("o");
    format!(
        "{seen} \
         AND (posts.boost_of_id IS NULL OR ({original_seen} AND (posts.author_id = :viewer OR (fl.show_boosts \
           AND (o.author_id = :viewer OR ({original_unmuted} AND {original_names_nobody}))))) ) \
         AND (posts.author_id = :viewer OR (((fl.id IS NOT NULL \
             AND ({no_answer} OR posts.in_reply_to_actor_id = :viewer OR {answers})) OR {strangers}) AND {author_unmuted} \
           AND (fl.languages IS NULL OR COALESCE(o.language, posts.language) IS NULL \
             OR fl.languages LIKE '%\"' || COALESCE(o.language, posts.language) || '\"%') \
           AND {names_nobody}))"
    )
}

/// An SQL condition: a post mentions nobody whom the viewer blocks or mutes.
fn names_nobody_hidden(post: &str) -> String {
    let unmuted = unmuted(":viewer", "hn.actor_id");
    format!(
        "(({post}.parts & 2) = 0 OR NOT EXISTS (SELECT 1 FROM mentions hn WHERE hn.post_id = {post}.id AND (EXISTS \
         (SELECT 1 FROM blocks hb WHERE hb.actor_id = :viewer AND hb.target_id = hn.actor_id) OR NOT ({unmuted}))))"
    )
}

/// An SQL condition: the author is in no list of the viewer's that keeps its members out of home.
pub(super) fn not_in_exclusive_list() -> &'static str {
    "NOT EXISTS (SELECT 1 FROM lists hl CROSS JOIN list_members hx \
     WHERE hl.owner_id = :viewer AND hl.exclusive AND hx.list_id = hl.id AND hx.actor_id = posts.author_id)"
}

/// The tables that [`rules`] speak of, behind a table of ids named `found`.
const TABLES: &str = "CROSS JOIN posts CROSS JOIN actors a \
     LEFT JOIN posts o ON o.id = posts.boost_of_id LEFT JOIN actors oa ON oa.id = o.author_id \
     LEFT JOIN follows fl ON fl.actor_id = :viewer AND fl.target_id = posts.author_id \
     WHERE posts.id = found.id AND a.id = posts.author_id";

/// A feed that merges the posts of many authors.
struct Merged {
    viewer: ActorId,
    list: ListId,
    authors: &'static str,
    /// Whether the posts with hashtags that the viewer follows belong to it.
    hashtags: bool,
    rules: &'static str,
}

impl Merged {
    /// One query as a rule. When the rules leave out most of the candidates, more are gathered behind them, so that a page
    /// is short only at the end of the feed, or after thousands of posts in a row that are not shown.
    fn read(&self, c: &mut Connection, page: &Page) -> Result<Slice<Post>> {
        let mut shown: Vec<Post> = Vec::new();
        let mut rest = *page;
        let mut candidates = (page.limit * CANDIDATES_PER_TWO + 1) / 2;
        let mut end: Option<PostId> = None;
        for round in 1..=ROUNDS {
            rest.limit = page.limit - i64::try_from(shown.len()).unwrap_or(i64::MAX);
            shown.append(&mut self.shown(c, &rest, candidates)?);
            if i64::try_from(shown.len()).unwrap_or(i64::MAX) >= page.limit {
                end = None;
                break;
            }
            end = self.last_candidate(c, &rest, candidates)?;
            let Some(last) = end.filter(|_| round < ROUNDS) else { break };
            if page.ascends() {
                rest.min_id = Some(last.0);
            } else {
                rest.max_id = Some(last.0);
            }
            candidates *= 4;
        }
        let mut slice = super::slice(shown, page);
        // Gathering stopped in the middle: the next page goes on behind the last candidate.
        if let Some(last) = end {
            slice.full = true;
            let edge = if page.ascends() { &mut slice.newest } else { &mut slice.oldest };
            *edge = Some(last.0);
        }
        Ok(slice)
    }

    /// The first of the candidates that the rules let through. SQLite hands the candidates on one by one in their order, and
    /// stops at the limit; told to order them, it would judge them all and then sort. PostgreSQL promises no order unasked.
    fn shown(&self, c: &mut Connection, page: &Page, candidates: i64) -> Result<Vec<Post>> {
        let engine = c.engine();
        let order = match (engine, page.ascends()) {
            (Engine::Sqlite, _) => "",
            (Engine::Postgres, true) => " ORDER BY posts.id ASC",
            (Engine::Postgres, false) => " ORDER BY posts.id DESC",
        };
        let sql = format!("FROM ({}) found {TABLES} AND {}{order} LIMIT :limit", self.candidates(engine, page), self.rules);
        let posts: Vec<Post> = select_written::<Post>(sql)
            .number("viewer", self.viewer)
            .number("list", self.list)
            .number("candidates", candidates)
            .bounded(page)
            .number("now", Timestamp::now().millis())
            .load(c)?;
        debug_assert!(posts.is_sorted_by_key(|post| if page.ascends() { post.id.0 } else { -post.id.0 }));
        Ok(posts)
    }

    /// The candidate that lies furthest on, if there may be more behind it.
    fn last_candidate(&self, c: &mut Connection, page: &Page, candidates: i64) -> Result<Option<PostId>> {
        let sql = format!("SELECT found.id FROM ({}) found", self.candidates(c.engine(), page));
        let mut ids: Vec<PostId> = written::<BigInt>(sql)
            .number("viewer", self.viewer)
            .number("list", self.list)
            .number("candidates", candidates)
            .bounded(page)
            .load(c)?;
        ids.sort_unstable();
        let full = i64::try_from(ids.len()).unwrap_or(i64::MAX) >= candidates;
        Ok(if page.ascends() { ids.last() } else { ids.first() }.copied().filter(|_| full))
    }

    /// The newest (or, for `min_id`, the next) ids of the authors and hashtags, from the indexes alone. SQLite leaves each author's part of
    /// the index as soon as it cannot beat what it has. PostgreSQL would read all of it: it is told to look at each author's
    /// newest first, and then only at the authors that are among the newest.
    fn candidates(&self, engine: Engine, page: &Page) -> String {
        let (order, extreme) = if page.ascends() { ("ASC", "MIN") } else { ("DESC", "MAX") };
        let authors = self.authors;
        let bounds = "x.author_id = f.id AND x.id > :after AND x.id < :before";
        let theirs = match engine {
            Engine::Sqlite => format!(
                "SELECT x.id FROM ({authors}) f CROSS JOIN posts x WHERE {bounds} ORDER BY x.id {order} LIMIT :candidates"
            ),
            Engine::Postgres => format!(
                "SELECT s.id FROM (SELECT f.id FROM ({authors}) f CROSS JOIN LATERAL \
                   (SELECT {extreme}(x.id) AS id FROM posts x WHERE {bounds}) z \
                   WHERE z.id IS NOT NULL ORDER BY z.id {order} LIMIT :candidates) f \
                 CROSS JOIN LATERAL (SELECT x.id FROM posts x WHERE {bounds} ORDER BY x.id {order} LIMIT :candidates) s \
                 ORDER BY s.id {order} LIMIT :candidates"
            ),
        };
        if !self.hashtags {
            return theirs;
        }
        // Each post once, under the first of its followed hashtags: a repeated one would count as a candidate twice.
        let carried = "h.hashtag_id = t.hashtag_id AND h.post_id > :after AND h.post_id < :before AND NOT EXISTS \
             (SELECT 1 FROM post_hashtags ho CROSS JOIN hashtag_follows hg WHERE ho.post_id = h.post_id \
              AND ho.hashtag_id < h.hashtag_id AND hg.actor_id = :viewer AND hg.hashtag_id = ho.hashtag_id)";
        let tagged = match engine {
            Engine::Sqlite => format!(
                "SELECT h.post_id AS id FROM hashtag_follows t CROSS JOIN post_hashtags h \
                 WHERE t.actor_id = :viewer AND {carried} ORDER BY h.post_id {order} LIMIT :candidates"
            ),
            Engine::Postgres => format!(
                "SELECT s.id FROM hashtag_follows t CROSS JOIN LATERAL (SELECT h.post_id AS id FROM post_hashtags h \
                 WHERE {carried} ORDER BY h.post_id {order} LIMIT :candidates) s \
                 WHERE t.actor_id = :viewer ORDER BY s.id {order} LIMIT :candidates"
            ),
        };
        format!("SELECT n.id FROM ({theirs}) n UNION SELECT w.id FROM ({tagged}) w ORDER BY id {order} LIMIT :candidates")
    }
}
