//! The door's tests: whole files in, stored files out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use image::{AnimationDecoder, DynamicImage, GrayImage, ImageFormat};
use moxcms::ColorProfile;
use object_store::memory::InMemory;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::{PREVIEW_PIXELS, samples};

struct House {
    media: Media,
    folder: TempDir,
}

impl House {
    fn new() -> House {
        House::with(Limits::default())
    }

    fn with(limits: Limits) -> House {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::new(Store::local(folder.path()).unwrap(), limits);
        House { media, folder }
    }

    async fn attach(&self, file: &[u8]) -> Result<Attachment, Error> {
        self.media.attach(Bytes::copy_from_slice(file)).await
    }

    async fn stored(&self, variant: &Variant) -> Bytes {
        let object = self.media.store().get(&variant.key).await.unwrap();
        assert_eq!((object.length, object.mime), (variant.bytes, variant.mime()));
        let bytes = object.bytes().await.unwrap();
        assert_eq!(Kind::of(&bytes), Some(variant.key.kind()));
        bytes
    }

    /// The stored picture, which must be as large as its variant says.
    async fn shown(&self, variant: &Variant) -> DynamicImage {
        let image = image::load_from_memory(&self.stored(variant).await).unwrap();
        assert_eq!((image.width(), image.height()), (variant.width, variant.height));
        image
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path),
                }
            }
        }
        files
    }
}

#[track_caller]
fn assert_alike(a: &DynamicImage, b: &DynamicImage, tolerance: u8) {
    assert_eq!((a.width(), a.height()), (b.width(), b.height()));
    for ((x, y, a), b) in a.to_rgba8().enumerate_pixels().zip(b.to_rgba8().pixels()) {
        for channel in 0..4 {
            assert!(a[channel].abs_diff(b[channel]) <= tolerance, "{a:?} and {b:?} at {x}, {y}");
        }
    }
}

#[tokio::test]
async fn each_kind_is_told_by_content_and_kept_as_it_came() {
    let house = House::new();
    for (file, kind) in [
        (samples::jpeg(40, 30), Kind::Jpeg),
        (samples::png(40, 30), Kind::Png),
        (samples::gif(40, 30, 1), Kind::Gif),
        (samples::webp(40, 30), Kind::WebP),
    ] {
        let stored = house.attach(&file).await.unwrap();
        assert_eq!(stored.original.key.kind(), kind);
        assert_eq!((stored.original.width, stored.original.height), (40, 30));
        assert_eq!(stored.original.mime(), kind.mime());
        assert!((stored.original.aspect() - 4.0 / 3.0).abs() < 1e-9);
        assert!(!stored.animated);
        assert!(stored.original.key.as_str().starts_with("attachments/"));
        // So small a picture is its own preview.
        assert_eq!(stored.preview, stored.original);
        assert_eq!(stored.keys().count(), 1);
        // A size flag, the brightest, the average, and eleven waves of two letters.
        assert_eq!(stored.blurhash.len(), 1 + 1 + 4 + 22);
        let shown = house.shown(&stored.original).await;
        assert_alike(&shown, &image::load_from_memory(&file).unwrap(), 0);
    }
    let stored = house.attach(samples::LOSSY_WEBP).await.unwrap();
    assert_eq!(house.stored(&stored.original).await, samples::LOSSY_WEBP);
}

