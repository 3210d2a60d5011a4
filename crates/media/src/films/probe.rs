//! What ffprobe says of a file, read and held against the limits.

use serde::{Deserialize, Serialize};

use super::FilmLimits;
use crate::Error;

/// What is asked of ffprobe.
pub(crate) const ENTRIES: &str = "format=duration,bit_rate:stream=index,codec_type,codec_name,profile,pix_fmt,width,height,\
     avg_frame_rate,duration,bit_rate,channels,channel_layout,sample_rate:stream_disposition=attached_pic:\
     stream_side_data=rotation";

/// A film or a sound as it stands in its file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    pub(crate) video: Option<Video>,
    pub(crate) audio: Option<Audio>,
    /// The number of the stream that holds the cover of a sound.
    pub(crate) cover: Option<u32>,
    /// In seconds; unknown while somebody is still recording.
    pub(crate) duration: Option<f64>,
    /// In bits a second.
    pub(crate) bitrate: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Video {
    pub(crate) index: u32,
    pub(crate) codec: String,
    pub(crate) pixel_format: String,
    /// As it is to be shown: upright.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Frames a second, as a fraction.
    pub(crate) frame_rate: String,
    pub(crate) frames_a_second: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Audio {
    pub(crate) index: u32,
    pub(crate) codec: String,
    pub(crate) facts: AudioFacts,
}

/// What is known of the sound of a film, or of a sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioFacts {
    /// Its coding: `aac (LC)`.
    pub coding: String,
    /// Samples a second.
    pub sample_rate: u32,
    /// `stereo`, `mono`, `5.1` …
    pub channels: String,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Deserialize, Default)]
struct Format {
    duration: Option<String>,
    bit_rate: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    profile: Option<String>,
    pix_fmt: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    avg_frame_rate: Option<String>,
    duration: Option<String>,
    channels: Option<u32>,
    channel_layout: Option<String>,
    sample_rate: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    #[serde(default)]
    rotation: Option<f64>,
}

impl Probe {
    /// Reads what ffprobe said. Fails when there is neither a film nor a sound in it.
    pub(crate) fn read(said: &[u8]) -> Result<Probe, Error> {
        let unplayable = |cause: String| Error::Unplayable { cause };
        let said: Said = serde_json::from_slice(said).map_err(|error| unplayable(format!("ffprobe: {error}")))?;
        let is = |stream: &&Stream, kind: &str| stream.codec_type.as_deref() == Some(kind) && stream.codec_name.is_some();
        let cover = |stream: &&Stream| stream.disposition.attached_pic != 0;
        let video = said.streams.iter().find(|stream| is(stream, "video") && !cover(stream)).and_then(video);
        let audio = said.streams.iter().find(|stream| is(stream, "audio")).and_then(audio);
        if video.is_none() && audio.is_none() {
            return Err(unplayable("no film and no sound in it".to_owned()));
        }
        let cover = said.streams.iter().find(|stream| is(stream, "video") && cover(stream)).map(|stream| stream.index);
        let longest = said.streams.iter().filter_map(|stream| number(stream.duration.as_deref())).fold(None, longer);
        let duration = number(said.format.duration.as_deref()).or(longest).filter(|seconds| *seconds >= 0.0);
        let bitrate = said.format.bit_rate.as_deref().and_then(|text| text.parse().ok());
        Ok(Probe { video, audio, cover, duration, bitrate })
    }

    /// Refuses what is too large, too quick or too long.
    pub(crate) fn check(&self, limits: &FilmLimits) -> Result<(), Error> {
        if let Some(seconds) = self.duration
            && seconds > limits.seconds as f64
        {
            return Err(Error::TooLong { limit: Some(limits.seconds) });
        }
        let Some(video) = &self.video else { return Ok(()) };
        let pixels = u64::from(video.width) * u64::from(video.height);
        if pixels > limits.pixels {
            return Err(Error::TooManyPixels { limit: limits.pixels, got: pixels });
        }
        if video.frames_a_second > f64::from(limits.frame_rate) {
            return Err(Error::TooQuick { limit: limits.frame_rate });
        }
        Ok(())
    }
}

