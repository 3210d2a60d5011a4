//! Animations redrawn smaller: every frame composed, cut, shrunk and written into a new GIF.
//! This is for avatars and headers; attached animations are kept as they came.

use std::io::Cursor;
use std::time::Duration;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::webp::WebPDecoder;
use image::metadata::LoopCount;
use image::{AnimationDecoder, Delay, DynamicImage, Frame, Frames, ImageDecoder};

use crate::drawings::Drawing;
use crate::outlines::Outline;
use crate::pixels::Cut;
use crate::{Error, Kind, Limits};

/// The most pixels of all redrawn frames together: 100 frames of a whole avatar, 22 of a whole header. An animation
/// of more frames gets smaller ones.
const MOST_PIXELS: u64 = 1 << 24;

/// From 1, the best palettes, to 30, the quickest.
const SPEED: i32 = 10;

/// Browsers show a frame of less than this for a tenth of a second instead, so shorter ones become this long.
const SHORTEST: Duration = Duration::from_millis(20);

/// Draws the animation anew as a GIF.
pub(crate) fn redraw(outline: &Outline, cut: Cut, limits: &Limits) -> Result<Drawing, Error> {
    let kind = outline.kind;
    let broken = |cause: image::ImageError| Error::broken(kind, cause);
    let plan = cut.plan(outline.width, outline.height).within(MOST_PIXELS / u64::from(outline.frames.max(1)));

    let (frames, loops) = frames(outline, limits).map_err(broken)?;
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
    let repeat = match loops {
        LoopCount::Infinite => Repeat::Infinite,
        LoopCount::Finite(times) => Repeat::Finite(times.get().try_into().unwrap_or(u16::MAX)),
    };
    encoder.set_repeat(repeat).map_err(Error::failed)?;
    for frame in frames {
        let frame = frame.map_err(broken)?;
        let delay = Duration::from(frame.delay());
        let delay = if kind == Kind::Gif { delay } else { delay.max(SHORTEST) };
        let image = DynamicImage::from(frame.into_buffer());
        let mut image = plan.draw(&image)?.into_rgba8();
        // A GIF's pixel is there or not; what is half there would get a dark border.
        for pixel in image.pixels_mut() {
            match pixel[3] {
                0..128 => pixel.0 = [0; 4],
                _ => pixel[3] = 255,
            }
        }
        let delay = Delay::from_saturating_duration(delay);
        encoder.encode_frame(Frame::from_parts(image, 0, 0, delay)).map_err(Error::failed)?;
    }
    drop(encoder);
    Ok(Drawing { bytes: bytes.into(), kind: Kind::Gif, width: plan.to_width, height: plan.to_height })
}

fn frames<'a>(outline: &'a Outline, limits: &Limits) -> image::ImageResult<(Frames<'a>, LoopCount)> {
    let file = Cursor::new(&*outline.bare);
    let mut room = image::Limits::default();
    room.max_alloc = Some(limits.room_for_decoder());
    if outline.kind == Kind::Gif {
        let mut decoder = GifDecoder::new(file)?;
        decoder.set_limits(room)?;
        let loops = decoder.loop_count();
        Ok((decoder.into_frames(), loops))
    } else {
        let mut decoder = WebPDecoder::new(file)?;
        decoder.set_limits(room)?;
        let loops = decoder.loop_count();
        Ok((decoder.into_frames(), loops))
    }
}
