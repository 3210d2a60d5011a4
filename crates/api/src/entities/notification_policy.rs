//! NotificationPolicy, as it is now and as it was before it had three choices.

use majlis_local::notification_policies::{Policy, Verdict};
use majlis_local::notification_requests::Summary;
use serde::Serialize;

/// Mastodon's NotificationPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct NotificationPolicy {
    pub for_not_following: Verdict,
    pub for_not_followers: Verdict,
    pub for_new_accounts: Verdict,
    pub for_private_mentions: Verdict,
    pub for_limited_accounts: Verdict,
    pub for_bots: Verdict,
    pub summary: PolicySummary,
}

/// Mastodon's V1::NotificationPolicy: whether anything but being shown becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct OldNotificationPolicy {
    pub filter_not_following: bool,
    pub filter_not_followers: bool,
    pub filter_new_accounts: bool,
    pub filter_private_mentions: bool,
    pub summary: PolicySummary,
}

/// How much waits to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct PolicySummary {
    pub pending_requests_count: i64,
    pub pending_notifications_count: i64,
}

impl From<Summary> for PolicySummary {
    fn from(summary: Summary) -> Self {
        Self { pending_requests_count: summary.requests, pending_notifications_count: summary.notifications }
    }
}

impl NotificationPolicy {
    /// From what somebody wants and what waits.
    pub fn new(policy: Policy, summary: Summary) -> Self {
        Self {
            for_not_following: policy.for_not_following,
            for_not_followers: policy.for_not_followers,
            for_new_accounts: policy.for_new_accounts,
            for_private_mentions: policy.for_private_mentions,
            for_limited_accounts: policy.for_limited_accounts,
            for_bots: policy.for_bots,
            summary: summary.into(),
        }
    }
}

impl OldNotificationPolicy {
    /// From what somebody wants and what waits.
    pub fn new(policy: Policy, summary: Summary) -> Self {
        let filters = |verdict| verdict != Verdict::Accept;
        Self {
            filter_not_following: filters(policy.for_not_following),
            filter_not_followers: filters(policy.for_not_followers),
            filter_new_accounts: filters(policy.for_new_accounts),
            filter_private_mentions: filters(policy.for_private_mentions),
            summary: summary.into(),
        }
    }
}
