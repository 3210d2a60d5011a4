//! `docs/API.md`, made from the route table, the handlers' signatures and the list of what Mastodon 4.6 has. The test fails when
//! the file is out of date; `MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-api documentation` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use majlis_local::scopes::Scope;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What an endpoint needs that is content with any scope.
const ANY: &str = "any token";

/// A route of ours: `GET`, `/api/v1/lists/:id`, `lists::get`.
struct Route {
    method: String,
    path: String,
    handler: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The route table: every `at("path")` and the `.method(handler)`s behind it.
fn routes() -> Vec<Route> {
    let table = read("src/routes.rs");
    let table = table.split("#[cfg(test)]").next().unwrap();
    let mut routes = Vec::new();
    let mut rest = table;
    let mut listed: Vec<String> = Vec::new();
    loop {
        let literal = rest.find("at(\"").unwrap_or(usize::MAX);
        let listing = rest.find("for path in [").unwrap_or(usize::MAX);
        let variable = rest.find("at(path)").unwrap_or(usize::MAX);
        if literal < listing && literal < variable {
            rest = &rest[literal + 4..];
            let (path, behind) = rest.split_once('"').unwrap();
            rest = behind.strip_prefix(')').unwrap();
            let of_this = chain(&mut rest);
            routes.extend(of_this.into_iter().map(|(method, handler)| Route::new(&method, path, &handler)));
        } else if listing < variable {
            rest = &rest[listing..];
            let (names, behind) = rest.split_once(']').unwrap();
            listed = names.split('"').skip(1).step_by(2).map(str::to_owned).collect();
            rest = behind;
        } else if variable < usize::MAX {
            rest = &rest[variable + "at(path)".len()..];
            let Some((method, handler)) = chain(&mut rest).pop() else { continue };
            routes.extend(listed.iter().map(|path| Route::new(&method, path, &handler)));
        } else {
            return routes;
        }
    }
}

/// The `.method(handler)`s that `rest` begins with, which are taken off it.
fn chain(rest: &mut &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((method, behind)) = rest.trim_start().strip_prefix('.').and_then(|text| text.split_once('(')) {
        if !METHODS.contains(&method) {
            break;
        }
        let (handler, behind) = behind.split_once(')').unwrap();
        found.push((method.to_uppercase(), handler.to_owned()));
        *rest = behind;
    }
    found
}

impl Route {
    fn new(method: &str, path: &str, handler: &str) -> Self {
        let path = if path.starts_with("/v") { format!("/api{path}") } else { path.to_owned() };
        Self { method: method.to_owned(), path: path.replace('{', ":").replace('}', ""), handler: handler.to_owned() }
    }

    /// The same for a route whatever its variables are called.
    fn key(&self) -> (String, String) {
        key(&self.method, &self.path)
    }

    fn is_absent(&self) -> bool {
        self.handler.starts_with("absent::")
    }

    /// Who may ask, by the extractor in the handler's signature.
    fn scope(&self) -> String {
        let (module, function) = self.handler.split_once("::").unwrap();
        let source = read(format!("src/{module}.rs"));
        let start = source.find(&format!("pub async fn {function}(")).unwrap_or_else(|| panic!("there is no {}", self.handler));
        let signature = &source[start..start + source[start..].find('{').unwrap()];
        let Some((before, after)) = signature.split_once("<need::") else {
            let streams = module == "streaming" && function != "health";
            return if streams { "as the stream needs" } else { "none" }.to_owned();
        };
        let need = words_of(after.split_once('>').unwrap().0);
        match before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap() {
            "User" => need,
            "Viewer" if need == ANY => "none".to_owned(),
            "Viewer" => format!("none; with a token {need}"),
            "Client" => format!("{need}, also an app's own"),
            other => panic!("{}: unknown extractor {other}", self.handler),
        }
    }
}

fn key(method: &str, path: &str) -> (String, String) {
    let path = path.split('/').map(|part| if part.starts_with(':') { ":" } else { part }).collect::<Vec<_>>().join("/");
    (method.to_owned(), path)
}

/// The scopes of a need, as the table in `auth.rs` has them.
fn words_of(need: &str) -> String {
    let source = read("src/auth.rs");
    let line = source.lines().find_map(|line| line.trim().strip_prefix(&format!("{need}:"))).unwrap();
    let scopes: Vec<String> = line
        .trim_end_matches(';')
        .split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| Scope::ALL.iter().find(|scope| format!("{scope:?}") == name).unwrap())
        .map(|scope| format!("`{}`", scope.word()))
        .collect();
    if scopes.is_empty() { ANY.to_owned() } else { scopes.join(" or ") }
}

/// The whole document.
fn document() -> String {
    let routes = routes();
    let ours: BTreeSet<_> = routes.iter().map(Route::key).collect();
    let mastodons = read("fixtures/mastodon-4.6.tsv");
    let rows: Vec<(&str, &str)> = mastodons.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect();
    let there: BTreeSet<_> = routes.iter().filter(|route| !route.is_absent()).map(Route::key).collect();
    let (served, told): (Vec<_>, Vec<_>) = rows.iter().partition(|(method, path)| there.contains(&key(method, path)));
    let (told, missing): (Vec<_>, Vec<_>) = told.into_iter().partition(|(method, path)| ours.contains(&key(method, path)));
    let mut text = format!(
        "# The Mastodon API here\n\n\
         Made from the code: a test of `crates/api` fails when this file is out of date, and\n\
         `MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-api documentation` writes it anew.\n\n\
         Of the {} endpoints of Mastodon 4.6 below `/api` and `/oauth`, {} are served, {} are answered truthfully with nothing, and\n\
         {} are not there yet: those answer 404 or 405. `HEAD` works wherever `GET` does. What other servers read (`/.well-known/webfinger`,\n\
         nodeinfo, ActivityPub) stands in [FEDERATION.md](FEDERATION.md).\n\n\
         ## Served\n\n\
         The scope is what a token must have; one that implies it (`read` for `read:lists`) is as good. *none*: no token is needed.\n\n\
         | method | path | scope |\n|---|---|---|\n",
        rows.len(),
        served.len(),
        told.len(),
        missing.len(),
    );
    for route in routes.iter().filter(|route| !route.is_absent()) {
        writeln!(text, "| {} | `{}` | {} |", route.method, route.path, route.scope()).unwrap();
    }
    text.push_str(
        "\nA stream needs `read:statuses`, that of notifications alone `read:notifications`, that of a list `read:lists` or `read:statuses`; \
         public ones are\nopen to all.\n\n## Answered with nothing\n\n\
         Majlis does not have these things yet, so their lists are empty. An app that gets 404 here would hide whole features.\n\n\
         | method | path | scope |\n|---|---|---|\n",
    );
    for route in routes.iter().filter(|route| route.is_absent()) {
        writeln!(text, "| {} | `{}` | {} |", route.method, route.path, route.scope()).unwrap();
    }
    text.push_str("\n## Not there yet\n\n| method | path |\n|---|---|\n");
    for (method, path) in missing {
        writeln!(text, "| {method} | `{path}` |").unwrap();
    }
    text
}

#[test]
fn the_table_of_what_is_served_is_up_to_date() {
    let (path, wanted): (PathBuf, String) = (root().join("../../docs/API.md"), document());
    if std::env::var_os("MAJLIS_WRITE_MANUAL").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == wanted,
        "docs/API.md is out of date: write it with MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-api documentation"
    );
}
