//! Report: what somebody has told the moderators.

use std::sync::Arc;

use majlis_local::ids::{PostId, ReportId};
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
    pub collection_ids: Vec<String>,
    pub rule_ids: Option<Vec<String>>,
    pub target_account: Arc<Account>,
}

impl Report {
    /// The entity of one report.
    ///
    /// # Errors
    /// The database's.
    pub fn build(c: &mut Connection, site: &Site, report: reports::Report) -> Result<Self> {
        let posts = reports::posts_of(c, &[report.id])?;
        let mut accounts = Account::load_many(c, site, &[report.target_id])?;
        Ok(Self {
            id: report.id,
            action_taken: report.resolved_at.is_some(),
            action_taken_at: report.resolved_at,
            category: report.category,
            comment: report.comment,
            forwarded: report.forwarded,
            created_at: report.created_at,
            status_ids: posts.into_iter().map(|(_, post)| post).collect(),
            collection_ids: Vec::new(),
            rule_ids: report.rule_ids.map(|ids| ids.0.iter().map(u32::to_string).collect()),
            target_account: accounts.remove(&report.target_id).ok_or(Error::NotFound("account"))?,
        })
    }
}
