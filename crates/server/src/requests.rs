//! What surrounds every request: its name in logs, its time and count, the headers that keep browsers careful,
//! HEAD wherever there is GET, an end to bodies that come too slowly, and an end to streams when the server stops.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage as _};
use futures_util::Stream;
use majlis_api::Api;
use majlis_web::sessions::ClientAddress;
use metrics::{counter, histogram};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// The longest silence in a body that is on its way.
const SILENCE: Duration = Duration::from_secs(20);
/// What every body may take.
const BODY_TIME: Duration = Duration::from_secs(20);
/// Bytes a second that a large body comes at, at the least.
const SLOWEST: u64 = 16 << 10;
/// The size that a body without a declared length is taken for.
const UNDECLARED: u64 = 1 << 20;

/// What the surroundings of requests need to know.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Ends streams.
    pub stop: CancellationToken,
    /// Whether browsers may be told to use https only.
    pub https: bool,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps the whole application: `App::new().wrap(from_fn(requests::surround))`, outermost.
///
/// # Errors
/// Those of the inner service.
pub async fn surround(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let surroundings = req.app_data::<Data<Surroundings>>().cloned();
    let id = format!("{:016x}", rand::random::<u64>());
    if let Some(address) = Api::of(req.request()).ok().and_then(|api| api.config.proxies.client_address(req.request())) {
        req.extensions_mut().insert(ClientAddress(address));
    }
    let method = req.method().clone();
    // Never the query: tokens may stand in it.
    let span = tracing::info_span!("request", id, %method, path = req.path());
    if has_body(req.headers()) {
        limit_body_time(&mut req);
    }
    // Routes need not know of HEAD: they answer it like GET, and what they say is not sent (RFC 9110 §9.3.2).
    let is_head = method == Method::HEAD;
    if is_head {
        req.head_mut().method = Method::GET;
    }
    let mut response = next.call(req).instrument(span.clone()).await?;

    let status = response.status();
    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let took = started.elapsed();
    counter!("majlis_requests_total", "method" => method_label(&method), "route" => route.clone(), "status" => status_label(status.as_u16()))
        .increment(1);
    histogram!("majlis_request_seconds", "route" => route).record(took.as_secs_f64());
    span.in_scope(|| match status.as_u16() {
        status @ 500.. => tracing::error!(status, ?took, "answered"),
        status @ 413 => tracing::info!(status, ?took, "a body that is too large"),
        status => tracing::debug!(status, ?took, "answered"),
    });

    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    let https = surroundings.as_ref().is_some_and(|s| s.https);
    secure(headers, https);
    Ok(response.map_body(|_, body| match (body.size(), surroundings) {
        (size, _) if is_head => Unsent(size).boxed(),
        (BodySize::Stream, Some(surroundings)) => UntilStop::over(body.boxed(), &surroundings.stop).boxed(),
        _ => body.boxed(),
    }))
}

/// Headers that make browsers careful with whatever was answered. A handler that knows better has set its own.
fn secure(headers: &mut HeaderMap, https: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    // The older word for it has no way to say that others may.
    let may_be_framed =
        headers.get(header::CONTENT_SECURITY_POLICY).is_some_and(|policy| policy.as_bytes().ends_with(b"frame-ancestors *"));
    if !may_be_framed && !headers.contains_key(header::X_FRAME_OPTIONS) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    if https && !headers.contains_key(header::STRICT_TRANSPORT_SECURITY) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

fn method_label(method: &Method) -> &'static str {
    // Anybody can make up methods; a label has few values.
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn status_label(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TRANSFER_ENCODING) || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Puts a [`TimedBody`] around a request's body.
fn limit_body_time(req: &mut ServiceRequest) {
    let length = req.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(UNDECLARED);
    let payload = req.take_payload();
    let end = Instant::now() + BODY_TIME + Duration::from_secs(length.min(1 << 32) / SLOWEST);
    req.set_payload(Payload::Stream { payload: Box::pin(TimedBody { inner: payload, end, timer: None }) });
}

/// A request body that fails when its sender falls silent or takes too long: slow senders would otherwise hold a connection
/// and a handler for ever.
struct TimedBody {
    inner: Payload,
    end: Instant,
    /// Only there while the body is waited for.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Poll::Ready(piece) = Pin::new(&mut this.inner).poll_next(cx) {
            this.timer = None;
            return Poll::Ready(piece);
        }
        let end = this.end;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until((Instant::now() + SILENCE).min(end))));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(PayloadError::Io(std::io::ErrorKind::TimedOut.into()))))
    }
}

/// A body of which only the size is told.
struct Unsent(BodySize);

