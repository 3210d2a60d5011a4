//! Likes (favourites): the relation of an actor and a post, one at the most. Its id is the cursor of lists; what
//! somebody likes is listed by [`crate::feeds::favourites`].
//! A boost stands for what it boosts. Whether somebody may see a post is [`crate::visibility`]'s to say beforehand.

use diesel::prelude::*;

use crate::actors;
use crate::connection::{Connection, PortableDsl, any_of, cols};
use crate::error::{Error, Result};
use crate::ids::{ActorId, LikeId, PostId};
use crate::jobs::{self, Change, Job};
use crate::notifications::{self, Notice, NotificationKind};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::posts::{self, Post};
use crate::schema::{actors as people, likes, posts as rows};
use crate::search;
use crate::site::Site;
use crate::time::Timestamp;
use crate::tombstones;
use crate::visibility::listable;

/// A like as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = likes)]
#[allow(missing_docs)]
pub struct Like {
    pub id: LikeId,
    pub actor_id: ActorId,
    pub post_id: PostId,
    /// The ActivityPub id of the `Like`.
    pub uri: String,
    pub created_at: Timestamp,
}

/// The like with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: LikeId) -> Result<Like> {
    likes::table.find(id).select(cols::<Like>()).first(c).optional()?.ok_or(Error::NotFound("like"))
}

/// The like with this ActivityPub id.
pub fn by_uri(c: &mut Connection, uri: &str) -> Result<Option<Like>> {
    Ok(likes::table.filter(likes::uri.eq(uri)).select(cols::<Like>()).first(c).optional()?)
}

/// Those of `posts` that `actor` likes.
pub fn liked_among(c: &mut Connection, actor: ActorId, posts: &[PostId]) -> Result<Vec<PostId>> {
    Ok(likes::table.filter(likes::actor_id.eq(actor)).filter(any_of(likes::post_id, posts)).select(likes::post_id).load(c)?)
}

/// Those who like a post, the latest first; without those who are gone, those whom `viewer` blocks,
/// mutes or is blocked by, and those whose server it blocks.
pub fn likers(c: &mut Connection, post: PostId, viewer: Option<ActorId>, page: &Page) -> Result<Slice<ActorId>> {
    let viewer = viewer.unwrap_or(ActorId(0));
    let rows = paged!(
        c,
        page,
        likes::id,
        likes::table
            .inner_join(people::table)
            .filter(likes::post_id.eq(post))
            .filter(people::suspended_at.is_null())
            .filter(people::deleted_at.is_null())
            .filter(listable!(likes::actor_id, viewer))
            .select((likes::id, likes::actor_id))
    );
    Ok(Slice::new::<LikeId>(rows, page))
}

/// A local person likes a post that it may see (the caller has checked). Liking again changes nothing.
///
/// # Errors
/// [`Error::NotFound`] when the post is gone.
pub fn like(c: &mut Connection, site: &Site, actor: ActorId, post: &Post) -> Result<()> {
    let post = original(c, post)?;
    if post.deleted_at.is_some() {
        return Err(Error::NotFound("post"));
    }
    let id = LikeId::new();
    let liker = actors::get(c, actor)?;
    let uri = site.like_uri(&liker.username, id);
    if insert(c, id, actor, &post, &uri)? && !post.local {
        search::index_kept(c, &post)?;
        jobs::enqueue(c, &Job::Federate { change: Change::Liked { like: id } })?;
    }
    Ok(())
}

/// A remote actor likes a post that it may see (the caller has checked). False when it did already, when the post or the
/// actor is gone, and when the like was undone before it came.
pub fn receive(c: &mut Connection, actor: ActorId, post: &Post, uri: &str) -> Result<bool> {
    let post = original(c, post)?;
    if post.deleted_at.is_some() || actors::get(c, actor)?.is_gone() || tombstones::known(c, uri)? {
        return Ok(false);
    }
    insert(c, LikeId::new(), actor, &post, uri)
}

/// A local person likes a post no longer; without a like nothing happens.
pub fn unlike(c: &mut Connection, actor: ActorId, post: &Post) -> Result<()> {
    let post = original(c, post)?;
    if let Some(uri) = remove(c, actor, &post)?
        && !post.local
    {
        jobs::enqueue(c, &Job::Federate { change: Change::Unliked { uri, actor, post: post.id } })?;
    }
    Ok(())
}

/// A remote actor takes its like back.
pub fn receive_undo(c: &mut Connection, actor: ActorId, post: PostId) -> Result<()> {
    let post = posts::get(c, post)?;
    remove(c, actor, &post)?;
    Ok(())
}

/// The post behind a boost, or the post itself.
fn original(c: &mut Connection, post: &Post) -> Result<Post> {
    match post.boost_of_id {
        Some(id) => posts::get(c, id),
        None => Ok(post.clone()),
    }
}

fn insert(c: &mut Connection, id: LikeId, actor: ActorId, post: &Post, uri: &str) -> Result<bool> {
    let inserted = diesel::insert_into(likes::table)
        .values((
            likes::id.eq(id),
            likes::actor_id.eq(actor),
            likes::post_id.eq(post.id),
            likes::uri.eq(uri),
            likes::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if inserted == 0 {
        return Ok(false);
    }
    diesel::update(rows::table.find(post.id)).set(rows::likes_count.eq(rows::likes_count + 1)).execute(c)?;
    notifications::notify(c, notice(actor, post))?;
    Ok(true)
}

/// Removes a like; gives back its URI when there was one.
fn remove(c: &mut Connection, actor: ActorId, post: &Post) -> Result<Option<String>> {
    let uri: Option<String> = diesel::delete(likes::table.filter(likes::actor_id.eq(actor)).filter(likes::post_id.eq(post.id)))
        .returning(likes::uri)
        .get_result(c)
        .optional()?;
    if uri.is_some() {
        diesel::update(rows::table.find(post.id)).set(rows::likes_count.eq(rows::likes_count - 1)).execute(c)?;
        notifications::withdraw(c, notice(actor, post))?;
    }
    Ok(uri)
}

fn notice(actor: ActorId, post: &Post) -> Notice {
    Notice { recipient: post.author_id, kind: NotificationKind::Like, actor, post: Some(post.id) }
}
