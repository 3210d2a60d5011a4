//! How often whom may ask: per token for those who have one, per client network for the others, and less for what is
//! costly or abused (signing up, logging in, uploading, posting, deleting). Mastodon's numbers, so that its apps fit.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError as _};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use majlis_local::Timestamp;
use majlis_local::ids::TokenId;

use crate::auth::{self, Identity};
use crate::client_address::client_network;
use crate::state::Api;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// Requests between two removals of what has been forgotten.
const SWEEP_EVERY: u32 = 10_000;

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Token(TokenId),
    Network(IpAddr),
}

type Limiter = RateLimiter<Who, DefaultKeyedStateStore<Who>, DefaultClock, StateInformationMiddleware>;

/// So many requests in so many minutes.
#[derive(Debug)]
struct Lane {
    requests: u32,
    limiter: Limiter,
    period: Duration,
}

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anything of the API.
    Api,
    /// `POST /api/v1/statuses`.
    Post,
    /// `POST /api/v1/media`, `POST /api/v2/media`.
    Upload,
    /// Deletions and taking boosts back, which make deliveries without end otherwise.
    Delete,
    /// Making an account, by an app or on the page.
    SignUp,
    /// Passwords and codes tried.
    LogIn,
    /// Registering an app.
    App,
    /// Having an address asked whether it wants a newsletter, by an app or on the page.
    Subscribe,
}

/// The counters of this process.
#[derive(Debug)]
pub struct RateLimits {
    person: Lane,
    network: Lane,
    post: Lane,
    upload: Lane,
    delete: Lane,
    sign_up: Lane,
    log_in: Lane,
    app: Lane,
    subscribe: Lane,
    seen: AtomicU32,
}

/// What is left to somebody.
#[derive(Debug, Clone, Copy)]
struct Left {
    limit: u32,
    remaining: u32,
    reset: Timestamp,
    allowed: bool,
}

impl Lane {
    fn new(requests: NonZeroU32, minutes: u64) -> Self {
        let period = Duration::from_secs(minutes * 60);
        let quota = Quota::with_period(period / requests.get()).unwrap_or(Quota::per_minute(requests)).allow_burst(requests);
        let limiter = RateLimiter::dashmap(quota).with_middleware();
        Self { requests: requests.get(), limiter, period }
    }

    fn count(&self, who: Who) -> Left {
        let (remaining, wait, allowed) = match self.limiter.check_key(&who) {
            Ok(state) => {
                // The bucket fills steadily; it is full again after the part of the period that was used up.
                let remaining = state.remaining_burst_capacity();
                let used = f64::from(self.requests.saturating_sub(remaining));
                (remaining, self.period.mul_f64(used / f64::from(self.requests)), true)
            }
            Err(refusal) => (0, refusal.wait_time_from(DefaultClock::default().now()), false),
        };
        let reset = Timestamp::now().plus_seconds(i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1));
        Left { limit: self.requests, remaining, reset, allowed }
    }
}

