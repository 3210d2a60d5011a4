//! Content negotiation: the same URL is a page for a browser and a document for a server (ActivityPub §3.2).

use actix_web::guard::{Guard, GuardContext, fn_guard};
use actix_web::http::header::{ACCEPT, HeaderMap};

use crate::vocab::document;

/// Guards routes whose URL is an id: everybody but a browser gets the document.
pub(super) fn activity() -> impl Guard {
    fn_guard(|ctx: &GuardContext<'_>| accepts_activity(&ctx.head().headers))
}

/// Guards routes whose URL is a page: only who asks for it gets the document.
pub(super) fn activity_only() -> impl Guard {
    fn_guard(|ctx: &GuardContext<'_>| wants_activity(&ctx.head().headers))
}

/// Whether an id's document should be served: it is asked for, or at least no page is.
pub fn accepts_activity(headers: &HeaderMap) -> bool {
    let wanted = Wanted::of(headers);
    wanted.activity > 0.0 && wanted.activity >= wanted.html || wanted.html == 0.0
}

/// Whether a request asks for ActivityPub rather than for a page.
pub fn wants_activity(headers: &HeaderMap) -> bool {
    let wanted = Wanted::of(headers);
    wanted.activity > 0.0 && wanted.activity >= wanted.html
}

/// The weights (RFC 9110 §12.4.2) that a request gives to either form by name; 0 when it does not name it.
struct Wanted {
    activity: f32,
    html: f32,
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Self {
        let mut wanted = Self { activity: 0.0, html: 0.0 };
        for value in headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()) {
            for range in split(value) {
                let weight = range
                    .rsplit(';')
                    .find_map(|p| p.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok()))
                    .unwrap_or(1.0);
                let name = range.split(';').next().unwrap_or_default().trim();
                if document::is_activity_json(range) || name.eq_ignore_ascii_case("application/ld+json") {
                    wanted.activity = wanted.activity.max(weight);
                } else if name.eq_ignore_ascii_case("text/html") || name.eq_ignore_ascii_case("application/xhtml+xml") {
                    wanted.html = wanted.html.max(weight);
                }
            }
        }
        wanted
    }
}

/// Splits at commas that are not inside quotes: the profile of `ld+json` is quoted.
fn split(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    value.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn servers_get_documents_and_browsers_pages() {
        let headers = |accept: &'static str| {
            let mut map = HeaderMap::new();
            map.insert(ACCEPT, HeaderValue::from_static(accept));
            map
        };
        for (accept, accepts, wants) in [
            ("application/activity+json", true, true),
            (r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#, true, true),
            (
                r#"application/activity+json, application/ld+json; profile="https://www.w3.org/ns/activitystreams", text/html;q=0.1"#,
                true,
                true,
            ),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false, false),
            ("text/html, application/activity+json;q=0.5", false, false),
            ("*/*", true, false),
            ("", true, false),
        ] {
            assert_eq!((accepts_activity(&headers(accept)), wants_activity(&headers(accept))), (accepts, wants), "{accept}");
        }
        assert!(accepts_activity(&HeaderMap::new()) && !wants_activity(&HeaderMap::new()));
    }
}
