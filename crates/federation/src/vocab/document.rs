//! Whole documents: bytes read as bounded JSON, and ours written with their `@context`.
//! Terms are written compact and canonical: Akkoma and Mastodon's peers do not process JSON-LD.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use mime::Mime;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Activity, ActivityKind, Actor, Collection, FeatureAuthorization, FeaturedCollection, FeaturedItem, Note, Object,
    QuoteAuthorization, Tombstone,
};

/// How deep a document may nest. Real ones stay below ten; Pixelfed refuses more than eight.
pub const MAX_DEPTH: usize = 32;
/// How large a document may be, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The media type of what we send.
pub const CONTENT_TYPE: &str = "application/activity+json";
/// What we ask for when we fetch.
pub const ACCEPT: &str = "application/activity+json, application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"";

/// Whether a media type is ActivityPub's: `application/activity+json`, or `application/ld+json` with the profile
/// (ActivityPub §3.2). Other parameters may stand anywhere: Misskey puts a charset behind the profile.
pub fn is_activity_json(content_type: &str) -> bool {
    let Ok(kind) = content_type.parse::<Mime>() else { return false };
    match kind.essence_str() {
        "application/activity+json" => true,
        "application/ld+json" => kind
            .get_param("profile")
            .is_some_and(|profile| profile.as_str().split_ascii_whitespace().any(|profile| profile == ACTIVITY_STREAMS)),
        _ => false,
    }
}

/// Whether a media type is JSON of any kind.
pub fn is_json(content_type: &str) -> bool {
    let Ok(kind) = content_type.parse::<Mime>() else { return false };
    kind.subtype() == mime::JSON || kind.suffix() == Some(mime::JSON)
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// More than [`MAX_BYTES`].
    TooLarge,
    /// Nested more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// Not JSON; says where.
    Json(String),
    /// JSON, but neither an id nor an object.
    NotAnObject,
    /// An object of a type that was not expected here.
    UnknownType(String),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the document is larger than {MAX_BYTES} bytes"),
            Self::TooDeep => write!(f, "the document nests more than {MAX_DEPTH} deep"),
            Self::Json(error) => write!(f, "the document is not JSON: {error}"),
            Self::NotAnObject => f.write_str("the document is not an object"),
            Self::UnknownType(kind) => write!(f, "the document is of the type {kind:?}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads bytes as JSON, within bounds of size and depth.
///
/// # Errors
/// [`ParseError::TooLarge`], [`ParseError::TooDeep`], [`ParseError::Json`].
pub fn parse_value(bytes: &[u8]) -> Result<Value, ParseError> {
    serde_json::from_slice(&readable(bytes)?).map_err(|error| ParseError::Json(error.to_string()))
}

/// Refuses bytes that are too many or nest too deeply, before anything is built from them. PostgreSQL holds no text with
/// U+0000: U+FFFD stands in its place in what is given back.
///
/// # Errors
/// [`ParseError::TooLarge`], [`ParseError::TooDeep`].
pub(crate) fn readable(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ParseError> {
    const NOTHING: &[u8] = b"u0000";
    if bytes.len() > MAX_BYTES {
        return Err(ParseError::TooLarge);
    }
    let mut read = Cow::Borrowed(bytes);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'u' if escaped => {
                escaped = false;
                if bytes[at..].starts_with(NOTHING) {
                    read.to_mut()[at..at + NOTHING.len()].copy_from_slice(b"ufffd");
                }
            }
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(ParseError::TooDeep);
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(read)
}

/// What can stand as a document of its own, with a `@context`.
pub trait Document: Serialize {
    /// The `@context` that explains its terms.
    fn context(&self) -> &'static Value;
}

/// Writes a document with its `@context`.
///
/// # Errors
/// Those of the serializer; none is known.
pub fn to_json<T: Document>(document: &T) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct WithContext<'a, T> {
        #[serde(rename = "@context")]
        context: &'static Value,
        #[serde(flatten)]
        document: &'a T,
    }
    serde_json::to_string(&WithContext { context: document.context(), document })
}

/// The beginning of an ordered collection that is too large to be held: its items follow, with commas between them, and
/// [`closing`] ends it. `of_posts` says whether the items are more than ids.
pub fn opening(id: &str, of_posts: bool) -> String {
    let context: &Value = if of_posts { &NOTE } else { &PLAIN };
    format!("{{\"@context\":{context},\"id\":{},\"type\":\"OrderedCollection\",\"orderedItems\":[", json!(id))
}

/// The end of such a collection, which had so many items.
pub fn closing(total: u64) -> String {
    format!("],\"totalItems\":{total}}}")
}

const ACTIVITY_STREAMS: &str = "https://www.w3.org/ns/activitystreams";

static PLAIN: LazyLock<Value> = LazyLock::new(|| json!(ACTIVITY_STREAMS));

static EMOJI_REACTION: LazyLock<Value> = LazyLock::new(|| {
    json!([ACTIVITY_STREAMS, {
        "litepub": "http://litepub.social/ns#",
        "misskey": "https://misskey-hub.net/ns#",
        "toot": "http://joinmastodon.org/ns#",
        "EmojiReact": "litepub:EmojiReact",
        "Emoji": "toot:Emoji",
        "_misskey_reaction": "misskey:_misskey_reaction",
    }])
});

static NOTE: LazyLock<Value> = LazyLock::new(|| {
    json!([ACTIVITY_STREAMS, {
        "toot": "http://joinmastodon.org/ns#",
        "ostatus": "http://ostatus.org#",
        "misskey": "https://misskey-hub.net/ns#",
        "gts": "https://gotosocial.org/ns#",
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "Emoji": "toot:Emoji",
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
        "blurhash": "toot:blurhash",
        "votersCount": "toot:votersCount",
        "conversation": "ostatus:conversation",
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteUri": "http://fedibird.com/ns#quoteUri",
        "_misskey_quote": "misskey:_misskey_quote",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "canLike": {"@id": "gts:canLike", "@type": "@id"},
        "canReply": {"@id": "gts:canReply", "@type": "@id"},
        "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
    }])
});

static ACTOR: LazyLock<Value> = LazyLock::new(|| {
    json!([ACTIVITY_STREAMS, "https://w3id.org/security/v1", "https://w3id.org/security/multikey/v1", {
        "toot": "http://joinmastodon.org/ns#",
        "schema": "http://schema.org#",
        "lemmy": "https://join-lemmy.org/ns#",
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "featuredTags": {"@id": "toot:featuredTags", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "memorial": "toot:memorial",
        "suspended": "toot:suspended",
        "attributionDomains": {"@id": "toot:attributionDomains", "@container": "@set"},
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        "Hashtag": "as:Hashtag",
        "Emoji": "toot:Emoji",
        "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
        "implements": {"@id": "https://w3id.org/fep/844e#implements", "@type": "@id", "@container": "@set"},
        "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
        "gts": "https://gotosocial.org/ns#",
        "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
        "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "canFeature": {"@id": "https://w3id.org/fep/7aa9#canFeature", "@type": "@id"},
        "featuredCollections": {"@id": "https://w3id.org/fep/7aa9#featuredCollections", "@type": "@id"},
    }])
});

static QUOTE_AUTHORIZATION: LazyLock<Value> = LazyLock::new(|| {
    json!([ACTIVITY_STREAMS, {
        "gts": "https://gotosocial.org/ns#",
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
    }])
});

static FEATURED: LazyLock<Value> = LazyLock::new(|| {
    json!([ACTIVITY_STREAMS, {
        "toot": "http://joinmastodon.org/ns#",
        "gts": "https://gotosocial.org/ns#",
        "fep": "https://w3id.org/fep/7aa9#",
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "discoverable": "toot:discoverable",
        "FeaturedCollection": "fep:FeaturedCollection",
        "FeaturedItem": "fep:FeaturedItem",
        "FeatureAuthorization": "fep:FeatureAuthorization",
        "FeatureRequest": "fep:FeatureRequest",
        "topic": {"@id": "fep:topic", "@type": "@id"},
        "featuredObject": {"@id": "fep:featuredObject", "@type": "@id"},
        "featuredObjectType": "fep:featuredObjectType",
        "featureAuthorization": {"@id": "fep:featureAuthorization", "@type": "@id"},
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
    }])
});

impl Document for Note {
    fn context(&self) -> &'static Value {
        &NOTE
    }
}

impl Document for Actor {
    fn context(&self) -> &'static Value {
        &ACTOR
    }
}

