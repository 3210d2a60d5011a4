//! Pins: posts that an author shows first on the profile; peers know them as the featured collection.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_of};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, PinId, PostId};
use crate::jobs::{self, Change, Job};
use crate::posts::Post;
use crate::schema::{pins, posts as rows};
use crate::time::Timestamp;
use crate::visibility::Visibility;

/// Posts that one person may pin.
pub const MOST: i64 = 5;
/// Posts that a remote person may feature here.
const MOST_REMOTE: i64 = 40;

/// A local author pins a post. Pinning it again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] when it is somebody else's, a boost, a direct post, or one too many; [`Error::NotFound`] when it is gone.
pub fn pin(c: &mut Connection, author: ActorId, post: &Post) -> Result<()> {
    let refuse = |text: &str| Err(Error::invalid("base", Flaw::Invalid, text));
    if post.deleted_at.is_some() {
        return Err(Error::NotFound("post"));
    }
    if post.author_id != author {
        return refuse("Someone else's post cannot be pinned");
    }
    if post.is_boost() {
        return refuse("A boost cannot be pinned");
    }
    if post.visibility == Visibility::Direct {
        return refuse("Posts that are only visible to mentioned users cannot be pinned");
    }
    if is_pinned(c, author, post.id)? {
        return Ok(());
    }
    let pinned: i64 = pins::table.filter(pins::actor_id.eq(author)).count().get_result(c)?;
    if pinned >= MOST {
        return refuse("You have already pinned the maximum number of posts");
    }
    insert(c, author, post.id)?;
    jobs::enqueue(c, &Job::Federate { change: Change::Pinned { post: post.id } })?;
    Ok(())
}

/// A local author takes a pin away; without one nothing happens.
pub fn unpin(c: &mut Connection, author: ActorId, post: PostId) -> Result<()> {
    if remove(c, author, post)? {
        jobs::enqueue(c, &Job::Federate { change: Change::Unpinned { post } })?;
    }
    Ok(())
}

/// A remote author features one of its own posts. What it may not feature is passed over.
pub fn receive(c: &mut Connection, author: ActorId, post: &Post) -> Result<()> {
    let pinned: i64 = pins::table.filter(pins::actor_id.eq(author)).count().get_result(c)?;
    let featurable = !post.is_boost() && post.deleted_at.is_none() && post.visibility != Visibility::Direct;
    if post.author_id == author && featurable && pinned < MOST_REMOTE {
        insert(c, author, post.id)?;
    }
    Ok(())
}

/// Makes the pins of a remote author those of its fetched collection, in its order; only its own posts count.
pub fn replace(c: &mut Connection, author: ActorId, posts: &[PostId]) -> Result<()> {
    let featurable: Vec<PostId> = rows::table
        .filter(any_of(rows::id, posts))
        .filter(rows::author_id.eq(author))
        .filter(rows::deleted_at.is_null())
        .filter(rows::boost_of_id.is_null())
        .filter(rows::visibility.ne(Visibility::Direct))
        .select(rows::id)
        .load(c)?;
    let most = usize::try_from(MOST_REMOTE).unwrap_or_default();
    let wanted: Vec<PostId> = posts.iter().copied().filter(|post| featurable.contains(post)).take(most).collect();
    let pinned: Vec<PostId> =
        pins::table.filter(pins::actor_id.eq(author)).order(pins::id.desc()).select(pins::post_id).load(c)?;
    if pinned == wanted {
        return Ok(());
    }
    diesel::delete(pins::table.filter(pins::actor_id.eq(author))).execute(c)?;
    for post in wanted.iter().rev() {
        insert(c, author, *post)?;
    }
    Ok(())
}

/// A remote author features a post no longer.
pub fn receive_undo(c: &mut Connection, author: ActorId, post: PostId) -> Result<()> {
    remove(c, author, post)?;
    Ok(())
}

/// The living posts that an author has pinned, the latest pin first.
pub fn of_author(c: &mut Connection, author: ActorId) -> Result<Vec<Post>> {
    Ok(pins::table
        .inner_join(rows::table)
        .filter(pins::actor_id.eq(author))
        .filter(rows::deleted_at.is_null())
        .order(pins::id.desc())
        .select(Post::as_select())
        .load(c)?)
}

/// Those of `posts` that their author `author` has pinned.
pub fn pinned_among(c: &mut Connection, author: ActorId, posts: &[PostId]) -> Result<Vec<PostId>> {
    Ok(pins::table.filter(pins::actor_id.eq(author)).filter(any_of(pins::post_id, posts)).select(pins::post_id).load(c)?)
}

fn is_pinned(c: &mut Connection, author: ActorId, post: PostId) -> Result<bool> {
    Ok(!pinned_among(c, author, &[post])?.is_empty())
}

fn insert(c: &mut Connection, author: ActorId, post: PostId) -> Result<()> {
    diesel::insert_into(pins::table)
        .values((
            pins::id.eq(PinId::new()),
            pins::actor_id.eq(author),
            pins::post_id.eq(post),
            pins::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

fn remove(c: &mut Connection, author: ActorId, post: PostId) -> Result<bool> {
    Ok(diesel::delete(pins::table.filter(pins::actor_id.eq(author)).filter(pins::post_id.eq(post))).execute(c)? > 0)
}
