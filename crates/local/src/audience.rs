//! Which inboxes an audience has: remote ones only, each once. A shared inbox stands for everybody behind it.

use diesel::prelude::*;

use crate::connection::{Connection, any_of};
use crate::error::Result;
use crate::ids::ActorId;
use crate::schema::{actor_endpoints, actors, follows};

type Inboxes = (String, Option<String>);

/// The inboxes of an actor's remote followers.
pub fn follower_inboxes(c: &mut Connection, actor: ActorId) -> Result<Vec<String>> {
    let rows: Vec<Inboxes> = follows::table
        .inner_join(actors::table.on(actors::id.eq(follows::actor_id)))
        .inner_join(actor_endpoints::table.on(actor_endpoints::actor_id.eq(follows::actor_id)))
        .filter(follows::target_id.eq(actor))
        .filter(actors::domain.is_not_null())
        .filter(actors::deleted_at.is_null())
        .select((actor_endpoints::inbox, actor_endpoints::shared_inbox))
        .distinct()
        .load(c)?;
    Ok(distinct(rows, false))
}

/// The inboxes of these actors, as far as they are remote; their own ones if `personal`.
pub fn inboxes_of(c: &mut Connection, ids: &[ActorId], personal: bool) -> Result<Vec<String>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Inboxes> = actor_endpoints::table
        .inner_join(actors::table)
        .filter(any_of(actor_endpoints::actor_id, ids))
        .filter(actors::domain.is_not_null())
        .filter(actors::deleted_at.is_null())
        .select((actor_endpoints::inbox, actor_endpoints::shared_inbox))
        .load(c)?;
    Ok(distinct(rows, personal))
}

/// An inbox at every server that we know: for what everybody must hear, as that an account is gone.
pub fn known_inboxes(c: &mut Connection) -> Result<Vec<String>> {
    let shared: Vec<Option<String>> = actor_endpoints::table
        .inner_join(actors::table)
        .filter(actors::domain.is_not_null())
        .filter(actor_endpoints::shared_inbox.is_not_null())
        .select(actor_endpoints::shared_inbox)
        .distinct()
        .load(c)?;
    Ok(shared.into_iter().flatten().collect())
}

fn distinct(rows: Vec<Inboxes>, personal: bool) -> Vec<String> {
    let mut inboxes: Vec<String> =
        rows.into_iter().map(|(own, shared)| if personal { own } else { shared.unwrap_or(own) }).collect();
    inboxes.sort_unstable();
    inboxes.dedup();
    inboxes
}
