//! What people do to one another: follow, block, mute, answer requests. Each answers with the relationship as it is then.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use majlis_local::follows::{self, Choices};
use majlis_local::ids::ActorId;
use majlis_local::{Connection, Page, Site, Slice, Timestamp, account_notes, blocks, follow_requests, mutes, relationships};
use serde::{Deserialize, Serialize};

use crate::accounts::{PAGE, in_order, living};
use crate::auth::{Need, User, need};
use crate::entities::{Account, Relationship};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// Parameters of `follow`.
#[derive(Debug, Default, Deserialize)]
pub struct Follow {
    reblogs: Option<bool>,
    notify: Option<bool>,
    languages: Option<Vec<String>>,
}

/// `POST /api/v1/accounts/:id/follow`: follows, asks to, or changes what is wanted of whom one follows already.
pub async fn follow(
    api: Api,
    user: User<need::WriteFollows>,
    id: Path<ActorId>,
    Params(asked): Params<Follow>,
) -> Result<Json<Relationship>> {
    let choices = Choices { show_boosts: asked.reblogs, notify: asked.notify, languages: asked.languages };
    act(&api, user, *id, move |c, site, me, other| follows::follow(c, site, me, other, &choices).map(drop)).await
}

/// `POST /api/v1/accounts/:id/unfollow`.
pub async fn unfollow(api: Api, user: User<need::WriteFollows>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| follows::unfollow(c, me, other)).await
}

/// `POST /api/v1/accounts/:id/remove_from_followers`.
pub async fn remove_from_followers(api: Api, user: User<need::WriteFollows>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| follows::remove_follower(c, me, other)).await
}

/// `POST /api/v1/accounts/:id/block`.
pub async fn block(api: Api, user: User<need::WriteBlocks>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, site, me, other| blocks::block(c, site, me, other).map(drop)).await
}

/// `POST /api/v1/accounts/:id/unblock`.
pub async fn unblock(api: Api, user: User<need::WriteBlocks>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| blocks::unblock(c, me, other)).await
}

/// Parameters of `mute`.
#[derive(Debug, Default, Deserialize)]
pub struct Mute {
    notifications: Option<bool>,
    /// Seconds; 0: until it is lifted.
    duration: Option<i64>,
}

/// `POST /api/v1/accounts/:id/mute`.
pub async fn mute(
    api: Api,
    user: User<need::WriteMutes>,
    id: Path<ActorId>,
    Params(asked): Params<Mute>,
) -> Result<Json<Relationship>> {
    let notifications = asked.notifications.unwrap_or(true);
    act(&api, user, *id, move |c, _, me, other| mutes::mute(c, me, other, notifications, asked.duration)).await
}

/// `POST /api/v1/accounts/:id/unmute`.
pub async fn unmute(api: Api, user: User<need::WriteMutes>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| mutes::unmute(c, me, other)).await
}

/// Parameters of `note`.
#[derive(Debug, Default, Deserialize)]
pub struct Note {
    #[serde(default)]
    comment: String,
}

/// `POST /api/v1/accounts/:id/note`: for the viewer alone; an empty comment takes it away.
pub async fn note(
    api: Api,
    user: User<need::WriteAccounts>,
    id: Path<ActorId>,
    Params(asked): Params<Note>,
) -> Result<Json<Relationship>> {
    act(&api, user, *id, move |c, _, me, other| account_notes::set(c, me, other, &asked.comment)).await
}

/// `POST /api/v1/follow_requests/:account_id/authorize`.
pub async fn authorize(api: Api, user: User<need::WriteFollows>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    act(&api, user, *id, |c, _, me, other| follow_requests::accept(c, me, other)).await
}

/// `POST /api/v1/follow_requests/:account_id/reject`.
pub async fn reject(api: Api, user: User<need::WriteFollows>, id: Path<ActorId>) -> Result<Json<Relationship>> {
    let reject = |c: &mut Connection, _: &Site, me, other| match follow_requests::reject(c, me, other)? {
        true => Ok(()),
        false => Err(majlis_local::Error::NotFound("follow request")),
    };
    act(&api, user, *id, reject).await
}

