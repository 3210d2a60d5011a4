//! Who may see a post: the one place that decides. [`Visibility`] is what the author chose; [`may_see`] answers for one
//! viewer and one post, [`retain_visible`] for many posts, [`seen_by`] for many viewers. All of them, and the feeds, are made
//! of one SQL condition.

use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::codes::stored_enum;
use crate::connection::{Connection, select_written, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::posts::Post;

stored_enum! {
    /// A post's audience, from the widest to the narrowest. An audience is never widened.
    Visibility {
        /// Everybody, and on the public timelines.
        Public = 0 "public",
        /// Everybody, but not on the public timelines.
        Unlisted = 1 "unlisted",
        /// The author's followers and those mentioned.
        Private = 2 "private",
        /// Those mentioned.
        Direct = 3 "direct",
    }
}

impl Visibility {
    /// Whether everybody may see it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }

    /// The narrower of two audiences.
    pub fn narrower(self, other: Self) -> Self {
        self.max(other)
    }
}

/// Whether `viewer` (`None`: somebody who is not logged in) may see `post`.
pub fn may_see(c: &mut Connection, viewer: Option<ActorId>, post: &Post) -> Result<bool> {
    static SQL: LazyLock<String> = LazyLock::new(|| format!("SELECT posts.id {}", one_visible()));
    let visible: Option<i64> = written::<BigInt>(SQL.as_str())
        .number("post", post.id)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .get_result(c)
        .optional()?;
    Ok(visible.is_some())
}

/// The post with this id if `viewer` may see it; `None` also when there is none.
pub(crate) fn visible(c: &mut Connection, viewer: Option<ActorId>, id: PostId) -> Result<Option<Post>> {
    static SQL: LazyLock<String> = LazyLock::new(one_visible);
    Ok(select_written::<Post>(SQL.as_str())
        .number("post", id)
        .number("viewer", viewer.map_or(0, |v| v.0))
        .get_result(c)
        .optional()?)
}

/// The post `:post`, if `:viewer` may see it.
fn one_visible() -> String {
    let seen = condition(":viewer", "posts", "a");
    format!("FROM posts CROSS JOIN actors a WHERE posts.id = :post AND a.id = posts.author_id AND {seen}")
}

/// Keeps the posts that `viewer` may see: not deleted, author not gone and not in a block with the viewer, and of the
/// audience. Mutes do not hide what somebody asks for by name. One query, whatever the number of posts.
pub fn retain_visible(c: &mut Connection, viewer: Option<ActorId>, posts: &mut Vec<Post>) -> Result<()> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let seen = condition(":viewer", "posts", "a");
        format!(
            "SELECT posts.id FROM :posts AS i CROSS JOIN posts CROSS JOIN actors a \
             WHERE posts.id = i.id AND a.id = posts.author_id AND {seen}"
        )
    });
    if posts.is_empty() {
        return Ok(());
    }
    let seen: Vec<PostId> = written::<BigInt>(SQL.as_str())
        .numbers("posts", posts.iter().map(|p| p.id))
        .number("viewer", viewer.map_or(0, |v| v.0))
        .load(c)?;
    posts.retain(|p| seen.contains(&p.id));
    Ok(())
}

/// Those of `viewers` who may see `post`. One query.
pub(crate) fn seen_by(c: &mut Connection, viewers: &[ActorId], post: PostId) -> Result<Vec<ActorId>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let seen = condition("v.id", "posts", "a");
        format!(
            "SELECT v.id FROM :viewers AS v CROSS JOIN posts CROSS JOIN actors a \
             WHERE posts.id = :post AND a.id = posts.author_id AND {seen}"
        )
    });
    if viewers.is_empty() {
        return Ok(Vec::new());
    }
    written::<BigInt>(SQL.as_str()).numbers("viewers", viewers).number("post", post).load(c).map_err(Into::into)
}

/// The rule itself, as an SQL condition: whether `viewer` may see `post`. The three are SQL
/// expressions and aliases: the viewer's id (0: nobody), a row of `posts`, the row of its author in `actors`.
pub(crate) fn condition(viewer: &str, post: &str, author: &str) -> String {
    format!(
        "{post}.deleted_at IS NULL AND ({post}.author_id = {viewer} OR ({} AND {}))",
        addressed(viewer, post, author),
        unblocked(viewer, &format!("{post}.author_id"))
    )
}

/// An SQL condition: the author of a post is there and has `viewer` in its audience; whether one blocks the other is not asked.
pub(crate) fn addressed(viewer: &str, post: &str, author: &str) -> String {
    format!(
        "{author}.suspended_at IS NULL AND {author}.deleted_at IS NULL \
         AND ({post}.visibility < 2 \
           OR EXISTS (SELECT 1 FROM mentions vm WHERE vm.post_id = {post}.id AND vm.actor_id = {viewer}) \
           OR ({post}.visibility = 2 \
             AND EXISTS (SELECT 1 FROM follows vf WHERE vf.actor_id = {viewer} AND vf.target_id = {post}.author_id))) \
         AND (NOT {post}.local_only OR EXISTS (SELECT 1 FROM users vu WHERE vu.actor_id = {viewer}))"
    )
}

/// An SQL condition: neither of two actors blocks the other.
pub(crate) fn unblocked(viewer: &str, other: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.actor_id = {viewer} AND vb.target_id = {other}) \
         AND NOT EXISTS (SELECT 1 FROM blocks vb WHERE vb.actor_id = {other} AND vb.target_id = {viewer})"
    )
}

