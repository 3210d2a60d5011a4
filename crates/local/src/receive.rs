//! What other servers say: posts that arrive, change and go, and actors that go. The caller (federation) has checked the
//! signature, the origin and the audience, and cleaned the HTML; the rules of the rows are here.

use diesel::prelude::*;

use crate::actors::{self, Actor, Emoji};
use crate::attachments::{self, NewAttachment};
use crate::cards;
use crate::collections;
use crate::connection::{Connection, PortableDsl, any_of, cols};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::hashtags;
use crate::ids::{ActorId, PostId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::mentions;
use crate::notifications;
use crate::polls::{self, NewPoll};
use crate::posts::{self, Parts, Post, PostKind};
use crate::publish::{tell_boosters, tell_named, tell_watchers};
use crate::quote_policies::QuotePolicy;
use crate::quotes::{self, RemoteQuote};
use crate::reactions;
use crate::schema::{
    actors as actors_table, collection_items, collections as collection_rows, endorsements, follow_requests, follows, likes,
    posts as rows, tombstones,
};
use crate::search;
use crate::text;
use crate::thread_watches;
use crate::time::Timestamp;
use crate::visibility::Visibility;

/// A post of another server.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct RemotePost {
    pub uri: String,
    pub url: Option<String>,
    pub author: ActorId,
    pub kind: PostKind,
    pub visibility: Visibility,
    pub in_reply_to_uri: Option<String>,
    pub conversation: Option<String>,
    /// Sanitised HTML.
    pub content: String,
    /// Plain text.
    pub summary: String,
    pub sensitive: bool,
    pub language: Option<String>,
    pub emojis: Vec<Emoji>,
    /// Those whom it mentions, as far as they are known here.
    pub mentioned: Vec<ActorId>,
    /// Those whom it addresses without mentioning them.
    pub silently_mentioned: Vec<ActorId>,
    pub hashtags: Vec<text::Hashtag>,
    pub attachments: Vec<NewAttachment>,
    pub poll: Option<NewPoll>,
    pub quote: Option<RemoteQuote>,
    pub quote_policy: QuotePolicy,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
}

/// Stores a post of another server. `None` when it is known already (then nothing changes) or was deleted before it came.
/// With `announce`, people here are notified and the streams hear of it: not for what is merely looked up.
pub fn post(c: &mut Connection, remote: RemotePost, announce: bool) -> Result<Option<Post>> {
    let deleted: bool = diesel::select(diesel::dsl::exists(tombstones::table.find(&remote.uri))).get_result(c)?;
    if deleted {
        return Ok(None);
    }
    let parent = match &remote.in_reply_to_uri {
        Some(uri) => posts::by_uri(c, uri)?.filter(|p| p.deleted_at.is_none()),
        None => None,
    };
    // The parent's, when it is here: not every server passes the name of a conversation on.
    let conversation = match &parent {
        Some(parent) => parent.conversation_name(),
        None => remote.conversation.clone().unwrap_or_else(|| posts::conversation_begun_by(&remote.uri)),
    };
    let linked = collections::linked(c, &remote.content)?;
    let id = PostId::at(remote.created_at);
    let stored: Option<Post> = diesel::insert_into(rows::table)
        .values((
            rows::id.eq(id),
            rows::uri.eq(&remote.uri),
            rows::url.eq(&remote.url),
            rows::author_id.eq(remote.author),
            rows::local.eq(false),
            rows::kind.eq(remote.kind),
            rows::visibility.eq(remote.visibility),
            rows::in_reply_to_id.eq(parent.as_ref().map(|p| p.id)),
            rows::in_reply_to_actor_id.eq(parent.as_ref().map(|p| p.author_id)),
            rows::in_reply_to_uri.eq(&remote.in_reply_to_uri),
            rows::conversation.eq(conversation),
            (
                rows::content.eq(&remote.content),
                rows::summary.eq(&remote.summary),
                rows::sensitive.eq(remote.sensitive),
                rows::language.eq(&remote.language),
                rows::emojis.eq((!remote.emojis.is_empty()).then_some(Json(remote.emojis.clone()))),
                rows::parts.eq(parts(&remote).with(Parts::COLLECTIONS, !linked.is_empty())),
                rows::created_at.eq(remote.created_at),
                rows::edited_at.eq(remote.edited_at),
                rows::quote_policy.eq(remote.quote_policy),
            ),
        ))
        .on_conflict_do_nothing()
        .returning(cols::<Post>())
        .portable()
        .get_result(c)
        .optional()?;
    let Some(post) = stored else { return Ok(None) };
    store_parts(c, &post, &remote)?;
    store_attachments(c, &post, &remote)?;
    if let Some(poll) = &remote.poll {
        polls::set(c, id, poll)?;
    }
    collections::set_linked(c, id, Parts::default(), &linked)?;
    posts::count_in(c, &post)?;
    adopt_orphans(c, &post)?;
    quotes::adopt(c, &post)?;
    if let Some(quote) = &remote.quote {
        quotes::receive(c, &post, Some(quote))?;
    }
    search::index_post(c, &post)?;
    cards::expect(c, &post)?;
    if announce {
        tell_named(c, &post, &remote.mentioned, &remote.silently_mentioned)?;
        tell_watchers(c, &post)?;
        thread_watches::tell(c, &post, &remote.mentioned)?;
        after_commit(Event::PostCreated(id));
    }
    Ok(Some(post))
}

