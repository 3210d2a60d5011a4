//! What the server says of itself in `docs/openapi.json`, and whether a value is as it says.

use majlis_local::Timestamp;
use majlis_local::terms::NaiveDate;
use serde_json::{Map, Value, json};

use super::calls::Call;

/// The path before an entity's name in a reference.
pub(super) const COMPONENTS: &str = "#/components/schemas/";
/// Attributes that are secret or made by chance.
const BY_CHANCE: [&str; 6] = ["access_token", "client_id", "client_secret", "vapid_key", "public_key", "server_key"];
/// What was read of a value: how it looks in an example, and the entities in it.
pub(super) struct Read {
    /// The value, with names in place of the entities in it.
    shown: Value,
    /// Every entity in it, by name.
    pub(super) entities: Vec<(String, Value)>,
}

impl Read {
    fn plain(shown: Value) -> Self {
        Self { shown, entities: Vec::new() }
    }
}

/// What the server says of itself.
pub(super) struct Description(Value);

impl Description {
    /// As it is served.
    pub(super) fn load() -> Self {
        Self(serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap())
    }

    /// What each entity looks like, by name.
    pub(super) fn entities(&self) -> &Map<String, Value> {
        self.0["components"]["schemas"].as_object().unwrap()
    }

    /// All that is said of every path, by method.
    pub(super) fn paths(&self) -> &Map<String, Value> {
        self.0["paths"].as_object().unwrap()
    }

    /// All that is said of the route which a call is for.
    pub(super) fn operation(&self, call: &Call) -> &Value {
        let (method, route) = call.route();
        let same = |path: &str| path.split('/').map(|part| if part.starts_with('{') { ":" } else { part }).eq(route.split('/'));
        let (_, methods) = self.paths().iter().find(|(path, _)| same(path)).unwrap();
        &methods[method.to_lowercase()]
    }

