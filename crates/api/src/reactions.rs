//! Emoji reactions to statuses, by Pleroma's endpoints (and the same under our own path, and glitch-soc's two).

use actix_web::web::{Json, Path};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::{posts, reactions};

use crate::auth::{User, Viewer, need};
use crate::entities::{Account, Status, StatusReaction};
use crate::error::Result;
use crate::state::Api;

/// People that one answer names at the most.
const MOST_PEOPLE: i64 = 400;

/// `GET /api/v1/pleroma/statuses/{id}/reactions`: each emoji with those who reacted so.
pub async fn list(api: Api, viewer: Viewer<need::ReadStatuses>, id: Path<PostId>) -> Result<Json<Vec<StatusReaction>>> {
    told(&api, viewer.actor, id.into_inner(), None).await
}

/// `GET /api/v1/pleroma/statuses/{id}/reactions/{emoji}`: one of them; nothing when there is no such reaction.
pub async fn list_one(
    api: Api,
    viewer: Viewer<need::ReadStatuses>,
    path: Path<(PostId, String)>,
) -> Result<Json<Vec<StatusReaction>>> {
    let (id, emoji) = path.into_inner();
    told(&api, viewer.actor, id, Some(emoji)).await
}

async fn told(api: &Api, viewer: Option<ActorId>, id: PostId, emoji: Option<String>) -> Result<Json<Vec<StatusReaction>>> {
    let site = api.db.site().clone();
    let told = api
        .db
        .read(move |c| {
            let asked = posts::get_visible(c, viewer, id)?;
            let post = asked.boost_of_id.unwrap_or(asked.id);
            let mut tallies = reactions::tallies(c, viewer, &[post])?;
            if let Some(emoji) = emoji {
                let name = reactions::name_of(&emoji);
                tallies.retain(|tally| tally.name == name);
            }
            let mut people = reactions::reactors(c, viewer, post, MOST_PEOPLE)?;
            people.retain(|(name, _)| tallies.iter().any(|tally| tally.name == *name));
            let mut ids: Vec<ActorId> = people.iter().map(|(_, actor)| *actor).collect();
            ids.sort_unstable();
            ids.dedup();
            let accounts = Account::load_many(c, &site, &ids)?;
            Ok(tallies.into_iter().map(|tally| StatusReaction::new(&site, tally).with(&people, &accounts)).collect())
        })
        .await?;
    Ok(Json(told))
}

/// `PUT /api/v1/pleroma/statuses/{id}/reactions/{emoji}`: reacts; answers the status.
pub async fn add(api: Api, user: User<need::WriteStatuses>, path: Path<(PostId, String)>) -> Result<Json<Status>> {
    change(&api, user.actor, path.into_inner(), true).await
}

/// `DELETE /api/v1/pleroma/statuses/{id}/reactions/{emoji}`: takes it back; answers the status.
pub async fn remove(api: Api, user: User<need::WriteStatuses>, path: Path<(PostId, String)>) -> Result<Json<Status>> {
    change(&api, user.actor, path.into_inner(), false).await
}

