//! Invitations: codes that let people join where sign-up needs one, or skips the admin's look where it needs that.

use diesel::prelude::*;

use crate::connection::{Connection, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, InviteId};
use crate::schema::invites;
use crate::secrets;
use crate::time::Timestamp;

/// An invitation as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = invites)]
#[allow(missing_docs)]
pub struct Invite {
    pub id: InviteId,
    pub code: String,
    /// Who made it; `None`: whoever runs the server.
    pub creator_id: Option<ActorId>,
    /// `None`: as often as one likes.
    pub max_uses: Option<i32>,
    pub uses: i32,
    /// `None`: for ever.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// Makes an invitation with a code that cannot be guessed.
pub fn create(
    c: &mut Connection,
    creator: Option<ActorId>,
    max_uses: Option<i32>,
    expires_at: Option<Timestamp>,
) -> Result<Invite> {
    Ok(diesel::insert_into(invites::table)
        .values((
            invites::id.eq(InviteId::new()),
            invites::code.eq(secrets::generate()),
            invites::creator_id.eq(creator),
            invites::max_uses.eq(max_uses),
            invites::expires_at.eq(expires_at),
            invites::created_at.eq(Timestamp::now()),
        ))
        .returning(cols::<Invite>())
        .get_result(c)?)
}

/// The invitation of a code, if it may still be used.
pub fn usable(c: &mut Connection, code: &str) -> Result<Option<Invite>> {
    let found: Option<Invite> =
        invites::table.filter(invites::code.eq(code.trim())).select(cols::<Invite>()).first(c).optional()?;
    let now = Timestamp::now();
    Ok(found.filter(|i| i.max_uses.is_none_or(|most| i.uses < most) && i.expires_at.is_none_or(|end| end > now)))
}

/// Counts that somebody joined by an invitation.
///
/// # Errors
/// [`Error::Invalid`] naming `invite_code` when somebody else took the last use at the same moment.
pub(crate) fn count_use(c: &mut Connection, id: InviteId) -> Result<()> {
    let left = invites::max_uses.is_null().or(invites::uses.nullable().lt(invites::max_uses));
    let counted = diesel::update(invites::table.find(id).filter(left)).set(invites::uses.eq(invites::uses + 1)).execute(c)?;
    if counted == 0 {
        return Err(Error::invalid("invite_code", Flaw::Invalid, "is not valid (any more)"));
    }
    Ok(())
}
