//! `majlis doctor`: whether the settings fit the machine and the world outside, and `majlis doctor DOMAIN`: how another
//! server looks from here.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use majlis_local::instances::{self, Instance, Policy};
use majlis_local::{Db, Timestamp};
use serde::Deserialize;

use super::{Failure, output};
use crate::config::Config;
use crate::config::values::{Ffmpeg, Origin};
use crate::database;

/// Free disk space below which the doctor warns, and below which it says that nothing goes.
const LITTLE_SPACE: u64 = 2 << 30;
const NO_SPACE: u64 = 200 << 20;
/// Open files below which a server of some size stumbles.
const FEW_FILES: u64 = 4_096;
/// A difference of clocks at which peers begin to refuse signatures.
const SKEW: Duration = Duration::from_secs(300);
/// How long anything on the network may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes that are read of an answer.
const ANSWER_LIMIT: usize = 256 << 10;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Doubtful,
    Bad,
}

/// The findings so far.
#[derive(Debug, Default)]
struct Report {
    page: String,
    bad: bool,
}

impl Report {
    fn say(&mut self, verdict: Verdict, what: &str, finding: impl std::fmt::Display) {
        let mark = match verdict {
            Verdict::Good => "good    ",
            Verdict::Doubtful => "doubtful",
            Verdict::Bad => "BAD     ",
        };
        self.bad |= verdict == Verdict::Bad;
        let _ = writeln!(self.page, "{mark}  {what}: {finding}");
    }

    fn good(&mut self, what: &str, finding: impl std::fmt::Display) {
        self.say(Verdict::Good, what, finding);
    }

    fn doubtful(&mut self, what: &str, finding: impl std::fmt::Display) {
        self.say(Verdict::Doubtful, what, finding);
    }

    fn bad(&mut self, what: &str, finding: impl std::fmt::Display) {
        self.say(Verdict::Bad, what, finding);
    }

    fn end(self) -> ExitCode {
        output::print(&self.page);
        if self.bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Looks at this server. Fails (by its exit code) when something is wrong, not when something is doubtful.
///
/// # Errors
/// When it cannot even look.
pub async fn examine(config: &Config) -> Result<ExitCode, Failure> {
    let mut report = Report::default();
    data_dir(config, &mut report);
    let origin = database(config, &mut report).await.unwrap_or_else(|| config.origin_or_port(config.listen.port()));
    addresses(config, &origin, &mut report);
    clock(&mut report);
    open_files(&mut report);
    films(config, &mut report);
    reach(&origin, &mut report).await?;
    Ok(report.end())
}

fn data_dir(config: &Config, report: &mut Report) {
    let (what, path) = ("data directory", config.data_dir.display());
    if !config.data_dir.exists() {
        return report.doubtful(what, format!("{path} is not there yet; the first start makes it"));
    }
    let probe = config.data_dir.join(format!(".doctor-{}", std::process::id()));
    match std::fs::write(&probe, b"majlis").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => report.good(what, format!("{path} can be written to")),
        Err(error) => return report.bad(what, format!("cannot write to {path}: {error}")),
    }
    match rustix::fs::statvfs(&config.data_dir) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let finding = format!("{} MiB free", free >> 20);
            match free {
                ..NO_SPACE => report.bad("disk", finding),
                NO_SPACE..LITTLE_SPACE => report.doubtful("disk", finding),
                _ => report.good("disk", finding),
            }
        }
        Err(error) => report.doubtful("disk", format!("cannot see how much is free: {error}")),
    }
}

/// Looks for the programs only: the server itself tries them at its start.
fn films(config: &Config, report: &mut Report) {
    let what = "videos";
    let folders: Vec<std::path::PathBuf> = match &config.ffmpeg {
        Ffmpeg::Off => return report.good(what, "refused, as the setting ffmpeg says"),
        Ffmpeg::Folder(folder) => vec![folder.clone()],
        Ffmpeg::Auto => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect(),
    };
    let found = |name: &str| folders.iter().any(|folder| folder.join(name).is_file());
    match found("ffmpeg") && found("ffprobe") {
        true => report.good(what, "taken: ffmpeg is here"),
        false => report.doubtful(what, "refused: there is no ffmpeg here"),
    }
}

