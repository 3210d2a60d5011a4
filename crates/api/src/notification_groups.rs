//! Notifications in groups (Mastodon's methods `grouped_notifications`, v2, and their beta `v2_alpha`, which has the same shape).

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::ids::ActorId;
use majlis_local::notification_groups;
use majlis_local::notifications::{Filter, NotificationKind};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::notification_group::Expand;
use crate::entities::{Account, Empty, GroupedNotifications};
use crate::error::Result;
use crate::notifications::{Count, asked, known, unread};
use crate::pagination::{PageParams, Paged, PagedWhole};
use crate::params::Params;
use crate::state::Api;

/// Parameters of [`index`] and [`unread_count`]. Kinds that nobody knows are passed over.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct GroupParams {
    types: Option<Vec<String>>,
    exclude_types: Option<Vec<String>>,
    account_id: Option<ActorId>,
    include_filtered: Option<bool>,
    /// The kinds that the app can show in groups; without it all that come in groups.
    grouped_types: Option<Vec<String>>,
    #[serde(default)]
    expand_accounts: Expand,
    #[serde(flatten)]
    page: PageParams,
}

impl GroupParams {
    fn filter(&self) -> Filter {
        asked(self.types.as_deref(), self.exclude_types.as_deref(), self.account_id, self.include_filtered)
    }

    fn grouped(&self) -> Vec<NotificationKind> {
        match self.grouped_types.as_deref().filter(|types| !types.is_empty()) {
            Some(types) => known(types),
            None => NotificationKind::ALL.to_vec(),
        }
    }
}

/// `GET /api/v2/notifications`.
pub async fn index(
    api: Api,
    user: User<need::ReadNotifications>,
    Params(params): Params<GroupParams>,
) -> Result<PagedWhole<GroupedNotifications>> {
    let (site, viewer) = (api.db.site().clone(), user.actor);
    let (filter, page) = (params.filter(), params.page.page(40, 80));
    let found = api.db.read(move |c| {
        let slice = notification_groups::list(c, viewer, &filter, &params.grouped(), &page)?;
        let whole = GroupedNotifications::build(c, &site, viewer, &slice.items, params.expand_accounts, true)?;
        Ok(PagedWhole::new(&slice, whole))
    });
    Ok(found.await?)
}

/// `GET /api/v2/notifications/:group_key`.
pub async fn show(api: Api, key: Path<String>, user: User<need::ReadNotifications>) -> Result<Json<GroupedNotifications>> {
    let (site, viewer) = (api.db.site().clone(), user.actor);
    let found = api.db.read(move |c| {
        let group = notification_groups::get(c, viewer, &key)?;
        let whole = GroupedNotifications::build(c, &site, viewer, &[group], Expand::Full, false)?;
        if whole.notification_groups.is_empty() { Err(majlis_local::Error::NotFound("notification")) } else { Ok(whole) }
    });
    Ok(Json(found.await?))
}

/// `POST /api/v2/notifications/:group_key/dismiss`.
pub async fn dismiss(api: Api, key: Path<String>, user: User<need::WriteNotifications>) -> Result<Json<Empty>> {
    let viewer = user.actor;
    api.db.write(move |c| notification_groups::dismiss(c, viewer, &key)).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v2/notifications/:group_key/accounts`: everybody in the group, the latest first.
pub async fn people(
    api: Api,
    key: Path<String>,
    user: User<need::ReadNotifications>,
    Params(params): Params<PageParams>,
) -> Result<Paged<Arc<Account>>> {
    let (site, viewer, page) = (api.db.site().clone(), user.actor, params.page(40, 80));
    let found = api.db.read(move |c| {
        let people = notification_groups::people(c, viewer, &key, &page)?;
        Account::load_slice(c, &site, &people)
    });
    Ok(Paged::new(found.await?))
}

/// `GET /api/v2/notifications/unread_count`: groups with something newer than the marker, `limit` at the most (100 unless
/// said, 1,000 at the most).
pub async fn unread_count(
    api: Api,
    user: User<need::ReadNotifications>,
    Params(params): Params<GroupParams>,
) -> Result<Json<Count>> {
    let viewer = user.actor;
    let (filter, limit) = (params.filter(), params.page.page(100, 1_000).limit);
    let found = api.db.read(move |c| {
        let page = unread(c, viewer, limit)?;
        notification_groups::count(c, viewer, &filter, &params.grouped(), &page)
    });
    Ok(Json(Count { count: found.await? }))
}

#[cfg(test)]
mod tests;
