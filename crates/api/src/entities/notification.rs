//! Notification: what somebody did that concerns the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use majlis_local::ids::{ActorId, NotificationId, PostId};
use majlis_local::notifications::{self, NotificationKind};
use majlis_local::posts;
use majlis_local::reactions;
use majlis_local::visibility::retain_visible;
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::Serialize;

use super::{Account, Status};

/// Mastodon's Notification.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Notification {
    pub id: NotificationId,
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    pub created_at: Timestamp,
    /// We do not group: each is its own group.
    pub group_key: String,
    /// Who did it.
    pub account: Arc<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Of `pleroma:emoji_reaction`: the emoji, or the name of a custom one in colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// … and the picture of a custom one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji_url: Option<Option<String>>,
}

impl Notification {
    /// The entities of these notifications of `viewer`, in their order. Those about something that the viewer may not see
    /// any more are left out. A fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(
        c: &mut Connection,
        site: &Site,
        viewer: ActorId,
        rows: &[notifications::Notification],
    ) -> Result<Vec<Self>> {
        let mut ids: Vec<PostId> = rows.iter().filter_map(|row| row.post_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut about = posts::find_many(c, &ids)?;
        retain_visible(c, Some(viewer), &mut about)?;
        let statuses: HashMap<PostId, Status> =
            Status::build_many(c, site, Some(viewer), &about)?.into_iter().map(|status| (status.id, status)).collect();
        let mut actors: Vec<ActorId> = rows.iter().map(|row| row.actor_id).collect();
        actors.sort_unstable();
        actors.dedup();
        let accounts = Account::load_many(c, site, &actors)?;
        let reacted: Vec<_> = rows.iter().filter(|row| row.kind == NotificationKind::Reaction).collect();
        let people: Vec<ActorId> = reacted.iter().map(|row| row.actor_id).collect();
        let posts: Vec<PostId> = reacted.iter().filter_map(|row| row.post_id).collect();
        let reactions = reactions::last_of(c, &people, &posts)?;
        let with_emoji = |row: &notifications::Notification| {
            let mut told = Self::new(row, &accounts, &statuses)?;
            if row.kind == NotificationKind::Reaction {
                let last = reactions.iter().find(|one| one.actor_id == row.actor_id && Some(one.post_id) == row.post_id)?;
                let picture = last.emoji.as_ref().map(|emoji| site.picture_url(&emoji.url));
                told.emoji =
                    Some(last.emoji.as_ref().map_or_else(|| last.name.clone(), |emoji| format!(":{}:", emoji.shortcode)));
                told.emoji_url = Some(picture);
            }
            Some(told)
        };
        Ok(rows.iter().filter_map(with_emoji).collect())
    }

    fn new(
        row: &notifications::Notification,
        accounts: &HashMap<ActorId, Arc<Account>>,
        statuses: &HashMap<PostId, Status>,
    ) -> Option<Self> {
        let status = match row.post_id {
            Some(post) => Some(statuses.get(&post)?.clone()),
            None => None,
        };
        Some(Self {
            id: row.id,
            kind: row.kind,
            created_at: row.created_at,
            group_key: format!("ungrouped-{}", row.id),
            account: accounts.get(&row.actor_id)?.clone(),
            status,
            emoji: None,
            emoji_url: None,
        })
    }
}
