//! The configuration: every setting once, with its words, its default and its type. Later sources win:
//! default, file, environment, flag. A wrong value names the key, the value, where it came from and what would be right.

pub mod sources;
pub mod values;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use majlis_api::client_address::Proxies;
use majlis_local::registrations::Registrations;
use majlis_local::settings::Trends;
use majlis_media::Bucket;
use majlis_web::language::Language;
pub use sources::{ConfigError, Loaded, Source};
use values::{
    BaseUrl, Bounded, ByteSize, Capacity, Confirmation, DatabaseUrl, Domains, Email, Ffmpeg, LogFilter, LogFormat, Origin,
    SmtpUrl, Threads, Translator, Word,
};

/// A setting: what the file, the environment, the flags, `config print` and the manual know of it.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name in the file, such as `data_dir`; the flag is the same with dashes.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// What stands there when nobody says anything, in the words of the file.
    pub default: &'static str,
    /// What it is for, one line per element.
    pub doc: &'static [&'static str],
    /// Whether a password may stand in it.
    pub secret: bool,
}

impl Definition {
    /// `--data-dir`, without the dashes in front.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The words of [`Definition::doc`] as one paragraph.
    pub fn summary(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// Declares [`Config`], [`DEFINITIONS`] and the reading of one from sources.
macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:ident: $type:ty, $variable:literal = $default:literal $(, $secret:ident)?;)+) => {
        /// How the server is run. Every field is a setting of docs/CONFIGURATION.md.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $key: $type,)+
        }

        /// All settings, in the order of the manual.
        pub const DEFINITIONS: &[Definition] = &[$(Definition {
            key: stringify!($key),
            variable: $variable,
            default: $default,
            doc: &[$($doc),+],
            secret: settings!(@secret $($secret)?),
        },)+];

        impl Config {
            /// Parses every setting, and only then says which ones are wrong.
            fn read(sources: &sources::Sources) -> Result<Self, Vec<sources::Wrong>> {
                let mut wrong = Vec::new();
                $(let $key: Option<$type> = sources.parse(stringify!($key), &mut wrong);)+
                match ($($key,)+) {
                    ($(Some($key),)+) => Ok(Self { $($key,)+ }),
                    _ => Err(wrong),
                }
            }
        }
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

