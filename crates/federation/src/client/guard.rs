//! What our server may be made to connect to: addresses of URLs before a request, and of names at connect time.
//! The one place that uses `activitypub_federation`: its resolver checks what a name resolves to when it is connected to.

use activitypub_federation::error::Error as ResolveError;
use activitypub_federation::resolver::ValidatingDnsResolver;
use url::{Host, Url};

use super::ClientError;

/// Whether peers on private networks may be talked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivatePeers {
    /// Peers are names with public addresses, reached by https on its own port.
    #[default]
    Off,
    /// For demonstrations and tests: plain http, any port, loopback and private addresses, addresses as host names.
    On,
}

impl PrivatePeers {
    /// How a host is asked: private ones (loopback, literal addresses, or any port) by plain http, all others by https.
    pub(super) fn scheme(self, host: &str) -> &'static str {
        let private = |url: Url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || url.port().is_some(),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
            None => false,
        };
        let is_private = self == Self::On && Url::parse(&format!("https://{host}/")).is_ok_and(private);
        if is_private { "http" } else { "https" }
    }
}

/// The rules for addresses.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    peers: PrivatePeers,
    own_origin: url::Origin,
    /// A loopback server of a test that stands for a public one.
    #[cfg(test)]
    pub(crate) exempt: Option<url::Origin>,
}

impl Guard {
    pub(crate) fn new(own_origin: &Url, peers: PrivatePeers) -> Self {
        Self {
            peers,
            own_origin: own_origin.origin(),
            #[cfg(test)]
            exempt: None,
        }
    }

    pub(crate) fn peers(&self) -> PrivatePeers {
        self.peers
    }

    /// The resolver to connect by: without private peers it refuses names of loopback, private and reserved addresses.
    pub(crate) fn resolver(&self) -> ValidatingDnsResolver {
        ValidatingDnsResolver::new(Vec::new(), self.peers == PrivatePeers::Off)
    }

    /// Refuses what we would not connect to. The resolver never sees literal addresses: they are refused here.
    pub(crate) fn check(&self, url: &Url) -> Result<(), ClientError> {
        #[cfg(test)]
        if self.exempt.as_ref() == Some(&url.origin()) {
            return Ok(());
        }
        let host = url.host().ok_or(ClientError::Refused("an address without a host"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ClientError::Refused("an address with credentials"));
        }
        if url.origin() == self.own_origin {
            return Err(ClientError::Refused("our own address"));
        }
        match (self.peers, url.scheme()) {
            (_, "https") | (PrivatePeers::On, "http") => {}
            (PrivatePeers::Off, "http") => return Err(ClientError::Refused("plain http")),
            _ => return Err(ClientError::Refused("an address that is not of the web")),
        }
        if self.peers == PrivatePeers::On {
            return Ok(());
        }
        if url.port().is_some() {
            return Err(ClientError::Refused("an unusual port"));
        }
        match host {
            Host::Domain(name) if name.trim_end_matches('.').contains('.') => Ok(()),
            Host::Domain(_) => Err(ClientError::Refused("a name without a domain")),
            Host::Ipv4(_) | Host::Ipv6(_) => Err(ClientError::Refused("an address in place of a host name")),
        }
    }

    /// The address that a redirect leads to, if it may be followed.
    pub(crate) fn redirect(&self, from: &Url, location: &str) -> Result<Url, ClientError> {
        let target = from.join(location).map_err(|_| ClientError::Refused("a redirect to nowhere"))?;
        if from.scheme() == "https" && target.scheme() != "https" {
            return Err(ClientError::Refused("a redirect from https to another scheme"));
        }
        self.check(&target)?;
        Ok(target)
    }
}

/// The host whose name led to a private address, if that is what an error of the HTTP client is about.
pub(crate) fn private_address(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(ResolveError::ResolveInternalIpError(host, _)) = error.downcast_ref::<ResolveError>() {
            return Some(host.clone());
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(peers: PrivatePeers) -> Guard {
        Guard::new(&"https://majlis.example".parse().unwrap(), peers)
    }

    #[test]
    fn only_private_peers_are_asked_by_plain_http() {
        assert_eq!(PrivatePeers::Off.scheme("127.0.0.1:8080"), "https");
        for host in ["127.0.0.1:8080", "localhost", "peer.test:3000"] {
            assert_eq!(PrivatePeers::On.scheme(host), "http", "{host}");
        }
        assert_eq!(PrivatePeers::On.scheme("peer.example"), "https");
    }

    #[test]
    fn without_private_peers_only_names_on_https_pass() {
        let guard = guard(PrivatePeers::Off);
        for url in ["https://peer.example/", "https://peer.example:443/x?y#z", "https://xn--mgbcpq6gpa1a.example/"] {
            assert_eq!(guard.check(&url.parse().unwrap()), Ok(()), "{url}");
        }
        for url in [
            "http://peer.example/",
            "https://peer.example:8443/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://localhost/",
            "https://intranet/",
            "https://user:secret@peer.example/",
            "https://majlis.example/actor",
            "ftp://peer.example/",
            "file:///etc/passwd",
            "data:text/plain,x",
        ] {
            assert!(matches!(guard.check(&url.parse().unwrap()), Err(ClientError::Refused(_))), "{url}");
        }
    }

    #[test]
    fn private_peers_may_be_anywhere_but_here() {
        let guard = guard(PrivatePeers::On);
        for url in ["http://127.0.0.1:8081/", "http://[::1]:8081/", "http://localhost/", "https://10.0.0.1:8443/"] {
            assert_eq!(guard.check(&url.parse().unwrap()), Ok(()), "{url}");
        }
        for url in ["https://majlis.example/actor", "ftp://127.0.0.1/"] {
            assert!(guard.check(&url.parse().unwrap()).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        use reqwest::dns::Resolve;

        let name = || "localhost".parse().unwrap();
        let error = guard(PrivatePeers::Off).resolver().resolve(name()).await.err().unwrap();
        assert_eq!(private_address(error.as_ref()).as_deref(), Some("localhost"));
        assert!(guard(PrivatePeers::On).resolver().resolve(name()).await.is_ok());
    }

    #[test]
    fn redirects_are_checked_like_first_addresses() {
        let from: Url = "https://peer.example/users/b".parse().unwrap();
        let guard_off = guard(PrivatePeers::Off);
        assert_eq!(guard_off.redirect(&from, "/@b").unwrap().as_str(), "https://peer.example/@b");
        assert_eq!(guard_off.redirect(&from, "https://other.example/b").unwrap().as_str(), "https://other.example/b");
        for location in [
            "http://peer.example/b",
            "https://127.0.0.1/",
            "//10.0.0.1/",
            "https://peer.example:22/",
            "file:///etc/passwd",
            "https://[",
        ] {
            assert!(guard_off.redirect(&from, location).is_err(), "{location}");
        }
        // A step down from https is refused even among private peers.
        assert!(guard(PrivatePeers::On).redirect(&from, "http://peer.example/").is_err());
    }
}
