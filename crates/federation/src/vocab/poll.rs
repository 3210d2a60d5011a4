//! Polls: the answers of a `Question` with their counts, and when it closes.
//! A vote is a note with a `name` and an `inReplyTo`, and no content; it lives in `note`.

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Collection, CollectionRef, read, time};

/// One answer that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollOption {
    /// The answer.
    pub name: String,
    /// How many chose it, by its server.
    pub votes: u64,
}

impl<'de> Deserialize<'de> for PollOption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default, deserialize_with = "read::text")]
            name: Option<String>,
            #[serde(default, deserialize_with = "read::lenient")]
            replies: Option<CollectionRef>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let votes = wire.replies.as_ref().and_then(CollectionRef::total).unwrap_or(0);
        Ok(Self { name: wire.name.ok_or_else(|| D::Error::custom("an answer without text"))?, votes })
    }
}

impl Serialize for PollOption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({"type": "Note", "name": self.name, "replies": Collection::counted(None, self.votes)}).serialize(serializer)
    }
}

/// That a poll has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It has; nobody says when.
    Yes,
    /// It did then, or will.
    At(DateTime<Utc>),
}

impl<'de> Deserialize<'de> for Closed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(true) => Ok(Self::Yes),
            Value::String(text) => time::parse(&text).map(Self::At).ok_or_else(|| D::Error::custom("not a time")),
            _ => Err(D::Error::custom("not closed")),
        }
    }
}

impl Serialize for Closed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::At(at) => serializer.serialize_str(&time::write(*at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_carry_their_counts() {
        let value = json!({"type": "Note", "name": "Tea", "replies": {"type": "Collection", "totalItems": 3}});
        let option: PollOption = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(option, PollOption { name: "Tea".into(), votes: 3 });
        assert_eq!(serde_json::to_value(&option).unwrap(), value);
        let uncounted: PollOption = serde_json::from_value(json!({"name": "Tea"})).unwrap();
        assert_eq!(uncounted.votes, 0);
    }

    #[test]
    fn closed_is_a_time_or_true() {
        assert_eq!(serde_json::from_value::<Closed>(json!(true)).unwrap(), Closed::Yes);
        assert!(matches!(serde_json::from_value(json!("2026-01-31T08:05:00Z")), Ok(Closed::At(_))));
        assert!(serde_json::from_value::<Closed>(json!(false)).is_err());
    }
}
