//! Collections of people (FEP-7aa9): our rows as `FeaturedCollection`, and what a remote one says as a row.

use std::collections::{BTreeMap, HashMap};

use majlis_local::actors::{self, Actor};
use majlis_local::collection_items::{self, Item};
use majlis_local::collections::{Collection, RemoteCollection};
use majlis_local::ids::ActorId;
use majlis_local::{Connection, Error, Result, Site, Timestamp, text};

use super::actor::{is_web, not_later_than_now};
use crate::vocab::{FeaturedCollection, FeaturedItem, Link, Object, Tag};

/// Characters of a remote name that are kept.
const NAME_LENGTH: usize = 256;
/// Characters of a remote description that are kept.
const DESCRIPTION_LENGTH: usize = 2_048;

/// A local collection as it is published, with those who have agreed. Three queries.
pub fn render(c: &mut Connection, site: &Site, collection: &Collection) -> Result<FeaturedCollection> {
    let owner = actors::get(c, collection.owner_id)?;
    let items = collection_items::seen(c, None, &[collection.id])?;
    let ids: Vec<ActorId> = items.iter().map(|item| item.actor_id).collect();
    let people: HashMap<ActorId, Actor> = actors::find_many(c, &ids)?.into_iter().map(|actor| (actor.id, actor)).collect();
    let mut out = FeaturedCollection::new(&collection.uri, &owner.uri);
    out.name = Some(collection.name.clone());
    match &collection.language {
        Some(language) => out.summary_map = BTreeMap::from([(language.clone(), collection.description.clone())]),
        None => out.summary = Some(collection.description.clone()),
    }
    out.url = collection.url.iter().map(Link::plain).collect();
    out.sensitive = Some(collection.sensitive);
    out.discoverable = Some(collection.discoverable);
    out.topic = collection.hashtag.as_ref().map(|name| Tag::hashtag(name, site.tag_url(name)));
    out.ordered_items = items
        .iter()
        .filter_map(|item| Some(Object::FeaturedItem(Box::new(render_item(site, item, people.get(&item.actor_id)?)?))))
        .collect();
    out.total_items = u64::try_from(out.ordered_items.len()).ok();
    out.published = Some(collection.created_at.to_utc());
    out.updated = Some(collection.updated_at.to_utc());
    Ok(out)
}

/// One place in a local collection as it is published.
///
/// # Errors
/// [`Error::NotFound`] when nobody stands there.
pub fn item(c: &mut Connection, site: &Site, item: &Item) -> Result<FeaturedItem> {
    let person = actors::get(c, item.actor_id)?;
    render_item(site, item, &person).ok_or(Error::NotFound("collection item"))
}

fn render_item(site: &Site, item: &Item, person: &Actor) -> Option<FeaturedItem> {
    let stamp = if person.is_local() { Some(site.stamp_uri(&person.username, item.id)) } else { item.approval_uri.clone() };
    Some(FeaturedItem::new(item.uri.clone()?, &person.uri, person.kind.word(), stamp))
}

/// What a remote server says of a collection, cleaned.
pub fn read(collection: &FeaturedCollection) -> RemoteCollection {
    let (language, summary) = match collection.summary_map.iter().next() {
        Some((language, summary)) => (text::language::language(language).map(str::to_owned), summary.clone()),
        None => (None, collection.summary.clone().unwrap_or_default()),
    };
    let summary: String = summary.chars().take(DESCRIPTION_LENGTH).collect();
    let topic = collection.topic.as_ref().and_then(Tag::hashtag_name).filter(|name| text::names::is_hashtag(name));
    let page = collection.url.iter().map(|link| link.href.as_str()).find(|url| is_web(url));
    RemoteCollection {
        uri: collection.id.clone(),
        url: page.map(str::to_owned),
        name: text::one_line(collection.name.as_deref().unwrap_or_default()).chars().take(NAME_LENGTH).collect(),
        description: text::sanitise(&summary),
        language,
        hashtag: topic.map(str::to_owned),
        sensitive: collection.sensitive.unwrap_or(false),
        discoverable: collection.discoverable.unwrap_or(false),
        created_at: collection.published.map(Timestamp::from).map(not_later_than_now),
    }
}
