//! The route table: every endpoint, its methods and its handler. PUT stands wherever PATCH does, a trailing slash is the
//! same route, and an unknown path below `/api` answers 404 in JSON.

use actix_web::web::{self, PathConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};

use crate::error::Error;

/// Adds the API to an application. The application must hold an [`Api`](crate::Api) in its `app_data` and be wrapped, from
/// the inside out, with `from_fn(rate_limits::limit)`, `from_fn(cors::allow)` and `NormalizePath::trim()`.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.app_data(PathConfig::default().error_handler(|_, _| Error::NotFound.into()));
    cfg.service(web::scope("/api").configure(api).default_service(web::to(nowhere)));
}

/// Below `/api`.
fn api(_cfg: &mut ServiceConfig) {}

/// Not a route of ours; or one of ours by another method, which actix sends here too once a resource knows the path.
async fn nowhere(_req: HttpRequest) -> HttpResponse {
    Error::NotFound.error_response()
}
