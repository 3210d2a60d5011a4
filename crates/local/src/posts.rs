//! Posts and boosts as stored: the row, its parts, look-ups and counters.
//! What a local author does stands in [`crate::publish`], what other servers send in [`crate::receive`],
//! boosts in [`crate::boosts`], who may see what in [`crate::visibility`].

use diesel::prelude::*;

use crate::actors::Emoji;
use crate::attachments;
use crate::boosts;
use crate::cards;
use crate::codes::{stored_bits, stored_enum};
use crate::connection::{Connection, any_of};
use crate::conversations;
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::filters;
use crate::hashtags;
use crate::ids::{ActorId, AppId, EditId, PostId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::mentions;
use crate::notifications;
use crate::paged;
use crate::paging::Page;
use crate::quote_policies::QuotePolicy;
use crate::quotes;
use crate::reactions;
use crate::reports;
use crate::schema::{actors, bookmarks, follows, likes, pins, polls, post_edits, posts};
use crate::search;
use crate::time::Timestamp;
use crate::visibility::Visibility;

stored_enum! {
    /// What a post is in ActivityStreams; everything but a Note comes from elsewhere and is shown as a post.
    PostKind {
        /// A short text.
        Note = 0 "Note",
        /// A long one.
        Article = 1 "Article",
        /// A link with a title (Lemmy).
        Page = 2 "Page",
        /// A poll.
        Question = 3 "Question",
        /// A picture.
        Image = 4 "Image",
        /// A film (PeerTube).
        Video = 5 "Video",
        /// A sound (Funkwhale).
        Audio = 6 "Audio",
        /// An appointment (Mobilizon).
        Event = 7 "Event",
    }
}

/// Which tables hold something for a post: what is absent need not be asked for. A set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Integer)]
pub struct Parts(pub i32);

impl Parts {
    /// Attachments.
    pub const MEDIA: Self = Self(1);
    /// Mentions.
    pub const MENTIONS: Self = Self(2);
    /// Hashtags.
    pub const HASHTAGS: Self = Self(4);
    /// A poll.
    pub const POLL: Self = Self(8);
    /// A card: the preview of a link.
    pub const CARD: Self = Self(16);
    /// A quote of another post.
    pub const QUOTE: Self = Self(32);
    /// Emoji reactions.
    pub const REACTIONS: Self = Self(64);

    /// Links to collections of people.
    pub const COLLECTIONS: Self = Self(128);

    /// Whether `part` is there.
    pub fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    /// With `part` when `present`.
    #[must_use]
    pub fn with(self, part: Self, present: bool) -> Self {
        if present { Self(self.0 | part.0) } else { Self(self.0 & !part.0) }
    }
}

stored_bits!(Parts);

/// A post or a boost, without its source text.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = posts)]
#[allow(missing_docs)]
pub struct Post {
    pub id: PostId,
    /// The ActivityPub id; of a boost, the id of its Announce.
    pub uri: String,
    pub url: Option<String>,
    pub author_id: ActorId,
    pub local: bool,
    pub kind: PostKind,
    pub visibility: Visibility,
    /// What this row boosts; it then has no content of its own.
    pub boost_of_id: Option<PostId>,
    pub in_reply_to_id: Option<PostId>,
    pub in_reply_to_actor_id: Option<ActorId>,
    /// The parent's ActivityPub id, also while the parent is unknown here.
    pub in_reply_to_uri: Option<String>,
    /// Opaque; mirrored from the parent.
    pub conversation: Option<String>,
    /// HTML, safe to show.
    pub content: String,
    /// The content warning, or a title: plain text.
    pub summary: String,
    pub sensitive: bool,
    /// ISO 639.
    pub language: Option<String>,
    pub emojis: Option<Json<Vec<Emoji>>>,
    pub parts: Parts,
    pub app_id: Option<AppId>,
    pub replies_count: i64,
    pub boosts_count: i64,
    pub likes_count: i64,
    pub created_at: Timestamp,
    pub edited_at: Option<Timestamp>,
    pub deleted_at: Option<Timestamp>,
    pub quote_policy: QuotePolicy,
    /// Accepted quotes.
    pub quotes_count: i64,
    /// Only people of this server see it, and it never leaves.
    pub local_only: bool,
    /// When it is deleted by itself.
    pub expires_at: Option<Timestamp>,
}

impl Post {
    /// Whether everybody may see it: visitors and other servers too.
    pub fn is_open(&self) -> bool {
        self.visibility.is_open() && !self.local_only
    }

    /// The page of the post: what it says itself, else its ActivityPub id.
    pub fn page_url(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.uri)
    }

    /// The name of the conversation that the post is in.
    pub fn conversation_name(&self) -> String {
        self.conversation.clone().unwrap_or_else(|| conversation_begun_by(&self.uri))
    }

    /// Whether it answers somebody else. What is said to oneself goes on with a thread.
    pub fn answers_other(&self) -> bool {
        self.in_reply_to_uri.is_some() && self.in_reply_to_actor_id != Some(self.author_id)
    }

    /// Whether the row is a boost of another.
    pub fn is_boost(&self) -> bool {
        self.boost_of_id.is_some()
    }
}

