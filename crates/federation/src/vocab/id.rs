//! Ids: what may be one, and which origin answers for it.
//! Ids are compared as text; only origins are parsed (FEP-fe34).

use url::{Origin, Url};

/// The longest id that we take; peers' own limits are at or below this.
pub const MAX_ID: usize = 2048;

/// The text, if it may be an id: not empty, not too long, without white space and control characters.
pub fn valid(text: &str) -> Option<&str> {
    let fits = !text.is_empty() && text.len() <= MAX_ID && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    fits.then_some(text)
}

/// The address that an id is fetched from: http or https, with a host, without credentials.
pub fn url(id: &str) -> Option<Url> {
    let url = Url::parse(valid(id)?).ok()?;
    let plain =
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none();
    plain.then_some(url)
}

/// The host that answers for an id, lower-case, with its port if it is not the scheme's own.
pub fn authority(id: &str) -> Option<String> {
    url(id).map(|url| crate::sig::sign::authority(&url).to_owned())
}

/// Whether two ids have one origin: scheme, host and port (FEP-fe34). An id that has none equals nothing.
pub fn same_origin(one: &str, other: &str) -> bool {
    match (url(one).map(|url| url.origin()), url(other).map(|url| url.origin())) {
        (Some(one @ Origin::Tuple(..)), Some(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port() {
        assert!(same_origin("https://a.example/1", "https://A.example:443/2#key"));
        for (one, other) in [
            ("https://a.example/1", "http://a.example/1"),
            ("https://a.example/1", "https://a.example:8443/1"),
            ("https://a.example/1", "https://a.example.evil/1"),
            ("https://a.example/1", "https://b.a.example/1"),
            ("did:key:z6Mk", "did:key:z6Mk"),
            ("", ""),
        ] {
            assert!(!same_origin(one, other), "{one} {other}");
        }
    }

    #[test]
    fn only_plain_web_addresses_are_fetched() {
        assert_eq!(authority("https://A.example:8443/x").unwrap(), "a.example:8443");
        for id in ["ftp://a.example/", "https://user@a.example/", "javascript:alert(1)", "/x", "https://a b/", "data:,x"] {
            assert_eq!(url(id), None, "{id}");
        }
    }
}
