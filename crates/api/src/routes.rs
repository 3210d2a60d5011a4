//! The route table: every endpoint, its methods and its handler. PUT stands wherever PATCH does, a trailing slash is the
//! same route, and an unknown path below `/api` answers 404 in JSON.

use actix_web::web::{self, PathConfig, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError as _};

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
        .service(web::scope("/api").configure(api).default_service(web::to(unknown)))
        .service(at("/media_proxy/{id}").get(media_proxy::original))
        .service(at("/media_proxy/{id}/{size}").get(media_proxy::picture))
        .service(at("/oauth/token").post(oauth::token))
        .service(at("/oauth/revoke").post(oauth::revoke))
        .service(at("/oauth/userinfo").get(oauth::userinfo).post(oauth::userinfo))
        .service(at("/.well-known/oauth-authorization-server").get(oauth::metadata));
}

/// Below `/api`. The first path that fits wins: what is spelt out stands before what has a variable in its place.
fn api(cfg: &mut ServiceConfig) {
    cfg.service(at("/openapi.json").get(openapi::document))
        .service(at("/v1/apps").post(apps::create))
        .service(at("/v1/apps/verify_credentials").get(apps::verify_credentials))
        .service(at("/v1/emails/confirmations").post(registrations::resend_confirmation))
        .service(at("/v1/emails/check_confirmation").get(registrations::check_confirmation))
        .service(at("/v1/preferences").get(preferences::show))
        .configure(people)
        .configure(instance)
        .configure(statuses)
        .configure(extensions)
        .configure(reading);
}

