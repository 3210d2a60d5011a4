//! A walk through a PNG file (W3C PNG, §5): the chunks that make and colour the picture are kept, all others left out.
//! An animated PNG loses its animation with the chunks that hold it and keeps its default image.

use image::metadata::Orientation;

use super::{Flaw, Outline, Rest, area, turn_in};
use crate::Kind;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// The longest chunk that is kept besides the pixels: a palette of 256 colours.
const LONGEST_SIDE_CHUNK: usize = 768;

pub(super) fn trace(bytes: &[u8]) -> Result<Outline, Flaw> {
    let mut rest = Rest(bytes);
    let mut bare = Vec::with_capacity(bytes.len());
    let mut size = None;
    let mut turn = None;
    let mut kept_before: Vec<[u8; 4]> = Vec::new();
    let mut pixels = false;

    if rest.array()? != *SIGNATURE {
        return Err(Flaw::Broken("no signature"));
    }
    bare.extend(SIGNATURE);
    loop {
        let whole = rest;
        let length = u32::from_be_bytes(rest.array()?) as usize;
        let name: [u8; 4] = rest.array()?;
        let payload = rest.take(length)?;
        let _checksum: [u8; 4] = rest.array()?;
        let chunk = &whole.0[..length + 12];

        match &name {
            b"IHDR" => size = Some(read_size(payload)?),
            _ if size.is_none() => return Err(Flaw::Broken("the first chunk is no header")),
            b"eXIf" => turn = turn.or(turn_in(payload)),
            b"IDAT" => pixels = true,
            _ => {}
        }
        let keep = match &name {
            b"IDAT" => true,
            b"IHDR" | b"PLTE" | b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"sBIT" | b"cICP" => {
                length <= LONGEST_SIDE_CHUNK && !kept_before.contains(&name)
            }
            b"IEND" => {
                // Rewritten, for it may carry what no reader looks at.
                bare.extend(b"\0\0\0\0IEND\xAE\x42\x60\x82");
                break;
            }
            _ => false,
        };
        if keep {
            kept_before.push(name);
            bare.extend_from_slice(chunk);
        }
    }

    let (width, height) = size.ok_or(Flaw::Broken("no header"))?;
    if !pixels {
        return Err(Flaw::Broken("no pixels"));
    }
    Ok(Outline {
        kind: Kind::Png,
        width,
        height,
        frames: 1,
        frame_pixels: area(width, height),
        turn: turn.unwrap_or(Orientation::NoTransforms),
        lossless: true,
        presentable: true,
        bare,
    })
}

fn read_size(header: &[u8]) -> Result<(u32, u32), Flaw> {
    let mut rest = Rest(header);
    let width = u32::from_be_bytes(rest.array()?);
    let height = u32::from_be_bytes(rest.array()?);
    match (width, height) {
        (1..=0x7FFF_FFFF, 1..=0x7FFF_FFFF) => Ok((width, height)),
        _ => Err(Flaw::Broken("a header without width or height")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn metadata_goes_and_pixels_stay() {
        let plain = samples::png(9, 7);
        let told = samples::with_png_chunks(
            &plain,
            &[
                (b"tEXt", b"Comment\0taken at home".to_vec()),
                (b"eXIf", samples::exif(8)[6..].to_vec()),
                (b"prVt", b"secret".to_vec()),
                (b"gAMA", 45_455_u32.to_be_bytes().to_vec()),
                (b"gAMA", 45_455_u32.to_be_bytes().to_vec()),
            ],
        );
        let cropped_out = [told, b"the rest of an older picture".to_vec()].concat();
        let outline = trace(&cropped_out).unwrap();
        assert_eq!((outline.width, outline.height), (9, 7));
        assert_eq!(outline.turn, Orientation::Rotate270);
        let gamma = samples::with_png_chunks(&plain, &[(b"gAMA", 45_455_u32.to_be_bytes().to_vec())]);
        assert_eq!(outline.bare, gamma);
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = samples::png(16, 16);
        for end in 0..whole.len() {
            assert!(trace(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn an_animation_becomes_its_default_image() {
        let plain = samples::png(4, 4);
        let control = [2_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        let animated = samples::with_png_chunks(&plain, &[(b"acTL", control)]);
        let outline = trace(&animated).unwrap();
        assert_eq!((outline.frames, outline.bare), (1, plain));
    }
}
