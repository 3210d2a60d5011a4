//! Tiny pictures for the tests, made here: of every kind, with and without what must not be kept.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

/// One pixel in lossy WebP, which nothing here can encode.
pub(crate) const LOSSY_WEBP: &[u8] =
    b"RIFF\x22\0\0\0WEBPVP8 \x16\0\0\0\x30\x01\0\x9d\x01\x2a\x01\0\x01\0\x0e\xc0\xfe\x25\xa4\0\x03\x70\0\0\0\0";

/// Red grows to the right, green downwards; the blue is even. Every turn looks different.
pub(crate) fn gradient(width: u32, height: u32) -> DynamicImage {
    let level = |at: u32, of: u32| (at * 255 / of.max(2).saturating_sub(1)) as u8;
    RgbImage::from_fn(width, height, |x, y| Rgb([level(x, width), level(y, height), 96])).into()
}

/// A red disc in nothing.
pub(crate) fn disc(side: u32) -> DynamicImage {
    let middle = f64::from(side) / 2.0;
    RgbaImage::from_fn(side, side, |x, y| {
        let (across, down) = (f64::from(x) - middle, f64::from(y) - middle);
        match across.hypot(down) < middle * 0.8 {
            true => Rgba([220, 20, 20, 255]),
            false => Rgba([0, 0, 0, 0]),
        }
    })
    .into()
}

pub(crate) fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&gradient(width, height), ImageFormat::Jpeg)
}

pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&gradient(width, height), ImageFormat::Png)
}

/// Lossless, as all that can be encoded here.
pub(crate) fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(&gradient(width, height), ImageFormat::WebP)
}

/// Frames of one colour each, on for a tenth of a second; the first is red.
pub(crate) fn gif(width: u32, height: u32, frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for number in 0..frames {
        let colour = match number {
            0 => Rgba([255, 0, 0, 255]),
            number => Rgba([0, (number * 40 % 256) as u8, 200, 255]),
        };
        let frame = RgbaImage::from_pixel(width, height, colour);
        let delay = Delay::from_saturating_duration(Duration::from_millis(100));
        encoder.encode_frame(Frame::from_parts(frame, 0, 0, delay)).unwrap();
    }
    drop(encoder);
    bytes
}

/// An Exif block with its prefix, holding an orientation and a place (48° 51' N): TIFF 6.0, big-endian, two directories.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    // The first directory: two entries, orientation and where the GPS directory is (byte 38).
    bytes.extend([0, 2]);
    bytes.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    bytes.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    bytes.extend([0, 0, 0, 0]);
    // The GPS directory: north, and three fractions at byte 68.
    bytes.extend([0, 2]);
    bytes.extend([0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0]);
    bytes.extend([0, 2, 0, 5, 0, 0, 0, 3, 0, 0, 0, 68]);
    bytes.extend([0, 0, 0, 0]);
    for part in [48_u32, 1, 51, 1, 0, 1] {
        bytes.extend(part.to_be_bytes());
    }
    bytes.extend(b"GPS of home");
    bytes
}

/// The JPEG with these segments behind its start.
pub(crate) fn with_jpeg_segments(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    for (marker, payload) in segments {
        bytes.extend([0xFF, *marker]);
        bytes.extend(u16::try_from(payload.len() + 2).unwrap().to_be_bytes());
        bytes.extend(payload);
    }
    bytes.extend(&jpeg[2..]);
    bytes
}

/// The JPEG with a colour profile of one part.
pub(crate) fn with_jpeg_profile(jpeg: &[u8], profile: &[u8]) -> Vec<u8> {
    let payload = [b"ICC_PROFILE\0\x01\x01", profile].concat();
    with_jpeg_segments(jpeg, &[(0xE2, payload)])
}

/// The PNG with these chunks behind its header.
pub(crate) fn with_png_chunks(png: &[u8], chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = png[..33].to_vec();
    for (name, payload) in chunks {
        bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        let body = [&name[..], payload].concat();
        bytes.extend(&body);
        bytes.extend(crc32(&body).to_be_bytes());
    }
    bytes.extend(&png[33..]);
    bytes
}

/// A PNG of nothing but a header that announces this size, and a little that could be pixels.
pub(crate) fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(1, 1);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// The GIF with these blocks before its first.
pub(crate) fn with_gif_blocks(gif: &[u8], blocks: &[&[u8]]) -> Vec<u8> {
    let table = match gif[10] & 0x80 {
        0 => 0,
        _ => 3 << ((gif[10] & 7) + 1),
    };
    let (start, rest) = gif.split_at(13 + table);
    [start, &blocks.concat(), rest].concat()
}

/// The only chunk of a simple WebP file in an extended one, with more chunks behind it.
pub(crate) fn extended_webp(simple: &[u8], (width, height): (u32, u32), more: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut flags = 0;
    for (name, _) in more {
        flags |= match *name {
            b"EXIF" => 0x08,
            b"XMP " => 0x04,
            b"ICCP" => 0x20,
            _ => 0,
        };
    }
    let mut body = chunk(b"VP8X", &canvas(flags, width, height));
    let (before, after): (Vec<_>, Vec<_>) = more.iter().partition(|(name, _)| *name == b"ICCP");
    body.extend(before.iter().flat_map(|(name, payload)| chunk(name, payload)));
    body.extend(&simple[12..]);
    body.extend(after.iter().flat_map(|(name, payload)| chunk(name, payload)));
    riff(&body)
}

/// An animation of lossless frames, a tenth of a second each, with an unknown chunk in each frame when there is
/// something to put into it.
pub(crate) fn animated_webp(width: u32, height: u32, frames: u32, extra: &[u8]) -> Vec<u8> {
    let mut body = chunk(b"VP8X", &canvas(0x02, width, height));
    body.extend(chunk(b"ANIM", &[0; 6]));
    for number in 0..frames {
        let colour = Rgb([(255 - number * 40 % 256) as u8, 0, 0]);
        let image = RgbImage::from_pixel(width, height, colour).into();
        let mut frame = vec![0; 6];
        frame.extend(&(width - 1).to_le_bytes()[..3]);
        frame.extend(&(height - 1).to_le_bytes()[..3]);
        frame.extend([100, 0, 0, 0]);
        frame.extend(&encoded(&image, ImageFormat::WebP)[12..]);
        if !extra.is_empty() {
            frame.extend(chunk(b"SECR", extra));
        }
        body.extend(chunk(b"ANMF", &frame));
    }
    riff(&body)
}

pub(crate) fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut header = vec![flags, 0, 0, 0];
    header.extend(&(width - 1).to_le_bytes()[..3]);
    header.extend(&(height - 1).to_le_bytes()[..3]);
    header
}

fn chunk(name: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = name.to_vec();
    bytes.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn riff(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [b"RIFF", &length.to_le_bytes()[..], b"WEBP", body].concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |checksum, byte| {
        (0..8).fold(checksum ^ u32::from(*byte), |checksum: u32, _| match checksum & 1 {
            0 => checksum >> 1,
            _ => (checksum >> 1) ^ 0xEDB8_8320,
        })
    })
}
