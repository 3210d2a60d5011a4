//! What a local author does: publish, edit, delete. The text is checked and rendered here, and everything that the change
//! makes necessary (counters, notifications, search rows, jobs, events) happens in the same transaction.

use diesel::prelude::*;

use crate::actors::{self, Actor};
use crate::attachments;
use crate::cards;
use crate::circles;
use crate::collections;
use crate::connection::{Connection, cols};
use crate::conversations;
use crate::db::after_commit;
use crate::error::{Error, Flaw, NO_NUL, Problem, Result};
use crate::events::Event;
use crate::expiring;
use crate::hashtags;
use crate::ids::{ActorId, AppId, AttachmentId, CircleId, PostId};
use crate::jobs::{self, Change, Job};
use crate::mentions;
use crate::newsletters::issues;
use crate::notifications::{self, Notice, NotificationKind};
use crate::polls::{self, NewPoll};
use crate::posts::{self, Parts, Post, PostKind};
use crate::quote_policies::QuotePolicy;
use crate::quotes;
use crate::schema::{actors as actors_table, follows, idempotency_keys, posts as rows};
use crate::search;
use crate::site::Site;
use crate::text::{self, Format, Handle};
use crate::thread_watches;
use crate::time::Timestamp;
use crate::visibility::{self, Visibility};
use crate::writing::{self, Typed};

/// Characters of a local post, warning included, unless the admin says otherwise.
pub const CHARACTER_LIMIT: usize = 500;

/// What an author wants to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Draft {
    /// As typed.
    pub text: String,
    pub format: Format,
    pub visibility: Option<Visibility>,
    /// The content warning.
    pub summary: String,
    pub sensitive: bool,
    /// Checked by [`text::language`]; guessed from the text when missing.
    pub language: Option<String>,
    pub in_reply_to: Option<PostId>,
    /// For those in it alone, instead of `visibility`.
    pub circle: Option<CircleId>,
    pub attachments: Vec<AttachmentId>,
    pub poll: Option<NewPoll>,
    /// What it quotes.
    pub quote: Option<PostId>,
    /// Who may quote it; everybody when missing. Of what is not for everybody only the author, whatever is asked.
    pub quote_policy: Option<QuotePolicy>,
    pub app: Option<AppId>,
    /// The same key from the same author within an hour gives the same post.
    pub idempotency_key: Option<String>,
    /// Only people of this server see it. An answer to such a post is always one too.
    pub local_only: bool,
    /// Seconds from its publication until it is deleted.
    pub expires_in: Option<i64>,
    /// When it is deleted, instead.
    pub expires_at: Option<Timestamp>,
    /// Characters allowed.
    pub character_limit: usize,
}

/// A new alt text and focus of an attachment; `None` leaves it as it is.
pub type NewDescription = (AttachmentId, Option<String>, Option<(f64, f64)>);

/// What an author changes of a post.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Revision {
    pub text: String,
    pub format: Format,
    pub summary: String,
    pub sensitive: bool,
    pub language: Option<String>,
    /// `None` leaves the attachments as they are.
    pub attachments: Option<Vec<AttachmentId>>,
    /// `None` leaves the poll as it is, `Some(None)` takes it away.
    pub poll: Option<Option<NewPoll>>,
    /// New alt texts and foci of attachments.
    pub descriptions: Vec<NewDescription>,
    /// Who may quote it from now on; `None` leaves that as it is.
    pub quote_policy: Option<QuotePolicy>,
    pub character_limit: usize,
}

/// Handles in `text` that nobody here knows yet: whom the caller may look up on the network before it publishes.
pub fn unknown_handles(c: &mut Connection, site: &Site, draft_text: &str, format: Format) -> Result<Vec<Handle>> {
    let scanned = text::scan(draft_text, format);
    let known = writing::known_mentions(c, site, &scanned)?;
    Ok(scanned.mentions.into_iter().filter(|h| !known.contains_key(h)).collect())
}

/// Publishes a draft of `author`: [`publish_typed`] for those who hold up nobody.
///
/// # Errors
/// Those of [`publish_typed`].
pub fn publish(c: &mut Connection, site: &Site, author: ActorId, draft: Draft) -> Result<Post> {
    let typed = Typed::read(site, &draft.text, draft.format, draft.language.is_none());
    publish_typed(c, site, author, draft, typed)
}

