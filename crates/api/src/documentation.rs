//! `docs/API.md` and `docs/openapi.json`, made from the route table, the handlers' signatures, the types in them and the list of
//! what Mastodon 4.6 has. A test fails when a file is out of date; `MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-api documentation`
//! writes both anew.

mod manual;
mod openapi;
mod types;

use std::fs;
use std::path::Path;

use majlis_local::scopes::Scope;
use syn::{FnArg, GenericArgument, ItemFn, PathArguments, Type};

pub(crate) use types::Types;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What an endpoint needs that is content with any scope.
const ANY: &str = "any token";

/// A route of ours: `GET`, `/api/v1/lists/:id`, `lists::get`.
pub(crate) struct Route {
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

/// The route table: every `at("path")` with the `.method(handler)`s behind it, `below("path", routes)` and `configure(routes)`
/// followed to where they lead.
pub(crate) fn routes() -> Vec<Route> {
    let table = read("src/routes.rs");
    let table = table.split("#[cfg(test)]").next().unwrap();
    let mut routes = Vec::new();
    follow(table, "configure", "", &mut routes);
    routes
}

/// Adds the routes of one function of the table, whose paths begin like this.
fn follow(table: &str, function: &str, beginning: &str, routes: &mut Vec<Route>) {
    let head = format!("fn {function}(cfg: &mut ServiceConfig) {{\n");
    let (_, body) = table.split_once(&head).unwrap_or_else(|| panic!("there is no {head}"));
    let mut rest = body.split("\n}\n").next().unwrap();
    while let Some((found, at)) = ["at(\"", "below(\"", "configure("]
        .into_iter()
        .filter_map(|word| Some((word, rest.find(word)?)))
        .min_by_key(|(_, at)| *at)
    {
        rest = &rest[at + found.len()..];
        if found == "configure(" {
            let (name, behind) = rest.split_once(')').unwrap();
            rest = behind;
            follow(table, name, beginning, routes);
            continue;
        }
        let (path, behind) = rest.split_once('"').unwrap();
        let path = format!("{beginning}{path}");
        if found == "at(\"" {
            rest = behind.strip_prefix(')').unwrap();
            routes.extend(chain(&mut rest).into_iter().map(|(method, handler)| Route::new(&method, &path, &handler)));
        } else {
            let (name, behind) = behind.strip_prefix(", ").and_then(|behind| behind.split_once(')')).unwrap();
            rest = behind;
            follow(table, name, &path, routes);
        }
    }
}

/// The types that the routes speak of.
pub(crate) fn types() -> Types {
    Types::read(&[("", root().join("src")), ("local::", root().join("../local/src"))])
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
        Self { method: method.to_owned(), path: path.replace('{', ":").replace('}', ""), handler: handler.to_owned() }
    }

    /// The same for a route whatever its variables are called.
    pub(crate) fn key(&self) -> (String, String) {
        key(&self.method, &self.path)
    }

    /// Who may ask, by the extractor in the handler's signature.
    pub(crate) fn scope(&self, types: &Types) -> String {
        let (module, function) = self.handler.rsplit_once("::").unwrap();
        let handler = types.function(module, function);
        for extractor in ["User", "Viewer", "Client"] {
            let Some(need) = argument(handler, extractor) else { continue };
            let words: Vec<String> = scopes_of(&need).iter().map(|scope| format!("`{scope}`")).collect();
            let words = if words.is_empty() { ANY.to_owned() } else { words.join(" or ") };
            return match extractor {
                "Viewer" if words == ANY => "none".to_owned(),
                "Viewer" => format!("none; with a token {words}"),
                "Client" => format!("{words}, also an app's own"),
                _ => words,
            };
        }
        if is_stream(&self.handler) { "as the stream needs" } else { "none" }.to_owned()
    }
}

/// Whether a handler's answer goes on for as long as the client listens.
fn is_stream(handler: &str) -> bool {
    handler.starts_with("streaming::") && handler != "streaming::health"
}

/// The generic argument of the handler's argument of this type: `need::ReadLists` of `User<need::ReadLists>`.
fn argument(handler: &ItemFn, name: &str) -> Option<Type> {
    handler.sig.inputs.iter().find_map(|input| match input {
        FnArg::Typed(input) => generic(&input.ty, name),
        FnArg::Receiver(_) => None,
    })
}

/// The first generic argument of a type of this name.
fn generic(ty: &Type, name: &str) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(list) = &last.arguments else { return None };
    list.args.iter().find_map(|argument| if let GenericArgument::Type(ty) = argument { Some(ty.clone()) } else { None })
}

fn key(method: &str, path: &str) -> (String, String) {
    let path = path.split('/').map(|part| if part.starts_with(':') { ":" } else { part }).collect::<Vec<_>>().join("/");
    (method.to_owned(), path)
}

/// The scopes of which a need wants one, as the table in `auth.rs` has them; none: any token will do.
fn scopes_of(need: &Type) -> Vec<&'static str> {
    let Type::Path(path) = need else { panic!("a need is a path") };
    let need = path.path.segments.last().unwrap().ident.to_string();
    let source = read("src/auth.rs");
    let line = source.lines().find_map(|line| line.trim().strip_prefix(&format!("{need}:"))).unwrap();
    line.trim_end_matches(';')
        .split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| Scope::ALL.iter().find(|scope| format!("{scope:?}") == name).unwrap().word())
        .collect()
}

/// Compares a document with what it should be, or writes it when that was asked for.
fn keep_up_to_date(name: &str, wanted: &str) {
    let path = root().join("../../docs").join(name);
    if std::env::var_os("MAJLIS_WRITE_MANUAL").is_some() {
        fs::write(&path, wanted).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == wanted,
        "docs/{name} is out of date: write it with MAJLIS_WRITE_MANUAL=1 cargo test -p majlis-api documentation"
    );
}

#[test]
fn the_documents_are_up_to_date() {
    let routes = routes();
    let mut types = types();
    keep_up_to_date("API.md", &manual::document(&routes, &types));
    let description = openapi::document(&routes, &mut types);
    openapi::check(&description);
    keep_up_to_date("openapi.json", &description);
}
