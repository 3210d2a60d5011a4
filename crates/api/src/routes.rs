//! The route table: every endpoint, its methods and its handler. PUT stands wherever PATCH does, a trailing slash is the
//! same route, and an unknown path below `/api` answers 404 in JSON.

use actix_web::web::{self, PathConfig, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError as _, Scope};

use crate::error::Error;
use crate::{
    accounts, announcements, annual_reports, apps, async_refreshes, bookmark_folders, bookmarks, circles, collections,
    conversations, credentials, domain_blocks, drafts, endorsements, favourites, featured_tags, filters, filters_v1, instance,
    lists, markers, media, media_proxy, moves, newsletters, notification_groups, notification_policy, notification_requests,
    notifications, oauth, openapi, polls, preferences, push, quotes, reactions, registrations, relations, reports,
    scheduled_statuses, search, statuses, streaming, suggestions, tags, thread_watches, timelines, translations, trends,
};

/// Adds the API to an application. The application must hold an [`Api`](crate::Api) in its `app_data` and be wrapped, from
/// the inside out, with `from_fn(rate_limits::limit)`, `from_fn(cors::allow)` and `NormalizePath::trim()`.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.app_data(PathConfig::default().error_handler(|_, _| Error::NotFound.into()))
        .service(below("/api", api))
        .service(at("/media_proxy/{id}").get(media_proxy::original))
        .service(at("/media_proxy/{id}/{size}").get(media_proxy::picture))
        .service(at("/oauth/token").post(oauth::token))
        .service(at("/oauth/revoke").post(oauth::revoke))
        .service(at("/oauth/userinfo").get(oauth::userinfo).post(oauth::userinfo))
        .service(at("/.well-known/oauth-authorization-server").get(oauth::metadata));
}

/// Below `/api`. The first path that fits wins: what is spelt out stands before what has a variable in its place. What begins
/// alike stands together [`below`] its beginning: a request is then compared with a few beginnings and a few endings, and not
/// with the pattern of every path there is.
fn api(cfg: &mut ServiceConfig) {
    cfg.service(at("/openapi.json").get(openapi::document))
        .service(below("/v1/accounts", accounts))
        .service(below("/v1/statuses", statuses))
        .service(below("/v1/timelines", timelines))
        .service(below("/v1/notifications", notifications))
        .service(below("/v2/notifications", notifications_v2))
        .service(below("/v1/instance", instance))
        .service(below("/v1/streaming", streaming))
        .service(below("/ext/v1", extensions))
        .configure(people)
        .configure(keeping)
        .configure(reading)
        .configure(server);
}

/// People, and what they are to the viewer.
fn accounts(cfg: &mut ServiceConfig) {
    cfg.service(at("").post(registrations::create).get(accounts::many))
        .service(at("/verify_credentials").get(credentials::verify))
        .service(at("/update_credentials").patch(credentials::update).put(credentials::update))
        .service(at("/relationships").get(accounts::relationships))
        .service(at("/familiar_followers").get(accounts::familiar_followers))
        .service(at("/search").get(accounts::search))
        .service(at("/lookup").get(accounts::look_up))
        .service(below("/{id}", account));
}

fn account(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(accounts::get))
        .service(at("/statuses").get(accounts::statuses))
        .service(at("/followers").get(accounts::followers))
        .service(at("/following").get(accounts::following))
        .service(at("/lists").get(accounts::lists))
        .service(at("/featured_tags").get(featured_tags::of_account))
        .service(at("/email_subscriptions").post(newsletters::subscribe))
        .service(at("/follow").post(relations::follow))
        .service(at("/unfollow").post(relations::unfollow))
        .service(at("/remove_from_followers").post(relations::remove_from_followers))
        .service(at("/block").post(relations::block))
        .service(at("/unblock").post(relations::unblock))
        .service(at("/mute").post(relations::mute))
        .service(at("/unmute").post(relations::unmute))
        .service(at("/note").post(relations::note))
        .service(at("/identity_proofs").get(accounts::identity_proofs))
        .service(at("/endorse").post(endorsements::add))
        .service(at("/unendorse").post(endorsements::remove))
        .service(at("/pin").post(endorsements::add))
        .service(at("/unpin").post(endorsements::remove))
        .service(at("/endorsements").get(endorsements::list))
        .configure(collections_of_account);
}

fn collections_of_account(cfg: &mut ServiceConfig) {
    cfg.service(at("/collections").get(collections::of_account)).service(at("/in_collections").get(collections::featuring));
}

