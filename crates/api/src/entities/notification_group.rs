//! Grouped notifications: people and statuses once, and what happened in groups that name them by their ids.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use majlis_local::ids::{ActorId, NotificationId, PostId};
use majlis_local::notification_groups::Group;
use majlis_local::notifications::NotificationKind;
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::{Deserialize, Serialize};

use super::notification::{Material, SeveranceEvent};
use super::{Account, Collection, Report, Status};

/// How the people behind the first of each group are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expand {
    /// Whole accounts.
    #[default]
    Full,
    /// A name and a picture.
    PartialAvatars,
}

/// Mastodon's GroupedNotificationsResults.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct GroupedNotifications {
    pub accounts: Vec<Arc<Account>>,
    /// Only where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_accounts: Option<Vec<PartialAccount>>,
    pub statuses: Vec<Status>,
    pub notification_groups: Vec<NotificationGroup>,
}

/// Mastodon's PartialAccountWithAvatar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct PartialAccount {
    pub id: ActorId,
    pub acct: String,
    pub locked: bool,
    pub bot: bool,
    pub url: String,
    pub avatar: String,
    pub avatar_static: String,
}

/// Mastodon's NotificationGroup.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct NotificationGroup {
    pub group_key: String,
    pub notifications_count: i64,
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    /// A number, unlike every other id: apps declare it so.
    pub most_recent_notification_id: i64,
    #[serde(flatten)]
    pub on_page: Option<OnPage>,
    pub sample_account_ids: Vec<ActorId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_id: Option<PostId>,
    /// Why follows have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<SeveranceEvent>,
    /// What those who run the server are told of somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// The collection in which the viewer stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<Collection>,
}

/// What a page shows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct OnPage {
    pub page_min_id: NotificationId,
    pub page_max_id: NotificationId,
    pub latest_page_notification_at: Timestamp,
}

impl GroupedNotifications {
    /// The entity of these groups of `viewer`, in their order; `paged`: whether they are a page of a list. Groups about
    /// something that the viewer may not see any more, or of which nobody is left, are left out. A fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn build(
        c: &mut Connection,
        site: &Site,
        viewer: ActorId,
        groups: &[Group],
        expand: Expand,
        paged: bool,
    ) -> Result<Self> {
        let people = groups.iter().flat_map(|group| group.sample.iter().copied()).collect();
        let material = Material::of_rows(c, site, viewer, groups.iter().map(|group| &group.newest), people)?;
        let shown: Vec<&Group> = groups.iter().filter(|group| material.shows(&group.newest)).collect();
        let mut statuses = Vec::new();
        let mut seen = HashSet::new();
        for post in shown.iter().filter_map(|group| group.newest.post_id) {
            if seen.insert(post) {
                statuses.extend(material.statuses.get(&post).cloned());
            }
        }
        let (accounts, partial_accounts) = told(&shown, &material.accounts, expand);
        let notification_groups = shown.iter().map(|group| NotificationGroup::new(group, &material, paged)).collect();
        Ok(Self { accounts, partial_accounts, statuses, notification_groups })
    }
}

/// Whole accounts and, with [`Expand::PartialAvatars`], those of which less will do: all but the latest of each group.
fn told(
    groups: &[&Group],
    known: &HashMap<ActorId, Arc<Account>>,
    expand: Expand,
) -> (Vec<Arc<Account>>, Option<Vec<PartialAccount>>) {
    let mut whole = HashSet::new();
    let mut accounts = Vec::new();
    let first = if expand == Expand::Full { usize::MAX } else { 1 };
    for person in groups.iter().flat_map(|group| group.sample.iter().take(first)) {
        if whole.insert(*person) {
            accounts.extend(known.get(person).cloned());
        }
    }
    if expand == Expand::Full {
        return (accounts, None);
    }
    let mut partial = Vec::new();
    for person in groups.iter().flat_map(|group| group.sample.iter().skip(1)) {
        if whole.insert(*person) {
            partial.extend(known.get(person).map(|account| PartialAccount::new(account)));
        }
    }
    (accounts, Some(partial))
}

impl PartialAccount {
    fn new(account: &Account) -> Self {
        Self {
            id: account.id,
            acct: account.acct.clone(),
            locked: account.locked,
            bot: account.bot,
            url: account.url.clone(),
            avatar: account.avatar.clone(),
            avatar_static: account.avatar_static.clone(),
        }
    }
}

impl NotificationGroup {
    fn new(group: &Group, material: &Material, paged: bool) -> Self {
        let newest = &group.newest;
        Self {
            group_key: group.key.clone(),
            notifications_count: group.count,
            kind: newest.kind,
            most_recent_notification_id: newest.id.0,
            on_page: paged.then_some(OnPage {
                page_min_id: group.oldest_on_page,
                page_max_id: newest.id,
                latest_page_notification_at: newest.created_at,
            }),
            sample_account_ids: group.sample.clone(),
            status_id: newest.post_id,
            event: material.event(newest),
            report: material.report(newest),
            collection: material.collection(newest),
        }
    }
}
