//! Cards: what a page says of itself that a post links to, shared by all posts that link there. A post has the card of the
//! first of its links that leads out. The page is fetched by [`Job::FetchCard`], later: a post waits for nobody.

use diesel::prelude::*;
use diesel::sql_types::Integer;
use url::Url;

use crate::actors;
use crate::codes::stored_enum;
use crate::connection::{Connection, PortableDsl, any_of, cols, written};
use crate::error::Result;
use crate::ids::{ActorId, CardId, PostId};
use crate::instances;
use crate::jobs::{self, Job};
use crate::mentions;
use crate::posts::{self, Parts, Post};
use crate::schema::{cards, post_cards, posts as posts_table};
use crate::site::Site;
use crate::text::links;
use crate::time::Timestamp;

const DAY: i64 = 24 * 3_600;
/// How old a card may become before the page is asked again.
const FRESH: i64 = 14 * DAY;
/// The same for a page that could not be read or had no title.
const FRESH_NOTHING: i64 = DAY;
/// Pages that are looked through when their author names other domains; the rest shows when the page is asked again.
const MOST_CLAIMS: i64 = 200;
/// The longest address that gets a card, in bytes.
const LONGEST_URL: usize = 2_048;

stored_enum! {
    /// What a card shows (Mastodon's `type`).
    CardKind {
        /// A title, a description, perhaps a picture.
        Link = 0 "link",
        /// A picture.
        Photo = 1 "photo",
        /// A player, in a frame.
        Video = 2 "video",
    }
}

/// A card as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = cards)]
#[allow(missing_docs)]
pub struct Card {
    pub id: CardId,
    /// The page's canonical address.
    pub url: String,
    pub kind: CardKind,
    /// Plain text; empty when the page could not be read or says nothing.
    pub title: String,
    /// Plain text.
    pub description: String,
    /// ISO 639.
    pub language: Option<String>,
    pub author_name: String,
    pub author_url: String,
    /// Who wrote it, when the page names an account and that account names the page's domain.
    pub author_id: Option<ActorId>,
    pub provider_name: String,
    pub provider_url: String,
    /// A frame with the player of a video, made by us.
    pub html: String,
    /// Of the picture or the frame; 0 when unknown.
    pub width: i32,
    pub height: i32,
    /// Storage key.
    pub image: Option<String>,
    pub image_description: String,
    pub blurhash: Option<String>,
    /// The picture of a photo, elsewhere.
    pub embed_url: String,
    pub published_at: Option<Timestamp>,
    /// When the page was asked last.
    pub fetched_at: Timestamp,
    pub created_at: Timestamp,
    /// Who wrote it, by what the page says alone: somebody here who does not name the page's domain.
    pub claimed_author_id: Option<ActorId>,
}

impl Card {
    /// Whether there is anything to show.
    pub fn says_something(&self) -> bool {
        !self.title.is_empty()
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let keeps = if self.says_something() { FRESH } else { FRESH_NOTHING };
        self.fetched_at.plus_seconds(keeps) > now
    }
}

/// What was read from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewCard {
    pub url: String,
    pub kind: CardKind,
    pub title: String,
    pub description: String,
    pub language: Option<String>,
    pub author_name: String,
    pub author_url: String,
    pub author: Option<ActorId>,
    pub claimed_author: Option<ActorId>,
    pub provider_name: String,
    pub provider_url: String,
    pub html: String,
    pub width: i32,
    pub height: i32,
    pub image: Option<String>,
    pub image_description: String,
    pub blurhash: Option<String>,
    pub embed_url: String,
    pub published_at: Option<Timestamp>,
}

impl NewCard {
    /// The card of a page of which nothing is known.
    pub fn nothing(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            kind: CardKind::Link,
            title: String::new(),
            description: String::new(),
            language: None,
            author_name: String::new(),
            author_url: String::new(),
            author: None,
            claimed_author: None,
            provider_name: String::new(),
            provider_url: String::new(),
            html: String::new(),
            width: 0,
            height: 0,
            image: None,
            image_description: String::new(),
            blurhash: None,
            embed_url: String::new(),
            published_at: None,
        }
    }
}

/// What has to be done for a post's card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: the post is gone, has its card, or links nowhere.
    Nothing,
    /// The card is known and fresh.
    Known {
        /// The address as the post has it.
        url: String,
        /// The card.
        card: CardId,
    },
    /// The page has to be asked.
    Page {
        /// The address as the post has it.
        url: String,
    },
}

