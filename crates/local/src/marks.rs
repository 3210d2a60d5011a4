//! What a person has done with posts: liked, boosted, bookmarked, pinned, and whether its
//! conversation is muted. All of it for many posts in one query.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};

/// What one person has done with one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)]
pub struct Marks {
    pub liked: bool,
    pub boosted: bool,
    pub bookmarked: bool,
    pub pinned: bool,
    /// Of the conversation that it is in, the person wants to hear no more.
    pub muted: bool,
}

const ARMS: [(i64, &str); 5] = [
    (0, "CROSS JOIN likes x WHERE x.actor_id = {actor} AND x.post_id = {post}"),
    (1, "CROSS JOIN posts x WHERE x.boost_of_id = {post} AND x.author_id = {actor} AND x.deleted_at IS NULL"),
    (2, "CROSS JOIN bookmarks x WHERE x.actor_id = {actor} AND x.post_id = {post}"),
    (3, "CROSS JOIN pins x WHERE x.actor_id = {actor} AND x.post_id = {post}"),
    (
        4,
        "CROSS JOIN posts p CROSS JOIN conversation_mutes x \
         WHERE p.id = {post} AND x.actor_id = {actor} AND x.conversation = p.conversation",
    ),
];

/// `SELECT arm, {id} FROM {from} …` for every kind of mark.
fn arms(from: &str, id: &str, actor: &str, post: &str) -> String {
    ARMS.map(|(arm, join)| {
        let join = join.replace("{actor}", actor).replace("{post}", post);
        format!("SELECT CAST({arm} AS BIGINT), {id} FROM {from} {join}")
    })
    .join(" UNION ALL ")
}

impl Marks {
    fn set(&mut self, arm: i64) {
        match arm {
            0 => self.liked = true,
            1 => self.boosted = true,
            2 => self.bookmarked = true,
            3 => self.pinned = true,
            _ => self.muted = true,
        }
    }
}

/// What `actor` has done with `posts`; those with which it has done nothing are missing.
pub fn of(c: &mut Connection, actor: ActorId, posts: &[PostId]) -> Result<HashMap<PostId, Marks>> {
    if posts.is_empty() {
        return Ok(HashMap::new());
    }
    static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| arms(":posts AS i", "i.id", ":actor", "i.id"));
    let rows: Vec<(i64, PostId)> =
        written::<(BigInt, BigInt)>(SQL.as_str()).numbers("posts", posts).number("actor", actor).load(c)?;
    let mut marks: HashMap<PostId, Marks> = HashMap::new();
    for (arm, post) in rows {
        marks.entry(post).or_default().set(arm);
    }
    Ok(marks)
}

/// What each of `actors` has done with one post; those that have done nothing with it are missing.
pub fn by(c: &mut Connection, actors: &[ActorId], post: PostId) -> Result<HashMap<ActorId, Marks>> {
    if actors.is_empty() {
        return Ok(HashMap::new());
    }
    static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| arms(":actors AS i", "i.id", "i.id", ":post"));
    let rows: Vec<(i64, ActorId)> =
        written::<(BigInt, BigInt)>(SQL.as_str()).numbers("actors", actors).number("post", post).load(c)?;
    let mut marks: HashMap<ActorId, Marks> = HashMap::new();
    for (arm, actor) in rows {
        marks.entry(actor).or_default().set(arm);
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people::*;
    use crate::testing::statements::{full_scans, statements};
    use crate::{Engine, boosts};

    #[test]
    fn marks_are_ones_own_and_read_at_once() {
        TestDb::new()
            .write_now(|c| {
                let (me, ali) = (local(c, "me"), local(c, "ali"));
                let (one, two, three) = (say(c, me.id, "1"), say(c, ali.id, "2"), say(c, ali.id, "3"));
                pin(c, me.id, one.id);
                like(c, me.id, two.id);
                like(c, ali.id, three.id);
                bookmark(c, me.id, two.id);
                boosts::boost(c, &site(), me.id, &two, None)?;
                let (marks, sent) = statements(c, |c| of(c, me.id, &[one.id, two.id, three.id]).unwrap());
                assert_eq!(sent.len(), 1);
                if c.engine() == Engine::Sqlite {
                    assert!(full_scans(c, &sent[0]).iter().all(|step| step.starts_with("SCAN i")), "{sent:?}");
                }
                let nothing = Marks::default();
                assert_eq!(marks[&one.id], Marks { pinned: true, ..nothing });
                assert_eq!(marks[&two.id], Marks { liked: true, boosted: true, bookmarked: true, ..nothing });
                assert!(!marks.contains_key(&three.id));
                boosts::unboost(c, me.id, &two)?;
                let marks = by(c, &[me.id, ali.id], two.id)?;
                assert_eq!(marks[&me.id], Marks { liked: true, bookmarked: true, ..nothing });
                assert_eq!(marks.len(), 1);
                Ok(())
            })
            .unwrap();
    }
}