/// People, what they are to one another, and what somebody keeps.
fn people(cfg: &mut ServiceConfig) {
    cfg.service(at("/v1/accounts").post(registrations::create).get(accounts::many))
        .service(at("/v1/accounts/verify_credentials").get(credentials::verify))
        .service(at("/v1/accounts/update_credentials").patch(credentials::update).put(credentials::update))
        .service(at("/v1/accounts/relationships").get(accounts::relationships))
        .service(at("/v1/accounts/familiar_followers").get(accounts::familiar_followers))
        .service(at("/v1/accounts/search").get(accounts::search))
        .service(at("/v1/accounts/lookup").get(accounts::look_up))
        .service(at("/v1/accounts/{id}").get(accounts::get))
        .service(at("/v1/accounts/{id}/statuses").get(accounts::statuses))
        .service(at("/v1/accounts/{id}/followers").get(accounts::followers))
        .service(at("/v1/accounts/{id}/following").get(accounts::following))
        .service(at("/v1/accounts/{id}/lists").get(accounts::lists))
        .service(at("/v1/accounts/{id}/featured_tags").get(featured_tags::of_account))
        .service(at("/v1/accounts/{id}/email_subscriptions").post(newsletters::subscribe))
        .service(at("/v2/suggestions").get(suggestions::suggest))
        .service(at("/v1/suggestions").get(suggestions::accounts))
        .service(at("/v1/suggestions/{account_id}").delete(suggestions::dismiss))
        .service(at("/v1/directory").get(suggestions::directory))
        .service(at("/v1/featured_tags").get(featured_tags::own).post(featured_tags::create))
        .service(at("/v1/featured_tags/suggestions").get(featured_tags::suggestions))
        .service(at("/v1/featured_tags/{id}").delete(featured_tags::delete))
        .service(at("/v1/accounts/{id}/follow").post(relations::follow))
        .service(at("/v1/accounts/{id}/unfollow").post(relations::unfollow))
        .service(at("/v1/accounts/{id}/remove_from_followers").post(relations::remove_from_followers))
        .service(at("/v1/accounts/{id}/block").post(relations::block))
        .service(at("/v1/accounts/{id}/unblock").post(relations::unblock))
        .service(at("/v1/accounts/{id}/mute").post(relations::mute))
        .service(at("/v1/accounts/{id}/unmute").post(relations::unmute))
        .service(at("/v1/accounts/{id}/note").post(relations::note))
        .service(at("/v1/accounts/{id}/identity_proofs").get(accounts::identity_proofs))
        .service(at("/v1/accounts/{id}/endorse").post(endorsements::add))
        .service(at("/v1/accounts/{id}/unendorse").post(endorsements::remove))
        .service(at("/v1/accounts/{id}/pin").post(endorsements::add))
        .service(at("/v1/accounts/{id}/unpin").post(endorsements::remove))
        .service(at("/v1/accounts/{id}/endorsements").get(endorsements::list))
        .service(at("/v1/endorsements").get(endorsements::own))
        .service(at("/v1/profile").get(credentials::profile).patch(credentials::update_profile).put(credentials::update_profile))
        .service(at("/v1/profile/avatar").delete(credentials::delete_avatar))
        .service(at("/v1/profile/header").delete(credentials::delete_header))
        .service(at("/v1/follow_requests").get(relations::requests))
        .service(at("/v1/follow_requests/{id}/authorize").post(relations::authorize))
        .service(at("/v1/follow_requests/{id}/reject").post(relations::reject))
        .service(at("/v1/blocks").get(relations::blocked))
        .service(at("/v1/mutes").get(relations::muted))
        .service(at("/v1/domain_blocks").get(domain_blocks::list).post(domain_blocks::block).delete(domain_blocks::unblock))
        .service(at("/v1/domain_blocks/preview").get(domain_blocks::preview))
        .service(at("/v1/collections").post(collections::create))
        .service(
            at("/v1/collections/{id}")
                .get(collections::show)
                .patch(collections::change)
                .put(collections::change)
                .delete(collections::delete),
        )
        .service(at("/v1/collections/{id}/items").post(collections::add))
        .service(at("/v1/collections/{id}/items/{item}").delete(collections::remove))
        .service(at("/v1/collections/{id}/items/{item}/revoke").post(collections::revoke))
        .service(at("/v1/accounts/{id}/collections").get(collections::of_account))
        .service(at("/v1/accounts/{id}/in_collections").get(collections::featuring))
        .service(at("/v1_alpha/collections").post(collections::create))
        .service(
            at("/v1_alpha/collections/{id}")
                .get(collections::show)
                .patch(collections::change)
                .put(collections::change)
                .delete(collections::delete),
        )
        .service(at("/v1_alpha/collections/{id}/items").post(collections::add))
        .service(at("/v1_alpha/collections/{id}/items/{item}").delete(collections::remove))
        .service(at("/v1_alpha/collections/{id}/items/{item}/revoke").post(collections::revoke))
        .service(at("/v1_alpha/accounts/{id}/collections").get(collections::of_account))
        .service(at("/v1_alpha/accounts/{id}/in_collections").get(collections::featuring))
        .service(at("/v1/annual_reports").get(annual_reports::index))
        .service(at("/v1/annual_reports/{year}").get(annual_reports::show))
        .service(at("/v1/annual_reports/{year}/state").get(annual_reports::state))
        .service(at("/v1/annual_reports/{year}/read").post(annual_reports::read))
        .service(at("/v1/annual_reports/{year}/generate").post(annual_reports::generate))
        .service(at("/v1/pleroma/bookmark_folders").get(bookmark_folders::all).post(bookmark_folders::create))
        .service(
            at("/v1/pleroma/bookmark_folders/{id}")
                .patch(bookmark_folders::change)
                .put(bookmark_folders::change)
                .delete(bookmark_folders::delete),
        )
        .service(at("/v1/reports").post(reports::create))
        .service(at("/v1/bookmarks").get(bookmarks::list))
        .service(at("/v1/favourites").get(favourites::list))
        .service(at("/v1/lists").get(lists::all).post(lists::create))
        .service(at("/v1/lists/{id}").get(lists::get).put(lists::change).patch(lists::change).delete(lists::delete))
        .service(at("/v1/lists/{id}/accounts").get(lists::members).post(lists::add).delete(lists::remove))
        .service(at("/pleroma/aliases").get(moves::aliases).put(moves::add_alias).delete(moves::remove_alias))
        .service(at("/pleroma/move_account").post(moves::go))
        .service(at("/v1/markers").get(markers::get).post(markers::set))
        .service(at("/v2/filters").get(filters::all).post(filters::create))
        .service(
            at("/v2/filters/keywords/{id}")
                .get(filters::keyword)
                .put(filters::change_keyword)
                .patch(filters::change_keyword)
                .delete(filters::delete_keyword),
        )
        .service(at("/v2/filters/statuses/{id}").get(filters::status).delete(filters::delete_status))
        .service(at("/v2/filters/{id}").get(filters::get).put(filters::change).patch(filters::change).delete(filters::delete))
        .service(at("/v2/filters/{id}/keywords").get(filters::keywords).post(filters::add_keyword))
        .service(at("/v2/filters/{id}/statuses").get(filters::statuses).post(filters::add_status))
        .service(at("/v1/filters").get(filters_v1::all).post(filters_v1::create))
        .service(
            at("/v1/filters/{id}")
                .get(filters_v1::get)
                .put(filters_v1::change)
                .patch(filters_v1::change)
                .delete(filters_v1::delete),
        );
}

