//! The rooms wired into one running server, and its life: start, serve, stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use majlis_api::{Api, cors, rate_limits};
use majlis_federation::client::PrivatePeers;
use majlis_federation::jobs::Ended;
use majlis_federation::{Federation, ServerInfo, lanes};
use majlis_local::ids::JobId;
use majlis_local::jobs::{self, Job};
use majlis_local::registrations::Registrations;
use majlis_local::settings::{self, About};
use majlis_local::{Db, Site, deliveries, origin};
use majlis_media::{Key, Limits, Media, Store};
use majlis_web::Web;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::Failure;
use crate::config::Config;
use crate::config::values::{Email, Origin, Value as _};
use crate::probes::{self, Metrics};
use crate::requests::{self, Surroundings};
use crate::workers::{self, Outcome};
use crate::{chores, files};

/// The largest body of a request that is no upload.
const BODY_LIMIT: usize = 1 << 20;
/// How long a client may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections at a time, over all threads.
const CONNECTIONS: usize = 20_000;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// What the web server serves.
struct Rooms<'a> {
    pages: &'a Web,
    api: &'a Api,
    federation: &'a Federation,
    store: &'a Store,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The database.
    pub db: Db,
    /// Where the world finds it.
    pub origin: Origin,
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    grace: Duration,
    /// The web server and everything that works beside it.
    tasks: JoinSet<Result<(), Failure>>,
}

impl Server {
    /// Opens the database, listens, and begins to work. What was asked for and cannot be had is named in the error.
    ///
    /// # Errors
    /// A port that is taken, a data directory or database that cannot be used.
    pub async fn start(config: &Config, metrics: Metrics) -> Result<Self, Failure> {
        let listener = listen(config.listen)?;
        let address = listener.local_addr()?;
        let own_port = config.metrics_listen.map(listen).transpose()?;
        let (db, origin) = open_to_write(config, address.port()).await?;
        let store = Store::local(config.media_dir())
            .map_err(|error| format!("cannot keep files in {}: {error}", config.media_dir().display()))?;

        let about = describe(&db, config).await?;
        take_up_abandoned(&db).await?;
        let media = Media::new(store.clone(), Limits { bytes: config.upload_limit.0, ..Limits::default() });
        let pages = Web::new(db.clone(), web_config(config, &about));
        let federation = Federation::new(db.clone(), private_peers(config), server_info(config, about))?;
        let api = Api::new(db.clone(), media, federation.clone(), api_config(config));

        let stop = CancellationToken::new();
        let mut server =
            Self { db, origin, address, stop, grace: Duration::from_secs(config.stop_timeout.0.into()), tasks: JoinSet::new() };
        server.serve(config, listener, &Rooms { pages: &pages, api: &api, federation: &federation, store: &store }, &metrics)?;
        if let Some(listener) = own_port {
            server.serve_probes(listener, &metrics)?;
        }
        server.work(federation, store);
        server.beside(metrics.upkeep(server.stop.clone()));
        server.beside(chores::keep_house(server.db.clone(), server.stop.clone()));
        Ok(server)
    }

