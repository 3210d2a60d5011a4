//! Status: a post or a boost, with everything that an app shows of it. [`Status::build_many`] makes a whole page in a fixed
//! number of queries, and leaves out those whose tables hold nothing for the page.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use majlis_local::filters::active::{Active, active};
use majlis_local::hashtags::Hashtag;
use majlis_local::ids::{ActorId, AppId, PostId};
use majlis_local::marks::Marks;
use majlis_local::mentions::Named;
use majlis_local::posts::{Parts, Post};
use majlis_local::quote_policies::{self, Approval};
use majlis_local::quotes::{self, Shown};
use majlis_local::text;
use majlis_local::text::matching::Folded;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Result, Site, Timestamp};
use majlis_local::{apps, attachments, cards, collections, hashtags, marks, mentions, polls, posts, reactions};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::quote::Quoted;
use super::{
    Account, Card, Collection, CustomEmoji, FilterResult, MediaAttachment, PleromaStatus, Poll, Quote, QuoteApproval, Reading,
    StatusReaction,
};

/// Mastodon's Status.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Status {
    pub id: PostId,
    pub created_at: Timestamp,
    pub in_reply_to_id: Option<PostId>,
    pub in_reply_to_account_id: Option<ActorId>,
    pub sensitive: bool,
    /// The content warning: plain text.
    pub spoiler_text: String,
    pub visibility: Visibility,
    /// Only this server's people see it, as in GoToSocial and Hometown; left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub local_only: bool,
    /// When it is deleted by itself; left out when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub language: Option<String>,
    pub uri: String,
    pub url: String,
    pub replies_count: i64,
    pub reblogs_count: i64,
    pub favourites_count: i64,
    pub quotes_count: i64,
    pub edited_at: Option<Timestamp>,
    /// This and the following are left out when nobody is logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub favourited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reblogged: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bookmarked: Option<bool>,
    /// Only for the author, of what can be pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// The viewer's filters that match: it is for the app to hide what they are meant to hide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtered: Option<Vec<FilterResult>>,
    /// HTML; empty on a boost, whose text is in `reblog`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// As typed, instead of `content`: only in the answer to a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub reblog: Option<Box<Status>>,
    /// The app it was written with; local statuses only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<Option<Application>>,
    pub account: Arc<Account>,
    pub media_attachments: Vec<MediaAttachment>,
    pub mentions: Vec<Mention>,
    pub tags: Vec<ShallowTag>,
    pub emojis: Vec<CustomEmoji>,
    /// What the page says that the status links to; `null` until it has been read.
    pub card: Option<Card>,
    pub poll: Option<Poll>,
    pub quote: Option<Quote>,
    pub quote_approval: QuoteApproval,
    pub tagged_collections: Vec<Collection>,
    /// As glitch-soc tells them.
    pub reactions: Vec<StatusReaction>,
    /// The same as Pleroma tells them.
    pub pleroma: PleromaStatus,
}

/// The app with which a status was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Application {
    pub name: String,
    pub website: Option<String>,
}

/// Somebody whom a status mentions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Mention {
    pub id: ActorId,
    pub username: String,
    pub url: String,
    pub acct: String,
}

/// A hashtag of a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct ShallowTag {
    pub name: String,
    pub url: String,
}

/// The page of a hashtag.
pub fn tag_url(site: &Site, name: &str) -> String {
    site.tag_url(&in_path(name))
}

