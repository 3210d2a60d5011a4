//! Actors: people, services, groups, organisations and applications (ActivityPub §4).
//! An actor without id, inbox or name is not an actor: reading fails, and it is kept as an unknown object.

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kind::kinds;
use super::link::{self, Link, Media, picture, write_url};
use super::policy::InteractionPolicy;
use super::tag::Tag;
use super::{read, time};

/// What FEP-844e calls RFC 9421 in `implements`; a fragment may follow.
pub const RFC9421: &str = "https://datatracker.ietf.org/doc/html/rfc9421";

kinds! {
    /// What an actor is.
    pub enum ActorKind {
        /// A human being.
        Person,
        /// A bot.
        Service,
        /// A community that shares what is sent to it (FEP-1b12).
        Group,
        /// Several people under one name.
        Organization,
        /// A program, most often a server's own actor.
        Application,
    }
}

/// An actor as it is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actor {
    /// Its id, where it is fetched from.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ActorKind,
    /// The name in its handle.
    pub preferred_username: String,
    /// Where activities for it go.
    pub inbox: String,
    /// What it did.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub outbox: Option<String>,
    /// Its followers.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub followers: Option<String>,
    /// Whom it follows.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub following: Option<String>,
    /// Its pinned posts.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub featured: Option<String>,
    /// The hashtags it features (Mastodon).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub featured_tags: Option<String>,
    /// The inbox that it shares with others of its server.
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,
    /// Its name for display.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its biography, HTML.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Its page.
    #[serde(default, deserialize_with = "read::many", serialize_with = "write_url", skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<Link>,
    /// Its avatar.
    #[serde(default, deserialize_with = "picture", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Media>,
    /// Its header.
    #[serde(default, deserialize_with = "picture", skip_serializing_if = "Option::is_none")]
    pub image: Option<Media>,
    /// The fields of its profile.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub attachment: Vec<Field>,
    /// Custom emoji and hashtags of its name, biography and fields.
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub tag: Vec<Tag>,
    /// The RSA keys that sign for it. One of them nearly always, but the property may be an array.
    #[serde(
        default,
        deserialize_with = "read::many",
        serialize_with = "read::write_one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub public_key: Vec<ActorKey>,
    /// Its Ed25519 keys (FEP-521a).
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub assertion_method: Vec<Multikey>,
    /// Whether follows wait for approval.
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub manually_approves_followers: Option<bool>,
    /// Whether it may be listed and suggested (Mastodon).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub discoverable: Option<bool>,
    /// Whether its public posts may be searched (FEP-5feb).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub indexable: Option<bool>,
    /// Other ids of its, for a Move (FEP-7628).
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub also_known_as: Vec<String>,
    /// Where it went (FEP-7628).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
    /// Whether its owner has died (Mastodon).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub memorial: Option<bool>,
    /// Whether its server has suspended it (Mastodon).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
    /// When it joined.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub published: Option<DateTime<Utc>>,
    /// When it changed.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub updated: Option<DateTime<Utc>>,
    /// Its handle without the leading `@` (FEP-2c59); see [`Actor::handle`].
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub webfinger: Option<String>,
    /// The software that speaks for it (FEP-844e).
    #[serde(default, deserialize_with = "generator", skip_serializing_if = "Option::is_none")]
    pub generator: Option<Generator>,
    /// What a server's own actor can do (FEP-844e).
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub implements: Vec<Capability>,
    /// The moderators of a group: a collection, or actors (FEP-1b12).
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub attributed_to: Vec<String>,
    /// Whether only moderators may post to a group (Lemmy).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub posting_restricted_to_mods: Option<bool>,
    /// Who may put it into collections (FEP-7aa9).
    #[serde(default, deserialize_with = "read::lenient", skip_serializing_if = "Option::is_none")]
    pub interaction_policy: Option<InteractionPolicy>,
    /// Its collections of people (FEP-7aa9).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub featured_collections: Option<String>,
    /// Domains whose pages may name it as their author (Mastodon).
    #[serde(default, deserialize_with = "read::references", skip_serializing_if = "Vec::is_empty")]
    pub attribution_domains: Vec<String>,
}

