//! Classes of characters that the rules of names, hashtags, search and display share.
//! They follow Unicode properties, so that Arabic, CJK and Indic scripts count as letters like Latin does.

use unicode_normalization::char::is_combining_mark;

/// A letter, mark, digit or connector: what Mastodon's patterns call `[[:word:]]`.
pub fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    if is_arabic_letter(c) {
        return true;
    }
    c.is_alphanumeric() || is_connector(c) || is_combining_mark(c)
}

/// A letter or a mark, but no digit and no connector: what Mastodon's patterns call `[[:alpha:]]`.
pub fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    c.is_alphabetic() || is_combining_mark(c)
}

/// A character that changes the direction of the text after it until it is popped: embeddings, overrides and
/// isolates (Unicode UAX #9 §2). In one-line text they can reorder what the page shows beside them.
pub fn is_bidi_scope(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Any invisible directional character: the scopes and the three marks (LRM, RLM, ALM).
pub fn is_bidi_control(c: char) -> bool {
    is_bidi_scope(c) || matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}')
}

/// A letter of Arabic proper: most of what Arabic posts are made of, and never changed by normalisation or case.
pub(crate) fn is_arabic_letter(c: char) -> bool {
    matches!(c, '\u{0621}'..='\u{063A}' | '\u{0641}'..='\u{064A}')
}

/// Scripts that are written without spaces between words, or (Hangul) with particles glued to them.
pub(crate) fn is_unspaced_script(c: char) -> bool {
    c >= '\u{0E00}'
        && matches!(c,
        '\u{0E00}'..='\u{0EFF}'       // Thai, Lao
        | '\u{0F00}'..='\u{0FFF}'     // Tibetan
        | '\u{1000}'..='\u{109F}'     // Myanmar
        | '\u{1100}'..='\u{11FF}'     // Hangul Jamo
        | '\u{1780}'..='\u{17FF}'     // Khmer
        | '\u{2E80}'..='\u{2FDF}'     // CJK radicals
        | '\u{3005}'..='\u{3007}'     // ideographic iteration mark, closing mark, zero
        | '\u{3031}'..='\u{3035}'     // vertical kana repeat marks
        | '\u{3041}'..='\u{30FA}'     // Hiragana, Katakana
        | '\u{30FC}'..='\u{31FF}'     // prolonged sound mark, Bopomofo, Hangul compatibility Jamo, strokes
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}'     // Hangul
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Connector punctuation other than the ASCII underscore (Unicode category Pc).
fn is_connector(c: char) -> bool {
    matches!(c, '\u{203F}' | '\u{2040}' | '\u{2054}' | '\u{FE33}' | '\u{FE34}' | '\u{FE4D}'..='\u{FE4F}' | '\u{FF3F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_letters_of_all_scripts_are_words() {
        for c in ['a', '9', '_', 'é', 'م', '\u{064E}', '\u{0640}', '東', 'ァ', '\u{093F}', '٣', '＿'] {
            assert!(is_word(c), "{c:?}");
        }
        for c in [' ', '-', '.', '،', '。', '·', '\u{200C}', '@', '#', '🙂'] {
            assert!(!is_word(c), "{c:?}");
        }
        assert!(is_letter('\u{0651}') && !is_letter('٣') && !is_letter('_'));
    }

    #[test]
    fn marks_of_direction_do_not_open_a_scope() {
        assert!(is_bidi_scope('\u{202E}') && is_bidi_scope('\u{2067}'));
        assert!(!is_bidi_scope('\u{200F}') && is_bidi_control('\u{200F}'));
    }
}
