//! From what a page says of itself to a card: OpenGraph and Twitter's elements, structured data, and plain HTML, in the
//! order of Mastodon. Everything is plain text, cut to a length; every address is one of the web.

use chrono::{DateTime, NaiveDate, Utc};
use majlis_local::Timestamp;
use majlis_local::cards::{CardKind, NewCard};
use majlis_local::text::language;
use majlis_local::text::page::Page;
use serde_json::Value;
use url::Url;

use crate::vocab::document::parse_value;

/// Characters of a title.
const TITLE: usize = 300;
/// Characters of a description.
const DESCRIPTION: usize = 1_000;
/// Characters of a name.
const NAME: usize = 200;
/// Bytes of an address.
const ADDRESS: usize = 2_048;
/// Pixels of a frame, each way.
const FRAME: i32 = 4_096;

/// What a page says, before its oEmbed and its picture are fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) language: Option<String>,
    pub(super) author_name: String,
    pub(super) author_url: String,
    /// The account that the page names as its author (`fediverse:creator`).
    pub(super) creator: Option<String>,
    pub(super) provider_name: String,
    pub(super) provider_url: String,
    pub(super) published_at: Option<Timestamp>,
    pub(super) canonical: Option<Url>,
    pub(super) image: Option<Url>,
    pub(super) image_description: String,
    /// What a frame is to show.
    pub(super) player: Option<Url>,
    pub(super) width: i32,
    pub(super) height: i32,
    /// A picture that is the thing itself.
    pub(super) photo: Option<Url>,
    /// Where the page's oEmbed answers.
    pub(super) oembed: Option<Url>,
}

impl Details {
    /// Reads them from the page that answered at `url`.
    pub(super) fn read(page: &Page, url: &Url) -> Self {
        let told = Told::read(page);
        let meta = |names: &[&str]| names.iter().find_map(|name| page.meta(name)).unwrap_or_default();
        let first = |told: &Option<String>, names: &[&str]| told.clone().unwrap_or_else(|| meta(names));
        let mut title = first(&told.headline, &["og:title", "twitter:title"]);
        if title.is_empty() {
            title.clone_from(&page.title);
        }
        let alternate = |kind| page.alternate(kind).and_then(|href| web(url, href));
        let published = first(&told.published, &["article:published_time", "date"]);
        let languages = [told.language.clone(), page.language.clone(), page.meta("og:locale")];
        Self {
            title: cut(&title, TITLE),
            description: cut(&first(&told.description, &["og:description", "twitter:description", "description"]), DESCRIPTION),
            language: languages.into_iter().flatten().find_map(|code| language_of(&code)),
            author_name: cut(&first(&told.author, &["og:author", "og:author:username", "author"]), NAME),
            author_url: told.author_url.and_then(|author| web(url, &author)).map(String::from).unwrap_or_default(),
            creator: page.meta("fediverse:creator"),
            provider_name: cut(&first(&told.publisher, &["og:site_name", "application-name"]), NAME),
            provider_url: String::new(),
            published_at: time(&published),
            canonical: canonical(page, url),
            image: ["og:image:secure_url", "og:image", "twitter:image", "twitter:image:src"]
                .iter()
                .find_map(|name| page.meta(name))
                .or(told.image)
                .and_then(|image| web(url, &image)),
            image_description: cut(&meta(&["og:image:alt", "twitter:image:alt"]), DESCRIPTION),
            player: page.meta("twitter:player").and_then(|player| web(url, &player)).filter(|player| player.scheme() == "https"),
            width: pixels(&meta(&["twitter:player:width"])),
            height: pixels(&meta(&["twitter:player:height"])),
            photo: None,
            oembed: alternate("application/json+oembed").or_else(|| alternate("text/json+oembed")),
        }
    }

    /// The card, but for its picture and its author. It stands under the page's canonical address, or `asked`.
    pub(super) fn card(&self, asked: &str) -> NewCard {
        let kind = match (&self.player, &self.photo) {
            (Some(_), _) => CardKind::Video,
            (None, Some(_)) => CardKind::Photo,
            (None, None) => CardKind::Link,
        };
        NewCard {
            kind,
            title: self.title.clone(),
            description: self.description.clone(),
            language: self.language.clone(),
            author_name: self.author_name.clone(),
            author_url: self.author_url.clone(),
            provider_name: self.provider_name.clone(),
            provider_url: self.provider_url.clone(),
            html: self.player.as_ref().map(|player| frame(player, self.width, self.height)).unwrap_or_default(),
            width: self.width,
            height: self.height,
            image_description: self.image_description.clone(),
            embed_url: self.photo.as_ref().map(|photo| photo.to_string()).unwrap_or_default(),
            published_at: self.published_at,
            ..NewCard::nothing(self.canonical.as_ref().map_or(asked, |url| url.as_str()))
        }
    }
}

