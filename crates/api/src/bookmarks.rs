//! `/api/v1/bookmarks`: the posts that the viewer has bookmarked.

use majlis_local::feeds;

use crate::auth::{User, need};
use crate::entities::Status;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v1/bookmarks`, the latest first; the cursors are those of the bookmarks.
pub async fn list(api: Api, user: User<need::ReadBookmarks>, Params(page): Params<PageParams>) -> Result<Paged<Status>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let posts = feeds::bookmarks(c, user.actor, &page.page(20, 40))?;
        let items = Status::build_many(c, &site, Some(user.actor), &posts.items)?;
        Ok(posts.with(items))
    });
    Ok(Paged::new(slice.await?))
}
