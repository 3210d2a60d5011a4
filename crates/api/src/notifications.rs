//! Notifications, one by one (Mastodon's methods `notifications`, v1).

use actix_web::web::{Json, Path};
use majlis_local::ids::{ActorId, NotificationId};
use majlis_local::markers::{self, Timeline};
use majlis_local::notifications::{self, Filter, NotificationKind};
use majlis_local::{Connection, Error, Page};
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::entities::{Empty, Notification};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// Parameters of [`index`] and [`unread_count`]. Kinds that nobody knows are passed over: they never happen here.
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct NotificationParams {
    types: Option<Vec<String>>,
    exclude_types: Option<Vec<String>>,
    account_id: Option<ActorId>,
    /// Also what the person's policy has filtered.
    include_filtered: Option<bool>,
    #[serde(flatten)]
    page: PageParams,
}

/// The kinds of these names.
pub(crate) fn known(words: &[String]) -> Vec<NotificationKind> {
    let mut kinds: Vec<NotificationKind> = words.iter().filter_map(|word| NotificationKind::from_word(word)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

impl NotificationParams {
    fn filter(&self) -> Filter {
        asked(self.types.as_deref(), self.exclude_types.as_deref(), self.account_id, self.include_filtered)
    }
}

/// What the parameters that all lists of notifications share ask for.
pub(crate) fn asked(
    types: Option<&[String]>,
    exclude_types: Option<&[String]>,
    actor: Option<ActorId>,
    filtered: Option<bool>,
) -> Filter {
    let wanted = types.filter(|types| !types.is_empty()).map(known);
    let unwanted = known(exclude_types.unwrap_or_default());
    let kinds = if wanted.is_none() && unwanted.is_empty() {
        None
    } else {
        let all = wanted.unwrap_or_else(|| NotificationKind::ALL.to_vec());
        Some(all.into_iter().filter(|kind| !unwanted.contains(kind)).collect())
    };
    Filter { kinds, actor, filtered: filtered.unwrap_or(false) }
}

/// `GET /api/v1/notifications`.
pub async fn index(
    api: Api,
    user: User<need::ReadNotifications>,
    Params(params): Params<NotificationParams>,
) -> Result<Paged<Notification>> {
    let (site, viewer) = (api.db.site().clone(), user.actor);
    let (filter, page) = (params.filter(), params.page.page(40, 80));
    let found = api.db.read(move |c| {
        let slice = notifications::list(c, viewer, &filter, &page)?;
        let entities = Notification::build_many(c, &site, viewer, &slice.items)?;
        Ok(slice.with(entities))
    });
    Ok(Paged::new(found.await?))
}

/// `GET /api/v1/notifications/:id`.
pub async fn show(api: Api, id: Path<NotificationId>, user: User<need::ReadNotifications>) -> Result<Json<Notification>> {
    let (site, viewer, id) = (api.db.site().clone(), user.actor, id.into_inner());
    let found = api.db.read(move |c| {
        let row = notifications::get(c, viewer, id)?;
        let found = Notification::build_many(c, &site, viewer, &[row])?.into_iter().next();
        found.ok_or(Error::NotFound("notification"))
    });
    Ok(Json(found.await?))
}

/// `POST /api/v1/notifications/clear`.
pub async fn clear(api: Api, user: User<need::WriteNotifications>) -> Result<Json<Empty>> {
    let viewer = user.actor;
    api.db.write(move |c| notifications::clear(c, viewer)).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/notifications/:id/dismiss`.
pub async fn dismiss(api: Api, id: Path<NotificationId>, user: User<need::WriteNotifications>) -> Result<Json<Empty>> {
    remove(&api, user.actor, id.into_inner()).await
}

async fn remove(api: &Api, viewer: ActorId, id: NotificationId) -> Result<Json<Empty>> {
    let was_there = api.db.write(move |c| notifications::dismiss(c, viewer, id)).await?;
    if was_there { Ok(Json(Empty {})) } else { Err(crate::error::Error::NotFound) }
}

/// Parameters of [`dismiss_named`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Dismissal {
    id: NotificationId,
}

/// `POST /api/v1/notifications/dismiss`: the older form of [`dismiss`], which some libraries still use.
pub async fn dismiss_named(
    api: Api,
    user: User<need::WriteNotifications>,
    Params(Dismissal { id }): Params<Dismissal>,
) -> Result<Json<Empty>> {
    remove(&api, user.actor, id).await
}

/// How many.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Count {
    pub(crate) count: usize,
}

/// The unread ones: newer than the marker, `limit` at the most.
pub(crate) fn unread(c: &mut Connection, viewer: ActorId, limit: i64) -> majlis_local::Result<Page> {
    let markers = markers::of(c, viewer)?;
    let read = markers.iter().find(|m| m.timeline == Timeline::Notifications.name()).map(|m| m.last_read_id);
    Ok(Page { since_id: read, ..Page::newest(limit) })
}

/// `GET /api/v1/notifications/unread_count`: newer than the marker, `limit` at the most (100 unless said, 1,000 at the most).
pub async fn unread_count(
    api: Api,
    user: User<need::ReadNotifications>,
    Params(params): Params<NotificationParams>,
) -> Result<Json<Count>> {
    let viewer = user.actor;
    let (filter, limit) = (params.filter(), params.page.page(100, 1_000).limit);
    let found = api.db.read(move |c| {
        let page = unread(c, viewer, limit)?;
        Ok(notifications::list(c, viewer, &filter, &page)?.items.len())
    });
    Ok(Json(Count { count: found.await? }))
}

#[cfg(test)]
mod tests;
