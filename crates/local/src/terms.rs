//! Terms of service: each version with the day from which it counts. Old ones stay, so that people can read what they agreed to.

pub use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::settings;
use crate::time::Timestamp;

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The day from which it counts (UTC): `2026-01-31`.
    pub effective: NaiveDate,
    /// HTML, written by an admin.
    pub content: String,
}

impl Terms {
    /// Whether its day has come. It may have been succeeded since.
    pub fn is_effective(&self) -> bool {
        self.effective <= today()
    }
}

/// A version and the day of the one that comes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Found {
    pub terms: Terms,
    pub succeeded_by: Option<NaiveDate>,
}

fn today() -> NaiveDate {
    Timestamp::now().to_utc().date_naive()
}

/// All versions, by their days.
pub fn all(c: &mut Connection) -> Result<Vec<Terms>> {
    Ok(settings::get(c, NAME)?.unwrap_or_default())
}

const NAME: &str = "terms_of_service";

/// The version that counts today, else the one that will first.
///
/// # Errors
/// [`Error::NotFound`] when there are none.
pub fn current(c: &mut Connection) -> Result<Found> {
    let all = all(c)?;
    let at = all.iter().rposition(Terms::is_effective).unwrap_or(0);
    found(all, at)
}

/// The version of a day.
///
/// # Errors
/// [`Error::NotFound`].
pub fn of_day(c: &mut Connection, day: NaiveDate) -> Result<Found> {
    let all = all(c)?;
    let at = all.iter().position(|terms| terms.effective == day).ok_or(Error::NotFound("terms of service"))?;
    found(all, at)
}

fn found(mut all: Vec<Terms>, at: usize) -> Result<Found> {
    let succeeded_by = all.get(at + 1).map(|next| next.effective);
    if at >= all.len() {
        return Err(Error::NotFound("terms of service"));
    }
    Ok(Found { terms: all.swap_remove(at), succeeded_by })
}

/// Puts a version down, in place of what there was of this day.
pub fn set(c: &mut Connection, terms: Terms) -> Result<()> {
    let mut all = all(c)?;
    all.retain(|known| known.effective != terms.effective);
    all.push(terms);
    all.sort_by_key(|terms| terms.effective);
    settings::set(c, NAME, &all)
}

/// Takes the version of a day away.
///
/// # Errors
/// [`Error::NotFound`].
pub fn remove(c: &mut Connection, day: NaiveDate) -> Result<()> {
    let mut all = all(c)?;
    let before = all.len();
    all.retain(|terms| terms.effective != day);
    if all.len() == before {
        return Err(Error::NotFound("terms of service of this day"));
    }
    settings::set(c, NAME, &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[test]
    fn each_version_counts_from_its_day_until_the_next() {
        TestDb::new()
            .write_now(|c| {
                assert!(matches!(current(c), Err(Error::NotFound(_))));
                let day = |days: i64| today() + chrono::TimeDelta::days(days);
                let of = |days, content: &str| Terms { effective: day(days), content: content.into() };
                set(c, of(9, "coming"))?;
                assert_eq!(current(c)?, Found { terms: of(9, "coming"), succeeded_by: None });
                set(c, of(-9, "old"))?;
                set(c, of(0, "typo"))?;
                set(c, of(0, "now"))?;
                assert_eq!(current(c)?, Found { terms: of(0, "now"), succeeded_by: Some(day(9)) });
                assert_eq!(of_day(c, day(-9))?, Found { terms: of(-9, "old"), succeeded_by: Some(day(0)) });
                assert!(matches!(of_day(c, day(1)), Err(Error::NotFound(_))));
                remove(c, day(0))?;
                assert!(matches!(remove(c, day(0)), Err(Error::NotFound(_))));
                assert_eq!(current(c)?.terms.content, "old");
                assert!(of(0, "").is_effective() && !of(1, "").is_effective());
                Ok(())
            })
            .unwrap();
    }
}
