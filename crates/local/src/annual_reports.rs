//! Annual reports: what somebody did here in a year, counted from its own posts and followers and from nothing else. A report is
//! made by a job when its owner asks for it, and kept.

use std::collections::BTreeMap;

use chrono::{Datelike, TimeZone as _, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, PortableDsl, cols, written};
use crate::error::{Error, Result};
use crate::ids::{ActorId, AnnualReportId, PostId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::posts::Parts;
use crate::schema::{annual_reports, follows, posts};
use crate::time::Timestamp;
use crate::visibility::Visibility;

/// The form of the data (Mastodon's `schema_version`).
pub const VERSION: i32 = 2;
/// The day of December from which on the present year has its report (Mastodon's).
const FIRST_DAY: u32 = 10;
/// Posts and boosts that make a year worth a report.
const FEW: i64 = 10;
/// Posts and boosts below which somebody counts as a reader rather than a writer (Mastodon's average of a year).
const AVERAGE: i64 = 113;
/// Posts that are read at once.
const CHUNK: i64 = 5_000;

/// What a year was, in Mastodon's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// `lurker`, `booster`, `pollster`, `replier` or `oracle`.
    pub archetype: String,
    /// All twelve months.
    pub time_series: Vec<Month>,
    /// The hashtag used most, if any was.
    pub top_hashtags: Vec<TopHashtag>,
    /// The posts that went furthest.
    pub top_statuses: TopPosts,
}

/// One month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    /// 1 to 12.
    pub month: u32,
    /// Posts and boosts.
    pub statuses: i64,
    /// Those who began to follow, and still do.
    pub followers: i64,
}

/// A hashtag and how often it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TopHashtag {
    pub name: String,
    pub count: i64,
}

/// The posts that went furthest; the other two have gone with the first form of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct TopPosts {
    pub by_reblogs: Option<PostId>,
    pub by_replies: Option<PostId>,
    pub by_favourites: Option<PostId>,
}

/// A report as stored; without data as long as it is being made.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = annual_reports)]
#[allow(missing_docs)]
pub struct AnnualReport {
    pub id: AnnualReportId,
    pub actor_id: ActorId,
    pub year: i32,
    pub data: Option<Json<Data>>,
    pub viewed_at: Option<Timestamp>,
}

/// How far a report has come (Mastodon's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can be read.
    Available,
    /// It is being made.
    Generating,
    /// It can be asked for.
    Eligible,
    /// It cannot: the year is not over, or there is too little to tell.
    Ineligible,
}

impl Standing {
    /// The word that the API uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Generating => "generating",
            Self::Eligible => "eligible",
            Self::Ineligible => "ineligible",
        }
    }
}

/// How far the report of a year has come.
pub fn standing(c: &mut Connection, actor: ActorId, year: i32) -> Result<Standing> {
    match find(c, actor, year)? {
        Some(AnnualReport { data: Some(_), .. }) => Ok(Standing::Available),
        Some(_) => Ok(Standing::Generating),
        None if is_told(year, Timestamp::now()) && is_worth_it(c, actor, year)? => Ok(Standing::Eligible),
        None => Ok(Standing::Ineligible),
    }
}