    /// The web server proper.
    fn serve(&mut self, config: &Config, listener: TcpListener, rooms: &Rooms<'_>, metrics: &Metrics) -> io::Result<()> {
        let surroundings = Data::new(Surroundings { stop: self.stop.clone(), https: self.origin.is_https() });
        let Rooms { pages, api, federation, store } = *rooms;
        let (db, store, metrics) = (Data::new(self.db.clone()), Data::new(store.clone()), Data::new(metrics.clone()));
        let (pages, api, federation) = (pages.clone(), api.clone(), Data::new(federation.clone()));
        let own_port = config.metrics_listen.is_some();
        let app = move || {
            App::new()
                .app_data(surroundings.clone())
                .app_data(db.clone())
                .app_data(store.clone())
                .app_data(pages.clone())
                .app_data(api.clone())
                .app_data(federation.clone())
                .app_data(metrics.clone())
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .app_data(web::FormConfig::default().limit(BODY_LIMIT))
                .app_data(web::JsonConfig::default().limit(BODY_LIMIT))
                .configure(if own_port { probes::configure_without_metrics } else { probes::configure })
                .configure(files::configure)
                // What is asked for as ActivityPub before what is asked for as a page; what is spelt out before all of /api.
                .configure(majlis_federation::endpoints::configure)
                .configure(majlis_web::configure)
                .configure(majlis_api::configure)
                .default_service(web::to(majlis_web::routes::nowhere))
                .wrap(from_fn(rate_limits::limit))
                .wrap(from_fn(cors::allow))
                .wrap(NormalizePath::trim())
                .wrap(from_fn(requests::surround))
        };
        let server = HttpServer::new(app)
            .workers(config.workers.0)
            .max_connections(CONNECTIONS.div_ceil(config.workers.0))
            .backlog(BACKLOG)
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIME)
            .shutdown_signal(self.stop.clone().cancelled_owned())
            .shutdown_timeout(self.grace.as_secs())
            .listen(listener)?
            .run();
        self.tasks.spawn(async { server.await.map_err(Failure::from) });
        Ok(())
    }

    /// `/health` and `/metrics` on a port of their own.
    fn serve_probes(&mut self, listener: TcpListener, metrics: &Metrics) -> io::Result<()> {
        let (db, metrics) = (Data::new(self.db.clone()), Data::new(metrics.clone()));
        let app = move || App::new().app_data(db.clone()).app_data(metrics.clone()).configure(probes::configure_own_port);
        let server = HttpServer::new(app)
            .workers(1)
            .client_request_timeout(HEAD_TIME)
            .shutdown_signal(self.stop.clone().cancelled_owned())
            .shutdown_timeout(1)
            .listen(listener)?
            .run();
        self.tasks.spawn(async { server.await.map_err(Failure::from) });
        Ok(())
    }

    /// The job workers and the delivery lanes.
    fn work(&mut self, federation: Federation, store: Store) {
        let (stop_lanes, lanes_stopped) = watch::channel(false);
        let stop = self.stop.clone();
        self.beside(async move {
            stop.cancelled().await;
            stop_lanes.send_replace(true);
        });
        self.beside(lanes::run(federation.clone(), lanes_stopped));
        let run: workers::Runner = Arc::new(move |id, job| {
            let (federation, store) = (federation.clone(), store.clone());
            Box::pin(async move { run_job(&federation, &store, id, job).await })
        });
        self.beside(workers::work(self.db.clone(), run, self.stop.clone(), self.grace));
    }

    /// Runs something for as long as the server does.
    fn beside(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async {
            task.await;
            Ok(())
        });
    }

    /// Completes when a part of the server ends by itself, which it should not.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn failed(&mut self) -> Result<(), Failure> {
        match self.tasks.join_next().await {
            Some(Ok(Ok(()))) | None => Err("a part of the server ended by itself".into()),
            Some(Ok(Err(error))) => Err(error),
            Some(Err(error)) => Err(format!("a part of the server failed: {error}").into()),
        }
    }

    /// Stops: no new connections, requests and jobs that are under way end or are given back, and then nothing is left.
    ///
    /// # Errors
    /// When a part of the server failed meanwhile.
    pub async fn stop(mut self) -> Result<(), Failure> {
        self.stop.cancel();
        // Everything keeps to its own bound; this one is for what should not happen.
        let end = tokio::time::Instant::now() + self.grace + Duration::from_secs(5);
        while let Ok(Some(ended)) = tokio::time::timeout_at(end, self.tasks.join_next()).await {
            ended.map_err(|error| format!("a part of the server failed: {error}"))??;
        }
        if !self.tasks.is_empty() {
            tracing::warn!("stopped without waiting for everything");
        }
        Ok(())
    }
}

