//! A walk through a WebP file (RFC 9649, §2): the chunks that hold pixels and animation are kept, Exif, XMP, colour
//! profile and unknown chunks left out, also those within frames.

use image::metadata::Orientation;

use super::{Flaw, Outline, Rest, area, turn_in};
use crate::Kind;

const ANIMATION: u8 = 0x02;
const ALPHA: u8 = 0x10;

pub(super) fn trace(bytes: &[u8]) -> Result<Outline, Flaw> {
    let mut rest = Rest(bytes);
    if &rest.array()? != b"RIFF" {
        return Err(Flaw::Broken("no RIFF header"));
    }
    let length = u32::from_le_bytes(rest.array()?) as usize;
    let mut rest = Rest(rest.take(length)?);
    if &rest.array()? != b"WEBP" {
        return Err(Flaw::Broken("no WebP header"));
    }
    let first = chunk(&mut rest)?;
    match &first.name {
        b"VP8X" => extended(first, rest),
        b"VP8 " | b"VP8L" => {
            let (width, height) = bitstream_size(&first)?;
            let mut body = Vec::with_capacity(first.payload.len() + 9);
            first.write(&mut body);
            Ok(outline(width, height, 1, None, &first.name == b"VP8L", &body))
        }
        _ => Err(Flaw::Broken("the first chunk holds no picture")),
    }
}

/// RFC 9649 §2.7: a header chunk says what else there is.
fn extended(header: Chunk<'_>, mut rest: Rest<'_>) -> Result<Outline, Flaw> {
    let mut fields = Rest(header.payload);
    let [flags, ..] = fields.array::<4>()?;
    let width = u24(fields.array()?) + 1;
    let height = u24(fields.array()?) + 1;
    let animated = flags & ANIMATION != 0;

    let mut body = Vec::with_capacity(rest.0.len());
    let kept_flags = [flags & (ANIMATION | ALPHA), 0, 0, 0];
    let kept = [&kept_flags[..], &header.payload[4..10]].concat();
    Chunk { name: *b"VP8X", payload: &kept }.write(&mut body);

    let (mut frames, mut lossless, mut turn) = (0_u32, true, None);
    while !rest.is_empty() {
        let next = chunk(&mut rest)?;
        match (&next.name, animated) {
            (b"ANIM", true) => next.write(&mut body),
            (b"ANMF", true) => {
                frames = frames.saturating_add(1);
                lossless &= frame(&next, (width, height), &mut body)?;
            }
            (b"ALPH", false) if frames == 0 => next.write(&mut body),
            (b"VP8 " | b"VP8L", false) if frames == 0 => {
                if bitstream_size(&next)? != (width, height) {
                    return Err(Flaw::Broken("the picture is not as large as its header says"));
                }
                frames = 1;
                lossless = &next.name == b"VP8L";
                next.write(&mut body);
            }
            // Nothing turns an animation, and its still must not lie beside it.
            (b"EXIF", false) => turn = turn.or(turn_in(next.payload)),
            _ => {}
        }
    }
    if frames == 0 {
        return Err(Flaw::Broken("no frame"));
    }
    Ok(outline(width, height, frames, turn, lossless, &body))
}

/// Copies one frame of an animation without its unknown chunks; answers whether it is coded without loss.
fn frame(anmf: &Chunk<'_>, canvas: (u32, u32), body: &mut Vec<u8>) -> Result<bool, Flaw> {
    let mut rest = Rest(anmf.payload);
    let place: [u8; 16] = rest.array()?;
    let mut fields = Rest(&place);
    let (left, top) = (2 * u24(fields.array()?), 2 * u24(fields.array()?));
    let (width, height) = (u24(fields.array()?) + 1, u24(fields.array()?) + 1);
    if left + width > canvas.0 || top + height > canvas.1 {
        return Err(Flaw::Broken("a frame outside of the canvas"));
    }
    let mut kept = place.to_vec();
    let mut lossless = None;
    while !rest.is_empty() && lossless.is_none() {
        let next = chunk(&mut rest)?;
        match &next.name {
            b"ALPH" => next.write(&mut kept),
            b"VP8 " | b"VP8L" => {
                if bitstream_size(&next)? != (width, height) {
                    return Err(Flaw::Broken("a frame is not as large as its header says"));
                }
                lossless = Some(&next.name == b"VP8L");
                next.write(&mut kept);
            }
            _ => {}
        }
    }
    Chunk { name: *b"ANMF", payload: &kept }.write(body);
    lossless.ok_or(Flaw::Broken("a frame without pixels"))
}

