//! The program as it is run: first start, probes, stop, kill, and what it says to mistakes.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The program with nothing in its environment that was not put there, in a folder of its own.
fn majlis(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_majlis"));
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MAJLIS_") || name == "DATABASE_URL")
    {
        command.env_remove(name);
    }
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    majlis(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server on a free port.
struct Server {
    child: Child,
    port: u16,
    /// What it said at its start.
    welcome: String,
    /// Held open: a program whose reader goes away may trip over it.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--listen", "127.0.0.1:0"]);
        let mut child = majlis(folder, &arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("Stop ") {
            assert!(stdout.read_line(&mut welcome).unwrap() > 0, "it ended after {welcome:?}");
        }
        let listens = welcome.lines().find_map(|line| line.trim().strip_prefix("Listening ")).unwrap();
        let port = listens.rsplit_once(':').unwrap().1.parse().unwrap();
        Self { child, port, welcome, _stdout: stdout }
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", self.port))
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Asks it to stop; gives back its exit code and how long it took.
    fn stop(&mut self, signal: Signal) -> (Option<i32>, Duration) {
        let started = Instant::now();
        self.signal(signal);
        (self.child.wait().unwrap().code(), started.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_arguments_it_serves_says_where_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &[]);
    assert!(server.welcome.contains(&format!("serves http://localhost:{}", server.port)), "{}", server.welcome);
    let command = format!("{} account create", env!("CARGO_BIN_EXE_majlis"));
    assert!(server.welcome.contains("/auth/sign_up") && server.welcome.contains(&command), "{}", server.welcome);
    assert!(folder.path().join("data/majlis.db").exists());

    let health = server.get("/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.ends_with("\r\n\r\nOK"), "{health}");
    assert!(health.contains("x-request-id: ") && health.contains("x-content-type-options: nosniff"), "{health}");
    let metrics = server.get("/metrics");
    assert!(metrics.contains("# TYPE majlis_requests_total counter") && metrics.contains("route=\"/health\""), "{metrics}");
    let forwarded = "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n";
    assert!(server.ask(forwarded).starts_with("HTTP/1.1 404"));
    assert!(server.get("/nothing").starts_with("HTTP/1.1 404"));

    let (code, took) = server.stop(Signal::TERM);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// Status, headers in lower case, and body.
fn parts(answer: &str) -> (&str, String, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (&answer[9..12], head.to_lowercase(), body)
}

#[test]
fn head_is_answered_like_get_at_every_address() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let mut account = "account create amina --email amina@example.org --role owner --confirmed".split(' ').collect::<Vec<_>>();
    account.extend(["--password", "a good password"]);
    assert!(run(folder.path(), &account).status.success());
    let documentation = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/API.md")).unwrap();
    let served = documentation.split("## Not there yet").next().unwrap();
    let api = served
        .lines()
        .filter_map(|line| line.strip_prefix("| GET | `")?.split('`').next())
        .map(|path| path.split('/').map(|part| if part.starts_with(':') { "1" } else { part }).collect::<Vec<_>>().join("/"));
    let rest = "/ /about /privacy-policy /auth/sign_in /auth/sign_up /settings /public/local /tags/tea /tags/tea.rss /@amina \
        /@amina.rss /@amina/with_replies /@amina/media /@amina/1 /@nobody /users/amina /users/amina/outbox /users/amina/followers \
        /users/amina/collections/featured /actor /.well-known/webfinger?resource=acct:amina@localhost /.well-known/host-meta \
        /.well-known/nodeinfo /nodeinfo/2.0 /nodeinfo/2.1 /manifest.json /robots.txt /favicon.ico /health /media/none /nothing \
        /avatars/original/missing.png /headers/original/missing.png";
    let mut asked = 0;
    for path in api.chain(rest.split_whitespace().map(str::to_owned)) {
        let request = |method: &str| server.ask(&format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        let head = request("HEAD");
        let (status, headers, body) = parts(&head);
        assert!(body.is_empty() && status != "405", "{path}: {head}");
        // A stream would not end.
        if path.contains("/streaming/public") || path.contains("/streaming/hashtag") {
            continue;
        }
        let get = request("GET");
        let (wanted, shown, _) = parts(&get);
        let length = |headers: &str| headers.lines().find(|line| line.starts_with("content-length")).map(str::to_owned);
        let kind = |headers: &str| headers.lines().find(|line| line.starts_with("content-type")).map(str::to_owned);
        assert_eq!((status, kind(&headers)), (wanted, kind(&shown)), "{path}");
        // What is written anew every time, with the form's token in it, is as long every time.
        assert_eq!(length(&headers), length(&shown), "{path}");
        asked += 1;
    }
    assert!(asked > 60, "{asked}");
}

#[test]
fn the_pictures_of_those_without_one_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    let account = ["account", "create", "amina", "--email", "a@example.org", "--password", "a good password", "--confirmed"];
    assert!(run(folder.path(), &account).status.success());
    let entity = server.get("/api/v1/accounts/lookup?acct=amina");
    for path in ["/avatars/original/missing.png", "/headers/original/missing.png"] {
        assert!(entity.contains(&format!("http://localhost:{}{path}\"", server.port)), "{path}: {entity}");
        let picture = server.get(path);
        let (status, headers, body) = parts(&picture);
        assert!(status == "200" && headers.contains("content-type: image/png") && body.contains("PNG"), "{path}: {headers}");
    }
}

#[test]
fn an_idle_connection_does_not_hold_up_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &["serve"]);
    let mut idle = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = [0; 12];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let (code, took) = server.stop(Signal::INT);
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_killed_server_starts_again_on_what_it_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &["serve"]);
    server.signal(Signal::KILL);
    server.child.wait().unwrap();
    let again = Server::start(folder.path(), &["serve"]);
    assert!(again.get("/health").starts_with("HTTP/1.1 200"));
}

#[test]
fn metrics_can_have_a_port_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    drop(taken);
    let server = Server::start(folder.path(), &["serve", "--metrics-listen", &address]);
    let mut own = TcpStream::connect(&address).unwrap();
    own.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    own.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("majlis_build_info"), "{answer}");
    assert!(server.get("/metrics").starts_with("HTTP/1.1 404"), "and nowhere else");
}

