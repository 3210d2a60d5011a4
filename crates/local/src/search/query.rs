//! What a search for posts asks: words, phrases and operators, as people type them. Pure; [`super::posts`] carries it out.
//!
//! `from:` (a handle, or `me`), `has:` (media, image, video, audio, poll, link), `is:` (reply, sensitive), `language:`,
//! `before:`, `after:`, `during:` (a year, a month or a day, UTC), `in:` (library, public, all). A `-` before a word, a phrase
//! or an operator excludes what has it. Another word with a colon is a word like any other.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};

use crate::error::{Error, Flaw, Result};
use crate::text::Handle;
use crate::text::language::language;
use crate::text::search::{query_terms, sequence};
use crate::time::Timestamp;

/// Which posts are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// What the viewer may find at all.
    #[default]
    All,
    /// What the viewer wrote, liked, boosted, keeps, voted in, or was mentioned in.
    Library,
    /// Public posts of authors who let everybody find them.
    Public,
}

/// Whose posts are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The viewer's.
    Me,
    /// Those of somebody with a handle.
    Of(Handle),
}

/// A property under which a post is indexed. Each is a term of the index that no text can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// An attachment.
    Media,
    /// A picture (or a film without sound).
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// A poll.
    Poll,
    /// A link to somewhere.
    Link,
    /// It answers another.
    Reply,
    /// It is marked as sensitive.
    Sensitive,
    /// Written in a language of [`crate::text::language`].
    Language(&'static str),
    /// Nothing: nobody has it.
    Unknown,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Folded words that must all be there, phrases' included.
    pub words: Vec<String>,
    /// Each a list of folded words that must not all be there.
    pub excluded: Vec<Vec<String>>,
    /// Folded phrases that must be there word by word.
    pub phrases: Vec<Vec<String>>,
    /// … and those that must not.
    pub excluded_phrases: Vec<Vec<String>>,
    /// Properties that are wanted (true) or not.
    pub properties: Vec<(Property, bool)>,
    /// Authors that are wanted (true) or not.
    pub authors: Vec<(Author, bool)>,
    /// Not before this.
    pub from: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Periods that are not meant: from the first, before the second.
    pub excluded_periods: Vec<(Timestamp, Timestamp)>,
    /// Where.
    pub scope: Scope,
}

/// Words and operators of one query; the rest is ignored.
const MOST_PARTS: usize = 32;

