//! `majlis report …`: what people and other servers have told the moderators, as whoever runs the server reads and closes it.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Subcommand;
use majlis_local::actors;
use majlis_local::ids::{ActorId, ReportId};
use majlis_local::reports::{self, Evidence, Report};
use majlis_local::{Connection, Db, Page, Result, Site, settings, text};

use super::{Failure, output};
use crate::config::Config;
use crate::database;

/// What can be done about reports.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// List the reports that wait for somebody, the latest first
    List {
        /// Those that are resolved too
        #[arg(long)]
        all: bool,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u16,
    },
    /// Show a report with the posts that it is about, as they stood then
    Show {
        /// Its number
        id: i64,
    },
    /// Close a report
    Resolve {
        /// Its number
        id: i64,
    },
}

/// Does it.
///
/// # Errors
/// When there is no such report, or the database refuses.
pub async fn run(config: &Config, command: ReportCommand) -> std::result::Result<ExitCode, Failure> {
    let (db, _) = database::open_to_write(config, config.listen.port()).await?;
    match command {
        ReportCommand::List { all, limit } => output::print(&list(&db, all, limit).await?),
        ReportCommand::Show { id } => output::print(&show(&db, ReportId(id)).await?),
        ReportCommand::Resolve { id } => {
            db.write(move |c| reports::resolve(c, ReportId(id), None)).await.map_err(|error| told(id, error))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(db: &Db, all: bool, limit: u16) -> std::result::Result<String, Failure> {
    let site = db.site().clone();
    let page = db.read(move |c| {
        let mut page = String::new();
        for report in reports::list(c, all, &Page::newest(i64::from(limit)))?.items {
            let (whom, by) = (handle(c, &site, report.target_id)?, handle(c, &site, report.reporter_id)?);
            let state = if report.resolved_at.is_some() { "resolved" } else { "open" };
            let since = report.created_at.to_date();
            let _ = writeln!(page, "{}  {since}  {state:8}  {:9}  {whom}  by {by}", report.id, report.category.word());
        }
        Ok(page)
    });
    let page = page.await?;
    Ok(if page.is_empty() { "no reports".to_owned() } else { page })
}

async fn show(db: &Db, id: ReportId) -> std::result::Result<String, Failure> {
    let site = db.site().clone();
    let found = db.read(move |c| {
        let report = reports::get(c, id)?;
        let shown = reports::evidence(c, id)?.into_iter().map(|(_, evidence)| evidence).collect::<Vec<_>>();
        let mut page = written(c, &site, &report, &shown)?;
        for (_, collection) in reports::collections(c, id)? {
            let _ = writeln!(page, "\n{}\n{}", collection.uri, printable(&collection.name));
            let _ = writeln!(page, "{}", printable(&text::plain(&collection.description)));
        }
        Ok(page)
    });
    found.await.map_err(|error| told(id.0, error))
}

fn written(c: &mut Connection, site: &Site, report: &Report, shown: &[Evidence]) -> Result<String> {
    let (whom, by) = (handle(c, site, report.target_id)?, handle(c, site, report.reporter_id)?);
    let mut page = format!("{whom}, reported by {by} on {}\n", report.created_at);
    let _ = writeln!(page, "category: {}", report.category.word());
    if let Some(broken) = &report.rule_ids {
        for rule in settings::about(c)?.rules.iter().filter(|rule| broken.contains(&rule.id)) {
            let _ = writeln!(page, "rule {}: {}", rule.id, printable(&rule.text));
        }
    }
    let forwarded = if report.forwarded { "yes" } else { "no" };
    let _ = writeln!(page, "told to the reported one's server: {forwarded}");
    if let Some(at) = report.resolved_at {
        let _ = writeln!(page, "resolved: {at}");
    }
    if !report.comment.is_empty() {
        let _ = writeln!(page, "\n{}", printable(&report.comment));
    }
    for evidence in shown {
        let _ = writeln!(page, "\n{}, {}", evidence.uri, evidence.created_at);
        if !evidence.summary.is_empty() {
            let _ = writeln!(page, "[{}]", printable(&evidence.summary));
        }
        let _ = writeln!(page, "{}", printable(&text::plain(&evidence.content)));
        for media in &evidence.media {
            let file = media.file.as_deref().map(|key| site.media_url(key)).or_else(|| media.remote_url.clone());
            let _ = writeln!(page, "{}: {}", media.kind.word(), file.unwrap_or_default());
        }
    }
    Ok(page)
}

/// What others wrote, without what would command the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

fn handle(c: &mut Connection, site: &Site, id: ActorId) -> Result<String> {
    let actor = actors::get(c, id)?;
    Ok(format!("@{}@{}", actor.username, actor.domain.as_deref().unwrap_or(site.domain())))
}

fn told(id: i64, error: majlis_local::Error) -> Failure {
    match error {
        majlis_local::Error::NotFound(_) => format!("there is no report {id}").into(),
        other => other.into(),
    }
}