/// A known post of another server has a new text, other attachments or another poll. Older news than ours changes nothing; nor
/// does an audience change: it never widens after the fact. Polls take their new totals without counting as an edit.
///
/// # Errors
/// [`Error::Forbidden`] when the post is not the author's.
pub fn edit(c: &mut Connection, remote: RemotePost) -> Result<Option<Post>> {
    let Some(post) = posts::by_uri(c, &remote.uri)?.filter(|p| p.deleted_at.is_none() && !p.is_boost()) else {
        return Ok(None);
    };
    if post.author_id != remote.author || post.local {
        return Err(Error::Forbidden("only the author may edit a post"));
    }
    if let (Some(ours), Some(theirs)) = (post.edited_at, remote.edited_at)
        && theirs < ours
    {
        return Ok(Some(post));
    }
    let text_changed = post.content != remote.content || post.summary != remote.summary || post.sensitive != remote.sensitive;
    let (media, poll) = (attachments::of_posts(c, &[post.id])?, polls::of_post(c, post.id)?);
    let media_changed = !attachments::are(&media, &remote.attachments);
    let poll_changed = match (&poll, &remote.poll) {
        (Some(before), Some(after)) => before.differs(after),
        (before, after) => before.is_some() != after.is_some(),
    };
    let changed = text_changed || media_changed || poll_changed;
    let before = mentions::of_post(c, post.id)?;
    let quoted = post.parts.has(Parts::QUOTE);
    if changed && remote.edited_at.is_some() {
        posts::keep_edit(c, &post)?;
    }
    if media_changed {
        attachments::forget_post(c, post.id)?;
        store_attachments(c, &post, &remote)?;
    }
    store_parts(c, &post, &remote)?;
    polls::receive(c, post.id, remote.poll.as_ref())?;
    let linked = collections::linked(c, &remote.content)?;
    collections::set_linked(c, post.id, post.parts, &linked)?;
    let edited_at = if changed { remote.edited_at } else { post.edited_at };
    let ours = Parts(post.parts.0 & (Parts::CARD.0 | Parts::REACTIONS.0));
    let parts = Parts(parts(&remote).0 | ours.0).with(Parts::COLLECTIONS, !linked.is_empty());
    let former = post.content;
    let post: Post = diesel::update(rows::table.find(post.id))
        .set((
            rows::url.eq(&remote.url),
            rows::content.eq(&remote.content),
            rows::summary.eq(&remote.summary),
            rows::sensitive.eq(remote.sensitive),
            rows::language.eq(&remote.language),
            rows::emojis.eq((!remote.emojis.is_empty()).then_some(Json(remote.emojis.clone()))),
            rows::parts.eq(parts),
            rows::edited_at.eq(edited_at),
            rows::quote_policy.eq(remote.quote_policy),
        ))
        .returning(cols::<Post>())
        .get_result(c)?;
    let post = cards::reconsider(c, post, &former)?;
    if quoted || remote.quote.is_some() {
        quotes::receive(c, &post, remote.quote.as_ref())?;
    }
    search::unindex_post(c, post.id)?;
    search::index_post(c, &post)?;
    let new = |people: &[ActorId]| -> Vec<ActorId> { people.iter().copied().filter(|a| !before.contains(a)).collect() };
    tell_named(c, &post, &new(&remote.mentioned), &new(&remote.silently_mentioned))?;
    if changed && edited_at.is_some() {
        tell_boosters(c, &post)?;
        quotes::tell_quoters(c, &post)?;
    }
    after_commit(Event::PostEdited(post.id));
    Ok(Some(post))
}