#[tokio::test]
async fn other_kinds_are_refused_by_name() {
    let house = House::new();
    for (file, found) in [
        (&b"just words"[..], None),
        (b"\xFF\xD8", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Some("an SVG drawing")),
        (b"%PDF-1.7", Some("a PDF file")),
    ] {
        match house.attach(file).await {
            Err(Error::Unsupported { found: named, .. }) => assert_eq!(named, found),
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(house.attach(b"").await, Err(Error::Empty)));
    assert!(house.files().is_empty());
}

#[tokio::test]
async fn orientation_is_drawn_and_the_place_forgotten() {
    let house = House::new();
    // A quarter turn clockwise: what was the left edge is the top.
    let upright = samples::gradient(48, 32).rotate90();
    let files = [
        samples::with_jpeg_segments(&samples::jpeg(48, 32), &[(0xE1, samples::exif(6))]),
        samples::with_png_chunks(&samples::png(48, 32), &[(b"eXIf", samples::exif(6)[6..].to_vec())]),
        samples::extended_webp(&samples::webp(48, 32), (48, 32), &[(b"EXIF", samples::exif(6)[6..].to_vec())]),
    ];
    for file in files {
        assert!(samples::contains(&file, b"GPS"));
        let kind = Kind::of(&file).unwrap();
        let stored = house.attach(&file).await.unwrap();
        assert_eq!((stored.original.width, stored.original.height), (32, 48));
        assert_eq!(stored.original.key.kind(), kind);
        assert_alike(&house.shown(&stored.original).await, &upright, 12);
        let bytes = house.stored(&stored.original).await;
        for word in [&b"GPS"[..], b"Exif", b"EXIF", b"eXIf"] {
            assert!(!samples::contains(&bytes, word), "{kind:?} {word:?}");
        }

        // The same for the middle of it.
        let avatar = house.media.avatar(file.into()).await.unwrap();
        assert_eq!((avatar.original.width, avatar.original.height), (32, 32));
        let middle = upright.crop_imm(0, 8, 32, 32);
        assert_alike(&house.shown(&avatar.original).await, &middle, 12);
    }
}

#[tokio::test]
async fn every_orientation_looks_as_it_should() {
    let house = House::new();
    for orientation in 1..=8 {
        let file = samples::with_png_chunks(&samples::png(5, 3), &[(b"eXIf", samples::exif(orientation)[6..].to_vec())]);
        let mut upright = samples::gradient(5, 3);
        upright.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        let stored = house.attach(&file).await.unwrap();
        assert_alike(&house.shown(&stored.original).await, &upright, 0);
    }
}

#[tokio::test]
async fn colours_stay_when_their_profile_goes() {
    let house = House::new();
    let wide = ColorProfile::new_display_p3().encode().unwrap();
    // The red of sRGB in the numbers of Display P3.
    let red = image::RgbImage::from_pixel(32, 32, image::Rgb([234, 51, 35])).into();
    let jpeg = samples::with_jpeg_profile(&samples::encoded(&red, ImageFormat::Jpeg), &wide);
    let webp = samples::extended_webp(&samples::encoded(&red, ImageFormat::WebP), (32, 32), &[(b"ICCP", wide)]);
    for file in [jpeg, webp] {
        let stored = house.attach(&file).await.unwrap();
        let pixel = house.shown(&stored.original).await.to_rgb8()[(16, 16)];
        assert!(pixel[0] > 248 && pixel[1] < 14 && pixel[2] < 14, "{pixel:?}");
        assert!(!samples::contains(&house.stored(&stored.original).await, b"acsp"));
    }
    // A profile that says sRGB is no reason to touch the pixels.
    let plain = samples::jpeg(16, 16);
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let stored = house.attach(&samples::with_jpeg_profile(&plain, &srgb)).await.unwrap();
    assert_eq!(house.stored(&stored.original).await, plain);
}

#[tokio::test]
async fn large_pictures_get_smaller_and_a_preview() {
    let house = House::new();
    // In gray, which is quicker to test: 8.82 megapixels, half a megapixel more than an original may have.
    let large = GrayImage::from_fn(4200, 2100, |x, y| image::Luma([((x + y) / 25) as u8]));
    let large = DynamicImage::from(large);
    let stored = house.attach(&samples::encoded(&large, ImageFormat::Jpeg)).await.unwrap();
    assert_eq!(stored.original.mime(), "image/jpeg");
    assert_eq!((stored.original.width, stored.original.height), (4072, 2036));
    assert_eq!((stored.preview.width, stored.preview.height), (678, 339));
    assert_eq!(stored.preview.mime(), "image/jpeg");
    assert_eq!((stored.keys().count(), house.files().len()), (2, 2));
    house.shown(&stored.original).await;
    let expected = large.thumbnail_exact(678, 339);
    assert_alike(&house.shown(&stored.preview).await, &expected, 8);
}

#[tokio::test]
async fn what_is_too_long_for_a_coding_gets_shorter() {
    let house = House::new();
    for (width, height) in [(17_000, 20), (20, 17_000)] {
        for file in [samples::png(width, height), samples::jpeg(width, height)] {
            let stored = house.attach(&file).await.unwrap();
            assert_eq!(Some(stored.original.key.kind()), Kind::of(&file));
            let longest = stored.original.width.max(stored.original.height);
            assert_eq!(longest, 16_383);
            house.shown(&stored.original).await;
            house.shown(&stored.preview).await;
        }
    }
}

#[tokio::test]
async fn transparency_stays() {
    let house = House::new();
    for (format, kind) in [(ImageFormat::Png, Kind::Png), (ImageFormat::WebP, Kind::WebP)] {
        let file = samples::encoded(&samples::disc(700), format);
        let stored = house.attach(&file).await.unwrap();
        let avatar = house.media.avatar(file.into()).await.unwrap();
        for variant in [&stored.original, &stored.preview, &avatar.original] {
            assert_eq!(variant.key.kind(), kind);
            let shown = house.shown(variant).await.to_rgba8();
            assert_eq!(shown[(1, 1)][3], 0);
            let middle = shown[(variant.width / 2, variant.height / 2)];
            assert_eq!(middle.0, [220, 20, 20, 255]);
        }
        assert_eq!((avatar.original.width, avatar.original.height), (400, 400));
    }
}

#[tokio::test]
async fn sixteen_bits_and_grays_are_drawn() {
    let house = House::new();
    let deep = samples::gradient(900, 600);
    for (image, opaque) in [
        (DynamicImage::from(deep.to_rgb16()), true),
        (deep.to_rgba16().into(), true),
        (deep.to_luma16().into(), true),
        (deep.to_luma8().into(), true),
        (samples::disc(900).to_luma_alpha8().into(), false),
        (samples::disc(900).to_luma_alpha16().into(), false),
    ] {
        let file = samples::encoded(&image, ImageFormat::Png);
        let stored = house.attach(&file).await.unwrap();
        assert_eq!(stored.original.key.kind(), Kind::Png);
        let preview = match opaque {
            true => Kind::Jpeg,
            false => Kind::Png,
        };
        assert_eq!(stored.preview.key.kind(), preview);
        house.shown(&stored.preview).await;
        let header = house.media.header(file.into()).await.unwrap();
        house.shown(&header.original).await;
    }
}

#[tokio::test]
async fn emoji_are_small_and_whole() {
    let house = House::new();
    let wide = house.media.emoji(samples::png(1024, 256).into()).await.unwrap();
    assert!(wide.original.key.as_str().starts_with("emojis/"));
    assert_eq!((wide.original.width, wide.original.height), (512, 128));
    assert_eq!((wide.original.key.kind(), wide.is_animated()), (Kind::Png, false));
    let moving = house.media.emoji(samples::gif(64, 64, 3).into()).await.unwrap();
    assert_eq!((moving.original.key.kind(), moving.still.key.kind()), (Kind::Gif, Kind::Png));
    assert!(moving.is_animated());
    assert!(house.media.emoji(Bytes::from_static(b"no picture")).await.is_err());
}

#[tokio::test]
async fn profile_pictures_are_cropped_and_never_enlarged() {
    let house = House::new();
    let file = Bytes::from(samples::jpeg(1600, 800));
    let avatar = house.media.avatar(file.clone()).await.unwrap();
    assert!(avatar.original.key.as_str().starts_with("avatars/"));
    assert_eq!((avatar.original.width, avatar.original.height), (400, 400));
    assert!(!avatar.is_animated());
    assert_eq!(avatar.keys().count(), 1);
    let middle = samples::gradient(1600, 800).crop_imm(400, 0, 800, 800);
    let expected = middle.resize_exact(400, 400, image::imageops::FilterType::Triangle);
    assert_alike(&house.shown(&avatar.original).await, &expected, 16);

    let header = house.media.header(file).await.unwrap();
    assert!(header.original.key.as_str().starts_with("headers/"));
    assert_eq!((header.original.width, header.original.height), (1500, 499));

    let tiny = house.media.avatar(samples::png(20, 10).into()).await.unwrap();
    assert_eq!((tiny.original.width, tiny.original.height), (10, 10));
    // What fits already is not encoded again.
    let file = samples::jpeg(400, 400);
    let exact = house.media.avatar(file.clone().into()).await.unwrap();
    assert_eq!(house.stored(&exact.original).await, file);
}

fn frames(bytes: &[u8]) -> Vec<image::Frame> {
    let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(bytes)).unwrap();
    assert!(matches!(decoder.loop_count(), image::metadata::LoopCount::Infinite));
    decoder.into_frames().collect_frames().unwrap()
}

