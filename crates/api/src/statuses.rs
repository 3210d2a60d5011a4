//! Statuses: to post, read, edit and delete them, and what people do with them.

use std::sync::Arc;

use actix_web::web::{Json, Path};
use actix_web::{CustomizeResponder, Either, HttpRequest, Responder as _};
use majlis_local::ids::{ActorId, AttachmentId, BookmarkFolderId, CircleId, PostId};
use majlis_local::polls::{NewPoll, PollOption};
use majlis_local::posts::{self, Post};
use majlis_local::publish::{self, Draft, Revision};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::text::{self, Format};
use majlis_local::threads;
use majlis_local::visibility::{Visibility, retain_visible};
use majlis_local::writing::Typed;
use majlis_local::{
    Connection, Flaw, Page, Site, Timestamp, attachments, bookmark_folders, bookmarks, boosts, conversation_mutes, likes, pins,
    scheduled, users,
};
use serde::Deserialize;

use crate::async_refreshes;
use crate::auth::{Client, User, Viewer, need};
use crate::entities::{Account, Card, Context, Empty, ScheduledStatus, Status, StatusEdit, StatusSource};
use crate::error::{Error, Result};
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::quotes;
use crate::scheduled_statuses::time;
use crate::state::Api;

/// Statuses that may be asked for by their ids at once.
const MOST_BY_ID: usize = 100;
/// Bytes of an idempotency key.
const KEY_LENGTH: usize = 255;

/// What a new status is made from (Mastodon's documentation, “Post a new status”).
#[derive(Debug, Deserialize)]
pub struct NewStatus {
    #[serde(default)]
    status: String,
    #[serde(default)]
    spoiler_text: String,
    #[serde(default)]
    sensitive: Option<bool>,
    visibility: Option<String>,
    language: Option<String>,
    in_reply_to_id: Option<PostId>,
    /// Ours: for those in this circle alone, whatever `visibility` says.
    circle_id: Option<CircleId>,
    #[serde(default)]
    media_ids: Vec<AttachmentId>,
    content_type: Option<String>,
    poll: Option<PollParams>,
    scheduled_at: Option<String>,
    #[serde(default, alias = "quote_id")]
    quoted_status_id: Option<PostId>,
    quote_approval_policy: Option<String>,
    /// As in GoToSocial and Hometown; `visibility=local` (Akkoma) is the same.
    local_only: Option<bool>,
    /// Seconds until it is deleted (Pleroma).
    expires_in: Option<i64>,
    /// When it is deleted, instead.
    expires_at: Option<String>,
}

/// A poll to be made with a status.
#[derive(Debug, Deserialize)]
pub struct PollParams {
    #[serde(default)]
    options: Vec<String>,
    expires_in: Option<i64>,
    #[serde(default)]
    multiple: bool,
    #[serde(default)]
    hide_totals: bool,
}

