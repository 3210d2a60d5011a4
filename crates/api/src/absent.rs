//! What apps ask for at every start and Majlis does not have yet: answered truthfully, since an app that gets 404 here hides
//! whole features.

use actix_web::HttpResponse;
use serde_json::json;

use crate::auth::{User, Viewer, need};
use crate::error::{Error, Result};

/// A list of what belongs to a person and of which there is none.
pub async fn none(_user: User<need::Anything>) -> HttpResponse {
    HttpResponse::Ok().json(json!([]))
}

/// A list of what belongs to nobody and of which there is none.
pub async fn none_for_all(_viewer: Viewer<need::Anything>) -> HttpResponse {
    HttpResponse::Ok().json(json!([]))
}

/// `GET /api/v2/notifications/policy`: every notification is taken, none waits to be looked at.
pub async fn notifications_policy(_user: User<need::ReadNotifications>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "for_not_following": "accept",
        "for_not_followers": "accept",
        "for_new_accounts": "accept",
        "for_private_mentions": "accept",
        "for_limited_accounts": "accept",
        "for_bots": "accept",
        "summary": { "pending_requests_count": 0, "pending_notifications_count": 0 },
    }))
}

/// `GET /api/v1/push/subscription`: there is none; 404 is what Mastodon says then too.
pub async fn push_subscription(_user: User<need::Push>) -> Result<HttpResponse> {
    Err(Error::NotFound)
}
