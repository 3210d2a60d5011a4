//! Streaming (Mastodon's methods `streaming`): new posts, edits, deletions and notifications as they are committed, over a
//! WebSocket or as server-sent events. [`Hub`] hears of every commit once and hands it to whoever listens.

mod channel;
mod hub;
mod updates;

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use futures_util::StreamExt as _;
use majlis_local::feeds::Reach;
use majlis_local::ids::ListId;
use serde::Deserialize;
use serde_json::json;

use crate::auth::{Identity, identify};
use crate::error::{Error, Result};
use crate::params::from_query;
use crate::state::Api;

pub use channel::{Channel, Listener};
pub use hub::Hub;
use hub::{Message, Subscriber};

/// How often a socket is asked whether anybody is there.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// A socket from which nothing has come for this long is closed: three heartbeats went unanswered.
const SILENCE: Duration = Duration::from_secs(100);
/// How often a server-sent stream shows that it lives; proxies close what is silent for a minute.
const THUMP: Duration = Duration::from_secs(15);
/// Bytes that an app may send in one message.
const MESSAGE_LIMIT: usize = 16 << 10;
/// Channels to which one socket may subscribe.
const MOST_CHANNELS: usize = 128;

/// What an app asks for: in the query, or in a message of a socket.
#[derive(Debug, Default, Deserialize)]
struct Wish {
    #[serde(rename = "type", default)]
    verb: String,
    stream: Option<String>,
    list: Option<ListId>,
    tag: Option<String>,
    #[serde(default)]
    only_media: bool,
}

/// `GET /api/v1/streaming/health`.
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("OK")
}

/// `GET /api/v1/streaming`: a WebSocket, subscribed at once to the `stream` of the query and later to whatever its messages ask for.
/// The token stands in the query, in the header, or (from browsers) in `Sec-WebSocket-Protocol`, which is then echoed.
pub async fn socket(api: Api, req: HttpRequest, body: Payload) -> Result<HttpResponse> {
    let wish: Wish = from_query(req.query_string())?;
    let upgrade = req.headers().get(header::UPGRADE).and_then(|v| v.to_str().ok());
    if !upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket")) {
        let text = "This is the address of a WebSocket. Connect with one, or use server-sent events at /api/v1/streaming/user.";
        return Ok(HttpResponse::UpgradeRequired()
            .insert_header((header::UPGRADE, "websocket"))
            .insert_header((header::CONNECTION, "Upgrade"))
            .json(json!({ "error": text })));
    }
    let protocol = req.headers().get(header::SEC_WEBSOCKET_PROTOCOL).cloned();
    let listener = who_listens(&api, &req, protocol.as_ref()).await?;
    let mut subscriber = api.streaming.connect(&api, listener.viewer);
    if let Some(stream) = wish.stream.as_deref().filter(|name| !name.is_empty()) {
        let channel = Channel::parse(stream, wish.list, wish.tag.as_deref(), wish.only_media)?;
        let topic = channel.open(&api, &listener).await?;
        subscriber.subscribe(topic, channel.names());
    }
    let (mut response, session, messages) = actix_ws::handle(&req, body)
        .map_err(|error| Error::bad_request(format!("The WebSocket could not be opened: {error}")))?;
    if let Some(protocol) = protocol.filter(|value| !value.to_str().is_ok_and(|v| v.contains(','))) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let messages = messages.max_frame_size(MESSAGE_LIMIT).aggregate_continuations().max_continuation_size(MESSAGE_LIMIT);
    actix_web::rt::spawn(Socket { api, listener, subscriber, session, heard: std::time::Instant::now() }.run(messages));
    Ok(response)
}

/// Finds out who asks. A token that nobody knows is refused before anything is opened.
async fn who_listens(api: &Api, req: &HttpRequest, protocol: Option<&HeaderValue>) -> Result<Listener> {
    let identity = match identify(req).await? {
        Identity::Anonymous => match protocol.and_then(|value| value.to_str().ok()).and_then(|value| value.split(',').next()) {
            Some(token) => match api.bearers.access(token.trim()).await? {
                Some(access) => Identity::Known(access),
                None => Identity::Unknown,
            },
            None => Identity::Anonymous,
        },
        identity => identity,
    };
    match identity {
        Identity::Known(access) => Listener::new(Some(access)),
        Identity::Anonymous => Listener::new(None),
        Identity::Unknown => Err(Error::Unauthorized("The access token is invalid")),
    }
}

/// One open WebSocket.
struct Socket {
    api: Api,
    listener: Listener,
    subscriber: Subscriber,
    session: Session,
    /// When something last came from the app.
    heard: std::time::Instant,
}

impl Socket {
    async fn run(mut self, mut messages: AggregatedMessageStream) {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        heartbeat.tick().await;
        let reason = loop {
            tokio::select! {
                message = self.subscriber.next() => match message {
                    Some(Message::Frame(frame)) => {
                        if self.session.text(frame.websocket().to_owned()).await.is_err() {
                            break None;
                        }
                    }
                    Some(Message::AccessChanged) => {
                        if !self.may_stay().await {
                            break Some(CloseReason::from((CloseCode::Policy, "The access token was revoked")));
                        }
                    }
                    // The hub let go of us: we read too slowly. The app connects again and loads what it has missed.
                    None => break Some(CloseReason::from((CloseCode::Again, "Too slow"))),
                },
                message = messages.recv() => match message {
                    Some(Ok(message)) => {
                        self.heard = std::time::Instant::now();
                        if !self.hear(message).await {
                            break None;
                        }
                    }
                    Some(Err(_)) => break Some(CloseReason::from(CloseCode::Protocol)),
                    None => break None,
                },
                _ = heartbeat.tick() => {
                    if self.heard.elapsed() > SILENCE || self.session.ping(b"").await.is_err() {
                        break None;
                    }
                }
            }
        };
        let _ = self.session.close(reason).await;
    }

