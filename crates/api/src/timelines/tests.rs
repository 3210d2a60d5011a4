//! Timelines over HTTP: whose they are, and how they page.

use majlis_local::cards::{self, NewCard};
use majlis_local::publish::Draft;
use majlis_local::testing::people;
use majlis_local::visibility::Visibility;
use serde_json::Value;

use crate::testing::TestApp;

fn texts(answer: &Value) -> Vec<String> {
    let text = |status: &Value| {
        let shown = if status["reblog"].is_null() { status } else { &status["reblog"] };
        majlis_local::text::plain(shown["content"].as_str().unwrap())
    };
    answer.as_array().unwrap().iter().map(text).collect()
}

#[actix_web::test]
async fn home_pages_down_and_up_by_its_links() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let (viewer, author) = (me.actor.unwrap(), ali.actor.unwrap());
    app.write(move |c| {
        people::follow(c, viewer, author);
        for n in 0..7 {
            people::say(c, author, &n.to_string());
        }
        Ok(())
    })
    .await;
    let (mut down, mut path) = (Vec::new(), Some("/api/v1/timelines/home?limit=3".to_owned()));
    let mut prev = None;
    while let Some(next) = path {
        let page = me.get(&next).await;
        path = page.link("next");
        prev = page.link("prev").or(prev);
        down.extend(texts(&page.ok()));
    }
    assert_eq!(down, ["6", "5", "4", "3", "2", "1", "0"]);
    let mut up = Vec::new();
    while let Some(link) = prev {
        let page = me.get(&link).await;
        prev = page.link("prev");
        let mut newer = texts(&page.ok());
        newer.extend(up);
        up = newer;
    }
    assert_eq!(up, ["6", "5", "4", "3", "2", "1"]);
    assert_eq!(app.anonymous().get("/api/v1/timelines/home").await.status, 401);
}

#[actix_web::test]
async fn public_timelines_need_no_token_and_lists_their_owner() {
    let app = TestApp::new();
    let (me, ali) = (app.user("me").await, app.user("ali").await);
    let (viewer, author) = (me.actor.unwrap(), ali.actor.unwrap());
    let list = app
        .write(move |c| {
            people::follow(c, viewer, author);
            people::say(c, author, "here #Tag");
            let badr = people::remote(c, "badr");
            people::receive(c, people::note(&badr, "there"));
            Ok(people::list(c, viewer, &[author], 0, false))
        })
        .await;
    let nobody = app.anonymous();
    assert_eq!(texts(&nobody.get("/api/v1/timelines/public").await.ok()), ["there", "here #Tag"]);
    assert_eq!(texts(&nobody.get("/api/v1/timelines/public?local=true").await.ok()), ["here #Tag"]);
    assert_eq!(texts(&nobody.get("/api/v1/timelines/public?remote=1").await.ok()), ["there"]);
    assert!(texts(&nobody.get("/api/v1/timelines/public?only_media=on").await.ok()).is_empty());
    assert_eq!(texts(&nobody.get("/api/v1/timelines/tag/tag?none[]=other").await.ok()), ["here #Tag"]);
    assert!(texts(&nobody.get("/api/v1/timelines/tag/tag?all[]=other").await.ok()).is_empty());
    let path = format!("/api/v1/timelines/list/{list}");
    assert_eq!(texts(&me.get(&path).await.ok()), ["here #Tag"]);
    assert_eq!(ali.get(&path).await.status, 404);
    // Who is not logged in is told nothing about what a viewer has done.
    let status = &nobody.get("/api/v1/timelines/public?local=true").await.ok()[0];
    assert!(status.get("favourited").is_none(), "{status}");
    assert_eq!(me.get("/api/v1/timelines/public?local=true").await.ok()[0]["favourited"], false);
}

#[actix_web::test]
async fn a_links_timeline_shows_who_shares_it() {
    let app = TestApp::new();
    let ali = app.user("ali").await;
    let author = ali.id();
    app.write(move |c| {
        let url = "https://news.example/a";
        let card = cards::store(c, NewCard { title: "News".into(), ..NewCard::nothing(url) })?;
        for n in 0..6 {
            let visibility = if n == 5 { Visibility::Unlisted } else { Visibility::Public };
            let draft = Draft { visibility: Some(visibility), ..people::draft(&format!("{n} {url}")) };
            let post = people::publish(c, author, draft);
            cards::attach(c, &people::site(), post.id, card.id, url)?;
        }
        Ok(())
    })
    .await;
    let path = "/api/v1/timelines/link?url=https%3A%2F%2Fnews.example%2Fa&limit=2";
    let (mut down, mut next, mut prev) = (Vec::new(), Some(path.to_owned()), None);
    while let Some(link) = next {
        let page = app.anonymous().get(&link).await;
        (next, prev) = (page.link("next"), page.link("prev").or(prev));
        down.extend(texts(&page.ok()).into_iter().map(|text| text[..1].to_owned()));
    }
    assert_eq!(down, ["4", "3", "2", "1", "0"]);
    let back = texts(&ali.get(&prev.unwrap()).await.ok());
    assert_eq!(back.iter().map(|text| &text[..1]).collect::<Vec<_>>(), ["2", "1"]);
    let unknown = app.anonymous().get("/api/v1/timelines/link?url=https%3A%2F%2Fnowhere.example").await.ok();
    assert_eq!(unknown, Value::Array(vec![]));
    assert_eq!(app.anonymous().get("/api/v1/timelines/link").await.status, 422);
}
