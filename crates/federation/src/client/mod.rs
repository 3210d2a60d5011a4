//! The one client by which we talk to other servers: guarded addresses, bounded answers, signed requests.
//! What a host wants (which signature scheme) is the caller's to remember: it says what to try, and hears what worked.

mod budget;
mod error;
mod guard;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

pub use budget::Budget;
pub use error::ClientError;
pub use guard::PrivatePeers;

use crate::sig::{BodyDigest, Outgoing, PrivateKey, Scheme, rfc9421, sign};
use crate::vocab::{Collection, Object, ParseError, document, id};
use guard::Guard;

/// Redirects that are followed for one request.
const MAX_REDIRECTS: usize = 3;
/// The most that a `Retry-After` may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);
/// Of an answer to a delivery, this much is read so that the connection can be used again.
const MAX_DRAINED: usize = 64 * 1024;
/// Characters of such an answer that are kept for the log.
const MAX_EXCERPT: usize = 200;

/// Who signs requests.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key id that peers fetch, `…#main-key`.
    pub key_id: Arc<str>,
    /// The private key.
    pub key: Arc<PrivateKey>,
}

/// Bounds of the client that tests make smaller.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a whole request with its redirects and repeats, to the last byte.
    pub total: Duration,
    /// For a connection.
    pub connect: Duration,
    /// Bytes of a JSON document, after decompression.
    pub json_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { total: Duration::from_secs(10), connect: Duration::from_secs(5), json_bytes: document::MAX_BYTES }
    }
}

/// The guarded client. Cheap to clone; all clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
    limits: Limits,
    /// As many signatures at once as there are processors: RSA would starve everything else otherwise.
    signing: Arc<Semaphore>,
}

/// An ActivityPub document that was fetched from the origin that answers for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// What it is. Its id has the origin that it was fetched from.
    pub object: Object,
    /// All of it, byte for byte.
    pub body: Bytes,
    /// The address that answered, after redirects.
    pub url: Url,
    /// The signature scheme that worked, to be tried first next time; the preferred one when nothing was signed.
    pub scheme: Scheme,
}

/// What a peer said to a delivery, or to a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status code. 2xx: taken. 401: perhaps the other scheme. 410: the inbox is dead.
    pub status: u16,
    /// How long to wait, when it said so.
    pub retry_after: Option<Duration>,
    /// Whether it asked for RFC 9421 by `Accept-Signature`.
    pub wants_rfc9421: bool,
    /// The beginning of what it said, for the log.
    pub excerpt: String,
}

impl Outcome {
    /// Whether the peer took the activity.
    pub fn is_delivered(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Bytes of any kind, with what the peer calls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// The bytes.
    pub body: Bytes,
    /// The address that answered, after redirects.
    pub url: Url,
}

impl Client {
    /// Makes a client that calls itself `Majlis/<version> (+<origin>)`. Loads the system's root certificates.
    ///
    /// # Errors
    /// [`ClientError::SetUp`], most often because the system has no root certificates.
    pub fn new(origin: &Url, private_peers: PrivatePeers) -> Result<Self, ClientError> {
        Self::with_limits(origin, private_peers, Limits::default())
    }

