//! The kinds of file that are kept; the pictures among them are recognised by their first bytes and never by a name or a
//! declared type. Also the names of common kinds that are not taken, so that a refusal can say what it found.

use serde::{Deserialize, Serialize};

/// A kind of file that Majlis keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG. An animated PNG is kept as its default image.
    Png,
    /// GIF, still or animated.
    Gif,
    /// WebP, lossy or lossless, still or animated.
    WebP,
    /// A film in MP4: H.264, with AAC or MP3 when it has sound.
    Mp4,
    /// A film in WebM: VP8, VP9 or AV1, with Opus or Vorbis when it has sound.
    WebM,
    /// Sound in MP4: AAC.
    M4a,
    /// Sound: MP3.
    Mp3,
    /// What somebody sent and nobody has looked through yet. It is never served.
    Raw,
    /// Everything that somebody has said here. It is served to that person alone.
    Zip,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 10] =
        [Kind::Jpeg, Kind::Png, Kind::Gif, Kind::WebP, Kind::Mp4, Kind::WebM, Kind::M4a, Kind::Mp3, Kind::Raw, Kind::Zip];

    /// The kinds of picture that are always taken, in the order in which people are told of them.
    pub const PICTURES: [Kind; 4] = [Kind::Jpeg, Kind::Png, Kind::Gif, Kind::WebP];

    /// The kind of these bytes by their signature; `None` when they are none of [`Kind::PICTURES`].
    pub fn of(bytes: &[u8]) -> Option<Kind> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Kind::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Kind::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Kind::Gif),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Kind::WebP),
            _ => None,
        }
    }

    /// The media type, as in `Content-Type`: `image/jpeg`.
    pub fn mime(self) -> &'static str {
        match self {
            Kind::Jpeg => "image/jpeg",
            Kind::Png => "image/png",
            Kind::Gif => "image/gif",
            Kind::WebP => "image/webp",
            Kind::Mp4 => "video/mp4",
            Kind::WebM => "video/webm",
            Kind::M4a => "audio/mp4",
            Kind::Mp3 => "audio/mpeg",
            Kind::Raw => "application/octet-stream",
            Kind::Zip => "application/zip",
        }
    }

    /// The file name's ending without its dot: `jpg`.
    pub fn extension(self) -> &'static str {
        match self {
            Kind::Jpeg => "jpg",
            Kind::Png => "png",
            Kind::Gif => "gif",
            Kind::WebP => "webp",
            Kind::Mp4 => "mp4",
            Kind::WebM => "webm",
            Kind::M4a => "m4a",
            Kind::Mp3 => "mp3",
            Kind::Raw => "raw",
            Kind::Zip => "zip",
        }
    }

    /// The name that people know the kind by: `JPEG`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Jpeg => "JPEG",
            Kind::Png => "PNG",
            Kind::Gif => "GIF",
            Kind::WebP => "WebP",
            Kind::Mp4 | Kind::M4a => "MP4",
            Kind::WebM => "WebM",
            Kind::Mp3 => "MP3",
            Kind::Raw => "uploaded",
            Kind::Zip => "ZIP",
        }
    }

    pub(crate) fn by_extension(extension: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}

/// What people call a common kind that is not taken. Phones send HEIC and browsers AVIF without saying so.
pub(crate) fn foreign_kind(bytes: &[u8]) -> Option<&'static str> {
    let brand = bytes.get(4..12).filter(|at| at.starts_with(b"ftyp")).map(|at| &at[4..]);
    Some(match (bytes, brand) {
        (_, Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1" | b"heim" | b"heis")) => "a HEIC picture",
        (_, Some(b"avif" | b"avis")) => "an AVIF picture",
        (_, Some(b"qt  ")) => "a QuickTime video",
        (_, Some(_)) => "an MP4 file",
        ([0x1A, 0x45, 0xDF, 0xA3, ..], _) => "a WebM or Matroska file",
        ([b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..], _) => "a TIFF or raw picture",
        ([0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..], _) => "a JPEG XL picture",
        ([b'8', b'B', b'P', b'S', ..], _) => "a Photoshop file",
        ([b'%', b'P', b'D', b'F', ..], _) => "a PDF file",
        ([b'O', b'g', b'g', b'S', ..], _) => "an Ogg file",
        ([b'f', b'L', b'a', b'C', ..], _) => "a FLAC file",
        ([b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..], _) => "a WAV file",
        ([b'I', b'D', b'3', ..] | [0xFF, 0xFB | 0xF3 | 0xF2, ..], _) => "an MP3 file",
        ([b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..], _) => "a BMP picture",
        _ if looks_like_svg(bytes) => "an SVG drawing",
        _ => return None,
    })
}

fn looks_like_svg(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(512)];
    start.trim_ascii_start().starts_with(b"<") && start.windows(4).any(|four| four == b"<svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_decides() {
        assert_eq!(Kind::of(b"\xFF\xD8\xFF\xE0"), Some(Kind::Jpeg));
        assert_eq!(Kind::of(b"\x89PNG\r\n\x1a\n"), Some(Kind::Png));
        assert_eq!(Kind::of(b"GIF87a"), Some(Kind::Gif));
        assert_eq!(Kind::of(b"GIF89a"), Some(Kind::Gif));
        assert_eq!(Kind::of(b"RIFF\0\0\0\0WEBPVP8 "), Some(Kind::WebP));
        assert_eq!(Kind::of(b"RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(Kind::of(b"GIF88a"), None);
        assert_eq!(Kind::of(b""), None);
    }

    #[test]
    fn foreign_kinds_are_named() {
        assert_eq!(foreign_kind(b"\0\0\0\x18ftypheic\0\0\0\0"), Some("a HEIC picture"));
        assert_eq!(foreign_kind(b"\0\0\0\x18ftypisom\0\0\0\0"), Some("an MP4 file"));
        assert_eq!(foreign_kind(b"  <?xml version='1.0'?><svg xmlns='x'/>"), Some("an SVG drawing"));
        assert_eq!(foreign_kind(b"<html></html>"), None);
        assert_eq!(foreign_kind(b""), None);
    }
}