/// A frame with nothing of the page's own but the address, which has no quotes or angles in this form (URL standard).
fn frame(player: &Url, width: i32, height: i32) -> String {
    let address = player.as_str().replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
    format!(
        "<iframe src=\"{address}\" width=\"{width}\" height=\"{height}\" frameborder=\"0\" allowfullscreen=\"true\" \
         sandbox=\"allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-forms\"></iframe>"
    )
}

/// The address that a page says is its own, when it is of the same host.
fn canonical(page: &Page, url: &Url) -> Option<Url> {
    let said = page.link("canonical").map(str::to_owned).or_else(|| page.meta("og:url"))?;
    let mut canonical = web(url, &said)?;
    canonical.set_fragment(None);
    // One that leads from every page to the front page is a mistake of its author.
    let is_front = canonical.path() == "/" && canonical.query().is_none() && url.path() != "/";
    (canonical.host() == url.host() && !is_front).then_some(canonical)
}

/// An address of the web, resolved against the page's.
pub(super) fn web(base: &Url, said: &str) -> Option<Url> {
    let said = said.trim();
    if said.is_empty() || said == "null" || said.len() > ADDRESS {
        return None;
    }
    let url = base.join(said).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && url.as_str().len() <= ADDRESS;
    (matches!(url.scheme(), "https" | "http") && url.has_host() && plain).then_some(url)
}

/// A text on one line, cut to so many characters.
pub(super) fn cut(text: &str, characters: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// A width or height; 0 when it is none.
pub(super) fn pixels(text: &str) -> i32 {
    text.trim().trim_end_matches("px").parse().ok().filter(|n| (1..=FRAME).contains(n)).unwrap_or(0)
}

/// `ar` of `ar_SA`.
fn language_of(code: &str) -> Option<String> {
    language::language(&code.trim().replace('_', "-")).map(str::to_owned)
}

/// The time of publication, as pages write it.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at: DateTime<Utc> = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z"))
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| Some(NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc()))?;
    Some(at.into())
}

/// What structured data (JSON-LD of schema.org) says; only articles and pages count.
#[derive(Debug, Default)]
struct Told {
    headline: Option<String>,
    description: Option<String>,
    language: Option<String>,
    author: Option<String>,
    author_url: Option<String>,
    publisher: Option<String>,
    published: Option<String>,
    image: Option<String>,
}

impl Told {
    fn read(page: &Page) -> Self {
        page.json_ld.iter().find_map(|block| Self::of_block(block)).unwrap_or_default()
    }

    fn of_block(block: &str) -> Option<Self> {
        let value: Value = parse_value(block.as_bytes()).ok()?;
        let graph = value.get("@graph").and_then(Value::as_array);
        let mut things: Box<dyn Iterator<Item = &Value>> = match (&value, graph) {
            (_, Some(graph)) => Box::new(graph.iter()),
            (Value::Array(things), _) => Box::new(things.iter()),
            (thing, _) => Box::new(std::iter::once(thing)),
        };
        things.find(|thing| is_article(thing)).map(Self::of_thing)
    }

    fn of_thing(thing: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(first_text).filter(|text| !text.trim().is_empty());
        let of = |name: &str| thing.get(name).map(first);
        Self {
            headline: text(of("headline")),
            description: text(of("description")),
            language: text(of("inLanguage")),
            author: of("author").and_then(|author| text(author.get("name"))),
            author_url: of("author").and_then(|author| text(author.get("url"))),
            publisher: of("publisher").and_then(|publisher| text(publisher.get("name"))),
            published: text(of("datePublished")),
            image: of("image").and_then(|image| text(Some(image)).or_else(|| text(image.get("url")))),
        }
    }
}