impl MessageBody for Unsent {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// An endless body (server-sent events, a WebSocket) that ends when the server stops.
struct UntilStop {
    inner: BoxBody,
    stopped: Pin<Box<dyn Future<Output = ()>>>,
}

impl UntilStop {
    fn over(inner: BoxBody, stop: &CancellationToken) -> Self {
        Self { inner, stopped: Box::pin(stop.clone().cancelled_owned()) }
    }
}

impl MessageBody for UntilStop {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_next(cx) {
            Poll::Pending => this.stopped.as_mut().poll(cx).map(|()| None),
            piece => piece,
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};
    use futures_util::StreamExt as _;
    use futures_util::stream;

    use super::*;

    fn surroundings(stop: &CancellationToken) -> Data<Surroundings> {
        Data::new(Surroundings { stop: stop.clone(), https: true })
    }

    #[actix_web::test]
    async fn every_answer_has_a_name_and_careful_headers() {
        let app = App::new().app_data(surroundings(&CancellationToken::new())).wrap(from_fn(surround)).route(
            "/own",
            web::get().to(async || HttpResponse::Ok().insert_header((header::X_FRAME_OPTIONS, "SAMEORIGIN")).finish()),
        );
        let app = init_service(app).await;
        let header =
            |response: &ServiceResponse<BoxBody>, name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
        let missing = call_service(&app, TestRequest::get().uri("/missing").to_request()).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
        assert_eq!(header(&missing, "x-content-type-options"), "nosniff");
        assert_eq!(header(&missing, "strict-transport-security"), "max-age=31536000");
        assert_eq!(header(&missing, "x-request-id").len(), 16);
        let own = call_service(&app, TestRequest::get().uri("/own").to_request()).await;
        assert_eq!(header(&own, "x-frame-options"), "SAMEORIGIN");
        assert_ne!(header(&own, "x-request-id"), header(&missing, "x-request-id"));
    }

    #[actix_web::test]
    async fn head_is_answered_like_get_without_a_body() {
        let forever = async || HttpResponse::Ok().streaming(stream::pending::<Result<Bytes, Error>>());
        let app = App::new()
            .app_data(surroundings(&CancellationToken::new()))
            .wrap(from_fn(surround))
            .route("/text", web::get().to(async || HttpResponse::Ok().body("text")))
            .route("/stream", web::get().to(forever))
            .route("/change", web::post().to(HttpResponse::Ok));
        let app = init_service(app).await;
        for (path, status, size) in
            [("/text", 200, BodySize::Sized(4)), ("/stream", 200, BodySize::Stream), ("/change", 404, BodySize::Sized(0))]
        {
            let request = TestRequest::default().method(Method::HEAD).uri(path).to_request();
            let response = call_service(&app, request).await;
            assert_eq!((response.status().as_u16(), response.response().body().size()), (status, size), "{path}");
            assert!(actix_web::body::to_bytes(response.into_body()).await.unwrap().is_empty(), "{path}");
        }
    }

    #[actix_web::test]
    async fn a_stream_ends_when_the_server_stops() {
        let stop = CancellationToken::new();
        let forever = async || HttpResponse::Ok().streaming(stream::pending::<Result<Bytes, Error>>());
        let app = App::new().app_data(surroundings(&stop)).wrap(from_fn(surround)).route("/", web::get().to(forever));
        let app = init_service(app).await;
        let response = call_service(&app, TestRequest::get().uri("/").to_request()).await;
        let body = actix_web::rt::spawn(actix_web::body::to_bytes(response.into_body()));
        stop.cancel();
        assert!(body.await.unwrap().unwrap().is_empty());
    }

    #[actix_web::test]
    async fn a_body_that_falls_silent_or_trickles_is_given_up() {
        tokio::time::pause();
        let timed = |inner: Payload| TimedBody { inner, end: Instant::now() + Duration::from_secs(84), timer: None };
        let silent = stream::iter([Ok(Bytes::from_static(b"a"))]).chain(stream::pending());
        let mut body = timed(Payload::Stream { payload: Box::pin(silent) });
        assert_eq!(body.next().await.unwrap().unwrap(), "a");
        assert!(matches!(body.next().await, Some(Err(PayloadError::Io(e))) if e.kind() == std::io::ErrorKind::TimedOut));

        let trickle = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Some((Ok(Bytes::from_static(b"a")), ()))
        });
        let mut body = timed(Payload::Stream { payload: Box::pin(trickle) });
        let mut pieces = 0;
        while body.next().await.is_some_and(|piece| piece.is_ok()) {
            pieces += 1;
        }
        assert_eq!(pieces, 8);
    }
}
