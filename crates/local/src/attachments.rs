//! Attachments: pictures (and, from elsewhere, films and sounds) of posts. A fresh upload belongs to nobody's post yet;
//! ours are files of the store, those of other servers are URLs.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, AttachmentId, PostId, ScheduledId};
use crate::reports;
use crate::schema::attachments;
use crate::time::Timestamp;

/// Attachments that one post may have.
pub const MOST: usize = 4;
/// Characters of an alt text.
pub const DESCRIPTION_LIMIT: usize = 1_500;

stored_enum! {
    /// What an attachment is (Mastodon's `type`).
    AttachmentKind {
        /// A still picture.
        Image = 0 "image",
        /// A moving picture without sound.
        Gifv = 1 "gifv",
        /// A film.
        Video = 2 "video",
        /// A sound.
        Audio = 3 "audio",
        /// Anything else: shown as a link.
        Unknown = 4 "unknown",
    }
}

/// An attachment as stored.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = attachments)]
#[allow(missing_docs)]
pub struct Attachment {
    pub id: AttachmentId,
    pub owner_id: ActorId,
    pub post_id: Option<PostId>,
    pub position: i32,
    pub kind: AttachmentKind,
    pub mime: Option<String>,
    /// Storage key; ours only.
    pub file: Option<String>,
    /// Storage key of the small variant; ours only.
    pub preview: Option<String>,
    /// Absolute URL; others' only.
    pub remote_url: Option<String>,
    /// Alt text.
    pub description: String,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub preview_width: Option<i32>,
    pub preview_height: Option<i32>,
    /// −1 (left) to 1.
    pub focus_x: f64,
    /// −1 (bottom) to 1.
    pub focus_y: f64,
    pub blurhash: Option<String>,
    pub bytes: Option<i64>,
    pub created_at: Timestamp,
}

/// An attachment to be stored.
#[derive(Debug, Clone, PartialEq, Default)]
#[allow(missing_docs)]
pub struct NewAttachment {
    pub kind: Option<AttachmentKind>,
    pub mime: Option<String>,
    pub file: Option<String>,
    pub preview: Option<String>,
    pub remote_url: Option<String>,
    pub description: String,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub preview_width: Option<i32>,
    pub preview_height: Option<i32>,
    pub focus: Option<(f64, f64)>,
    pub blurhash: Option<String>,
    pub bytes: Option<i64>,
}

/// What an attachment was when a post was edited.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub struct Snapshot {
    pub id: AttachmentId,
    pub kind: AttachmentKind,
    pub file: Option<String>,
    pub preview: Option<String>,
    pub remote_url: Option<String>,
    pub description: String,
    pub blurhash: Option<String>,
}

/// Stores an upload (`post` is `None`) or an attachment of a received post.
///
/// # Errors
/// [`Error::Invalid`] when the description is too long.
pub fn create(c: &mut Connection, owner: ActorId, post: Option<(PostId, i32)>, new: NewAttachment) -> Result<Attachment> {
    check_description(&new.description)?;
    let (x, y) = new.focus.unwrap_or_default();
    Ok(diesel::insert_into(attachments::table)
        .values((
            attachments::id.eq(AttachmentId::new()),
            attachments::owner_id.eq(owner),
            attachments::post_id.eq(post.map(|p| p.0)),
            attachments::position.eq(post.map_or(0, |p| p.1)),
            attachments::kind.eq(new.kind.unwrap_or(AttachmentKind::Unknown)),
            attachments::mime.eq(new.mime),
            attachments::file.eq(new.file),
            attachments::preview.eq(new.preview),
            attachments::remote_url.eq(new.remote_url),
            attachments::description.eq(new.description),
            (
                attachments::width.eq(new.width),
                attachments::height.eq(new.height),
                attachments::preview_width.eq(new.preview_width),
                attachments::preview_height.eq(new.preview_height),
                attachments::focus_x.eq(x.clamp(-1.0, 1.0)),
                attachments::focus_y.eq(y.clamp(-1.0, 1.0)),
                attachments::blurhash.eq(new.blurhash),
                attachments::bytes.eq(new.bytes),
                attachments::created_at.eq(Timestamp::now()),
            ),
        ))
        .returning(cols::<Attachment>())
        .get_result(c)?)
}

fn check_description(text: &str) -> Result<()> {
    if text.chars().count() > DESCRIPTION_LIMIT {
        return Err(Error::invalid(
            "description",
            Flaw::TooLong,
            format!("is too long (at most {DESCRIPTION_LIMIT} characters)"),
        ));
    }
    Ok(())
}

