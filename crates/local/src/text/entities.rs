//! Finding links, mentions and hashtags in a run of text, by Mastodon's rules.
//! Where two overlap, the one that starts first wins: a mention inside a URL is part of the URL.

use std::ops::Range;

use super::characters::{is_bidi_control, is_word};
use super::domains::normalise_domain;
use super::hashtags::hashtag_length;
use super::names::Handle;

/// Something in a text that becomes a link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entity<'t> {
    /// A URL with one of [`LINK_SCHEMES`].
    Link(&'t str),
    /// `@name` or `@name@domain`.
    Mention(Handle),
    /// A hashtag's name, without `#`.
    Hashtag(&'t str),
}

/// Schemes whose URLs become links, and which links of remote posts may have (Mastodon's list).
pub(crate) const LINK_SCHEMES: [&str; 11] =
    ["http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"];

/// All entities of a text with the bytes they cover, in the order of the text, without overlaps.
pub(crate) fn entities(text: &str) -> Vec<(Range<usize>, Entity<'_>)> {
    let mut links = links(text).into_iter().peekable();
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if let Some(range) = links.next_if(|range| range.start <= at) {
            // A mention or hashtag that began before the link has swallowed its start: the first one wins.
            if range.start == at {
                at = range.end;
                found.push((range.clone(), Entity::Link(&text[range])));
            }
            continue;
        }
        let entity = match bytes[at] {
            b'@' => mention(text, at),
            b'#' => hashtag(text, at, at + 1),
            0xEF if bytes[at..].starts_with("＃".as_bytes()) => hashtag(text, at, at + "＃".len()),
            _ => None,
        };
        match entity {
            Some((end, entity)) => {
                found.push((at..end, entity));
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// The URLs of a text in the order in which they start.
fn links(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices("://") {
        // A URL inside a URL is part of it, and is not read again.
        if found.last().is_none_or(|last| last.end <= at)
            && let Some(range) = url(text, at)
        {
            found.push(range);
        }
    }
    let others = found.len();
    for (prefix, is_start) in [("magnet:?", is_magnet as fn(&str) -> bool), ("xmpp:", is_xmpp)] {
        let mut from = 0;
        while let Some(start) = text[from..].find(prefix).map(|at| from + at) {
            let rest = start + prefix.len();
            let end = rest + tail_length(&text[rest..]);
            if is_start(&text[rest..end]) && may_precede_url(&text[..start]) {
                found.push(start..end);
            }
            from = end;
        }
    }
    if found.len() > others {
        found.sort_by_key(|range| range.start);
    }
    found
}

/// What may follow `magnet:?`.
fn is_magnet(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_ascii_alphabetic()) && rest.contains('=')
}

/// What may follow `xmpp:`: an address with a dot in its domain (`ali@example.org`, `room@muc.example.org?join`).
fn is_xmpp(rest: &str) -> bool {
    let address = rest.strip_prefix("//").unwrap_or(rest);
    let host = address.split(['?', '/']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    !host.starts_with('.') && host.contains('.')
}

/// The URL whose `://` stands at `separator`: the scheme is allowed and nothing is glued to its front, the host is one
/// that a reader would recognise, and nobody stands before the host (`https://bank.example@evil.example` deceives).
fn url(text: &str, separator: usize) -> Option<Range<usize>> {
    let before = &text[..separator];
    let scheme = before.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let start = separator - scheme;
    let scheme = &before[start..];
    let allowed =
        LINK_SCHEMES.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed) && !matches!(*allowed, "xmpp" | "magnet"));
    if !allowed || !may_precede_url(&text[..start]) {
        return None;
    }
    let after = separator + "://".len();
    let host = host_length(&text[after..])?;
    let name = &text[after..after + host];
    if !(name.contains('.') || name.starts_with('[') || name.eq_ignore_ascii_case("localhost")) {
        return None;
    }
    let mut end = after + host;
    let rest = &text[end..];
    let port = rest.strip_prefix(':').map_or(0, |port| port.bytes().take(6).take_while(u8::is_ascii_digit).count());
    if (1..=5).contains(&port) {
        end += 1 + port;
    }
    match text[end..].chars().next() {
        Some('@') => return None,
        // A password, not a port.
        Some(':') if port == 0 && text[end..].split(['/', '?', '#', ' ']).next().is_some_and(|rest| rest.contains('@')) => {
            return None;
        }
        Some('/' | '?') => end += tail_length(&text[end..]),
        _ => {}
    }
    Some(start..end)
}

/// Whether a URL may start after this text (twitter-text's `valid_url_preceding_chars`).
fn may_precede_url(before: &str) -> bool {
    !before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '＠' | '$' | '#' | '＃'))
}

