//! Names: of people (usernames and handles), of servers (domains) and of topics (hashtags).
//! What is valid, what is reserved, and in which form two of them are the same.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::characters::{is_arabic_letter, is_bidi_control, is_letter, is_word};

/// The longest username a local account may take, in characters.
pub const MAX_LOCAL_USERNAME: usize = 30;

/// The longest username accepted from another server, in bytes.
pub const MAX_REMOTE_USERNAME: usize = 512;

/// The longest hashtag, in characters; what is longer is no hashtag.
pub const MAX_HASHTAG: usize = 200;

/// Who is meant by `@ali` or `@ali@example.org`.
///
/// The name keeps the case in which it was written; two handles are equal when their names differ in ASCII case only
/// (usernames are case-insensitive everywhere in the fediverse). The domain is normalised by [`normalise_domain`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handle {
    /// The local part, as written.
    pub name: String,
    /// The server, normalised, with an explicit port if there was one; none for this server.
    pub domain: Option<String>,
}

impl Handle {
    /// A handle on this server.
    pub fn local(name: impl Into<String>) -> Self {
        Self { name: name.into(), domain: None }
    }

    /// Reads `ali`, `@ali`, `ali@example.org`, `@ali@example.org` and `acct:ali@example.org`, with spaces around.
    /// None when the name or the domain cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_bidi_control(c));
        let text = text.strip_prefix("acct:").unwrap_or(text);
        let text = text.strip_prefix('@').unwrap_or(text);
        let (name, domain) = match text.split_once('@') {
            Some((name, domain)) => (name, Some(normalise_domain(domain)?)),
            None => (text, None),
        };
        is_remote_username(name).then(|| Self { name: name.to_owned(), domain })
    }

    /// The same handle seen from the server `domain`: its own people need no domain.
    #[must_use]
    pub fn relative_to(mut self, domain: &str) -> Self {
        if self.domain.as_deref() == Some(domain) {
            self.domain = None;
        }
        self
    }

    /// The name in the form in which it is unique: ASCII letters in lower case.
    pub fn name_key(&self) -> String {
        self.name.to_ascii_lowercase()
    }
}

/// The form that Mastodon calls `acct`: `ali` or `ali@example.org`.
impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.domain {
            Some(domain) => write!(f, "{}@{domain}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name) && self.domain == other.domain
    }
}

impl Eq for Handle {}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.name.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xFF);
        self.domain.hash(state);
    }
}

/// Whether a local account may be called so: letters, digits and underscores of ASCII, with dots and hyphens inside,
/// at most [`MAX_LOCAL_USERNAME`] characters.
pub fn is_local_username(name: &str) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let bytes = name.as_bytes();
    bytes.len() <= MAX_LOCAL_USERNAME
        && bytes.first().is_some_and(word)
        && bytes.last().is_some_and(word)
        && bytes.iter().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// Whether another server may call its account so: what `acct:` URIs allow (RFC 7565 §7) plus letters of all
/// scripts, at most [`MAX_REMOTE_USERNAME`] bytes.
pub fn is_remote_username(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_REMOTE_USERNAME
        && name.chars().all(|c| {
            is_word(c) || matches!(c, '.' | '-' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '*' | '+' | ',' | ';' | '=' | '%')
        })
}

/// Names that nobody may sign up with: they are paths of this server, or pretend to speak for it. An operator can
/// still create them. Case is ignored.
pub fn is_reserved_username(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RESERVED.binary_search(&name.as_str()).is_ok()
}

