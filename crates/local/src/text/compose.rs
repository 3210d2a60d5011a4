//! What an author writes, turned into the HTML that apps expect (the shape of Mastodon's posts).
//! In two steps, because only the database knows who is mentioned: [`scan`] first, [`render`] with the answer.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::domains::display_domain;
use super::emoji;
use super::entities::{Entity, entities};
use super::hashtags::hashtag_key;
use super::html::{escape_attribute, escape_text};
use super::markdown;
use super::names::Handle;
use super::sanitise::LINK_ATTRIBUTES;

/// How an author's text is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines and paragraphs as typed.
    #[default]
    Plain,
    /// CommonMark with strikethrough; a newline is a line break, HTML is shown as it was typed.
    Markdown,
}

impl Format {
    /// The format of a media type (`text/plain`, `text/markdown`), as apps send it in `content_type`.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/plain" => Some(Self::Plain),
            "text/markdown" | "text/x-markdown" => Some(Self::Markdown),
            _ => None,
        }
    }

    /// The media type of this format.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Markdown => "text/markdown",
        }
    }
}

/// A hashtag as it was written, with its identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hashtag {
    /// As written, without `#`.
    pub name: String,
    /// [`hashtag_key`] of it.
    pub key: String,
}

/// What a text speaks of; each once, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// People mentioned, as far as the text tells: nobody has looked whether they exist.
    pub mentions: Vec<Handle>,
    /// Hashtags, distinct by key.
    pub hashtags: Vec<Hashtag>,
    /// Absolute URLs.
    pub links: Vec<String>,
    /// Shortcodes without colons.
    pub emoji: Vec<String>,
}

/// Somebody who is mentioned and exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mentioned {
    /// The page of their profile.
    pub url: String,
    /// `ali` for a local account, `ali@example.org` for a remote one.
    pub acct: String,
}

/// What [`render`] needs to know.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// Those of [`Scanned::mentions`] that exist; the others stay text.
    pub mentions: HashMap<Handle, Mentioned>,
    /// What stands before a hashtag's key in its URL: `https://example.org/tags/`. Hashtags stay text when it is empty.
    pub tag_base_url: String,
}

/// Finds what a text speaks of. Nothing is found inside code, nor mentions and hashtags inside links and addresses.
pub fn scan(text: &str, format: Format) -> Scanned {
    let mut collector = Collector::default();
    match format {
        Format::Plain => collector.run(text),
        Format::Markdown => markdown::scan(text, &mut collector),
    }
    collector.found
}

/// The HTML of an author's text. The same text gives the same HTML as long as the same mentions are resolved.
pub fn render(text: &str, format: Format, resolved: &Resolved) -> String {
    let inline = Inline::new(resolved, false);
    match format {
        Format::Plain => paragraphs(text, &inline),
        Format::Markdown => markdown::render(text, &inline),
    }
}

/// The HTML of a profile's field: one line without paragraphs, links that claim identity (`rel="me"`), mentions with
/// their domain.
pub fn render_field(text: &str, resolved: &Resolved) -> String {
    let text = super::plain::one_line(text);
    let mut out = String::with_capacity(text.len() * 2);
    Inline::new(resolved, true).write(&mut out, &text, escape_text);
    out
}

/// Gathers what runs of text speak of.
#[derive(Default)]
pub(crate) struct Collector {
    found: Scanned,
    handles: HashSet<Handle>,
    keys: HashSet<String>,
    links: HashSet<String>,
    emoji: HashSet<String>,
}

impl Collector {
    /// A run of text outside code and links.
    pub(crate) fn run(&mut self, text: &str) {
        for (_, entity) in entities(text) {
            match entity {
                Entity::Link(url) => self.link(url),
                Entity::Mention(handle) => {
                    if self.handles.insert(handle.clone()) {
                        self.found.mentions.push(handle);
                    }
                }
                Entity::Hashtag(name) => {
                    let key = hashtag_key(name);
                    if self.keys.insert(key.clone()) {
                        self.found.hashtags.push(Hashtag { name: name.to_owned(), key });
                    }
                }
            }
        }
        self.emoji(text);
    }

