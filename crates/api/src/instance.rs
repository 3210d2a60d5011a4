//! The instance: what apps ask first. Both versions are made from one snapshot of the settings and kept for a minute.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::Path;
use bytes::Bytes;
use majlis_local::instances::{self, Policy};
use majlis_local::registrations::Registrations;
use majlis_local::settings::{self, About};
use majlis_local::stats::{self, Counts};
use majlis_local::terms::{self, NaiveDate};
use majlis_local::users;
use majlis_local::{attachments, featured_tags, pins, polls, text};
use moka::sync::Cache;
use serde_json::{Value, json};

use crate::auth::{User, Viewer, need};
use crate::entities::Account;
use crate::entities::account::MISSING_HEADER;
use crate::error::{Error, Result};
use crate::state::Api;

/// How old an answer may be.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// What is complete of `api_versions.mastodon`: grouped notifications (2), deleting media (4), filters that blur (5), quotes (7),
/// profiles and annual reports (8), collections (10).
const API_VERSION: u32 = 10;

/// Answers that are the same for everybody, by path.
#[derive(Debug)]
pub struct Kept(Cache<&'static str, Bytes>);

impl Default for Kept {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(16).time_to_live(KEPT_FOR).build())
    }
}

/// What the entities are made from.
struct Snapshot {
    about: About,
    vapid_key: String,
    counts: Counts,
    peers: i64,
    contact: Option<Account>,
    has_terms: bool,
}

/// `GET /api/v2/instance`.
pub async fn v2(api: Api) -> Result<HttpResponse> {
    kept(&api, "v2", async |api| Ok(second(api, &snapshot(api).await?))).await
}

/// `GET /api/v1/instance`.
pub async fn v1(api: Api) -> Result<HttpResponse> {
    kept(&api, "v1", async |api| Ok(first(api, &snapshot(api).await?))).await
}

/// `GET /api/v1/instance/rules`.
pub async fn rules(api: Api) -> Result<HttpResponse> {
    kept(&api, "rules", async |api| Ok(rules_of(&api.db.read(settings::about).await?))).await
}

/// `GET /api/v1/instance/extended_description`.
pub async fn extended_description(api: Api) -> Result<HttpResponse> {
    kept(&api, "extended", async |api| {
        let about = api.db.read(settings::about).await?;
        Ok(json!({ "updated_at": about.extended_updated_at, "content": about.extended_description }))
    })
    .await
}

/// `GET /api/v1/instance/privacy_policy`.
pub async fn privacy_policy(api: Api) -> Result<HttpResponse> {
    kept(&api, "privacy", async |api| {
        let about = api.db.read(settings::about).await?;
        Ok(json!({ "updated_at": about.privacy_updated_at, "content": about.privacy_policy }))
    })
    .await
}

/// `GET /api/v1/instance/terms_of_service`: those that count today, else those that will first; 404 when there are none.
pub async fn terms_of_service(api: Api) -> Result<HttpResponse> {
    kept(&api, "terms", async |api| Ok(terms_entity(&api.db.read(terms::current).await?))).await
}

/// `GET /api/v1/instance/terms_of_service/:date`: those that count, or counted, from that day on.
pub async fn terms_of_day(api: Api, date: Path<String>) -> Result<HttpResponse> {
    let day: NaiveDate = date.parse().map_err(|_| Error::NotFound)?;
    let found = api.db.read(move |c| terms::of_day(c, day)).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=60")).json(terms_entity(&found)))
}

/// Mastodon's TermsOfService.
fn terms_entity(found: &terms::Found) -> Value {
    json!({
        "effective_date": found.terms.effective,
        "effective": found.terms.is_effective(),
        "content": found.terms.content,
        "succeeded_by": found.succeeded_by,
    })
}