impl Query {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a date that is none and for an unknown place after `in:`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut query = Self::default();
        for part in split(text).take(MOST_PARTS) {
            query.add(&part)?;
        }
        Ok(query)
    }

    /// Whether it asks for anything: to exclude alone is to ask for nothing.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
            && !self.properties.iter().any(|(_, wanted)| *wanted)
            && !self.authors.iter().any(|(_, wanted)| *wanted)
            && self.from.is_none()
            && self.until.is_none()
            && self.scope == Scope::All
    }

    fn add(&mut self, part: &Part) -> Result<()> {
        if let Part { phrase: true, text, wanted } = part {
            let words = sequence(text);
            if *wanted {
                self.words.extend(query_terms(text));
                if words.len() > 1 {
                    self.phrases.push(words);
                }
            } else if words.len() > 1 {
                self.excluded_phrases.push(words);
            } else if !words.is_empty() {
                self.excluded.push(words);
            }
            return Ok(());
        }
        if let Some((name, value)) = part.text.split_once(':')
            && !value.is_empty()
            && self.operator(&name.to_ascii_lowercase(), value, part.wanted)?
        {
            return Ok(());
        }
        let words = query_terms(&part.text);
        if part.wanted {
            self.words.extend(words);
        } else if !words.is_empty() {
            self.excluded.push(words);
        }
        Ok(())
    }

    /// Takes an operator; false when it is none.
    fn operator(&mut self, name: &str, value: &str, wanted: bool) -> Result<bool> {
        let lower = value.to_lowercase();
        match name {
            "from" => {
                let author = if lower == "me" { Some(Author::Me) } else { Handle::parse(value).map(Author::Of) };
                match author {
                    Some(author) => self.authors.push((author, wanted)),
                    None => self.properties.push((Property::Unknown, wanted)),
                }
            }
            "has" => {
                let property = match lower.as_str() {
                    "media" => Property::Media,
                    "image" => Property::Image,
                    "video" => Property::Video,
                    "audio" => Property::Audio,
                    "poll" => Property::Poll,
                    "link" | "embed" => Property::Link,
                    _ => Property::Unknown,
                };
                self.properties.push((property, wanted));
            }
            "is" => {
                let property = match lower.as_str() {
                    "reply" => Property::Reply,
                    "sensitive" => Property::Sensitive,
                    _ => Property::Unknown,
                };
                self.properties.push((property, wanted));
            }
            "language" | "lang" => {
                self.properties.push((language(value).map_or(Property::Unknown, Property::Language), wanted));
            }
            "before" | "after" | "during" => {
                let (begins, ends) = period(value).ok_or_else(|| {
                    Error::invalid("q", Flaw::Invalid, format!("{name}: needs a date such as 2025-01-31, not {value}"))
                })?;
                self.bound(name, begins, ends, wanted);
            }
            "in" => {
                self.scope = match lower.as_str() {
                    "library" => Scope::Library,
                    "public" => Scope::Public,
                    "all" => Scope::All,
                    _ => {
                        return Err(Error::invalid("q", Flaw::Inclusion, format!("in: is library, public or all, not {value}")));
                    }
                };
                if !wanted {
                    self.scope = match self.scope {
                        Scope::Library => Scope::Public,
                        Scope::Public => Scope::Library,
                        Scope::All => return Err(Error::invalid("q", Flaw::Invalid, "nothing is outside of in:all")),
                    };
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn bound(&mut self, name: &str, begins: Timestamp, ends: Timestamp, wanted: bool) {
        // What is not before a day is that day or after it.
        match (name, wanted) {
            ("before", true) => self.until(begins),
            ("before", false) => self.from(begins),
            ("after", true) => self.from(ends),
            ("after", false) => self.until(ends),
            (_, true) => {
                self.from(begins);
                self.until(ends);
            }
            (_, false) => self.excluded_periods.push((begins, ends)),
        }
    }

    fn from(&mut self, at: Timestamp) {
        self.from = Some(self.from.map_or(at, |known| known.max(at)));
    }

    fn until(&mut self, at: Timestamp) {
        self.until = Some(self.until.map_or(at, |known| known.min(at)));
    }
}

/// A word, an operator or a phrase.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    text: String,
    phrase: bool,
    wanted: bool,
}

/// Cuts a query at its spaces, but for those between quotation marks.
fn split(text: &str) -> impl Iterator<Item = Part> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let unsigned = rest.strip_prefix(['-', '+']);
        let wanted = unsigned.is_none() || !rest.starts_with('-');
        let body = unsigned.unwrap_or(rest);
        let mut characters = body.chars();
        match characters.next() {
            None if unsigned.is_none() => None,
            Some('"' | '“' | '”' | '„' | '«') => {
                let inside = characters.as_str();
                let end = inside.find(['"', '”', '“', '»']).unwrap_or(inside.len());
                let phrase = &inside[..end];
                let mut behind = inside[end..].chars();
                behind.next();
                rest = behind.as_str();
                Some(Part { text: phrase.to_owned(), phrase: true, wanted })
            }
            _ => {
                let end = body.find(char::is_whitespace).unwrap_or(body.len());
                let word = &body[..end];
                rest = &body[end..];
                Some(Part { text: word.to_owned(), phrase: false, wanted })
            }
        }
    })
}

