//! Names of servers: the one form in which a domain is stored and compared, and the one in which people read it.

use std::borrow::Cow;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
