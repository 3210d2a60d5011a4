//! What every endpoint shares: the database, the settings of this process, and the caches over them.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use majlis_federation::Federation;
use majlis_local::{Db, Site, settings};
use majlis_media::Media;
use tokio::sync::OnceCell;

pub use majlis_local::registrations::Registrations;

use crate::auth::Bearers;
use crate::client_address::Proxies;
use crate::error::{Error, Result};
use crate::instance::Kept;
use crate::rate_limits::RateLimits;
use crate::streaming::Hub;
use crate::translation::{self, Translator};

/// The state behind the API. Cheap to clone; an extractor, so that a handler names it as an argument: `api: Api`.
#[derive(Debug, Clone)]
pub struct Api(Arc<State>);

/// What [`Api`] holds.
#[derive(Debug)]
pub struct State {
    /// The database.
    pub db: Db,
    /// Where files go.
    pub media: Media,
    /// Other servers: whom a handle or an address names.
    pub federation: Federation,
    /// What the process was started with.
    pub config: Config,
    /// Who bears which token.
    pub bearers: Bearers,
    /// How often whom may ask.
    pub rate_limits: RateLimits,
    /// Who listens to what.
    pub streaming: Hub,
    /// Answers that are the same for everybody for a while.
    pub kept: Kept,
    /// What translates, if anything does.
    pub translator: Translator,
    vapid_key: OnceCell<String>,
}

/// What the process was started with, as far as the API cares. What an admin may change while it runs stands in
/// [`majlis_local::settings`] instead.
#[derive(Debug, Clone)]
pub struct Config {
    /// Who may sign up.
    pub registrations: Registrations,
    /// Whether whoever signs up has to confirm the e-mail address.
    pub confirm_emails: bool,
    /// Whether requests are counted and refused.
    pub rate_limits: bool,
    /// Whose word about a client's address is taken.
    pub proxies: Proxies,
    /// The most bytes of an uploaded file.
    pub upload_bytes: usize,
    /// The most characters of a post.
    pub post_characters: usize,
    /// What translates statuses.
    pub translation: Option<translation::Service>,
    /// Our own version: `0.1.0`.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            registrations: Registrations::Open,
            confirm_emails: false,
            rate_limits: true,
            proxies: Proxies::default(),
            upload_bytes: 16 << 20,
            post_characters: 500,
            translation: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Api {
    /// The state over a database, a store of files and the federation with other servers.
    pub fn new(db: Db, media: Media, federation: Federation, config: Config) -> Self {
        let bearers = Bearers::new(&db);
        let rate_limits = RateLimits::new();
        let translator = Translator::new(config.translation.clone());
        Self(Arc::new(State {
            db,
            media,
            federation,
            config,
            bearers,
            rate_limits,
            streaming: Hub::default(),
            kept: Kept::default(),
            translator,
            vapid_key: OnceCell::new(),
        }))
    }

    /// The state behind a request.
    ///
    /// # Errors
    /// 500 when the application was put together without it.
    pub fn of(req: &HttpRequest) -> Result<&Self> {
        req.app_data::<Self>().ok_or_else(|| Error::internal("the application has no Api in its data"))
    }

    /// The public key by which push services know this server (RFC 8292 §3.2), made when it is asked for the first time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn vapid_key(&self) -> Result<String> {
        let read = async || -> Result<String> { Ok(self.db.write(settings::vapid).await?.public) };
        self.vapid_key.get_or_try_init(read).await.cloned()
    }

    /// The server's own names.
    pub fn site(&self) -> &Site {
        self.db.site()
    }
}

impl Deref for Api {
    type Target = State;
    fn deref(&self) -> &State {
        &self.0
    }
}

impl FromRequest for Api {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(req).cloned())
    }
}