/// `POST /api/v1/statuses`; with `scheduled_at` the answer is a ScheduledStatus.
pub async fn create(
    api: Api,
    req: HttpRequest,
    user: User<need::WriteStatuses>,
    params: Params<NewStatus>,
) -> Result<Either<Json<Status>, Json<ScheduledStatus>>> {
    let params = params.0;
    let scheduled_at = params.scheduled_at.as_deref().map(|at| time("scheduled_at", at)).transpose()?.flatten();
    let format = format(params.content_type.as_deref())?;
    // Akkoma's word for what everybody here may see and nobody elsewhere.
    let local_only = params.local_only.unwrap_or(false) || params.visibility.as_deref().map(str::trim) == Some("local");
    let visibility = match params.visibility.as_deref().map(str::trim) {
        Some("local") => Some(Visibility::Public),
        Some("") | None => None,
        Some(word) => Some(visibility(word)?),
    };
    let expires_at = params.expires_at.as_deref().map(|at| time("expires_at", at)).transpose()?.flatten();
    let language = language(params.language.as_deref())?;
    let quote_policy = quote_policy(params.quote_approval_policy.as_deref())?;
    let idempotency_key = req
        .headers()
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok())
        .map(|key| key.chars().take(KEY_LENGTH).collect::<String>())
        .filter(|key| !key.is_empty());
    api.federation.look_up_mentioned(&params.status, format).await?;
    let (site, author, app) = (api.db.site().clone(), user.actor, user.access.app);
    let draft = Draft {
        text: params.status,
        format,
        visibility,
        summary: params.spoiler_text,
        sensitive: params.sensitive.unwrap_or(false),
        language,
        in_reply_to: params.in_reply_to_id,
        circle: params.circle_id,
        attachments: params.media_ids,
        poll: params.poll.map(new_poll),
        quote: params.quoted_status_id,
        quote_policy,
        app: Some(app),
        idempotency_key,
        local_only,
        expires_in: params.expires_in,
        expires_at,
        character_limit: api.config.post_characters,
    };
    let sensitive_given = params.sensitive.is_some();
    let typed = Typed::read(&site, &draft.text, format, draft.language.is_none());
    let answer = api
        .db
        .write(move |c| {
            let preferences = users::get(c, author)?;
            let draft = Draft {
                visibility: draft.visibility.or(Some(preferences.default_visibility)),
                sensitive: if sensitive_given { draft.sensitive } else { preferences.default_sensitive },
                language: draft.language.clone().or(preferences.default_language),
                quote_policy: draft.quote_policy.or(Some(preferences.default_quote_policy)),
                ..draft
            };
            users::seen(c, author)?;
            if let Some(at) = scheduled_at {
                let row = scheduled::schedule(c, author, draft, at)?;
                return Ok(Either::Right(Json(ScheduledStatus::build(c, &site, &row)?)));
            }
            let post = publish::publish_typed(c, &site, author, draft, typed)?;
            Ok(Either::Left(Json(Status::build(c, &site, Some(author), &post)?)))
        })
        .await?;
    Ok(answer)
}

/// What of a status is changed.
#[derive(Debug, Deserialize)]
pub struct StatusChange {
    #[serde(default)]
    status: String,
    #[serde(default)]
    spoiler_text: String,
    #[serde(default)]
    sensitive: bool,
    language: Option<String>,
    content_type: Option<String>,
    #[serde(default)]
    media_ids: Vec<AttachmentId>,
    poll: Option<PollParams>,
    #[serde(default)]
    media_attributes: Vec<MediaChange>,
    quote_approval_policy: Option<String>,
}

/// A new description or focus of an attachment.
#[derive(Debug, Deserialize)]
pub struct MediaChange {
    id: AttachmentId,
    description: Option<String>,
    focus: Option<String>,
}

/// `PUT /api/v1/statuses/{id}`: the whole status anew. As in Mastodon, attachments and a poll that are not named are taken away.
pub async fn edit(
    api: Api,
    user: User<need::WriteStatuses>,
    id: Path<PostId>,
    params: Params<StatusChange>,
) -> Result<Json<Status>> {
    let params = params.0;
    let (author, id) = (user.actor, id.into_inner());
    // An app that does not know of formats edits a text in the one in which it was written.
    let format = match params.content_type {
        Some(kind) => format(Some(&kind))?,
        None => {
            let written = api.db.read(move |c| {
                posts::get_visible(c, Some(author), id)?;
                posts::source(c, id)
            });
            Format::from_media_type(&written.await?.format).unwrap_or_default()
        }
    };
    let language = language(params.language.as_deref())?;
    let quote_policy = quote_policy(params.quote_approval_policy.as_deref())?;
    api.federation.look_up_mentioned(&params.status, format).await?;
    let mut descriptions = Vec::with_capacity(params.media_attributes.len());
    for change in params.media_attributes {
        descriptions.push((change.id, change.description, change.focus.as_deref().map(crate::media::focus).transpose()?));
    }
    let revision = Revision {
        text: params.status,
        format,
        summary: params.spoiler_text,
        sensitive: params.sensitive,
        language,
        attachments: Some(params.media_ids),
        poll: Some(params.poll.map(new_poll)),
        descriptions,
        quote_policy,
        character_limit: api.config.post_characters,
    };
    let site = api.db.site().clone();
    let typed = Typed::read(&site, &revision.text, format, revision.language.is_none());
    let status = api
        .db
        .write(move |c| {
            let post = publish::edit_typed(c, &site, author, id, revision, typed)?;
            Status::build(c, &site, Some(author), &post)
        })
        .await?;
    Ok(Json(status))
}

