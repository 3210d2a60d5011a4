//! Web push (Mastodon's methods `push`): where an app wants to hear of notifications, and the message that it gets then.
//! `encryption` is for the app's eyes alone, `vapid` says who we are, `message` is what apps read.

pub mod encryption;
pub mod message;
mod vapid;

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::web::Json;
use majlis_local::notifications::NotificationKind;
use majlis_local::push_subscriptions::{self, Alerts, NewPushSubscription, Senders};
use majlis_local::{Flaw, tokens};
use serde::Deserialize;
use url::Url;

use crate::auth::{User, bearer_token, need};
use crate::entities::Empty;
use crate::entities::WebPushSubscription;
use crate::error::{Error, Result};
use crate::params::Params;
use crate::state::Api;

/// Characters of an endpoint.
const ENDPOINT_LIMIT: usize = 2_048;

/// Parameters of [`create`].
#[derive(Debug, Deserialize)]
pub struct Creation {
    subscription: Subscription,
    #[serde(default)]
    data: Data,
}

/// Where to, and how it is encrypted.
#[derive(Debug, Deserialize)]
struct Subscription {
    endpoint: String,
    keys: Keys,
    /// Whether the app reads RFC 8291.
    #[serde(default)]
    standard: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Keys {
    p256dh: String,
    auth: String,
}

/// What is told, by whom.
#[derive(Debug, Default, Deserialize)]
pub struct Data {
    /// By the kinds' names.
    alerts: Option<BTreeMap<String, Option<bool>>>,
    policy: Option<Senders>,
}

/// Parameters of [`change`]. The documentation has `policy` beside `data`, Mastodon within it.
#[derive(Debug, Deserialize)]
pub struct Change {
    #[serde(default)]
    data: Data,
    policy: Option<Senders>,
}

impl Data {
    /// The kinds that an app wants told. Kinds that nobody knows are passed over: they never happen here.
    fn alerts(&self) -> Alerts {
        let wanted = self.alerts.iter().flatten().filter(|(_, wanted)| **wanted == Some(true));
        Alerts(wanted.filter_map(|(kind, _)| NotificationKind::from_word(kind)).collect())
    }
}

/// `POST /api/v1/push/subscription`: in place of the token's former one.
pub async fn create(
    api: Api,
    req: HttpRequest,
    user: User<need::Push>,
    Params(Creation { subscription, data }): Params<Creation>,
) -> Result<Json<WebPushSubscription>> {
    let Subscription { endpoint, keys, standard } = subscription;
    check_endpoint(&api, &endpoint)?;
    if encryption::subscriber_key(&keys.p256dh).is_none() {
        return Err(Error::invalid("subscription[keys][p256dh]", Flaw::Invalid, "is not a public key of P-256"));
    }
    if encryption::secret(&keys.auth).is_none() {
        return Err(Error::invalid("subscription[keys][auth]", Flaw::Invalid, "is not 16 bytes in base64"));
    }
    let new = NewPushSubscription {
        endpoint,
        p256dh: keys.p256dh,
        auth: keys.auth,
        standard: standard.unwrap_or(false),
        alerts: data.alerts(),
        policy: data.policy.unwrap_or(Senders::All),
        access_token: bearer_token(&req).unwrap_or_default(),
    };
    // The key is there before there is anything to be signed with it.
    let server_key = api.vapid_key().await?;
    let (actor, token) = (user.actor, user.access.token);
    let made = api.db.write(move |c| {
        // It may have been revoked since it was looked up.
        if !tokens::is_valid(c, token, Some(actor))? {
            return Err(majlis_local::Error::NotFound("token"));
        }
        push_subscriptions::create(c, actor, token, new)
    });
    Ok(Json(WebPushSubscription::new(made.await?, server_key)))
}

/// `GET /api/v1/push/subscription`.
pub async fn show(api: Api, user: User<need::Push>) -> Result<Json<WebPushSubscription>> {
    let token = user.access.token;
    let found = api.db.read(move |c| push_subscriptions::of_token(c, token)).await?;
    Ok(Json(WebPushSubscription::new(found, api.vapid_key().await?)))
}

/// `PUT /api/v1/push/subscription`: what is told; where to stays.
pub async fn change(
    api: Api,
    user: User<need::Push>,
    Params(Change { data, policy }): Params<Change>,
) -> Result<Json<WebPushSubscription>> {
    let token = user.access.token;
    let changed = api.db.write(move |c| {
        let before = push_subscriptions::of_token(c, token)?;
        let alerts = if data.alerts.is_some() { data.alerts() } else { before.alerts };
        push_subscriptions::change(c, token, &alerts, data.policy.or(policy).unwrap_or(before.policy))
    });
    Ok(Json(WebPushSubscription::new(changed.await?, api.vapid_key().await?)))
}

/// `DELETE /api/v1/push/subscription`.
pub async fn delete(api: Api, user: User<need::Push>) -> Result<Json<Empty>> {
    let token = user.access.token;
    api.db.write(move |c| push_subscriptions::delete(c, token)).await?;
    Ok(Json(Empty {}))
}

/// Whether we may be made to send to this address.
fn check_endpoint(api: &Api, endpoint: &str) -> Result<()> {
    let wrong = |flaw, why: String| Err(Error::invalid("subscription[endpoint]", flaw, why));
    if endpoint.trim().is_empty() {
        return wrong(Flaw::Blank, "can't be blank".to_owned());
    }
    if endpoint.chars().count() > ENDPOINT_LIMIT {
        return wrong(Flaw::TooLong, format!("is too long (at most {ENDPOINT_LIMIT} characters)"));
    }
    let Ok(url) = Url::parse(endpoint) else { return wrong(Flaw::Invalid, "is not a URL".to_owned()) };
    match api.federation.client().check(&url) {
        Ok(()) => Ok(()),
        Err(error) => wrong(Flaw::Invalid, format!("is invalid: {error}")),
    }
}

#[cfg(test)]
mod tests;
