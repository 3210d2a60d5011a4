//! Real films and sounds through real programs. The samples are made here, by ffmpeg too.

use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::{Film, Folder, Incoming, Key, Limits, Media, Store};

struct House {
    media: Media,
    folder: TempDir,
}

/// A house with ffmpeg. A machine without it cannot prove anything about films, and must say so.
async fn house_with(limits: FilmLimits) -> House {
    let folder = tempfile::tempdir().unwrap();
    let films = Films::find(None, folder.path().join("scratch"), limits).await.unwrap();
    let films = films.expect("these tests need ffmpeg and ffprobe with libx264: install ffmpeg, or run ./test, which does");
    let store = Store::local(folder.path().join("media")).unwrap();
    House { media: Media::new(store, Limits::default()).with_films(Some(films)), folder }
}

async fn house() -> House {
    house_with(FilmLimits::default()).await
}

impl House {
    /// A sample made by ffmpeg with these arguments.
    fn sample(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let made =
            Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments.split_whitespace()).arg(&path).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        path
    }

    async fn accept(&self, path: &Path) -> Result<crate::Accepted, Error> {
        self.media.accept(Incoming::Disk(path.to_owned())).await
    }

    async fn convert(&self, path: &Path) -> Film {
        let accepted = self.accept(path).await.unwrap();
        assert!(!accepted.key.is_public());
        let film = self.media.convert(&accepted.key).await.unwrap();
        assert_eq!(film.sort, accepted.sort);
        // The upload is its owner's to remove.
        self.media.remove([&accepted.key]).await.unwrap();
        film
    }

    async fn bytes(&self, key: &Key) -> Bytes {
        self.media.store().get(key).await.unwrap().bytes().await.unwrap()
    }

    /// What ffprobe says of a stored file, as text.
    fn probe(&self, key: &Key) -> String {
        let path = self.folder.path().join("media").join(key.as_str());
        let said = Command::new("ffprobe").args(["-v", "error", "-show_format", "-show_streams"]).arg(path).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }

    fn scratch_is_empty(&self) -> bool {
        std::fs::read_dir(self.folder.path().join("scratch")).unwrap().next().is_none()
    }
}

const PICTURE: &str = "-f lavfi -i testsrc2=size=320x180:rate=25:duration=2";
const TONE: &str = "-f lavfi -i sine=440:duration=2";
const TAGS: &str = "-metadata title=SECRET -metadata comment=SECRET -metadata location=+48.8577+002.295/ \
                    -metadata:s:v:0 handler_name=SECRET -metadata:s:a:0 title=SECRET";

#[tokio::test]
async fn a_film_is_copied_without_its_metadata() {
    let house = house().await;
    let sample = house.sample("a.mov", &format!("{PICTURE} {TONE} -c:v libx264 -pix_fmt yuv420p -c:a aac {TAGS}"));
    assert!(std::fs::read(&sample).unwrap().windows(6).any(|six| six == b"SECRET"));
    assert!(house.media.takes_time(&Incoming::Disk(sample.clone())).await.unwrap());
    let film = house.convert(&sample).await;
    assert_eq!(film.sort, FilmSort::Film);
    assert_eq!((film.original.width, film.original.height, film.original.mime()), (320, 180, "video/mp4"));
    assert!((film.facts.duration - 2.0).abs() < 0.2, "{}", film.facts.duration);
    assert_eq!(film.facts.frame_rate.as_deref(), Some("25/1"));
    assert!(film.facts.bitrate.is_some_and(|bits| bits > 1_000));
    let audio = film.facts.audio.as_ref().unwrap();
    assert_eq!((audio.coding.as_str(), audio.sample_rate, audio.channels.as_str()), ("aac (LC)", 44_100, "mono"));
    let preview = film.preview.as_ref().unwrap();
    assert_eq!((preview.width, preview.height, preview.mime()), (320, 180, "image/jpeg"));
    assert!(film.blurhash.as_ref().is_some_and(|hash| hash.len() > 6));
    let bytes = house.bytes(&film.original.key).await;
    assert_eq!(bytes.len() as u64, film.original.bytes);
    for secret in [&b"SECRET"[..], b"+48.8577", b"x264"] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", String::from_utf8_lossy(secret));
    }
    // Ready to play while it loads: what tells where everything is stands in front.
    let at = |name: &[u8]| bytes.windows(4).position(|four| four == name).unwrap();
    assert!(at(b"moov") < at(b"mdat"));
    assert!(house.scratch_is_empty());
}

