//! `/api/v1_alpha/async_refreshes`: how far something has come that a request set off behind its back (Mastodon's
//! documentation, “Async Refreshes”). So far that is the search for missing answers in a thread.

use actix_web::web::{Json, Path};
use majlis_federation::crawls::Crawl;
use serde::Serialize;

use crate::auth::{User, need};
use crate::error::{Error, Result};
use crate::state::Api;

/// The header that tells of such a thing.
pub const HEADER: &str = "Mastodon-Async-Refresh";
/// Seconds after which it is worth asking again.
const RETRY: u32 = 3;

/// What the header says.
pub(crate) fn header(crawl: &Crawl) -> String {
    format!("id=\"{}\", retry={RETRY}, result_count={}", crawl.id(), crawl.found())
}

/// How far it has come.
#[derive(Debug, Serialize)]
pub struct AsyncRefresh {
    id: String,
    /// `running` or `finished`.
    status: &'static str,
    /// How many there are so far.
    result_count: u32,
}

/// As it is answered.
#[derive(Debug, Serialize)]
pub struct Wrapped {
    async_refresh: AsyncRefresh,
}

/// `GET /api/v1_alpha/async_refreshes/:id`.
pub async fn show(api: Api, _user: User<need::Read>, id: Path<String>) -> Result<Json<Wrapped>> {
    let crawl = api.federation.crawl_named(&id).ok_or(Error::NotFound)?;
    let status = if crawl.is_running() { "running" } else { "finished" };
    let async_refresh = AsyncRefresh { id: crawl.id().to_owned(), status, result_count: crawl.found() };
    Ok(Json(Wrapped { async_refresh }))
}

#[cfg(test)]
mod tests {
    use majlis_local::Timestamp;
    use majlis_local::jobs::{self, Job};
    use majlis_local::scopes::Scopes;
    use majlis_local::testing::people;
    use serde_json::json;

    use super::HEADER;
    use crate::testing::TestApp;

    #[actix_web::test]
    async fn a_thread_from_elsewhere_is_searched_once_for_those_who_are_logged_in() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        let (old, fresh, local) = app
            .write(|c| {
                let badr = people::remote(c, "badr");
                let long_ago = Timestamp::now().plus_seconds(-3_600);
                let old =
                    people::receive(c, majlis_local::receive::RemotePost { created_at: long_ago, ..people::note(&badr, "old") });
                let fresh = people::receive(c, people::note(&badr, "fresh"));
                let bea = people::local(c, "bea");
                Ok((old, fresh, people::say(c, bea.id, "mine")))
            })
            .await;
        let context = |post: &majlis_local::posts::Post| format!("/api/v1/statuses/{}/context", post.id);
        assert_eq!(app.anonymous().get(&context(&old)).await.header(HEADER), "");
        for post in [&fresh, &local] {
            assert_eq!(ali.get(&context(post)).await.header(HEADER), "");
        }
        let first = ali.get(&context(&old)).await;
        let header = first.header(HEADER).to_owned();
        let id = header.split('"').nth(1).unwrap().to_owned();
        assert_eq!(header, format!("id=\"{id}\", retry=3, result_count=0"));
        assert_eq!(first.ok(), json!({ "ancestors": [], "descendants": [] }));
        assert_eq!(ali.get(&context(&old)).await.header(HEADER), header, "the same while it goes on");
        let claimed = app.write(|c| jobs::claim(c, 10, 60)).await;
        let searches = claimed.iter().filter(|claimed| matches!(claimed.job, Job::FetchReplies { .. }));
        assert_eq!(searches.count(), 1);
        let path = format!("/api/v1_alpha/async_refreshes/{id}");
        let expected = json!({ "async_refresh": { "id": id, "status": "running", "result_count": 0 } });
        assert_eq!(ali.get(&path).await.ok(), expected);
        assert_eq!(ali.get(&format!("{path}x")).await.status, 404);
        assert_eq!(app.anonymous().get(&path).await.status, 401);
        let writer = app.log_in(ali.id(), Scopes::parse("write").unwrap()).await;
        assert_eq!(writer.get(&path).await.status, 403);
    }
}
