//! MediaAttachment: a picture, a film or a sound of a status or fresh from an upload.

use majlis_local::Site;
use majlis_local::attachments::{Attachment, AttachmentKind, Facts, Snapshot};
use majlis_local::ids::AttachmentId;
use serde::Serialize;

/// Mastodon's MediaAttachment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct MediaAttachment {
    pub id: AttachmentId,
    #[serde(rename = "type")]
    pub kind: AttachmentKind,
    pub url: Option<String>,
    /// A smaller variant.
    pub preview_url: Option<String>,
    /// Where others keep it; `None` for our own.
    pub remote_url: Option<String>,
    pub preview_remote_url: Option<String>,
    /// Gone since Mastodon 3.5, but read by older apps.
    pub text_url: Option<String>,
    pub meta: Option<Meta>,
    /// Alt text.
    pub description: Option<String>,
    pub blurhash: Option<String>,
}

/// What is known of a picture's sizes, and of a film or a sound.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Meta {
    #[serde(flatten)]
    pub film: Option<FilmMeta>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub small: Option<Size>,
    pub focus: Focus,
}

/// The original: of a picture its size, of a film or a sound what players show.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Original {
    Picture(Size),
    Film(FilmOriginal),
}

/// The original of a film or a sound.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct FilmOriginal {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<i32>,
    /// `30/1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<String>,
    /// In seconds.
    pub duration: f64,
    /// In bits a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
}

/// The same again, in the words of older apps.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct FilmMeta {
    /// `0:01:28.65`.
    pub length: String,
    /// In seconds.
    pub duration: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    #[serde(flatten)]
    pub size: Option<Size>,
    /// `aac (LC)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_encode: Option<String>,
    /// Samples a second, whatever its name says: `44100 Hz`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_bitrate: Option<String>,
    /// `stereo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_channels: Option<String>,
}

/// A width and a height in pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Size {
    pub width: i32,
    pub height: i32,
    /// `640x480`.
    pub size: String,
    pub aspect: f64,
}

/// The point that stays visible when a picture is cut: −1 (left, bottom) to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Focus {
    pub x: f64,
    pub y: f64,
}

impl Size {
    fn new(width: Option<i32>, height: Option<i32>) -> Option<Self> {
        let (width, height) = (width.filter(|w| *w > 0)?, height.filter(|h| *h > 0)?);
        Some(Self { width, height, size: format!("{width}x{height}"), aspect: f64::from(width) / f64::from(height) })
    }
}

impl FilmOriginal {
    fn new(attachment: &Attachment, facts: &Facts) -> Self {
        Self {
            width: attachment.width,
            height: attachment.height,
            frame_rate: facts.frame_rate.clone(),
            duration: facts.duration,
            bitrate: facts.bitrate,
        }
    }
}

impl FilmMeta {
    fn new(facts: &Facts, size: Option<Size>) -> Self {
        Self {
            length: length(facts.duration),
            duration: (facts.duration * 100.0).round() / 100.0,
            fps: facts.frame_rate.as_deref().and_then(frames_a_second),
            size,
            audio_encode: facts.audio_coding.clone(),
            audio_bitrate: facts.audio_rate.map(|rate| format!("{rate} Hz")),
            audio_channels: facts.audio_channels.clone(),
        }
    }
}

