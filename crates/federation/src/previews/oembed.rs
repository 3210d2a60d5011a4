//! oEmbed (<https://oembed.com>): what a page's provider says of it in JSON. Only players and photos are taken whole; of HTML
//! nothing but the address of its one frame.

use majlis_local::text::page;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::vocab::document::parse_value;

use super::details::{Details, cut, pixels, web};

/// The part of an answer that is read. Numbers come as texts from some.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    r#type: Option<String>,
    title: Option<String>,
    author_name: Option<String>,
    author_url: Option<String>,
    provider_name: Option<String>,
    provider_url: Option<String>,
    thumbnail_url: Option<String>,
    url: Option<String>,
    html: Option<String>,
    width: Value,
    height: Value,
}

/// Adds what an answer says to the details of the page at `base`. What is no answer changes nothing.
pub(super) fn apply(details: &mut Details, body: &[u8], base: &Url) {
    let Some(answer) = parse_value(body).ok().and_then(|value| Answer::deserialize(value).ok()) else { return };
    let kind = answer.r#type.as_deref().unwrap_or_default();
    fill(&mut details.author_name, answer.author_name);
    fill(&mut details.provider_name, answer.provider_name);
    let address = |said: Option<String>| said.and_then(|said| web(base, &said));
    if let Some(url) = address(answer.author_url) {
        details.author_url = url.into();
    }
    if let Some(url) = address(answer.provider_url) {
        details.provider_url = url.into();
    }
    if details.title.is_empty() || matches!(kind, "video" | "photo") {
        fill(&mut details.title, answer.title);
    }
    let size = |value: &Value| match value {
        Value::Number(n) => pixels(&n.to_string()),
        Value::String(text) => pixels(text),
        _ => 0,
    };
    match kind {
        "photo" => {
            if let Some(photo) = address(answer.url) {
                details.image = Some(photo.clone());
                details.photo = Some(photo);
                (details.width, details.height) = (size(&answer.width), size(&answer.height));
                details.player = None;
            }
        }
        "video" => {
            let frame = answer.html.as_deref().and_then(page::frame).and_then(|src| web(base, &src));
            if let Some(player) = frame.filter(|player| player.scheme() == "https") {
                details.player = Some(player);
                (details.width, details.height) = (size(&answer.width), size(&answer.height));
            }
        }
        _ => {}
    }
    if details.image.is_none() {
        details.image = answer.thumbnail_url.and_then(|thumbnail| web(base, &thumbnail));
    }
}

fn fill(place: &mut String, said: Option<String>) {
    if let Some(said) = said.map(|said| cut(&said, 300)).filter(|said| !said.is_empty()) {
        *place = said;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(body: &str) -> Details {
        let mut details = Details { title: "page".into(), ..Details::default() };
        apply(&mut details, body.as_bytes(), &"https://v.example/watch".parse().unwrap());
        details
    }

    #[test]
    fn a_video_gives_its_frame_and_nothing_else_of_its_html() {
        let details = applied(
            r#"{"type":"video","title":"Film","html":"<script>evil()</script><iframe src=\"//v.example/embed/1?a=1&amp;b=2\" onload=\"x\"></iframe>",
                "width":"480","height":270,"author_name":"Ali","author_url":"/ali","provider_name":"V","thumbnail_url":"/t.jpg"}"#,
        );
        assert_eq!(details.player.as_ref().map(Url::as_str), Some("https://v.example/embed/1?a=1&b=2"));
        assert_eq!((details.width, details.height, details.title.as_str()), (480, 270, "Film"));
        assert_eq!((details.author_name.as_str(), details.author_url.as_str()), ("Ali", "https://v.example/ali"));
        assert_eq!(details.image.as_ref().map(Url::as_str), Some("https://v.example/t.jpg"));
    }

    #[test]
    fn rich_html_is_left_alone_and_nonsense_too() {
        let details = applied(r#"{"type":"rich","title":"x","html":"<iframe src=https://v.example/></iframe>"}"#);
        assert_eq!((details.player, details.title.as_str()), (None, "page"));
        for nonsense in ["", "[]", "{\"type\":1}", "<html>", r#"{"type":"video","html":"<iframe src='http://x.example/'>"}"#] {
            let details = applied(nonsense);
            assert_eq!((details.player, details.title.as_str()), (None, "page"), "{nonsense}");
        }
        let photo = applied(r#"{"type":"photo","url":"/p.jpg","width":1024,"height":427}"#);
        assert_eq!(photo.photo.as_ref().map(Url::as_str), Some("https://v.example/p.jpg"));
    }
}