/// How many bytes of the text belong to a URL behind its host: up to white space, quotes, directional controls and
/// brackets that it did not open; without the punctuation, of any script, that ends sentences.
fn tail_length(text: &str) -> usize {
    let (mut round, mut square) = (0u32, 0u32);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let may_be_last = match c {
            '<' | '>' | '"' | '`' | '「' | '」' | '『' | '』' | '《' | '》' | '«' | '»' | '\u{200B}' | '\u{FEFF}' => {
                break;
            }
            c if c.is_whitespace() || c.is_control() || is_bidi_control(c) => break,
            '(' => {
                round += 1;
                false
            }
            '[' => {
                square += 1;
                false
            }
            ')' if round == 0 => break,
            ']' if square == 0 => break,
            ')' => {
                round -= 1;
                true
            }
            ']' => {
                square -= 1;
                true
            }
            '.' | ',' | ':' | ';' | '!' | '?' | '*' | '\'' | '|' => false,
            '،' | '؛' | '؟' | '۔' | '。' | '、' | '，' | '．' | '！' | '？' | '；' | '：' | '…' => false,
            '“' | '”' | '’' | '‘' | '（' | '）' | '【' | '】' => false,
            _ => true,
        };
        if may_be_last {
            end = at + c.len_utf8();
        }
    }
    end
}

/// Where a host name ends when a word of another script is glued to it (`example.orgは`): top-level domains are
/// either all ASCII or not ASCII at all. None when nothing has to be cut.
fn sentence_after_host(host: &str) -> Option<usize> {
    let label = host.rfind('.').map_or(0, |dot| dot + 1);
    let last = &host[label..];
    if !last.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    last.find(|c: char| !c.is_ascii()).map(|at| label + at)
}

/// A mention whose `@` stands at `at`: its end and the handle.
fn mention(text: &str, at: usize) -> Option<(usize, Entity<'_>)> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| is_word(c) || matches!(c, '/' | '=')) {
        return None;
    }
    let name = username(&text[at + 1..])?;
    let mut end = at + 1 + name.len();
    let mut domain = None;
    if text[end..].starts_with('@')
        && let Some(length) = domain_length(&text[end + 1..])
    {
        domain = Some(normalise_domain(&text[end + 1..end + 1 + length])?);
        end += 1 + length;
    }
    let after = &text[end..];
    // `@a@`, `@aé`, `@https://`: half of something else (twitter-text's `end_mention_match`).
    if after.starts_with("://") || after.chars().next().is_some_and(|c| matches!(c, '@' | '＠') || is_accented_latin(c)) {
        return None;
    }
    Some((end, Entity::Mention(Handle { name: name.to_owned(), domain })))
}

/// The username at the start of the text: words of ASCII letters, digits and underscores, joined by dots and hyphens.
fn username(text: &str) -> Option<&str> {
    let end = text.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))).unwrap_or(text.len());
    let name = text[..end].trim_end_matches(['.', '-']);
    (!name.is_empty() && !name.starts_with(['.', '-'])).then_some(name)
}

/// How many bytes at the start of the text are a domain, with its port.
fn domain_length(text: &str) -> Option<usize> {
    let host = host_length(text)?;
    Some(host + port_length(&text[host..]))
}

