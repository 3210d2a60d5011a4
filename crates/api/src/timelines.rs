//! Timelines (Mastodon's methods `timelines`): pages of statuses, newest first.

use actix_web::web::Path;
use majlis_local::feeds::{self, Reach, TagFilter};
use majlis_local::ids::{ActorId, ListId};
use majlis_local::posts::Post;
use majlis_local::{Connection, Slice};
use serde::Deserialize;

use crate::auth::{User, Viewer, need};
use crate::entities::Status;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// Statuses of a page unless fewer or more are asked for, and the most.
pub(crate) const PAGE: (i64, i64) = (20, 40);

/// Reads a page and makes it into entities, in one go on a database thread.
pub(crate) async fn read(
    api: &Api,
    viewer: Option<ActorId>,
    feed: impl FnOnce(&mut Connection) -> majlis_local::Result<Slice<Post>> + Send + 'static,
) -> Result<Paged<Status>> {
    let site = api.db.site().clone();
    let page = api.db.read(move |c| {
        let slice = feed(c)?;
        let statuses = Status::build_many(c, &site, viewer, &slice.items)?;
        Ok(slice.with(statuses))
    });
    Ok(Paged::new(page.await?))
}

/// `GET /api/v1/timelines/home`.
pub async fn home(api: Api, user: User<need::ReadStatuses>, Params(page): Params<PageParams>) -> Result<Paged<Status>> {
    let (viewer, page) = (user.actor, page.page(PAGE.0, PAGE.1));
    read(&api, Some(viewer), move |c| feeds::home(c, viewer, &page)).await
}

/// `GET /api/v1/timelines/direct`: the letters that somebody wrote or got. Mastodon took it away in 3.0; apps for Pleroma ask for it.
pub async fn direct(api: Api, user: User<need::ReadStatuses>, Params(page): Params<PageParams>) -> Result<Paged<Status>> {
    let (viewer, page) = (user.actor, page.page(PAGE.0, PAGE.1));
    read(&api, Some(viewer), move |c| feeds::direct(c, viewer, &page)).await
}

/// Parameters of [`public`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct PublicParams {
    #[serde(default)]
    local: bool,
    #[serde(default)]
    remote: bool,
    #[serde(default)]
    only_media: bool,
    #[serde(flatten)]
    page: PageParams,
}

fn reach(local: bool, remote: bool) -> Reach {
    match (local, remote) {
        (true, _) => Reach::Local,
        (false, true) => Reach::Remote,
        (false, false) => Reach::All,
    }
}

/// `GET /api/v1/timelines/public`.
pub async fn public(api: Api, viewer: Viewer<need::ReadStatuses>, Params(params): Params<PublicParams>) -> Result<Paged<Status>> {
    let (viewer, page) = (viewer.actor, params.page.page(PAGE.0, PAGE.1));
    let reach = reach(params.local, params.remote);
    read(&api, viewer, move |c| feeds::public(c, viewer, reach, params.only_media, &page)).await
}

/// Parameters of [`tag`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct TagParams {
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    remote: bool,
    #[serde(default)]
    only_media: bool,
    #[serde(flatten)]
    page: PageParams,
}

/// `GET /api/v1/timelines/tag/:hashtag`.
pub async fn tag(
    api: Api,
    hashtag: Path<String>,
    viewer: Viewer<need::ReadStatuses>,
    Params(params): Params<TagParams>,
) -> Result<Paged<Status>> {
    let (viewer, page) = (viewer.actor, params.page.page(PAGE.0, PAGE.1));
    let mut any = vec![hashtag.into_inner()];
    any.extend(params.any);
    let filter = TagFilter {
        any,
        all: params.all,
        none: params.none,
        reach: reach(params.local, params.remote),
        only_media: params.only_media,
    };
    read(&api, viewer, move |c| feeds::hashtag(c, viewer, &filter, &page)).await
}

/// Parameters of [`link`].
#[derive(Debug, Deserialize)]
#[allow(missing_docs)]
pub struct LinkParams {
    url: String,
    #[serde(flatten)]
    page: PageParams,
}

/// `GET /api/v1/timelines/link?url=`: the public statuses that show the card of a page.
pub async fn link(api: Api, viewer: Viewer<need::ReadStatuses>, Params(params): Params<LinkParams>) -> Result<Paged<Status>> {
    let (viewer, page) = (viewer.actor, params.page.page(PAGE.0, PAGE.1));
    read(&api, viewer, move |c| feeds::link(c, viewer, params.url.trim(), &page)).await
}

/// `GET /api/v1/timelines/list/:id`.
pub async fn list(
    api: Api,
    id: Path<ListId>,
    user: User<need::ReadLists>,
    Params(page): Params<PageParams>,
) -> Result<Paged<Status>> {
    let (viewer, id, page) = (user.actor, id.into_inner(), page.page(PAGE.0, PAGE.1));
    read(&api, Some(viewer), move |c| feeds::list(c, viewer, id, &page)).await
}

#[cfg(test)]
mod tests;
