//! `/api/v1/filters`, as apps from before Mastodon 4 know filters: each keyword is one, with what its filter says.

use actix_web::web::{Json, Path};
use majlis_local::filters::{self, FilterAction, FilterChange};
use majlis_local::ids::FilterKeywordId;
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::Empty;
use crate::entities::filter::V1Filter;
use crate::error::Result;
use crate::filters::expires_in;
use crate::params::{Clearable, Params};
use crate::state::Api;

/// What a filter is made or changed with.
#[derive(Debug, Deserialize)]
pub struct Fields {
    phrase: Option<String>,
    context: Option<Vec<String>>,
    irreversible: Option<bool>,
    whole_word: Option<bool>,
    #[serde(default, alias = "expires_in?")]
    expires_in: Clearable<String>,
}

impl Fields {
    /// What is said of the filter, besides the keyword.
    fn change(&self) -> Result<FilterChange> {
        Ok(FilterChange {
            contexts: self.context.clone(),
            action: self.irreversible.map(|hide| if hide { FilterAction::Hide } else { FilterAction::Warn }),
            expires_in: expires_in(&self.expires_in)?,
            ..FilterChange::default()
        })
    }
}

/// `GET /api/v1/filters`.
pub async fn all(api: Api, user: User<need::ReadFilters>) -> Result<Json<Vec<V1Filter>>> {
    let found = api.db.read(move |c| filters::of(c, user.actor)).await?;
    let mut all = Vec::new();
    for whole in found {
        all.extend(whole.keywords.into_iter().map(|keyword| V1Filter::new(keyword, &whole.filter)));
    }
    all.sort_unstable_by_key(|filter| filter.id);
    Ok(Json(all))
}

/// `GET /api/v1/filters/:id`.
pub async fn get(api: Api, user: User<need::ReadFilters>, id: Path<FilterKeywordId>) -> Result<Json<V1Filter>> {
    let (keyword, filter) = api.db.read(move |c| filters::keyword(c, user.actor, *id)).await?;
    Ok(Json(V1Filter::new(keyword, &filter)))
}

/// `POST /api/v1/filters`: makes a filter of one keyword.
pub async fn create(api: Api, user: User<need::WriteFilters>, Params(sent): Params<Fields>) -> Result<Json<V1Filter>> {
    let change = sent.change()?;
    let made =
        api.db.write(move |c| filters::create_single(c, user.actor, &sent.phrase.unwrap_or_default(), sent.whole_word, change));
    let (keyword, filter) = made.await?;
    Ok(Json(V1Filter::new(keyword, &filter)))
}

/// `PUT /api/v1/filters/:id`. What is not sent stays as it is.
pub async fn change(
    api: Api,
    user: User<need::WriteFilters>,
    id: Path<FilterKeywordId>,
    Params(sent): Params<Fields>,
) -> Result<Json<V1Filter>> {
    let change = sent.change()?;
    let changed =
        api.db.write(move |c| filters::change_single(c, user.actor, *id, sent.phrase.as_deref(), sent.whole_word, change));
    let (keyword, filter) = changed.await?;
    Ok(Json(V1Filter::new(keyword, &filter)))
}

/// `DELETE /api/v1/filters/:id`: deletes the keyword; a filter that holds nothing any more stays, and matches nothing.
pub async fn delete(api: Api, user: User<need::WriteFilters>, id: Path<FilterKeywordId>) -> Result<Json<Empty>> {
    api.db.write(move |c| filters::delete_keyword(c, user.actor, *id)).await?;
    Ok(Json(Empty {}))
}
