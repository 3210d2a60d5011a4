//! What is done to a film or a sound so that every browser plays it and nothing but pictures and sound is left of it: copied
//! where its coding will do, coded anew where it will not.

use std::ffi::OsString;
use std::path::Path;

use super::FilmLimits;
use super::containers::Container;
use super::probe::Probe;
use super::tools::address;
use crate::Kind;

/// What is decoded: what phones, cameras and browsers write. Everything else that ffmpeg knows is never run.
pub(crate) const DECODERS: &str = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,h263,mjpeg,theora,png,gif,\
     aac,aac_fixed,mp3,mp3float,opus,libopus,vorbis,libvorbis,flac,alac,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,\
     pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,\
     mov_text,webvtt,subrip,ass";

/// The most bits a second of H.264 that is copied; what has more is coded anew.
const COPIED_BITRATE: u64 = 12_000_000;
/// The most pixels of a frame that is coded anew: 1920 × 1080, in any aspect.
const CODED_PIXELS: u32 = 1920 * 1080;

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    copies_video: bool,
    copies_audio: bool,
}

impl Plan {
    pub(crate) fn of(probe: &Probe, container: Container) -> Plan {
        let audio = probe.audio.as_ref().map(|audio| audio.codec.as_str());
        let Some(video) = &probe.video else {
            return match audio {
                Some("mp3") => Plan { kind: Kind::Mp3, copies_video: false, copies_audio: true },
                audio => Plan { kind: Kind::M4a, copies_video: false, copies_audio: audio == Some("aac") },
            };
        };
        let plain = video.pixel_format == "yuv420p";
        let even = video.width.is_multiple_of(2) && video.height.is_multiple_of(2);
        match (video.codec.as_str(), audio) {
            ("vp8" | "vp9" | "av1", None | Some("opus" | "vorbis")) if plain && container == Container::Matroska => {
                Plan { kind: Kind::WebM, copies_video: true, copies_audio: true }
            }
            ("h264", audio) => {
                let light = probe.bitrate.is_none_or(|bits| bits <= COPIED_BITRATE);
                let full = video.pixel_format == "yuvj420p";
                let copies_audio = matches!(audio, None | Some("aac" | "mp3"));
                Plan { kind: Kind::Mp4, copies_video: (plain || full) && even && light, copies_audio }
            }
            (_, audio) => Plan { kind: Kind::Mp4, copies_video: false, copies_audio: audio == Some("aac") },
        }
    }

    /// The whole of ffmpeg's arguments.
    pub(crate) fn arguments(
        self,
        from: &Path,
        container: Container,
        probe: &Probe,
        to: &Path,
        limits: &FilmLimits,
    ) -> Vec<OsString> {
        let mut list = Arguments(input(container, limits.pixels));
        list.push("-i").0.push(address(from));
        // The first of each; covers, subtitles, data of the camera and chapters stay behind, and so does every tag.
        if let Some(video) = &probe.video {
            list.pair("-map", format!("0:{}", video.index));
        }
        if let Some(audio) = &probe.audio {
            list.pair("-map", format!("0:{}", audio.index));
        }
        list.all("-map_metadata -1 -map_metadata:s:v -1 -map_metadata:s:a -1 -map_chapters -1 -sn -dn -fflags +bitexact");
        match (&probe.video, self.copies_video) {
            // Turned as the player is told to. Whatever encoders and cameras write between the pictures (SEI) goes.
            (Some(video), true) if video.codec == "h264" => list.all("-c:v copy -bsf:v filter_units=remove_types=6"),
            (Some(_), true) => list.all("-c:v copy"),
            (Some(_), false) => {
                list.pair("-vf", scale(CODED_PIXELS));
                list.all("-c:v libx264 -preset veryfast -crf 23 -maxrate 4M -bufsize 8M -profile:v high -pix_fmt yuv420p");
                list.all("-fpsmax 60 -flags:v +bitexact -bsf:v filter_units=remove_types=6");
            }
            (None, _) => list.all("-vn"),
        }
        match (&probe.audio, self.copies_audio) {
            (Some(_), true) => list.all("-c:a copy"),
            (Some(audio), false) => {
                list.all("-c:a aac -b:a 160k -ac 2 -flags:a +bitexact");
                if audio.facts.sample_rate > 48_000 {
                    list.all("-ar 48000");
                }
            }
            (None, _) => list.all("-an"),
        }
        list.pair("-t", limits.seconds.to_string());
        list.pair("-fs", limits.bytes.saturating_mul(2).to_string());
        list.all("-max_muxing_queue_size 2048");
        match self.kind {
            Kind::WebM => list.all("-f webm"),
            Kind::Mp3 => list.all("-id3v2_version 0 -f mp3"),
            _ => list.all("-movflags +faststart -write_tmcd 0 -f mp4"),
        };
        list.0.push(address(to));
        list.0
    }
}

/// What stands before every input: no network, no decoder that is not wanted, no frame that is too large, no guess.
pub(crate) fn input(container: Container, pixels: u64) -> Vec<OsString> {
    let mut list = Arguments(Vec::new());
    list.all("-hide_banner -nostdin -y -v error -threads 2");
    list.0.extend(reading(container.demuxer(), pixels));
    list.0
}

