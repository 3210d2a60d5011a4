//! Words that somebody does not want to read, found in texts: all keywords of a person in one pass.
//!
//! Text and keywords are folded alike: compatibility forms, case, digits, white space, and what Arabic writers leave out or
//! put in as they like (vowel signs, tatweel, the hamza of an alef, Persian forms of kaf and yeh). Folding is narrower than
//! that of [search](super::search), since what is filtered by mistake is not read at all: `ano` is not `año`, and `علي` is
//! not `على`.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use unicode_normalization::UnicodeNormalization as _;

use super::characters::{is_arabic_letter, is_bidi_control, is_unspaced_script, is_word};
use super::search::ARTICLES;

/// Folded characters of a text that are looked at; what follows is not.
const LONGEST: usize = 50_000;
/// Letters that an Arabic keyword must have for the article to count as no part of the word.
const LETTERS_AFTER_ARTICLE: usize = 3;

/// A text made ready for [`Matcher::find`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded(String);

impl Folded {
    /// Folds a plain text (see the [module](self)).
    pub fn new(text: &str) -> Self {
        let mut folded = Self(String::with_capacity(text.len()));
        if text.is_ascii() {
            text.chars().take(LONGEST).for_each(|c| folded.push(c.to_ascii_lowercase()));
        } else {
            for c in text.nfkc().take(LONGEST) {
                match c {
                    'ß' | 'ẞ' => folded.0.push_str("ss"),
                    'ς' => folded.0.push('σ'),
                    'İ' => folded.0.push('i'),
                    'أ' | 'إ' | 'آ' | 'ٱ' => folded.0.push('ا'),
                    'ک' => folded.0.push('ك'),
                    'ی' => folded.0.push('ي'),
                    '٠'..='٩' => folded.push_digit(c, '٠'),
                    '۰'..='۹' => folded.push_digit(c, '۰'),
                    _ if is_ignored(c) => {}
                    _ => c.to_lowercase().for_each(|c| folded.push(c)),
                }
            }
        }
        folded
    }

    fn push(&mut self, c: char) {
        if !c.is_whitespace() {
            self.0.push(c);
        } else if !self.0.ends_with(' ') {
            self.0.push(' ');
        }
    }

    fn push_digit(&mut self, c: char, zero: char) {
        self.0.push(char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c));
    }
}

/// Marks and joiners that say nothing about which word it is.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{0610}'..='\u{061A}' | '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}' | '\u{06EA}'..='\u{06ED}'
        | '\u{08CA}'..='\u{08E1}' | '\u{08E3}'..='\u{08FF}')
        || is_bidi_control(c)
}

/// A keyword to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword<'a> {
    /// As its owner typed it.
    pub text: &'a str,
    /// Whether it has to stand alone: not within a longer word. Scripts without spaces between words have no such thing, and
    /// before an Arabic word the article (with what is written onto it: `بال`, `ولل` …) is no part of the word.
    pub whole_word: bool,
}

/// Keywords made ready to be found, all at once.
#[derive(Debug)]
pub struct Matcher {
    automaton: Option<AhoCorasick>,
    /// By the automaton's number: the number of the keyword, and its edges.
    patterns: Vec<Pattern>,
    keywords: usize,
}

#[derive(Debug)]
struct Pattern {
    keyword: usize,
    /// Whether the character before a match, and the one behind it, must be no part of a word.
    starts_word: bool,
    ends_word: bool,
    takes_article: bool,
}