settings! {
    /// The address and port to serve on. Port 0 takes a free one.
    listen: SocketAddr, "MAJLIS_LISTEN" = "127.0.0.1:8080";
    /// The address that the world knows this server by, such as `https://example.org`. It becomes a part of every handle and
    /// link and must never change once people have joined. Plain http is for loopback only, and with `private_peers` for private networks.
    /// When it is not given it is the database's own, and on a new database `http://localhost` with the port of `listen`.
    origin: Option<Origin>, "MAJLIS_ORIGIN" = "";
    /// Where the database (when it is SQLite) and the uploaded files are kept. It is made when it is missing.
    data_dir: PathBuf, "MAJLIS_DATA_DIR" = "./data";
    /// The database: empty for SQLite in the data directory, `sqlite://PATH`, or `postgres://USER:PASSWORD@HOST/NAME`.
    database_url: Option<DatabaseUrl>, "DATABASE_URL" = "", secret;
    /// Who may sign up: `open` to everybody, after `approval` by a moderator, by `invite` only, or `closed`.
    registrations: Registrations, "MAJLIS_REGISTRATIONS" = "open";
    /// Whether hashtags, posts and links that many people take up are shown as trends: `automatic`, `reviewed` (only what was
    /// approved by `majlis trend approve`), or `off`.
    trends: Trends, "MAJLIS_TRENDS" = "automatic";
    /// The server's name, as apps and pages show it. What is given here or in the next two settings is written down at every
    /// start; what is left empty stays as it was written down before, at first `Majlis`.
    title: Option<String>, "MAJLIS_TITLE" = "";
    /// One paragraph about the server, as apps and pages show it.
    description: Option<String>, "MAJLIS_DESCRIPTION" = "";
    /// An e-mail address under which people reach whoever runs the server. Shown to everybody.
    contact_email: Option<Email>, "MAJLIS_CONTACT_EMAIL" = "";
    /// The mail server that sends letters: `smtps://NAME:PASSWORD@mail.example.org` (TLS, port 465) or `smtp://…` (STARTTLS,
    /// port 587; without TLS to this machine itself, or with `?tls=off`). When it is empty, letters are written as files to the
    /// directory `outbox` of the data directory.
    smtp_url: Option<SmtpUrl>, "MAJLIS_SMTP_URL" = "", secret;
    /// The e-mail address that letters come from. When it is empty: `majlis@` and the server's domain.
    mail_from: Option<Email>, "MAJLIS_MAIL_FROM" = "";
    /// Whether whoever signs up has to follow a link in a letter before the account can be used: `on`, `off`, or `auto`, which
    /// is on once `smtp_url` is set.
    confirm_emails: Confirmation, "MAJLIS_CONFIRM_EMAILS" = "auto";
    /// Whether people here may offer their public posts by e-mail to those who have no account: `on` or `off`. Each decides in the
    /// settings. Letters in large numbers need a mail server that is made for them.
    newsletters: bool, "MAJLIS_NEWSLETTERS" = "off";
    /// Seconds that a post waits for its letter, so that what is said in the meantime goes along with it: 0 to 86400.
    newsletter_delay: Bounded<0, 86_400>, "MAJLIS_NEWSLETTER_DELAY" = "300";
    /// The language of pages for visitors whose browser asks for none that we have: `en` or `ar`.
    locale: Language, "MAJLIS_LOCALE" = "en";
    /// Domains besides our own whose handles lead to people here, separated by commas: webfinger answers for them too.
    alias_domains: Domains, "MAJLIS_ALIAS_DOMAINS" = "";
    /// Whether clients that ask too often are told to wait: `on` or `off`.
    rate_limits: bool, "MAJLIS_RATE_LIMITS" = "on";
    /// The largest picture that may be uploaded, such as `16 MiB`.
    upload_limit: ByteSize, "MAJLIS_UPLOAD_LIMIT" = "16 MiB";
    /// The largest video or sound that may be uploaded, such as `99 MiB`. Only with ffmpeg.
    video_limit: ByteSize, "MAJLIS_VIDEO_LIMIT" = "99 MiB";
    /// Where `ffmpeg` and `ffprobe` are, which make videos and sounds playable everywhere and take out what they tell of their
    /// makers: `auto` where the system looks for programs, a folder, or `off`. Without them videos and sounds are refused.
    ffmpeg: Ffmpeg, "MAJLIS_FFMPEG" = "auto";
    /// The bucket in which uploaded files are kept, of S3 or what speaks its language; empty for the data directory. Its other
    /// settings begin alike. Files are not moved from one to the other.
    media_s3_bucket: Option<Word>, "MAJLIS_MEDIA_S3_BUCKET" = "";
    /// Where the bucket is, such as `https://s3.example.org`; empty for Amazon's own.
    media_s3_endpoint: Option<BaseUrl>, "MAJLIS_MEDIA_S3_ENDPOINT" = "";
    /// The bucket's region; most that are not Amazon's take any.
    media_s3_region: Word, "MAJLIS_MEDIA_S3_REGION" = "us-east-1";
    /// The name of the bucket's key.
    media_s3_access_key: Option<Word>, "MAJLIS_MEDIA_S3_ACCESS_KEY" = "";
    /// The bucket's key.
    media_s3_secret_key: Option<Word>, "MAJLIS_MEDIA_S3_SECRET_KEY" = "", secret;
    /// Whether the bucket's name stands in the path of addresses and not in their host: `on` or `off`.
    media_s3_path_style: bool, "MAJLIS_MEDIA_S3_PATH_STYLE" = "on";
    /// Where the world may read the bucket, such as `https://files.example.org`: other servers and apps are sent there. Empty when
    /// everything goes through this server. Let nobody list the bucket, nor read what begins with `uploads/`.
    media_s3_public_url: Option<BaseUrl>, "MAJLIS_MEDIA_S3_PUBLIC_URL" = "";
    /// The most bytes that copies of other servers' pictures take, such as `1 GiB`; those that nobody looks at go first. They are
    /// fetched when somebody who is logged in looks at them, never for anybody else. `0` switches it off: apps then load
    /// pictures from where they are.
    picture_cache: Capacity, "MAJLIS_PICTURE_CACHE" = "1 GiB";
    /// The most characters of a post, counted as Mastodon counts: 100 to 100000.
    post_limit: Bounded<100, 100_000>, "MAJLIS_POST_LIMIT" = "500";
    /// What translates posts: `off`, `libretranslate` or `deepl`.
    translator: Translator, "MAJLIS_TRANSLATOR" = "off";
    /// Where the translator is, such as `http://127.0.0.1:5000` for a LibreTranslate of one's own. DeepL is found by the kind of its
    /// key when this is empty.
    translator_url: Option<BaseUrl>, "MAJLIS_TRANSLATOR_URL" = "";
    /// The translator's key, when it wants one.
    translator_key: Option<Word>, "MAJLIS_TRANSLATOR_KEY" = "", secret;
    /// Addresses or networks (CIDR) of the reverse proxies in front, separated by commas; only what they say about the
    /// client's address is believed. A proxy on the same machine needs no entry.
    trusted_proxies: Proxies, "MAJLIS_TRUSTED_PROXIES" = "127.0.0.0/8, ::1/128";
    /// Threads that answer requests; `auto` is one per core.
    workers: Threads, "MAJLIS_WORKERS" = "auto";
    /// How long a stop waits for requests and jobs that are under way: 1 to 600 seconds.
    stop_timeout: Bounded<1, 600>, "MAJLIS_STOP_TIMEOUT" = "20";
    /// Whether other servers may be plain http, on any port, on loopback and private addresses: `on` or `off`. For `majlis demo`,
    /// tests and closed networks; on a public server it lets strangers reach your internal network.
    private_peers: bool, "MAJLIS_PRIVATE_PEERS" = "off";
    /// An address and port of their own for `/metrics` and `/health`. When it is empty `/metrics` answers on the main port,
    /// to clients on this machine only.
    metrics_listen: Option<SocketAddr>, "MAJLIS_METRICS_LISTEN" = "";
    /// What to log: `error`, `warn`, `info`, `debug`, `trace`, or a filter by module such as `info,majlis_federation=debug`.
    log: LogFilter, "MAJLIS_LOG" = "info";
    /// How to log: lines for `human` eyes, or `json`.
    log_format: LogFormat, "MAJLIS_LOG_FORMAT" = "human";
}

