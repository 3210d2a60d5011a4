//! Every answer is what `docs/openapi.json` says, to the last attribute, and a whole example of every entity is kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::calls;
use super::description::{COMPONENTS, Description};
use super::world::World;

/// Entities that no call of the script answers with: where they are shown instead.
const ELSEWHERE: [(&str, &str); 8] = [
    ("AsyncRefresh", "async_refreshes::tests"),
    ("async_refreshes.Wrapped", "the same"),
    ("Translation", "translation::tests"),
    ("TranslatedPoll", "the same"),
    ("TranslatedOption", "the same"),
    ("TranslatedAttachment", "the same"),
    ("FilmOriginal", "media::tests"),
    ("Icon", "there is none yet"),
];

/// How much an example shows: what is neither nothing nor empty.
fn fullness(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::String(text) => usize::from(!text.is_empty()),
        Value::Array(items) => items.iter().map(fullness).sum(),
        Value::Object(pairs) => pairs.values().map(fullness).sum(),
        Value::Bool(_) | Value::Number(_) => 1,
    }
}

#[actix_web::test]
async fn every_answer_is_what_the_description_says() {
    let description = Description::load();
    let mut world = World::of(3).await;
    let mut examples: BTreeMap<String, Value> = BTreeMap::new();
    let mut wrong: Vec<String> = Vec::new();
    for call in calls::all() {
        let answer = call.carry_out(&mut world).await;
        let status = answer.status.as_u16();
        let schema = if answer.status.is_success() {
            let Some(described) = description.operation(&call)["responses"].get(status.to_string()) else {
                wrong.push(format!("{} {}: {status} is not described", call.method, call.path));
                continue;
            };
            described["content"]["application/json"]["schema"].clone()
        } else {
            json!({ "$ref": format!("{COMPONENTS}Error") })
        };
        if schema.is_null() {
            continue;
        }
        match description.read("the answer", &schema, &answer.json) {
            Ok(read) => {
                for (name, example) in read.entities {
                    let kept = examples.entry(name).or_insert(Value::Null);
                    if kept.is_null() || fullness(&example) > fullness(kept) {
                        *kept = example;
                    }
                }
            }
            Err(why) => wrong.push(format!("{} {}: {why}", call.method, call.path)),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let unseen: Vec<&String> = description
        .entities()
        .keys()
        .filter(|name| !examples.contains_key(*name) && !ELSEWHERE.iter().any(|(entity, _)| entity == name))
        .collect();
    assert!(unseen.is_empty(), "no example of {unseen:#?}");
    insta::assert_json_snapshot!("entities", examples);
}
