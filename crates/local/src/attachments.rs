//! Attachments: pictures (and, from elsewhere, films and sounds) of posts. A fresh upload belongs to nobody's post yet;
//! ours are files of the store, those of other servers are URLs.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_of, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, AttachmentId, PostId, ScheduledId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::schema::{actors, archives, attachments, cards, custom_emojis, draft_attachments};
use crate::time::Timestamp;
use crate::{posts, reports};

/// Attachments that one post may have.
pub const MOST: usize = 4;
/// Attachments of a post of another server that are kept.
pub(crate) const MOST_REMOTE: usize = 16;
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

stored_enum! {
    /// How far an upload is.
    State {
        /// It can be used.
        Ready = 0 "ready",
        /// It lies as it came, and a job makes it into what can be used.
        Processing = 1 "processing",
        /// It could not be made into that.
        Failed = 2 "failed",
    }
}

/// What is known of a film or a sound besides its size.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Facts {
    /// How long it plays, in seconds.
    pub duration: f64,
    /// Frames a second as a fraction, `30000/1001`; none of a sound.
    pub frame_rate: Option<String>,
    /// Bits a second.
    pub bitrate: Option<u64>,
    /// How its sound is coded: `aac (LC)`. None when it has none.
    pub audio_coding: Option<String>,
    /// Samples a second of its sound.
    pub audio_rate: Option<u32>,
    /// `stereo`, `mono`, `5.1` …
    pub audio_channels: Option<String>,
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
    pub state: State,
    /// Storage key of the file as it came, while it is being worked on; ours only.
    pub source: Option<String>,
    /// Of films and sounds; ours only.
    pub facts: Option<Json<Facts>>,
}

impl Attachment {
    /// The storage keys of everything that is kept for it.
    fn into_keys(self) -> Vec<String> {
        [self.file, self.preview, self.source].into_iter().flatten().collect()
    }
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
    /// Storage key of a film or sound that is yet to be worked on: [`State::Processing`].
    pub source: Option<String>,
}

/// What a film or a sound was made into.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Converted {
    pub kind: AttachmentKind,
    pub mime: String,
    pub file: String,
    /// Key, width, height.
    pub preview: Option<(String, i32, i32)>,
    /// None of a sound.
    pub size: Option<(i32, i32)>,
    pub blurhash: Option<String>,
    pub bytes: i64,
    pub facts: Facts,
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

/// Stores an upload (`post` is `None`) or an attachment of a received post. The caller enqueues
/// [`Job::ConvertMedia`](crate::jobs::Job::ConvertMedia) for one that is yet to be worked on.
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
                attachments::state.eq(if new.source.is_some() { State::Processing } else { State::Ready }),
                attachments::source.eq(new.source),
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

