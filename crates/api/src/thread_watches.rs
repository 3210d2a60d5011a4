//! `/api/ext/v1/statuses/:id/watch`: the viewer hears of every new answer in a thread, as a notification of the type `status`.

use actix_web::web::{Json, Path};
use majlis_local::ids::PostId;
use majlis_local::{posts, thread_watches};
use serde::Serialize;

use crate::auth::{User, need};
use crate::error::Result;
use crate::state::Api;

/// Whether the person hears of every new answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Watch {
    /// Of the status that was named.
    id: PostId,
    watching: bool,
}

/// `POST /api/ext/v1/statuses/:id/watch`: tells of every new answer in the thread. Watching again changes nothing.
pub async fn watch(api: Api, user: User<need::WriteNotifications>, id: Path<PostId>) -> Result<Json<Watch>> {
    set(&api, user.actor, *id, true).await
}

/// `POST /api/ext/v1/statuses/:id/unwatch`: tells of them no longer.
pub async fn unwatch(api: Api, user: User<need::WriteNotifications>, id: Path<PostId>) -> Result<Json<Watch>> {
    set(&api, user.actor, *id, false).await
}

async fn set(api: &Api, viewer: majlis_local::ids::ActorId, id: PostId, watching: bool) -> Result<Json<Watch>> {
    api.db
        .write(move |c| {
            let asked = posts::get_visible(c, Some(viewer), id)?;
            let post = match asked.boost_of_id {
                Some(original) => posts::get_visible(c, Some(viewer), original)?,
                None => asked,
            };
            if watching { thread_watches::add(c, viewer, &post) } else { thread_watches::remove(c, viewer, &post) }
        })
        .await?;
    Ok(Json(Watch { id, watching }))
}

#[cfg(test)]
mod tests {
    use majlis_local::publish::Draft;
    use majlis_local::scopes::Scope;
    use majlis_local::testing::people;
    use majlis_local::visibility::Visibility;
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn whoever_watches_a_thread_hears_of_its_answers() {
        let app = TestApp::new();
        let (ali, bea, kim) = (app.user("ali").await, app.user("bea").await, app.user("kim").await);
        let (a, b) = (ali.id(), bea.id());
        let post = app.write(move |c| Ok(people::say(c, a, "first"))).await;
        let path = |what: &str| format!("/api/ext/v1/statuses/{}/{what}", post.id);
        for _ in 0..2 {
            assert_eq!(kim.post(&path("watch")).await.ok(), json!({ "id": post.id, "watching": true }));
        }
        let (answer, deeper) = app
            .write(move |c| {
                let answer = people::reply(c, b, post.id, "second");
                let deeper = people::reply(c, a, answer.id, "third");
                let hidden = Draft {
                    visibility: Some(Visibility::Private),
                    in_reply_to: Some(answer.id),
                    ..people::draft("not for everybody")
                };
                people::publish(c, b, hidden);
                people::reply(c, b, post.id, "for you, @kim");
                let rob = people::remote(c, "rob");
                let mut note = people::note(&rob, "from afar");
                note.in_reply_to_uri = Some(deeper.uri.clone());
                people::receive(c, note);
                Ok((answer.id, deeper.id))
            })
            .await;
        let heard = kim.get("/api/v1/notifications").await.ok();
        let heard: Vec<_> = heard
            .as_array()
            .unwrap()
            .iter()
            .map(|n| (n["type"].as_str().unwrap(), n["status"]["content"].as_str().unwrap().len(), n["status"]["id"].clone()))
            .collect();
        assert_eq!(heard.iter().map(|n| n.0).collect::<Vec<_>>(), ["status", "mention", "status", "status"]);
        assert_eq!((&heard[3].2, &heard[2].2), (&json!(answer.to_string()), &json!(deeper.to_string())));
        assert_eq!(kim.post(&path("unwatch")).await.ok()["watching"], false);
        kim.post(&path("unwatch")).await.ok();
        app.write(move |c| {
            people::reply(c, b, post.id, "fourth");
            Ok(())
        })
        .await;
        assert_eq!(kim.get("/api/v1/notifications").await.ok().as_array().unwrap().len(), 4);
        assert_eq!(kim.post("/api/ext/v1/statuses/1/watch").await.status, 404);
        assert_eq!(app.anonymous().post(&path("watch")).await.status, 401);
        let reader = app.log_in(kim.id(), [Scope::ReadNotifications].into_iter().collect()).await;
        assert_eq!(reader.post(&path("watch")).await.status, 403);
    }
}