/// Enqueues the fetch of a new post's card, when it links anywhere.
pub(crate) fn expect(c: &mut Connection, post: &Post) -> Result<()> {
    if links::outward(&post.content).is_empty() {
        return Ok(());
    }
    // Everybody who gets the post would ask the page at the same moment: what came from elsewhere spreads over a minute.
    let wait = if post.local { 0 } else { rand::random_range(1..60) };
    jobs::enqueue_at(c, &Job::FetchCard { post: post.id }, Timestamp::now().plus_seconds(wait))?;
    Ok(())
}

/// A post has a new text in place of `former`: its card goes when its links have changed, and another is fetched.
pub(crate) fn reconsider(c: &mut Connection, post: Post, former: &str) -> Result<Post> {
    if links::outward(former) == links::outward(&post.content) {
        return Ok(post);
    }
    expect(c, &post)?;
    if !post.parts.has(Parts::CARD) {
        return Ok(post);
    }
    forget_post(c, post.id)?;
    let parts = post.parts.with(Parts::CARD, false);
    diesel::update(posts_table::table.find(post.id)).set(posts_table::parts.eq(parts)).execute(c)?;
    Ok(Post { parts, ..post })
}

/// What the card of a post needs now.
pub fn wanted(c: &mut Connection, site: &Site, post: PostId) -> Result<Wanted> {
    let Some(post) = posts::find_many(c, &[post])?.into_iter().next() else { return Ok(Wanted::Nothing) };
    if post.deleted_at.is_some() || post.parts.has(Parts::CARD) {
        return Ok(Wanted::Nothing);
    }
    let Some(url) = link_of(c, site, &post)? else { return Ok(Wanted::Nothing) };
    match by_url(c, &url)? {
        Some(card) if card.is_fresh(Timestamp::now()) => {
            Ok(if card.says_something() { Wanted::Known { url, card: card.id } } else { Wanted::Nothing })
        }
        _ => Ok(Wanted::Page { url }),
    }
}

/// The address whose card a post shows: of its first link that leads out, to neither us nor somebody whom it mentions.
fn link_of(c: &mut Connection, site: &Site, post: &Post) -> Result<Option<String>> {
    let found = links::outward(&post.content);
    if found.is_empty() {
        return Ok(None);
    }
    let people = if post.parts.has(Parts::MENTIONS) { mentions::named(c, &[post.id])? } else { Vec::new() };
    let is_person = |url: &str| people.iter().any(|(_, named)| named.uri == url || named.url.as_deref() == Some(url));
    let leads_out = |url: &Url| {
        let own = url.host_str().is_some_and(|host| site.is_own_domain(host)) || site.is_own_uri(url.as_str());
        !own && !is_person(url.as_str()) && url.as_str().len() <= LONGEST_URL
    };
    Ok(found.into_iter().find(leads_out).map(address))
}

/// The address by which a page is known: without the place on it, unless an application draws its pages by that.
fn address(mut url: Url) -> String {
    if !url.fragment().is_some_and(|fragment| fragment.starts_with(['!', '/'])) {
        url.set_fragment(None);
    }
    url.into()
}

/// The card of this address: the page's canonical one, or one under which a post has it.
pub fn by_url(c: &mut Connection, url: &str) -> Result<Option<Card>> {
    let card = cards::table.filter(cards::url.eq(url)).select(Card::as_select()).first(c).optional()?;
    if card.is_some() {
        return Ok(card);
    }
    Ok(post_cards::table
        .inner_join(cards::table)
        .filter(post_cards::url.eq(url))
        .order(post_cards::post_id.desc())
        .select(Card::as_select())
        .first(c)
        .optional()?)
}

/// The cards with these ids, in no particular order; one query for all.
pub fn find_many(c: &mut Connection, ids: &[CardId]) -> Result<Vec<Card>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(cards::table.filter(any_of(cards::id, ids)).select(Card::as_select()).load(c)?)
}

/// The cards of these posts, each with the address as the post has it; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<(PostId, String, Card)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(post_cards::table
        .inner_join(cards::table)
        .filter(any_of(post_cards::post_id, posts))
        .select((post_cards::post_id, post_cards::url, Card::as_select()))
        .load(c)?)
}

