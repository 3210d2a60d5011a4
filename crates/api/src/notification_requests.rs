//! Those whose filtered notifications wait (Mastodon's methods `notifications/requests`).

use actix_web::web::{Json, Path};
use majlis_local::ids::NotificationRequestId;
use majlis_local::{Error, notification_requests};
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::entities::Empty;
use crate::entities::NotificationRequest;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// Requests that one call accepts or dismisses at the most; the rest is passed over.
const MOST: usize = 1_000;

/// `GET /api/v1/notifications/requests`.
pub async fn index(
    api: Api,
    user: User<need::ReadNotifications>,
    Params(params): Params<PageParams>,
) -> Result<Paged<NotificationRequest>> {
    let (site, viewer, page) = (api.db.site().clone(), user.actor, params.page(40, 80));
    let found = api.db.read(move |c| {
        let slice = notification_requests::list(c, viewer, &page)?;
        let entities = NotificationRequest::build_many(c, &site, viewer, &slice.items)?;
        Ok(slice.with(entities))
    });
    Ok(Paged::new(found.await?))
}

/// `GET /api/v1/notifications/requests/:id`.
pub async fn show(
    api: Api,
    id: Path<NotificationRequestId>,
    user: User<need::ReadNotifications>,
) -> Result<Json<NotificationRequest>> {
    let (site, viewer) = (api.db.site().clone(), user.actor);
    let found = api.db.read(move |c| {
        let request = notification_requests::get(c, viewer, *id)?;
        let made = NotificationRequest::build_many(c, &site, viewer, &[request])?.pop();
        made.ok_or(Error::NotFound("notification request"))
    });
    Ok(Json(found.await?))
}

/// `POST /api/v1/notifications/requests/:id/accept`.
pub async fn accept(api: Api, id: Path<NotificationRequestId>, user: User<need::WriteNotifications>) -> Result<Json<Empty>> {
    let viewer = user.actor;
    let accepted = api.db.write(move |c| {
        notification_requests::get(c, viewer, *id)?;
        notification_requests::accept(c, viewer, &[*id])
    });
    accepted.await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/notifications/requests/:id/dismiss`.
pub async fn dismiss(api: Api, id: Path<NotificationRequestId>, user: User<need::WriteNotifications>) -> Result<Json<Empty>> {
    let viewer = user.actor;
    let dismissed = api.db.write(move |c| {
        notification_requests::get(c, viewer, *id)?;
        notification_requests::dismiss(c, viewer, &[*id])
    });
    dismissed.await?;
    Ok(Json(Empty {}))
}

/// Parameters of [`accept_many`] and [`dismiss_many`].
#[derive(Debug, Deserialize)]
pub struct Named {
    id: Vec<NotificationRequestId>,
}

/// `POST /api/v1/notifications/requests/accept`.
pub async fn accept_many(
    api: Api,
    user: User<need::WriteNotifications>,
    Params(Named { id: mut ids }): Params<Named>,
) -> Result<Json<Empty>> {
    let viewer = user.actor;
    ids.truncate(MOST);
    api.db.write(move |c| notification_requests::accept(c, viewer, &ids)).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/notifications/requests/dismiss`.
pub async fn dismiss_many(
    api: Api,
    user: User<need::WriteNotifications>,
    Params(Named { id: mut ids }): Params<Named>,
) -> Result<Json<Empty>> {
    let viewer = user.actor;
    ids.truncate(MOST);
    api.db.write(move |c| notification_requests::dismiss(c, viewer, &ids)).await?;
    Ok(Json(Empty {}))
}

/// Whether everything that was accepted is shown.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Merged {
    merged: bool,
}

/// `GET /api/v1/notifications/requests/merged`.
pub async fn merged(api: Api, user: User<need::ReadNotifications>) -> Result<Json<Merged>> {
    let viewer = user.actor;
    Ok(Json(Merged { merged: api.db.read(move |c| notification_requests::are_merged(c, viewer)).await? }))
}

#[cfg(test)]
mod tests;
