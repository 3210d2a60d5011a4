//! Quotes (FEP-044f): which post quotes which, whether the quoted author has agreed, and what a reader is shown of it.
//! Whoever may quote at once is accepted with the post; a remote author is asked. Nothing is shown before it has agreed, and
//! no longer than it agrees.

mod received;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::actors;
use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, cols, written};
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::ids::{ActorId, PostId, QuoteId};
use crate::jobs::{self, Change, Job};
use crate::mentions;
use crate::notifications::{self, Notice, NotificationKind};
use crate::posts::{self, Post};
use crate::quote_policies::{self, Approval};
use crate::schema::{actors as people, posts as rows, quotes};
use crate::site::Site;
use crate::text::{self, Format};
use crate::time::Timestamp;
use crate::visibility::{self, Visibility, addressed, server_unblocked, unmuted};

pub(crate) use received::{adopt, receive};
pub use received::{found, receive_accept, receive_reject, receive_request, receive_revocation, refused, unverified, verified};

stored_enum! {
    /// What has become of a quote (Mastodon's words).
    QuoteState {
        /// The quoted author has not answered yet.
        Pending = 0 "pending",
        /// It has agreed.
        Accepted = 1 "accepted",
        /// It has refused.
        Rejected = 2 "rejected",
        /// It had agreed and does so no longer.
        Revoked = 3 "revoked",
    }
}

/// A quote as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = quotes)]
#[allow(missing_docs)]
pub struct Quote {
    pub id: QuoteId,
    /// The quoting post.
    pub post_id: PostId,
    /// Its author.
    pub author_id: ActorId,
    /// The ActivityPub id of what is quoted.
    pub quoted_uri: String,
    /// What is quoted, once it is here.
    pub quoted_id: Option<PostId>,
    pub quoted_author_id: Option<ActorId>,
    pub state: QuoteState,
    /// By a name that asks nobody (Misskey, Pleroma): shown when the author quotes itself, a link otherwise.
    pub legacy: bool,
    /// The id of the `QuoteRequest`.
    pub request_uri: Option<String>,
    /// The id of a remote author's stamp.
    pub stamp_uri: Option<String>,
    pub created_at: Timestamp,
}

impl Quote {
    /// Whether it is shown as a quote at all.
    pub fn is_told(&self) -> bool {
        self.state == QuoteState::Accepted || !self.legacy
    }

    /// The id of the stamp that proves it: a remote author's, or the one of `quoted_author` here. Nobody needs one for itself.
    pub fn stamp(&self, site: &Site, quoted_author: &actors::Actor) -> Option<String> {
        if self.state != QuoteState::Accepted || self.quoted_author_id == Some(self.author_id) {
            return None;
        }
        if quoted_author.is_local() {
            Some(site.quote_stamp_uri(&quoted_author.username, self.id))
        } else {
            self.stamp_uri.clone()
        }
    }
}

/// What a post of another server says that it quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteQuote {
    /// The ActivityPub id of what is quoted.
    pub uri: String,
    /// The stamp that it names; not verified.
    pub stamp: Option<String>,
    /// Whether it is named as before FEP-044f.
    pub legacy: bool,
}

/// The quote with this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: QuoteId) -> Result<Quote> {
    quotes::table.find(id).select(cols::<Quote>()).first(c).optional()?.ok_or(Error::NotFound("quote"))
}

/// What a post quotes.
pub fn of_post(c: &mut Connection, post: PostId) -> Result<Option<Quote>> {
    Ok(quotes::table.filter(quotes::post_id.eq(post)).select(cols::<Quote>()).first(c).optional()?)
}

/// What these posts quote; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<Quote>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(quotes::table.filter(any_of(quotes::post_id, posts)).select(cols::<Quote>()).load(c)?)
}