/// What the client API needs to know.
fn api_config(config: &Config) -> majlis_api::Config {
    majlis_api::Config {
        registrations: config.registrations,
        rate_limits: config.rate_limits,
        proxies: config.trusted_proxies.clone(),
        upload_bytes: usize::try_from(config.upload_limit.0).unwrap_or(usize::MAX),
        post_characters: config.post_limit.0 as usize,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// What the pages need to know.
fn web_config(config: &Config, about: &About) -> majlis_web::Config {
    majlis_web::Config {
        registrations: config.registrations,
        title: about.title.clone(),
        description: config.description.clone(),
        ..majlis_web::Config::default()
    }
}

fn private_peers(config: &Config) -> PrivatePeers {
    if config.private_peers { PrivatePeers::On } else { PrivatePeers::Off }
}

/// Writes down what the configuration says of the server, and gives back all that is said.
async fn describe(db: &Db, config: &Config) -> Result<About, Failure> {
    let before = db.read(settings::about).await?;
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
fn server_info(config: &Config, about: About) -> ServerInfo {
    ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        open_registrations: config.registrations == Registrations::Open,
        title: about.title,
        description: about.short_description,
        alias_domains: config.alias_domains.0.clone(),
    }
}

/// Ends the leases that a killed process left behind. A database has one server, and that one has just started: nobody else
/// can hold them.
async fn take_up_abandoned(db: &Db) -> majlis_local::Result<()> {
    let released = db
        .write(|c| {
            deliveries::release_all(c)?;
            jobs::release_abandoned(c)
        })
        .await?;
    if released > 0 {
        tracing::info!(jobs = released, "took up what the last process had in hand");
    }
    Ok(())
}

/// Runs a job where it belongs: files here, everything else in the federation.
async fn run_job(federation: &Federation, store: &Store, id: JobId, job: Job) -> Outcome {
    if let Job::DeleteFiles { keys } = &job {
        return delete_files(store, keys).await;
    }
    match federation.run(id, &job).await {
        Ok(Ended::Done) => Outcome::Done,
        Ok(Ended::Finished) => Outcome::Gone,
        Ok(Ended::NotOurs) => {
            tracing::error!(%id, ?job, "nobody runs such a job");
            Outcome::Done
        }
        Err(why) => Outcome::Again { why, after: None },
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

/// Opens the database as the configuration says, and the data directory with it. The origin is the one that was asked for,
/// else the database's own, else this machine at `port`.
///
/// # Errors
/// When it cannot be used, or belongs to another origin than the one that was asked for.
pub async fn open(config: &Config, port: u16) -> Result<(Db, Origin), Failure> {
    make_data_dir(config)?;
    let wanted = config.origin_or_port(port);
    let db = open_at(config, &wanted).await?;
    let owner = db.read(origin::stored).await?;
    let Some(owner) = owner.filter(|owner| *owner != wanted.text()) else { return Ok((db, wanted)) };
    if config.origin.is_some() {
        // Perhaps nobody lives there yet: that is decided when somebody is about to.
        return Ok((db, wanted));
    }
    let owner = Origin::parse(&owner).map_err(|_| format!("the database says that it belongs to {owner:?}"))?;
    Ok((open_at(config, &owner).await?, owner))
}

/// [`open`], for those who make people and posts: from now on the database belongs to this origin.
///
/// # Errors
/// Those of [`open`].
pub async fn open_to_write(config: &Config, port: u16) -> Result<(Db, Origin), Failure> {
    let (db, wanted) = open(config, port).await?;
    let text = wanted.text();
    let owner = db.write(move |c| origin::claim(c, &text)).await?;
    if owner != wanted.text() {
        return Err(format!(
            "origin is {wanted}, but people live in this database under {owner}, which is a part of all their addresses: \
             set origin to {owner}, or begin with another database"
        )
        .into());
    }
    Ok((db, wanted))
}

async fn open_at(config: &Config, origin: &Origin) -> Result<Db, Failure> {
    let (url, site) = (config.database(), Site::new(&origin.text()));
    Ok(tokio::task::spawn_blocking(move || Db::open(&url, site)).await??)
}

/// Makes the data directory when it is missing; nobody else on the machine may look into it: password hashes and keys lie there.
///
/// # Errors
/// When it cannot be made.
pub fn make_data_dir(config: &Config) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.recursive(true).create(&config.data_dir);
    made.map_err(|error| format!("cannot make the data directory {}: {error}", config.data_dir.display()).into())
}

/// Binds a port, or says which one is taken.
fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| format!("cannot listen on {address}: {error}").into())
}