/// Publishes a draft of `author`, whose text was read before the write: everybody else who writes waits for this one.
///
/// # Errors
/// [`Error::Invalid`] naming every wrong field; [`Error::NotFound`] when the parent may not be seen, or what is to be quoted
/// may not be seen or quoted.
pub fn publish_typed(c: &mut Connection, site: &Site, author: ActorId, draft: Draft, typed: Typed) -> Result<Post> {
    if let Some(key) = &draft.idempotency_key
        && let Some(post) = same_key(c, author, key)?
    {
        return Ok(post);
    }
    let author = actors::get(c, author)?;
    let parent = match draft.in_reply_to {
        Some(id) => Some(parent_of(c, author.id, id)?),
        None => None,
    };
    let quoted = match draft.quote {
        Some(id) => Some(quotes::quotable(c, author.id, id)?),
        None => None,
    };
    check_draft(&draft)?;
    let expires_at = expiring::time_of(&draft, Timestamp::now())?;
    // What stays here is not carried away by an answer or a quote.
    let stays = |other: &Option<Post>| other.as_ref().is_some_and(|other| other.local_only);
    let local_only = draft.local_only || stays(&parent) || stays(&quoted);
    if let Some(quoted) = &quoted {
        quotes::check_askable(quoted, author.id, local_only)?;
    }
    let mut written = typed.write(c, site, &author, draft.language.clone())?;
    let linked = collections::linked(c, &written.html)?;
    let id = PostId::new();
    let circle = match draft.circle {
        Some(circle) => circles::audience(c, author.id, circle)?,
        None => Vec::new(),
    };
    if draft.circle.is_some() {
        // A handle typed to a circle names somebody in it, and lets nobody else in.
        written.mentioned.retain(|actor| circle.contains(&actor.id));
    }
    let visibility = if draft.circle.is_some() { Visibility::Direct } else { draft.visibility.unwrap_or(Visibility::Public) };
    let visibility = match &quoted {
        Some(quoted) => quotes::audience(quoted, author.id, visibility, &[written.mentioned_ids(), circle.clone()].concat())?,
        None => visibility,
    };
    let parts = Parts::default()
        .with(Parts::MEDIA, !draft.attachments.is_empty())
        .with(Parts::MENTIONS, !written.mentioned.is_empty())
        .with(Parts::HASHTAGS, !written.hashtags.is_empty())
        .with(Parts::POLL, draft.poll.is_some())
        .with(Parts::QUOTE, quoted.is_some())
        .with(Parts::COLLECTIONS, !linked.is_empty());
    let uri = site.post_uri(&author.username, id);
    let now = Timestamp::now();
    let conversation = match &parent {
        Some(parent) => parent.conversation_name(),
        None => posts::conversation_begun_by(&uri),
    };
    let post: Post = diesel::insert_into(rows::table)
        .values((
            rows::id.eq(id),
            rows::uri.eq(&uri),
            rows::url.eq(Some(site.post_url(&author.username, id))),
            rows::author_id.eq(author.id),
            rows::local.eq(true),
            rows::kind.eq(if draft.poll.is_some() { PostKind::Question } else { PostKind::Note }),
            rows::visibility.eq(visibility),
            rows::in_reply_to_id.eq(parent.as_ref().map(|p| p.id)),
            rows::in_reply_to_actor_id.eq(parent.as_ref().map(|p| p.author_id)),
            rows::in_reply_to_uri.eq(parent.as_ref().map(|p| p.uri.clone())),
            rows::conversation.eq(conversation),
            (
                rows::content.eq(&written.html),
                rows::summary.eq(draft.summary.trim()),
                rows::sensitive.eq(draft.sensitive || !draft.summary.trim().is_empty()),
                rows::language.eq(&written.language),
                rows::source.eq(Some(&draft.text)),
                rows::source_format.eq(Some(draft.format.media_type())),
                rows::emojis.eq(written.emojis.clone()),
                rows::parts.eq(parts),
                rows::app_id.eq(draft.app),
                rows::local_only.eq(local_only),
                rows::expires_at.eq(expires_at),
                rows::created_at.eq(now),
                rows::quote_policy.eq(draft.quote_policy.unwrap_or(QuotePolicy::PUBLIC).within(visibility)),
            ),
        ))
        .returning(cols::<Post>())
        .get_result(c)?;
    attachments::attach(c, author.id, id, &draft.attachments)?;
    if let Some(poll) = &draft.poll {
        polls::set(c, id, poll)?;
    }
    mentions::add(c, id, &written.mentioned_ids(), false)?;
    mentions::add(c, id, &circle, true)?;
    hashtags::set(c, &post, &written.hashtags)?;
    collections::set_linked(c, id, Parts::default(), &linked)?;
    posts::count_in(c, &post)?;
    search::index_post(c, &post)?;
    cards::expect(c, &post)?;
    tell_named(c, &post, &written.mentioned_ids(), &circle)?;
    tell_watchers(c, &post)?;
    thread_watches::tell(c, &post, &written.mentioned_ids())?;
    issues::expect(c, site, &author, &post)?;
    if let Some(at) = expires_at {
        jobs::enqueue_at(c, &Job::ExpirePost { post: id }, at)?;
    }
    let addressed = actors::find_many(c, &circle)?;
    if has_to_leave(c, &post, &[written.mentioned, addressed].concat(), quoted.as_ref())? {
        jobs::enqueue(c, &Job::Federate { change: Change::Posted { post: id } })?;
    }
    if let Some(quoted) = &quoted {
        quotes::begin(c, site, &post, quoted)?;
    }
    if let Some(key) = &draft.idempotency_key {
        remember_key(c, author.id, key, id)?;
    }
    after_commit(Event::PostCreated(id));
    Ok(post)
}

