//! Context: the conversation around a status.

use majlis_local::ids::ActorId;
use majlis_local::threads::Thread;
use majlis_local::{Connection, Result, Site};
use serde::Serialize;

use super::Status;

/// Mastodon's Context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Context {
    /// What the status answers, the root first.
    pub ancestors: Vec<Status>,
    /// What answers it, depth first.
    pub descendants: Vec<Status>,
}

impl Context {
    /// From a thread, built as one page.
    ///
    /// # Errors
    /// The database's.
    pub fn build(c: &mut Connection, site: &Site, viewer: Option<ActorId>, thread: Thread) -> Result<Self> {
        let above = thread.ancestors.len();
        let mut posts = thread.ancestors;
        posts.extend(thread.descendants);
        let mut ancestors = Status::build_many(c, site, viewer, &posts)?;
        // None of them is a boost: every post has become a status.
        let descendants = ancestors.split_off(above.min(ancestors.len()));
        Ok(Self { ancestors, descendants })
    }
}