    /// The properties of an object and those that must be there, of all the parts that it is made of.
    fn object(&self, schema: &Value) -> Option<(Map<String, Value>, Vec<String>)> {
        if let Some(name) = schema["$ref"].as_str() {
            return self.object(&self.entities()[name.strip_prefix(COMPONENTS)?]);
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let (mut properties, mut required) = (Map::new(), Vec::new());
            for part in parts {
                let (more, needed) = self.object(part)?;
                properties.extend(more);
                required.extend(needed);
            }
            return Some((properties, required));
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Some((schema["properties"].as_object()?.clone(), required))
    }

    /// Compares a value with its schema.
    pub(super) fn read(&self, name: &str, schema: &Value, value: &Value) -> Result<Read, String> {
        if let Some(entity) = schema["$ref"].as_str().and_then(|path| path.strip_prefix(COMPONENTS)) {
            let mut read = self.read(name, &self.entities()[entity], value).map_err(|why| format!("{entity}: {why}"))?;
            read.entities.push((entity.to_owned(), read.shown));
            return Ok(Read { shown: json!(format!("<{entity}>")), ..read });
        }
        if let Some(ways) = schema["anyOf"].as_array() {
            let tried: Vec<_> = ways.iter().map(|way| self.read(name, way, value)).collect();
            let whys: Vec<String> = tried.iter().filter_map(|way| way.as_ref().err().cloned()).collect();
            return tried.into_iter().find_map(Result::ok).ok_or_else(|| whys.join(" | "));
        }
        if let Some(word) = schema.get("const") {
            return if word == value { Ok(Read::plain(value.clone())) } else { Err(format!("{name} is {value}, not {word}")) };
        }
        if schema.get("properties").is_some() || schema.get("allOf").is_some() {
            let (properties, required) =
                self.object(schema).ok_or_else(|| format!("{name} is described by what is no object"))?;
            return self.read_object(name, &properties, &required, value);
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return Ok(Read::plain(shown(name, value))),
        };
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if kinds.contains(&"integer") && (number.is_i64() || number.is_u64()) => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.contains(&kind) {
            return Err(format!("{name} is {value}, not of {kinds:?}"));
        }
        match value {
            Value::Array(items) => self.read_array(name, &schema["items"], items),
            Value::Object(pairs) => {
                let every = schema.get("additionalProperties").ok_or_else(|| format!("nothing is said of {name}'s keys"))?;
                let properties = pairs.keys().map(|key| (key.clone(), every.clone())).collect();
                self.read_object(name, &properties, &[], value)
            }
            Value::String(text) => read_text(name, schema, text).map(Read::plain),
            _ => Ok(Read::plain(shown(name, value))),
        }
    }

    fn read_object(
        &self,
        name: &str,
        properties: &Map<String, Value>,
        required: &[String],
        value: &Value,
    ) -> Result<Read, String> {
        let pairs = value.as_object().ok_or_else(|| format!("{name} is {value}, no object"))?;
        if let Some(missing) = required.iter().find(|key| !pairs.contains_key(*key)) {
            return Err(format!("{name} has no {missing}: {value}"));
        }
        let (mut whole, mut entities) = (Map::new(), Vec::new());
        for (key, value) in pairs {
            let schema = properties.get(key).ok_or_else(|| format!("{name} has {key}, which is not described"))?;
            let read = self.read(key, schema, value)?;
            entities.extend(read.entities);
            whole.insert(key.clone(), read.shown);
        }
        Ok(Read { shown: Value::Object(whole), entities })
    }

    /// Items that look alike are shown once.
    fn read_array(&self, name: &str, schema: &Value, items: &[Value]) -> Result<Read, String> {
        let (mut all, mut entities) = (Vec::new(), Vec::new());
        for item in items {
            let read = self.read(name, schema, item)?;
            entities.extend(read.entities);
            if !all.contains(&read.shown) {
                all.push(read.shown);
            }
        }
        Ok(Read { shown: Value::Array(all), entities })
    }
}

fn read_text(name: &str, schema: &Value, text: &str) -> Result<Value, String> {
    let wrong = |what: &str| Err(format!("{name} is {text:?}, which is no {what}"));
    if schema["format"] == "date-time" {
        return if Timestamp::parse(text).is_some() { Ok(json!("<time>")) } else { wrong("time") };
    }
    if schema["format"] == "date" {
        return if text.parse::<NaiveDate>().is_ok() { Ok(json!("<day>")) } else { wrong("day") };
    }
    if schema["pattern"] == "^[0-9]+$" {
        return if text.parse::<i64>().is_ok() { Ok(json!("<id>")) } else { wrong("id") };
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(&json!(text))) {
        return wrong("word of the enumeration");
    }
    Ok(shown(name, &json!(text)))
}

/// A value without what differs from time to time: days, long numbers and digests.
fn shown(name: &str, value: &Value) -> Value {
    match value {
        Value::String(_) if BY_CHANCE.contains(&name) => json!("<chance>"),
        Value::String(text) if text.len() == 10 && text.parse::<NaiveDate>().is_ok() => json!("<day>"),
        Value::String(text) => {
            let mut shown = String::new();
            let mut rest = text.as_str();
            while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
                let (before, word) = rest.split_at(at);
                let (word, behind) = word.split_at(word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len()));
                let differs = word.len() >= 5 && word.bytes().all(|b| b.is_ascii_digit())
                    || word.len() >= 28 && word.bytes().all(|b| b.is_ascii_hexdigit());
                shown.push_str(before);
                if differs && word.len() == 28 {
                    // A file's name begins with two directories: `/ab/cd/…`.
                    shown.truncate(shown.len() - "ab/cd/".len());
                }
                shown.push_str(if differs { "<n>" } else { word });
                rest = behind;
            }
            shown.push_str(rest);
            json!(shown)
        }
        Value::Number(number) if number.as_u64().is_some_and(|number| number > 1_000_000_000) => json!("<n>"),
        Value::Array(items) => items.iter().map(|item| shown(name, item)).collect(),
        Value::Object(pairs) => pairs.iter().map(|(key, value)| (key.clone(), shown(key, value))).collect(),
        other => other.clone(),
    }
}