impl Config {
    /// The configuration from the command line's flags, the environment and a file, with rules that span settings.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(given: &sources::Given) -> Result<Loaded, ConfigError> {
        let sources = sources::Sources::gather(given)?;
        let config = Self::read(&sources).map_err(ConfigError::Wrong)?;
        let wrong = config.across(&sources);
        if wrong.is_empty() { Ok(Loaded { config, sources }) } else { Err(ConfigError::Wrong(wrong)) }
    }

    /// The rules that need more than one setting.
    fn across(&self, sources: &sources::Sources) -> Vec<sources::Wrong> {
        let mut wrong = Vec::new();
        if let Some(origin) = self.origin.as_ref()
            && !origin.is_https()
            && !origin.is_loopback()
            && !(self.private_peers && origin.is_private())
        {
            wrong.push(sources.wrong(
                "origin",
                "an https:// address (plain http is for localhost, and with private_peers on for private networks)".to_owned(),
            ));
        }
        if self.media_s3_bucket.is_some() {
            for (key, given) in [
                ("media_s3_access_key", self.media_s3_access_key.is_some()),
                ("media_s3_secret_key", self.media_s3_secret_key.is_some()),
            ] {
                if !given {
                    wrong.push(sources.wrong(key, "there, but media_s3_bucket needs it".to_owned()));
                }
            }
        }
        if self.translator == Translator::LibreTranslate && self.translator_url.is_none() {
            wrong.push(sources.wrong("translator_url", "the address of the LibreTranslate that `translator` names".to_owned()));
        }
        if self.translator == Translator::DeepL && self.translator_key.is_none() {
            wrong.push(sources.wrong("translator_key", "the key of the DeepL account that `translator` names".to_owned()));
        }
        wrong
    }

    /// The bucket for uploaded files, when there is one.
    pub fn bucket(&self) -> Option<Bucket> {
        let word = |word: &Option<Word>| word.as_ref().map(|word| word.0.clone());
        Some(Bucket {
            name: word(&self.media_s3_bucket)?,
            endpoint: self.media_s3_endpoint.as_ref().map(|url| url.0.clone()),
            region: self.media_s3_region.0.clone(),
            key: (word(&self.media_s3_access_key)?, word(&self.media_s3_secret_key)?),
            path_style: self.media_s3_path_style,
        })
    }

    /// The origin that was asked for, or the one that follows from a port on this machine.
    pub fn origin_or_port(&self, port: u16) -> Origin {
        self.origin.clone().unwrap_or_else(|| Origin::localhost(port))
    }

    /// What [`majlis_local::Db::open`] takes: the given URL, or the path of SQLite in the data directory.
    pub fn database(&self) -> String {
        match self.database_url.as_ref() {
            Some(url) => url.as_str().to_owned(),
            None => self.data_dir.join("majlis.db").to_string_lossy().into_owned(),
        }
    }

    /// Whether the database is a file here.
    pub fn database_is_sqlite(&self) -> bool {
        self.database_url.as_ref().is_none_or(|url| !url.is_postgres())
    }

    /// Where ffmpeg reads and writes while it works. What is left there from before is deleted at the start.
    pub fn scratch_dir(&self) -> PathBuf {
        self.data_dir.join("scratch")
    }

    /// Where letters are written when there is no mail server.
    pub fn outbox_dir(&self) -> PathBuf {
        self.data_dir.join("outbox")
    }

    /// Whether whoever signs up has to confirm the address. Without a mail server nobody could, unless the operator says so.
    pub fn asks_confirmation(&self) -> bool {
        match self.confirm_emails {
            Confirmation::On => true,
            Confirmation::Off => false,
            Confirmation::Auto => self.smtp_url.is_some(),
        }
    }

    /// Seconds that posts wait for newsletters, if there are any.
    pub fn newsletter_wait(&self) -> Option<i64> {
        self.newsletters.then(|| self.newsletter_delay.0.into())
    }

    /// Where uploaded files are kept.
    pub fn media_dir(&self) -> PathBuf {
        self.data_dir.join("media")
    }
}