/// `GET /api/v1/donation_campaigns`: none is running, and Mastodon says so with nothing at all.
pub async fn donation_campaigns(_user: User<need::Anything>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// `GET /api/v1/instance/peers`: the servers that were heard of, without the blocked ones.
pub async fn peers(api: Api) -> Result<HttpResponse> {
    kept(&api, "peers", async |api| Ok(json!(api.db.read(instances::peers).await?))).await
}

/// `GET /api/v1/instance/activity`: twelve weeks, newest first.
pub async fn activity(api: Api) -> Result<HttpResponse> {
    kept(&api, "activity", async |api| {
        let weeks = api.db.read(|c| stats::weeks(c, 12)).await?;
        Ok(weeks
            .iter()
            .map(|week| {
                json!({
                    "week": (week.begins.millis() / 1_000).to_string(),
                    "statuses": week.posts.to_string(),
                    "logins": week.active.to_string(),
                    "registrations": week.joined.to_string(),
                })
            })
            .collect())
    })
    .await
}

/// `GET /api/v1/instance/domain_blocks`: with what the admin says about each in public.
pub async fn domain_blocks(api: Api) -> Result<HttpResponse> {
    kept(&api, "blocks", async |api| {
        let decided = api.db.read(instances::with_policy).await?;
        Ok(decided
            .iter()
            .map(|instance| {
                json!({
                    "domain": instance.host,
                    "digest": majlis_local::secrets::hex_digest(&instance.host),
                    "severity": if instance.policy == Policy::Suspend { "suspend" } else { "silence" },
                    "comment": instance.public_comment,
                })
            })
            .collect())
    })
    .await
}

/// `GET /api/v1/instance/translation_languages`: what can be translated into what; `{}` without a translator.
pub async fn translation_languages(api: Api) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(&*api.translator.languages().await?))
}

/// `GET /api/v1/instance/languages`: what a post may be written in.
pub async fn languages(api: Api) -> Result<HttpResponse> {
    kept(&api, "languages", async |_| {
        Ok(text::language::all().map(|(code, name)| json!({ "code": code, "name": name })).collect())
    })
    .await
}

/// `GET /api/v1/custom_emojis`.
pub async fn custom_emojis(api: Api) -> Result<HttpResponse> {
    kept(&api, "emojis", async |api| {
        let all = api.db.read(majlis_local::emojis::all).await?;
        let entities: Vec<_> = all.iter().map(|emoji| crate::entities::CustomEmoji::of_server(api.site(), emoji)).collect();
        serde_json::to_value(entities).map_err(Error::internal)
    })
    .await
}

/// `GET /api/v1/peers/search`: hosts that begin so.
pub async fn peers_search(
    api: Api,
    params: crate::params::Params<Prefix>,
    _viewer: Viewer<need::Anything>,
) -> Result<HttpResponse> {
    let prefix = params.0.q.to_lowercase();
    let mut hosts = api.db.read(instances::peers).await?;
    hosts.retain(|host| host.starts_with(&prefix));
    hosts.truncate(10);
    Ok(HttpResponse::Ok().json(hosts))
}

/// What a host begins with.
#[derive(Debug, serde::Deserialize)]
pub struct Prefix {
    #[serde(default)]
    q: String,
}

/// An answer that is made once a minute.
async fn kept(api: &Api, name: &'static str, make: impl AsyncFnOnce(&Api) -> Result<Value>) -> Result<HttpResponse> {
    let body = match api.kept.0.get(name) {
        Some(body) => body,
        None => {
            let body = Bytes::from(make(api).await?.to_string());
            api.kept.0.insert(name, body.clone());
            body
        }
    };
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).insert_header((CACHE_CONTROL, "public, max-age=60")).body(body))
}

async fn snapshot(api: &Api) -> Result<Snapshot> {
    let site = api.db.site().clone();
    let vapid_key = api.vapid_key().await?;
    let (about, counts, peers, contact, has_terms) = api
        .db
        .read(move |c| {
            let contact = match users::contact(c)? {
                Some((_, actor)) => Some(Account::build(c, &site, &actor)?),
                None => None,
            };
            let has_terms = !terms::all(c)?.is_empty();
            Ok((settings::about(c)?, stats::counts(c)?, instances::count_peers(c)?, contact, has_terms))
        })
        .await?;
    Ok(Snapshot { about, vapid_key, counts, peers, contact, has_terms })
}

/// The version that apps gate features on: compatible with Mastodon's, honest about ours.
fn version(api: &Api) -> String {
    format!("4.6.0 (compatible; Majlis {})", api.config.version)
}

fn streaming_url(api: &Api) -> String {
    let origin = api.site().origin();
    match origin.strip_prefix("https://") {
        Some(rest) => format!("wss://{rest}"),
        None => origin.replacen("http://", "ws://", 1),
    }
}

fn rules_of(about: &About) -> Value {
    let rules = about.rules.iter();
    rules
        .map(|rule| json!({ "id": rule.id.to_string(), "text": rule.text, "hint": rule.hint, "translations": rule.translations }))
        .collect()
}

