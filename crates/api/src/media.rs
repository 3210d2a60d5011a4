//! Uploads: pictures that a status will carry. They are ready when the answer comes, so both versions answer alike.

use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use majlis_local::Flaw;
use majlis_local::attachments::{self, Attachment, AttachmentKind, NewAttachment};
use majlis_local::ids::AttachmentId;
use majlis_local::jobs::{self, Job};
use majlis_media::{Key, Variant};
use serde::Deserialize;
use serde_json::json;

use crate::auth::{User, need};
use crate::entities::MediaAttachment;
use crate::error::{Error, Result};
use crate::params::{Params, Upload};
use crate::state::Api;

/// What comes with an upload.
#[derive(Debug, Deserialize)]
pub struct NewMedia {
    file: Option<Upload>,
    thumbnail: Option<Upload>,
    description: Option<String>,
    focus: Option<String>,
}

/// `POST /api/v2/media` and `POST /api/v1/media`.
pub async fn create(api: Api, user: User<need::WriteMedia>, params: Params<NewMedia>) -> Result<Json<MediaAttachment>> {
    let params = params.0;
    let Some(file) = params.file else {
        return Err(Error::invalid("file", Flaw::Blank, "can't be blank: send a picture as multipart/form-data"));
    };
    let focus = params.focus.as_deref().map(focus).transpose()?;
    let stored = api.media.attach(file.bytes).await.map_err(refused)?;
    let mut keys: Vec<Key> = stored.keys().cloned().collect();
    let preview = match params.thumbnail {
        Some(thumbnail) => match small(&api, thumbnail).await {
            Ok(preview) => {
                keys.push(preview.key.clone());
                preview
            }
            Err(error) => {
                discard(&api, &keys).await;
                return Err(error);
            }
        },
        None => stored.preview.clone(),
    };
    let size = |pixels: u32| i32::try_from(pixels).ok();
    let new = NewAttachment {
        kind: Some(AttachmentKind::Image),
        mime: Some(stored.original.mime().to_owned()),
        file: Some(stored.original.key.to_string()),
        preview: Some(preview.key.to_string()),
        remote_url: None,
        description: params.description.unwrap_or_default(),
        width: size(stored.original.width),
        height: size(stored.original.height),
        preview_width: size(preview.width),
        preview_height: size(preview.height),
        focus,
        blurhash: Some(stored.blurhash.clone()),
        bytes: i64::try_from(stored.original.bytes).ok(),
    };
    let owner = user.actor;
    let row = match api.db.write(move |c| attachments::create(c, owner, None, new)).await {
        Ok(row) => row,
        Err(error) => {
            discard(&api, &keys).await;
            return Err(error.into());
        }
    };
    Ok(Json(MediaAttachment::new(api.site(), &row)))
}

/// Stores the small form of a thumbnail that somebody made; the large one is of no use.
async fn small(api: &Api, thumbnail: Upload) -> Result<Variant> {
    let drawn = api.media.attach(thumbnail.bytes).await.map_err(refused)?;
    if drawn.original.key != drawn.preview.key {
        discard(api, std::slice::from_ref(&drawn.original.key)).await;
    }
    Ok(drawn.preview)
}

/// Deletes files that no row names: they must not stay.
async fn discard(api: &Api, keys: &[Key]) {
    if let Err(error) = api.media.remove(keys).await {
        tracing::error!(%error, "files without a row could not be removed");
    }
}

/// `GET /api/v1/media/{id}`.
pub async fn show(api: Api, user: User<need::WriteMedia>, id: Path<AttachmentId>) -> Result<Json<MediaAttachment>> {
    let (owner, id) = (user.actor, id.into_inner());
    let row = api.db.read(move |c| unused(attachments::get_own(c, owner, id)?)).await?;
    Ok(Json(MediaAttachment::new(api.site(), &row)))
}

/// What can be changed of an upload before it is used.
#[derive(Debug, Deserialize)]
pub struct MediaChange {
    description: Option<String>,
    focus: Option<String>,
    thumbnail: Option<Upload>,
}

/// `PUT /api/v1/media/{id}`.
pub async fn change(
    api: Api,
    user: User<need::WriteMedia>,
    id: Path<AttachmentId>,
    params: Params<MediaChange>,
) -> Result<Json<MediaAttachment>> {
    let (owner, id) = (user.actor, id.into_inner());
    let params = params.0;
    let focus = params.focus.as_deref().map(focus).transpose()?;
    // Nobody makes us draw thumbnails for somebody else's picture.
    api.db.read(move |c| unused(attachments::get_own(c, owner, id)?).map(drop)).await?;
    let preview = match params.thumbnail {
        Some(thumbnail) => Some(small(&api, thumbnail).await?),
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
        Ok(row) => Ok(Json(MediaAttachment::new(api.site(), &row))),
        Err(error) => {
            discard(&api, &keys).await;
            Err(error.into())
        }
    }
}

/// `DELETE /api/v1/media/{id}`: an upload that no status uses.
pub async fn delete(api: Api, user: User<need::WriteMedia>, id: Path<AttachmentId>) -> Result<HttpResponse> {
    let (owner, id) = (user.actor, id.into_inner());
    api.db
        .write(move |c| {
            let keys = attachments::delete_loose(c, owner, id)?;
            jobs::enqueue(c, &Job::DeleteFiles { keys }).map(drop)
        })
        .await?;
    Ok(HttpResponse::Ok().json(json!({})))
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
