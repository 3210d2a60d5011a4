//! The length of a post as Mastodon counts it, so that apps and server agree on when it is too long.
//! A URL is 23 characters however long it is, a mention its local part; the content warning counts too.

use unicode_segmentation::UnicodeSegmentation;

use super::entities::{Entity, entities};

/// How many characters any URL counts (`configuration.statuses.characters_reserved_per_url`).
pub const CHARACTERS_PER_URL: usize = 23;

/// The length of a post in characters as people see them (extended grapheme clusters, UAX #29): the text as the
/// author typed it, whatever its format, together with the content warning (empty when there is none).
pub fn count(text: &str, warning: &str) -> usize {
    let mut total = graphemes(warning);
    let mut done = 0;
    for (range, entity) in entities(text) {
        let counted = match entity {
            Entity::Link(_) => CHARACTERS_PER_URL,
            Entity::Mention(handle) => 1 + handle.name.len(),
            Entity::Hashtag(_) => continue,
        };
        total += graphemes(&text[done..range.start]) + counted;
        done = range.end;
    }
    total + graphemes(&text[done..])
}

/// The number of extended grapheme clusters in a text: for limits on names, biographies, alternative texts.
pub fn graphemes(text: &str) -> usize {
    if text.is_ascii() {
        // In ASCII only CR LF is one cluster of two bytes.
        return text.len() - text.as_bytes().windows(2).filter(|pair| pair == b"\r\n").count();
    }
    simple_clusters(text).unwrap_or_else(|| text.graphemes(true).count())
}

/// The same for texts of letters that never join into clusters, and Arabic marks, which join the letter before them;
/// none when the text has other characters. Most posts are such, and this is ten times as fast.
fn simple_clusters(text: &str) -> Option<usize> {
    let mut clusters = 0;
    let mut after_letter = false;
    for c in text.chars() {
        match c {
            '\n' => {
                after_letter = false;
                clusters += 1;
            }
            ' '..='~' | '\u{0621}'..='\u{063A}' | '\u{0640}'..='\u{064A}' => {
                after_letter = true;
                clusters += 1;
            }
            // Latin letters; Arabic punctuation and digits; general punctuation; Hiragana, Katakana, ideographs.
            '\u{AE}'..='\u{02FF}'
            | '،'
            | '؛'
            | '؟'
            | '٠'..='٩'
            | '‐'..='‧'
            | '、'..='〜'
            | 'ぁ'..='ゖ'
            | 'ァ'..='ヿ'
            | '\u{4E00}'..='\u{9FFF}' => {
                if matches!(c, '©' | '®') {
                    return None;
                }
                after_letter = true;
                clusters += 1;
            }
            '\u{064B}'..='\u{065F}' | '\u{0670}' if after_letter => {}
            _ => return None,
        }
    }
    Some(clusters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_counts_like_the_long_one(text in "[a-z \n\t\r.éß\u{AD}©°مدرسة\u{64B}\u{640}\u{670}،٣…‼東が゙カ🙂👩\u{200D}\u{FE0F}\u{301}\u{AE}-\u{2FF}]{0,20}") {
            prop_assert_eq!(graphemes(&text), text.graphemes(true).count());
        }
    }

    #[test]
    fn characters_as_mastodon_counts_them() {
        let cases: &[(&str, &str, usize)] = &[
            ("", "", 0),
            ("hello", "", 5),
            ("hello", "cw", 7),
            ("a\r\nb", "", 3),
            ("مَدْرَسَة", "", 5),
            ("👩‍👩‍👧‍👦", "", 1),
            ("🇸🇦🇯🇵", "", 2),
            ("e\u{301}", "", 1),
            ("https://example.org", "", 23),
            ("https://example.org/a/very/long/path?with=queries&and=more#fragment x", "", 25),
            ("see https://example.org.", "", 28),
            ("@ali", "", 4),
            ("@ali@example.org", "", 4),
            ("@ali@example.org hi", "", 7),
            ("ali@example.org", "", 15),
            ("#hashtag", "", 8),
            ("ftp://example.org", "", 17),
            ("x", "https://example.org", 20),
            ("東京", "", 2),
            ("@bob@127.0.0.1:4001 x", "", 6),
        ];
        for (text, warning, expected) in cases {
            assert_eq!(count(text, warning), *expected, "{text}");
        }
    }
}
