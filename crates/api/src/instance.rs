//! The instance: what apps ask first. Both versions are made from one snapshot of the settings and kept for a minute.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use bytes::Bytes;
use majlis_local::registrations::Registrations as Mode;
use majlis_local::settings::{self, About};
use majlis_local::stats::{self, Counts};
use majlis_local::terms::{self, NaiveDate};
use majlis_local::{attachments, featured_tags, instances, pins, polls, profiles, reactions, text, users};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::auth::{User, Viewer, need};
use crate::entities::account::MISSING_HEADER;
use crate::entities::instance::{
    Access, AccountLimits, ActiveUsers, Activity, ApiVersions, Configuration, Contact, Document, DomainBlock, FirstInstance,
    FirstUrls, Instance, Language, Limits, MediaLimits, Pleroma, PleromaMetadata, PollLimits, ReactionLimits, Registrations,
    Rule, Stats, StatusLimits, Switch, TermsOfService, Thumbnail, TimelinesAccess, Urls, Usage, Vapid,
};
use crate::entities::{Account, CustomEmoji};
use crate::error::{Error, Result};
use crate::params::Params;
use crate::state::Api;
use crate::translation::Languages;

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

/// An answer that is the same for everybody, and that caches may keep for as long as we do: a `T` as JSON.
#[derive(Debug)]
pub struct Public<T> {
    body: Bytes,
    entity: PhantomData<fn() -> T>,
}

impl<T: Serialize> Public<T> {
    fn new(entity: &T) -> Result<Self> {
        Ok(Self::from(Bytes::from(serde_json::to_vec(entity).map_err(Error::internal)?)))
    }
}

impl<T> From<Bytes> for Public<T> {
    fn from(body: Bytes) -> Self {
        Self { body, entity: PhantomData }
    }
}

impl<T> Responder for Public<T> {
    type Body = BoxBody;

