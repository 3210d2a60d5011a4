//! Writing on a page: what a link that shares something leads to, and answering a post that was found elsewhere. Also where
//! `web+mastodon:` leads.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::ids::PostId;
use majlis_local::posts::{self, Post};
use majlis_local::publish::{self, Draft};
use majlis_local::text::{Format, Handle};
use majlis_local::visibility::Visibility;
use majlis_local::writing::Typed;
use majlis_local::{Error as LocalError, actors, users};
use url::Url;

use crate::cards::{Card, Rows};
use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::log_in;
use crate::sessions::Person;
use crate::words::Words;

/// Bytes of what a link may put into the text.
const SHARED_LIMIT: usize = 8_000;

/// What a link puts into the text (Web Share Target; Mastodon's `/share`).
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Shared {
    text: String,
    title: String,
    url: String,
    in_reply_to: Option<PostId>,
}

/// The form.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Form {
    token: String,
    text: String,
    warning: String,
    visibility: String,
    sensitive: Option<String>,
    in_reply_to: Option<PostId>,
}

#[derive(Template)]
#[template(path = "compose.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    form: &'a Form,
    audiences: [(Visibility, &'a str); 4],
    answered: Option<Card<'a>>,
    limit: i64,
    problem: Option<&'a str>,
}

/// `GET /share`.
///
/// # Errors
/// [`Error::NotFound`] when the post to be answered may not be seen, and the database's.
pub async fn share(req: HttpRequest, visit: Visit, query: Option<web::Query<Shared>>) -> Result<HttpResponse> {
    let shared = query.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(&asked(&req), false))) };
    let (me, domain) = (person.actor.id, visit.site().domain().to_owned());
    let parent = shared.in_reply_to;
    let (user, mention, audience) = visit
        .web
        .db
        .read(move |c| {
            let user = users::get(c, me)?;
            let Some(parent) = parent else { return Ok((user, None, None)) };
            let post = posts::get_visible(c, Some(me), parent)?;
            let author = actors::get(c, post.author_id)?;
            let mention = (author.id != me).then(|| format!("@{}@{} ", author.username, author.domain.unwrap_or(domain)));
            Ok((user, mention, Some(post.visibility)))
        })
        .await?;
    let parts = [shared.title.trim(), shared.text.trim(), shared.url.trim()];
    let given = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
    let given = given.get(..given.floor_char_boundary(SHARED_LIMIT)).unwrap_or("");
    // An answer has no more readers than what it answers.
    let visibility = audience.map_or(user.default_visibility, |audience| audience.narrower(user.default_visibility));
    let form = Form {
        text: format!("{}{given}", mention.unwrap_or_default()),
        visibility: visibility.word().to_owned(),
        sensitive: user.default_sensitive.then(String::new),
        in_reply_to: parent,
        ..Form::default()
    };
    page(&visit, person, StatusCode::OK, &form, None).await
}