/// How a status is deleted.
#[derive(Debug, Deserialize)]
pub struct Deletion {
    #[serde(default)]
    delete_media: bool,
}

/// `DELETE /api/v1/statuses/{id}`: answers what was deleted with its source, so that it can be written again; for that its
/// attachments stay for a while like any upload, unless `delete_media` is set.
pub async fn delete(
    api: Api,
    user: User<need::WriteStatuses>,
    id: Path<PostId>,
    params: Params<Deletion>,
) -> Result<Json<Status>> {
    let keeps_media = !params.0.delete_media;
    let (site, author, id) = (api.db.site().clone(), user.actor, id.into_inner());
    let status = api
        .db
        .write(move |c| {
            let post = posts::get(c, id)?;
            if post.author_id != author || post.deleted_at.is_some() {
                return Err(majlis_local::Error::NotFound("post"));
            }
            let source = posts::source(c, id)?;
            let mut status = Status::build(c, &site, Some(author), &post)?;
            if keeps_media {
                attachments::release(c, id)?;
            }
            publish::delete(c, author, id)?;
            if let Some(quote) = &mut status.quote {
                quote.reveal();
            }
            status.text = Some(source.text);
            status.content = None;
            Ok(status)
        })
        .await?;
    Ok(Json(status))
}

/// `GET /api/v1/statuses/{id}`.
pub async fn show(api: Api, viewer: Viewer<need::ReadStatuses>, id: Path<PostId>) -> Result<Json<Status>> {
    let (site, viewer, id) = (api.db.site().clone(), viewer.actor, id.into_inner());
    let status = api
        .db
        .read(move |c| {
            let post = posts::get_visible(c, viewer, id)?;
            Status::build(c, &site, viewer, &post)
        })
        .await?;
    Ok(Json(status))
}

/// `GET /api/v1/statuses/{id}/card`, which older apps ask for: `{}` when the status has none.
pub async fn card(api: Api, viewer: Viewer<need::ReadStatuses>, id: Path<PostId>) -> Result<Either<Json<Card>, Json<Empty>>> {
    let status = show(api, viewer, id).await?.into_inner();
    let card = status.reblog.and_then(|original| original.card).or(status.card);
    Ok(match card {
        Some(card) => Either::Left(Json(card)),
        None => Either::Right(Json(Empty {})),
    })
}

/// Several ids.
#[derive(Debug, Deserialize)]
pub struct Ids {
    #[serde(default, alias = "ids")]
    id: Vec<PostId>,
}

/// `GET /api/v1/statuses?id[]=…`: those that the viewer may see.
pub async fn show_many(api: Api, viewer: Viewer<need::ReadStatuses>, params: Params<Ids>) -> Result<Json<Vec<Status>>> {
    let mut ids = params.0.id;
    ids.truncate(MOST_BY_ID);
    let (site, viewer) = (api.db.site().clone(), viewer.actor);
    let statuses = api
        .db
        .read(move |c| {
            let mut found = posts::find_many(c, &ids)?;
            retain_visible(c, viewer, &mut found)?;
            found.sort_by_key(|post| ids.iter().position(|id| *id == post.id));
            Status::build_many(c, &site, viewer, &found)
        })
        .await?;
    Ok(Json(statuses))
}

/// `GET /api/v1/statuses/{id}/context`. For those who are logged in, answers that are missing here are looked for meanwhile.
pub async fn context(
    api: Api,
    viewer: Viewer<need::ReadStatuses>,
    id: Path<PostId>,
) -> Result<CustomizeResponder<Json<Context>>> {
    let (site, viewer, id) = (api.db.site().clone(), viewer.actor, id.into_inner());
    let (context, first, post) = api
        .db
        .read(move |c| {
            let post = posts::get_visible(c, viewer, id)?;
            let thread = threads::around(c, viewer, &post)?;
            let first = thread.ancestors.first().unwrap_or(&post).clone();
            Ok((Context::build(c, &site, viewer, thread)?, first, post))
        })
        .await?;
    let answer = Json(context).customize();
    let crawl = if viewer.is_some() { api.federation.crawl(&first, &post).await? } else { None };
    Ok(match crawl {
        Some(crawl) => answer.insert_header((async_refreshes::HEADER, async_refreshes::header(&crawl))),
        None => answer,
    })
}

