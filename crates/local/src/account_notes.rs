//! What a person notes about another, for itself alone.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_of};
use crate::error::{Error, Flaw, Result};
use crate::ids::ActorId;
use crate::schema::account_notes;

/// Characters of a note. Mastodon's number.
pub const LIMIT: usize = 2_000;

/// Notes something about another, in the place of what was noted before; nothing is noted by an empty text.
///
/// # Errors
/// [`Error::Invalid`] when it is too long.
pub fn set(c: &mut Connection, actor: ActorId, target: ActorId, text: &str) -> Result<()> {
    if text.chars().count() > LIMIT {
        return Err(Error::invalid("comment", Flaw::TooLong, format!("is too long (maximum is {LIMIT} characters)")));
    }
    diesel::delete(account_notes::table.find((actor, target))).execute(c)?;
    if !text.trim().is_empty() {
        diesel::insert_into(account_notes::table)
            .values((account_notes::actor_id.eq(actor), account_notes::target_id.eq(target), account_notes::text.eq(text)))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
    }
    Ok(())
}

/// What a person has noted about these.
pub fn about(c: &mut Connection, actor: ActorId, targets: &[ActorId]) -> Result<Vec<(ActorId, String)>> {
    let own = account_notes::table.filter(account_notes::actor_id.eq(actor));
    Ok(own.filter(any_of(account_notes::target_id, targets)).select((account_notes::target_id, account_notes::text)).load(c)?)
}
