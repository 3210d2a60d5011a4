//! The rooms of one server, each with what it needs to know: made once at the start and shared by requests and jobs.

use std::path::PathBuf;
use std::time::Duration;

use actix_web::web::{self, Data, ServiceConfig};
use majlis_api::Api;
use majlis_api::media::conversion;
use majlis_api::media_proxy;
use majlis_api::push::message::{self, Sent, Told};
use majlis_api::translation::Service;
use majlis_federation::client::PrivatePeers;
use majlis_federation::jobs::Ended;
use majlis_federation::{Federation, ServerInfo, archives, previews};
use majlis_local::ids::{
    ActorId, AnnouncementId, ArchiveId, AttachmentId, JobId, NewsletterSubscriptionId, NotificationId, PostId,
    PushSubscriptionId, ScheduledId,
};
use majlis_local::jobs::{self, Job};
use majlis_local::mail::{Letter, Mail};
use majlis_local::newsletters::issues;
use majlis_local::registrations::Registrations;
use majlis_local::settings::{self, About};
use majlis_local::writing::Typed;
use majlis_local::{
    Db, Error, announcements, annual_reports, domain_blocks, expiring, newsletters, notification_requests, polls, receive,
    scheduled, secrets,
};
use majlis_media::{FilmLimits, Films, Key, Limits, Media, Store};
use majlis_web::Web;

use crate::cli::Failure;
use crate::config::Config;
use crate::config::values::{Email, Ffmpeg, Translator};
use crate::files::{self, Elsewhere};
use crate::mail::{Mailer, Unsent};
use crate::workers::Outcome;

/// The largest body of a request, wherever a room does not say otherwise.
const BODY_LIMIT: usize = 1 << 20;

/// When a film whose turn has not come asks again.
const TURN: Duration = Duration::from_secs(2);

/// The same of an archive.
const ARCHIVE_TURN: Duration = Duration::from_secs(10);

/// The rooms. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rooms {
    /// The database.
    pub db: Db,
    /// Other servers.
    pub federation: Federation,
    /// Where files are kept.
    pub store: Store,
    /// Where the world may read them besides.
    elsewhere: Elsewhere,
    /// Where archives are written until they are whole.
    scratch: PathBuf,
    api: Api,
    pages: Web,
    mailer: Mailer,
}

impl Rooms {
    /// Sets all of them up.
    ///
    /// # Errors
    /// When the place for files cannot be used, or the client for other servers cannot be made.
    pub async fn new(config: &Config, db: Db) -> Result<Self, Failure> {
        let store = store(config)?;
        let about = describe(&db, config).await?;
        let media = Media::new(store.clone(), Limits { bytes: config.upload_limit.0, ..Limits::default() });
        let media = media.with_films(film_makers(config).await?);
        let federation = Federation::new(db.clone(), private_peers(config), server_info(config, &about))?;
        let api = Api::new(db.clone(), media, federation.clone(), api_config(config, pictures(config, &db).await?));
        media_proxy::tidy(&api).await.map_err(|error| format!("cannot tidy up copies of pictures: {error}"))?;
        let pages = Web::new(db.clone(), federation.clone(), web_config(config, about));
        let elsewhere =
            Elsewhere(config.media_s3_public_url.as_ref().filter(|_| config.media_s3_bucket.is_some()).map(|url| url.0.clone()));
        let mailer = mailer(config, db.site().domain())?;
        Ok(Self { db, federation, store, elsewhere, scratch: config.scratch_dir(), api, pages, mailer })
    }