    /// Handles what the app sent; false when the socket ends.
    async fn hear(&mut self, message: AggregatedMessage) -> bool {
        match message {
            AggregatedMessage::Text(text) => {
                let answer = match serde_json::from_str::<Wish>(&text) {
                    Ok(wish) => self.fulfil(wish).await,
                    Err(_) => Err(Error::bad_request("Not a JSON object with type and stream")),
                };
                match answer {
                    Ok(()) => true,
                    Err(error) => {
                        let status = actix_web::ResponseError::status_code(&error).as_u16();
                        let text = json!({ "error": error.sentence(), "status": status }).to_string();
                        self.session.text(text).await.is_ok()
                    }
                }
            }
            AggregatedMessage::Ping(payload) => self.session.pong(&payload).await.is_ok(),
            AggregatedMessage::Close(_) => false,
            AggregatedMessage::Binary(_) | AggregatedMessage::Pong(_) => true,
        }
    }

    async fn fulfil(&mut self, wish: Wish) -> Result<()> {
        let stream = wish.stream.unwrap_or_default();
        let channel = Channel::parse(&stream, wish.list, wish.tag.as_deref(), wish.only_media)?;
        match wish.verb.as_str() {
            "subscribe" if self.subscriber.topics() >= MOST_CHANNELS => Err(Error::bad_request("Too many subscriptions")),
            "subscribe" => {
                let topic = channel.open(&self.api, &self.listener).await?;
                self.subscriber.subscribe(topic, channel.names());
                Ok(())
            }
            "unsubscribe" => {
                if let Some(topic) = channel.topic(&self.listener) {
                    self.subscriber.unsubscribe(&topic);
                }
                Ok(())
            }
            _ => Err(Error::bad_request("Unknown type: it is subscribe or unsubscribe")),
        }
    }

    /// Whether the token is still good.
    async fn may_stay(&self) -> bool {
        still_good(&self.api, &self.listener).await
    }
}

/// Whether a listener's token still names the same person, who may still act.
async fn still_good(api: &Api, listener: &Listener) -> bool {
    let Some(access) = &listener.access else { return true };
    let (token, viewer) = (access.token, listener.viewer);
    api.db.read(move |c| majlis_local::tokens::is_valid(c, token, viewer)).await.unwrap_or(true)
}

/// `GET /api/v1/streaming/user`.
pub async fn user(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |_| Ok(Channel::User)).await
}

/// `GET /api/v1/streaming/user/notification`.
pub async fn user_notification(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |_| Ok(Channel::UserNotification)).await
}

/// `GET /api/v1/streaming/public`.
pub async fn public(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |wish| Ok(Channel::Public { reach: Reach::All, only_media: wish.only_media })).await
}

/// `GET /api/v1/streaming/public/local`.
pub async fn public_local(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |wish| Ok(Channel::Public { reach: Reach::Local, only_media: wish.only_media })).await
}

/// `GET /api/v1/streaming/public/remote`.
pub async fn public_remote(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |wish| Ok(Channel::Public { reach: Reach::Remote, only_media: wish.only_media })).await
}

/// `GET /api/v1/streaming/hashtag?tag=…`.
pub async fn hashtag(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |wish| Channel::parse("hashtag", None, wish.tag.as_deref(), false)).await
}

/// `GET /api/v1/streaming/hashtag/local?tag=…`.
pub async fn hashtag_local(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |wish| Channel::parse("hashtag:local", None, wish.tag.as_deref(), false)).await
}

/// `GET /api/v1/streaming/list?list=…`.
pub async fn list(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |wish| Channel::parse("list", wish.list, None, false)).await
}

/// `GET /api/v1/streaming/direct`.
pub async fn direct(api: Api, req: HttpRequest) -> Result<HttpResponse> {
    events(api, &req, |_| Ok(Channel::Direct)).await
}

/// A channel as server-sent events (HTML Standard §9.2).
async fn events(api: Api, req: &HttpRequest, channel: impl FnOnce(&Wish) -> Result<Channel>) -> Result<HttpResponse> {
    let wish: Wish = from_query(req.query_string())?;
    let channel = channel(&wish)?;
    let listener = who_listens(&api, req, None).await?;
    let topic = channel.open(&api, &listener).await?;
    let mut subscriber = api.streaming.connect(&api, listener.viewer);
    subscriber.subscribe(topic, channel.names());
    let body = futures_util::stream::unfold(Some((api, listener, subscriber)), |open| async move {
        let (api, listener, mut subscriber) = open?;
        let bytes = loop {
            match tokio::time::timeout(THUMP, subscriber.next()).await {
                Err(_) => break Bytes::from_static(b":thump\n\n"),
                Ok(Some(Message::Frame(frame))) => break Bytes::from(frame.event_stream()),
                Ok(Some(Message::AccessChanged)) if still_good(&api, &listener).await => {}
                Ok(Some(Message::AccessChanged) | None) => return None,
            }
        };
        Some((Ok::<_, std::convert::Infallible>(bytes), Some((api, listener, subscriber))))
    });
    let greeting = futures_util::stream::once(async { Ok(Bytes::from_static(b":)\n\n")) });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(greeting.chain(body)))
}

#[cfg(test)]
mod tests;