fn video(stream: &Stream) -> Option<Video> {
    let (width, height) = (stream.width.filter(|w| *w > 0)?, stream.height.filter(|h| *h > 0)?);
    let turned = stream.side_data_list.iter().filter_map(|data| data.rotation).any(|degrees| degrees.abs() % 180.0 > 45.0);
    let (width, height) = if turned { (height, width) } else { (width, height) };
    let frame_rate = stream.avg_frame_rate.clone().unwrap_or_else(|| "0/0".to_owned());
    Some(Video {
        index: stream.index,
        codec: stream.codec_name.clone()?,
        pixel_format: stream.pix_fmt.clone().unwrap_or_default(),
        width,
        height,
        frames_a_second: fraction(&frame_rate).unwrap_or_default(),
        frame_rate,
    })
}

fn audio(stream: &Stream) -> Option<Audio> {
    let codec = stream.codec_name.clone()?;
    let coding = match stream.profile.as_deref().filter(|profile| !profile.is_empty() && *profile != "unknown") {
        Some(profile) => format!("{codec} ({profile})"),
        None => codec.clone(),
    };
    let channels = match (stream.channel_layout.as_deref().filter(|layout| !layout.is_empty()), stream.channels) {
        (Some(layout), _) => layout.to_owned(),
        (None, Some(1)) => "mono".to_owned(),
        (None, Some(2)) => "stereo".to_owned(),
        (None, count) => format!("{} channels", count.unwrap_or_default()),
    };
    let sample_rate = stream.sample_rate.as_deref().and_then(|text| text.parse().ok()).filter(|rate| *rate > 0)?;
    Some(Audio { index: stream.index, codec, facts: AudioFacts { coding, sample_rate, channels } })
}

fn number(text: Option<&str>) -> Option<f64> {
    text?.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn longer(a: Option<f64>, b: f64) -> Option<f64> {
    Some(a.map_or(b, |a| a.max(b)))
}

/// `30000/1001` as a number.
fn fraction(text: &str) -> Option<f64> {
    let (above, below) = text.split_once('/')?;
    let (above, below) = (above.parse::<f64>().ok()?, below.parse::<f64>().ok()?);
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_film_is_read_upright_and_held_against_the_limits() {
        let said = br#"{"streams":[
            {"index":0,"codec_type":"video","codec_name":"h264","pix_fmt":"yuv420p","width":1920,"height":1080,
             "avg_frame_rate":"30000/1001","side_data_list":[{"rotation":-90}]},
            {"index":1,"codec_type":"audio","codec_name":"aac","profile":"LC","sample_rate":"44100","channels":2,
             "channel_layout":"stereo"},
            {"index":2,"codec_type":"data"}],"format":{"duration":"2.5","bit_rate":"1000"}}"#;
        let probe = Probe::read(said).unwrap();
        let video = probe.video.as_ref().unwrap();
        assert_eq!((video.width, video.height, video.frame_rate.as_str()), (1080, 1920, "30000/1001"));
        assert_eq!(probe.audio.as_ref().unwrap().facts.coding, "aac (LC)");
        assert_eq!((probe.duration, probe.bitrate), (Some(2.5), Some(1000)));
        let limits = FilmLimits::default();
        assert!(probe.check(&limits).is_ok());
        assert!(matches!(probe.check(&FilmLimits { pixels: 1000, ..limits }), Err(Error::TooManyPixels { got: 2_073_600, .. })));
        assert!(matches!(probe.check(&FilmLimits { seconds: 2, ..limits }), Err(Error::TooLong { limit: Some(2) })));
        assert!(matches!(probe.check(&FilmLimits { frame_rate: 24, ..limits }), Err(Error::TooQuick { limit: 24 })));
    }

    #[test]
    fn a_cover_is_no_film_and_nothing_is_refused() {
        let said = br#"{"streams":[
            {"index":0,"codec_type":"audio","codec_name":"mp3","sample_rate":"44100","channels":1,"duration":"1.0"},
            {"index":1,"codec_type":"video","codec_name":"png","width":1,"height":1,"disposition":{"attached_pic":1}}]}"#;
        let probe = Probe::read(said).unwrap();
        assert_eq!((probe.video, probe.cover, probe.duration), (None, Some(1), Some(1.0)));
        assert_eq!(probe.audio.unwrap().facts.channels, "mono");
        for nothing in [&b"{}"[..], b"", b"{\"streams\":[{\"index\":0,\"codec_type\":\"video\"}]}"] {
            assert!(matches!(Probe::read(nothing), Err(Error::Unplayable { .. })));
        }
    }
}
