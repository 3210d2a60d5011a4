//! A walk through a JPEG file (ITU-T T.81, annex B): its segments are kept or left out, its scans copied.
//! Kept are tables, frame, scans, and the two application segments that say how the colours are coded.

use image::metadata::Orientation;

use super::{CUT_OFF, Flaw, Outline, Rest, area, turn_in};
use crate::Kind;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// Lossless, arithmetic, hierarchical, or of more than 8 bits: nothing that a browser shows.
const RARE: Flaw = Flaw::Foreign("a JPEG picture of a sort that browsers do not show");

/// Encoders write about ten; a file of thousands would keep every reader busy for minutes.
const MOST_SCANS: u32 = 64;

pub(super) fn trace(bytes: &[u8]) -> Result<Outline, Flaw> {
    let mut rest = Rest(bytes);
    let mut bare = Vec::with_capacity(bytes.len());
    let mut frame: Option<Frame> = None;
    let mut turn = None;
    let (mut jfif, mut adobe) = (false, false);
    let mut scans = 0;

    if rest.array()? != [0xFF, SOI] {
        return Err(Flaw::Broken("no start of image"));
    }
    bare.extend([0xFF, SOI]);
    loop {
        let marker = next_marker(&mut rest)?;
        if marker == EOI {
            break;
        }
        if matches!(marker, 0x01 | 0xD0..=0xD7) {
            // Markers without a segment mean nothing outside of a scan.
            continue;
        }
        if marker == SOI {
            return Err(Flaw::Broken("an image begins within the image"));
        }
        let length = usize::from(u16::from_be_bytes(rest.array()?));
        let payload = rest.take(length.checked_sub(2).ok_or(Flaw::Broken("a segment of no length"))?)?;
        match marker {
            // Huffman and arithmetic tables, quantisation, restart interval.
            0xC4 | 0xCC | 0xDB | 0xDD => segment(&mut bare, marker, payload),
            0xC0..=0xC2 => {
                if frame.replace(Frame::read(marker, payload)?).is_some() {
                    return Err(Flaw::Broken("a second frame header"));
                }
                segment(&mut bare, marker, payload);
            }
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => return Err(RARE),
            SOS => {
                let frame = frame.as_ref().ok_or(Flaw::Broken("a scan before the frame header"))?;
                frame.check_scan(payload)?;
                scans += 1;
                if scans > MOST_SCANS {
                    return Err(Flaw::Broken("more scans than any encoder writes"));
                }
                segment(&mut bare, marker, payload);
                bare.extend_from_slice(scan(&mut rest)?);
            }
            0xE0 if !jfif && payload.starts_with(b"JFIF\0") && payload.len() >= 14 => {
                jfif = true;
                // Version, density and aspect stay; the thumbnail behind them goes.
                let mut kept = payload[..14].to_vec();
                kept[12..].fill(0);
                segment(&mut bare, marker, &kept);
            }
            0xEE if !adobe && payload.starts_with(b"Adobe") && payload.len() >= 12 => {
                adobe = true;
                segment(&mut bare, marker, &payload[..12]);
            }
            0xE1 if turn.is_none() && payload.starts_with(b"Exif\0") => turn = turn_in(payload),
            // Other application segments (Exif, XMP, IPTC, profiles, further pictures) and comments.
            _ => {}
        }
    }
    bare.extend([0xFF, EOI]);

    let frame = frame.ok_or(Flaw::Broken("no frame header"))?;
    if scans == 0 {
        return Err(Flaw::Broken("no scan"));
    }
    Ok(Outline {
        kind: Kind::Jpeg,
        width: frame.width,
        height: frame.height,
        frames: 1,
        frame_pixels: area(frame.width, frame.height),
        turn: turn.unwrap_or(Orientation::NoTransforms),
        lossless: false,
        presentable: matches!(frame.components, 1 | 3),
        bare,
    })
}

struct Frame {
    width: u32,
    height: u32,
    components: u8,
    progressive: bool,
    /// Whether some component has fewer samples than another.
    subsampled: bool,
}

impl Frame {
    /// T.81 §B.2.2.
    fn read(marker: u8, payload: &[u8]) -> Result<Frame, Flaw> {
        let mut rest = Rest(payload);
        let precision = rest.byte()?;
        let height = u32::from(u16::from_be_bytes(rest.array()?));
        let width = u32::from(u16::from_be_bytes(rest.array()?));
        let components = rest.byte()?;
        if width == 0 || height == 0 {
            return Err(Flaw::Broken("a frame without width or height"));
        }
        if precision != 8 {
            return Err(RARE);
        }
        let mut subsampled = false;
        for _ in 0..components {
            let [_id, sampling, _table] = rest.array()?;
            subsampled |= sampling != 0x11;
        }
        Ok(Frame { width, height, components, progressive: marker == 0xC2, subsampled })
    }