/// Opens the database when it is there and up to date (a doctor changes nothing), and gives back whose it is.
async fn database(config: &Config, report: &mut Report) -> Option<Origin> {
    let (what, url) = ("database", config.database());
    let shown = majlis_local::db::without_password(&url);
    if config.database_is_sqlite() && !majlis_local::db::is_there(&url) {
        report.doubtful(what, format!("{shown} is not there yet; the first start makes it"));
        return None;
    }
    let pending = tokio::task::spawn_blocking(move || Db::pending_migrations(&url)).await;
    match pending {
        Ok(Ok(pending)) if pending.is_empty() => {}
        Ok(Ok(pending)) => {
            report.doubtful(
                what,
                format!("{shown} lacks {} migrations; the next start, or `majlis migrate`, applies them", pending.len()),
            );
            return None;
        }
        Ok(Err(error)) => {
            report.bad(what, error);
            return None;
        }
        Err(error) => {
            report.bad(what, error);
            return None;
        }
    }
    match database::open(config, config.listen.port()).await {
        Ok((_, origin)) => {
            report.good(what, format!("{shown} answers and is up to date"));
            Some(origin)
        }
        Err(error) => {
            report.bad(what, error);
            None
        }
    }
}

/// Whether the address that the world knows leads to where the server listens.
fn addresses(config: &Config, origin: &Origin, report: &mut Report) {
    let listen = config.listen;
    let from_outside = !listen.ip().is_loopback();
    match (origin.is_loopback(), origin.is_https()) {
        (true, _) if from_outside => report.doubtful(
            "origin",
            format!(
                "{origin} is this machine only, though the server listens on {listen}: people elsewhere cannot follow its links"
            ),
        ),
        (true, _) if origin.port() != listen.port() => {
            report.doubtful("origin", format!("{origin} is not the port of {listen}"));
        }
        (true, _) => report.good("origin", format!("{origin}, for this machine only")),
        (false, true) => report.good("origin", format!("{origin}; a reverse proxy with its certificate must lead to {listen}")),
        (false, false) => report.doubtful("origin", format!("{origin} is not encrypted: for a closed network only")),
    }
    if config.private_peers && !origin.is_loopback() && !origin.is_private() {
        report.doubtful("private_peers", "it is on, so strangers can make the server connect into your own network");
    }
}

fn clock(report: &mut Report) {
    // The first release is younger than this: a clock before it has lost its battery.
    let first_release = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let now = Timestamp::now().to_rfc3339();
    if SystemTime::now() < first_release { report.bad("clock", format!("it says {now}")) } else { report.good("clock", now) }
}

fn open_files(report: &mut Report) {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    match limit.maximum {
        Some(most) if most < FEW_FILES => {
            report.doubtful("open files", format!("at most {most}: raise it (ulimit -n, LimitNOFILE)"))
        }
        _ => report.good("open files", limit.maximum.map_or_else(|| "no limit".to_owned(), |most| most.to_string())),
    }
}

/// Whether our own address leads to us.
async fn reach(origin: &Origin, report: &mut Report) -> Result<(), Failure> {
    let client = client()?;
    match node(&client, &origin.text()).await {
        Ok(node) if node.software.name == "majlis" => {
            report.good("reachable", format!("{origin} answers (Majlis {})", node.software.version))
        }
        Ok(node) => report.bad("reachable", format!("{origin} answers, but as {} {}", node.software.name, node.software.version)),
        Err(error) => report.doubtful("reachable", format!("{origin} does not answer from here: {error} (does the server run?)")),
    }
    Ok(())
}

/// Looks at another server: DOMAIN or a handle there.
///
/// # Errors
/// When it cannot even look.
pub async fn examine_peer(config: &Config, peer: &str) -> Result<ExitCode, Failure> {
    let mut report = Report::default();
    let domain = peer.rsplit_once('@').map_or(peer, |(_, domain)| domain);
    let domain = instances::host_from_input(domain)?;
    let client = client()?;
    let base = base(&client, config, &domain).await;
    match node(&client, &base).await {
        Ok(node) => report.good("nodeinfo", format!("{} {}", node.software.name, node.software.version)),
        Err(error) => report.bad("nodeinfo", error),
    }
    match their_clock(&client, &base).await {
        Ok(skew) if skew > SKEW => report.bad("clock", format!("{} s apart: signatures will be refused", skew.as_secs())),
        Ok(skew) => report.good("clock", format!("{} s apart", skew.as_secs())),
        Err(error) => report.doubtful("clock", error),
    }
    if let Some((name, _)) = peer.trim_start_matches('@').split_once('@') {
        match webfinger(&client, &base, name, &domain).await {
            Ok(actor) => report.good("webfinger", format!("{name}@{domain} is {actor}")),
            Err(error) => report.bad("webfinger", error),
        }
    }
    if !config.database_is_sqlite() || majlis_local::db::is_there(&config.database()) {
        let (db, _) = database::open(config, config.listen.port()).await?;
        let known = db.read(move |c| instances::get(c, &domain)).await?;
        relation(known.as_ref(), &mut report);
    }
    Ok(report.end())
}