    /// The shortcodes of a text in which nothing else counts.
    pub(crate) fn emoji(&mut self, text: &str) {
        for (_, name) in emoji::occurrences(text) {
            if !self.emoji.contains(name) {
                self.emoji.insert(name.to_owned());
                self.found.emoji.push(name.to_owned());
            }
        }
    }

    pub(crate) fn link(&mut self, url: &str) {
        if !self.links.contains(url) {
            self.links.insert(url.to_owned());
            self.found.links.push(url.to_owned());
        }
    }
}

/// Writes runs of text with their mentions, hashtags and links.
pub(crate) struct Inline<'r> {
    resolved: &'r Resolved,
    /// Names that two mentioned people share: these are shown with their domain.
    ambiguous: HashSet<String>,
    field: bool,
}

impl<'r> Inline<'r> {
    fn new(resolved: &'r Resolved, field: bool) -> Self {
        let mut ambiguous = HashSet::new();
        if resolved.mentions.len() > 1 {
            let mut accts: HashMap<String, &str> = HashMap::new();
            for mentioned in resolved.mentions.values() {
                let name = local_part(&mentioned.acct).to_lowercase();
                if accts.insert(name.clone(), &mentioned.acct).is_some_and(|other| !other.eq_ignore_ascii_case(&mentioned.acct)) {
                    ambiguous.insert(name);
                }
            }
        }
        Self { resolved, ambiguous, field }
    }

    /// Writes one run; `text` writes what lies between the entities.
    pub(crate) fn write(&self, out: &mut String, run: &str, text: impl Fn(&mut String, &str)) {
        let mut done = 0;
        for (range, entity) in entities(run) {
            text(out, &run[done..range.start]);
            match entity {
                Entity::Link(url) => self.link(out, url),
                Entity::Mention(handle) => match self.resolved.mentions.get(&handle) {
                    Some(mentioned) => self.mention(out, mentioned),
                    None => escape_text(out, &run[range.clone()]),
                },
                Entity::Hashtag(name) => self.hashtag(out, name),
            }
            done = range.end;
        }
        text(out, &run[done..]);
    }

    /// A link that shows its own address, shortened by CSS classes that apps know.
    pub(crate) fn link(&self, out: &mut String, url: &str) {
        let prefix = ["https://www.", "http://www.", "https://", "http://", "xmpp:"]
            .into_iter()
            .find(|prefix| url.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
            .map_or(0, str::len);
        let (prefix, rest) = url.split_at(prefix);
        let cut = rest.char_indices().nth(SHOWN_OF_URL).map_or(rest.len(), |(at, _)| at);
        let (shown, hidden) = rest.split_at(cut);
        self.open_link(out, url);
        out.push_str("<span class=\"invisible\">");
        escape_text(out, prefix);
        out.push_str(if hidden.is_empty() { "</span><span class=\"\">" } else { "</span><span class=\"ellipsis\">" });
        escape_text(out, shown);
        out.push_str("</span><span class=\"invisible\">");
        escape_text(out, hidden);
        out.push_str("</span></a>");
    }

    fn open_link(&self, out: &mut String, url: &str) {
        out.push_str("<a href=\"");
        escape_attribute(out, url);
        out.push('"');
        out.push_str(if self.field { " rel=\"nofollow noopener me\" target=\"_blank\"" } else { LINK_ATTRIBUTES });
        out.push_str(" translate=\"no\">");
    }

    fn mention(&self, out: &mut String, mentioned: &Mentioned) {
        out.push_str("<span class=\"h-card\" translate=\"no\"><a href=\"");
        escape_attribute(out, &mentioned.url);
        out.push_str("\" class=\"u-url mention\">@<span>");
        let name = local_part(&mentioned.acct);
        escape_text(out, name);
        if (self.field || self.ambiguous.contains(&name.to_lowercase()))
            && let Some((_, domain)) = mentioned.acct.split_once('@')
        {
            out.push('@');
            escape_text(out, &display_domain(domain));
        }
        out.push_str("</span></a></span>");
    }

    fn hashtag(&self, out: &mut String, name: &str) {
        if self.resolved.tag_base_url.is_empty() {
            out.push('#');
            escape_text(out, name);
            return;
        }
        out.push_str("<a href=\"");
        escape_attribute(out, &self.resolved.tag_base_url);
        percent_encode(out, &hashtag_key(name));
        out.push_str("\" class=\"mention hashtag\" rel=\"tag\">#<span>");
        escape_text(out, name);
        out.push_str("</span></a>");
    }
}

/// How many characters of a link's address are shown.
const SHOWN_OF_URL: usize = 30;

fn local_part(acct: &str) -> &str {
    acct.split('@').next().unwrap_or(acct)
}

/// A path segment: everything but unreserved characters as percent-encoded UTF-8 (RFC 3986 §2.3).
fn percent_encode(out: &mut String, segment: &str) {
    for b in segment.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            out.push(b as char);
        } else {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(b >> 4), digit(b & 15)]);
        }
    }
}

