//! Reading HTML leniently and writing the small HTML that posts may hold.
//! Both are linear in the input and keep no tree: nesting is bounded, tags always balance, and a browser's parser
//! builds exactly the elements that stand in the output.

/// How deep elements may nest; tags below that are dropped, their text stays. Real posts stay under ten.
pub(crate) const MAX_DEPTH: usize = 64;

/// How long one text node may be, in bytes of its escaped form: behind that an empty `<span>` begins another. html5ever
/// escapes a text node in time quadratic in its length.
pub(crate) const MAX_TEXT_NODE: usize = 16 * 1024;

/// A piece of HTML source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'h> {
    /// Text as it stands in the source: character references are not decoded.
    Text(&'h str),
    /// A start tag; its name in the source's case, its attributes unparsed.
    Open { name: &'h str, attributes: &'h str },
    /// An end tag.
    Close { name: &'h str },
}

/// Splits HTML into tokens: comments, declarations and the content of elements whose content is no text (scripts,
/// styles …) are left out; an unfinished tag at the end is dropped, as browsers do.
pub(crate) struct Tokens<'h> {
    rest: &'h str,
}

impl<'h> Tokens<'h> {
    pub(crate) fn new(html: &'h str) -> Self {
        Self { rest: html }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'h str {
        self.rest
    }

    /// Goes on behind the first `bytes` of what has not been read yet.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skips to behind `needle`, or to the end.
    fn skip_past(&mut self, from: usize, needle: &str) {
        let rest = self.rest.get(from..).unwrap_or_default();
        self.rest = rest.find(needle).map_or("", |at| &rest[at + needle.len()..]);
    }

    /// Skips the content of a raw text element with its end tag.
    fn skip_raw_text(&mut self, name: &str) {
        while let Some(at) = self.rest.find("</") {
            let after = &self.rest[at + 2..];
            let is_end = after.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name))
                && after[name.len()..].starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
            self.rest = after;
            if is_end {
                self.skip_past(0, ">");
                return;
            }
        }
        self.rest = "";
    }
}

impl<'h> Iterator for Tokens<'h> {
    type Item = Token<'h>;

    fn next(&mut self) -> Option<Token<'h>> {
        while !self.rest.is_empty() {
            let Some(after) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Token::Text(text));
            };
            if after.starts_with("!--") {
                // `<!-->` and `<!--->` are whole comments.
                let from = if after.starts_with("!-->") || after.starts_with("!--->") { 2 } else { 4 };
                self.skip_past(from, "-->");
            } else if after.starts_with(['!', '?']) {
                self.skip_past(1, ">");
            } else if let Some(close) = after.strip_prefix('/') {
                if close.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    let name = tag_name(close);
                    self.rest = &close[name.len()..];
                    match attributes_end(self.rest) {
                        Some(end) => self.rest = &self.rest[end + 1..],
                        None => self.rest = "",
                    }
                    return Some(Token::Close { name });
                }
                self.skip_past(1, ">");
            } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let name = tag_name(after);
                let tag = &after[name.len()..];
                let Some(end) = attributes_end(tag) else {
                    self.rest = "";
                    return None;
                };
                self.rest = &tag[end + 1..];
                if RAW_TEXT.iter().any(|raw| raw.eq_ignore_ascii_case(name)) {
                    self.skip_raw_text(name);
                    continue;
                }
                return Some(Token::Open { name, attributes: &tag[..end] });
            } else {
                self.rest = after;
                return Some(Token::Text("<"));
            }
        }
        None
    }
}

/// Elements whose content is not shown as text, or is not HTML.
const RAW_TEXT: [&str; 11] =
    ["script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "template", "xmp", "object"];

fn tag_name(after: &str) -> &str {
    let end = after.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(after.len());
    &after[..end]
}

/// Where the `>` stands that ends the tag: not the one inside a quoted value.
fn attributes_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    let mut value_expected = false;
    for (at, b) in tag.bytes().enumerate() {
        match quote {
            Some(open) if open == b => quote = None,
            Some(_) => {}
            None => match b {
                b'>' => return Some(at),
                b'=' => value_expected = true,
                b'"' | b'\'' if value_expected => {
                    quote = Some(b);
                    value_expected = false;
                }
                b' ' | b'\t' | b'\n' | b'\r' | 0x0C => {}
                _ => value_expected = false,
            },
        }
    }
    None
}

/// The attributes of a tag: names in the source's case, values undecoded and without quotes.
pub(crate) fn attributes(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = source;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        // A `=` that begins a name is part of it.
        let name_end = rest
            .char_indices()
            .position_of(|(at, c)| c.is_ascii_whitespace() || c == '/' || (c == '=' && at > 0))
            .unwrap_or(rest.len());
        let name = &rest[..name_end];
        rest = rest[name_end..].trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(value) = rest.strip_prefix('=') else { return Some((name, "")) };
        let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())),
        };
        rest = after;
        Some((name, value))
    })
}

/// `find` over `char_indices` that gives the byte index.
trait PositionOf {
    fn position_of(self, accept: impl Fn((usize, char)) -> bool) -> Option<usize>;
}

