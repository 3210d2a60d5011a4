//! What every page shares: the database, what the process was started with, the words and the files.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use majlis_federation::Federation;
use majlis_local::registrations::Registrations;
use majlis_local::settings::{self, About};
use majlis_local::stats::Counts;
use majlis_local::{Db, Site};
use std::future::{Ready, ready};

use crate::assets::Assets;
use crate::error::{Error, Result};
use crate::language::Language;
use crate::words::Dictionary;

/// How long what the server says of itself is not read again.
const ABOUT_FOR: Duration = Duration::from_secs(10);

/// The state behind the pages. Cheap to clone; an extractor, so that a handler names it as an argument: `web: Web`.
#[derive(Debug, Clone)]
pub struct Web(Arc<State>);

/// What [`Web`] holds.
#[derive(Debug)]
pub struct State {
    /// The database.
    pub db: Db,
    /// Other servers: whom a handle or an address names.
    pub federation: Federation,
    /// What the process was started with.
    pub config: Config,
    /// The words of the pages.
    pub words: Dictionary,
    /// Style sheet, scripts and pictures.
    pub assets: Assets,
    /// What the front page has counted.
    pub(crate) numbers: Kept<(Counts, i64)>,
    /// What the server says of itself, as an admin has last changed it.
    about: Kept<About>,
}

/// What the process was started with, as far as the pages care.
#[derive(Debug, Clone)]
pub struct Config {
    /// Who may sign up.
    pub registrations: Registrations,
    /// Whether whoever signs up has to confirm the e-mail address.
    pub confirm_emails: bool,
    /// The server's name, until an admin gives it another ([`majlis_local::settings::About`]).
    pub title: String,
    /// One paragraph about it, in plain text; likewise.
    pub description: Option<String>,
    /// Where people reach whoever runs it; likewise.
    pub contact_email: Option<String>,
    /// The most characters of a post.
    pub post_characters: usize,
    /// The language for those whose browser asks for none that we have.
    pub language: Language,
    /// Our own version: `0.1.0`.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            registrations: Registrations::Open,
            confirm_emails: false,
            title: "Majlis".to_owned(),
            description: None,
            contact_email: None,
            post_characters: majlis_local::publish::CHARACTER_LIMIT,
            language: Language::English,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl Web {
    /// The state over a database and the federation with other servers.
    pub fn new(db: Db, federation: Federation, config: Config) -> Self {
        Self(Arc::new(State {
            db,
            federation,
            config,
            words: Dictionary::new(),
            assets: Assets::new(),
            numbers: Kept::new(),
            about: Kept::new(),
        }))
    }

    /// The state behind a request.
    ///
    /// # Errors
    /// 500 when the application was put together without it.
    pub fn of(req: &HttpRequest) -> Result<&Self> {
        req.app_data::<Self>().ok_or_else(|| Error::internal("the application has no Web in its data"))
    }

    /// The server's own names.
    pub fn site(&self) -> &Site {
        self.db.site()
    }

    /// What the server says of itself: what an admin has said, else what the process was started with.
    ///
    /// # Errors
    /// The database's.
    pub async fn about(&self) -> Result<Arc<About>> {
        if let Some(about) = self.about.fresh() {
            return Ok(about);
        }
        let said = self.db.read(settings::about).await?;
        Ok(self.about.keep(self.with_defaults(said), ABOUT_FOR))
    }

    /// The same without asking the database: for pages about its failure.
    pub(crate) fn about_now(&self) -> Arc<About> {
        self.about.last().unwrap_or_else(|| Arc::new(self.with_defaults(About::default())))
    }

    fn with_defaults(&self, mut said: About) -> About {
        if said.title == About::default().title {
            said.title.clone_from(&self.config.title);
        }
        if said.short_description.is_empty() {
            said.short_description = self.config.description.clone().unwrap_or_default();
        }
        if said.contact_email.is_empty() {
            said.contact_email = self.config.contact_email.clone().unwrap_or_default();
        }
        said
    }

    /// Whether the pages are served by https: cookies are then sent over nothing else.
    pub fn is_secure(&self) -> bool {
        self.site().origin().starts_with("https://")
    }
}

impl Deref for Web {
    type Target = State;
    fn deref(&self) -> &State {
        &self.0
    }
}

impl FromRequest for Web {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(req).cloned())
    }
}

/// Something that is read once in a while.
#[derive(Debug)]
pub(crate) struct Kept<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Kept<T> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// What was kept, if its time has not passed.
    pub(crate) fn fresh(&self) -> Option<Arc<T>> {
        let kept = self.0.lock().ok()?;
        kept.as_ref().filter(|(until, _)| *until > Instant::now()).map(|(_, value)| value.clone())
    }

    fn last(&self) -> Option<Arc<T>> {
        self.0.lock().ok()?.as_ref().map(|(_, value)| value.clone())
    }

    /// Keeps something anew, for so long.
    pub(crate) fn keep(&self, value: T, time: Duration) -> Arc<T> {
        let value = Arc::new(value);
        if let Ok(mut kept) = self.0.lock() {
            *kept = Some((Instant::now() + time, value.clone()));
        }
        value
    }
}
