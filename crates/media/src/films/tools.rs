//! The two programs of ffmpeg, found once and run in a pen: no network, bounded in time, memory, files and output, and gone
//! with whoever waits for them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use crate::Error;

/// What the shell does before it becomes the program: the limits of POSIX's `ulimit`, in seconds, KiB and blocks of 512 bytes.
const PEN: &str = r#"ulimit -t "$1" && ulimit -v "$2" && ulimit -f "$3" && ulimit -n 64 && ulimit -c 0 && shift 3 && exec "$@""#;

/// What is kept of a program's complaints, for the log.
const COMPLAINTS: usize = 2_000;

/// `ffmpeg` and `ffprobe`.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) ffmpeg: PathBuf,
    pub(crate) ffprobe: PathBuf,
}

/// How much one run may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    /// Of the processor, over all threads, and on the clock.
    pub(crate) seconds: u64,
    /// Of address space.
    pub(crate) memory: u64,
    /// Of any file that it writes.
    pub(crate) file: u64,
    /// Of what it says.
    pub(crate) output: usize,
}

/// Why a run came to nothing.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It does not want this file; what it said.
    Refused(String),
    /// It used up its time.
    Slow,
    /// It could not be run.
    Failed(String),
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Error {
        match stopped {
            Stopped::Refused(cause) => Error::Unplayable { cause },
            Stopped::Slow => Error::TooLong { limit: None },
            Stopped::Failed(cause) => Error::Failed { cause },
        }
    }
}

impl Tools {
    /// Looks in these folders, or where the system looks for programs.
    pub(crate) fn find(folder: Option<&Path>) -> Option<Tools> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> = match folder {
            Some(folder) => vec![folder.to_owned()],
            None => std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect(),
        };
        let program = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| is_program(path));
        Some(Tools { ffmpeg: program("ffmpeg")?, ffprobe: program("ffprobe")? })
    }

    /// Runs a program and gives back what it wrote to its standard output. It ends when the caller stops waiting.
    pub(crate) async fn run<A: AsRef<OsStr>>(program: &Path, arguments: &[A], pen: Pen) -> Result<Vec<u8>, Stopped> {
        let broken = |error: std::io::Error| Stopped::Failed(format!("{}: {error}", program.display()));
        let mut child = Command::new("/bin/sh")
            .args(["-c", PEN, "sh"])
            .args([pen.seconds.to_string(), (pen.memory >> 10).to_string(), (pen.file / 512 + 1).to_string()])
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AV_LOG_FORCE_NOCOLOR", "1")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        let (said, complained) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (said, complained) = tokio::join!(read(said, pen.output), read(complained, COMPLAINTS));
            (said, complained, child.wait().await)
        };
        // What waits for the disk uses no processor time: the clock has the last word.
        let Ok((said, complained, ended)) = timeout(Duration::from_secs(pen.seconds.saturating_mul(2)), work).await else {
            return Err(Stopped::Slow);
        };
        let ended = ended.map_err(broken)?;
        let complaints = String::from_utf8_lossy(&complained.0).trim().to_owned();
        match (ended.success(), said) {
            (true, (said, true)) => Ok(said),
            (true, (_, false)) => Err(Stopped::Refused("too much output".to_owned())),
            (false, _) if killed_for_time(&ended) => Err(Stopped::Slow),
            (false, _) => Err(Stopped::Refused(format!("{ended}: {complaints}"))),
        }
    }
}

#[cfg(unix)]
fn killed_for_time(ended: &std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    // SIGXCPU, and SIGKILL for those that do not listen to it.
    matches!(ended.signal(), Some(24 | 9))
}

#[cfg(not(unix))]
fn killed_for_time(_: &std::process::ExitStatus) -> bool {
    false
}

fn is_program(path: &Path) -> bool {
    let Ok(file) = std::fs::metadata(path) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.is_file() && file.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    file.is_file()
}

/// Up to `limit` bytes, and whether that was all; the rest is read and dropped, so that nobody waits for us.
async fn read(from: Option<impl AsyncRead + Unpin>, limit: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let Some(mut from) = from else { return (bytes, true) };
    let whole = (&mut from).take(limit as u64).read_to_end(&mut bytes).await.is_ok();
    let rest = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    (bytes, whole && matches!(rest, Ok(0)))
}

/// `file:` and an absolute path: never a protocol of ffmpeg's choosing.
pub(crate) fn address(path: &Path) -> OsString {
    let mut address = OsString::from("file:");
    address.push(path);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEN_OF_TESTS: Pen = Pen { seconds: 1, memory: 1 << 30, file: 1 << 10, output: 100 };

    async fn shell(script: &str) -> Result<Vec<u8>, Stopped> {
        Tools::run(Path::new("/bin/sh"), &["-c", script], PEN_OF_TESTS).await
    }

    #[tokio::test]
    async fn output_is_kept_and_bounded() {
        assert_eq!(shell("echo here").await.unwrap(), b"here\n");
        assert!(matches!(shell("head -c 200 /dev/zero").await, Err(Stopped::Refused(_))));
        assert!(matches!(shell("echo no >&2; exit 3").await, Err(Stopped::Refused(why)) if why.contains("no")));
    }

    #[tokio::test]
    async fn time_ends() {
        let started = std::time::Instant::now();
        assert!(matches!(shell("while :; do :; done").await, Err(Stopped::Slow)));
        assert!(matches!(shell("exec sleep 30").await, Err(Stopped::Slow)));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn files_and_memory_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large");
        let script = format!("head -c 100000 /dev/zero > {}", file.display());
        assert!(shell(&script).await.is_err());
        assert!(std::fs::metadata(&file).unwrap().len() <= 2_048);
        assert!(shell("x=$(ulimit -v); test \"$x\" -le 1048576").await.is_ok());
    }

    #[test]
    fn tools_are_found_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Tools::find(Some(folder.path())).is_none());
        std::fs::write(folder.path().join("ffmpeg"), "").unwrap();
        assert!(Tools::find(Some(folder.path())).is_none());
    }
}
