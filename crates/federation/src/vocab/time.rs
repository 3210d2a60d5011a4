//! Times in JSON: read in every form that peers send, written in one.
//! Properties use it as `#[serde(with = "time::optional")]`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, Utc};

/// Reads a time: RFC 3339 with or without fraction and offset, a blank for the `T`, a date alone, or a mail date.
/// Without an offset it is taken for UTC. Kept to the millisecond, as we store times. `None` for anything else, and outside the years 1 to 9999.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    let naive = |format: &str| NaiveDateTime::parse_from_str(text, format).ok().map(|time| time.and_utc());
    let time = DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .ok()
        .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%#z").ok().map(|time| time.to_utc()))
        .or_else(|| naive("%Y-%m-%dT%H:%M:%S%.f"))
        .or_else(|| naive("%Y-%m-%d %H:%M:%S%.f"))
        .or_else(|| naive("%Y-%m-%dT%H:%M"))
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0)).map(|time| time.and_utc())
        })
        .or_else(|| DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc()))?;
    (1..=9999).contains(&time.year()).then(|| to_millis(time))
}

/// Writes a time in UTC to the millisecond, the fraction left out when it is zero: `2026-01-31T08:05:00Z`.
pub fn write(time: DateTime<Utc>) -> String {
    to_millis(time).to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn to_millis(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time.timestamp_millis()).unwrap_or(time)
}

/// An optional time as a property.
pub mod optional {
    use super::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_json::Value;

    /// Reads the property; anything but a time counts as missing.
    ///
    /// # Errors
    /// Only when the JSON itself is broken.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(text) => super::parse(&text),
            _ => None,
        })
    }

    /// Writes the property.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.serialize_str(&super::write(*time)),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_that_peers_send_is_read() {
        for (text, seconds) in [
            ("2026-01-31T08:05:00Z", 1_769_846_700_000),
            ("2026-01-31T08:05:00.123Z", 1_769_846_700_123),
            ("2026-01-31T08:05:00.123456789Z", 1_769_846_700_123),
            ("2026-01-31T11:05:00+03:00", 1_769_846_700_000),
            ("2026-01-31T11:05:00.000+0300", 1_769_846_700_000),
            ("2026-01-31t08:05:00z", 1_769_846_700_000),
            ("2026-01-31 08:05:00", 1_769_846_700_000),
            ("2026-01-31T08:05:00", 1_769_846_700_000),
            ("2026-01-31T08:05", 1_769_846_700_000),
            ("2026-01-31", 1_769_817_600_000),
            ("Sat, 31 Jan 2026 08:05:00 GMT", 1_769_846_700_000),
        ] {
            assert_eq!(parse(text).map(|time| time.timestamp_millis()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "soon",
            "2026-13-01T00:00:00Z",
            "2026-01-31T25:00:00Z",
            "+262142-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "1769846700",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn one_form_is_written() {
        assert_eq!(write(parse("2026-01-31T11:05:00+03:00").unwrap()), "2026-01-31T08:05:00Z");
        assert_eq!(write(parse("2026-01-31T08:05:00.1234567Z").unwrap()), "2026-01-31T08:05:00.123Z");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9TZ:+. -]{0,32}|.{0,32}") {
            let _ = parse(&text);
        }
    }
}
