//! Feeds for readers: RSS 2.0 of a person's page and of a hashtag's, with Media RSS for pictures. They hold what their page
//! shows to those who are not logged in, and so are the same for everybody.

use std::time::SystemTime;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ETag, EntityTag, Header as _, HttpDate, IfModifiedSince, IfNoneMatch, LastModified};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::attachments::AttachmentKind;
use majlis_local::feeds::AuthorFilter;
use majlis_local::text::plain;
use majlis_local::{Page, Site, Timestamp, actors, feeds, secrets};

use crate::cards::{Card, Media, Rows};
use crate::error::{Error, Result};
use crate::feed::{self, POSTS};
use crate::frame::Visit;
use crate::people;
use crate::profile::{Tab, Whose, parse_handle, tagged_path, whose};
use crate::words::Words;

/// Where the feed of a page of a local person is.
pub fn of_person(username: &str, tab: Tab) -> String {
    format!("{}.rss", tab.path(username))
}

/// Where the feed of what a local person says under a hashtag is.
pub fn of_tagged(username: &str, tag: &str) -> String {
    format!("{}.rss", tagged_path(username, tag))
}

/// Where the feed of a hashtag is.
pub fn of_hashtag(name: &str) -> String {
    format!("/tags/{}.rss", feed::percent(name))
}

#[derive(Template)]
#[template(path = "rss.xml")]
struct Channel<'a> {
    title: String,
    description: String,
    /// The page, absolute.
    link: String,
    /// The feed itself, absolute.
    own: String,
    language: &'static str,
    version: &'a str,
    picture: Option<String>,
    changed: Option<String>,
    items: Vec<Item<'a>>,
}

/// A post in a feed.
struct Item<'a> {
    /// Its page, absolute.
    link: String,
    date: String,
    author: String,
    description: String,
    media: &'a [Media<'a>],
    /// Not for everybody's eyes (Media RSS `rating`).
    is_adult: bool,
}

/// What an item says, as HTML.
#[derive(Template)]
#[template(path = "rss_item.html")]
struct Description<'a> {
    t: &'a Words,
    card: &'a Card<'a>,
}

/// `GET /@{name}.rss`: what `/@{name}` shows, without what is pinned above it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Gone`], [`Error::Suspended`], and the database's.
pub async fn person(req: HttpRequest, visit: Visit, name: web::Path<String>) -> Result<HttpResponse> {
    of(&req, &visit, &name, Tab::Posts, None).await
}

/// `GET /@{name}/with_replies.rss`.
///
/// # Errors
/// Those of [`person`].
pub async fn replies(req: HttpRequest, visit: Visit, name: web::Path<String>) -> Result<HttpResponse> {
    of(&req, &visit, &name, Tab::Replies, None).await
}

/// `GET /@{name}/media.rss`.
///
/// # Errors
/// Those of [`person`].
pub async fn media(req: HttpRequest, visit: Visit, name: web::Path<String>) -> Result<HttpResponse> {
    of(&req, &visit, &name, Tab::Media, None).await
}

/// `GET /@{name}/tagged/{tag}.rss`.
///
/// # Errors
/// Those of [`person`].
pub async fn tagged(req: HttpRequest, visit: Visit, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (name, tag) = path.into_inner();
    let tag = feed::hashtag_of(&tag)?;
    of(&req, &visit, &name, Tab::Replies, Some(tag)).await
}

async fn of(req: &HttpRequest, visit: &Visit, name: &str, tab: Tab, tag: Option<String>) -> Result<HttpResponse> {
    let filter = AuthorFilter { tagged: tag.clone(), ..tab.filter() };
    let (asked, domain) = parse_handle(visit.site(), name);
    let (asked, domain) = (asked.to_owned(), domain.map(str::to_owned));
    let found = visit
        .web
        .db
        .read(move |c| {
            let Some(actor) = actors::by_handle(c, &asked, domain.as_deref())? else { return Ok(None) };
            let slice = feeds::author(c, None, actor.id, &filter, &Page::newest(POSTS))?;
            Ok(Some((actor, Rows::load(c, slice.items)?)))
        })
        .await?;
    let (actor, rows) = found.map_or((None, Rows::default()), |(actor, rows)| (Some(actor), rows));
    let Whose::Ours(actor) = whose(visit.site(), actor)? else { return Err(Error::NotFound) };
    let (page, own) = match &tag {
        Some(tag) => (tagged_path(&actor.username, tag), of_tagged(&actor.username, tag)),
        None => (tab.path(&actor.username), of_person(&actor.username, tab)),
    };
    if *name != actor.username {
        return Ok(visit.go(&own));
    }
    let (site, t) = (visit.site(), visit.words());
    let (name, handle) = (people::name(&actor), people::full_handle(site, &actor));
    let title = t.with("profile-title", &[("name", name), ("handle", &handle)]);
    let description = match &tag {
        Some(tag) => t.with("feed-of-tag", &[("name", name), ("tag", tag)]),
        None => t.with("feed-of", &[("name", name)]),
    };
    answer(req, visit, &rows, title, description, (page, own), people::avatar(site, &actor))
}