impl RateLimits {
    /// Fresh counters.
    pub fn new() -> Self {
        let lane = |requests: u32, minutes| Lane::new(NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN), minutes);
        Self {
            person: lane(1_500, 5),
            network: lane(300, 5),
            post: lane(300, 180),
            upload: lane(30, 30),
            delete: lane(30, 30),
            sign_up: lane(5, 30),
            log_in: lane(25, 5),
            app: lane(60, 10),
            subscribe: lane(5, 30),
            seen: AtomicU32::new(0),
        }
    }

    /// Counts a request and tells the tightest of the limits that it touches.
    fn count(&self, kind: Kind, who: Who, network: Who) -> Left {
        if self.seen.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.sweep();
        }
        let general = match who {
            Who::Token(_) => &self.person,
            Who::Network(_) => &self.network,
        };
        let special = match kind {
            Kind::Api => return general.count(who),
            Kind::Post => self.post.count(who),
            Kind::Upload => self.upload.count(who),
            Kind::Delete => self.delete.count(who),
            // An app's token is no person: whoever is behind it is counted by the address.
            Kind::SignUp => self.sign_up.count(network),
            Kind::LogIn => self.log_in.count(network),
            Kind::App => self.app.count(network),
            Kind::Subscribe => self.subscribe.count(network),
        };
        let general = general.count(who);
        if general.allowed { special } else { general }
    }

    /// Forgets those whose buckets are full again.
    fn sweep(&self) {
        let lanes = [
            &self.person,
            &self.network,
            &self.post,
            &self.upload,
            &self.delete,
            &self.sign_up,
            &self.log_in,
            &self.app,
            &self.subscribe,
        ];
        for lane in lanes {
            lane.limiter.retain_recent();
            lane.limiter.shrink_to_fit();
        }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// Counts requests, refuses those beyond the limits with 429, and says on every answer of the API what is left. Wrap the
/// whole application with it, inside of [`crate::cors::allow`]: `App::new().wrap(from_fn(rate_limits::limit))`.
///
/// # Errors
/// Those of the inner service.
pub async fn limit(req: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(kind) = kind_of(req.method(), req.path()) else {
        return Ok(next.call(req).await?.map_into_boxed_body());
    };
    let api = Api::of(req.request())?.clone();
    if !api.config.rate_limits {
        return Ok(next.call(req).await?.map_into_boxed_body());
    }
    let address = api.config.proxies.client_address(req.request());
    let network = Who::Network(client_network(address.unwrap_or(IpAddr::from([0, 0, 0, 0]))));
    let who = match auth::identify(req.request()).await? {
        Identity::Known(access) => Who::Token(access.token),
        // Made-up tokens count for whoever makes them up.
        Identity::Anonymous | Identity::Unknown => network,
    };
    let left = api.rate_limits.count(kind, who, network);
    let mut response = if left.allowed {
        next.call(req).await?.map_into_boxed_body()
    } else {
        req.into_response(crate::error::Error::TooMany.error_response())
    };
    mark(response.headers_mut(), left);
    Ok(response)
}

/// What a request counts as; `None` for what is not counted here.
fn kind_of(method: &Method, path: &str) -> Option<Kind> {
    let path = path.trim_end_matches('/');
    let kind = match (method.as_str(), path) {
        ("POST", "/api/v1/statuses") => Kind::Post,
        ("POST", "/api/v1/media" | "/api/v2/media") => Kind::Upload,
        ("POST", "/api/v1/accounts" | "/auth/sign_up") => Kind::SignUp,
        ("POST", "/oauth/token") => Kind::LogIn,
        ("POST", "/api/v1/emails/confirmations") => Kind::LogIn,
        ("POST", "/auth/sign_out") => return None,
        // Passwords and codes are tried here, and letters sent.
        ("POST", _) if path.starts_with("/auth/") => Kind::LogIn,
        ("POST", "/settings/password" | "/settings/email" | "/settings/delete" | "/settings/moving") => Kind::LogIn,
        ("POST", _) if path.starts_with("/settings/security") => Kind::LogIn,
        ("POST", "/api/v1/apps") => Kind::App,
        ("POST", _) if path.starts_with("/api/v1/accounts/") && path.ends_with("/email_subscriptions") => Kind::Subscribe,
        ("POST", _) if path.starts_with("/@") && path.ends_with("/newsletter") => Kind::Subscribe,
        ("DELETE", _) if path.starts_with("/api/v1/statuses/") => Kind::Delete,
        ("POST", _) if path.starts_with("/api/v1/statuses/") && path.ends_with("/unreblog") => Kind::Delete,
        // Streams are long, not many.
        (_, "/api/v1/streaming/health") => return None,
        _ if path.starts_with("/api/") => Kind::Api,
        _ => return None,
    };
    Some(kind)
}

fn mark(headers: &mut HeaderMap, left: Left) {
    headers.insert(LIMIT, HeaderValue::from(left.limit));
    headers.insert(REMAINING, HeaderValue::from(left.remaining));
    if let Ok(reset) = HeaderValue::from_str(&left.reset.to_rfc3339()) {
        headers.insert(RESET, reset);
    }
    if !left.allowed {
        let seconds = (left.reset.millis() - Timestamp::now().millis()).max(1_000) / 1_000;
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Config;
    use crate::testing::TestApp;

    #[test]
    fn requests_are_counted_by_what_they_cost() {
        let kind = |method: Method, path| kind_of(&method, path);
        assert_eq!(kind(Method::POST, "/api/v1/statuses"), Some(Kind::Post));
        assert_eq!(kind(Method::GET, "/api/v1/statuses/1"), Some(Kind::Api));
        assert_eq!(kind(Method::DELETE, "/api/v1/statuses/1"), Some(Kind::Delete));
        assert_eq!(kind(Method::POST, "/api/v1/statuses/1/unreblog"), Some(Kind::Delete));
        assert_eq!(kind(Method::POST, "/api/v2/media"), Some(Kind::Upload));
        assert_eq!(kind(Method::POST, "/api/v1/accounts"), Some(Kind::SignUp));
        assert_eq!(kind(Method::POST, "/auth/sign_up"), Some(Kind::SignUp));
        assert_eq!(kind(Method::POST, "/oauth/token"), Some(Kind::LogIn));
        assert_eq!(kind(Method::POST, "/auth/sign_in"), Some(Kind::LogIn));
        assert_eq!(kind(Method::POST, "/settings/password"), Some(Kind::LogIn));
        assert_eq!(kind(Method::POST, "/api/v1/accounts/1/email_subscriptions"), Some(Kind::Subscribe));
        assert_eq!(kind(Method::POST, "/@ali/newsletter"), Some(Kind::Subscribe));
        assert_eq!(kind(Method::GET, "/auth/sign_in"), None);
        assert_eq!(kind(Method::GET, "/@ali"), None);
        assert_eq!(kind(Method::POST, "/inbox"), None);
    }

    #[actix_web::test]
    async fn answers_say_what_is_left_and_then_refuse() {
        let app = TestApp::with(Config::default());
        let nobody = app.anonymous();
        let first = nobody.get("/api/v1/nothing").await;
        assert_eq!(first.status, 404);
        assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("300", "299"));
        assert!(first.header("x-ratelimit-reset").ends_with('Z'), "{}", first.header("x-ratelimit-reset"));
        let mut last = first;
        for _ in 0..400 {
            last = nobody.get("/api/v1/nothing").await;
            if last.status == 429 {
                break;
            }
        }
        assert_eq!(last.status, 429);
        assert_eq!(last.json, serde_json::json!({ "error": "Too many requests" }));
        assert_eq!(last.header("x-ratelimit-remaining"), "0");
        assert_eq!(last.header("retry-after"), "1");
        assert_eq!(last.header("access-control-allow-origin"), "*");
        // Those who have a token are counted for themselves.
        let ali = app.user("ali").await;
        assert_eq!(ali.get("/api/v1/nothing").await.header("x-ratelimit-limit"), "1500");
    }

    #[actix_web::test]
    async fn limits_can_be_switched_off() {
        let app = TestApp::new();
        let answer = app.anonymous().get("/api/v1/nothing").await;
        assert_eq!(answer.header("x-ratelimit-limit"), "");
    }
}
