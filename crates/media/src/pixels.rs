//! Work on decoded pixels: decode, cut and shrink, turn upright, encode, and the blurhash.
//! Pictures have 8 bits a channel here, in gray, RGB or RGBA.

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader};
use jpeg_encoder::{ColorType as JpegColour, Encoder as JpegEncoder, SamplingFactor};

use crate::colours::Colours;
use crate::limits::LONGEST_SIDE;
use crate::outlines::Outline;
use crate::{Error, Kind, Limits};

/// What a decoder may allocate to read a colour profile, which can be packed as tightly as any bomb, and no pixels.
const ROOM_FOR_PROFILE: u64 = 32 << 20;

/// A decoded still, or an animation's first frame, as it stands in the file.
pub(crate) struct Still {
    image: DynamicImage,
    turn: Orientation,
    colours: Option<Colours>,
}

impl Still {
    /// Decodes the traced file. Its size was held against the limits already.
    pub(crate) fn decode(file: &[u8], outline: &Outline, limits: &Limits) -> Result<Still, Error> {
        let kind = outline.kind;
        let broken = |cause: image::ImageError| Error::broken(kind, cause);
        // What is decoded is what may be kept. The profile stands in the whole file alone, and when even that cannot
        // be opened, for a flaw in its metadata, there is none.
        let profile = decoder(file, kind, ROOM_FOR_PROFILE).and_then(|mut decoder| decoder.icc_profile()).unwrap_or_default();
        let decoder = decoder(&outline.bare, kind, limits.room_for_decoder()).map_err(broken)?;
        if decoder.dimensions() != (outline.width, outline.height) {
            return Err(Error::broken(kind, "its parts disagree about its size"));
        }
        let image = in_eight_bits(DynamicImage::from_decoder(decoder).map_err(broken)?);
        let colours = profile.and_then(|profile| Colours::of(&profile, &image));
        Ok(Still { image, turn: outline.turn, colours })
    }

    /// Whether it shows as it should without any change to its pixels, when cut like this.
    pub(crate) fn is_ready(&self, cut: Cut) -> bool {
        let (width, height) = (self.image.width(), self.image.height());
        self.turn == Orientation::NoTransforms && self.colours.is_none() && cut.plan(width, height).changes_nothing(width, height)
    }

    /// The picture cut and shrunk, in sRGB, upright.
    pub(crate) fn draw(self, cut: Cut) -> Result<DynamicImage, Error> {
        let turns = matches!(
            self.turn,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        );
        // Cuts are in the middle, so they may come first: what is left is less to turn and to colour.
        let cut = if turns { cut.turned() } else { cut };
        let mut image = cut.of(self.image)?;
        if let Some(colours) = &self.colours {
            image = colours.to_srgb(image);
        }
        image.apply_orientation(self.turn);
        Ok(image)
    }
}

fn decoder(bytes: &[u8], kind: Kind, room: u64) -> image::ImageResult<impl ImageDecoder> {
    let format = match kind {
        Kind::Jpeg => ImageFormat::Jpeg,
        Kind::Png => ImageFormat::Png,
        Kind::Gif => ImageFormat::Gif,
        Kind::WebP => ImageFormat::WebP,
        Kind::Mp4 | Kind::WebM | Kind::M4a | Kind::Mp3 | Kind::Raw | Kind::Zip => {
            return Err(image::ImageError::IoError(std::io::ErrorKind::Unsupported.into()));
        }
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(room);
    reader.limits(limits);
    reader.into_decoder()
}

fn in_eight_bits(image: DynamicImage) -> DynamicImage {
    match image {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => image,
        DynamicImage::ImageLuma16(_) => image.into_luma8().into(),
        other if other.has_alpha() => other.into_rgba8().into(),
        other => other.into_rgb8().into(),
    }
}

/// How a picture is made to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// As a whole, shrunk to at most so many pixels.
    Whole { pixels: u64 },
    /// Its middle in the aspect of this size, shrunk to at most this size.
    Middle { width: u32, height: u32 },
}

