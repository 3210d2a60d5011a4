//! Uploads: what a status will carry. Pictures are ready when the answer comes; films and sounds are stored as they came and made
//! ready by a job.

pub mod conversion;

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{CustomizeResponder, Responder as _};
use majlis_local::Flaw;
use majlis_local::attachments::{self, Attachment, AttachmentKind, NewAttachment, State};
use majlis_local::ids::{ActorId, AttachmentId};
use majlis_local::jobs::{self, Job};
use majlis_media::{FilmSort, Key, Variant};
use serde::Deserialize;
use tokio::time::Instant;

use crate::auth::{User, need};
use crate::entities::{Empty, MediaAttachment};
use crate::error::{Error, Result};
use crate::params::{Params, Upload};
use crate::state::Api;

/// How long the first version waits for a film; proxies in front lose patience at a minute.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(250);

/// What comes with an upload.
#[derive(Debug, Deserialize)]
pub struct NewMedia {
    file: Option<Upload>,
    thumbnail: Option<Upload>,
    description: Option<String>,
    focus: Option<String>,
}

/// `POST /api/v2/media`: a picture is ready with the answer (200); a film, a sound or a moving GIF is worked on later (202, without
/// a `url`).
pub async fn create(
    api: Api,
    user: User<need::WriteMedia>,
    params: Params<NewMedia>,
) -> Result<CustomizeResponder<Json<MediaAttachment>>> {
    let row = store(&api, user.actor, params.0).await?;
    let status = if row.state == State::Ready { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(answer(&api, status, &row))
}

/// `POST /api/v1/media`: the same, answered when it is ready; as the second version when that takes too long.
pub async fn create_and_wait(
    api: Api,
    user: User<need::WriteMedia>,
    params: Params<NewMedia>,
) -> Result<CustomizeResponder<Json<MediaAttachment>>> {
    let mut row = store(&api, user.actor, params.0).await?;
    let (owner, id) = (user.actor, row.id);
    let end = Instant::now() + PATIENCE;
    while row.state == State::Processing && Instant::now() < end {
        tokio::time::sleep(LOOK).await;
        row = api.db.read(move |c| attachments::get_own(c, owner, id)).await?;
    }
    match row.state {
        State::Ready => Ok(answer(&api, StatusCode::OK, &row)),
        State::Processing => Ok(answer(&api, StatusCode::ACCEPTED, &row)),
        State::Failed => Err(unprocessable()),
    }
}

/// Stores what was sent, with what was said of it.
async fn store(api: &Api, owner: ActorId, params: NewMedia) -> Result<Attachment> {
    let Some(file) = params.file else {
        return Err(Error::invalid("file", Flaw::Blank, "can't be blank: send a file as multipart/form-data"));
    };
    let focus = params.focus.as_deref().map(focus).transpose()?;
    let incoming = file.incoming();
    let new = NewAttachment { description: params.description.unwrap_or_default(), focus, ..NewAttachment::default() };
    let (mut new, mut keys) = if api.media.takes_time(&incoming).await.map_err(refused)? {
        let accepted = api.media.accept(incoming).await.map_err(refused)?;
        let waiting = NewAttachment { kind: Some(kind(accepted.sort)), source: Some(accepted.key.to_string()), ..new };
        (waiting, vec![accepted.key])
    } else if file.spooled.is_some() {
        return Err(Error::TooLarge { limit: api.config.upload_bytes });
    } else {
        let stored = api.media.attach(file.bytes).await.map_err(refused)?;
        (picture(new, &stored), stored.keys().cloned().collect())
    };
    if let Some(thumbnail) = params.thumbnail {
        match small(api, thumbnail).await {
            Ok((preview, blurhash)) => {
                let unused = new.preview.take().filter(|old| Some(old) != new.file.as_ref());
                let (unused, kept) = keys.into_iter().partition(|key| unused.as_deref() == Some(key.as_str()));
                keys = kept;
                discard(api, &unused).await;
                keys.push(preview.key.clone());
                new = NewAttachment {
                    preview: Some(preview.key.to_string()),
                    preview_width: size(preview.width),
                    preview_height: size(preview.height),
                    blurhash: new.blurhash.or(Some(blurhash)),
                    ..new
                };
            }
            Err(error) => {
                discard(api, &keys).await;
                return Err(error);
            }
        }
    }
    let row = api.db.write(move |c| {
        let row = attachments::create(c, owner, None, new)?;
        if row.state == State::Processing {
            jobs::enqueue(c, &Job::ConvertMedia { attachment: row.id })?;
        }
        Ok(row)
    });
    match row.await {
        Ok(row) => Ok(row),
        Err(error) => {
            discard(api, &keys).await;
            Err(error.into())
        }
    }
}

/// A picture as its row says it.
fn picture(new: NewAttachment, stored: &majlis_media::Attachment) -> NewAttachment {
    NewAttachment {
        kind: Some(AttachmentKind::Image),
        mime: Some(stored.original.mime().to_owned()),
        file: Some(stored.original.key.to_string()),
        preview: Some(stored.preview.key.to_string()),
        width: size(stored.original.width),
        height: size(stored.original.height),
        preview_width: size(stored.preview.width),
        preview_height: size(stored.preview.height),
        blurhash: Some(stored.blurhash.clone()),
        bytes: i64::try_from(stored.original.bytes).ok(),
        ..new
    }
}

fn kind(sort: FilmSort) -> AttachmentKind {
    match sort {
        FilmSort::Loop => AttachmentKind::Gifv,
        FilmSort::Film => AttachmentKind::Video,
        FilmSort::Sound => AttachmentKind::Audio,
    }
}

fn size(pixels: u32) -> Option<i32> {
    i32::try_from(pixels).ok()
}

fn answer(api: &Api, status: StatusCode, row: &Attachment) -> CustomizeResponder<Json<MediaAttachment>> {
    Json(MediaAttachment::new(api.site(), row)).customize().with_status(status)
}

/// What is said of an upload that could not be made into anything.
fn unprocessable() -> Error {
    Error::unprocessable("The uploaded file could not be processed: it is damaged, or too much work.")
}

/// Stores the small form of a thumbnail that somebody made; the large one is of no use.
async fn small(api: &Api, thumbnail: Upload) -> Result<(Variant, String)> {
    let drawn = api.media.attach(thumbnail.bytes).await.map_err(refused)?;
    if drawn.original.key != drawn.preview.key {
        discard(api, std::slice::from_ref(&drawn.original.key)).await;
    }
    Ok((drawn.preview, drawn.blurhash))
}

/// Deletes files that no row names: they must not stay.
async fn discard(api: &Api, keys: &[Key]) {
    if let Err(error) = api.media.remove(keys).await {
        tracing::error!(%error, "files without a row could not be removed");
    }
}

/// `GET /api/v1/media/{id}`: 206 while it is worked on, 422 when nothing came of it.
pub async fn show(
    api: Api,
    user: User<need::WriteMedia>,
    id: Path<AttachmentId>,
) -> Result<CustomizeResponder<Json<MediaAttachment>>> {
    let (owner, id) = (user.actor, id.into_inner());
    let row = api.db.read(move |c| unused(attachments::get_own(c, owner, id)?)).await?;
    told(&api, &row)
}

fn told(api: &Api, row: &Attachment) -> Result<CustomizeResponder<Json<MediaAttachment>>> {
    match row.state {
        State::Ready => Ok(answer(api, StatusCode::OK, row)),
        State::Processing => Ok(answer(api, StatusCode::PARTIAL_CONTENT, row)),
        State::Failed => Err(unprocessable()),
    }
}

/// What can be changed of an upload before it is used.
#[derive(Debug, Deserialize)]
pub struct MediaChange {
    description: Option<String>,
    focus: Option<String>,
    thumbnail: Option<Upload>,
}

/// `PUT /api/v1/media/{id}`: 206 while it is worked on.
pub async fn change(
    api: Api,
    user: User<need::WriteMedia>,
    id: Path<AttachmentId>,
    params: Params<MediaChange>,
) -> Result<CustomizeResponder<Json<MediaAttachment>>> {
    let (owner, id) = (user.actor, id.into_inner());
    let params = params.0;
    let focus = params.focus.as_deref().map(focus).transpose()?;
    // Nobody makes us draw thumbnails for somebody else's picture.
    let row = api.db.read(move |c| unused(attachments::get_own(c, owner, id)?)).await?;
    if row.state == State::Failed {
        return Err(unprocessable());
    }
    let preview = match params.thumbnail {
        Some(thumbnail) => Some(small(&api, thumbnail).await?.0),
        None => None,
    };
    let keys: Vec<Key> = preview.iter().map(|preview| preview.key.clone()).collect();
    let row = api.db.write(move |c| {
        unused(attachments::get_own(c, owner, id)?)?;
        let row = attachments::describe(c, owner, id, params.description, focus)?;
        let Some(preview) = preview else { return Ok(row) };
        let size = i32::try_from(preview.width).ok().zip(i32::try_from(preview.height).ok());
        let (row, keys) = attachments::set_preview(c, row, preview.key.as_str(), size)?;
        if !keys.is_empty() {
            jobs::enqueue(c, &Job::DeleteFiles { keys })?;
        }
        Ok(row)
    });
    match row.await {
        Ok(row) => told(&api, &row),
        Err(error) => {
            discard(&api, &keys).await;
            Err(error.into())
        }
    }
}

/// `DELETE /api/v1/media/{id}`: an upload that no status uses.
pub async fn delete(api: Api, user: User<need::WriteMedia>, id: Path<AttachmentId>) -> Result<Json<Empty>> {
    let (owner, id) = (user.actor, id.into_inner());
    api.db
        .write(move |c| {
            let keys = attachments::delete_loose(c, owner, id)?;
            jobs::enqueue(c, &Job::DeleteFiles { keys }).map(drop)
        })
        .await?;
    Ok(Json(Empty {}))
}

/// An upload is its owner's to change until a status carries it; from then on the status is edited.
fn unused(row: Attachment) -> majlis_local::Result<Attachment> {
    if row.post_id.is_some() { Err(majlis_local::Error::NotFound("media")) } else { Ok(row) }
}

/// Reads a focus, `x,y` with both from −1 to 1.
///
/// # Errors
/// 422.
pub(crate) fn focus(text: &str) -> Result<(f64, f64)> {
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|n| (-1.0..=1.0).contains(n));
    let point = text.split_once(',').and_then(|(x, y)| Some((number(x)?, number(y)?)));
    point.ok_or_else(|| Error::invalid("focus", Flaw::Invalid, "must be two numbers from -1.0 to 1.0, as 0.0,0.5"))
}

/// What is wrong with a file, or with us.
pub(crate) fn refused(error: majlis_media::Error) -> Error {
    match error {
        error if error.is_refusal() => Error::invalid("file", Flaw::Invalid, error.public()),
        majlis_media::Error::Busy => Error::Busy,
        error => Error::internal(error),
    }
}

#[cfg(test)]
mod tests;