/// How many bytes at the start of the text are a host: labels of letters and digits of any script, or an IPv6 address in
/// brackets.
fn host_length(text: &str) -> Option<usize> {
    if let Some(address) = text.strip_prefix('[') {
        let end = address.bytes().take(46).position(|b| !(b.is_ascii_hexdigit() || matches!(b, b':' | b'.')))?;
        return (end > 1 && address[end..].starts_with(']')).then_some(end + 2);
    }
    let end = text.find(|c: char| !(is_word(c) || matches!(c, '.' | '-'))).unwrap_or(text.len());
    let host = text[..end].trim_end_matches(['.', '-']);
    let host = host[..sentence_after_host(host).unwrap_or(host.len())].trim_end_matches(['.', '-']);
    (!host.is_empty() && !host.starts_with(['.', '-']) && !host.contains("..")).then_some(host.len())
}

/// How many bytes at the start of the text are a port: a colon and two to five digits, so that `@a@b.example:3 things`
/// keeps its 3.
fn port_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(':') else { return 0 };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let word_follows = rest[digits..].chars().next().is_some_and(is_word);
    if (2..=5).contains(&digits) && !word_follows && rest[..digits].parse::<u16>().is_ok() { 1 + digits } else { 0 }
}

/// Letters after which `@name` was not a username but a word of a Latin language.
fn is_accented_latin(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{24F}' | '\u{253}'..='\u{25B}' | '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}')
}

