//! Where people come who met somebody or something on another server and want to follow, answer, like or boost it from here
//! (the `subscribe` template of webfinger).

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use majlis_federation::resolve::Found;
use majlis_local::actors::{self, Actor};
use majlis_local::follows::{self, Choices};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::posts;
use majlis_local::relationships::Relationship;
use majlis_local::{Error as LocalError, bookmarks, boosts, likes, visibility};

use crate::cards::{Card, Rows};
use crate::compose::{asked, handle_of};
use crate::error::{Error, Key, Result};
use crate::frame::{Frame, Head, Keep, Visit};
use crate::html;
use crate::log_in;
use crate::people::{self, Face};
use crate::words::Words;

/// Longer addresses lead nowhere.
const ADDRESS_LIMIT: usize = 2_048;

/// The query.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    uri: String,
    acct: String,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    face: Face<'a>,
    handle: String,
    summary: std::borrow::Cow<'a, str>,
    id: ActorId,
    is_self: bool,
    standing: &'a Relationship,
}

#[derive(Template)]
#[template(path = "interact.html")]
struct PostPage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    card: Card<'a>,
    is_liked: bool,
    is_boosted: bool,
    is_kept: bool,
    may_boost: bool,
}

/// `GET /authorize_interaction?uri=…`: a person by handle or address, or a post by its address.
///
/// # Errors
/// [`Error::NotFound`] for what leads to nothing that the visitor may see, and the database's.
pub async fn show(req: HttpRequest, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse> {
    let Some(person) = &visit.person else { return Ok(visit.go(&log_in::address(&asked(&req), false))) };
    let address = if query.uri.is_empty() { query.acct.trim() } else { query.uri.trim() };
    if address.is_empty() || address.len() > ADDRESS_LIMIT {
        return Err(Error::NotFound);
    }
    let federation = &visit.web.federation;
    let found = if address.starts_with("https://") || address.starts_with("http://") {
        federation.resolve_url(address).await
    } else {
        let handle = handle_of(address).ok_or(Error::NotFound)?;
        federation.resolve_handle(&handle).await.map(|actor| Found::Actor(Box::new(actor)))
    };
    let found =
        found.inspect_err(|error| tracing::debug!(%error, "what was to be met leads nowhere")).map_err(|_| Error::NotFound)?;
    match found {
        Found::Actor(actor) => meet(&visit, person.actor.id, *actor).await,
        Found::Post(post) => read(&visit, person.actor.id, post.id).await,
    }
}

async fn meet(visit: &Visit, me: ActorId, actor: Actor) -> Result<HttpResponse> {
    if actor.is_gone() {
        return Err(Error::NotFound);
    }
    let target = actor.id;
    let standing = visit.web.db.read(move |c| Relationship::build_many(c, me, &[target])).await?;
    let standing = standing.first().ok_or(Error::NotFound)?;
    let (site, t) = (visit.site(), visit.words());
    let emojis = actor.emojis.as_ref().map(|emojis| emojis.0.as_slice());
    let page = PersonPage {
        f: Frame::new(visit, Head::private(visit.titled(people::name(&actor)))),
        t,
        face: Face::new(site, &actor),
        handle: people::full_handle(site, &actor),
        summary: html::with_emoji(&actor.summary, emojis, site),
        id: target,
        is_self: target == me,
        standing,
    };
    visit.page(&page, Keep::Private)
}

async fn read(visit: &Visit, me: ActorId, id: PostId) -> Result<HttpResponse> {
    let found = visit.web.db.read(move |c| {
        let post = posts::get_visible(c, Some(me), id)?;
        let is_liked = !likes::liked_among(c, me, &[id])?.is_empty();
        let is_boosted = boosts::by(c, me, id)?.is_some();
        let is_kept = !bookmarks::kept_among(c, me, &[id])?.is_empty();
        let may_boost = post.visibility.is_open();
        Ok((Rows::load(c, vec![post])?, is_liked, is_boosted, is_kept, may_boost))
    });
    let (rows, is_liked, is_boosted, is_kept, may_boost) = found.await?;
    let t = visit.words();
    let card = rows.cards(visit.site()).pop().ok_or(Error::NotFound)?;
    let head = Head::private(visit.titled(t.say("interact-title")));
    visit.page(&PostPage { f: Frame::new(visit, head), t, card, is_liked, is_boosted, is_kept, may_boost }, Keep::Private)
}

/// A button of either page.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Pressed {
    token: String,
    action: String,
    id: i64,
}

/// `POST /authorize_interaction`: does it, and shows how things stand now.
///
/// # Errors
/// [`Error::Forged`], [`Error::NotFound`] for what the visitor may not see, and the database's.
pub async fn act(req: HttpRequest, visit: Visit, form: Option<web::Form<Pressed>>) -> Result<HttpResponse> {
    let form = form.ok_or(Error::Bad(Key("error-bad-form")))?.into_inner();
    let Some(person) = &visit.person else { return Err(Error::Forged) };
    visit.check_token(&req, &form.token)?;
    let (site, me, id, action) = (visit.site().clone(), person.actor.id, form.id, form.action);
    let done = visit.web.db.write(move |c| {
        let (target, post) = (ActorId(id), PostId(id));
        let address = match action.as_str() {
            "follow" => {
                follows::follow(c, &site, me, target, &Choices::default())?;
                actors::get(c, target)?.uri
            }
            "unfollow" => {
                follows::unfollow(c, me, target)?;
                actors::get(c, target)?.uri
            }
            _ => {
                let post = posts::get_visible(c, Some(me), post)?;
                match action.as_str() {
                    "like" => likes::like(c, &site, me, &post)?,
                    "unlike" => likes::unlike(c, me, &post)?,
                    "boost" => boosts::boost(c, &site, me, &post, Some(visibility::Visibility::Public)).map(drop)?,
                    "unboost" => boosts::unboost(c, me, &post)?,
                    "keep" => bookmarks::add(c, me, post.id)?,
                    "let_go" => bookmarks::remove(c, me, post.id)?,
                    _ => return Err(LocalError::NotFound("action")),
                }
                post.uri
            }
        };
        Ok(address)
    });
    let address = match done.await {
        Ok(address) => address,
        Err(LocalError::Forbidden(_)) => return Err(Error::Bad(Key("interact-refused"))),
        Err(error) => return Err(error.into()),
    };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("uri", &address).finish();
    Ok(visit.go(&format!("/authorize_interaction?{query}")))
}
