//! Who may see a post: the one place that decides. [`Visibility`] is what the author chose; [`may_see`] answers for one
//! viewer and one post, [`retain_visible`] for many in a fixed number of queries. Feeds build their SQL from the same rules.

use std::collections::HashSet;
use std::sync::LazyLock;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, select_written, written};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::posts::Post;
use crate::schema::{actors, blocks, follows, mentions};

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
/// audience. Mutes do not hide what somebody asks for by name. Four queries at the most, whatever the number of posts.
pub fn retain_visible(c: &mut Connection, viewer: Option<ActorId>, posts: &mut Vec<Post>) -> Result<()> {
    posts.retain(|p| p.deleted_at.is_none());
    if posts.is_empty() {
        return Ok(());
    }
    let authors: Vec<ActorId> = distinct(posts.iter().map(|p| p.author_id));
    let gone: HashSet<ActorId> = actors::table
        .filter(any_of(actors::id, &authors))
        .filter(actors::suspended_at.is_not_null().or(actors::deleted_at.is_not_null()))
        .select(actors::id)
        .load(c)?
        .into_iter()
        .collect();
    let Some(viewer) = viewer else {
        posts.retain(|p| p.visibility.is_open() && !gone.contains(&p.author_id));
        return Ok(());
    };
    let blocked: HashSet<ActorId> = blocked_either_way(c, viewer, &authors)?;
    let closed: Vec<&Post> = posts.iter().filter(|p| !p.visibility.is_open() && p.author_id != viewer).collect();
    let (mut followed, mut addressed) = (HashSet::new(), HashSet::new());
    if !closed.is_empty() {
        let closed_ids: Vec<PostId> = closed.iter().map(|p| p.id).collect();
        addressed = mentions::table
            .filter(mentions::actor_id.eq(viewer))
            .filter(any_of(mentions::post_id, &closed_ids))
            .select(mentions::post_id)
            .load(c)?
            .into_iter()
            .collect::<HashSet<PostId>>();
        let private_authors = distinct(closed.iter().filter(|p| p.visibility == Visibility::Private).map(|p| p.author_id));
        if !private_authors.is_empty() {
            followed = follows::table
                .filter(follows::actor_id.eq(viewer))
                .filter(any_of(follows::target_id, &private_authors))
                .select(follows::target_id)
                .load(c)?
                .into_iter()
                .collect::<HashSet<ActorId>>();
        }
    }
    posts.retain(|p| {
        if p.author_id == viewer {
            return true;
        }
        if gone.contains(&p.author_id) || blocked.contains(&p.author_id) {
            return false;
        }
        match p.visibility {
            Visibility::Public | Visibility::Unlisted => true,
            Visibility::Private => followed.contains(&p.author_id) || addressed.contains(&p.id),
            Visibility::Direct => addressed.contains(&p.id),
        }
    });
    Ok(())
}

/// Those of `others` who block `viewer` or are blocked by it.
pub fn blocked_either_way(c: &mut Connection, viewer: ActorId, others: &[ActorId]) -> Result<HashSet<ActorId>> {
    let mut found: HashSet<ActorId> = blocks::table
        .filter(blocks::actor_id.eq(viewer))
        .filter(any_of(blocks::target_id, others))
        .select(blocks::target_id)
        .load(c)?
        .into_iter()
        .collect();
    found.extend(
        blocks::table
            .filter(blocks::target_id.eq(viewer))
            .filter(any_of(blocks::actor_id, others))
            .select(blocks::actor_id)
            .load::<ActorId>(c)?,
    );
    Ok(found)
}

/// The rule of [`retain_visible`] as an SQL condition, for feeds: whether `viewer` may see `post`. The three are SQL
/// expressions and aliases: the viewer's id (0: nobody), a row of `posts`, the row of its author in `actors`.
pub(crate) fn condition(viewer: &str, post: &str, author: &str) -> String {
    format!(
        "{post}.deleted_at IS NULL AND ({post}.author_id = {viewer} OR ({author}.suspended_at IS NULL AND {author}.deleted_at IS NULL \
         AND ({post}.visibility < 2 \
           OR EXISTS (SELECT 1 FROM mentions vm WHERE vm.post_id = {post}.id AND vm.actor_id = {viewer}) \
           OR ({post}.visibility = 2 \
             AND EXISTS (SELECT 1 FROM follows vf WHERE vf.actor_id = {viewer} AND vf.target_id = {post}.author_id))) \
         AND {}))",
        unblocked(viewer, &format!("{post}.author_id"))
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

fn distinct(ids: impl Iterator<Item = ActorId>) -> Vec<ActorId> {
    let mut ids: Vec<ActorId> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