/// A post of `author` is gone, known or not: a `Delete` may come before its `Create`.
///
/// # Errors
/// [`Error::Forbidden`] when a known post is somebody else's.
pub fn delete(c: &mut Connection, author: ActorId, uri: &str) -> Result<()> {
    let Some(post) = posts::by_uri(c, uri)? else {
        diesel::insert_into(tombstones::table)
            .values((tombstones::uri.eq(uri), tombstones::deleted_at.eq(Timestamp::now())))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
        return Ok(());
    };
    if post.author_id != author {
        return Err(Error::Forbidden("only the author may delete a post"));
    }
    if post.is_boost() {
        return crate::boosts::receive_undo(c, &post);
    }
    posts::bury(c, &post)?;
    Ok(())
}

/// A remote actor is gone: its posts, follows, likes and notifications go; its row stays, so that its name is known to be dead.
pub fn delete_actor(c: &mut Connection, id: ActorId) -> Result<()> {
    let actor = actors::get(c, id)?;
    if actor.is_local() {
        return Err(Error::Forbidden("a local actor is not deleted by another server"));
    }
    erase(c, &actor)
}

/// Posts of a deleted actor that one write takes away. SQLite walks what a savepoint holds after every statement: a write
/// of thousands would take minutes, in which nobody else could write.
const ERASED_AT_ONCE: i64 = 100;

/// Takes up to [`ERASED_AT_ONCE`] posts and boosts of an actor away; says whether there may be more.
pub fn erase_posts(c: &mut Connection, actor: ActorId) -> Result<bool> {
    let some: Vec<Post> = rows::table
        .filter(rows::author_id.eq(actor))
        .filter(rows::deleted_at.is_null())
        .limit(ERASED_AT_ONCE)
        .select(Post::as_select())
        .load(c)?;
    for post in &some {
        if post.is_boost() {
            crate::boosts::receive_undo(c, post)?;
        } else {
            posts::bury(c, post)?;
        }
    }
    Ok(i64::try_from(some.len()).is_ok_and(|taken| taken == ERASED_AT_ONCE))
}

