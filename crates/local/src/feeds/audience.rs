//! Feeds the other way round, for streaming: which of the people, lists and streams that are listening show a new post.
//! The rules are those of the feeds themselves.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::home::{ANSWERS_FOLLOWED, ANSWERS_MEMBER, NEVER, home_rules, rules};
use crate::connection::{Connection, written};
use crate::error::Result;
use crate::hashtag_follows;
use crate::ids::{ActorId, ListId};
use crate::lists::RepliesPolicy;
use crate::posts::Post;
use crate::schema::{follows, list_members};
use crate::time::Timestamp;
use crate::visibility::{condition, welcome};

/// Those who follow `author`, and the author, and those who follow one of the hashtags with these keys: whose home may show
/// its post.
pub fn home_candidates(c: &mut Connection, author: ActorId, hashtags: &[String]) -> Result<Vec<ActorId>> {
    let mut candidates: Vec<ActorId> = follows::table.filter(follows::target_id.eq(author)).select(follows::actor_id).load(c)?;
    candidates.push(author);
    candidates.extend(hashtag_follows::followers(c, hashtags)?);
    candidates.sort_unstable();
    candidates.dedup();
    Ok(candidates)
}

/// Those of `viewers` whose home shows `post`.
pub fn home_audience(c: &mut Connection, post: &Post, viewers: &[ActorId]) -> Result<Vec<ActorId>> {
    static SQL: LazyLock<String> =
        LazyLock::new(|| format!("SELECT v.id FROM :viewers AS v {JOINS} AND {}", home_rules().replace(":viewer", "v.id")));
    if viewers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(written::<BigInt>(SQL.as_str())
        .numbers("viewers", viewers)
        .number("post", post.id)
        .number("now", Timestamp::now().millis())
        .load(c)?)
}

/// Those of `lists` that show `post`.
pub fn list_audience(c: &mut Connection, post: &Post, lists: &[ListId]) -> Result<Vec<ListId>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let answers = format!(
            "(v.replies_policy = {} AND {}) OR (v.replies_policy = {} AND {})",
            RepliesPolicy::List.code(),
            ANSWERS_MEMBER.replace(":list", "v.list_id"),
            RepliesPolicy::Followed.code(),
            ANSWERS_FOLLOWED
        );
        format!(
            "SELECT v.list_id FROM (SELECT l.id AS list_id, l.owner_id AS id, l.replies_policy FROM lists l \
             CROSS JOIN list_members m WHERE l.id IN :lists AND m.list_id = l.id AND m.actor_id = :author) v {JOINS} AND {}",
            rules(&answers, NEVER).replace(":viewer", "v.id")
        )
    });
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    Ok(written::<BigInt>(SQL.as_str())
        .numbers("lists", lists)
        .number("author", post.author_id)
        .number("post", post.id)
        .number("now", Timestamp::now().millis())
        .load(c)?)
}

/// The lists that `author` is a member of.
pub fn lists_with(c: &mut Connection, author: ActorId) -> Result<Vec<ListId>> {
    Ok(list_members::table.filter(list_members::actor_id.eq(author)).select(list_members::list_id).load(c)?)
}

/// Those of `viewers` to whom the public timelines show a public `post`. Nobody if its author is limited.
pub fn public_audience(c: &mut Connection, post: &Post, viewers: &[ActorId]) -> Result<Vec<ActorId>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT v.id FROM :viewers AS v CROSS JOIN posts CROSS JOIN actors a \
             WHERE posts.id = :post AND a.id = posts.author_id AND {} \
             AND (posts.author_id = v.id OR (a.silenced_at IS NULL AND {}))",
            condition("v.id", "posts", "a"),
            welcome("v.id", "posts.author_id", "a")
        )
    });
    Ok(written::<BigInt>(SQL.as_str())
        .numbers("viewers", viewers)
        .number("post", post.id)
        .number("now", Timestamp::now().millis())
        .load(c)?)
}

/// The tables of the rules around one post, for viewers in a table `v`.
const JOINS: &str = "CROSS JOIN posts CROSS JOIN actors a \
     LEFT JOIN posts o ON o.id = posts.boost_of_id LEFT JOIN actors oa ON oa.id = o.author_id \
     LEFT JOIN follows fl ON fl.actor_id = v.id AND fl.target_id = posts.author_id \
     WHERE posts.id = :post AND a.id = posts.author_id";