/// The settings as a section of docs/CONFIGURATION.md.
pub fn manual() -> String {
    let mut page = String::new();
    for d in DEFINITIONS {
        let default = if d.default.is_empty() { "nothing".to_owned() } else { format!("`{}`", d.default) };
        let _ = write!(
            page,
            "\n### `{}`\n\n{}\n\nEnvironment: `{}` · flag: `--{}` · default: {default}\n",
            d.key,
            d.summary(),
            d.variable,
            d.flag()
        );
    }
    page.push('\n');
    page
}

/// A configuration file with every setting as it stands by default, switched off.
pub fn example() -> String {
    let mut page = String::from("# Majlis: every setting, at its default. Remove the # in front of those that you change.\n");
    for d in DEFINITIONS {
        let _ = write!(
            page,
            "\n# {}\n# {} = {:?}\n",
            d.doc.iter().map(|l| l.trim()).collect::<Vec<_>>().join("\n# "),
            d.key,
            d.default
        );
    }
    page
}

/// The environment variable that names the file.
pub const FILE_VARIABLE: &str = "MAJLIS_CONFIG";
/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "majlis.toml";

/// `majlis.toml` in `directory`, when it is there.
pub fn default_file(directory: &Path) -> Option<PathBuf> {
    let file = directory.join(DEFAULT_FILE);
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests;