impl Cut {
    fn turned(self) -> Cut {
        match self {
            Cut::Whole { .. } => self,
            Cut::Middle { width, height } => Cut::Middle { width: height, height: width },
        }
    }

    fn of(self, image: DynamicImage) -> Result<DynamicImage, Error> {
        let plan = self.plan(image.width(), image.height());
        if plan.changes_nothing(image.width(), image.height()) {
            return Ok(image);
        }
        plan.draw(&image)
    }

    pub(crate) fn plan(self, width: u32, height: u32) -> Plan {
        match self {
            Cut::Whole { pixels } => {
                let (w, h) = (f64::from(width), f64::from(height));
                let by_pixels = (pixels as f64 / (w * h)).sqrt();
                let by_side = f64::from(LONGEST_SIDE) / w.max(h);
                let scale = by_pixels.min(by_side).min(1.0);
                Plan { left: 0, top: 0, width, height, to_width: scaled(w, scale), to_height: scaled(h, scale) }
            }
            Cut::Middle { width: to_width, height: to_height } => {
                let (to_w, to_h) = (f64::from(to_width), f64::from(to_height));
                let aspect = to_w / to_h;
                let (w, h) = (f64::from(width), f64::from(height));
                let cut_width = (h * aspect).min(w).round().max(1.0);
                let cut_height = (w / aspect).min(h).round().max(1.0);
                let scale = (to_w / cut_width).min(to_h / cut_height).min(1.0);
                Plan {
                    left: ((w - cut_width) / 2.0) as u32,
                    top: ((h - cut_height) / 2.0) as u32,
                    width: cut_width as u32,
                    height: cut_height as u32,
                    to_width: scaled(cut_width, scale),
                    to_height: scaled(cut_height, scale),
                }
            }
        }
    }
}

/// A side after scaling, rounded down so that a bound in pixels holds, but for the errors of floating point.
fn scaled(side: f64, scale: f64) -> u32 {
    (side * scale + 1e-6).floor().max(1.0) as u32
}

/// Which part of a picture is drawn, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    pub(crate) to_width: u32,
    pub(crate) to_height: u32,
}

impl Plan {
    pub(crate) fn changes_nothing(&self, width: u32, height: u32) -> bool {
        (self.width, self.height) == (width, height) && (self.to_width, self.to_height) == (width, height)
    }

    /// The same part, drawn with at most so many pixels.
    pub(crate) fn within(self, pixels: u64) -> Plan {
        let smaller = Cut::Whole { pixels }.plan(self.to_width, self.to_height);
        Plan { to_width: smaller.to_width, to_height: smaller.to_height, ..self }
    }

    pub(crate) fn draw(&self, image: &DynamicImage) -> Result<DynamicImage, Error> {
        let form = match image {
            DynamicImage::ImageLuma8(_) => PixelType::U8,
            DynamicImage::ImageRgb8(_) => PixelType::U8x3,
            DynamicImage::ImageRgba8(_) => PixelType::U8x4,
            _ => return Err(Error::failed("a picture not in eight bits a channel")),
        };
        let source = ImageRef::new(image.width(), image.height(), image.as_bytes(), form).map_err(Error::failed)?;
        let (width, height) = (self.to_width, self.to_height);
        let mut target = Image::new(width, height, form);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).crop(
            f64::from(self.left),
            f64::from(self.top),
            f64::from(self.width),
            f64::from(self.height),
        );
        Resizer::new().resize(&source, &mut target, &options).map_err(Error::failed)?;
        let pixels = target.into_vec();
        let drawn = match form {
            PixelType::U8 => image::GrayImage::from_raw(width, height, pixels).map(Into::into),
            PixelType::U8x3 => image::RgbImage::from_raw(width, height, pixels).map(Into::into),
            _ => image::RgbaImage::from_raw(width, height, pixels).map(Into::into),
        };
        drawn.ok_or_else(|| Error::failed("a resized picture of another size"))
    }
}

