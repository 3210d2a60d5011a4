//! Quotes of statuses: who quotes one, taking a quote back, and who may quote (Mastodon's documentation, “statuses”).

use actix_web::web::{Json, Path};
use majlis_local::ids::PostId;
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::{Flaw, feeds, posts, publish, quotes};
use serde::Deserialize;

use crate::auth::{User, need};
use crate::entities::Status;
use crate::error::{Error, Result};
use crate::pagination::{PageParams, Paged};
use crate::params::Params;
use crate::state::Api;

/// A page of quotes.
#[derive(Debug, Deserialize)]
pub struct QuotesPage {
    #[serde(flatten)]
    page: PageParams,
}

/// `GET /api/v1/statuses/{id}/quotes`: the statuses that quote one with leave, as far as the person may see them.
pub async fn list(
    api: Api,
    user: User<need::ReadStatuses>,
    id: Path<PostId>,
    params: Params<QuotesPage>,
) -> Result<Paged<Status>> {
    let (site, viewer, id) = (api.db.site().clone(), Some(user.actor), id.into_inner());
    let page = params.0.page.page(20, 40);
    let slice = api
        .db
        .read(move |c| {
            posts::get_visible(c, viewer, id)?;
            let slice = feeds::quotes(c, viewer, id, &page)?;
            Ok(slice.with(Status::build_many(c, &site, viewer, &slice.items)?))
        })
        .await?;
    Ok(Paged::by_since_id(slice))
}

/// `POST /api/v1/statuses/{id}/quotes/{quoting}/revoke`: takes the person's own status out of one that quotes it; answers
/// the latter.
pub async fn revoke(api: Api, user: User<need::WriteStatuses>, path: Path<(PostId, PostId)>) -> Result<Json<Status>> {
    let (site, person, (quoted, quoting)) = (api.db.site().clone(), user.actor, path.into_inner());
    let status = api
        .db
        .write(move |c| {
            posts::get_visible(c, Some(person), quoted)?;
            let post = quotes::revoke(c, person, quoted, quoting)?;
            Status::build(c, &site, Some(person), &post)
        })
        .await?;
    Ok(Json(status))
}

/// Who may do what with a status.
#[derive(Debug, Deserialize)]
pub struct Policies {
    #[serde(default)]
    quote_approval_policy: String,
}

/// `PUT /api/v1/statuses/{id}/interaction_policy`: says anew who may quote a status of one's own.
pub async fn set_policy(
    api: Api,
    user: User<need::WriteStatuses>,
    id: Path<PostId>,
    params: Params<Policies>,
) -> Result<Json<Status>> {
    let policy = policy(&params.0.quote_approval_policy)?;
    let (site, author, id) = (api.db.site().clone(), user.actor, id.into_inner());
    let status = api
        .db
        .write(move |c| {
            let post = publish::set_quote_policy(c, author, id, policy)?;
            Status::build(c, &site, Some(author), &post)
        })
        .await?;
    Ok(Json(status))
}

/// A policy by its name.
///
/// # Errors
/// 422.
pub(crate) fn policy(word: &str) -> Result<QuotePolicy> {
    policy_named("quote_approval_policy", word)
}

/// A policy by its name in the field of this name.
///
/// # Errors
/// 422.
pub(crate) fn policy_named(field: &'static str, word: &str) -> Result<QuotePolicy> {
    QuotePolicy::from_word(word.trim())
        .ok_or_else(|| Error::invalid(field, Flaw::Inclusion, "must be public, followers or nobody"))
}

#[cfg(test)]
mod tests;
