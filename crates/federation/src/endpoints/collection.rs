//! Collections: outbox, followers, following, pinned posts, replies. Paged by cursors; a first page is never embedded where
//! it would make an answer large.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use majlis_local::actors::Actor;
use majlis_local::ids::PostId;
use majlis_local::posts;
use majlis_local::text::hashtag_key;
use majlis_local::{Connection, Error, Page, Result, Slice, featured_tags, follows, pins};
use serde_json::json;

use super::actor::named;
use super::{Answer, document, post, respond, viewer};
use crate::objects;
use crate::outbound;
use crate::state::Federation;
use crate::vocab::{Collection, CollectionKind, CollectionRef, Object, Tag};

/// Activities on one page of an outbox.
const OUTBOX_PAGE: i64 = 20;
/// Ids on one page of followers.
const PEOPLE_PAGE: i64 = 100;
/// Replies that a post names: peers fetch them all, so they are few.
const REPLIES: i64 = 20;

/// Which page is asked for; the collection itself without `page`.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Paging {
    page: Option<String>,
    max_id: Option<i64>,
}

impl Paging {
    fn page(&self, limit: i64) -> Page {
        Page { max_id: self.max_id, ..Page::newest(limit) }
    }
}

/// `GET /users/{name}/outbox` (ActivityPub §5.1): what is for everybody, newest first.
pub(super) async fn outbox(federation: Data<Federation>, name: Path<String>, paging: Query<Paging>) -> Answer {
    let (site, name) = (federation.site().clone(), name.into_inner());
    let collection = federation
        .db
        .read(move |c| {
            let actor = living(c, &name)?;
            let id = format!("{}/outbox", actor.uri);
            if paging.page.is_none() {
                return Ok(paged(id, u64::try_from(actor.posts_count).unwrap_or(0)));
            }
            let page = paging.page(OUTBOX_PAGE);
            let posts = posts::outbox(c, actor.id, &page)?;
            let next = next(&id, &posts, OUTBOX_PAGE, |post| post.id.0);
            let activities = outbound::activities_of(c, &site, &actor, &posts)?;
            let items = activities.into_iter().map(|activity| Object::Activity(Box::new(activity))).collect();
            Ok(page_of(id, paging.max_id, items, next))
        })
        .await?;
    document(&collection, false)
}

/// `GET /users/{name}/followers` (ActivityPub §5.3).
pub(super) async fn followers(federation: Data<Federation>, name: Path<String>, paging: Query<Paging>) -> Answer {
    people(federation, name.into_inner(), paging.into_inner(), "followers", |a| a.followers_count, follows::follower_uris).await
}

/// `GET /users/{name}/following` (ActivityPub §5.4).
pub(super) async fn following(federation: Data<Federation>, name: Path<String>, paging: Query<Paging>) -> Answer {
    people(federation, name.into_inner(), paging.into_inner(), "following", |a| a.following_count, follows::following_uris).await
}

type Uris = fn(&mut Connection, majlis_local::ids::ActorId, &Page) -> Result<Slice<String>>;

/// A list of people; of somebody who hides it, the number alone.
async fn people(
    federation: Data<Federation>,
    name: String,
    paging: Paging,
    path: &'static str,
    total: fn(&Actor) -> i64,
    uris: Uris,
) -> Answer {
    let collection = federation
        .db
        .read(move |c| {
            let actor = living(c, &name)?;
            let id = format!("{}/{path}", actor.uri);
            let total = u64::try_from(total(&actor)).unwrap_or(0);
            if actor.hide_collections {
                let mut hidden = Collection::counted(Some(id), total);
                hidden.kind = CollectionKind::OrderedCollection;
                return Ok(hidden);
            }
            if paging.page.is_none() {
                return Ok(paged(id, total));
            }
            let slice = uris(c, actor.id, &paging.page(PEOPLE_PAGE))?;
            let next = slice.oldest.filter(|_| slice.full).map(|max_id| format!("{id}?page=true&max_id={max_id}"));
            let items = slice.items.into_iter().map(Object::Id).collect();
            Ok(page_of(id, paging.max_id, items, next))
        })
        .await?;
    document(&collection, false)
}

