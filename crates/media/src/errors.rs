//! Why a file was not taken or could not be kept: an inner text for the log (`Display`) and a sentence for the
//! person who sent it ([`Error::public`]).

use std::fmt;

use crate::{Key, Kind};

/// What went wrong with a picture or its storage.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file has no bytes.
    Empty,
    /// More bytes than are taken.
    TooLarge {
        /// The most bytes taken.
        limit: u64,
        /// The bytes that came.
        got: u64,
    },
    /// More pixels than are taken, in one picture or in all frames of an animation.
    TooManyPixels {
        /// The most pixels taken.
        limit: u64,
        /// The pixels that the file's header announces.
        got: u64,
    },
    /// An animation of more frames than are taken.
    TooManyFrames {
        /// The most frames taken.
        limit: u32,
        /// The frames that the file holds.
        got: u32,
    },
    /// A film of more frames a second than are taken.
    TooQuick {
        /// The most frames a second.
        limit: u32,
    },
    /// A film or a sound that plays for too long, or that takes too long to work on.
    TooLong {
        /// The longest that is taken, in seconds; `None` when it was the work that took too long.
        limit: Option<u64>,
    },
    /// Not of a kind that is taken.
    Unsupported {
        /// What it is instead, with its article (`a PDF file`), when it could be told.
        found: Option<&'static str>,
        /// Whether films and sounds are taken too.
        films: bool,
    },
    /// A film or a sound, or a picture of a film's coding, that cannot be read.
    Unplayable {
        /// What exactly is wrong, for the log.
        cause: String,
    },
    /// Damaged, cut off, or contradicting itself.
    Broken {
        /// The kind that its first bytes announce.
        kind: Kind,
        /// What exactly is wrong, for the log.
        cause: String,
    },
    /// Too many pictures are being worked on; trying again later helps.
    Busy,
    /// The file was fine and still could not be processed: our fault.
    Failed {
        /// What happened, for the log.
        cause: String,
    },
    /// A text that is no storage key; nobody who follows our links sends one.
    BadKey,
    /// No object has this key.
    NotFound(Key),
    /// The object store failed.
    Store(Box<dyn std::error::Error + Send + Sync>),
}

/// What is always taken, for people.
const PICTURES: &str = "JPEG, PNG, GIF and WebP";
/// What is taken where ffmpeg is, for people.
const ALL_KINDS: &str = "JPEG, PNG, GIF, WebP, AVIF, MP4, QuickTime, WebM, Matroska, MP3, Ogg, FLAC, WAV and AAC";

impl Error {
    /// One English sentence for the person who sent the file; it tells nothing of the server's insides.
    pub fn public(&self) -> String {
        match self {
            Error::Empty => "The file is empty.".to_owned(),
            Error::TooLarge { limit, .. } => {
                format!("The file is too large; at most {} are accepted.", in_bytes(*limit))
            }
            Error::TooManyPixels { limit, got } => {
                format!("The picture has {} megapixels; at most {} are accepted.", in_megapixels(*got), in_megapixels(*limit))
            }
            Error::TooManyFrames { limit, got } => {
                format!("The animation has {got} frames; at most {limit} are accepted.")
            }
            Error::TooQuick { limit } => format!("The video has too many frames a second; at most {limit} are accepted."),
            Error::TooLong { limit: Some(limit) } => {
                format!("The file plays for too long; at most {} minutes are accepted.", limit / 60)
            }
            Error::TooLong { limit: None } => "Processing the file takes too long.".to_owned(),
            Error::Unsupported { found, films } => {
                let found =
                    found.map_or_else(|| "This kind of file is not supported".to_owned(), |found| format!("This is {found}"));
                format!("{found}. Supported are {}.", if *films { ALL_KINDS } else { PICTURES })
            }
            Error::Unplayable { .. } => "The file is damaged, or in a coding that is not supported.".to_owned(),
            Error::Broken { kind, .. } => {
                format!("The {} file is damaged or incomplete.", kind.name())
            }
            Error::Busy => "Too many pictures are being processed right now; please try again.".to_owned(),
            Error::Failed { .. } => "The picture could not be processed.".to_owned(),
            Error::BadKey | Error::NotFound(_) => "There is no such file.".to_owned(),
            Error::Store(_) => "The file could not be stored or read.".to_owned(),
        }
    }

