//! Moving: the other accounts that are one's own, from which one may come here, and going to one of them with all followers.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_local::actors::{self, Actor};
use majlis_local::{Error as LocalError, moves};

use crate::compose::handle_of;
use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::log_in;
use crate::people;
use crate::sessions::Person;
use crate::settings::is_own_password;
use crate::words::Words;

/// Where the page is.
pub const PATH: &str = "/settings/moving";

/// What the page says was done, by the `done` of its query.
const DONE: [(&str, Key); 4] = [
    ("added", Key("moving-added")),
    ("removed", Key("moving-removed")),
    ("gone", Key("moving-gone")),
    ("stayed", Key("moving-stayed")),
];

#[derive(Template)]
#[template(path = "moving.html")]
struct Page<'a> {
    f: Frame<'a>,
    t: &'a Words,
    /// The id of each, and how it is called.
    aliases: Vec<(String, String)>,
    moved_to: Option<String>,
    handle: String,
    done: Option<&'a str>,
    problem: Option<&'a str>,
}

/// The query of the page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    done: String,
}

/// `GET /settings/moving`.
///
/// # Errors
/// The database's.
pub async fn show(visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(PATH, false))) };
    let done = DONE.iter().find(|(name, _)| *name == query.done).map(|(_, key)| *key);
    page(&visit, person, done, None).await
}

async fn page(visit: &Visit, person: &Person, done: Option<Key>, problem: Option<Key>) -> Result<HttpResponse> {
    let (actor, moved_to) = (person.actor.id, person.actor.moved_to_id);
    let found = visit.web.db.read(move |c| {
        let aliases = moves::aliases(c, actor)?;
        let known = actors::by_uris(c, &aliases)?;
        let target = match moved_to {
            Some(id) => actors::find_many(c, &[id])?.pop(),
            None => None,
        };
        Ok((aliases, known, target))
    });
    let (aliases, known, target) = found.await?;
    let (site, t) = (visit.site(), visit.words());
    let call = |uri: &String| known.iter().find(|actor| actor.uri == *uri).map(|actor| people::full_handle(site, actor));
    let page = Page {
        f: Frame::new(visit, Head::private(visit.titled(t.say("moving-title")))),
        t,
        aliases: aliases.iter().map(|uri| (uri.clone(), call(uri).unwrap_or_else(|| uri.clone()))).collect(),
        moved_to: target.map(|actor| people::full_handle(site, &actor)),
        handle: people::full_handle(site, &person.actor),
        done: done.map(|key| t.say(key.0)),
        problem: problem.map(|key| t.say(key.0)),
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    visit.page_with(status, &page, Keep::Private)
}

/// The forms of the page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Form {
    token: String,
    handle: String,
    password: String,
    uri: String,
}