/// How a still is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// With this quality, of 100. Transparent parts become white.
    Jpeg(u8),
    Png,
    /// Without loss: this is all that the encoder can do.
    WebP,
}

impl Coding {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Coding::Jpeg(_) => Kind::Jpeg,
            Coding::Png => Kind::Png,
            Coding::WebP => Kind::WebP,
        }
    }

    pub(crate) fn encode(self, image: &DynamicImage) -> Result<Vec<u8>, Error> {
        let (pixels, width, height) = (image.as_bytes(), image.width(), image.height());
        let colour = image.color().into();
        let mut bytes = Vec::new();
        let outcome = match self {
            Coding::Jpeg(quality) => return jpeg(image, quality),
            Coding::Png => PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, PngFilter::Adaptive)
                .write_image(pixels, width, height, colour),
            Coding::WebP => WebPEncoder::new_lossless(&mut bytes).encode(pixels, width, height, colour),
        };
        outcome.map(|()| bytes).map_err(Error::failed)
    }
}

fn jpeg(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, Error> {
    let side = |length: u32| u16::try_from(length).map_err(Error::failed);
    let (width, height) = (side(image.width())?, side(image.height())?);
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes, quality);
    // Half the colours in each direction, as cameras write them. Tables made for the picture would take off another
    // 7 %, but this encoder then writes a scan for each component, which some decoders get wrong.
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let outcome = match image {
        DynamicImage::ImageLuma8(gray) => encoder.encode(gray, width, height, JpegColour::Luma),
        DynamicImage::ImageRgb8(colours) => encoder.encode(colours, width, height, JpegColour::Rgb),
        other => encoder.encode(&on_white(other).into_rgb8(), width, height, JpegColour::Rgb),
    };
    outcome.map(|()| bytes).map_err(Error::failed)
}

/// The picture without its alpha channel when no pixel makes use of it.
pub(crate) fn without_idle_alpha(image: DynamicImage) -> DynamicImage {
    match &image {
        DynamicImage::ImageRgba8(pixels) if pixels.pixels().all(|pixel| pixel[3] == 255) => image.into_rgb8().into(),
        _ => image,
    }
}

/// The blurhash of a picture: four by three components, three by four when it stands upright, four by four when it is
/// about square.
pub(crate) fn blurhash(image: &DynamicImage) -> Result<String, Error> {
    // More pixels than these change nothing in so few waves, and would cost much.
    let small = on_white(&Cut::Whole { pixels: 32 * 32 }.of(image.clone())?);
    let (width, height) = (small.width(), small.height());
    let (across, down) = match f64::from(image.width()) / f64::from(image.height()) {
        aspect if aspect > 1.1 => (4, 3),
        aspect if aspect < 0.9 => (3, 4),
        _ => (4, 4),
    };
    blurhash::encode(across, down, width, height, small.as_bytes()).map_err(|cause| Error::failed(format!("{cause:?}")))
}

