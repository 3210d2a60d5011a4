//! The command line: which commands there are, and the way from arguments to one of them.
//! Results go to standard output and nothing else does; log lines and errors go to standard error.

pub mod about;
pub mod access;
pub mod account;
pub mod announcement;
pub mod demo;
pub mod doctor;
pub mod emoji;
pub mod output;
pub mod report;
pub mod serve;
pub mod trend;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use majlis_local::Db;

use crate::config::values::LogFilter;
use crate::config::{self, Config, DEFINITIONS, Source, sources::Given};
use crate::database::make_data_dir;
use crate::logging;

/// Why a command did not do what it was asked to.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A federated microblog server: people join with their fediverse apps and talk with every other server.
///
/// Without a command it serves. All settings stand in the manual, docs/CONFIGURATION.md, and in `majlis config print`.
#[derive(Debug, Parser)]
#[command(name = "majlis", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until told to stop (the same as no command)
    Serve,
    /// Make, change and remove accounts
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Make access tokens for the client API
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// Make invitations to sign up
    #[command(subcommand)]
    Invite(access::InviteCommand),
    /// Read and close what people and other servers report
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Say what the server is, what it asks of people and what it does with what they give it
    #[command(subcommand)]
    About(about::AboutCommand),
    /// Add, list and remove custom emoji
    #[command(subcommand)]
    Emoji(emoji::EmojiCommand),
    /// Tell everybody who has an account here something
    #[command(subcommand)]
    Announcement(announcement::AnnouncementCommand),
    /// See what trends, and say what may
    #[command(subcommand)]
    Trend(trend::TrendCommand),
    /// Start two servers on this machine with people who talk to each other, to look around; gone after Ctrl-C
    Demo {
        /// Stop as soon as everything has crossed
        #[arg(long)]
        once: bool,
    },
    /// Apply the database migrations that are missing, and say which
    Migrate,
    /// Check that settings, machine and network fit together; or look at another server from here
    Doctor {
        /// Another server (example.org) or somebody there (name@example.org)
        peer: Option<String>,
    },
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show every setting, its value and where it stands
    Print,
    /// Write a configuration file with every setting, ready to be changed
    Example,
}

/// Runs the command that the process's arguments name.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run(cli.command.unwrap_or(Command::Serve), &given(&matches)) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, given: &Given) -> Result<ExitCode, Failure> {
    // These two must work when the configuration does not.
    if let Command::Config(ConfigCommand::Example) = command {
        output::print(&config::example());
        return Ok(ExitCode::SUCCESS);
    }
    let mut loaded = Config::load(given)?;
    if !matches!(command, Command::Serve) && loaded.sources.source("log") == Source::Default {
        loaded.config.log = LogFilter::warnings();
    }
    logging::start(&loaded.config);
    for warning in loaded.sources.warnings() {
        tracing::warn!("{warning}");
    }
    match command {
        Command::Serve => runtime()?.block_on(serve::serve(&loaded.config)),
        Command::Account(command) => runtime()?.block_on(account::run(&loaded.config, command)),
        Command::Token(command) => runtime()?.block_on(access::token(&loaded.config, command)),
        Command::Invite(command) => runtime()?.block_on(access::invite(&loaded.config, command)),
        Command::Report(command) => runtime()?.block_on(report::run(&loaded.config, command)),
        Command::About(command) => runtime()?.block_on(about::run(&loaded.config, command)),
        Command::Emoji(command) => runtime()?.block_on(emoji::run(&loaded.config, command)),
        Command::Announcement(command) => runtime()?.block_on(announcement::run(&loaded.config, command)),
        Command::Trend(command) => runtime()?.block_on(trend::run(&loaded.config, command)),
        Command::Demo { once } => runtime()?.block_on(demo::run(once)),
        Command::Migrate => migrate(&loaded.config),
        Command::Doctor { peer: None } => runtime()?.block_on(doctor::examine(&loaded.config)),
        Command::Doctor { peer: Some(peer) } => runtime()?.block_on(doctor::examine_peer(&loaded.config, &peer)),
        Command::Config(_) => {
            output::print(&loaded.sources.print());
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The threads for everything but answering requests, which has its own.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().thread_name("majlis").enable_all().build()
}

fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    make_data_dir(config)?;
    let applied = Db::migrate(&config.database())?;
    output::print(&if applied.is_empty() { "nothing to migrate".to_owned() } else { format!("applied {}", applied.join(", ")) });
    Ok(ExitCode::SUCCESS)
}

/// The commands, with a flag for every setting on each of them.
fn command() -> clap::Command {
    let file = Arg::new(config::FILE_VARIABLE)
        .long("config")
        .value_name("FILE")
        .global(true)
        .value_parser(clap::value_parser!(PathBuf))
        .help("The configuration file (otherwise MAJLIS_CONFIG, otherwise majlis.toml when it is here)");
    let settings = DEFINITIONS.iter().map(|d| {
        Arg::new(d.key)
            .long(d.flag())
            .value_name("VALUE")
            .global(true)
            .hide_short_help(true)
            .help_heading("Settings")
            .help(d.summary())
    });
    Cli::command().arg(file).args(settings)
}

/// What the process was given, for the configuration.
fn given(matches: &ArgMatches) -> Given {
    let matches = deepest(matches);
    let flag = |d: &config::Definition| matches.get_one::<String>(d.key).map(|value| (d.key, value.clone()));
    let file = matches.get_one::<PathBuf>(config::FILE_VARIABLE).cloned();
    let file = file.or_else(|| std::env::var_os(config::FILE_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from));
    Given {
        flags: DEFINITIONS.iter().filter_map(flag).collect(),
        environment: std::env::vars_os().collect(),
        file: file.or_else(|| config::default_file(".".as_ref())),
    }
}

/// The matches of the innermost command: global arguments given after it stand only there.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    match matches.subcommand() {
        Some((_, inner)) => deepest(inner),
        None => matches,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_fit_together() {
        command().debug_assert();
    }

    #[test]
    fn settings_are_flags_of_every_command_on_either_side_of_it() {
        let flags = |line: &[&str]| given(&command().try_get_matches_from(line).unwrap()).flags;
        let title = vec![("title", "x".to_owned())];
        assert_eq!(flags(&["majlis", "--title", "x"]), title);
        assert_eq!(flags(&["majlis", "--title=x", "serve"]), title);
        assert_eq!(flags(&["majlis", "config", "print", "--title", "x"]), title);
    }
}
