//! Announcement: what those who run the server tell everybody, and the reactions to it.

use std::collections::HashMap;

use majlis_local::actors::{self, Emoji};
use majlis_local::announcements::{self as rows, Reaction as Row};
use majlis_local::ids::{ActorId, AnnouncementId, PostId};
use majlis_local::posts::{self, Post};
use majlis_local::{Connection, Result, Site, Timestamp, emojis};
use serde::Serialize;

use super::CustomEmoji;
use super::status::{Mention, ShallowTag};

/// Mastodon's Announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Announcement {
    pub id: AnnouncementId,
    /// HTML, in the reader's language if there is such a text.
    pub content: String,
    pub starts_at: Option<Timestamp>,
    pub ends_at: Option<Timestamp>,
    pub all_day: bool,
    pub published_at: Timestamp,
    pub updated_at: Timestamp,
    /// Left out where it is told to everybody at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    pub mentions: Vec<Mention>,
    pub statuses: Vec<LinkedStatus>,
    pub tags: Vec<ShallowTag>,
    pub emojis: Vec<CustomEmoji>,
    pub reactions: Vec<Reaction>,
}

/// A status to which an announcement links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct LinkedStatus {
    pub id: PostId,
    pub url: String,
}

/// Mastodon's Reaction: how many people reacted so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reaction {
    /// A Unicode emoji, or a custom one's shortcode.
    pub name: String,
    /// How many.
    pub count: i64,
    /// Whether the reader did; left out where it is told to everybody at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub me: Option<bool>,
    /// Of a custom emoji.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of a custom emoji, still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_url: Option<String>,
}

impl Announcement {
    /// The entities of these announcements in their order, with the texts for `locale`; `viewer` is `None` where they are told to
    /// everybody at once. A fixed number of queries.
    ///
    /// # Errors
    /// The database's.
    pub fn build_many(
        c: &mut Connection,
        site: &Site,
        viewer: Option<ActorId>,
        locale: &str,
        announcements: &[rows::Announcement],
    ) -> Result<Vec<Self>> {
        let ids: Vec<AnnouncementId> = announcements.iter().map(|row| row.id).collect();
        let read = match viewer {
            Some(viewer) => rows::read_by(c, viewer, &ids)?,
            None => Vec::new(),
        };
        let mut reactions = Reaction::of(c, site, viewer, &ids)?;
        let people: Vec<ActorId> = announcements.iter().flat_map(|row| row.mentions.0.iter().copied()).collect();
        let people = if people.is_empty() { Vec::new() } else { actors::find_many(c, &people)? };
        let linked: Vec<PostId> = announcements.iter().flat_map(|row| row.statuses.0.iter().copied()).collect();
        let linked = posts::find_many(c, &linked)?;
        let linked: HashMap<PostId, &Post> =
            linked.iter().filter(|post| post.deleted_at.is_none()).map(|post| (post.id, post)).collect();
        Ok(announcements
            .iter()
            .map(|row| Self {
                id: row.id,
                content: row.text_for(locale).map(|text| text.html.clone()).unwrap_or_default(),
                starts_at: row.starts_at,
                ends_at: row.ends_at,
                all_day: row.all_day,
                published_at: row.published_at,
                updated_at: row.published_at,
                read: viewer.map(|_| read.contains(&row.id)),
                mentions: people
                    .iter()
                    .filter(|actor| !actor.is_gone() && row.mentions.contains(&actor.id))
                    .map(|actor| Mention {
                        id: actor.id,
                        username: actor.username.clone(),
                        url: actor.page_url().to_owned(),
                        acct: actor.acct(),
                    })
                    .collect(),
                statuses: row
                    .statuses
                    .iter()
                    .filter_map(|id| linked.get(id))
                    .map(|post| LinkedStatus { id: post.id, url: post.page_url().to_owned() })
                    .collect(),
                tags: row.hashtags.iter().map(|name| ShallowTag::named(site, name)).collect(),
                emojis: CustomEmoji::of_text(site, &row.emojis),
                reactions: reactions.remove(&row.id).unwrap_or_default(),
            })
            .collect())
    }
}

impl Reaction {
    /// The reactions to announcements, as `viewer` sees them. Two queries.
    ///
    /// # Errors
    /// The database's.
    pub fn of(
        c: &mut Connection,
        site: &Site,
        viewer: Option<ActorId>,
        announcements: &[AnnouncementId],
    ) -> Result<HashMap<AnnouncementId, Vec<Self>>> {
        let rows = rows::reactions_to(c, viewer, announcements)?;
        let names: Vec<String> = rows.iter().map(|row| row.name.clone()).filter(|name| name.is_ascii()).collect();
        let custom: HashMap<String, Emoji> =
            emojis::used(c, &names)?.into_iter().map(|emoji| (emoji.shortcode.clone(), emoji)).collect();
        let mut reactions: HashMap<AnnouncementId, Vec<Self>> = HashMap::new();
        for row in rows {
            let (to, emoji) = (row.announcement, custom.get(&row.name));
            reactions.entry(to).or_default().push(Self::new(site, row, emoji, viewer.is_some()));
        }
        Ok(reactions)
    }

    fn new(site: &Site, row: Row, emoji: Option<&Emoji>, personal: bool) -> Self {
        Self {
            name: row.name,
            count: row.count,
            me: personal.then_some(row.me),
            url: emoji.map(|emoji| site.picture_url(&emoji.url)),
            static_url: emoji.map(|emoji| site.picture_url(&emoji.static_url)),
        }
    }
}
