//! One right call of every endpoint, in an order in which each finds what it needs.

use std::collections::HashMap;

use actix_web::http::Method;
use actix_web::http::header;

use super::world::World;
use crate::testing::{Answer, Caller};

/// A line each: who calls (left out: the person), the method, the path, the body and, behind `=>`, the name under which the
/// answer's id is kept. `<name>` stands for such an id; `own` marks what nobody else may touch. A body is a form, or JSON when
/// it begins with a brace; `<picture>` is a file.
const SCRIPT: &str = include_str!("calls.txt");

/// What stands for a file.
const PICTURE: &str = "<picture>";

/// A line of the script.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `none`, `app`, or the person.
    pub(super) who: &'static str,
    /// Whether somebody else's token has to be refused.
    pub(super) own: bool,
    /// The method.
    pub(super) method: Method,
    /// With `<names>`.
    pub(super) path: &'static str,
    /// With `<names>`; may be empty.
    pub(super) body: &'static str,
    /// What the answer's id is called from then on.
    pub(super) kept: Option<&'static str>,
}

/// Every line of the script.
pub(super) fn all() -> Vec<Call> {
    SCRIPT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(Call::read).collect()
}

impl Call {
    fn read(line: &'static str) -> Self {
        let (line, kept) = line.split_once(" => ").map_or((line, None), |(line, name)| (line, Some(name)));
        let mut words = line.splitn(2, ' ');
        let (mut who, mut own) = ("me", false);
        let mut rest = line;
        while let (Some(word), Some(behind)) = (words.next(), words.next()) {
            match word {
                "own" => own = true,
                "none" | "app" => who = word,
                _ => break,
            }
            rest = behind;
            words = rest.splitn(2, ' ');
        }
        let mut parts = rest.splitn(3, ' ');
        let method = parts.next().unwrap().parse().unwrap();
        Self { who, own, method, path: parts.next().unwrap(), body: parts.next().unwrap_or_default(), kept }
    }

    /// The route that answers: `GET`, `/api/v1/lists/:`.
    pub(super) fn route(&self) -> (String, String) {
        let path = self.path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').map(|part| if part.starts_with('<') { ":" } else { part }).collect();
        (self.method.to_string(), parts.join("/"))
    }

    /// Makes the call as `caller`, with these ids.
    pub(super) async fn make(&self, caller: &Caller, ids: &HashMap<String, String>) -> Answer {
        let (path, body) = self.filled(ids);
        self.send(caller, &path, &body).await
    }

    /// The path and the body with these ids in them.
    pub(super) fn filled(&self, ids: &HashMap<String, String>) -> (String, String) {
        let body = if self.body.contains(PICTURE) { self.body.to_owned() } else { fill(self.body, ids) };
        (fill(self.path, ids), body)
    }

    /// Makes the call with this path and body.
    pub(super) async fn send(&self, caller: &Caller, path: &str, body: &str) -> Answer {
        let (fields, file) = body.split_once(PICTURE).map_or((body, false), |(fields, _)| (fields, true));
        let request = if file {
            // The file comes last: `description=a&file=<picture>`.
            let (fields, named) = fields.rsplit_once('&').unwrap_or(("", fields));
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(fields.as_bytes()).into_owned().collect();
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let files = [(named.trim_end_matches('='), "dot.png", "image/png", super::world::picture())];
            caller.multipart(self.method.clone(), path, &fields, &files.each_ref().map(|(a, b, c, d)| (*a, *b, *c, d.as_slice())))
        } else if body.starts_with('{') {
            let request = caller.request(self.method.clone(), path);
            request.insert_header((header::CONTENT_TYPE, "application/json")).set_payload(body.to_owned())
        } else if body.is_empty() {
            caller.request(self.method.clone(), path)
        } else {
            caller.form(self.method.clone(), path, body)
        };
        caller.send(request).await
    }

    /// Makes the call as whoever it is for, and keeps the answer's id.
    pub(super) async fn carry_out(&self, world: &mut World) -> Answer {
        let caller = world.caller(self.who);
        let answer = self.make(&caller, &world.ids).await;
        if let Some(name) = self.kept {
            let json = &answer.json;
            let places = ["/id", "/collection/id", "/collection_item/id", "/0/id"];
            let id = places.iter().find_map(|place| json.pointer(place)).and_then(serde_json::Value::as_str);
            let id = id.unwrap_or_else(|| panic!("{self:?}: {}", answer.text));
            world.ids.insert(name.to_owned(), id.to_owned());
        }
        answer
    }
}

/// A text with ids in place of the `<names>`.
///
/// # Panics
/// When a name is unknown.
pub(super) fn fill(text: &str, ids: &HashMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        let (name, behind) = behind.split_once('>').unwrap();
        filled.push_str(before);
        filled.push_str(ids.get(name).unwrap_or_else(|| panic!("nothing is called {name}")));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[test]
fn every_route_is_in_the_script() {
    let streams = |path: &str| path.starts_with("/api/v1/streaming") && path != "/api/v1/streaming/health";
    let called: Vec<_> = all().iter().map(Call::route).collect();
    let routes: Vec<_> = crate::documentation::routes().iter().map(crate::documentation::Route::key).collect();
    let missing: Vec<_> = routes.iter().filter(|route| !called.contains(route) && !streams(&route.1)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let unknown: Vec<_> = called.iter().filter(|route| !routes.contains(route)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}
