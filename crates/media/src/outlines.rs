//! What a picture file holds, told by walking through its container without decoding a pixel: its size, frames and
//! orientation, and the same file with nothing in it but pixels.

mod gif;
mod jpeg;
mod png;
mod webp;

use image::metadata::Orientation;

use crate::kinds::foreign_kind;
use crate::{Error, Kind, Limits};

/// What the walk through a file found.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(crate) kind: Kind,
    /// The width of the canvas in pixels, before any turning.
    pub(crate) width: u32,
    /// The height of the canvas in pixels, before any turning.
    pub(crate) height: u32,
    /// One for a still picture.
    pub(crate) frames: u32,
    /// The pixels of the canvas, or of the largest frame where that is larger.
    pub(crate) frame_pixels: u64,
    /// How Exif says that the pixels are to be turned.
    pub(crate) turn: Orientation,
    /// Whether the coding loses nothing, so that a redrawn form should not either.
    pub(crate) lossless: bool,
    /// Whether `bare` shows as it should in every browser, unlike a JPEG of four inks.
    pub(crate) presentable: bool,
    /// The file again, its pixels coded as they were, without metadata, comments, thumbnails, unknown parts and
    /// whatever stands behind its end. Its colour profile is gone too.
    pub(crate) bare: Vec<u8>,
}

impl Outline {
    /// Tells the kind by content, walks through the file and holds it against the limits. Fails with every error that
    /// is a refusal ([`Error::is_refusal`]).
    pub(crate) fn trace(bytes: &[u8], limits: &Limits) -> Result<Outline, Error> {
        limits.check_bytes(bytes)?;
        let kind = Kind::of(bytes).ok_or_else(|| Error::Unsupported { found: foreign_kind(bytes), films: false })?;
        let outline = match kind {
            Kind::Jpeg => jpeg::trace(bytes),
            Kind::Png => png::trace(bytes),
            Kind::Gif => gif::trace(bytes),
            Kind::WebP => webp::trace(bytes),
            Kind::Mp4 | Kind::WebM | Kind::M4a | Kind::Mp3 | Kind::Raw | Kind::Zip => Err(Flaw::Foreign("no picture")),
        };
        let outline = outline.map_err(|flaw| match flaw {
            Flaw::Broken(cause) => Error::broken(kind, cause),
            Flaw::Foreign(found) => Error::Unsupported { found: Some(found), films: false },
        })?;
        limits.check(&outline)?;
        Ok(outline)
    }

    pub(crate) fn is_animated(&self) -> bool {
        self.frames > 1
    }
}

/// What is wrong with a file's structure.
#[derive(Debug)]
enum Flaw {
    /// It is damaged, in this way.
    Broken(&'static str),
    /// It is of this sort, with its article, which is not taken.
    Foreign(&'static str),
}

const CUT_OFF: Flaw = Flaw::Broken("the file ends too early");

/// The rest of a file that is being walked through.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Flaw> {
        self.array().map(|[byte]| byte)
    }
}

/// The orientation that an Exif block names; most blocks name none.
fn turn_in(exif: &[u8]) -> Option<Orientation> {
    // JPEG always writes this prefix, PNG and WebP should not and some writers do.
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(tiff)
}

fn area(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}
