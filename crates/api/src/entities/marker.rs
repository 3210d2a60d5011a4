//! Marker: how far somebody has read a timeline.

use std::collections::BTreeMap;

use majlis_local::{Timestamp, markers};
use serde::Serialize;

/// Mastodon's Marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Marker {
    /// The newest thing read.
    #[serde(serialize_with = "as_text")]
    pub last_read_id: i64,
    /// How often it has moved.
    pub version: i32,
    /// When it moved last.
    pub updated_at: Timestamp,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn as_text<S: serde::Serializer>(id: &i64, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(id)
}

impl Marker {
    /// `{"home": …, "notifications": …}`.
    pub fn by_timeline(markers: Vec<markers::Marker>) -> BTreeMap<String, Self> {
        markers
            .into_iter()
            .map(|m| (m.timeline, Self { last_read_id: m.last_read_id, version: m.version, updated_at: m.updated_at }))
            .collect()
    }
}
