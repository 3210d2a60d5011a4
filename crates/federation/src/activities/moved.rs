//! `Move`: an account goes to another one, and its followers with it (FEP-7628). Only the other's own profile, fetched anew,
//! can confirm that.

use majlis_local::actors::Actor;
use majlis_local::{Connection, Error, Result, follows};

use super::Handled;
use crate::vocab::Activity;

pub(super) fn handle(c: &mut Connection, activity: &Activity, actor: &Actor) -> Result<Handled> {
    if activity.object_id() != Some(actor.uri.as_str()) {
        return Err(Error::Forbidden("an actor moves another actor"));
    }
    if activity.target.is_none() || !follows::has_local_followers(c, actor.id)? {
        return Ok(Handled::Ignored("the move of an account that nobody here follows"));
    }
    Ok(Handled::Fetch)
}
