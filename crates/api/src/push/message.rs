//! A push message: what a notification says, in the words of whoever gets it, on its way to one app.

use std::time::Duration;

use bytes::Bytes;
use majlis_federation::client::ClientError;
use majlis_local::ids::{NotificationId, PushSubscriptionId};
use majlis_local::notifications::{self, NotificationKind};
use majlis_local::push_subscriptions::{self, PushSubscription};
use majlis_local::settings::{self, Vapid};
use majlis_local::visibility::retain_visible;
use majlis_local::{Connection, Error, Site, actors, posts, text, users};
use moka::sync::Cache;
use serde::Serialize;
use tokio::sync::Semaphore;
use url::Url;

use super::encryption::{self, Coding};
use super::vapid;
use crate::entities::Account;
use crate::state::Api;

/// Characters of a message's body.
const BODY: usize = 140;
/// Characters of a name in a title.
const NAME: usize = 60;
/// Seconds for which the push service keeps a message for an app that is away.
const KEPT: u32 = 48 * 3_600;
/// Messages on their way at the same time.
const AT_ONCE: usize = 16;
/// Hosts that are remembered for their silence.
const SILENT: u64 = 10_000;
/// How long a push service that does not answer is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// What a message tells, before it has words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is about.
    pub kind: NotificationKind,
    /// Who did it: plain text.
    pub name: String,
    /// Whether whoever gets it did it, as with a poll of its own that has ended.
    pub own: bool,
    /// The language of whoever gets it, as they chose it.
    pub locale: String,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The push service has it, or nobody wants it any more.
    Done,
    /// It is to be tried again.
    Again {
        /// Why, for the log.
        why: String,
        /// How long to wait, when the push service said so.
        after: Option<Duration>,
    },
}

/// What apps read (Mastodon's shape).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Message {
    access_token: String,
    preferred_locale: String,
    /// A number: apps declare it so.
    notification_id: i64,
    notification_type: NotificationKind,
    icon: String,
    title: String,
    body: String,
}

/// A message with where it goes.
struct Ready {
    subscription: PushSubscription,
    message: Message,
    told: Told,
    vapid: Vapid,
}

/// What bounds the sending, over all apps.
#[derive(Debug)]
pub struct Outbox {
    on_their_way: Semaphore,
    /// Hosts of push services that did not answer lately: what waits for them must not hold up the others.
    silent: Cache<String, ()>,
}

impl Default for Outbox {
    fn default() -> Self {
        let silent = Cache::builder().max_capacity(SILENT).time_to_live(LEFT_ALONE).build();
        Self { on_their_way: Semaphore::new(AT_ONCE), silent }
    }
}

/// Tells one app of a notification. `title` gives the words of it.
pub async fn push(
    api: &Api,
    subscription: PushSubscriptionId,
    notification: NotificationId,
    title: impl FnOnce(&Told) -> String,
) -> Sent {
    let site = api.db.site().clone();
    let ready = match api.db.read(move |c| prepare(c, &site, subscription, notification)).await {
        Ok(Some(ready)) => ready,
        Ok(None) => return Sent::Done,
        Err(error) => return Sent::Again { why: error.to_string(), after: None },
    };
    let Ready { subscription, mut message, told, vapid } = ready;
    message.title = title(&told);
    match send(api, &subscription, &message, &vapid).await {
        Ok(sent) => sent,
        Err(why) => {
            tracing::warn!(subscription = %subscription.id, why, "a push message cannot be made");
            Sent::Done
        }
    }
}

