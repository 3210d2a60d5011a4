//! Small pieces of HTML that are made in code: escaped text, custom emoji, initials for those without a picture.

use std::borrow::Cow;
use std::ops::Range;

use majlis_local::Site;
use majlis_local::actors::Emoji;
use majlis_local::text::emoji;

/// Text that may stand in an element or in a quoted attribute.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| matches!(b, b'<' | b'>' | b'&' | b'"' | b'\'')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A plain text (a name, a warning) as HTML, with its custom emoji as pictures.
pub fn text_with_emoji<'a>(text: &'a str, emojis: Option<&[Emoji]>, site: &Site) -> Cow<'a, str> {
    match escape(text) {
        Cow::Borrowed(text) => with_emoji(text, emojis, site),
        Cow::Owned(text) => match with_emoji(&text, emojis, site) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text),
        },
    }
}

/// HTML that is safe already, with the custom emoji in its text as pictures. Only our own are shown: the pictures of other
/// servers would tell them who looks.
pub fn with_emoji<'a>(html: &'a str, emojis: Option<&[Emoji]>, site: &Site) -> Cow<'a, str> {
    let Some(emojis) = emojis.filter(|emojis| !emojis.is_empty()) else { return Cow::Borrowed(html) };
    let mut out = String::with_capacity(html.len() + 256);
    let mut written = 0;
    for (range, name) in texts(html).flat_map(|text| {
        let start = text.start;
        emoji::occurrences(&html[text]).map(move |(range, name)| (start + range.start..start + range.end, name))
    }) {
        let Some(emoji) = emojis.iter().find(|emoji| emoji.shortcode == name) else { continue };
        let Some(source) = own_picture(site, &emoji.static_url) else { continue };
        out.push_str(&html[written..range.start]);
        // The shortcode is letters, digits and underscores: nothing to escape.
        out.push_str("<img class=\"emoji\" loading=\"lazy\" src=\"");
        out.push_str(&escape(&source));
        out.push_str("\" alt=\":");
        out.push_str(name);
        out.push_str(":\" title=\":");
        out.push_str(name);
        out.push_str(":\">");
        written = range.end;
    }
    if written == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(&html[written..]);
    Cow::Owned(out)
}

/// The pieces of safe HTML between its tags.
fn texts(html: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= html.len() {
            return None;
        }
        let end = html[from..].find('<').map_or(html.len(), |at| from + at);
        let range = from..end;
        from = html[end..].find('>').map_or(html.len(), |at| end + at + 1);
        Some(range)
    })
}

/// The address of a stored picture that we serve ourselves; `None` for one of another server.
pub fn own_picture(site: &Site, stored: &str) -> Option<String> {
    let address = site.picture_url(stored);
    site.is_own_uri(&address).then_some(address)
}

/// The first letter or digit of a name, for those without a picture; of a name without any, that of the handle.
pub fn initial(name: &str, username: &str) -> String {
    let first = |text: &str| text.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().collect::<String>());
    first(name).or_else(|| first(username)).unwrap_or_else(|| "?".to_owned())
}

/// One of the eight colours of the style sheet, always the same for the same handle.
pub fn hue(handle: &str) -> u32 {
    handle.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)) >> 13 & 7
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emojis() -> Vec<Emoji> {
        vec![
            Emoji { shortcode: "salam".into(), url: "emoji/s.gif".into(), static_url: "emoji/s.png".into() },
            Emoji {
                shortcode: "far".into(),
                url: "https://x.example/f.gif".into(),
                static_url: "https://x.example/f.png".into(),
            },
        ]
    }

    #[test]
    fn emoji_stand_in_text_and_not_in_tags() {
        let site = Site::new("https://majlis.example");
        let emojis = emojis();
        let shown = with_emoji("<a title=\":salam:\">:salam: x</a> :far: :none:", Some(&emojis), &site);
        assert_eq!(
            shown,
            "<a title=\":salam:\"><img class=\"emoji\" loading=\"lazy\" src=\"https://majlis.example/media/emoji/s.png\" \
             alt=\":salam:\" title=\":salam:\"> x</a> :far: :none:"
        );
        assert!(matches!(with_emoji("<p>x", Some(&emojis), &site), Cow::Borrowed(_)));
    }

    #[test]
    fn names_are_escaped() {
        let site = Site::new("https://majlis.example");
        let name = text_with_emoji("<script>'\"&:salam:", None, &site);
        assert_eq!(name, "&lt;script&gt;&#39;&quot;&amp;:salam:");
        let emojis = emojis();
        assert!(text_with_emoji("<b> :salam:", Some(&emojis), &site).starts_with("&lt;b&gt; <img"));
    }

    #[test]
    fn initials_are_letters() {
        assert_eq!(initial("🌙 علي", "ali"), "ع"); // typos: other language
        assert_eq!(initial("🌙", "ali"), "A");
        assert_eq!(initial("ß", "x"), "SS");
        assert!(hue("@ali") < 8);
    }
}
