//! Posts, their activities, likes and leaves to quote as documents; private ones only for whom they address.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use majlis_local::actors;
use majlis_local::ids::{ActorId, LikeId, PostId, QuoteId};
use majlis_local::posts::{self, Post};
use majlis_local::{Connection, Error, Result, likes, quotes, visibility};

use super::actor::named;
use super::{Answer, answer, document, viewer};
use crate::state::Federation;
use crate::vocab::{Activity, ActivityKind, Object, QuoteAuthorization, Tombstone};
use crate::{objects, outbound};

/// The local post of a path, if `viewer` may see it, dead or alive.
pub(super) fn at(c: &mut Connection, viewer: Option<ActorId>, name: &str, id: PostId) -> Result<Post> {
    let post = posts::get(c, id)?;
    let author = named(c, name)?;
    if post.author_id != author.id || !post.local || author.is_gone() {
        return Err(Error::NotFound("post"));
    }
    // That a post is gone may hear whoever might have known it.
    let visible = if post.deleted_at.is_some() { post.is_open() } else { visibility::may_see(c, viewer, &post)? };
    if visible { Ok(post) } else { Err(Error::NotFound("post")) }
}

/// `GET /users/{name}/statuses/{id}`: a note, or 410 with its tombstone.
pub(super) async fn show(federation: Data<Federation>, req: HttpRequest, path: Path<(String, PostId)>) -> Answer {
    let (name, id) = path.into_inner();
    let (site, viewer) = (federation.site().clone(), viewer(&federation, &req).await);
    let (post, note) = federation
        .db
        .read(move |c| {
            let post = at(c, viewer, &name, id)?;
            if post.is_boost() {
                return Err(Error::NotFound("post"));
            }
            let note = if post.deleted_at.is_some() { None } else { objects::note::render(c, &site, &post)? };
            Ok((post, note))
        })
        .await?;
    match note {
        Some(note) => document(&note, !post.is_open()),
        None => {
            let mut gone = Tombstone::new(post.uri);
            gone.deleted = post.deleted_at.map(majlis_local::Timestamp::to_utc);
            answer(StatusCode::GONE, &gone, false)
        }
    }
}

/// `GET …/activity`: the `Create` of a post, or the `Announce` that a boost is.
pub(super) async fn activity(federation: Data<Federation>, req: HttpRequest, path: Path<(String, PostId)>) -> Answer {
    let (name, id) = path.into_inner();
    let (site, viewer) = (federation.site().clone(), viewer(&federation, &req).await);
    let (activity, private) = federation
        .db
        .read(move |c| {
            let post = at(c, viewer, &name, id)?;
            if post.deleted_at.is_some() {
                return Err(Error::NotFound("activity"));
            }
            Ok((outbound::activity_of(c, &site, &post)?, !post.is_open()))
        })
        .await?;
    document(&activity, private)
}

/// `GET /users/{name}/likes/{id}`: a like of ours, while it stands, of a post that is for everybody.
pub(super) async fn like(federation: Data<Federation>, path: Path<(String, LikeId)>) -> Answer {
    let (name, id) = path.into_inner();
    let activity = federation
        .db
        .read(move |c| {
            let actor = named(c, &name)?;
            let like = likes::get(c, id)?;
            let post = posts::get(c, like.post_id)?;
            if like.actor_id != actor.id || !visibility::may_see(c, None, &post)? {
                return Err(Error::NotFound("like"));
            }
            let liker = actors::get(c, like.actor_id)?;
            Ok(Activity::new(ActivityKind::Like, like.uri, liker.uri, Object::Id(post.uri)))
        })
        .await?;
    document(&activity, false)
}

/// `GET /users/{name}/quote_authorizations/{id}`: the leave to quote a post of ours, while it stands (FEP-044f).
pub(super) async fn quote_stamp(federation: Data<Federation>, path: Path<(String, QuoteId)>) -> Answer {
    let (name, id) = path.into_inner();
    let site = federation.site().clone();
    let stamp = federation
        .db
        .read(move |c| {
            let author = named(c, &name)?;
            let quote = quotes::get(c, id)?;
            let quoted = posts::get(c, quote.quoted_id.ok_or(Error::NotFound("quote"))?)?;
            let (stands, uri) = (quoted.author_id == author.id && quoted.local, quote.stamp(&site, &author));
            let Some(uri) = uri.filter(|_| stands) else { return Err(Error::NotFound("quote")) };
            if !visibility::may_see(c, None, &quoted)? {
                return Err(Error::NotFound("quote"));
            }
            let quoting = posts::get(c, quote.post_id)?;
            if quoting.local_only {
                return Err(Error::NotFound("quote"));
            }
            Ok(QuoteAuthorization::new(uri, author.uri, quoting.uri, quoted.uri))
        })
        .await?;
    document(&stamp, false)
}