fn outline(width: u32, height: u32, frames: u32, turn: Option<Orientation>, lossless: bool, body: &[u8]) -> Outline {
    // The body is no longer than the file it comes from, whose length fitted into 32 bits.
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    Outline {
        kind: Kind::WebP,
        width,
        height,
        frames,
        frame_pixels: area(width, height),
        turn: turn.unwrap_or(Orientation::NoTransforms),
        lossless,
        presentable: true,
        bare: [b"RIFF", &length.to_le_bytes()[..], b"WEBP", body].concat(),
    }
}

struct Chunk<'a> {
    name: [u8; 4],
    payload: &'a [u8],
}

impl Chunk<'_> {
    fn write(&self, body: &mut Vec<u8>) {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        body.extend(self.name);
        body.extend(length.to_le_bytes());
        body.extend_from_slice(self.payload);
        if length % 2 == 1 {
            body.push(0);
        }
    }
}

fn chunk<'a>(rest: &mut Rest<'a>) -> Result<Chunk<'a>, Flaw> {
    let name = rest.array()?;
    let length = u32::from_le_bytes(rest.array()?) as usize;
    let payload = rest.take(length)?;
    if length % 2 == 1 && !rest.is_empty() {
        rest.byte()?;
    }
    Ok(Chunk { name, payload })
}

/// The size that the coded picture itself names (RFC 6386 §9.1, RFC 9649 §3.4). Decoders allocate by this one, so it
/// must be the one that was held against the limits.
fn bitstream_size(chunk: &Chunk<'_>) -> Result<(u32, u32), Flaw> {
    let mut rest = Rest(chunk.payload);
    if &chunk.name == b"VP8L" {
        let _signature = rest.byte()?;
        let bits = u32::from_le_bytes(rest.array()?);
        return Ok(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1));
    }
    let _tag_and_start_code = rest.take(6)?;
    let width = u32::from(u16::from_le_bytes(rest.array()?) & 0x3FFF);
    let height = u32::from(u16::from_le_bytes(rest.array()?) & 0x3FFF);
    match (width, height) {
        (0, _) | (_, 0) => Err(Flaw::Broken("a picture without width or height")),
        size => Ok(size),
    }
}

fn u24([a, b, c]: [u8; 3]) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_simple_file_stays_as_it_is() {
        for (whole, lossless) in [(samples::webp(5, 3), true), (samples::LOSSY_WEBP.to_vec(), false)] {
            let outline = trace(&whole).unwrap();
            assert_eq!(outline.lossless, lossless);
            assert_eq!(outline.bare, whole);
            let behind = [&whole[..], b"something behind the end"].concat();
            assert_eq!(trace(&behind).unwrap().bare, whole);
        }
    }

    #[test]
    fn metadata_goes_and_pixels_stay() {
        let told = samples::extended_webp(
            &samples::webp(5, 3),
            (5, 3),
            &[(b"EXIF", samples::exif(3)[6..].to_vec()), (b"XMP ", b"<x:xmpmeta/>".to_vec()), (b"ABCD", b"secret!".to_vec())],
        );
        let outline = trace(&told).unwrap();
        assert_eq!((outline.width, outline.height), (5, 3));
        assert_eq!(outline.turn, Orientation::Rotate180);
        assert_eq!(outline.bare, samples::extended_webp(&samples::webp(5, 3), (5, 3), &[]));
        for word in [&b"EXIF"[..], b"XMP", b"secret", b"GPS"] {
            assert!(!samples::contains(&outline.bare, word));
        }
    }

    #[test]
    fn an_animation_keeps_its_frames() {
        let plain = samples::animated_webp(6, 4, 3, &[]);
        let told = samples::animated_webp(6, 4, 3, b"home");
        let outline = trace(&told).unwrap();
        assert_eq!((outline.frames, outline.lossless), (3, true));
        assert_eq!(outline.bare, plain);
    }

    #[test]
    fn a_picture_larger_than_its_header_is_refused() {
        let sly = samples::extended_webp(&samples::webp(50, 30), (5, 3), &[]);
        assert!(trace(&sly).is_err());
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = samples::webp(16, 16);
        for end in 0..whole.len() {
            assert!(trace(&whole[..end]).is_err(), "cut at {end}");
        }
    }
}
