//! `majlis serve`: a server from its start to its stop, and what it says to whoever started it.

use std::fmt::Write as _;
use std::process::ExitCode;

use majlis_local::users;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, output};
use crate::config::Config;
use crate::probes::Metrics;
use crate::serve::Server;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the server cannot start, or a part of it fails.
pub async fn serve(config: &Config) -> Result<ExitCode, Failure> {
    allow_open_files();
    let mut server = Server::start(config, Metrics::install()).await?;
    output::print(&welcome(config, &server).await?);
    tracing::info!(origin = %server.origin, address = %server.address, version = env!("CARGO_PKG_VERSION"), "serving");
    tokio::select! {
        () = told_to_stop() => {}
        failed = server.failed() => return failed.map(|()| ExitCode::FAILURE),
    }
    tracing::info!("stopping");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Each connection is an open file, and many systems allow 1,024 unless a program asks for the rest.
fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::warn!(%error, "cannot raise the number of open files");
    }
}

/// Completes at the first SIGTERM or SIGINT; the second one then ends the process as usual, for the impatient.
pub async fn told_to_stop() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tokio::spawn(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                std::process::exit(130);
            });
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "cannot wait for signals");
            std::future::pending::<()>().await;
        }
    }
}

/// Where to go now.
async fn welcome(config: &Config, server: &Server) -> Result<String, Failure> {
    let origin = &server.origin;
    let has_admin = server.db.read(users::has_admin).await?;
    let mut rows = vec![
        ("Sign up", format!("{origin}/auth/sign_up")),
        ("In an app", format!("enter {} as your server", server.db.site().domain())),
    ];
    if !has_admin {
        let program = called();
        let command = "account create NAME --email YOU@EXAMPLE.ORG --password SECRET --role owner --confirmed";
        rows.push(("First admin", format!("{program} {command}")));
    }
    rows.push(("Listening", server.address.to_string()));
    if origin.is_loopback() && server.address.port() != origin.port() {
        rows.push(("Careful", format!("people here have addresses at {origin}, which is another port")));
    }
    rows.push(("Data", config.data_dir.display().to_string()));
    if config.smtp_url.is_none() {
        rows.push(("Letters", format!("are written to {}", config.outbox_dir().display())));
    }
    rows.push(("Stop", "Ctrl-C".to_owned()));

    let mut page = format!("Majlis {} serves {origin}\n\n", env!("CARGO_PKG_VERSION"));
    for (what, where_to) in rows {
        let _ = writeln!(page, "  {what:<12} {where_to}");
    }
    Ok(page)
}

/// How this program was called, as a shell takes it again: whoever has just built it has no `majlis` in the path.
fn called() -> String {
    let name = std::env::args_os().next().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "majlis".to_owned());
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+'));
    if is_plain { name } else { format!("'{}'", name.replace('\'', r"'\''")) }
}
