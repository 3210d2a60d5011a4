//! Notification: what somebody did that concerns the viewer.

use std::collections::HashMap;
use std::sync::Arc;

use majlis_local::collections;
use majlis_local::ids::{ActorId, CollectionId, NotificationId, PostId, ReportId, SeveranceId};
use majlis_local::notifications::{self, NotificationKind};
use majlis_local::posts;
use majlis_local::reactions::{self, Reaction};
use majlis_local::reports;
use majlis_local::severances::{self, Cause, Severance};
use majlis_local::users::{self, Role};
use majlis_local::visibility::retain_visible;
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::Serialize;

use super::{Account, Collection, Report, Status};

/// Mastodon's Notification.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Notification {
    pub id: NotificationId,
    #[serde(rename = "type")]
    pub kind: NotificationKind,
    pub created_at: Timestamp,
    /// Apps show those that have the same together.
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

/// Mastodon's RelationshipSeveranceEvent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct SeveranceEvent {
    pub id: SeveranceId,
    #[serde(rename = "type")]
    pub cause: Cause,
    /// We keep no list of who was lost.
    pub purged: bool,
    pub target_name: String,
    pub followers_count: i64,
    pub following_count: i64,
    pub created_at: Timestamp,
}

impl From<Severance> for SeveranceEvent {
    fn from(severance: Severance) -> Self {
        Self {
            id: severance.id,
            cause: severance.cause,
            purged: true,
            target_name: severance.target,
            followers_count: severance.followers,
            following_count: severance.following,
            created_at: severance.created_at,
        }
    }
}

/// What notifications tell of: the statuses that their recipient may see, the people, and the rest.
pub(super) struct Material {
    pub(super) statuses: HashMap<PostId, Status>,
    pub(super) accounts: HashMap<ActorId, Arc<Account>>,
    severances: HashMap<SeveranceId, SeveranceEvent>,
    reports: HashMap<ReportId, Report>,
    collections: HashMap<CollectionId, Collection>,
    reactions: Vec<Reaction>,
}

impl Material {
    /// Loads posts and people, each once, in a fixed number of queries.
    pub(super) fn load(
        c: &mut Connection,
        site: &Site,
        viewer: ActorId,
        mut posts: Vec<PostId>,
        mut people: Vec<ActorId>,
    ) -> Result<Self> {
        posts.sort_unstable();
        posts.dedup();
        people.sort_unstable();
        people.dedup();
        let mut about = posts::find_many(c, &posts)?;
        retain_visible(c, Some(viewer), &mut about)?;
        let statuses = Status::build_many(c, site, Some(viewer), &about)?;
        let accounts = Account::load_many(c, site, &people)?;
        let statuses = statuses.into_iter().map(|status| (status.id, status)).collect();
        Ok(Self {
            statuses,
            accounts,
            severances: HashMap::new(),
            reports: HashMap::new(),
            collections: HashMap::new(),
            reactions: Vec::new(),
        })
    }

