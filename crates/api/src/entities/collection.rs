//! Collection: people whom somebody recommends under a name.

use std::sync::Arc;

use majlis_local::collection_items::{self, Item, ItemState};
use majlis_local::collections;
use majlis_local::ids::{ActorId, CollectionId, CollectionItemId};
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::Serialize;

use super::Account;
use super::status::{ShallowTag, tag_url};

/// Mastodon's Collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Collection {
    pub id: CollectionId,
    pub account_id: ActorId,
    pub uri: String,
    pub url: Option<String>,
    pub name: String,
    /// As typed here (as Mastodon answers it), HTML from elsewhere.
    pub description: String,
    pub language: Option<String>,
    pub local: bool,
    pub sensitive: bool,
    pub discoverable: bool,
    pub tag: Option<ShallowTag>,
    pub item_count: usize,
    pub items: Vec<CollectionItem>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Mastodon's CollectionItem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct CollectionItem {
    pub id: CollectionItemId,
    pub account_id: ActorId,
    pub state: ItemState,
    pub created_at: Timestamp,
}

/// Mastodon's CollectionWithAccounts: the owner first, then those in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct CollectionWithAccounts {
    pub collection: Collection,
    pub accounts: Vec<Arc<Account>>,
}

impl Collection {
    /// The entities of these collections, in their order, as `viewer` sees them. One query.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(
        c: &mut Connection,
        site: &Site,
        viewer: Option<ActorId>,
        rows: &[collections::Collection],
    ) -> Result<Vec<Self>> {
        let ids: Vec<CollectionId> = rows.iter().map(|row| row.id).collect();
        let items = collection_items::seen(c, viewer, &ids)?;
        let of = |id: CollectionId| items.iter().filter(|item| item.collection_id == id).map(CollectionItem::from).collect();
        Ok(rows.iter().map(|row| Self::new(site, row, of(row.id))).collect())
    }

    fn new(site: &Site, row: &collections::Collection, items: Vec<CollectionItem>) -> Self {
        Self {
            id: row.id,
            account_id: row.owner_id,
            uri: row.uri.clone(),
            url: row.url.clone(),
            name: row.name.clone(),
            description: row.description.clone(),
            language: row.language.clone(),
            local: row.local,
            sensitive: row.sensitive,
            discoverable: row.discoverable,
            tag: row.hashtag.as_ref().map(|name| ShallowTag { name: name.clone(), url: tag_url(site, name) }),
            item_count: items.len(),
            items,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl From<&Item> for CollectionItem {
    fn from(item: &Item) -> Self {
        Self { id: item.id, account_id: item.actor_id, state: item.state, created_at: item.created_at }
    }
}

impl CollectionWithAccounts {
    /// The entity of one collection.
    ///
    /// # Errors
    /// The database's.
    pub fn build(c: &mut Connection, site: &Site, viewer: Option<ActorId>, row: &collections::Collection) -> Result<Self> {
        let mut built = Collection::build_many(c, site, viewer, std::slice::from_ref(row))?;
        let collection = built.pop().ok_or(majlis_local::Error::NotFound("collection"))?;
        let mut ids = vec![row.owner_id];
        ids.extend(collection.items.iter().map(|item| item.account_id).filter(|id| *id != row.owner_id));
        let accounts = Account::load_many(c, site, &ids)?;
        Ok(Self { collection, accounts: ids.iter().filter_map(|id| accounts.get(id).cloned()).collect() })
    }
}
