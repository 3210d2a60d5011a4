//! Collections of people (FEP-7aa9): the collection, its items, and the stamp by which somebody agrees to stand in it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::kind::kinds;
use super::link::{Link, write_url};
use super::tag::Tag;
use super::{Object, read, time};

kinds! {
    /// The one type of a collection of people.
    pub enum FeaturedCollectionKind {
        /// As it says.
        FeaturedCollection,
    }
}

kinds! {
    /// The one type of an item.
    pub enum FeaturedItemKind {
        /// As it says.
        FeaturedItem,
    }
}

kinds! {
    /// The one type of a stamp.
    pub enum FeatureAuthorizationKind {
        /// As it says.
        FeatureAuthorization,
    }
}

/// People whom somebody recommends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeaturedCollection {
    /// Its id.
    pub id: String,
    #[serde(rename = "type")]
    kind: FeaturedCollectionKind,
    /// Whose it is.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub attributed_to: Option<String>,
    /// Its name, plain text.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description, when no language is known.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Its description by language.
    #[serde(default, deserialize_with = "read::languages", skip_serializing_if = "BTreeMap::is_empty")]
    pub summary_map: BTreeMap<String, String>,
    /// Its page.
    #[serde(default, deserialize_with = "read::many", serialize_with = "write_url", skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<Link>,
    /// Whether it may be disturbing.
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// Whether it is shown on its owner's profile.
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub discoverable: Option<bool>,
    /// A hashtag that says what it is about.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub topic: Option<Tag>,
    /// How many stand in it.
    #[serde(default, deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    pub total_items: Option<u64>,
    /// Who stands in it.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub ordered_items: Vec<Object>,
    /// When it was made.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub published: Option<DateTime<Utc>>,
    /// When it changed.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub updated: Option<DateTime<Utc>>,
}

impl FeaturedCollection {
    /// A collection of `owner` without anybody in it.
    pub fn new(id: impl Into<String>, owner: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: FeaturedCollectionKind::FeaturedCollection,
            attributed_to: Some(owner.into()),
            name: None,
            summary: None,
            summary_map: BTreeMap::new(),
            url: Vec::new(),
            sensitive: None,
            discoverable: None,
            topic: None,
            total_items: None,
            ordered_items: Vec::new(),
            published: None,
            updated: None,
        }
    }
}

/// Somebody's place in a collection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeaturedItem {
    /// Its id.
    pub id: String,
    #[serde(rename = "type")]
    kind: FeaturedItemKind,
    /// Who stands there.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub featured_object: Option<String>,
    /// What it is: `Person`.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub featured_object_type: Option<String>,
    /// The stamp by which it agreed.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub feature_authorization: Option<String>,
}

impl FeaturedItem {
    /// The place of `who`, an actor of the type `kind`.
    pub fn new(id: impl Into<String>, who: impl Into<String>, kind: &str, stamp: Option<String>) -> Self {
        Self {
            id: id.into(),
            kind: FeaturedItemKind::FeaturedItem,
            featured_object: Some(who.into()),
            featured_object_type: Some(kind.to_owned()),
            feature_authorization: stamp,
        }
    }
}

/// Somebody's leave to be put into a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeatureAuthorization {
    /// Its id; on the origin of whoever gives the leave.
    pub id: String,
    #[serde(rename = "type")]
    kind: FeatureAuthorizationKind,
    /// The collection.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub interacting_object: Option<String>,
    /// Who may be put into it.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub interaction_target: Option<String>,
}

impl FeatureAuthorization {
    /// The leave of `who` to stand in `collection`.
    pub fn new(id: impl Into<String>, collection: impl Into<String>, who: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: FeatureAuthorizationKind::FeatureAuthorization,
            interacting_object: Some(collection.into()),
            interaction_target: Some(who.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_collection_is_read_as_mastodon_writes_it() {
        let object = Object::from_value(json!({
            "id": "https://m.example/ap/1/collections/2", "type": "FeaturedCollection", "totalItems": 1, "name": "Nice",
            "attributedTo": "https://m.example/ap/1", "url": "https://m.example/collections/2", "sensitive": false,
            "discoverable": true, "published": "2026-02-25T11:35:01Z", "updated": "2026-02-25T11:35:01Z",
            "summaryMap": {"en": "Very nice"}, "topic": {"type": "Hashtag", "href": "https://m.example/tags/x", "name": "#x"},
            "orderedItems": [{
                "id": "https://m.example/ap/1/collection_items/3", "type": "FeaturedItem",
                "featuredObject": "https://a.example/amal", "featuredObjectType": "Person",
                "featureAuthorization": "https://a.example/stamps/1"
            }]
        }))
        .unwrap();
        let Object::FeaturedCollection(collection) = &object else { panic!("{object:?}") };
        assert_eq!(collection.summary_map["en"], "Very nice");
        assert_eq!(collection.topic.as_ref().unwrap().hashtag_name(), Some("x"));
        let Object::FeaturedItem(item) = &collection.ordered_items[0] else { panic!("{:?}", collection.ordered_items) };
        assert_eq!(item.featured_object.as_deref(), Some("https://a.example/amal"));
        let written = serde_json::to_value(&object).unwrap();
        assert_eq!(Object::from_value(written).unwrap(), object);
        let empty = Object::from_value(json!({"id": "https://m.example/1", "type": "FeaturedCollection", "summaryMap": 5}));
        assert!(matches!(empty.unwrap(), Object::FeaturedCollection(_)));
    }
}