/// Asks for the report of a year; gives back how far it has come then. One that is there, or cannot be, stays as it is.
pub fn request(c: &mut Connection, actor: ActorId, year: i32) -> Result<Standing> {
    let standing = standing(c, actor, year)?;
    if standing != Standing::Eligible {
        return Ok(standing);
    }
    let made = diesel::insert_into(annual_reports::table)
        .values((
            annual_reports::id.eq(AnnualReportId::new()),
            annual_reports::actor_id.eq(actor),
            annual_reports::year.eq(year),
            annual_reports::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if made == 1 {
        jobs::enqueue(c, &Job::AnnualReport { actor, year })?;
    }
    Ok(Standing::Generating)
}

/// Keeps what was counted, if it is still wanted.
pub fn store(c: &mut Connection, actor: ActorId, year: i32, data: Data) -> Result<()> {
    let wanted = annual_reports::table.filter(annual_reports::actor_id.eq(actor)).filter(annual_reports::year.eq(year));
    diesel::update(wanted).set(annual_reports::data.eq(Some(Json(data)))).execute(c)?;
    Ok(())
}

/// The reports of `actor` that can be read, the latest year first.
pub fn of(c: &mut Connection, actor: ActorId) -> Result<Vec<AnnualReport>> {
    Ok(annual_reports::table
        .filter(annual_reports::actor_id.eq(actor))
        .filter(annual_reports::data.is_not_null())
        .order(annual_reports::year.desc())
        .select(cols::<AnnualReport>())
        .load(c)?)
}

/// The report of a year that can be read.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, actor: ActorId, year: i32) -> Result<AnnualReport> {
    find(c, actor, year)?.filter(|report| report.data.is_some()).ok_or(Error::NotFound("annual report"))
}

/// Its owner has read it.
///
/// # Errors
/// [`Error::NotFound`].
pub fn mark_read(c: &mut Connection, actor: ActorId, year: i32) -> Result<()> {
    let report = get(c, actor, year)?;
    if report.viewed_at.is_none() {
        let viewed = annual_reports::viewed_at.eq(Some(Timestamp::now()));
        diesel::update(annual_reports::table.filter(annual_reports::id.eq(report.id))).set(viewed).execute(c)?;
    }
    Ok(())
}

fn find(c: &mut Connection, actor: ActorId, year: i32) -> Result<Option<AnnualReport>> {
    let own = annual_reports::table.filter(annual_reports::actor_id.eq(actor)).filter(annual_reports::year.eq(year));
    Ok(own.select(cols::<AnnualReport>()).first(c).optional()?)
}

/// Whether a year has its report by now: once it is nearly over.
fn is_told(year: i32, now: Timestamp) -> bool {
    let now = now.to_utc();
    year < now.year() || (year == now.year() && now.month() == 12 && now.day() >= FIRST_DAY)
}

/// The beginning of a year and of the next one (UTC).
fn bounds(year: i32) -> Option<(Timestamp, Timestamp)> {
    let first = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().map(|time| Timestamp(time.timestamp_millis()));
    // No post is older than the epoch, and no id reaches beyond the year 6400.
    Some((first(year)?, first(year.checked_add(1)?)?)).filter(|_| (1970..6000).contains(&year))
}

fn is_worth_it(c: &mut Connection, actor: ActorId, year: i32) -> Result<bool> {
    let Some((from, to)) = bounds(year) else { return Ok(false) };
    let some: Vec<PostId> = posts::table
        .filter(posts::author_id.eq(actor))
        .filter(posts::id.ge(PostId::first_at(from)))
        .filter(posts::id.lt(PostId::first_at(to)))
        .filter(posts::deleted_at.is_null())
        .limit(FEW)
        .select(posts::id)
        .load(c)?;
    Ok(i64::try_from(some.len()).is_ok_and(|some| some >= FEW))
}

/// What is read of a post.
type Row = (PostId, Option<PostId>, Option<ActorId>, Option<String>, Parts, Visibility, i64);

/// Counts a year of `actor`.
pub fn compute(c: &mut Connection, actor: ActorId, year: i32) -> Result<Data> {
    let (from, to) = bounds(year).ok_or(Error::NotFound("year"))?;
    let (mut own, mut boosts, mut answers, mut polls) = (0_i64, 0_i64, 0_i64, 0_i64);
    let mut months: BTreeMap<u32, (i64, i64)> = (1..=12).map(|month| (month, (0, 0))).collect();
    let mut furthest: Option<(i64, PostId)> = None;
    let mut after = PostId(PostId::first_at(from).0 - 1);
    loop {
        let rows: Vec<Row> = posts::table
            .filter(posts::author_id.eq(actor))
            .filter(posts::id.gt(after))
            .filter(posts::id.lt(PostId::first_at(to)))
            .filter(posts::deleted_at.is_null())
            .order(posts::id)
            .limit(CHUNK)
            .select((
                posts::id,
                posts::boost_of_id,
                posts::in_reply_to_actor_id,
                posts::in_reply_to_uri,
                posts::parts,
                posts::visibility,
                posts::boosts_count,
            ))
            .load(c)?;
        for (id, boost_of, answered, answered_uri, parts, visibility, boosted) in &rows {
            if let Some(counted) = months.get_mut(&id.time().to_utc().month()) {
                counted.0 += 1;
            }
            if boost_of.is_some() {
                boosts += 1;
                continue;
            }
            if answered_uri.is_some() && *answered != Some(actor) {
                answers += 1;
            } else {
                own += 1;
            }
            polls += i64::from(parts.has(Parts::POLL));
            let further = furthest.is_none_or(|(most, _)| *boosted > most);
            if visibility.is_open() && *boosted > 0 && further {
                furthest = Some((*boosted, *id));
            }
        }
        match rows.last() {
            Some(row) if i64::try_from(rows.len()).is_ok_and(|read| read == CHUNK) => after = row.0,
            _ => break,
        }
    }
    let began: Vec<Timestamp> = follows::table
        .filter(follows::target_id.eq(actor))
        .filter(follows::created_at.ge(from))
        .filter(follows::created_at.lt(to))
        .select(follows::created_at)
        .load(c)?;
    for time in began {
        if let Some(counted) = months.get_mut(&time.to_utc().month()) {
            counted.1 += 1;
        }
    }
    Ok(Data {
        archetype: archetype(own, boosts, answers, polls).to_owned(),
        time_series: months.into_iter().map(|(month, (statuses, followers))| Month { month, statuses, followers }).collect(),
        top_hashtags: top_hashtag(c, actor, from, to)?.into_iter().collect(),
        top_statuses: TopPosts { by_reblogs: furthest.map(|(_, id)| id), by_replies: None, by_favourites: None },
    })
}

/// What somebody mostly does, by Mastodon's measure.
fn archetype(own: i64, boosts: i64, answers: i64, polls: i64) -> &'static str {
    if own + boosts + answers < AVERAGE {
        "lurker"
    } else if boosts > 2 * own {
        "booster"
    } else if 10 * polls > own {
        "pollster"
    } else if answers > 2 * own {
        "replier"
    } else {
        "oracle"
    }
}

