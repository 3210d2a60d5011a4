//! The words under which a post is found: one folding for index and query, for all scripts, with care for Arabic.
//! Folding is for search only; it never decides whether two names or hashtags are the same.

use std::collections::HashSet;

use unicode_normalization::char::{compose, decompose_compatible};

use super::characters::{is_arabic_letter, is_bidi_control, is_unspaced_script, is_word};

/// The longest term in characters; of longer words only the start counts, in index and query alike.
pub const MAX_TERM: usize = 48;

/// The most terms of one text; what follows is not indexed.
pub const MAX_TERMS: usize = 2_000;

/// The most terms of one text in their order.
const MAX_SEQUENCE: usize = 10_000;

/// The most terms of one query.
pub const MAX_QUERY_TERMS: usize = 32;

/// The terms to index for a text: every word folded, each once. Where a prefix may or may not belong to the word
/// (Arabic ب, ل, ف, ك, و without an article), both readings are there, so that `مدرسة` finds `بمدرسة` while `بيت` stays
/// `بيت`. Scripts without spaces give every character and every pair of neighbours.
///
/// Terms hold letters, marks and digits only: they need no escaping in FTS5's or PostgreSQL's query languages.
pub fn terms(text: &str) -> Vec<String> {
    collect(text, Purpose::Index)
}

/// The terms that a text must all have to be found by a query: a subset of [`terms`] of the same text, so that a
/// text is always found by its own words. `المدرسة`, `بالمدرسة` and `مدرسة` ask for the same.
pub fn query_terms(query: &str) -> Vec<String> {
    collect(query, Purpose::Query)
}

/// The terms of a text in their order, repeated as they are: to see whether a phrase of [`query_terms`]' stems is in it.
pub fn sequence(text: &str) -> Vec<String> {
    collect(text, Purpose::Sequence)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Index,
    Query,
    Sequence,
}

fn collect(text: &str, purpose: Purpose) -> Vec<String> {
    let mut terms = Terms { purpose, run: String::new(), unspaced: false, seen: HashSet::new(), found: Vec::new() };
    for c in text.chars() {
        if terms.is_full() {
            break;
        }
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() {
                terms.push_spaced(c.to_ascii_lowercase());
            } else {
                terms.flush();
            }
        } else if is_arabic_letter(c) {
            terms.push_spaced(fold_arabic(c));
        } else if is_ignored(c) {
            // Joins what stands on both sides.
        } else if is_word(c) {
            fold(c, &mut |folded| terms.push(folded));
        } else {
            terms.flush();
        }
    }
    terms.flush();
    terms.found
}

struct Terms {
    purpose: Purpose,
    /// The word, or the stretch of unspaced script, that is being read: folded already.
    run: String,
    unspaced: bool,
    seen: HashSet<String>,
    found: Vec<String>,
}

impl Terms {
    fn is_full(&self) -> bool {
        let most = match self.purpose {
            Purpose::Index => MAX_TERMS,
            Purpose::Query => MAX_QUERY_TERMS,
            Purpose::Sequence => MAX_SEQUENCE,
        };
        self.found.len() >= most
    }

    fn push(&mut self, c: char) {
        // Voicing marks and Jamo that were typed apart belong to the character before them.
        if matches!(c, '\u{3099}' | '\u{309A}' | '\u{1160}'..='\u{11FF}')
            && let Some(last) = self.run.chars().next_back()
            && let Some(composed) = compose(last, c)
        {
            self.run.pop();
            self.run.push(composed);
            return;
        }
        if !is_unspaced_script(c) {
            self.push_spaced(c);
            return;
        }
        if !self.unspaced {
            self.flush();
            self.unspaced = true;
        }
        self.run.push(c);
    }

    /// A character of a script with spaces between words.
    fn push_spaced(&mut self, c: char) {
        if self.unspaced {
            self.flush();
            self.unspaced = false;
        }
        self.run.push(c);
    }

    fn flush(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let run = std::mem::take(&mut self.run);
        if self.unspaced {
            self.pairs(&run);
        } else {
            self.word(&run);
        }
        // The buffer is kept for the next word.
        self.run = run;
        self.run.clear();
    }

