//! `majlis about …`: what the server says of itself to people and apps, as far as it is no setting.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::process::ExitCode;

use clap::Subcommand;
use majlis_local::settings::{self, About, Rule, RuleText};
use majlis_local::terms::{self, NaiveDate, Terms};
use majlis_local::text::{self, Format, Resolved, excerpt, plain};
use majlis_local::{Db, Timestamp};

use super::announcement::translation;
use super::{Failure, output};
use crate::config::Config;
use crate::database;

/// What can be said of the server. Texts are Markdown in files; `-` reads one from standard input, an empty one takes the
/// text away.
#[derive(Debug, Subcommand)]
pub enum AboutCommand {
    /// Set the long description
    Description {
        /// The file
        file: String,
    },
    /// Set the privacy policy, in place of the one that comes with Majlis
    Privacy {
        /// The file
        file: String,
    },
    /// The rules that people agree to
    #[command(subcommand)]
    Rule(RuleCommand),
    /// The terms of service
    #[command(subcommand)]
    Terms(TermsCommand),
}

/// What can be done about rules.
#[derive(Debug, Subcommand)]
pub enum RuleCommand {
    /// Add a rule; prints its number
    Add {
        /// The rule, plain text
        text: String,
        /// What it means, plain text
        #[arg(long, default_value = "")]
        hint: String,
        /// The rule in another language, such as "ar=لا إساءة"; may be given several times
        #[arg(long, value_name = "LANGUAGE=TEXT", value_parser = translation)]
        translation: Vec<(String, String)>,
        /// What it means in another language; may be given several times
        #[arg(long, value_name = "LANGUAGE=TEXT", value_parser = translation)]
        hint_translation: Vec<(String, String)>,
    },
    /// List the rules
    List,
    /// Remove a rule
    Remove {
        /// Its number
        id: u32,
    },
}

/// What can be done about terms of service.
#[derive(Debug, Subcommand)]
pub enum TermsCommand {
    /// Set the terms that count from a day on; what there was of that day is replaced
    Set {
        /// The file
        file: String,
        /// From when they count, such as 2026-01-31
        #[arg(long)]
        effective: NaiveDate,
    },
    /// List all versions
    List,
    /// Remove the version of a day
    Remove {
        /// Its day
        effective: NaiveDate,
    },
}

/// Does what was asked about the server's words. A server that runs shows them within a minute.
///
/// # Errors
/// A file that cannot be read, and what the database refuses.
pub async fn run(config: &Config, command: AboutCommand) -> Result<ExitCode, Failure> {
    let (db, _) = database::open_to_write(config, config.listen.port()).await?;
    match command {
        AboutCommand::Description { file } => {
            let html = html(&read(&file)?);
            change(&db, move |about| {
                about.extended_description = html;
                about.extended_updated_at = Some(Timestamp::now());
                Ok(())
            })
            .await?;
        }
        AboutCommand::Privacy { file } => {
            let html = html(&read(&file)?);
            change(&db, move |about| {
                about.privacy_policy = html;
                about.privacy_updated_at = Some(Timestamp::now());
                Ok(())
            })
            .await?;
        }
        AboutCommand::Rule(command) => rule(&db, command).await?,
        AboutCommand::Terms(command) => terms(&db, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn rule(db: &Db, command: RuleCommand) -> Result<(), Failure> {
    match command {
        RuleCommand::Add { text, hint, translation, hint_translation } => {
            if text.trim().is_empty() {
                return Err("a rule needs a text".into());
            }
            let mut translations: BTreeMap<String, RuleText> = BTreeMap::new();
            for (code, text) in translation {
                translations.entry(code).or_default().text = text;
            }
            for (code, hint) in hint_translation {
                translations.entry(code).or_default().hint = hint;
            }
            if let Some((code, _)) = translations.iter().find(|(_, there)| there.text.is_empty()) {
                return Err(format!("what the rule means is said in {code}, the rule itself is not").into());
            }
            let id = change(db, move |about| {
                let id = about.rules.iter().map(|rule| rule.id).max().unwrap_or(0) + 1;
                about.rules.push(Rule { id, text, hint, translations });
                Ok(id)
            })
            .await?;
            output::print(&id.to_string());
        }
        RuleCommand::List => {
            let mut lines = String::new();
            for rule in db.read(settings::about).await?.rules {
                let languages: Vec<&str> = rule.translations.keys().map(String::as_str).collect();
                let _ = writeln!(lines, "{}\t{}\t{}\t{}", rule.id, rule.text, rule.hint, languages.join(" "));
            }
            output::print(&lines);
        }
        RuleCommand::Remove { id } => {
            change(db, move |about| {
                let before = about.rules.len();
                about.rules.retain(|rule| rule.id != id);
                if about.rules.len() < before { Ok(()) } else { Err(majlis_local::Error::NotFound("rule")) }
            })
            .await?;
        }
    }
    Ok(())
}

async fn terms(db: &Db, command: TermsCommand) -> Result<(), Failure> {
    match command {
        TermsCommand::Set { file, effective } => {
            let content = html(&read(&file)?);
            if content.is_empty() {
                return Err("terms of service need a text".into());
            }
            db.write(move |c| terms::set(c, Terms { effective, content })).await?;
        }
        TermsCommand::List => {
            let mut lines = String::new();
            for version in db.read(terms::all).await? {
                let _ = writeln!(lines, "{}\t{}", version.effective, excerpt(&plain(&version.content), 60));
            }
            output::print(&lines);
        }
        TermsCommand::Remove { effective } => db.write(move |c| terms::remove(c, effective)).await?,
    }
    Ok(())
}

/// Changes what the server says of itself, all or nothing.
async fn change<T: Send + 'static>(
    db: &Db,
    change: impl FnOnce(&mut About) -> majlis_local::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let changed = db.write(move |c| {
        let mut about = settings::about(c)?;
        let result = change(&mut about)?;
        settings::set_about(c, &about)?;
        Ok(result)
    });
    Ok(changed.await?)
}

fn read(file: &str) -> Result<String, Failure> {
    let mut text = String::new();
    if file == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    }
    Ok(text)
}

fn html(markdown: &str) -> String {
    if markdown.trim().is_empty() { String::new() } else { text::render(markdown, Format::Markdown, &Resolved::default()) }
}