/// What somebody is to others, and shows on the profile.
fn people(cfg: &mut ServiceConfig) {
    cfg.service(at("/v2/suggestions").get(suggestions::suggest))
        .service(at("/v1/suggestions").get(suggestions::accounts))
        .service(at("/v1/suggestions/{account_id}").delete(suggestions::dismiss))
        .service(at("/v1/directory").get(suggestions::directory))
        .service(at("/v1/featured_tags").get(featured_tags::own).post(featured_tags::create))
        .service(at("/v1/featured_tags/suggestions").get(featured_tags::suggestions))
        .service(at("/v1/featured_tags/{id}").delete(featured_tags::delete))
        .service(at("/v1/endorsements").get(endorsements::own))
        .service(at("/v1/profile").get(credentials::profile).patch(credentials::update_profile).put(credentials::update_profile))
        .service(at("/v1/profile/avatar").delete(credentials::delete_avatar))
        .service(at("/v1/profile/header").delete(credentials::delete_header))
        .service(below("/v1/follow_requests", follow_requests))
        .service(at("/v1/blocks").get(relations::blocked))
        .service(at("/v1/mutes").get(relations::muted))
        .service(at("/v1/domain_blocks").get(domain_blocks::list).post(domain_blocks::block).delete(domain_blocks::unblock))
        .service(at("/v1/domain_blocks/preview").get(domain_blocks::preview))
        .service(below("/v1/collections", collections))
        .service(below("/v1_alpha/collections", collections))
        .service(below("/v1_alpha/accounts/{id}", collections_of_account))
        .service(at("/pleroma/aliases").get(moves::aliases).put(moves::add_alias).delete(moves::remove_alias))
        .service(at("/pleroma/move_account").post(moves::go))
        .service(at("/v1/reports").post(reports::create));
}

fn follow_requests(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(relations::requests))
        .service(at("/{id}/authorize").post(relations::authorize))
        .service(at("/{id}/reject").post(relations::reject));
}

fn collections(cfg: &mut ServiceConfig) {
    cfg.service(at("").post(collections::create))
        .service(
            at("/{id}").get(collections::show).patch(collections::change).put(collections::change).delete(collections::delete),
        )
        .service(at("/{id}/items").post(collections::add))
        .service(at("/{id}/items/{item}").delete(collections::remove))
        .service(at("/{id}/items/{item}/revoke").post(collections::revoke));
}

/// What somebody keeps.
fn keeping(cfg: &mut ServiceConfig) {
    cfg.service(below("/v1/annual_reports", annual_reports))
        .service(below("/v1/pleroma/bookmark_folders", bookmark_folders))
        .service(at("/v1/bookmarks").get(bookmarks::list))
        .service(at("/v1/favourites").get(favourites::list))
        .service(below("/v1/lists", lists))
        .service(at("/v1/markers").get(markers::get).post(markers::set))
        .service(below("/v2/filters", filters))
        .service(below("/v1/filters", filters_v1));
}

fn annual_reports(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(annual_reports::index))
        .service(at("/{year}").get(annual_reports::show))
        .service(at("/{year}/state").get(annual_reports::state))
        .service(at("/{year}/read").post(annual_reports::read))
        .service(at("/{year}/generate").post(annual_reports::generate));
}

fn bookmark_folders(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(bookmark_folders::all).post(bookmark_folders::create))
        .service(at("/{id}").patch(bookmark_folders::change).put(bookmark_folders::change).delete(bookmark_folders::delete));
}

fn lists(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(lists::all).post(lists::create))
        .service(at("/{id}").get(lists::get).put(lists::change).patch(lists::change).delete(lists::delete))
        .service(at("/{id}/accounts").get(lists::members).post(lists::add).delete(lists::remove));
}

fn filters(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(filters::all).post(filters::create))
        .service(
            at("/keywords/{id}")
                .get(filters::keyword)
                .put(filters::change_keyword)
                .patch(filters::change_keyword)
                .delete(filters::delete_keyword),
        )
        .service(at("/statuses/{id}").get(filters::status).delete(filters::delete_status))
        .service(at("/{id}").get(filters::get).put(filters::change).patch(filters::change).delete(filters::delete))
        .service(at("/{id}/keywords").get(filters::keywords).post(filters::add_keyword))
        .service(at("/{id}/statuses").get(filters::statuses).post(filters::add_status));
}

fn filters_v1(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(filters_v1::all).post(filters_v1::create))
        .service(at("/{id}").get(filters_v1::get).put(filters_v1::change).patch(filters_v1::change).delete(filters_v1::delete));
}