    /// Adds every room's routes and what they need. Where two rooms answer at one address, the federation says first whether
    /// the request is for it; the pages own `/api/oembed` and so come before the API.
    pub fn configure(&self, cfg: &mut ServiceConfig) {
        cfg.app_data(Data::new(self.db.clone()))
            .app_data(Data::new(self.store.clone()))
            .app_data(Data::new(self.elsewhere.clone()))
            .app_data(Data::new(self.federation.clone()))
            .app_data(self.api.clone())
            .app_data(self.pages.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .app_data(web::FormConfig::default().limit(BODY_LIMIT))
            .app_data(web::JsonConfig::default().limit(BODY_LIMIT))
            .configure(files::configure)
            .configure(majlis_federation::endpoints::configure)
            .configure(majlis_web::configure)
            .configure(majlis_api::configure)
            .default_service(web::to(majlis_web::routes::nowhere));
    }

    /// Runs a job where it belongs: what peers have nothing to do with here, everything else in the federation.
    pub async fn run(&self, id: JobId, job: Job) -> Outcome {
        match &job {
            Job::ConvertMedia { attachment } => return convert(&self.api, *attachment).await,
            Job::MakeArchive { archive } => return self.make_archive(*archive).await,
            Job::DeleteFiles { keys } => return delete_files(&self.store, keys).await,
            Job::Erase { actor } => return erase(&self.db, *actor).await,
            Job::Announce { announcement } => return announce(&self.db, *announcement).await,
            Job::PublishScheduled { scheduled } => return publish_scheduled(&self.db, id, *scheduled).await,
            Job::ExpirePost { post } => {
                let post = *post;
                return match self.db.write(move |c| expiring::expire(c, post)).await {
                    Ok(()) => Outcome::Done,
                    Err(error) => Outcome::Again { why: error.to_string(), after: None },
                };
            }
            Job::FetchCard { post } => {
                return match previews::fetch_card(&self.federation, &self.api.media, *post).await {
                    Ok(()) => Outcome::Done,
                    Err(why) => Outcome::Again { why, after: None },
                };
            }
            Job::AnnualReport { actor, year } => return annual_report(&self.db, *actor, *year).await,
            Job::CutServer { actor, domain } => return cut_server(&self.db, *actor, domain).await,
            Job::Mail { mail } => return self.send(id, mail).await,
            Job::Newsletter { author, posts, after } => return newsletter(&self.db, id, *author, posts.clone(), *after).await,
            Job::FollowNewsletters { actor } => return follow_newsletters(&self.db, *actor).await,
            Job::MergeNotifications { recipient, actor } => return merge_notifications(&self.db, *recipient, *actor).await,
            Job::EndPoll { post } => return end_poll(&self.db, *post).await,
            Job::Push { subscription, notification } => return self.push(*subscription, *notification).await,
            _ => {}
        }
        match self.federation.run(id, &job).await {
            Ok(Ended::Done) => Outcome::Done,
            Ok(Ended::Finished) => Outcome::Gone,
            Ok(Ended::NotOurs) => {
                tracing::error!(%id, ?job, "nobody runs such a job");
                Outcome::Done
            }
            Err(why) => Outcome::Again { why, after: None },
        }
    }

    async fn make_archive(&self, id: ArchiveId) -> Outcome {
        match archives::make(&self.federation, &self.store, &self.scratch, id).await {
            Ok(archives::Ended::Done) => Outcome::Done,
            Ok(archives::Ended::NotNow) => Outcome::NotNow(ARCHIVE_TURN),
            Err(why) => {
                tracing::warn!(archive = %id, why, "an archive could not be made; it will be tried again");
                Outcome::Again { why, after: None }
            }
        }
    }

    /// Writes a letter and sends it. The log names no addresses.
    async fn send(&self, id: JobId, mail: &Mail) -> Outcome {
        let letter = match self.pages.letter(mail).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return Outcome::Done,
            Err(error) => return Outcome::Again { why: error.to_string(), after: None },
        };
        match self.mailer.send(id, &mail.to, letter).await {
            Ok(()) => Outcome::Done,
            Err(Unsent::Later(why)) => {
                tracing::warn!(%id, why, "a letter could not be sent; it will be tried again");
                Outcome::Again { why, after: None }
            }
            Err(Unsent::Never(why)) => {
                tracing::warn!(%id, why, "a letter was refused");
                Outcome::Done
            }
            Err(Unsent::Nobody(why)) => {
                tracing::warn!(%id, why, "a letter was refused: there is no such address");
                let Letter::Newsletter { token, .. } = &mail.letter else { return Outcome::Done };
                let token = token.clone();
                match self.api.db.write(move |c| newsletters::leave(c, &token)).await {
                    Ok(()) => Outcome::Done,
                    Err(error) => Outcome::Again { why: error.to_string(), after: None },
                }
            }
        }
    }

    /// The words are the pages', the rest is the client API's.
    async fn push(&self, subscription: PushSubscriptionId, notification: NotificationId) -> Outcome {
        let title = |told: &Told| self.pages.push_title(&told.locale, told.kind, &told.name, told.own);
        match message::push(&self.api, subscription, notification, title).await {
            Sent::Done => Outcome::Done,
            Sent::Again { why, after } => Outcome::Again { why, after },
        }
    }
}

/// The way out for letters.
fn mailer(config: &Config, domain: &str) -> Result<Mailer, Failure> {
    // A port is no part of an e-mail address.
    let domain = domain.split(':').next().unwrap_or(domain);
    let from = config.mail_from.as_ref().map_or_else(|| format!("majlis@{domain}"), |Email(address)| address.clone());
    let from = from.parse().map_err(|error| format!("letters cannot come from {from}: {error}"))?;
    match &config.smtp_url {
        Some(url) => Mailer::smtp(url, from),
        None => Ok(Mailer::outbox(config.outbox_dir(), from)),
    }
}