/// An SQL condition: `viewer` does not mute `other` at the time `:now`.
pub(crate) fn unmuted(viewer: &str, other: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM mutes vx WHERE vx.actor_id = {viewer} AND vx.target_id = {other} \
         AND (vx.expires_at IS NULL OR vx.expires_at > :now))"
    )
}

/// An SQL condition: `viewer` neither mutes `other`, the id of the actor in the row `author`, at the time `:now`, nor blocks
/// its server.
pub(crate) fn welcome(viewer: &str, other: &str, author: &str) -> String {
    format!("{} AND {}", unmuted(viewer, other), server_unblocked(viewer, author))
}

/// An SQL condition: `viewer` does not block the server of `author`, a row of `actors`. Whether it blocks any server at all is
/// asked once for a whole statement, and most people do not.
pub(crate) fn server_unblocked(viewer: &str, author: &str) -> String {
    format!(
        "({author}.domain IS NULL OR NOT EXISTS (SELECT 1 FROM domain_blocks vd WHERE vd.actor_id = {viewer}) \
         OR NOT EXISTS (SELECT 1 FROM domain_blocks vd WHERE vd.actor_id = {viewer} AND vd.domain IN ({author}.domain, {author}.host)))"
    )
}

/// A condition of diesel's on a row of `actors` that is joined by `$actor`: it may stand in a list of people that `$viewer` (0:
/// nobody) reads. Neither blocks the other, and the viewer mutes neither it nor blocks its server.
macro_rules! listable {
    ($actor:expr, $viewer:expr) => {{
        use crate::schema::{actors, blocks, domain_blocks, mutes};
        let (viewer, now) = ($viewer, crate::time::Timestamp::now());
        let lasts = mutes::expires_at.is_null().or(mutes::expires_at.gt(now));
        let blocked = blocks::table.filter(blocks::actor_id.eq(viewer)).filter(blocks::target_id.eq($actor));
        let blocking = blocks::table.filter(blocks::target_id.eq(viewer)).filter(blocks::actor_id.eq($actor));
        let muted = mutes::table.filter(mutes::actor_id.eq(viewer)).filter(mutes::target_id.eq($actor)).filter(lasts);
        let named = domain_blocks::domain.nullable().eq(actors::domain).or(domain_blocks::domain.eq(actors::host));
        let server = domain_blocks::table.filter(domain_blocks::actor_id.eq(viewer)).filter(named);
        diesel::dsl::not(diesel::dsl::exists(blocked))
            .and(diesel::dsl::not(diesel::dsl::exists(blocking)))
            .and(diesel::dsl::not(diesel::dsl::exists(muted)))
            .and(actors::domain.is_null().or(diesel::dsl::not(diesel::dsl::exists(server))))
    }};
}
pub(crate) use listable;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boosts;
    use crate::jobs::{self, Job};
    use crate::pins;
    use crate::posts;
    use crate::publish::{self, Draft};
    use crate::testing::TestDb;
    use crate::testing::people::*;

    #[test]
    fn a_local_only_post_is_seen_by_the_servers_own_people_and_never_leaves() {
        TestDb::new()
            .write_now(|c| {
                let (ali, badr, far) = (local(c, "ali"), local(c, "badr"), remote(c, "far"));
                follow(c, far.id, ali.id);
                let text = "hello @far@peer.example";
                let post = publish(c, ali.id, Draft { local_only: true, ..draft(text) });
                for (viewer, sees) in [(Some(ali.id), true), (Some(badr.id), true), (Some(far.id), false), (None, false)] {
                    assert_eq!(may_see(c, viewer, &post)?, sees, "{viewer:?}");
                    assert_eq!(visible(c, viewer, post.id)?.is_some(), sees, "{viewer:?}");
                    let mut kept = vec![post.clone()];
                    retain_visible(c, viewer, &mut kept)?;
                    assert_eq!(kept.len(), usize::from(sees), "{viewer:?}");
                }
                assert_eq!(seen_by(c, &[badr.id, far.id], post.id)?, [badr.id]);
                assert!(!post.is_open());
                // What is made of it stays here as well.
                let answer = reply(c, badr.id, post.id, "an answer");
                assert!(answer.local_only);
                let boost = boosts::boost(c, &site(), badr.id, &post, None)?;
                assert!(boost.local_only);
                assert_eq!(
                    boosts::receive(c, far.id, &post, "https://peer.example/b", Visibility::Public, post.created_at)?,
                    None
                );
                assert!(posts::outbox(c, ali.id, &crate::Page::newest(10))?.is_empty());
                assert!(posts::open_reply_uris(c, &post, 10)?.is_empty());
                let revision = publish::Revision { text: "bye".into(), character_limit: 500, ..Default::default() };
                assert!(publish::edit(c, &site(), ali.id, post.id, revision)?.local_only);
                publish::delete(c, ali.id, post.id)?;
                assert!(!jobs::all(c)?.iter().any(|job| matches!(job, Job::Federate { .. })), "{:?}", jobs::all(c)?);
                let pinned = publish(c, ali.id, Draft { local_only: true, ..draft("pinned") });
                pins::pin(c, ali.id, &pinned)?;
                assert!(!pins::of_author(c, ali.id)?.iter().any(posts::Post::is_open));
                Ok(())
            })
            .unwrap();
    }
}