impl PositionOf for std::str::CharIndices<'_> {
    fn position_of(mut self, accept: impl Fn((usize, char)) -> bool) -> Option<usize> {
        self.find(|item| accept(*item)).map(|(at, _)| at)
    }
}

/// Decodes the character references that occur in practice: numeric ones and [`NAMED`]; unknown ones stay as they are.
/// A reference needs its semicolon, so that `?a=1&copy=2` in a URL is left alone.
pub(crate) fn decode_into(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((c, length)) => {
                out.push(c);
                rest = &rest[length..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
}

/// [`decode_into`] a new string.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    decode_into(&mut out, text);
    out
}

/// The character that the reference at the start of the text stands for, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(12).position(|b| b == b';')?;
    let name = &body[..end];
    let c = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            match code {
                0 => '\u{FFFD}',
                _ => char::from_u32(code).unwrap_or('\u{FFFD}'),
            }
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((c, end + 2))
}

const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{A0}'),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("deg", '°'),
    ("times", '×'),
    ("euro", '€'),
    ("pound", '£'),
    ("zwnj", '\u{200C}'),
    ("zwj", '\u{200D}'),
    ("lrm", '\u{200E}'),
    ("rlm", '\u{200F}'),
    ("shy", '\u{AD}'),
    ("larr", '←'),
    ("rarr", '→'),
    ("colon", ':'),
    ("sol", '/'),
];

/// Escapes text for an element's content. Control characters other than tab and newline are left out: HTML has
/// no way to write them.
pub(crate) fn escape_text(out: &mut String, text: &str) {
    escape(out, text, false);
}

/// Escapes text for a double-quoted attribute value.
pub(crate) fn escape_attribute(out: &mut String, text: &str) {
    escape(out, text, true);
}

fn escape(out: &mut String, text: &str, quotes: bool) {
    let mut done = 0;
    for (at, b) in text.bytes().enumerate() {
        let replacement = match b {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' if quotes => "&quot;",
            b'\t' | b'\n' => continue,
            0..=0x1F | 0x7F => "",
            _ => continue,
        };
        out.push_str(&text[done..at]);
        out.push_str(replacement);
        done = at + 1;
    }
    out.push_str(&text[done..]);
}

/// Writes HTML whose tags balance and nest as browsers build them: a block closes the paragraph before it, an item
/// the item before it, a link the link before it.
#[derive(Default)]
pub(crate) struct Writer {
    out: String,
    open: Vec<&'static str>,
    /// A line break that is owed before the next text (a boundary of a block that posts cannot hold).
    owed_break: bool,
    /// Whether the current line holds text.
    line_has_text: bool,
    /// Directly after `<pre>`, where parsers swallow one newline.
    at_pre_start: bool,
    /// Where the current text node starts in the output.
    text_start: usize,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: String::with_capacity(bytes), ..Self::default() }
    }

    pub(crate) fn is_open(&self, name: &str) -> bool {
        self.open.contains(&name)
    }

    /// Opens an element; `attributes` is empty or starts with a space and is already escaped.
    pub(crate) fn open(&mut self, name: &'static str, attributes: &str) {
        match name {
            "p" | "blockquote" | "pre" | "ul" | "ol" => self.close("p"),
            "li" => {
                let previous = self.open.iter().rposition(|open| matches!(*open, "li" | "ul" | "ol" | "blockquote" | "pre"));
                if let Some(at) = previous.filter(|at| self.open[*at] == "li") {
                    self.close_to(at);
                }
                self.close("p");
            }
            "rt" | "rp" if self.is_open("ruby") => {
                while self.open.last().is_some_and(|open| matches!(*open, "rt" | "rp" | "p" | "li")) {
                    self.close_to(self.open.len() - 1);
                }
            }
            "a" => self.close("a"),
            _ => {}
        }
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        if is_block(name) {
            self.line_starts();
        } else {
            self.pay_break();
        }
        self.at_pre_start = name == "pre";
        self.open.push(name);
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(attributes);
        self.out.push('>');
        self.text_start = self.out.len();
    }

    /// Closes the innermost element of that name with all inside it; nothing when none is open.
    pub(crate) fn close(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|open| *open == name) {
            self.close_to(at);
        }
    }

    fn close_to(&mut self, depth: usize) {
        self.at_pre_start = false;
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
                self.text_start = self.out.len();
                if is_block(name) {
                    self.line_starts();
                }
            }
        }
    }

    /// Text that is escaped already, character references included.
    pub(crate) fn raw_text(&mut self, text: &str) {
        let mut text = text;
        if self.at_pre_start {
            text = without_leading_newlines(text);
            if text.is_empty() {
                return;
            }
        }
        if !text.bytes().all(|b| b.is_ascii_whitespace()) {
            self.pay_break();
            self.line_has_text = true;
        }
        self.at_pre_start = false;
        while self.out.len() - self.text_start + text.len() > MAX_TEXT_NODE {
            let room = MAX_TEXT_NODE.saturating_sub(self.out.len() - self.text_start);
            let (node, rest) = text.split_at(outside_references(text, room));
            self.out.push_str(node);
            self.out.push_str("<span></span>");
            self.text_start = self.out.len();
            text = rest;
        }
        self.out.push_str(text);
    }

    /// Text of which this escapes what needs it.
    pub(crate) fn text(&mut self, text: &str) {
        let mut escaped = String::with_capacity(text.len() + text.len() / 16);
        escape_text(&mut escaped, text);
        self.raw_text(&escaped);
    }

    pub(crate) fn line_break(&mut self) {
        self.at_pre_start = false;
        self.line_starts();
        self.out.push_str("<br>");
        self.text_start = self.out.len();
    }

    /// The boundary of a block that posts cannot hold: a line break before the next text, if there was text before.
    pub(crate) fn boundary(&mut self) {
        self.owed_break |= self.line_has_text;
    }

    /// Complete inline HTML.
    pub(crate) fn inline(&mut self, write: impl FnOnce(&mut String)) {
        self.pay_break();
        self.line_has_text = true;
        self.at_pre_start = false;
        write(&mut self.out);
        self.text_start = self.out.len();
    }

    /// Closes everything and gives the HTML.
    pub(crate) fn finish(mut self) -> String {
        self.close_to(0);
        self.out
    }

    fn line_starts(&mut self) {
        self.owed_break = false;
        self.line_has_text = false;
    }

    fn pay_break(&mut self) {
        if std::mem::take(&mut self.owed_break) {
            self.out.push_str("<br>");
            self.text_start = self.out.len();
            self.line_has_text = false;
        }
    }
}

