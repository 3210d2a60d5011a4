//! Tags: mentions, hashtags, custom emoji, and links to other objects (FEP-e232).
//! Other kinds of tags are left out when reading.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::kind::kinds;
use super::link::{Media, picture};
use super::{read, time};

kinds! {
    /// What a tag is.
    pub enum TagKind {
        /// Somebody named in the text: `href` is the actor's id, `name` a handle.
        Mention,
        /// `name` is the tag with its `#`.
        Hashtag,
        /// A custom emoji: `name` is its shortcode in colons, `icon` the picture (FEP-9098).
        Emoji,
        /// A link to an object, for instance a quoted one (FEP-e232).
        Link,
    }
}

/// One tag of a post or an actor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TagKind,
    /// The id of a custom emoji.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The actor's id of a mention, the page of a hashtag, the object's id of a link.
    #[serde(default, deserialize_with = "read::reference", skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// The handle, the hashtag, the shortcode, as in the text.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The picture of a custom emoji.
    #[serde(default, deserialize_with = "picture", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Media>,
    /// When a custom emoji changed.
    #[serde(default, with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub updated: Option<DateTime<Utc>>,
    /// The media type of a link.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What a link is to the object, `https://misskey-hub.net/ns#_misskey_quote` of a quote.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub rel: Option<String>,
}

impl Tag {
    /// A mention of an actor, under the handle `@user@domain`.
    pub fn mention(actor: impl Into<String>, handle: impl Into<String>) -> Self {
        Self { href: Some(actor.into()), name: Some(handle.into()), ..Self::empty(TagKind::Mention) }
    }

    /// A hashtag without its `#`, and the page that lists it.
    pub fn hashtag(name: &str, page: impl Into<String>) -> Self {
        Self { href: Some(page.into()), name: Some(format!("#{name}")), ..Self::empty(TagKind::Hashtag) }
    }

    /// A custom emoji: its id, its shortcode without colons, its picture.
    pub fn emoji(id: impl Into<String>, shortcode: &str, icon: Media, updated: Option<DateTime<Utc>>) -> Self {
        Self {
            id: Some(id.into()),
            name: Some(format!(":{shortcode}:")),
            icon: Some(icon),
            updated,
            ..Self::empty(TagKind::Emoji)
        }
    }

    fn empty(kind: TagKind) -> Self {
        Self { kind, id: None, href: None, name: None, icon: None, updated: None, media_type: None, rel: None }
    }

    /// The actor's id of a mention.
    pub fn mentioned(&self) -> Option<&str> {
        self.href.as_deref().filter(|_| self.kind == TagKind::Mention)
    }

    /// The name of a hashtag without its `#`, not normalised.
    pub fn hashtag_name(&self) -> Option<&str> {
        let name = self.name.as_deref().filter(|_| self.kind == TagKind::Hashtag)?;
        Some(name.trim().trim_start_matches(['#', '＃'])).filter(|name| !name.is_empty())
    }

    /// The shortcode of a custom emoji without its colons.
    pub fn shortcode(&self) -> Option<&str> {
        let name = self.name.as_deref().filter(|_| self.kind == TagKind::Emoji)?;
        Some(name.trim().trim_matches(':')).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_tag_is_read_and_written() {
        let value = json!([
            {"type": "Mention", "href": "https://b.example/users/b", "name": "@b@b.example"},
            {"type": "Hashtag", "href": "https://a.example/tags/majlis", "name": "#majlis"},
            {"type": "Emoji", "id": "https://a.example/emoji/1", "name": ":dallah:",
             "icon": {"type": "Image", "mediaType": "image/png", "url": "https://a.example/dallah.png"}, "updated": "2026-01-31T08:05:00Z"},
            {"type": "Link", "href": "https://c.example/1", "name": "RE: x", "mediaType": "application/activity+json"}
        ]);
        let tags: Vec<Tag> = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(tags[0].mentioned(), Some("https://b.example/users/b"));
        assert_eq!(tags[1].hashtag_name(), Some("majlis"));
        assert_eq!(tags[2].shortcode(), Some("dallah"));
        assert_eq!((tags[3].mentioned(), tags[3].hashtag_name(), tags[3].shortcode()), (None, None, None));
        assert_eq!(serde_json::to_value(&tags).unwrap(), value);
        assert_eq!(Tag::mention("https://b.example/users/b", "@b@b.example"), tags[0]);
        assert_eq!(Tag::hashtag("majlis", "https://a.example/tags/majlis"), tags[1]);
    }

    #[test]
    fn unknown_kinds_are_not_tags() {
        assert!(serde_json::from_value::<Tag>(json!({"type": "Infohash", "name": "x"})).is_err());
        assert!(serde_json::from_value::<Tag>(json!("x")).is_err());
    }
}