    /// The same for notifications: `people` are those who caused them. What none of them tells of costs nothing.
    pub(super) fn of_rows<'a>(
        c: &mut Connection,
        site: &Site,
        viewer: ActorId,
        rows: impl Iterator<Item = &'a notifications::Notification> + Clone,
        people: Vec<ActorId>,
    ) -> Result<Self> {
        let posts = rows.clone().filter_map(|row| row.post_id).collect();
        let mut material = Self::load(c, site, viewer, posts, people)?;
        let severed: Vec<SeveranceId> = rows.clone().filter_map(severance_of).collect();
        for severance in severances::find_many(c, viewer, &severed)? {
            material.severances.insert(severance.id, severance.into());
        }
        let reacted = rows.clone().filter(|row| row.kind == NotificationKind::Reaction);
        let (who, what): (Vec<ActorId>, Vec<Option<PostId>>) = reacted.map(|row| (row.actor_id, row.post_id)).unzip();
        material.reactions = reactions::last_of(c, &who, &what.into_iter().flatten().collect::<Vec<_>>())?;
        let shown: Vec<CollectionId> = rows.clone().filter_map(|row| row.collection_id).collect();
        material.collections = collections_by_id(c, site, viewer, &shown)?;
        let reported: Vec<ReportId> = rows.filter_map(report_of).collect();
        // Whoever no longer runs the server is not told any more.
        if !reported.is_empty() && users::get(c, viewer)?.role >= Role::Moderator {
            let found = reports::find_many(c, &reported)?;
            material.reports = Report::build_many(c, site, found)?.into_iter().map(|report| (report.id, report)).collect();
        }
        Ok(material)
    }

    /// Why follows have ended, if the notification tells of that.
    pub(super) fn event(&self, row: &notifications::Notification) -> Option<SeveranceEvent> {
        severance_of(row).and_then(|id| self.severances.get(&id)).cloned()
    }

    /// The report, if the notification tells of one.
    pub(super) fn report(&self, row: &notifications::Notification) -> Option<Report> {
        report_of(row).and_then(|id| self.reports.get(&id)).cloned()
    }

    /// The collection, if the notification tells of one.
    pub(super) fn collection(&self, row: &notifications::Notification) -> Option<Collection> {
        row.collection_id.and_then(|id| self.collections.get(&id)).cloned()
    }

    /// The reaction, if the notification tells of one that still stands.
    fn reaction(&self, row: &notifications::Notification) -> Option<&Reaction> {
        let of_row = |one: &&Reaction| one.actor_id == row.actor_id && Some(one.post_id) == row.post_id;
        self.reactions.iter().find(of_row).filter(|_| row.kind == NotificationKind::Reaction)
    }

    /// Whether the recipient may still see what a notification tells of.
    pub(super) fn shows(&self, row: &notifications::Notification) -> bool {
        row.post_id.is_none_or(|post| self.statuses.contains_key(&post))
            && report_of(row).is_none_or(|report| self.reports.contains_key(&report))
            && (row.kind != NotificationKind::Reaction || self.reaction(row).is_some())
    }
}

fn severance_of(row: &notifications::Notification) -> Option<SeveranceId> {
    row.subject_id.filter(|_| row.kind == NotificationKind::Severed).map(SeveranceId)
}

fn report_of(row: &notifications::Notification) -> Option<ReportId> {
    row.subject_id.filter(|_| row.kind == NotificationKind::Report).map(ReportId)
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
        let people = rows.iter().map(|row| row.actor_id).collect();
        let material = Material::of_rows(c, site, viewer, rows.iter(), people)?;
        Ok(rows.iter().filter_map(|row| Self::new(site, row, &material)).collect())
    }

    fn new(site: &Site, row: &notifications::Notification, material: &Material) -> Option<Self> {
        if !material.shows(row) {
            return None;
        }
        let reaction = material.reaction(row);
        Some(Self {
            id: row.id,
            kind: row.kind,
            created_at: row.created_at,
            group_key: row.group_key(),
            account: material.accounts.get(&row.actor_id)?.clone(),
            status: row.post_id.and_then(|post| material.statuses.get(&post)).cloned(),
            event: material.event(row),
            report: material.report(row),
            collection: material.collection(row),
            emoji: reaction
                .map(|one| one.emoji.as_ref().map_or_else(|| one.name.clone(), |emoji| format!(":{}:", emoji.shortcode))),
            emoji_url: reaction.map(|one| one.emoji.as_ref().map(|emoji| site.picture_url(&emoji.url))),
        })
    }
}

/// The collections that notifications are about. No query when there are none.
fn collections_by_id(
    c: &mut Connection,
    site: &Site,
    viewer: ActorId,
    ids: &[CollectionId],
) -> Result<HashMap<CollectionId, Collection>> {
    let rows = collections::find_many(c, ids)?;
    let built = Collection::build_many(c, site, Some(viewer), &rows)?;
    Ok(built.into_iter().map(|collection| (collection.id, collection)).collect())
}
