//! The links in a post's HTML that lead out: neither mentions nor hashtags.

use url::Url;

use super::html::{Token, Tokens, attributes, decode};

/// Links of one post that are looked at.
const MOST: usize = 32;

/// The addresses on the web that a post's HTML links to, in its order, each once. Mentions, hashtags and what stands for a
/// quoted post are left out, by the classes and relations that servers give them.
pub fn outward(html: &str) -> Vec<Url> {
    let mut found: Vec<Url> = Vec::new();
    if !html.contains("<a ") {
        return found;
    }
    // The element that stands for a quoted post, while we are in it.
    let mut quote: Option<&str> = None;
    for token in Tokens::new(html) {
        match token {
            Token::Open { name, attributes: source } if quote.is_none() => {
                if class_is(source, |class| class == "quote-inline") {
                    quote = Some(name);
                } else if name.eq_ignore_ascii_case("a")
                    && let Some(url) = address(source)
                    && !found.contains(&url)
                {
                    found.push(url);
                }
            }
            Token::Close { name } if quote.is_some_and(|open| open.eq_ignore_ascii_case(name)) => quote = None,
            _ => {}
        }
        if found.len() == MOST {
            break;
        }
    }
    found
}

/// Where a link leads, if it leads out.
fn address(source: &str) -> Option<Url> {
    let is_tag = value(source, "rel").is_some_and(|rel| rel.split_ascii_whitespace().any(|token| token == "tag"));
    if is_tag || class_is(source, |class| matches!(class, "mention" | "hashtag" | "u-url" | "h-card")) {
        return None;
    }
    let url = Url::parse(&decode(value(source, "href")?)).ok()?;
    let on_the_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    (on_the_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

fn class_is(source: &str, is: impl Fn(&str) -> bool) -> bool {
    value(source, "class").is_some_and(|classes| classes.split_ascii_whitespace().any(is))
}

fn value<'h>(source: &'h str, wanted: &str) -> Option<&'h str> {
    attributes(source).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> Vec<String> {
        outward(html).into_iter().map(String::from).collect()
    }

    #[test]
    fn only_what_leads_out_counts() {
        let html = "<p><span class=\"h-card\"><a href=\"https://peer.example/@ali\" class=\"u-url mention\">@ali</a></span> \
                    <a href=\"https://peer.example/tags/x\" class=\"mention hashtag\" rel=\"tag\">#x</a> \
                    <a href=\"https://news.example/a?b=1&amp;c=2#d\" rel=\"nofollow\">news</a> \
                    <a href=\"https://news.example/a?b=1&amp;c=2#d\">again</a> <a href=\"magnet:?xt=1\">m</a> \
                    <a href=\"https://user:secret@x.example/\">x</a><a>nothing</a> <a href=\"http://b.example\">b</a></p>";
        assert_eq!(of(html), ["https://news.example/a?b=1&c=2#d", "http://b.example/"]);
        assert!(of("no <b>links</b>").is_empty());
    }

    #[test]
    fn a_quoted_post_has_its_own_place() {
        let html =
            "<p class=\"quote-inline\">RE: <a href=\"https://peer.example/1\">1</a></p><p><a href=\"https://b.example/\">b</a>";
        assert_eq!(of(html), ["https://b.example/"]);
    }
}