/// The name of a conversation by the ActivityPub id of its first post.
pub(crate) fn conversation_begun_by(uri: &str) -> String {
    format!("{uri}#context")
}

/// The text as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As typed.
    pub text: String,
    /// `text/plain` or `text/markdown`.
    pub format: String,
    /// The content warning.
    pub summary: String,
}

/// A former text of a post.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable)]
#[diesel(table_name = post_edits)]
#[allow(missing_docs)]
pub struct Edit {
    pub id: EditId,
    pub post_id: PostId,
    pub content: String,
    pub summary: String,
    pub sensitive: bool,
    /// What was attached then.
    pub media: Option<Json<Vec<attachments::Snapshot>>>,
    pub emojis: Option<Json<Vec<Emoji>>>,
    /// The poll's options then.
    pub poll: Option<Json<Vec<String>>>,
    /// Since when the text stood.
    pub created_at: Timestamp,
}

/// The post with this id, also when it is a tombstone. Whether somebody may see it is [`crate::visibility::may_see`]'s to say.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: PostId) -> Result<Post> {
    posts::table.find(id).select(Post::as_select()).first(c).optional()?.ok_or(Error::NotFound("post"))
}

/// The post with this id, if `viewer` may see it.
///
/// # Errors
/// [`Error::NotFound`] also when it may not be seen: that it exists is not told.
pub fn get_visible(c: &mut Connection, viewer: Option<ActorId>, id: PostId) -> Result<Post> {
    crate::visibility::visible(c, viewer, id)?.ok_or(Error::NotFound("post"))
}

/// The posts with these ids, in no particular order; unknown ones are missing.
pub fn find_many(c: &mut Connection, ids: &[PostId]) -> Result<Vec<Post>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(posts::table.filter(any_of(posts::id, ids)).select(Post::as_select()).load(c)?)
}

/// The post or boost with this ActivityPub id, also when it is a tombstone.
pub fn by_uri(c: &mut Connection, uri: &str) -> Result<Option<Post>> {
    Ok(posts::table.filter(posts::uri.eq(uri)).select(Post::as_select()).first(c).optional()?)
}

/// The living post whose ActivityPub id or page this is.
pub fn by_uri_or_url(c: &mut Connection, address: &str) -> Result<Option<Post>> {
    if let Some(post) = by_uri(c, address)? {
        return Ok(post.deleted_at.is_none().then_some(post));
    }
    let living = posts::table.filter(posts::url.eq(address)).filter(posts::deleted_at.is_null());
    Ok(living.select(Post::as_select()).first(c).optional()?)
}

/// The posts and boosts of an author that are for everybody, newest first.
pub fn outbox(c: &mut Connection, author: ActorId, page: &Page) -> Result<Vec<Post>> {
    let open = posts::table
        .filter(posts::author_id.eq(author))
        .filter(posts::visibility.le(Visibility::Unlisted))
        .filter(posts::local_only.eq(false))
        .filter(posts::deleted_at.is_null());
    Ok(paged!(c, page, posts::id, open.select(Post::as_select())))
}

