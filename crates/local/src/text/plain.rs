//! Plain text out of HTML and out of names: for search, notifications, feeds, previews and page titles.
//! What comes out is text, not HTML: whoever puts it on a page escapes it.

use super::characters::is_bidi_scope;
use super::html::{Token, Tokens, attributes, decode_into};

/// The text of a post's HTML: paragraphs are separated by an empty line, lines and list items by a newline, other white
/// space is one space (as it stands inside `pre`). Links keep their whole address, as shown.
///
/// Meant for HTML that went through [`sanitise`](super::sanitise); safe and linear on any.
pub fn plain(html: &str) -> String {
    let mut text = Text { out: String::with_capacity(html.len()), newlines: 0, space: false };
    let mut preformatted = 0usize;
    let mut decoded = String::new();
    for token in Tokens::new(html) {
        match token {
            Token::Text(source) => {
                decoded.clear();
                decode_into(&mut decoded, source);
                text.push(&decoded, preformatted > 0);
            }
            Token::Open { name, attributes: source } => {
                let opens_pre = name.eq_ignore_ascii_case("pre");
                preformatted += usize::from(opens_pre);
                text.boundary(name, true);
                // Emoji that were sent as pictures: their text is in `alt`.
                if name.eq_ignore_ascii_case("img")
                    && let Some((_, alt)) = attributes(source).find(|(attribute, _)| attribute.eq_ignore_ascii_case("alt"))
                {
                    decoded.clear();
                    decode_into(&mut decoded, alt);
                    text.push(&decoded, false);
                }
            }
            Token::Close { name } => {
                if name.eq_ignore_ascii_case("pre") {
                    preformatted = preformatted.saturating_sub(1);
                }
                text.boundary(name, false);
            }
        }
    }
    text.out
}

/// The start of a text on one line for previews and titles: at most `max` characters, cut between words if one ends
/// in the second half, with `…` where something was cut.
pub fn excerpt(text: &str, max: usize) -> String {
    let line = one_line(text);
    let Some((limit, _)) = line.char_indices().nth(max) else { return line };
    let Some((room, _)) = max.checked_sub(1).and_then(|last| line.char_indices().nth(last)) else { return String::new() };
    let word_end = line[..limit].rfind(' ').filter(|end| *end * 2 >= room);
    let mut end = word_end.unwrap_or(room).min(room);
    // Do not leave a mark, joiner or half an emoji behind: end where a character that people see ends.
    if word_end.is_none() {
        use unicode_segmentation::UnicodeSegmentation;
        end = line
            .grapheme_indices(true)
            .map(|(at, grapheme)| at + grapheme.len())
            .take_while(|at| *at <= room)
            .last()
            .unwrap_or(0);
    }
    let mut out = line[..end].trim_end().to_owned();
    out.push('…');
    out
}

/// A display name, field name or title: one line without control characters, without characters that open a
/// directional scope (they would reorder what stands beside the name), without invisible fillers; white space runs are
/// one space. Marks of direction (LRM, RLM) and joiners stay: Arabic and Persian names need them.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}') {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !(c.is_control() || is_bidi_scope(c) || is_filler(c)) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The text between a first-strong isolate and its end (UAX #9 §2.4): for names inside sentences that are plain text, where
/// `<bdi>` is not at hand. Scopes that the text opens itself are taken out first.
pub fn isolate(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 6);
    out.push('\u{2068}');
    out.extend(text.chars().filter(|c| !is_bidi_scope(*c)));
    out.push('\u{2069}');
    out
}

/// Characters that show nothing and only hide or deceive in a name.
fn is_filler(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}')
}

struct Text {
    out: String,
    /// Newlines owed before the next text.
    newlines: usize,
    /// A space owed before the next text.
    space: bool,
}

impl Text {
    fn push(&mut self, text: &str, preformatted: bool) {
        for c in text.chars() {
            if preformatted && c == '\n' {
                self.newlines += 1;
            } else if c.is_whitespace() && !(preformatted && c == ' ') {
                self.space = true;
            } else if !c.is_control() {
                if !self.out.is_empty() {
                    if self.newlines > 0 {
                        self.out.extend(std::iter::repeat_n('\n', self.newlines));
                    } else if self.space && !self.out.ends_with('\n') {
                        self.out.push(' ');
                    }
                }
                self.newlines = 0;
                self.space = false;
                self.out.push(c);
            }
        }
    }

    fn boundary(&mut self, name: &str, opens: bool) {
        let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is(&["br"]) {
            self.newlines = (self.newlines + usize::from(opens)).min(2);
        } else if is(&["p", "pre", "blockquote", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table"]) {
            self.newlines = 2;
        } else if is(&["li", "div", "tr", "dt", "dd", "section", "article", "figure", "figcaption", "header", "footer"]) {
            self.newlines = self.newlines.max(1);
        } else if is(&["td", "th"]) {
            self.space = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_html() {
        let cases = [
            ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
            ("<p>one</p>\n  <p>two</p>\n", "one\n\ntwo"),
            ("<p>a &amp; b &lt;c&gt;&#39;s</p>", "a & b <c>'s"),
            ("<p>مرحبا <b>بالعالم</b>!</p>", "مرحبا بالعالم!"),
            (
                "<a href=\"https://x.example/y\"><span class=\"invisible\">https://</span><span class=\"ellipsis\">x.example</span><span class=\"invisible\">/y</span></a>",
                "https://x.example/y",
            ),
            ("<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc"),
            ("<pre><code>fn a() {\n    b\n}</code></pre>", "fn a() {\n    b\n}"),
            ("a<script>x</script><style>y</style><!-- z -->b", "ab"),
            ("<p>x <img alt=\":cat:\" src=\"y\"> z</p>", "x :cat: z"),
            ("a < b", "a < b"),
            ("a\u{0}b\u{7}", "ab"),
            ("", ""),
        ];
        for (html, expected) in cases {
            assert_eq!(plain(html), expected, "{html}");
        }
    }

    #[test]
    fn names_cannot_reorder_their_neighbours() {
        let cases = [
            ("  Ali \n\t Hassan ", "Ali Hassan"),
            ("admin\u{202E}gpj.exe", "admingpj.exe"),
            ("\u{2067}علي\u{2069}", "علي"),
            ("\u{200F}علي\u{200F}", "\u{200F}علي\u{200F}"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("a\u{0}\u{1B}[31mb", "a[31mb"),
            ("👩\u{200D}👩\u{200D}👧", "👩\u{200D}👩\u{200D}👧"),
            ("a\u{2028}b", "a b"),
            ("\u{200B}\u{3164}\u{FEFF}", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(one_line(name), expected, "{name:?}");
        }
        assert_eq!(isolate("علي\u{202E}"), "\u{2068}علي\u{2069}");
    }

    #[test]
    fn excerpts() {
        assert_eq!(excerpt("short", 10), "short");
        assert_eq!(excerpt("one two three four", 12), "one two…");
        assert_eq!(excerpt("one two three four", 14), "one two three…");
        assert_eq!(excerpt("unbreakablelongword", 8), "unbreak…");
        assert_eq!(excerpt("a\n\nb", 10), "a b");
        assert_eq!(excerpt("مدرسة كبيرة جدا", 12), "مدرسة كبيرة…");
        assert_eq!(excerpt("aaaa👩‍👩‍👧‍👦", 6), "aaaa…");
        assert_eq!(excerpt("abc", 0), "");
    }
}
