//! `/api/ext/v1/drafts`: what the viewer has begun to write, on all of its devices. Their shape is that of Mastodon's
//! ScheduledStatus, so that an app which knows the one knows the other.

use actix_web::web::{Json, Path};
use majlis_local::drafts::{self, Content, PollContent};
use majlis_local::ids::{AttachmentId, CircleId, DraftId, PostId};
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Site, Timestamp};
use serde::{Deserialize, Serialize};

use crate::auth::{User, need};
use crate::entities::{Empty, MediaAttachment};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// A draft as apps read it.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Draft {
    pub id: DraftId,
    pub params: Content,
    pub media_attachments: Vec<MediaAttachment>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Draft {
    /// The entities of these drafts, in their order. One query.
    fn build_many(c: &mut Connection, site: &Site, rows: Vec<drafts::Draft>) -> majlis_local::Result<Vec<Self>> {
        let ids: Vec<DraftId> = rows.iter().map(|row| row.id).collect();
        let uploads = drafts::attachments_of(c, &ids)?;
        let of =
            |id: DraftId| uploads.iter().filter(move |(draft, _)| *draft == id).map(|(_, file)| MediaAttachment::new(site, file));
        Ok(rows
            .into_iter()
            .map(|row| Self {
                id: row.id,
                media_attachments: of(row.id).collect(),
                params: row.content.0,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
            .collect())
    }

    fn build(c: &mut Connection, site: &Site, row: drafts::Draft) -> majlis_local::Result<Self> {
        Self::build_many(c, site, vec![row])?.pop().ok_or(majlis_local::Error::NotFound("draft"))
    }
}

/// What a draft is made or replaced with: the parameters of `POST /api/v1/statuses`, none of which has to be there.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// `text` is as good: that is what the answer calls it.
    #[serde(default, alias = "text")]
    status: String,
    #[serde(default)]
    spoiler_text: String,
    content_type: Option<String>,
    visibility: Option<Visibility>,
    sensitive: Option<bool>,
    language: Option<String>,
    in_reply_to_id: Option<PostId>,
    quoted_status_id: Option<PostId>,
    circle_id: Option<CircleId>,
    #[serde(default)]
    media_ids: Vec<AttachmentId>,
    poll: Option<SentPoll>,
}

/// A poll of a draft.
#[derive(Debug, Deserialize)]
pub struct SentPoll {
    #[serde(default)]
    options: Vec<String>,
    expires_in: Option<i64>,
    #[serde(default)]
    multiple: bool,
    #[serde(default)]
    hide_totals: bool,
}

impl From<Sent> for Content {
    fn from(sent: Sent) -> Self {
        Self {
            text: sent.status,
            spoiler_text: sent.spoiler_text,
            content_type: sent.content_type,
            visibility: sent.visibility,
            sensitive: sent.sensitive,
            language: sent.language.filter(|code| !code.is_empty()),
            in_reply_to_id: sent.in_reply_to_id,
            quoted_status_id: sent.quoted_status_id,
            circle_id: sent.circle_id,
            media_ids: sent.media_ids,
            poll: sent.poll.map(|poll| PollContent {
                options: poll.options,
                expires_in: poll.expires_in,
                multiple: poll.multiple,
                hide_totals: poll.hide_totals,
            }),
        }
    }
}

/// `GET /api/ext/v1/drafts`: what somebody has begun to write on any device, the latest begun first.
pub async fn list(api: Api, user: User<need::ReadStatuses>, Params(page): Params<PageParams>) -> Result<Paged<Draft>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let rows = drafts::of(c, user.actor, &page.page(20, 40))?;
        let items = Draft::build_many(c, &site, rows.items.clone())?;
        Ok(rows.with(items))
    });
    Ok(Paged::new(slice.await?))
}

/// `POST /api/ext/v1/drafts`: keeps what was begun, with the parameters of a status.
pub async fn create(api: Api, user: User<need::WriteStatuses>, Params(sent): Params<Sent>) -> Result<Json<Draft>> {
    let site = api.db.site().clone();
    let made = api.db.write(move |c| {
        let row = drafts::create(c, user.actor, sent.into())?;
        Draft::build(c, &site, row)
    });
    Ok(Json(made.await?))
}

/// `GET /api/ext/v1/drafts/:id`: one draft, to go on with.
pub async fn show(api: Api, user: User<need::ReadStatuses>, id: Path<DraftId>) -> Result<Json<Draft>> {
    let site = api.db.site().clone();
    let shown = api.db.read(move |c| {
        let row = drafts::get(c, user.actor, *id)?;
        Draft::build(c, &site, row)
    });
    Ok(Json(shown.await?))
}

/// `PUT /api/ext/v1/drafts/:id`: the draft as a whole; what is not sent is empty.
pub async fn change(
    api: Api,
    user: User<need::WriteStatuses>,
    id: Path<DraftId>,
    Params(sent): Params<Sent>,
) -> Result<Json<Draft>> {
    let site = api.db.site().clone();
    let changed = api.db.write(move |c| {
        let row = drafts::change(c, user.actor, *id, sent.into())?;
        Draft::build(c, &site, row)
    });
    Ok(Json(changed.await?))
}

