//! A page's bytes as text, in the charset that it says or seems to have.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252, WINDOWS_1256};
use majlis_local::text::page::{charset, charset_of};

/// The page as text. In this order: a byte order mark; what the server says; what the page says; UTF-8 when it is that; and of
/// what is left, the charset that old pages in Arabic or in Latin script have.
pub(crate) fn text(bytes: &[u8], content_type: Option<&str>) -> String {
    let named = |name: Option<String>| name.and_then(|name| Encoding::for_label(name.trim().as_bytes()));
    let said = named(content_type.and_then(charset_of)).or_else(|| named(charset(bytes)));
    let encoding = said.unwrap_or_else(|| guess(bytes));
    // A byte order mark goes before all of that.
    encoding.decode(bytes).0.into_owned()
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    // The page may have been cut within a character.
    let is_utf8 = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    if is_utf8 {
        UTF_8
    } else if seems_arabic(bytes) {
        WINDOWS_1256
    } else {
        WINDOWS_1252
    }
}

/// Text in windows-1256 is mostly made of its letters; in Latin scripts, letters beyond ASCII stand alone between others.
fn seems_arabic(bytes: &[u8]) -> bool {
    let is_letter = |b: &u8| (0xC0..=0xED).contains(b) && *b != 0xD7;
    let letters = bytes.iter().filter(|b| is_letter(b)).count();
    let paired = bytes.windows(2).filter(|pair| is_letter(&pair[0]) && is_letter(&pair[1])).count();
    letters > 0 && paired * 2 > letters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `<title>مجلس</title>` in windows-1256.
    const MAJLIS: &[u8] = b"<title>\xE3\xCC\xE1\xD3</title>";

    #[test]
    fn arabic_pages_of_old_are_read() {
        assert_eq!(text(MAJLIS, Some("text/html; charset=windows-1256")), "<title>مجلس</title>");
        let said = [b"<meta charset=windows-1256>".as_slice(), MAJLIS].concat();
        assert!(text(&said, Some("text/html")).ends_with("<title>مجلس</title>"));
        assert_eq!(text(MAJLIS, Some("text/html")), "<title>مجلس</title>");
        assert_eq!(text("<title>مجلس</title>".as_bytes(), None), "<title>مجلس</title>");
        assert_eq!(text(b"<title>\xE3</title>", Some("text/html; charset=iso-8859-6")), "<title>ك</title>");
    }

    #[test]
    fn what_says_nothing_of_itself_is_guessed() {
        assert_eq!(text(b"caf\xE9 cr\xE8me", None), "café crème");
        let cut = &"<title>مجلس".as_bytes()[..14];
        assert!(text(cut, None).starts_with("<title>مجل"));
        assert_eq!(text(b"\xEF\xBB\xBFx\xC3\xA9", Some("text/html; charset=iso-8859-1")), "xé");
        assert_eq!(text(b"x\xC3\xA9", Some("text/html; charset=no-such-thing")), "xé");
    }
}