/// Stores what a page says. A picture that the former card had and this one has not is deleted by a job. When the page said
/// something before and cannot be read now, what it said stays.
pub fn store(c: &mut Connection, new: NewCard) -> Result<Card> {
    let now = Timestamp::now();
    let former = cards::table.filter(cards::url.eq(&new.url)).select(Card::as_select()).first(c).optional()?;
    if let Some(former) = &former
        && former.says_something()
        && new.title.is_empty()
    {
        return Ok(diesel::update(cards::table.find(former.id))
            .set(cards::fetched_at.eq(now))
            .returning(cols::<Card>())
            .get_result(c)?);
    }
    let unused = former.and_then(|former| former.image).filter(|image| new.image.as_ref() != Some(image));
    let values = (
        cards::kind.eq(new.kind),
        cards::title.eq(new.title),
        cards::description.eq(new.description),
        cards::language.eq(new.language),
        cards::author_name.eq(new.author_name),
        cards::author_url.eq(new.author_url),
        cards::author_id.eq(new.author),
        cards::provider_name.eq(new.provider_name),
        cards::provider_url.eq(new.provider_url),
        (
            cards::html.eq(new.html),
            cards::width.eq(new.width),
            cards::height.eq(new.height),
            cards::image.eq(new.image),
            cards::image_description.eq(new.image_description),
            cards::blurhash.eq(new.blurhash),
            cards::embed_url.eq(new.embed_url),
            cards::published_at.eq(new.published_at),
            cards::fetched_at.eq(now),
            cards::claimed_author_id.eq(new.claimed_author),
        ),
    );
    let card = diesel::insert_into(cards::table)
        .values((cards::id.eq(CardId::new()), cards::url.eq(new.url), cards::created_at.eq(now), values.clone()))
        .on_conflict(cards::url)
        .do_update()
        .set(values)
        .returning(cols::<Card>())
        .portable()
        .get_result(c)?;
    if let Some(key) = unused {
        jobs::enqueue(c, &Job::DeleteFiles { keys: vec![key] })?;
    }
    Ok(card)
}

/// Somebody here names other domains than before: pages that name the person as their author and stand there are its own now.
pub(crate) fn confirm_claims(c: &mut Connection, author: ActorId) -> Result<()> {
    let claims = cards::table.filter(cards::claimed_author_id.eq(author));
    let claims: Vec<(CardId, String)> =
        claims.order(cards::id.desc()).limit(MOST_CLAIMS).select((cards::id, cards::url)).load(c)?;
    if claims.is_empty() {
        return Ok(());
    }
    let author_of = actors::endpoints(c, author)?;
    let is_own = |url: &str| instances::host_of(url).is_some_and(|host| author_of.may_be_named_by(&host));
    let own = claims.iter().filter(|(_, url)| is_own(url)).map(|(card, _)| *card);
    diesel::update(cards::table.filter(any_of(cards::id, own)))
        .set((cards::author_id.eq(Some(author)), cards::claimed_author_id.eq(None::<ActorId>)))
        .execute(c)?;
    Ok(())
}

/// Gives a post its card, provided that the post still links to `url` first. `false`: it does not, or is gone.
pub fn attach(c: &mut Connection, site: &Site, post: PostId, card: CardId, url: &str) -> Result<bool> {
    let Some(post) = posts::find_many(c, &[post])?.into_iter().next() else { return Ok(false) };
    if post.deleted_at.is_some() || link_of(c, site, &post)?.as_deref() != Some(url) {
        return Ok(false);
    }
    diesel::insert_into(post_cards::table)
        .values((post_cards::post_id.eq(post.id), post_cards::card_id.eq(card), post_cards::url.eq(url)))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    // Not from the row that was read: an edit may have come between on another connection.
    written::<Integer>("UPDATE posts SET parts = parts | :card WHERE id = :post")
        .number("card", Parts::CARD.0)
        .number("post", post.id)
        .execute(c)?;
    Ok(true)
}

/// Takes the card from a post.
pub(crate) fn forget_post(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::delete(post_cards::table.filter(post_cards::post_id.eq(post))).execute(c)?;
    Ok(())
}