/// Does something to an account and answers with the relationship as it is then.
pub(crate) async fn act<N: Need>(
    api: &Api,
    user: User<N>,
    other: ActorId,
    deed: impl FnOnce(&mut Connection, &Site, ActorId, ActorId) -> majlis_local::Result<()> + Send + 'static,
) -> Result<Json<Relationship>> {
    let (site, me) = (api.db.site().clone(), user.actor);
    let relationship = api.db.write(move |c| {
        living(c, other)?;
        deed(c, &site, me, other)?;
        relationships::Relationship::build(c, me, other)
    });
    Ok(Json(relationship.await?.into()))
}

/// `GET /api/v1/follow_requests`: who asks to follow.
pub async fn requests(api: Api, user: User<need::ReadFollows>, Params(page): Params<PageParams>) -> Result<Paged<Arc<Account>>> {
    list(&api, user.actor, page, follow_requests::incoming).await
}

/// `GET /api/v1/blocks`.
pub async fn blocked(api: Api, user: User<need::ReadBlocks>, Params(page): Params<PageParams>) -> Result<Paged<Arc<Account>>> {
    list(&api, user.actor, page, blocks::blocked).await
}

type Relation = fn(&mut Connection, ActorId, &Page) -> majlis_local::Result<Slice<ActorId>>;

async fn list(api: &Api, me: ActorId, page: PageParams, relation: Relation) -> Result<Paged<Arc<Account>>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let ids = relation(c, me, &page.page(PAGE.0, PAGE.1))?;
        let accounts = in_order(c, &site, &ids.items)?;
        Ok(ids.with(accounts))
    });
    Ok(Paged::by_since_id(slice.await?))
}

/// Mastodon's MutedAccount.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct MutedAccount {
    #[serde(flatten)]
    pub account: Arc<Account>,
    /// `null`: when the mute is lifted.
    pub mute_expires_at: Option<Timestamp>,
}

/// `GET /api/v1/mutes`.
pub async fn muted(api: Api, user: User<need::ReadMutes>, Params(page): Params<PageParams>) -> Result<Paged<MutedAccount>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let muted = mutes::muted(c, user.actor, &page.page(PAGE.0, PAGE.1))?;
        let ids: Vec<ActorId> = muted.items.iter().map(|mute| mute.target_id).collect();
        let accounts = Account::load_many(c, &site, &ids)?;
        let items = muted.items.iter().filter_map(|mute| {
            let account = accounts.get(&mute.target_id)?.clone();
            Some(MutedAccount { account, mute_expires_at: mute.expires_at })
        });
        Ok(muted.with(items.collect()))
    });
    Ok(Paged::by_since_id(slice.await?))
}

#[cfg(test)]
mod tests {
    use majlis_local::testing::people;
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn following_asking_and_answering() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let (a, b) = (ali.id(), bea.id());
        let now = ali.post_form(&format!("/api/v1/accounts/{b}/follow"), "reblogs=false&languages[]=ar").await.ok();
        assert_eq!(
            now,
            json!({
                "id": b.to_string(), "following": true, "showing_reblogs": false, "notifying": false, "languages": ["ar"],
                "followed_by": false, "blocking": false, "blocked_by": false, "muting": false, "muting_notifications": false,
                "muting_expires_at": null, "requested": false, "requested_by": false, "domain_blocking": false,
                "endorsed": false, "note": "",
            })
        );
        let now = ali.post_json(&format!("/api/v1/accounts/{b}/follow"), json!({ "notify": "true" })).await.ok();
        assert_eq!((&now["notifying"], &now["showing_reblogs"]), (&json!(true), &json!(false)));
        let now = ali.post(&format!("/api/v1/accounts/{b}/unfollow")).await.ok();
        assert_eq!((&now["following"], &now["languages"]), (&json!(false), &json!(null)));
        assert_eq!(ali.post(&format!("/api/v1/accounts/{a}/follow")).await.status, 403);
        assert_eq!(ali.post("/api/v1/accounts/1/follow").await.status, 404);
        assert_eq!(app.anonymous().post(&format!("/api/v1/accounts/{b}/follow")).await.status, 401);

