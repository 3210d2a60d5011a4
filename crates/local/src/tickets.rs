//! Tickets: secrets that are good for one thing, for a while, and once: what the link in a letter proves, and a log-in that
//! is half done. Only their hash is stored.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_text, cols};
use crate::error::Result;
use crate::ids::ActorId;
use crate::schema::tickets;
use crate::secrets;
use crate::time::Timestamp;

stored_enum! {
    /// What a ticket is good for.
    Purpose {
        /// To confirm the e-mail address that is its data.
        Confirmation = 0 "confirmation",
        /// To choose another password.
        PasswordReset = 1 "password_reset",
        /// To change an address that was never confirmed: the password was given just now.
        Unconfirmed = 2 "unconfirmed",
        /// To log in by a second proof: the password was given just now.
        SecondStep = 3 "second_step",
        /// For nothing: a passkey's challenge that was used, kept so that it is not used again.
        SpentChallenge = 4 "spent_challenge",
    }
}

impl Purpose {
    /// How long such a ticket is good.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Confirmation => 3 * 86_400,
            Self::PasswordReset => 6 * 3_600,
            Self::Unconfirmed => 1_800,
            Self::SecondStep => 600,
            Self::SpentChallenge => 1_200,
        }
    }
}

/// A ticket as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = tickets)]
pub struct Ticket {
    /// Whose.
    pub actor_id: ActorId,
    /// Good for what.
    pub purpose: Purpose,
    /// What it is about.
    pub data: String,
    /// How often it was tried in vain.
    pub tries: i32,
    /// Since when.
    pub created_at: Timestamp,
}

/// Makes a ticket and gives back its secret, which is not stored.
pub fn issue(c: &mut Connection, actor: ActorId, purpose: Purpose, data: &str) -> Result<String> {
    let (secret, now) = (secrets::generate(), Timestamp::now());
    diesel::insert_into(tickets::table)
        .values((
            tickets::token_hash.eq(secrets::hash(&secret)),
            tickets::actor_id.eq(actor),
            tickets::purpose.eq(purpose),
            tickets::data.eq(data),
            tickets::created_at.eq(now),
            tickets::expires_at.eq(now.plus_seconds(purpose.seconds())),
        ))
        .execute(c)?;
    Ok(secret)
}

/// The ticket of a secret, while it is good for this.
pub fn find(c: &mut Connection, secret: &str, purpose: Purpose) -> Result<Option<Ticket>> {
    Ok(tickets::table
        .find(secrets::hash(secret))
        .filter(tickets::purpose.eq(purpose))
        .filter(tickets::expires_at.gt(Timestamp::now()))
        .select(cols::<Ticket>())
        .first(c)
        .optional()?)
}

/// Takes the ticket of a secret away, and gives it back if it was good for this.
pub fn take(c: &mut Connection, secret: &str, purpose: Purpose) -> Result<Option<Ticket>> {
    let found = find(c, secret, purpose)?;
    if found.is_some() {
        let gone = diesel::delete(tickets::table.find(secrets::hash(secret))).execute(c)?;
        // Somebody else took it at the same moment.
        if gone == 0 {
            return Ok(None);
        }
    }
    Ok(found)
}

/// Counts a try in vain. Every try counts, also those that are made at the same moment.
pub fn count_try(c: &mut Connection, secret: &str) -> Result<()> {
    diesel::update(tickets::table.find(secrets::hash(secret))).set(tickets::tries.eq(tickets::tries + 1)).execute(c)?;
    Ok(())
}

/// Tries in vain with the tickets of a person that are kept.
pub fn tries(c: &mut Connection, actor: ActorId, purpose: Purpose) -> Result<i64> {
    let all = tickets::table.filter(tickets::actor_id.eq(actor)).filter(tickets::purpose.eq(purpose));
    let sum: Option<i64> = all.select(diesel::dsl::sum(tickets::tries)).get_result(c)?;
    Ok(sum.unwrap_or(0))
}

/// How many were made for this since then, whether or not they are still good.
pub fn made_since(c: &mut Connection, actor: ActorId, purpose: Purpose, since: Timestamp) -> Result<i64> {
    Ok(tickets::table
        .filter(tickets::actor_id.eq(actor))
        .filter(tickets::purpose.eq(purpose))
        .filter(tickets::created_at.gt(since))
        .count()
        .get_result(c)?)
}

/// Takes all of a person's tickets for one thing away.
pub fn revoke_all(c: &mut Connection, actor: ActorId, purpose: Purpose) -> Result<()> {
    let all = tickets::table.filter(tickets::actor_id.eq(actor)).filter(tickets::purpose.eq(purpose));
    diesel::delete(all).execute(c)?;
    Ok(())
}

/// Removes up to `limit` tickets that are good no more; gives back how many.
pub fn purge(c: &mut Connection, limit: i64) -> Result<usize> {
    let old: Vec<String> =
        tickets::table.filter(tickets::expires_at.lt(Timestamp::now())).limit(limit).select(tickets::token_hash).load(c)?;
    Ok(diesel::delete(tickets::table.filter(any_text(tickets::token_hash, old))).execute(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};

    #[test]
    fn a_ticket_is_good_once_for_one_thing_and_not_for_ever() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let secret = issue(c, ali, Purpose::PasswordReset, "")?;
            assert_eq!(take(c, &secret, Purpose::Confirmation)?, None);
            assert_eq!(find(c, &secret, Purpose::PasswordReset)?.map(|t| t.actor_id), Some(ali));
            count_try(c, &secret)?;
            assert_eq!(take(c, &secret, Purpose::PasswordReset)?.map(|t| t.tries), Some(1));
            assert_eq!(take(c, &secret, Purpose::PasswordReset)?, None);
            let old = issue(c, ali, Purpose::Confirmation, "ali@example.org")?;
            assert_eq!(made_since(c, ali, Purpose::Confirmation, Timestamp::now().plus_seconds(-60))?, 1);
            diesel::update(tickets::table).set(tickets::expires_at.eq(Timestamp::now().plus_seconds(-1))).execute(c)?;
            assert_eq!(take(c, &old, Purpose::Confirmation)?, None);
            assert_eq!((purge(c, 10)?, purge(c, 10)?), (1, 0));
            Ok(())
        })
        .unwrap();
    }
}
