//! Trends (Mastodon's methods `trends`): hashtags and statuses that people have taken up of late. Those in the viewer's
//! languages stand first.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use majlis_local::ids::ActorId;
use majlis_local::text::language::language;
use majlis_local::{Connection, trends, users};

use crate::auth::{Viewer, need};
use crate::entities::{Status, Tag, TrendLink};
use crate::error::Result;
use crate::pagination::{OffsetParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// Hashtags and links on a page when nothing is said, and at the most.
const TAGS: (i64, i64) = (10, 20);
/// Statuses on a page.
const STATUSES: (i64, i64) = (20, 40);
/// Languages of a browser that are looked at.
const MOST_LANGUAGES: usize = 5;

/// The languages that a browser asks for, in its order.
pub(crate) fn asked_languages(req: &HttpRequest) -> Vec<String> {
    let header = req.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let codes = header.split(',').take(MOST_LANGUAGES).filter_map(|range| range.split(';').next());
    codes.filter_map(|code| language(code.trim())).map(str::to_owned).collect()
}

/// The languages of a viewer: what it writes in and what its pages are in; of somebody unknown, what the browser asks for.
fn languages(c: &mut Connection, viewer: Option<ActorId>, asked: Vec<String>) -> majlis_local::Result<Vec<String>> {
    let Some(viewer) = viewer else { return Ok(asked) };
    let user = users::get(c, viewer)?;
    Ok(user.default_language.into_iter().chain([user.locale]).collect())
}

/// `GET /api/v1/trends/tags`, and `GET /api/v1/trends`, its old name.
pub async fn tags(
    api: Api,
    req: HttpRequest,
    viewer: Viewer<need::Anything>,
    Params(page): Params<OffsetParams>,
) -> Result<Paged<Tag>> {
    let (site, viewer, asked) = (api.db.site().clone(), viewer.actor, asked_languages(&req));
    let (limit, offset) = page.bounds(TAGS.0, TAGS.1);
    let found = api.db.read(move |c| {
        let languages = languages(c, viewer, asked)?;
        let tags = trends::tags(c, &languages, limit, offset)?;
        Tag::build_many(c, &site, viewer, &tags)
    });
    Ok(Paged::by_offset(found.await?, limit, offset))
}

/// `GET /api/v1/trends/statuses`.
pub async fn statuses(
    api: Api,
    req: HttpRequest,
    viewer: Viewer<need::Anything>,
    Params(page): Params<OffsetParams>,
) -> Result<Paged<Status>> {
    let (site, viewer, asked) = (api.db.site().clone(), viewer.actor, asked_languages(&req));
    let (limit, offset) = page.bounds(STATUSES.0, STATUSES.1);
    let found = api.db.read(move |c| {
        let languages = languages(c, viewer, asked)?;
        let posts = trends::statuses(c, viewer, &languages, limit, offset)?;
        Status::build_many(c, &site, viewer, &posts)
    });
    Ok(Paged::by_offset(found.await?, limit, offset))
}

/// `GET /api/v1/trends/links`.
pub async fn links(
    api: Api,
    req: HttpRequest,
    viewer: Viewer<need::Anything>,
    Params(page): Params<OffsetParams>,
) -> Result<Paged<TrendLink>> {
    let (site, viewer, asked) = (api.db.site().clone(), viewer.actor, asked_languages(&req));
    let (limit, offset) = page.bounds(TAGS.0, TAGS.1);
    let found = api.db.read(move |c| {
        let languages = languages(c, viewer, asked)?;
        let links = trends::links(c, &languages, limit, offset)?;
        TrendLink::build_many(c, &site, viewer, &links)
    });
    Ok(Paged::by_offset(found.await?, limit, offset))
}

#[cfg(test)]
mod tests {
    use majlis_local::cards::{self, NewCard};
    use majlis_local::settings::{self, Trends};
    use majlis_local::testing::people;
    use majlis_local::trends::{self, Subject};
    use majlis_local::{Timestamp, ids::ActorId};
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    fn names(answer: &Value) -> Vec<&str> {
        answer.as_array().unwrap().iter().map(|thing| thing["name"].as_str().unwrap()).collect()
    }

    async fn refresh(app: &TestApp) {
        app.write(|c| trends::refresh(c, Timestamp::now())).await;
    }

    /// Six people use `#cats`, four `#قطط`, two `#dogs`, one `#spam` twenty times.
    async fn busy(app: &TestApp) -> Vec<ActorId> {
        app.write(|c| {
            let people: Vec<ActorId> = (0..6).map(|n| people::local(c, &format!("p{n}")).id).collect();
            for (n, actor) in people.iter().enumerate() {
                people::say(c, *actor, "hello #Cats");
                if n < 4 {
                    let draft =
                        majlis_local::publish::Draft { language: Some("ar".into()), ..people::draft("مرحبا #قطط") };
                    people::publish(c, *actor, draft);
                }
                if n < 2 {
                    people::say(c, *actor, "hello #dogs");
                }
            }
            for n in 0..20 {
                people::say(c, people[0], &format!("{n} #spam"));
            }
            Ok(people)
        })
        .await
    }

    #[actix_web::test]
    async fn hashtags_that_many_people_use_trend_in_the_viewers_language_first() {
        let app = TestApp::new();
        busy(&app).await;
        let nobody = app.anonymous();
        assert_eq!(nobody.get("/api/v1/trends/tags").await.ok(), json!([]), "nothing was counted yet");
        refresh(&app).await;
        let found = nobody.get("/api/v1/trends/tags").await.ok();
        assert_eq!(names(&found), ["Cats", "قطط"], "how many people, not how many posts");
        assert_eq!((&found[0]["history"][0]["accounts"], found[0].get("following")), (&json!("6"), None));
        let arabic =
            nobody.request(actix_web::http::Method::GET, "/api/v1/trends").insert_header(("accept-language", "ar-EG,en;q=0.5"));
        assert_eq!(names(&nobody.send(arabic).await.ok()), ["قطط", "Cats"]);
        let first = nobody.get("/api/v1/trends/tags?limit=1").await;
        assert_eq!(first.link("next").unwrap(), "https://majlis.example/api/v1/trends/tags?limit=1&offset=1");
        let next = nobody.get(&first.link("next").unwrap()).await;
        assert_eq!(next.link("prev").unwrap(), "https://majlis.example/api/v1/trends/tags?limit=1&offset=0");
        assert_eq!(names(&next.ok()), ["قطط"]);
        // What people did by then counts for less and less, and for nothing in the end.
        app.write(|c| trends::refresh(c, Timestamp::now().plus_seconds(5 * 86_400))).await;
        assert_eq!(nobody.get("/api/v1/trends/tags").await.ok(), json!([]));
    }

    #[actix_web::test]
    async fn a_moderators_word_goes_before_all_else() {
        let app = TestApp::new();
        busy(&app).await;
        let nobody = app.anonymous();
        app.write(|c| settings::set_trends(c, Trends::Reviewed)).await;
        refresh(&app).await;
        assert_eq!(nobody.get("/api/v1/trends").await.ok(), json!([]));
        app.write(|c| trends::review(c, Subject::Tag, "#CATS", true)).await;
        assert_eq!(names(&nobody.get("/api/v1/trends").await.ok()), ["Cats"]);
        app.write(|c| settings::set_trends(c, Trends::Automatic)).await;
        app.write(|c| trends::review(c, Subject::Tag, "cats", false)).await;
        assert_eq!(names(&nobody.get("/api/v1/trends").await.ok()), ["قطط"]);
        let waiting = app.read(trends::candidates).await;
        assert_eq!(waiting.iter().map(|t| (t.shown.as_str(), t.allowed)).collect::<Vec<_>>(), [("#Cats", false), ("#قطط", true)]);
        app.write(|c| settings::set_trends(c, Trends::Off)).await;
        refresh(&app).await;
        assert_eq!(nobody.get("/api/v1/trends").await.ok(), json!([]));
    }

    #[actix_web::test]
    async fn statuses_that_many_people_like_or_boost_trend_one_for_each_author() {
        let app = TestApp::new();
        let me = app.user("me").await;
        let viewer = me.id();
        let (people, loved, few) = app
            .write(|c| {
                let people: Vec<ActorId> = (0..5).map(|n| people::local(c, &format!("p{n}")).id).collect();
                let author = people::local(c, "author").id;
                let other = people::local(c, "other").id;
                let shy = people::local(c, "shy").id;
                for actor in [author, other] {
                    people::set_discoverable(c, actor, true);
                }
                let loved = people::say(c, author, "loved");
                let second = people::say(c, author, "second");
                let few = people::say(c, other, "few");
                let shies = people::say(c, shy, "shy");
                let sensitive = people::publish(
                    c,
                    other,
                    majlis_local::publish::Draft { summary: "warned".into(), ..people::draft("sensitive") },
                );
                let answer = people::reply(c, other, loved.id, "answer");
                for (n, actor) in people.iter().enumerate() {
                    for post in [&loved, &shies, &sensitive, &answer] {
                        people::like(c, *actor, post.id);
                    }
                    if n < 4 {
                        majlis_local::boosts::boost(c, &people::site(), *actor, &second, None)?;
                    }
                    if n < 2 {
                        people::like(c, *actor, few.id);
                        majlis_local::boosts::boost(c, &people::site(), *actor, &few, None)?;
                    }
                }
                Ok((people, loved, few))
            })
            .await;
        refresh(&app).await;
        let ids = |answer: &Value| -> Vec<String> {
            answer.as_array().unwrap().iter().map(|status| status["id"].as_str().unwrap().to_owned()).collect()
        };
        let found = me.get("/api/v1/trends/statuses").await.ok();
        assert_eq!(ids(&found), [loved.id.to_string()]);
        assert_eq!(found[0], me.get(&format!("/api/v1/statuses/{}", loved.id)).await.ok());
        // A third person brings the other's over the line, a mute hides it from one viewer.
        let third = people[3];
        app.write(move |c| {
            people::like(c, third, few.id);
            Ok(())
        })
        .await;
        refresh(&app).await;
        assert_eq!(ids(&me.get("/api/v1/trends/statuses").await.ok()), [loved.id.to_string(), few.id.to_string()]);
        app.write(move |c| {
            people::mute(c, viewer, few.author_id, None);
            Ok(())
        })
        .await;
        assert_eq!(ids(&me.get("/api/v1/trends/statuses").await.ok()), [loved.id.to_string()]);
        app.write(|c| trends::review(c, Subject::Author, "author", false)).await;
        assert_eq!(me.get("/api/v1/trends/statuses").await.ok(), json!([]));
        assert_eq!(ids(&app.anonymous().get("/api/v1/trends/statuses?limit=1").await.ok()), [few.id.to_string()]);
    }

    #[actix_web::test]
    async fn links_that_many_people_share_trend_with_their_history() {
        let app = TestApp::new();
        let url = "https://news.example/a";
        app.write(move |c| {
            let new = |url: &str, title: &str| NewCard { title: title.into(), ..NewCard::nothing(url) };
            let shared = cards::store(c, new(url, "News"))?;
            let seldom = cards::store(c, new("https://seldom.example/", "Seldom"))?;
            for n in 0..4 {
                let author = people::local(c, &format!("p{n}")).id;
                people::set_discoverable(c, author, true);
                let post = people::say(c, author, &format!("look {url}"));
                cards::attach(c, &people::site(), post.id, shared.id, url)?;
                if n == 0 {
                    for _ in 0..5 {
                        let post = people::say(c, author, "look https://seldom.example/");
                        cards::attach(c, &people::site(), post.id, seldom.id, "https://seldom.example/")?;
                    }
                }
            }
            Ok(())
        })
        .await;
        refresh(&app).await;
        let found = app.anonymous().get("/api/v1/trends/links").await.ok();
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        assert_eq!((&found[0]["url"], &found[0]["title"], &found[0]["type"]), (&json!(url), &json!("News"), &json!("link")));
        assert_eq!((&found[0]["history"][0]["uses"], &found[0]["history"][0]["accounts"]), (&json!("4"), &json!("4")));
        assert_eq!(found[0]["history"].as_array().unwrap().len(), 7);
        app.write(|c| trends::review(c, Subject::Publisher, "News.example", false)).await;
        assert_eq!(app.anonymous().get("/api/v1/trends/links").await.ok(), json!([]));
        app.write(move |c| trends::review(c, Subject::Link, url, true)).await;
        assert_eq!(app.anonymous().get("/api/v1/trends/links").await.ok().as_array().unwrap().len(), 1);
    }
}