impl Actor {
    /// An actor with what is necessary and nothing else.
    pub fn new(kind: ActorKind, id: impl Into<String>, preferred_username: impl Into<String>, inbox: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind,
            preferred_username: preferred_username.into(),
            inbox: inbox.into(),
            outbox: None,
            followers: None,
            following: None,
            featured: None,
            featured_tags: None,
            endpoints: None,
            name: None,
            summary: None,
            url: Vec::new(),
            icon: None,
            image: None,
            attachment: Vec::new(),
            tag: Vec::new(),
            public_key: Vec::new(),
            assertion_method: Vec::new(),
            manually_approves_followers: None,
            discoverable: None,
            indexable: None,
            also_known_as: Vec::new(),
            moved_to: None,
            memorial: None,
            suspended: None,
            published: None,
            updated: None,
            webfinger: None,
            generator: None,
            implements: Vec::new(),
            attributed_to: Vec::new(),
            posting_restricted_to_mods: None,
            interaction_policy: None,
            featured_collections: None,
            attribution_domains: Vec::new(),
        }
    }

    /// The shared inbox of its server, if it names one.
    pub fn shared_inbox(&self) -> Option<&str> {
        self.endpoints.as_ref()?.shared_inbox.as_deref()
    }

    /// Its page for browsers.
    pub fn web_page(&self) -> Option<&str> {
        link::web_page(&self.url)
    }

    /// The handle that it claims by FEP-2c59, `user@domain`: still to be proved by webfinger.
    pub fn handle(&self) -> Option<&str> {
        let handle = self.webfinger.as_deref()?;
        Some(handle.trim_start_matches("acct:").trim_start_matches('@')).filter(|handle| handle.contains('@'))
    }

    /// The key of that id, with or without a fragment; the only key when it has no id that could be compared.
    pub fn key(&self, key_id: &str) -> Option<&ActorKey> {
        self.public_key.iter().find(|key| key.id == key_id)
    }

    /// Whether its server says that it understands RFC 9421 (FEP-844e).
    pub fn implements_rfc9421(&self) -> bool {
        let offered = self.generator.iter().flat_map(|generator| &generator.implements).chain(&self.implements);
        offered.into_iter().any(|capability| capability.href.split('#').next() == Some(RFC9421))
    }
}

/// Addresses that belong to an actor's server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// One inbox for many actors (ActivityPub §7.1.3).
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub shared_inbox: Option<String>,
}

/// An RSA key as actors publish it (`https://w3id.org/security/v1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorKey {
    /// The key id that signatures name.
    pub id: String,
    /// The actor that owns it.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The key in PEM.
    pub public_key_pem: String,
}

/// An Ed25519 key as actors publish it (FEP-521a).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Multikey {
    /// The key id that proofs name.
    pub id: String,
    #[serde(rename = "type")]
    kind: MultikeyKind,
    /// The actor that owns it.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// The key, `z6Mk…`.
    pub public_key_multibase: String,
}

impl Multikey {
    /// A key of an actor.
    pub fn new(id: impl Into<String>, controller: impl Into<String>, public_key_multibase: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: MultikeyKind::Multikey,
            controller: Some(controller.into()),
            public_key_multibase: public_key_multibase.into(),
        }
    }
}

kinds! {
    /// The one type of such keys.
    pub enum MultikeyKind {
        /// As it says.
        Multikey,
    }
}

/// One field of a profile: `PropertyValue`, or a note with a name (FEP-fb2a).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    #[serde(rename = "type")]
    kind: &'static str,
    /// The label, plain text.
    pub name: String,
    /// The value, HTML.
    pub value: String,
}

impl Field {
    /// A field with a plain label and a value in HTML.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { kind: "PropertyValue", name: name.into(), value: value.into() }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "type", default, deserialize_with = "read::text")]
            kind: Option<String>,
            #[serde(default, deserialize_with = "read::text")]
            name: Option<String>,
            #[serde(default, deserialize_with = "read::text")]
            value: Option<String>,
            #[serde(default, deserialize_with = "read::text")]
            content: Option<String>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let value = match wire.kind.as_deref() {
            Some("PropertyValue" | "schema:PropertyValue") => wire.value,
            Some("Note") => wire.content,
            _ => None,
        };
        match (wire.name, value) {
            (Some(name), Some(value)) => Ok(Self::new(name, value)),
            _ => Err(D::Error::custom("not a field")),
        }
    }
}

/// The software behind an actor or a post.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generator {
    /// Most often `Application`.
    #[serde(rename = "type", default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its actor, if it has one.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its page.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it can do (FEP-844e).
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    pub implements: Vec<Capability>,
}