/// `GET /api/v1/statuses/{id}/history`: every text of a status, the present one last.
pub async fn history(api: Api, viewer: Viewer<need::ReadStatuses>, id: Path<PostId>) -> Result<Json<Vec<StatusEdit>>> {
    let (site, viewer, id) = (api.db.site().clone(), viewer.actor, id.into_inner());
    let history = api
        .db
        .read(move |c| {
            let post = posts::get_visible(c, viewer, id)?;
            StatusEdit::history(c, &site, viewer, &post)
        })
        .await?;
    Ok(Json(history))
}

/// `GET /api/v1/statuses/{id}/source`.
pub async fn source(api: Api, client: Client<need::ReadStatuses>, id: Path<PostId>) -> Result<Json<StatusSource>> {
    let (viewer, id) = (client.person.map(|person| person.actor), id.into_inner());
    let source = api
        .db
        .read(move |c| {
            posts::get_visible(c, viewer, id)?;
            Ok(StatusSource::new(id, posts::source(c, id)?))
        })
        .await?;
    Ok(Json(source))
}

/// What a boost may say.
#[derive(Debug, Deserialize)]
pub struct BoostParams {
    visibility: Option<String>,
}

/// `POST /api/v1/statuses/{id}/reblog`: answers the boost.
pub async fn boost(
    api: Api,
    user: User<need::WriteStatuses>,
    id: Path<PostId>,
    params: Params<BoostParams>,
) -> Result<Json<Status>> {
    let wanted = params.0.visibility.as_deref().map(visibility).transpose()?;
    change(&api, user.actor, id.into_inner(), move |c, site, actor, post| boosts::boost(c, site, actor, &post, wanted)).await
}

/// `POST /api/v1/statuses/{id}/unreblog`: answers the original.
pub async fn unboost(api: Api, user: User<need::WriteStatuses>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| {
        boosts::unboost(c, actor, &post)?;
        posts::get(c, post.boost_of_id.unwrap_or(post.id))
    })
    .await
}

/// `POST /api/v1/statuses/{id}/favourite`.
pub async fn like(api: Api, user: User<need::WriteFavourites>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, site, actor, post| {
        likes::like(c, site, actor, &post)?;
        posts::get(c, post.id)
    })
    .await
}

/// `POST /api/v1/statuses/{id}/unfavourite`.
pub async fn unlike(api: Api, user: User<need::WriteFavourites>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| {
        likes::unlike(c, actor, &post)?;
        posts::get(c, post.id)
    })
    .await
}

/// Where a bookmark goes.
#[derive(Debug, Deserialize)]
pub struct Bookmark {
    /// Pleroma's; without one it is in no folder.
    folder_id: Option<BookmarkFolderId>,
}

/// `POST /api/v1/statuses/{id}/bookmark`.
pub async fn bookmark(
    api: Api,
    user: User<need::WriteBookmarks>,
    id: Path<PostId>,
    params: Params<Bookmark>,
) -> Result<Json<Status>> {
    let folder = params.0.folder_id;
    let keep =
        move |c: &mut Connection, _: &Site, actor, post: Post| bookmark_folders::keep(c, actor, post.id, folder).map(|()| post);
    change(&api, user.actor, id.into_inner(), keep).await
}

/// `POST /api/v1/statuses/{id}/unbookmark`.
pub async fn unbookmark(api: Api, user: User<need::WriteBookmarks>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| bookmarks::remove(c, actor, post.id).map(|()| post)).await
}

/// `POST /api/v1/statuses/{id}/mute`: no more notifications from the conversation that the status is in.
pub async fn mute(api: Api, user: User<need::WriteMutes>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| conversation_mutes::add(c, actor, &post).map(|()| post)).await
}

/// `POST /api/v1/statuses/{id}/unmute`.
pub async fn unmute(api: Api, user: User<need::WriteMutes>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| conversation_mutes::remove(c, actor, &post).map(|()| post))
        .await
}

/// `POST /api/v1/statuses/{id}/pin`.
pub async fn pin(api: Api, user: User<need::WriteAccounts>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| pins::pin(c, actor, &post).map(|()| post)).await
}

/// `POST /api/v1/statuses/{id}/unpin`.
pub async fn unpin(api: Api, user: User<need::WriteAccounts>, id: Path<PostId>) -> Result<Json<Status>> {
    change(&api, user.actor, id.into_inner(), |c, _, actor, post| pins::unpin(c, actor, post.id).map(|()| post)).await
}