/// Deletes cards that no post shows and that were fetched before `before`, `limit` at the most; gives back how many, and
/// leaves their pictures to a job.
pub fn purge(c: &mut Connection, before: Timestamp, limit: i64) -> Result<usize> {
    let used = diesel::dsl::exists(post_cards::table.filter(post_cards::card_id.eq(cards::id)));
    let old: Vec<(CardId, Option<String>)> = cards::table
        .filter(cards::fetched_at.lt(before))
        .filter(diesel::dsl::not(used))
        .limit(limit)
        .select((cards::id, cards::image))
        .load(c)?;
    let count = diesel::delete(cards::table.filter(any_of(cards::id, old.iter().map(|card| card.0)))).execute(c)?;
    let keys: Vec<String> = old.into_iter().filter_map(|card| card.1).collect();
    if !keys.is_empty() {
        jobs::enqueue(c, &Job::DeleteFiles { keys })?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{self, Revision};
    use crate::testing::TestDb;
    use crate::testing::people::*;

    fn titled(url: &str) -> NewCard {
        NewCard { title: "A page".into(), image: Some("cards/a.jpg".into()), ..NewCard::nothing(url) }
    }

    fn fetches(c: &mut Connection) -> usize {
        jobs::all(c).unwrap().iter().filter(|job| matches!(job, Job::FetchCard { .. })).count()
    }

    #[test]
    fn a_card_is_fetched_once_and_shared() {
        TestDb::new()
            .write_now(|c| {
                let (ali, badr) = (local(c, "ali"), remote(c, "badr"));
                let plain = say(c, ali.id, "hello @badr@peer.example #tag https://majlis.example/@ali");
                assert_eq!(wanted(c, &site(), plain.id)?, Wanted::Nothing);
                let url = "https://news.example/a";
                let first = say(c, ali.id, "https://majlis.example/x and https://news.example/a#part, https://b.example");
                assert_eq!(fetches(c), 2, "one link was our own, which is found out later");
                assert_eq!(wanted(c, &site(), first.id)?, Wanted::Page { url: url.into() });
                let card = store(c, titled(url))?;
                assert!(attach(c, &site(), first.id, card.id, url)?);
                assert!(!attach(c, &site(), first.id, card.id, "https://b.example/")?);
                let first = posts::get(c, first.id)?;
                assert!(first.parts.has(Parts::CARD));
                assert_eq!(of_posts(c, &[first.id, plain.id])?, [(first.id, url.to_owned(), card.clone())]);
                // The next one has it at once.
                let mut other = note(&badr, "x");
                other.content = format!("<p><a href=\"{url}\">x</a></p>");
                let other = receive(c, other);
                assert_eq!(wanted(c, &site(), other.id)?, Wanted::Known { url: url.into(), card: card.id });
                assert!(attach(c, &site(), other.id, card.id, url)?);
                assert_eq!(purge(c, Timestamp::now().plus_seconds(1), 10)?, 0);
                // What stands under another canonical address is found by both.
                let canonical = store(c, titled("https://news.example/canonical"))?;
                let third = say(c, ali.id, "https://news.example/?id=1");
                assert!(attach(c, &site(), third.id, canonical.id, "https://news.example/?id=1")?);
                assert_eq!(by_url(c, "https://news.example/?id=1")?.map(|card| card.id), Some(canonical.id));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn an_edit_keeps_the_card_only_while_the_link_stays() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let url = "https://news.example/a";
                let post = say(c, ali.id, &format!("look {url}"));
                let card = store(c, titled(url))?;
                attach(c, &site(), post.id, card.id, url)?;
                let edit = |c: &mut Connection, text: &str| {
                    let revision = Revision { text: text.into(), character_limit: 500, ..Revision::default() };
                    publish::edit(c, &site(), ali.id, post.id, revision)
                };
                let before = fetches(c);
                assert!(edit(c, &format!("look again {url}"))?.parts.has(Parts::CARD));
                assert_eq!(fetches(c), before);
                assert!(!edit(c, "look at https://other.example/")?.parts.has(Parts::CARD));
                assert_eq!(fetches(c), before + 1);
                assert!(of_posts(c, &[post.id])?.is_empty());
                assert_eq!(purge(c, Timestamp::now().plus_seconds(1), 10)?, 1);
                assert!(jobs::all(c)?.contains(&Job::DeleteFiles { keys: vec!["cards/a.jpg".into()] }));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_could_not_be_read_is_not_asked_again_at_once_and_does_not_replace_what_was() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let post = say(c, ali.id, "https://down.example/");
                let nothing = store(c, NewCard::nothing("https://down.example/"))?;
                assert_eq!(wanted(c, &site(), post.id)?, Wanted::Nothing);
                let old = Timestamp::now().plus_seconds(-2 * DAY);
                diesel::update(cards::table.find(nothing.id)).set(cards::fetched_at.eq(old)).execute(c)?;
                assert!(matches!(wanted(c, &site(), post.id)?, Wanted::Page { .. }));
                let first = store(c, titled("https://down.example/"))?;
                let kept = store(c, NewCard::nothing("https://down.example/"))?;
                assert_eq!((kept.id, kept.title), (first.id, first.title));
                // A new picture takes the place of the former one.
                let new = NewCard { image: Some("cards/b.jpg".into()), ..titled("https://down.example/") };
                store(c, new)?;
                assert!(jobs::all(c)?.contains(&Job::DeleteFiles { keys: vec!["cards/a.jpg".into()] }));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_deleted_post_shows_nothing() {
        TestDb::new()
            .write_now(|c| {
                let ali = local(c, "ali");
                let url = "https://news.example/a";
                let post = say(c, ali.id, url);
                let card = store(c, titled(url))?;
                attach(c, &site(), post.id, card.id, url)?;
                publish::delete(c, ali.id, post.id)?;
                assert!(of_posts(c, &[post.id])?.is_empty());
                assert!(!attach(c, &site(), post.id, card.id, url)?);
                Ok(())
            })
            .unwrap();
    }
}
