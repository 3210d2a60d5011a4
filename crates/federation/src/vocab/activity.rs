//! Activities: what somebody does with something (ActivityPub §6, §7), one type for all verbs.
//! The object is an id or anything embedded; `Flag` has several.

use chrono::{DateTime, Utc};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{self, ParseError};
use super::kind::kinds;
use super::tag::Tag;
use super::{Audience, Object, read, time};

kinds! {
    /// What is done.
    pub enum ActivityKind {
        /// Publishes something new.
        Create,
        /// Publishes something again, changed.
        Update,
        /// Takes something back for good.
        Delete,
        /// Asks to receive somebody's posts.
        Follow,
        /// Says yes to a follow, a quote …
        Accept,
        /// Says no, or takes a yes back.
        Reject,
        /// Takes an activity back.
        Undo,
        /// Likes; with a `content`, reacts (Misskey).
        Like,
        /// Dislikes (Lemmy, PeerTube).
        Dislike,
        /// Reacts with an emoji (Pleroma, FEP-c0e0).
        EmojiReact,
        /// Boosts; of a group: passes on.
        Announce,
        /// Blocks somebody.
        Block,
        /// Pins, or adds to another collection.
        Add,
        /// Takes out of a collection.
        Remove,
        /// Goes elsewhere (FEP-7628).
        Move,
        /// Reports.
        Flag,
        /// Asks for leave to quote (FEP-044f).
        QuoteRequest,
        /// Asks for leave to put somebody into a collection (FEP-7aa9).
        FeatureRequest,
        /// Takes part in an event or a group.
        Join,
        /// Leaves an event or a group.
        Leave,
        /// Invites to an event or a group.
        Invite,
        /// Has seen (PeerTube).
        View,
        /// Has read.
        Read,
        /// Closes a thread to answers (Lemmy).
        Lock,
    }
}

/// An activity as it is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Its id; some embed activities without one.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is done.
    #[serde(rename = "type")]
    pub kind: ActivityKind,
    /// Who does it.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// To what; one nearly always, but a `Flag` has several. See [`Activity::object`].
    #[serde(
        default,
        deserialize_with = "read::many",
        serialize_with = "read::write_one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub object: Vec<Object>,
    /// Where to: the collection of an `Add`, the new account of a `Move`.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// By what: the quoting post of a `QuoteRequest`.
    #[serde(default, deserialize_with = "boxed", skip_serializing_if = "Option::is_none")]
    pub instrument: Option<Box<Object>>,
    /// What came of it: the stamp with which a `QuoteRequest` was accepted.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Primary addresses.
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Secondary addresses.
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// The group in which it is done (FEP-1b12).
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// When it was done.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub published: Option<DateTime<Utc>>,
    /// The words of a `Flag`, the emoji of a reaction.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The reason of a removal (Lemmy).
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The emoji of a `Like` (Misskey).
    #[serde(default, rename = "_misskey_reaction", deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub misskey_reaction: Option<String>,
    /// The picture of a custom emoji that is reacted with.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<Tag>,
}

impl Activity {
    /// An activity of an actor with an object.
    pub fn new(kind: ActivityKind, id: impl Into<String>, actor: impl Into<String>, object: Object) -> Self {
        Self {
            id: Some(id.into()),
            kind,
            actor: Some(actor.into()),
            object: vec![object],
            target: None,
            instrument: None,
            result: None,
            to: Vec::new(),
            cc: Vec::new(),
            audience: Vec::new(),
            published: None,
            content: None,
            summary: None,
            misskey_reaction: None,
            tag: Vec::new(),
        }
    }

    /// Says whom it is for.
    pub fn addressed(mut self, audience: Audience) -> Self {
        self.to = audience.to;
        self.cc = audience.cc;
        self
    }

    /// Says when it was done.
    pub fn at(mut self, published: DateTime<Utc>) -> Self {
        self.published = Some(published);
        self
    }