    /// The decoder draws stripes, and says nothing, where the components of a picture that is not progressive come in
    /// scans of their own and some have fewer samples (zune-jpeg 0.5.15, its issue 419). Hardly anything writes such
    /// files; to refuse them is better than to show something else.
    fn check_scan(&self, header: &[u8]) -> Result<(), Flaw> {
        let of = Rest(header).byte()?;
        match of < self.components && self.subsampled && !self.progressive {
            true => Err(Flaw::Foreign("a JPEG picture with its colours in separate scans")),
            false => Ok(()),
        }
    }
}

/// The next marker's code, passing over fill bytes and, as every decoder does, over junk between segments.
fn next_marker(rest: &mut Rest<'_>) -> Result<u8, Flaw> {
    loop {
        let start = rest.0.iter().position(|&byte| byte == 0xFF).ok_or(CUT_OFF)?;
        rest.take(start + 1)?;
        match *rest.0.first().ok_or(CUT_OFF)? {
            0xFF => {}
            0x00 => {
                rest.byte()?;
            }
            code => {
                rest.byte()?;
                return Ok(code);
            }
        }
    }
}

/// The entropy-coded data up to the next marker that is no restart. (T.81 §B.1.1.5: a zero is stuffed behind 0xFF.)
fn scan<'a>(rest: &mut Rest<'a>) -> Result<&'a [u8], Flaw> {
    let mut end = 0;
    loop {
        let ahead = &rest.0[end..];
        end += ahead.iter().position(|&byte| byte == 0xFF).ok_or(CUT_OFF)?;
        match rest.0.get(end + 1).ok_or(CUT_OFF)? {
            0x00 | 0xD0..=0xD7 => end += 2,
            0xFF => end += 1,
            _ => return rest.take(end),
        }
    }
}

fn segment(bare: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    // A payload comes from a segment, so its length fits into sixteen bits again.
    let length = u16::try_from(payload.len() + 2).unwrap_or(u16::MAX);
    bare.extend([0xFF, marker]);
    bare.extend(length.to_be_bytes());
    bare.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn metadata_goes_and_pixels_stay() {
        let plain = samples::jpeg(40, 30);
        let told = samples::with_jpeg_segments(
            &plain,
            &[
                (0xE1, samples::exif(6)),
                (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>".to_vec()),
                (0xED, b"Photoshop 3.0\08BIM".to_vec()),
                (0xFE, b"taken at home".to_vec()),
            ],
        );
        let behind = [told, b"a video behind the end".to_vec()].concat();
        let outline = trace(&behind).unwrap();
        assert_eq!((outline.width, outline.height), (40, 30));
        assert_eq!(outline.turn, Orientation::Rotate90);
        assert!(outline.presentable);
        assert_eq!(outline.bare, trace(&plain).unwrap().bare);
        assert_eq!(outline.bare, plain);
        for word in [&b"home"[..], b"Exif", b"xmp", b"8BIM", b"video", b"GPS"] {
            assert!(!samples::contains(&outline.bare, word));
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let whole = samples::jpeg(16, 16);
        for end in 0..whole.len() {
            assert!(trace(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_the_decoder_gets_wrong_is_refused() {
        let mut interleaved = samples::jpeg(16, 16);
        let frame = interleaved.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
        // The luminance gets two samples for one of the others, in each direction.
        interleaved[frame + 11] = 0x22;
        assert!(trace(&interleaved).is_ok());
        let scan = interleaved.windows(2).position(|two| two == [0xFF, SOS]).unwrap();
        let mut separate = interleaved.clone();
        separate.splice(scan + 2..scan + 14, [0, 8, 1, 1, 0, 0, 63, 0]);
        assert!(matches!(trace(&separate), Err(Flaw::Foreign(_))));
        separate[frame + 1] = 0xC2;
        assert!(trace(&separate).is_ok());

        interleaved[frame + 1] = 0xC9;
        assert!(matches!(trace(&interleaved), Err(Flaw::Foreign(_))));
    }

    #[test]
    fn a_flood_of_scans_is_refused() {
        let whole = samples::jpeg(8, 8);
        let start = whole.windows(2).position(|two| two == [0xFF, SOS]).unwrap();
        let scan = &whole[start..whole.len() - 2];
        let flood = [&whole[..start], &scan.repeat(65), &[0xFF, EOI]].concat();
        assert!(trace(&flood).is_err());
    }
}
