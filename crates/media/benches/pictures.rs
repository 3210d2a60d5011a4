//! What an upload costs: a photograph of 12 megapixels, upright and turned, stored with its preview.
//! Run with `cargo bench -p majlis-media`.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use majlis_media::{Limits, Media, Store};
use tokio::runtime::Runtime;

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;

/// Waves with some grain, so that the file is about as large as a phone's.
fn photograph() -> Vec<u8> {
    let mut grain = 1_u32;
    let image = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wave = ((x as f32 / 90.0).sin() + (y as f32 / 70.0).cos()) * 55.0 + 120.0;
        let level = (wave + (grain >> 28) as f32) as u8;
        image::Rgb([level, level.wrapping_add(20), 255 - level])
    });
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new_with_quality(&mut bytes, 85).encode(image.as_raw(), WIDTH, HEIGHT, ExtendedColorType::Rgb8);
    assert!(encoded.is_ok());
    bytes
}

/// The photograph as a phone that was held upright writes it: to be turned by a quarter.
fn turned(jpeg: &[u8]) -> Vec<u8> {
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    [&jpeg[..2], exif, &jpeg[2..]].concat()
}

fn pictures(criterion: &mut Criterion) {
    let (Ok(runtime), Ok(folder)) = (Runtime::new(), tempfile::tempdir()) else {
        return;
    };
    let Ok(store) = Store::local(folder.path()) else {
        return;
    };
    let media = Media::new(store, Limits::default());
    let photograph = photograph();

    let mut group = criterion.benchmark_group("pictures");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(WIDTH) * u64::from(HEIGHT)));
    let turned = Bytes::from(turned(&photograph));
    for (name, file) in [("attach 12 Mpx JPEG", photograph.into()), ("attach 12 Mpx JPEG, turned", turned)] {
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let stored = runtime.block_on(media.attach(Bytes::clone(&file)));
                assert!(stored.is_ok());
            });
        });
    }
    let avatar: Bytes = file_for_avatar();
    group.throughput(Throughput::Elements(1));
    group.bench_function("avatar from a 1 Mpx JPEG", |bench| {
        bench.iter(|| {
            let stored = runtime.block_on(media.avatar(avatar.clone()));
            assert!(stored.is_ok());
        });
    });
    group.finish();
}

fn file_for_avatar() -> Bytes {
    let image = RgbImage::from_fn(1000, 1000, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = Vec::new();
    let encoded = JpegEncoder::new(&mut bytes).encode(image.as_raw(), 1000, 1000, ExtendedColorType::Rgb8);
    assert!(encoded.is_ok());
    bytes.into()
}

criterion_group!(benches, pictures);
criterion_main!(benches);