fn is_article(thing: &Value) -> bool {
    let is_known = |kind: &Value| {
        matches!(kind.as_str(), Some("Article" | "NewsArticle" | "ReportageNewsArticle" | "BlogPosting" | "WebPage"))
    };
    match thing.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_known),
        Some(kind) => is_known(kind),
        None => false,
    }
}

fn first(value: &Value) -> &Value {
    value.as_array().and_then(|values| values.first()).unwrap_or(value)
}

fn first_text(value: &Value) -> Option<String> {
    first(value).as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> Details {
        Details::read(&Page::read(html), &"https://news.example/2026/a?utm=1".parse().unwrap())
    }

    #[test]
    fn opengraph_goes_before_plain_html_and_structured_data_before_both() {
        let details = of("<html lang=ar-EG><title>plain</title><meta property=og:title content=graph>\
             <meta name=description content='A page'><meta property=og:site_name content='News'>\
             <meta property=og:image content='/i.png'><meta property=og:image:alt content='A cat'>\
             <meta name=author content='Ali'><meta property=article:published_time content='2026-01-02T03:04:05+02:00'>\
             <meta name=fediverse:creator content='@ali@majlis.example'><link rel=canonical href='/2026/a'>");
        assert_eq!((details.title.as_str(), details.description.as_str()), ("graph", "A page"));
        assert_eq!(details.language.as_deref(), Some("ar"));
        assert_eq!(details.image.as_ref().map(Url::as_str), Some("https://news.example/i.png"));
        assert_eq!(details.published_at.map(|at| at.to_string()).as_deref(), Some("2026-01-02T01:04:05.000Z"));
        assert_eq!(details.creator.as_deref(), Some("@ali@majlis.example"));
        let card = details.card("https://news.example/2026/a?utm=1");
        assert_eq!((card.url.as_str(), card.kind), ("https://news.example/2026/a", CardKind::Link));
        assert_eq!((card.provider_name.as_str(), card.author_name.as_str()), ("News", "Ali"));
        let told = of(
            "<title>plain</title><script type=application/ld+json>[{\"@type\":\"Thing\"},{\"@type\":[\"NewsArticle\"],\
             \"headline\":\"Told\",\"author\":[{\"name\":\"Bea\",\"url\":\"https://bea.example/\"}],\"datePublished\":\"2026-02-03\",\
             \"publisher\":{\"name\":\"Press\"},\"image\":[{\"url\":\"https://cdn.example/i.jpg\"}]}]</script>",
        );
        assert_eq!((told.title.as_str(), told.author_name.as_str(), told.provider_name.as_str()), ("Told", "Bea", "Press"));
        assert_eq!(told.published_at.map(|at| at.to_date()).as_deref(), Some("2026-02-03"));
        assert_eq!(told.image.as_ref().map(Url::as_str), Some("https://cdn.example/i.jpg"));
    }

    #[test]
    fn only_addresses_of_the_web_count_and_a_canonical_one_stays_at_home() {
        let details = of("<title>x</title><link rel=canonical href='https://other.example/a'>\
             <meta property=og:image content='javascript:alert(1)'><meta name=twitter:player content='http://p.example/'>");
        assert_eq!((details.canonical, details.image, details.player), (None, None, None));
        assert_eq!(of("<link rel=canonical href='/'>").canonical, None);
        assert_eq!(of("<link rel=canonical href='data:x'>").canonical, None);
    }

    #[test]
    fn a_player_is_put_in_a_frame_of_ours() {
        let details = of("<title>x</title><meta name=twitter:player content='https://p.example/?a=1&amp;b=%22>\"'>\
             <meta name=twitter:player:width content=640><meta name=twitter:player:height content=99999>");
        let card = details.card("https://news.example/a");
        assert_eq!((card.kind, card.width, card.height), (CardKind::Video, 640, 0));
        assert!(card.html.starts_with("<iframe src=\"https://p.example/?a=1&amp;b=%22%3E%22\" width=\"640\""), "{}", card.html);
    }

    #[test]
    fn long_texts_are_cut_and_empty_pages_say_nothing() {
        let details = of(&format!("<title>{}</title>", "ش".repeat(1_000)));
        assert_eq!(details.title.chars().count(), TITLE + 1);
        assert_eq!(of("").title, "");
        assert_eq!(of("<script type=application/ld+json>{\"@type\":</script><title>x</title>").title, "x");
    }
}
