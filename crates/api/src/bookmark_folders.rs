//! `/api/ext/v1/bookmark_folders`, and the same where Pleroma's apps look for it: folders for the viewer's bookmarks.

use actix_web::web::{Json, Path};
use majlis_local::bookmark_folders;
use majlis_local::ids::BookmarkFolderId;
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::entities::Empty;
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

/// Pleroma's BookmarkFolder.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Folder {
    pub id: BookmarkFolderId,
    pub name: String,
    pub emoji: Option<String>,
    /// The picture of a custom emoji; apps find it among the custom emojis.
    pub emoji_url: Option<String>,
}

impl From<bookmark_folders::Folder> for Folder {
    fn from(row: bookmark_folders::Folder) -> Self {
        Self { id: row.id, name: row.name, emoji: row.emoji, emoji_url: None }
    }
}

/// What a folder is made or changed with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    name: Option<String>,
    emoji: Option<String>,
}

/// `GET /api/ext/v1/bookmark_folders`: all, the oldest first.
pub async fn all(api: Api, user: User<need::ReadBookmarks>) -> Result<Json<Vec<Folder>>> {
    let rows = api.db.read(move |c| bookmark_folders::of(c, user.actor)).await?;
    Ok(Json(rows.into_iter().map(Folder::from).collect()))
}

/// `POST /api/ext/v1/bookmark_folders`: makes a folder for bookmarks.
pub async fn create(api: Api, user: User<need::WriteBookmarks>, Params(sent): Params<Fields>) -> Result<Json<Folder>> {
    let made = api
        .db
        .write(move |c| bookmark_folders::create(c, user.actor, sent.name.as_deref().unwrap_or_default(), sent.emoji.as_deref()));
    Ok(Json(made.await?.into()))
}

/// `PATCH /api/ext/v1/bookmark_folders/:id`: gives a folder another name or emoji.
pub async fn change(
    api: Api,
    user: User<need::WriteBookmarks>,
    id: Path<BookmarkFolderId>,
    Params(sent): Params<Fields>,
) -> Result<Json<Folder>> {
    let changed =
        api.db.write(move |c| bookmark_folders::change(c, user.actor, *id, sent.name.as_deref(), sent.emoji.as_deref()));
    Ok(Json(changed.await?.into()))
}

/// `DELETE /api/ext/v1/bookmark_folders/:id`: what was in it stays bookmarked.
pub async fn delete(api: Api, user: User<need::WriteBookmarks>, id: Path<BookmarkFolderId>) -> Result<Json<Empty>> {
    api.db.write(move |c| bookmark_folders::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use majlis_local::scopes::Scope;
    use majlis_local::testing::people;
    use serde_json::json;

    use crate::testing::TestApp;

    const PATH: &str = "/api/ext/v1/bookmark_folders";

    #[actix_web::test]
    async fn bookmarks_are_sorted_into_folders() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let b = bea.id();
        let (one, two) = app.write(move |c| Ok((people::say(c, b, "one").id, people::say(c, b, "two").id))).await;
        let made = ali.post_json(PATH, json!({ "name": " Recipes ", "emoji": "🍲" })).await.ok();
        let folder = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made, json!({ "id": folder, "name": "Recipes", "emoji": "🍲", "emoji_url": null }));
        assert_eq!(ali.get("/api/v1/pleroma/bookmark_folders").await.ok(), json!([made]));
        ali.post_json(&format!("/api/v1/statuses/{one}/bookmark"), json!({ "folder_id": folder })).await.ok();
        ali.post(&format!("/api/v1/statuses/{two}/bookmark")).await.ok();
        let ids = |answer: serde_json::Value| -> Vec<String> {
            answer.as_array().unwrap().iter().map(|status| status["id"].as_str().unwrap().to_owned()).collect()
        };
        let inside = format!("/api/v1/bookmarks?folder_id={folder}");
        assert_eq!(ids(ali.get(&inside).await.ok()), [one.to_string()]);
        assert_eq!(ids(ali.get("/api/v1/bookmarks").await.ok()), [two.to_string(), one.to_string()]);
        ali.post_json(&format!("/api/v1/statuses/{two}/bookmark"), json!({ "folder_id": folder })).await.ok();
        let first = ali.get(&format!("{inside}&limit=1")).await;
        let second = ali.get(&first.link("next").unwrap()).await;
        assert_eq!((ids(first.json.clone()), ids(second.json.clone())), (vec![two.to_string()], vec![one.to_string()]));
        assert_eq!(ali.get(&second.link("prev").unwrap()).await.json, first.json);
        let hers = bea.post_json(PATH, json!({ "name": "Hers" })).await.ok();
        let wrong = json!({ "folder_id": hers["id"] });
        assert_eq!(ali.post_json(&format!("/api/v1/statuses/{two}/bookmark"), wrong).await.status, 404);
        assert_eq!(ids(ali.get(&inside).await.ok()).len(), 2, "nothing moved");
        assert_eq!(bea.get(&inside).await.status, 404);

        let path = format!("{PATH}/{folder}");
        let renamed = ali.patch_json(&path, json!({ "name": "Soups", "emoji": "" })).await.ok();
        assert_eq!((&renamed["name"], &renamed["emoji"]), (&json!("Soups"), &json!(null)));
        assert_eq!(bea.patch_json(&path, json!({ "name": "x" })).await.status, 404);
        assert_eq!(bea.delete(&path).await.status, 404);
        assert_eq!(ali.delete(&path).await.ok(), json!({}));
        assert_eq!(ali.get(&inside).await.status, 404);
        assert_eq!(ids(ali.get("/api/v1/bookmarks").await.ok()).len(), 2, "still bookmarked");
    }

    #[actix_web::test]
    async fn wrong_folders_are_refused() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        for (body, field) in [
            (json!({}), "name"),
            (json!({ "name": "x".repeat(101) }), "name"),
            (json!({ "name": "x", "emoji": "word" }), "emoji"),
            (json!({ "name": "x", "emoji": ":two words:" }), "emoji"),
        ] {
            let answer = ali.post_json(PATH, body.clone()).await;
            assert_eq!(answer.status, 422, "{body}");
            assert!(answer.json["details"][field].is_array(), "{}", answer.text);
        }
        assert_eq!(ali.get(PATH).await.ok(), json!([]));
        assert_eq!(app.anonymous().get(PATH).await.status, 401);
        let reader = app.log_in(ali.id(), [Scope::ReadBookmarks].into_iter().collect()).await;
        assert_eq!(reader.post_json(PATH, json!({ "name": "x" })).await.status, 403);
        let other = app.log_in(ali.id(), [Scope::ReadLists].into_iter().collect()).await;
        assert_eq!(other.get(PATH).await.status, 403);
    }
}
