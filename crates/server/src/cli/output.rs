//! The two streams of the command line.

use std::io::Write as _;

/// A result, on standard output. A reader who has gone away (`| head`) is no failure.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// What went wrong, on standard error.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "majlis: {text}");
}
