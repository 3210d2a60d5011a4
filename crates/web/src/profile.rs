//! A person's page: who it is, and what the person says in public. People of other servers have theirs at home.

use std::borrow::Cow;

use actix_web::{HttpResponse, web};
use askama::Template;
use majlis_local::Site;
use majlis_local::actors::{self, Actor, ActorKind};
use majlis_local::feeds::{self, AuthorFilter};
use majlis_local::newsletters;
use majlis_local::text::{excerpt, plain};

use crate::cards::{Card, Rows};
use crate::error::{Error, Result};
use crate::feed::{self, Ends, Paging, Query};
use crate::frame::{Alternate, Frame, Head, Keep, Visit};
use crate::html;
use crate::people::{self, Face};
use crate::rss;
use crate::words::Words;

/// Characters of the bio in previews.
const PREVIEW: usize = 300;

/// Which of the person's posts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Posts and boosts.
    Posts,
    /// And answers to others.
    Replies,
    /// Only what has pictures.
    Media,
}

impl Tab {
    const ALL: [Self; 3] = [Self::Posts, Self::Replies, Self::Media];

    /// What it asks the database for.
    pub fn filter(self) -> AuthorFilter {
        AuthorFilter { only_media: self == Self::Media, exclude_replies: self == Self::Posts, ..AuthorFilter::default() }
    }

    /// Where it is.
    pub fn path(self, username: &str) -> String {
        match self {
            Self::Posts => format!("/@{username}"),
            Self::Replies => format!("/@{username}/with_replies"),
            Self::Media => format!("/@{username}/media"),
        }
    }

    fn label(self, t: &Words) -> &str {
        match self {
            Self::Posts => t.say("profile-tab-posts"),
            Self::Replies => t.say("profile-tab-replies"),
            Self::Media => t.say("profile-tab-media"),
        }
    }
}

/// A tab as shown.
struct TabLink<'a> {
    href: String,
    label: &'a str,
    is_current: bool,
}

/// A row of the profile's table as shown.
struct Field<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// A sentence that says when.
    verified: Option<String>,
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Profile<'a> {
    f: Frame<'a>,
    t: &'a Words,
    actor: &'a Actor,
    face: Face<'a>,
    handle: String,
    cover: Option<String>,
    full_picture: String,
    is_bot: bool,
    is_group: bool,
    moved: Option<(String, String)>,
    /// Whether visitors may have the posts sent to them by e-mail.
    has_newsletter: bool,
    summary: Cow<'a, str>,
    fields: Vec<Field<'a>>,
    tabs: Vec<TabLink<'a>>,
    cards: Vec<Card<'a>>,
    newer: Option<String>,
    older: Option<String>,
}

/// `GET /@{name}`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Gone`], [`Error::Suspended`], and the database's.
pub async fn posts(visit: Visit, name: web::Path<String>, query: Query) -> Result<HttpResponse> {
    show(visit, &name, Tab::Posts, query).await
}

/// `GET /@{name}/with_replies`.
///
/// # Errors
/// Those of [`posts`].
pub async fn replies(visit: Visit, name: web::Path<String>, query: Query) -> Result<HttpResponse> {
    show(visit, &name, Tab::Replies, query).await
}

/// `GET /@{name}/media`.
///
/// # Errors
/// Those of [`posts`].
pub async fn media(visit: Visit, name: web::Path<String>, query: Query) -> Result<HttpResponse> {
    show(visit, &name, Tab::Media, query).await
}

/// `GET /@{name}/tagged/{tag}`: what somebody says under a hashtag.
///
/// # Errors
/// Those of [`posts`].
pub async fn tagged(visit: Visit, path: web::Path<(String, String)>, query: Query) -> Result<HttpResponse> {
    let (name, tag) = path.into_inner();
    let tag = feed::hashtag_of(&tag)?;
    show_some(visit, &name, Tab::Posts, Some(tag), query).await
}

/// Where what somebody says under a hashtag is.
pub fn tagged_path(username: &str, tag: &str) -> String {
    format!("/@{username}/tagged/{}", feed::percent(tag))
}

/// `GET /users/{name}` of a browser: leads to the page.
///
/// # Errors
/// [`Error::NotFound`] for a name that nobody can have.
pub async fn redirect(visit: Visit, name: web::Path<String>) -> Result<HttpResponse> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        return Err(Error::NotFound);
    }
    Ok(visit.go(&format!("/@{name}")))
}

/// A local person, or the page of a remote one, by what stands behind the first `@`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Gone`] and [`Error::Suspended`].
pub fn whose(site: &Site, actor: Option<Actor>) -> Result<Whose> {
    let actor = actor.ok_or(Error::NotFound)?;
    if actor.deleted_at.is_some() {
        return Err(Error::Gone);
    }
    if actor.suspended_at.is_some() {
        return Err(Error::Suspended);
    }
    if actor.is_local() { Ok(Whose::Ours(actor)) } else { Ok(Whose::Elsewhere(people::page(site, &actor))) }
}

/// Where a person's page is.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Whose {
    /// Here.
    Ours(Actor),
    /// On another server, at this address.
    Elsewhere(String),
}

/// A handle without its first `@`: name, and domain unless it is ours.
pub fn parse_handle<'a>(site: &Site, handle: &'a str) -> (&'a str, Option<&'a str>) {
    match handle.split_once('@') {
        Some((name, domain)) if !site.is_own_domain(domain) => (name, Some(domain)),
        Some((name, _)) => (name, None),
        None => (handle, None),
    }
}

async fn show(visit: Visit, handle: &str, tab: Tab, query: Query) -> Result<HttpResponse> {
    show_some(visit, handle, tab, None, query).await
}

