//! Relationship: what stands between the viewer and an account.

use majlis_local::ids::ActorId;
use majlis_local::{Timestamp, relationships};
use serde::Serialize;

/// Mastodon's Relationship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub struct Relationship {
    pub id: ActorId,
    pub following: bool,
    pub showing_reblogs: bool,
    pub notifying: bool,
    /// `None`: all.
    pub languages: Option<Vec<String>>,
    pub followed_by: bool,
    pub blocking: bool,
    pub blocked_by: bool,
    pub muting: bool,
    pub muting_notifications: bool,
    pub muting_expires_at: Option<Timestamp>,
    pub requested: bool,
    pub requested_by: bool,
    pub domain_blocking: bool,
    pub endorsed: bool,
    pub note: String,
}

impl From<relationships::Relationship> for Relationship {
    fn from(known: relationships::Relationship) -> Self {
        Self {
            id: known.target,
            following: known.following,
            showing_reblogs: known.showing_boosts,
            notifying: known.notifying,
            languages: (!known.languages.is_empty()).then_some(known.languages),
            followed_by: known.followed_by,
            blocking: known.blocking,
            blocked_by: known.blocked_by,
            muting: known.muting,
            muting_notifications: known.muting_notifications,
            muting_expires_at: known.muting_expires_at,
            requested: known.requested,
            requested_by: known.requested_by,
            domain_blocking: known.domain_blocking,
            endorsed: known.endorsed,
            note: known.note,
        }
    }
}
