//! Where a request comes from. A proxy's word (`X-Forwarded-For`) is taken only from the proxies that are configured.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use actix_web::HttpRequest;

/// Networks whose `X-Forwarded-For` is believed. Empty: nobody's is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

/// A network in CIDR notation, `10.0.0.0/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Proxies {
    /// Reads addresses and networks with commas or spaces between them: `127.0.0.1, 10.0.0.0/8, ::1`.
    ///
    /// # Errors
    /// A sentence that names what is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split([',', ' ']).filter(|part| !part.is_empty()).map(str::parse).collect::<Result<_, _>>().map(Self)
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The address of the client behind a request: the connection's, or, when that is a trusted proxy, the last one in
    /// `X-Forwarded-For` that is not. Everything further left may be made up by the client.
    pub fn client_address(&self, req: &HttpRequest) -> Option<IpAddr> {
        let mut address = canonical(req.peer_addr()?.ip());
        if self.0.is_empty() {
            return Some(address);
        }
        let forwarded: Vec<&str> =
            req.headers().get_all("x-forwarded-for").filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
        for hop in forwarded.iter().rev() {
            if !self.trust(address) {
                break;
            }
            match hop.trim().parse() {
                Ok(next) => address = canonical(next),
                Err(_) => break,
            }
        }
        Some(address)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither an IP address nor a network like 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|p| *p <= longest).ok_or_else(wrong)?,
            None => longest,
        };
        Ok(Self { address, prefix })
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 that an IPv6 customer is given at the least.
pub fn client_network(address: IpAddr) -> IpAddr {
    match canonical(address) {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

/// `::ffff:192.0.2.1` is `192.0.2.1`.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(proxies: &str, peer: &str, forwarded: &str) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1234").parse().unwrap());
        if !forwarded.is_empty() {
            request = request.insert_header(("x-forwarded-for", forwarded));
        }
        Proxies::parse(proxies).unwrap().client_address(&request.to_http_request()).unwrap().to_string()
    }

    #[test]
    fn a_forwarded_address_is_believed_only_from_a_configured_proxy() {
        assert_eq!(client("", "192.0.2.1", "203.0.113.9"), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", "203.0.113.9"), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", "203.0.113.9"), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", ""), "10.1.2.3");
    }

    #[test]
    fn what_a_client_adds_on_the_left_is_not_believed() {
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", "1.1.1.1, 203.0.113.9, 10.9.9.9"), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", "1.1.1.1, nonsense"), "10.1.2.3");
    }

    #[test]
    fn networks_are_read_and_nonsense_is_named() {
        assert!(Proxies::parse("::1, 2001:db8::/32 127.0.0.1").is_ok());
        for bad in ["10.0.0.0/33", "proxy.example", "10.0.0.0/x"] {
            assert!(Proxies::parse(bad).unwrap_err().contains(bad));
        }
        assert!(Proxies::parse("0.0.0.0/0").unwrap().trust("203.0.113.1".parse().unwrap()));
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let network = |a: &str| client_network(a.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
