//! Links and media: the `url` property in all its shapes, attachments, icons and header images.
//! A `url` is always a list of [`Link`]s here; a plain one is written as the string it was.

use serde::de::{Deserializer, Error as _};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{id, read};

/// How deep links may stand inside links: PeerTube puts the files of a stream into the `tag` of its playlist.
const MAX_NESTED: usize = 64;

/// One address of something (ActivityStreams `Link`), or a plain URL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// The address.
    pub href: String,
    /// What it answers with.
    pub media_type: Option<String>,
    /// What it is to the thing that has it.
    pub rel: Option<String>,
    /// A text for it.
    pub name: Option<String>,
    /// Pixels.
    pub width: Option<u64>,
    /// Pixels.
    pub height: Option<u64>,
    /// Links that belong to it: the files behind a playlist.
    pub tag: Vec<Link>,
}

impl Link {
    /// A plain URL.
    pub fn plain(href: impl Into<String>) -> Self {
        Self { href: href.into(), ..Self::default() }
    }

    fn is_plain(&self) -> bool {
        *self == Self::plain(self.href.as_str())
    }
}

/// A link as it stands on the wire.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "type", default = "Wire::kind", skip_deserializing)]
    kind: &'static str,
    #[serde(default, deserialize_with = "read::reference")]
    href: Option<String>,
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    rel: Option<String>,
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    width: Option<u64>,
    #[serde(default, deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
    #[serde(default, deserialize_with = "read::many", skip_serializing_if = "Vec::is_empty")]
    tag: Vec<Link>,
    // Some send an object with its own `url` instead of a link.
    #[serde(default, deserialize_with = "read::reference", skip_serializing)]
    url: Option<String>,
}

impl Wire {
    fn kind() -> &'static str {
        "Link"
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => id::valid(&text).map(Self::plain).ok_or_else(|| D::Error::custom("not an address")),
            value @ Value::Object(_) => {
                let wire = Wire::deserialize(value).map_err(D::Error::custom)?;
                let href = wire.href.or(wire.url).ok_or_else(|| D::Error::custom("a link without address"))?;
                let Wire { media_type, rel, name, width, height, mut tag, .. } = wire;
                tag.truncate(MAX_NESTED);
                Ok(Self { href, media_type, rel, name, width, height, tag })
            }
            _ => Err(D::Error::custom("not a link")),
        }
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_plain() {
            return serializer.serialize_str(&self.href);
        }
        let Self { href, media_type, rel, name, width, height, tag } = self.clone();
        Wire { kind: Wire::kind(), href: Some(href), media_type, rel, name, width, height, tag, url: None }.serialize(serializer)
    }
}

/// Writes a `url`: one as itself, several as an array.
pub(crate) fn write_url<S: Serializer>(links: &[Link], serializer: S) -> Result<S::Ok, S::Error> {
    read::write_one_or_many(links, serializer)
}

/// The link that a browser can show: one of HTML, else one without a media type, else the first.
pub fn web_page(links: &[Link]) -> Option<&str> {
    let html = |link: &&Link| link.media_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
    let found = links.iter().find(html).or_else(|| links.iter().find(|link| link.media_type.is_none())).or(links.first());
    found.map(|link| link.href.as_str())
}

/// A picture, a sound, a film or another file: an attachment, an avatar, a header image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// `Document`, `Image`, `Video`, `Audio`, `Link` … : what peers call it says little, the media type more.
    #[serde(rename = "type", default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What it is, by its sender.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Where it is; of a `Link`, its `href`.
    #[serde(
        default,
        alias = "href",
        deserialize_with = "read::many",
        serialize_with = "write_url",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub url: Vec<Link>,
    /// The description for those who cannot see it; see [`Media::description`].
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where GoToSocial and others put the description, too.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// A few colours to show while it loads.
    #[serde(default, deserialize_with = "read::text", skip_serializing_if = "Option::is_none")]
    pub blurhash: Option<String>,
    /// What must stay visible: from left −1 to right 1, from bottom −1 to top 1.
    #[serde(default, deserialize_with = "read::point", skip_serializing_if = "Option::is_none")]
    pub focal_point: Option<[f64; 2]>,
    /// Pixels.
    #[serde(default, deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    /// Pixels.
    #[serde(default, deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Whether it alone is to be hidden until asked for (Misskey).
    #[serde(default, deserialize_with = "read::flag", skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// A still of a film, a cover of a sound.
    #[serde(default, deserialize_with = "read::first", skip_serializing_if = "Option::is_none")]
    pub icon: Option<Box<Media>>,
}

impl Media {
    /// A picture, as icons and header images are written.
    pub fn image(url: impl Into<String>, media_type: Option<String>) -> Self {
        Self { kind: Some("Image".to_owned()), media_type, url: vec![Link::plain(url)], ..Self::default() }
    }

