//! The route table: every endpoint, its methods and its handler. PUT stands wherever PATCH does, a trailing slash is the
//! same route, and an unknown path below `/api` answers 404 in JSON.

use actix_web::web::{self, PathConfig, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError as _};

use crate::error::Error;
use crate::{apps, oauth, preferences, registrations};

/// Adds the API to an application. The application must hold an [`Api`](crate::Api) in its `app_data` and be wrapped, from
/// the inside out, with `from_fn(rate_limits::limit)`, `from_fn(cors::allow)` and `NormalizePath::trim()`.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.app_data(PathConfig::default().error_handler(|_, _| Error::NotFound.into()))
        .service(web::scope("/api").configure(api).default_service(web::to(unknown)))
        .service(at("/oauth/token").post(oauth::token))
        .service(at("/oauth/revoke").post(oauth::revoke))
        .service(at("/oauth/userinfo").get(oauth::userinfo).post(oauth::userinfo))
        .service(at("/.well-known/oauth-authorization-server").get(oauth::metadata));
}

/// Below `/api`. The first path that fits wins: what is spelt out stands before what has a variable in its place.
fn api(cfg: &mut ServiceConfig) {
    cfg.service(at("/v1/apps").post(apps::create))
        .service(at("/v1/apps/verify_credentials").get(apps::verify_credentials))
        .service(at("/v1/accounts").post(registrations::create))
        .service(at("/v1/emails/confirmations").post(registrations::resend_confirmation))
        .service(at("/v1/emails/check_confirmation").get(registrations::check_confirmation))
        .service(at("/v1/preferences").get(preferences::show));
}

/// A path, to which methods and handlers are added. Any other method is 405.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(wrong_method))
}

/// Not a route of ours.
async fn unknown() -> HttpResponse {
    Error::NotFound.error_response()
}

/// A route of ours by another method.
async fn wrong_method() -> HttpResponse {
    Error::MethodNotAllowed.error_response()
}

#[cfg(test)]
mod tests {
    use crate::testing::TestApp;

    #[actix_web::test]
    async fn what_is_not_there_is_told_in_json() {
        let app = TestApp::new();
        let nobody = app.anonymous();
        for path in ["/api/v1/nothing", "/api/v9", "/api"] {
            let answer = nobody.get(path).await;
            assert_eq!((answer.status.as_u16(), &answer.json["error"]), (404, &"Record not found".into()), "{path}");
        }
        let answer = nobody.get("/api/v1/apps").await;
        assert_eq!((answer.status.as_u16(), &answer.json["error"]), (405, &"Method not allowed".into()));
    }

    #[actix_web::test]
    async fn a_trailing_slash_is_the_same_route() {
        let app = TestApp::new();
        assert_eq!(app.anonymous().get("/.well-known/oauth-authorization-server/").await.status, 200);
    }
}
