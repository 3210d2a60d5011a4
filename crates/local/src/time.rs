//! Points in time: milliseconds since 1970 (UTC), `BIGINT` in the database, RFC 3339 with milliseconds and `Z` in JSON.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The present.
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }

    /// Reads a time as clients write it: RFC 3339, without an offset in UTC, or a day alone.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Some(time.to_utc().into());
        }
        let zoneless = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let time = zoneless.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
        Some(time.and_utc().into())
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This time `seconds` later (earlier when negative).
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000)))
    }

    /// The calendar form; a value outside of chrono's range becomes 1970.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// `2026-01-31T12:34:56.789Z`, as Mastodon's API writes it.
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }

    /// `2026-01-31`, as `last_status_at` is written.
    pub fn to_date(self) -> String {
        self.to_utc().format("%Y-%m-%d").to_string()
    }
}

const DAY: i64 = 86_400_000;

/// `2026-01-31T12:34:56.789Z`. Every entity carries a few of these: written digit by digit, without chrono's generality.
impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let millis = if (0..253_402_300_800_000).contains(&self.0) { self.0 } else { 0 };
        let (year, month, day) = civil(millis / DAY);
        let rest = millis % DAY;
        let mut text = *b"0000-00-00T00:00:00.000Z";
        for (at, digits, value) in [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, rest / 3_600_000),
            (14, 2, rest / 60_000 % 60),
            (17, 2, rest / 1_000 % 60),
            (20, 3, rest % 1_000),
        ] {
            let mut value = value;
            for place in text[at..at + digits].iter_mut().rev() {
                *place = b'0' + (value % 10) as u8;
                value /= 10;
            }
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Year, month and day of a day after 1970-01-01, in the proleptic Gregorian calendar. Counted from March, so that the leap
/// day is a year's last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_millis())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let time = <DateTime<Utc> as serde::Deserialize>::deserialize(d)?;
        Ok(time.into())
    }
}

impl<DB> diesel::serialize::ToSql<diesel::sql_types::BigInt, DB> for Timestamp
where
    DB: diesel::backend::Backend,
    i64: diesel::serialize::ToSql<diesel::sql_types::BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB> diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB> for Timestamp
where
    DB: diesel::backend::Backend,
    i64: diesel::deserialize::FromSql<diesel::sql_types::BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        i64::from_sql(bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_form_has_milliseconds_and_z() {
        assert_eq!(Timestamp(1_769_862_896_789).to_rfc3339(), "2026-01-31T12:34:56.789Z");
        assert_eq!(Timestamp(1_769_862_896_789).to_date(), "2026-01-31");
    }

    #[test]
    fn clients_write_times_in_many_ways() {
        for text in ["2026-01-31T12:00:00Z", "2026-01-31T15:00:00.000+03:00", "2026-01-31T12:00:00", "2026-01-31 12:00"] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::to_rfc3339).as_deref(), Some("2026-01-31T12:00:00.000Z"), "{text}");
        }
        assert_eq!(Timestamp::parse("2026-01-31").map(Timestamp::to_rfc3339).as_deref(), Some("2026-01-31T00:00:00.000Z"));
        assert_eq!(Timestamp::parse("soon"), None);
    }

    #[test]
    fn the_calendar_is_chronos() {
        for n in 0..40_000_i64 {
            let time = Timestamp(n * 5_999_999_937 % 253_402_300_800_000);
            assert_eq!(time.to_string(), time.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        }
        assert_eq!(Timestamp(951_782_400_000).to_string(), "2000-02-29T00:00:00.000Z");
        assert_eq!(Timestamp(253_402_300_799_999).to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_absurd_value_is_not_a_panic() {
        assert_eq!(Timestamp(i64::MAX).to_rfc3339(), "1970-01-01T00:00:00.000Z");
    }
}