/// Sorted.
const RESERVED: &[&str] = &[
    "abuse",
    "account",
    "accounts",
    "activity",
    "activitypub",
    "actor",
    "admin",
    "administration",
    "administrator",
    "all",
    "anonymous",
    "api",
    "assets",
    "auth",
    "authorize",
    "billing",
    "bot",
    "contact",
    "everyone",
    "explore",
    "federation",
    "feed",
    "followers",
    "following",
    "frontend",
    "health",
    "help",
    "here",
    "home",
    "hostmaster",
    "inbox",
    "info",
    "instance",
    "instance.actor",
    "local",
    "login",
    "logout",
    "mail",
    "mailer-daemon",
    "majlis",
    "me",
    "media",
    "metrics",
    "mod",
    "moderation",
    "moderator",
    "moderators",
    "mods",
    "nobody",
    "nodeinfo",
    "noreply",
    "notifications",
    "null",
    "oauth",
    "official",
    "outbox",
    "owner",
    "postmaster",
    "privacy",
    "public",
    "register",
    "relay",
    "root",
    "search",
    "security",
    "server",
    "service",
    "settings",
    "signin",
    "signup",
    "staff",
    "status",
    "statuses",
    "support",
    "sysadmin",
    "system",
    "tag",
    "tags",
    "team",
    "terms",
    "undefined",
    "users",
    "verified",
    "webfinger",
    "webmaster",
    "well-known",
];

/// A server's name in the one form in which it is stored and compared: lower-case ASCII (IDNA, UTS #46), without a
/// trailing dot, IP addresses in their canonical form (IPv6 in brackets), and with the port when one was written.
/// `:443` is dropped, since `https` means it. None when it cannot be a host.
///
/// ```
/// use majlis_local::text::normalise_domain;
/// assert_eq!(normalise_domain("Café.Example").as_deref(), Some("xn--caf-dma.example"));
/// assert_eq!(normalise_domain("LOCALHOST:8081").as_deref(), Some("localhost:8081"));
/// ```
pub fn normalise_domain(domain: &str) -> Option<String> {
    let (host, port) = split_port(domain)?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut normalised = if is_plain_ascii_host(host) {
        host.to_ascii_lowercase()
    } else {
        // '%' would be decoded by the host parser: a name on the wire has none.
        if host.contains('%') {
            return None;
        }
        url::Host::parse(host).ok()?.to_string()
    };
    if normalised.is_empty() || normalised.len() > 255 || normalised.starts_with('.') || normalised.contains("..") {
        return None;
    }
    if let Some(port) = port.filter(|port| *port != 443) {
        normalised.push(':');
        normalised.push_str(&port.to_string());
    }
    Some(normalised)
}

/// The domain as people read it: IDNA labels decoded, the port kept. What cannot be decoded stays as it is.
pub fn display_domain(domain: &str) -> Cow<'_, str> {
    if !domain.contains("xn--") {
        return Cow::Borrowed(domain);
    }
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
        _ => (domain, None),
    };
    match (idna::domain_to_unicode(host), port) {
        ((decoded, Ok(())), None) => Cow::Owned(decoded),
        ((decoded, Ok(())), Some(port)) => Cow::Owned(format!("{decoded}:{port}")),
        _ => Cow::Borrowed(domain),
    }
}

/// Host and port of `host[:port]`; none when what follows the last colon is no port.
fn split_port(domain: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match domain.rfind(':') {
        Some(at) if !domain[at..].contains(']') => {
            (&domain[..at], Some(domain[at + 1..].parse::<u16>().ok().filter(|port| *port != 0)?))
        }
        _ => (domain, None),
    };
    (!host.is_empty()).then_some((host, port))
}

/// Whether the host is already ASCII and cannot be an IP address or an IDNA label, so that lower case is all it needs.
fn is_plain_ascii_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    !host.is_empty()
        && last.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && !host.contains("--")
        && host.split('.').all(|label| {
            let bytes = label.as_bytes();
            !bytes.is_empty()
                && bytes.len() <= 63
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && bytes[0] != b'-'
                && bytes[bytes.len() - 1] != b'-'
        })
}

/// Whether the character joins the words of a hashtag without being one: Mastodon's middle dots and the zero-width
/// non-joiner of Persian (the underscore is a word character already).
pub(crate) fn is_hashtag_separator(c: char) -> bool {
    matches!(c, '_' | '\u{B7}' | '\u{30FB}' | '\u{200C}')
}

/// Whether the text (without `#`) is a whole hashtag by Mastodon's rule: words of letters, marks and digits joined by
/// separators, not digits alone, at most [`MAX_HASHTAG`] characters.
pub fn is_hashtag(name: &str) -> bool {
    hashtag_length(name) == Some(name.len())
}

