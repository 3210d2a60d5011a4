//! `/api/v1/tags`: hashtags by name.

use actix_web::web::{Json, Path};
use majlis_local::hashtags::{self, Hashtag};
use majlis_local::ids::{ActorId, HashtagId};
use majlis_local::text::{hashtag_key, is_hashtag};
use majlis_local::{Connection, Error as Failure, Timestamp, featured_tags, hashtag_follows};

use crate::auth::{User, Viewer, need};
use crate::entities::Tag;
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
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

/// Changes something between a person and a hashtag, which is made if nobody has used it yet, and tells how it is then.
async fn change(
    api: Api,
    actor: ActorId,
    name: String,
    deed: impl FnOnce(&mut Connection, &Hashtag) -> majlis_local::Result<()> + Send + 'static,
) -> Result<Json<Tag>> {
    let site = api.db.site().clone();
    let changed = api.db.write(move |c| {
        let tag = hashtags::named(c, &name)?;
        deed(c, &tag)?;
        Tag::build_many(c, &site, Some(actor), &[tag])?.pop().ok_or(Failure::NotFound("hashtag"))
    });
    Ok(Json(changed.await?))
}

/// `POST /api/v1/tags/:name/follow`: its public posts stand in the person's home from now on.
pub async fn follow(api: Api, user: User<need::WriteFollows>, name: Path<String>) -> Result<Json<Tag>> {
    let actor = user.actor;
    change(api, actor, name.into_inner(), move |c, tag| hashtag_follows::follow(c, actor, tag.id)).await
}

/// `POST /api/v1/tags/:name/unfollow`.
pub async fn unfollow(api: Api, user: User<need::WriteFollows>, name: Path<String>) -> Result<Json<Tag>> {
    let actor = user.actor;
    change(api, actor, name.into_inner(), move |c, tag| hashtag_follows::unfollow(c, actor, tag.id)).await
}

/// `POST /api/v1/tags/:name/feature`: see [`crate::featured_tags`].
pub async fn feature(api: Api, user: User<need::WriteAccounts>, name: Path<String>) -> Result<Json<Tag>> {
    let actor = user.actor;
    change(api, actor, name.into_inner(), move |c, tag| featured_tags::feature(c, actor, tag)).await
}

/// `POST /api/v1/tags/:name/unfeature`.
pub async fn unfeature(api: Api, user: User<need::WriteAccounts>, name: Path<String>) -> Result<Json<Tag>> {
    let actor = user.actor;
    change(api, actor, name.into_inner(), move |c, tag| featured_tags::unfeature(c, actor, tag.id)).await
}

/// Hashtags on a page of followed ones: when nothing is said, and at the most.
const PAGE: (i64, i64) = (100, 200);

/// `GET /api/v1/followed_tags`, the last followed first.
pub async fn followed(api: Api, user: User<need::ReadFollows>, Params(page): Params<PageParams>) -> Result<Paged<Tag>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let tags = hashtag_follows::of(c, user.actor, &page.page(PAGE.0, PAGE.1))?;
        let entities = Tag::build_many(c, &site, Some(user.actor), &tags.items)?;
        Ok(tags.with(entities))
    });
    Ok(Paged::by_since_id(slice.await?))
}

fn unused(name: &str) -> Hashtag {
    let never = Timestamp(0);
    Hashtag { id: HashtagId(0), name: hashtag_key(name), display_name: name.to_owned(), created_at: never, last_used_at: never }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    #[actix_web::test]
    async fn followed_hashtags_are_listed_and_fill_home() {
        let app = TestApp::new();
        let (me, ali) = (app.user("me").await, app.user("ali").await);
        let cats = me.post("/api/v1/tags/%23Cats/follow").await.ok();
        let today = majlis_local::Timestamp::now().millis() / 86_400_000;
        let history: Vec<serde_json::Value> =
            (0..7).map(|n| json!({ "day": ((today - n) * 86_400).to_string(), "accounts": "0", "uses": "0" })).collect();
        assert_eq!(
            cats,
            json!({
                "id": cats["id"], "name": "Cats", "url": "https://majlis.example/tags/cats", "history": history,
                "following": true, "featuring": false,
            })
        );
        assert_eq!(me.post("/api/v1/tags/cats/follow").await.ok()["id"], cats["id"], "again");
        ali.post_form("/api/v1/statuses", "status=one+%23cats").await.ok();
        ali.post_form("/api/v1/statuses", "status=two+%23cats").await.ok();
        ali.post_form("/api/v1/statuses", "status=hidden+%23cats&visibility=unlisted").await.ok();
        let home = me.get("/api/v1/timelines/home").await.ok();
        assert_eq!(home.as_array().unwrap().len(), 2);
        let tag = me.get("/api/v1/tags/cats").await.ok();
        assert_eq!(tag["history"][0], json!({ "day": history[0]["day"], "accounts": "1", "uses": "2" }));
        for n in 0..4 {
            me.post(&format!("/api/v1/tags/tag{n}/follow")).await.ok();
        }
        let names = |answer: &serde_json::Value| -> Vec<String> {
            answer.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
        };
        let (mut down, mut path, mut prev) = (Vec::new(), Some("/api/v1/followed_tags?limit=2".to_owned()), None);
        while let Some(next) = path {
            let page = me.get(&next).await;
            (path, prev) = (page.link("next"), page.link("prev").or(prev));
            down.extend(names(&page.ok()));
        }
        assert_eq!(down, ["tag3", "tag2", "tag1", "tag0", "Cats"]);
        let newer = me.get(&prev.unwrap()).await.ok();
        assert_eq!(names(&newer), ["tag3", "tag2"], "since_id gives the newest");
        assert_eq!(me.post("/api/v1/tags/cats/unfollow").await.ok()["following"], false);
        assert_eq!(me.get("/api/v1/timelines/home").await.ok(), json!([]));
        assert_eq!(ali.get("/api/v1/followed_tags").await.ok(), json!([]));
        assert_eq!(me.post("/api/v1/tags/no%20tag/follow").await.status, 404);
    }

    #[actix_web::test]
    async fn uses_and_their_authors_are_counted_once_and_taken_back() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let first = ali.post_form("/api/v1/statuses", "status=%23cats+one+%23CATS").await.ok();
        ali.post_form("/api/v1/statuses", "status=%23cats+two").await.ok();
        bea.post_form("/api/v1/statuses", "status=%23cats+three").await.ok();
        bea.post_form("/api/v1/statuses", "status=%23cats+private&visibility=private").await.ok();
        let today = async || {
            let tag = app.anonymous().get("/api/v1/tags/cats").await.ok();
            (tag["history"][0]["uses"].as_str().unwrap().to_owned(), tag["history"][0]["accounts"].as_str().unwrap().to_owned())
        };
        assert_eq!(today().await, ("3".to_owned(), "2".to_owned()));
        let path = format!("/api/v1/statuses/{}", first["id"].as_str().unwrap());
        ali.put_json(&path, json!({ "status": "no tag any more" })).await.ok();
        assert_eq!(today().await, ("2".to_owned(), "2".to_owned()));
        ali.put_json(&path, json!({ "status": "again #cats" })).await.ok();
        ali.put_json(&path, json!({ "status": "still #cats" })).await.ok();
        assert_eq!(today().await, ("3".to_owned(), "2".to_owned()));
        ali.delete(&path).await.ok();
        bea.post_form("/api/v1/statuses", "status=%23cats+more").await.ok();
        assert_eq!(today().await, ("3".to_owned(), "2".to_owned()));
    }
}
