//! Custom emoji in text: `:shortcode:` by Mastodon's rule.
//! The rule keeps times (`10:30:45`) and ports from being taken for emoji.

use std::ops::Range;

use unicode_properties::{EmojiStatus, UnicodeEmoji};
use unicode_segmentation::UnicodeSegmentation;

use super::characters::{is_letter, is_word};

/// The longest shortcode, in bytes (Mastodon's limit for new emoji).
pub const MAX_SHORTCODE: usize = 128;

/// The longest Unicode emoji, in bytes: a family of many hues is long.
const LONGEST_EMOJI: usize = 64;

/// Whether an emoji may be called so: at least two of ASCII letters, digits and underscores.
pub fn is_shortcode(name: &str) -> bool {
    (2..=MAX_SHORTCODE).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a text is one Unicode emoji and nothing else, of however many characters it is made.
pub fn is_unicode_emoji(text: &str) -> bool {
    use unicode_segmentation::UnicodeSegmentation as _;
    let mut characters = text.chars();
    let (Some(first), second) = (characters.next(), characters.next()) else { return false };
    if text.len() > LONGEST_EMOJI || text.graphemes(true).count() != 1 {
        return false;
    }
    match first {
        '0'..='9' | '#' | '*' => text.ends_with('\u{20E3}'),
        '\u{1F1E6}'..='\u{1F1FF}' => second.is_some_and(|second| matches!(second, '\u{1F1E6}'..='\u{1F1FF}')),
        _ => is_pictograph(first),
    }
}

/// The characters with which emoji begin (Unicode's `Extended_Pictographic`, and the tones of skin).
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '©' | '®' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{2199}' | '\u{21A9}' | '\u{21AA}'
        | '\u{231A}'..='\u{23FF}' | '\u{24C2}' | '\u{25AA}' | '\u{25AB}' | '\u{25B6}' | '\u{25C0}' | '\u{25FB}'..='\u{25FE}'
        | '\u{2600}'..='\u{27BF}' | '\u{2934}' | '\u{2935}' | '\u{2B05}'..='\u{2B07}' | '\u{2B1B}' | '\u{2B1C}' | '\u{2B50}'
        | '\u{2B55}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1F1E5}' | '\u{1F200}'..='\u{1FAFF}')
}

/// The emoji of Unicode that a text is, and nothing else, in the form that is counted: presented as a picture. `None` when
/// it is no emoji, or more than one.
pub fn unicode(text: &str) -> Option<String> {
    const LONGEST: usize = 64;
    let text = text.trim();
    let mut chars = text.chars().filter(|c| *c != TEXT_STYLE);
    let first = chars.next()?;
    if text.len() > LONGEST || text.graphemes(true).count() != 1 || !first.is_emoji_char_or_emoji_component() {
        return None;
    }
    let rest: Vec<char> = chars.collect();
    let emoji = match first.emoji_status() {
        EmojiStatus::NonEmoji | EmojiStatus::NonEmojiButEmojiComponent => false,
        // Digits are emoji as keycaps alone.
        EmojiStatus::EmojiOtherAndEmojiComponent => rest.contains(&'\u{20E3}'),
        // Half a flag, or a tone without anybody.
        EmojiStatus::EmojiPresentationAndEmojiComponent | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent => {
            !rest.is_empty()
        }
        _ => true,
    };
    let by_itself = matches!(first.emoji_status(), EmojiStatus::EmojiOther | EmojiStatus::EmojiModifierBase);
    let mut out = String::from(first);
    if rest.is_empty() && by_itself {
        out.push(PICTURE_STYLE);
    }
    out.extend(rest);
    emoji.then_some(out)
}

/// Asks for an emoji as a letter (VS15).
const TEXT_STYLE: char = '\u{FE0E}';
/// Asks for an emoji as a picture (VS16).
const PICTURE_STYLE: char = '\u{FE0F}';