/// The same for ffprobe, which has no output to ask about.
pub(crate) fn reading(demuxer: &str, pixels: u64) -> Vec<OsString> {
    let mut list = Arguments(Vec::new());
    list.all("-protocol_whitelist file,pipe -analyzeduration 10M -probesize 20M");
    list.pair("-codec_whitelist", DECODERS.to_owned());
    list.pair("-max_pixels", pixels.to_string());
    list.pair("-f", demuxer.to_owned());
    list.0
}

/// One picture of a film, small, as PNG on the standard output: the one of its beginning that is most like the others, which
/// is seldom the black one. With a stream's number: that stream's only picture.
pub(crate) fn poster(from: &Path, demuxer: &str, stream: Option<u32>, small: u32, pixels: u64) -> Vec<OsString> {
    let mut list = Arguments(Vec::new());
    list.all("-hide_banner -nostdin -v error -threads 2");
    list.0.extend(reading(demuxer, pixels));
    list.push("-i").0.push(address(from));
    list.pair("-map", format!("0:{}", stream.map_or_else(|| "v:0".to_owned(), |index| index.to_string())));
    list.pair("-vf", if stream.is_some() { scale(small) } else { format!("{},thumbnail=32", scale(small)) });
    list.all("-map_metadata -1 -frames:v 1 -pix_fmt rgb24 -c:v png -f image2pipe pipe:1");
    list.0
}

/// One picture as PNG on the standard output, as it stands in its file.
pub(crate) fn still(from: &Path, most: u32, pixels: u64) -> Vec<OsString> {
    let mut list = Arguments(Vec::new());
    list.all("-hide_banner -nostdin -v error -threads 2");
    list.0.extend(reading("mov", pixels));
    list.push("-noautorotate").push("-i").0.push(address(from));
    list.all("-map 0:v:0");
    list.pair("-vf", scale(most));
    list.all("-map_metadata -1 -frames:v 1 -pix_fmt rgb24 -c:v png -f image2pipe pipe:1");
    list.0
}

/// At most so many pixels, square ones, in even numbers, and never more than there are.
fn scale(pixels: u32) -> String {
    let factor = format!("min(1\\,sqrt({pixels}/(iw*sar*ih)))");
    format!("scale=w=max(2\\,trunc(iw*sar*{factor}/2)*2):h=max(2\\,trunc(ih*{factor}/2)*2),setsar=1")
}

/// A list that grows.
struct Arguments(Vec<OsString>);

impl Arguments {
    fn push(&mut self, word: &str) -> &mut Self {
        self.0.push(word.into());
        self
    }

    fn pair(&mut self, name: &str, value: String) {
        self.push(name).0.push(value.into());
    }

    /// Words without spaces in them.
    fn all(&mut self, words: &str) {
        self.0.extend(words.split(' ').map(OsString::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::films::probe::{Audio, AudioFacts, Video};

    fn probe(video: Option<(&str, &str)>, audio: Option<&str>) -> Probe {
        let facts = AudioFacts { coding: "x".to_owned(), sample_rate: 44_100, channels: "mono".to_owned() };
        Probe {
            video: video.map(|(codec, format)| Video {
                index: 0,
                codec: codec.to_owned(),
                pixel_format: format.to_owned(),
                width: 64,
                height: 48,
                frame_rate: "25/1".to_owned(),
                frames_a_second: 25.0,
            }),
            audio: audio.map(|codec| Audio { index: 1, codec: codec.to_owned(), facts }),
            cover: None,
            duration: Some(1.0),
            bitrate: Some(1_000),
        }
    }

    #[test]
    fn what_browsers_play_is_copied() {
        let plan = |video, audio, container| {
            let plan = Plan::of(&probe(video, audio), container);
            (plan.kind, plan.copies_video, plan.copies_audio)
        };
        use Container::{Flac, Matroska, Mov, Mp3, Ogg};
        assert_eq!(plan(Some(("h264", "yuv420p")), Some("aac"), Mov), (Kind::Mp4, true, true));
        assert_eq!(plan(Some(("h264", "yuv420p")), Some("opus"), Matroska), (Kind::Mp4, true, false));
        assert_eq!(plan(Some(("h264", "yuv420p10le")), None, Mov), (Kind::Mp4, false, true));
        assert_eq!(plan(Some(("hevc", "yuv420p")), Some("aac"), Mov), (Kind::Mp4, false, true));
        assert_eq!(plan(Some(("vp9", "yuv420p")), Some("opus"), Matroska), (Kind::WebM, true, true));
        assert_eq!(plan(Some(("vp9", "yuva420p")), Some("opus"), Matroska), (Kind::Mp4, false, false));
        assert_eq!(plan(None, Some("mp3"), Mp3), (Kind::Mp3, false, true));
        assert_eq!(plan(None, Some("aac"), Mov), (Kind::M4a, false, true));
        assert_eq!(plan(None, Some("flac"), Flac), (Kind::M4a, false, false));
        assert_eq!(plan(None, Some("vorbis"), Ogg), (Kind::M4a, false, false));
    }
}
