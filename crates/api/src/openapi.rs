//! `GET /api/openapi.json`: the API as OpenAPI 3.1, for programs that make or test clients.

use actix_web::HttpResponse;
use actix_web::http::header;

/// Made by the tests from the route table and the handlers (`documentation.rs`), so that it cannot say what is not there.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// `GET /api/openapi.json`: everything that is served below `/api` and `/oauth`, described in OpenAPI 3.1.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(DOCUMENT)
}
