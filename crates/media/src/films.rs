//! Films and sounds: looked at by ffprobe, made into what every browser plays by ffmpeg, with nothing in them but pictures and
//! sound. All of it when a machine has both programs, and none of it when it has not.

mod containers;
mod plan;
mod probe;
mod tools;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use image::metadata::Orientation;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) use containers::{Container, is_avif};
use plan::Plan;
pub use probe::AudioFacts;
use probe::Probe;
use tools::{Pen, Tools, address};

use crate::limits::{ORIGINAL_PIXELS, PREVIEW_PIXELS};
use crate::{Error, Kind};

/// A look at a file takes no longer than this, in seconds.
const LOOK_SECONDS: u64 = 20;
/// Nor may one run have more memory than this. What codes a film of the largest size takes a third of it.
const MEMORY: u64 = 3 << 30;
/// The most bytes of a still as PNG.
const STILL_BYTES: usize = 64 << 20;
/// How many pixels of a frame ffprobe may meet beyond those that are taken: it tells the size, and the limit refuses it.
const LOOK_PIXELS: u64 = 4;

/// What films and sounds may ask of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilmLimits {
    /// The most bytes of a file.
    pub bytes: u64,
    /// The most pixels of a frame.
    pub pixels: u64,
    /// The most frames a second.
    pub frame_rate: u32,
    /// The longest that it plays, in seconds.
    pub seconds: u64,
    /// The longest that working on it takes, in seconds of the processor over all threads.
    pub work_seconds: u64,
}

impl Default for FilmLimits {
    /// 99 MiB, 3840 × 2160 pixels, 120 frames a second, three hours, twenty minutes of work.
    fn default() -> FilmLimits {
        FilmLimits { bytes: 99 << 20, pixels: 3840 * 2160, frame_rate: 120, seconds: 3 * 3_600, work_seconds: 1_200 }
    }
}

/// Whoever works on films and sounds. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Films {
    tools: Tools,
    scratch: Arc<PathBuf>,
    limits: FilmLimits,
    /// Films that are worked on at a time: each run has two threads.
    places: Arc<Semaphore>,
    /// Looks at a time.
    looks: Arc<Semaphore>,
}

/// What a film is to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FilmSort {
    /// It moves without a sound, again and again.
    Loop,
    /// It moves and sounds.
    Film,
    /// It only sounds.
    Sound,
}

/// What is known of a film or a sound besides its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// How long it plays, in seconds.
    pub duration: f64,
    /// Frames a second as a fraction, `30000/1001`; none of a sound.
    pub frame_rate: Option<String>,
    /// Bits a second.
    pub bitrate: Option<u64>,
    /// Its sound, when it has one.
    pub audio: Option<AudioFacts>,
}

/// A film or a sound that is ready to be stored: its file, its still and what is known of it.
pub(crate) struct Made {
    pub(crate) file: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) sort: FilmSort,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) facts: Facts,
    /// As PNG.
    pub(crate) still: Option<Bytes>,
    /// Goes with everything in it.
    _room: TempDir,
}