async fn show_some(visit: Visit, handle: &str, tab: Tab, tag: Option<String>, query: Query) -> Result<HttpResponse> {
    let paging = query.map(web::Query::into_inner).unwrap_or_default();
    let viewer = visit.person.as_ref().map(|person| person.actor.id);
    let (name, domain) = parse_handle(visit.site(), handle);
    let (name, domain) = (name.to_owned(), domain.map(str::to_owned));
    let with_pins = tab == Tab::Posts && tag.is_none() && paging.is_first();
    let filter = AuthorFilter { tagged: tag.clone(), exclude_replies: tag.is_none() && tab == Tab::Posts, ..tab.filter() };
    let own_site = visit.site().clone();
    let found = visit
        .web
        .db
        .read(move |c| {
            let Some(actor) = actors::by_handle(c, &name, domain.as_deref())? else { return Ok(None) };
            if actor.is_gone() || !actor.is_local() {
                return Ok(Some((actor, None)));
            }
            let moved = match actor.moved_to_id {
                Some(id) => actors::find_many(c, &[id])?.pop(),
                None => None,
            };
            let filter = AuthorFilter {
                exclude_replies: filter.exclude_replies || (tab == Tab::Media && !actor.show_media_replies),
                ..filter
            };
            let mut posts = if with_pins { feeds::pinned(c, viewer, actor.id)? } else { Vec::new() };
            posts.retain(|post| post.is_open());
            let pinned = posts.len();
            let slice = feeds::author(c, viewer, actor.id, &filter, &paging.page())?;
            let ends = Ends::of(&slice);
            posts.extend(slice.items);
            let has_newsletter = viewer.is_none() && newsletters::is_offered(c, &own_site, &actor)?;
            Ok(Some((actor, Some((moved, pinned, Rows::load(c, posts)?, ends, has_newsletter)))))
        })
        .await?;
    let (actor, rest) = found.map_or((None, None), |(actor, rest)| (Some(actor), rest));
    let actor = match whose(visit.site(), actor)? {
        Whose::Ours(actor) => actor,
        Whose::Elsewhere(page) => return Ok(visit.go(&page)),
    };
    // Asked for by another spelling: one page has one address.
    let path = tag.as_ref().map_or_else(|| tab.path(&actor.username), |tag| tagged_path(&actor.username, tag));
    if handle != actor.username {
        return Ok(visit.go(&path));
    }
    let Some((moved, pinned, rows, ends, has_newsletter)) = rest else { return Err(Error::NotFound) };
    let (site, t) = (visit.site(), visit.words());
    let mut cards = rows.cards(site);
    cards.iter_mut().take(pinned).for_each(|card| card.is_pinned = true);
    let (newer, older) = paging.neighbours(&path, &ends);
    let emojis = actor.emojis.as_ref().map(|emojis| emojis.0.as_slice());
    let full_picture = actor.avatar.as_deref().and_then(|stored| html::own_picture(site, stored)).unwrap_or_default();
    let page = Profile {
        f: Frame::new(&visit, head(&visit, &actor, tab, tag.as_deref(), paging)),
        t,
        face: Face::new(site, &actor),
        handle: people::full_handle(site, &actor),
        cover: actor.header_static.as_deref().or(actor.header.as_deref()).and_then(|stored| html::own_picture(site, stored)),
        full_picture,
        is_bot: people::is_bot(&actor),
        is_group: actor.kind == ActorKind::Group,
        moved: moved
            .filter(|target| !target.is_gone())
            .map(|target| (people::page(site, &target), people::full_handle(site, &target))),
        has_newsletter,
        summary: html::with_emoji(&actor.summary, emojis, site),
        fields: actor
            .fields
            .iter()
            .flat_map(|fields| fields.0.iter())
            .map(|field| Field {
                name: html::text_with_emoji(&field.name, emojis, site),
                value: html::with_emoji(&field.value, emojis, site),
                verified: field.verified_at.map(|at| t.with("profile-verified", &[("date", &t.date(at))])),
            })
            .collect(),
        tabs: Tab::ALL
            .into_iter()
            .filter(|each| *each != Tab::Media || actor.show_media)
            .map(|each| TabLink {
                href: each.path(&actor.username),
                label: each.label(t),
                is_current: each == tab && tag.is_none(),
            })
            .collect(),
        cards,
        newer,
        older,
        actor: &actor,
    };
    visit.page(&page, Keep::Shared)
}

fn head(visit: &Visit, actor: &Actor, tab: Tab, tag: Option<&str>, paging: Paging) -> Head {
    let (site, t) = (visit.site(), visit.words());
    let handle = people::full_handle(site, actor);
    let title = t.with("profile-title", &[("name", people::name(actor)), ("handle", &handle)]);
    let bio = excerpt(&plain(&actor.summary), PREVIEW);
    let description = if bio.is_empty() {
        format!(
            "{} · {}",
            t.count("profile-posts-count", actor.posts_count),
            t.count("profile-followers-count", actor.followers_count)
        )
    } else {
        bio
    };
    let path = Tab::Posts.path(&actor.username);
    Head {
        kind: "profile",
        picture: people::avatar(site, actor),
        noindex: !actor.indexable || actor.silenced_at.is_some() || tab != Tab::Posts || tag.is_some() || !paging.is_first(),
        alternates: vec![
            Alternate { media_type: "application/activity+json", href: actor.uri.clone(), title: None },
            Alternate {
                media_type: "application/rss+xml",
                href: tag.map_or_else(|| rss::of_person(&actor.username, tab), |tag| rss::of_tagged(&actor.username, tag)),
                title: Some(t.with("feed-of", &[("name", people::name(actor))])),
            },
        ],
        properties: vec![("profile:username", handle[1..].to_owned())],
        ..Head::public(title, description, format!("{}{path}", site.origin()))
    }
}