/// The quote for which a local author asked by this `QuoteRequest`.
pub fn by_request(c: &mut Connection, uri: &str) -> Result<Option<Quote>> {
    Ok(quotes::table.filter(quotes::request_uri.eq(uri)).select(cols::<Quote>()).first(c).optional()?)
}

/// Those whom an edit or a deletion of a post concerns: whom it quotes, and who quotes it with leave (1,000 at the most).
pub fn concerned(c: &mut Connection, post: &Post) -> Result<Vec<ActorId>> {
    let mut found: Vec<ActorId> = quoted_author(c, post)?.into_iter().collect();
    if post.quotes_count > 0 {
        let quoters = quotes::table.filter(quotes::quoted_id.eq(post.id)).filter(quotes::state.eq(QuoteState::Accepted));
        found.extend(quoters.select(quotes::author_id).limit(1_000).load::<ActorId>(c)?);
    }
    Ok(found)
}

/// Whom a post quotes.
pub(crate) fn quoted_author(c: &mut Connection, post: &Post) -> Result<Option<ActorId>> {
    if !post.parts.has(posts::Parts::QUOTE) {
        return Ok(None);
    }
    Ok(of_post(c, post.id)?.and_then(|quote| quote.quoted_author_id))
}

/// Remote actors who quote a post, in whatever state.
pub(crate) fn remote_quoters(c: &mut Connection, post: PostId, limit: i64) -> Result<Vec<ActorId>> {
    let author = people::table.on(people::id.eq(quotes::author_id));
    let remote = quotes::table.inner_join(author).filter(quotes::quoted_id.eq(post)).filter(people::domain.is_not_null());
    Ok(remote.select(people::id).limit(limit).load(c)?)
}

/// The post that `author` wants to quote, if it may see and quote it. A boost stands for what it boosts.
///
/// # Errors
/// [`Error::NotFound`] otherwise, as Mastodon answers: neither is told apart.
pub(crate) fn quotable(c: &mut Connection, author: ActorId, id: PostId) -> Result<Post> {
    let post = posts::get(c, id)?;
    let post = match post.boost_of_id {
        Some(id) => posts::get(c, id)?,
        None => post,
    };
    let allowed = visibility::may_see(c, Some(author), &post)?
        && matches!(quote_policies::approval(c, author, &post)?, Approval::Automatic | Approval::Manual);
    if allowed { Ok(post) } else { Err(Error::NotFound("post to quote")) }
}

/// Refuses a quote that stays here of somebody elsewhere: to ask for its leave is to send the post away.
pub(crate) fn check_askable(quoted: &Post, author: ActorId, local_only: bool) -> Result<()> {
    if local_only && !quoted.local && quoted.author_id != author {
        let message = "cannot quote somebody of another server in a post that stays on this one";
        return Err(Error::invalid("quoted_status_id", Flaw::Invalid, message));
    }
    Ok(())
}

/// The audience of a post that quotes `quoted`: what is for followers is quoted for them at the most, and a letter quotes
/// only those to whom it goes.
///
/// # Errors
/// [`Error::Invalid`] for a letter that does not mention the quoted author.
pub(crate) fn audience(quoted: &Post, author: ActorId, wanted: Visibility, mentioned: &[ActorId]) -> Result<Visibility> {
    if wanted == Visibility::Direct && quoted.author_id != author && !mentioned.contains(&quoted.author_id) {
        let message = "cannot quote somebody in a private mention that does not mention it";
        return Err(Error::invalid("quoted_status_id", Flaw::Invalid, message));
    }
    Ok(if quoted.visibility == Visibility::Private { wanted.narrower(Visibility::Private) } else { wanted })
}

