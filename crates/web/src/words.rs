//! The words of the pages: Fluent files (`locales/{en,ar}/*.ftl`) made ready once, so that a page looks its words up
//! instead of parsing them. Sentences that hold a name are split around it, so that the name can be HTML.

use std::borrow::Borrow;
use std::collections::HashMap;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use majlis_local::text::isolate;
use majlis_local::{Problem, Timestamp};
use unic_langid::LanguageIdentifier;

use crate::language::{Digits, Language, Locale};

/// The Fluent files of one language: name and text.
type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($language:literal: $($name:literal)+) => {
        &[$(($name, include_str!(concat!("../locales/", $language, "/", $name, ".ftl")))),+]
    };
}

const ENGLISH: Files = files!("en": "common" "front" "account" "authorize" "profile" "post" "settings" "errors" "letters" "compose" "security" "data" "push" "moving" "newsletters");
const ARABIC: Files = files!("ar": "common" "front" "account" "authorize" "profile" "post" "settings" "errors" "letters" "compose" "security" "data" "push" "moving" "newsletters");

/// Stands for a name while a sentence is split: a character that no Fluent file contains.
const GAP: &str = "\u{FFFC}";

/// The words of one language and way of writing numbers. Numbers and times may come by reference: that is how templates
/// pass them.
#[derive(Debug)]
pub struct Words {
    locale: Locale,
    plain: HashMap<&'static str, String>,
    around: HashMap<&'static str, (String, String)>,
    months: [String; 12],
    bundle: Bundle,
}

struct Bundle(FluentBundle<FluentResource>);

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bundle")
    }
}

/// The words of every locale.
#[derive(Debug)]
pub struct Dictionary {
    english: Words,
    arabic: Words,
    arabic_with_western_digits: Words,
}

impl Dictionary {
    /// Reads all Fluent files. What is wrong in one is logged; the tests see to it that nothing is.
    pub fn new() -> Self {
        Self {
            english: Words::new(Locale { language: Language::English, digits: Digits::Western }),
            arabic: Words::new(Locale { language: Language::Arabic, digits: Digits::Arabic }),
            arabic_with_western_digits: Words::new(Locale { language: Language::Arabic, digits: Digits::Western }),
        }
    }

    /// The words of a locale.
    pub fn of(&self, locale: Locale) -> &Words {
        match (locale.language, locale.digits) {
            (Language::English, _) => &self.english,
            (Language::Arabic, Digits::Arabic) => &self.arabic,
            (Language::Arabic, Digits::Western) => &self.arabic_with_western_digits,
        }
    }
}

impl Default for Dictionary {
    fn default() -> Self {
        Self::new()
    }
}

