//! HTML of remote posts and biographies made safe to show: Mastodon's allow-list of elements and attributes.
//! Two stages: ours brings any input into a small, balanced, flat shape in linear time (a tree builder alone can be
//! made quadratic); ammonia, whose parser is a browser's, lets nothing else through.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use super::entities::LINK_SCHEMES;
use super::html::{Token, Tokens, attributes, decode, escape_attribute, reference};
use super::writer::Writer;

/// How much of a document is read, in bytes; what follows is cut off. Longer than any post that peers accept.
pub const MAX_HTML: usize = 256 * 1024;

/// The longest address of a link, in bytes; a longer one is no link.
const MAX_URL: usize = 8 * 1024;

/// The longest list of classes that is read, in bytes.
const MAX_CLASSES: usize = 1024;

/// Makes HTML from anywhere safe, in the shape that Mastodon gives to remote posts: headings become bold paragraphs,
/// links open in a new window without passing on trust, links with other schemes become text, classes are limited to
/// microformats and the ones that apps know. Sanitising twice changes nothing.
pub fn sanitise(html: &str) -> String {
    let mut end = html.len().min(MAX_HTML);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let html = &html[..end];
    if !html.contains(['<', '&', '>']) && !html.contains(|c: char| c.is_control() || c == '\u{A0}') {
        return html.to_owned();
    }
    gate(&restructure(html))
}

/// The last stage for all HTML that is stored or shown, our own Markdown's too: nothing but the allow-list passes.
pub(crate) fn gate(html: &str) -> String {
    GATE.clean(html).to_string()
}

/// Attributes of every link: no trust is passed on, and the other page cannot reach this one.
pub(crate) const LINK_ATTRIBUTES: &str = " rel=\"nofollow noopener\" target=\"_blank\"";

