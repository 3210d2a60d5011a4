//! The ActivityStreams vocabulary as the fediverse speaks it, each thing modelled once, for reading and for writing.
//! Reading is lenient: what we do not know is passed over, what has a wrong shape counts as missing. Dispatch is by `type`.

pub mod activity;
pub mod actor;
pub mod audience;
pub mod collection;
pub mod document;
pub mod envelope;
pub mod featured;
pub mod id;
pub mod kind;
pub mod link;
pub mod note;
pub mod policy;
pub mod poll;
mod read;
pub mod tag;
pub mod time;
pub mod tombstone;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

pub use activity::{Activity, ActivityKind};
pub use actor::{Actor, ActorKey, ActorKind, Capability, Endpoints, Field, Generator, Multikey};
pub use audience::{Audience, PUBLIC, Visibility};
pub use collection::{Collection, CollectionKind, CollectionRef};
pub use document::{Document, ParseError, to_json};
pub use envelope::Envelope;
pub use featured::{FeatureAuthorization, FeaturedCollection, FeaturedItem};
pub use link::{Link, Media};
pub use note::{Attribution, Language, Note, NoteKind, Source};
pub use policy::{InteractionPolicy, QuoteAuthorization, Rule};
pub use poll::{Closed, PollOption};
pub use tag::{Tag, TagKind};
pub use tombstone::Tombstone;

/// Anything that stands where ActivityStreams allows an object: an id, or the thing itself, by its `type`.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// Only its id.
    Id(String),
    /// A person, group, service …
    Actor(Box<Actor>),
    /// A note, or another kind of object that is shown as a post.
    Note(Box<Note>),
    /// An activity inside an activity: `Undo{Follow}`, `Announce{Create{Page}}`.
    Activity(Box<Activity>),
    /// A collection or one page of it.
    Collection(Box<Collection>),
    /// What is left of a deleted object.
    Tombstone(Tombstone),
    /// Somebody's leave to quote them (FEP-044f).
    QuoteAuthorization(QuoteAuthorization),
    /// A collection of people.
    FeaturedCollection(Box<FeaturedCollection>),
    /// Somebody's place in a collection of people.
    FeaturedItem(Box<FeaturedItem>),
    /// The leave to put somebody into a collection.
    FeatureAuthorization(FeatureAuthorization),
    /// A type that we do not know, or one whose necessary properties are missing.
    Other(Unknown),
}

/// An object that we cannot use, kept whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// Its id, when it has one.
    pub id: Option<String>,
    /// Its first `type`; empty when it has none.
    pub kind: String,
    /// All of it.
    pub value: Value,
}

impl Object {
    /// Reads a document.
    ///
    /// # Errors
    /// [`ParseError`] when it is not JSON, nests too deeply, or is neither an id nor an object.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ParseError> {
        let value = document::parse_value(bytes)?;
        Self::from_value(value)
    }

    /// Reads a document that is already JSON.
    ///
    /// # Errors
    /// [`ParseError::NotAnObject`].
    pub fn from_value(value: Value) -> Result<Self, ParseError> {
        let fields = match value {
            Value::String(text) => return id::valid(&text).map(|id| Self::Id(id.to_owned())).ok_or(ParseError::NotAnObject),
            Value::Object(_) => value,
            _ => return Err(ParseError::NotAnObject),
        };
        let names = kind::names(fields.get("type").or_else(|| fields.get("@type")));
        let own_id = read::id_of(fields.get("id").or_else(|| fields.get("@id")));
        if let (true, Some(id)) = (names.is_empty(), &own_id) {
            return Ok(Self::Id(id.clone()));
        }
        Ok(read_known(&names, &fields).unwrap_or_else(|| {
            Self::Other(Unknown { id: own_id, kind: names.into_iter().next().unwrap_or_default(), value: fields })
        }))
    }

    /// The id of the thing, wherever it stands.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Actor(actor) => Some(&actor.id),
            Self::Note(note) => Some(&note.id),
            Self::Activity(activity) => activity.id.as_deref(),
            Self::Collection(collection) => collection.id.as_deref(),
            Self::Tombstone(tombstone) => Some(&tombstone.id),
            Self::QuoteAuthorization(stamp) => Some(&stamp.id),
            Self::FeaturedCollection(collection) => Some(&collection.id),
            Self::FeaturedItem(item) => Some(&item.id),
            Self::FeatureAuthorization(stamp) => Some(&stamp.id),
            Self::Other(unknown) => unknown.id.as_deref(),
        }
    }

    /// The name of its type; `None` for a bare id.
    pub fn kind_name(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Actor(actor) => Some(actor.kind.as_str()),
            Self::Note(note) => Some(note.kind.as_str()),
            Self::Activity(activity) => Some(activity.kind.as_str()),
            Self::Collection(collection) => Some(collection.kind.as_str()),
            Self::Tombstone(_) => Some("Tombstone"),
            Self::QuoteAuthorization(_) => Some("QuoteAuthorization"),
            Self::FeaturedCollection(_) => Some("FeaturedCollection"),
            Self::FeaturedItem(_) => Some("FeaturedItem"),
            Self::FeatureAuthorization(_) => Some("FeatureAuthorization"),
            Self::Other(unknown) => Some(&unknown.kind),
        }
    }

    /// The post, if it is one.
    pub fn as_note(&self) -> Option<&Note> {
        match self {
            Self::Note(note) => Some(note),
            _ => None,
        }
    }

    /// The actor, if it is one.
    pub fn as_actor(&self) -> Option<&Actor> {
        match self {
            Self::Actor(actor) => Some(actor),
            _ => None,
        }
    }

    /// The activity, if it is one.
    pub fn as_activity(&self) -> Option<&Activity> {
        match self {
            Self::Activity(activity) => Some(activity),
            _ => None,
        }
    }
}