/// What the server says of itself.
fn instance(cfg: &mut ServiceConfig) {
    cfg.service(at("/v2/instance").get(instance::v2))
        .service(at("/v1/instance").get(instance::v1))
        .service(at("/v1/instance/rules").get(instance::rules))
        .service(at("/v1/instance/extended_description").get(instance::extended_description))
        .service(at("/v1/instance/privacy_policy").get(instance::privacy_policy))
        .service(at("/v1/instance/terms_of_service").get(instance::terms_of_service))
        .service(at("/v1/instance/terms_of_service/{date}").get(instance::terms_of_day))
        .service(at("/v1/donation_campaigns").get(instance::donation_campaigns))
        .service(at("/v1/instance/peers").get(instance::peers))
        .service(at("/v1/instance/activity").get(instance::activity))
        .service(at("/v1/instance/domain_blocks").get(instance::domain_blocks))
        .service(at("/v1/instance/translation_languages").get(instance::translation_languages))
        .service(at("/v1/instance/languages").get(instance::languages))
        .service(at("/v1/peers/search").get(instance::peers_search))
        .service(at("/v1/custom_emojis").get(instance::custom_emojis))
        .service(at("/v1/announcements").get(announcements::list))
        .service(at("/v1/announcements/{id}/dismiss").post(announcements::dismiss))
        .service(at("/v1/announcements/{id}/reactions/{name}").put(announcements::react).delete(announcements::unreact));
}