/// A name as a part of a path.
pub fn in_path(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

impl Status {
    /// The entities of these posts and boosts, in their order, as `viewer` sees them. Whether the viewer may see them is the
    /// caller's to know; a boost whose original is gone is left out.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, viewer: Option<ActorId>, posts: &[Post]) -> Result<Vec<Self>> {
        let batch = Batch::load(c, site, viewer, posts)?;
        Ok(posts.iter().filter_map(|post| batch.status(post, true)).collect())
    }

    /// The entity of one post or boost.
    ///
    /// # Errors
    /// [`majlis_local::Error::NotFound`] for a boost whose original is gone; the database's.
    pub fn build(c: &mut Connection, site: &Site, viewer: Option<ActorId>, post: &Post) -> Result<Self> {
        let statuses = Self::build_many(c, site, viewer, std::slice::from_ref(post))?;
        statuses.into_iter().next().ok_or(majlis_local::Error::NotFound("post"))
    }

    /// The same status for somebody else, who reads it, or what it boosts, so, and whose filters match as `matched` says.
    #[must_use]
    pub fn for_reader(&self, reader: ActorId, reading: &Reading, matched: &Matched) -> Self {
        let mut status = self.clone();
        let own = status.account.id == reader;
        let shown = match status.reblog.take() {
            Some(original) => {
                status.reblog = Some(Box::new(original.for_reader(reader, reading, matched)));
                status.mark(Marks::default(), own);
                status.filtered = Some(matched.status.clone());
                return status;
            }
            None => &mut status,
        };
        shown.mark(reading.marks, own);
        shown.filtered = Some(matched.status.clone());
        if let Some(poll) = &mut shown.poll {
            poll.voted = Some(own || !reading.votes.is_empty());
            poll.own_votes = Some(reading.votes.clone());
        }
        shown.quote_approval.current_user = reading.approval;
        if let Some(card) = &mut shown.card {
            card.missing_attribution = Some(reading.claimed);
        }
        for reaction in shown.reactions.iter_mut().chain(&mut shown.pleroma.emoji_reactions) {
            reaction.me = reading.reactions.contains(&reaction.name);
        }
        if let (Some(quote), Some(reading)) = (&mut shown.quote, &reading.quote) {
            reading.apply(quote, reader, &matched.quoted);
        }
        status
    }

    /// The same status for somebody who is logged in and has done this with it.
    pub fn mark(&mut self, marks: Marks, own: bool) {
        self.favourited = Some(marks.liked);
        self.reblogged = Some(marks.boosted);
        self.bookmarked = Some(marks.bookmarked);
        self.muted = Some(marks.muted);
        self.filtered = Some(Vec::new());
        self.pinned = (own && self.reblog.is_none() && self.visibility != Visibility::Direct).then_some(marks.pinned);
    }

    /// Those of a reader's filters that match the status, or what it boosts. `words` keeps what is read in it for the next
    /// reader.
    pub fn matching(&self, filters: &Active, words: &OnceCell<Folded>) -> Vec<FilterResult> {
        let shown = self.reblog.as_deref().unwrap_or(self);
        let ids = if self.reblog.is_some() { vec![self.id, shown.id] } else { vec![self.id] };
        let matches = filters.matches(&ids, || words.get_or_init(|| shown.words()));
        matches.into_iter().map(FilterResult::from).collect()
    }

    /// Those of a reader's filters that match the status, and those that match what it quotes.
    pub fn matched(&self, filters: &Active, words: &Words) -> Matched {
        let shown = self.reblog.as_deref().unwrap_or(self);
        let quoted = match shown.quote.as_ref().and_then(Quote::status) {
            Some(quoted) => quoted.matching(filters, &words.quoted),
            None => Vec::new(),
        };
        Matched { status: self.matching(filters, &words.status), quoted }
    }

    /// What is read in the status: its warning, its text, the options of its poll, what its pictures show.
    fn words(&self) -> Folded {
        let mut words = self.spoiler_text.clone();
        let options = self.poll.iter().flat_map(|poll| &poll.options).map(|option| option.title.as_str());
        let descriptions = self.media_attachments.iter().filter_map(|media| media.description.as_deref());
        let content = text::plain(self.content.as_deref().unwrap_or_default());
        for part in std::iter::once(content.as_str()).chain(options).chain(descriptions) {
            words.push('\n');
            words.push_str(part);
        }
        Folded::new(&words)
    }
}

/// Those of a reader's filters that match a status, and what it quotes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Matched {
    /// Those that match the status, or what it boosts.
    pub status: Vec<FilterResult>,
    /// Those that match what it quotes.
    pub quoted: Vec<FilterResult>,
}

