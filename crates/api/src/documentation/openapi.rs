//! `docs/openapi.json` (OpenAPI 3.1), which the server serves at `/api/openapi.json`: every route, who may call it, what it
//! takes and what it answers, made from the handlers' signatures and the types in them.

use std::iter;

use serde_json::{Map, Value, json};
use syn::{ItemFn, ReturnType, Type};

use super::types::{Types, Way, documentation};
use super::{Route, argument, generic, is_stream, scopes_of};

/// The whole document.
pub(super) fn document(routes: &[Route], types: &mut Types) -> String {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let path = route.path.split('/').map(|part| part.strip_prefix(':').map_or(part.to_owned(), |name| format!("{{{name}}}")));
        let path = path.collect::<Vec<_>>().join("/");
        let operation = operation(types, route);
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[route.method.to_lowercase()] = operation;
    }
    let mut schemas: Map<String, Value> = std::mem::take(&mut types.named).into_iter().collect();
    schemas.insert("Error".to_owned(), error());
    // What stands written out in something else is not referred to.
    let referred = json!([paths, schemas]).to_string();
    schemas.retain(|name, _| name == "Error" || referred.contains(&format!("/schemas/{name}\"")));
    let scopes: Map<String, Value> =
        majlis_local::scopes::Scope::ALL.iter().map(|scope| (scope.word().to_owned(), json!(scope.word()))).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Majlis",
            "summary": "Mastodon's client API and Majlis's extensions",
            "description": "Parameters come as JSON, as a form, as multipart or in the query string, whatever the method. \
                            Lists page by the Link header.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Error": {
                    "description": "Why not: 401 without a token that is good, 403 outside its scopes or rights, 404 for what is not \
                                    there or not to be seen, 422 for what is wrong in the request, 429 for too much.",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
                },
            },
            "securitySchemes": {
                "OAuth": {
                    "type": "oauth2",
                    "flows": { "authorizationCode": { "authorizationUrl": "/oauth/authorize", "tokenUrl": "/oauth/token", "scopes": scopes } },
                },
            },
        },
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap();
    text.push('\n');
    text
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": { "type": "string" },
            "error_description": { "type": "string" },
            "details": {
                "type": "object",
                "description": "By field, what is wrong with it.",
                "additionalProperties": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["error", "description"],
                        "properties": { "error": { "type": "string" }, "description": { "type": "string" } },
                    },
                },
            },
        },
    })
}

