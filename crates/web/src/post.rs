//! A post's page: the post, what it answers, and what answers it. Also a small form of it that other sites may show in a
//! frame, and the description (oEmbed) by which they find that.

use std::collections::HashMap;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError as _, web};
use askama::Template;
use majlis_local::actors::{self, Actor};
use majlis_local::attachments::AttachmentKind;
use majlis_local::ids::PostId;
use majlis_local::posts::{self, Post};
use majlis_local::text::{excerpt, plain};
use majlis_local::{Connection, Site, apps, threads, visibility};

use crate::cards::{Card, Rows};
use crate::error::{Error, Result};
use crate::frame::{Alternate, Frame, Head, Keep, Visit};
use crate::people;
use crate::profile::parse_handle;
use crate::words::Words;

/// Characters of a post in previews.
const PREVIEW: usize = 400;
/// Characters of a post in its title.
const TITLE: usize = 60;
/// Steps to the side that answers are moved at the most.
const DEEPEST: usize = 4;

#[derive(Template)]
#[template(path = "post.html")]
struct PostPage<'a> {
    f: Frame<'a>,
    t: &'a Words,
    heading: String,
    handle: String,
    canonical: String,
    app: Option<String>,
    ancestors: Vec<Card<'a>>,
    main: Card<'a>,
    replies: Vec<Card<'a>>,
}

/// What the page of a post is made of.
struct Found {
    author: Actor,
    post: Post,
    app: Option<String>,
    /// Ancestors, the post itself, answers: as many as the numbers say.
    rows: Rows,
    ancestors: usize,
    depths: HashMap<PostId, usize>,
}

/// Where a post's page is.
enum Where {
    Here(Box<Found>),
    Elsewhere(String),
}

/// `GET /@{name}/{id}`.
///
/// # Errors
/// [`Error::NotFound`] also for what the visitor may not see, [`Error::Gone`] for what was deleted, and the database's.
pub async fn show(visit: Visit, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (handle, id) = path.into_inner();
    let found = match find(&visit, &handle, &id, true).await? {
        Where::Here(found) => found,
        Where::Elsewhere(url) => return Ok(visit.go(&url)),
    };
    let (site, t) = (visit.site(), visit.words());
    let canonical = site.post_url(&found.author.username, found.post.id);
    if handle != found.author.username {
        return Ok(visit.go(&format!("/@{}/{}", found.author.username, found.post.id)));
    }
    let mut cards = found.rows.cards(site);
    for card in &mut cards {
        card.depth = found.depths.get(&card.id).copied().unwrap_or(0).saturating_sub(1).min(DEEPEST);
    }
    let at = cards.iter().position(|card| card.id == found.post.id).ok_or(Error::NotFound)?;
    debug_assert!(at <= found.ancestors, "only those before it are its ancestors");
    let replies = cards.split_off(at + 1);
    let main = cards.pop().ok_or(Error::NotFound)?;
    let page = PostPage {
        f: Frame::new(&visit, head(&visit, &found.author, &found.post, &main, canonical.clone())),
        t,
        heading: t.with("post-heading", &[("name", people::name(&found.author))]),
        handle: people::full_handle(site, &found.author),
        canonical,
        app: found.app.clone(),
        ancestors: cards,
        main,
        replies,
    };
    visit.page(&page, if found.post.is_open() { Keep::Shared } else { Keep::Private })
}

/// `GET /users/{name}/statuses/{id}` of a browser: leads to the page.
///
/// # Errors
/// [`Error::NotFound`] for an address that nobody can have.
pub async fn redirect(visit: Visit, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (name, id) = path.into_inner();
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) || id.parse::<u64>().is_err() {
        return Err(Error::NotFound);
    }
    Ok(visit.go(&format!("/@{name}/{id}")))
}

#[derive(Template)]
#[template(path = "embed.html")]
struct Embed<'a> {
    f: Frame<'a>,
    t: &'a Words,
    card: Card<'a>,
    handle: String,
    canonical: String,
}

