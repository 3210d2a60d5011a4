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
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shapes() {
        let link = LINK_ATTRIBUTES;
        let cases: Vec<(&str, String)> = vec![
            ("<p>hello <b>world</b></p>", "<p>hello <b>world</b></p>".into()),
            ("plain", "plain".into()),
            ("a & b < c > d", "a &amp; b &lt; c &gt; d".into()),
            ("<h1>Title</h1><p>x</p>", "<p><strong>Title</strong></p><p>x</p>".into()),
            ("<p>x<h3 class=\"big\">y</h3>z", "<p>x</p><p><strong>y</strong></p>z".into()),
            ("<script>alert(1)</script>x<style>y</style>", "x".into()),
            ("<p onclick=\"x()\" style=\"color:red\" id=\"a\">x</p>", "<p>x</p>".into()),
            ("<img src=x onerror=alert(1)>x", "x".into()),
            (
                "<a href=\"https://example.org/?a=1&amp;b=2\">x</a>",
                format!("<a href=\"https://example.org/?a=1&amp;b=2\"{link}>x</a>"),
            ),
            ("<a href=\"javascript:alert(1)\">x</a>", "x".into()),
            ("<a href=\"&#106;avascript:alert(1)\">x</a>", "x".into()),
            ("<a href=\" java\nscript:alert(1)\">x</a>", "x".into()),
            ("<a href=\"javascript&colon;alert(1)\">x</a>", "x".into()),
            ("<a href=\"data:text/html,x\">x</a>", "x".into()),
            ("<a href=\"/relative\">x</a>", "x".into()),
            ("<a href=\"//example.org\">x</a>", "x".into()),
            ("<a>x</a>", "x".into()),
            ("<a href=\"http://\">x</a>", "x".into()),
            ("<a href=\"gemini://example.org/\">x</a>", format!("<a href=\"gemini://example.org/\"{link}>x</a>")),
            ("<a href=\"magnet:?xt=urn:x\">x</a>", format!("<a href=\"magnet:?xt=urn:x\"{link}>x</a>")),
            (
                "<a href=\"https://example.org/مسار\" rel=\"me\" target=\"_self\">x</a>",
                format!("<a href=\"https://example.org/مسار\"{link}>x</a>"),
            ),
            (
                "<span class=\"h-card evil\" translate=\"no\"><a href=\"https://a.example/@b\" class=\"u-url mention x\">@<span>b</span></a></span>",
                format!(
                    "<span class=\"h-card\" translate=\"no\"><a href=\"https://a.example/@b\" class=\"u-url mention\"{link}>@<span>b</span></a></span>"
                ),
            ),
            ("<span class=\"evil\" translate=\"yes\">x</span>", "<span>x</span>".into()),
            ("<p class=\"quote-inline\">x</p>", "<p class=\"quote-inline\">x</p>".into()),
            (
                "<ol start=\"3\" reversed><li value=\"7\">x<li>y</ol>",
                "<ol start=\"3\" reversed=\"\"><li value=\"7\">x</li><li>y</li></ol>".into(),
            ),
            ("<ol start=\"x\" type=a><li>x</ol>", "<ol><li>x</li></ol>".into()),
            ("<p lang=\"ar\">x</p><p lang=\"a b\">y</p>", "<p lang=\"ar\">x</p><p>y</p>".into()),
            (
                "<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>",
                "<ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>".into(),
            ),
            ("<ruby>東<rt>とう<rp>x</ruby>", "<ruby>東<rt>とう</rt><rp>x</rp></ruby>".into()),
            ("<div>a</div><div>b</div>", "a<br>b".into()),
            ("<div><p>a</p></div><div><p>b</p></div>", "<p>a</p><p>b</p>".into()),
            ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", " a  b  <br>c ".into()),
            ("a<br/>b<br>c</br>d", "a<br>b<br>cd".into()),
            ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c".into()),
            ("<p>a<p>b", "<p>a</p><p>b</p>".into()),
            ("<p><b>a<ul><li>b</ul></p>", "<p><b>a</b></p><ul><li>b</li></ul>".into()),
            (
                "<a href=\"https://a.example\">a<a href=\"https://b.example\">b</a></a>",
                format!("<a href=\"https://a.example\"{link}>a</a><a href=\"https://b.example\"{link}>b</a>"),
            ),
            ("<pre>\n\nx</pre>", "<pre>x</pre>".into()),
            ("<pre>&#10;\nx\n  y</pre>", "<pre>x\n  y</pre>".into()),
            ("</p></div>x</b>", "x".into()),
            ("<strike>x</strike>", "<del>x</del>".into()),
            ("<svg><a href=\"https://x.example\" onload=x>y</a></svg>", format!("<a href=\"https://x.example\"{link}>y</a>")),
            ("<math><mi>x</mi></math>", "x".into()),
            (
                "<math display=\"block\"><semantics><mi>x</mi><annotation encoding=\"application/x-tex\">x &lt; y</annotation></semantics></math> z",
                "$$x &lt; y$$ z".into(),
            ),
            ("<math><semantics><mi>x</mi><annotation encoding=\"text/plain\">x</annotation></semantics></math>", "x".into()),
            ("a\u{0}b\u{B}c", "abc".into()),
            ("a&#1;b&#x7f;c&#1d&#", "abc&amp;#1d&amp;#".into()),
            ("&lt;script&gt; &amp;lt; &eacute; &notit; &copy", "&lt;script&gt; &amp;lt; é ¬it; ©".into()),
            ("<p>x &nbsp; &copy; &unknown;</p>", "<p>x &nbsp; © &amp;unknown;</p>".into()),
            ("<p>مرحبا <strong>بالعالم</strong>\u{200F}!</p>", "<p>مرحبا <strong>بالعالم</strong>\u{200F}!</p>".into()),
            ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)".into()),
            ("<<b>script>x</b>", "&lt;<b>script&gt;x</b>".into()),
            ("<a href=\"https://x.example/\"onclick=\"y\">x</a>", format!("<a href=\"https://x.example/\"{link}>x</a>")),
            (
                "<a title=\"<b>\" href='https://x.example/\"><script>'>x</a>",
                format!("<a href=\"https://x.example/&quot;&gt;&lt;script&gt;\"{link}>x</a>"),
            ),
        ];
        for (html, expected) in cases {
            let once = sanitise(html);
            assert_eq!(once, expected, "{html}");
            assert_eq!(sanitise(&once), once, "twice: {html}");
        }
    }

    #[test]
    fn deep_and_wide_documents_are_linear_and_flat() {
        let deep = "<b>".repeat(100_000);
        assert!(sanitise(&format!("x{deep}y")).starts_with("x<b>"));
        let different: String = (0..50_000).map(|i| format!("<p><b lang=\"x{i}\">y")).collect();
        assert!(sanitise(&different).len() < different.len() * 3);
        for tag in [
            "<div>",
            "<p>",
            "<span><p>",
            "<ul><li>",
            "<a href=\"https://x.example\">",
            "<ruby><rt>",
            "<math>",
            "<!--",
            "<a \"",
            "</p>",
            "&",
            "&#",
            "&amp;",
            "&nbsp;",
            "°",
            "\u{A0}",
            "<script>",
            "<table><tr><td>",
            "<",
        ] {
            let html = tag.repeat(MAX_HTML / tag.len());
            assert!(sanitise(&html).len() < 8 * MAX_HTML, "{tag}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_character() {
        let html = "م".repeat(MAX_HTML);
        assert_eq!(super::super::plain(&sanitise(&html)).len(), MAX_HTML);
        let text = super::super::plain(&sanitise(&format!("<p>{}", "&amp;é".repeat(MAX_HTML))));
        assert!(text.starts_with(&"&é".repeat(MAX_HTML / 7 - 2)));
    }

    #[test]
    fn long_text_nodes_are_split_between_characters() {
        let html = format!("<p>{}</p>", "&amp;é".repeat(5_000));
        let clean = sanitise(&html);
        assert!(clean.matches("<span></span>").count() == 2);
        assert!(super::super::plain(&clean) == "&é".repeat(5_000));
        assert!(sanitise(&clean) == clean);
    }

    /// Pieces of which hostile documents are made.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("<"),
            Just(">"),
            Just("\""),
            Just("'"),
            Just("&"),
            Just("&lt;"),
            Just("&#106;"),
            Just("&#10;"),
            Just("\n"),
            Just(" "),
            Just("="),
            Just("/"),
            Just("<p>"),
            Just("</p>"),
            Just("<b>"),
            Just("</b>"),
            Just("<i lang=ar>"),
            Just("</i>"),
            Just("<ul>"),
            Just("</ul>"),
            Just("<li>"),
            Just("</li>"),
            Just("<a href=\"https://x.example/\">"),
            Just("<a href=javascript:x>"),
            Just("</a>"),
            Just("<script>"),
            Just("</script>"),
            Just("<style>"),
            Just("<svg>"),
            Just("<math>"),
            Just("</math>"),
            Just("<img src=x onerror=y>"),
            Just("<pre>"),
            Just("</pre>"),
            Just("<h1>"),
            Just("</h1>"),
            Just("<span class='h-x'>"),
            Just("</span>"),
            Just("<blockquote>"),
            Just("</blockquote>"),
            Just("<div>"),
            Just("</div>"),
            Just("<br>"),
            Just("<ruby>"),
            Just("<rt>"),
            Just("<rp>"),
            Just("</ruby>"),
            Just("<table>"),
            Just("<td>"),
            Just("<!--"),
            Just("-->"),
            Just("<template>"),
            Just("<select>"),
            Just("<textarea>"),
            Just("<code>"),
            Just("</code>"),
            Just("<u onclick=x>"),
            Just("x"),
            Just("مرحبا"),
            Just("\u{202E}"),
            Just("\u{0}"),
            Just("\u{A0}"),
            Just("<ol start=1 reversed>"),
            Just("</ol>"),
            Just("onload=y"),
            Just("<p class=\"quote-inline"),
            Just("<noscript>"),
            Just("<title>"),
            Just("<annotation encoding=text/plain>"),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    fn assert_safe(html: &str) -> Result<(), TestCaseError> {
        let clean = sanitise(html);
        for token in Tokens::new(&clean) {
            if let Token::Open { name, attributes: source } = token {
                prop_assert!(
                    !matches!(
                        element(name),
                        Element::Block | Element::Cell | Element::Heading | Element::Formula | Element::Unknown
                    ),
                    "{name} in {clean}"
                );
                for (attribute, value) in attributes(source) {
                    prop_assert!(
                        matches!(
                            attribute,
                            "href" | "rel" | "class" | "translate" | "target" | "lang" | "start" | "reversed" | "value"
                        ),
                        "{attribute} in {clean}"
                    );
                    prop_assert!(attribute != "href" || value.starts_with("http"), "{value} in {clean}");
                }
            }
        }
        prop_assert!(!clean.to_lowercase().contains("<script"));
        prop_assert_eq!(sanitise(&clean), clean);
        Ok(())
    }

    proptest! {
        #[test]
        fn hostile_documents_come_out_safe(html in hostile()) {
            assert_safe(&html)?;
        }

        #[test]
        fn any_text_comes_out_safe(html in "\\PC*") {
            assert_safe(&html)?;
        }
    }
}