/// The ActivityPub ids of the replies to a post that are for everybody, the author's own first, then by age.
pub fn open_reply_uris(c: &mut Connection, post: &Post, limit: i64) -> Result<Vec<String>> {
    let replies = || {
        posts::table
            .filter(posts::in_reply_to_id.eq(post.id))
            .filter(posts::visibility.le(Visibility::Unlisted))
            .filter(posts::local_only.eq(false))
            .filter(posts::deleted_at.is_null())
            .order(posts::id)
            .limit(limit)
            .select(posts::uri)
    };
    let mut uris: Vec<String> = replies().filter(posts::author_id.eq(post.author_id)).load(c)?;
    if uris.len() < usize::try_from(limit).unwrap_or(0) {
        uris.extend(replies().filter(posts::author_id.ne(post.author_id)).load::<String>(c)?);
        uris.truncate(usize::try_from(limit).unwrap_or(0));
    }
    Ok(uris)
}

/// The author's own text of a post.
pub fn source(c: &mut Connection, id: PostId) -> Result<Source> {
    let (text, format, content, summary): (Option<String>, Option<String>, String, String) = posts::table
        .find(id)
        .select((posts::source, posts::source_format, posts::content, posts::summary))
        .first(c)
        .optional()?
        .ok_or(Error::NotFound("post"))?;
    Ok(Source {
        text: text.unwrap_or_else(|| crate::text::plain(&content)),
        format: format.unwrap_or_else(|| "text/plain".to_owned()),
        summary,
    })
}

/// The former texts of a post, oldest first; the present one is not among them.
pub fn edits(c: &mut Connection, id: PostId) -> Result<Vec<Edit>> {
    Ok(post_edits::table.filter(post_edits::post_id.eq(id)).order(post_edits::id).select(Edit::as_select()).load(c)?)
}

/// Keeps the present text of a post before it is replaced.
pub(crate) fn keep_edit(c: &mut Connection, post: &Post) -> Result<()> {
    let media = if post.parts.has(Parts::MEDIA) { attachments::snapshot(c, post.id)? } else { Vec::new() };
    let poll: Option<Vec<String>> = match crate::polls::of_post(c, post.id)? {
        Some(poll) => Some(poll.options.0.into_iter().map(|o| o.title).collect()),
        None => None,
    };
    diesel::insert_into(post_edits::table)
        .values((
            post_edits::id.eq(EditId::new()),
            post_edits::post_id.eq(post.id),
            post_edits::content.eq(&post.content),
            post_edits::summary.eq(&post.summary),
            post_edits::sensitive.eq(post.sensitive),
            post_edits::media.eq((!media.is_empty()).then_some(Json(media))),
            post_edits::emojis.eq(post.emojis.clone()),
            post_edits::poll.eq(poll.map(Json)),
            post_edits::created_at.eq(post.edited_at.unwrap_or(post.created_at)),
        ))
        .execute(c)?;
    Ok(())
}

/// What counts when a post or boost comes into being: the parent's replies and the author's posts.
/// A direct post counts for nobody: its existence is not told.
pub(crate) fn count_in(c: &mut Connection, post: &Post) -> Result<()> {
    count(c, post, 1)?;
    if post.visibility != Visibility::Direct {
        diesel::update(
            actors::table.find(post.author_id).filter(
                actors::last_post_at.is_null().or(actors::last_post_at.lt(post.created_at.plus_seconds(-ACTIVE_SECONDS))),
            ),
        )
        .set(actors::last_post_at.eq(Some(post.created_at)))
        .execute(c)?;
    }
    Ok(())
}

/// How exactly `last_post_at` is kept: the directory is ordered by it, and not every post shall move somebody in it.
const ACTIVE_SECONDS: i64 = 600;

fn count(c: &mut Connection, post: &Post, by: i64) -> Result<()> {
    if post.visibility == Visibility::Direct {
        return Ok(());
    }
    diesel::update(actors::table.find(post.author_id)).set(actors::posts_count.eq(actors::posts_count + by)).execute(c)?;
    if let Some(parent) = post.in_reply_to_id {
        diesel::update(posts::table.find(parent)).set(posts::replies_count.eq(posts::replies_count + by)).execute(c)?;
    }
    Ok(())
}