/// The shortcodes in a text, each once, in the order of their first use.
pub fn shortcodes(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (_, name) in occurrences(text) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Every `:shortcode:` with the bytes that it covers, colons included. It may not touch a letter, digit or colon
/// on either side.
pub fn occurrences(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(start) = text[from..].find(':').map(|at| from + at) {
            let length =
                text[start + 1..].bytes().take(MAX_SHORTCODE + 1).take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            let end = start + 1 + length;
            // The closing colon may open the next one only when it closed nothing.
            from = end.max(start + 1);
            if text[end..].starts_with(':')
                && is_shortcode(&text[start + 1..end])
                && !text[..start].chars().next_back().is_some_and(touches)
                && !text[end + 1..].chars().next().is_some_and(touches)
            {
                from = end + 1;
                return Some((start..end + 1, &text[start + 1..end]));
            }
        }
        None
    })
}

/// Ruby's `[[:alnum:]:]`.
fn touches(c: char) -> bool {
    c == ':' || is_letter(c) || (is_word(c) && c.is_numeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_emoji_of_unicode_is_told_from_anything_else() {
        for (text, wanted) in [
            ("🎉", Some("🎉")),
            (" 🎉 ", Some("🎉")),
            ("❤", Some("❤️")),
            ("❤️", Some("❤️")),
            ("❤\u{FE0E}", Some("❤️")),
            ("👍🏽", Some("👍🏽")),
            ("👩‍👩‍👧", Some("👩‍👩‍👧")),
            ("🇸🇦", Some("🇸🇦")),
            ("1️⃣", Some("1️⃣")),
            ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", Some("🏴󠁧󠁢󠁥󠁮󠁧󠁿")),
            ("1", None),
            ("#", None),
            ("🇸", None),
            ("🏽", None),
            ("a", None),
            ("س", None),
            ("🎉🎉", None),
            ("🎉a", None),
            ("", None),
            ("\u{FE0F}", None),
        ] {
            assert_eq!(unicode(text).as_deref(), wanted, "{text:?}");
        }
    }

    #[test]
    fn emoji_stand_alone() {
        let cases: &[(&str, &[&str])] = &[
            (":blobcat:", &["blobcat"]),
            ("hi :blobcat: :verified:", &["blobcat", "verified"]),
            (":a_b: :a_b:", &["a_b"]),
            ("(:ok:)", &["ok"]),
            ("مرحبا :salam:، أهلا", &["salam"]),
            (":one:\u{200B}:two:", &["one", "two"]),
            (":one:\n:two:", &["one", "two"]),
            (":one::two:", &[]),
            ("10:30:45", &[]),
            ("a:bb:", &[]),
            (":bb:c", &[]),
            ("مرحبا:bb:", &[]),
            (":a:", &[]),
            (":a-b:", &[]),
            ("::bb::", &[]),
            (":bb", &[]),
            (":", &[]),
            ("😀:bb:😀", &["bb"]),
            ("time 10:bb: :cc:", &["cc"]),
        ];
        for (text, expected) in cases {
            assert_eq!(shortcodes(text), *expected, "{text}");
        }
    }

    #[test]
    fn unicode_emoji() {
        for one in ["😀", "❤️", "❤", "👨‍👩‍👧‍👦", "🇪🇬", "1️⃣", "🏳️‍🌈", "👍🏽", "☕", "✨", "🫠"]
        {
            assert!(is_unicode_emoji(one), "{one}");
        }
        for other in ["", "a", "1", "😀😀", "😀a", "م", "🇪", "\u{200D}", "\u{FE0F}", "東", "→"] {
            assert!(!is_unicode_emoji(other), "{other}");
        }
    }

    #[test]
    fn ranges_include_the_colons() {
        let text = "x :bb: y";
        let all: Vec<_> = occurrences(text).collect();
        assert_eq!(all, [(2..6, "bb")]);
    }

    #[test]
    fn names() {
        assert!(is_shortcode("ok") && is_shortcode("Blob_Cat9"));
        assert!(!is_shortcode("a") && !is_shortcode("a-b") && !is_shortcode("أهلا") && !is_shortcode(&"x".repeat(129)));
    }
}