/// What the server says of itself, and to apps.
fn server(cfg: &mut ServiceConfig) {
    cfg.service(at("/v2/instance").get(instance::v2))
        .service(at("/v1/apps").post(apps::create))
        .service(at("/v1/apps/verify_credentials").get(apps::verify_credentials))
        .service(at("/v1/emails/confirmations").post(registrations::resend_confirmation))
        .service(at("/v1/emails/check_confirmation").get(registrations::check_confirmation))
        .service(at("/v1/preferences").get(preferences::show))
        .service(at("/v1/donation_campaigns").get(instance::donation_campaigns))
        .service(at("/v1/peers/search").get(instance::peers_search))
        .service(at("/v1/custom_emojis").get(instance::custom_emojis))
        .service(below("/v1/announcements", announcements))
        .service(
            at("/v1/push/subscription")
                .post(push::create)
                .get(push::show)
                .put(push::change)
                .patch(push::change)
                .delete(push::delete),
        )
        .service(at("/v1_alpha/async_refreshes/{id}").get(async_refreshes::show));
}

fn instance(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(instance::v1))
        .service(at("/rules").get(instance::rules))
        .service(at("/extended_description").get(instance::extended_description))
        .service(at("/privacy_policy").get(instance::privacy_policy))
        .service(at("/terms_of_service").get(instance::terms_of_service))
        .service(at("/terms_of_service/{date}").get(instance::terms_of_day))
        .service(at("/peers").get(instance::peers))
        .service(at("/activity").get(instance::activity))
        .service(at("/domain_blocks").get(instance::domain_blocks))
        .service(at("/translation_languages").get(instance::translation_languages))
        .service(at("/languages").get(instance::languages));
}

fn announcements(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(announcements::list))
        .service(at("/{id}/dismiss").post(announcements::dismiss))
        .service(at("/{id}/reactions/{name}").put(announcements::react).delete(announcements::unreact));
}

/// Statuses, and what is done to them.
fn statuses(cfg: &mut ServiceConfig) {
    cfg.service(at("").post(statuses::create).get(statuses::show_many)).service(below("/{id}", status));
}

fn status(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(statuses::show).put(statuses::edit).patch(statuses::edit).delete(statuses::delete))
        .service(at("/context").get(statuses::context))
        .service(at("/card").get(statuses::card))
        .service(at("/translate").post(translations::translate))
        .service(at("/history").get(statuses::history))
        .service(at("/source").get(statuses::source))
        .service(at("/favourite").post(statuses::like))
        .service(at("/unfavourite").post(statuses::unlike))
        .service(at("/reblog").post(statuses::boost))
        .service(at("/unreblog").post(statuses::unboost))
        .service(at("/bookmark").post(statuses::bookmark))
        .service(at("/unbookmark").post(statuses::unbookmark))
        .service(at("/mute").post(statuses::mute))
        .service(at("/unmute").post(statuses::unmute))
        .service(at("/pin").post(statuses::pin))
        .service(at("/unpin").post(statuses::unpin))
        .service(at("/favourited_by").get(statuses::liked_by))
        .service(at("/reblogged_by").get(statuses::boosted_by))
        .service(at("/quotes").get(quotes::list))
        .service(at("/quotes/{quoting}/revoke").post(quotes::revoke))
        .service(at("/interaction_policy").put(quotes::set_policy).patch(quotes::set_policy))
        .service(at("/react/{emoji}").post(reactions::add))
        .service(at("/unreact/{emoji}").post(reactions::remove));
}

fn reactions(cfg: &mut ServiceConfig) {
    cfg.service(at("/reactions").get(reactions::list))
        .service(at("/reactions/{emoji}").get(reactions::list_one).put(reactions::add).delete(reactions::remove));
}

/// Uploads, polls, what is to be said later, tags, conversations, and searches.
fn reading(cfg: &mut ServiceConfig) {
    cfg.service(at("/v2/search").get(search::search_all))
        .service(at("/v1/search").get(search::search_first))
        .service(at("/v2/media").post(media::create))
        .service(at("/v1/media").post(media::create_and_wait))
        .service(at("/v1/media/{id}").get(media::show).put(media::change).patch(media::change).delete(media::delete))
        .service(at("/v1/polls/{id}").get(polls::show))
        .service(at("/v1/polls/{id}/votes").post(polls::vote))
        .service(below("/v1/scheduled_statuses", scheduled_statuses))
        .service(below("/v1/pleroma/statuses/{id}", reactions))
        .service(below("/v2_alpha/notifications", notification_groups))
        .service(below("/v1/tags/{name}", tag))
        .service(at("/v1/followed_tags").get(tags::followed))
        .service(below("/v1/conversations", conversations))
        .service(below("/v1/trends", trends));
}

fn scheduled_statuses(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(scheduled_statuses::list)).service(
        at("/{id}")
            .get(scheduled_statuses::show)
            .put(scheduled_statuses::change)
            .patch(scheduled_statuses::change)
            .delete(scheduled_statuses::cancel),
    );
}

fn timelines(cfg: &mut ServiceConfig) {
    cfg.service(at("/home").get(timelines::home))
        .service(at("/direct").get(timelines::direct))
        .service(at("/public").get(timelines::public))
        .service(at("/link").get(timelines::link))
        .service(at("/tag/{hashtag}").get(timelines::tag))
        .service(at("/list/{id}").get(timelines::list));
}