    fn word(&mut self, word: &str) {
        let word = start(word, MAX_TERM);
        let stem = arabic_stem(word);
        self.add(stem);
        if self.purpose == Purpose::Index {
            for reading in other_readings(stem).into_iter().flatten() {
                self.add(reading);
            }
            // ل + لاعب is written like لل + اعب.
            if let Some(rest) = word.strip_prefix('ل').filter(|rest| rest.starts_with('ل') && letters(rest) > 3) {
                self.add(rest);
            }
        }
    }

    fn pairs(&mut self, run: &str) {
        let mut previous: Option<usize> = None;
        for (at, c) in run.char_indices() {
            if self.is_full() {
                return;
            }
            let end = at + c.len_utf8();
            match previous {
                Some(start) => self.add(&run[start..end]),
                // One character alone is all there is to ask for.
                None if end == run.len() => self.add(run),
                None => {}
            }
            if self.purpose == Purpose::Index {
                self.add(&run[at..end]);
            }
            previous = Some(at);
        }
    }

    fn add(&mut self, term: &str) {
        if self.is_full() || (self.purpose != Purpose::Sequence && !self.seen.insert(term.to_owned())) {
            return;
        }
        self.found.push(term.to_owned());
    }
}

/// The first characters of a word.
fn start(word: &str, characters: usize) -> &str {
    word.char_indices().nth(characters).map_or(word, |(end, _)| &word[..end])
}

fn letters(word: &str) -> usize {
    word.chars().count()
}

/// Characters that say nothing about which word it is: marks that people leave out, tatweel, joiners, directions.
/// Vowel signs of Indic scripts and voicing marks of Kana are no such marks: without them it is another word.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}'
        | '\u{0300}'..='\u{036F}'                                                         // Latin, Greek, Cyrillic
        | '\u{0483}'..='\u{0489}'
        | '\u{0591}'..='\u{05BD}' | '\u{05BF}' | '\u{05C1}' | '\u{05C2}' | '\u{05C4}' | '\u{05C5}' | '\u{05C7}' // Hebrew points
        | '\u{0610}'..='\u{061A}' | '\u{0640}' | '\u{064B}'..='\u{065F}' | '\u{0670}'       // Arabic marks, tatweel
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}' | '\u{06EA}'..='\u{06ED}'
        | '\u{0711}' | '\u{0730}'..='\u{074A}'                                            // Syriac
        | '\u{08CA}'..='\u{08E1}' | '\u{08E3}'..='\u{08FF}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}')
        || is_bidi_control(c)
}

/// Gives the characters as which a character is indexed.
fn fold(c: char, push: &mut impl FnMut(char)) {
    match c {
        '\u{0600}'..='\u{06FF}' => push(fold_arabic(c)),
        // Precomposed Hangul and Kana, ideographs: they are their own form.
        '\u{3041}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' => push(c),
        _ => decompose_compatible(c, |part| {
            if is_ignored(part) || !is_word(part) {
                return;
            }
            for lower in part.to_lowercase() {
                if !is_ignored(lower) {
                    fold_letter(lower, push);
                }
            }
        }),
    }
}

fn fold_letter(c: char, push: &mut impl FnMut(char)) {
    let pair = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ŋ' => "n",
        'ŧ' => "t",
        'ς' => "σ",
        '\u{0600}'..='\u{06FF}' => return push(fold_arabic(c)),
        _ if c.is_numeric() => return push(fold_digit(c)),
        _ => return push(c),
    };
    pair.chars().for_each(push);
}

/// Letters that people write one for the other, in Arabic and among the languages that share its script.
fn fold_arabic(c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' | '\u{0672}' | '\u{0673}' | '\u{0675}' => 'ا',
        'ؤ' | '\u{0676}' => 'و',
        'ئ' | 'ى' | 'ی' | '\u{06CE}' | '\u{06D0}' | 'ے' | 'ۓ' | '\u{0678}' => 'ي',
        'ة' | 'ۀ' | 'ہ' | 'ۂ' | 'ۃ' | 'ھ' | 'ە' | 'ۿ' => 'ه',
        'ک' | '\u{063B}' | '\u{063C}' | '\u{06AA}' => 'ك',
        '٠'..='٩' => digit(c, '٠'),
        '۰'..='۹' => digit(c, '۰'),
        _ => c,
    }
}

fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
}

