//! `/api/v1/bookmarks`: the posts that the viewer has bookmarked.

use majlis_local::ids::BookmarkFolderId;
use majlis_local::{bookmark_folders, feeds};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::Status;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// Parameters of `bookmarks`.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    page: PageParams,
    /// Pleroma's: only this folder.
    folder_id: Option<BookmarkFolderId>,
}

/// `GET /api/v1/bookmarks`, the latest first; the cursors are those of the bookmarks.
pub async fn list(api: Api, user: User<need::ReadBookmarks>, Params(asked): Params<Asked>) -> Result<Paged<Status>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        if let Some(folder) = asked.folder_id {
            bookmark_folders::get(c, user.actor, folder)?;
        }
        let posts = feeds::bookmarks(c, user.actor, asked.folder_id, &asked.page.page(20, 40))?;
        let items = Status::build_many(c, &site, Some(user.actor), &posts.items)?;
        Ok(posts.with(items))
    });
    Ok(Paged::new(slice.await?))
}