static GATE: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let set = |names: &[&'static str]| names.iter().copied().collect::<HashSet<_>>();
    builder
        .tags(set(&[
            "p",
            "br",
            "span",
            "a",
            "del",
            "s",
            "pre",
            "blockquote",
            "code",
            "b",
            "strong",
            "u",
            "i",
            "em",
            "ul",
            "ol",
            "li",
            "ruby",
            "rt",
            "rp",
        ]))
        .clean_content_tags(set(&["script", "style"]))
        .generic_attributes(set(&["lang"]))
        .tag_attributes(HashMap::from([
            ("a", set(&["href", "rel", "class", "translate", "target"])),
            ("span", set(&["class", "translate"])),
            ("ol", set(&["start", "reversed"])),
            ("li", set(&["value"])),
            ("p", set(&["class"])),
        ]))
        .url_schemes(LINK_SCHEMES.into_iter().collect())
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(|_, attribute, value| match attribute {
            "class" => classes(value).map(Cow::Owned),
            "translate" => (value == "no").then_some(Cow::Borrowed(value)),
            "target" => (value == "_blank").then_some(Cow::Borrowed(value)),
            "rel" => value
                .split(' ')
                .all(|token| matches!(token, "nofollow" | "noopener" | "tag" | "me"))
                .then_some(Cow::Borrowed(value)),
            "lang" => is_language_tag(value).then_some(Cow::Borrowed(value)),
            "start" | "value" => is_number(value).then_some(Cow::Borrowed(value)),
            "reversed" => Some(Cow::Borrowed("")),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
});

/// The classes that may stay, joined by spaces; none when none may.
fn classes(value: &str) -> Option<String> {
    let allowed = |class: &&str| {
        ["h-", "p-", "u-", "dt-", "e-"].iter().any(|prefix| class.starts_with(prefix))
            || matches!(*class, "mention" | "hashtag" | "ellipsis" | "invisible" | "quote-inline")
    };
    let mut kept = String::new();
    if value.len() > MAX_CLASSES {
        return None;
    }
    for class in value.split([' ', '\t', '\n', '\r', '\u{C}']).filter(allowed) {
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(class);
    }
    (!kept.is_empty()).then_some(kept)
}

/// The shape of a BCP 47 tag.
fn is_language_tag(value: &str) -> bool {
    (2..=35).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_number(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The first stage: tags balanced, nesting bounded, what has no place in a post turned into what has.
fn restructure(html: &str) -> String {
    let mut writer = Writer::with_capacity(html.len() + html.len() / 4 + 64);
    let mut tokens = Tokens::new(html);
    let mut more_formulas = true;
    while let Some(token) = tokens.next() {
        match token {
            Token::Text(text) => clean_text(&mut writer, text),
            Token::Open { name, attributes } => match element(name) {
                Element::Kept(name) => {
                    let attributes = kept_attributes(name, attributes);
                    writer.open(name, &attributes);
                }
                Element::Link => match link_attributes(attributes) {
                    Some(attributes) => writer.open("a", &attributes),
                    // The link's text stays; a link around it ends here, as in browsers.
                    None => writer.close("a"),
                },
                Element::Break => writer.line_break(),
                Element::Heading => {
                    writer.open("p", "");
                    writer.open("strong", "");
                }
                Element::Block => writer.boundary(),
                Element::Cell => writer.raw_text(" "),
                Element::Formula if more_formulas => match formula(attributes, tokens.rest()) {
                    Formula::Text { text, length } => {
                        writer.text(&text);
                        tokens.advance(length);
                    }
                    Formula::Unknown => {}
                    Formula::Unclosed => more_formulas = false,
                },
                Element::Formula | Element::Unknown => {}
            },
            Token::Close { name } => match element(name) {
                Element::Kept(name) => writer.close(name),
                Element::Link => writer.close("a"),
                Element::Heading => writer.close("p"),
                Element::Block => writer.boundary(),
                Element::Cell => writer.raw_text(" "),
                Element::Break | Element::Formula | Element::Unknown => {}
            },
        }
    }
    writer.finish()
}

/// Text in the form in which the last stage writes it: references decoded as far as they are known, what is none
/// escaped, control characters left out however they were written.
fn clean_text(writer: &mut Writer, text: &str) {
    let plain = |b: u8| b >= 0x20 && !matches!(b, b'<' | b'>' | b'&' | 0x7F | 0xC2) || matches!(b, b'\n' | b'\t');
    if text.bytes().all(plain) {
        writer.raw_text(text);
        return;
    }
    let mut clean = String::with_capacity(text.len() + text.len() / 8 + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (c, length) = match c {
            '&' => match reference(rest) {
                Some(known) => known,
                None => {
                    // A name that only the last stage knows, or an ampersand.
                    let named = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic());
                    clean.push_str(if named { "&" } else { "&amp;" });
                    rest = &rest[1..];
                    continue;
                }
            },
            c => (c, c.len_utf8()),
        };
        rest = &rest[length..];
        match c {
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            '&' => clean.push_str("&amp;"),
            '\u{A0}' => clean.push_str("&nbsp;"),
            '\n' | '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    writer.raw_text(&clean);
}

/// What becomes of an element.
enum Element {
    Kept(&'static str),
    Link,
    Break,
    Heading,
    /// A block that posts cannot hold: its boundary is a line break.
    Block,
    /// A table's cell: its boundary is a space.
    Cell,
    Formula,
    Unknown,
}

fn element(name: &str) -> Element {
    let mut lower = [0u8; 10];
    let Some(lower) = lower.get_mut(..name.len()) else { return Element::Unknown };
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    match &*lower {
        b"p" => Element::Kept("p"),
        b"br" => Element::Break,
        b"span" => Element::Kept("span"),
        b"a" => Element::Link,
        b"del" | b"strike" => Element::Kept("del"),
        b"s" => Element::Kept("s"),
        b"pre" => Element::Kept("pre"),
        b"blockquote" => Element::Kept("blockquote"),
        b"code" => Element::Kept("code"),
        b"b" => Element::Kept("b"),
        b"strong" => Element::Kept("strong"),
        b"u" => Element::Kept("u"),
        b"i" => Element::Kept("i"),
        b"em" => Element::Kept("em"),
        b"ul" => Element::Kept("ul"),
        b"ol" => Element::Kept("ol"),
        b"li" => Element::Kept("li"),
        b"ruby" => Element::Kept("ruby"),
        b"rt" => Element::Kept("rt"),
        b"rp" => Element::Kept("rp"),
        b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Element::Heading,
        b"div" | b"section" | b"article" | b"aside" | b"header" | b"footer" | b"main" | b"nav" | b"figure" | b"figcaption"
        | b"address" | b"dl" | b"dt" | b"dd" | b"table" | b"caption" | b"tr" | b"hr" | b"details" | b"summary" | b"center"
        | b"form" | b"fieldset" => Element::Block,
        b"td" | b"th" => Element::Cell,
        b"math" => Element::Formula,
        _ => Element::Unknown,
    }
}

/// The attributes that an element other than a link keeps, escaped, each with a space before it.
fn kept_attributes(element: &str, source: &str) -> String {
    let mut kept = String::new();
    let mut seen = 0u8;
    for (name, value) in attributes(source) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let (bit, name, value) = match element {
            _ if is("lang") => (1, "lang", Some(decode(value)).filter(|value| is_language_tag(value))),
            "span" | "p" if is("class") => (2, "class", classes(&decode(value))),
            "span" if is("translate") => (4, "translate", (value == "no").then(|| "no".to_owned())),
            "ol" if is("start") => (8, "start", is_number(value).then(|| value.to_owned())),
            "ol" if is("reversed") => (16, "reversed", Some(String::new())),
            "li" if is("value") => (32, "value", is_number(value).then(|| value.to_owned())),
            _ => continue,
        };
        // The first of two attributes of one name counts, as in browsers.
        if seen & bit == 0
            && let Some(value) = value
        {
            push_attribute(&mut kept, name, &value);
        }
        seen |= bit;
    }
    kept
}

/// The attributes of a link; none when it leads nowhere that posts may link to.
fn link_attributes(source: &str) -> Option<String> {
    let (mut href, mut class, mut language, mut translate) = (None, None, None, false);
    for (name, value) in attributes(source) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("href") && href.is_none() {
            href = Some(if value.len() <= MAX_URL { decode(value) } else { String::new() });
        } else if is("class") && class.is_none() {
            class = Some(classes(&decode(value)));
        } else if is("lang") && language.is_none() {
            language = Some(decode(value));
        } else if is("translate") {
            translate = value == "no";
        }
    }
    let href = href?;
    let href = allowed_url(&href)?;
    let mut kept = String::with_capacity(href.len() + 80);
    push_attribute(&mut kept, "href", &href);
    if let Some(class) = class.flatten() {
        push_attribute(&mut kept, "class", &class);
    }
    if let Some(language) = language.filter(|language| is_language_tag(language)) {
        push_attribute(&mut kept, "lang", &language);
    }
    if translate {
        push_attribute(&mut kept, "translate", "no");
    }
    kept.push_str(LINK_ATTRIBUTES);
    Some(kept)
}

/// The URL without the characters that browsers ignore in one, when it is absolute and its scheme is one of
/// [`LINK_SCHEMES`].
pub(crate) fn allowed_url(url: &str) -> Option<Cow<'_, str>> {
    let url = url.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let url = if url.contains(char::is_control) {
        Cow::Owned(url.chars().filter(|c| !c.is_control()).collect())
    } else {
        Cow::Borrowed(url)
    };
    let (scheme, _) = url.split_once(':').filter(|_| url.len() <= MAX_URL)?;
    (LINK_SCHEMES.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed)) && ammonia::Url::parse(&url).is_ok()).then_some(url)
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape_attribute(out, value);
    out.push('"');
}

