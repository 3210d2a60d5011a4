//! Mentions: whom a post addresses by name. They are its audience (with the followers, where those see it).

use diesel::prelude::*;

use crate::connection::{Connection, any_of};
use crate::error::Result;
use crate::ids::{ActorId, PostId};
use crate::on_each;
use crate::schema::{actors, mentions};

/// Adds mentions that are not there yet. `silent` ones are addressed without standing in the text.
pub(crate) fn add(c: &mut Connection, post: PostId, actors: &[ActorId], silent: bool) -> Result<()> {
    let rows: Vec<_> = actors
        .iter()
        .map(|actor| (mentions::post_id.eq(post), mentions::actor_id.eq(*actor), mentions::silent.eq(silent)))
        .collect();
    for chunk in rows.chunks(1_000) {
        on_each!(c => diesel::insert_into(mentions::table).values(chunk).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// Takes mentions away that a new text does not make any more.
pub(crate) fn remove(c: &mut Connection, post: PostId, actors: &[ActorId]) -> Result<()> {
    if !actors.is_empty() {
        diesel::delete(mentions::table.filter(mentions::post_id.eq(post)).filter(any_of(mentions::actor_id, actors)))
            .execute(c)?;
    }
    Ok(())
}

/// Whom a post addresses, silently or not.
pub fn of_post(c: &mut Connection, post: PostId) -> Result<Vec<ActorId>> {
    Ok(mentions::table.filter(mentions::post_id.eq(post)).order(mentions::actor_id).select(mentions::actor_id).load(c)?)
}

/// Whom these posts mention in their text, as pairs; one query for all.
pub fn of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<(PostId, ActorId)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(mentions::table
        .filter(any_of(mentions::post_id, posts))
        .filter(mentions::silent.eq(false))
        .order((mentions::post_id, mentions::actor_id))
        .select((mentions::post_id, mentions::actor_id))
        .load(c)?)
}

/// Whom these posts address without mentioning them, as pairs; one query for all.
pub fn silent_of_posts(c: &mut Connection, posts: &[PostId]) -> Result<Vec<(PostId, ActorId)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(mentions::table
        .filter(any_of(mentions::post_id, posts))
        .filter(mentions::silent.eq(true))
        .order((mentions::post_id, mentions::actor_id))
        .select((mentions::post_id, mentions::actor_id))
        .load(c)?)
}

/// Somebody who is mentioned, with as much of the actor as naming it needs.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = actors)]
#[allow(missing_docs)]
pub struct Named {
    pub id: ActorId,
    pub username: String,
    /// `None` for our own.
    pub domain: Option<String>,
    pub uri: String,
    pub url: Option<String>,
}

/// [`of_posts`] with names: whom these posts mention in their text; one query for all.
pub fn named(c: &mut Connection, posts: &[PostId]) -> Result<Vec<(PostId, Named)>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    Ok(mentions::table
        .inner_join(actors::table)
        .filter(any_of(mentions::post_id, posts))
        .filter(mentions::silent.eq(false))
        .order((mentions::post_id, mentions::actor_id))
        .select((mentions::post_id, Named::as_select()))
        .load(c)?)
}