/// `DELETE /api/ext/v1/drafts/:id`: throws it away, once it is published for instance.
pub async fn delete(api: Api, user: User<need::WriteStatuses>, id: Path<DraftId>) -> Result<Json<Empty>> {
    api.db.write(move |c| drafts::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use majlis_local::Timestamp;
    use majlis_local::attachments::{self, AttachmentKind, NewAttachment};
    use majlis_local::scopes::Scope;
    use serde_json::json;

    use crate::testing::TestApp;

    const PATH: &str = "/api/ext/v1/drafts";

    #[actix_web::test]
    async fn a_draft_is_kept_changed_and_thrown_away() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let a = ali.id();
        let picture = app
            .write(move |c| {
                let new =
                    NewAttachment { kind: Some(AttachmentKind::Image), file: Some("a/b.png".into()), ..NewAttachment::default() };
                Ok(attachments::create(c, a, None, new)?.id)
            })
            .await;
        let body = json!({
            "status": "half a th", "spoiler_text": "cw", "visibility": "private", "language": "en", "in_reply_to_id": "7",
            "sensitive": "true", "media_ids": [picture.to_string()], "content_type": "text/markdown",
            "poll": { "options": ["a", ""], "expires_in": 3600, "multiple": true },
        });
        let made = ali.post_json(PATH, body).await.ok();
        insta::assert_json_snapshot!(made, {
            ".id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]", ".params.media_ids[]" => "[id]",
            ".media_attachments" => "[media]",
        });
        assert_eq!(made["media_attachments"][0]["id"], picture.to_string());
        let one = format!("{PATH}/{}", made["id"].as_str().unwrap());
        assert_eq!(ali.get(&one).await.ok(), made);
        let kept = app.write(|c| attachments::purge_loose(c, Timestamp::now().plus_seconds(60), 100)).await;
        assert!(kept.is_empty(), "an upload of a draft is in use");
        let changed = ali.put_json(&one, json!({ "text": "a thought" })).await.ok();
        assert_eq!((&changed["params"]["text"], &changed["params"]["poll"]), (&json!("a thought"), &json!(null)));
        assert_eq!(changed["media_attachments"], json!([]));
        let gone = app.write(|c| attachments::purge_loose(c, Timestamp::now().plus_seconds(60), 100)).await;
        assert_eq!(gone, ["a/b.png"]);
        for path in [&one, &format!("{PATH}/1"), &format!("{PATH}/x")] {
            assert_eq!(bea.get(path).await.status, 404);
            assert_eq!(bea.put_json(path, json!({})).await.status, 404);
            assert_eq!(bea.delete(path).await.status, 404);
        }
        assert_eq!(bea.get(PATH).await.ok(), json!([]));
        assert_eq!(ali.delete(&one).await.ok(), json!({}));
        assert_eq!(ali.get(&one).await.status, 404);
    }

    #[actix_web::test]
    async fn drafts_are_paged_both_ways() {
        let app = TestApp::new();
        let ali = app.user("ali").await;
        for n in 1..=3 {
            ali.post_form(PATH, &format!("status={n}")).await.ok();
        }
        let first = ali.get(&format!("{PATH}?limit=2")).await;
        assert_eq!((&first.json[0]["params"]["text"], &first.json[1]["params"]["text"]), (&json!("3"), &json!("2")));
        let second = ali.get(&first.link("next").unwrap()).await;
        assert_eq!(second.json[0]["params"]["text"], "1");
        assert_eq!(ali.get(&second.link("prev").unwrap()).await.json, first.json);
    }

    #[actix_web::test]
    async fn what_cannot_become_a_post_is_refused() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let b = bea.id();
        let hers = app.write(move |c| Ok(attachments::create(c, b, None, NewAttachment::default())?.id)).await;
        for (body, field) in [
            (json!({ "status": "x".repeat(20_001) }), "text"),
            (json!({ "content_type": "text/html" }), "content_type"),
            (json!({ "language": "nonsense" }), "language"),
            (json!({ "media_ids": [hers.to_string()] }), "media_ids"),
            (json!({ "visibility": "everybody" }), "visibility"),
            (json!({ "poll": { "options": vec!["x"; 21] } }), "poll"),
        ] {
            let answer = ali.post_json(PATH, body.clone()).await;
            assert_eq!(answer.status, 422, "{body}");
            assert!(answer.json["details"][field].is_array(), "{}", answer.text);
        }
        assert_eq!(ali.get(PATH).await.ok(), json!([]));
        assert_eq!(app.anonymous().get(PATH).await.status, 401);
        assert_eq!(app.anonymous().post_json(PATH, json!({})).await.status, 401);
        let reader = app.log_in(ali.id(), [Scope::ReadStatuses].into_iter().collect()).await;
        assert_eq!(reader.get(PATH).await.ok(), json!([]));
        assert_eq!(reader.post_json(PATH, json!({})).await.status, 403);
        let writer = app.log_in(ali.id(), [Scope::WriteStatuses].into_iter().collect()).await;
        assert_eq!(writer.get(PATH).await.status, 403);
    }
}