#[tokio::test]
async fn orientation_is_kept_in_copies_and_drawn_into_what_is_coded_anew() {
    let house = house().await;
    for (name, coding) in [("copied.mp4", "-c:v libx264 -pix_fmt yuv420p"), ("coded.mp4", "-c:v mpeg4")] {
        let flat = house.sample("flat.mp4", &format!("{PICTURE} {coding}"));
        let sample = house.sample(name, &format!("-i {} -c copy -metadata:s:v:0 rotate=90", flat.display()));
        let film = house.convert(&sample).await;
        assert_eq!((film.original.width, film.original.height), (180, 320), "{name}");
        let preview = film.preview.as_ref().unwrap();
        assert_eq!((preview.width, preview.height), (180, 320), "{name}");
        let turned = house.probe(&film.original.key).contains("rotation=90");
        assert_eq!(turned, name == "copied.mp4", "{name}");
        assert_eq!(film.sort, FilmSort::Loop);
    }
}

#[tokio::test]
async fn every_film_becomes_one_that_browsers_play() {
    let house = house().await;
    for (name, coding, mime, codec) in [
        ("a.webm", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -c:a libopus", "video/webm", "codec_name=vp9"),
        ("b.webm", "-c:v libvpx -deadline realtime -c:a libvorbis", "video/webm", "codec_name=vp8"),
        ("a.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a flac", "video/mp4", "codec_name=h264"),
        ("b.mkv", "-c:v mpeg4 -c:a libmp3lame", "video/mp4", "codec_name=h264"),
        ("a.mov", "-c:v libx264 -pix_fmt yuv444p -c:a pcm_s16le", "video/mp4", "pix_fmt=yuv420p"),
    ] {
        let film = house.convert(&house.sample(name, &format!("{PICTURE} {TONE} {coding} {TAGS}"))).await;
        let probed = house.probe(&film.original.key);
        assert_eq!((film.sort, film.original.mime()), (FilmSort::Film, mime), "{name}");
        assert!(probed.contains(codec) && !probed.contains("SECRET"), "{name}: {probed}");
        assert!(film.preview.is_some() && film.facts.audio.is_some(), "{name}");
        assert!((film.facts.duration - 2.0).abs() < 0.3, "{name}: {}", film.facts.duration);
    }
    // An odd number of pixels, and pixels that are no squares.
    let film = house.convert(&house.sample("odd.mkv", "-f lavfi -i testsrc2=size=321x241:duration=1 -c:v ffv1 -c:v mjpeg")).await;
    assert_eq!((film.original.width, film.original.height), (320, 240));
    let wide = "-f lavfi -i testsrc2=size=160x120:duration=1 -vf setsar=2 -c:v mpeg4";
    let film = house.convert(&house.sample("wide.mp4", wide)).await;
    assert_eq!((film.original.width, film.original.height), (320, 120));
}

#[tokio::test]
async fn every_sound_becomes_one_that_browsers_play() {
    let house = house().await;
    for (name, coding, mime) in [
        ("a.mp3", "-c:a libmp3lame", "audio/mpeg"),
        ("a.m4a", "-c:a aac", "audio/mp4"),
        ("a.aac", "-c:a aac", "audio/mp4"),
        ("a.ogg", "-c:a libvorbis", "audio/mp4"),
        ("a.opus", "-c:a libopus", "audio/mp4"),
        ("a.flac", "-c:a flac -ar 96000", "audio/mp4"),
        ("a.wav", "-c:a pcm_s16le", "audio/mp4"),
        ("a.webm", "-c:a libopus", "audio/mp4"),
    ] {
        let sound = house.convert(&house.sample(name, &format!("{TONE} {coding} -metadata title=SECRET"))).await;
        assert_eq!((sound.sort, sound.original.mime()), (FilmSort::Sound, mime), "{name}");
        assert_eq!((sound.original.width, sound.preview.clone(), sound.blurhash.clone()), (0, None, None), "{name}");
        assert!((sound.facts.duration - 2.0).abs() < 0.2 && sound.facts.frame_rate.is_none(), "{name}: {:?}", sound.facts);
        let bytes = house.bytes(&sound.original.key).await;
        assert!(!bytes.windows(6).any(|six| six == b"SECRET"), "{name}");
    }
    let cover = house.sample("cover.png", "-f lavfi -i testsrc2=size=100x100 -frames:v 1");
    let album = format!("{TONE} -i {} -map 0:a -map 1:v -c:a libmp3lame -c:v copy -disposition:v attached_pic", cover.display());
    let sound = house.convert(&house.sample("album.mp3", &album)).await;
    let preview = sound.preview.unwrap();
    assert_eq!((sound.sort, preview.width, preview.height), (FilmSort::Sound, 100, 100));
    assert!(!house.probe(&sound.original.key).contains("codec_type=video"));
}

#[tokio::test]
async fn a_moving_gif_becomes_a_loop_and_a_still_one_stays_a_picture() {
    let house = house().await;
    let moving = Bytes::from(crate::samples::gif(33, 20, 5));
    let incoming = Incoming::Memory(moving);
    assert!(house.media.takes_time(&incoming).await.unwrap());
    let accepted = house.media.accept(incoming).await.unwrap();
    let film = house.media.convert(&accepted.key).await.unwrap();
    assert_eq!((film.sort, film.original.mime()), (FilmSort::Loop, "video/mp4"));
    assert_eq!((film.original.width, film.original.height), (32, 20));
    assert!((film.facts.duration - 0.5).abs() < 0.15, "{:?}", film.facts);
    let still = Incoming::Memory(crate::samples::gif(33, 20, 1).into());
    assert!(!house.media.takes_time(&still).await.unwrap());
    let picture = Incoming::Memory(crate::samples::png(3, 2).into());
    assert!(!house.media.takes_time(&picture).await.unwrap());
}

#[tokio::test]
async fn what_is_too_much_is_refused_before_it_is_stored() {
    let limits = FilmLimits { pixels: 320 * 180, seconds: 3, frame_rate: 30, bytes: 300_000, ..FilmLimits::default() };
    let house = house_with(limits).await;
    let coding = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    let large = house.sample("large.mp4", &format!("-f lavfi -i testsrc2=size=322x180:duration=1 {coding}"));
    assert!(matches!(house.accept(&large).await, Err(Error::TooManyPixels { got: 57_960, .. })));
    let long = house.sample("long.mp4", &format!("-f lavfi -i color=size=32x32:duration=4 {coding}"));
    assert!(matches!(house.accept(&long).await, Err(Error::TooLong { limit: Some(3) })));
    let quick = house.sample("quick.mp4", &format!("-f lavfi -i color=size=32x32:duration=1:rate=60 {coding}"));
    assert!(matches!(house.accept(&quick).await, Err(Error::TooQuick { limit: 30 })));
    let heavy = house.sample("heavy.wav", "-f lavfi -i anoisesrc=duration=2 -ac 2 -ar 48000");
    assert!(matches!(house.accept(&heavy).await, Err(Error::TooLarge { .. })));
    assert_eq!(stored(&house).await, 0);
}

async fn stored(house: &House) -> usize {
    use futures_util::StreamExt as _;
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let mut count = 0;
    for folder in Folder::ALL {
        count += house.media.store().stored_before(folder, soon).count().await;
    }
    count
}

#[tokio::test]
async fn what_is_broken_or_foreign_is_refused() {
    let house = house().await;
    let good = house.sample("a.mp4", &format!("{PICTURE} -c:v libx264 -pix_fmt yuv420p"));
    let bytes = std::fs::read(&good).unwrap();
    for (name, content) in [
        // Lists of what lies elsewhere, which ffmpeg would follow if it guessed.
        ("list", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/secret.ts\n#EXT-X-ENDLIST".to_vec()),
        ("concat", b"ffconcat version 1.0\nfile '/etc/passwd'".to_vec()),
        ("text", b"hello".to_vec()),
        ("nothing", Vec::new()),
    ] {
        let path = house.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert!(!house.media.takes_time(&Incoming::Disk(path.clone())).await.unwrap(), "{name}");
        assert!(matches!(house.accept(&path).await, Err(Error::Unsupported { films: true, .. })), "{name}");
    }
    for (name, content) in [
        ("head", bytes[..40].to_vec()),
        ("half", bytes[..bytes.len() / 2].to_vec()),
        ("matroska", [b"\x1A\x45\xDF\xA3".to_vec(), vec![7; 5_000]].concat()),
        ("mp3", [b"\xFF\xFB\x90\x00".to_vec(), vec![7; 300]].concat()),
        ("hidden list", [b"\0\0\0\x18ftypisom".to_vec(), b"#EXTM3U\nhttp://127.0.0.1:1/x".to_vec()].concat()),
    ] {
        let path = house.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let refused = house.accept(&path).await.unwrap_err();
        assert!(refused.is_refusal(), "{name}: {refused}");
        assert!(!refused.public().contains(house.folder.path().to_str().unwrap()), "{name}");
    }
    assert_eq!(stored(&house).await, 0);
}

/// A film that is cut off after its beginning is taken as far as it goes, or refused: it never hangs and leaves nothing.
#[tokio::test]
async fn what_breaks_on_the_way_leaves_nothing() {
    let house = house().await;
    let good = house.sample("a.mkv", &format!("{PICTURE} -c:v mpeg4"));
    let mut bytes = std::fs::read(&good).unwrap();
    let end = bytes.len();
    bytes[end / 3..].iter_mut().for_each(|byte| *byte = byte.wrapping_mul(31).wrapping_add(7));
    let path = house.folder.path().join("scrambled.mkv");
    std::fs::write(&path, bytes).unwrap();
    let Ok(accepted) = house.accept(&path).await else { return };
    match house.media.convert(&accepted.key).await {
        Ok(film) => house.media.remove(film.keys()).await.unwrap(),
        Err(error) => assert!(error.is_refusal(), "{error}"),
    }
    assert_eq!(stored(&house).await, 1);
    assert!(house.scratch_is_empty());
}

#[tokio::test]
async fn work_that_takes_too_long_is_ended() {
    let house = house_with(FilmLimits { work_seconds: 1, ..FilmLimits::default() }).await;
    // A small file that is a great deal of work: one colour, of a large size.
    let source = "-f lavfi -i color=size=1920x1080:rate=60:duration=12 -c:v mpeg4 -q:v 31";
    let bomb = house.sample("bomb.mp4", source);
    let accepted = house.accept(&bomb).await.unwrap();
    let started = std::time::Instant::now();
    assert!(matches!(house.media.convert(&accepted.key).await, Err(Error::TooLong { limit: None })));
    assert!(started.elapsed().as_secs() < 30);
    assert_eq!(stored(&house).await, 1);
    assert!(house.scratch_is_empty());
}

#[tokio::test]
async fn avif_becomes_jpeg_upright() {
    let house = house().await;
    let path =
        house.sample("a.avif", "-f lavfi -i testsrc2=size=800x600 -frames:v 1 -c:v libaom-av1 -cpu-used 8 -still-picture 1");
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    let picture = house.media.attach(bytes.clone()).await.unwrap();
    assert_eq!((picture.original.mime(), picture.original.width, picture.original.height), ("image/jpeg", 800, 600));
    assert_eq!(picture.preview.mime(), "image/jpeg");
    let bare = Media::new(house.media.store().clone(), Limits::default());
    assert!(matches!(bare.attach(bytes.clone()).await, Err(Error::Unsupported { found: Some("an AVIF picture"), films: false })));
    let cut = house.media.attach(bytes.slice(..200)).await.unwrap_err();
    assert!(cut.is_refusal());
}

#[tokio::test]
async fn without_ffmpeg_films_are_refused_and_not_announced() {
    let folder = tempfile::tempdir().unwrap();
    let none = Films::find(Some(folder.path()), folder.path().join("scratch"), FilmLimits::default()).await.unwrap();
    assert!(none.is_none());
    let media = Media::new(Store::local(folder.path()).unwrap(), Limits::default()).with_films(none);
    assert_eq!(media.takes(), ["image/jpeg", "image/png", "image/gif", "image/webp"]);
    let film = Bytes::from_static(b"\0\0\0\x20ftypisom\0\0\0\0isomiso2avc1mp41");
    assert!(!media.takes_time(&Incoming::Memory(film.clone())).await.unwrap());
    let refused = media.attach(film).await.unwrap_err();
    assert_eq!(refused.public(), "This is an MP4 file. Supported are JPEG, PNG, GIF and WebP.");
}
