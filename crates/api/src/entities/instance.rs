//! The instance: what apps ask first, and what hangs on it.

use std::collections::BTreeMap;

use majlis_local::instances::{self, Policy};
use majlis_local::settings::{self, RuleText};
use majlis_local::terms::{self, NaiveDate};
use majlis_local::{Timestamp, stats};
use serde::Serialize;

use super::Account;

/// Mastodon's Instance.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Instance {
    pub domain: String,
    pub title: String,
    /// What apps gate features on, and our own version.
    pub version: String,
    pub source_url: String,
    /// A sentence, plain text.
    pub description: String,
    pub usage: Usage,
    pub thumbnail: Thumbnail,
    pub icon: [Icon; 0],
    /// ISO 639 codes, the main one first.
    pub languages: Vec<String>,
    pub configuration: Configuration,
    pub registrations: Registrations,
    pub api_versions: ApiVersions,
    pub pleroma: Pleroma,
    pub contact: Contact,
    pub rules: Vec<Rule>,
}

/// How much it is used.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Usage {
    pub users: ActiveUsers,
}

/// People who were active.
#[derive(Debug, Serialize)]
pub struct ActiveUsers {
    /// Within a month.
    pub active_month: i64,
}

/// A picture for links to the server.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Thumbnail {
    pub url: String,
    pub blurhash: Option<String>,
    pub versions: BTreeMap<String, String>,
    pub description: &'static str,
}

/// One size of the server's icon.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Icon {
    pub src: String,
    pub size: String,
}

/// Limits, in the shape that both versions share.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Limits {
    pub accounts: AccountLimits,
    pub statuses: StatusLimits,
    pub media_attachments: MediaLimits,
    pub polls: PollLimits,
}

/// See [`Limits`].
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct AccountLimits {
    pub max_featured_tags: i64,
    pub max_pinned_statuses: i64,
    pub max_display_name_length: usize,
    pub max_note_length: usize,
    pub max_profile_fields: usize,
    pub profile_field_name_limit: usize,
    pub profile_field_value_limit: usize,
}

/// See [`Limits`].
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct StatusLimits {
    pub max_characters: usize,
    pub max_media_attachments: usize,
    pub characters_reserved_per_url: usize,
    pub supported_mime_types: [&'static str; 2],
}

/// See [`Limits`]; nothing of films where there is no ffmpeg.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct MediaLimits {
    pub description_limit: usize,
    pub supported_mime_types: Vec<&'static str>,
    /// Bytes.
    pub image_size_limit: u64,
    /// Pixels.
    pub image_matrix_limit: u64,
    /// Bytes.
    pub video_size_limit: u64,
    /// Frames a second.
    pub video_frame_rate_limit: u32,
    /// Pixels.
    pub video_matrix_limit: u64,
}

/// See [`Limits`].
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct PollLimits {
    pub max_options: usize,
    pub max_characters_per_option: usize,
    /// Seconds.
    pub min_expiration: i64,
    /// Seconds.
    pub max_expiration: i64,
}

/// What the server can do and allows.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Configuration {
    #[serde(flatten)]
    pub limits: Limits,
    pub urls: Urls,
    pub vapid: Vapid,
    pub translation: Switch,
    pub limited_federation: bool,
    /// As glitch-soc says it.
    pub reactions: ReactionLimits,
    pub timelines_access: TimelinesAccess,
}

/// Where to find what.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Urls {
    /// Of WebSockets.
    pub streaming: String,
    pub status: Option<String>,
    pub about: String,
    pub privacy_policy: String,
    pub terms_of_service: Option<String>,
}

/// The key of Web Push (RFC 8292).
#[derive(Debug, Serialize)]
pub struct Vapid {
    /// Base64url.
    pub public_key: String,
}

/// Whether something is on.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Switch {
    pub enabled: bool,
}

/// How many reactions one person may give a status.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct ReactionLimits {
    pub max_reactions: i64,
}

/// Who may read which timelines.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct TimelinesAccess {
    pub live_feeds: Access,
    pub hashtag_feeds: Access,
    pub trending_link_feeds: Access,
}

/// `public`, `authenticated` or `disabled`: of what is from here, and from elsewhere.
#[derive(Debug, Clone, Copy, Serialize)]
#[allow(missing_docs)]
pub struct Access {
    pub local: &'static str,
    pub remote: &'static str,
}