/// `GET /tags/{name}.rss`: what `/tags/{name}` shows.
///
/// # Errors
/// [`Error::NotFound`] for what is no hashtag, and the database's.
pub async fn hashtag(req: HttpRequest, visit: Visit, name: web::Path<String>) -> Result<HttpResponse> {
    let asked = feed::hashtag_of(&name)?;
    let (rows, _, name) = feed::tagged(&visit, asked, Page::newest(POSTS)).await?;
    let t = visit.words();
    let title = t.with("hashtag-title", &[("name", &name)]);
    let description = t.with("hashtag-description", &[("name", &name)]);
    let page = format!("/tags/{}", feed::percent(&name));
    answer(&req, &visit, &rows, title, description, (page, of_hashtag(&name)), None)
}

fn answer(
    req: &HttpRequest,
    visit: &Visit,
    rows: &Rows,
    title: String,
    description: String,
    (page, own): (String, String),
    picture: Option<String>,
) -> Result<HttpResponse> {
    let (site, t) = (visit.site(), visit.words());
    let cards = rows.cards(site);
    let changed = cards.iter().map(|card| card.edited.unwrap_or(card.at).max(card.at)).max();
    let items = cards.iter().map(|card| Item::new(site, t, card)).collect::<Result<Vec<_>>>()?;
    let channel = Channel {
        title,
        description,
        link: format!("{}{page}", site.origin()),
        own: format!("{}{own}", site.origin()),
        language: visit.locale.language.code(),
        version: &visit.web.config.version,
        picture,
        changed: changed.map(rfc2822),
        items,
    };
    let body: String = channel.render()?.chars().filter(|c| is_xml(*c)).collect();
    let tag = EntityTag::new_weak(secrets::hash(&body).chars().take(16).collect());
    // A header has whole seconds.
    let changed = changed.map(|at| HttpDate::from(SystemTime::from(Timestamp(at.millis() / 1_000 * 1_000).to_utc())));
    let known = is_known(req, &tag, changed);
    let mut response = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    response
        .insert_header((header::CACHE_CONTROL, "public, max-age=60"))
        .insert_header((header::VARY, "Accept-Language, Cookie"))
        .insert_header(ETag(tag));
    if let Some(changed) = changed {
        response.insert_header(LastModified(changed));
    }
    if known {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/rss+xml; charset=utf-8").body(body))
}

/// Whether the reader has this already: by the tag if it names one, else by the time (RFC 9110 §13.2.2).
fn is_known(req: &HttpRequest, tag: &EntityTag, changed: Option<HttpDate>) -> bool {
    if req.headers().contains_key(header::IF_NONE_MATCH) {
        return match IfNoneMatch::parse(req) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
            Err(_) => false,
        };
    }
    let since = req.headers().contains_key(header::IF_MODIFIED_SINCE).then(|| IfModifiedSince::parse(req).ok()).flatten();
    since.zip(changed).is_some_and(|(IfModifiedSince(since), changed)| changed <= since)
}

impl<'a> Item<'a> {
    fn new(site: &Site, t: &Words, card: &'a Card<'a>) -> Result<Self> {
        Ok(Self {
            link: if card.url.starts_with('/') { format!("{}{}", site.origin(), card.url) } else { card.url.clone() },
            date: rfc2822(card.at),
            author: format!("{} ({})", plain(&card.author.name), card.author.handle),
            description: Description { t, card }.render()?,
            media: &card.media,
            is_adult: card.is_sensitive,
        })
    }

    /// RSS allows one enclosure to an item, and wants its size.
    fn enclosure(&self) -> Option<(&str, &str, i64)> {
        self.media.iter().find_map(|media| Some((media.file.as_str(), media.mime?, media.bytes?)))
    }
}

/// Media RSS's `medium`.
fn medium(kind: &AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::Image => "image",
        AttachmentKind::Gifv | AttachmentKind::Video => "video",
        AttachmentKind::Audio => "audio",
        AttachmentKind::Unknown => "document",
    }
}

fn rfc2822(at: Timestamp) -> String {
    at.to_utc().to_rfc2822()
}

