//! Conversations: what a post answers, up to the root, and what answers it, at any depth, as one viewer may see it.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, select_written, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::posts::Post;
use crate::time::Timestamp;
use crate::visibility;

/// How much of a conversation is read. Mastodon's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    ancestors: i64,
    descendants: i64,
    depth: i64,
}

const LOGGED_IN: Bounds = Bounds { ancestors: 4_096, descendants: 4_096, depth: 4_096 };
const ANONYMOUS: Bounds = Bounds { ancestors: 40, descendants: 60, depth: 20 };

/// A post's surroundings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thread {
    /// What it answers: the root first, the parent last.
    pub ancestors: Vec<Post>,
    /// What answers it, depth first; among siblings the author's own answers first, then the oldest first.
    pub descendants: Vec<Post>,
}

/// The ids of a conversation as a flat table: ancestors have negative depths. A parent may be answered in a circle (remote
/// servers can make one up), so that depth and number are bounded and repetitions are left out by the reader.
const SHAPE: &str = "\
    WITH RECURSIVE up (id, parent, depth) AS ( \
      SELECT p.in_reply_to_id, p.id, -1 FROM posts p WHERE p.id = :post AND p.in_reply_to_id IS NOT NULL \
      UNION ALL \
      SELECT p.in_reply_to_id, p.id, up.depth - 1 FROM up CROSS JOIN posts p \
      WHERE p.id = up.id AND p.in_reply_to_id IS NOT NULL AND up.depth > -:ancestors \
    ), down (id, parent, depth) AS ( \
      SELECT p.id, p.in_reply_to_id, 1 FROM posts p WHERE p.in_reply_to_id = :post \
      UNION ALL \
      SELECT p.id, p.in_reply_to_id, down.depth + 1 FROM down CROSS JOIN posts p \
      WHERE p.in_reply_to_id = down.id AND down.depth < :depth \
    ) \
    SELECT CAST(id AS BIGINT), CAST(parent AS BIGINT), CAST(depth AS BIGINT) FROM up \
    UNION ALL SELECT id, parent, depth FROM (SELECT id, parent, depth FROM down LIMIT :descendants) d";

/// The conversation around a post that `viewer` may see (the caller has checked). What the viewer may not see, and what
/// people wrote whom it mutes or whose server it blocks, is left out; what answers it stays. Two queries, whatever the depth.
pub fn around(c: &mut Connection, viewer: Option<ActorId>, post: &Post) -> Result<Thread> {
    let bounds = if viewer.is_some() { LOGGED_IN } else { ANONYMOUS };
    let shape: Vec<(PostId, PostId, i64)> = written::<(BigInt, BigInt, BigInt)>(SHAPE)
        .number("post", post.id)
        .number("ancestors", bounds.ancestors)
        .number("descendants", bounds.descendants)
        .number("depth", bounds.depth)
        .load(c)?;
    if shape.is_empty() {
        return Ok(Thread::default());
    }
    let mut posts: HashMap<PostId, Post> =
        shown(c, viewer, shape.iter().map(|row| row.0))?.into_iter().map(|p| (p.id, p)).collect();
    // A circle leads back to the post itself: it is no neighbour of its own.
    posts.remove(&post.id);
    let mut ancestors: Vec<(i64, PostId)> = shape.iter().filter(|row| row.2 < 0).map(|row| (row.2, row.0)).collect();
    ancestors.sort_unstable();
    let ancestors: Vec<Post> = ancestors.into_iter().filter_map(|(_, id)| posts.remove(&id)).collect();
    let descendants = depth_first(post, shape.iter().filter(|row| row.2 > 0).map(|row| (row.0, row.1)), posts);
    Ok(Thread { ancestors, descendants })
}

/// The posts among `ids` that the viewer may see in a conversation.
fn shown(c: &mut Connection, viewer: Option<ActorId>, ids: impl Iterator<Item = PostId>) -> Result<Vec<Post>> {
    static FROM: LazyLock<String> = LazyLock::new(|| {
        format!(
            "FROM :ids AS found CROSS JOIN posts CROSS JOIN actors a \
             WHERE posts.id = found.id AND a.id = posts.author_id AND {} AND (posts.author_id = :viewer OR ({} \
             AND (a.silenced_at IS NULL OR EXISTS \
               (SELECT 1 FROM follows f WHERE f.actor_id = :viewer AND f.target_id = posts.author_id))))",
            visibility::condition(":viewer", "posts", "a"),
            visibility::welcome(":viewer", "posts.author_id", "a"),
        )
    });
    Ok(select_written::<Post>(FROM.as_str())
        .numbers("ids", ids)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .number("now", Timestamp::now().millis())
        .load(c)?)
}

/// Orders what answers `root`. `edges` are pairs of answer and answered; posts that are not in `posts` are walked through.
fn depth_first(root: &Post, edges: impl Iterator<Item = (PostId, PostId)>, mut posts: HashMap<PostId, Post>) -> Vec<Post> {
    let mut authors: HashMap<PostId, ActorId> = posts.values().map(|p| (p.id, p.author_id)).collect();
    authors.insert(root.id, root.author_id);
    let mut answers: HashMap<PostId, Vec<PostId>> = HashMap::new();
    let mut seen: HashSet<PostId> = HashSet::from([root.id]);
    for (answer, answered) in edges {
        if seen.insert(answer) {
            answers.entry(answered).or_default().push(answer);
        }
    }
    for (answered, ids) in &mut answers {
        let author = authors.get(answered);
        ids.sort_unstable_by_key(|id| (author.is_none() || authors.get(id) != author, *id));
    }
    let mut ordered = Vec::with_capacity(posts.len());
    let mut stack = vec![root.id];
    while let Some(id) = stack.pop() {
        ordered.extend(posts.remove(&id));
        if let Some(ids) = answers.remove(&id) {
            stack.extend(ids.into_iter().rev());
        }
    }
    ordered
}