/// A local post quotes: accepted at once when the quoted author is here, asked for when it is elsewhere. The quoted author
/// may see the quoting post from now on, since it answers for it.
pub(crate) fn begin(c: &mut Connection, site: &Site, post: &Post, quoted: &Post) -> Result<()> {
    let author = actors::get(c, post.author_id)?;
    let (own, id) = (quoted.author_id == post.author_id, QuoteId::new());
    let state = if own || quoted.local { QuoteState::Accepted } else { QuoteState::Pending };
    let quote = Quote {
        id,
        post_id: post.id,
        author_id: post.author_id,
        quoted_uri: quoted.uri.clone(),
        quoted_id: Some(quoted.id),
        quoted_author_id: Some(quoted.author_id),
        state,
        legacy: false,
        request_uri: (state == QuoteState::Pending).then(|| site.quote_request_uri(&author.username, id)),
        stamp_uri: None,
        created_at: Timestamp::now(),
    };
    insert(c, &quote)?;
    if !own {
        mentions::add(c, post.id, &[quoted.author_id], true)?;
    }
    if state == QuoteState::Accepted {
        notifications::notify(c, notice(&quote, quoted))?;
    } else {
        jobs::enqueue(c, &Job::Federate { change: Change::QuoteRequested { quote: id } })?;
    }
    Ok(())
}

/// The author of `quoted`, a local person, takes it out of a post that quotes it, for good. Gives back the quoting post.
///
/// # Errors
/// [`Error::NotFound`] when `quoting` does not quote it; [`Error::Forbidden`] when the post is not the person's.
pub fn revoke(c: &mut Connection, person: ActorId, quoted: PostId, quoting: PostId) -> Result<Post> {
    let mut quote = of_post(c, quoting)?.filter(|quote| quote.quoted_id == Some(quoted)).ok_or(Error::NotFound("quote"))?;
    if quote.quoted_author_id != Some(person) {
        return Err(Error::Forbidden("This action is not allowed"));
    }
    let post = posts::get(c, quoting)?;
    if quote.state != QuoteState::Revoked {
        set_state(c, &mut quote, QuoteState::Revoked)?;
        let quoted = posts::get(c, quoted)?;
        notifications::withdraw(c, notice(&quote, &quoted))?;
        if quote.author_id != person && !post.local_only {
            jobs::enqueue(c, &Job::Federate { change: Change::QuoteRevoked { quote: quote.id } })?;
        }
        if post.local && !post.local_only {
            jobs::enqueue(c, &Job::Federate { change: Change::Edited { post: quoting } })?;
        }
    }
    Ok(post)
}

/// A post is deleted: what it quoted is quoted less. Gives back the remote author who had been quoted.
pub(crate) fn forget_post(c: &mut Connection, post: PostId) -> Result<Option<ActorId>> {
    let Some(quote) = of_post(c, post)? else { return Ok(None) };
    remove(c, &quote)?;
    match quote.quoted_author_id {
        Some(author) => Ok(Some(actors::get(c, author)?).filter(|a| !a.is_local()).map(|a| a.id)),
        None => Ok(None),
    }
}

/// Tells the local people who quote a post that it has a new text.
pub(crate) fn tell_quoters(c: &mut Connection, post: &Post) -> Result<()> {
    if post.quotes_count == 0 {
        return Ok(());
    }
    let author = people::table.on(people::id.eq(quotes::author_id));
    let local: Vec<(ActorId, PostId)> = quotes::table
        .inner_join(author)
        .filter(quotes::quoted_id.eq(post.id))
        .filter(quotes::state.eq(QuoteState::Accepted))
        .filter(people::domain.is_null())
        .select((quotes::author_id, quotes::post_id))
        .load(c)?;
    for (recipient, quoting) in local {
        let kind = NotificationKind::QuotedUpdate;
        notifications::notify(c, Notice { recipient, kind, actor: post.author_id, post: Some(quoting) })?;
    }
    Ok(())
}