impl Films {
    /// Looks for `ffmpeg` and `ffprobe` in a folder, or where the system looks for programs. Temporary files go to `scratch`,
    /// which is made, and emptied of what a killed process left. `None` when one of them is not there, or cannot write what
    /// browsers play.
    ///
    /// # Errors
    /// [`Error::Failed`] when the scratch folder cannot be made.
    pub async fn find(folder: Option<&Path>, scratch: PathBuf, limits: FilmLimits) -> Result<Option<Films>, Error> {
        std::fs::create_dir_all(&scratch).map_err(Error::failed)?;
        let scratch = scratch.canonicalize().map_err(Error::failed)?;
        for left in std::fs::read_dir(&scratch).map_err(Error::failed)?.flatten() {
            let _ = std::fs::remove_dir_all(left.path()).or_else(|_| std::fs::remove_file(left.path()));
        }
        let Some(tools) = Tools::find(folder) else { return Ok(None) };
        let (places, looks) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(4)));
        let films = Films { tools, scratch: Arc::new(scratch), limits, places, looks };
        let known = Tools::run(&films.tools.ffmpeg, &["-hide_banner", "-v", "error", "-encoders"], films.look_pen()).await;
        let known = known.map(|said| String::from_utf8_lossy(&said).into_owned()).unwrap_or_default();
        let has = |encoder: &str| known.lines().any(|line| line.split_whitespace().nth(1) == Some(encoder));
        if ["libx264", "aac", "png"].into_iter().all(has) {
            Ok(Some(films))
        } else {
            tracing::warn!(ffmpeg = %films.tools.ffmpeg.display(), "this ffmpeg cannot write H.264, AAC and PNG: it is not used");
            Ok(None)
        }
    }

    /// What films and sounds may ask of us.
    pub fn limits(&self) -> &FilmLimits {
        &self.limits
    }

    /// Where files may lie while they are worked on.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.places.available_permits() == 0
    }

    pub(crate) fn room(&self) -> Result<TempDir, Error> {
        TempDir::new_in(&*self.scratch).map_err(Error::failed)
    }

    /// What it is, when it is something that is taken.
    pub(crate) async fn look(&self, file: &Path, container: Container) -> Result<FilmSort, Error> {
        let probe = self.probe(file, container.demuxer()).await?;
        probe.check(&self.limits)?;
        Ok(sort(&probe))
    }

    /// Makes a file into what browsers play. This takes long; one at a time is worked on, and for the others this fails with
    /// [`Error::Busy`] at once.
    pub(crate) async fn make(&self, file: &Path, container: Container) -> Result<Made, Error> {
        let Ok(_place) = self.places.try_acquire() else { return Err(Error::Busy) };
        let probe = self.probe(file, container.demuxer()).await?;
        probe.check(&self.limits)?;
        let plan = Plan::of(&probe, container);
        let room = self.room()?;
        let made = room.path().join(format!("made.{}", plan.kind.extension()));
        let pen = Pen {
            seconds: self.limits.work_seconds,
            memory: MEMORY,
            file: self.limits.bytes.saturating_mul(2).saturating_add(1 << 20),
            output: 1 << 10,
        };
        Tools::run(&self.tools.ffmpeg, &plan.arguments(file, container, &probe, &made, &self.limits), pen).await?;

        let demuxer = match plan.kind {
            Kind::WebM => "matroska",
            Kind::Mp3 => "mp3",
            _ => "mov",
        };
        // What is told of it is read from what was made: it is what people get.
        let after = self.probe(&made, demuxer).await?;
        let still = match (&after.video, probe.cover) {
            (Some(_), _) => {
                Some(self.picture(plan::poster(&made, demuxer, None, PREVIEW_PIXELS as u32, self.limits.pixels)).await?)
            }
            // A cover that cannot be read is none.
            (None, Some(cover)) => {
                let arguments = plan::poster(file, container.demuxer(), Some(cover), PREVIEW_PIXELS as u32, self.limits.pixels);
                self.picture(arguments).await.ok()
            }
            (None, None) => None,
        };
        let (width, height) = after.video.as_ref().map_or((0, 0), |video| (video.width, video.height));
        let facts = Facts {
            duration: after.duration.unwrap_or_default(),
            frame_rate: after.video.as_ref().map(|video| video.frame_rate.clone()),
            bitrate: after.bitrate,
            audio: after.audio.as_ref().map(|audio| audio.facts.clone()),
        };
        Ok(Made { file: made, kind: plan.kind, sort: sort(&after), width, height, facts, still, _room: room })
    }

    /// An AVIF picture as PNG, and how it is to be turned.
    pub(crate) async fn decode(&self, file: &Bytes) -> Result<(Bytes, Orientation), Error> {
        let _look = place(&self.looks).await?;
        let room = self.room()?;
        let path = room.path().join("picture");
        tokio::fs::write(&path, file).await.map_err(Error::failed)?;
        let png = self.picture(plan::still(&path, ORIGINAL_PIXELS as u32, self.limits.pixels * LOOK_PIXELS)).await?;
        Ok((png, containers::avif_turn(file)))
    }

    async fn probe(&self, file: &Path, demuxer: &str) -> Result<Probe, Error> {
        let _look = place(&self.looks).await?;
        let mut arguments =
            ["-hide_banner", "-v", "error", "-of", "json", "-show_entries", probe::ENTRIES].map(OsString::from).to_vec();
        arguments.extend(plan::reading(demuxer, self.limits.pixels.saturating_mul(LOOK_PIXELS)));
        arguments.push(address(file));
        let said = Tools::run(&self.tools.ffprobe, &arguments, self.look_pen()).await?;
        Probe::read(&said)
    }

    async fn picture(&self, arguments: Vec<OsString>) -> Result<Bytes, Error> {
        let pen = Pen { output: STILL_BYTES, ..self.look_pen() };
        let png = Tools::run(&self.tools.ffmpeg, &arguments, pen).await?;
        match png.is_empty() {
            true => Err(Error::Unplayable { cause: "no picture in it".to_owned() }),
            false => Ok(png.into()),
        }
    }

    fn look_pen(&self) -> Pen {
        Pen { seconds: LOOK_SECONDS, memory: MEMORY, file: 0, output: 256 << 10 }
    }
}

fn sort(probe: &Probe) -> FilmSort {
    match (&probe.video, &probe.audio) {
        (Some(_), Some(_)) => FilmSort::Film,
        (Some(_), None) => FilmSort::Loop,
        (None, _) => FilmSort::Sound,
    }
}

async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, Error> {
    places.acquire().await.map_err(Error::failed)
}

#[cfg(test)]
mod tests;
