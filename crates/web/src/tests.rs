//! The pages as somebody with a browser meets them, over a true database.

use majlis_local::publish::{self, Draft};
use majlis_local::registrations::Registrations;
use majlis_local::scopes::Scopes;
use majlis_local::testing::people;
use majlis_local::visibility::Visibility;
use majlis_local::{apps, boosts, secrets, tokens};

use crate::Config;
use crate::testing::{PASSWORD, Pages};

const NEW: [(&str, &str); 4] =
    [("username", "Amina"), ("email", "amina@example.org"), ("password", PASSWORD), ("agreement", "true")];

#[actix_web::test]
async fn the_front_page_shows_the_latest_in_the_visitors_language() {
    let pages = Pages::new();
    let ali = pages.user("ali").await;
    pages.write(move |c| Ok(people::say(c, ali.id, "صباح الخير <b>"))).await; // typos: other language
    let mut browser = pages.browser();
    let answer = browser.get("/").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=15, stale-while-revalidate=60");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    let english = answer.ok();
    assert!(english.contains("<html lang=\"en\" dir=\"ltr\"") && english.contains("صباح الخير &lt;b&gt;"), "{english}"); // typos: other language
    let arabic = browser.get_with("/", &[("accept-language", "ar")]).await.ok();
    assert!(arabic.contains("<html lang=\"ar\" dir=\"rtl\"") && arabic.contains("تسجيل الدخول"), "{arabic}"); // typos: other language
    let chosen = browser.get("/?lang=ar").await;
    assert_eq!(chosen.header("cache-control"), "private, no-store");
    assert!(browser.get("/about").await.ok().contains("<html lang=\"ar\""), "a choice is remembered");
}

#[actix_web::test]
async fn whoever_signs_up_is_logged_in_and_welcomed() {
    let pages = Pages::new();
    let mut browser = pages.browser();
    assert!(browser.get("/auth/sign_up").await.ok().contains("name=\"username\""));
    let wrong = browser.post("/auth/sign_up", &[("username", "a b"), ("email", "x"), ("password", "short")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("Only the letters a to z") && wrong.text.contains("At least 8 characters."), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"a b\""), "what was typed is kept");
    assert_eq!(browser.post("/auth/sign_up", &NEW).await.goes_to(), "/auth/welcome");
    assert!(browser.get("/auth/welcome").await.ok().contains("@Amina@majlis.example"));
    assert!(browser.get("/").await.ok().contains("href=\"/@Amina\""));
    let mut other = pages.browser();
    other.get("/auth/sign_up").await;
    assert!(other.post("/auth/sign_up", &NEW).await.text.contains("Somebody has this name already."));
    // A form without its token is not ours.
    assert_eq!(other.clone().without_token().post("/auth/sign_up", &NEW).await.status, 422);
}

#[actix_web::test]
async fn sign_up_is_as_the_server_allows() {
    let closed = Pages::with(Config { registrations: Registrations::Closed, ..Config::default() });
    let mut browser = closed.browser();
    assert!(browser.get("/auth/sign_up").await.ok().contains("Sign-up is closed"));
    let asked = Pages::with(Config { registrations: Registrations::Approval, ..Config::default() });
    let mut browser = asked.browser();
    assert!(browser.get("/auth/sign_up").await.ok().contains("name=\"reason\""));
    let with_reason = [&NEW[..], &[("reason", "To talk")]].concat();
    assert!(browser.post("/auth/sign_up", &with_reason).await.ok().contains("Your request was sent"));
    browser.get("/auth/sign_in").await;
    let early = browser.post("/auth/sign_in", &[("name", "amina"), ("password", PASSWORD)]).await;
    assert!(early.status == 422 && early.text.contains("has not been answered yet"), "{}", early.text);
}