/// Does something to a status that the person may see, and answers the status that comes of it. What is done to a boost is
/// done to what it boosts.
async fn change<F>(api: &Api, actor: ActorId, id: PostId, act: F) -> Result<Json<Status>>
where
    F: FnOnce(&mut majlis_local::Connection, &majlis_local::Site, ActorId, Post) -> majlis_local::Result<Post> + Send + 'static,
{
    let site = api.db.site().clone();
    let status = api
        .db
        .write(move |c| {
            let asked = posts::get_visible(c, Some(actor), id)?;
            let post = match asked.boost_of_id {
                Some(original) => posts::get_visible(c, Some(actor), original)?,
                None => asked,
            };
            let changed = act(c, &site, actor, post)?;
            Status::build(c, &site, Some(actor), &changed)
        })
        .await?;
    Ok(Json(status))
}

/// A page of people.
#[derive(Debug, Deserialize)]
pub struct PeoplePage {
    #[serde(flatten)]
    page: PageParams,
}

type People =
    fn(&mut majlis_local::Connection, PostId, Option<ActorId>, &Page) -> majlis_local::Result<majlis_local::Slice<ActorId>>;

/// `GET /api/v1/statuses/{id}/favourited_by`.
pub async fn liked_by(
    api: Api,
    viewer: Viewer<need::ReadStatuses>,
    id: Path<PostId>,
    params: Params<PeoplePage>,
) -> Result<Paged<Arc<Account>>> {
    who(&api, viewer.actor, id.into_inner(), params.0.page.page(40, 80), likes::likers).await
}

/// `GET /api/v1/statuses/{id}/reblogged_by`.
pub async fn boosted_by(
    api: Api,
    viewer: Viewer<need::ReadStatuses>,
    id: Path<PostId>,
    params: Params<PeoplePage>,
) -> Result<Paged<Arc<Account>>> {
    who(&api, viewer.actor, id.into_inner(), params.0.page.page(40, 80), boosts::boosters).await
}

async fn who(api: &Api, viewer: Option<ActorId>, id: PostId, page: Page, list: People) -> Result<Paged<Arc<Account>>> {
    let site = api.db.site().clone();
    let slice = api
        .db
        .read(move |c| {
            posts::get_visible(c, viewer, id)?;
            let people = list(c, id, viewer, &page)?;
            Account::load_slice(c, &site, &people)
        })
        .await?;
    Ok(Paged::by_since_id(slice))
}

fn format(content_type: Option<&str>) -> Result<Format> {
    match content_type.map(str::trim).filter(|kind| !kind.is_empty()) {
        None => Ok(Format::Plain),
        Some(kind) => Format::from_media_type(kind)
            .ok_or_else(|| Error::invalid("content_type", Flaw::Inclusion, "must be text/plain or text/markdown")),
    }
}

/// A visibility by its name.
///
/// # Errors
/// 422.
fn visibility(word: &str) -> Result<Visibility> {
    Visibility::from_word(word.trim())
        .ok_or_else(|| Error::invalid("visibility", Flaw::Inclusion, "must be public, unlisted, private or direct"))
}

fn language(code: Option<&str>) -> Result<Option<String>> {
    match code.map(str::trim).filter(|code| !code.is_empty()) {
        None => Ok(None),
        Some(code) => text::language::language(code)
            .map(|code| Some(code.to_owned()))
            .ok_or_else(|| Error::invalid("language", Flaw::Invalid, "must be a language code such as ar or en")),
    }
}

/// Who may quote, if the app says so.
fn quote_policy(word: Option<&str>) -> Result<Option<QuotePolicy>> {
    word.filter(|word| !word.trim().is_empty()).map(quotes::policy).transpose()
}

fn new_poll(params: PollParams) -> NewPoll {
    NewPoll {
        options: params.options.into_iter().map(|title| PollOption { title, votes: 0 }).collect(),
        multiple: params.multiple,
        hide_totals: params.hide_totals,
        voters_count: Some(0),
        expires_at: params.expires_in.map(|seconds| Timestamp::now().plus_seconds(seconds)),
        closed_at: None,
    }
}

#[cfg(test)]
mod tests;
