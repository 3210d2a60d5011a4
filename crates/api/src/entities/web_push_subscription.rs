//! WebPushSubscription: where an app hears of notifications.

use std::collections::BTreeMap;

use majlis_local::notifications::NotificationKind;
use majlis_local::push_subscriptions::{PushSubscription, Senders};
use serde::Serialize;

/// Mastodon's WebPushSubscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct WebPushSubscription {
    /// A number, unlike every other id.
    pub id: i64,
    pub endpoint: String,
    pub standard: bool,
    /// Every kind, and whether it is told: apps miss those that are left out.
    pub alerts: BTreeMap<&'static str, bool>,
    pub policy: Senders,
    pub server_key: String,
}

impl WebPushSubscription {
    /// From the row and the server's public key.
    pub fn new(row: PushSubscription, server_key: String) -> Self {
        let alerts = NotificationKind::ALL.iter().map(|kind| (kind.word(), row.alerts.0.contains(kind))).collect();
        Self { id: row.id.0, endpoint: row.endpoint, standard: row.standard, alerts, policy: row.policy, server_key }
    }
}