    /// Whether the file itself is the reason, so that sending it again cannot help.
    pub fn is_refusal(&self) -> bool {
        match self {
            Error::Empty
            | Error::TooLarge { .. }
            | Error::TooManyPixels { .. }
            | Error::TooManyFrames { .. }
            | Error::TooQuick { .. }
            | Error::TooLong { .. }
            | Error::Unsupported { .. }
            | Error::Unplayable { .. }
            | Error::Broken { .. } => true,
            Error::Busy | Error::Failed { .. } | Error::BadKey | Error::NotFound(_) | Error::Store(_) => false,
        }
    }

    pub(crate) fn broken(kind: Kind, cause: impl fmt::Display) -> Error {
        Error::Broken { kind, cause: cause.to_string() }
    }

    pub(crate) fn failed(cause: impl fmt::Display) -> Error {
        Error::Failed { cause: cause.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Empty => write!(f, "empty file"),
            Error::TooLarge { limit, got } => write!(f, "{got} bytes, limit {limit}"),
            Error::TooManyPixels { limit, got } => write!(f, "{got} pixels, limit {limit}"),
            Error::TooManyFrames { limit, got } => write!(f, "{got} frames, limit {limit}"),
            Error::TooQuick { limit } => write!(f, "too many frames a second, limit {limit}"),
            Error::TooLong { limit: Some(limit) } => write!(f, "too long, limit {limit} s"),
            Error::TooLong { limit: None } => write!(f, "work took too long"),
            Error::Unsupported { found, .. } => {
                write!(f, "unsupported: {}", found.unwrap_or("an unknown kind"))
            }
            Error::Unplayable { cause } => write!(f, "unplayable: {cause}"),
            Error::Broken { kind, cause } => write!(f, "broken {}: {cause}", kind.name()),
            Error::Busy => write!(f, "no free picture worker in time"),
            Error::Failed { cause } => write!(f, "processing failed: {cause}"),
            Error::BadKey => write!(f, "not a storage key"),
            Error::NotFound(key) => write!(f, "no object {key}"),
            Error::Store(cause) => write!(f, "object store: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Store(cause) => Some(cause.as_ref()),
            _ => None,
        }
    }
}

fn in_bytes(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match bytes {
        0..MIB => format!("{bytes} bytes"),
        _ => format!("{} MiB", bytes / MIB),
    }
}

/// Rounded up and without a fraction from ten on: 33.6 says no more than 34, but 0.3 says more than 0.
fn in_megapixels(pixels: u64) -> String {
    match pixels {
        0..10_000_000 => format!("{:.1}", pixels as f64 / 1e6),
        _ => pixels.div_ceil(1_000_000).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_the_limit_and_what_is_supported() {
        let large = Error::TooLarge { limit: 16 << 20, got: 17 << 20 };
        assert_eq!(large.public(), "The file is too large; at most 16 MiB are accepted.");
        let pixels = Error::TooManyPixels { limit: 1 << 25, got: 3_600_000_000 };
        assert_eq!(pixels.public(), "The picture has 3600 megapixels; at most 34 are accepted.");
        for found in [None, Some("a PDF file")] {
            assert!(Error::Unsupported { found, films: false }.public().ends_with("JPEG, PNG, GIF and WebP."));
            assert!(Error::Unsupported { found, films: true }.public().ends_with("WAV and AAC."));
        }
    }

    #[test]
    fn the_cause_stays_inside() {
        let broken = Error::broken(Kind::Png, "CRC of IDAT at /srv/x");
        assert!(broken.to_string().contains("/srv/x"));
        assert!(!broken.public().contains("/srv/x"));
        assert!(broken.is_refusal());
        assert!(!Error::Busy.is_refusal());
    }
}