impl Document for Activity {
    fn context(&self) -> &'static Value {
        if let Some(embedded) = self.object().and_then(embedded_context) {
            return embedded;
        }
        match self.kind {
            ActivityKind::EmojiReact => &EMOJI_REACTION,
            ActivityKind::Like if self.reaction().is_some() => &EMOJI_REACTION,
            ActivityKind::QuoteRequest => &NOTE,
            ActivityKind::FeatureRequest => &FEATURED,
            _ => &PLAIN,
        }
    }
}

impl Document for Collection {
    fn context(&self) -> &'static Value {
        self.items.iter().find_map(embedded_context).unwrap_or(&PLAIN)
    }
}

impl Document for Tombstone {
    fn context(&self) -> &'static Value {
        &PLAIN
    }
}

impl Document for FeaturedCollection {
    fn context(&self) -> &'static Value {
        &FEATURED
    }
}

impl Document for FeaturedItem {
    fn context(&self) -> &'static Value {
        &FEATURED
    }
}

impl Document for FeatureAuthorization {
    fn context(&self) -> &'static Value {
        &FEATURED
    }
}

impl Document for QuoteAuthorization {
    fn context(&self) -> &'static Value {
        &QUOTE_AUTHORIZATION
    }
}

/// The context that something embedded needs, if the plain one does not do.
fn embedded_context(object: &Object) -> Option<&'static Value> {
    let context = match object {
        Object::Note(note) => note.context(),
        Object::Actor(actor) => actor.context(),
        Object::Activity(activity) => activity.context(),
        Object::Collection(collection) => collection.context(),
        Object::QuoteAuthorization(stamp) => stamp.context(),
        Object::FeaturedCollection(_) | Object::FeaturedItem(_) | Object::FeatureAuthorization(_) => &FEATURED,
        Object::Id(_) | Object::Tombstone(_) | Object::Other(_) => return None,
    };
    (!std::ptr::eq(context, &*PLAIN)).then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{ActorKind, CollectionKind, NoteKind};

    #[test]
    fn every_document_begins_with_its_context() {
        let note = Note::new(NoteKind::Note, "https://a.example/1");
        let json = to_json(&note).unwrap();
        assert!(json.starts_with(r#"{"@context":["https://www.w3.org/ns/activitystreams",{"#), "{json}");
        assert_eq!(Object::from_slice(json.as_bytes()).unwrap(), Object::Note(Box::new(note.clone())));

        let create = Activity::new(
            ActivityKind::Create,
            "https://a.example/1/activity",
            "https://a.example/amal",
            Object::Note(Box::new(note)),
        );
        let json: Value = serde_json::from_str(&to_json(&create).unwrap()).unwrap();
        assert_eq!(json["@context"][1]["sensitive"], "as:sensitive");
        assert_eq!(json["object"].get("@context"), None);

        let follow = Activity::new(
            ActivityKind::Follow,
            "https://a.example/f",
            "https://a.example/amal",
            Object::Id("https://b.example/b".into()),
        );
        let accept =
            Activity::new(ActivityKind::Accept, "https://b.example/a", "https://b.example/b", Object::Activity(Box::new(follow)));
        assert!(
            to_json(&accept)
                .unwrap()
                .starts_with(r#"{"@context":"https://www.w3.org/ns/activitystreams","id":"https://b.example/a","type":"Accept""#)
        );

        let actor = Actor::new(ActorKind::Person, "https://a.example/amal", "amal", "https://a.example/amal/inbox");
        let json: Value = serde_json::from_str(&to_json(&actor).unwrap()).unwrap();
        assert_eq!(json["@context"][1], "https://w3id.org/security/v1");

        let outbox = Collection::new(CollectionKind::OrderedCollection, "https://a.example/o");
        assert!(to_json(&outbox).unwrap().starts_with(r#"{"@context":"https://www.w3.org/ns/activitystreams","#));
    }

    #[test]
    fn a_collection_is_written_in_parts() {
        for (of_posts, context) in [(true, &*NOTE), (false, &*PLAIN)] {
            let text = format!("{}\"a\",\"b\"{}", opening("x.json", of_posts), closing(2));
            let json: Value = serde_json::from_str(&text).unwrap();
            assert_eq!((&json["@context"], &json["id"], &json["totalItems"]), (context, &json!("x.json"), &json!(2)));
            assert_eq!(json["orderedItems"], json!(["a", "b"]));
        }
    }

    #[test]
    fn media_types_are_parsed_not_compared() {
        for kind in [
            "application/activity+json",
            "application/activity+json; charset=utf-8",
            "APPLICATION/Activity+JSON;charset=UTF-8",
            r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams""#,
            r#"application/ld+json; profile="https://www.w3.org/ns/activitystreams"; charset=utf-8"#,
            r#"application/ld+json; charset=utf-8; profile="https://www.w3.org/ns/activitystreams""#,
            r#"application/ld+json; profile="https://www.w3.org/ns/json-ld#compacted https://www.w3.org/ns/activitystreams""#,
        ] {
            assert!(is_activity_json(kind), "{kind}");
            assert!(is_json(kind), "{kind}");
        }
        for kind in [
            "",
            "application/json",
            "application/ld+json",
            r#"application/ld+json; profile="https://www.w3.org/ns/other""#,
            "text/html; application/activity+json",
            "application/activity+jsonx",
            "application/activity",
        ] {
            assert!(!is_activity_json(kind), "{kind}");
        }
        assert!(is_json("application/jrd+json; charset=utf-8") && is_json("application/json"));
        assert!(!is_json("text/html") && !is_json("application/xml"));
    }

    #[test]
    fn a_text_holds_no_u0000() {
        let read = |text: &str| parse_value(text.as_bytes()).unwrap();
        assert_eq!(read(r#"{"a\u0000":"\u0000b\u0000"}"#), json!({"a\u{fffd}": "\u{fffd}b\u{fffd}"}));
        // A backslash that is meant as one.
        assert_eq!(read(r#""\\u0000 \\\u0000 \u00001""#), json!("\\u0000 \\\u{fffd} \u{fffd}1"));
    }

    #[test]
    fn deep_and_large_documents_are_refused_unbuilt() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = |n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
            assert!(parse_value(deep(MAX_DEPTH).as_bytes()).is_ok());
            assert_eq!(parse_value(deep(MAX_DEPTH + 1).as_bytes()), Err(ParseError::TooDeep));
            assert_eq!(parse_value(deep(10_000).as_bytes()), Err(ParseError::TooDeep));
        }
        // Brackets in strings are text.
        assert!(parse_value(format!("\"{}\\\"{}\"", "[".repeat(100), "{".repeat(100)).as_bytes()).is_ok());
        assert_eq!(parse_value(&vec![b' '; MAX_BYTES + 1]), Err(ParseError::TooLarge));
    }
}
