//! Names of people: usernames, and handles that say on which server.
//! What is valid, what is reserved, and in which form two of them are the same.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::characters::{is_bidi_control, is_word};
// Names of servers and topics have files of their own; whoever judges a name finds all of them here.
pub use super::domains::{display_domain, normalise_domain};
pub use super::hashtags::{MAX_HASHTAG, hashtag_key, is_hashtag};

/// The longest username a local account may take, in characters.
pub const MAX_LOCAL_USERNAME: usize = 30;

/// The longest username accepted from another server, in bytes.
pub const MAX_REMOTE_USERNAME: usize = 512;

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
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "abuse", "account", "accounts", "activity", "activitypub", "actor", "admin", "administration", "administrator",
    "all", "anonymous", "api", "assets", "auth", "authorize", "billing", "bot", "contact", "everyone", "explore",
    "federation", "feed", "followers", "following", "frontend", "health", "help", "here", "home", "hostmaster",
    "inbox", "info", "instance", "instance.actor", "local", "login", "logout", "mail", "mailer-daemon", "majlis",
    "me", "media", "metrics", "mod", "moderation", "moderator", "moderators", "mods", "nobody", "nodeinfo", "noreply",
    "notifications", "null", "oauth", "official", "outbox", "owner", "postmaster", "privacy", "public", "register",
    "relay", "root", "search", "security", "server", "service", "settings", "signin", "signup", "staff", "status",
    "statuses", "support", "sysadmin", "system", "tag", "tags", "team", "terms", "undefined", "users", "verified",
    "webfinger", "webmaster", "well-known",
];

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
}