    fn respond_to(self, _req: &HttpRequest) -> HttpResponse {
        let age = format!("public, max-age={}", KEPT_FOR.as_secs());
        HttpResponse::Ok().insert_header(ContentType::json()).insert_header((CACHE_CONTROL, age)).body(self.body)
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
pub async fn v2(api: Api) -> Result<Public<Instance>> {
    kept(&api, "v2", async |api| Ok(second(api, snapshot(api).await?))).await
}

/// `GET /api/v1/instance`.
pub async fn v1(api: Api) -> Result<Public<FirstInstance>> {
    kept(&api, "v1", async |api| Ok(first(api, snapshot(api).await?))).await
}

/// `GET /api/v1/instance/rules`.
pub async fn rules(api: Api) -> Result<Public<Vec<Rule>>> {
    kept(&api, "rules", async |api| Ok(rules_of(api.db.read(settings::about).await?.rules))).await
}

/// `GET /api/v1/instance/extended_description`.
pub async fn extended_description(api: Api) -> Result<Public<Document>> {
    kept(&api, "extended", async |api| {
        let about = api.db.read(settings::about).await?;
        Ok(Document { updated_at: about.extended_updated_at, content: about.extended_description })
    })
    .await
}

/// `GET /api/v1/instance/privacy_policy`.
pub async fn privacy_policy(api: Api) -> Result<Public<Document>> {
    kept(&api, "privacy", async |api| {
        let about = api.db.read(settings::about).await?;
        Ok(Document { updated_at: about.privacy_updated_at, content: about.privacy_policy })
    })
    .await
}

/// `GET /api/v1/instance/terms_of_service`: those that count today, else those that will first; 404 when there are none.
pub async fn terms_of_service(api: Api) -> Result<Public<TermsOfService>> {
    kept(&api, "terms", async |api| Ok(api.db.read(terms::current).await?.into())).await
}

/// `GET /api/v1/instance/terms_of_service/:date`: those that count, or counted, from that day on.
pub async fn terms_of_day(api: Api, date: Path<String>) -> Result<Public<TermsOfService>> {
    let day: NaiveDate = date.parse().map_err(|_| Error::NotFound)?;
    Public::new(&api.db.read(move |c| terms::of_day(c, day)).await?.into())
}

/// `GET /api/v1/donation_campaigns`: none is running, and Mastodon says so with nothing at all.
pub async fn donation_campaigns(_user: User<need::Anything>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// `GET /api/v1/instance/peers`: the servers that were heard of, without the blocked ones.
pub async fn peers(api: Api) -> Result<Public<Vec<String>>> {
    kept(&api, "peers", async |api| Ok(api.db.read(instances::peers).await?)).await
}

/// `GET /api/v1/instance/activity`: twelve weeks, newest first.
pub async fn activity(api: Api) -> Result<Public<Vec<Activity>>> {
    kept(&api, "activity", async |api| {
        let weeks = api.db.read(|c| stats::weeks(c, 12)).await?;
        Ok(weeks.iter().map(Activity::from).collect())
    })
    .await
}

/// `GET /api/v1/instance/domain_blocks`: with what the admin says about each in public.
pub async fn domain_blocks(api: Api) -> Result<Public<Vec<DomainBlock>>> {
    kept(&api, "blocks", async |api| {
        let decided = api.db.read(instances::with_policy).await?;
        Ok(decided.into_iter().map(DomainBlock::from).collect())
    })
    .await
}

/// `GET /api/v1/instance/translation_languages`: what can be translated into what; `{}` without a translator.
pub async fn translation_languages(api: Api) -> Result<Json<Arc<Languages>>> {
    Ok(Json(api.translator.languages().await?))
}

/// `GET /api/v1/instance/languages`: what a post may be written in.
pub async fn languages(api: Api) -> Result<Public<Vec<Language>>> {
    kept(&api, "languages", async |_| Ok(text::language::all().map(|(code, name)| Language { code, name }).collect())).await
}

/// `GET /api/v1/custom_emojis`.
pub async fn custom_emojis(api: Api) -> Result<Public<Vec<CustomEmoji>>> {
    kept(&api, "emojis", async |api| {
        let all = api.db.read(majlis_local::emojis::all).await?;
        Ok(all.iter().map(|emoji| CustomEmoji::of_server(api.site(), emoji)).collect())
    })
    .await
}

/// `GET /api/v1/peers/search`: hosts that begin so.
pub async fn peers_search(api: Api, params: Params<Prefix>, _viewer: Viewer<need::Anything>) -> Result<Json<Vec<String>>> {
    let prefix = params.0.q.to_lowercase();
    let mut hosts = api.db.read(instances::peers).await?;
    hosts.retain(|host| host.starts_with(&prefix));
    hosts.truncate(10);
    Ok(Json(hosts))
}

/// What a host begins with.
#[derive(Debug, Deserialize)]
pub struct Prefix {
    #[serde(default)]
    q: String,
}

/// An answer that is made once a minute.
async fn kept<T: Serialize>(api: &Api, name: &'static str, make: impl AsyncFnOnce(&Api) -> Result<T>) -> Result<Public<T>> {
    if let Some(body) = api.kept.0.get(name) {
        return Ok(body.into());
    }
    let made = Public::new(&make(api).await?)?;
    api.kept.0.insert(name, made.body.clone());
    Ok(made)
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

fn rules_of(rules: Vec<settings::Rule>) -> Vec<Rule> {
    rules.into_iter().map(Rule::from).collect()
}

fn limits(api: &Api) -> Limits {
    let media = api.media.limits();
    let films = api.media.films().map(|films| *films.limits());
    Limits {
        accounts: AccountLimits {
            max_featured_tags: featured_tags::MOST,
            max_pinned_statuses: pins::MOST,
            max_display_name_length: profiles::DISPLAY_NAME_LIMIT,
            max_note_length: profiles::NOTE_LIMIT,
            max_profile_fields: profiles::FIELDS,
            profile_field_name_limit: profiles::FIELD_LIMIT,
            profile_field_value_limit: profiles::FIELD_LIMIT,
        },
        statuses: StatusLimits {
            max_characters: api.config.post_characters,
            max_media_attachments: attachments::MOST,
            characters_reserved_per_url: text::count::CHARACTERS_PER_URL,
            supported_mime_types: ["text/plain", "text/markdown"],
        },
        media_attachments: MediaLimits {
            description_limit: attachments::DESCRIPTION_LIMIT,
            supported_mime_types: api.media.takes(),
            image_size_limit: media.bytes,
            image_matrix_limit: media.pixels,
            video_size_limit: films.map_or(0, |films| films.bytes),
            video_frame_rate_limit: films.map_or(0, |films| films.frame_rate),
            video_matrix_limit: films.map_or(0, |films| films.pixels),
        },
        polls: PollLimits {
            max_options: polls::MOST_OPTIONS,
            max_characters_per_option: polls::OPTION_LIMIT,
            min_expiration: *polls::DURATION.start(),
            max_expiration: *polls::DURATION.end(),
        },
    }
}

/// Whether people may join, and whether somebody has to approve of them.
fn doors(api: &Api) -> (bool, bool) {
    let mode = api.config.registrations;
    (matches!(mode, Mode::Open | Mode::Approval), mode == Mode::Approval)
}

fn pleroma() -> Pleroma {
    Pleroma { metadata: PleromaMetadata { features: ["pleroma_emoji_reactions", "pleroma_custom_emoji_reactions"] } }
}

fn configuration(api: &Api, vapid_key: String, has_terms: bool) -> Configuration {
    let origin = api.site().origin();
    let everybody = Access { local: "public", remote: "public" };
    Configuration {
        limits: limits(api),
        urls: Urls {
            streaming: streaming_url(api),
            status: None,
            about: format!("{origin}/about"),
            privacy_policy: format!("{origin}/privacy-policy"),
            terms_of_service: has_terms.then(|| format!("{origin}/terms-of-service")),
        },
        vapid: Vapid { public_key: vapid_key },
        translation: Switch { enabled: api.translator.is_on() },
        limited_federation: false,
        reactions: ReactionLimits { max_reactions: reactions::MOST_BY_ONE },
        timelines_access: TimelinesAccess { live_feeds: everybody, hashtag_feeds: everybody, trending_link_feeds: everybody },
    }
}

fn second(api: &Api, now: Snapshot) -> Instance {
    let origin = api.site().origin();
    let (enabled, approval) = doors(api);
    Instance {
        domain: api.site().domain().to_owned(),
        title: now.about.title,
        version: version(api),
        source_url: origin.to_owned(),
        description: now.about.short_description,
        usage: Usage { users: ActiveUsers { active_month: now.counts.active_month } },
        thumbnail: Thumbnail {
            url: format!("{origin}{MISSING_HEADER}"),
            blurhash: None,
            versions: BTreeMap::new(),
            description: "",
        },
        icon: [],
        languages: now.about.languages,
        configuration: configuration(api, now.vapid_key, now.has_terms),
        registrations: Registrations {
            enabled,
            approval_required: approval,
            reason_required: approval,
            message: None,
            min_age: None,
            url: None,
        },
        api_versions: ApiVersions { mastodon: API_VERSION },
        pleroma: pleroma(),
        contact: Contact { email: now.about.contact_email, account: now.contact },
        rules: rules_of(now.about.rules),
    }
}

fn first(api: &Api, now: Snapshot) -> FirstInstance {
    let (enabled, approval) = doors(api);
    FirstInstance {
        uri: api.site().domain().to_owned(),
        title: now.about.title,
        short_description: now.about.short_description,
        description: now.about.extended_description,
        email: now.about.contact_email,
        version: version(api),
        urls: FirstUrls { streaming_api: streaming_url(api) },
        stats: Stats { user_count: now.counts.users, status_count: now.counts.local_posts, domain_count: now.peers },
        thumbnail: format!("{}{MISSING_HEADER}", api.site().origin()),
        languages: now.about.languages,
        registrations: enabled,
        approval_required: approval,
        invites_enabled: false,
        configuration: limits(api),
        pleroma: pleroma(),
        contact_account: now.contact,
        rules: rules_of(now.about.rules),
    }
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