/// Limits, in the shape that both versions share.
fn limits(api: &Api) -> Value {
    let media = api.media.limits();
    // Nothing, where there is no ffmpeg.
    let films = api.media.films().map(|films| *films.limits());
    json!({
        "accounts": {
            "max_featured_tags": featured_tags::MOST,
            "max_pinned_statuses": pins::MOST,
            "max_display_name_length": majlis_local::profiles::DISPLAY_NAME_LIMIT,
            "max_note_length": majlis_local::profiles::NOTE_LIMIT,
            "max_profile_fields": majlis_local::profiles::FIELDS,
            "profile_field_name_limit": majlis_local::profiles::FIELD_LIMIT,
            "profile_field_value_limit": majlis_local::profiles::FIELD_LIMIT,
        },
        "statuses": {
            "max_characters": api.config.post_characters,
            "max_media_attachments": attachments::MOST,
            "characters_reserved_per_url": text::count::CHARACTERS_PER_URL,
            "supported_mime_types": ["text/plain", "text/markdown"],
        },
        "media_attachments": {
            "description_limit": attachments::DESCRIPTION_LIMIT,
            "supported_mime_types": api.media.takes(),
            "image_size_limit": media.bytes,
            "image_matrix_limit": media.pixels,
            "video_size_limit": films.map_or(0, |films| films.bytes),
            "video_frame_rate_limit": films.map_or(0, |films| films.frame_rate),
            "video_matrix_limit": films.map_or(0, |films| films.pixels),
        },
        "polls": {
            "max_options": polls::MOST_OPTIONS,
            "max_characters_per_option": polls::OPTION_LIMIT,
            "min_expiration": polls::DURATION.start(),
            "max_expiration": polls::DURATION.end(),
        },
    })
}

fn registrations(api: &Api) -> (bool, bool) {
    let mode = api.config.registrations;
    (matches!(mode, Registrations::Open | Registrations::Approval), mode == Registrations::Approval)
}

/// What clients of Pleroma look for before they offer reactions.
fn pleroma() -> Value {
    json!({ "metadata": { "features": ["pleroma_emoji_reactions", "pleroma_custom_emoji_reactions"] } })
}

fn second(api: &Api, now: &Snapshot) -> Value {
    let origin = api.site().origin();
    let (enabled, approval) = registrations(api);
    let everybody = json!({ "local": "public", "remote": "public" });
    let mut configuration = limits(api);
    configuration["urls"] = json!({
        "streaming": streaming_url(api),
        "status": Value::Null,
        "about": format!("{origin}/about"),
        "privacy_policy": format!("{origin}/privacy-policy"),
        "terms_of_service": now.has_terms.then(|| format!("{origin}/terms-of-service")),
    });
    configuration["vapid"] = json!({ "public_key": now.vapid_key });
    configuration["translation"] = json!({ "enabled": api.translator.is_on() });
    configuration["limited_federation"] = json!(false);
    // As glitch-soc says it.
    configuration["reactions"] = json!({ "max_reactions": majlis_local::reactions::MOST_BY_ONE });
    configuration["timelines_access"] =
        json!({ "live_feeds": everybody, "hashtag_feeds": everybody, "trending_link_feeds": everybody });
    json!({
        "domain": api.site().domain(),
        "title": now.about.title,
        "version": version(api),
        "source_url": origin,
        "description": now.about.short_description,
        "usage": { "users": { "active_month": now.counts.active_month } },
        "thumbnail": { "url": format!("{origin}{MISSING_HEADER}"), "blurhash": Value::Null, "versions": {}, "description": "" },
        "icon": [],
        "languages": now.about.languages,
        "configuration": configuration,
        "registrations": {
            "enabled": enabled,
            "approval_required": approval,
            "reason_required": approval,
            "message": Value::Null,
            "min_age": Value::Null,
            "url": Value::Null,
        },
        "api_versions": { "mastodon": API_VERSION },
        "pleroma": pleroma(),
        "contact": { "email": now.about.contact_email, "account": now.contact },
        "rules": rules_of(&now.about),
    })
}

fn first(api: &Api, now: &Snapshot) -> Value {
    let (enabled, approval) = registrations(api);
    json!({
        "uri": api.site().domain(),
        "title": now.about.title,
        "short_description": now.about.short_description,
        "description": now.about.extended_description,
        "email": now.about.contact_email,
        "version": version(api),
        "urls": { "streaming_api": streaming_url(api) },
        "stats": { "user_count": now.counts.users, "status_count": now.counts.local_posts, "domain_count": now.peers },
        "thumbnail": format!("{}{MISSING_HEADER}", api.site().origin()),
        "languages": now.about.languages,
        "registrations": enabled,
        "approval_required": approval,
        "invites_enabled": false,
        "configuration": limits(api),
        "pleroma": pleroma(),
        "contact_account": now.contact,
        "rules": rules_of(&now.about),
    })
}