/// One of the owner's own attachments.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get_own(c: &mut Connection, owner: ActorId, id: AttachmentId) -> Result<Attachment> {
    attachments::table
        .find(id)
        .filter(attachments::owner_id.eq(owner))
        .select(Attachment::as_select())
        .first(c)
        .optional()?
        .ok_or(Error::NotFound("media"))
}

/// Changes the alt text or the focus of an own attachment; `None` leaves a value.
pub fn describe(
    c: &mut Connection,
    owner: ActorId,
    id: AttachmentId,
    description: Option<String>,
    focus: Option<(f64, f64)>,
) -> Result<Attachment> {
    let old = get_own(c, owner, id)?;
    let description = description.unwrap_or(old.description);
    check_description(&description)?;
    let (x, y) = focus.unwrap_or((old.focus_x, old.focus_y));
    Ok(diesel::update(attachments::table.find(id))
        .set((
            attachments::description.eq(description),
            attachments::focus_x.eq(x.clamp(-1.0, 1.0)),
            attachments::focus_y.eq(y.clamp(-1.0, 1.0)),
        ))
        .returning(cols::<Attachment>())
        .get_result(c)?)
}

/// Gives an attachment another small variant; gives back the storage keys to delete.
pub fn set_preview(
    c: &mut Connection,
    attachment: Attachment,
    key: &str,
    size: Option<(i32, i32)>,
) -> Result<(Attachment, Vec<String>)> {
    let unused = attachment.preview.filter(|old| attachment.file.as_ref() != Some(old) && old != key);
    let changed = diesel::update(attachments::table.find(attachment.id))
        .set((
            attachments::preview.eq(Some(key)),
            attachments::preview_width.eq(size.map(|s| s.0)),
            attachments::preview_height.eq(size.map(|s| s.1)),
        ))
        .returning(cols::<Attachment>())
        .get_result(c)?;
    Ok((changed, unused.into_iter().collect()))
}

/// Deletes an upload that no post uses; gives back the storage keys to delete.
///
/// # Errors
/// [`Error::Invalid`] when a post uses it.
pub fn delete_loose(c: &mut Connection, owner: ActorId, id: AttachmentId) -> Result<Vec<String>> {
    let old = get_own(c, owner, id)?;
    let loose = attachments::table.find(id).filter(attachments::post_id.is_null()).filter(attachments::scheduled_id.is_null());
    if diesel::delete(loose).execute(c)? == 0 {
        return Err(Error::invalid("id", Flaw::Invalid, "a post uses this attachment"));
    }
    Ok([old.file, old.preview].into_iter().flatten().collect())
}

/// Gives these uploads to a post, in this order, and lets go of those that it had besides.
///
/// # Errors
/// [`Error::Invalid`] when one is not the owner's, belongs to another post, or they are too many.
pub(crate) fn attach(c: &mut Connection, owner: ActorId, post: PostId, ids: &[AttachmentId]) -> Result<()> {
    check_free(c, owner, Some(post), None, ids)?;
    diesel::update(attachments::table.filter(attachments::post_id.eq(post)))
        .set(attachments::post_id.eq(None::<PostId>))
        .execute(c)?;
    for (position, id) in (0_i32..).zip(ids) {
        diesel::update(attachments::table.find(id))
            .set((attachments::post_id.eq(Some(post)), attachments::position.eq(position)))
            .execute(c)?;
    }
    Ok(())
}

/// Whether these uploads can be given to a post of the owner's: `post`, or one scheduled as `scheduled`, may have them already.
fn check_free(
    c: &mut Connection,
    owner: ActorId,
    post: Option<PostId>,
    scheduled: Option<ScheduledId>,
    ids: &[AttachmentId],
) -> Result<()> {
    if ids.len() > MOST {
        return Err(Error::invalid("media_ids", Flaw::TooLong, format!("at most {MOST} attachments")));
    }
    let found: Vec<(AttachmentId, Option<PostId>, Option<ScheduledId>)> = attachments::table
        .filter(any_of(attachments::id, ids))
        .filter(attachments::owner_id.eq(owner))
        .select((attachments::id, attachments::post_id, attachments::scheduled_id))
        .load(c)?;
    let is_free = |id: &AttachmentId| {
        let row = found.iter().find(|row| row.0 == *id);
        row.is_some_and(|row| (row.1.is_none() || row.1 == post) && (row.2.is_none() || row.2 == scheduled))
    };
    if !ids.iter().all(is_free) {
        return Err(Error::invalid("media_ids", Flaw::Invalid, "no such upload, or another post uses it"));
    }
    Ok(())
}