/// The text of a post with a link to what it quotes in front, for whoever does not show quotes; as it is when it links there
/// already. Apps that do show quotes hide what has this class.
pub fn with_link(content: &str, quoted: &Post) -> String {
    let mut escaped = String::new();
    for address in [quoted.page_url(), &quoted.uri] {
        escaped.clear();
        text::escape_attribute(&mut escaped, address);
        if content.contains(&format!("\"{escaped}\"")) {
            return content.to_owned();
        }
    }
    let link = text::render(quoted.page_url(), Format::Plain, &text::Resolved::default());
    match link.strip_prefix("<p>") {
        Some(rest) => format!("<p class=\"quote-inline\">RE: {rest}{content}"),
        None => content.to_owned(),
    }
}

/// What these posts quote, with what they name if it is here (deleted or not). Two queries, and none when none quotes.
pub fn made_by<'p>(c: &mut Connection, posts: impl Iterator<Item = &'p Post>) -> Result<HashMap<PostId, (Quote, Option<Post>)>> {
    let quoting: Vec<PostId> = posts.filter(|post| post.parts.has(posts::Parts::QUOTE)).map(|post| post.id).collect();
    let quotes = of_posts(c, &quoting)?;
    let quoted = posts::find_many(c, &quotes.iter().filter_map(|quote| quote.quoted_id).collect::<Vec<_>>())?;
    let named = |quote: &Quote| quoted.iter().find(|quoted| Some(quoted.id) == quote.quoted_id).cloned();
    Ok(quotes.into_iter().map(|quote| (quote.post_id, (quote.clone(), named(&quote)))).collect())
}

/// The texts of those of these posts that quote something and are ours, [`with_link`] to what [`made_by`] found.
pub fn linked<'p>(
    posts: impl Iterator<Item = &'p Post>,
    made: &HashMap<PostId, (Quote, Option<Post>)>,
) -> HashMap<PostId, String> {
    posts
        .filter(|post| post.local)
        .filter_map(|post| Some((post.id, with_link(&post.content, made.get(&post.id)?.1.as_ref()?))))
        .collect()
}

fn insert(c: &mut Connection, quote: &Quote) -> Result<()> {
    diesel::insert_into(quotes::table)
        .values((
            quotes::id.eq(quote.id),
            quotes::post_id.eq(quote.post_id),
            quotes::author_id.eq(quote.author_id),
            quotes::quoted_uri.eq(&quote.quoted_uri),
            quotes::quoted_id.eq(quote.quoted_id),
            quotes::quoted_author_id.eq(quote.quoted_author_id),
            quotes::state.eq(quote.state),
            quotes::legacy.eq(quote.legacy),
            quotes::request_uri.eq(&quote.request_uri),
            quotes::stamp_uri.eq(&quote.stamp_uri),
            quotes::created_at.eq(quote.created_at),
        ))
        .execute(c)?;
    if quote.state == QuoteState::Accepted { count(c, quote, 1) } else { Ok(()) }
}

fn remove(c: &mut Connection, quote: &Quote) -> Result<()> {
    diesel::delete(quotes::table.find(quote.id)).execute(c)?;
    if quote.state == QuoteState::Accepted { count(c, quote, -1) } else { Ok(()) }
}

fn turn_down(c: &mut Connection, quote: &mut Quote) -> Result<()> {
    match quote.state {
        QuoteState::Accepted => set_state(c, quote, QuoteState::Revoked),
        QuoteState::Pending => set_state(c, quote, QuoteState::Rejected),
        QuoteState::Rejected | QuoteState::Revoked => Ok(()),
    }
}

/// Everybody who has the quoting post on the screen is shown what has become of it.
fn set_state(c: &mut Connection, quote: &mut Quote, state: QuoteState) -> Result<()> {
    if quote.state == state {
        return Ok(());
    }
    diesel::update(quotes::table.find(quote.id)).set(quotes::state.eq(state)).execute(c)?;
    let was = std::mem::replace(&mut quote.state, state);
    if state == QuoteState::Accepted {
        count(c, quote, 1)?;
    } else if was == QuoteState::Accepted {
        count(c, quote, -1)?;
    }
    after_commit(Event::PostEdited(quote.post_id));
    Ok(())
}

