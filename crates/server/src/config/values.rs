//! The types of settings: how each is read from text, and what to say when it cannot be.
//! Numbers and switches of the file come here as text too, so that every source obeys one parser.

use std::net::SocketAddr;
use std::path::PathBuf;

use majlis_api::client_address::Proxies;
use majlis_local::registrations::Registrations;
use majlis_local::settings::Trends;
use majlis_web::language::Language;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

/// What a setting can be.
pub trait Value: Sized {
    /// Reads it, or says what would be right (“one of on, off”).
    fn parse(text: &str) -> Result<Self, String>;
}

/// Nothing given is a value of its own.
impl<T: Value> Value for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err("some text".to_owned()) } else { Ok(text.trim().to_owned()) }
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok(true),
            "off" | "false" | "no" | "0" => Ok(false),
            _ => Err("on or off".to_owned()),
        }
    }
}

impl Value for SocketAddr {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // Go programs have made `:8080` a habit; `localhost` is not an address but what people write.
        let text = match text.split_once("localhost:") {
            Some(("", port)) => format!("127.0.0.1:{port}"),
            _ => text.to_owned(),
        };
        text.parse().map_err(|_| "ADDRESS:PORT, such as 127.0.0.1:8080 or [::]:8080".to_owned())
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err("a path".to_owned()) } else { Ok(Self::from(text.trim())) }
    }
}

/// Scheme, host and, when it is not the scheme's own, port: `https://example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    url: Url,
}

impl Origin {
    /// The origin of a server that only this machine reaches.
    pub fn localhost(port: u16) -> Self {
        let mut url = loopback_url();
        // An http URL takes any port.
        let _ = url.set_port(Some(port));
        Self { url }
    }

    /// `https://example.org`, without a trailing slash; names in other scripts are in their ASCII form.
    pub fn text(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether connections to it are encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it names this machine only.
    pub fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether it is of a private network: a private address, a name without a dot, or one under a name kept for such use
    /// (RFC 6761, RFC 6762, RFC 8375).
    pub fn is_private(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => {
                !name.contains('.')
                    || [".test", ".local", ".internal", ".home.arpa", ".localhost"].iter().any(|end| name.ends_with(end))
            }
            Some(Host::Ipv4(address)) => address.is_private() || address.is_loopback() || address.is_link_local(),
            Some(Host::Ipv6(address)) => address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local(),
            None => false,
        }
    }

    /// The port that clients connect to.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

/// `http://localhost`, which is a URL.
#[allow(clippy::expect_used)]
fn loopback_url() -> Url {
    Url::parse("http://localhost").expect("a constant URL")
}

impl Value for Origin {
    fn parse(text: &str) -> Result<Self, String> {
        let right = || "an address such as https://example.org".to_owned();
        let url = Url::parse(text.trim()).map_err(|_| right())?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() || !plain {
            return Err(right());
        }
        if url.path() != "/" {
            return Err("an address without a path, such as https://example.org (a server cannot live under a path)".to_owned());
        }
        Ok(Self { url })
    }
}

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// As [`majlis_local::Db::open`] takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a PostgreSQL server.
    pub fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres")
    }
}

impl Value for DatabaseUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if known || !text.contains("://") {
            Ok(Self(text.to_owned()))
        } else {
            Err("empty, sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME".to_owned())
        }
    }
}

/// Settings that are one word of a few.
macro_rules! one_of {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $name {
            /// The word that stands for it in the configuration.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl Value for $name {
            fn parse(text: &str) -> Result<Self, String> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("one of {}", [$($word),+].join(", "))),
                }
            }
        }
    )+};
}

one_of! {
    /// How log lines look.
    LogFormat {
        /// For eyes.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
    /// What translates posts.
    Translator {
        /// Nothing.
        Off = "off",
        /// LibreTranslate, one's own or somebody else's.
        LibreTranslate = "libretranslate",
        /// DeepL.
        DeepL = "deepl",
    }
}

impl Value for Language {
    fn parse(text: &str) -> Result<Self, String> {
        let word = text.trim().to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|language| language.code() == word);
        found.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::code).join(", ")))
    }
}

impl Value for Registrations {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "open" => Ok(Self::Open),
            "approval" => Ok(Self::Approval),
            "invite" => Ok(Self::Invite),
            "closed" => Ok(Self::Closed),
            _ => Err("one of open, approval, invite, closed".to_owned()),
        }
    }
}

impl Value for Trends {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "automatic" => Ok(Self::Automatic),
            "reviewed" => Ok(Self::Reviewed),
            "off" => Ok(Self::Off),
            _ => Err("one of automatic, reviewed, off".to_owned()),
        }
    }
}

/// A filter of log lines, in the language of `tracing-subscriber`'s `EnvFilter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// What commands that are no server have to say, unless more is asked for.
    pub fn warnings() -> Self {
        Self("warn".to_owned())
    }

    /// The filter itself. The web framework's notes on its own threads are left out unless they are asked for by name.
    pub fn filter(&self) -> EnvFilter {
        EnvFilter::new(format!("actix_server=warn,{}", self.0))
    }
}