/// Reads a `generator`, which may be an id alone.
pub(crate) fn generator<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Generator>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => super::id::valid(&text).map(|id| Generator { id: Some(id.to_owned()), ..Generator::default() }),
        value @ Value::Object(_) => Generator::deserialize(value).ok(),
        _ => None,
    })
}

/// One thing that a server can do (FEP-844e).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// Its identifier.
    pub href: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let link = Link::deserialize(deserializer)?;
        Ok(Self { href: link.href, name: link.name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(extra: Value) -> Actor {
        let mut value = json!({"id": "https://a.example/amal", "type": "Person", "preferredUsername": "amal", "inbox": "https://a.example/amal/inbox"});
        for (name, field) in extra.as_object().unwrap() {
            value[name] = field.clone();
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_is_necessary_is_written_and_nothing_else() {
        let actor = Actor::new(ActorKind::Person, "https://a.example/amal", "amal", "https://a.example/amal/inbox");
        assert_eq!(read(json!({})), actor);
        assert_eq!(
            serde_json::to_value(&actor).unwrap(),
            json!({"id": "https://a.example/amal", "type": "Person", "preferredUsername": "amal", "inbox": "https://a.example/amal/inbox"})
        );
    }

    #[test]
    fn keys_may_be_one_or_many() {
        let key = json!({"id": "https://a.example/amal#main-key", "owner": "https://a.example/amal", "publicKeyPem": "PEM"});
        let one = read(json!({"publicKey": key}));
        assert_eq!(one.key("https://a.example/amal#main-key").unwrap().public_key_pem, "PEM");
        assert_eq!(serde_json::to_value(&one).unwrap()["publicKey"], key);
        let many = read(json!({"publicKey": ["https://a.example/key", {"id": "x"}, key]}));
        assert_eq!(many.public_key, one.public_key);
        assert_eq!(many.key("https://a.example/other"), None);
    }

    #[test]
    fn fields_are_property_values_or_named_notes() {
        let actor = read(json!({"attachment": [
            {"type": "PropertyValue", "name": "Site", "value": "<a>x</a>"},
            {"type": "Note", "name": "Pronouns", "content": "she"},
            {"type": "IdentityProof", "name": "x", "value": "y"},
            {"type": "PropertyValue", "name": "no value"},
        ]}));
        assert_eq!(actor.attachment, [Field::new("Site", "<a>x</a>"), Field::new("Pronouns", "she")]);
    }

    #[test]
    fn capabilities_are_found_on_the_actor_and_on_its_generator() {
        let capability = json!({"href": RFC9421, "name": "RFC-9421: HTTP Message Signatures"});
        assert!(read(json!({"generator": {"type": "Application", "implements": [capability]}})).implements_rfc9421());
        assert!(read(json!({"generator": {"implements": capability}})).implements_rfc9421());
        assert!(read(json!({"implements": [format!("{RFC9421}#name-eddsa-using-curve-edwards25")]})).implements_rfc9421());
        assert!(!read(json!({"generator": "https://a.example/actor"})).implements_rfc9421());
        assert!(!read(json!({"implements": ["https://datatracker.ietf.org/doc/html/rfc9421bis"]})).implements_rfc9421());
    }

    #[test]
    fn the_claimed_handle_is_bare() {
        for text in ["amal@a.example", "@amal@a.example", "acct:amal@a.example"] {
            assert_eq!(read(json!({"webfinger": text})).handle(), Some("amal@a.example"));
        }
        assert_eq!(read(json!({"webfinger": "amal"})).handle(), None);
    }

    #[test]
    fn odd_shapes_cost_only_their_property() {
        let actor = read(json!({
            "summary": 5, "icon": "", "endpoints": [], "manuallyApprovesFollowers": "true", "alsoKnownAs": "https://b.example/b",
            "published": "sometime", "url": {}, "tag": {"type": "Emoji"}, "movedTo": {"id": "https://c.example/c"}, "assertionMethod": ["x"]
        }));
        assert_eq!((actor.summary, actor.icon, actor.endpoints, actor.published), (None, None, None, None));
        assert_eq!(actor.manually_approves_followers, Some(true));
        assert_eq!(actor.also_known_as, ["https://b.example/b"]);
        assert_eq!(actor.moved_to.as_deref(), Some("https://c.example/c"));
        assert!(actor.assertion_method.is_empty());
    }
}