/// Gives a post of `author` a new text. The former one is kept in its history; those who were newly mentioned and those
/// who boosted it are told.
///
/// # Errors
/// [`Error::NotFound`] when it is not the author's own; [`Error::Invalid`] naming the wrong field.
pub fn edit(c: &mut Connection, site: &Site, author: ActorId, id: PostId, revision: Revision) -> Result<Post> {
    let typed = Typed::read(site, &revision.text, revision.format, revision.language.is_none());
    edit_typed(c, site, author, id, revision, typed)
}

/// [`edit`] with a text that was read before the write.
///
/// # Errors
/// Those of [`edit`].
pub fn edit_typed(
    c: &mut Connection,
    site: &Site,
    author: ActorId,
    id: PostId,
    revision: Revision,
    typed: Typed,
) -> Result<Post> {
    let post = own(c, author, id)?;
    let author = actors::get(c, author)?;
    let keeps_media = match &revision.attachments {
        Some(ids) => !ids.is_empty(),
        None => post.parts.has(Parts::MEDIA),
    };
    let keeps_poll = revision.poll.as_ref().map_or(post.parts.has(Parts::POLL), Option::is_some);
    let has_more = keeps_media || keeps_poll || post.parts.has(Parts::QUOTE);
    check_text(&revision.text, &revision.summary, revision.character_limit, has_more)?;
    if keeps_media && keeps_poll {
        return Err(Error::invalid("media_ids", Flaw::Invalid, "a poll cannot have attachments"));
    }
    if let Some(Some(poll)) = &revision.poll {
        polls::check_new(poll)?;
    }
    posts::keep_edit(c, &post)?;
    if let Some(poll) = &revision.poll {
        polls::revise(c, id, poll.as_ref())?;
    }
    let written = typed.write(c, site, &author, revision.language)?;
    if let Some(ids) = &revision.attachments {
        attachments::attach(c, author.id, id, ids)?;
    }
    for (attachment, description, focus) in revision.descriptions {
        attachments::describe(c, author.id, attachment, description, focus)?;
    }
    let before = mentions::of_post(c, id)?;
    let mut after = written.mentioned_ids();
    if post.visibility == Visibility::Direct && !mentions::silent_of_posts(c, &[id])?.is_empty() {
        // A post to a circle is for those in it then, whoever is named later.
        after.retain(|actor| before.contains(actor));
    }
    let quoted = quotes::quoted_author(c, &post)?;
    let gone: Vec<ActorId> = before.iter().copied().filter(|a| !after.contains(a) && Some(*a) != quoted).collect();
    // A direct post stays readable to those who had it: taking a name out of the text does not take the letter back.
    if post.visibility != Visibility::Direct {
        mentions::remove(c, id, &gone)?;
    }
    mentions::add(c, id, &after, false)?;
    hashtags::set(c, &post, &written.hashtags)?;
    let linked = collections::linked(c, &written.html)?;
    collections::set_linked(c, id, post.parts, &linked)?;
    let parts = post
        .parts
        .with(Parts::MEDIA, keeps_media)
        .with(Parts::POLL, keeps_poll)
        .with(Parts::MENTIONS, !after.is_empty() || (post.visibility == Visibility::Direct && !before.is_empty()))
        .with(Parts::HASHTAGS, !written.hashtags.is_empty())
        .with(Parts::COLLECTIONS, !linked.is_empty());
    let summary = revision.summary.trim();
    let former = post.content;
    let post: Post = diesel::update(rows::table.find(id))
        .set((
            rows::content.eq(&written.html),
            rows::summary.eq(summary),
            rows::sensitive.eq(revision.sensitive || !summary.is_empty()),
            rows::language.eq(&written.language),
            rows::source.eq(Some(&revision.text)),
            rows::source_format.eq(Some(revision.format.media_type())),
            rows::emojis.eq(written.emojis.clone()),
            rows::parts.eq(parts),
            rows::kind.eq(if keeps_poll { PostKind::Question } else { PostKind::Note }),
            rows::edited_at.eq(Some(Timestamp::now())),
            rows::quote_policy.eq(revision.quote_policy.map_or(post.quote_policy, |policy| policy.within(post.visibility))),
        ))
        .returning(cols::<Post>())
        .get_result(c)?;
    let post = cards::reconsider(c, post, &former)?;
    search::unindex_post(c, id)?;
    search::index_post(c, &post)?;
    let new: Vec<ActorId> = after.iter().copied().filter(|a| !before.contains(a)).collect();
    tell_named(c, &post, &new, &[])?;
    tell_boosters(c, &post)?;
    quotes::tell_quoters(c, &post)?;
    if !post.local_only {
        jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: id } })?;
    }
    after_commit(Event::PostEdited(id));
    Ok(post)
}

