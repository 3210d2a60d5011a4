//! A page of the web, read for what it says of itself: its title, `meta` and `link` elements, structured data, and who it
//! says is the same person (`rel="me"`). Linear in the length of the page, whatever stands in it.

use std::collections::HashMap;

use super::html::{Token, Tokens, attributes, decode};

/// `meta` elements that are kept.
const MOST_METAS: usize = 300;
/// `link` and `rel="me"` elements that are kept.
const MOST_LINKS: usize = 500;
/// Bytes of one value that are kept.
const VALUE: usize = 8 * 1024;

/// What a page says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The content of `title`; one line, empty when there is none.
    pub title: String,
    /// The language of the `html` element, as written.
    pub language: Option<String>,
    /// Blocks of structured data (`application/ld+json`), as written.
    pub json_ld: Vec<String>,
    /// Addresses with `rel="me"`, as written.
    pub me: Vec<String>,
    metas: HashMap<String, String>,
    links: Vec<Link>,
}

/// A `link` element.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    rel: String,
    kind: String,
    href: String,
}

impl Page {
    /// Reads a page.
    pub fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut tokens = Tokens::keeping_raw_texts(html);
        for token in tokens.by_ref() {
            if let Token::Open { name, attributes: source } = token {
                page.element(name, source);
            }
        }
        for raw in tokens.into_raw_texts() {
            if raw.name.eq_ignore_ascii_case("title") && page.title.is_empty() {
                page.title = one_line(raw.content);
            } else if raw.name.eq_ignore_ascii_case("script")
                && value(raw.attributes, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("application/ld+json"))
            {
                page.json_ld.push(raw.content.trim().to_owned());
            }
        }
        page
    }

    fn element(&mut self, name: &str, source: &str) {
        match name.to_ascii_lowercase().as_str() {
            "html" if self.language.is_none() => self.language = value(source, "lang"),
            "meta" if self.metas.len() < MOST_METAS => {
                let key = value(source, "property").or_else(|| value(source, "name"));
                if let (Some(key), Some(content)) = (key, value(source, "content")) {
                    // The first one counts; an empty one says nothing.
                    if !content.trim().is_empty() {
                        self.metas.entry(key.trim().to_ascii_lowercase()).or_insert(content);
                    }
                }
            }
            "link" | "a" => {
                let Some(rel) = value(source, "rel") else { return };
                let Some(href) = value(source, "href").filter(|href| !href.trim().is_empty()) else { return };
                let href = href.trim().to_owned();
                if self.me.len() < MOST_LINKS && rel.split_ascii_whitespace().any(|token| token.eq_ignore_ascii_case("me")) {
                    self.me.push(href.clone());
                }
                if name.eq_ignore_ascii_case("link") && self.links.len() < MOST_LINKS {
                    let kind = value(source, "type").unwrap_or_default().trim().to_ascii_lowercase();
                    self.links.push(Link { rel: rel.to_ascii_lowercase(), kind, href });
                }
            }
            _ => {}
        }
    }

    /// The first value of the `meta` element with this `property` or `name` (lower case), on one line.
    pub fn meta(&self, name: &str) -> Option<String> {
        self.metas.get(name).map(|value| one_line_of(value)).filter(|value| !value.is_empty())
    }

    /// Where the first `link` with this relation leads, as written.
    pub fn link(&self, rel: &str) -> Option<&str> {
        let is_it = |link: &&Link| link.rel.split_ascii_whitespace().any(|token| token == rel);
        self.links.iter().find(is_it).map(|link| link.href.as_str())
    }

    /// Where the first `link` of another form of the page with this media type leads, as written.
    pub fn alternate(&self, kind: &str) -> Option<&str> {
        let is_it = |link: &&Link| link.kind == kind && link.rel.split_ascii_whitespace().any(|token| token == "alternate");
        self.links.iter().find(is_it).map(|link| link.href.as_str())
    }
}