fn notifications(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(notifications::index))
        .service(at("/clear").post(notifications::clear))
        .service(at("/dismiss").post(notifications::dismiss_named))
        .service(at("/unread_count").get(notifications::unread_count))
        .service(
            at("/policy")
                .get(notification_policy::old)
                .patch(notification_policy::change_old)
                .put(notification_policy::change_old),
        )
        .service(at("/requests").get(notification_requests::index))
        .service(at("/requests/accept").post(notification_requests::accept_many))
        .service(at("/requests/dismiss").post(notification_requests::dismiss_many))
        .service(at("/requests/merged").get(notification_requests::merged))
        .service(at("/requests/{id}").get(notification_requests::show))
        .service(at("/requests/{id}/accept").post(notification_requests::accept))
        .service(at("/requests/{id}/dismiss").post(notification_requests::dismiss))
        .service(at("/{id}").get(notifications::show))
        .service(at("/{id}/dismiss").post(notifications::dismiss));
}

fn notifications_v2(cfg: &mut ServiceConfig) {
    cfg.service(at("/clear").post(notifications::clear))
        .service(at("/policy").get(notification_policy::show).patch(notification_policy::change).put(notification_policy::change))
        .configure(notification_groups)
        .service(at("/{group_key}/accounts").get(notification_groups::people));
}

fn notification_groups(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(notification_groups::index))
        .service(at("/unread_count").get(notification_groups::unread_count))
        .service(at("/{group_key}").get(notification_groups::show))
        .service(at("/{group_key}/dismiss").post(notification_groups::dismiss));
}

fn tag(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(tags::show))
        .service(at("/follow").post(tags::follow))
        .service(at("/unfollow").post(tags::unfollow))
        .service(at("/feature").post(tags::feature))
        .service(at("/unfeature").post(tags::unfeature));
}

fn conversations(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(conversations::list))
        .service(at("/{id}").delete(conversations::delete))
        .service(at("/{id}/read").post(conversations::read))
        .service(at("/{id}/unread").post(conversations::unread));
}

fn trends(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(trends::tags))
        .service(at("/tags").get(trends::tags))
        .service(at("/statuses").get(trends::statuses))
        .service(at("/links").get(trends::links));
}

fn streaming(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(streaming::socket))
        .service(at("/health").get(streaming::health))
        .service(at("/user").get(streaming::user))
        .service(at("/user/notification").get(streaming::user_notification))
        .service(at("/public").get(streaming::public))
        .service(at("/public/local").get(streaming::public_local))
        .service(at("/public/remote").get(streaming::public_remote))
        .service(at("/hashtag").get(streaming::hashtag))
        .service(at("/hashtag/local").get(streaming::hashtag_local))
        .service(at("/list").get(streaming::list))
        .service(at("/direct").get(streaming::direct));
}

/// Our own extensions.
fn extensions(cfg: &mut ServiceConfig) {
    cfg.service(below("/drafts", drafts))
        .service(below("/bookmark_folders", bookmark_folders))
        .service(below("/circles", circles))
        .service(below("/statuses/{id}", extensions_of_status));
}

fn drafts(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(drafts::list).post(drafts::create))
        .service(at("/{id}").get(drafts::show).put(drafts::change).patch(drafts::change).delete(drafts::delete));
}

fn circles(cfg: &mut ServiceConfig) {
    cfg.service(at("").get(circles::all).post(circles::create))
        .service(at("/{id}").get(circles::show).put(circles::change).patch(circles::change).delete(circles::delete))
        .service(at("/{id}/accounts").get(circles::members).post(circles::add).delete(circles::remove));
}

fn extensions_of_status(cfg: &mut ServiceConfig) {
    cfg.configure(reactions)
        .service(at("/watch").post(thread_watches::watch))
        .service(at("/unwatch").post(thread_watches::unwatch));
}

/// A path, to which methods and handlers are added. Any other method is 405.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(wrong_method))
}

/// The paths that begin like this.
fn below(path: &str, routes: fn(&mut ServiceConfig)) -> Scope {
    web::scope(path).configure(routes).default_service(web::to(unknown))
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
    async fn a_path_with_u0000_is_refused_or_not_found() {
        let app = TestApp::new();
        let me = app.user("me").await;
        for path in ["/api/v1/tags/a%00b", "/api/v1/timelines/tag/a%00b", "/api/v2/notifications/a%00b"] {
            assert!(!me.get(path).await.status.is_server_error(), "{path}");
        }
    }

    #[actix_web::test]
    async fn a_trailing_slash_is_the_same_route() {
        let app = TestApp::new();
        assert_eq!(app.anonymous().get("/.well-known/oauth-authorization-server/").await.status, 200);
    }
}