enum Formula {
    /// The formula as text, and how many bytes of the rest it took.
    Text { text: String, length: usize },
    /// A formula without a text that we know.
    Unknown,
    /// There is no end tag: nor will there be one for the formulas that follow.
    Unclosed,
}

/// The text of a formula: its TeX source between dollars, or its plain text (FEP-dc88).
fn formula(attributes_source: &str, rest: &str) -> Formula {
    let Some(end) = rest.find("</math") else { return Formula::Unclosed };
    let Some(close) = rest[end..].find('>') else { return Formula::Unclosed };
    let (mut tex, mut text) = (None, None);
    let mut tokens = Tokens::new(&rest[..end]);
    while let Some(token) = tokens.next() {
        let Token::Open { name, attributes: source } = token else { continue };
        if !name.eq_ignore_ascii_case("annotation") {
            continue;
        }
        let slot = match attributes(source).find(|(name, _)| name.eq_ignore_ascii_case("encoding")) {
            Some((_, "application/x-tex")) => &mut tex,
            Some((_, "text/plain")) => &mut text,
            _ => continue,
        };
        if slot.is_none()
            && let Some(Token::Text(content)) = tokens.next()
        {
            *slot = Some(decode(content));
        }
    }
    let block = attributes(attributes_source).any(|(name, value)| name.eq_ignore_ascii_case("display") && value == "block");
    let text = match (tex, text) {
        (Some(tex), _) if block => format!("$${tex}$$"),
        (Some(tex), _) => format!("${tex}$"),
        (None, Some(text)) => text,
        (None, None) => return Formula::Unknown,
    };
    Formula::Text { text, length: end + close + 1 }
}

#[cfg(test)]
mod tests;