/// Whether and how people may join.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Registrations {
    pub enabled: bool,
    pub approval_required: bool,
    pub reason_required: bool,
    pub message: Option<String>,
    pub min_age: Option<u32>,
    pub url: Option<String>,
}

/// What of the API is complete.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct ApiVersions {
    pub mastodon: u32,
}

/// What clients of Pleroma look for before they offer reactions.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Pleroma {
    pub metadata: PleromaMetadata,
}

/// See [`Pleroma`].
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct PleromaMetadata {
    pub features: [&'static str; 2],
}

/// Who answers for the server.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Contact {
    pub email: String,
    pub account: Option<Account>,
}

/// Mastodon's V1::Instance.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct FirstInstance {
    /// Its domain.
    pub uri: String,
    pub title: String,
    pub short_description: String,
    /// HTML.
    pub description: String,
    pub email: String,
    pub version: String,
    pub urls: FirstUrls,
    pub stats: Stats,
    pub thumbnail: String,
    pub languages: Vec<String>,
    pub registrations: bool,
    pub approval_required: bool,
    pub invites_enabled: bool,
    pub configuration: Limits,
    pub pleroma: Pleroma,
    pub contact_account: Option<Account>,
    pub rules: Vec<Rule>,
}

/// See [`FirstInstance`].
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct FirstUrls {
    pub streaming_api: String,
}

/// See [`FirstInstance`].
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Stats {
    pub user_count: i64,
    pub status_count: i64,
    /// Servers that were heard of.
    pub domain_count: i64,
}

/// Mastodon's Rule.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Rule {
    pub id: String,
    /// Plain text.
    pub text: String,
    /// Plain text.
    pub hint: String,
    /// Both in other languages, by ISO 639 code.
    pub translations: BTreeMap<String, RuleText>,
}

impl From<settings::Rule> for Rule {
    fn from(rule: settings::Rule) -> Self {
        Self { id: rule.id.to_string(), text: rule.text, hint: rule.hint, translations: rule.translations }
    }
}

/// Mastodon's ExtendedDescription and PrivacyPolicy.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Document {
    pub updated_at: Option<Timestamp>,
    /// HTML.
    pub content: String,
}

/// Mastodon's TermsOfService.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct TermsOfService {
    /// The day from which they count.
    pub effective_date: NaiveDate,
    /// Whether that has come.
    pub effective: bool,
    /// HTML.
    pub content: String,
    /// The day of the next.
    pub succeeded_by: Option<NaiveDate>,
}

impl From<terms::Found> for TermsOfService {
    fn from(found: terms::Found) -> Self {
        Self {
            effective_date: found.terms.effective,
            effective: found.terms.is_effective(),
            content: found.terms.content,
            succeeded_by: found.succeeded_by,
        }
    }
}

/// A week of the server's activity; every number is a text, as Mastodon has it.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Activity {
    /// Its first second, since 1970.
    pub week: String,
    pub statuses: String,
    pub logins: String,
    pub registrations: String,
}

impl From<&stats::Week> for Activity {
    fn from(week: &stats::Week) -> Self {
        Self {
            week: (week.begins.millis() / 1_000).to_string(),
            statuses: week.posts.to_string(),
            logins: week.active.to_string(),
            registrations: week.joined.to_string(),
        }
    }
}

/// Mastodon's DomainBlock, with what the admin says about it in public.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct DomainBlock {
    pub domain: String,
    /// SHA-256 of the domain, hexadecimal.
    pub digest: String,
    /// `suspend` or `silence`.
    pub severity: &'static str,
    pub comment: Option<String>,
}

impl From<instances::Instance> for DomainBlock {
    fn from(instance: instances::Instance) -> Self {
        Self {
            digest: majlis_local::secrets::hex_digest(&instance.host),
            domain: instance.host,
            severity: if instance.policy == Policy::Suspend { "suspend" } else { "silence" },
            comment: instance.public_comment,
        }
    }
}

/// A language in which a post may be written.
#[derive(Debug, Serialize)]
pub struct Language {
    /// ISO 639.
    pub code: &'static str,
    /// In English.
    pub name: &'static str,
}
