//! Lists of posts on a page of their own: what is said here, and what carries a hashtag.

use actix_web::{HttpResponse, web};
use askama::Template;
use majlis_local::feeds::{self, Reach, TagFilter};
use majlis_local::paging::Slice;
use majlis_local::posts::Post;
use majlis_local::text::one_line;
use majlis_local::{Page, hashtags};

use crate::cards::{Card, Rows};
use crate::error::{Error, Result};
use crate::frame::{Alternate, Frame, Head, Keep, Visit};
use crate::rss;
use crate::words::Words;

/// Posts on a page.
pub const POSTS: i64 = 20;
/// Longer hashtags are nobody's.
const TAG_LIMIT: usize = 200;

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
pub struct Paging {
    /// Only what is older.
    max_id: Option<i64>,
    /// What follows directly.
    min_id: Option<i64>,
}

impl Paging {
    /// The page in the terms of the database.
    pub fn page(self) -> Page {
        Page { max_id: self.max_id, since_id: None, min_id: self.min_id, limit: POSTS }
    }

    /// Whether this is the newest page.
    pub fn is_first(self) -> bool {
        self.max_id.is_none() && self.min_id.is_none()
    }

    /// The addresses of the neighbours of a page: newer and older.
    pub fn neighbours(self, path: &str, slice: &Ends) -> (Option<String>, Option<String>) {
        let newer = slice.newest.filter(|_| self.max_id.is_some() || (self.min_id.is_some() && slice.full));
        // A page that was reached from an older one has that one behind it, full or not.
        let older = slice.oldest.filter(|_| slice.full || self.min_id.is_some());
        (newer.map(|id| format!("{path}?min_id={id}")), older.map(|id| format!("{path}?max_id={id}")))
    }
}

/// Where a page of a list begins and ends.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    newest: Option<i64>,
    oldest: Option<i64>,
    full: bool,
}

impl Ends {
    /// Those of a slice.
    pub fn of<T>(slice: &Slice<T>) -> Self {
        Self { newest: slice.newest, oldest: slice.oldest, full: slice.full }
    }
}

/// The query of a list; a number that is none asks for the first page.
pub type Query = Option<web::Query<Paging>>;

#[derive(Template)]
#[template(path = "feed.html")]
struct Feed<'a> {
    f: Frame<'a>,
    t: &'a Words,
    heading: String,
    cards: Vec<Card<'a>>,
    newer: Option<String>,
    older: Option<String>,
}

/// `GET /public/local`: what is said here.
///
/// # Errors
/// The database's.
pub async fn local(visit: Visit, query: Query) -> Result<HttpResponse> {
    let paging = query.map(web::Query::into_inner).unwrap_or_default();
    let (rows, ends) = visit
        .web
        .db
        .read(move |c| {
            let slice = feeds::public(c, None, Reach::Local, false, &paging.page())?;
            load(c, slice)
        })
        .await?;
    let heading = visit.words().say("feed-local").to_owned();
    let title = visit.titled(&heading);
    let canonical = format!("{}/public/local", visit.site().origin());
    let mut head = Head::public(title, heading.clone(), canonical);
    head.noindex = !paging.is_first();
    show(&visit, head, heading, "/public/local", paging, (&rows, ends))
}

/// `GET /tags/{name}`: what carries a hashtag, from here and elsewhere.
///
/// # Errors
/// The database's.
pub async fn hashtag(visit: Visit, name: web::Path<String>, query: Query) -> Result<HttpResponse> {
    let paging = query.map(web::Query::into_inner).unwrap_or_default();
    let (rows, ends, name) = tagged(&visit, hashtag_of(&name)?, paging.page()).await?;
    let t = visit.words();
    let heading = t.with("hashtag-title", &[("name", &name)]);
    let path = format!("/tags/{}", percent(&name));
    let title = visit.titled(&heading);
    let canonical = format!("{}{path}", visit.site().origin());
    let mut head = Head::public(title, t.with("hashtag-description", &[("name", &name)]), canonical);
    head.noindex = !paging.is_first();
    head.alternates =
        vec![Alternate { media_type: "application/rss+xml", href: rss::of_hashtag(&name), title: Some(heading.clone()) }];
    show(&visit, head, heading, &path, paging, (&rows, ends))
}

/// The hashtag that an address names, with or without `#`.
///
/// # Errors
/// [`Error::NotFound`] for what cannot be one.
pub fn hashtag_of(name: &str) -> Result<String> {
    let asked = one_line(name.trim_start_matches('#'));
    if asked.is_empty() || asked.len() > TAG_LIMIT { Err(Error::NotFound) } else { Ok(asked) }
}

/// What carries a hashtag, and how it is spelt here.
///
/// # Errors
/// The database's.
pub async fn tagged(visit: &Visit, asked: String, page: Page) -> Result<(Rows, Ends, String)> {
    let filter = TagFilter { any: vec![asked.clone()], ..TagFilter::default() };
    let found = visit.web.db.read(move |c| {
        let known = hashtags::by_name(c, &asked)?;
        let slice = feeds::hashtag(c, None, &filter, &page)?;
        let (rows, ends) = load(c, slice)?;
        Ok((rows, ends, known.map_or(asked, |hashtag| hashtag.display_name)))
    });
    Ok(found.await?)
}

fn load(c: &mut majlis_local::Connection, slice: Slice<Post>) -> majlis_local::Result<(Rows, Ends)> {
    let ends = Ends::of(&slice);
    Ok((Rows::load(c, slice.items)?, ends))
}

fn show(
    visit: &Visit,
    head: Head,
    heading: String,
    path: &str,
    paging: Paging,
    (rows, ends): (&Rows, Ends),
) -> Result<HttpResponse> {
    let (newer, older) = paging.neighbours(path, &ends);
    let page = Feed { f: Frame::new(visit, head), t: visit.words(), heading, cards: rows.cards(visit.site()), newer, older };
    visit.page(&page, Keep::Shared)
}

/// A name as a part of a path.
pub fn percent(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
