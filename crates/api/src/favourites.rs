//! `/api/v1/favourites`: the posts that the viewer likes.

use majlis_local::feeds;

use crate::auth::{User, need};
use crate::entities::Status;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v1/favourites`, the latest first; the cursors are those of the favourites.
pub async fn list(api: Api, user: User<need::ReadFavourites>, Params(page): Params<PageParams>) -> Result<Paged<Status>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let posts = feeds::favourites(c, user.actor, &page.page(20, 40))?;
        let items = Status::build_many(c, &site, Some(user.actor), &posts.items)?;
        Ok(posts.with(items))
    });
    Ok(Paged::new(slice.await?))
}

#[cfg(test)]
mod tests {
    use majlis_local::testing::people;
    use majlis_local::{bookmarks, likes};

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn what_is_kept_comes_latest_first_and_pages_by_when_it_was_kept() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let a = ali.id();
        app.write(move |c| {
            let posts = [people::say(c, a, "one"), people::say(c, a, "two")];
            for post in [&posts[1], &posts[0]] {
                likes::like(c, &people::site(), a, post)?;
                bookmarks::add(c, a, post.id)?;
            }
            Ok(())
        })
        .await;
        for path in ["/api/v1/favourites", "/api/v1/bookmarks"] {
            let first = ali.get(&format!("{path}?limit=1")).await;
            assert_eq!(first.json[0]["content"], "<p>one</p>", "{path}");
            assert_eq!((&first.json[0]["favourited"], &first.json[0]["bookmarked"]), (&true.into(), &true.into()));
            let next = ali.get(&first.link("next").unwrap()).await;
            assert_eq!(next.json[0]["content"], "<p>two</p>", "{path}");
            assert_eq!(app.anonymous().get(path).await.status, 401);
        }
    }
}
