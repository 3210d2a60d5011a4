//! What every endpoint shares: the database, the settings of this process, and the caches over them.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use majlis_federation::Federation;
use majlis_local::picture_proxy::{Grant, PictureProxy};
use majlis_local::secrets::Key;
use majlis_local::users::Standing;
use majlis_local::{Db, Site, settings};
use majlis_media::Media;
use tokio::sync::OnceCell;

pub use majlis_local::registrations::Registrations;

use crate::auth::{Bearers, Identity, identify};
use crate::client_address::Proxies;
use crate::error::{Error, Result};
use crate::instance::Kept;
use crate::media_proxy::Copies;
use crate::push::message::Outbox;
use crate::rate_limits::RateLimits;
use crate::streaming::Hub;
use crate::translation::{self, Translator};

/// The state behind the API. Cheap to clone; an extractor, so that a handler names it as an argument: `api: Api`.
///
/// Its database handle tells the addresses of other servers' pictures as whoever asks may have them: one who is logged in may
/// have them fetched. Handlers need not know.
#[derive(Debug, Clone)]
pub struct Api {
    /// The database.
    pub db: Db,
    state: Arc<State>,
}

/// What [`Api`] holds.
#[derive(Debug)]
pub struct State {
    /// The database as those see it who are logged in.
    members: Db,
    /// Who signs addresses of pictures, when they are shown from here.
    pictures: Option<PictureProxy>,
    /// Copies of other servers' pictures.
    pub copies: Copies,
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
    /// Push messages on their way.
    pub pushes: Outbox,
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
    /// The key that signs addresses of other servers' pictures, and the most bytes that copies of them take. `None`: they are
    /// told where they are.
    pub pictures: Option<(Key, u64)>,
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
            pictures: None,
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
        let pictures = config.pictures.as_ref().map(|(key, _)| PictureProxy::new(key, Grant::Look));
        let copies = Copies::new(config.pictures.as_ref().map_or(0, |(_, budget)| *budget));
        let seen_by = |grant| match &pictures {
            Some(proxy) => db.at(db.site().showing(proxy.granting(grant))),
            None => db.clone(),
        };
        let (guests, members) = (seen_by(Grant::Look), seen_by(Grant::Fetch));
        let state = Arc::new(State {
            members,
            pictures,
            copies,
            media,
            federation,
            config,
            bearers,
            rate_limits,
            streaming: Hub::default(),
            kept: Kept::default(),
            pushes: Outbox::default(),
            translator,
            vapid_key: OnceCell::new(),
        });
        Self { db: guests, state }
    }

    /// The same for somebody who is logged in.
    #[must_use]
    pub(crate) fn for_member(&self) -> Self {
        Self { db: self.members.clone(), state: self.state.clone() }
    }

    /// Who reads and signs addresses of other servers' pictures, when they are shown from here.
    pub(crate) fn pictures(&self) -> Option<&PictureProxy> {
        self.pictures.as_ref()
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
        &self.state
    }
}

impl FromRequest for Api {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (api, req) = (Self::of(req).cloned(), req.clone());
        Box::pin(async move {
            let api = api?;
            if api.pictures.is_none() {
                return Ok(api);
            }
            // Whoever is refused hears of it from the extractor that asks for a person.
            match identify(&req).await {
                Ok(Identity::Known(access)) if access.person.is_some_and(|person| person.standing == Standing::Active) => {
                    Ok(api.for_member())
                }
                _ => Ok(api),
            }
        })
    }
}
