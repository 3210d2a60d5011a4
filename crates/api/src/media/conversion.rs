//! Uploaded films and sounds, made into what can be shown: a job each, which survives whatever happens to this process, since
//! the file as it came is stored before anybody is answered.

use majlis_local::attachments::{self, Converted, Facts};
use majlis_local::ids::AttachmentId;
use majlis_media::{Error, Film, Key};

use super::{discard, kind, size};
use crate::state::Api;

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is ready, or never will be, or is gone; its row says which.
    Done,
    /// Another film is worked on.
    NotNow,
}

/// Runs [`Job::ConvertMedia`](majlis_local::jobs::Job::ConvertMedia).
///
/// # Errors
/// A text for the log, when it is to be tried again.
pub async fn convert(api: &Api, id: AttachmentId) -> Result<Ended, String> {
    let row = api.db.read(move |c| attachments::unprocessed(c, id)).await.map_err(|error| error.to_string())?;
    // Deleted, or done by a worker whose word was lost.
    let Some(row) = row else { return Ok(Ended::Done) };
    let key = row.source.as_deref().map(Key::parse);
    let Some(Ok(key)) = key else { return give_up(api, id).await };
    match api.media.convert(&key).await {
        Ok(film) => {
            let made = converted(&film);
            let written = api.db.write(move |c| attachments::converted(c, id, made)).await;
            if !matches!(written, Ok(true)) {
                discard(api, &film.keys().cloned().collect::<Vec<_>>()).await;
            }
            written.map(|_| Ended::Done).map_err(|error| error.to_string())
        }
        Err(Error::Busy) => Ok(Ended::NotNow),
        Err(error @ Error::NotFound(_)) => {
            tracing::error!(attachment = %id, %error, "an upload is lost");
            give_up(api, id).await
        }
        Err(error) if error.is_refusal() => {
            tracing::info!(attachment = %id, %error, "an upload cannot be made into anything");
            give_up(api, id).await
        }
        Err(error) => Err(error.to_string()),
    }
}

async fn give_up(api: &Api, id: AttachmentId) -> Result<Ended, String> {
    let written = api.db.write(move |c| attachments::failed(c, id)).await;
    written.map(|()| Ended::Done).map_err(|error| error.to_string())
}

/// A film as its row says it.
fn converted(film: &Film) -> Converted {
    let sizes = |width: u32, height: u32| size(width).zip(size(height)).filter(|size| size.0 > 0);
    let audio = film.facts.audio.as_ref();
    Converted {
        kind: kind(film.sort),
        mime: film.original.mime().to_owned(),
        file: film.original.key.to_string(),
        preview: film.preview.as_ref().and_then(|preview| {
            let (width, height) = sizes(preview.width, preview.height)?;
            Some((preview.key.to_string(), width, height))
        }),
        size: sizes(film.original.width, film.original.height),
        blurhash: film.blurhash.clone(),
        bytes: i64::try_from(film.original.bytes).unwrap_or(i64::MAX),
        facts: Facts {
            duration: film.facts.duration,
            frame_rate: film.facts.frame_rate.clone(),
            bitrate: film.facts.bitrate,
            audio_coding: audio.map(|audio| audio.coding.clone()),
            audio_rate: audio.map(|audio| audio.sample_rate),
            audio_channels: audio.map(|audio| audio.channels.clone()),
        },
    }
}
