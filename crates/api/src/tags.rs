//! `/api/v1/tags`: hashtags by name.

use actix_web::web::{Json, Path};
use majlis_local::hashtags::{self, Hashtag};
use majlis_local::ids::HashtagId;
use majlis_local::text::{hashtag_key, is_hashtag};
use majlis_local::{Error as Failure, Timestamp};

use crate::auth::{Viewer, need};
use crate::entities::Tag;
use crate::error::Result;
use crate::state::Api;

/// `GET /api/v1/tags/{name}`: also one that nobody has used yet.
pub async fn show(api: Api, viewer: Viewer<need::Anything>, name: Path<String>) -> Result<Json<Tag>> {
    let site = api.db.site().clone();
    let name = name.into_inner();
    let tag = api.db.read(move |c| {
        let name = name.trim_start_matches('#');
        let tag = match hashtags::by_name(c, name)? {
            Some(tag) => tag,
            None if is_hashtag(name) => unused(name),
            None => return Err(Failure::NotFound("hashtag")),
        };
        Tag::build_many(c, &site, viewer.actor, &[tag])?.pop().ok_or(Failure::NotFound("hashtag"))
    });
    Ok(Json(tag.await?))
}

fn unused(name: &str) -> Hashtag {
    let never = Timestamp(0);
    Hashtag { id: HashtagId(0), name: hashtag_key(name), display_name: name.to_owned(), created_at: never, last_used_at: never }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;

    #[actix_web::test]
    async fn a_hashtag_is_found_in_every_spelling() {
        let app = TestApp::new();
        let me = app.user("me").await;
        me.post_form("/api/v1/statuses", "status=%23Cats+and+%23%D9%82%D8%B1%D8%A7%D8%A1%D8%A9").await.ok();
        let cats = me.get("/api/v1/tags/cATS").await.ok();
        assert_eq!(
            (&cats["name"], &cats["history"][0]["uses"], &cats["following"]),
            (&"Cats".into(), &"1".into(), &false.into())
        );
        let nobody = app.anonymous();
        let reading = nobody.get("/api/v1/tags/%D9%82%D8%B1%D8%A7%D8%A1%D8%A9").await.ok();
        assert_eq!((&reading["name"], reading.get("following")), (&"قراءة".into(), None));
        let new = nobody.get("/api/v1/tags/dogs").await.ok();
        assert_eq!((&new["name"], &new["history"][0]["uses"]), (&"dogs".into(), &"0".into()));
        assert_eq!(nobody.get("/api/v1/tags/no%20tag").await.status, 404);
    }
}
