//! Threads that a person watches: it is notified of every new answer in them that it may see. Nobody else hears of it. A thread
//! is named by `posts.conversation`, which answers take over from what they answer.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl};
use crate::error::{Error, Flaw, Result};
use crate::ids::ActorId;
use crate::notifications::{self, Notice, NotificationKind};
use crate::posts::Post;
use crate::schema::thread_watches as watches;
use crate::time::Timestamp;
use crate::visibility;

/// Threads that one person may watch.
pub const MOST: i64 = 1_000;
/// People who are told of one answer.
const MOST_TOLD: i64 = 1_000;

/// Watches the thread that a post is in. Watching it again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] for one thread too many.
pub fn add(c: &mut Connection, actor: ActorId, post: &Post) -> Result<()> {
    let had: i64 = watches::table.filter(watches::actor_id.eq(actor)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} threads can be watched")));
    }
    diesel::insert_into(watches::table)
        .values((
            watches::conversation.eq(post.conversation_name()),
            watches::actor_id.eq(actor),
            watches::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(())
}

/// Watches it no longer. Nothing happens when it did not.
pub fn remove(c: &mut Connection, actor: ActorId, post: &Post) -> Result<()> {
    diesel::delete(watches::table.find((post.conversation_name(), actor))).execute(c)?;
    Ok(())
}

/// Whether `actor` watches the thread that a post is in.
pub fn is_watching(c: &mut Connection, actor: ActorId, post: &Post) -> Result<bool> {
    let found = watches::table.find((post.conversation_name(), actor)).select(watches::actor_id);
    let found: Option<ActorId> = found.first(c).optional()?;
    Ok(found.is_some())
}

/// Tells those who watch its thread of a new answer; those whom it names (`named`) hear of that. One query for what answers
/// nothing watched, none for what answers nothing.
pub(crate) fn tell(c: &mut Connection, post: &Post, named: &[ActorId]) -> Result<()> {
    if post.in_reply_to_uri.is_none() {
        return Ok(());
    }
    let mut watching: Vec<ActorId> = watches::table
        .filter(watches::conversation.eq(post.conversation_name()))
        .filter(watches::actor_id.ne(post.author_id))
        .limit(MOST_TOLD)
        .select(watches::actor_id)
        .load(c)?;
    watching.retain(|watcher| !named.contains(watcher));
    for watcher in visibility::seen_by(c, &watching, post.id)? {
        let notice = Notice { recipient: watcher, kind: NotificationKind::Status, actor: post.author_id, post: Some(post.id) };
        notifications::notify(c, notice)?;
    }
    Ok(())
}