impl Matcher {
    /// A matcher of these keywords. One of which nothing is left by folding is never found.
    pub fn new(keywords: &[Keyword<'_>]) -> Self {
        let mut texts = Vec::with_capacity(keywords.len());
        let mut patterns = Vec::with_capacity(keywords.len());
        for (number, keyword) in keywords.iter().enumerate() {
            let folded = Folded::new(keyword.text).0;
            let text = folded.trim();
            if let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) {
                let bounds = |c: char| keyword.whole_word && is_word(c) && !is_unspaced_script(c);
                let letters = text.chars().take_while(|c| is_arabic_letter(*c)).count();
                patterns.push(Pattern {
                    keyword: number,
                    starts_word: bounds(first),
                    ends_word: bounds(last),
                    takes_article: letters >= LETTERS_AFTER_ARTICLE,
                });
                texts.push(text.to_owned());
            }
        }
        // Only more gigabytes of keywords than anybody may have could fail it.
        let build = || AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&texts).ok();
        let automaton = if texts.is_empty() { None } else { build() };
        Self { automaton, patterns, keywords: keywords.len() }
    }

    /// The numbers of the keywords that a text holds, in their order.
    pub fn find(&self, text: &Folded) -> Vec<usize> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut found = vec![false; self.keywords];
        let mut left = self.patterns.len();
        for hit in automaton.find_overlapping_iter(&text.0) {
            let Some(pattern) = self.patterns.get(hit.pattern().as_usize()) else { continue };
            let Some(seen) = found.get_mut(pattern.keyword) else { continue };
            if !*seen && pattern.fits(&text.0, hit.start(), hit.end()) {
                *seen = true;
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        found.iter().enumerate().filter(|(_, seen)| **seen).map(|(number, _)| number).collect()
    }
}

impl Pattern {
    /// Whether the pattern may stand where it was found.
    fn fits(&self, text: &str, start: usize, end: usize) -> bool {
        let (Some(before), Some(behind)) = (text.get(..start), text.get(end..)) else { return false };
        if self.ends_word && behind.chars().next().is_some_and(is_word) {
            return false;
        }
        if !self.starts_word || !ends_in_word(before) {
            return true;
        }
        self.takes_article && ARTICLES.iter().any(|article| before.strip_suffix(article).is_some_and(|rest| !ends_in_word(rest)))
    }
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(keyword: &str, whole_word: bool, text: &str) -> bool {
        !Matcher::new(&[Keyword { text: keyword, whole_word }]).find(&Folded::new(text)).is_empty()
    }

    #[test]
    fn whole_words() {
        for (keyword, text) in [
            ("cat", "A CAT."),
            ("cat", "(cat)"),
            ("#cat", "my#cat"),
            ("cat", "#Cat!"),
            ("bad  word", "bad\n word"),
            ("straße", "STRASSE"),
            ("ｃａｔ", "cat"),
            ("año", "un an\u{0303}o"),
            ("كلمة", "قال كَلِمَة ثم مضى"),
            ("كلمة", "كلمـــة"),
            ("إنتخابات", "انتخابات"),
            ("انتخابات", "الانتخابات"),
            ("انتخابات", "للانتخابات، نعم"),
            ("انتخابات", "(وبالانتخابات)"),
            ("٢٠٢٦", "عام 2026"),
            ("کتاب", "كتاب"),
            ("東京", "今日は東京に行く"),
            ("🍌", "a🍌b"),
            ("❤️", "❤"),
        ] {
            assert!(finds(keyword, true, text), "{keyword} in {text}");
        }
        for (keyword, text) in [
            ("cat", "concatenate"),
            ("cat", "cats"),
            ("cat", "cat_s"),
            ("ano", "un año"),
            ("علي", "على الطاولة"),
            ("كتاب", "مكتاب"),
            ("كتاب", "كتابهم"),
            ("له", "الله"),
            ("كتاب", "xالكتاب"),
            ("", "anything"),
            ("ـ", "كلمـة"),
        ] {
            assert!(!finds(keyword, true, text), "{keyword} in {text}");
        }
    }

    #[test]
    fn parts_of_words() {
        assert!(finds("cat", false, "conCATenate"));
        assert!(finds("تاب", false, "كِتَابٌ"));
        assert!(!finds("   ", false, "a   b"));
    }

    #[test]
    fn many_at_once_in_their_order() {
        let keywords = ["he", "she", "hers", "he", "", "x"].map(|text| Keyword { text, whole_word: false });
        assert_eq!(Matcher::new(&keywords).find(&Folded::new("USHERS")), [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn a_text_holds_its_own_parts(text in ".{1,40}", from in 0usize..40, length in 1usize..10) {
            let part: String = text.chars().skip(from).take(length).collect();
            // Normalisation may join a part's edges with what stands beside it.
            let joins = |c: char| unicode_normalization::char::is_combining_mark(c) || is_unspaced_script(c);
            prop_assume!(!text.chars().any(joins) && text.nfkc().eq(text.chars()));
            let folded = Folded::new(&part);
            prop_assert!(folded.0.trim().is_empty() || finds(&part, false, &text), "{part:?} in {text:?}");
        }
    }
}