/// Takes away everything that an actor did; counters of others stay right. Of many posts, which nobody is shown any more,
/// most are left to a job.
pub(crate) fn erase(c: &mut Connection, actor: &Actor) -> Result<()> {
    if erase_posts(c, actor.id)? {
        jobs::enqueue(c, &Job::Erase { actor: actor.id })?;
    }
    let liked: Vec<PostId> = likes::table.filter(likes::actor_id.eq(actor.id)).select(likes::post_id).load(c)?;
    for chunk in liked.chunks(1_000) {
        diesel::update(rows::table.filter(any_of(rows::id, chunk)))
            .set(rows::likes_count.eq(rows::likes_count - 1))
            .execute(c)?;
    }
    diesel::delete(likes::table.filter(likes::actor_id.eq(actor.id))).execute(c)?;
    reactions::forget_actor(c, actor.id)?;
    let followed: Vec<ActorId> = follows::table.filter(follows::actor_id.eq(actor.id)).select(follows::target_id).load(c)?;
    for chunk in followed.chunks(1_000) {
        diesel::update(actors_table::table.filter(any_of(actors_table::id, chunk)))
            .set(actors_table::followers_count.eq(actors_table::followers_count - 1))
            .execute(c)?;
    }
    let followers: Vec<ActorId> = follows::table.filter(follows::target_id.eq(actor.id)).select(follows::actor_id).load(c)?;
    for chunk in followers.chunks(1_000) {
        diesel::update(actors_table::table.filter(any_of(actors_table::id, chunk)))
            .set(actors_table::following_count.eq(actors_table::following_count - 1))
            .execute(c)?;
    }
    let either = follows::actor_id.eq(actor.id).or(follows::target_id.eq(actor.id));
    diesel::delete(follows::table.filter(either)).execute(c)?;
    let either = follow_requests::actor_id.eq(actor.id).or(follow_requests::target_id.eq(actor.id));
    diesel::delete(follow_requests::table.filter(either)).execute(c)?;
    notifications::forget_all_by(c, actor.id)?;
    diesel::delete(endorsements::table.filter(endorsements::target_id.eq(actor.id))).execute(c)?;
    diesel::delete(collection_rows::table.filter(collection_rows::owner_id.eq(actor.id))).execute(c)?;
    diesel::delete(collection_items::table.filter(collection_items::actor_id.eq(actor.id))).execute(c)?;
    search::unindex_actor(c, actor.id)?;
    diesel::update(actors_table::table.find(actor.id))
        .set((
            actors_table::deleted_at.eq(Some(Timestamp::now())),
            actors_table::display_name.eq(""),
            actors_table::summary.eq(""),
            actors_table::fields.eq(None::<Json<Vec<actors::Field>>>),
            actors_table::emojis.eq(None::<Json<Vec<Emoji>>>),
            actors_table::avatar.eq(None::<String>),
            actors_table::avatar_static.eq(None::<String>),
            actors_table::header.eq(None::<String>),
            actors_table::header_static.eq(None::<String>),
            actors_table::followers_count.eq(0),
            actors_table::following_count.eq(0),
        ))
        .execute(c)?;
    after_commit(Event::ActorChanged(actor.id));
    for other in followers {
        after_commit(Event::RelationsChanged(other));
    }
    Ok(())
}

fn parts(remote: &RemotePost) -> Parts {
    Parts::default()
        .with(Parts::MEDIA, !remote.attachments.is_empty())
        .with(Parts::MENTIONS, !remote.mentioned.is_empty())
        .with(Parts::HASHTAGS, !remote.hashtags.is_empty())
        .with(Parts::POLL, remote.poll.is_some())
        .with(Parts::QUOTE, remote.quote.is_some())
}

fn store_parts(c: &mut Connection, post: &Post, remote: &RemotePost) -> Result<()> {
    mentions::add(c, post.id, &remote.mentioned, false)?;
    mentions::add(c, post.id, &remote.silently_mentioned, true)?;
    hashtags::set(c, post, &remote.hashtags)?;
    Ok(())
}

fn store_attachments(c: &mut Connection, post: &Post, remote: &RemotePost) -> Result<()> {
    for (position, attachment) in (0_i32..).zip(remote.attachments.iter().take(attachments::MOST_REMOTE)) {
        let mut attachment = attachment.clone();
        attachment.description = attachments::shortened(&attachment.description);
        attachments::create(c, remote.author, Some((post.id, position)), attachment)?;
    }
    Ok(())
}

/// Replies that came before their parent find it now.
fn adopt_orphans(c: &mut Connection, parent: &Post) -> Result<()> {
    let orphans = rows::table.filter(rows::in_reply_to_uri.eq(&parent.uri)).filter(rows::in_reply_to_id.is_null());
    let found: Vec<(PostId, Visibility, Option<Timestamp>)> =
        orphans.select((rows::id, rows::visibility, rows::deleted_at)).load(c)?;
    if found.is_empty() {
        return Ok(());
    }
    let counted = |row: &&(PostId, Visibility, Option<Timestamp>)| row.1 != Visibility::Direct && row.2.is_none();
    let count = i64::try_from(found.iter().filter(counted).count()).unwrap_or(i64::MAX);
    diesel::update(orphans)
        .set((rows::in_reply_to_id.eq(Some(parent.id)), rows::in_reply_to_actor_id.eq(Some(parent.author_id))))
        .execute(c)?;
    if count > 0 {
        diesel::update(rows::table.find(parent.id)).set(rows::replies_count.eq(rows::replies_count + count)).execute(c)?;
    }
    Ok(())
}
