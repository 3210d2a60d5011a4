//! Colour profiles: a picture in Display P3 or Adobe RGB is turned into sRGB, so that it looks the same once its
//! profile, which can tell of the device that made it, is gone.

use std::sync::Arc;

use image::DynamicImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

/// No profile of a screen or camera is larger; those of printers are, and pictures on the web are not for printers.
const LARGEST_PROFILE: usize = 4 << 20;

/// How far apart two of 256 levels are still the same to the eye. The many sRGB profiles in use differ by less.
const SAME: u8 = 3;

/// The way from a picture's own colours to sRGB.
pub(crate) struct Colours {
    layout: Layout,
    to_srgb: Arc<dyn TransformExecutor<u8> + Send + Sync>,
}

impl Colours {
    /// Reads an ICC profile for this picture. `None` when its colours are sRGB as they are, or when the profile is
    /// broken or for another model of colours than the picture's; browsers ignore such profiles as well.
    pub(crate) fn of(profile: &[u8], image: &DynamicImage) -> Option<Colours> {
        if profile.len() > LARGEST_PROFILE {
            return None;
        }
        let profile = ColorProfile::new_from_slice(profile).ok()?;
        let layout = match (image, profile.color_space) {
            (DynamicImage::ImageLuma8(_), DataColorSpace::Gray) => Layout::Gray,
            (DynamicImage::ImageRgb8(_), DataColorSpace::Rgb) => Layout::Rgb,
            (DynamicImage::ImageRgba8(_), DataColorSpace::Rgb) => Layout::Rgba,
            _ => return None,
        };
        let target = match layout {
            Layout::Gray => Layout::Rgb,
            same => same,
        };
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        let to_srgb = profile.create_transform_8bit(layout, &srgb, target, options).ok()?;
        let colours = Colours { layout, to_srgb };
        colours.change_anything()?.then_some(colours)
    }

    /// The picture in sRGB. A picture of another form than the one this was made for stays as it is.
    pub(crate) fn to_srgb(&self, image: DynamicImage) -> DynamicImage {
        let Some(colours) = self.transform(image.as_bytes()) else {
            return image;
        };
        let (width, height) = (image.width(), image.height());
        let redrawn = match (self.layout, &image) {
            (Layout::Gray, DynamicImage::ImageLuma8(_)) => {
                image::GrayImage::from_raw(width, height, colours).map(DynamicImage::from)
            }
            (Layout::Rgb, DynamicImage::ImageRgb8(_)) => {
                image::RgbImage::from_raw(width, height, colours).map(DynamicImage::from)
            }
            (Layout::Rgba, DynamicImage::ImageRgba8(_)) => {
                image::RgbaImage::from_raw(width, height, colours).map(DynamicImage::from)
            }
            _ => None,
        };
        redrawn.unwrap_or(image)
    }

    fn transform(&self, samples: &[u8]) -> Option<Vec<u8>> {
        match self.layout {
            Layout::Gray => {
                let mut grays = vec![0; samples.len() * 3];
                self.to_srgb.transform(samples, &mut grays).ok()?;
                // A neutral colour has three equal parts; one of them is the gray again.
                Some(grays.into_iter().step_by(3).collect())
            }
            _ => {
                let mut colours = vec![0; samples.len()];
                self.to_srgb.transform(samples, &mut colours).ok()?;
                Some(colours)
            }
        }
    }

    /// Tries colours from all over the space: a profile that leaves each of them where it is describes sRGB.
    fn change_anything(&self) -> Option<bool> {
        let levels = || (0..=255_u8).step_by(51);
        let samples: Vec<u8> = match self.layout {
            Layout::Gray => (0..=255).collect(),
            layout => {
                let mut samples = Vec::new();
                for red in levels() {
                    for green in levels() {
                        for blue in levels() {
                            samples.extend([red, green, blue]);
                            if layout == Layout::Rgba {
                                samples.push(255);
                            }
                        }
                    }
                }
                samples
            }
        };
        let changed = self.transform(&samples)?;
        let differ = |(a, b): (&u8, &u8)| a.abs_diff(*b) > SAME;
        Some(samples.iter().zip(&changed).any(differ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Luma, Rgb, Rgba};

    fn profile(profile: ColorProfile) -> Vec<u8> {
        profile.encode().unwrap()
    }

    #[test]
    fn srgb_needs_no_change() {
        let image = DynamicImage::new_rgb8(1, 1);
        assert!(Colours::of(&profile(ColorProfile::new_srgb()), &image).is_none());
    }

    #[test]
    fn wider_colours_become_srgb() {
        let wide = profile(ColorProfile::new_display_p3());
        // Display P3 shows the red of sRGB as (234, 51, 35), rounded.
        let image = image::RgbImage::from_pixel(2, 1, Rgb([234, 51, 35])).into();
        let image = Colours::of(&wide, &image).unwrap().to_srgb(image);
        let Rgb([red, green, blue]) = image.to_rgb8()[(1, 0)];
        assert!(red > 250 && green < 12 && blue < 12, "{red} {green} {blue}");

        let image = image::RgbaImage::from_pixel(1, 1, Rgba([234, 51, 35, 77])).into();
        let image = Colours::of(&wide, &image).unwrap().to_srgb(image);
        assert_eq!(image.to_rgba8()[(0, 0)][3], 77);
    }

    #[test]
    fn grays_become_srgb() {
        let linear = profile(ColorProfile::new_gray_with_gamma(1.0));
        let image = image::GrayImage::from_pixel(1, 1, Luma([55])).into();
        let image = Colours::of(&linear, &image).unwrap().to_srgb(image);
        assert!(image.to_luma8()[(0, 0)][0].abs_diff(128) <= 3);
    }

    #[test]
    fn unusable_profiles_are_ignored() {
        let image = DynamicImage::new_rgb8(1, 1);
        assert!(Colours::of(b"not a profile", &image).is_none());
        assert!(Colours::of(&[], &image).is_none());
        let gray = profile(ColorProfile::new_gray_with_gamma(1.0));
        assert!(Colours::of(&gray, &image).is_none());
        let wide = profile(ColorProfile::new_display_p3());
        for end in 0..wide.len() {
            // Whatever a cut profile means, it must not panic.
            let _ = Colours::of(&wide[..end], &image);
        }
    }
}