    /// As [`Client::new`], with other bounds.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_limits(origin: &Url, private_peers: PrivatePeers, limits: Limits) -> Result<Self, ClientError> {
        let guard = Guard::new(origin, private_peers);
        let builder = || {
            reqwest::Client::builder()
                .user_agent(format!("Majlis/{} (+{})", env!("CARGO_PKG_VERSION"), origin.origin().ascii_serialization()))
                .dns_resolver(guard.resolver())
                // A proxy would resolve names itself, unchecked.
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .timeout(limits.total)
                .connect_timeout(limits.connect)
                // Thousands of hosts, a few requests each: connections are kept for a burst, not for a day.
                .pool_max_idle_per_host(4)
                .pool_idle_timeout(Duration::from_secs(30))
                .tcp_nodelay(true)
        };
        let http = match builder().build() {
            Err(_) if private_peers == PrivatePeers::On => builder().tls_certs_only([]).build(),
            built => built,
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            http: http.map_err(|error| ClientError::SetUp(root_cause(&error)))?,
            guard,
            limits,
            signing: Arc::new(Semaphore::new(processors)),
        })
    }

    /// Whether private peers are allowed.
    pub fn private_peers(&self) -> PrivatePeers {
        self.guard.peers()
    }

    /// Fetches an actor, a post, a collection … by its id or by an address that leads to it.
    ///
    /// The media type must be ActivityPub's. The id of the answer must be the address that answered; where it differs,
    /// the id itself is fetched, once, and must then answer for itself (FEP-fe34). With a `signer`, the request is signed
    /// by the `preferred` scheme; when the peer answers 400 or 401, by the others, once each.
    ///
    /// # Errors
    /// [`ClientError`]; see [`ClientError::is_gone`] and [`ClientError::is_temporary`].
    pub async fn get_activity_json(
        &self,
        url: &Url,
        signer: Option<&Signer>,
        preferred: Scheme,
        budget: &Budget,
    ) -> Result<Fetched, ClientError> {
        self.get_own_object(url, signer, preferred, budget).await.inspect_err(|error| note(url, error))
    }

    async fn get_own_object(
        &self,
        url: &Url,
        signer: Option<&Signer>,
        preferred: Scheme,
        budget: &Budget,
    ) -> Result<Fetched, ClientError> {
        let first = self.get_object(url, signer, preferred, budget).await?;
        if answers_for_itself(&first) {
            return Ok(first);
        }
        let mismatch = |fetched: &Fetched| ClientError::IdMismatch {
            url: fetched.url.to_string(),
            id: fetched.object.id().unwrap_or_default().to_owned(),
        };
        let own = first.object.id().and_then(id::url).ok_or_else(|| mismatch(&first))?;
        // A document that another one names as its own must be it, not lead on.
        let second = self.get_object(&own, signer, first.scheme, budget).await?;
        let same_id = second.object.id() == first.object.id();
        if same_id && id::same_origin(second.url.as_str(), own.as_str()) { Ok(second) } else { Err(mismatch(&second)) }
    }

    /// Fetches a collection or one of its pages, which need not have an id. Only the ids of its items may be believed, and
    /// whole items only if they have the origin of the address that answered.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_collection(
        &self,
        url: &Url,
        signer: Option<&Signer>,
        preferred: Scheme,
        budget: &Budget,
    ) -> Result<(Collection, Url), ClientError> {
        let fetched = self.get_object(url, signer, preferred, budget).await.inspect_err(|error| note(url, error))?;
        match fetched.object {
            Object::Collection(collection) => Ok((*collection, fetched.url)),
            other => Err(ParseError::UnknownType(other.kind_name().unwrap_or_default().to_owned()).into()),
        }
    }

    /// The address of a host's document of this name (RFC 8615): `https://example.org/.well-known/webfinger`.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the host is none.
    pub fn well_known(&self, host: &str, name: &str) -> Result<Url, ClientError> {
        let address = format!("{}://{host}/.well-known/{name}", self.private_peers().scheme(host));
        address.parse().map_err(|_| ClientError::Refused("a host that is none"))
    }

    /// Fetches JSON that is not ActivityPub, unsigned: webfinger, nodeinfo. Any JSON media type will do.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_json<T: DeserializeOwned>(
        &self,
        url: &Url,
        accept: &'static str,
        budget: &Budget,
    ) -> Result<T, ClientError> {
        self.within(budget, async {
            let (response, _, _) = self.get(url, accept, None, Scheme::Cavage, budget).await?;
            let body = read_document(response, document::is_json, self.limits.json_bytes).await?;
            T::deserialize(document::parse_value(&body)?).map_err(|error| ParseError::Json(error.to_string()).into())
        })
        .await
        .inspect_err(|error| note(url, error))
    }

    /// Fetches bytes of any kind, unsigned, up to `max_bytes`: pictures, pages for previews.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_bytes(
        &self,
        url: &Url,
        accept: &'static str,
        max_bytes: usize,
        budget: &Budget,
    ) -> Result<Download, ClientError> {
        self.within(budget, async {
            let (response, url, _) = self.get(url, accept, None, Scheme::Cavage, budget).await?;
            let content_type = content_type(response.headers());
            Ok(Download { content_type, body: read_body(response, max_bytes).await?, url })
        })
        .await
    }

    /// Fetches the beginning of something whose media type `is_right`, unsigned: what follows `max_bytes` is not read.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get_beginning(
        &self,
        url: &Url,
        accept: &'static str,
        is_right: fn(&str) -> bool,
        max_bytes: usize,
        budget: &Budget,
    ) -> Result<Download, ClientError> {
        self.within(budget, async {
            let (mut response, url, _) = self.get(url, accept, None, Scheme::Cavage, budget).await?;
            let content_type = content_type(response.headers());
            if !content_type.as_deref().is_some_and(is_right) {
                return Err(ClientError::ContentType(content_type.unwrap_or_default()));
            }
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(from_reqwest)? {
                let room = max_bytes - body.len();
                body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if body.len() == max_bytes {
                    break;
                }
            }
            Ok(Download { content_type, body: body.freeze(), url })
        })
        .await
    }

    /// Delivers an activity to an inbox, once: no redirect is followed, no scheme tried but the given one.
    /// Whoever delivers to many serialises and hashes the body once.
    ///
    /// # Errors
    /// [`ClientError`] when there was no answer; every answer is an [`Outcome`].
    pub async fn post_activity(
        &self,
        inbox: &Url,
        body: Bytes,
        digest: &BodyDigest,
        signer: &Signer,
        scheme: Scheme,
    ) -> Result<Outcome, ClientError> {
        self.guard.check(inbox)?;
        let headers = self.signed(Method::POST, inbox, Some(digest), signer, scheme).await?;
        let request = self.http.post(inbox.clone()).headers(headers).header(CONTENT_TYPE, document::CONTENT_TYPE).body(body);
        self.send(request).await
    }

    /// Whether a request may go to this address at all; what its name leads to is seen when it is connected to.
    ///
    /// # Errors
    /// [`ClientError::Refused`], which says why not.
    pub fn check(&self, url: &Url) -> Result<(), ClientError> {
        self.guard.check(url)
    }

    /// Posts bytes with these header fields, once, unsigned; no redirect is followed.
    ///
    /// # Errors
    /// [`ClientError`] when there was no answer; every answer is an [`Outcome`].
    pub async fn post_bytes(&self, url: &Url, headers: &[(&'static str, String)], body: Bytes) -> Result<Outcome, ClientError> {
        self.guard.check(url)?;
        let mut request = self.http.post(url.clone()).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.send(request).await
    }

    /// Sends a POST and reads what the peer says of it.
    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Outcome, ClientError> {
        let exchange = async {
            let mut response = request.send().await.map_err(from_reqwest)?;
            let status = response.status().as_u16();
            let retry_after = retry_after(response.headers());
            let wants_rfc9421 = wants_rfc9421(response.headers());
            let mut said = BytesMut::new();
            // What it says does not matter to the delivery, and must not be able to spoil it.
            while let Ok(Some(chunk)) = response.chunk().await {
                if said.len() + chunk.len() > MAX_DRAINED {
                    break;
                }
                said.extend_from_slice(&chunk);
            }
            let excerpt = String::from_utf8_lossy(&said).chars().filter(|c| !c.is_control()).take(MAX_EXCERPT).collect();
            Ok(Outcome { status, retry_after, wants_rfc9421, excerpt })
        };
        tokio::time::timeout(self.limits.total, exchange).await.map_err(|_| ClientError::Timeout)?
    }

    async fn get_object(
        &self,
        url: &Url,
        signer: Option<&Signer>,
        preferred: Scheme,
        budget: &Budget,
    ) -> Result<Fetched, ClientError> {
        self.within(budget, async {
            let (response, url, scheme) = self.get(url, document::ACCEPT, signer, preferred, budget).await?;
            let body = read_document(response, document::is_activity_json, self.limits.json_bytes).await?;
            Ok(Fetched { object: Object::from_slice(&body)?, body, url, scheme })
        })
        .await
    }

    /// One GET with its redirects; the answer has a 2xx status, its body is unread.
    async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        signer: Option<&Signer>,
        preferred: Scheme,
        budget: &Budget,
    ) -> Result<(Response, Url, Scheme), ClientError> {
        let mut url = url.clone();
        url.set_fragment(None);
        self.guard.check(&url)?;
        for _ in 0..=MAX_REDIRECTS {
            let (response, scheme) = self.get_once(&url, accept, signer, preferred, budget).await?;
            let status = response.status();
            if status.is_success() {
                return Ok((response, url, scheme));
            }
            let redirect = matches!(
                status,
                StatusCode::MOVED_PERMANENTLY
                    | StatusCode::FOUND
                    | StatusCode::SEE_OTHER
                    | StatusCode::TEMPORARY_REDIRECT
                    | StatusCode::PERMANENT_REDIRECT
            );
            if !redirect {
                return Err(ClientError::Status { status: status.as_u16(), retry_after: retry_after(response.headers()) });
            }
            let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            url = self.guard.redirect(&url, location.ok_or(ClientError::Redirects)?)?;
            url.set_fragment(None);
        }
        Err(ClientError::Redirects)
    }

    /// One GET without redirects, repeated with the other schemes while the peer refuses the signature.
    async fn get_once(
        &self,
        url: &Url,
        accept: &'static str,
        signer: Option<&Signer>,
        preferred: Scheme,
        budget: &Budget,
    ) -> Result<(Response, Scheme), ClientError> {
        let mut attempts = schemes(preferred, url.query().is_some(), signer.is_some()).into_iter();
        let mut scheme = attempts.next().unwrap_or(preferred);
        loop {
            budget.take()?;
            let mut headers = match signer {
                Some(signer) => self.signed(Method::GET, url, None, signer, scheme).await?,
                None => HeaderMap::new(),
            };
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            let response = self.http.get(url.clone()).headers(headers).send().await.map_err(from_reqwest)?;
            let refused = matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST);
            if !refused {
                return Ok((response, scheme));
            }
            // A peer that says what it wants is asked in that way next.
            let wanted = wants_rfc9421(response.headers()) && scheme != Scheme::Rfc9421;
            let next = if wanted { attempts.find(|scheme| *scheme == Scheme::Rfc9421) } else { attempts.next() };
            match next {
                Some(next) => scheme = next,
                None => return Ok((response, scheme)),
            }
        }
    }

    /// The header fields of a signed request, made on a thread that may be busy.
    async fn signed(
        &self,
        method: Method,
        url: &Url,
        digest: Option<&BodyDigest>,
        signer: &Signer,
        scheme: Scheme,
    ) -> Result<HeaderMap, ClientError> {
        let permit = self.signing.clone().acquire_owned().await.map_err(|error| ClientError::SetUp(error.to_string()))?;
        let (url, digest, signer) = (url.clone(), digest.copied(), signer.clone());
        let made = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let outgoing = Outgoing { method: method.as_str(), url: &url, digest: digest.as_ref() };
            sign(outgoing, scheme, &signer.key_id, &signer.key, Utc::now())
        });
        let fields = made.await.map_err(|error| ClientError::SetUp(error.to_string()))?.map_err(ClientError::Signing)?;
        let mut headers = HeaderMap::with_capacity(fields.len() + 1);
        for (name, value) in fields {
            let value = HeaderValue::try_from(value).map_err(|_| ClientError::Refused("a key id that is no header"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }

    /// Runs a whole exchange, from the first connection to the last byte, within the time that there is.
    async fn within<T>(&self, budget: &Budget, exchange: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
        let left = budget.time_left();
        let late = if left < self.limits.total { ClientError::Budget } else { ClientError::Timeout };
        tokio::time::timeout(left.min(self.limits.total), exchange).await.map_err(|_| late)?
    }
}

/// The schemes to try, in order. Without a query string the two forms of draft-cavage are one.
fn schemes(preferred: Scheme, has_query: bool, signed: bool) -> Vec<Scheme> {
    let same = |one: Scheme, other: Scheme| one == other || !(has_query || one == Scheme::Rfc9421 || other == Scheme::Rfc9421);
    let mut order = vec![preferred];
    for scheme in [Scheme::Cavage, Scheme::Rfc9421, Scheme::CavagePathOnly] {
        if signed && !order.iter().any(|have| same(*have, scheme)) {
            order.push(scheme);
        }
    }
    order
}

/// Says in the log what a peer tried on us.
fn note(url: &Url, error: &ClientError) {
    if error.is_suspicious() {
        tracing::info!(%url, %error, "a fetch given up");
    }
}

/// Whether a document's id is the address that answered with it.
fn answers_for_itself(fetched: &Fetched) -> bool {
    let Some(own) = fetched.object.id() else { return false };
    own.split('#').next() == Some(fetched.url.as_str()) || id::url(own).is_some_and(|own| without_fragment(own) == fetched.url)
}

fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

/// Reads a body whose media type is right.
async fn read_document(response: Response, is_right: fn(&str) -> bool, max_bytes: usize) -> Result<Bytes, ClientError> {
    let kind = content_type(response.headers());
    if !kind.as_deref().is_some_and(is_right) {
        return Err(ClientError::ContentType(kind.unwrap_or_default()));
    }
    read_body(response, max_bytes).await
}

/// Reads a body up to a bound, decompressed. Stops at the bound, whatever the peer announced.
async fn read_body(mut response: Response, max_bytes: usize) -> Result<Bytes, ClientError> {
    if response.content_length().is_some_and(|length| length > max_bytes as u64) {
        return Err(ClientError::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(from_reqwest)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(ClientError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE)?.to_str().ok().map(|kind| kind.chars().take(256).collect())
}

fn wants_rfc9421(headers: &HeaderMap) -> bool {
    headers.get_all("accept-signature").iter().filter_map(|value| value.to_str().ok()).any(rfc9421::wants_rfc9421)
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at: DateTime<Utc> = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
            (at - Utc::now()).to_std().unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

fn from_reqwest(error: reqwest::Error) -> ClientError {
    if let Some(host) = guard::private_address(&error) {
        ClientError::PrivateAddress(host)
    } else if error.is_timeout() {
        ClientError::Timeout
    } else {
        ClientError::Connection(root_cause(&error))
    }
}

/// The innermost error: the outer ones repeat the address, which the caller knows.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.source().is_none() { error.to_string() } else { cause.to_string() }
}

#[cfg(test)]
pub(crate) mod tests;