/// The picture in RGBA, its transparent parts white.
fn on_white(image: &DynamicImage) -> DynamicImage {
    let mut pixels = image.to_rgba8();
    for pixel in pixels.pixels_mut() {
        let alpha = u32::from(pixel[3]);
        if alpha < 255 {
            for channel in 0..3 {
                let over = u32::from(pixel[channel]) * alpha + 255 * (255 - alpha);
                pixel[channel] = (over / 255) as u8;
            }
            pixel[3] = 255;
        }
    }
    pixels.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_keeps_its_aspect() {
        let plan = Cut::Whole { pixels: 230_400 }.plan(4000, 3000);
        assert_eq!((plan.to_width, plan.to_height), (554, 415));
        let plan = Cut::Whole { pixels: 230_400 }.plan(1280, 720);
        assert_eq!((plan.to_width, plan.to_height), (640, 360));
        assert!(Cut::Whole { pixels: 230_400 }.plan(640, 360).changes_nothing(640, 360));
    }

    #[test]
    fn a_middle_is_in_the_middle() {
        let avatar = Cut::Middle { width: 400, height: 400 };
        let plan = avatar.plan(1000, 500);
        assert_eq!((plan.left, plan.top, plan.width, plan.height), (250, 0, 500, 500));
        assert_eq!((plan.to_width, plan.to_height), (400, 400));
        // Nothing is enlarged.
        let plan = avatar.plan(100, 300);
        assert_eq!((plan.left, plan.top, plan.width, plan.height), (0, 100, 100, 100));
        assert_eq!((plan.to_width, plan.to_height), (100, 100));
        assert!(avatar.plan(400, 400).changes_nothing(400, 400));
        let header = Cut::Middle { width: 1500, height: 500 };
        let plan = header.plan(4000, 3000);
        assert_eq!((plan.left, plan.top, plan.width, plan.height), (0, 833, 4000, 1333));
        assert_eq!((plan.to_width, plan.to_height), (1500, 499));
    }

    #[test]
    fn many_frames_are_drawn_smaller() {
        let header = Cut::Middle { width: 1500, height: 500 };
        let plan = header.plan(3000, 1000);
        assert_eq!(plan.within(750_000), plan);
        let small = plan.within((1 << 24) / 100);
        assert_eq!((small.to_width, small.to_height), (709, 236));
        assert_eq!((small.width, small.height), (3000, 1000));
    }

    proptest! {
        #[test]
        fn plans_stay_within_bounds(width in 1u32..40_000, height in 1u32..40_000, pixels in 1_000u64..10_000_000) {
            for cut in [Cut::Whole { pixels }, Cut::Middle { width: 1500, height: 500 }] {
                let plan = cut.plan(width, height);
                prop_assert!(plan.left + plan.width <= width && plan.top + plan.height <= height);
                prop_assert!(plan.to_width >= 1 && plan.to_width <= plan.width);
                prop_assert!(plan.to_height >= 1 && plan.to_height <= plan.height);
                if let Cut::Whole { pixels } = cut {
                    let area = u64::from(plan.to_width) * u64::from(plan.to_height);
                    prop_assert!(area <= pixels.max(u64::from(LONGEST_SIDE)));
                } else {
                    prop_assert!(plan.to_width <= 1500 && plan.to_height <= 500);
                }
            }
        }
    }

    #[test]
    fn extreme_aspects_are_drawn() {
        let line = DynamicImage::new_rgb8(5000, 1);
        let drawn = Cut::Middle { width: 1500, height: 500 }.of(line.clone()).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (3, 1));
        let drawn = Cut::Whole { pixels: 1000 }.of(line).unwrap();
        assert_eq!(drawn.height(), 1);
    }

    #[test]
    fn a_blurhash_shows_the_colour() {
        let red = image::RgbImage::from_pixel(60, 40, image::Rgb([255, 0, 0])).into();
        let hash = blurhash(&red).unwrap();
        let pixels = blurhash::decode(&hash, 4, 4, 1.0).unwrap();
        assert!(pixels[0] > 250 && pixels[1] < 10 && pixels[2] < 10, "{pixels:?}");
        // Transparency shows as white.
        let hash = blurhash(&DynamicImage::new_rgba8(40, 60)).unwrap();
        let pixels = blurhash::decode(&hash, 4, 4, 1.0).unwrap();
        assert!(pixels.iter().all(|&level| level > 245), "{pixels:?}");
    }

    #[test]
    fn idle_alpha_goes() {
        let opaque = image::RgbaImage::from_pixel(2, 2, image::Rgba([1, 2, 3, 255]));
        assert!(!without_idle_alpha(opaque.clone().into()).has_alpha());
        let mut glass = opaque;
        glass[(1, 1)][3] = 254;
        assert!(without_idle_alpha(glass.into()).has_alpha());
    }
}