fn operation(types: &mut Types, route: &Route) -> Value {
    let (module, function) = route.handler.rsplit_once("::").unwrap();
    let handler = types.function(module, function).clone();
    let mut operation = json!({
        "operationId": format!("{}_{}", route.method.to_lowercase(), slug(&route.path)),
        "tags": [module.split("::").next().unwrap()],
    });
    if let Some(text) = documentation(&handler.attrs) {
        operation["description"] = json!(text);
    }
    if let Some(security) = security(&handler) {
        operation["security"] = security;
    }
    let mut parameters: Vec<Value> = Vec::new();
    path_parameters(types, module, route, &handler, &mut parameters);
    if let Some(params) = argument(&handler, "Params") {
        let schema = types.schema(module, &params, Way::In);
        if matches!(route.method.as_str(), "POST" | "PUT" | "PATCH") {
            operation["requestBody"] = body(&schema);
        } else {
            query_parameters(&schema, &mut parameters);
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    let mut responses = answers(types, module, &handler);
    responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Error" }));
    operation["responses"] = json!(responses);
    operation
}

/// `get` of `/api/v1/lists/:id` becomes `api_v1_lists_id`.
fn slug(path: &str) -> String {
    path.split('/')
        .map(|part| part.trim_start_matches(':'))
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("_")
        .replace(['.', '-'], "_")
}

/// Who may call: nobody in particular, whoever has one of these scopes, or both.
fn security(handler: &ItemFn) -> Option<Value> {
    for (extractor, open) in [("User", false), ("Client", false), ("Viewer", true)] {
        let Some(need) = argument(handler, extractor) else { continue };
        let scopes = scopes_of(&need);
        let mut ways: Vec<Value> = if scopes.is_empty() {
            vec![json!({ "OAuth": [] })]
        } else {
            scopes.iter().map(|scope| json!({ "OAuth": [scope] })).collect()
        };
        if open {
            ways.insert(0, json!({}));
        }
        return Some(json!(ways));
    }
    None
}

fn path_parameters(types: &mut Types, module: &str, route: &Route, handler: &ItemFn, parameters: &mut Vec<Value>) {
    let names: Vec<&str> = route.path.split('/').filter_map(|part| part.strip_prefix(':')).collect();
    let kinds: Vec<Type> = match argument(handler, "Path") {
        Some(Type::Tuple(tuple)) => tuple.elems.into_iter().collect(),
        Some(kind) => vec![kind],
        None => Vec::new(),
    };
    for (position, name) in names.into_iter().enumerate() {
        let schema = kinds.get(position).map_or_else(|| json!({ "type": "string" }), |kind| types.schema(module, kind, Way::In));
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
}

/// A list goes as `name[]=1&name[]=2`.
fn query_parameters(schema: &Value, parameters: &mut Vec<Value>) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let is_list = schema["type"] == "array" || schema["type"][0] == "array";
        let sent = if is_list { format!("{name}[]") } else { name.clone() };
        let mut parameter = json!({ "name": sent, "in": "query", "schema": schema });
        if required.contains(&name.as_str()) {
            parameter["required"] = json!(true);
        }
        parameters.push(parameter);
    }
}

fn body(schema: &Value) -> Value {
    let has_file = schema.to_string().contains("\"binary\"");
    let mut content = Map::new();
    if has_file {
        content.insert("multipart/form-data".to_owned(), json!({ "schema": schema }));
    } else {
        for kind in ["application/json", "application/x-www-form-urlencoded"] {
            content.insert(kind.to_owned(), json!({ "schema": schema }));
        }
    }
    json!({ "content": content })
}

/// What answers with no entity: its status and its media type, by handler.
const WITHOUT_ENTITY: [(&str, &str, &str); 5] = [
    ("media_proxy::picture", "200", "image/*"),
    ("media_proxy::original", "200", "image/*"),
    ("openapi::document", "200", "application/json"),
    ("streaming::health", "200", "text/plain"),
    ("instance::donation_campaigns", "204", ""),
];

/// The good answers, by status: of `Result<Json<T>>`, of `Result<Paged<T>>` and the like.
fn answers(types: &mut Types, module: &str, handler: &ItemFn) -> Map<String, Value> {
    let name = format!("{module}::{}", handler.sig.ident);
    if is_stream(&name) {
        let events =
            json!({ "description": "Events, for as long as the client listens.", "content": { "text/event-stream": {} } });
        return iter::once(("200".to_owned(), events)).collect();
    }
    if let Some((_, status, kind)) = WITHOUT_ENTITY.iter().find(|(handler, ..)| *handler == name) {
        let mut answer = json!({ "description": "As documented." });
        if !kind.is_empty() {
            answer["content"] = json!({ *kind: {} });
        }
        return iter::once(((*status).to_owned(), answer)).collect();
    }
    let ReturnType::Type(_, ty) = &handler.sig.output else { panic!("{name} answers with nothing") };
    let ty = generic(ty, "Result").unwrap_or_else(|| (**ty).clone());
    let ty = generic(&ty, "CustomizeResponder").unwrap_or(ty);
    let page = match (generic(&ty, "Paged"), generic(&ty, "PagedWhole")) {
        (Some(row), _) => Some(json!({ "type": "array", "items": types.schema(module, &row, Way::Out) })),
        (None, Some(whole)) => Some(types.schema(module, &whole, Way::Out)),
        (None, None) => None,
    };
    let answer = if let Some(schema) = page {
        json!({
            "description": "A page; the Link header leads on.",
            "headers": { "Link": { "schema": { "type": "string" } } },
            "content": { "application/json": { "schema": schema } },
        })
    } else {
        let schema = types.schema(module, &ty, Way::Out);
        assert_ne!(schema, json!({}), "what {name} answers is not described: give it a type, or a line in WITHOUT_ENTITY");
        json!({ "description": "The answer.", "content": { "application/json": { "schema": schema } } })
    };
    // What is answered before it is done has the same shape.
    let said = documentation(&handler.attrs).unwrap_or_default();
    let statuses = ["200", "202", "206"].into_iter().filter(|status| *status == "200" || said.contains(status));
    statuses.map(|status| (status.to_owned(), answer.clone())).collect()
}

/// Every schema that is referred to is there, and what apps live by is described.
pub(super) fn check(text: &str) {
    let document: Value = serde_json::from_str(text).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(schemas.contains_key(name), "{name}");
    }
    for name in ["Status", "Account", "Notification", "Relationship", "MediaAttachment", "Poll"] {
        assert!(schemas.contains_key(name), "{name} is not described");
    }
}