/// What our rows say of a server.
fn relation(known: Option<&Instance>, report: &mut Report) {
    let Some(known) = known else { return report.good("here", "nothing was exchanged with it yet") };
    match known.policy {
        Policy::Suspend => report.doubtful("policy", "it is suspended here"),
        Policy::Silence => report.doubtful("policy", "it is silenced here"),
        Policy::None => {}
    }
    if let Some(since) = known.unavailable_at {
        report.bad("deliveries", format!("given up since {}: it did not answer for days", since.to_rfc3339()));
    } else if known.failures > 0 {
        let next = known.next_attempt_at.to_rfc3339();
        report.doubtful("deliveries", format!("{} failures in a row; the next try is at {next}", known.failures));
    } else {
        report.good("deliveries", "no failures");
    }
    if let Some(seen) = known.last_seen_at {
        report.good("last heard of", seen.to_rfc3339());
    }
}

/// What nodeinfo says, as far as we look.
#[derive(Debug, Deserialize)]
struct Node {
    software: Software,
}

#[derive(Debug, Deserialize)]
struct Software {
    name: String,
    version: String,
}

/// The list of nodeinfo documents, and of webfinger links.
#[derive(Debug, Deserialize)]
struct Links {
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    rel: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    href: Option<String>,
}

fn client() -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder()
        .timeout(PATIENCE)
        .user_agent(concat!("Majlis/", env!("CARGO_PKG_VERSION"), " (doctor)"))
        .build()?)
}

/// `https://DOMAIN`, or with private peers `http://DOMAIN` when only that answers.
async fn base(client: &reqwest::Client, config: &Config, domain: &str) -> String {
    let secure = format!("https://{domain}");
    if config.private_peers && client.head(format!("{secure}/.well-known/nodeinfo")).send().await.is_err() {
        return format!("http://{domain}");
    }
    secure
}

/// What a server says of itself.
async fn node(client: &reqwest::Client, base: &str) -> Result<Node, Failure> {
    let links: Links = json(client, &format!("{base}/.well-known/nodeinfo")).await?;
    let href = links
        .links
        .iter()
        .rfind(|link| link.rel.contains("nodeinfo.diaspora.software/ns/schema/2"))
        .and_then(|link| link.href.as_deref());
    json(client, href.ok_or("it names no nodeinfo document")?).await
}

/// How far apart the clocks are.
async fn their_clock(client: &reqwest::Client, base: &str) -> Result<Duration, Failure> {
    let response = client.head(format!("{base}/.well-known/nodeinfo")).send().await?;
    let date = response.headers().get("date").and_then(|v| v.to_str().ok()).ok_or("it does not say its time")?;
    let date: actix_web::http::header::HttpDate = date.parse().map_err(|_| "it says its time in an unknown form")?;
    let theirs = SystemTime::from(date);
    Ok(SystemTime::now().duration_since(theirs).unwrap_or_else(|error| error.duration()))
}

/// The actor behind a handle.
async fn webfinger(client: &reqwest::Client, base: &str, name: &str, domain: &str) -> Result<String, Failure> {
    let mut url = url::Url::parse(base)?.join("/.well-known/webfinger")?;
    url.query_pairs_mut().append_pair("resource", &format!("acct:{name}@{domain}"));
    let found: Links = json(client, url.as_str()).await?;
    let own = |link: &Link| {
        link.rel == "self" && link.kind.as_deref().is_some_and(|kind| kind.contains("activity") || kind.contains("ld+json"))
    };
    let actor = found.links.into_iter().find(own).and_then(|link| link.href);
    Ok(actor.ok_or("the handle leads to no actor")?)
}

/// A JSON document of bounded size.
async fn json<T: serde::de::DeserializeOwned>(client: &reqwest::Client, url: &str) -> Result<T, Failure> {
    let mut response = client.get(url).header("accept", "application/json").send().await?.error_for_status()?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        body.extend_from_slice(&piece);
        if body.len() > ANSWER_LIMIT {
            return Err("the answer is too large".into());
        }
    }
    Ok(serde_json::from_slice(&body)?)
}
