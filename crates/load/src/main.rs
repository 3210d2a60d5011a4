//! `majlis-load`: what a running server costs. It seeds a fresh database, starts the binary on it, plays its clients and
//! the other servers, and prints CPU seconds of the server per 1,000 requests beside the aims of docs/PERFORMANCE.md.
//! Linux only: it reads /proc. A tool of the repository, never shipped.

mod activities;
mod aims;
mod calls;
mod peers;
mod report;
mod scenarios;
mod seed;
mod server;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Why a measurement could not be made.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures a Majlis binary under the load of clients and of other servers, which it plays itself.
#[derive(Debug, Clone, Parser)]
#[command(name = "majlis-load", max_term_width = 110)]
struct Options {
    /// The binary to measure
    #[arg(long, default_value = "target/release/majlis")]
    binary: PathBuf,
    /// Only these scenarios (see --list)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// People of other servers
    #[arg(long, default_value_t = 400)]
    people: usize,
    /// Posts of other servers
    #[arg(long, default_value_t = 20_000)]
    posts: usize,
    /// Times that each scenario is run; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// A twentieth of the requests and one round: whether everything works
    #[arg(long)]
    quick: bool,
    /// A directory to seed, or one that was seeded, which is kept; otherwise a temporary one
    #[arg(long)]
    data: Option<PathBuf>,
    /// The results as JSON
    #[arg(long)]
    json: bool,
    /// Name the scenarios and end
    #[arg(long)]
    list: bool,
    /// Wait with the server running and everything seeded, for a profiler, before each scenario
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pause: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    if options.list {
        report::list();
        return ExitCode::SUCCESS;
    }
    match scenarios::run(&options).await {
        Ok(results) => {
            report::print(&results, options.json);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}