impl Matched {
    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.status.is_empty() && self.quoted.is_empty()
    }
}

/// What is read in a status and in what it quotes, kept for the next reader.
#[derive(Debug, Default)]
pub struct Words {
    status: OnceCell<Folded>,
    quoted: OnceCell<Folded>,
}

/// Everything that the statuses of one page need.
struct Batch<'a> {
    site: &'a Site,
    viewer: Option<ActorId>,
    originals: HashMap<PostId, Post>,
    accounts: HashMap<ActorId, Arc<Account>>,
    media: HashMap<PostId, Vec<MediaAttachment>>,
    mentions: HashMap<PostId, Vec<Mention>>,
    tags: HashMap<PostId, Vec<ShallowTag>>,
    cards: HashMap<PostId, Card>,
    polls: HashMap<PostId, polls::Poll>,
    collections: HashMap<PostId, Vec<Collection>>,
    own_votes: HashMap<PostId, Vec<i32>>,
    apps: HashMap<AppId, Application>,
    marks: HashMap<PostId, Marks>,
    filters: Arc<Active>,
    /// By the quoting post.
    quotes: HashMap<PostId, quotes::Quote>,
    /// Quoted posts, and those that they quote.
    quoted: HashMap<PostId, Post>,
    shown: HashMap<PostId, Shown>,
    approvals: HashMap<PostId, Approval>,
    reactions: HashMap<PostId, Vec<StatusReaction>>,
}

impl<'a> Batch<'a> {
    fn load(c: &mut Connection, site: &'a Site, viewer: Option<ActorId>, page: &[Post]) -> Result<Self> {
        let boosted: Vec<PostId> = distinct(page.iter().filter_map(|post| post.boost_of_id));
        let originals: HashMap<PostId, Post> = posts::find_many(c, &boosted)?.into_iter().map(|post| (post.id, post)).collect();
        let mut quotes = by_post(quotes::of_posts(c, &quoting(page.iter().chain(originals.values())))?);
        let mut quoted = by_id(posts::find_many(c, &distinct(quotes.values().filter_map(|quote| quote.quoted_id)))?);
        let all: Vec<&Post> = distinct_posts(page.iter().chain(originals.values()).chain(quoted.values()));
        let with = |part: Parts| -> Vec<PostId> { distinct(all.iter().filter(|post| post.parts.has(part)).map(|post| post.id)) };
        let cards = cards::of_posts(c, &with(Parts::CARD))?;
        let authors = cards.iter().filter_map(|(_, _, card)| card.author_id);
        let accounts = Account::load_many(c, site, &distinct(all.iter().map(|post| post.author_id).chain(authors)))?;
        let cards =
            cards.iter().map(|(post, url, card)| (*post, Card::new(site, card, url, &accounts).read_by(viewer))).collect();
        let media = grouped(attachments::of_posts(c, &with(Parts::MEDIA))?, |attachment| {
            attachment.post_id.map(|post| (post, MediaAttachment::new(site, attachment)))
        });
        let mentions = grouped(mentions::named(c, &with(Parts::MENTIONS))?, |(post, named)| Some((*post, Mention::new(named))));
        let tags =
            grouped(hashtags::of_posts(c, &with(Parts::HASHTAGS))?, |(post, tag)| Some((*post, ShallowTag::new(site, tag))));
        let with_poll = with(Parts::POLL);
        let polls: HashMap<PostId, polls::Poll> =
            polls::of_posts(c, &with_poll)?.into_iter().map(|poll| (poll.post_id, poll)).collect();
        let collections = linked(c, site, viewer, &with(Parts::COLLECTIONS))?;
        let apps = apps::find_many(c, &distinct(all.iter().filter_map(|post| post.app_id)))?
            .into_iter()
            .map(|app| (app.id, Application { name: app.name, website: app.website }))
            .collect();
        let (mut own_votes, mut marked, mut filters) = (HashMap::new(), HashMap::new(), Arc::default());
        if let Some(viewer) = viewer {
            own_votes = grouped(polls::own_votes(c, viewer, &with_poll)?, |vote| Some(*vote));
            marked = marks::of(c, viewer, &distinct(all.iter().map(|post| post.id)))?;
            filters = active(c, viewer)?;
        }
        let mut reactions: HashMap<PostId, Vec<StatusReaction>> = HashMap::new();
        for tally in reactions::tallies(c, viewer, &with(Parts::REACTIONS))? {
            reactions.entry(tally.post).or_default().push(StatusReaction::new(site, tally));
        }
        let approvals = match viewer {
            Some(viewer) => quote_policies::of(c, viewer, &all)?,
            None => HashMap::new(),
        };
        let nested = quotes::of_posts(c, &quoting(quoted.values()))?;
        let deeper: Vec<PostId> = distinct(nested.iter().filter_map(|quote| quote.quoted_id));
        quotes.extend(by_post(nested));
        quoted.extend(by_id(posts::find_many(c, &deeper)?));
        let shown = quotes::shown(c, viewer, &distinct(quotes.values().filter_map(|quote| quote.quoted_id)))?;
        Ok(Self {
            site,
            viewer,
            originals,
            accounts,
            media,
            mentions,
            tags,
            cards,
            polls,
            collections,
            own_votes,
            apps,
            marks: marked,
            filters,
            quotes,
            quoted,
            shown,
            approvals,
            reactions,
        })
    }

