//! Log-ins of the pages: a random cookie, stored hashed. Log-ins of apps are [`crate::tokens`].

use diesel::prelude::*;

use crate::connection::{Connection, any_text};
use crate::error::Result;
use crate::ids::ActorId;
use crate::schema::sessions;
use crate::secrets;
use crate::time::Timestamp;

/// How long a log-in lasts.
pub const LIFETIME_SECONDS: i64 = 90 * 86_400;
/// Characters of a browser's name that are kept.
const USER_AGENT_LENGTH: usize = 200;

/// Logs a user in; gives back the cookie's value, which is stored nowhere.
pub fn begin(c: &mut Connection, actor: ActorId, user_agent: &str) -> Result<String> {
    let token = secrets::generate();
    let now = Timestamp::now();
    diesel::insert_into(sessions::table)
        .values((
            sessions::token_hash.eq(secrets::hash(&token)),
            sessions::actor_id.eq(actor),
            sessions::user_agent.eq(user_agent.chars().take(USER_AGENT_LENGTH).collect::<String>()),
            sessions::created_at.eq(now),
            sessions::expires_at.eq(now.plus_seconds(LIFETIME_SECONDS)),
        ))
        .execute(c)?;
    crate::users::seen(c, actor)?;
    Ok(token)
}

/// Whose cookie this is, while the log-in lasts. Whether the person may act is told by [`crate::tokens::person`].
pub fn find(c: &mut Connection, token: &str) -> Result<Option<ActorId>> {
    Ok(sessions::table
        .find(secrets::hash(token))
        .filter(sessions::expires_at.gt(Timestamp::now()))
        .select(sessions::actor_id)
        .first(c)
        .optional()?)
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
            let (here, there) = (begin(c, ali, "Firefox")?, begin(c, ali, &"x".repeat(5_000))?);
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
}