/// A year, a month, a day or a moment: when it begins, and when what follows begins.
fn period(text: &str) -> Option<(Timestamp, Timestamp)> {
    let text: String = text.chars().map(ascii_digit).collect();
    let midnight = |date: NaiveDate| Timestamp(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    if text.len() > 10 {
        let moment = chrono::DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc());
        let moment = moment.or_else(|_| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S").map(|at| at.and_utc())).ok()?;
        let at = moment.timestamp_millis();
        return Some((Timestamp(at), Timestamp(at + 1)));
    }
    let mut numbers = text.split('-');
    let year: i32 = number(numbers.next()?, 4)?;
    let month: Option<u32> = numbers.next().map(|text| number(text, 2)).map_or(Some(None), |n| n.map(Some))?;
    let day: Option<u32> = numbers.next().map(|text| number(text, 2)).map_or(Some(None), |n| n.map(Some))?;
    if numbers.next().is_some() {
        return None;
    }
    let begins = NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1))?;
    let ends = match (month, day) {
        (_, Some(_)) => begins.succ_opt()?,
        (Some(12), None) | (None, None) => NaiveDate::from_ymd_opt(year + 1, 1, 1)?,
        (Some(month), None) => begins.with_month(month + 1)?,
    };
    Some((midnight(begins), midnight(ends)))
}

/// A number of at most so many digits.
fn number<T: std::str::FromStr>(text: &str, digits: usize) -> Option<T> {
    (!text.is_empty() && text.len() <= digits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A digit as it stands on Arabic and Persian keyboards, in ASCII.
fn ascii_digit(c: char) -> char {
    let digit = match c {
        '٠'..='٩' => u32::from(c) - u32::from('٠'),
        '۰'..='۹' => u32::from(c) - u32::from('۰'),
        _ => return c,
    };
    char::from_digit(digit, 10).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    fn day(text: &str) -> Timestamp {
        period(text).unwrap().0
    }

    #[test]
    fn words_phrases_and_what_is_excluded() {
        let query = parse("Garden -gate \"open Door\" -\"shut door\" +wall -“one”");
        assert_eq!(query.words, ["garden", "open", "door", "wall"]);
        assert_eq!(query.phrases, [["open", "door"]]);
        assert_eq!(query.excluded, [vec!["gate".to_owned()], vec!["one".to_owned()]]);
        assert_eq!(query.excluded_phrases, [["shut", "door"]]);
        assert!(!query.is_empty());
        for nothing in ["", " ", "-", "--", "-x", "\"", "-\"a b\"", "+"] {
            assert!(parse(nothing).is_empty(), "{nothing}: {:?}", parse(nothing));
        }
    }

    #[test]
    fn operators_are_told_from_words_with_a_colon() {
        let query =
            parse("from:me -from:@ali@peer.example has:Image -has:poll is:reply language:ar-EG has:cows terms:x is: in:library");
        assert_eq!(query.authors[0], (Author::Me, true));
        assert!(matches!(&query.authors[1], (Author::Of(handle), false) if handle.domain.as_deref() == Some("peer.example")));
        assert_eq!(
            query.properties,
            [
                (Property::Image, true),
                (Property::Poll, false),
                (Property::Reply, true),
                (Property::Language("ar"), true),
                (Property::Unknown, true)
            ]
        );
        assert_eq!(query.words, ["terms", "x", "is"]);
        assert_eq!(query.scope, Scope::Library);
        assert_eq!(parse("-in:library").scope, Scope::Public);
        assert!(Query::parse("in:space").is_err());
    }

    #[test]
    fn periods_begin_and_end_where_people_expect() {
        let query = parse("after:2024-02-28 before:2024-03-02");
        assert_eq!((query.from, query.until), (Some(day("2024-02-29")), Some(day("2024-03-02"))));
        let query = parse("during:2023");
        assert_eq!((query.from, query.until), (Some(day("2023-01-01")), Some(day("2024-01-01"))));
        let query = parse("during:٢٠٢٣-١٢");
        assert_eq!((query.from, query.until), (Some(day("2023-12-01")), Some(day("2024-01-01"))));
        let query = parse("-before:2023-05 -during:2024");
        assert_eq!((query.from, query.until), (Some(day("2023-05-01")), None));
        assert_eq!(query.excluded_periods, [(day("2024-01-01"), day("2025-01-01"))]);
        assert_eq!(period("2024-01-01T00:00:00Z").unwrap().0, day("2024-01-01"));
        for wrong in ["x", "2024-13", "2024-02-30", "20240", "2024-1-1-1", "-", "99999999999", "2024-01-01Tx"] {
            assert!(Query::parse(&format!("before:{wrong}")).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[-+\"“”a:é ٣inbefore2024]{0,40}|\\PC*") {
            let _ = Query::parse(&text);
        }
    }
}
