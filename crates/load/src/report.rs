//! The results, for people and for programs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::aims::{AIMS, Aim, OTHERS};
use crate::calls::Timings;

/// What one scenario cost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cost {
    name: &'static str,
    what: &'static str,
    aim: Option<f64>,
    gotosocial: &'static str,
    /// CPU seconds per 1,000: the median of the rounds.
    cpu: f64,
    /// Those of each round.
    rounds: Vec<f64>,
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Cost {
    /// Of the CPU seconds per 1,000 of each round, and the times of the last one.
    pub(crate) fn new(aim: &Aim, rounds: Vec<f64>, timings: &Timings) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            name: aim.name,
            what: aim.what,
            aim: aim.most,
            gotosocial: aim.gotosocial,
            cpu: median(&rounds),
            rounds,
            requests_per_second: timings.rate(),
            p50_ms: millis(timings.within(0.5)),
            p99_ms: millis(timings.within(0.99)),
        }
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Results {
    pub(crate) costs: Vec<Cost>,
    /// Milliseconds from the start of the process to its first answer.
    pub(crate) start_ms: Option<f64>,
    /// MB held ten seconds after the start.
    pub(crate) idle_mb: Option<f64>,
    /// MB held with 5,000 idle sockets open, and just before.
    pub(crate) sockets_mb: Option<(f64, f64)>,
    /// Seconds until the 18 live hosts had everything: of 18 hosts, and of 20 with a slow and a silent one.
    pub(crate) burst_seconds: Option<(f64, f64)>,
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (Some(value), 1) => *value,
        (Some(value), _) => (value + sorted[middle - 1]) / 2.0,
        (None, _) => 0.0,
    }
}

/// Prints the results.
pub(crate) fn print(results: &Results, json: bool) {
    if json {
        say(&serde_json::to_string_pretty(results).unwrap_or_default());
        return;
    }
    let mut page = String::new();
    if !results.costs.is_empty() {
        let _ = writeln!(
            page,
            "{:17} {:>9} {:>7} {:>13} {:>8} {:>8} {:>8}  rounds",
            "CPU s per 1,000", "measured", "aim", "GoToSocial", "req/s", "p50 ms", "p99 ms"
        );
    }
    for cost in &results.costs {
        let (missed, aim) = match cost.aim {
            Some(aim) => (if cost.cpu > aim { "!" } else { " " }, aim.to_string()),
            None => (" ", String::new()),
        };
        let rounds: Vec<String> = cost.rounds.iter().map(|round| format!("{round:.3}")).collect();
        let _ = writeln!(
            page,
            "{:17} {:>8.3}{missed} {aim:>7} {:>13} {:>8.0} {:>8.1} {:>8.1}  {}",
            cost.name,
            cost.cpu,
            cost.gotosocial,
            cost.requests_per_second,
            cost.p50_ms,
            cost.p99_ms,
            rounds.join(" ")
        );
    }
    if let Some(start) = results.start_ms {
        let _ = writeln!(page, "start to first answer: {start:.0} ms (aim 100, GoToSocial 940)");
    }
    if let Some(idle) = results.idle_mb {
        let _ = writeln!(page, "memory when idle: {idle:.1} MB (aim 30, GoToSocial 126)");
    }
    if let Some((held, before)) = results.sockets_mb {
        let _ = writeln!(page, "memory with 5,000 idle sockets: {held:.1} MB (aim 200), {before:.1} MB before");
    }
    if let Some((calm, burst)) = results.burst_seconds {
        let _ = writeln!(
            page,
            "burst: the 18 live hosts have all after {burst:.2} s; without the slow and the silent one {calm:.2} s"
        );
    }
    say(&page);
}

/// Prints the names of the scenarios.
pub(crate) fn list() {
    let named = AIMS.iter().map(|aim| (aim.name, aim.what)).chain(OTHERS.iter().copied());
    say(&named.map(|(name, what)| format!("{name:17} {what}\n")).collect::<String>());
}

/// A line about what goes on, on standard error.
pub(crate) fn progress(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// What went wrong, on standard error.
pub(crate) fn complain(text: &str) {
    progress(&format!("majlis-load: {text}"));
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.trim_end().as_bytes());
    let _ = out.write_all(b"\n");
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }
}