#[actix_web::test]
async fn logging_in_leads_back_and_out_ends_the_session() {
    let pages = Pages::new();
    pages.user("ali").await;
    let mut browser = pages.browser();
    let page = browser.get("/auth/sign_in?return_to=/public/local").await.ok();
    assert!(page.contains("name=\"return_to\" value=\"/public/local\""));
    for (name, password) in [("ali", "another password"), ("nobody", PASSWORD)] {
        let answer = browser.post("/auth/sign_in", &[("name", name), ("password", password)]).await;
        assert!(answer.status == 422 && answer.text.contains("do not belong together"), "{name}: {}", answer.text);
    }
    let good = [("name", "ali@example.org"), ("password", PASSWORD)];
    assert_eq!(browser.clone().without_token().post("/auth/sign_in", &good).await.status, 422);
    for (wanted, reached) in [("/public/local", "/public/local"), ("https://evil.example/", "/"), ("//evil.example", "/")] {
        let answer = browser.clone().post("/auth/sign_in", &[&good[..], &[("return_to", wanted)]].concat()).await;
        assert_eq!(answer.goes_to(), reached);
    }
    browser.post("/auth/sign_in", &good).await;
    assert!(browser.get("/").await.ok().contains("You are logged in as"));
    assert_eq!(browser.clone().without_token().post("/auth/sign_out", &[]).await.status, 403);
    let mut stolen = browser.clone();
    assert_eq!(browser.post("/auth/sign_out", &[]).await.goes_to(), "/");
    assert!(!stolen.get("/").await.ok().contains("You are logged in as"), "the session is gone, not only its cookie");
}

#[actix_web::test]
async fn a_profile_shows_what_is_said_in_public() {
    let pages = Pages::new();
    let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
    let first = pages
        .write(move |c| {
            let first = people::say(c, ali.id, "the first");
            people::publish(c, ali.id, Draft { visibility: Some(Visibility::Private), ..people::draft("secret") });
            let other = people::say(c, bea.id, "said by bea");
            people::reply(c, ali.id, other.id, "an answer");
            boosts::boost(c, &people::site(), ali.id, &other, None)?;
            Ok(first)
        })
        .await;
    let mut browser = pages.browser();
    let page = browser.get("/@ali").await.ok();
    assert!(page.contains("the first") && page.contains("said by bea") && !page.contains("secret"), "{page}");
    assert!(!page.contains("an answer") && browser.get("/@ali/with_replies").await.ok().contains("an answer"));
    assert!(!browser.get("/@ali/media").await.ok().contains("the first"));
    assert!(page.contains("type=\"application/rss+xml\" href=\"/@ali.rss\""), "{page}");
    assert_eq!(browser.get("/@ALI").await.goes_to(), "/@ali");
    assert_eq!(browser.get("/users/ali").await.goes_to(), "/@ali");
    assert_eq!(browser.get("/@nobody").await.status, 404);
    assert!(browser.get(&format!("/@ali/{}", first.id)).await.ok().contains("the first"));
    assert_eq!(browser.get(&format!("/@bea/{}", first.id)).await.status, 404, "the name is the author's");
}

#[actix_web::test]
async fn hidden_posts_are_shown_to_those_who_may_see_them() {
    let pages = Pages::new();
    let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
    pages.user("eve").await;
    let ids = pages
        .write(move |c| {
            people::follow(c, bea.id, ali.id);
            let mut say = |text: &str, visibility| {
                let draft = Draft { visibility: Some(visibility), ..people::draft(text) };
                people::publish(c, ali.id, draft).id
            };
            Ok([
                say("to all", Visibility::Unlisted),
                say("to followers", Visibility::Private),
                say("to one, @bea", Visibility::Direct),
            ])
        })
        .await;
    let [unlisted, private, direct] = ids.map(|id| format!("/@ali/{id}"));
    let (mut nobody, mut bea, mut eve) = (pages.browser(), pages.logged_in("bea").await, pages.logged_in("eve").await);
    for (path, seen) in [(&unlisted, true), (&private, false), (&direct, false)] {
        for browser in [&mut nobody, &mut eve] {
            assert_eq!(browser.get(path).await.status, if seen { 200 } else { 404 }, "{path}");
        }
        let answer = bea.get(path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, "private, no-store"), "{path}");
        assert_eq!(
            nobody.get(&format!("/api/oembed?url=https://majlis.example{path}")).await.status,
            if seen { 200 } else { 404 }
        );
    }
    assert!(nobody.get(&unlisted).await.ok().contains("noindex"));
    assert!(!nobody.get("/").await.ok().contains("to all"), "what is unlisted is on no list");
    pages.write(move |c| publish::delete(c, ali.id, ids[0])).await;
    assert_eq!(nobody.get(&unlisted).await.status, 410);
}

