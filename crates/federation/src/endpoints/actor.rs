//! Actors as documents: the people here and the server itself.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use majlis_local::actors::{self, Actor};
use majlis_local::ids::FollowId;
use majlis_local::{Connection, Error, Result, follow_requests, follows};

use super::{Answer, answer, document};
use crate::objects;
use crate::state::Federation;
use crate::vocab::{Activity, ActivityKind, Object, Tombstone};

/// The local actor of a name, also when it is gone.
pub(super) fn named(c: &mut Connection, name: &str) -> Result<Actor> {
    actors::by_handle(c, name, None)?.ok_or(Error::NotFound("actor"))
}

/// `GET /users/{name}`. A deleted one answers 410.
pub(super) async fn show(federation: Data<Federation>, name: Path<String>) -> Answer {
    let (site, name) = (federation.site().clone(), name.into_inner());
    let found = federation
        .db
        .read(move |c| {
            let actor = named(c, &name)?;
            let endpoints = actors::endpoints(c, actor.id)?;
            let moved_to = match actor.moved_to_id {
                Some(id) => Some(actors::get(c, id)?.uri),
                None => None,
            };
            Ok(if actor.deleted_at.is_some() {
                Err(actor.uri)
            } else {
                Ok(objects::actor::render(&site, &actor, &endpoints, moved_to))
            })
        })
        .await?;
    match found {
        Ok(profile) => document(&profile, false),
        Err(uri) => answer(StatusCode::GONE, &Tombstone::new(uri), false),
    }
}

/// `GET /actor`: the server itself, whose key signs what no person signs. Readable without a signature, always: two strict
/// servers would lock each other out otherwise.
pub(super) async fn instance(federation: Data<Federation>) -> Answer {
    federation.instance_signer().await?;
    let (site, uri) = (federation.site().clone(), federation.site().instance_actor_uri());
    let profile = federation
        .db
        .read(move |c| {
            let actor = actors::by_uri(c, &uri)?.ok_or(Error::NotFound("actor"))?;
            let endpoints = actors::endpoints(c, actor.id)?;
            let mut profile = objects::actor::render(&site, &actor, &endpoints, None);
            profile.followers = None;
            profile.following = None;
            profile.discoverable = None;
            profile.indexable = None;
            Ok(profile)
        })
        .await?;
    document(&profile, false)
}

/// `GET /users/{name}/follows/{id}`: a follow of ours, while it stands.
pub(super) async fn follow(federation: Data<Federation>, path: Path<(String, FollowId)>) -> Answer {
    let (name, id) = path.into_inner();
    let activity = federation
        .db
        .read(move |c| {
            let actor = named(c, &name)?;
            let follow = match follows::by_id(c, id) {
                Err(Error::NotFound(_)) => follow_requests::by_id(c, id)?,
                found => found?,
            };
            if follow.actor_id != actor.id || actor.hide_collections {
                return Err(Error::NotFound("follow"));
            }
            let target = actors::get(c, follow.target_id)?;
            Ok(Activity::new(ActivityKind::Follow, follow.uri, actor.uri, Object::Id(target.uri)))
        })
        .await?;
    document(&activity, false)
}
