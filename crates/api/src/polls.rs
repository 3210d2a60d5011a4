//! Polls, by the id of the status that asks.

use actix_web::web::{Json, Path};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::posts::Post;
use majlis_local::{Connection, polls, posts};
use serde::Deserialize;

use crate::auth::{User, Viewer, need};
use crate::entities::{CustomEmoji, Poll};
use crate::error::Result;
use crate::params::Params;
use crate::state::Api;

/// `GET /api/v1/polls/{id}`.
pub async fn show(api: Api, viewer: Viewer<need::ReadStatuses>, id: Path<PostId>) -> Result<Json<Poll>> {
    let (site, viewer, id) = (api.db.site().clone(), viewer.actor, id.into_inner());
    let poll = api
        .db
        .read(move |c| {
            let post = posts::get_visible(c, viewer, id)?;
            entity(c, &site, viewer, &post)
        })
        .await?;
    Ok(Json(poll))
}

/// What is chosen, by position.
#[derive(Debug, Deserialize)]
pub struct Choices {
    #[serde(default)]
    choices: Vec<i32>,
}

/// `POST /api/v1/polls/{id}/votes`.
pub async fn vote(api: Api, user: User<need::WriteStatuses>, id: Path<PostId>, params: Params<Choices>) -> Result<Json<Poll>> {
    let (site, voter, id) = (api.db.site().clone(), user.actor, id.into_inner());
    let poll = api
        .db
        .write(move |c| {
            let post = posts::get_visible(c, Some(voter), id)?;
            polls::vote(c, voter, &post, &params.0.choices)?;
            entity(c, &site, Some(voter), &post)
        })
        .await?;
    Ok(Json(poll))
}

fn entity(c: &mut Connection, site: &majlis_local::Site, viewer: Option<ActorId>, post: &Post) -> majlis_local::Result<Poll> {
    let poll = polls::of_post(c, post.id)?.ok_or(majlis_local::Error::NotFound("poll"))?;
    let votes = match viewer {
        Some(viewer) => Some(polls::own_votes(c, viewer, &[post.id])?.into_iter().map(|vote| vote.1).collect()),
        None => None,
    };
    let emojis = post.emojis.as_ref().map_or_else(Vec::new, |emojis| CustomEmoji::of_text(site, emojis));
    Ok(Poll::new(&poll, emojis, votes, viewer == Some(post.author_id)))
}