/// `GET /@{name}/{id}/embed`: the post alone, for frames on other sites.
///
/// # Errors
/// Those of [`show`].
pub async fn embed(visit: Visit, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (handle, id) = path.into_inner();
    let Where::Here(found) = find(&visit, &handle, &id, false).await? else { return Err(Error::NotFound) };
    let site = visit.site();
    let canonical = site.post_url(&found.author.username, found.post.id);
    let card = found.rows.cards(site).pop().ok_or(Error::NotFound)?;
    let page = Embed {
        f: Frame::new(
            &visit,
            Head { canonical: Some(canonical.clone()), ..Head::private(people::name(&found.author).to_owned()) },
        ),
        t: visit.words(),
        handle: people::full_handle(site, &found.author),
        card,
        canonical,
    };
    visit.page_to_embed(&page)
}

/// The query of [`oembed`].
#[derive(Debug, serde::Deserialize)]
pub struct OembedQuery {
    url: String,
    #[serde(default)]
    format: Option<String>,
    #[serde(default)]
    maxwidth: Option<i64>,
    #[serde(default)]
    maxheight: Option<i64>,
}

/// `GET /api/oembed`: how another site may show a post (oEmbed §2.3.4.4, “rich”). Of posts for everybody only.
///
/// Whatever else is asked for is 404 in Mastodon's JSON; so are other formats.
pub async fn oembed(visit: Visit, query: Option<web::Query<OembedQuery>>) -> HttpResponse {
    let answer = match query {
        Some(query) => describe(&visit, &query).await,
        None => Err(Error::NotFound),
    };
    answer.unwrap_or_else(|error| {
        if let Error::Internal(cause) = &error {
            tracing::error!(cause, "a post could not be described");
        }
        let told = if matches!(error, Error::NotFound | Error::Gone | Error::Suspended) { "Record not found" } else { "Error" };
        let status = if told == "Error" { error.status_code() } else { StatusCode::NOT_FOUND };
        HttpResponse::build(status)
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .json(serde_json::json!({ "error": told }))
    })
}

