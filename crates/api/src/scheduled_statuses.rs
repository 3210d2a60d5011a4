//! `/api/v1/scheduled_statuses`: what the viewer will publish later. One is made by `POST /api/v1/statuses` with `scheduled_at`.

use actix_web::web::{Json, Path};
use majlis_local::ids::ScheduledId;
use majlis_local::{Flaw, Slice, Timestamp, scheduled};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::{Empty, ScheduledStatus};
use crate::error::{Error, Result};
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v1/scheduled_statuses`.
pub async fn list(api: Api, user: User<need::ReadStatuses>, Params(page): Params<PageParams>) -> Result<Paged<ScheduledStatus>> {
    let site = api.db.site().clone();
    let page = page.page(20, 40);
    let slice = api.db.read(move |c| {
        let rows = scheduled::list(c, user.actor, &page)?;
        let entities = ScheduledStatus::build_many(c, &site, &rows)?;
        Ok(Slice::new(rows.iter().map(|row| row.id).zip(entities).collect(), &page))
    });
    Ok(Paged::new(slice.await?))
}

/// `GET /api/v1/scheduled_statuses/{id}`.
pub async fn show(api: Api, user: User<need::ReadStatuses>, id: Path<ScheduledId>) -> Result<Json<ScheduledStatus>> {
    let site = api.db.site().clone();
    let found = api.db.read(move |c| {
        let row = scheduled::get(c, user.actor, *id)?;
        ScheduledStatus::build(c, &site, &row)
    });
    Ok(Json(found.await?))
}

/// What can be changed: the time.
#[derive(Debug, Deserialize)]
pub struct Change {
    scheduled_at: Option<String>,
}

/// `PUT /api/v1/scheduled_statuses/{id}`. Without a time nothing changes.
pub async fn change(
    api: Api,
    user: User<need::WriteStatuses>,
    id: Path<ScheduledId>,
    Params(sent): Params<Change>,
) -> Result<Json<ScheduledStatus>> {
    let at = sent.scheduled_at.as_deref().map(|at| time("scheduled_at", at)).transpose()?.flatten();
    let site = api.db.site().clone();
    let changed = api.db.write(move |c| {
        let row = match at {
            Some(at) => scheduled::reschedule(c, user.actor, *id, at)?,
            None => scheduled::get(c, user.actor, *id)?,
        };
        ScheduledStatus::build(c, &site, &row)
    });
    Ok(Json(changed.await?))
}

/// `DELETE /api/v1/scheduled_statuses/{id}`.
pub async fn cancel(api: Api, user: User<need::WriteStatuses>, id: Path<ScheduledId>) -> Result<Json<Empty>> {
    api.db.write(move |c| scheduled::cancel(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// Reads a time in the future: RFC 3339, or without an offset in UTC; `None` when it is empty.
///
/// # Errors
/// 422.
pub(crate) fn time(field: &'static str, text: &str) -> Result<Option<Timestamp>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Timestamp::parse(text)
        .map(Some)
        .ok_or_else(|| Error::invalid(field, Flaw::Invalid, "must be a time such as 2030-01-31T12:00:00Z"))
}

#[cfg(test)]
mod tests;
