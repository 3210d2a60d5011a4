//! A walk through a GIF file (GIF89a specification, §12–§26): its frames and the number of its repetitions are kept,
//! comments, plain text and other applications' data left out.

use image::metadata::Orientation;

use super::{Flaw, Outline, Rest, area};
use crate::Kind;

pub(super) fn trace(bytes: &[u8]) -> Result<Outline, Flaw> {
    let mut rest = Rest(bytes);
    let mut bare = Vec::with_capacity(bytes.len());

    // Extensions exist in 89a only, and the one that repeats an animation may be among them.
    rest.take(6)?;
    bare.extend(b"GIF89a");
    let screen: [u8; 7] = rest.array()?;
    let [w0, w1, h0, h1, flags, ..] = screen;
    let width = u32::from(u16::from_le_bytes([w0, w1]));
    let height = u32::from(u16::from_le_bytes([h0, h1]));
    if width == 0 || height == 0 {
        return Err(Flaw::Broken("a screen without width or height"));
    }
    bare.extend(screen);
    bare.extend_from_slice(rest.take(colour_table(flags))?);

    let mut frames: u32 = 0;
    let mut frame_pixels = area(width, height);
    let mut repeats = false;
    // What controls the next picture is written with it, and goes with a plain text that it may control instead.
    let mut control: Option<[u8; 4]> = None;
    // Many writers leave the trailer out, so the end of the file between two blocks is an end as well.
    while !rest.is_empty() {
        match rest.byte()? {
            0x21 => match rest.byte()? {
                0xF9 => {
                    let blocks = sub_blocks(&mut rest)?;
                    control = blocks.strip_prefix(&[4]).and_then(|data| data.first_chunk().copied());
                }
                0xFF => {
                    let blocks = sub_blocks(&mut rest)?;
                    if let (Some(count), false) = (repetitions(blocks), repeats) {
                        repeats = true;
                        bare.extend(b"\x21\xFF\x0BNETSCAPE2.0\x03\x01");
                        bare.extend(count);
                        bare.push(0);
                    }
                }
                0x01 => {
                    sub_blocks(&mut rest)?;
                    control = None;
                }
                _ => {
                    sub_blocks(&mut rest)?;
                }
            },
            0x2C => {
                let place: [u8; 9] = rest.array()?;
                let [_, _, _, _, w0, w1, h0, h1, flags] = place;
                let (w, h) = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
                if w == 0 || h == 0 {
                    return Err(Flaw::Broken("a frame without width or height"));
                }
                frames = frames.saturating_add(1);
                frame_pixels = frame_pixels.max(area(u32::from(w), u32::from(h)));
                if let Some(control) = control.take() {
                    bare.extend(b"\x21\xF9\x04");
                    bare.extend(control);
                    bare.push(0);
                }
                bare.push(0x2C);
                bare.extend(place);
                bare.extend_from_slice(rest.take(colour_table(flags))?);
                bare.push(rest.byte()?);
                bare.extend_from_slice(sub_blocks(&mut rest)?);
            }
            0x3B => break,
            // Some writers pad with zeros between blocks.
            0x00 => {}
            _ => return Err(Flaw::Broken("an unknown block")),
        }
    }
    bare.push(0x3B);

    if frames == 0 {
        return Err(Flaw::Broken("no frame"));
    }
    Ok(Outline {
        kind: Kind::Gif,
        width,
        height,
        frames,
        frame_pixels,
        turn: Orientation::NoTransforms,
        lossless: true,
        presentable: true,
        bare,
    })
}

/// The bytes of the colour table that these flags announce.
fn colour_table(flags: u8) -> usize {
    match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    }
}

/// A run of blocks with its closing empty one, as it stands in the file.
fn sub_blocks<'a>(rest: &mut Rest<'a>) -> Result<&'a [u8], Flaw> {
    let start = rest.0;
    loop {
        let length = rest.byte()?;
        if length == 0 {
            return Ok(&start[..start.len() - rest.0.len()]);
        }
        rest.take(usize::from(length))?;
    }
}

/// How often the animation repeats, when this is the application extension that says so.
fn repetitions(blocks: &[u8]) -> Option<[u8; 2]> {
    let data = blocks.strip_prefix(b"\x0BNETSCAPE2.0").or(blocks.strip_prefix(b"\x0BANIMEXTS1.0"))?;
    data.strip_prefix(&[3, 1])?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn metadata_goes_and_the_animation_stays() {
        let plain = samples::gif(12, 8, 3);
        let outline = trace(&plain).unwrap();
        assert_eq!((outline.width, outline.height, outline.frames), (12, 8, 3));
        assert!(samples::contains(&outline.bare, b"NETSCAPE2.0"));

        let told = samples::with_gif_blocks(
            &plain,
            &[b"\x21\xFE\x0Dtaken at home\x00", b"\x21\xFF\x0BXMP DataXMP\x03abc\x00", b"\x21\x01\x0C0123456789ab\x04text\x00"],
        );
        let behind = [told, b"something behind the end".to_vec()].concat();
        assert_eq!(trace(&behind).unwrap().bare, outline.bare);
        assert_eq!(trace(&outline.bare).unwrap().bare, outline.bare);
    }

    #[test]
    fn a_missing_trailer_is_added() {
        let whole = samples::gif(4, 4, 1);
        let (_, without) = whole.split_last().unwrap();
        assert_eq!(trace(without).unwrap().bare, trace(&whole).unwrap().bare);
        assert!(trace(&without[..without.len() - 1]).is_err());
    }

    #[test]
    fn a_frame_larger_than_its_screen_counts() {
        let mut sly = samples::gif(4, 4, 1);
        let frame = sly.iter().rposition(|&byte| byte == 0x2C).unwrap();
        sly[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
        assert_eq!(trace(&sly).unwrap().frame_pixels, 65_535 * 65_535);
    }
}