        app.write(move |c| {
            people::lock(c, b);
            Ok(())
        })
        .await;
        assert_eq!(ali.post(&format!("/api/v1/accounts/{b}/follow")).await.ok()["requested"], true);
        let asking = bea.get("/api/v1/follow_requests").await;
        assert_eq!(asking.json[0]["id"], a.to_string());
        assert!(asking.link("prev").unwrap().contains("since_id="));
        assert_eq!(bea.post(&format!("/api/v1/follow_requests/{a}/authorize")).await.ok()["followed_by"], true);
        assert_eq!(bea.get("/api/v1/follow_requests").await.ok(), json!([]));
        assert_eq!(bea.post(&format!("/api/v1/accounts/{a}/remove_from_followers")).await.ok()["followed_by"], false);
        ali.post(&format!("/api/v1/accounts/{b}/follow")).await.ok();
        assert_eq!(bea.post(&format!("/api/v1/follow_requests/{a}/reject")).await.ok()["requested_by"], false);
    }

    #[actix_web::test]
    async fn blocking_and_muting() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (b, k) = (bea.id(), kim.id());
        assert_eq!(ali.post(&format!("/api/v1/accounts/{b}/block")).await.ok()["blocking"], true);
        assert_eq!(ali.post(&format!("/api/v1/accounts/{k}/block")).await.ok()["blocking"], true);
        let blocked = ali.get("/api/v1/blocks?limit=1").await;
        assert_eq!(blocked.json[0]["id"], k.to_string());
        let next = ali.get(&blocked.link("next").unwrap()).await;
        assert_eq!(next.json[0]["id"], b.to_string());
        assert_eq!(bea.post(&format!("/api/v1/accounts/{}/follow", ali.id())).await.status, 403);
        assert_eq!(ali.post(&format!("/api/v1/accounts/{b}/unblock")).await.ok()["blocking"], false);

        let muted = ali.post_form(&format!("/api/v1/accounts/{b}/mute"), "notifications=false&duration=600").await.ok();
        assert_eq!((&muted["muting"], &muted["muting_notifications"]), (&json!(true), &json!(false)));
        assert!(muted["muting_expires_at"].is_string());
        let list = ali.get("/api/v1/mutes").await.ok();
        assert_eq!(list[0]["username"], "bea");
        assert!(list[0]["mute_expires_at"].is_string());
        let muted = ali.post_json(&format!("/api/v1/accounts/{b}/mute"), json!({ "duration": 0 })).await.ok();
        assert_eq!((&muted["muting_notifications"], &muted["muting_expires_at"]), (&json!(true), &json!(null)));
        assert_eq!(ali.post(&format!("/api/v1/accounts/{b}/unmute")).await.ok()["muting"], false);
    }

    #[actix_web::test]
    async fn a_note_is_for_its_writer_alone() {
        let app = TestApp::new();
        let (ali, bea) = (app.user("ali").await, app.user("bea").await);
        let path = format!("/api/v1/accounts/{}/note", bea.id());
        assert_eq!(ali.post_form(&path, "comment=met+in+Basra").await.ok()["note"], "met in Basra");
        assert_eq!(ali.post_form(&path, "comment=met+in+Najaf").await.ok()["note"], "met in Najaf");
        let read = async |who: &crate::testing::Caller, of: majlis_local::ids::ActorId| {
            who.get(&format!("/api/v1/accounts/relationships?id[]={of}")).await.ok()[0]["note"].clone()
        };
        assert_eq!(read(&ali, bea.id()).await, "met in Najaf");
        assert_eq!(read(&bea, ali.id()).await, "");
        assert_eq!(ali.post_json(&path, json!({ "comment": "x".repeat(2_001) })).await.status, 422);
        assert_eq!(ali.post_form(&path, "comment=").await.ok()["note"], "");
        assert_eq!(ali.post_form("/api/v1/accounts/1/note", "comment=x").await.status, 404);
    }
}
