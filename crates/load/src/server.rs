//! The server under measurement: a child process on a data directory and a port.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(30);
/// Clock ticks a second in /proc (`USER_HZ`, which is 100 wherever Linux runs).
const TICKS: f64 = 100.0;

/// How servers are started.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) binary: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) port: u16,
}

impl Setup {
    /// The address that the server has.
    pub(crate) fn origin(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .current_dir(&self.data)
            .env("MAJLIS_DATA_DIR", &self.data)
            .env("MAJLIS_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("MAJLIS_ORIGIN", self.origin())
            .env("MAJLIS_PRIVATE_PEERS", "on")
            .env("MAJLIS_RATE_LIMITS", "off")
            .env("MAJLIS_LOG", "warn")
            .stdin(Stdio::null());
        command
    }

    /// Makes an access token of somebody.
    pub(crate) fn token(&self, name: &str) -> Result<String, Failure> {
        let output = self.command().args(["token", "create", name, "--scopes", "read write follow"]).output()?;
        if !output.status.success() {
            return Err(format!("no token for {name}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Starts a server and waits for its first answer; gives how long that took, too.
    pub(crate) async fn start(&self) -> Result<(Server, Duration), Failure> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.data.join("server.log"))?;
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
        let url = format!("http://127.0.0.1:{}/health", self.port);
        let begun = Instant::now();
        let child = self.command().stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut server = Server(child);
        loop {
            if let Ok(answer) = client.get(&url).header("host", format!("localhost:{}", self.port)).send().await
                && answer.status().is_success()
            {
                return Ok((server, begun.elapsed()));
            }
            if server.0.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                return Err(format!("the server does not start: see {}", log_of(&self.data)).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn log_of(data: &Path) -> String {
    data.join("server.log").display().to_string()
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Server {
    /// CPU time that the process has used so far, user and system, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        cpu_of(&std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?)
            .ok_or_else(|| "/proc/PID/stat has another form".into())
    }

    /// Memory that the process holds, in MB (10⁶ bytes).
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/PID/status")?;
        let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes * 1_024.0 / 1e6)
    }

    /// Its process, for a profiler.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, and waits.
    pub(crate) async fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM)?;
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.0.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("the server does not stop".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// `utime` and `stime` of proc_pid_stat(5), in seconds. The name in brackets may hold anything.
fn cpu_of(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let ticks: f64 = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 4 0 100 0 0";
        assert_eq!(cpu_of(stat), Some(3.0));
        assert_eq!(cpu_of("nonsense"), None);
    }
}
