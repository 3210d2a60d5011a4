//! The route table of the pages.

use actix_web::dev::RequestHead;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, Resource};

use crate::error::{Error, Result};
use crate::frame::Visit;
use crate::{
    about, archive, assets, authorize, collection, compose, confirmations, data, feed, forgotten, frame, front, interact, log_in,
    moving, newsletters, passkeys, post, profile, rss, second_step, security, settings, sign_up,
};

/// Adds the pages to an application, which must hold a [`Web`](crate::Web) in its `app_data` and be wrapped with
/// `NormalizePath::trim()`. Some addresses have an ActivityPub form too: federation, which takes only requests for that, is
/// configured before.
pub fn configure(cfg: &mut ServiceConfig) {
    assets::configure(cfg);
    cfg.service(page("/").route(web::get().to(front::show)));
    cfg.service(page("/about").route(web::get().to(about::show)));
    cfg.service(page("/privacy-policy").route(web::get().to(about::privacy)));
    cfg.service(page("/terms-of-service").route(web::get().to(about::terms)));
    cfg.service(page("/terms-of-service/{date}").route(web::get().to(about::terms_of_day)));
    cfg.service(page("/auth/sign_in").route(web::get().to(log_in::form)).route(web::post().to(log_in::submit)));
    cfg.service(page("/auth/sign_out").route(web::post().to(log_in::out)));
    cfg.service(page("/auth/sign_up").route(web::get().to(sign_up::form)).route(web::post().to(sign_up::submit)));
    cfg.service(
        page("/auth/confirmation").route(web::get().to(confirmations::ask)).route(web::post().to(confirmations::confirm)),
    );
    cfg.service(
        page("/auth/confirmation/new").route(web::get().to(confirmations::form)).route(web::post().to(confirmations::again)),
    );
    cfg.service(page("/auth/setup").route(web::post().to(confirmations::mend)));
    cfg.service(page("/auth/password/new").route(web::get().to(forgotten::form)));
    cfg.service(page("/auth/password").route(web::post().to(forgotten::submit)));
    cfg.service(page("/auth/password/edit").route(web::get().to(forgotten::edit)).route(web::post().to(forgotten::choose)));
    cfg.service(page("/auth/welcome").route(web::get().to(sign_up::welcome)));
    cfg.service(page(settings::PATH).route(web::get().to(settings::show)));
    // Where password managers (well-known URL for changing passwords) and Mastodon's apps look for it.
    for path in ["/.well-known/change-password", "/auth/edit"] {
        cfg.service(web::redirect(path, settings::PATH));
    }
    cfg.service(page("/settings/password").route(web::post().to(settings::password)));
    cfg.service(page("/auth/deleted").route(web::get().to(data::deleted)));
    cfg.service(page(data::PATH).route(web::get().to(data::show)));
    cfg.service(page(moving::PATH).route(web::get().to(moving::show)).route(web::post().to(moving::go)));
    cfg.service(page("/settings/moving/aliases").route(web::post().to(moving::add)));
    cfg.service(page("/settings/moving/aliases/remove").route(web::post().to(moving::remove)));
    cfg.service(page("/settings/moving/stay").route(web::post().to(moving::stay)));
    cfg.service(page("/settings/exports/{file}").route(web::get().to(data::export)));
    cfg.service(page("/settings/archives").route(web::post().to(archive::ask)));
    cfg.service(page("/settings/archives/{id}").route(web::get().to(archive::fetch)));
    cfg.service(page("/settings/import").route(web::post().to(data::import)));
    cfg.service(page("/settings/email").route(web::get().to(data::email)).route(web::post().to(data::change_email)));
    cfg.service(page("/settings/delete").route(web::get().to(data::farewell)).route(web::post().to(data::delete)));
    cfg.service(page("/auth/second_step").route(web::post().to(second_step::submit)));
    cfg.service(page("/auth/passkey").route(web::post().to(passkeys::log_in)));
    cfg.service(page(security::PATH).route(web::get().to(security::show)));
    cfg.service(
        page("/settings/security/codes").route(web::get().to(security::set_up)).route(web::post().to(security::switch_on)),
    );
    cfg.service(page("/settings/security/codes/off").route(web::post().to(security::switch_off)));
    cfg.service(page("/settings/security/recovery").route(web::post().to(security::renew)));
    cfg.service(page("/settings/security/passkeys").route(web::post().to(passkeys::add)));
    cfg.service(page("/settings/security/passkeys/{id}/remove").route(web::post().to(passkeys::remove)));
    cfg.service(page("/settings/sessions/others/end").route(web::post().to(settings::end_others)));
    cfg.service(page("/settings/sessions/{hash}/end").route(web::post().to(settings::end)));
    cfg.service(page("/settings/apps/{id}/revoke").route(web::post().to(settings::revoke)));
    cfg.service(page("/settings/newsletter").route(web::post().to(settings::newsletter)));
    cfg.service(page(newsletters::CONFIRM).route(web::get().to(newsletters::ask)).route(web::post().to(newsletters::confirm)));
    cfg.service(page(newsletters::LEAVE).route(web::get().to(newsletters::farewell)).route(web::post().to(newsletters::leave)));
    cfg.service(page("/invite/{code}").route(web::get().to(sign_up::invited)));
    cfg.service(page("/oauth/authorized_applications").route(web::get().to(settings::show)));
    cfg.service(page("/oauth/authorized_applications/{id}").route(web::delete().to(settings::revoke)));
    cfg.service(
        page("/oauth/authorize")
            .route(web::get().to(authorize::ask))
            .route(web::post().to(authorize::decide))
            .route(web::delete().to(authorize::deny)),
    );
    cfg.service(page("/share").route(web::get().to(compose::share)).route(web::post().to(compose::publish)));
    cfg.service(page("/intent").route(web::get().to(compose::intent)));
    cfg.service(page("/authorize_interaction").route(web::get().to(interact::show)).route(web::post().to(interact::act)));
    cfg.service(page("/oauth/authorize/native").route(web::get().to(authorize::native)));
    cfg.service(page("/public/local").route(web::get().to(feed::local)));
    cfg.service(page("/tags/{name}.rss").route(web::get().to(rss::hashtag)));
    cfg.service(page("/tags/{name}").route(web::get().to(feed::hashtag)));
    cfg.service(page("/users/{name}").route(web::get().to(profile::redirect)));
    cfg.service(page("/users/{name}/statuses/{id}").route(web::get().to(post::redirect)));
    cfg.service(page("/@{name}/with_replies.rss").route(web::get().to(rss::replies)));
    cfg.service(page("/@{name}/media.rss").route(web::get().to(rss::media)));
    cfg.service(page("/@{name}/tagged/{tag}.rss").route(web::get().to(rss::tagged)));
    cfg.service(page("/@{name}/tagged/{tag}").route(web::get().to(profile::tagged)));
    cfg.service(page("/@{name}/with_replies").route(web::get().to(profile::replies)));
    cfg.service(page("/@{name}/media").route(web::get().to(profile::media)));
    cfg.service(
        page("/@{name}/newsletter").route(web::get().to(newsletters::form)).route(web::post().to(newsletters::subscribe)),
    );
    cfg.service(page("/users/{name}/collections/{id}").route(web::get().to(collection::redirect)));
    cfg.service(page("/@{name}/collections/{id}").route(web::get().to(collection::show)));
    cfg.service(page("/@{name}/{id}/embed").route(web::get().to(post::embed)));
    cfg.service(page("/@{name}/{id}").route(web::get().to(post::show)));
    cfg.service(page("/@{name}.rss").route(web::get().to(rss::person)));
    cfg.service(page("/@{name}").route(web::get().to(profile::posts)));
    cfg.route("/api/oembed", web::get().to(post::oembed));
}

/// What a visitor gets at an address that nothing answers: for the application's `default_service`.
///
/// # Errors
/// Always [`Error::NotFound`], as a page for browsers and without one for programs.
pub async fn nowhere(req: HttpRequest) -> Result<HttpResponse> {
    if accepts(req.head()).any(|(kind, _)| kind == "text/html") {
        // Whoever is logged in is so here too; a page about nothing is shown in any case.
        let _ = Visit::extract(&req).await;
        return frame::error_page(&req, &Error::NotFound);
    }
    Ok(HttpResponse::NotFound().finish())
}

/// A resource whose errors are pages.
fn page(
    path: &str,
) -> Resource<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<actix_web::body::BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    web::resource(path).wrap(from_fn(frame::dress))
}

/// The media types of `Accept`, with their weights.
fn accepts(head: &RequestHead) -> impl Iterator<Item = (&str, f32)> {
    head.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(
        |range| {
            let mut parts = range.split(';');
            let kind = parts.next().unwrap_or("").trim();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            (kind, weight)
        },
    )
}