/// The characters that an XML document may hold (XML 1.0 §2.2).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use majlis_local::attachments::{self, NewAttachment};
    use majlis_local::publish::Draft;
    use majlis_local::testing::people;
    use majlis_local::visibility::Visibility;
    use majlis_local::{boosts, users};

    use super::*;
    use crate::testing::Pages;

    #[actix_web::test]
    async fn a_persons_feed_holds_what_the_page_shows() {
        let pages = Pages::new();
        let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
        pages
            .write(move |c| {
                let picture = NewAttachment {
                    kind: Some(AttachmentKind::Image),
                    mime: Some("image/png".into()),
                    file: Some("attachments/ab/cd/x.png".into()),
                    description: "Tea & <dates>".into(),
                    bytes: Some(1_234),
                    ..NewAttachment::default()
                };
                let picture = attachments::create(c, ali.id, None, picture)?.id;
                people::publish(c, ali.id, Draft { attachments: vec![picture], ..people::draft("قهوة <b> & #شاي") }); // typos: other language
                people::publish(c, ali.id, Draft { summary: "Film \u{1}".into(), ..people::draft("It was the butler") });
                people::publish(c, ali.id, Draft { visibility: Some(Visibility::Private), ..people::draft("secret") });
                let other = people::say(c, bea.id, "said by bea");
                people::reply(c, ali.id, other.id, "an answer");
                boosts::boost(c, &people::site(), ali.id, &other, None)?;
                for n in 0..3 {
                    people::say(c, ali.id, &format!("number {n}"));
                }
                Ok(())
            })
            .await;
        let mut browser = pages.browser();
        let answer = browser.get("/@ali.rss").await;
        assert_eq!(answer.header("content-type"), "application/rss+xml; charset=utf-8");
        let (tag, changed) = (answer.header("etag").to_owned(), answer.header("last-modified").to_owned());
        let text = answer.ok();
        assert_eq!(text.matches("<item>").count(), 6, "{text}");
        assert!(text.find("number 2").unwrap() < text.find("number 0").unwrap(), "the newest first");
        for part in [
            "<link>https://majlis.example/@ali</link>",
            "<atom:link rel=\"self\" type=\"application/rss+xml\" href=\"https://majlis.example/@ali.rss\"/>",
            "&#60;div dir=&#34;auto&#34;",
            "قهوة &#38;lt;b&#38;gt; &#38;amp;", // typos: other language
            "&#60;strong&#62;Film",             // typos: the control character is gone
            "<dc:creator>bea (@bea)</dc:creator>",
            "boosted",
            "<enclosure url=\"https://majlis.example/media/attachments/ab/cd/x.png\" type=\"image/png\" length=\"1234\"/>",
            "medium=\"image\"><media:rating scheme=\"urn:simple\">nonadult</media:rating>",
            "<media:description type=\"plain\">Tea &#38; &#60;dates&#62;</media:description>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("secret") && !text.contains("an answer") && !text.contains('\u{1}'), "{text}");
        for header in [("if-none-match", tag.as_str()), ("if-modified-since", &changed)] {
            let again = browser.get_with("/@ali.rss", &[header]).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{header:?}");
        }
        assert_eq!(
            browser.get_with("/@ali.rss", &[("if-none-match", "\"x\""), ("if-modified-since", &changed)]).await.status,
            200
        );
        assert!(browser.get("/@ali/with_replies.rss").await.ok().contains("an answer"));
        let media = browser.get("/@ali/media.rss").await.ok();
        assert!(media.matches("<item>").count() == 1 && media.contains("x.png"), "{media}");
        let tagged = browser.get("/@ali/tagged/%D8%B4%D8%A7%D9%8A.rss").await.ok();
        assert!(
            tagged.matches("<item>").count() == 1
                && tagged.contains("<link>https://majlis.example/@ali/tagged/%D8%B4%D8%A7%D9%8A</link>"),
            "{tagged}"
        );
        let page = browser.get("/@ali/tagged/%D8%B4%D8%A7%D9%8A").await.ok();
        assert!(page.matches("<article").count() == 1 && page.contains("/@ali/tagged/%D8%B4%D8%A7%D9%8A.rss"), "{page}");
        assert_eq!(browser.get("/@ALI/media.rss").await.goes_to(), "/@ali/media.rss");
        assert_eq!(browser.get("/@ALI.rss").await.goes_to(), "/@ali.rss");
        assert_eq!(browser.get("/@nobody.rss").await.status, 404);
        // Somebody who may see more does not find it in the feed, which everybody shares.
        assert!(!pages.logged_in("ali").await.get("/@ali.rss").await.ok().contains("secret"));
        pages.write(move |c| users::delete(c, ali.id)).await;
        assert_eq!(browser.get("/@ali.rss").await.status, 410);
    }

    #[actix_web::test]
    async fn a_hashtags_feed_is_in_step_with_its_page() {
        let pages = Pages::new();
        let ali = pages.user("ali").await;
        pages
            .write(move |c| {
                for n in 0..25 {
                    people::say(c, ali.id, &format!("cup {n} of #شاي")); // typos: other language
                }
                Ok(())
            })
            .await;
        let mut browser = pages.browser();
        let address = of_hashtag("شاي"); // typos: other language
        assert!(browser.get("/tags/%D8%B4%D8%A7%D9%8A").await.ok().contains(&format!("href=\"{address}\"")));
        let text = browser.get_with(&address, &[("accept-language", "ar")]).await.ok();
        assert_eq!(text.matches("<item>").count(), 20);
        assert!(text.contains("<language>ar</language>") && text.contains("#\u{2068}شاي\u{2069}</title>"), "{text}"); // typos: other language
        assert!(browser.get("/tags/nothing.rss").await.ok().contains("<title>"), "as empty as the page");
    }
}
