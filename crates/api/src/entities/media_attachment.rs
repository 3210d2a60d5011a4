//! MediaAttachment: a picture (or, from elsewhere, a film or a sound) of a status or fresh from an upload.

use majlis_local::Site;
use majlis_local::attachments::{Attachment, AttachmentKind, Snapshot};
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

/// What is known of the picture's sizes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub small: Option<Size>,
    pub focus: Focus,
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

impl MediaAttachment {
    /// From a row.
    pub fn new(site: &Site, attachment: &Attachment) -> Self {
        let addresses = Addresses {
            kind: attachment.kind,
            file: attachment.file.as_deref(),
            preview: attachment.preview.as_deref(),
            remote_url: attachment.remote_url.as_deref(),
        };
        let original = Size::new(attachment.width, attachment.height);
        let small = Size::new(attachment.preview_width, attachment.preview_height);
        let focus = Focus { x: attachment.focus_x, y: attachment.focus_y };
        let meta = Some(Meta { original, small: small.or_else(|| addresses.whole_picture(attachment)), focus });
        Self {
            meta,
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
        };
        Self { blurhash: snapshot.blurhash.clone(), ..Self::bare(site, snapshot.id, &addresses, &snapshot.description) }
    }

    fn bare(site: &Site, id: AttachmentId, addresses: &Addresses<'_>, description: &str) -> Self {
        let remote = addresses.remote_url.map(str::to_owned);
        let url = addresses.file.map(|key| site.media_url(key)).or_else(|| remote.clone());
        let preview_url = match addresses.preview {
            Some(key) => Some(site.media_url(key)),
            // A picture is its own preview; of a film or a sound elsewhere there is none.
            None if addresses.kind == AttachmentKind::Image => url.clone(),
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
}

impl Addresses<'_> {
    /// The size of a picture that is its own preview.
    fn whole_picture(&self, attachment: &Attachment) -> Option<Size> {
        let own_preview = self.kind == AttachmentKind::Image && self.preview.is_none();
        if own_preview { Size::new(attachment.width, attachment.height) } else { None }
    }
}
