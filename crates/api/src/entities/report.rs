//! Report: what somebody has told the moderators.

use std::sync::Arc;

use majlis_local::ids::{ActorId, CollectionId, PostId, ReportId};
use majlis_local::reports::{self, Category};
use majlis_local::{Connection, Error, Result, Site, Timestamp};
use serde::Serialize;

use super::Account;

/// Mastodon's Report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Report {
    pub id: ReportId,
    pub action_taken: bool,
    pub action_taken_at: Option<Timestamp>,
    pub category: Category,
    pub comment: String,
    pub forwarded: bool,
    pub created_at: Timestamp,
    pub status_ids: Vec<PostId>,
    pub collection_ids: Vec<CollectionId>,
    pub rule_ids: Option<Vec<String>>,
    pub target_account: Arc<Account>,
}

impl Report {
    /// The entity of one report.
    ///
    /// # Errors
    /// The database's.
    pub fn build(c: &mut Connection, site: &Site, report: reports::Report) -> Result<Self> {
        Self::build_many(c, site, vec![report])?.pop().ok_or(Error::NotFound("account"))
    }

    /// The entities of these reports, in their order. A fixed number of queries, and none for none.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, rows: Vec<reports::Report>) -> Result<Vec<Self>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<ReportId> = rows.iter().map(|report| report.id).collect();
        let targets: Vec<ActorId> = rows.iter().map(|report| report.target_id).collect();
        let posts = reports::posts_of(c, &ids)?;
        let collections = reports::collections_in(c, &ids)?;
        let accounts = Account::load_many(c, site, &targets)?;
        let made = rows.into_iter().filter_map(|report| {
            Some(Self {
                id: report.id,
                action_taken: report.resolved_at.is_some(),
                action_taken_at: report.resolved_at,
                category: report.category,
                comment: report.comment,
                forwarded: report.forwarded,
                created_at: report.created_at,
                status_ids: posts.iter().filter(|(of, _)| *of == report.id).map(|(_, post)| *post).collect(),
                collection_ids: collections.iter().filter(|(of, _)| *of == report.id).map(|(_, one)| *one).collect(),
                rule_ids: report.rule_ids.map(|ids| ids.0.iter().map(u32::to_string).collect()),
                target_account: accounts.get(&report.target_id)?.clone(),
            })
        });
        Ok(made.collect())
    }
}