fn count(c: &mut Connection, quote: &Quote, by: i64) -> Result<()> {
    if let Some(quoted) = quote.quoted_id {
        diesel::update(rows::table.find(quoted)).set(rows::quotes_count.eq(rows::quotes_count + by)).execute(c)?;
    }
    Ok(())
}

fn notice(quote: &Quote, quoted: &Post) -> Notice {
    Notice { recipient: quoted.author_id, kind: NotificationKind::Quote, actor: quote.author_id, post: Some(quote.post_id) }
}

/// What keeps a reader from seeing a quoted post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Nothing.
    Plainly,
    /// It is not for the reader.
    Unauthorized,
    /// It was deleted.
    Deleted,
    /// The reader blocks its author: shown when asked for.
    BlockedAccount,
    /// The reader blocks its author's server: shown when asked for.
    BlockedDomain,
    /// The reader mutes its author: shown when asked for.
    MutedAccount,
}

impl Shown {
    fn of(number: i64) -> Self {
        match number {
            0 => Self::Plainly,
            1 => Self::Unauthorized,
            2 => Self::Deleted,
            3 => Self::BlockedAccount,
            4 => Self::BlockedDomain,
            _ => Self::MutedAccount,
        }
    }
}

/// What keeps `viewer` (0: somebody who is not logged in) from seeing the row `posts` with the author `a`, as a number.
fn shown_case(viewer: &str) -> String {
    format!(
        "CAST(CASE WHEN posts.deleted_at IS NOT NULL THEN 2 WHEN posts.author_id = {viewer} THEN 0 \
         WHEN NOT ({}) THEN 1 \
         WHEN EXISTS (SELECT 1 FROM blocks b WHERE b.actor_id = posts.author_id AND b.target_id = {viewer}) THEN 1 \
         WHEN EXISTS (SELECT 1 FROM blocks b WHERE b.actor_id = {viewer} AND b.target_id = posts.author_id) THEN 3 \
         WHEN NOT ({}) THEN 4 WHEN {} THEN 0 ELSE 5 END AS BIGINT)",
        addressed(viewer, "posts", "a"),
        server_unblocked(viewer, "a"),
        unmuted(viewer, "posts.author_id"),
    )
}

/// What keeps `viewer` from seeing each of these quoted posts. One query.
pub fn shown(c: &mut Connection, viewer: Option<ActorId>, posts: &[PostId]) -> Result<HashMap<PostId, Shown>> {
    static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        format!(
            "SELECT posts.id, {} FROM :posts AS i CROSS JOIN posts CROSS JOIN actors a \
             WHERE posts.id = i.id AND a.id = posts.author_id",
            shown_case(":viewer")
        )
    });
    if posts.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(PostId, i64)> = written::<(BigInt, BigInt)>(SQL.as_str())
        .numbers("posts", posts)
        .number("viewer", viewer.map_or(0, |viewer| viewer.0))
        .number("now", Timestamp::now().millis())
        .load(c)?;
    Ok(rows.into_iter().map(|(post, number)| (post, Shown::of(number))).collect())
}

/// What keeps each of `readers` from seeing one quoted post. One query.
pub fn shown_to(c: &mut Connection, readers: &[ActorId], post: PostId) -> Result<HashMap<ActorId, Shown>> {
    static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        format!(
            "SELECT v.id, {} FROM :readers AS v CROSS JOIN posts CROSS JOIN actors a \
             WHERE posts.id = :post AND a.id = posts.author_id",
            shown_case("v.id")
        )
    });
    if readers.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(ActorId, i64)> = written::<(BigInt, BigInt)>(SQL.as_str())
        .numbers("readers", readers)
        .number("post", post)
        .number("now", Timestamp::now().millis())
        .load(c)?;
    Ok(rows.into_iter().map(|(reader, number)| (reader, Shown::of(number))).collect())
}