/// Says anew who may quote a post of `author`. Quotes that there are stay.
///
/// # Errors
/// [`Error::NotFound`] when it is not the author's own.
pub fn set_quote_policy(c: &mut Connection, author: ActorId, id: PostId, policy: QuotePolicy) -> Result<Post> {
    let post = own(c, author, id)?;
    let policy = policy.within(post.visibility);
    if post.is_boost() || post.quote_policy == policy {
        return Ok(post);
    }
    let post: Post =
        diesel::update(rows::table.find(id)).set(rows::quote_policy.eq(policy)).returning(cols::<Post>()).get_result(c)?;
    if !post.local_only {
        jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: id } })?;
    }
    after_commit(Event::PostEdited(id));
    Ok(post)
}

/// Deletes a post of `author`; gives back what it was and its source, so that an app can let it be written again.
///
/// # Errors
/// [`Error::NotFound`] when it is not the author's own.
pub fn delete(c: &mut Connection, author: ActorId, id: PostId) -> Result<Post> {
    let post = own(c, author, id)?;
    if post.is_boost() {
        crate::boosts::unboost(c, author, &post)?;
        return Ok(post);
    }
    let reached = posts::bury(c, &post)?;
    if !post.local_only {
        jobs::enqueue(c, &Job::Federate { change: Change::Deleted { post: id, reached } })?;
    }
    Ok(post)
}

/// A living post of the author's own.
fn own(c: &mut Connection, author: ActorId, id: PostId) -> Result<Post> {
    let post = posts::get(c, id)?;
    if post.author_id != author || post.deleted_at.is_some() {
        return Err(Error::NotFound("post"));
    }
    Ok(post)
}

/// The post that is answered: of a boost, what it boosts.
pub(crate) fn parent_of(c: &mut Connection, viewer: ActorId, id: PostId) -> Result<Post> {
    let post = posts::get(c, id)?;
    let post = match post.boost_of_id {
        Some(id) => posts::get(c, id)?,
        None => post,
    };
    if !visibility::may_see(c, Some(viewer), &post)? {
        return Err(Error::NotFound("post"));
    }
    Ok(post)
}

pub(crate) fn check_draft(draft: &Draft) -> Result<()> {
    expiring::time_of(draft, Timestamp::now())?;
    let has_more = !draft.attachments.is_empty() || draft.poll.is_some() || draft.quote.is_some();
    check_text(&draft.text, &draft.summary, draft.character_limit, has_more)?;
    if let Some(poll) = &draft.poll {
        polls::check_new(poll)?;
        if !draft.attachments.is_empty() {
            return Err(Error::invalid("media_ids", Flaw::Invalid, "a poll cannot have attachments"));
        }
    }
    Ok(())
}

