//! `docs/API.md`: every endpoint of Mastodon 4.6 and where it is served here, then what is served beyond.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::types::{Types, documentation};
use super::{Route, key, read};

/// A row of the list of what Mastodon 4.6 has.
struct Row<'a> {
    area: &'a str,
    method: &'a str,
    path: &'a str,
    /// `-`, `deprecated 4.0.0`, `removed 3.0.0`: apps still call those too.
    standing: &'a str,
}

/// Where pages, other servers' endpoints and health checks are listed: what stands there is no part of the API, but of the list.
const ELSEWHERE: [(&str, &str); 4] = [
    ("../web/src/routes.rs", "page"),
    ("../web/src/assets.rs", "page"),
    ("../federation/src/endpoints/mod.rs", "[other servers](FEDERATION.md)"),
    ("../server/src/probes.rs", "health check"),
];

/// Rows that are not served, each with why.
const NOT_SERVED: [(&str, &str, &str); 1] =
    [("GET", "/api/proofs", "Keybase's proofs, which Mastodon removed in 4.0 along with the service")];

/// The whole document.
pub(super) fn document(routes: &[Route], types: &Types) -> String {
    let list = read("fixtures/mastodon-4.6.tsv");
    let rows: Vec<Row<'_>> = list.lines().skip(1).map(Row::new).collect();
    let pages = elsewhere();
    let (admin, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.area.starts_with("admin_"));
    let where_served = |row: &Row<'_>| -> Option<String> {
        let route = routes.iter().find(|route| route.key() == key(row.method, row.path));
        if let Some(route) = route {
            return Some(route.scope(types));
        }
        pages.iter().find(|(method, path, _)| method == row.method && fits(path, row.path)).map(|(_, _, kind)| (*kind).to_owned())
    };
    let mut text = String::new();
    let (mut served, mut missing) = (0, Vec::new());
    let mut area = "";
    for row in &rows {
        let answer = match where_served(row) {
            Some(answer) => {
                served += 1;
                answer
            }
            None => match NOT_SERVED.iter().find(|(method, path, _)| (*method, *path) == (row.method, row.path)) {
                Some((_, _, why)) => format!("not served: {why}"),
                None => {
                    missing.push(format!("{} {}", row.method, row.path));
                    continue;
                }
            },
        };
        if row.area != area {
            area = row.area;
            write!(text, "\n### {}\n\n| method | path | scope |\n|---|---|---|\n", title(area)).unwrap();
        }
        let standing = if row.standing == "-" { String::new() } else { format!(" ({})", row.standing) };
        writeln!(text, "| {} | `{}` | {answer}{standing} |", row.method, row.path).unwrap();
    }
    assert!(missing.is_empty(), "Mastodon has these; they are not served, and NOT_SERVED does not say why: {missing:#?}");
    let beyond = beyond(routes, &rows, &admin, types);
    format!(
        "# The Mastodon API here\n\n\
         Made from the code: a test of `crates/api` fails when this file is out of date, and\n\
         `MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-api documentation` writes it anew. Programs read the same as OpenAPI 3.1: `/api/openapi.json`\n\
         on every server, [openapi.json](openapi.json) here.\n\n\
         Mastodon 4.6 has {} endpoints for clients, readers and other servers; {served} of them are served here, and of the others the\n\
         table says why not. Its {} endpoints for administrators are not there yet; those answer 404 or 405. `HEAD` works wherever `GET` does, `PUT` wherever `PATCH` does.\n\n\
         ## Mastodon's endpoints\n\n\
         The scope is what a token must have; one that implies it (`read` for `read:lists`) is as good. *none*: no token is needed.\n\
         A stream needs `read:statuses`, that of notifications alone `read:notifications`, that of a list `read:lists` or `read:statuses`;\n\
         public ones are open to all.\n{text}\n{beyond}",
        rows.len(),
        admin.len(),
    )
}

/// What Majlis serves that Mastodon does not, each with what it is for.
fn beyond(routes: &[Route], rows: &[Row<'_>], admin: &[Row<'_>], types: &Types) -> String {
    let known: BTreeSet<_> = rows.iter().chain(admin).map(|row| key(row.method, row.path)).collect();
    let mut text =
        "## Beyond Mastodon\n\nOur own extensions stand below `/api/ext/v1`; what apps know from Pleroma and Akkoma has their addresses.\n\n\
         | method | path | scope | what it is for |\n|---|---|---|---|\n"
            .to_owned();
    let mut unexplained: Vec<String> = Vec::new();
    for route in routes.iter().filter(|route| !known.contains(&route.key())) {
        // PUT is served wherever PATCH is, and the other way round.
        let twin = match route.method.as_str() {
            "PUT" => "PATCH",
            "PATCH" => "PUT",
            _ => "",
        };
        if known.contains(&key(twin, &route.path)) {
            continue;
        }
        let (module, function) = route.handler.rsplit_once("::").unwrap();
        let why = documentation(&types.function(module, function).attrs).unwrap_or_default();
        let why = why.split_once("`: ").map_or(why.as_str(), |(_, why)| why);
        let explained = why.len() > 20 && !why.starts_with('`');
        if !explained {
            unexplained.push(format!("{} {} ({})", route.method, route.path, route.handler));
        }
        writeln!(text, "| {} | `{}` | {} | {why} |", route.method, route.path, route.scope(types)).unwrap();
    }
    assert!(unexplained.is_empty(), "say in their doc comments what Mastodon does not have: {unexplained:#?}");
    text
}

impl<'a> Row<'a> {
    fn new(line: &'a str) -> Self {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap();
        let (area, method, path, standing) = (next(), next(), next(), next());
        // A WebSocket begins as a GET.
        Self { area, method: if method == "WS" { "GET" } else { method }, path, standing }
    }
}

/// `filters_v2` becomes "Filters v2".
fn title(area: &str) -> String {
    let mut letters = area.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>().replace('_', " ")
}

/// Method, path and kind of whatever other rooms serve.
fn elsewhere() -> Vec<(String, String, &'static str)> {
    let mut found = Vec::new();
    for (file, kind) in ELSEWHERE {
        let source = read(file);
        let source = source.split("#[cfg(test)]").next().unwrap();
        let pieces: Vec<&str> = source.split('"').collect();
        // Texts stand at the odd positions; what follows one up to the next says by which methods.
        for (position, text) in pieces.iter().enumerate().filter(|(position, text)| position % 2 == 1 && text.starts_with('/')) {
            let behind = pieces.get(position + 1).copied().unwrap_or_default();
            let methods: Vec<&str> =
                ["get", "post", "delete", "put"].into_iter().filter(|m| behind.contains(&format!("web::{m}()"))).collect();
            let methods = if methods.is_empty() { vec!["get"] } else { methods };
            found.extend(methods.into_iter().map(|method| (method.to_uppercase(), (*text).to_owned(), kind)));
        }
    }
    found
}

/// Whether our path (`/@{name}.rss`) is the same as Mastodon's (`/@:username.rss`), or has a variable in its place.
fn fits(ours: &str, theirs: &str) -> bool {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (ours.split('/').collect(), theirs.split('/').collect());
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(ours, theirs)| match (ours.split_once('{'), ours.rsplit_once('}')) {
            (Some((before, _)), Some((_, after))) => {
                let variable = theirs.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                variable.is_some_and(|v| !v.is_empty() && (v.starts_with(':') || v.starts_with(|c: char| c.is_ascii_digit())))
            }
            _ => ours == theirs,
        })
}