/// Seconds as `0:01:28.65`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn length(seconds: f64) -> String {
    let hundredths = (seconds * 100.0).round() as u64;
    let (seconds, hundredths) = (hundredths / 100, hundredths % 100);
    format!("{}:{:02}:{:02}.{hundredths:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// `30000/1001` as 29.97.
fn frames_a_second(fraction: &str) -> Option<f64> {
    let (above, below) = fraction.split_once('/')?;
    let (above, below) = (above.parse::<f64>().ok()?, below.parse::<f64>().ok()?);
    (below > 0.0).then(|| (above / below * 100.0).round() / 100.0)
}

impl MediaAttachment {
    /// From a row.
    pub fn new(site: &Site, attachment: &Attachment) -> Self {
        let addresses = Addresses {
            kind: attachment.kind,
            file: attachment.file.as_deref(),
            preview: attachment.preview.as_deref(),
            remote_url: attachment.remote_url.as_deref(),
            has_row: true,
        };
        let size = Size::new(attachment.width, attachment.height);
        let small = Size::new(attachment.preview_width, attachment.preview_height);
        let focus = Focus { x: attachment.focus_x, y: attachment.focus_y };
        let small = small.or_else(|| addresses.whole_picture(attachment));
        let meta = match attachment.facts.as_deref() {
            Some(facts) => {
                let original = Original::Film(FilmOriginal::new(attachment, facts));
                Meta { film: Some(FilmMeta::new(facts, size)), original: Some(original), small, focus }
            }
            None => Meta { film: None, original: size.map(Original::Picture), small, focus },
        };
        Self {
            meta: Some(meta),
            blurhash: attachment.blurhash.clone(),
            ..Self::bare(site, attachment.id, &addresses, &attachment.description)
        }
    }

    /// What an attachment was when a status was edited.
    pub fn of_snapshot(site: &Site, snapshot: &Snapshot) -> Self {
        let addresses = Addresses {
            kind: snapshot.kind,
            file: snapshot.file.as_deref(),
            preview: snapshot.preview.as_deref(),
            remote_url: snapshot.remote_url.as_deref(),
            has_row: false,
        };
        Self { blurhash: snapshot.blurhash.clone(), ..Self::bare(site, snapshot.id, &addresses, &snapshot.description) }
    }

    fn bare(site: &Site, id: AttachmentId, addresses: &Addresses<'_>, description: &str) -> Self {
        let remote = addresses.remote_url.map(str::to_owned);
        // Pictures of other servers may be shown from here; films and sounds are told where they are.
        let is_picture = addresses.kind == AttachmentKind::Image;
        let elsewhere = |size: &str| match &remote {
            Some(url) if is_picture && addresses.has_row => Some(site.attachment_url(id, size, url)),
            Some(url) if is_picture => Some(site.picture_url(url)),
            other => other.clone(),
        };
        let url = addresses.file.map(|key| site.media_url(key)).or_else(|| elsewhere("original"));
        let preview_url = match addresses.preview {
            Some(key) => Some(site.media_url(key)),
            // A picture is its own preview; of a film or a sound elsewhere there is none.
            None if is_picture && addresses.file.is_some() => url.clone(),
            None if is_picture => elsewhere("small"),
            None => None,
        };
        Self {
            id,
            kind: addresses.kind,
            url,
            preview_url,
            remote_url: remote,
            preview_remote_url: None,
            text_url: None,
            meta: None,
            description: (!description.is_empty()).then(|| description.to_owned()),
            blurhash: None,
        }
    }
}

/// Where an attachment's files are.
struct Addresses<'a> {
    kind: AttachmentKind,
    file: Option<&'a str>,
    preview: Option<&'a str>,
    remote_url: Option<&'a str>,
    /// Whether the row still stands that its id names.
    has_row: bool,
}

impl Addresses<'_> {
    /// The size of a picture that is its own preview.
    fn whole_picture(&self, attachment: &Attachment) -> Option<Size> {
        let own_preview = self.kind == AttachmentKind::Image && self.preview.is_none();
        if own_preview { Size::new(attachment.width, attachment.height) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_apps_know_them() {
        for (seconds, text) in [(88.654, "0:01:28.65"), (0.0, "0:00:00.00"), (3_723.999, "1:02:04.00")] {
            assert_eq!(length(seconds), text);
        }
        assert_eq!(frames_a_second("30000/1001"), Some(29.97));
        assert_eq!(frames_a_second("0/0"), None);
    }
}
