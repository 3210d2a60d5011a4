//! Drafts: what somebody has begun to write, kept for all of its devices. Nobody else hears of them. An upload that stands in a
//! draft stays for as long as the draft.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::attachments::{self, Attachment};
use crate::connection::{Connection, any_of, cols};
use crate::error::{Error, Flaw, Problem, Result};
use crate::ids::{ActorId, AttachmentId, CircleId, DraftId, PostId};
use crate::json::Json;
use crate::on_each;
use crate::paged;
use crate::paging::{Page, Slice};
use crate::schema::{attachments as uploads, draft_attachments, drafts};
use crate::text;
use crate::time::Timestamp;
use crate::visibility::Visibility;

/// Drafts that one person may have.
pub const MOST: i64 = 200;
/// Characters of a draft, warning included: more than a post may have, since it is not finished.
pub const CHARACTER_LIMIT: usize = 20_000;
/// Options of a poll.
const MOST_OPTIONS: usize = 20;
/// Characters of an option.
const OPTION_LIMIT: usize = 500;

/// What is to become a post. Nothing of it has to be complete.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// As typed.
    pub text: String,
    /// The content warning.
    pub spoiler_text: String,
    /// `text/plain` or `text/markdown`.
    pub content_type: Option<String>,
    /// Its audience; `None`: the person's usual one.
    pub visibility: Option<Visibility>,
    /// Whether its attachments are covered; `None`: as usual.
    pub sensitive: Option<bool>,
    /// ISO 639.
    pub language: Option<String>,
    /// What it answers.
    pub in_reply_to_id: Option<PostId>,
    /// What it quotes.
    pub quoted_status_id: Option<PostId>,
    /// For whom it is, instead of an audience.
    pub circle_id: Option<CircleId>,
    /// Uploads, in their order.
    pub media_ids: Vec<AttachmentId>,
    /// The poll that it asks.
    pub poll: Option<PollContent>,
}

/// A poll of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PollContent {
    /// Its options, perhaps empty ones.
    pub options: Vec<String>,
    /// Seconds.
    pub expires_in: Option<i64>,
    /// Whether several may be chosen.
    pub multiple: bool,
    /// Whether the result is hidden until the end.
    pub hide_totals: bool,
}

/// A draft as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = drafts)]
#[allow(missing_docs)]
pub struct Draft {
    pub id: DraftId,
    pub owner_id: ActorId,
    pub content: Json<Content>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Keeps a new draft.
///
/// # Errors
/// [`Error::Invalid`] naming every wrong field, and for one draft too many.
pub fn create(c: &mut Connection, owner: ActorId, content: Content) -> Result<Draft> {
    check(c, owner, &content)?;
    let had: i64 = drafts::table.filter(drafts::owner_id.eq(owner)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("base", Flaw::Invalid, format!("no more than {MOST} drafts are possible")));
    }
    let now = Timestamp::now();
    let draft = Draft { id: DraftId::new(), owner_id: owner, content: Json(content), created_at: now, updated_at: now };
    diesel::insert_into(drafts::table)
        .values((
            drafts::id.eq(draft.id),
            drafts::owner_id.eq(owner),
            drafts::content.eq(draft.content.clone()),
            drafts::created_at.eq(now),
            drafts::updated_at.eq(now),
        ))
        .execute(c)?;
    set_attachments(c, &draft)?;
    Ok(draft)
}

/// Gives a draft of `owner` another content, as a whole.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's; [`Error::Invalid`] naming every wrong field.
pub fn change(c: &mut Connection, owner: ActorId, id: DraftId, content: Content) -> Result<Draft> {
    get(c, owner, id)?;
    check(c, owner, &content)?;
    diesel::update(drafts::table.find(id))
        .set((drafts::content.eq(Json(content)), drafts::updated_at.eq(Timestamp::now())))
        .execute(c)?;
    let draft = get(c, owner, id)?;
    set_attachments(c, &draft)?;
    Ok(draft)
}