fn is_block(name: &str) -> bool {
    matches!(name, "p" | "blockquote" | "pre" | "ul" | "ol" | "li")
}

/// The last place up to `room` where the text can be cut: between characters, not inside a reference.
fn outside_references(text: &str, room: usize) -> usize {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    match text[..end].rfind('&') {
        Some(at) if end - at < 40 && !text[at..end].contains(';') => at,
        _ => end,
    }
}

/// Newlines at the start of the text, also when written as references, as after `<pre>`.
fn without_leading_newlines(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(['\n', '\r']);
        match reference(text) {
            Some(('\n' | '\r', length)) => text = &text[length..],
            _ => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(html: &str) -> String {
        Tokens::new(html)
            .map(|token| match token {
                Token::Text(text) => format!("[{text}]"),
                Token::Open { name, attributes } => format!("<{name}{attributes}>"),
                Token::Close { name } => format!("</{name}>"),
            })
            .collect()
    }

    #[test]
    fn reads_what_browsers_read() {
        let cases = [
            ("<p>a</p>", "<p>[a]</p>"),
            ("a < b <3 & c", "[a ][<][ b ][<][3 & c]"),
            ("<a href=\"x>y\" b='>'>t</a >", "<a href=\"x>y\" b='>'>[t]</a>"),
            ("a<!-- <b> -->c<!-->d<!---->e", "[a][c][d][e]"),
            ("<!DOCTYPE html><?xml x?>a</ b>c", "[a][c]"),
            ("a<script>if (a</b) '</scripty>'</SCRIPT >b", "[a][b]"),
            ("a<style>x", "[a]"),
            ("a<b", "[a]"),
            ("a<b c=\"", "[a]"),
            ("a<!-- b", "[a]"),
            ("<br/>", "<br/>"),
        ];
        for (html, expected) in cases {
            assert_eq!(tokens(html), expected, "{html}");
        }
    }

    #[test]
    fn reads_attributes() {
        let found: Vec<_> = attributes(" a=1 B = \"x y\" c='q' d e=f/ =g /h").collect();
        assert_eq!(found, [("a", "1"), ("B", "x y"), ("c", "q"), ("d", ""), ("e", "f/"), ("=g", ""), ("h", "")]);
    }

    #[test]
    fn decodes_references() {
        assert_eq!(
            decode("a &amp; &#39;&#x27;&lt;b&gt; &nosuch; &copy=1 &#0;&#xD800; &"),
            "a & ''<b> &nosuch; &copy=1 \u{FFFD}\u{FFFD} &"
        );
    }

    #[test]
    fn escapes() {
        let mut out = String::new();
        escape_attribute(&mut out, "a\"b<c>&\0d\u{7}\ne");
        assert_eq!(out, "a&quot;b&lt;c&gt;&amp;d\ne");
    }

    #[test]
    fn writes_what_browsers_build() {
        let mut writer = Writer::default();
        writer.open("p", "");
        writer.open("b", "");
        writer.text("a<");
        writer.open("ul", "");
        writer.open("li", "");
        writer.text("1");
        writer.open("li", "");
        writer.text("2");
        writer.close("nothing");
        assert_eq!(writer.finish(), "<p><b>a&lt;</b></p><ul><li>1</li><li>2</li></ul>");
    }

    #[test]
    fn depth_is_bounded() {
        let mut writer = Writer::default();
        for _ in 0..100_000 {
            writer.open("b", "");
        }
        writer.text("x");
        assert_eq!(writer.finish().matches("<b>").count(), MAX_DEPTH);
    }
}
