//! NotificationRequest: somebody whose filtered mentions wait to be accepted.

use std::sync::Arc;

use majlis_local::ids::{ActorId, NotificationRequestId};
use majlis_local::notification_requests::{self, Request};
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::Serialize;

use super::notification::Material;
use super::{Account, Status};

/// Mastodon's NotificationRequest.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct NotificationRequest {
    pub id: NotificationRequestId,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// A number as a text.
    pub notifications_count: String,
    pub account: Arc<Account>,
    /// The latest, as far as it may be seen.
    pub last_status: Option<Status>,
}

impl NotificationRequest {
    /// The entities of these requests to `viewer`, in their order. A fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, viewer: ActorId, requests: &[Request]) -> Result<Vec<Self>> {
        let contents = notification_requests::contents(c, viewer, requests)?;
        let posts = contents.iter().filter_map(|waiting| waiting.last_post).collect();
        let people = requests.iter().map(|request| request.actor_id).collect();
        let material = Material::load(c, site, viewer, posts, people)?;
        let made = requests.iter().zip(contents).filter_map(|(request, waiting)| {
            Some(Self {
                id: request.id,
                created_at: request.created_at,
                updated_at: request.updated_at,
                notifications_count: waiting.count.to_string(),
                account: material.accounts.get(&request.actor_id)?.clone(),
                last_status: waiting.last_post.and_then(|post| material.statuses.get(&post)).cloned(),
            })
        });
        Ok(made.collect())
    }
}
