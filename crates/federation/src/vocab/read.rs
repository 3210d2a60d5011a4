//! How properties are read and written: any of them may be missing, null, single, an array, or of a wrong shape.
//! What cannot be used counts as missing, so that one odd property never costs the whole object.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id;

/// Elements of one array that are looked at.
const MAX_ITEMS: usize = 1000;
/// Languages of one text.
const MAX_LANGUAGES: usize = 100;

/// A property that is used only if it has the expected shape, which is never an array: serde would take one for a struct.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Value::deserialize(deserializer).map(usable)
}

/// As [`lenient`], or the first usable element of an array.
pub(crate) fn first<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().take(MAX_ITEMS).find_map(usable),
        value => usable(value),
    })
}

/// A property that may be single or an array; unusable elements are left out.
pub(crate) fn many<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().take(MAX_ITEMS).filter_map(usable).collect(),
        value => usable(value).into_iter().collect(),
    })
}

fn usable<T: DeserializeOwned>(value: Value) -> Option<T> {
    if value.is_null() || value.is_array() { None } else { T::deserialize(value).ok() }
}

/// Two numbers from −1 to 1, as a focal point has them.
pub(crate) fn point<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<[f64; 2]>, D::Error> {
    let point = <[f64; 2]>::deserialize(Value::deserialize(deserializer)?).ok();
    Ok(point.filter(|point| point.iter().all(|number| (-1.0..=1.0).contains(number))))
}

/// A text: a string, a JSON-LD value object, or the first of several.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(Value::deserialize(deserializer)?))
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(without_nul(text)),
        Value::Array(items) => {
            items.into_iter().take(MAX_ITEMS).find_map(|item| if item.is_array() { None } else { text_of(item) })
        }
        Value::Object(mut fields) => match fields.remove("@value")? {
            Value::String(text) => Some(without_nul(text)),
            _ => None,
        },
        _ => None,
    }
}

/// PostgreSQL has no place for U+0000, and no text needs it.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text }
}

/// Texts by language; entries that are not text are left out.
pub(crate) fn languages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let Value::Object(entries) = Value::deserialize(deserializer)? else { return Ok(BTreeMap::new()) };
    let entries = entries.into_iter().filter(|(language, _)| !language.is_empty() && language.len() <= 64);
    Ok(entries.filter_map(|(language, value)| Some((without_nul(language), text_of(value)?))).take(MAX_LANGUAGES).collect())
}

/// A yes or no; `"true"` and `1` are yes too.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().map(|number| number != 0),
        _ => None,
    })
}

/// A count: a whole number that is not negative, also as text or with a fraction of zero.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        // Databases count in 64 bits with a sign, JavaScript in 53.
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|float| (0.0..9_007_199_254_740_992.0).contains(float)).map(|float| float as u64)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .filter(|count| i64::try_from(*count).is_ok()))
}

/// A reference to something else: its id as a string, the thing itself with its `id` (a link: its `href`), or the first of several.
pub(crate) fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(IdOnly::deserialize(deserializer)?.0)
}

/// As [`reference`], for a property that may have several.
pub(crate) fn references<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Several;
    impl<'de> Visitor<'de> for Several {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut found = Vec::new();
            while let Some(IdOnly(id)) = items.next_element()? {
                if found.len() < MAX_ITEMS {
                    found.extend(id);
                }
            }
            Ok(found)
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
            IdVisitor.visit_map(fields).map(|id| id.into_iter().collect())
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(id::valid(text).map(str::to_owned).into_iter().collect())
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(Several)
}

/// The id in a value that is already JSON.
pub(crate) fn id_of(value: Option<&Value>) -> Option<String> {
    IdOnly::deserialize(value?).ok()?.0
}

/// An id, picked out of whatever stands there without building it.
pub(crate) struct IdOnly(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for IdOnly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor).map(Self)
    }
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(id::valid(text).map(str::to_owned))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while found.is_none() {
            match items.next_element::<IdOnly>()? {
                Some(IdOnly(id)) => found = id,
                None => return Ok(None),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let (mut own, mut href) = (None, None);
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "id" | "@id" => own = fields.next_value::<IdOnly>()?.0.or(own),
                "href" => href = fields.next_value::<IdOnly>()?.0,
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(own.or(href))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Writes one element as itself, several as an array.
pub(crate) fn write_one_or_many<S: Serializer, T: Serialize>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    if let [item] = items {
        return item.serialize(serializer);
    }
    let mut array = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        array.serialize_element(item)?;
    }
    array.end()
}
