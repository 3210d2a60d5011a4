//! `/api/v1/conversations`: the viewer's letters, by conversation.

use actix_web::web::{Json, Path};
use majlis_local::Error as Failure;
use majlis_local::conversations;
use majlis_local::ids::{ActorId, ConversationId};

use crate::auth::{User, need};
use crate::entities::{Conversation, Empty};
use crate::error::Result;
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v1/conversations`, that with the newest letter first; the cursors are those of the last letters.
pub async fn list(api: Api, user: User<need::ReadStatuses>, Params(page): Params<PageParams>) -> Result<Paged<Conversation>> {
    let site = api.db.site().clone();
    let slice = api.db.read(move |c| {
        let rows = conversations::list(c, user.actor, &page.page(20, 40))?;
        let items = Conversation::build_many(c, &site, user.actor, &rows.items)?;
        Ok(rows.with(items))
    });
    Ok(Paged::new(slice.await?))
}

/// `DELETE /api/v1/conversations/{id}`: until something new is said in it. The letters stay.
pub async fn delete(api: Api, user: User<need::WriteConversations>, id: Path<ConversationId>) -> Result<Json<Empty>> {
    api.db.write(move |c| conversations::delete(c, user.actor, id.into_inner())).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/conversations/{id}/read`.
pub async fn read(api: Api, user: User<need::WriteConversations>, id: Path<ConversationId>) -> Result<Json<Conversation>> {
    mark(&api, user.actor, id.into_inner(), false).await
}

/// `POST /api/v1/conversations/{id}/unread`.
pub async fn unread(api: Api, user: User<need::WriteConversations>, id: Path<ConversationId>) -> Result<Json<Conversation>> {
    mark(&api, user.actor, id.into_inner(), true).await
}

async fn mark(api: &Api, actor: ActorId, id: ConversationId, unread: bool) -> Result<Json<Conversation>> {
    let site = api.db.site().clone();
    let marked = api.db.write(move |c| {
        let row = conversations::set_unread(c, actor, id, unread)?;
        Conversation::build_many(c, &site, actor, &[row])?.pop().ok_or(Failure::NotFound("conversation"))
    });
    Ok(Json(marked.await?))
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;

    #[actix_web::test]
    async fn letters_are_listed_by_conversation() {
        let app = TestApp::new();
        let (me, ali, eve) = (app.user("me").await, app.user("ali").await, app.user("eve").await);
        let say = async |who: &crate::testing::Caller, text: &str| {
            who.post_form("/api/v1/statuses", &format!("visibility=direct&status={text}")).await.ok()
        };
        say(&ali, "@me+hello").await;
        let last = say(&eve, "@me+@ali+psst").await;
        let all = me.get("/api/v1/conversations").await.ok();
        assert_eq!(all[0]["last_status"]["id"], last["id"]);
        assert_eq!((&all[0]["unread"], &all[1]["unread"]), (&true.into(), &true.into()));
        let names =
            |i: usize| all[i]["accounts"].as_array().unwrap().iter().map(|a| a["acct"].as_str().unwrap()).collect::<Vec<_>>();
        assert_eq!((names(0), names(1)), (vec!["eve", "ali"], vec!["ali"]));
        let page = me.get("/api/v1/conversations?limit=1").await;
        let next = me.get(&page.link("next").unwrap()).await.ok();
        assert_eq!((next.as_array().unwrap().len(), &next[0]["id"]), (1, &all[1]["id"]));

        let path = format!("/api/v1/conversations/{}", all[0]["id"].as_str().unwrap());
        assert_eq!(me.post(&format!("{path}/read")).await.ok()["unread"], false);
        assert_eq!(me.get("/api/v1/conversations").await.ok()[0]["unread"], false);
        assert_eq!(me.post(&format!("{path}/unread")).await.ok()["unread"], true);
        for (status, answer) in [(404, eve.post(&format!("{path}/read")).await), (404, eve.delete(&path).await)] {
            assert_eq!(answer.status, status);
        }
        assert_eq!(me.delete(&path).await.ok(), serde_json::json!({}));
        assert_eq!(me.get("/api/v1/conversations").await.ok().as_array().unwrap().len(), 1);
        assert_eq!(app.anonymous().get("/api/v1/conversations").await.status, 401);
    }

    #[actix_web::test]
    async fn a_filter_leaves_letters_in_the_list_and_says_that_it_matches() {
        let app = TestApp::new();
        let (me, ali) = (app.user("me").await, app.user("ali").await);
        ali.post_form("/api/v1/statuses", "visibility=direct&status=@me+about+bananas").await.ok();
        // In every context: letters have none of their own, as in Mastodon.
        let filter = serde_json::json!({
            "title": "Fruit", "context": ["home", "notifications", "public", "thread", "account"], "filter_action": "hide",
            "keywords_attributes": [{ "keyword": "bananas" }],
        });
        let filter = me.post_json("/api/v2/filters", filter).await.ok();
        let all = me.get("/api/v1/conversations").await.ok();
        let matched = &all[0]["last_status"]["filtered"][0];
        assert_eq!(
            (&matched["filter"]["id"], &matched["filter"]["filter_action"], &matched["keyword_matches"]),
            (&filter["id"], &"hide".into(), &serde_json::json!(["bananas"]))
        );
        let read = me.post(&format!("/api/v1/conversations/{}/read", all[0]["id"].as_str().unwrap())).await.ok();
        assert_eq!(read["last_status"]["filtered"], all[0]["last_status"]["filtered"]);
        let theirs = ali.get("/api/v1/conversations").await.ok();
        assert_eq!(theirs[0]["last_status"]["filtered"], serde_json::json!([]));
    }
}