/// How many bytes at the start of the text are a hashtag's name; none when it does not start with one.
pub(crate) fn hashtag_length(text: &str) -> Option<usize> {
    if !text.chars().next().is_some_and(is_word) {
        return None;
    }
    let mut end = 0; // after the last word character: separators at the end belong to the sentence
    let mut characters = 0;
    let (mut letter, mut alphanumeric, mut separated, mut pending) = (false, false, false, false);
    for (at, c) in text.char_indices() {
        characters += 1;
        let separator = is_hashtag_separator(c);
        if is_word(c) {
            end = at + c.len_utf8();
            letter |= is_letter(c);
            alphanumeric |= c.is_alphanumeric();
            separated |= pending;
            pending |= separator && at > 0;
        } else if separator {
            pending = true;
        } else {
            break;
        }
        if characters > MAX_HASHTAG {
            return None;
        }
    }
    (letter || (separated && alphanumeric)).then_some(end)
}

/// The identity of a hashtag: NFKC, lower case, without a leading `#` and without characters that no hashtag can
/// hold. Marks and tatweel stay: two spellings are one tag in search only.
///
/// ```
/// use majlis_local::text::hashtag_key;
/// assert_eq!(hashtag_key("#Ｒｕｓｔ"), "rust");
/// ```
pub fn hashtag_key(name: &str) -> String {
    let name = name.strip_prefix(['#', '＃']).unwrap_or(name);
    if name.is_ascii() {
        return name.chars().filter(|c| is_word(*c)).map(|c| c.to_ascii_lowercase()).collect();
    }
    if name.chars().all(is_arabic_letter) {
        return name.to_owned();
    }
    let allowed = |c: &char| is_word(*c) || is_hashtag_separator(*c);
    if is_nfkc_quick(name.chars()) == IsNormalized::Yes {
        return name.chars().flat_map(char::to_lowercase).filter(allowed).collect();
    }
    name.nfkc().flat_map(char::to_lowercase).nfc().filter(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn local_usernames() {
        for name in ["a", "ali", "Ali_99", "a.b-c", "_x_", "123", &"x".repeat(30)] {
            assert!(is_local_username(name), "{name}");
        }
        for name in ["", ".a", "a.", "-a", "a-", "a b", "علي", "a@b", "é", "a/b", &"x".repeat(31)] {
            assert!(!is_local_username(name), "{name}");
        }
    }

    #[test]
    fn remote_usernames_are_taken_as_they_come() {
        for name in ["ali", "علي", "a.b", "a~b", ".a", "a-", "日本", &"x".repeat(200)] {
            assert!(is_remote_username(name), "{name}");
        }
        for name in ["", "a b", "a@b", "a/b", "a\u{202E}b", "a\nb", "<a>", "a\"b", &"x".repeat(513)] {
            assert!(!is_remote_username(name), "{name}");
        }
    }

    #[test]
    fn reserved_names_are_sorted_and_found() {
        let mut sorted = RESERVED.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, RESERVED);
        assert!(is_reserved_username("Admin") && is_reserved_username("api") && !is_reserved_username("ali"));
    }

    #[test]
    fn handles() {
        type Parts<'a> = Option<(&'a str, Option<&'a str>)>;
        let cases: &[(&str, Parts<'_>)] = &[
            ("ali", Some(("ali", None))),
            ("@ali", Some(("ali", None))),
            (" @Ali@Example.ORG ", Some(("Ali", Some("example.org")))),
            ("acct:ali@example.org", Some(("ali", Some("example.org")))),
            ("@bob@127.0.0.1:4001", Some(("bob", Some("127.0.0.1:4001")))),
            ("@bob@localhost:8081", Some(("bob", Some("localhost:8081")))),
            ("@bob@[::1]:4001", Some(("bob", Some("[::1]:4001")))),
            ("@ali@مثال.إختبار", Some(("ali", Some("xn--mgbh0fb.xn--kgbechtv")))),
            ("\u{200F}@ali@example.org", Some(("ali", Some("example.org")))),
            ("@ali@", None),
            ("@@example.org", None),
            ("", None),
            ("@", None),
            ("a b@example.org", None),
            ("ali@exa mple.org", None),
            ("ali@example.org/x", None),
            ("ali@example.org@x", None),
        ];
        for (text, expected) in cases {
            let handle = Handle::parse(text);
            let found = handle.as_ref().map(|h| (h.name.as_str(), h.domain.as_deref()));
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn handles_are_equal_whatever_their_case() {
        let mut map = HashMap::new();
        map.insert(Handle::parse("@Ali@Example.org").unwrap(), 1);
        assert_eq!(map.get(&Handle::parse("ali@EXAMPLE.org").unwrap()), Some(&1));
        assert_eq!(map.get(&Handle::local("ali")), None);
        assert_eq!(Handle::parse("@ali@example.org").unwrap().relative_to("example.org"), Handle::local("ALI"));
        assert_eq!(Handle::parse("@Ali@Example.org").unwrap().to_string(), "Ali@example.org");
    }

    #[test]
    fn domains() {
        let cases: &[(&str, Option<&str>)] = &[
            ("Example.ORG", Some("example.org")),
            ("example.org.", Some("example.org")),
            ("example.org:443", Some("example.org")),
            ("example.org:8443", Some("example.org:8443")),
            ("localhost", Some("localhost")),
            ("MÜNCHEN.de", Some("xn--mnchen-3ya.de")),
            ("xn--mnchen-3ya.de", Some("xn--mnchen-3ya.de")),
            ("例え。テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("0x7f.1", Some("127.0.0.1")),
            ("[::0001]:80", Some("[::1]:80")),
            ("under_score.example", Some("under_score.example")),
            ("", None),
            (":80", None),
            ("a b", None),
            ("example.org:", None),
            ("example.org:0", None),
            ("example.org:99999", None),
            ("example.org/path", None),
            ("user@example.org", None),
            ("exa%6Dple.org", None),
            ("a..b", None),
            ("[::1", None),
            ("xn--a.example", None),
        ];
        for (domain, expected) in cases {
            assert_eq!(normalise_domain(domain).as_deref(), *expected, "{domain}");
        }
        assert_eq!(display_domain("xn--mnchen-3ya.de:8080"), "münchen.de:8080");
        assert_eq!(display_domain("example.org:8080"), "example.org:8080");
    }

    #[test]
    fn hashtags() {
        for name in [
            "rust",
            "2024wrapped",
            "a1",
            "مدرسة",
            "مَدْرَسَة",
            "مـدرسة",
            "東京",
            "ラーメン・二郎",
            "col·lapse",
            "می\u{200C}خواهم",
            "snake_case",
            "1_2",
            "_x",
            "x_",
            "٣مرات",
        ] {
            assert!(is_hashtag(name), "{name}");
        }
        for name in ["", "1", "2024", "٢٠٢٤", "a b", "a-b", "·a", "a·", "___", "🙂", &"x".repeat(201)] {
            assert!(!is_hashtag(name), "{name}");
        }
    }

    #[test]
    fn hashtag_identity_folds_case_and_width_only() {
        let cases = [
            ("Rust", "rust"),
            ("#Rust", "rust"),
            ("＃ＲＵＳＴ", "rust"),
            ("مدرسة", "مدرسة"),
            ("مَدرسة", "مَدرسة"),
            ("مـدرسة", "مـدرسة"),
            ("ﻣﺪﺭﺳﺔ", "مدرسة"),
            ("Straße", "straße"),
            ("ÉCOLE", "école"),
            ("E\u{301}cole", "école"),
            ("ﾗｰﾒﾝ", "ラーメン"),
            ("a-b c", "abc"),
        ];
        for (name, key) in cases {
            assert_eq!(hashtag_key(name), key, "{name}");
            assert_eq!(hashtag_key(key), key, "{key}");
        }
        assert_ne!(hashtag_key("مدرسة"), hashtag_key("مدرسه"));
    }
}