fn top_hashtag(c: &mut Connection, actor: ActorId, from: Timestamp, to: Timestamp) -> Result<Option<TopHashtag>> {
    let top: Option<(String, i64)> = written::<(Text, BigInt)>(
        "SELECT h.display_name, COUNT(*) FROM posts p CROSS JOIN post_hashtags ph CROSS JOIN hashtags h \
         WHERE p.author_id = :actor AND p.id >= :from AND p.id < :to AND p.deleted_at IS NULL \
         AND ph.post_id = p.id AND h.id = ph.hashtag_id \
         GROUP BY h.id, h.display_name ORDER BY COUNT(*) DESC, h.id LIMIT 1",
    )
    .number("actor", actor)
    .number("from", PostId::first_at(from))
    .number("to", PostId::first_at(to))
    .get_result(c)
    .optional()?;
    Ok(top.map(|(name, count)| TopHashtag { name, count }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use crate::testing::people;

    #[test]
    fn a_year_is_told_when_it_is_nearly_over() {
        let at = |year, month, day| Timestamp(Utc.with_ymd_and_hms(year, month, day, 12, 0, 0).unwrap().timestamp_millis());
        assert!(!is_told(2026, at(2026, 12, 9)));
        assert!(is_told(2026, at(2026, 12, 10)));
        assert!(is_told(2026, at(2027, 1, 1)));
        assert!(!is_told(2027, at(2026, 12, 31)));
        assert!(bounds(i32::MAX).is_none() && bounds(-5).is_none() && bounds(2026).is_some());
    }

    #[test]
    fn what_somebody_mostly_does() {
        for (counts, word) in [
            ((10, 0, 0, 0), "lurker"),
            ((50, 101, 0, 0), "booster"),
            ((100, 100, 0, 11), "pollster"),
            ((50, 0, 101, 5), "replier"),
            ((100, 50, 50, 10), "oracle"),
        ] {
            let (own, boosts, answers, polls) = counts;
            assert_eq!(archetype(own, boosts, answers, polls), word);
        }
    }

    #[test]
    fn a_year_is_counted_from_ones_own_posts_alone() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            let now = Timestamp::now().to_utc();
            let year = now.year();
            let hers = people::say(c, bea, "hers #hers");
            for n in 0..9 {
                people::say(c, ali, &format!("{n} #Mine"));
            }
            assert_eq!(standing(c, ali, year - 1)?, Standing::Ineligible);
            assert!(!is_worth_it(c, ali, year)?);
            let best = people::say(c, ali, "best #other");
            people::reply(c, ali, hers.id, "an answer");
            crate::boosts::boost(c, &people::site(), bea, &best, None)?;
            crate::boosts::boost(c, &people::site(), ali, &hers, None)?;
            people::follow(c, bea, ali);
            assert!(is_worth_it(c, ali, year)?);
            let data = compute(c, ali, year)?;
            let month = data.time_series[now.month0() as usize];
            assert_eq!((month.month, month.statuses, month.followers), (now.month(), 12, 1));
            assert_eq!(data.time_series.iter().map(|month| month.statuses).sum::<i64>(), 12);
            assert_eq!(data.top_hashtags, [TopHashtag { name: "Mine".into(), count: 9 }]);
            assert_eq!((data.archetype.as_str(), data.top_statuses.by_reblogs), ("lurker", Some(best.id)));
            let before = compute(c, ali, year - 1)?;
            assert_eq!((before.top_hashtags.len(), before.top_statuses.by_reblogs), (0, None));
            Ok(())
        })
        .unwrap();
    }
}
