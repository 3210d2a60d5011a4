//! Log lines, on standard error: for eyes or as JSON.

use tracing_subscriber::fmt;

use crate::config::Config;
use crate::config::values::LogFormat;

/// Sends the process's log lines to standard error, as the configuration says. A second call changes nothing.
pub fn start(config: &Config) {
    let lines = fmt().with_env_filter(config.log.filter()).with_writer(std::io::stderr);
    // A subscriber that is there already (of a test) stays.
    let _ = match config.log_format {
        LogFormat::Human => lines.with_target(true).with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