/// A hashtag whose `#` stands at `at` and whose name starts at `name`: its end and the name.
fn hashtag(text: &str, at: usize, name: usize) -> Option<(usize, Entity<'_>)> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '=' | ')')) {
        return None;
    }
    let length = hashtag_length(&text[name..])?;
    Some((name + length, Entity::Hashtag(&text[name..name + length])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        entities(text)
            .into_iter()
            .map(|(range, entity)| match entity {
                Entity::Link(url) => {
                    assert_eq!(url, &text[range]);
                    url.to_owned()
                }
                Entity::Mention(handle) => format!("@{handle}"),
                Entity::Hashtag(name) => format!("#{name}"),
            })
            .collect()
    }

    #[test]
    fn mentions() {
        let cases: &[(&str, &[&str])] = &[
            ("@ali", &["@ali"]),
            ("hi @ali, and @Bob@Example.ORG!", &["@ali", "@Bob@example.org"]),
            ("@bob@127.0.0.1:4001 x", &["@bob@127.0.0.1:4001"]),
            ("@bob@localhost:8081.", &["@bob@localhost:8081"]),
            ("@bob@[::1]:4001", &["@bob@[::1]:4001"]),
            ("@ali@example.org: hello", &["@ali@example.org"]),
            ("@ali@example.org:3 things", &["@ali@example.org"]),
            ("@ali@münchen.de", &["@ali@xn--mnchen-3ya.de"]),
            ("(@ali)", &["@ali"]),
            ("مرحبا @ali، كيف الحال؟", &["@ali"]),
            ("@aliさん", &["@ali"]),
            ("@ali@example.orgさん", &["@ali@example.org"]),
            ("\u{200F}@ali\u{200F}", &["@ali"]),
            ("@a.b-c_d.", &["@a.b-c_d"]),
            ("@ali's", &["@ali"]),
            ("@ali@example.org's", &["@ali@example.org"]),
            ("mail ali@example.org", &[]),
            ("ali.b@example.org", &[]),
            ("مرحبا@ali", &[]),
            ("@ali@", &[]),
            ("@@ali", &["@ali"]),
            ("@alié", &[]),
            ("/@ali", &[]),
            ("=@ali", &[]),
            ("@", &[]),
            ("@.", &[]),
            ("@-a", &[]),
            ("https://example.org/@ali/1", &["https://example.org/@ali/1"]),
            ("@ali@example.org@x", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn hashtags() {
        let cases: &[(&str, &[&str])] = &[
            ("#rust #2024 #2024wrapped", &["#rust", "#2024wrapped"]),
            ("＃東京です", &["#東京です"]),
            ("#مدرسة، و#مَدْرَسَة", &["#مدرسة"]),
            ("و #مَدْرَسَة.", &["#مَدْرَسَة"]),
            ("#مـــدرسة", &["#مـــدرسة"]),
            ("#می\u{200C}خواهم", &["#می\u{200C}خواهم"]),
            ("#a·b #ラーメン・二郎 #x_y", &["#a·b", "#ラーメン・二郎", "#x_y"]),
            ("(#tag) \"#tag2\" [#tag3]", &["#tag", "#tag2", "#tag3"]),
            ("a#b /#c )#d =#e", &[]),
            ("#", &[]),
            ("# a", &[]),
            ("##double", &["#double"]),
            ("https://example.org/#anchor", &["https://example.org/#anchor"]),
            ("https://example.org#anchor", &["https://example.org"]),
            ("&#39;", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn links() {
        let cases: &[(&str, &[&str])] = &[
            ("see https://example.org.", &["https://example.org"]),
            ("HTTPS://Example.org/A", &["HTTPS://Example.org/A"]),
            ("https://en.wikipedia.org/wiki/Rust_(language)", &["https://en.wikipedia.org/wiki/Rust_(language)"]),
            ("(https://example.org/a_(b))", &["https://example.org/a_(b)"]),
            ("(https://example.org)", &["https://example.org"]),
            ("https://ar.wikipedia.org/wiki/مدرسة، وغيرها", &["https://ar.wikipedia.org/wiki/مدرسة"]),
            ("انظر https://example.org/مسار؟", &["https://example.org/مسار"]),
            ("شاهدhttps://example.org/x", &["https://example.org/x"]),
            ("https://example.comはいい", &["https://example.com"]),
            ("https://مثال.إختبار/صفحة", &["https://مثال.إختبار/صفحة"]),
            ("「https://example.org/路径」", &["https://example.org/路径"]),
            ("https://example.org/\u{200F} ثم", &["https://example.org/"]),
            ("https://example.org/a\u{3000}b", &["https://example.org/a"]),
            ("http://localhost:8080/@ali", &["http://localhost:8080/@ali"]),
            ("http://127.0.0.1:4001/x", &["http://127.0.0.1:4001/x"]),
            ("https://example.org/a?b=c&d=e#f", &["https://example.org/a?b=c&d=e#f"]),
            ("gemini://example.org/x", &["gemini://example.org/x"]),
            ("xmpp:ali@example.org now", &["xmpp:ali@example.org"]),
            ("magnet:?xt=urn:btih:c12fe1", &["magnet:?xt=urn:btih:c12fe1"]),
            ("<https://example.org/>", &["https://example.org/"]),
            ("\"https://example.org/\"", &["https://example.org/"]),
            ("javascript://example.org/%0aalert(1)", &[]),
            ("ftp://example.org/", &[]),
            ("foohttps://example.org/", &[]),
            ("#https://example.org/", &["#https"]),
            ("http://foo", &[]),
            ("https://bank.example@evil.example/", &[]),
            ("https://user:pass@evil.example/", &[]),
            ("https://example.org:8080/x, y", &["https://example.org:8080/x"]),
            ("https://example.org:", &["https://example.org"]),
            ("http://[::1]:4001/x", &["http://[::1]:4001/x"]),
            ("https://example.org/a(b", &["https://example.org/a(b"]),
            ("[x](https://example.org/a)", &["https://example.org/a"]),
            ("https://a..b/", &[]),
            ("://example.org", &[]),
            ("https://example.org/https://example.org/x", &["https://example.org/https://example.org/x"]),
            ("https://", &[]),
            ("example.org", &[]),
            ("xmpp:", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), *expected, "{text}");
        }
    }

    #[test]
    fn long_texts_are_read_once() {
        for piece in [
            "https://a.b/",
            "https://a.b",
            "xmpp:a.b",
            "magnet:?a=",
            "@a@b.c",
            "@a",
            "#a",
            "#",
            "#_",
            "@",
            "://",
            "https://",
            "https://a:",
            "(",
        ] {
            entities(&piece.repeat(1_000_000 / piece.len()));
        }
    }

    #[test]
    fn everything_at_once_in_order() {
        let text = "@ali #مرحبا https://example.org/@x#y @bob@b.example #end";
        assert_eq!(found(text), ["@ali", "#مرحبا", "https://example.org/@x#y", "@bob@b.example", "#end"]);
    }
}
