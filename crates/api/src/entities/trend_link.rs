//! Trends::Link: a page that trends, and how it was shared in the last week.

use majlis_local::cards;
use majlis_local::hashtags::{DAY, Usage};
use majlis_local::ids::ActorId;
use majlis_local::{Connection, Result, Site, Timestamp};
use serde::Serialize;

use super::tag::{DAYS, Day};
use super::{Account, Card};

/// Mastodon's Trends::Link.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct TrendLink {
    #[serde(flatten)]
    pub card: Card,
    /// The present day first.
    pub history: Vec<Day>,
}

impl TrendLink {
    /// The entities of these pages, in their order. The queries of accounts for all authors together.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(
        c: &mut Connection,
        site: &Site,
        viewer: Option<ActorId>,
        links: &[(cards::Card, Vec<Usage>)],
    ) -> Result<Vec<Self>> {
        let authors: Vec<ActorId> = links.iter().filter_map(|(card, _)| card.author_id).collect();
        let accounts = Account::load_many(c, site, &authors)?;
        let today = Timestamp::now().millis().div_euclid(DAY);
        Ok(links
            .iter()
            .map(|(card, usage)| Self {
                card: Card::new(site, card, &card.url, &accounts).read_by(viewer),
                history: (0..DAYS).map(|n| Day::new(today - n, usage.iter().find(|u| u.day == today - n))).collect(),
            })
            .collect())
    }
}
