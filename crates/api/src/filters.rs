//! `/api/v2/filters`: what the viewer does not want to read.

use actix_web::web::{Json, Path};
use majlis_local::Flaw;
use majlis_local::filters::{self, FilterAction, FilterChange, KeywordChange};
use majlis_local::ids::{FilterId, FilterKeywordId, FilterStatusId, PostId};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::Empty;
use crate::entities::filter::{Filter, FilterKeyword, FilterStatus};
use crate::error::{Error, Result};
use crate::params::{Clearable, Params};
use crate::state::Api;

/// What a filter is made or changed with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    title: Option<String>,
    context: Option<Vec<String>>,
    filter_action: Option<FilterAction>,
    #[serde(default, alias = "expires_in?")]
    expires_in: Clearable<String>,
    #[serde(default)]
    keywords_attributes: Vec<KeywordFields>,
}

/// What is done to a keyword of the filter: with an id it is changed, without it is made.
#[derive(Debug, Deserialize)]
pub struct KeywordFields {
    id: Option<FilterKeywordId>,
    keyword: Option<String>,
    whole_word: Option<bool>,
    /// masto.js takes the line off.
    #[serde(default, rename = "_destroy", alias = "destroy")]
    destroy: bool,
}

impl Fields {
    fn into_change(self) -> Result<FilterChange> {
        let keywords = self.keywords_attributes.into_iter();
        Ok(FilterChange {
            title: self.title,
            contexts: self.context,
            action: self.filter_action,
            expires_in: expires_in(&self.expires_in)?,
            keywords: keywords
                .map(|sent| KeywordChange {
                    id: sent.id,
                    keyword: sent.keyword,
                    whole_word: sent.whole_word,
                    destroy: sent.destroy,
                })
                .collect(),
        })
    }
}

/// Seconds until a filter is over; an empty text and `null` stand for never.
pub(crate) fn expires_in(sent: &Clearable<String>) -> Result<Option<Option<i64>>> {
    let text = match sent {
        Clearable::Absent => return Ok(None),
        Clearable::Null => return Ok(Some(None)),
        Clearable::Value(text) if text.trim().is_empty() => return Ok(Some(None)),
        Clearable::Value(text) => text.trim(),
    };
    let wrong = |_| Error::invalid("expires_in", Flaw::Invalid, "must be a whole number of seconds, or empty for never");
    text.parse().map(|seconds| Some(Some(seconds))).map_err(wrong)
}

/// `GET /api/v2/filters`.
pub async fn all(api: Api, user: User<need::ReadFilters>) -> Result<Json<Vec<Filter>>> {
    let found = api.db.read(move |c| filters::of(c, user.actor)).await?;
    Ok(Json(found.into_iter().map(Filter::from).collect()))
}

/// `GET /api/v2/filters/:id`.
pub async fn get(api: Api, user: User<need::ReadFilters>, id: Path<FilterId>) -> Result<Json<Filter>> {
    Ok(Json(api.db.read(move |c| filters::get(c, user.actor, *id)).await?.into()))
}

/// `POST /api/v2/filters`.
pub async fn create(api: Api, user: User<need::WriteFilters>, Params(sent): Params<Fields>) -> Result<Json<Filter>> {
    let change = sent.into_change()?;
    Ok(Json(api.db.write(move |c| filters::create(c, user.actor, change)).await?.into()))
}

/// `PUT /api/v2/filters/:id`.
pub async fn change(
    api: Api,
    user: User<need::WriteFilters>,
    id: Path<FilterId>,
    Params(sent): Params<Fields>,
) -> Result<Json<Filter>> {
    let change = sent.into_change()?;
    Ok(Json(api.db.write(move |c| filters::change(c, user.actor, *id, change)).await?.into()))
}

/// `DELETE /api/v2/filters/:id`.
pub async fn delete(api: Api, user: User<need::WriteFilters>, id: Path<FilterId>) -> Result<Json<Empty>> {
    api.db.write(move |c| filters::delete(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v2/filters/:id/keywords`.
pub async fn keywords(api: Api, user: User<need::ReadFilters>, id: Path<FilterId>) -> Result<Json<Vec<FilterKeyword>>> {
    let whole = api.db.read(move |c| filters::get(c, user.actor, *id)).await?;
    Ok(Json(whole.keywords.into_iter().map(FilterKeyword::from).collect()))
}

/// A keyword as it is sent by itself.
#[derive(Debug, Deserialize)]
pub struct KeywordSent {
    keyword: Option<String>,
    whole_word: Option<bool>,
}

/// `POST /api/v2/filters/:id/keywords`.
pub async fn add_keyword(
    api: Api,
    user: User<need::WriteFilters>,
    id: Path<FilterId>,
    Params(sent): Params<KeywordSent>,
) -> Result<Json<FilterKeyword>> {
    let text = sent.keyword.unwrap_or_default();
    Ok(Json(api.db.write(move |c| filters::add_keyword(c, user.actor, *id, &text, sent.whole_word)).await?.into()))
}

/// `GET /api/v2/filters/keywords/:id`.
pub async fn keyword(api: Api, user: User<need::ReadFilters>, id: Path<FilterKeywordId>) -> Result<Json<FilterKeyword>> {
    Ok(Json(api.db.read(move |c| filters::keyword(c, user.actor, *id)).await?.0.into()))
}

/// `PUT /api/v2/filters/keywords/:id`.
pub async fn change_keyword(
    api: Api,
    user: User<need::WriteFilters>,
    id: Path<FilterKeywordId>,
    Params(sent): Params<KeywordSent>,
) -> Result<Json<FilterKeyword>> {
    let change = move |c: &mut _| filters::change_keyword(c, user.actor, *id, sent.keyword.as_deref(), sent.whole_word);
    Ok(Json(api.db.write(change).await?.into()))
}

/// `DELETE /api/v2/filters/keywords/:id`.
pub async fn delete_keyword(api: Api, user: User<need::WriteFilters>, id: Path<FilterKeywordId>) -> Result<Json<Empty>> {
    api.db.write(move |c| filters::delete_keyword(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v2/filters/:id/statuses`.
pub async fn statuses(api: Api, user: User<need::ReadFilters>, id: Path<FilterId>) -> Result<Json<Vec<FilterStatus>>> {
    let whole = api.db.read(move |c| filters::get(c, user.actor, *id)).await?;
    Ok(Json(whole.statuses.into_iter().map(FilterStatus::from).collect()))
}

/// A status to be filtered.
#[derive(Debug, Deserialize)]
pub struct StatusSent {
    status_id: PostId,
}

/// `POST /api/v2/filters/:id/statuses`.
pub async fn add_status(
    api: Api,
    user: User<need::WriteFilters>,
    id: Path<FilterId>,
    Params(sent): Params<StatusSent>,
) -> Result<Json<FilterStatus>> {
    Ok(Json(api.db.write(move |c| filters::add_status(c, user.actor, *id, sent.status_id)).await?.into()))
}

/// `GET /api/v2/filters/statuses/:id`.
pub async fn status(api: Api, user: User<need::ReadFilters>, id: Path<FilterStatusId>) -> Result<Json<FilterStatus>> {
    Ok(Json(api.db.read(move |c| filters::status(c, user.actor, *id)).await?.into()))
}

/// `DELETE /api/v2/filters/statuses/:id`.
pub async fn delete_status(api: Api, user: User<need::WriteFilters>, id: Path<FilterStatusId>) -> Result<Json<Empty>> {
    api.db.write(move |c| filters::delete_status(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}

#[cfg(test)]
mod tests;