#[tokio::test]
async fn an_animation_stays_and_gets_a_still() {
    let house = House::new();
    let stored = house.attach(&samples::gif(60, 40, 4)).await.unwrap();
    assert!(stored.animated);
    assert_eq!(stored.original.key.kind(), Kind::Gif);
    assert_eq!(frames(&house.stored(&stored.original).await).len(), 4);
    assert_eq!(stored.preview.key.kind(), Kind::Jpeg);
    assert_eq!((stored.preview.width, stored.preview.height), (60, 40));
    let pixel = house.shown(&stored.preview).await.to_rgb8()[(30, 20)];
    assert!(pixel[0] > 245 && pixel[1] < 10 && pixel[2] < 10, "{pixel:?}");

    let file = samples::animated_webp(60, 40, 4, b"");
    let stored = house.attach(&file).await.unwrap();
    assert!(stored.animated);
    assert_eq!(house.stored(&stored.original).await, file);
    assert_eq!(stored.preview.key.kind(), Kind::Jpeg);
    house.shown(&stored.preview).await;
}

#[tokio::test]
async fn a_moving_avatar_is_redrawn_with_a_still() {
    let house = House::new();
    for file in [samples::gif(480, 450, 3), samples::animated_webp(480, 450, 3, b"")] {
        let still = match Kind::of(&file) {
            Some(Kind::Gif) => Kind::Png,
            _ => Kind::WebP,
        };
        let avatar = house.media.avatar(file.clone().into()).await.unwrap();
        assert!(avatar.is_animated());
        assert_eq!(avatar.original.key.kind(), Kind::Gif);
        assert_eq!((avatar.original.width, avatar.original.height), (400, 400));
        let frames = frames(&house.stored(&avatar.original).await);
        assert_eq!(frames.len(), 3);
        assert_eq!(Duration::from(frames[1].delay()), Duration::from_millis(100));
        assert_eq!(avatar.still.key.kind(), still);
        let pixel = house.shown(&avatar.still).await.to_rgb8()[(9, 9)];
        assert!(pixel[0] > 250 && pixel[1] == 0 && pixel[2] == 0, "{pixel:?}");

        let header = house.media.header(file.into()).await.unwrap();
        assert!(header.is_animated());
        assert_eq!((header.still.width, header.still.height), (480, 160));
        assert_eq!((header.original.width, header.original.height), (480, 160));
        assert_eq!(header.keys().count(), 2);
    }
    // A square that is small enough is kept frame by frame as it came.
    let small = house.media.avatar(samples::gif(50, 50, 3).into()).await.unwrap();
    assert_eq!(small.original.width, 50);
    assert_eq!(small.original.bytes, samples::gif(50, 50, 3).len() as u64);
}