#[actix_web::test]
async fn an_unknown_address_is_a_page_for_browsers() {
    let pages = Pages::new();
    let mut browser = pages.browser();
    let answer = browser.get_with("/nothing", &[("accept", "text/html"), ("accept-language", "ar")]).await;
    assert!(answer.status == 404 && answer.text.contains("dir=\"rtl\"") && answer.header("content-type").contains("text/html"));
    pages.user("ali").await;
    let known = pages.logged_in("ali").await.get_with("/nothing", &[("accept", "text/html")]).await;
    assert!(known.status == 404 && known.text.contains("/auth/sign_out"), "{}", known.text);
    let program = browser.get_with("/nothing", &[("accept", "application/json")]).await;
    assert_eq!((program.status, program.text.as_str()), (404, ""));
    for path in ["/avatars/original/missing.png", "/headers/original/missing.png"] {
        let picture = browser.get(path).await;
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"), "{path}");
    }
}

#[actix_web::test]
async fn settings_are_for_those_who_are_logged_in() {
    let pages = Pages::new();
    let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
    assert_eq!(pages.browser().get("/settings").await.goes_to(), "/auth/sign_in?return_to=%2Fsettings");
    assert_eq!(pages.browser().post("/settings/password", &[]).await.status, 403);
    assert_eq!(pages.browser().get("/.well-known/change-password").await.header("location"), "/settings");
    let (mut browser, mut other) = (pages.logged_in("ali").await, pages.logged_in("bea").await);
    assert!(browser.get("/settings").await.ok().contains("No app has access to your account."));
    let (token, secret) = pages
        .write(move |c| {
            let app = apps::own(c, "Tusky <x>")?;
            tokens::issue(c, app.id, Some(bea.id), Scopes::parse("read").unwrap())?;
            tokens::issue(c, app.id, Some(ali.id), Scopes::parse("read write:statuses").unwrap())
        })
        .await;
    let page = browser.get("/settings").await.ok();
    assert!(page.contains("Tusky &#60;x&#62;") && page.contains("Change: posts") && page.contains("not used yet"), "{page}");
    assert!(page.contains("ali@example.org") && page.matches("/revoke\"").count() == 1, "{page}");
    let revoke = format!("/settings/apps/{token}/revoke");
    assert_eq!(browser.clone().without_token().post(&revoke, &[]).await.status, 403);
    other.get("/settings").await;
    assert_eq!(other.post(&revoke, &[]).await.status, 404, "nobody else takes it back");
    assert_eq!(browser.post(&revoke, &[]).await.goes_to(), "/settings?done=revoked");
    assert!(browser.get("/settings?done=revoked").await.ok().contains("The app has no access any more."));
    let hash = secrets::hash(&secret);
    assert_eq!(pages.write(move |c| tokens::access(c, &hash)).await, None);
    let arabic = browser.get("/settings?lang=ar").await.ok();
    assert!(arabic.contains("كلمة المرور الحالية"), "{arabic}"); // typos: other language
}