/// `POST /settings/moving/aliases`: another account is one's own too.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn add(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let Some(other) = find(&visit, &form.handle, false).await else {
        return page(&visit, person, None, Some(Key("moving-unknown"))).await;
    };
    let actor = person.actor.id;
    match visit.web.db.write(move |c| moves::add_alias(c, actor, &other)).await {
        Ok(()) => Ok(visit.go(&format!("{PATH}?done=added"))),
        Err(LocalError::Invalid(_)) => page(&visit, person, None, Some(Key("moving-refused-alias"))).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/moving/aliases/remove`.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] for one that is not named, and the database's.
pub async fn remove(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let actor = person.actor.id;
    visit.web.db.write(move |c| moves::remove_alias(c, actor, &form.uri)).await?;
    Ok(visit.go(&format!("{PATH}?done=removed")))
}

/// `POST /settings/moving`: goes to another account, which has to name this one first.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn go(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    if !is_own_password(&visit, form.password).await? {
        return page(&visit, person, None, Some(Key("settings-password-wrong"))).await;
    }
    let Some(target) = find(&visit, &form.handle, true).await else {
        return page(&visit, person, None, Some(Key("moving-unknown"))).await;
    };
    let actor = person.actor.id;
    match visit.web.db.write(move |c| moves::go(c, actor, target.id)).await {
        Ok(()) => Ok(visit.go(&format!("{PATH}?done=gone"))),
        Err(LocalError::Invalid(_)) => page(&visit, person, None, Some(Key("moving-refused"))).await,
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/moving/stay`: is here again.
///
/// # Errors
/// [`Error::Forged`], and the database's.
pub async fn stay(req: HttpRequest, visit: Visit, form: Option<web::Form<Form>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let actor = person.actor.id;
    visit.web.db.write(move |c| moves::stay(c, actor)).await?;
    Ok(visit.go(&format!("{PATH}?done=stayed")))
}

/// The account of a handle; with `afresh`, as its home describes it now.
async fn find(visit: &Visit, handle: &str, afresh: bool) -> Option<Actor> {
    let handle = handle_of(handle)?;
    let federation = &visit.web.federation;
    let found = if afresh { federation.resolve_afresh(&handle).await } else { federation.resolve_handle(&handle).await };
    found.inspect_err(|error| tracing::info!(%error, "an account to move to or from was not found")).ok()
}

#[cfg(test)]
mod tests {
    use majlis_local::{actors, moves};

    use crate::testing::{PASSWORD, Pages};

    #[actix_web::test]
    async fn an_account_names_another_and_that_one_moves_to_it() {
        let pages = Pages::new();
        let (old, new) = (pages.user("old").await, pages.user("new").await);
        assert_eq!(pages.browser().get("/settings/moving").await.status, 303);
        let (mut there, mut here) = (pages.logged_in("old").await, pages.logged_in("new").await);
        there.get("/settings/moving").await.ok();
        let go = [("handle", "@new@majlis.example"), ("password", PASSWORD)];
        let early = there.post("/settings/moving", &go).await;
        assert!(early.status == 422 && early.text.contains("has to name this account"), "{}", early.text);
        here.get("/settings/moving").await.ok();
        for (handle, told) in [("nobody@majlis.example", "was not found"), ("new", "another account of yours")] {
            let wrong = here.post("/settings/moving/aliases", &[("handle", handle)]).await;
            assert!(wrong.status == 422 && wrong.text.contains(told), "{handle}: {}", wrong.text);
        }
        let named = here.post("/settings/moving/aliases", &[("handle", "old")]).await;
        assert_eq!(named.goes_to(), "/settings/moving?done=added");
        let page = here.get("/settings/moving").await.ok();
        assert!(page.contains("@old@majlis.example") && page.contains(&old.uri), "{page}");
        let wrong = there.post("/settings/moving", &[("handle", "new"), ("password", "not that")]).await;
        assert!(wrong.status == 422 && wrong.text.contains("not your current password"), "{}", wrong.text);
        assert_eq!(there.clone().without_token().post("/settings/moving", &go).await.status, 403);
        assert_eq!(there.post("/settings/moving", &go).await.goes_to(), "/settings/moving?done=gone");
        let (from, to) = (old.id, new.id);
        assert_eq!(pages.write(move |c| Ok(actors::get(c, from)?.moved_to_id)).await, Some(to));
        assert!(there.get("/settings/moving").await.ok().contains("@new@majlis.example"));
        assert_eq!(there.post("/settings/moving/stay", &[]).await.goes_to(), "/settings/moving?done=stayed");
        assert_eq!(pages.write(move |c| Ok(actors::get(c, from)?.moved_to_id)).await, None);
        here.get("/settings/moving").await.ok();
        let remove = [("uri", old.uri.as_str())];
        assert_eq!(here.post("/settings/moving/aliases/remove", &remove).await.goes_to(), "/settings/moving?done=removed");
        assert_eq!(here.post("/settings/moving/aliases/remove", &remove).await.status, 404);
        assert!(pages.write(move |c| moves::aliases(c, to)).await.is_empty());
    }
}
