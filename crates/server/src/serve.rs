//! The rooms wired into one running server, and its life: start, serve, stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::middleware::{NormalizePath, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use majlis_api::{cors, rate_limits};
use majlis_federation::lanes;
use majlis_local::{Db, deliveries, jobs};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cli::Failure;
use crate::config::Config;
use crate::config::values::Origin;
use crate::probes::{self, Metrics};
use crate::requests::{self, Surroundings};
use crate::rooms::Rooms;
use crate::{chores, database, sweeper, workers};

/// How long a client may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Connections at a time, over all threads.
const CONNECTIONS: usize = 20_000;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

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
        let (db, origin) = database::open_to_write(config, address.port()).await?;
        take_up_abandoned(&db).await?;
        let rooms = Rooms::new(config, db.clone()).await?;

        let (stop, grace) = (CancellationToken::new(), Duration::from_secs(config.stop_timeout.0.into()));
        let mut server = Self { db, origin, address, stop, grace, tasks: JoinSet::new() };
        server.serve(config, listener, &rooms, &metrics)?;
        if let Some(listener) = own_port {
            server.serve_probes(listener, &metrics)?;
        }
        server.beside(sweeper::sweep_daily(server.db.clone(), rooms.store.clone(), server.stop.clone()));
        server.work(rooms);
        server.beside(metrics.upkeep(server.stop.clone()));
        server.beside(chores::keep_house(server.db.clone(), server.stop.clone()));
        Ok(server)
    }

    /// The web server proper.
    fn serve(&mut self, config: &Config, listener: TcpListener, rooms: &Rooms, metrics: &Metrics) -> io::Result<()> {
        let surroundings = Data::new(Surroundings { stop: self.stop.clone(), https: self.origin.is_https() });
        let (rooms, metrics) = (rooms.clone(), Data::new(metrics.clone()));
        let probes = if config.metrics_listen.is_some() { probes::configure_without_metrics } else { probes::configure };
        let app = move || {
            App::new()
                .app_data(surroundings.clone())
                .app_data(metrics.clone())
                .configure(probes)
                .configure(|cfg| rooms.configure(cfg))
                .wrap(from_fn(rate_limits::limit))
                .wrap(from_fn(cors::allow))
                .wrap(NormalizePath::trim())
                .wrap(from_fn(requests::surround))
        };
        let server = HttpServer::new(app)
            .workers(config.workers.0)
            .max_connections(CONNECTIONS.div_ceil(config.workers.0))
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
    fn work(&mut self, rooms: Rooms) {
        let (stop_lanes, lanes_stopped) = watch::channel(false);
        let stop = self.stop.clone();
        self.beside(async move {
            stop.cancelled().await;
            stop_lanes.send_replace(true);
        });
        self.beside(lanes::run(rooms.federation.clone(), lanes_stopped));
        let run: workers::Runner = Arc::new(move |id, job| {
            let rooms = rooms.clone();
            Box::pin(async move { rooms.run(id, job).await })
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

/// Binds a port, or says which one is taken. Must be called inside the runtime.
fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart does not wait until the connections of the last run are forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        // The standard library's own listener lets 128 wait: the next in a burst would lose a second or three.
        socket.listen(BACKLOG)?.into_std()
    };
    bound().map_err(|error| format!("cannot listen on {address}: {error}").into())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn hundreds_may_wait_to_be_accepted() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        for number in 0..300 {
            let connected = timeout(Duration::from_millis(900), TcpStream::connect(address)).await;
            waiting.push(connected.unwrap_or_else(|_| panic!("connection {number} was dropped")).unwrap());
        }
    }
}