impl Value for LogFilter {
    fn parse(text: &str) -> Result<Self, String> {
        let right = "error, warn, info, debug, trace, or MODULE=LEVEL separated by commas";
        let text = text.trim();
        // A single word that is no level would be taken for the name of a module, and nothing would be logged.
        let level =
            |word: &str| matches!(word.to_ascii_lowercase().as_str(), "off" | "error" | "warn" | "info" | "debug" | "trace");
        if text.is_empty() || text.split(',').any(|part| !part.contains('=') && !level(part.trim())) {
            return Err(right.to_owned());
        }
        EnvFilter::try_new(text).map(|_| Self(text.to_owned())).map_err(|_| right.to_owned())
    }
}

/// An e-mail address; only its form is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(pub String);

impl Value for Email {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.rsplit_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("an e-mail address".to_owned()),
        }
    }
}

/// Where the programs of ffmpeg are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ffmpeg {
    /// Not to be used.
    Off,
    /// Where the system looks for programs.
    Auto,
    /// In this folder.
    Folder(PathBuf),
}

impl Value for Ffmpeg {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "off" => Ok(Self::Off),
            "auto" => Ok(Self::Auto),
            folder if folder.starts_with('/') => Ok(Self::Folder(folder.into())),
            _ => Err("auto, off, or a folder such as /usr/bin".to_owned()),
        }
    }
}

/// A text without spaces: a name, a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Word(pub String);

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It may be a key.
        f.write_str("Word(…)")
    }
}

impl Value for Word {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let fine = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
        if fine { Ok(Self(text.to_owned())) } else { Err("a text without spaces".to_owned()) }
    }
}

/// An address under which others stand, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(pub String);

impl Value for BaseUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let right = || "an address such as https://files.example.org".to_owned();
        let url = Url::parse(text.trim()).map_err(|_| right())?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() || !plain {
            return Err(right());
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// Whether addresses have to be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// They do.
    On,
    /// They need not be.
    Off,
    /// They do when there is a mail server.
    Auto,
}

impl Value for Confirmation {
    fn parse(text: &str) -> Result<Self, String> {
        match bool::parse(text) {
            Ok(true) => Ok(Self::On),
            Ok(false) => Ok(Self::Off),
            Err(_) if text.trim().eq_ignore_ascii_case("auto") => Ok(Self::Auto),
            Err(_) => Err("on, off or auto".to_owned()),
        }
    }
}

/// How a connection to the mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the start (RFC 8314).
    Tls,
    /// TLS after a word in the clear; without it nothing is sent.
    StartTls,
    /// Not at all.
    None,
}

/// A mail server and who we are to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Name and password.
    pub credentials: Option<(String, String)>,
    /// How the connection is kept secret.
    pub encryption: Encryption,
}

impl Value for SmtpUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let right = || "an address such as smtps://NAME:PASSWORD@mail.example.org or smtp://mail.example.org:587".to_owned();
        let url = Url::parse(text.trim()).map_err(|_| right())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(right)?.trim_matches(['[', ']']).to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(right());
        }
        let is_loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let (encryption, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Encryption::Tls, 465),
            ("smtp", Some("tls=off")) => (Encryption::None, 25),
            ("smtp", None) if is_loopback => (Encryption::None, 25),
            ("smtp", None) => (Encryption::StartTls, 587),
            _ => return Err(right()),
        };
        let plain = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8().map(String::from).map_err(|_| right());
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (name, password) => Some((plain(name)?, plain(password.unwrap_or(""))?)),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), credentials, encryption })
    }
}

/// Names of domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domains(pub Vec<String>);

impl Value for Domains {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let domain = |part: &str| match Host::parse(part) {
            Ok(Host::Domain(name)) => Some(name),
            _ => None,
        };
        let domains: Option<Vec<String>> = parts.map(domain).collect();
        domains.map(Self).ok_or_else(|| "names of domains, such as example.org, example.net".to_owned())
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl Value for ByteSize {
    fn parse(text: &str) -> Result<Self, String> {
        match bytes(text) {
            Some(bytes @ 1..=0x4000_0000) => Ok(Self(bytes)),
            _ => Err("a size such as 16 MiB, 500 kB or a number of bytes, at most 1 GiB".to_owned()),
        }
    }
}

/// How many bytes something may take on the disk; 0 is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity(pub u64);

impl Value for Capacity {
    fn parse(text: &str) -> Result<Self, String> {
        let right = || "0, or a size such as 1 GiB, at most 1024 TiB".to_owned();
        bytes(text).filter(|bytes| *bytes <= 1 << 50).map(Self).ok_or_else(right)
    }
}

/// A number and its unit.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "k" | "kib" => 1 << 10,
        "mb" => 1_000_000,
        "m" | "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "g" | "gib" => 1 << 30,
        "tb" => 1_000_000_000_000,
        "t" | "tib" => 1 << 40,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(unit)
}