/// Keeps these uploads for a post that is scheduled, in this order: nobody else gets them, and they do not grow old.
///
/// # Errors
/// Those of [`attach`].
pub(crate) fn reserve(c: &mut Connection, owner: ActorId, scheduled: ScheduledId, ids: &[AttachmentId]) -> Result<()> {
    check_free(c, owner, None, Some(scheduled), ids)?;
    for (position, id) in (0_i32..).zip(ids) {
        diesel::update(attachments::table.find(id))
            .set((attachments::scheduled_id.eq(Some(scheduled)), attachments::position.eq(position)))
            .execute(c)?;
    }
    Ok(())
}

/// Lets go of the uploads of a scheduled post; unused, they go with the others.
pub(crate) fn unreserve(c: &mut Connection, scheduled: ScheduledId) -> Result<()> {
    diesel::update(attachments::table.filter(attachments::scheduled_id.eq(scheduled)))
        .set((attachments::scheduled_id.eq(None::<ScheduledId>), attachments::created_at.eq(Timestamp::now())))
        .execute(c)?;
    Ok(())
}

/// The uploads of these scheduled posts in their order; one query for all.
pub fn of_scheduled(c: &mut Connection, scheduled: &[ScheduledId]) -> Result<Vec<(ScheduledId, Attachment)>> {
    if scheduled.is_empty() {
        return Ok(Vec::new());
    }
    Ok(attachments::table
        .filter(any_of(attachments::scheduled_id.assume_not_null(), scheduled))
        .filter(attachments::scheduled_id.is_not_null())
        .order((attachments::scheduled_id, attachments::position))
        .select((attachments::scheduled_id.assume_not_null(), Attachment::as_select()))
        .load(c)?)
}

/// The attachments of these posts in their order; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<Attachment>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(attachments::table
        .filter(any_of(attachments::post_id.assume_not_null(), posts))
        .filter(attachments::post_id.is_not_null())
        .order((attachments::post_id, attachments::position))
        .select(Attachment::as_select())
        .load(c)?)
}

/// What is attached to a post now, for its history.
pub(crate) fn snapshot(c: &mut Connection, post: PostId) -> Result<Vec<Snapshot>> {
    let now = of_posts(c, &[post])?;
    Ok(now
        .into_iter()
        .map(|a| Snapshot {
            id: a.id,
            kind: a.kind,
            file: a.file,
            preview: a.preview,
            remote_url: a.remote_url,
            description: a.description,
            blurhash: a.blurhash,
        })
        .collect())
}

/// Deletes a post's attachments; gives back the storage keys to delete.
pub(crate) fn forget_post(c: &mut Connection, post: PostId) -> Result<Vec<String>> {
    let old = of_posts(c, &[post])?;
    diesel::delete(attachments::table.filter(attachments::post_id.eq(post))).execute(c)?;
    Ok(old.into_iter().flat_map(|a| [a.file, a.preview]).flatten().collect())
}

/// Takes the attachments from a post that is about to be deleted, so that its author can use them in the next one; unused,
/// they go with the other uploads.
pub fn release(c: &mut Connection, post: PostId) -> Result<()> {
    diesel::update(attachments::table.filter(attachments::post_id.eq(post)))
        .set((attachments::post_id.eq(None::<PostId>), attachments::created_at.eq(Timestamp::now())))
        .execute(c)?;
    Ok(())
}

/// Deletes uploads that no post has used since `before`, `limit` at the most; gives back the storage keys to delete.
/// What an open report shows is not among them.
pub fn purge_loose(c: &mut Connection, before: Timestamp, limit: i64) -> Result<Vec<String>> {
    let old: Vec<Attachment> = attachments::table
        .filter(attachments::post_id.is_null())
        .filter(attachments::scheduled_id.is_null())
        .filter(attachments::created_at.lt(before))
        .limit(limit)
        .select(Attachment::as_select())
        .load(c)?;
    diesel::delete(attachments::table.filter(any_of(attachments::id, old.iter().map(|a| a.id)))).execute(c)?;
    let keys = old.into_iter().flat_map(|a| [a.file, a.preview]).flatten().collect();
    reports::not_in_open_report(c, None, keys)
}
