//! Cross-origin requests: web apps of any origin may use the API, without the browser's own credentials.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// What scripts may read besides the few headers that they always may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Link, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, Mastodon-Async-Refresh, Retry-After",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
/// `*` does not cover `Authorization` (Fetch, “CORS-unsafe request-header names”).
const HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type, Accept, Accept-Language, Idempotency-Key, *");
/// Seconds for which a browser may remember the answer to a preflight; Chrome remembers two hours at the most.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// Answers preflights and marks the answers of what scripts of other origins may read. Wrap the whole application with it:
/// `App::new().wrap(from_fn(cors::allow))`.
///
/// # Errors
/// Those of the inner service.
pub async fn allow(req: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let open = is_open(req.path());
    if open && req.method() == Method::OPTIONS {
        let mut response = HttpResponse::build(StatusCode::NO_CONTENT).finish();
        mark(response.headers_mut());
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested_headers(req.headers()).unwrap_or(HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        return Ok(req.into_response(response));
    }
    let mut response = next.call(req).await?.map_into_boxed_body();
    if open {
        mark(response.headers_mut());
    }
    Ok(response)
}

/// Whether scripts of other origins may use a path.
fn is_open(path: &str) -> bool {
    ["/api/", "/.well-known/", "/nodeinfo/"].iter().any(|prefix| path.starts_with(prefix))
        || matches!(path.trim_end_matches('/'), "/oauth/token" | "/oauth/revoke" | "/oauth/userinfo")
}

fn mark(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// Whatever headers the script wants to send are allowed: none of them carries credentials by itself.
fn requested_headers(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestApp;

    #[actix_web::test]
    async fn a_preflight_allows_what_it_is_asked_for() {
        let app = TestApp::new();
        let request = app
            .anonymous()
            .request(Method::OPTIONS, "/api/v1/statuses")
            .insert_header(("Origin", "https://elk.example"))
            .insert_header(("Access-Control-Request-Method", "POST"))
            .insert_header(("Access-Control-Request-Headers", "authorization,idempotency-key"));
        let answer = app.send(request).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-headers"), "authorization,idempotency-key");
        assert!(answer.header("access-control-allow-methods").contains("PATCH"));
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }

    #[actix_web::test]
    async fn answers_and_errors_are_marked_alike() {
        let app = TestApp::new();
        let answer = app.anonymous().get("/api/v1/nothing").await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.json, serde_json::json!({ "error": "Record not found" }));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-expose-headers").contains("Link"));
    }

    #[test]
    fn only_what_apps_need_is_open() {
        for open in ["/api/v1/apps", "/.well-known/webfinger", "/nodeinfo/2.0", "/oauth/token", "/oauth/userinfo/"] {
            assert!(is_open(open), "{open}");
        }
        for closed in ["/oauth/authorize", "/log_in", "/", "/@ali"] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