impl Words {
    fn new(locale: Locale) -> Self {
        let files = match locale.language {
            Language::English => ENGLISH,
            Language::Arabic => ARABIC,
        };
        let identifier: LanguageIdentifier = locale.language.code().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // Names are isolated where they are put in; the marks around numbers would only be in the way.
        bundle.set_use_isolating(false);
        for (name, text) in files {
            let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(resource, errors)| {
                tracing::error!(file = name, ?errors, "a Fluent file is broken");
                resource
            });
            if let Err(errors) = bundle.add_resource(resource) {
                tracing::error!(file = name, ?errors, "a Fluent file says something twice");
            }
        }
        let mut words =
            Self { locale, plain: HashMap::new(), around: HashMap::new(), months: Default::default(), bundle: Bundle(bundle) };
        for key in files.iter().flat_map(|(_, text)| keys(text)) {
            match words.format(key, &FluentArgs::new()) {
                Ok(text) => {
                    words.plain.insert(key, text);
                }
                Err(_) => {
                    if let Some(parts) = words.split(key) {
                        words.around.insert(key, parts);
                    }
                }
            }
        }
        words.months = std::array::from_fn(|n| words.say(&format!("date-month-{}", n + 1)).to_owned());
        words
    }

    /// Which words these are.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// A sentence without variables.
    pub fn say<'a>(&'a self, key: &'a str) -> &'a str {
        self.plain.get(key).map_or_else(|| missing(key), String::as_str)
    }

    /// A sentence without variables, by a key that is put together.
    pub fn lookup(&self, key: &str) -> &str {
        self.plain.get(key).map_or_else(
            || {
                missing(key);
                ""
            },
            String::as_str,
        )
    }

    /// A sentence with variables. Their values are isolated, so that their direction does not touch the sentence's.
    pub fn with(&self, key: &str, values: &[(&'static str, &str)]) -> String {
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            args.set(*name, isolate(value));
        }
        self.format(key, &args).unwrap_or_else(|_| missing(key).to_owned())
    }

    /// A sentence with a number: `$count` chooses the plural form, `$number` is how it is written.
    pub fn count(&self, key: &str, count: impl Borrow<i64>) -> String {
        let count = *count.borrow();
        let mut args = FluentArgs::with_capacity(2);
        args.set("count", FluentValue::from(count));
        args.set("number", self.number(count));
        self.format(key, &args).unwrap_or_else(|_| missing(key).to_owned())
    }

    /// What stands before and after the one variable of a sentence.
    pub fn around<'a>(&'a self, key: &'a str) -> (&'a str, &'a str) {
        self.around.get(key).map_or_else(|| (missing(key), ""), |(before, after)| (before, after))
    }

    /// A whole number with marks between the thousands.
    pub fn number(&self, number: impl Borrow<i64>) -> String {
        let number = *number.borrow();
        let western = number.unsigned_abs().to_string();
        let mut text = String::with_capacity(western.len() * 3);
        if number < 0 {
            text.push('\u{2212}');
        }
        for (i, digit) in western.chars().enumerate() {
            if i > 0 && (western.len() - i).is_multiple_of(3) {
                text.push(self.locale.digits.thousands());
            }
            text.push(self.locale.digits.of(digit));
        }
        text
    }

    /// A share in whole per cent.
    pub fn percent(&self, share: impl Borrow<i64>) -> String {
        format!("{}{}", self.number(share), if self.locale.digits == Digits::Arabic { '\u{66A}' } else { '%' })
    }

    /// A day: `31 January 2026`.
    pub fn date(&self, at: impl Borrow<Timestamp>) -> String {
        let at = *at.borrow();
        use chrono::Datelike as _;
        let at = at.to_utc();
        let month = at.month0() as usize;
        let mut text = self.digits(&at.day().to_string());
        text.push(' ');
        text.push_str(self.months.get(month).map_or("", String::as_str));
        text.push(' ');
        text.push_str(&self.digits(&at.year().to_string()));
        text
    }

    /// A minute: `31 January 2026, 12:34 UTC`.
    pub fn moment(&self, at: impl Borrow<Timestamp>) -> String {
        let at = *at.borrow();
        let clock = self.digits(&at.to_utc().format("%H:%M").to_string());
        let mut args = FluentArgs::with_capacity(2);
        args.set("date", self.date(at));
        args.set("time", clock);
        self.format("date-moment", &args).unwrap_or_else(|_| self.date(at))
    }

    /// A text whose digits are written as the locale writes them.
    fn digits(&self, western: &str) -> String {
        western.chars().map(|c| self.locale.digits.of(c)).collect()
    }

    /// The words of a sentence.
    ///
    /// # Errors
    /// When there is no such key, or a variable is missing.
    fn format(&self, key: &str, args: &FluentArgs<'_>) -> Result<String, ()> {
        let pattern = self.bundle.0.get_message(key).and_then(|message| message.value()).ok_or(())?;
        let mut errors = Vec::new();
        let text = self.bundle.0.format_pattern(pattern, Some(args), &mut errors).into_owned();
        if errors.is_empty() { Ok(text) } else { Err(()) }
    }

    /// A sentence of one variable, which is called `name`, cut there.
    fn split(&self, key: &str) -> Option<(String, String)> {
        let mut args = FluentArgs::with_capacity(1);
        args.set("name", GAP);
        let text = self.format(key, &args).ok()?;
        text.split_once(GAP).map(|(before, after)| (before.to_owned(), after.to_owned()))
    }

    /// A word for a wrong field: the field's own, else the one for this kind of mistake.
    pub fn problem(&self, problem: &Problem) -> &str {
        let field = problem.field.replace('_', "-");
        let flaw = problem.flaw.code().trim_start_matches("ERR_").to_lowercase().replace('_', "-");
        let own = self.plain.get(format!("problem-{field}-{flaw}").as_str());
        own.or_else(|| self.plain.get(format!("problem-{flaw}").as_str()))
            .map_or_else(|| self.say("problem-invalid"), String::as_str)
    }
}

/// What stands in place of words that are not there: the key, for whoever has to find it.
fn missing(key: &str) -> &str {
    tracing::error!(key, "the Fluent files do not have this key, or not with these variables");
    key
}

