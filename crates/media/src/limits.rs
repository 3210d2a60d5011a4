//! How much a picture may ask of us, and how large its variants are drawn.
//! Everything here is known before a single pixel is decoded.

use crate::Error;
use crate::outlines::Outline;

/// The largest an attachment's original is kept, in pixels; what has more is drawn smaller (3840 × 2160, in any aspect).
pub const ORIGINAL_PIXELS: u64 = 3840 * 2160;

/// The size of an attachment's preview in pixels (640 × 360, in any aspect), as Mastodon draws it.
pub const PREVIEW_PIXELS: u64 = 640 * 360;

/// The most pixels of a custom emoji: a square of 256.
pub const EMOJI_PIXELS: u64 = 65_536;
/// The largest width and height of an avatar; what is smaller is cropped to the same aspect and not enlarged.
pub const AVATAR: (u32, u32) = (400, 400);

/// The largest width and height of a header; what is smaller is cropped to the same aspect and not enlarged.
pub const HEADER: (u32, u32) = (1500, 500);

/// The longest side of anything that is drawn: what lossless WebP can hold and phones can still show.
pub(crate) const LONGEST_SIDE: u32 = 16_383;

/// What a file may weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a file.
    pub bytes: u64,
    /// The most pixels of a picture, or of one frame of an animation.
    pub pixels: u64,
    /// The most frames of an animation.
    pub frames: u32,
    /// The most pixels of all frames of an animation together.
    pub animation_pixels: u64,
}

impl Default for Limits {
    /// 16 MiB, 2²⁵ pixels (33 megapixels), 1,000 frames, 2²⁸ pixels in all of them.
    fn default() -> Limits {
        Limits { bytes: 16 << 20, pixels: 1 << 25, frames: 1_000, animation_pixels: 1 << 28 }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        match bytes.len() as u64 {
            0 => Err(Error::Empty),
            got if got > self.bytes => Err(Error::TooLarge { limit: self.bytes, got }),
            _ => Ok(()),
        }
    }

    pub(crate) fn check(&self, outline: &Outline) -> Result<(), Error> {
        let (frames, frame) = (outline.frames, outline.frame_pixels);
        let all = frame.saturating_mul(u64::from(frames));
        if frame > self.pixels {
            Err(Error::TooManyPixels { limit: self.pixels, got: frame })
        } else if frames > self.frames {
            Err(Error::TooManyFrames { limit: self.frames, got: frames })
        } else if frames > 1 && all > self.animation_pixels {
            Err(Error::TooManyPixels { limit: self.animation_pixels, got: all })
        } else {
            Ok(())
        }
    }

    /// What a decoder may allocate, in bytes: the largest picture in 16 bits a channel, and some room for itself.
    pub(crate) fn room_for_decoder(&self) -> u64 {
        self.pixels.saturating_mul(8).saturating_add(64 << 20)
    }
}
