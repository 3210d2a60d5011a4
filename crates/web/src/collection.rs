//! A collection's page: whom somebody recommends under a name.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use majlis_local::actors::{self, Actor};
use majlis_local::ids::{ActorId, CollectionId};
use majlis_local::{collection_items, collections};

use crate::error::{Error, Result};
use crate::frame::{Alternate, Frame, Head, Keep, Visit};
use crate::people::{self, Face};
use crate::words::Words;

#[derive(Template)]
#[template(path = "collection.html")]
struct Collection<'a> {
    f: Frame<'a>,
    t: &'a Words,
    name: &'a str,
    description: &'a str,
    owner: Face<'a>,
    faces: Vec<Face<'a>>,
}

/// `GET /@{name}/collections/{id}`: with those who have agreed to stand in it.
///
/// # Errors
/// [`Error::NotFound`], and the database's.
pub async fn show(visit: Visit, path: web::Path<(String, String)>) -> Result<HttpResponse> {
    let (name, id) = path.into_inner();
    let id: CollectionId = id.parse().map_err(|_| Error::NotFound)?;
    let found = visit
        .web
        .db
        .read(move |c| {
            let Some(owner) = actors::by_handle(c, &name, None)?.filter(|owner| !owner.is_gone()) else { return Ok(None) };
            let Some(collection) = collections::find_many(c, &[id])?.pop() else { return Ok(None) };
            let ids: Vec<ActorId> = collection_items::seen(c, None, &[id])?.into_iter().map(|item| item.actor_id).collect();
            let people: HashMap<ActorId, Actor> = actors::find_many(c, &ids)?.into_iter().map(|a| (a.id, a)).collect();
            Ok(Some((owner, collection, ids, people)))
        })
        .await?;
    let (owner, collection, ids, people) = found.ok_or(Error::NotFound)?;
    if collection.owner_id != owner.id || !collection.local {
        return Err(Error::NotFound);
    }
    let (site, t) = (visit.site(), visit.words());
    let by = t.with("collection-by", &[("name", people::name(&owner))]);
    let description = if collection.description.is_empty() { by } else { collection.description.clone() };
    let canonical = site.collection_url(&owner.username, collection.id);
    let head = Head {
        noindex: !collection.discoverable || !owner.indexable || owner.silenced_at.is_some(),
        alternates: vec![Alternate { media_type: "application/activity+json", href: collection.uri.clone(), title: None }],
        ..Head::public(visit.titled(&collection.name), description, canonical)
    };
    let page = Collection {
        f: Frame::new(&visit, head),
        t,
        name: &collection.name,
        description: &collection.description,
        owner: Face::new(site, &owner),
        faces: ids.iter().filter_map(|id| people.get(id)).map(|person| Face::new(site, person)).collect(),
    };
    visit.page(&page, Keep::Shared)
}

/// `GET /users/{name}/collections/{id}` of a browser: leads to the page.
///
/// # Errors
/// [`Error::NotFound`] for a name that nobody can have.
pub async fn redirect(visit: Visit, path: web::Path<(String, u64)>) -> Result<HttpResponse> {
    let (name, id) = path.into_inner();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        return Err(Error::NotFound);
    }
    Ok(visit.go(&format!("/@{name}/collections/{id}")))
}