    /// What a post quotes: whole, or within a quoted post (`!whole`) by its id.
    fn quote(&self, post: &Post, whole: bool) -> Option<Quote> {
        let quote = self.quotes.get(&post.id).filter(|quote| quote.is_told())?;
        let there = quote.quoted_id.and_then(|id| self.quoted.get(&id)).filter(|quoted| quoted.deleted_at.is_none());
        let quoted = if whole {
            Quoted::Status(there.and_then(|quoted| self.status(quoted, false)).map(Box::new))
        } else {
            Quoted::Id(there.map(|quoted| quoted.id))
        };
        let shown = quote.quoted_id.and_then(|id| self.shown.get(&id)).copied().unwrap_or(Shown::Deleted);
        Some(Quote::new(quote.state, shown, quoted))
    }

    /// The text of a post. Ours link to what they quote, as Mastodon's do; others' servers do that themselves.
    fn content(&self, post: &Post) -> String {
        let quoted = self.quotes.get(&post.id).and_then(|quote| quote.quoted_id).and_then(|id| self.quoted.get(&id));
        match quoted.filter(|_| post.local) {
            Some(quoted) => quotes::with_link(&post.content, quoted),
            None => post.content.clone(),
        }
    }

    /// `whole`: what it quotes is built too.
    fn status(&self, post: &Post, whole: bool) -> Option<Status> {
        let reblog = match post.boost_of_id {
            Some(id) => Some(Box::new(self.status(self.originals.get(&id).filter(|original| !original.is_boost())?, whole)?)),
            None => None,
        };
        let emojis = post.emojis.as_ref().map_or_else(Vec::new, |emojis| CustomEmoji::of_text(self.site, emojis));
        let own = self.viewer == Some(post.author_id);
        let reactions = self.reactions.get(&post.id).cloned().unwrap_or_default();
        let poll = self.polls.get(&post.id).map(|poll| {
            let own_votes = self.viewer.map(|_| self.own_votes.get(&post.id).cloned().unwrap_or_default());
            Poll::new(poll, emojis.clone(), own_votes, own)
        });
        let mut status = Status {
            id: post.id,
            created_at: post.created_at,
            in_reply_to_id: post.in_reply_to_id,
            in_reply_to_account_id: post.in_reply_to_actor_id,
            sensitive: post.sensitive,
            spoiler_text: post.summary.clone(),
            visibility: post.visibility,
            local_only: post.local_only,
            expires_at: post.expires_at,
            language: post.language.clone(),
            uri: post.uri.clone(),
            url: post.page_url().to_owned(),
            replies_count: post.replies_count.max(0),
            reblogs_count: post.boosts_count.max(0),
            favourites_count: post.likes_count.max(0),
            quotes_count: post.quotes_count.max(0),
            edited_at: post.edited_at,
            favourited: None,
            reblogged: None,
            muted: None,
            bookmarked: None,
            pinned: None,
            filtered: None,
            content: Some(self.content(post)),
            text: None,
            reblog,
            application: post.local.then(|| post.app_id.and_then(|app| self.apps.get(&app)).cloned()),
            account: self.accounts.get(&post.author_id)?.clone(),
            media_attachments: self.media.get(&post.id).cloned().unwrap_or_default(),
            mentions: self.mentions.get(&post.id).cloned().unwrap_or_default(),
            tags: self.tags.get(&post.id).cloned().unwrap_or_default(),
            emojis,
            card: self.cards.get(&post.id).cloned(),
            poll,
            quote: self.quote(post, whole),
            quote_approval: QuoteApproval::new(
                post.quote_policy,
                self.approvals.get(&post.id).copied().unwrap_or(Approval::Denied),
            ),
            tagged_collections: self.collections.get(&post.id).cloned().unwrap_or_default(),
            pleroma: PleromaStatus { emoji_reactions: reactions.clone() },
            reactions,
        };
        if self.viewer.is_some() {
            status.mark(self.marks.get(&post.id).copied().unwrap_or_default(), own);
            status.filtered = Some(status.matching(&self.filters, &OnceCell::new()));
        }
        Some(status)
    }
}

