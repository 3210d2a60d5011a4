//! Tag: a hashtag and how much it was used in the last week.

use std::collections::HashSet;

use majlis_local::hashtags::{self, DAY, Hashtag, Usage};
use majlis_local::ids::{ActorId, HashtagId};
use majlis_local::{Connection, Result, Site, Timestamp, featured_tags, hashtag_follows};
use serde::Serialize;

use super::status::tag_url;

/// Days that a history tells of, today included.
pub(super) const DAYS: i64 = 7;

/// Mastodon's Tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Tag {
    pub id: HashtagId,
    pub name: String,
    pub url: String,
    /// The present day first.
    pub history: Vec<Day>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub following: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub featuring: Option<bool>,
}

/// How much a hashtag was used on one day (UTC). Numbers as texts, as Mastodon writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Day {
    /// Midnight, in seconds since 1970.
    pub day: String,
    pub accounts: String,
    pub uses: String,
}

impl Tag {
    /// The entities of these hashtags, in their order. One query, and two more for a viewer.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(c: &mut Connection, site: &Site, viewer: Option<ActorId>, tags: &[Hashtag]) -> Result<Vec<Self>> {
        let ids: Vec<HashtagId> = tags.iter().map(|tag| tag.id).collect();
        let today = Timestamp::now().millis().div_euclid(DAY);
        let usage = hashtags::usage(c, &ids, today - DAYS + 1)?;
        let (followed, featured): (Option<HashSet<HashtagId>>, Option<HashSet<HashtagId>>) = match viewer {
            Some(viewer) if !ids.is_empty() => (
                Some(hashtag_follows::followed_among(c, viewer, &ids)?.into_iter().collect()),
                Some(featured_tags::among(c, viewer, &ids)?.into_iter().collect()),
            ),
            _ => (None, None),
        };
        Ok(tags
            .iter()
            .map(|tag| Self {
                id: tag.id,
                name: tag.display_name.clone(),
                url: tag_url(site, &tag.name),
                history: (0..DAYS)
                    .map(|n| {
                        Day::new(today - n, usage.iter().find(|(id, u)| *id == tag.id && u.day == today - n).map(|(_, u)| u))
                    })
                    .collect(),
                following: followed.as_ref().map(|followed| followed.contains(&tag.id)),
                featuring: featured.as_ref().map(|featured| featured.contains(&tag.id)),
            })
            .collect())
    }
}

impl Day {
    /// Of a day since 1970; without a usage nothing happened on it.
    pub(super) fn new(day: i64, usage: Option<&Usage>) -> Self {
        Self {
            day: (day * DAY / 1_000).to_string(),
            accounts: usage.map_or(0, |u| u.actors).to_string(),
            uses: usage.map_or(0, |u| u.posts).to_string(),
        }
    }
}