/// What there is to be told; `None` when the subscription or the notification is gone, or not wanted.
fn prepare(
    c: &mut Connection,
    site: &Site,
    subscription: PushSubscriptionId,
    notification: NotificationId,
) -> majlis_local::Result<Option<Ready>> {
    let Some(subscription) = push_subscriptions::find(c, subscription)? else { return Ok(None) };
    let recipient = subscription.actor_id;
    let row = match notifications::get(c, recipient, notification) {
        Ok(row) => row,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let actor = actors::get(c, row.actor_id)?;
    if row.filtered || actor.is_gone() || !push_subscriptions::is_wanted(c, &subscription, row.kind, row.actor_id)? {
        return Ok(None);
    }
    let mut about = posts::find_many(c, row.post_id.as_slice())?;
    retain_visible(c, Some(recipient), &mut about)?;
    let body = match (row.post_id, about.pop()) {
        (None, _) if row.actor_id == recipient => String::new(),
        (None, _) => text::plain(&actor.summary),
        (Some(_), Some(post)) if !post.summary.is_empty() => post.summary,
        (Some(_), Some(post)) => text::plain(&post.content),
        // It may not be seen any more.
        (Some(_), None) => return Ok(None),
    };
    let locale = users::get(c, recipient)?.locale;
    let name = if actor.display_name.trim().is_empty() { &actor.username } else { &actor.display_name };
    let own = row.actor_id == recipient;
    let told = Told { kind: row.kind, name: shortened(name, NAME), own, locale: locale.clone() };
    let message = Message {
        access_token: subscription.access_token.clone(),
        preferred_locale: locale,
        notification_id: row.id.0,
        notification_type: row.kind,
        icon: Account::new(site, &actor).avatar_static,
        title: String::new(),
        body: shortened(&body, BODY),
    };
    Ok(Some(Ready { subscription, message, told, vapid: settings::vapid(c)? }))
}

/// The first so many characters, with a mark where something is left out.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Encrypts and sends.
///
/// # Errors
/// A text for the log, when that will never do.
async fn send(api: &Api, subscription: &PushSubscription, message: &Message, keys: &Vapid) -> Result<Sent, String> {
    let url = Url::parse(&subscription.endpoint).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if api.pushes.silent.contains_key(&host) {
        return Ok(Sent::Again { why: format!("{host} did not answer a moment ago"), after: None });
    }
    let Ok(_permit) = api.pushes.on_their_way.try_acquire() else {
        return Ok(Sent::Again { why: "too many at once".to_owned(), after: Some(Duration::from_secs(1)) });
    };
    let (headers, body) = sealed(subscription, message, keys, &url, api.db.site().origin())?;
    match api.federation.client().post_bytes(&url, &headers, body).await {
        Ok(outcome) if outcome.is_delivered() => Ok(Sent::Done),
        Ok(outcome) if matches!(outcome.status, 404 | 410) => {
            let id = subscription.id;
            tracing::debug!(subscription = %id, "the push service does not know a subscription any more");
            match api.db.write(move |c| push_subscriptions::end(c, id)).await {
                Ok(()) => Ok(Sent::Done),
                Err(error) => Ok(Sent::Again { why: error.to_string(), after: None }),
            }
        }
        Ok(outcome) if matches!(outcome.status, 408 | 425 | 429 | 500..=599) => {
            Ok(Sent::Again { why: format!("the push service answered {}", outcome.status), after: outcome.retry_after })
        }
        Ok(outcome) => Err(format!("the push service answered {}: {}", outcome.status, outcome.excerpt)),
        Err(error) if error.is_temporary() => {
            if error == ClientError::Timeout {
                api.pushes.silent.insert(host, ());
            }
            Ok(Sent::Again { why: error.to_string(), after: None })
        }
        Err(error) => Err(error.to_string()),
    }
}

type Headers = Vec<(&'static str, String)>;

/// The body and the header fields of a message.
fn sealed(
    subscription: &PushSubscription,
    message: &Message,
    keys: &Vapid,
    url: &Url,
    contact: &str,
) -> Result<(Headers, Bytes), String> {
    let point = encryption::subscriber_key(&subscription.p256dh).ok_or("the app's key is none")?;
    let secret = encryption::secret(&subscription.auth).ok_or("the app's secret is none")?;
    let text = serde_json::to_vec(message).map_err(|error| error.to_string())?;
    let coding = if subscription.standard { Coding::Aes128Gcm } else { Coding::AesGcm };
    let encrypted = encryption::encrypt(&text, coding, &point, &secret).map_err(|_| "it cannot be encrypted")?;
    let token = vapid::token(keys, url, contact)?;
    let mut headers: Headers = vec![
        ("content-type", "application/octet-stream".to_owned()),
        ("ttl", KEPT.to_string()),
        ("urgency", "normal".to_owned()),
    ];
    match coding {
        Coding::Aes128Gcm => {
            headers.push(("content-encoding", "aes128gcm".to_owned()));
            headers.push(("authorization", format!("vapid t={token}, k={}", keys.public)));
        }
        Coding::AesGcm => {
            headers.push(("content-encoding", "aesgcm".to_owned()));
            headers.push(("encryption", format!("salt={}", encrypted.salt)));
            headers.push(("crypto-key", format!("dh={};p256ecdsa={}", encrypted.public_key, keys.public)));
            headers.push(("authorization", format!("WebPush {token}")));
        }
    }
    Ok((headers, encrypted.body.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("مرحبا", 5), "مرحبا"); // typos: other language
        assert_eq!(shortened("مرحبا بكم", 7), "مرحبا…"); // typos: other language
        assert_eq!(shortened(&"x".repeat(141), BODY).chars().count(), BODY);
    }
}
