//! The route table of the pages. Addresses that have an ActivityPub form too are ours only when the request does not
//! prefer that one: [`wants_page`] is the guard.

use actix_web::dev::RequestHead;
use actix_web::guard::{self, GuardContext};
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};

use crate::error::{Error, Result};
use crate::{about, assets, authorize, feed, frame, front, log_in, post, profile, sign_up};

/// Adds the pages to an application, which must hold a [`Web`](crate::Web) in its `app_data` and be wrapped with
/// `NormalizePath::trim()`. What federation answers at the same addresses must be registered with the opposite guard,
/// or before.
pub fn configure(cfg: &mut ServiceConfig) {
    assets::configure(cfg);
    cfg.service(page("/").route(get().to(front::show)));
    cfg.service(page("/about").route(get().to(about::show)));
    cfg.service(page("/privacy-policy").route(get().to(about::privacy)));
    cfg.service(page("/auth/sign_in").route(get().to(log_in::form)).route(web::post().to(log_in::submit)));
    cfg.service(page("/auth/sign_out").route(web::post().to(log_in::out)));
    cfg.service(page("/auth/sign_up").route(get().to(sign_up::form)).route(web::post().to(sign_up::submit)));
    cfg.service(page("/auth/welcome").route(get().to(sign_up::welcome)));
    cfg.service(page("/invite/{code}").route(get().to(sign_up::invited)));
    cfg.service(page("/oauth/authorize").route(get().to(authorize::ask)).route(web::post().to(authorize::decide)));
    cfg.service(page("/oauth/authorize/native").route(get().to(authorize::native)));
    cfg.service(page("/public/local").route(get().to(feed::local)));
    cfg.service(page("/tags/{name}").guard(guard::fn_guard(wants_page)).route(get().to(feed::hashtag)));
    cfg.service(page("/users/{name}").guard(guard::fn_guard(wants_page)).route(get().to(profile::redirect)));
    cfg.service(page("/users/{name}/statuses/{id}").guard(guard::fn_guard(wants_page)).route(get().to(post::redirect)));
    cfg.service(page("/@{name}/with_replies").route(get().to(profile::replies)));
    cfg.service(page("/@{name}/media").route(get().to(profile::media)));
    cfg.service(page("/@{name}/{id}/embed").route(get().to(post::embed)));
    cfg.service(page("/@{name}/{id}").guard(guard::fn_guard(wants_page)).route(get().to(post::show)));
    cfg.service(page("/@{name}").guard(guard::fn_guard(wants_page)).route(get().to(profile::posts)));
    cfg.service(page("/api/oembed").route(get().to(post::oembed)));
}

/// What a visitor gets at an address that nothing answers: for the application's `default_service`.
///
/// # Errors
/// Always [`Error::NotFound`], as a page for browsers and without one for programs.
pub async fn nowhere(req: HttpRequest) -> Result<HttpResponse> {
    if accepts(req.head()).any(|(kind, _)| kind == "text/html") {
        return frame::error_page(&req, &Error::NotFound);
    }
    Ok(HttpResponse::NotFound().finish())
}

/// A resource whose errors are pages.
fn page(
    path: &str,
) -> Resource<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<actix_web::body::BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    web::resource(path).wrap(from_fn(frame::dress))
}

fn get() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Whether a request is for the page at an address that has an ActivityPub form too: unless it prefers that one.
pub fn wants_page(context: &GuardContext<'_>) -> bool {
    !prefers_activity(context.head())
}

/// Whether the `Accept` header gives a form of ActivityPub a greater weight than HTML, or the same and names it first
/// (ActivityPub §3.2: both media types mean the same).
pub fn prefers_activity(head: &RequestHead) -> bool {
    let mut activity = 0.0_f32;
    let mut page = 0.0_f32;
    for (kind, weight) in accepts(head) {
        match kind {
            "application/activity+json" | "application/ld+json" | "application/json" if weight > activity && weight > page => {
                activity = weight;
            }
            "text/html" | "application/xhtml+xml" if weight > page && weight > activity => page = weight,
            _ => {}
        }
    }
    activity > page
}

/// The media types of `Accept`, with their weights.
fn accepts(head: &RequestHead) -> impl Iterator<Item = (&str, f32)> {
    head.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(
        |range| {
            let mut parts = range.split(';');
            let kind = parts.next().unwrap_or("").trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            (kind, weight)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn prefers(accept: &str) -> bool {
        prefers_activity(TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request().head())
    }

    #[test]
    fn browsers_get_pages_and_servers_activities() {
        assert!(!prefers("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!prefers("*/*"));
        assert!(prefers("application/activity+json"));
        assert!(prefers("application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\""));
        assert!(prefers("application/activity+json, application/ld+json, text/html;q=0.1"));
        assert!(prefers("application/activity+json, text/html"));
        assert!(!prefers("text/html, application/activity+json"));
        assert!(!prefers("text/html;q=0.9, application/activity+json;q=0.5"));
    }
}