/// Plain text as paragraphs: an empty line ends one, a newline is a line break.
fn paragraphs(text: &str, inline: &Inline<'_>) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.is_empty() {
        return String::new();
    }
    let unix;
    let text = if text.contains('\r') {
        unix = text.replace("\r\n", "\n").replace('\r', "\n");
        &unix
    } else {
        text
    };
    let mut out = String::with_capacity(text.len() * 2 + 16);
    out.push_str("<p>");
    inline.write(&mut out, text, lines);
    out.push_str("</p>");
    out
}

/// Text between entities: newlines, with blanks between them, become breaks.
fn lines(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('\n') {
        escape_text(out, &rest[..at]);
        let after = rest[at..].trim_start_matches([' ', '\t', '\n']);
        let gap = &rest[at..rest.len() - after.len()];
        let newlines = gap.bytes().filter(|b| *b == b'\n').count();
        out.push_str(if newlines > 1 { "</p><p>" } else { "<br>" });
        // Blanks at the start of a line are the author's: poems, ASCII drawings.
        let indent = gap.len() - gap.rfind('\n').map_or(0, |last| last + 1);
        rest = &rest[rest.len() - after.len() - indent..];
        let (blanks, after) = rest.split_at(indent);
        out.push_str(blanks);
        rest = after;
    }
    escape_text(out, rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn resolved() -> Resolved {
        let person = |handle: &str, url: &str, acct: &str| {
            (Handle::parse(handle).unwrap(), Mentioned { url: url.into(), acct: acct.into() })
        };
        Resolved {
            mentions: HashMap::from([
                person("@ali", "https://here.example/@ali", "ali"),
                person("@sara@there.example", "https://there.example/@sara", "sara@there.example"),
                person("@bob@127.0.0.1:4001", "http://127.0.0.1:4001/@bob", "bob@127.0.0.1:4001"),
            ]),
            tag_base_url: "https://here.example/tags/".into(),
        }
    }

    #[test]
    fn plain_text() {
        let mention = "<span class=\"h-card\" translate=\"no\"><a href=\"https://here.example/@ali\" class=\"u-url mention\">@<span>ali</span></a></span>";
        let cases: Vec<(&str, String)> = vec![
            ("", String::new()),
            (" \n ", String::new()),
            ("hello", "<p>hello</p>".into()),
            ("a\nb\n\nc\r\n\r\n\r\nd", "<p>a<br>b</p><p>c</p><p>d</p>".into()),
            ("a\n  \nb\n  c", "<p>a</p><p>b<br>  c</p>".into()),
            ("<b>&\"'", "<p>&lt;b&gt;&amp;\"'</p>".into()),
            ("hi @ALI!", format!("<p>hi {mention}!</p>")),
            ("@nobody @ali@elsewhere.example", "<p>@nobody @ali@elsewhere.example</p>".into()),
            (
                "@sara@there.example @bob@127.0.0.1:4001",
                "<p><span class=\"h-card\" translate=\"no\"><a href=\"https://there.example/@sara\" class=\"u-url mention\">@<span>sara</span></a></span> \
                 <span class=\"h-card\" translate=\"no\"><a href=\"http://127.0.0.1:4001/@bob\" class=\"u-url mention\">@<span>bob</span></a></span></p>"
                    .into(),
            ),
            (
                "#Rust و#مدرسة #مدرسة",
                "<p><a href=\"https://here.example/tags/rust\" class=\"mention hashtag\" rel=\"tag\">#<span>Rust</span></a> و#مدرسة \
                 <a href=\"https://here.example/tags/%D9%85%D8%AF%D8%B1%D8%B3%D8%A9\" class=\"mention hashtag\" rel=\"tag\">#<span>مدرسة</span></a></p>"
                    .into(),
            ),
            (
                "https://www.example.org/a?b=1&c=2",
                "<p><a href=\"https://www.example.org/a?b=1&amp;c=2\" rel=\"nofollow noopener\" target=\"_blank\" translate=\"no\"><span class=\"invisible\">https://www.</span><span class=\"\">example.org/a?b=1&amp;c=2</span><span class=\"invisible\"></span></a></p>".into(),
            ),
            (
                "https://example.org/a/path/that/is/longer/than/thirty",
                "<p><a href=\"https://example.org/a/path/that/is/longer/than/thirty\" rel=\"nofollow noopener\" target=\"_blank\" translate=\"no\"><span class=\"invisible\">https://</span><span class=\"ellipsis\">example.org/a/path/that/is/lon</span><span class=\"invisible\">ger/than/thirty</span></a></p>".into(),
            ),
            ("ali@here.example", "<p>ali@here.example</p>".into()),
            ("a\u{0}b\u{7}c", "<p>abc</p>".into()),
            ("مرحبا @ali،\nكيف الحال؟", format!("<p>مرحبا {mention}،<br>كيف الحال؟</p>")),
        ];
        for (text, expected) in cases {
            assert_eq!(render(text, Format::Plain, &resolved()), expected, "{text:?}");
        }
    }

    #[test]
    fn without_a_base_hashtags_stay_text() {
        assert_eq!(render("#a <b> #مدرسة", Format::Plain, &Resolved::default()), "<p>#a &lt;b&gt; #مدرسة</p>");
    }

    #[test]
    fn people_of_one_name_are_told_apart() {
        let mut resolved = resolved();
        resolved.mentions.insert(
            Handle::parse("@ali@xn--mnchen-3ya.de").unwrap(),
            Mentioned { url: "https://x".into(), acct: "Ali@xn--mnchen-3ya.de".into() },
        );
        let html = render("@ali @ali@münchen.de @sara@there.example", Format::Plain, &resolved);
        assert!(
            html.contains("<span>ali</span>")
                && html.contains("<span>Ali@münchen.de</span>")
                && html.contains("<span>sara</span>"),
            "{html}"
        );
    }

    #[test]
    fn fields_are_one_line_and_claim_identity() {
        let html = render_field("https://example.org\n@sara@there.example", &resolved());
        assert!(html.starts_with("<a href=\"https://example.org\" rel=\"nofollow noopener me\""), "{html}");
        assert!(html.ends_with("@<span>sara@there.example</span></a></span>"), "{html}");
    }

    #[test]
    fn scanning() {
        let text = "@ali @ALI @bob@localhost:8081 #Rust #rust #مدرسة https://example.org/#x https://example.org/#x :cat: :cat:";
        let found = scan(text, Format::Plain);
        assert_eq!(found.mentions, [Handle::local("ali"), Handle::parse("@bob@localhost:8081").unwrap()]);
        assert_eq!(
            found.hashtags.iter().map(|tag| (tag.name.as_str(), tag.key.as_str())).collect::<Vec<_>>(),
            [("Rust", "rust"), ("مدرسة", "مدرسة")]
        );
        assert_eq!(found.links, ["https://example.org/#x"]);
        assert_eq!(found.emoji, ["cat"]);
    }

    #[test]
    fn formats() {
        assert_eq!(Format::from_media_type("text/markdown; charset=utf-8"), Some(Format::Markdown));
        assert_eq!(Format::from_media_type("text/plain"), Some(Format::Plain));
        assert_eq!(Format::from_media_type("text/html"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_safe_and_never_panics(text in "([@#:/.()\\[\\]*_`~<>!&\\\\ \n-]|https://|\\PC|ali|مر){0,80}") {
            for format in [Format::Plain, Format::Markdown] {
                scan(&text, format);
                let html = render(&text, format, &resolved());
                // Sanitising again may drop our trust in hashtags (rel) but no text.
                prop_assert_eq!(super::super::plain(&super::super::sanitise(&html)), super::super::plain(&html));
                prop_assert!(!html.contains("<script") && !html.contains(" on"), "{}", html);
            }
        }
    }
}