/// The keys of a Fluent file: what stands before ` =` at the start of a line.
fn keys(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter_map(|line| {
        let (key, _) = line.split_once(" =")?;
        key.starts_with(|c: char| c.is_ascii_lowercase()).then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    fn western() -> Words {
        Words::new(Locale { language: Language::English, digits: Digits::Western })
    }

    fn arabic() -> Words {
        Words::new(Locale { language: Language::Arabic, digits: Digits::Arabic })
    }

    #[test]
    fn numbers_and_dates_are_written_as_the_locale_writes_them() {
        let at = Timestamp(1_769_862_896_789);
        assert_eq!(western().number(1_234_567), "1,234,567");
        assert_eq!(western().number(999), "999");
        assert_eq!(western().number(-1_000), "−1,000");
        assert_eq!(arabic().number(1_234_567), "١٬٢٣٤٬٥٦٧"); // typos: other language
        assert_eq!(western().moment(at), "31 January 2026, 12:34 UTC");
        assert_eq!(arabic().date(at), "٣١ يناير ٢٠٢٦"); // typos: other language
        assert_eq!(arabic().percent(50), "٥٠٪"); // typos: other language
    }

    #[test]
    fn arabic_has_its_six_plural_forms() {
        let words = arabic();
        let forms: BTreeSet<String> = [0, 1, 2, 3, 11, 100].map(|n| words.count("profile-posts-count", n)).into();
        assert_eq!(forms.len(), 6, "{forms:?}");
    }

    #[test]
    fn names_are_isolated_or_left_out() {
        assert!(western().with("profile-title", &[("name", "علي"), ("handle", "@a@b")]).contains("\u{2068}علي\u{2069}")); // typos: other language
        let arabic = arabic();
        let (before, after) = arabic.around("post-boosted-by");
        assert!(!format!("{before}{after}").contains(GAP));
    }

    /// Every key stands once in either language, with the same variables.
    #[test]
    fn both_languages_say_the_same() {
        let variables = |files: Files| -> BTreeMap<String, BTreeSet<String>> {
            let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (name, text) in files {
                let mut current = String::new();
                for line in text.lines() {
                    if let Some((key, _)) = line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase())) {
                        assert!(!found.contains_key(key), "{name}: {key} stands twice");
                        key.clone_into(&mut current);
                        found.insert(current.clone(), BTreeSet::new());
                    }
                    for (at, _) in line.match_indices("{ $").filter(|_| !line.starts_with('#')) {
                        let variable: String = line[at + 3..].chars().take_while(char::is_ascii_alphanumeric).collect();
                        found.entry(current.clone()).or_default().insert(variable);
                    }
                }
            }
            found
        };
        let (english, arabic) = (variables(ENGLISH), variables(ARABIC));
        // An Arabic form for one or two need not say the number.
        for (key, wanted) in &english {
            assert_eq!(arabic.get(key), Some(wanted), "{key}");
        }
        assert_eq!(english.len(), arabic.len(), "{:?}", arabic.keys().filter(|k| !english.contains_key(*k)).collect::<Vec<_>>());
    }

    /// A plural has all forms of its language, and nothing is left untranslated.
    #[test]
    fn arabic_is_complete() {
        for (name, text) in ARABIC {
            for (at, _) in text.match_indices("$count ->") {
                let body = &text[at..][..text[at..].find("\n    }").unwrap()];
                for form in ["[zero]", "[one]", "[two]", "[few]", "[many]", "*[other]"] {
                    assert!(body.contains(form), "{name}: {form} is missing in {body}");
                }
            }
        }
        let english: BTreeMap<&str, &str> =
            ENGLISH.iter().flat_map(|(_, t)| t.lines()).filter_map(|l| l.split_once(" = ")).collect();
        for (key, value) in ARABIC.iter().flat_map(|(_, t)| t.lines()).filter_map(|l| l.split_once(" = ")) {
            // What is left without the variables.
            let words: String = value.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
            // The first line of a plural holds no words; its forms were looked at above.
            let translatable = !value.ends_with("->") && words.chars().any(char::is_alphabetic);
            assert!(!translatable || english.get(key) != Some(&value), "{key} is not translated");
        }
    }

    fn sources(folder: &Path, found: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Whatever the code and the templates ask for is there, and nothing else is.
    #[test]
    fn every_key_is_used_and_every_used_key_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        sources(&root.join("src"), &mut text);
        sources(&root.join("templates"), &mut text);
        let known: BTreeSet<&str> = ENGLISH.iter().flat_map(|(_, text)| keys(text)).collect();
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for call in [".say(\"", ".with(\"", ".count(\"", ".around(\"", ".format(\"", "Key(\""] {
            for (at, _) in text.match_indices(call) {
                // chrono's own patterns are formatted too: `%H:%M` is no key.
                used.extend(text[at + call.len()..].split('"').next().filter(|key| !key.starts_with('%')));
            }
        }
        let missing: Vec<_> = used.iter().filter(|key| !known.contains(*key)).collect();
        assert!(missing.is_empty(), "used and not there: {missing:?}");
        // Keys that the code puts together out of parts.
        let made =
            |key: &str| ["date-month-", "problem-", "scope-", "error-", "letter-"].iter().any(|start| key.starts_with(start));
        let unused: Vec<_> = known.iter().filter(|key| !used.contains(*key) && !made(key)).collect();
        assert!(unused.is_empty(), "there and not used: {unused:?}");
    }
}