/// The charset that the first kilobyte of a page names in a `meta` element, as written (HTML §13.2.3.2 reads as much).
pub fn charset(beginning: &[u8]) -> Option<String> {
    let head: String = beginning.iter().take(1_024).map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect();
    for token in Tokens::new(&head) {
        let Token::Open { name, attributes: source } = token else { continue };
        if !name.eq_ignore_ascii_case("meta") {
            continue;
        }
        if let Some(charset) = value(source, "charset") {
            return Some(charset);
        }
        let is_type = value(source, "http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("content-type"));
        if let Some(content) = value(source, "content").filter(|_| is_type) {
            return charset_of(&content);
        }
    }
    None
}

/// The charset of a media type: `windows-1256` of `text/html; charset="windows-1256"`.
pub fn charset_of(media_type: &str) -> Option<String> {
    let lower = media_type.to_ascii_lowercase();
    let (_, rest) = lower.split_once("charset=")?;
    let name = rest.trim_start_matches(['"', '\'', ' ']);
    let name = name.split(['"', '\'', ';', ' ', ',']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// What the first frame in a piece of HTML shows, as written.
pub fn frame(html: &str) -> Option<String> {
    let mut tokens = Tokens::keeping_raw_texts(html);
    tokens.by_ref().for_each(drop);
    tokens
        .into_raw_texts()
        .iter()
        .find(|raw| raw.name.eq_ignore_ascii_case("iframe"))
        .and_then(|raw| value(raw.attributes, "src"))
}

fn value(source: &str, wanted: &str) -> Option<String> {
    let (_, value) = attributes(source).find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    Some(decode(clipped(value)))
}

fn clipped(value: &str) -> &str {
    let mut end = value.len().min(VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

/// A source text, decoded, on one line.
fn one_line(source: &str) -> String {
    one_line_of(&decode(clipped(source)))
}

fn one_line_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_what_it_is() {
        let page = Page::read(
            "<!doctype html><html lang=ar dir=rtl><head><!-- <title>no</title> --><title> مجلس &amp;\n الناس </title>\
             <meta property=\"og:title\" content=\"العنوان\"><meta property=\"og:title\" content=\"second\">\
             <meta name=description content='He said &quot;hi&quot;'><meta name=\"empty\" content=\" \">\
             <link rel=\"canonical\" href=\"/a\"><link rel=alternate type=\"application/json+oembed\" href=\"/o?u=1&amp;f=json\">\
             <script>var x = '<title>evil</title>'</script><script type=\"application/ld+json\">{\"@type\":\"WebPage\"}</script>\
             </head><body><a rel=\"me noopener\" href=\"https://majlis.example/@ali\">me</a><a href=/ rel=home>x</a>",
        );
        assert_eq!(page.title, "مجلس & الناس");
        assert_eq!(page.language.as_deref(), Some("ar"));
        assert_eq!(page.meta("og:title").as_deref(), Some("العنوان"));
        assert_eq!(page.meta("description").as_deref(), Some("He said \"hi\""));
        assert_eq!(page.meta("empty"), None);
        assert_eq!(page.link("canonical"), Some("/a"));
        assert_eq!(page.alternate("application/json+oembed"), Some("/o?u=1&f=json"));
        assert_eq!(page.json_ld, ["{\"@type\":\"WebPage\"}"]);
        assert_eq!(page.me, ["https://majlis.example/@ali"]);
    }

    #[test]
    fn a_charset_is_found_where_pages_name_it() {
        assert_eq!(charset(b"<html><head><meta charset=windows-1256>").as_deref(), Some("windows-1256"));
        let old = b"<meta http-equiv='Content-Type' content='text/html; charset=ISO-8859-6'>";
        assert_eq!(charset(old).as_deref(), Some("iso-8859-6"));
        assert_eq!(charset(b"<meta name=a content='charset=x'>"), None);
        assert_eq!(charset_of("text/html; Charset=\"UTF-8\"").as_deref(), Some("utf-8"));
        assert_eq!(charset_of("text/html"), None);
    }

    #[test]
    fn hostile_pages_take_no_longer_than_others() {
        for piece in ["<", "<a ", "<meta content=\"", "<title>", "<!--", "</", "<script>", "&amp", "<a rel=me href=x>"] {
            let page = Page::read(&piece.repeat(200_000));
            assert!(page.me.len() <= MOST_LINKS);
        }
    }
}
