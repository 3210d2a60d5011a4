//! Numbers of the whole server, for nodeinfo, the instance entity and the front page.

use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::connection::{Connection, written};
use crate::error::Result;
use crate::ids::PostId;
use crate::schema::{posts, users};
use crate::time::Timestamp;
use crate::visibility::Visibility;

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

/// What happened here within one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its first second, a Monday at midnight (UTC).
    pub begins: Timestamp,
    /// Public posts of people here.
    pub posts: i64,
    /// People who were last active in it.
    pub active: i64,
    /// People who joined.
    pub joined: i64,
}

/// The last `count` weeks, the present one first.
pub fn weeks(c: &mut Connection, count: i64) -> Result<Vec<Week>> {
    use chrono::Datelike as _;
    let now = Timestamp::now();
    let monday = i64::from(now.to_utc().weekday().num_days_from_monday());
    let midnight = now.millis() - now.millis().rem_euclid(DAY * 1_000);
    let mut weeks = Vec::new();
    for n in 0..count {
        let begins = Timestamp(midnight).plus_seconds(-(monday + 7 * n) * DAY);
        let ends = begins.plus_seconds(7 * DAY);
        // The local posts of a week stand together in the partial index of the local timeline's ids.
        let posts = posts::table
            .filter(posts::visibility.eq(Visibility::Public))
            .filter(posts::local.eq(true))
            .filter(posts::boost_of_id.is_null())
            .filter(posts::deleted_at.is_null())
            .filter(posts::id.ge(PostId::first_at(begins)))
            .filter(posts::id.lt(PostId::first_at(ends)))
            .select(count_star())
            .first(c)?;
        let joined =
            users::table.filter(users::created_at.ge(begins)).filter(users::created_at.lt(ends)).select(count_star()).first(c)?;
        let active = users::table
            .filter(users::last_active_at.ge(begins))
            .filter(users::last_active_at.lt(ends))
            .select(count_star())
            .first(c)?;
        weeks.push(Week { begins, posts, active, joined });
    }
    Ok(weeks)
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
