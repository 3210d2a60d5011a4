//! A value that is not what a parameter takes is refused by every endpoint, and changes nothing; no text breaks anything.

use serde_json::{Value, json};

use super::calls::{self, Call};
use super::description::Description;
use super::refusals::{Problems, held};
use super::world::World;

/// What is read as kindly as Mastodon does: a wrong value counts as not given.
const KINDLY: [&str; 5] = ["max_id", "since_id", "min_id", "limit", "offset"];

/// A parameter of a route.
struct Parameter {
    name: String,
    in_body: bool,
    schema: Value,
}

impl Description {
    /// Whatever the route takes in its query or body.
    fn parameters(&self, call: &Call) -> Vec<Parameter> {
        let operation = self.operation(call);
        let query = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query");
        let query = query.map(|parameter| (parameter["name"].as_str().unwrap().to_owned(), false, parameter["schema"].clone()));
        let kinds = operation["requestBody"]["content"].as_object();
        let body = kinds.and_then(|kinds| kinds.values().next()).and_then(|kind| kind["schema"]["properties"].as_object());
        let body = body.into_iter().flatten().map(|(name, schema)| {
            let list = if schema["type"] == "array" { "[]" } else { "" };
            (format!("{name}{list}"), true, schema.clone())
        });
        query.chain(body).map(|(name, in_body, schema)| Parameter { name, in_body, schema }).collect()
    }
}

impl Parameter {
    /// What no such parameter takes; of a text, the character that PostgreSQL cannot hold.
    fn wrong(&self) -> Option<&'static str> {
        let item = self.item();
        let picky = item.get("enum").is_some()
            || item.get("pattern").is_some()
            || ["integer", "number", "boolean"].iter().any(|kind| item["type"] == *kind);
        if picky { Some("nonsense") } else { self.takes_text().then_some("nothing\0more") }
    }

    fn takes_text(&self) -> bool {
        self.item()["type"] == "string" || self.item()["type"][0] == "string"
    }

    fn item(&self) -> &Value {
        if self.schema["type"] == "array" { &self.schema["items"] } else { &self.schema }
    }

    /// A call's path and body with this value for the parameter.
    fn put(&self, (path, body): &(String, String), value: &str) -> (String, String) {
        let replaced = |form: &str| {
            let mut pairs = url::form_urlencoded::Serializer::new(String::new());
            pairs.append_pair(&self.name, value);
            let new = pairs.finish();
            let kept = form.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(self.name.as_str()));
            // Files stay behind everything else.
            std::iter::once(new.as_str()).chain(kept).collect::<Vec<_>>().join("&")
        };
        if !self.in_body {
            let (path, query) = path.split_once('?').unwrap_or((path, ""));
            return (format!("{path}?{}", replaced(query)), body.clone());
        }
        if body.starts_with('{') {
            let mut body: Value = serde_json::from_str(body).unwrap();
            body[self.name.trim_end_matches("[]")] = json!(value);
            return (path.clone(), body.to_string());
        }
        (path.clone(), replaced(body))
    }
}

/// Texts that may be refused, and must not break anything: a long one, and one of everything that means something somewhere.
fn strange(in_body: bool) -> [String; 2] {
    let long = "ت".repeat(if in_body { 100_000 } else { 1_000 });
    [long, "\u{202e}\u{fffd}%00\r\n'\"<>&[]{}$1".to_owned()]
}

#[actix_web::test]
async fn every_endpoint_refuses_wrong_values_and_changes_nothing() {
    let description = Description::load();
    let mut world = World::of(3).await;
    let mut problems = Problems::default();
    for call in calls::all() {
        let caller = world.caller(call.who);
        let mut before = held(&world).await;
        for parameter in description.parameters(&call) {
            let wrong = parameter.wrong().map(str::to_owned);
            let strange = if parameter.takes_text() { strange(parameter.in_body).to_vec() } else { Vec::new() };
            for value in wrong.iter().chain(&strange) {
                let (path, body) = parameter.put(&call.filled(&world.ids), value);
                let answer = call.send(&caller, &path, &body).await;
                let is_kind = KINDLY.contains(&parameter.name.as_str());
                if wrong.as_ref() == Some(value) && !is_kind {
                    problems.refused(&call, &answer, &[422], &format!("with a wrong {}", parameter.name));
                } else if answer.status.is_server_error() || (is_kind && !answer.status.is_success()) {
                    problems.add(&call, &format!("with {value:.20?} as {}: {:.200}", parameter.name, answer.text));
                }
                let after = held(&world).await;
                if !answer.status.is_success() {
                    problems.changed(&call, &before, &after);
                }
                before = after;
            }
        }
        call.carry_out(&mut world).await;
    }
    problems.none();
}