/// The first of the types that we know, if the rest of the object bears it out.
fn read_known(names: &[String], value: &Value) -> Option<Object> {
    for name in names {
        let known = if ActivityKind::from_name(name).is_some() {
            Activity::deserialize(value).ok().map(|it| Object::Activity(Box::new(it)))
        } else if NoteKind::from_name(name).is_some() {
            Note::deserialize(value).ok().map(|it| Object::Note(Box::new(it)))
        } else if ActorKind::from_name(name).is_some() {
            Actor::deserialize(value).ok().map(|it| Object::Actor(Box::new(it)))
        } else if CollectionKind::from_name(name).is_some() {
            Collection::deserialize(value).ok().map(|it| Object::Collection(Box::new(it)))
        } else if name == "Tombstone" {
            Tombstone::deserialize(value).ok().map(Object::Tombstone)
        } else if name == "QuoteAuthorization" {
            QuoteAuthorization::deserialize(value).ok().map(Object::QuoteAuthorization)
        } else if name == "FeaturedCollection" {
            FeaturedCollection::deserialize(value).ok().map(|it| Object::FeaturedCollection(Box::new(it)))
        } else if name == "FeaturedItem" {
            FeaturedItem::deserialize(value).ok().map(|it| Object::FeaturedItem(Box::new(it)))
        } else if name == "FeatureAuthorization" {
            FeatureAuthorization::deserialize(value).ok().map(Object::FeatureAuthorization)
        } else {
            None
        };
        if known.is_some() {
            return known;
        }
    }
    None
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => serializer.serialize_str(id),
            Self::Actor(actor) => actor.serialize(serializer),
            Self::Note(note) => note.serialize(serializer),
            Self::Activity(activity) => activity.serialize(serializer),
            Self::Collection(collection) => collection.serialize(serializer),
            Self::Tombstone(tombstone) => tombstone.serialize(serializer),
            Self::QuoteAuthorization(stamp) => stamp.serialize(serializer),
            Self::FeaturedCollection(collection) => collection.serialize(serializer),
            Self::FeaturedItem(item) => item.serialize(serializer),
            Self::FeatureAuthorization(stamp) => stamp.serialize(serializer),
            Self::Other(unknown) => unknown.value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn dispatch_is_by_type() {
        for (value, kind) in [
            (json!({"type": "Note", "id": "https://a.example/1"}), "Note"),
            (json!({"type": ["Odd", "Note"], "id": "https://a.example/1"}), "Note"),
            (json!({"type": "as:Question", "id": "https://a.example/1"}), "Question"),
            (json!({"type": "Tombstone", "id": "https://a.example/1"}), "Tombstone"),
            (json!({"type": "OrderedCollection", "id": "https://a.example/1"}), "OrderedCollection"),
            (json!({"type": "Like", "id": "https://a.example/1"}), "Like"),
            (json!({"type": "Dinner", "id": "https://a.example/1"}), "Dinner"),
        ] {
            let object = Object::from_value(value).unwrap();
            assert_eq!(object.kind_name(), Some(kind));
            assert_eq!(object.id(), Some("https://a.example/1"));
        }
    }

    #[test]
    fn an_object_without_what_it_needs_is_kept_as_unknown() {
        let half = Object::from_value(json!({"type": "Person", "id": "https://a.example/amal"})).unwrap();
        assert!(matches!(&half, Object::Other(unknown) if unknown.kind == "Person"), "{half:?}");
        assert_eq!(Object::from_value(json!({"id": "https://a.example/1"})).unwrap(), Object::Id("https://a.example/1".into()));
        for value in [json!(null), json!(5), json!([]), json!(""), json!("not an id"), json!("a".repeat(3000))] {
            assert_eq!(Object::from_value(value), Err(ParseError::NotAnObject));
        }
    }

    /// Any JSON, nested a little.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(json!("https://a.example/1")),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let name = "type|id|object|actor|to|url|icon|tag|attachment|published|oneOf|replies|publicKey|content|contentMap|closed|[a-z]{1,6}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn no_object_panics_and_every_object_can_be_written(
            kind in "Note|Question|Person|Create|Undo|Flag|OrderedCollection|Tombstone|QuoteAuthorization|Video|FeaturedCollection|FeaturedItem",
            fields in prop::collection::btree_map(
                "actor|object|to|cc|url|icon|tag|attachment|published|oneOf|replies|publicKey|content|contentMap|closed|inbox|endpoints|interactionPolicy|source|quote",
                any_json(),
                0..10,
            ),
        ) {
            let mut value = json!({"type": kind, "id": "https://a.example/1", "inbox": "https://a.example/in", "preferredUsername": "a"});
            for (name, field) in fields {
                value[name] = field;
            }
            let object = Object::from_value(value).unwrap();
            let written = serde_json::to_value(&object).unwrap();
            // What we write we read as the same.
            prop_assert_eq!(Object::from_value(written).unwrap(), object);
        }
    }
}
