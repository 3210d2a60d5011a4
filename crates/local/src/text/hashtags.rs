//! Names of topics: what is a hashtag by Mastodon's rule, and when two of them are one.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::characters::{is_arabic_letter, is_letter, is_word};

/// The longest hashtag, in characters; what is longer is no hashtag.
pub const MAX_HASHTAG: usize = 200;

/// Whether the character joins the words of a hashtag without being one: Mastodon's middle dots and the zero-width
/// non-joiner of Persian (the underscore is a word character already).
pub(crate) fn is_hashtag_separator(c: char) -> bool {
    matches!(c, '_' | '\u{B7}' | '\u{30FB}' | '\u{200C}')
}

/// Whether the text (without `#`) is a whole hashtag by Mastodon's rule: words of letters, marks and digits joined by
/// separators, not digits alone, at most [`MAX_HASHTAG`] characters.
pub fn is_hashtag(name: &str) -> bool {
    hashtag_length(name) == Some(name.len())
}

/// How many bytes at the start of the text are a hashtag's name; none when it does not start with one.
pub(crate) fn hashtag_length(text: &str) -> Option<usize> {
    if !text.chars().next().is_some_and(is_word) {
        return None;
    }
    let mut end = 0; // after the last word character: separators at the end belong to the sentence
    let mut characters = 0;
    let (mut letter, mut alphanumeric, mut separated, mut pending) = (false, false, false, false);
    for (at, c) in text.char_indices() {
        characters += 1;
        let separator = is_hashtag_separator(c);
        if is_word(c) {
            end = at + c.len_utf8();
            letter |= is_letter(c);
            alphanumeric |= c.is_alphanumeric();
            separated |= pending;
            pending |= separator && at > 0;
        } else if separator {
            pending = true;
        } else {
            break;
        }
        if characters > MAX_HASHTAG {
            return None;
        }
    }
    (letter || (separated && alphanumeric)).then_some(end)
}

/// The identity of a hashtag: NFKC, lower case, without a leading `#` and without characters that no hashtag can
/// hold. Marks and tatweel stay: two spellings are one tag in search only.
///
/// ```
/// use majlis_local::text::hashtag_key;
/// assert_eq!(hashtag_key("#Ｒｕｓｔ"), "rust");
/// ```
pub fn hashtag_key(name: &str) -> String {
    let name = name.strip_prefix(['#', '＃']).unwrap_or(name);
    if name.is_ascii() {
        return name.chars().filter(|c| is_word(*c)).map(|c| c.to_ascii_lowercase()).collect();
    }
    if name.chars().all(is_arabic_letter) {
        return name.to_owned();
    }
    let allowed = |c: &char| is_word(*c) || is_hashtag_separator(*c);
    if is_nfkc_quick(name.chars()) == IsNormalized::Yes {
        return name.chars().flat_map(char::to_lowercase).filter(allowed).collect();
    }
    name.nfkc().flat_map(char::to_lowercase).nfc().filter(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashtags() {
        for name in [
            "rust",
            "2024wrapped",
            "a1",
            "مدرسة",
            "مَدْرَسَة",
            "مـدرسة",
            "東京",
            "ラーメン・二郎",
            "col·lapse",
            "می\u{200C}خواهم",
            "snake_case",
            "1_2",
            "_x",
            "x_",
            "٣مرات",
        ] {
            assert!(is_hashtag(name), "{name}");
        }
        for name in ["", "1", "2024", "٢٠٢٤", "a b", "a-b", "·a", "a·", "___", "🙂", &"x".repeat(201)] {
            assert!(!is_hashtag(name), "{name}");
        }
    }

    #[test]
    fn hashtag_identity_folds_case_and_width_only() {
        let cases = [
            ("Rust", "rust"),
            ("#Rust", "rust"),
            ("＃ＲＵＳＴ", "rust"),
            ("مدرسة", "مدرسة"),
            ("مَدرسة", "مَدرسة"),
            ("مـدرسة", "مـدرسة"),
            ("ﻣﺪﺭﺳﺔ", "مدرسة"),
            ("Straße", "straße"),
            ("ÉCOLE", "école"),
            ("E\u{301}cole", "école"),
            ("ﾗｰﾒﾝ", "ラーメン"),
            ("a-b c", "abc"),
        ];
        for (name, key) in cases {
            assert_eq!(hashtag_key(name), key, "{name}");
            assert_eq!(hashtag_key(key), key, "{key}");
        }
        assert_ne!(hashtag_key("مدرسة"), hashtag_key("مدرسه"));
    }
}
