//! Log-ins of the pages: a random cookie, stored hashed. Log-ins of apps are [`crate::tokens`].

use std::net::IpAddr;

use diesel::prelude::*;

use crate::connection::{Connection, any_text, cols};
use crate::error::{Error, Result};
use crate::ids::ActorId;
use crate::schema::sessions;
use crate::secrets;
use crate::time::Timestamp;

/// How long a log-in lasts.
pub const LIFETIME_SECONDS: i64 = 90 * 86_400;
/// Log-ins that are shown at the most.
const SHOWN: i64 = 200;
/// Characters of a browser's name that are kept.
const USER_AGENT_LENGTH: usize = 200;

/// Logs a user in from a browser and an address; gives back the cookie's value, which is stored nowhere.
pub fn begin(c: &mut Connection, actor: ActorId, user_agent: &str, from: Option<IpAddr>) -> Result<String> {
    let token = secrets::generate();
    let now = Timestamp::now();
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(secrets::hash(&token)),
            sessions::actor_id.eq(actor),
            sessions::user_agent.eq(user_agent.chars().take(USER_AGENT_LENGTH).collect::<String>()),
            sessions::address.eq(from.map(|address| address.to_string()).unwrap_or_default()),
            sessions::seen_at.eq(Some(now)),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(LIFETIME_SECONDS)),
        ))
        .execute(c)?;
    crate::users::seen(c, actor)?;
    Ok(token)
}

/// Whose cookie this is, while the log-in lasts. Whether the person may act is told by [`crate::tokens::person`].
pub fn find(c: &mut Connection, token: &str) -> Result<Option<ActorId>> {
    Ok(current(c, token)?.map(|(actor, _)| actor))
}

/// The same, and when the log-in was last seen in use, to the hour.
pub fn current(c: &mut Connection, token: &str) -> Result<Option<(ActorId, Option<Timestamp>)>> {
    Ok(sessions::table
        .find(secrets::hash(token))
        .filter(sessions::expires_at.gt(Timestamp::now()))
        .select((sessions::actor_id, sessions::seen_at))
        .first(c)
        .optional()?)
}

/// A log-in as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// What names it; the cookie cannot be told from it.
    pub token_hash: String,
    /// What the browser says of itself.
    pub user_agent: String,
    /// Where it was last seen; empty when that is not known.
    pub address: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last seen in use, to the hour.
    pub seen_at: Option<Timestamp>,
}

/// A person's log-ins that last, the newest first.
pub fn all(c: &mut Connection, actor: ActorId) -> Result<Vec<Session>> {
    Ok(sessions::table
        .filter(sessions::actor_id.eq(actor))
        .filter(sessions::expires_at.gt(Timestamp::now()))
        .order((sessions::created_at.desc(), sessions::token_hash))
        .limit(SHOWN)
        .select(cols::<Session>())
        .load(c)?)
}

/// Remembers that a log-in was seen in use, and where. Callers ask once an hour at the most.
pub fn touch(c: &mut Connection, token: &str, from: Option<IpAddr>) -> Result<()> {
    let now = Timestamp::now();
    let row = sessions::table.find(secrets::hash(token));
    match from {
        Some(address) => {
            diesel::update(row).set((sessions::seen_at.eq(Some(now)), sessions::address.eq(address.to_string()))).execute(c)?
        }
        None => diesel::update(row).set(sessions::seen_at.eq(Some(now))).execute(c)?,
    };
    Ok(())
}

/// Ends one of a person's own log-ins.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn end_own(c: &mut Connection, actor: ActorId, token_hash: &str) -> Result<()> {
    let gone = diesel::delete(sessions::table.find(token_hash).filter(sessions::actor_id.eq(actor))).execute(c)?;
    if gone == 0 { Err(Error::NotFound("session")) } else { Ok(()) }
}

/// Ends all of a person's log-ins but the one with this cookie.
pub fn end_others(c: &mut Connection, actor: ActorId, token: &str) -> Result<()> {
    let others = sessions::table.filter(sessions::actor_id.eq(actor)).filter(sessions::token_hash.ne(secrets::hash(token)));
    diesel::delete(others).execute(c)?;
    Ok(())
}

/// Logs a user out.
pub fn end(c: &mut Connection, token: &str) -> Result<()> {
    diesel::delete(sessions::table.find(secrets::hash(token))).execute(c)?;
    Ok(())
}

/// Removes up to `limit` log-ins that have ended; gives back how many.
pub fn purge(c: &mut Connection, limit: i64) -> Result<usize> {
    let old: Vec<String> =
        sessions::table.filter(sessions::expires_at.lt(Timestamp::now())).limit(limit).select(sessions::token_hash).load(c)?;
    Ok(diesel::delete(sessions::table.filter(any_text(sessions::token_hash, old))).execute(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};

    #[test]
    fn a_log_in_lasts_until_it_ends() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let (here, there) = (begin(c, ali, "Firefox", None)?, begin(c, ali, &"x".repeat(5_000), None)?);
            assert_eq!((find(c, &here)?, find(c, &there)?, find(c, "made up")?), (Some(ali), Some(ali), None));
            end(c, &here)?;
            assert_eq!((find(c, &here)?, find(c, &there)?), (None, Some(ali)));
            diesel::update(sessions::table).set(sessions::expires_at.eq(Timestamp::now().plus_seconds(-1))).execute(c)?;
            assert_eq!(find(c, &there)?, None);
            assert_eq!((purge(c, 10)?, purge(c, 10)?), (1, 0));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_person_sees_its_log_ins_and_ends_them() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            let home = Some(IpAddr::from([192, 0, 2, 7]));
            let (here, there) = (begin(c, ali, "Firefox", home)?, begin(c, ali, "Chrome", None)?);
            let seen = all(c, ali)?;
            assert_eq!(seen.len(), 2);
            let of = |token: &str| seen.iter().find(|s| s.token_hash == secrets::hash(token)).unwrap();
            assert_eq!((of(&here).address.as_str(), of(&there).address.as_str()), ("192.0.2.7", ""));
            touch(c, &there, home)?;
            assert!(all(c, ali)?.iter().all(|s| s.address == "192.0.2.7"));
            let hash = &of(&there).token_hash;
            assert!(matches!(end_own(c, bea, hash), Err(Error::NotFound(_))));
            end_own(c, ali, hash)?;
            assert_eq!((find(c, &there)?, find(c, &here)?), (None, Some(ali)));
            let theirs = begin(c, bea, "Safari", None)?;
            let again = begin(c, ali, "Chrome", None)?;
            end_others(c, ali, &again)?;
            assert_eq!((find(c, &here)?, find(c, &again)?, find(c, &theirs)?), (None, Some(ali), Some(bea)));
            Ok(())
        })
        .unwrap();
    }
}
