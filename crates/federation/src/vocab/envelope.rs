//! The outside of an activity: what an inbox needs before it decides whether to read on.
//! Reading it builds nothing of the object, so floods of deletions cost next to nothing.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::document::{self, ParseError};
use super::{kind, read};

/// Who does what to what, by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The activity's id.
    pub id: Option<String>,
    /// Its first type, prefix off; empty when it has none.
    pub kind: String,
    /// Who does it.
    pub actor: Option<String>,
    /// The id of what it is done to; the first, of several.
    pub object: Option<String>,
    /// Whether it carries an LD signature, as Mastodon's forwarded activities do.
    pub ld_signed: bool,
    /// Whether it carries an object proof (FEP-8b32).
    pub proven: bool,
}

impl Envelope {
    /// Reads the outside of a document. A property that comes twice is refused: two readers might disagree on it.
    ///
    /// # Errors
    /// [`ParseError::TooLarge`], [`ParseError::TooDeep`], [`ParseError::NotAnObject`], [`ParseError::Json`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ParseError> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default, deserialize_with = "read::reference")]
            id: Option<String>,
            #[serde(default, rename = "type", deserialize_with = "first_name")]
            kind: String,
            #[serde(default, deserialize_with = "read::reference")]
            actor: Option<String>,
            #[serde(default, deserialize_with = "read::reference")]
            object: Option<String>,
            #[serde(default)]
            signature: Option<IgnoredAny>,
            #[serde(default)]
            proof: Option<IgnoredAny>,
        }
        let bytes = document::readable(bytes)?;
        // An array would be taken for the struct, property by property.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(ParseError::NotAnObject);
        }
        let wire: Wire = serde_json::from_slice(&bytes).map_err(|error| ParseError::Json(error.to_string()))?;
        let Wire { id, kind, actor, object, signature, proof } = wire;
        Ok(Self { id, kind, actor, object, ld_signed: signature.is_some(), proven: proof.is_some() })
    }

    /// Whether an actor deletes or updates itself: not worth a fetch when we do not know it.
    pub fn is_about_its_own_actor(&self) -> bool {
        matches!(self.kind.as_str(), "Delete" | "Update") && self.actor.is_some() && self.actor == self.object
    }
}

fn first_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(kind::names(Some(&value)).into_iter().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_outside_is_read_whatever_is_inside() {
        let envelope = Envelope::from_slice(
            br#"{"@context":"x","id":"https://a.example/1","type":["Create"],"actor":{"id":"https://a.example/amal","name":[1]},
                "object":[{"type":"Note","content":{"deep":[[[]]]},"id":"https://a.example/n"},"x"],"signature":{"type":"RsaSignature2017"}}"#,
        )
        .unwrap();
        assert_eq!(
            envelope,
            Envelope {
                id: Some("https://a.example/1".into()),
                kind: "Create".into(),
                actor: Some("https://a.example/amal".into()),
                object: Some("https://a.example/n".into()),
                ld_signed: true,
                proven: false,
            }
        );
    }

    #[test]
    fn deletions_of_oneself_are_known() {
        let about = |text: &str| Envelope::from_slice(text.as_bytes()).unwrap().is_about_its_own_actor();
        assert!(about(r#"{"type":"Delete","actor":"https://a.example/amal","object":"https://a.example/amal"}"#));
        assert!(about(
            r#"{"type":"Delete","actor":"https://a.example/amal","object":{"type":"Person","id":"https://a.example/amal"}}"#
        ));
        assert!(!about(r#"{"type":"Delete","actor":"https://a.example/amal","object":"https://a.example/1"}"#));
        assert!(!about(r#"{"type":"Delete"}"#));
    }

    #[test]
    fn two_answers_to_one_question_are_refused() {
        for text in [
            r#"{"id":"https://a.example/1","id":"https://b.example/1"}"#,
            r#"{"actor":"https://a.example/amal","actor":"https://b.example/b"}"#,
            "[]",
            "5",
            "{",
        ] {
            assert!(Envelope::from_slice(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in ".{0,200}") {
            let _ = Envelope::from_slice(&bytes);
            let _ = Envelope::from_slice(text.as_bytes());
        }
    }
}