/// Digits of other scripts as ASCII.
fn fold_digit(c: char) -> char {
    const ZEROS: [char; 17] = [
        '\u{07C0}', '\u{0966}', '\u{09E6}', '\u{0A66}', '\u{0AE6}', '\u{0B66}', '\u{0BE6}', '\u{0C66}', '\u{0CE6}', '\u{0D66}',
        '\u{0E50}', '\u{0ED0}', '\u{0F20}', '\u{1040}', '\u{17E0}', '\u{1810}', '\u{FF10}',
    ];
    ZEROS
        .into_iter()
        .find(|zero| (*zero..=char::from_u32(u32::from(*zero) + 9).unwrap_or(*zero)).contains(&c))
        .map_or(c, |zero| digit(c, zero))
}

/// The article with the particles that are written onto it.
pub(super) const ARTICLES: [&str; 12] = ["وبال", "وكال", "فبال", "فكال", "ولل", "فلل", "وال", "فال", "بال", "كال", "لل", "ال"];

/// A folded word without article, and without the `و` ("and") before a word long enough not to start with it by itself.
/// Three letters always stay. Whatever stands before a word, the same stem comes out: the rules apply until none does.
fn arabic_stem(word: &str) -> &str {
    let mut stem = word;
    'again: loop {
        if !stem.starts_with(['ا', 'و', 'ف', 'ب', 'ك', 'ل']) {
            return stem;
        }
        for article in ARTICLES {
            if let Some(rest) = stem.strip_prefix(article) {
                if letters(rest) >= 3 {
                    stem = rest;
                    continue 'again;
                }
                // ل + اللغة is written للغة.
                if letters(rest) == 2 && article.ends_with("لل") {
                    return &stem[article.len() - 'ل'.len_utf8()..];
                }
            }
        }
        match stem.strip_prefix('و') {
            Some(rest) if letters(rest) >= 4 => stem = rest,
            _ => return stem,
        }
    }
}

