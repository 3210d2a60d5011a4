//! What apps ask for at every start and Majlis does not have yet: answered truthfully, since an app that gets 404 here hides
//! whole features.

use actix_web::HttpResponse;
use serde_json::json;

use crate::auth::{User, Viewer, need};

/// A list of what belongs to a person and of which there is none.
pub async fn none(_user: User<need::Anything>) -> HttpResponse {
    HttpResponse::Ok().json(json!([]))
}

/// A list of what belongs to nobody and of which there is none.
pub async fn none_for_all(_viewer: Viewer<need::Anything>) -> HttpResponse {
    HttpResponse::Ok().json(json!([]))
}