#[tokio::test]
async fn limits_hold_before_anything_is_decoded() {
    let house = House::new();
    let bomb = samples::png_bomb(60_000, 60_000);
    assert!(bomb.len() < 200);
    assert!(matches!(house.attach(&bomb).await, Err(Error::TooManyPixels { limit: 33_554_432, got: 3_600_000_000 })));
    let bomb = Bytes::from(bomb);
    assert!(matches!(house.media.avatar(bomb.clone()).await, Err(Error::TooManyPixels { .. })));
    assert!(matches!(house.media.header(bomb).await, Err(Error::TooManyPixels { .. })));

    let small = House::with(Limits { bytes: 500, pixels: 100, frames: 3, animation_pixels: 250 });
    let large = vec![0xFF; 501];
    assert!(matches!(small.attach(&large).await, Err(Error::TooLarge { limit: 500, got: 501 })));
    assert!(matches!(small.attach(&samples::gif(11, 10, 1)).await, Err(Error::TooManyPixels { limit: 100, got: 110 })));
    assert!(matches!(small.attach(&samples::gif(2, 2, 4)).await, Err(Error::TooManyFrames { limit: 3, got: 4 })));
    assert!(matches!(small.attach(&samples::gif(10, 10, 3)).await, Err(Error::TooManyPixels { limit: 250, got: 300 })));
    small.attach(&samples::gif(10, 10, 2)).await.unwrap();
    assert!(house.files().is_empty());
}

#[tokio::test]
async fn what_is_cut_off_is_refused_and_leaves_nothing() {
    let house = House::new();
    for file in [samples::jpeg(64, 64), samples::png(64, 64), samples::gif(64, 64, 2), samples::webp(64, 64)] {
        let kind = Kind::of(&file).unwrap();
        for cut in [20, file.len() / 2, file.len() - 9] {
            match house.attach(&file[..cut]).await {
                Err(Error::Broken { kind: named, .. }) => assert_eq!(named, kind),
                other => panic!("{kind:?} cut at {cut}: {other:?}"),
            }
        }
        let mut garbage = file[..12].to_vec();
        garbage.extend((0..500_u32).map(|at| ((at * 7919) >> 3) as u8));
        assert!(matches!(house.attach(&garbage).await, Err(Error::Broken { .. })), "{kind:?}");
    }
    assert!(house.files().is_empty());
}

