//! Pages of lists: what clients ask for ([`PageParams`]) and the `Link` header that leads on ([`Paged`]).

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Responder};
use majlis_local::{Page, Slice};
use serde::{Deserialize, Deserializer, Serialize};

use crate::state::Api;

/// `max_id`, `since_id`, `min_id` and `limit`. Flatten it into an endpoint's parameters: it reads texts by itself.
/// What is no number counts as not given, as in Mastodon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct PageParams {
    #[serde(default, deserialize_with = "lenient_number")]
    max_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    since_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    min_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    limit: Option<i64>,
}

impl PageParams {
    /// The page, with `default` rows when none were asked for and `most` at the most.
    pub fn page(self, default: i64, most: i64) -> Page {
        Page::clamped(self.max_id, self.since_id, self.min_id, self.limit, default, most)
    }

    /// Whether `limit=0` was asked for, which means everything where an endpoint knows it.
    pub fn asks_for_all(self) -> bool {
        self.limit == Some(0)
    }
}

/// `offset` and `limit`, of lists that have no cursors. Flatten it into an endpoint's parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct OffsetParams {
    #[serde(default, deserialize_with = "lenient_number")]
    limit: Option<i64>,
    #[serde(default, deserialize_with = "lenient_number")]
    offset: Option<i64>,
}

/// The furthest offset: what lies behind it is not listed.
const FURTHEST: i64 = 10_000;

impl OffsetParams {
    /// Limit and offset, with `default` rows when none were asked for and `most` at the most.
    pub fn bounds(self, default: i64, most: i64) -> (i64, i64) {
        (self.limit.unwrap_or(default).clamp(1, most), self.offset.unwrap_or(0).clamp(0, FURTHEST))
    }
}

/// A whole number, also as a text; anything else is `None`. Also for fields that are flattened.
///
/// # Errors
/// None of its own.
pub fn lenient_number<'de, D: Deserializer<'de>>(d: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sent {
        Number(i64),
        Text(String),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Sent>::deserialize(d)? {
        Some(Sent::Number(n)) => Some(n),
        Some(Sent::Text(text)) => text.trim().parse().ok(),
        Some(Sent::Other(_)) | None => None,
    })
}

/// How a list's `prev` link is spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Previous {
    MinId,
    SinceId,
    Offset,
}

/// A list's page as an answer: the entities as JSON, and a `Link` header with absolute URLs that keep the request's other
/// parameters. `next` is left out on a page that is not full, `prev` on an empty one.
#[derive(Debug)]
pub struct Paged<T> {
    slice: Slice<T>,
    previous: Previous,
}

impl<T> Paged<T> {
    /// For timelines and lists of posts: `prev` by `min_id`.
    pub fn new(slice: Slice<T>) -> Self {
        Self { slice, previous: Previous::MinId }
    }

    /// For lists of accounts and other relations: `prev` by `since_id`.
    pub fn by_since_id(slice: Slice<T>) -> Self {
        Self { slice, previous: Previous::SinceId }
    }

    /// For lists by score, which have no cursors: the page of `limit` items that begins at `offset`.
    pub fn by_offset(items: Vec<T>, limit: i64, offset: i64) -> Self {
        let full = i64::try_from(items.len()).is_ok_and(|len| len >= limit) && offset + limit <= FURTHEST;
        let newest = (offset > 0).then(|| (offset - limit).max(0));
        Self { slice: Slice { items, newest, oldest: Some(offset + limit), full }, previous: Previous::Offset }
    }

    fn link(&self, req: &HttpRequest) -> Option<HeaderValue> {
        let mut links = Vec::new();
        if let Some(oldest) = self.slice.oldest.filter(|_| self.slice.full) {
            let name = if self.previous == Previous::Offset { "offset" } else { "max_id" };
            links.push(format!("<{}>; rel=\"next\"", self.url(req, name, oldest)?));
        }
        if let Some(newest) = self.slice.newest {
            let name = match self.previous {
                Previous::MinId => "min_id",
                Previous::SinceId => "since_id",
                Previous::Offset => "offset",
            };
            links.push(format!("<{}>; rel=\"prev\"", self.url(req, name, newest)?));
        }
        if links.is_empty() { None } else { HeaderValue::from_str(&links.join(", ")).ok() }
    }

    fn url(&self, req: &HttpRequest, cursor: &str, id: i64) -> Option<String> {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = url::form_urlencoded::parse(req.query_string().as_bytes())
            .filter(|(name, _)| !matches!(name.as_ref(), "max_id" | "since_id" | "min_id" | "access_token") && name != cursor);
        for (name, value) in kept {
            query.append_pair(&name, &value);
        }
        query.append_pair(cursor, &id.to_string());
        Some(format!("{}{}?{}", Api::of(req).ok()?.site().origin(), req.path(), query.finish()))
    }
}

impl<T: Serialize> Responder for Paged<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        let link = self.link(req);
        linked(link, &self.slice.items)
    }
}

/// A page that is answered as one object, with the `Link` header of the list that it was made of.
#[derive(Debug)]
pub struct PagedWhole<T> {
    pages: Paged<()>,
    whole: T,
}

impl<T> PagedWhole<T> {
    /// The object made of a slice.
    pub fn new<U>(slice: &Slice<U>, whole: T) -> Self {
        Self { pages: Paged::new(slice.with(Vec::new())), whole }
    }
}

impl<T: Serialize> Responder for PagedWhole<T> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        linked(self.pages.link(req), &self.whole)
    }
}

fn linked(link: Option<HeaderValue>, body: &impl Serialize) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(link) = link {
        response.insert_header((header::LINK, link));
    }
    response.json(body)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::testing::TestApp;

    fn link(paged: &Paged<i64>, uri: &str) -> String {
        let app = TestApp::new();
        let req = TestRequest::with_uri(uri).app_data(app.api).to_http_request();
        paged.link(&req).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn links_are_absolute_and_keep_the_other_parameters() {
        let full = Slice { items: vec![9_i64, 7], newest: Some(9), oldest: Some(7), full: true };
        assert_eq!(
            link(&Paged::new(full.clone()), "/api/v1/timelines/tag/x?any%5B%5D=%D8%B4&max_id=10&limit=2&access_token=t"),
            "<https://majlis.example/api/v1/timelines/tag/x?any%5B%5D=%D8%B4&limit=2&max_id=7>; rel=\"next\", \
             <https://majlis.example/api/v1/timelines/tag/x?any%5B%5D=%D8%B4&limit=2&min_id=9>; rel=\"prev\""
        );
        assert_eq!(
            link(&Paged::by_since_id(full), "/api/v1/blocks"),
            "<https://majlis.example/api/v1/blocks?max_id=7>; rel=\"next\", \
             <https://majlis.example/api/v1/blocks?since_id=9>; rel=\"prev\""
        );
    }

    #[test]
    fn a_short_page_leads_back_only_and_an_empty_one_nowhere() {
        let short = Slice { items: vec![9_i64], newest: Some(9), oldest: Some(9), full: false };
        assert_eq!(link(&Paged::new(short), "/x"), "<https://majlis.example/x?min_id=9>; rel=\"prev\"");
        let empty = Slice { items: vec![], newest: None, oldest: None, full: false };
        assert_eq!(link(&Paged::new(empty), "/x"), "");
    }
}