/// Statuses, uploads and polls.
fn statuses(cfg: &mut ServiceConfig) {
    cfg.service(at("/v1/statuses").post(statuses::create).get(statuses::show_many))
        .service(at("/v1/statuses/{id}").get(statuses::show).put(statuses::edit).patch(statuses::edit).delete(statuses::delete))
        .service(at("/v1/statuses/{id}/context").get(statuses::context))
        .service(at("/v1/statuses/{id}/card").get(statuses::card))
        .service(at("/v1/statuses/{id}/translate").post(translations::translate))
        .service(at("/v1/statuses/{id}/history").get(statuses::history))
        .service(at("/v1/statuses/{id}/source").get(statuses::source))
        .service(at("/v1/statuses/{id}/favourite").post(statuses::like))
        .service(at("/v1/statuses/{id}/unfavourite").post(statuses::unlike))
        .service(at("/v1/statuses/{id}/reblog").post(statuses::boost))
        .service(at("/v1/statuses/{id}/unreblog").post(statuses::unboost))
        .service(at("/v1/statuses/{id}/bookmark").post(statuses::bookmark))
        .service(at("/v1/statuses/{id}/unbookmark").post(statuses::unbookmark))
        .service(at("/v1/statuses/{id}/mute").post(statuses::mute))
        .service(at("/v1/statuses/{id}/unmute").post(statuses::unmute))
        .service(at("/v1/statuses/{id}/pin").post(statuses::pin))
        .service(at("/v1/statuses/{id}/unpin").post(statuses::unpin))
        .service(at("/v1/statuses/{id}/favourited_by").get(statuses::liked_by))
        .service(at("/v1/statuses/{id}/reblogged_by").get(statuses::boosted_by))
        .service(at("/v1/scheduled_statuses").get(scheduled_statuses::list))
        .service(
            at("/v1/scheduled_statuses/{id}")
                .get(scheduled_statuses::show)
                .put(scheduled_statuses::change)
                .patch(scheduled_statuses::change)
                .delete(scheduled_statuses::cancel),
        )
        .service(at("/v1/statuses/{id}/quotes").get(quotes::list))
        .service(at("/v1/statuses/{id}/quotes/{quoting}/revoke").post(quotes::revoke))
        .service(at("/v1/statuses/{id}/interaction_policy").put(quotes::set_policy).patch(quotes::set_policy))
        .service(at("/v1/pleroma/statuses/{id}/reactions").get(reactions::list))
        .service(
            at("/v1/pleroma/statuses/{id}/reactions/{emoji}")
                .get(reactions::list_one)
                .put(reactions::add)
                .delete(reactions::remove),
        )
        .service(at("/ext/v1/statuses/{id}/reactions").get(reactions::list))
        .service(
            at("/ext/v1/statuses/{id}/reactions/{emoji}").get(reactions::list_one).put(reactions::add).delete(reactions::remove),
        )
        .service(at("/v1/statuses/{id}/react/{emoji}").post(reactions::add))
        .service(at("/v1/statuses/{id}/unreact/{emoji}").post(reactions::remove))
        .service(at("/v2/media").post(media::create))
        .service(at("/v1/media").post(media::create_and_wait))
        .service(at("/v1/media/{id}").get(media::show).put(media::change).patch(media::change).delete(media::delete))
        .service(at("/v1/polls/{id}").get(polls::show))
        .service(at("/v1/polls/{id}/votes").post(polls::vote));
}