    /// Reads the body of an inbox request.
    ///
    /// # Errors
    /// [`ParseError::UnknownType`] for a type that is not an activity we know: to be answered with 202 and forgotten;
    /// the others for what is not an activity at all.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ParseError> {
        match Object::from_value(document::parse_value(bytes)?)? {
            Object::Activity(activity) => Ok(*activity),
            other => Err(ParseError::UnknownType(other.kind_name().unwrap_or_default().chars().take(64).collect())),
        }
    }

    /// What it is done to; the first, of several.
    pub fn object(&self) -> Option<&Object> {
        self.object.first()
    }

    /// The id of what it is done to.
    pub fn object_id(&self) -> Option<&str> {
        self.object().and_then(Object::id)
    }

    /// The emoji of a reaction, trimmed: `content`, else `_misskey_reaction`. A `Like` without one is a plain like.
    pub fn reaction(&self) -> Option<&str> {
        if !matches!(self.kind, ActivityKind::Like | ActivityKind::EmojiReact) {
            return None;
        }
        [&self.content, &self.misskey_reaction].into_iter().flatten().map(|text| text.trim()).find(|text| !text.is_empty())
    }
}

fn boxed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<Object>>, D::Error> {
    Ok(Object::deserialize(Value::deserialize(deserializer)?).ok().map(Box::new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Activity {
        Activity::from_slice(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn objects_are_ids_or_embedded() {
        let undo = read(json!({
            "id": "https://a.example/u", "type": "Undo", "actor": {"id": "https://a.example/amal", "type": "Person"},
            "object": {"id": "https://a.example/f", "type": "Follow", "actor": "https://a.example/amal", "object": "https://b.example/b"}
        }));
        assert_eq!(undo.actor.as_deref(), Some("https://a.example/amal"));
        let follow = undo.object().unwrap().as_activity().unwrap();
        assert_eq!((follow.kind, follow.object_id()), (ActivityKind::Follow, Some("https://b.example/b")));
        let bare = read(
            json!({"id": "https://a.example/u", "type": "Undo", "actor": "https://a.example/amal", "object": "https://a.example/f"}),
        );
        assert_eq!(bare.object_id(), Some("https://a.example/f"));
        let flag = read(
            json!({"id": "x:y", "type": "Flag", "actor": "https://a.example/actor", "object": ["https://b.example/b", "https://b.example/1"]}),
        );
        assert_eq!(flag.object.len(), 2);
    }

    #[test]
    fn reactions_stand_in_three_places() {
        let like = |extra: Value| {
            let mut value = json!({"id": "https://a.example/l", "type": "Like", "actor": "https://a.example/amal", "object": "https://b.example/1"});
            for (name, field) in extra.as_object().unwrap() {
                value[name] = field.clone();
            }
            read(value)
        };
        assert_eq!(like(json!({})).reaction(), None);
        assert_eq!(like(json!({"content": "🎉"})).reaction(), Some("🎉"));
        assert_eq!(like(json!({"_misskey_reaction": " :dallah: "})).reaction(), Some(":dallah:"));
        assert_eq!(like(json!({"type": "EmojiReact", "content": "🎉"})).reaction(), Some("🎉"));
        assert_eq!(like(json!({"type": "Flag", "content": "spam"})).reaction(), None);
    }

    #[test]
    fn other_types_are_told_apart_from_rubbish() {
        assert_eq!(
            Activity::from_slice(br#"{"type":"Dance","id":"https://a.example/d"}"#),
            Err(ParseError::UnknownType("Dance".into()))
        );
        assert_eq!(
            Activity::from_slice(br#"{"type":"Note","id":"https://a.example/n"}"#),
            Err(ParseError::UnknownType("Note".into()))
        );
        assert_eq!(Activity::from_slice(b"[]"), Err(ParseError::NotAnObject));
        assert!(matches!(Activity::from_slice(b"{"), Err(ParseError::Json(_))));
    }
}
