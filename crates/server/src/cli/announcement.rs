//! `majlis announcement …`: what those who run the server tell everybody who has an account here.

use std::fmt::Write as _;
use std::io::Read as _;
use std::process::ExitCode;

use clap::Subcommand;
use majlis_local::announcements::{self, NewAnnouncement};
use majlis_local::ids::AnnouncementId;
use majlis_local::text::excerpt;
use majlis_local::{Timestamp, text};

use super::{Failure, output};
use crate::config::Config;
use crate::database;

/// What can be done about announcements.
#[derive(Debug, Subcommand)]
pub enum AnnouncementCommand {
    /// Announce something to everybody who has an account here; prints the announcement's number
    Create {
        /// What to say: plain text with mentions, hashtags, links and emoji; `-` reads it from standard input
        text: String,
        /// The language of the text, such as "en"
        #[arg(long)]
        language: Option<String>,
        /// The same in another language, such as "ar=مرحبا"; may be given several times
        #[arg(long, value_name = "LANGUAGE=TEXT", value_parser = translation)]
        translation: Vec<(String, String)>,
        /// When what is announced begins: a day (2026-01-31) or a time (2026-01-31T18:00:00Z)
        #[arg(long, value_parser = moment)]
        starts: Option<Moment>,
        /// When it ends; the announcement is shown no longer then. A day counts to its end
        #[arg(long, value_parser = moment)]
        ends: Option<Moment>,
    },
    /// List all announcements, also those that are over
    List,
    /// Take an announcement away
    Delete {
        /// Its number
        id: i64,
    },
}

/// A point in time, or a day.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    at: Timestamp,
    day: bool,
}

const DAY: i64 = 24 * 3_600;

fn moment(word: &str) -> Result<Moment, String> {
    let at = Timestamp::parse(word).ok_or("a day (2026-01-31) or a time (2026-01-31T18:00:00Z) is needed")?;
    Ok(Moment { at, day: word.trim().len() == "2026-01-31".len() })
}

fn language(code: &str) -> Result<String, String> {
    let known = text::language::all().find(|(known, _)| known.eq_ignore_ascii_case(code));
    known.map(|(code, _)| code.to_owned()).ok_or_else(|| format!("{code:?} is no language that is known here"))
}

pub(super) fn translation(word: &str) -> Result<(String, String), String> {
    let (code, text) = word.split_once('=').ok_or("LANGUAGE=TEXT is needed")?;
    Ok((language(code)?, text.to_owned()))
}

/// Does what was asked about announcements. Whoever has an app open hears of it within seconds from the server that runs.
///
/// # Errors
/// Texts and times that make no sense, and what the database refuses.
pub async fn run(config: &Config, command: AnnouncementCommand) -> Result<ExitCode, Failure> {
    let (db, _) = database::open_to_write(config, config.listen.port()).await?;
    match command {
        AnnouncementCommand::Create { text, language: code, translation, starts, ends } => {
            let text = if text == "-" { from_input()? } else { text };
            let code = code.as_deref().map(language).transpose()?;
            let mut texts = vec![(code, text)];
            texts.extend(translation.into_iter().map(|(code, text)| (Some(code), text)));
            let all_day = starts.or(ends).is_some() && [starts, ends].into_iter().flatten().all(|moment| moment.day);
            let ends_at = ends.map(|end| if end.day { end.at.plus_seconds(DAY - 1) } else { end.at });
            let new = NewAnnouncement { texts, starts_at: starts.map(|start| start.at), ends_at, all_day };
            let site = db.site().clone();
            let made = db.write(move |c| announcements::create(c, &site, new)).await?;
            output::print(&made.id.to_string());
        }
        AnnouncementCommand::List => {
            let all = db.read(announcements::all).await?;
            let mut lines = String::new();
            for announcement in all {
                let when = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), Timestamp::to_rfc3339);
                let text = announcement.texts.first().map(|text| excerpt(&text.text, 60)).unwrap_or_default();
                let (starts, ends) = (when(announcement.starts_at), when(announcement.ends_at));
                let _ = writeln!(lines, "{}\t{}\t{starts}\t{ends}\t{text}", announcement.id, announcement.published_at);
            }
            output::print(&lines);
        }
        AnnouncementCommand::Delete { id } => {
            db.write(move |c| announcements::delete(c, AnnouncementId(id))).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The whole of standard input, without line breaks at its end.
fn from_input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.trim_end().to_owned())
}
