//! What other servers read here: discovery, actors, posts, activities and collections, and the inboxes they write to.
//! The pages of the same URLs are crates/web's: [`wants_activity`] decides which of the two a request means.

mod accept;
mod actor;
mod collection;
mod discovery;
mod featured;
mod post;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use majlis_local::Error;
use majlis_local::ids::ActorId;

pub use accept::{accepts_activity, wants_activity};

use crate::inbox;
use crate::sig::{Headers, Request};
use crate::state::Federation;
use crate::vocab::document::{CONTENT_TYPE as ACTIVITY_JSON, Document};
use crate::vocab::to_json;

/// Adds the routes. The application must hold a `Data<Federation>` in its `app_data`. Routes under `/users` and `/@` answer
/// only those who ask for ActivityPub; the others fall through to the pages.
pub fn configure(cfg: &mut ServiceConfig) {
    let inbox =
        |path: &str| web::resource(path).app_data(PayloadConfig::new(inbox::MOST_BYTES)).route(web::post().to(inbox::receive));
    cfg.service(inbox("/inbox"))
        .service(inbox("/actor/inbox"))
        .service(inbox("/users/{name}/inbox"))
        .route("/.well-known/webfinger", web::get().to(discovery::webfinger))
        .route("/.well-known/host-meta", web::get().to(discovery::host_meta))
        .route("/.well-known/nodeinfo", web::get().to(discovery::nodeinfo_links))
        .route("/nodeinfo/{version:2\\.[01]}", web::get().to(discovery::nodeinfo))
        .route("/actor", web::get().to(actor::instance))
        .route("/actor/outbox", web::get().to(collection::nothing))
        .route("/users/{name}", web::get().guard(accept::activity()).to(actor::show))
        .route("/@{name}", web::get().guard(accept::activity_only()).to(actor::show))
        .route("/users/{name}/outbox", web::get().to(collection::outbox))
        .route("/users/{name}/followers", web::get().to(collection::followers))
        .route("/users/{name}/following", web::get().to(collection::following))
        .route("/users/{name}/collections/featured", web::get().to(collection::featured))
        .route("/users/{name}/collections/tags", web::get().to(collection::featured_tags))
        .route("/users/{name}/collections", web::get().to(featured::list))
        .route("/users/{name}/collections/{id:\\d+}", web::get().guard(accept::activity()).to(featured::show))
        .route("/@{name}/collections/{id:\\d+}", web::get().guard(accept::activity_only()).to(featured::show))
        .route("/users/{name}/collections/{id:\\d+}/items/{item:\\d+}", web::get().to(featured::item))
        .route("/users/{name}/feature_authorizations/{id:\\d+}", web::get().to(featured::stamp))
        .route("/users/{name}/statuses/{id}", web::get().guard(accept::activity()).to(post::show))
        .route("/@{name}/{id:\\d+}", web::get().guard(accept::activity_only()).to(post::show))
        .route("/users/{name}/statuses/{id}/activity", web::get().to(post::activity))
        .route("/users/{name}/statuses/{id}/replies", web::get().to(collection::replies))
        .route("/users/{name}/likes/{id}", web::get().to(post::like))
        .route("/users/{name}/quote_authorizations/{id}", web::get().to(post::quote_stamp))
        .route("/users/{name}/follows/{id}", web::get().to(actor::follow));
}

/// Who asks, if the request is signed and the signature holds; somebody unknown otherwise: what is public is for them too.
async fn viewer(federation: &Federation, req: &HttpRequest) -> Option<ActorId> {
    if !req.headers().contains_key("signature") {
        return None;
    }
    let request = Request {
        method: req.method().as_str(),
        path_and_query: req.uri().path_and_query().map_or("/", |pq| pq.as_str()),
        headers: Headers::from(req.headers()),
        body: b"",
    };
    federation.signed_by(&request).await.ok().map(|signer| signer.actor)
}

/// A document that everybody may have for some minutes, or (`private`) only who asked.
fn document<T: Document>(document: &T, private: bool) -> Answer {
    answer(StatusCode::OK, document, private)
}

fn answer<T: Document>(status: StatusCode, document: &T, private: bool) -> Answer {
    let body = to_json(document).map_err(|error| Refused(Error::internal(error)))?;
    respond(status, body, private)
}

/// A document that is written out already.
fn respond(status: StatusCode, body: String, private: bool) -> Answer {
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, ACTIVITY_JSON))
        .insert_header((CACHE_CONTROL, if private { "private, no-store" } else { "public, max-age=180" }))
        .insert_header((VARY, "accept, signature"))
        .body(body))
}

/// A handler's result.
type Answer = Result<HttpResponse, Refused>;

/// A [`majlis_local::Error`] as a peer hears it.
#[derive(Debug)]
struct Refused(Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl actix_web::ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::Invalid(_) => StatusCode::BAD_REQUEST,
            Error::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Error::Database(_) | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let text = match &self.0 {
            Error::Database(_) | Error::Internal(_) => {
                tracing::error!(error = %self.0, "a document could not be served");
                "Something went wrong here".to_owned()
            }
            error => error.to_string(),
        };
        HttpResponse::build(self.status_code()).json(serde_json::json!({ "error": text }))
    }
}