/// `POST /share`: publishes, and shows what was published.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] when the post to be answered may not be seen, and the database's.
pub async fn publish(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let visibility = Visibility::from_word(&form.visibility).ok_or(Error::Bad(Key("error-bad-form")))?;
    visit.web.federation.look_up_mentioned(&form.text, Format::Plain).await?;
    let (site, me) = (visit.site().clone(), person.actor.id);
    // A form ends its lines in its own way.
    let text = form.text.replace("\r\n", "\n");
    let draft = Draft {
        text,
        visibility: Some(visibility),
        summary: form.warning.trim().to_owned(),
        sensitive: form.sensitive.is_some(),
        in_reply_to: form.in_reply_to,
        // The same form that is sent twice is one post.
        idempotency_key: Some(form.token.chars().take(64).collect()),
        character_limit: visit.web.config.post_characters,
        ..Draft::default()
    };
    let typed = Typed::read(&site, &draft.text, Format::Plain, true);
    let published = visit.web.db.write(move |c| {
        let preferred = users::get(c, me)?.default_language;
        let post = publish::publish_typed(c, &site, me, Draft { language: preferred, ..draft }, typed)?;
        users::seen(c, me)?;
        Ok(post)
    });
    match published.await {
        Ok(post) => Ok(visit.go(&format!("/@{}/{}", person.username(), post.id))),
        Err(LocalError::Invalid(problems)) => {
            let t = visit.words();
            let problem = problems.first().map(|problem| t.problem(problem));
            page(&visit, person, StatusCode::UNPROCESSABLE_ENTITY, &form, problem).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(visit: &Visit, person: &Person, status: StatusCode, form: &Form, problem: Option<&str>) -> Result<HttpResponse> {
    let (me, parent) = (person.actor.id, form.in_reply_to);
    let rows = visit
        .web
        .db
        .read(move |c| {
            let answered: Vec<Post> = match parent {
                Some(parent) => vec![posts::get_visible(c, Some(me), parent)?],
                None => Vec::new(),
            };
            Rows::load(c, answered)
        })
        .await?;
    let t = visit.words();
    let heading = if parent.is_some() { t.say("compose-answer") } else { t.say("compose-title") };
    let page = Page {
        f: Frame::new(visit, Head::private(visit.titled(heading))),
        t,
        form,
        audiences: [
            (Visibility::Public, t.say("compose-public")),
            (Visibility::Unlisted, t.say("compose-unlisted")),
            (Visibility::Private, t.say("compose-private")),
            (Visibility::Direct, t.say("compose-direct")),
        ],
        answered: rows.cards(visit.site()).pop(),
        limit: i64::try_from(visit.web.config.post_characters).unwrap_or(i64::MAX),
        problem,
    };
    visit.page_with(status, &page, Keep::Private)
}

/// The query of [`intent`].
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Intent {
    uri: String,
}

/// `GET /intent?uri=web+mastodon://…`: to share something, or to follow somebody. Browsers come here when the server is their
/// handler of that scheme.
///
/// # Errors
/// [`Error::NotFound`] for anything else.
pub async fn intent(visit: Visit, query: web::Query<Intent>) -> Result<HttpResponse> {
    let asked = Url::parse(&query.uri).map_err(|_| Error::NotFound)?;
    if asked.scheme() != "web+mastodon" {
        return Err(Error::NotFound);
    }
    let value = |name: &str| asked.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let (path, name, value) = match asked.host_str() {
        Some("share") => ("/share", "text", value("text").unwrap_or_default()),
        Some("follow") => ("/authorize_interaction", "uri", value("uri").ok_or(Error::NotFound)?),
        _ => return Err(Error::NotFound),
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, &value).finish();
    Ok(visit.go(&format!("{path}?{query}")))
}

/// The address of a request, to come back to.
pub(crate) fn asked(req: &HttpRequest) -> String {
    format!("{}?{}", req.path(), req.query_string())
}

/// A handle as a query: `acct:` or not.
pub(crate) fn handle_of(text: &str) -> Option<Handle> {
    Handle::parse(text.trim().trim_start_matches("acct:").trim_start_matches('@'))
}

#[cfg(test)]
mod tests {
    use majlis_local::publish::Draft;
    use majlis_local::testing::people;
    use majlis_local::visibility::Visibility;
    use majlis_local::{likes, posts};

    use crate::testing::Pages;

    #[actix_web::test]
    async fn what_a_link_shares_is_written_and_published_once() {
        let pages = Pages::new();
        pages.user("ali").await;
        let mut nobody = pages.browser();
        let asked = nobody.get("/share?text=tea%20%26%20dates&url=https%3A%2F%2Fx.example%2F").await;
        assert_eq!(
            asked.goes_to(),
            "/auth/sign_in?return_to=%2Fshare%3Ftext%3Dtea%2520%2526%2520dates%26url%3Dhttps%253A%252F%252Fx.example%252F"
        );
        let mut ali = pages.logged_in("ali").await;
        let page = ali.get("/share?title=T&text=tea%20%26%20dates&url=https%3A%2F%2Fx.example%2F").await.ok();
        assert!(page.contains("T\n\ntea &#38; dates\n\nhttps://x.example/</textarea>"), "{page}");
        let fields = [("text", "one\r\ntwo"), ("warning", " Film "), ("visibility", "unlisted")];
        assert_eq!(ali.clone().without_token().post("/share", &fields).await.status, 403);
        let sent = ali.post("/share", &fields).await;
        let address = sent.goes_to().to_owned();
        assert!(address.starts_with("/@ali/"), "{address}");
        assert_eq!(ali.post("/share", &fields).await.goes_to(), address, "the same form twice");
        let id = majlis_local::ids::PostId(address.rsplit('/').next().unwrap().parse().unwrap());
        let (post, source) = pages.write(move |c| Ok((posts::get(c, id)?, posts::source(c, id)?))).await;
        assert_eq!((post.visibility, post.summary.as_str(), source.text.as_str()), (Visibility::Unlisted, "Film", "one\ntwo"));
        ali.get("/share").await.ok();
        let empty = ali.post("/share", &[("text", " "), ("visibility", "public")]).await;
        assert!(empty.status == 422 && empty.text.contains("role=\"alert\""), "{}", empty.text);
        let long = "x".repeat(501);
        let long = ali.post("/share", &[("text", &long), ("visibility", "public")]).await;
        assert!(long.status == 422 && long.text.contains("This is too long."), "{}", long.text);
        assert_eq!(ali.post("/share", &[("text", "x"), ("visibility", "everybody")]).await.status, 400);
    }

    #[actix_web::test]
    async fn an_answer_has_no_more_readers_than_what_it_answers() {
        let pages = Pages::new();
        let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
        let (open, closed) = pages
            .write(move |c| {
                people::follow(c, bea.id, ali.id);
                let draft = |visibility| Draft { visibility: Some(visibility), ..people::draft("said by ali") };
                let open = people::publish(c, ali.id, draft(Visibility::Public)).id;
                Ok((open, people::publish(c, ali.id, draft(Visibility::Private)).id))
            })
            .await;
        let mut bea = pages.logged_in("bea").await;
        let page = bea.get(&format!("/share?in_reply_to={closed}")).await.ok();
        assert!(page.contains("@ali@majlis.example </textarea>") && page.contains("said by ali"), "{page}");
        assert!(page.contains("value=\"private\" selected"), "{page}");
        let id = closed.to_string();
        let fields = [("text", "@ali yes"), ("visibility", "private"), ("in_reply_to", &id)];
        assert!(bea.post("/share", &fields).await.goes_to().starts_with("/@bea/"));
        pages.user("carl").await;
        let mut carl = pages.logged_in("carl").await;
        assert_eq!(carl.get(&format!("/share?in_reply_to={closed}")).await.status, 404);
        carl.get("/share").await.ok();
        assert_eq!(carl.post("/share", &fields).await.status, 404);
        assert_eq!(carl.get(&format!("/share?in_reply_to={open}")).await.status, 200);
    }

    #[actix_web::test]
    async fn a_scheme_of_its_own_leads_to_sharing_and_following() {
        let pages = Pages::new();
        let mut browser = pages.browser();
        let goes = async |browser: &mut crate::testing::Browser, uri: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("uri", uri).finish();
            let answer = browser.get(&format!("/intent?{query}")).await;
            if answer.status == 303 { Some(answer.header("location").to_owned()) } else { None }
        };
        assert_eq!(goes(&mut browser, "web+mastodon://share?text=a+b").await.as_deref(), Some("/share?text=a+b"));
        assert_eq!(
            goes(&mut browser, "web+mastodon://follow?uri=acct:ali@peer.example").await.as_deref(),
            Some("/authorize_interaction?uri=acct%3Aali%40peer.example")
        );
        for other in ["web+mastodon://follow", "web+mastodon://evil", "https://evil.example", "nothing"] {
            assert_eq!(goes(&mut browser, other).await, None, "{other}");
        }
    }

    #[actix_web::test]
    async fn whoever_was_met_elsewhere_is_followed_and_liked_from_here() {
        let pages = Pages::new();
        let (ali, bea) = (pages.user("ali").await, pages.user("bea").await);
        let (remote, post) = pages
            .write(move |c| {
                let remote = people::remote(c, "rita");
                let post = people::say(c, ali.id, "come and see");
                Ok((remote, post))
            })
            .await;
        let mut nobody = pages.browser();
        let path = "/authorize_interaction?uri=acct%3Arita%40peer.example";
        assert!(nobody.get(path).await.goes_to().starts_with("/auth/sign_in?return_to=%2Fauthorize_interaction"));
        let mut browser = pages.logged_in("bea").await;
        let page = browser.get(path).await.ok();
        assert!(page.contains("value=\"follow\"") && page.contains("@rita@peer.example"), "{page}");
        let id = remote.id.to_string();
        let press = |action: &'static str, id: &str| [("action", action.to_owned()), ("id", id.to_owned())];
        let follow = press("follow", &id);
        let fields: Vec<(&str, &str)> = follow.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.clone().without_token().post("/authorize_interaction", &fields).await.status, 403);
        let back = browser.post("/authorize_interaction", &fields).await.goes_to().to_owned();
        assert!(browser.get(&back).await.ok().contains("You have asked to follow this account."));
        // A post by its address, here by the id of its ActivityPub form.
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("uri", &post.uri).finish();
        let page = browser.get(&format!("/authorize_interaction?{query}")).await.ok();
        assert!(page.contains("come and see") && page.contains(&format!("/share?in_reply_to={}", post.id)), "{page}");
        let id = post.id.to_string();
        for action in ["like", "boost", "keep"] {
            let pressed = press(action, &id);
            let fields: Vec<(&str, &str)> = pressed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let back = browser.post("/authorize_interaction", &fields).await.goes_to().to_owned();
            browser.get(&back).await.ok();
        }
        let (liked, page) = (
            pages.write(move |c| likes::liked_among(c, bea.id, &[post.id])).await,
            browser.get(&format!("/authorize_interaction?{query}")).await.ok(),
        );
        assert_eq!(liked, [post.id]);
        assert!(
            page.contains("value=\"unlike\"") && page.contains("value=\"unboost\"") && page.contains("value=\"let_go\""),
            "{page}"
        );
        assert_eq!(browser.get("/authorize_interaction?uri=acct%3Anobody%40majlis.example").await.status, 404);
        assert_eq!(browser.get("/authorize_interaction").await.status, 404);
    }

    #[actix_web::test]
    async fn a_post_is_described_for_other_sites() {
        use majlis_local::attachments::{self, AttachmentKind, NewAttachment};
        let pages = Pages::new();
        let ali = pages.user("ali").await;
        let (post, hidden) = pages
            .write(move |c| {
                let file = |c: &mut _, name: &str| {
                    let new = NewAttachment {
                        kind: Some(AttachmentKind::Image),
                        mime: Some("image/png".into()),
                        file: Some(name.into()),
                        ..NewAttachment::default()
                    };
                    attachments::create(c, ali.id, None, new).unwrap().id
                };
                let (first, second) = (file(c, "attachments/ab/cd/x.png"), file(c, "attachments/ab/cd/y.png"));
                let post = people::publish(c, ali.id, Draft { attachments: vec![first], ..people::draft("seen") });
                let hidden = people::publish(
                    c,
                    ali.id,
                    Draft { attachments: vec![second], visibility: Some(Visibility::Private), ..people::draft("hidden") },
                );
                Ok((post.id, hidden.id))
            })
            .await;
        let mut browser = pages.browser();
        let answer = browser.get(&format!("/api/oembed?url=https://majlis.example/@ali/{post}&maxheight=300")).await;
        let told: serde_json::Value = serde_json::from_str(&answer.ok()).unwrap();
        assert_eq!((&told["type"], &told["width"], &told["height"]), (&"rich".into(), &400.into(), &300.into()));
        let html = told["html"].as_str().unwrap();
        assert!(
            html.contains(&format!("src=\"https://majlis.example/@ali/{post}/embed\"")) && html.contains("/embed.js"),
            "{html}"
        );
        let by_id = format!("/api/oembed?url=https://majlis.example/users/ali/statuses/{post}");
        assert_eq!(browser.get(&by_id).await.status, 200);
        for other in [format!("https://majlis.example/@ali/{hidden}"), "https://evil.example/@ali/1".to_owned(), String::new()] {
            let answer = browser.get(&format!("/api/oembed?url={other}")).await;
            assert_eq!((answer.status, answer.text.as_str()), (404, "{\"error\":\"Record not found\"}"), "{other}");
        }
        let frame = browser.get(&format!("/@ali/{post}/embed")).await;
        assert!(frame.header("content-security-policy").ends_with("frame-ancestors *"));
        assert!(browser.get("/embed.js").await.ok().contains("setHeight"));
        let manifest = browser.get("/manifest").await.ok();
        assert!(manifest.contains("\"share_target\"") && manifest.contains("/intent?uri=%s"), "{manifest}");
    }
}
