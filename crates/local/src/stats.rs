//! Numbers of the whole server, for nodeinfo, the instance entity and the front page.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, written};
use crate::error::Result;
use crate::schema::users;
use crate::time::Timestamp;

const DAY: i64 = 86_400;

/// How many people and posts there are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// People who can log in.
    pub users: i64,
    /// … and did within a month.
    pub active_month: i64,
    /// … within half a year.
    pub active_half_year: i64,
    /// Their posts and boosts, but for direct ones.
    pub local_posts: i64,
}

/// Counts them. Reads every local account once; callers keep the answer for a while.
pub fn counts(c: &mut Connection) -> Result<Counts> {
    let people = || users::table.filter(users::confirmed_at.is_not_null()).filter(users::disabled_at.is_null());
    let since = |days: i64| Timestamp::now().plus_seconds(-days * DAY);
    let active = |c: &mut Connection, days: i64| -> Result<i64> {
        Ok(people().filter(users::last_active_at.gt(since(days))).select(count_star()).first(c)?)
    };
    let local_posts: i64 =
        written::<BigInt>("SELECT CAST(COALESCE(SUM(posts_count), 0) AS BIGINT) FROM actors WHERE domain IS NULL")
            .get_result(c)?;
    Ok(Counts {
        users: people().select(count_star()).first(c)?,
        active_month: active(c, 30)?,
        active_half_year: active(c, 180)?,
        local_posts,
    })
}
