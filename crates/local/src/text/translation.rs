//! Texts on their way to a translator and back: as HTML in which custom emoji are marked as not to be translated, and made
//! safe again, since whoever answers may say anything.

use super::emoji::occurrences;
use super::html::{Token, Tokens, escape_text};
use super::{plain, sanitise};

const OPEN: &str = "<span translate=\"no\">";
const CLOSE: &str = "</span>";

/// The HTML of a post for a translator.
pub fn outgoing_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 64);
    for token in Tokens::new(html) {
        match token {
            Token::Text(source) => mark(&mut out, source, |out, text| out.push_str(text)),
            Token::Open { name, attributes } => out.extend(["<", name, attributes, ">"]),
            Token::Close { name } => out.extend(["</", name, ">"]),
        }
    }
    out
}

/// A plain text for a translator.
pub fn outgoing_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    mark(&mut out, text, escape_text);
    out
}

/// The HTML of a post, from a translator.
pub fn incoming_html(html: &str) -> String {
    unmark(&sanitise(html))
}

/// A plain text, from a translator: on one line, as it went.
pub fn incoming_text(html: &str) -> String {
    super::one_line(&plain(html))
}

/// Writes a text with its emoji marked.
fn mark(out: &mut String, text: &str, write: impl Fn(&mut String, &str)) {
    let mut done = 0;
    for (range, _) in occurrences(text) {
        write(out, &text[done..range.start]);
        out.extend([OPEN, &text[range.clone()], CLOSE]);
        done = range.end;
    }
    write(out, &text[done..]);
}

/// Takes the marks away that are still around an emoji and nothing else.
fn unmark(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(OPEN) {
        out.push_str(&rest[..at]);
        let inside = &rest[at + OPEN.len()..];
        let marked = inside.split_once(CLOSE).filter(|(text, _)| occurrences(text).any(|(range, _)| range == (0..text.len())));
        match marked {
            Some((text, behind)) => {
                out.push_str(text);
                rest = behind;
            }
            None => {
                out.push_str(OPEN);
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_left_alone_on_the_way() {
        let html = "<p>Hi :blob_cat: &amp; <a href=\"https://x.example/\">you</a> at 10:30:45</p>";
        let out = outgoing_html(html);
        assert_eq!(
            out,
            "<p>Hi <span translate=\"no\">:blob_cat:</span> &amp; <a href=\"https://x.example/\">you</a> at 10:30:45</p>"
        );
        assert!(
            incoming_html(&out).starts_with("<p>Hi :blob_cat: &amp; <a href=\"https://x.example/\""),
            "{}",
            incoming_html(&out)
        );
        assert_eq!(outgoing_text("a < b :cat:"), "a &lt; b <span translate=\"no\">:cat:</span>");
        assert_eq!(incoming_text("a &lt; b <span translate=\"no\">:cat:</span>"), "a < b :cat:");
    }

    #[test]
    fn what_comes_back_is_made_safe() {
        assert_eq!(incoming_html("<p onclick=x>hi<script>alert(1)</script></p>"), "<p>hi</p>");
        assert_eq!(incoming_text("<b>hi</b><script>x</script>"), "hi");
    }
}