#[tokio::test]
async fn a_broken_store_leaves_nothing() {
    let house = House::new();
    // A file stands where the folder of all attachments should be.
    std::fs::write(house.folder.path().join("attachments"), b"").unwrap();
    assert!(matches!(house.attach(&samples::png(4, 4)).await, Err(Error::Store(_))));
    house.media.avatar(samples::png(4, 4).into()).await.unwrap();
}

#[tokio::test]
async fn removing_takes_every_variant() {
    let house = House::new();
    let stored = house.attach(&samples::jpeg(800, 600)).await.unwrap();
    assert_eq!(house.files().len(), 2);
    house.media.remove(stored.keys()).await.unwrap();
    assert!(house.files().is_empty());
    house.media.remove(stored.keys()).await.unwrap();
}

#[tokio::test]
async fn whoever_goes_away_leaves_nothing() {
    let house = House::new();
    let key = Key::random(Folder::Attachments, Kind::Png);
    let files = vec![(key.clone(), Bytes::from_static(b"unheard"))];
    // Polled once, so that the storing begins, and dropped. A timeout of nothing would wait for the clock to tick, and a
    // fast disk be done by then.
    assert!(house.media.keep(files.into_iter().map(|(key, bytes)| (key, bytes.into())).collect()).now_or_never().is_none());
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if house.files().is_empty() && house.folder.path().join(key.as_str()).parent().unwrap().exists() {
            return;
        }
    }
    panic!("left behind: {:?}", house.files());
}

#[tokio::test]
async fn any_object_store_will_do() {
    let media = Media::new(Store::new(Arc::new(InMemory::new())), Limits::default());
    let file = Bytes::from(samples::png(6, 6));
    let stored = media.attach(file.clone()).await.unwrap();
    let object = media.store().get(&stored.original.key).await.unwrap();
    assert_eq!(object.bytes().await.unwrap(), file);
}

#[test]
fn stored_pictures_survive_json() {
    let key = Key::random(Folder::Attachments, Kind::Jpeg);
    let original = Variant { key: key.clone(), width: 4, height: 3, bytes: 99 };
    let stored = Attachment {
        preview: Variant { key: key.preview(Kind::Jpeg), ..original.clone() },
        original,
        blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned(),
        animated: false,
    };
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(serde_json::from_str::<Attachment>(&json).unwrap(), stored);
}

/// Files that begin well and go wrong somewhere.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let wholes = vec![
        samples::with_jpeg_segments(&samples::jpeg(24, 24), &[(0xE1, samples::exif(6))]),
        samples::png(24, 24),
        samples::gif(24, 24, 3),
        samples::webp(24, 24),
        samples::LOSSY_WEBP.to_vec(),
        samples::animated_webp(24, 24, 3, b"home"),
        samples::extended_webp(&samples::webp(24, 24), (24, 24), &[(b"EXIF", samples::exif(5)), (b"ICCP", vec![0; 140])]),
    ];
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    (prop::sample::select(wholes), damage, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut file, damage, end, cut)| {
            for (at, byte) in damage {
                let at = at.index(file.len());
                file[at] = byte;
            }
            if cut {
                file.truncate(end.index(file.len()));
            }
            file
        },
    )
}

/// What comes of a file that may be anything: variants that can be shown, or a refusal. It never takes the test down.
fn take(file: Vec<u8>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.unwrap().block_on(async {
        // Small limits keep the damaged headers that announce large pictures quick.
        let limits = Limits { pixels: 1 << 16, animation_pixels: 1 << 18, ..Limits::default() };
        let media = Media::new(Store::new(Arc::new(InMemory::new())), limits);
        let file = Bytes::from(file);
        match media.attach(file.clone()).await {
            Ok(stored) => {
                let area = u64::from(stored.preview.width) * u64::from(stored.preview.height);
                prop_assert!(area <= PREVIEW_PIXELS);
            }
            Err(error) => prop_assert!(error.is_refusal(), "{error}"),
        }
        if let Err(error) = media.avatar(file).await {
            prop_assert!(error.is_refusal(), "{error}");
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_survived(start in prop::sample::select(vec![
        &b""[..], b"\xFF\xD8\xFF\xE0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\xFF\0\0\0WEBPVP8X",
    ]), rest in prop::collection::vec(any::<u8>(), 0..400)) {
        take([start, &rest].concat())?;
    }

    #[test]
    fn damaged_files_are_survived(file in damaged()) {
        take(file)?;
    }
}