/// Turns a post into a tombstone: its text, pictures, likes, boosts and notifications go; its id, author and audience stay,
/// so that the deletion can be told to whoever had it. Whose right it is, is the caller's to check.
/// Gives back the remote actors who had liked, boosted or quoted it or are quoted by it (1,000 at the most): they have to hear of it too.
pub(crate) fn bury(c: &mut Connection, post: &Post) -> Result<Vec<ActorId>> {
    let now = Timestamp::now();
    let mut reached = reached_actors(c, post.id)?;
    let hashtags = hashtags::keys_of(c, post.id)?;
    let mentioned: Vec<ActorId> = mentions::of_post(c, post.id)?;
    let buried = diesel::update(posts::table.find(post.id).filter(posts::deleted_at.is_null()))
        .set((
            posts::deleted_at.eq(Some(now)),
            posts::content.eq(""),
            posts::summary.eq(""),
            posts::source.eq(None::<String>),
            posts::emojis.eq(None::<Json<Vec<Emoji>>>),
            posts::parts.eq(Parts::default().with(Parts::MENTIONS, !mentioned.is_empty())),
            posts::likes_count.eq(0),
            posts::boosts_count.eq(0),
        ))
        .execute(c)?;
    if buried == 0 {
        return Ok(Vec::new());
    }
    count(c, post, -1)?;
    reached.extend(quotes::forget_post(c, post.id)?);
    let files = attachments::forget_post(c, post.id)?;
    let files = reports::not_in_open_report(c, Some(post.id), files)?;
    if !files.is_empty() {
        jobs::enqueue(c, &Job::DeleteFiles { keys: files })?;
    }
    boosts::forget_of(c, post.id)?;
    diesel::delete(likes::table.filter(likes::post_id.eq(post.id))).execute(c)?;
    diesel::delete(bookmarks::table.filter(bookmarks::post_id.eq(post.id))).execute(c)?;
    diesel::delete(pins::table.filter(pins::post_id.eq(post.id))).execute(c)?;
    filters::forget_post(c, post.id)?;
    diesel::delete(polls::table.filter(polls::post_id.eq(post.id))).execute(c)?;
    diesel::delete(post_edits::table.filter(post_edits::post_id.eq(post.id))).execute(c)?;
    reactions::forget_post(c, post.id)?;
    hashtags::forget_post(c, post)?;
    cards::forget_post(c, post.id)?;
    notifications::forget_post(c, post.id)?;
    conversations::forget_post(c, post)?;
    search::unindex_post(c, post.id)?;
    after_commit(Event::PostDeleted {
        post: post.id,
        author: post.author_id,
        public: post.visibility == Visibility::Public && !post.is_boost(),
        local: post.local,
        hashtags,
        mentioned,
    });
    Ok(reached)
}

/// Remote actors who liked, boosted or answered a post: their servers have a copy of it.
fn reached_actors(c: &mut Connection, id: PostId) -> Result<Vec<ActorId>> {
    const MOST: i64 = 1_000;
    let mut reached: Vec<ActorId> = likes::table
        .inner_join(actors::table)
        .filter(likes::post_id.eq(id))
        .filter(actors::domain.is_not_null())
        .select(actors::id)
        .limit(MOST)
        .load(c)?;
    let answered_or_boosted = posts::table
        .inner_join(actors::table)
        .filter(posts::in_reply_to_id.eq(id).or(posts::boost_of_id.eq(id)))
        .filter(actors::domain.is_not_null());
    reached.extend(answered_or_boosted.select(actors::id).limit(MOST).load::<ActorId>(c)?);
    reached.extend(quotes::remote_quoters(c, id, MOST)?);
    reached.extend(reactions::remote_reactors(c, id, MOST)?);
    reached.sort_unstable();
    reached.dedup();
    reached.truncate(1_000);
    Ok(reached)
}

/// Whether any remote actor follows `author`: whether a post has to leave at all.
pub(crate) fn has_remote_followers(c: &mut Connection, author: ActorId) -> Result<bool> {
    let follower = actors::table.on(actors::id.eq(follows::actor_id));
    let remote = follows::table.inner_join(follower).filter(follows::target_id.eq(author)).filter(actors::domain.is_not_null());
    Ok(diesel::select(diesel::dsl::exists(remote)).get_result(c)?)
}