/// Where files are kept: a bucket, or the data directory.
///
/// # Errors
/// When it cannot be used.
pub fn store(config: &Config) -> Result<Store, Failure> {
    if let Some(bucket) = config.bucket() {
        return Store::bucket(&bucket).map_err(|error| format!("cannot keep files in {bucket:?}: {error}").into());
    }
    let folder = config.media_dir();
    Store::local(&folder).map_err(|error| format!("cannot keep files in {}: {error}", folder.display()).into())
}

/// Whoever works on films and sounds, when that is wanted and ffmpeg is here.
async fn film_makers(config: &Config) -> Result<Option<Films>, Failure> {
    let folder = match &config.ffmpeg {
        Ffmpeg::Off => return Ok(None),
        Ffmpeg::Auto => None,
        Ffmpeg::Folder(folder) => Some(folder.as_path()),
    };
    let limits = FilmLimits { bytes: config.video_limit.0, ..FilmLimits::default() };
    let films = Films::find(folder, config.scratch_dir(), limits).await.map_err(|error| error.to_string())?;
    match (&films, folder) {
        (Some(_), _) => tracing::info!("ffmpeg is here: videos and sounds are taken"),
        (None, None) => tracing::info!("there is no ffmpeg (with libx264) here: videos and sounds are refused"),
        (None, Some(folder)) => return Err(format!("there is no usable ffmpeg and ffprobe in {}", folder.display()).into()),
    }
    Ok(films)
}