/// Throws a draft of `owner` away. Its uploads go with the other unused ones.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn delete(c: &mut Connection, owner: ActorId, id: DraftId) -> Result<()> {
    get(c, owner, id)?;
    diesel::delete(drafts::table.find(id)).execute(c)?;
    Ok(())
}

/// A draft of `owner`.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, owner: ActorId, id: DraftId) -> Result<Draft> {
    let own = drafts::table.find(id).filter(drafts::owner_id.eq(owner));
    own.select(cols::<Draft>()).first(c).optional()?.ok_or(Error::NotFound("draft"))
}

/// The drafts of `owner`, the latest begun first.
pub fn of(c: &mut Connection, owner: ActorId, page: &Page) -> Result<Slice<Draft>> {
    let rows: Vec<Draft> = paged!(c, page, drafts::id, drafts::table.filter(drafts::owner_id.eq(owner)).select(cols::<Draft>()));
    Ok(Slice::new(rows.into_iter().map(|draft| (draft.id, draft)).collect(), page))
}

/// The uploads of these drafts, as far as they are still there, as pairs; one query for all.
pub fn attachments_of(c: &mut Connection, ids: &[DraftId]) -> Result<Vec<(DraftId, Attachment)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(draft_attachments::table
        .inner_join(uploads::table.on(uploads::id.eq(draft_attachments::attachment_id)))
        .filter(any_of(draft_attachments::draft_id, ids))
        .order((draft_attachments::draft_id, draft_attachments::position))
        .select((draft_attachments::draft_id, cols::<Attachment>()))
        .load(c)?)
}

fn check(c: &mut Connection, owner: ActorId, content: &Content) -> Result<()> {
    let mut problems = Vec::new();
    let mut wrong = |field, flaw, message: String| problems.push(Problem { field, flaw, message });
    let characters = content.text.chars().count() + content.spoiler_text.chars().count();
    if characters > CHARACTER_LIMIT {
        wrong("text", Flaw::TooLong, format!("is too long (maximum is {CHARACTER_LIMIT} characters)"));
    }
    if content.content_type.as_deref().is_some_and(|kind| text::Format::from_media_type(kind).is_none()) {
        wrong("content_type", Flaw::Inclusion, "is neither text/plain nor text/markdown".to_owned());
    }
    if content.language.as_deref().is_some_and(|code| text::language::language(code).is_none()) {
        wrong("language", Flaw::Invalid, "is not a valid language code".to_owned());
    }
    if let Some(poll) = &content.poll
        && (poll.options.len() > MOST_OPTIONS || poll.options.iter().any(|option| option.chars().count() > OPTION_LIMIT))
    {
        wrong("poll", Flaw::TooLong, format!("has {MOST_OPTIONS} options of {OPTION_LIMIT} characters at the most"));
    }
    let own: i64 = uploads::table
        .filter(any_of(uploads::id, &content.media_ids))
        .filter(uploads::owner_id.eq(owner))
        .count()
        .get_result(c)?;
    let mut distinct = content.media_ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() > attachments::MOST {
        wrong("media_ids", Flaw::TooLong, format!("are too many (maximum is {})", attachments::MOST));
    } else if i64::try_from(distinct.len()).is_ok_and(|asked| asked != own) || distinct.len() != content.media_ids.len() {
        wrong("media_ids", Flaw::Invalid, "no such upload, or the same twice".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems)) }
}

fn set_attachments(c: &mut Connection, draft: &Draft) -> Result<()> {
    diesel::delete(draft_attachments::table.filter(draft_attachments::draft_id.eq(draft.id))).execute(c)?;
    let rows: Vec<_> = (0_i32..)
        .zip(&draft.content.media_ids)
        .map(|(position, id)| {
            (
                draft_attachments::draft_id.eq(draft.id),
                draft_attachments::attachment_id.eq(*id),
                draft_attachments::position.eq(position),
            )
        })
        .collect();
    if !rows.is_empty() {
        on_each!(c => diesel::insert_into(draft_attachments::table).values(&rows).execute(c))?;
    }
    Ok(())
}
