//! What somebody wants of notifications by those whom they do not know (Mastodon's methods `notifications/policy`, v2 and v1).

use actix_web::web::Json;
use majlis_local::ids::ActorId;
use majlis_local::notification_policies::{self, Policy, Verdict};
use majlis_local::notification_requests::{self, Summary};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::{NotificationPolicy, OldNotificationPolicy};
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

/// Parameters of [`change`]; what is not sent stays as it is.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct PolicyParams {
    for_not_following: Option<Verdict>,
    for_not_followers: Option<Verdict>,
    for_new_accounts: Option<Verdict>,
    for_private_mentions: Option<Verdict>,
    for_limited_accounts: Option<Verdict>,
    for_bots: Option<Verdict>,
}

/// Parameters of [`change_old`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct OldPolicyParams {
    filter_not_following: Option<bool>,
    filter_not_followers: Option<bool>,
    filter_new_accounts: Option<bool>,
    filter_private_mentions: Option<bool>,
}

/// `GET /api/v2/notifications/policy`.
pub async fn show(api: Api, user: User<need::ReadNotifications>) -> Result<Json<NotificationPolicy>> {
    let (policy, summary) = read(&api, user.actor).await?;
    Ok(Json(NotificationPolicy::new(policy, summary)))
}

/// `PATCH /api/v2/notifications/policy`.
pub async fn change(
    api: Api,
    user: User<need::WriteNotifications>,
    Params(sent): Params<PolicyParams>,
) -> Result<Json<NotificationPolicy>> {
    let (policy, summary) = write(&api, user.actor, move |before| Policy {
        for_not_following: sent.for_not_following.unwrap_or(before.for_not_following),
        for_not_followers: sent.for_not_followers.unwrap_or(before.for_not_followers),
        for_new_accounts: sent.for_new_accounts.unwrap_or(before.for_new_accounts),
        for_private_mentions: sent.for_private_mentions.unwrap_or(before.for_private_mentions),
        for_limited_accounts: sent.for_limited_accounts.unwrap_or(before.for_limited_accounts),
        for_bots: sent.for_bots.unwrap_or(before.for_bots),
    })
    .await?;
    Ok(Json(NotificationPolicy::new(policy, summary)))
}

/// `GET /api/v1/notifications/policy`.
pub async fn old(api: Api, user: User<need::ReadNotifications>) -> Result<Json<OldNotificationPolicy>> {
    let (policy, summary) = read(&api, user.actor).await?;
    Ok(Json(OldNotificationPolicy::new(policy, summary)))
}

/// `PATCH /api/v1/notifications/policy`. What is dropped already counts as filtered, and stays dropped.
pub async fn change_old(
    api: Api,
    user: User<need::WriteNotifications>,
    Params(sent): Params<OldPolicyParams>,
) -> Result<Json<OldNotificationPolicy>> {
    let chosen = |filter: Option<bool>, before: Verdict| match filter {
        None => before,
        Some(false) => Verdict::Accept,
        Some(true) => before.max(Verdict::Filter),
    };
    let (policy, summary) = write(&api, user.actor, move |before| Policy {
        for_not_following: chosen(sent.filter_not_following, before.for_not_following),
        for_not_followers: chosen(sent.filter_not_followers, before.for_not_followers),
        for_new_accounts: chosen(sent.filter_new_accounts, before.for_new_accounts),
        for_private_mentions: chosen(sent.filter_private_mentions, before.for_private_mentions),
        ..before
    })
    .await?;
    Ok(Json(OldNotificationPolicy::new(policy, summary)))
}

async fn read(api: &Api, actor: ActorId) -> Result<(Policy, Summary)> {
    let found = api.db.read(move |c| Ok((notification_policies::of(c, actor)?, notification_requests::summary(c, actor)?)));
    Ok(found.await?)
}

async fn write(api: &Api, actor: ActorId, change: impl FnOnce(Policy) -> Policy + Send + 'static) -> Result<(Policy, Summary)> {
    let written = api.db.write(move |c| {
        let policy = change(notification_policies::of(c, actor)?);
        notification_policies::set(c, actor, policy)?;
        Ok((policy, notification_requests::summary(c, actor)?))
    });
    Ok(written.await?)
}

#[cfg(test)]
mod tests;