/// An attachment of a post that `viewer` may see.
///
/// # Errors
/// [`Error::NotFound`], also for one of no post.
pub fn visible(c: &mut Connection, viewer: Option<ActorId>, id: AttachmentId) -> Result<Attachment> {
    let found: Option<Attachment> = attachments::table.find(id).select(Attachment::as_select()).first(c).optional()?;
    let found = found.ok_or(Error::NotFound("media"))?;
    let post = found.post_id.ok_or(Error::NotFound("media"))?;
    crate::posts::get_visible(c, viewer, post)?;
    Ok(found)
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

/// An upload that is yet to be worked on; `None` when it is gone, done or given up.
pub fn unprocessed(c: &mut Connection, id: AttachmentId) -> Result<Option<Attachment>> {
    let waiting = attachments::table.find(id).filter(attachments::state.eq(State::Processing));
    Ok(waiting.select(Attachment::as_select()).first(c).optional()?)
}

/// Writes down what an upload was made into, and enqueues the end of the file that it came in. A preview that its owner gave
/// it stays. False when it is gone meanwhile: then the new files are nobody's.
pub fn converted(c: &mut Connection, id: AttachmentId, made: Converted) -> Result<bool> {
    let Some(old) = unprocessed(c, id)? else { return Ok(false) };
    let own_preview = old.preview.is_some();
    let (preview, unused) = if own_preview { (None, made.preview) } else { (made.preview, None) };
    let waiting = attachments::table.find(id);
    diesel::update(waiting)
        .set((
            attachments::kind.eq(made.kind),
            attachments::mime.eq(made.mime),
            attachments::file.eq(made.file),
            attachments::width.eq(made.size.map(|size| size.0)),
            attachments::height.eq(made.size.map(|size| size.1)),
            attachments::bytes.eq(made.bytes),
            attachments::facts.eq(Json(made.facts)),
            attachments::state.eq(State::Ready),
            attachments::source.eq(None::<String>),
        ))
        .execute(c)?;
    if let Some((key, width, height)) = preview {
        diesel::update(waiting)
            .set((
                attachments::preview.eq(key),
                attachments::preview_width.eq(width),
                attachments::preview_height.eq(height),
                attachments::blurhash.eq(made.blurhash),
            ))
            .execute(c)?;
    }
    let keys: Vec<String> = old.source.into_iter().chain(unused.map(|(key, ..)| key)).collect();
    jobs::enqueue(c, &Job::DeleteFiles { keys })?;
    Ok(true)
}

/// Writes down that an upload could not be made into anything, and enqueues the end of the file that it came in.
pub fn failed(c: &mut Connection, id: AttachmentId) -> Result<()> {
    let Some(old) = unprocessed(c, id)? else { return Ok(()) };
    diesel::update(attachments::table.find(id))
        .set((attachments::state.eq(State::Failed), attachments::source.eq(None::<String>)))
        .execute(c)?;
    let keys = old.source.into_iter().collect();
    jobs::enqueue(c, &Job::DeleteFiles { keys }).map(drop)
}

/// Where a picture of another server is. Without a proof that it was shown to the asker, everybody must be able to see its post.
///
/// # Errors
/// [`Error::NotFound`], also for what is ours or no picture.
pub fn remote_address(c: &mut Connection, id: AttachmentId, is_proven: bool) -> Result<String> {
    let row: Option<(Option<String>, Option<PostId>)> = attachments::table
        .find(id)
        .filter(attachments::file.is_null())
        .filter(attachments::kind.eq(AttachmentKind::Image))
        .select((attachments::remote_url, attachments::post_id))
        .first(c)
        .optional()?;
    let Some((Some(url), post)) = row else { return Err(Error::NotFound("media")) };
    let is_shown = is_proven
        || match post {
            Some(post) => posts::find_many(c, &[post])?.iter().any(|post| post.visibility.is_open()),
            None => false,
        };
    if is_shown { Ok(url) } else { Err(Error::NotFound("media")) }
}

/// Of these storage keys the ones that nothing names: no attachment, profile, card, custom emoji or archive, nor an open report.
pub fn unnamed(c: &mut Connection, keys: Vec<String>) -> Result<Vec<String>> {
    let named = named(c, &keys)?;
    reports::not_in_open_report(c, None, keys.into_iter().filter(|key| !named.contains(key)).collect())
}

fn named(c: &mut Connection, keys: &[String]) -> Result<HashSet<String>> {
    let mut named = HashSet::new();
    let mut add = |found: Vec<Option<String>>| named.extend(found.into_iter().flatten());
    add(attachments::table.filter(attachments::file.eq_any(keys)).select(attachments::file).load(c)?);
    add(attachments::table.filter(attachments::preview.eq_any(keys)).select(attachments::preview).load(c)?);
    add(attachments::table.filter(attachments::source.eq_any(keys)).select(attachments::source).load(c)?);
    let ours = || actors::table.filter(actors::domain.is_null());
    add(ours().filter(actors::avatar.eq_any(keys)).select(actors::avatar).load(c)?);
    add(ours().filter(actors::avatar_static.eq_any(keys)).select(actors::avatar_static).load(c)?);
    add(ours().filter(actors::header.eq_any(keys)).select(actors::header).load(c)?);
    add(ours().filter(actors::header_static.eq_any(keys)).select(actors::header_static).load(c)?);
    add(cards::table.filter(cards::image.eq_any(keys)).select(cards::image).load(c)?);
    add(archives::table.filter(archives::file.eq_any(keys)).select(archives::file).load(c)?);
    let files: Vec<String> = custom_emojis::table.filter(custom_emojis::file.eq_any(keys)).select(custom_emojis::file).load(c)?;
    named.extend(files);
    let stills = custom_emojis::table.filter(custom_emojis::static_file.eq_any(keys)).select(custom_emojis::static_file);
    named.extend(stills.load::<String>(c)?);
    Ok(named)
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
    Ok(old.into_keys())
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
    type Row = (AttachmentId, Option<PostId>, Option<ScheduledId>, State);
    let found: Vec<Row> = attachments::table
        .filter(any_of(attachments::id, ids))
        .filter(attachments::owner_id.eq(owner))
        .select((attachments::id, attachments::post_id, attachments::scheduled_id, attachments::state))
        .load(c)?;
    let is_free = |row: &&Row| (row.1.is_none() || row.1 == post) && (row.2.is_none() || row.2 == scheduled);
    for id in ids {
        let flaw = match found.iter().find(|row| row.0 == *id).filter(is_free).map(|row| row.3) {
            Some(State::Ready) => continue,
            Some(State::Processing) => "not yet processed: try again in a moment",
            Some(State::Failed) => "could not be processed: upload another file",
            None => "no such upload, or another post uses it",
        };
        return Err(Error::invalid("media_ids", Flaw::Invalid, flaw));
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

/// Whether these are the attachments that another server tells of, with the same descriptions.
pub(crate) fn are(there: &[Attachment], told: &[NewAttachment]) -> bool {
    let told = told.iter().take(MOST_REMOTE);
    let same = |(there, told): (&Attachment, &NewAttachment)| {
        there.remote_url == told.remote_url && there.description == shortened(&told.description)
    };
    told.len() == there.len() && there.iter().zip(told).all(same)
}

/// The beginning of an alt text of another server, as it is kept.
pub(crate) fn shortened(description: &str) -> String {
    description.chars().take(DESCRIPTION_LIMIT).collect()
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
    Ok(old.into_iter().flat_map(Attachment::into_keys).collect())
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
/// What an open report shows is not among them, and what stands in a draft is used.
pub fn purge_loose(c: &mut Connection, before: Timestamp, limit: i64) -> Result<Vec<String>> {
    let drafted = draft_attachments::table.filter(draft_attachments::attachment_id.eq(attachments::id));
    let old: Vec<Attachment> = attachments::table
        .filter(attachments::post_id.is_null())
        .filter(attachments::scheduled_id.is_null())
        .filter(attachments::created_at.lt(before))
        .filter(diesel::dsl::not(diesel::dsl::exists(drafted)))
        .limit(limit)
        .select(Attachment::as_select())
        .load(c)?;
    diesel::delete(attachments::table.filter(any_of(attachments::id, old.iter().map(|a| a.id)))).execute(c)?;
    let keys = old.into_iter().flat_map(Attachment::into_keys).collect();
    reports::not_in_open_report(c, None, keys)
}