#[actix_web::test]
async fn a_new_password_ends_every_other_log_in() {
    let pages = Pages::new();
    pages.user("ali").await;
    let (mut here, mut there) = (pages.logged_in("ali").await, pages.logged_in("ali").await);
    here.get("/settings").await;
    let path = "/settings/password";
    let wrong = here.post(path, &[("old_password", "not that one"), ("new_password", "another password")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("This is not your current password."), "{}", wrong.text);
    let short = here.post(path, &[("old_password", PASSWORD), ("new_password", "short")]).await;
    assert!(short.status == 422 && short.text.contains("At least 8 characters."), "{}", short.text);
    let good = [("old_password", PASSWORD), ("new_password", "another password")];
    assert_eq!(here.clone().without_token().post(path, &good).await.status, 403);
    assert_eq!(here.post(path, &good).await.goes_to(), "/settings?done=password");
    assert!(here.get("/settings?done=password").await.ok().contains("Your password was changed."));
    assert_eq!(there.get("/settings").await.status, 303);
    there.get("/auth/sign_in").await;
    assert_eq!(there.post("/auth/sign_in", &[("name", "ali"), ("password", PASSWORD)]).await.status, 422);
    assert_eq!(there.post("/auth/sign_in", &[("name", "ali"), ("password", "another password")]).await.goes_to(), "/");
}

#[actix_web::test]
async fn apps_are_denied_and_taken_back_as_mastodons_forms_do_it() {
    let pages = Pages::new();
    let ali = pages.user("ali").await;
    let (client, token) = pages
        .write(move |c| {
            let new = apps::NewApp {
                name: "Tusky".to_owned(),
                redirect_uris: vec!["https://tusky.example/back".to_owned()],
                scopes: "read".to_owned(),
                website: None,
            };
            let app = apps::create(c, new)?.0;
            Ok((app.client_id, tokens::issue(c, app.id, Some(ali.id), Scopes::parse("read").unwrap())?.0))
        })
        .await;
    let mut browser = pages.logged_in("ali").await;
    browser.get("/settings").await.ok();
    let request = [
        ("response_type", "code"),
        ("client_id", client.as_str()),
        ("redirect_uri", "https://tusky.example/back"),
        ("scope", "read"),
        ("state", "x"),
    ];
    let denied = browser.delete("/oauth/authorize", &request).await;
    let to = denied.goes_to();
    assert!(
        to.starts_with("https://tusky.example/back?") && to.contains("error=access_denied") && to.contains("state=x"),
        "{to}"
    );
    assert_eq!(browser.clone().without_token().delete("/oauth/authorize", &request).await.status, 403);
    assert!(browser.get("/oauth/authorized_applications").await.ok().contains("Tusky"));
    let path = format!("/oauth/authorized_applications/{token}");
    assert_eq!(browser.clone().without_token().delete(&path, &[]).await.status, 403);
    assert_eq!(browser.delete(&path, &[]).await.goes_to(), "/settings?done=revoked");
    assert_eq!(browser.delete(&path, &[]).await.status, 404);
    assert_eq!(pages.browser().delete(&path, &[]).await.status, 403);
}

#[actix_web::test]
async fn a_collection_has_a_page() {
    use majlis_local::collections::{self, CollectionChange};
    let pages = Pages::new();
    let ali = pages.user("ali").await;
    let collection = pages
        .write(move |c| {
            let sent = CollectionChange {
                name: Some("Nice <people>".into()),
                description: Some("Worth & following".into()),
                ..CollectionChange::default()
            };
            collections::create(c, &people::site(), ali.id, sent, &[ali.id])
        })
        .await;
    let path = format!("/@ali/collections/{}", collection.id);
    let mut browser = pages.browser();
    let page = browser.get(&path).await.ok();
    assert!(page.contains("Nice &#60;people&#62;") && page.contains("Worth &#38; following"), "{page}");
    assert!(page.contains("href=\"/@ali\"") && page.contains("Recommended by"), "{page}");
    assert_eq!(browser.get(&format!("/users/ali/collections/{}", collection.id)).await.goes_to(), path);
    for path in ["/@ali/collections/1", "/@ali/collections/x", "/@bea/collections/1"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}