/// `GET /users/{name}/collections/featured`: pinned posts that are for everybody, whole.
pub(super) async fn featured(federation: Data<Federation>, name: Path<String>) -> Answer {
    let (site, name) = (federation.site().clone(), name.into_inner());
    let collection = federation
        .db
        .read(move |c| {
            let actor = living(c, &name)?;
            let mut pinned = pins::of_author(c, actor.id)?;
            pinned.retain(|post| post.is_open());
            let notes = objects::note::render_many(c, &site, &pinned)?;
            let mut all = Collection::new(CollectionKind::OrderedCollection, format!("{}/collections/featured", actor.uri));
            all.total_items = u64::try_from(notes.len()).ok();
            all.items = notes.into_iter().map(|note| Object::Note(Box::new(note))).collect();
            Ok(all)
        })
        .await?;
    document(&collection, false)
}

/// `GET /users/{name}/collections/tags`: the hashtags that somebody shows on the profile, as Mastodon's `featuredTags`.
pub(super) async fn featured_tags(federation: Data<Federation>, name: Path<String>) -> Answer {
    let site = federation.site().clone();
    let collection = federation
        .db
        .read(move |c| {
            let actor = living(c, &name)?;
            let tags = featured_tags::of(c, actor.id)?;
            let page = |name: &str| site.tagged_url(&actor.username, &hashtag_key(name));
            let items: Vec<Tag> = tags.iter().map(|tag| Tag::hashtag(&tag.name, page(&tag.name))).collect();
            Ok(json!({
                "@context": "https://www.w3.org/ns/activitystreams",
                "id": format!("{}/collections/tags", actor.uri),
                "type": "Collection",
                "totalItems": items.len(),
                "items": items,
            }))
        })
        .await?;
    respond(StatusCode::OK, collection.to_string(), false)
}

/// `GET …/statuses/{id}/replies`: replies that are for everybody, the author's own first.
pub(super) async fn replies(federation: Data<Federation>, req: HttpRequest, path: Path<(String, PostId)>) -> Answer {
    let (name, id) = path.into_inner();
    let viewer = viewer(&federation, &req).await;
    let (collection, private) = federation
        .db
        .read(move |c| {
            let post = post::at(c, viewer, &name, id)?;
            if post.deleted_at.is_some() {
                return Err(Error::NotFound("post"));
            }
            let id = format!("{}/replies", post.uri);
            let items = posts::open_reply_uris(c, &post, REPLIES)?.into_iter().map(Object::Id).collect();
            let mut first = Collection::new(CollectionKind::CollectionPage, format!("{id}?page=true"));
            first.part_of = Some(id.clone());
            first.items = items;
            let mut all = Collection::new(CollectionKind::Collection, id);
            all.first = Some(CollectionRef::Embedded(Box::new(first)));
            Ok((all, !post.is_open()))
        })
        .await?;
    document(&collection, private)
}

/// `GET /actor/outbox`: the server itself says nothing.
pub(super) async fn nothing(federation: Data<Federation>) -> Answer {
    let id = format!("{}/outbox", federation.site().instance_actor_uri());
    let mut empty = Collection::counted(Some(id), 0);
    empty.kind = CollectionKind::OrderedCollection;
    document(&empty, false)
}

fn living(c: &mut Connection, name: &str) -> Result<Actor> {
    let actor = named(c, name)?;
    if actor.is_gone() { Err(Error::NotFound("actor")) } else { Ok(actor) }
}

fn paged(id: String, total: u64) -> Collection {
    let first = CollectionRef::Id(format!("{id}?page=true"));
    let mut collection = Collection::new(CollectionKind::OrderedCollection, id);
    collection.total_items = Some(total);
    collection.first = Some(first);
    collection
}

fn page_of(id: String, max_id: Option<i64>, items: Vec<Object>, next: Option<String>) -> Collection {
    let own = match max_id {
        Some(max_id) => format!("{id}?page=true&max_id={max_id}"),
        None => format!("{id}?page=true"),
    };
    let mut page = Collection::new(CollectionKind::OrderedCollectionPage, own);
    page.part_of = Some(id);
    page.next = next;
    page.items = items;
    page
}

/// The address of the page behind a full one.
fn next<T>(id: &str, rows: &[T], limit: i64, cursor: impl Fn(&T) -> i64) -> Option<String> {
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    rows.last().filter(|_| full).map(|last| format!("{id}?page=true&max_id={}", cursor(last)))
}