async fn describe(visit: &Visit, query: &OembedQuery) -> Result<HttpResponse> {
    if query.format.as_deref().is_some_and(|format| format != "json") {
        return Err(Error::NotFound);
    }
    let (handle, id) = named(visit.site(), &query.url).ok_or(Error::NotFound)?;
    let Where::Here(found) = find(visit, &handle, &id, false).await? else { return Err(Error::NotFound) };
    if !found.post.is_open() {
        return Err(Error::NotFound);
    }
    let site = visit.site();
    let address = site.post_url(&found.author.username, found.post.id);
    let name = people::name(&found.author);
    let title = visit.words().with("post-heading", &[("name", name)]);
    let width = query.maxwidth.unwrap_or(400).clamp(220, 800);
    let height = query.maxheight.unwrap_or(420).clamp(120, 1_200);
    let frame = format!(
        "<iframe src=\"{0}/embed\" class=\"majlis-embed\" title=\"{1}\" width=\"{width}\" height=\"{height}\" frameborder=\"0\" \
         loading=\"lazy\" sandbox=\"allow-popups allow-same-origin allow-scripts\"></iframe>\
         <script src=\"{2}/embed.js\" async></script>",
        crate::html::escape(&address),
        crate::html::escape(&title),
        site.origin(),
    );
    let body = serde_json::json!({
        "type": "rich",
        "version": "1.0",
        "title": title,
        "author_name": name,
        "author_url": site.actor_url(&found.author.username),
        "provider_name": visit.about.title,
        "provider_url": format!("{}/", site.origin()),
        "cache_age": 86_400,
        "html": frame,
        "width": width,
        "height": height,
    });
    Ok(HttpResponse::Ok().insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")).json(body))
}

/// The parts of a post's address: of its page, or of its ActivityPub id.
fn named(site: &Site, address: &str) -> Option<(String, String)> {
    let path = address.strip_prefix(site.origin())?;
    let path = path.split(['?', '#']).next()?;
    let (handle, id) = match path.strip_prefix("/@") {
        Some(rest) => rest.split_once('/')?,
        None => path.strip_prefix("/users/")?.split_once("/statuses/")?,
    };
    Some((handle.to_owned(), id.trim_end_matches('/').to_owned()))
}

/// A post by the parts of its address, with its surroundings when they are wanted.
async fn find(visit: &Visit, handle: &str, id: &str, with_thread: bool) -> Result<Where> {
    let id: i64 = id.parse().map_err(|_| Error::NotFound)?;
    let (name, domain) = parse_handle(visit.site(), handle);
    let (name, domain) = (name.to_lowercase(), domain.map(str::to_lowercase));
    let viewer = visit.person.as_ref().map(|person| person.actor.id);
    let site = visit.web.db.site().clone();
    visit.web.db.read(move |c| Ok(read(c, &site, viewer, (&name, domain.as_deref()), PostId(id), with_thread))).await?
}

fn read(
    c: &mut Connection,
    site: &Site,
    viewer: Option<majlis_local::ids::ActorId>,
    (name, domain): (&str, Option<&str>),
    id: PostId,
    with_thread: bool,
) -> Result<Where> {
    let post = posts::get(c, id)?;
    let author = actors::get(c, post.author_id)?;
    // The name in the address is the author's, else there is no such page.
    if author.username_key != name || author.domain.as_deref() != domain {
        return Err(Error::NotFound);
    }
    if author.deleted_at.is_some() || (post.deleted_at.is_some() && post.is_open()) {
        return Err(Error::Gone);
    }
    if author.suspended_at.is_some() {
        return Err(Error::Suspended);
    }
    if !visibility::may_see(c, viewer, &post)? {
        return Err(Error::NotFound);
    }
    if let Some(original) = post.boost_of_id {
        let original = posts::get_visible(c, viewer, original)?;
        let by = actors::get(c, original.author_id)?;
        return Ok(Where::Elsewhere(if by.is_local() {
            format!("/@{}/{}", by.username, original.id)
        } else {
            people::safe_url(site, original.page_url(), &original.uri)
        }));
    }
    if !author.is_local() {
        return Ok(Where::Elsewhere(people::safe_url(site, post.page_url(), &post.uri)));
    }
    let app = match post.app_id {
        Some(app) => apps::find_many(c, &[app])?.pop().map(|app| app.name),
        None => None,
    };
    let thread = if with_thread { threads::around(c, viewer, &post)? } else { threads::Thread::default() };
    let mut depths: HashMap<PostId, usize> = HashMap::from([(post.id, 0)]);
    for answer in &thread.descendants {
        // What stands between may be hidden: its answers then stand as high as it would.
        let above = answer.in_reply_to_id.and_then(|parent| depths.get(&parent).copied()).unwrap_or(0);
        depths.insert(answer.id, above + 1);
    }
    let ancestors = thread.ancestors.len();
    let mut all = thread.ancestors;
    all.push(post.clone());
    all.extend(thread.descendants);
    Ok(Where::Here(Box::new(Found { rows: Rows::load(c, all)?, author, post, app, ancestors, depths })))
}

fn head(visit: &Visit, author: &Actor, post: &Post, card: &Card<'_>, canonical: String) -> Head {
    let (site, t) = (visit.site(), visit.words());
    let text = if post.summary.is_empty() { plain(&post.content) } else { post.summary.clone() };
    let mut description = excerpt(&text, PREVIEW);
    let attached = card.media.len() + card.away.len();
    if description.is_empty() && attached > 0 {
        description = t.count("post-attachments", i64::try_from(attached).unwrap_or(i64::MAX));
    }
    let title = t.with("post-title", &[("name", people::name(author)), ("text", &excerpt(&text, TITLE))]);
    let picture =
        card.media.iter().find(|media| media.kind == AttachmentKind::Image && !card.is_sensitive && card.warning.is_empty());
    let mut properties = vec![
        ("og:published_time", post.created_at.to_rfc3339()),
        ("profile:username", people::full_handle(site, author)[1..].to_owned()),
    ];
    if let Some(at) = post.edited_at {
        properties.push(("og:modified_time", at.to_rfc3339()));
    }
    if let Some(media) = picture.filter(|media| !media.description.is_empty()) {
        properties.push(("og:image:alt", media.description.to_owned()));
    }
    let is_open = post.is_open();
    Head {
        kind: "article",
        large_picture: picture.is_some(),
        picture: picture.map(|media| media.preview.clone()).or_else(|| people::avatar(site, author)),
        noindex: !author.indexable || author.silenced_at.is_some() || post.visibility != visibility::Visibility::Public,
        alternates: if is_open {
            let asked = url::form_urlencoded::byte_serialize(canonical.as_bytes()).collect::<String>();
            vec![
                Alternate { media_type: "application/activity+json", href: post.uri.clone(), title: None },
                Alternate {
                    media_type: "application/json+oembed",
                    href: format!("{}/api/oembed?format=json&url={asked}", site.origin()),
                    title: None,
                },
            ]
        } else {
            Vec::new()
        },
        properties,
        ..Head::public(title, description, canonical)
    }
}
