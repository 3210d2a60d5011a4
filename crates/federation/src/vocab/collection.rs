//! Collections and their pages (ActivityPub §5): outboxes, followers, replies, pinned posts.
//! Ordered or not, whole or paged, they are one type here; `items` holds what either property held.

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind::kinds;
use super::{Object, id, read};

kinds! {
    /// What kind of collection it is.
    pub enum CollectionKind {
        /// Items in no order.
        Collection,
        /// Items newest first.
        OrderedCollection,
        /// A page of the first.
        CollectionPage,
        /// A page of the second.
        OrderedCollectionPage,
    }
}

impl CollectionKind {
    /// Whether its items stand in `orderedItems`.
    pub fn is_ordered(self) -> bool {
        matches!(self, Self::OrderedCollection | Self::OrderedCollectionPage)
    }
}

/// A collection or one page of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// What it is.
    pub kind: CollectionKind,
    /// Its id; embedded ones may have none.
    pub id: Option<String>,
    /// How many items it has in all, by its server.
    pub total_items: Option<u64>,
    /// Its first page.
    pub first: Option<CollectionRef>,
    /// Its last page.
    pub last: Option<CollectionRef>,
    /// The page behind this one.
    pub next: Option<String>,
    /// The page before this one.
    pub prev: Option<String>,
    /// The collection of this page.
    pub part_of: Option<String>,
    /// The items, whole or as ids.
    pub items: Vec<Object>,
}

impl Collection {
    /// A collection without anything in it.
    pub fn new(kind: CollectionKind, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..Self::counted(None, 0).with_kind(kind) }
    }

    /// A collection that only says how much it holds, as likes and votes are told.
    pub fn counted(id: Option<String>, total: u64) -> Self {
        Self {
            kind: CollectionKind::Collection,
            id,
            total_items: Some(total),
            first: None,
            last: None,
            next: None,
            prev: None,
            part_of: None,
            items: Vec::new(),
        }
    }

    fn with_kind(self, kind: CollectionKind) -> Self {
        Self { kind, total_items: None, ..self }
    }

    /// The ids of the items.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.items.iter().filter_map(Object::id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, deserialize_with = "read::reference")]
    id: Option<String>,
    #[serde(rename = "type")]
    kind: CollectionKind,
    #[serde(default, deserialize_with = "read::count")]
    total_items: Option<u64>,
    #[serde(default, deserialize_with = "read::lenient")]
    first: Option<CollectionRef>,
    #[serde(default, deserialize_with = "read::lenient")]
    last: Option<CollectionRef>,
    #[serde(default, deserialize_with = "read::reference")]
    next: Option<String>,
    #[serde(default, deserialize_with = "read::reference")]
    prev: Option<String>,
    #[serde(default, deserialize_with = "read::reference")]
    part_of: Option<String>,
    #[serde(default, deserialize_with = "read::many")]
    items: Vec<Object>,
    #[serde(default, deserialize_with = "read::many")]
    ordered_items: Vec<Object>,
}

impl<'de> Deserialize<'de> for Collection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { id, kind, total_items, first, last, next, prev, part_of, mut items, ordered_items } =
            Wire::deserialize(deserializer)?;
        items.extend(ordered_items);
        Ok(Self { kind, id, total_items, first, last, next, prev, part_of, items })
    }
}

impl Serialize for Collection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        map.serialize_entry("type", &self.kind)?;
        if let Some(total) = self.total_items {
            map.serialize_entry("totalItems", &total)?;
        }
        for (name, page) in [("first", &self.first), ("last", &self.last)] {
            if let Some(page) = page {
                map.serialize_entry(name, page)?;
            }
        }
        for (name, id) in [("next", &self.next), ("prev", &self.prev), ("partOf", &self.part_of)] {
            if let Some(id) = id {
                map.serialize_entry(name, id)?;
            }
        }
        if !self.items.is_empty() {
            map.serialize_entry(if self.kind.is_ordered() { "orderedItems" } else { "items" }, &self.items)?;
        }
        map.end()
    }
}

/// A collection where it belongs to something: its id, or all of it.
#[derive(Clone, Debug, PartialEq)]
pub enum CollectionRef {
    /// Only its id.
    Id(String),
    /// The collection or page itself.
    Embedded(Box<Collection>),
}

impl CollectionRef {
    /// Its id, if it has one.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Embedded(collection) => collection.id.as_deref(),
        }
    }

    /// How many items it says it has.
    pub fn total(&self) -> Option<u64> {
        match self {
            Self::Id(_) => None,
            Self::Embedded(collection) => collection.total_items,
        }
    }
}

impl<'de> Deserialize<'de> for CollectionRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = Value::deserialize(deserializer)?;
        if let Value::String(text) = &value {
            return id::valid(text).map(|id| Self::Id(id.to_owned())).ok_or_else(|| D::Error::custom("not an id"));
        }
        match Collection::deserialize(&value) {
            Ok(collection) => Ok(Self::Embedded(Box::new(collection))),
            Err(error) => read::id_of(Some(&value)).map(Self::Id).ok_or_else(|| D::Error::custom(error)),
        }
    }
}

impl Serialize for CollectionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => serializer.serialize_str(id),
            Self::Embedded(collection) => collection.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ordered_and_unordered_are_read_and_written() {
        for value in [
            json!({"id": "https://a.example/o", "type": "OrderedCollection", "totalItems": 2, "first": "https://a.example/o?page=1"}),
            json!({"id": "https://a.example/o?page=1", "type": "OrderedCollectionPage", "next": "https://a.example/o?page=2",
                   "partOf": "https://a.example/o", "orderedItems": ["https://a.example/1", {"id": "https://a.example/2", "type": "Note"}]}),
            json!({"id": "https://a.example/r", "type": "Collection",
                   "first": {"type": "CollectionPage", "partOf": "https://a.example/r", "items": ["https://b.example/1"]}}),
        ] {
            let collection: Collection = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&collection).unwrap(), value);
        }
    }

    #[test]
    fn items_may_be_single_and_broken_ones_are_left_out() {
        let collection: Collection = serde_json::from_value(
            json!({"type": "OrderedCollection", "orderedItems": [5, "https://a.example/1"], "items": "https://a.example/2"}),
        )
        .unwrap();
        assert_eq!(collection.ids().collect::<Vec<_>>(), ["https://a.example/2", "https://a.example/1"]);
    }

    #[test]
    fn a_reference_is_an_id_or_a_collection() {
        let read = |value| serde_json::from_value::<CollectionRef>(value).unwrap();
        assert_eq!(read(json!("https://a.example/r")).id(), Some("https://a.example/r"));
        assert_eq!(read(json!({"id": "https://a.example/r", "type": "Odd"})).id(), Some("https://a.example/r"));
        let counted = read(json!({"id": "https://a.example/l", "type": "Collection", "totalItems": 4}));
        assert_eq!((counted.id(), counted.total()), (Some("https://a.example/l"), Some(4)));
    }
}