    /// An attachment, as every peer reads it.
    pub fn document(url: impl Into<String>, media_type: impl Into<String>) -> Self {
        Self {
            kind: Some("Document".to_owned()),
            media_type: Some(media_type.into()),
            url: vec![Link::plain(url)],
            ..Self::default()
        }
    }

    /// The address of the file itself.
    pub fn source(&self) -> Option<&str> {
        self.url.first().map(|link| link.href.as_str())
    }

    /// The media type: its own, or that of its first link.
    pub fn media_type(&self) -> Option<&str> {
        self.media_type.as_deref().or_else(|| self.url.first()?.media_type.as_deref())
    }

    /// The description for those who cannot see it: `name`, else `summary`.
    pub fn description(&self) -> Option<&str> {
        [&self.name, &self.summary].into_iter().flatten().map(|text| text.trim()).find(|text| !text.is_empty())
    }
}

/// Reads an `icon` or `image`: the first of what stands there that has an address.
pub(crate) fn picture<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Media>, D::Error> {
    let usable = |value: Value| match value {
        Value::String(_) => Link::deserialize(value).ok().map(|link| Media::image(link.href, None)),
        value @ Value::Object(_) => Media::deserialize(value).ok().filter(|media| !media.url.is_empty()),
        _ => None,
    };
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items.into_iter().take(16).find_map(usable),
        value => usable(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "read::many", serialize_with = "write_url", skip_serializing_if = "Vec::is_empty")]
        url: Vec<Link>,
        #[serde(default, deserialize_with = "picture", skip_serializing_if = "Option::is_none")]
        icon: Option<Media>,
    }

    fn read(value: Value) -> Holder {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_url_has_many_shapes() {
        for (value, href) in [
            (json!("https://a.example/1"), Some("https://a.example/1")),
            (json!({"type": "Link", "href": "https://a.example/1"}), Some("https://a.example/1")),
            (
                json!([{"type": "Link", "href": "https://a.example/1.mp4", "mediaType": "video/mp4"},
                    {"type": "Link", "href": "https://a.example/1", "mediaType": "text/html"}]),
                Some("https://a.example/1"),
            ),
            (json!([7, null, "https://a.example/1"]), Some("https://a.example/1")),
            (json!(null), None),
            (json!({"type": "Link"}), None),
        ] {
            assert_eq!(web_page(&read(json!({"url": value})).url), href);
        }
        let plain = read(json!({"url": "https://a.example/1"}));
        assert_eq!(serde_json::to_value(&plain).unwrap(), json!({"url": "https://a.example/1"}));
    }

    #[test]
    fn a_link_keeps_what_it_says() {
        let value = json!({"url": [
            "https://a.example/1",
            {"type": "Link", "href": "https://a.example/1.m3u8", "mediaType": "application/x-mpegURL",
             "tag": [{"type": "Link", "href": "https://a.example/1.mp4", "mediaType": "video/mp4", "height": 720}]}
        ]});
        let holder = read(value.clone());
        assert_eq!(holder.url[1].tag[0].height, Some(720));
        assert_eq!(serde_json::to_value(&holder).unwrap(), value);
    }

    #[test]
    fn a_picture_has_many_shapes() {
        for value in [
            json!("https://a.example/1.png"),
            json!({"type": "Image", "url": "https://a.example/1.png"}),
            json!([{"type": "Image"}, {"type": "Image", "url": {"type": "Link", "href": "https://a.example/1.png"}}]),
            json!({"type": "Link", "href": "https://a.example/1.png"}),
        ] {
            assert_eq!(read(json!({"icon": value})).icon.unwrap().source(), Some("https://a.example/1.png"));
        }
        assert_eq!(read(json!({"icon": []})).icon, None);
        assert_eq!(read(json!({"icon": {"type": "Image", "url": 5}})).icon, None);
    }

    #[test]
    fn a_description_stands_in_name_or_summary() {
        let media = |value: Value| -> Media { serde_json::from_value(value).unwrap() };
        assert_eq!(media(json!({"name": "A cat", "summary": "x"})).description(), Some("A cat"));
        assert_eq!(media(json!({"name": " ", "summary": "A cat"})).description(), Some("A cat"));
        assert_eq!(media(json!({"name": null})).description(), None);
        assert_eq!(media(json!({"focalPoint": [0.5, -0.25]})).focal_point, Some([0.5, -0.25]));
        for value in [json!([0.5]), json!([0.5, 7]), json!("x"), json!([null, 0])] {
            assert_eq!(media(json!({"focalPoint": value})).focal_point, None);
        }
    }
}