/// A whole number between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounded<const LEAST: u32, const MOST: u32>(pub u32);

impl<const LEAST: u32, const MOST: u32> Value for Bounded<LEAST, MOST> {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim().parse() {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(format!("a number from {LEAST} to {MOST}")),
        }
    }
}

/// A number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads(pub usize);

impl Value for Threads {
    fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "auto" => Ok(Self(std::thread::available_parallelism().map_or(2, usize::from))),
            number => match number.parse() {
                Ok(threads @ 1..=1_024) => Ok(Self(threads)),
                _ => Err("auto, or a number from 1 to 1024".to_owned()),
            },
        }
    }
}

/// Reverse proxies.
impl Value for Proxies {
    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|_| "addresses or networks, such as 10.0.0.7, 192.168.0.0/16".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let text = |s| Origin::parse(s).map(|o| o.text());
        assert_eq!(text("https://Example.org/").unwrap(), "https://example.org");
        assert_eq!(text("https://example.org:443").unwrap(), "https://example.org");
        assert_eq!(text("http://localhost:8080").unwrap(), "http://localhost:8080");
        assert_eq!(text("https://مجلس.example").unwrap(), "https://xn--rgbo4cc.example");
        for wrong in
            ["example.org", "ftp://example.org", "https://a@example.org", "https://example.org/majlis", "https://x.org?y", ""]
        {
            assert!(text(wrong).is_err(), "{wrong}");
        }
        assert!(Origin::parse("http://[::1]:3000").unwrap().is_loopback());
        assert!(!Origin::parse("http://localhost.example.org").unwrap().is_loopback());
        assert_eq!(Origin::localhost(80).text(), "http://localhost");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(ByteSize::parse("16 MiB"), Ok(ByteSize(16 << 20)));
        assert_eq!(ByteSize::parse("500kB"), Ok(ByteSize(500_000)));
        assert_eq!(ByteSize::parse("1024"), Ok(ByteSize(1024)));
        assert_eq!(Capacity::parse("0"), Ok(Capacity(0)));
        assert_eq!(Capacity::parse("2 TiB"), Ok(Capacity(2 << 40)));
        assert!(Capacity::parse("9999 TiB").is_err() && Capacity::parse("much").is_err());
        for wrong in ["", "0", "16 stone", "-1", "99999999999999999999", "9999999999 GiB", "2 GiB"] {
            assert!(ByteSize::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_and_addresses() {
        assert_eq!(Word::parse(" key ").unwrap().0, "key");
        assert!(Word::parse("two words").is_err() && Word::parse("").is_err());
        assert_eq!(BaseUrl::parse("https://files.example.org/a/").unwrap().0, "https://files.example.org/a");
        assert!(BaseUrl::parse("https://u:p@files.example.org").is_err() && BaseUrl::parse("files.example.org").is_err());
        assert_eq!(Ffmpeg::parse("auto"), Ok(Ffmpeg::Auto));
        assert_eq!(Ffmpeg::parse("/opt/bin"), Ok(Ffmpeg::Folder("/opt/bin".into())));
        assert!(Ffmpeg::parse("bin").is_err());
    }

    #[test]
    fn a_mail_server_is_spoken_to_in_secret() {
        let url = |text: &str| SmtpUrl::parse(text).unwrap();
        let relay = url("smtps://amina%40example.org:p%3Aw@mail.example.org");
        assert_eq!((relay.host.as_str(), relay.port, relay.encryption), ("mail.example.org", 465, Encryption::Tls));
        assert_eq!(relay.credentials, Some(("amina@example.org".to_owned(), "p:w".to_owned())));
        assert_eq!((url("smtp://mail.example.org").encryption, url("smtp://mail.example.org").port), (Encryption::StartTls, 587));
        assert_eq!((url("smtp://localhost").encryption, url("smtp://[::1]:2525").port), (Encryption::None, 2525));
        assert_eq!(url("smtp://relay.internal?tls=off").encryption, Encryption::None);
        for wrong in ["mail.example.org", "https://mail.example.org", "smtp://", "smtp://x/y", "smtp://x?tls=maybe"] {
            assert!(SmtpUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_log_filter_of_one_word_is_a_level() {
        assert!(LogFilter::parse("info,majlis_federation=debug").is_ok());
        assert!(LogFilter::parse("verbose").is_err());
        assert!(LogFilter::parse("majlis=loud").is_err());
    }

    #[test]
    fn switches_and_words() {
        assert_eq!(bool::parse("On"), Ok(true));
        assert_eq!(bool::parse("maybe").unwrap_err(), "on or off");
        assert_eq!(Registrations::parse("sometimes").unwrap_err(), "one of open, approval, invite, closed");
        assert_eq!(Option::<SocketAddr>::parse(" "), Ok(None));
        assert_eq!(SocketAddr::parse("localhost:1"), Ok(([127, 0, 0, 1], 1).into()));
    }
}