/// What the client API needs to know.
fn api_config(config: &Config, pictures: Option<(secrets::Key, u64)>) -> majlis_api::Config {
    majlis_api::Config {
        registrations: config.registrations,
        confirm_emails: config.asks_confirmation(),
        rate_limits: config.rate_limits,
        proxies: config.trusted_proxies.clone(),
        upload_bytes: usize::try_from(config.upload_limit.0).unwrap_or(usize::MAX),
        post_characters: config.post_limit.0 as usize,
        translation: translation(config),
        pictures,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Which service translates. What is missing was refused when the configuration was read.
fn translation(config: &Config) -> Option<Service> {
    let url = config.translator_url.as_ref().and_then(|url| url.0.parse().ok());
    let key = config.translator_key.as_ref().map(|key| key.0.clone());
    match config.translator {
        Translator::Off => None,
        Translator::LibreTranslate => Some(Service::LibreTranslate { url: url?, key }),
        Translator::DeepL => {
            let key = key?;
            // Keys of the free plan end in `:fx` and work at an address of their own.
            let own = if key.ends_with(":fx") { "https://api-free.deepl.com" } else { "https://api.deepl.com" };
            Some(Service::DeepL { url: url.or_else(|| own.parse().ok())?, key })
        }
    }
}

/// The key and the budget for other servers' pictures, when they are shown from here.
async fn pictures(config: &Config, db: &Db) -> Result<Option<(secrets::Key, u64)>, Failure> {
    match config.picture_cache.0 {
        0 => Ok(None),
        budget => Ok(Some((db.write(settings::picture_key).await?, budget))),
    }
}

fn private_peers(config: &Config) -> PrivatePeers {
    if config.private_peers { PrivatePeers::On } else { PrivatePeers::Off }
}

/// What the pages need to know.
fn web_config(config: &Config, about: About) -> majlis_web::Config {
    majlis_web::Config {
        registrations: config.registrations,
        confirm_emails: config.asks_confirmation(),
        title: about.title,
        description: Some(about.short_description),
        contact_email: Some(about.contact_email),
        post_characters: config.post_limit.0 as usize,
        language: config.locale,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Writes down what the configuration says of the server, and gives back all that is said.
async fn describe(db: &Db, config: &Config) -> Result<About, Failure> {
    let (before, trends) = db.read(|c| Ok((settings::about(c)?, settings::trends(c)?))).await?;
    if trends != config.trends {
        let changed = config.trends;
        db.write(move |c| settings::set_trends(c, changed)).await?;
    }
    let mut about = before.clone();
    if let Some(title) = &config.title {
        about.title.clone_from(title);
    }
    if let Some(description) = &config.description {
        about.short_description.clone_from(description);
    }
    if let Some(Email(address)) = &config.contact_email {
        about.contact_email.clone_from(address);
    }
    if about != before {
        let changed = about.clone();
        db.write(move |c| settings::set_about(c, &changed)).await?;
    }
    Ok(about)
}

/// What nodeinfo says of us.
fn server_info(config: &Config, about: &About) -> ServerInfo {
    ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        open_registrations: config.registrations == Registrations::Open,
        title: about.title.clone(),
        description: about.short_description.clone(),
        alias_domains: config.alias_domains.0.clone(),
    }
}

async fn convert(api: &Api, id: AttachmentId) -> Outcome {
    match conversion::convert(api, id).await {
        Ok(conversion::Ended::Done) => Outcome::Done,
        Ok(conversion::Ended::NotNow) => Outcome::NotNow(TURN),
        Err(why) => Outcome::Again { why, after: None },
    }
}

/// One small write after the other: others write in between.
async fn erase(db: &Db, actor: ActorId) -> Outcome {
    loop {
        match db.write(move |c| receive::erase_posts(c, actor)).await {
            Ok(true) => {}
            Ok(false) => return Outcome::Done,
            Err(error) => return Outcome::Again { why: error.to_string(), after: None },
        }
    }
}

/// Publishes a scheduled post; its job goes in the same write.
async fn publish_scheduled(db: &Db, job: JobId, id: ScheduledId) -> Outcome {
    let site = db.site().clone();
    let published = async {
        let Some(scheduled) = db.read(move |c| scheduled::due(c, id)).await? else { return Ok(()) };
        let draft = &scheduled.draft;
        let typed = Typed::read(&site, &draft.text, draft.format, draft.language.is_none());
        db.write(move |c| {
            scheduled::publish_due(c, &site, id, typed)?;
            jobs::finish(c, &[job])
        })
        .await
    };
    match published.await {
        Ok(()) => Outcome::Done,
        Err(error @ (Error::Invalid(_) | Error::NotFound(_) | Error::Forbidden(_))) => {
            tracing::info!(%id, %error, "a scheduled post was dropped: it cannot be published any more");
            match db.write(move |c| scheduled::forget(c, id)).await {
                Ok(()) => Outcome::Done,
                Err(error) => Outcome::Again { why: error.to_string(), after: None },
            }
        }
        Err(error) => Outcome::Again { why: error.to_string(), after: None },
    }
}

/// Reading a year takes longer than others may wait for a write.
async fn annual_report(db: &Db, actor: ActorId, year: i32) -> Outcome {
    let counted = match db.read(move |c| annual_reports::compute(c, actor, year)).await {
        Ok(data) => db.write(move |c| annual_reports::store(c, actor, year, data)).await,
        Err(error) => Err(error),
    };
    match counted {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Again { why: error.to_string(), after: None },
    }
}

/// Hands on the next letters of a newsletter; the job ends in the same write.
async fn newsletter(db: &Db, job: JobId, author: ActorId, posts: Vec<PostId>, after: NewsletterSubscriptionId) -> Outcome {
    let site = db.site().clone();
    match db.write(move |c| issues::hand_out(c, &site, job, author, posts, after)).await {
        Ok(()) => Outcome::Gone,
        Err(error) => Outcome::Again { why: error.to_string(), after: None },
    }
}

async fn follow_newsletters(db: &Db, actor: ActorId) -> Outcome {
    let site = db.site().clone();
    match db.write(move |c| newsletters::follow_instead(c, &site, actor)).await {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Again { why: error.to_string(), after: None },
    }
}

/// One small write after the other, as for [`erase`].
async fn cut_server(db: &Db, actor: ActorId, domain: &str) -> Outcome {
    loop {
        let domain = domain.to_owned();
        match db.write(move |c| domain_blocks::cut_some(c, actor, &domain)).await {
            Ok(true) => {}
            Ok(false) => return Outcome::Done,
            Err(error) => return Outcome::Again { why: error.to_string(), after: None },
        }
    }
}

async fn announce(db: &Db, id: AnnouncementId) -> Outcome {
    match db.write(move |c| announcements::tell(c, id)).await {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Again { why: error.to_string(), after: None },
    }
}

/// One small write after the other, too: a poll may have many voters.
async fn end_poll(db: &Db, post: PostId) -> Outcome {
    let mut after = ActorId(0);
    loop {
        match db.write(move |c| polls::end(c, post, after)).await {
            Ok(Some(last)) => after = last,
            Ok(None) => return Outcome::Done,
            Err(error) => return Outcome::Again { why: error.to_string(), after: None },
        }
    }
}

/// One small write after the other, too.
async fn merge_notifications(db: &Db, recipient: ActorId, actor: ActorId) -> Outcome {
    loop {
        match db.write(move |c| notification_requests::merge(c, recipient, actor)).await {
            Ok(true) => return Outcome::Done,
            Ok(false) => {}
            Err(error) => return Outcome::Again { why: error.to_string(), after: None },
        }
    }
}

async fn delete_files(store: &Store, keys: &[String]) -> Outcome {
    for key in keys {
        // A remote picture's column holds an address and not a key: there is nothing to delete.
        let Ok(key) = Key::parse(key) else { continue };
        if let Err(error) = store.delete(&key).await {
            return Outcome::Again { why: error.to_string(), after: None };
        }
    }
    Outcome::Done
}