fn check_text(body: &str, summary: &str, limit: usize, has_more: bool) -> Result<()> {
    let mut problems = Vec::new();
    if body.trim().is_empty() && !has_more {
        problems.push(Problem { field: "text", flaw: Flaw::Blank, message: "can't be blank".into() });
    }
    // The same on both engines, though SQLite would hold it.
    if body.contains('\0') || summary.contains('\0') {
        problems.push(Problem { field: "text", flaw: Flaw::Invalid, message: NO_NUL.into() });
    }
    let count = text::count(body, summary);
    if count > limit {
        let message = format!("character limit of {limit} exceeded by {}", count - limit);
        problems.push(Problem { field: "text", flaw: Flaw::TooLong, message });
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

/// What full text finds a post by.
pub(crate) fn search_text(post: &Post) -> String {
    let body = text::plain(&post.content);
    if post.summary.is_empty() { body } else { format!("{}\n{body}", post.summary) }
}

fn tell(c: &mut Connection, kind: NotificationKind, recipient: ActorId, post: &Post) -> Result<()> {
    notifications::notify(c, Notice { recipient, kind, actor: post.author_id, post: Some(post.id) })
}

/// Tells those whom a post names for the first time: of the conversation, if it is a direct one, and of the mention.
/// Whom it addresses without naming (`silently`) is not notified.
pub(crate) fn tell_named(c: &mut Connection, post: &Post, named: &[ActorId], silently: &[ActorId]) -> Result<()> {
    conversations::record(c, post, &[named, silently].concat())?;
    for recipient in named {
        tell(c, NotificationKind::Mention, *recipient, post)?;
    }
    Ok(())
}

/// Tells the local followers who asked to hear of everything that this author posts.
pub(crate) fn tell_watchers(c: &mut Connection, post: &Post) -> Result<()> {
    if post.visibility == Visibility::Direct || post.answers_other() {
        return Ok(());
    }
    let watchers: Vec<ActorId> = follows::table
        .inner_join(actors_table::table.on(actors_table::id.eq(follows::actor_id)))
        .filter(follows::target_id.eq(post.author_id))
        .filter(follows::notify.eq(true))
        .filter(actors_table::domain.is_null())
        .select(follows::actor_id)
        .load(c)?;
    for watcher in watchers {
        tell(c, NotificationKind::Status, watcher, post)?;
    }
    Ok(())
}

/// Tells the local people who boosted a post that it has a new text.
pub(crate) fn tell_boosters(c: &mut Connection, post: &Post) -> Result<()> {
    let boosters: Vec<ActorId> = rows::table
        .inner_join(actors_table::table)
        .filter(rows::boost_of_id.eq(post.id))
        .filter(rows::deleted_at.is_null())
        .filter(actors_table::domain.is_null())
        .select(rows::author_id)
        .load(c)?;
    for booster in boosters {
        tell(c, NotificationKind::Update, booster, post)?;
    }
    Ok(())
}

/// Whether any other server has to hear of a new post.
fn has_to_leave(c: &mut Connection, post: &Post, mentioned: &[Actor], quoted: Option<&Post>) -> Result<bool> {
    if post.local_only {
        return Ok(false);
    }
    if mentioned.iter().any(|a| !a.is_local()) || quoted.is_some_and(|quoted| !quoted.local) {
        return Ok(true);
    }
    if post.visibility == Visibility::Direct {
        return Ok(false);
    }
    posts::has_remote_followers(c, post.author_id)
}

fn same_key(c: &mut Connection, author: ActorId, key: &str) -> Result<Option<Post>> {
    let hour_ago = Timestamp::now().plus_seconds(-3_600);
    let id: Option<PostId> = idempotency_keys::table
        .find((author, key))
        .filter(idempotency_keys::created_at.gt(hour_ago))
        .select(idempotency_keys::post_id)
        .first(c)
        .optional()?;
    match id {
        Some(id) => Ok(Some(posts::get(c, id)?).filter(|p| p.deleted_at.is_none())),
        None => Ok(None),
    }
}

fn remember_key(c: &mut Connection, author: ActorId, key: &str, post: PostId) -> Result<()> {
    diesel::delete(idempotency_keys::table.find((author, key))).execute(c)?;
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::actor_id.eq(author),
            idempotency_keys::key.eq(key),
            idempotency_keys::post_id.eq(post),
            idempotency_keys::created_at.eq(Timestamp::now()),
        ))
        .execute(c)?;
    Ok(())
}

/// Forgets idempotency keys older than an hour; gives back how many.
pub fn purge_keys(c: &mut Connection) -> Result<usize> {
    let hour_ago = Timestamp::now().plus_seconds(-3_600);
    Ok(diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(hour_ago))).execute(c)?)
}