#[test]
fn mistakes_are_named_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let failed = |arguments: &[&str]| {
        let done = run(folder.path(), arguments);
        assert!(!done.status.success() && done.stdout.is_empty(), "{arguments:?}");
        text(&done.stderr)
    };
    let maybe = failed(&["serve", "--registrations", "maybe"]);
    assert!(maybe.contains("registrations: \"maybe\" (from --registrations) is not one of open"), "{maybe}");
    assert!(failed(&["serve", "--config", "absent.toml"]).contains("absent.toml"));
    assert!(failed(&["surf"]).contains("surf"));

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(failed(&["serve", "--listen", &address]).contains(&format!("cannot listen on {address}")));

    std::fs::write(folder.path().join("file"), "").unwrap();
    assert!(failed(&["serve", "--data-dir", "file/below", "--listen", "127.0.0.1:0"]).contains("file/below"));
}

#[test]
fn the_configuration_is_shown_with_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("majlis.toml"), "title = \"From the file\"\n").unwrap();
    let shown = majlis(folder.path(), &["config", "print", "--locale", "ar"])
        .env("DATABASE_URL", "postgres://majlis:hunter2@localhost/majlis")
        .env("MAJLIS_LISTENING", "x")
        .output()
        .unwrap();
    let (page, log) = (text(&shown.stdout), text(&shown.stderr));
    let line = |key: &str| page.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    assert!(line("title").contains("\"From the file\"") && line("title").ends_with("majlis.toml"), "{page}");
    assert!(line("locale").ends_with("# --locale") && line("listen").ends_with("# default"), "{page}");
    assert!(line("database_url").ends_with("# DATABASE_URL") && !page.contains("hunter2"), "{page}");
    assert!(log.contains("MAJLIS_LISTENING is no setting (do you mean MAJLIS_LISTEN?)"), "{log}");

    let example = text(&run(folder.path(), &["config", "example"]).stdout);
    assert!(example.contains("\n# locale = \"en\"\n"), "{example}");
    std::fs::write(folder.path().join("majlis.toml"), example.replace("\n# locale", "\nlocale")).unwrap();
    let page = text(&run(folder.path(), &["config", "print"]).stdout);
    assert!(
        page.lines().any(|line| line.starts_with("locale") && line.contains("\"en\"") && line.ends_with("majlis.toml")),
        "{page}"
    );
}