/// Timelines, notifications and search.
fn reading(cfg: &mut ServiceConfig) {
    cfg.service(at("/v1/timelines/home").get(timelines::home))
        .service(at("/v1/timelines/direct").get(timelines::direct))
        .service(at("/v1/timelines/public").get(timelines::public))
        .service(at("/v1/timelines/tag/{hashtag}").get(timelines::tag))
        .service(at("/v1/timelines/list/{id}").get(timelines::list))
        .service(at("/v1/notifications").get(notifications::index))
        .service(at("/v1/notifications/clear").post(notifications::clear))
        .service(at("/v1/notifications/dismiss").post(notifications::dismiss_named))
        .service(at("/v1/notifications/unread_count").get(notifications::unread_count))
        .service(
            at("/v1/notifications/policy")
                .get(notification_policy::old)
                .patch(notification_policy::change_old)
                .put(notification_policy::change_old),
        )
        .service(at("/v1/notifications/requests").get(notification_requests::index))
        .service(at("/v1/notifications/requests/accept").post(notification_requests::accept_many))
        .service(at("/v1/notifications/requests/dismiss").post(notification_requests::dismiss_many))
        .service(at("/v1/notifications/requests/merged").get(notification_requests::merged))
        .service(at("/v1/notifications/requests/{id}").get(notification_requests::show))
        .service(at("/v1/notifications/requests/{id}/accept").post(notification_requests::accept))
        .service(at("/v1/notifications/requests/{id}/dismiss").post(notification_requests::dismiss))
        .service(at("/v1/notifications/{id}").get(notifications::show))
        .service(at("/v1/notifications/{id}/dismiss").post(notifications::dismiss))
        .service(at("/v2/notifications").get(notification_groups::index))
        .service(at("/v2/notifications/clear").post(notifications::clear))
        .service(at("/v2/notifications/unread_count").get(notification_groups::unread_count))
        .service(
            at("/v2/notifications/policy")
                .get(notification_policy::show)
                .patch(notification_policy::change)
                .put(notification_policy::change),
        )
        .service(at("/v2/notifications/{group_key}").get(notification_groups::show))
        .service(at("/v2/notifications/{group_key}/dismiss").post(notification_groups::dismiss))
        .service(at("/v2/notifications/{group_key}/accounts").get(notification_groups::people))
        .service(at("/v2_alpha/notifications").get(notification_groups::index))
        .service(at("/v2_alpha/notifications/unread_count").get(notification_groups::unread_count))
        .service(at("/v2_alpha/notifications/{group_key}").get(notification_groups::show))
        .service(at("/v2_alpha/notifications/{group_key}/dismiss").post(notification_groups::dismiss))
        .service(
            at("/v1/push/subscription")
                .post(push::create)
                .get(push::show)
                .put(push::change)
                .patch(push::change)
                .delete(push::delete),
        )
        .service(at("/v1/tags/{name}").get(tags::show))
        .service(at("/v1/tags/{name}/follow").post(tags::follow))
        .service(at("/v1/tags/{name}/unfollow").post(tags::unfollow))
        .service(at("/v1/tags/{name}/feature").post(tags::feature))
        .service(at("/v1/tags/{name}/unfeature").post(tags::unfeature))
        .service(at("/v1/followed_tags").get(tags::followed))
        .service(at("/v1/conversations").get(conversations::list))
        .service(at("/v1/conversations/{id}").delete(conversations::delete))
        .service(at("/v1/conversations/{id}/read").post(conversations::read))
        .service(at("/v1/conversations/{id}/unread").post(conversations::unread))
        .service(at("/v2/search").get(search::search_all))
        .service(at("/v1_alpha/async_refreshes/{id}").get(async_refreshes::show))
        .service(at("/v1/search").get(search::search_first))
        .service(at("/v1/trends").get(trends::tags))
        .service(at("/v1/trends/tags").get(trends::tags))
        .service(at("/v1/trends/statuses").get(trends::statuses))
        .service(at("/v1/trends/links").get(trends::links))
        .service(at("/v1/timelines/link").get(timelines::link))
        .service(at("/v1/streaming").get(streaming::socket))
        .service(at("/v1/streaming/health").get(streaming::health))
        .service(at("/v1/streaming/user").get(streaming::user))
        .service(at("/v1/streaming/user/notification").get(streaming::user_notification))
        .service(at("/v1/streaming/public").get(streaming::public))
        .service(at("/v1/streaming/public/local").get(streaming::public_local))
        .service(at("/v1/streaming/public/remote").get(streaming::public_remote))
        .service(at("/v1/streaming/hashtag").get(streaming::hashtag))
        .service(at("/v1/streaming/hashtag/local").get(streaming::hashtag_local))
        .service(at("/v1/streaming/list").get(streaming::list))
        .service(at("/v1/streaming/direct").get(streaming::direct));
}

/// Our own extensions.
fn extensions(cfg: &mut ServiceConfig) {
    cfg.service(at("/ext/v1/drafts").get(drafts::list).post(drafts::create))
        .service(at("/ext/v1/drafts/{id}").get(drafts::show).put(drafts::change).patch(drafts::change).delete(drafts::delete))
        .service(at("/ext/v1/bookmark_folders").get(bookmark_folders::all).post(bookmark_folders::create))
        .service(
            at("/ext/v1/bookmark_folders/{id}")
                .patch(bookmark_folders::change)
                .put(bookmark_folders::change)
                .delete(bookmark_folders::delete),
        )
        .service(at("/ext/v1/circles").get(circles::all).post(circles::create))
        .service(
            at("/ext/v1/circles/{id}").get(circles::show).put(circles::change).patch(circles::change).delete(circles::delete),
        )
        .service(at("/ext/v1/circles/{id}/accounts").get(circles::members).post(circles::add).delete(circles::remove))
        .service(at("/ext/v1/statuses/{id}/watch").post(thread_watches::watch))
        .service(at("/ext/v1/statuses/{id}/unwatch").post(thread_watches::unwatch));
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