#[cfg(test)]
mod tests {
    use majlis_local::{settings, terms};
    use serde_json::json;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn both_versions_tell_apps_what_they_gate_on() {
        let app = TestApp::new();
        let nobody = app.anonymous();
        let second = nobody.get("/api/v2/instance").await.ok();
        assert_eq!(second["domain"], "majlis.example");
        assert!(second["version"].as_str().unwrap().starts_with("4.6.0 (compatible; Majlis "));
        assert_eq!(second["configuration"]["urls"]["streaming"], "wss://majlis.example");
        assert_eq!(second["api_versions"]["mastodon"], 10);
        assert_eq!(second["configuration"]["vapid"]["public_key"].as_str().unwrap().len(), 87);
        let first = nobody.get("/api/v1/instance/").await.ok();
        assert_eq!(first["uri"], "majlis.example");
        assert_eq!(first["urls"]["streaming_api"], "wss://majlis.example");
        assert_eq!(first["configuration"]["statuses"]["max_characters"], 500);
        for path in ["rules", "peers", "activity", "domain_blocks", "languages"] {
            assert!(nobody.get(&format!("/api/v1/instance/{path}")).await.ok().is_array(), "{path}");
        }
        assert_eq!(nobody.get("/api/v1/custom_emojis").await.ok(), serde_json::json!([]));
    }

    #[actix_web::test]
    async fn what_an_admin_says_is_told_with_its_history_and_in_its_languages() {
        let app = TestApp::new();
        let nobody = app.anonymous();
        let paths = ["terms_of_service", "terms_of_service/2020-01-01", "terms_of_service/x", "terms_of_service/2020-13-41"];
        for path in paths {
            // An answer is kept for a minute, but not that there is none.
            assert_eq!(nobody.get(&format!("/api/v1/instance/{path}")).await.status, 404, "{path}");
        }
        app.write(|c| {
            for (day, content) in [("2020-01-01", "old"), ("2021-02-03", "now"), ("2999-12-31", "coming")] {
                terms::set(c, terms::Terms { effective: day.parse().unwrap(), content: format!("<p>{content}</p>") })?;
            }
            let mut about = settings::about(c)?;
            about.privacy_policy = "<p>We forget.</p>".into();
            about.privacy_updated_at = Some(majlis_local::Timestamp(1_700_000_000_000));
            let arabic = settings::RuleText { text: "كن لطيفا".into(), hint: String::new() };
            about.rules = vec![settings::Rule {
                id: 4,
                text: "Be kind".into(),
                hint: "Always".into(),
                translations: [("ar".to_owned(), arabic)].into(),
            }];
            settings::set_about(c, &about)
        })
        .await;
        let terms = |date: &str, effective: bool, content: &str, next: serde_json::Value| json!({ "effective_date": date, "effective": effective, "content": content, "succeeded_by": next });
        let now = terms("2021-02-03", true, "<p>now</p>", json!("2999-12-31"));
        assert_eq!(nobody.get("/api/v1/instance/terms_of_service").await.ok(), now);
        assert_eq!(nobody.get("/api/v1/instance/terms_of_service/2021-02-03").await.ok(), now);
        let old = nobody.get("/api/v1/instance/terms_of_service/2020-01-01").await.ok();
        assert_eq!(old, terms("2020-01-01", true, "<p>old</p>", json!("2021-02-03")));
        let coming = nobody.get("/api/v1/instance/terms_of_service/2999-12-31").await.ok();
        assert_eq!(coming, terms("2999-12-31", false, "<p>coming</p>", json!(null)));
        let privacy = nobody.get("/api/v1/instance/privacy_policy").await.ok();
        assert_eq!(privacy, json!({ "updated_at": "2023-11-14T22:13:20.000Z", "content": "<p>We forget.</p>" }));
        let rules = nobody.get("/api/v1/instance/rules").await.ok();
        let translations = json!({ "ar": { "text": "كن لطيفا", "hint": "" } });
        assert_eq!(rules, json!([{ "id": "4", "text": "Be kind", "hint": "Always", "translations": translations }]));
        let instance = nobody.get("/api/v2/instance").await.ok();
        assert_eq!(instance["configuration"]["urls"]["terms_of_service"], "https://majlis.example/terms-of-service");
    }

    #[actix_web::test]
    async fn no_campaign_is_running() {
        let app = TestApp::new();
        let answer = app.user("ali").await.get("/api/v1/donation_campaigns").await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
        assert_eq!(app.anonymous().get("/api/v1/donation_campaigns").await.status, 401);
    }
}