#[test]
fn a_database_is_migrated_once_and_the_doctor_finds_it_well() {
    let folder = tempfile::tempdir().unwrap();
    assert!(text(&run(folder.path(), &["doctor"]).stdout).contains("not there yet"));
    assert!(text(&run(folder.path(), &["migrate"]).stdout).starts_with("applied "));
    assert_eq!(text(&run(folder.path(), &["migrate"]).stdout), "nothing to migrate\n");
    let server = Server::start(folder.path(), &["serve"]);
    let origin = format!("http://localhost:{}", server.port);
    let doctor = run(folder.path(), &["doctor", "--listen", &format!("127.0.0.1:{}", server.port)]);
    let page = text(&doctor.stdout);
    assert!(doctor.status.success(), "{page}");
    assert!(page.contains("data/majlis.db answers and is up to date"), "{page}");
    assert!(page.contains(&format!("{origin} answers (Majlis {})", env!("CARGO_PKG_VERSION"))), "{page}");
    let peer = run(folder.path(), &["doctor", &format!("localhost:{}", server.port), "--private-peers", "on"]);
    assert!(text(&peer.stdout).contains("nodeinfo: majlis"), "{}", text(&peer.stdout));
}

#[test]
fn accounts_tokens_and_invitations_are_made_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let majlis = |arguments: &[&str]| run(folder.path(), arguments);
    let said = |arguments: &[&str]| {
        let done = majlis(arguments);
        assert!(done.status.success(), "{arguments:?}: {}", text(&done.stderr));
        text(&done.stdout)
    };
    let refused = |arguments: &[&str]| {
        let done = majlis(arguments);
        assert!(!done.status.success() && done.stdout.is_empty(), "{arguments:?}");
        text(&done.stderr)
    };
    let create = ["account", "create", "amina", "--email", "amina@example.org", "--role", "owner", "--confirmed"];
    assert_eq!(said(&[&create[..], &["--password", "a good password"]].concat()), "@amina@localhost:8080\n");
    let badr = said(&["account", "create", "badr", "--email", "badr@example.org"]);
    assert!(badr.starts_with("@badr@localhost:8080\n") && badr.lines().nth(1).unwrap().len() >= 20, "{badr}");
    assert!(refused(&create).contains("username: has already been taken"));
    assert!(refused(&["account", "create", "no space", "--email", "x", "--password", "x"]).contains("email"));

    let list = said(&["account", "list"]);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["amina", "owner", "active"]);
    assert_eq!(rows[1][..3], ["badr", "user", "unconfirmed"]);
    assert_eq!(said(&["account", "approve", "badr"]) + &said(&["account", "role", "@badr", "moderator"]), "");
    assert!(said(&["account", "list"]).contains("badr   moderator  active"));
    said(&["account", "disable", "badr@localhost:8080"]);
    assert!(said(&["account", "list"]).contains("disabled"));
    assert_eq!(said(&["account", "password", "amina", "--password", "another password"]), "");

    let token = said(&["token", "create", "amina", "--scopes", "read write follow push"]);
    assert!(token.len() > 20 && token.trim().chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c)), "{token}");
    assert!(refused(&["token", "create", "amina", "--scopes", "everything"]).contains("everything"));
    assert!(refused(&["token", "create", "nobody"]).contains("nobody"));
    assert!(said(&["invite", "create", "--uses", "1", "--days", "7"]).starts_with("http://localhost:8080/invite/"));

    said(&["account", "delete", "badr"]);
    assert!(!said(&["account", "list"]).contains("badr"));
    assert!(refused(&["account", "password", "badr", "--password", "another password"]).contains("badr"));

    // People live here now: the address is theirs.
    assert!(
        refused(&["account", "list", "--origin", "https://other.example"])
            .contains("people live in this database under http://localhost:8080")
    );
    let moved = said(&["invite", "create", "--listen", "127.0.0.1:9999"]);
    assert!(moved.starts_with("http://localhost:8080/invite/"), "{moved}");
}

#[test]
fn a_password_can_come_by_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut child =
        majlis(folder.path(), &["account", "create", "amina", "--email", "a@example.org", "--password", "-", "--confirmed"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
    child.stdin.take().unwrap().write_all(b"from the keyboard\n").unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(text(&done.stdout), "@amina@localhost:8080\n", "{}", text(&done.stderr));
}
