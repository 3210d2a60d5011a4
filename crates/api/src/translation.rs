//! Translation by a service that the admin has chosen: LibreTranslate or DeepL. What is asked is bounded in length, number and
//! time, and what was answered is kept for a day, so that a popular status costs one request for each language.

mod deepl;
mod libretranslate;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use majlis_local::Timestamp;
use majlis_local::ids::PostId;
use moka::future::Cache;
use reqwest::{Response, StatusCode};
use tokio::sync::Semaphore;
use url::Url;

use crate::entities::Translation;
use crate::error::{Error, Result};

/// Source languages and what each can be translated into; `und` stands for a language that is not known.
pub type Languages = BTreeMap<String, Vec<String>>;

/// The source of what says not in which language it is.
pub const UNKNOWN: &str = "und";
/// How long the service may take.
const TIME: Duration = Duration::from_secs(20);
/// Requests to the service at the same time; others wait.
const AT_ONCE: usize = 4;
/// Bytes of an answer.
const MOST_BYTES: usize = 1 << 20;
/// Bytes of the texts of one status.
const MOST_TEXT: usize = 64 * 1024;
/// How long the list of languages is believed.
const LANGUAGES_KEPT: Duration = Duration::from_secs(3_600);
/// How long a translation is kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// Translations that are kept.
const MOST_KEPT: u64 = 5_000;

/// Which service translates, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// <https://libretranslate.com>, or one's own.
    LibreTranslate {
        /// Where it is.
        url: Url,
        /// When it wants one.
        key: Option<String>,
    },
    /// <https://www.deepl.com/pro-api>.
    DeepL {
        /// Where it is.
        url: Url,
        /// The key of the account.
        key: String,
    },
}

/// What makes a kept translation right: the post, the time of its text, and the language.
pub type Version = (PostId, Option<Timestamp>, String);

/// Some texts in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// In the order of what was asked: HTML.
    pub texts: Vec<String>,
    /// As the service found it, or as it was said.
    pub source: String,
    /// What calls itself the translator.
    pub provider: &'static str,
}

/// Translates, when a service is configured.
#[derive(Debug)]
pub struct Translator {
    service: Option<Service>,
    http: reqwest::Client,
    permits: Semaphore,
    languages: Cache<(), Arc<Languages>>,
    kept: Cache<Version, Arc<Translation>>,
}

impl Translator {
    /// By this service, or none.
    pub fn new(service: Option<Service>) -> Self {
        // The admin has chosen the address: it may well be on this machine. Nothing leads anywhere else.
        let http = reqwest::Client::builder()
            .timeout(TIME)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Majlis/", env!("CARGO_PKG_VERSION")))
            .build();
        let http = http.or_else(|_| reqwest::Client::builder().tls_certs_only([]).timeout(TIME).build()).unwrap_or_default();
        Self {
            service,
            http,
            permits: Semaphore::new(AT_ONCE),
            languages: Cache::builder().max_capacity(1).time_to_live(LANGUAGES_KEPT).build(),
            kept: Cache::builder().max_capacity(MOST_KEPT).time_to_live(KEPT).build(),
        }
    }

    /// Whether there is a service.
    pub fn is_on(&self) -> bool {
        self.service.is_some()
    }

    /// What can be translated into what; empty without a service.
    ///
    /// # Errors
    /// [`Error::Upstream`].
    pub async fn languages(&self) -> Result<Arc<Languages>> {
        let Some(service) = &self.service else { return Ok(Arc::default()) };
        if let Some(known) = self.languages.get(&()).await {
            return Ok(known);
        }
        let _permit = self.permits.acquire().await.map_err(Error::internal)?;
        let found = Arc::new(match service {
            Service::LibreTranslate { url, key } => libretranslate::languages(&self.http, url, key.as_deref()).await?,
            Service::DeepL { url, key } => deepl::languages(&self.http, url, key).await?,
        });
        self.languages.insert((), found.clone()).await;
        Ok(found)
    }

    /// The kept translation of this version of a post.
    pub async fn kept(&self, version: &Version) -> Option<Arc<Translation>> {
        self.kept.get(version).await
    }

    /// Keeps a translation.
    pub async fn keep(&self, version: Version, translation: Arc<Translation>) {
        self.kept.insert(version, translation).await;
    }

    /// Translates pieces of HTML from `source` ([`UNKNOWN`]: to be found out) into `target`.
    ///
    /// # Errors
    /// [`Error::NotFound`] without a service; [`Error::Forbidden`] for what is too long; [`Error::Upstream`] and
    /// [`Error::Unavailable`] when the service fails or has had enough.
    pub async fn translate(&self, texts: &[String], source: &str, target: &str) -> Result<Translated> {
        let service = self.service.as_ref().ok_or(Error::NotFound)?;
        if texts.iter().map(String::len).sum::<usize>() > MOST_TEXT {
            return Err(Error::forbidden("This action is not allowed"));
        }
        let _permit = self.permits.acquire().await.map_err(Error::internal)?;
        let translated = match service {
            Service::LibreTranslate { url, key } => {
                libretranslate::translate(&self.http, url, key.as_deref(), texts, source, target).await?
            }
            Service::DeepL { url, key } => deepl::translate(&self.http, url, key, texts, source, target).await?,
        };
        if translated.texts.len() == texts.len() {
            Ok(translated)
        } else {
            Err(Error::Upstream("the translator answered with another number of texts".to_owned()))
        }
    }
}

/// The address of a service's endpoint.
fn endpoint(base: &Url, path: &str) -> Result<Url> {
    let mut url = base.clone();
    let joined = format!("{}/{path}", base.path().trim_end_matches('/'));
    url.set_path(&joined);
    Ok(url)
}

/// The JSON of a service's answer, or what its refusal means.
async fn read<T: serde::de::DeserializeOwned>(answer: Result<Response, reqwest::Error>) -> Result<T> {
    let failed = |error: reqwest::Error| Error::Upstream(format!("the translator: {}", error.without_url()));
    let mut response = answer.map_err(failed)?;
    match response.status() {
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(Error::Unavailable("The translation service asks to be left alone for a while."));
        }
        // DeepL's own: the quota is used up.
        status if status.as_u16() == 456 => {
            return Err(Error::Unavailable("What this server may have translated is used up for now."));
        }
        status if !status.is_success() => return Err(Error::Upstream(format!("the translator answered {status}"))),
        _ => {}
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            return Err(Error::Upstream("the translator's answer is too long".to_owned()));
        }
    }
    serde_json::from_slice(&body).map_err(|error| Error::Upstream(format!("the translator: {error}")))
}

#[cfg(test)]
mod tests;