/// A stem without the particles that may stand before it.
fn other_readings(stem: &str) -> [Option<&str>; 2] {
    let without = |word: &str, particles: &[char], least: usize| -> Option<usize> {
        let rest = word.strip_prefix(particles)?;
        (letters(rest) >= least).then_some(word.len() - rest.len())
    };
    let one = without(stem, &['و', 'ب', 'ل'], 3).or_else(|| without(stem, &['ف', 'ك'], 4)).map(|cut| &stem[cut..]);
    let two = match one {
        // وبمدرسة, فلمدرسة: a conjunction, then a preposition.
        Some(rest) if stem.starts_with(['و', 'ف']) => without(rest, &['ب', 'ل', 'ك'], 3).map(|cut| &rest[cut..]),
        _ => None,
    };
    [one, two]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(query: &str, text: &str) -> bool {
        let indexed = terms(text);
        let asked = query_terms(query);
        !asked.is_empty() && asked.iter().all(|term| indexed.contains(term))
    }

    #[test]
    fn found() {
        let cases = [
            ("مدرسة", "المدرسة"),
            ("مدرسة", "بالمدرسة"),
            ("مدرسة", "والمدرسة"),
            ("مدرسة", "وبالمدرسة"),
            ("مدرسة", "فالمدرسة"),
            ("مدرسة", "كالمدرسة"),
            ("مدرسة", "للمدرسة"),
            ("مدرسة", "وللمدرسة"),
            ("مدرسة", "مَدْرَسَةٌ"),
            ("مدرسة", "مـــدرسة"),
            ("مدرسة", "ﻣﺪﺭﺳﺔ"),
            ("مدرسة", "مدرسه"),
            ("مدرسة", "بمدرسة"),
            ("مدرسة", "ومدرسة"),
            ("مدرسة", "وبمدرسة"),
            ("مدرسة", "لمدرسة"),
            ("مدرسة", "فبمدرسة"),
            ("المدرسة", "مدرسة"),
            ("بالمدرسة", "المدرسة"),
            ("مَدرَسة", "بالمدرسة"),
            ("كتاب", "الكتاب"),
            ("الكتاب", "كتاب"),
            ("وزارة", "الوزارة"),
            ("الوزارة", "وزارة"),
            ("وزير", "الوزير"),
            ("الوزير", "وزير"),
            ("فلسطين", "وفلسطين"),
            ("بيت", "البيت"),
            ("بيت", "وبيت"),
            ("لغة", "للغة"),
            ("اللغة", "للغة"),
            ("لاعب", "للاعب"),
            ("ليل", "الليل"),
            ("أحمد", "احمد"),
            ("احمد", "أحمد"),
            ("إسلام", "اسلام"),
            ("القرآن", "القران"),
            ("مصطفى", "مصطفي"),
            ("على", "علي"),
            ("الله", "والله"),
            ("٢٠٢٤", "2024"),
            ("2024", "۲۰۲۴"),
            ("کتاب", "كتاب"),
            ("می‌خواهم", "میخواهم"),
            ("东京", "东京都"),
            ("東京", "東京都"),
            ("東", "東京都"),
            ("京都", "東京都"),
            ("ラーメン", "美味しいラーメンです"),
            ("ﾗｰﾒﾝ", "ラーメン"),
            ("ガ", "ｶﾞ"),
            ("か\u{3099}", "が"),
            ("학교", "학교에서"),
            ("학교", "학교에서 만나요"),
            ("ภาษา", "ภาษาไทย"),
            ("straße", "STRASSE"),
            ("STRASSE", "Straße"),
            ("ecole", "l'École"),
            ("istanbul", "İSTANBUL"),
            ("ISTANBUL", "istanbul"),
            ("İstanbul", "ıstanbul"),
            ("smorrebrod", "Smørrebrød"),
            ("łódź", "Lodz"),
            ("ΟΔΟΣ", "οδός"),
            ("ёлка", "елка"),
            ("שלום", "שָׁלוֹם"),
            ("rust", "#Rust!"),
            ("snake", "#snake_case"),
            ("हिन्दी", "हिन्दी में"),
            ("१२३", "123"),
            ("ｆｕｌｌ", "full"),
            ("ﬁn", "fin"),
            ("caf\u{65}\u{301}", "café"),
        ];
        for (query, text) in cases {
            assert!(finds(query, text), "{query} in {text}: {:?} in {:?}", query_terms(query), terms(text));
        }
    }

    #[test]
    fn not_found() {
        let cases = [
            ("كرة", "فكرة"),
            ("تاب", "كتاب"),
            ("مدرسة", "مدرس"),
            ("كلمة", "علم"),
            ("東大", "東京都"),
            ("か", "が"),
            ("हिन्दा", "हिन्दी"),
            ("rust", "trust"),
            ("", "anything"),
            ("،", "anything"),
        ];
        for (query, text) in cases {
            assert!(!finds(query, text), "{query} in {text}: {:?} in {:?}", query_terms(query), terms(text));
        }
    }

    #[test]
    fn a_sequence_keeps_order_and_repetition() {
        assert_eq!(sequence("To be, or not to BE"), ["to", "be", "or", "not", "to", "be"]);
        assert_eq!(sequence("في المدرسة والبيت"), query_terms("في مدرسة بيت"));
    }

    #[test]
    fn terms_are_distinct_and_bounded() {
        assert_eq!(terms("a A a b"), ["a", "b"]);
        assert_eq!(terms(&"x".repeat(500)), ["x".repeat(MAX_TERM)]);
        let many: String = (0..10_000).map(|i| format!("w{i} ")).collect();
        assert_eq!(terms(&many).len(), MAX_TERMS);
        assert_eq!(query_terms(&many).len(), MAX_QUERY_TERMS);
        let ideographs: String = (0x4E00u32..0x6000).filter_map(char::from_u32).collect();
        assert_eq!(terms(&ideographs).len(), MAX_TERMS);
        assert_eq!(terms("don't"), ["don", "t"]);
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_its_own_words(text in "[والفبكمدرسةأ٣ aßé東京が한\u{64B}\u{640}-]{0,40}") {
            let indexed = terms(&text);
            for term in query_terms(&text) {
                prop_assert!(indexed.contains(&term), "{} in {:?}", term, indexed);
            }
        }

        #[test]
        fn the_article_never_matters(word in "[ابتثجحخدذرزسشصضطظعغفقكلمنهوي]{3,8}") {
            for before in ["ال", "وال", "بال", "فال", "كال"] {
                let text = format!("{before}{word}");
                prop_assert_eq!(query_terms(&text), query_terms(&word), "{}", text);
            }
        }

        #[test]
        fn nothing_panics_and_terms_are_clean(text in "\\PC*") {
            for term in terms(&text) {
                prop_assert!(!term.is_empty() && term.chars().all(is_word), "{:?}", term);
            }
        }
    }
}
