//! `majlis trend …`: what trends, and a moderator's word on it.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use majlis_local::{Timestamp, trends};

use super::{Failure, output};
use crate::config::Config;
use crate::database;

/// What can be done about trends.
#[derive(Debug, Subcommand)]
pub enum TrendCommand {
    /// Show what trends now: kind, name, score, language, whether people see it
    List,
    /// Let something trend, now and later
    Approve(Named),
    /// Keep something from trending, now and later
    Reject(Named),
}

/// Something that trends.
#[derive(Debug, Args)]
pub struct Named {
    /// What it is
    kind: Kind,
    /// A hashtag, the id of a status, a handle, the address of a link, the domain of a website
    name: String,
}

/// What can trend.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Tag,
    Status,
    Author,
    Link,
    Publisher,
}

impl From<Kind> for trends::Subject {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Tag => Self::Tag,
            Kind::Status => Self::Post,
            Kind::Author => Self::Author,
            Kind::Link => Self::Link,
            Kind::Publisher => Self::Publisher,
        }
    }
}

/// Does what was asked about trends.
///
/// # Errors
/// Something that is not known here, and what the database refuses.
pub async fn run(config: &Config, command: TrendCommand) -> Result<ExitCode, Failure> {
    let (db, _) = database::open(config, config.listen.port()).await?;
    let (named, allowed) = match command {
        TrendCommand::List => {
            let found = db
                .write(|c| {
                    trends::refresh(c, Timestamp::now())?;
                    trends::candidates(c)
                })
                .await?;
            let mut table = String::new();
            for one in found {
                let (language, seen) = (one.language.as_deref().unwrap_or("-"), if one.allowed { "seen" } else { "waits" });
                let _ = writeln!(table, "{}\t{}\t{:.1}\t{language}\t{seen}\t{}", one.kind, one.subject, one.score, one.shown);
            }
            output::print(if table.is_empty() { "nothing trends" } else { &table });
            return Ok(ExitCode::SUCCESS);
        }
        TrendCommand::Approve(named) => (named, true),
        TrendCommand::Reject(named) => (named, false),
    };
    let kind = named.kind.into();
    db.write(move |c| trends::review(c, kind, &named.name, allowed)).await?;
    Ok(ExitCode::SUCCESS)
}
