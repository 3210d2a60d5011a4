//! Who may not is refused by every endpoint with the right status in the right shape, and nothing changes.

use std::collections::{BTreeMap, HashMap};

use actix_web::http::{StatusCode, header};
use majlis_local::scopes::Scopes;
use majlis_local::testing::contents::contents;
use serde_json::Value;

use super::calls::{self, Call};
use super::description::Description;
use super::world::World;
use crate::documentation::{routes, types};
use crate::testing::{Answer, Caller};

/// Names of which everybody may take any: there is no unknown hashtag, emoji, year or size.
const FREE: [&str; 5] = ["tag", "emoji", "year", "size", "date"];
/// What does not mind whether a group of notifications is there, as in Mastodon.
const IDEMPOTENT: [&str; 3] = [
    "/api/v2/notifications/<group>/accounts",
    "/api/v2/notifications/<group>/dismiss",
    "/api/v2_alpha/notifications/<group>/dismiss",
];
/// Longer than any body that is no upload may be.
const TOO_LONG: usize = 2 << 20;

/// What was not as it should be.
#[derive(Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    /// Takes note unless the answer is one of these refusals, in the right shape.
    pub(super) fn refused(&mut self, call: &Call, answer: &Answer, statuses: &[u16], why: &str) {
        let status = answer.status.as_u16();
        let error = answer.json.get("error").and_then(Value::as_str);
        if !statuses.contains(&status) || error.is_none_or(str::is_empty) {
            self.add(call, &format!("{why}: {status} instead of {statuses:?}: {}", answer.text));
        }
    }

    /// Takes note of every table that has changed.
    pub(super) fn changed(&mut self, call: &Call, before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) {
        for (table, rows) in before.iter().filter(|(table, rows)| *rows != &after[*table]) {
            self.add(call, &format!("was refused, and changed {table} from {rows} to {}", after[table]));
        }
    }

    /// Takes note.
    pub(super) fn add(&mut self, call: &Call, what: &str) {
        self.0.push(format!("{} {} {what}", call.method, call.path));
    }

    /// # Panics
    /// With everything that was noted.
    pub(super) fn none(self) {
        assert!(self.0.is_empty(), "{:#?}", self.0);
    }
}

/// Who may call what, by route: as the table in docs/API.md says it.
fn scopes() -> HashMap<(String, String), String> {
    let types = types();
    routes().iter().map(|route| (route.key(), route.scope(&types))).collect()
}

/// Every table, and what is in it.
pub(super) async fn held(world: &World) -> BTreeMap<String, String> {
    world.app.read(|c| Ok(contents(c))).await
}

/// The call with a body that is not as it says.
async fn broken(call: &Call, caller: &Caller, ids: &HashMap<String, String>, body: String) -> Answer {
    let request = caller.request(call.method.clone(), &calls::fill(call.path, ids));
    caller.send(request.insert_header((header::CONTENT_TYPE, "application/json")).set_payload(body)).await
}

#[actix_web::test]
async fn every_endpoint_refuses_those_who_may_not_and_changes_nothing() {
    let mut world = World::of(3).await;
    let (scopes, description) = (scopes(), Description::load());
    let push = world.with_scopes(Scopes::parse("push").unwrap()).await;
    let profile = world.with_scopes(Scopes::parse("profile").unwrap()).await;
    let liar = world.app.bearer("nonsense");
    let nobody = world.app.anonymous();
    let mut problems = Problems::default();
    for call in calls::all() {
        let before = held(&world).await;
        let scope = &scopes[&call.route()];
        let needs_token = !scope.starts_with("none");
        if needs_token {
            problems.refused(&call, &call.make(&nobody, &world.ids).await, &[401], "without a token");
        }
        if scope != "none" {
            problems.refused(&call, &call.make(&liar, &world.ids).await, &[401], "with a token that is none");
        }
        if scope.contains('`') {
            let outside = if scope.contains("`push`") { &profile } else { &push };
            problems.refused(&call, &call.make(outside, &world.ids).await, &[403], "outside the scopes");
        }
        if needs_token && !scope.contains("also an app's own") {
            problems.refused(&call, &call.make(&world.client, &world.ids).await, &[422], "by an application");
        }
        let caller = &world.caller(call.who);
        if call.path.contains('<') && !call.path.contains('?') && !IDEMPOTENT.contains(&call.path) {
            let mut unknown = world.ids.clone();
            unknown.iter_mut().filter(|(name, _)| !FREE.contains(&name.as_str())).for_each(|(_, id)| *id = "1".to_owned());
            if calls::fill(call.path, &unknown) != calls::fill(call.path, &world.ids) {
                problems.refused(&call, &call.make(caller, &unknown).await, &[404], "for what is not there");
            }
        }
        if call.own {
            problems.refused(&call, &call.make(&world.stranger, &world.ids).await, &[403, 404], "by somebody else");
        }
        if description.operation(&call).get("requestBody").is_some() {
            let cut = broken(&call, caller, &world.ids, "{\"status\": ".to_owned()).await;
            problems.refused(&call, &cut, &[400, 422], "with half a body");
            let long = format!("{{\"status\": \"{}\"}}", "x".repeat(TOO_LONG));
            let answer = broken(&call, caller, &world.ids, long).await;
            problems.refused(&call, &answer, &[413], "with a body that is too long");
        }
        problems.changed(&call, &before, &held(&world).await);
        let answer = call.carry_out(&mut world).await;
        if answer.status.is_server_error() && answer.status != StatusCode::SERVICE_UNAVAILABLE {
            problems.add(&call, &answer.text);
        }
    }
    problems.none();
}
