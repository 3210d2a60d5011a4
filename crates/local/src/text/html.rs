//! Reading HTML leniently, token by token, in linear time and without a tree; and escaping for it.
//! What is written with it is [`super::writer`]'s.

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
    /// What was left out, when somebody wants to see it.
    kept: Option<Vec<RawText<'h>>>,
}

/// An element whose content is no HTML, such as a script.
pub(crate) struct RawText<'h> {
    pub(crate) name: &'h str,
    pub(crate) attributes: &'h str,
    pub(crate) content: &'h str,
}

impl<'h> Tokens<'h> {
    pub(crate) fn new(html: &'h str) -> Self {
        Self { rest: html, kept: None }
    }

    /// Keeps the elements that are left out, for [`Tokens::into_raw_texts`].
    pub(crate) fn keeping_raw_texts(html: &'h str) -> Self {
        Self { rest: html, kept: Some(Vec::new()) }
    }

    /// The elements that were left out so far.
    pub(crate) fn into_raw_texts(self) -> Vec<RawText<'h>> {
        self.kept.unwrap_or_default()
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

    /// Skips the content of a raw text element with its end tag; gives the content back.
    fn skip_raw_text(&mut self, name: &str) -> &'h str {
        let whole = self.rest;
        while let Some(at) = self.rest.find("</") {
            let after = &self.rest[at + 2..];
            let is_end = after.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name))
                && after[name.len()..].starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
            self.rest = after;
            if is_end {
                let content = &whole[..whole.len() - after.len() - 2];
                self.skip_past(0, ">");
                return content;
            }
        }
        self.rest = "";
        whole
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
                    let content = self.skip_raw_text(name);
                    if let Some(kept) = &mut self.kept {
                        kept.push(RawText { name, attributes: &tag[..end], content });
                    }
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
        let is_end = |(at, c): (usize, char)| c.is_ascii_whitespace() || c == '/' || (c == '=' && at > 0);
        let name_end = rest.char_indices().find(|item| is_end(*item)).map_or(rest.len(), |(at, _)| at);
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
pub(crate) fn reference(text: &str) -> Option<(char, usize)> {
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
}