async fn change(api: &Api, actor: ActorId, (id, emoji): (PostId, String), add: bool) -> Result<Json<Status>> {
    let site = api.db.site().clone();
    let status = api
        .db
        .write(move |c| {
            let asked = posts::get_visible(c, Some(actor), id)?;
            let post = match asked.boost_of_id {
                Some(original) => posts::get_visible(c, Some(actor), original)?,
                None => asked,
            };
            if add {
                reactions::react(c, &site, actor, &post, &emoji)?;
            } else {
                reactions::unreact(c, actor, &post, &emoji)?;
            }
            let changed = posts::get(c, post.id)?;
            Status::build(c, &site, Some(actor), &changed)
        })
        .await?;
    Ok(Json(status))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use majlis_local::actors::Emoji;
    use majlis_local::jobs::{self, Change, Job};
    use majlis_local::reactions;
    use majlis_local::scopes::Scope;
    use majlis_local::testing::people;
    use serde_json::{Value, json};

    use crate::testing::{Caller, TestApp};

    const PARTY: &str = "%F0%9F%8E%89";

    async fn put(by: &Caller, path: &str) -> crate::testing::Answer {
        by.send(by.request(Method::PUT, path)).await
    }

    #[actix_web::test]
    async fn reactions_come_are_told_and_go() {
        let app = TestApp::new();
        let (me, ali) = (app.user("me").await, app.user("ali").await);
        let status = ali.post_form("/api/v1/statuses", "status=hello").await.ok();
        assert_eq!((&status["reactions"], &status["pleroma"]), (&json!([]), &json!({ "emoji_reactions": [] })));
        let id = status["id"].as_str().unwrap();
        for base in [format!("/api/v1/pleroma/statuses/{id}/reactions"), format!("/api/ext/v1/statuses/{id}/reactions")] {
            let one = format!("{base}/{PARTY}");
            let party = json!({ "name": "🎉", "count": 1, "me": true, "url": null, "static_url": null });
            for _ in 0..2 {
                let reacted = put(&me, &one).await.ok();
                assert_eq!(reacted["pleroma"]["emoji_reactions"], json!([party]));
                assert_eq!((&reacted["reactions"], &reacted["favourites_count"]), (&json!([party]), &json!(0)));
            }
            let told = app.anonymous().get(&base).await.ok();
            assert_eq!((&told[0]["name"], &told[0]["me"]), (&json!("🎉"), &json!(false)));
            assert_eq!((&told[0]["accounts"][0]["acct"], told.as_array().unwrap().len()), (&json!("me"), 1));
            assert_eq!(ali.get(&one).await.ok()[0]["count"], 1);
            assert_eq!(ali.get(&format!("{base}/x")).await.ok(), json!([]));
            let heard = ali.get("/api/v1/notifications").await.ok();
            let heard: Vec<&Value> = heard.as_array().unwrap().iter().collect();
            assert_eq!(heard.len(), 1, "{heard:?}");
            assert_eq!(
                (&heard[0]["type"], &heard[0]["emoji"], &heard[0]["emoji_url"], &heard[0]["status"]["id"]),
                (&json!("pleroma:emoji_reaction"), &json!("🎉"), &json!(null), &status["id"])
            );
            for _ in 0..2 {
                assert_eq!(me.delete(&one).await.ok()["reactions"], json!([]));
            }
            assert_eq!(ali.get("/api/v1/notifications").await.ok(), json!([]));
            for wrong in ["x", "%20", "no_such_emoji", "%F0%9F%8E%89%F0%9F%8E%89"] {
                let answer = put(&me, &format!("{base}/{wrong}")).await;
                assert_eq!((answer.status.as_u16(), answer.json["details"]["emoji"].is_array()), (422, true), "{}", answer.text);
            }
            assert_eq!(put(&app.anonymous(), &one).await.status, 401);
            assert_eq!(put(&me, &one.replace(id, "7")).await.status, 404);
            let narrow = app.log_in(me.id(), [Scope::ReadLists].into_iter().collect()).await;
            assert_eq!(put(&narrow, &one).await.status, 403);
            assert_eq!(narrow.get(&base).await.status, 403);
        }
        me.post(&format!("/api/v1/statuses/{id}/react/{PARTY}")).await.ok();
        assert_eq!(me.post(&format!("/api/v1/statuses/{id}/unreact/{PARTY}")).await.ok()["reactions"], json!([]));
        let letter = ali.post_form("/api/v1/statuses", "status=psst&visibility=direct").await.ok();
        let letter = format!("/api/v1/pleroma/statuses/{}/reactions", letter["id"].as_str().unwrap());
        assert_eq!(put(&me, &format!("{letter}/{PARTY}")).await.status, 404);
        assert_eq!(me.get(&letter).await.status, 404);
    }

    #[actix_web::test]
    async fn custom_emoji_are_joined_and_remote_authors_told() {
        let app = TestApp::new();
        let me = app.user("me").await;
        let (site, actor) = (app.api.site().clone(), me.id());
        let (own, theirs) = app
            .write(move |c| {
                let zoe = people::remote(c, "zoe");
                let (own, theirs) = (people::say(c, actor, "hello"), people::note(&zoe, "hi"));
                let url = "https://peer.example/cat.png".to_owned();
                let cat = Emoji { shortcode: "cat".into(), static_url: url.clone(), url };
                reactions::receive(c, &site, zoe.id, &own, "https://peer.example/r/1", ":cat:", &[cat])?;
                Ok((own.id, people::receive(c, theirs).id))
            })
            .await;
        let joined = put(&me, &format!("/api/v1/pleroma/statuses/{own}/reactions/cat@peer.example")).await.ok();
        assert_eq!(
            joined["reactions"][0],
            json!({
                "name": "cat@peer.example", "count": 2, "me": true,
                "url": "https://peer.example/cat.png", "static_url": "https://peer.example/cat.png"
            })
        );
        let heard = me.get("/api/v1/notifications").await.ok();
        assert_eq!((&heard[0]["emoji"], &heard[0]["emoji_url"]), (&json!(":cat:"), &json!("https://peer.example/cat.png")));
        let one = format!("/api/v1/pleroma/statuses/{theirs}/reactions/{PARTY}");
        put(&me, &one).await.ok();
        me.delete(&one).await.ok();
        let told = app.read(jobs::all).await;
        let told =
            |f: fn(&Change) -> bool| told.iter().filter(|job| matches!(job, Job::Federate { change } if f(change))).count();
        assert_eq!(told(|change| matches!(change, Change::Reacted { .. })), 1);
        assert_eq!(told(|change| matches!(change, Change::Unreacted { .. })), 1);
    }
}
