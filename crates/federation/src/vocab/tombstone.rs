//! What is left of a deleted object (ActivityPub §6.4): its id stays taken.
//! Served with 410, and sent as the object of a `Delete`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{kind::kinds, read, time};

kinds! {
    /// The one type of a tombstone.
    pub enum TombstoneKind {
        /// As it says.
        Tombstone,
    }
}

/// A deleted object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tombstone {
    /// The id of what was deleted.
    pub id: String,
    #[serde(rename = "type")]
    kind: TombstoneKind,
    /// What it was.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub former_type: Option<String>,
    /// When it went.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub deleted: Option<DateTime<Utc>>,
}

impl Tombstone {
    /// What is left of the object with that id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: TombstoneKind::Tombstone, former_type: None, deleted: None }
    }
}
