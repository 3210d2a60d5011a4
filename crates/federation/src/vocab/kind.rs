//! Names of types: closed lists of those we know, read from a string or an array, with or without a prefix.
//! The macro here writes each list once and makes the enum, its names and its JSON of it.

use serde_json::Value;

/// The full address of the vocabulary, in front of a name that was not compacted.
const NAMESPACE: &str = "https://www.w3.org/ns/activitystreams#";
/// Types of one object that we look at.
const MAX_NAMES: usize = 8;

/// The names in a `type` property, prefixes off.
pub(crate) fn names(value: Option<&Value>) -> Vec<String> {
    let bare = |name: &str| name.strip_prefix("as:").or_else(|| name.strip_prefix(NAMESPACE)).unwrap_or(name).to_owned();
    match value {
        Some(Value::String(name)) => vec![bare(name)],
        Some(Value::Array(names)) => names.iter().take(MAX_NAMES).filter_map(Value::as_str).map(bare).collect(),
        _ => Vec::new(),
    }
}

/// Makes an enum of type names: `as_str`, `from_name`, and JSON both ways.
macro_rules! kinds {
    ($(#[$outer:meta])* pub enum $Kind:ident { $($(#[$inner:meta])* $Variant:ident,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Kind {
            $($(#[$inner])* $Variant,)+
        }

        impl $Kind {
            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => stringify!($Variant),)+
                }
            }

            /// The kind of that name; `None` when we do not know it.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($Variant) => Some(Self::$Variant),)+
                    _ => None,
                }
            }
        }

        impl serde::Serialize for $Kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                $crate::vocab::kind::names(Some(&value))
                    .iter()
                    .find_map(|name| Self::from_name(name))
                    .ok_or_else(|| <D::Error as serde::de::Error>::custom("another type"))
            }
        }
    };
}

pub(crate) use kinds;
