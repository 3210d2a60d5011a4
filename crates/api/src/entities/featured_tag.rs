//! FeaturedTag: a hashtag that somebody shows on the profile.

use majlis_local::actors::Actor;
use majlis_local::featured_tags;
use majlis_local::ids::FeaturedTagId;
use majlis_local::{Site, text};
use serde::Serialize;

use super::status::in_path;

/// Mastodon's FeaturedTag. The number is a text, as Mastodon writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct FeaturedTag {
    pub id: FeaturedTagId,
    pub name: String,
    /// The page of what its owner says under it; of somebody of another server it leads there.
    pub url: String,
    pub statuses_count: String,
    /// A date.
    pub last_status_at: Option<String>,
}

impl FeaturedTag {
    /// The entity of a hashtag that `owner` features.
    pub fn new(site: &Site, owner: &Actor, tag: featured_tags::FeaturedTag) -> Self {
        Self {
            id: tag.id,
            url: site.tagged_url(&owner.acct(), &in_path(&text::hashtag_key(&tag.name))),
            name: tag.name,
            statuses_count: tag.statuses_count.to_string(),
            last_status_at: tag.last_status_at.map(|at| at.to_utc().format("%Y-%m-%d").to_string()),
        }
    }
}