impl Mention {
    fn new(named: &Named) -> Self {
        let acct = match &named.domain {
            Some(domain) => format!("{}@{domain}", named.username),
            None => named.username.clone(),
        };
        let url = named.url.as_ref().unwrap_or(&named.uri).clone();
        Self { id: named.id, username: named.username.clone(), url, acct }
    }
}

impl ShallowTag {
    /// A hashtag as somebody wrote it.
    pub(crate) fn named(site: &Site, name: &str) -> Self {
        Self { name: name.to_owned(), url: tag_url(site, name) }
    }

    fn new(site: &Site, tag: &Hashtag) -> Self {
        Self { name: tag.name.clone(), url: tag_url(site, &tag.name) }
    }
}

/// The collections to which posts link. No query when none does.
fn linked(
    c: &mut Connection,
    site: &Site,
    viewer: Option<ActorId>,
    posts: &[PostId],
) -> Result<HashMap<PostId, Vec<Collection>>> {
    let (ids, rows): (Vec<PostId>, Vec<collections::Collection>) = collections::of_posts(c, posts)?.into_iter().unzip();
    let mut linked: HashMap<PostId, Vec<Collection>> = HashMap::new();
    for (post, collection) in ids.into_iter().zip(Collection::build_many(c, site, viewer, &rows)?) {
        linked.entry(post).or_default().push(collection);
    }
    Ok(linked)
}

fn distinct<T: Copy + Eq + std::hash::Hash>(ids: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(*id)).collect()
}

fn distinct_posts<'p>(posts: impl Iterator<Item = &'p Post>) -> Vec<&'p Post> {
    let mut seen = HashSet::new();
    posts.filter(|post| seen.insert(post.id)).collect()
}

fn quoting<'p>(posts: impl Iterator<Item = &'p Post>) -> Vec<PostId> {
    distinct(posts.filter(|post| post.parts.has(Parts::QUOTE)).map(|post| post.id))
}

fn by_post(quotes: Vec<quotes::Quote>) -> HashMap<PostId, quotes::Quote> {
    quotes.into_iter().map(|quote| (quote.post_id, quote)).collect()
}

fn by_id(posts: Vec<Post>) -> HashMap<PostId, Post> {
    posts.into_iter().map(|post| (post.id, post)).collect()
}

fn grouped<R, V>(rows: Vec<R>, entry: impl Fn(&R) -> Option<(PostId, V)>) -> HashMap<PostId, Vec<V>> {
    let mut groups: HashMap<PostId, Vec<V>> = HashMap::new();
    for (post, value) in rows.iter().filter_map(entry) {
        groups.entry(post).or_default().push(value);
    }
    groups
}

#[cfg(test)]
mod tests;
