//! The scenarios: what is asked of the server, whether it answers rightly, and what that cost it.

mod burst;
mod requests;
mod sockets;

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use majlis_federation::sig::PrivateKey;
use majlis_local::connection::any_text;
use majlis_local::{Db, Site, Timestamp, schema};
use serde::{Deserialize, Serialize};

use crate::aims::{AIMS, Aim, OTHERS};
use crate::calls::Client;
use crate::peers::{self, HOSTS, LIVE, Peers};
use crate::report::{Cost, Results, median, progress};
use crate::seed::{self, Plan};
use crate::server::{Server, Setup};
use crate::{Failure, Options};

/// How long jobs and deliveries may take after the last request.
const PATIENCE: Duration = Duration::from_secs(120);
/// Starts whose median counts.
const STARTS: usize = 5;

/// What a kept data directory remembers beside the database: addresses are a part of the data.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    port: u16,
    peers: Vec<u16>,
    key: String,
}

/// Everything that a scenario works with.
struct Stage {
    setup: Setup,
    server: Server,
    peers: Peers,
    /// The server's database, for reading only.
    db: Db,
    client: Client,
    key: PrivateKey,
    /// A number that no other run on this data has: makes ids and texts new.
    run: i64,
    round: usize,
    tokens: requests::Tokens,
}

/// Does what the options ask for.
pub(crate) async fn run(options: &Options) -> Result<Results, Failure> {
    let known: Vec<&str> = AIMS.iter().map(|aim| aim.name).chain(OTHERS.iter().map(|(name, _)| *name)).collect();
    if let Some(unknown) = options.only.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("there is no scenario {unknown:?}; there are {}", known.join(", ")).into());
    }
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let binary = std::path::absolute(&options.binary)?;
    if !binary.is_file() {
        return Err(format!("there is no {}: cargo build --release -p majlis-server", binary.display()).into());
    }
    let temporary = tempfile::tempdir()?;
    let data = match &options.data {
        Some(data) => std::path::absolute(data)?,
        None => temporary.path().to_owned(),
    };
    let mut results = Results::default();
    let (setup, peers, db, key) = prepare(options, binary, data).await?;
    let tokens = requests::Tokens::make(&setup)?;

    if wanted("start") {
        let mut took = Vec::new();
        for _ in 0..STARTS {
            let (server, time) = setup.start().await?;
            took.push(time.as_secs_f64() * 1e3);
            server.stop().await?;
        }
        results.start_ms = Some(median(&took));
    }
    let (server, _) = setup.start().await?;
    progress(&format!("the server is process {} at {}", server.id(), setup.origin()));
    if wanted("idle") {
        tokio::time::sleep(Duration::from_secs(10)).await;
        results.idle_mb = Some(server.memory()?);
    }
    let client = Client::new(setup.port)?;
    let mut stage = Stage { setup, server, peers, db, client, key, run: Timestamp::now().millis(), round: 0, tokens };
    let rounds = if options.quick { 1 } else { options.rounds.max(1) };
    for aim in AIMS.iter().filter(|aim| wanted(aim.name)) {
        results.costs.push(stage.measure(aim, rounds, options).await?);
    }
    if wanted("burst") {
        results.burst_seconds = Some(stage.burst().await?);
    }
    if wanted("sockets") {
        results.sockets_mb = Some(stage.sockets(options.quick).await?);
    }
    stage.server.stop().await?;
    stage.peers.stop().await;
    Ok(results)
}

/// The other servers, and the data: seeded now, or found.
async fn prepare(options: &Options, binary: PathBuf, data: PathBuf) -> Result<(Setup, Peers, Db, PrivateKey), Failure> {
    std::fs::create_dir_all(&data)?;
    let note = data.join("load.json");
    let kept: Option<Kept> = match std::fs::read(&note) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes)?),
        Err(_) => None,
    };
    let ports = kept.as_ref().map_or_else(|| vec![0; HOSTS], |kept| kept.peers.clone());
    let listeners = ports.iter().map(|port| peers::listen(*port)).collect::<Result<Vec<TcpListener>, Failure>>()?;
    let key = match &kept {
        Some(kept) => PrivateKey::from_pem(&kept.key)?,
        None => PrivateKey::generate_rsa()?,
    };
    let peers = Peers::start(listeners, &key)?;
    let port = match &kept {
        Some(kept) => kept.port,
        None => peers::listen(0)?.local_addr()?.port(),
    };
    let setup = Setup { binary, data: data.clone(), port };
    let db = seed::open(&data, Site::new(&setup.origin())).await?;
    if kept.is_none() {
        let plan = Plan {
            people: options.people.max(200),
            posts: options.posts,
            ports: peers.ports.clone(),
            public_pem: key.public_key()?.to_pem()?,
        };
        seed::fill(&db, &plan).await?;
        std::fs::write(note, serde_json::to_vec(&Kept { port, peers: peers.ports.clone(), key: key.to_pem()? })?)?;
    }
    Ok((setup, peers, db, key))
}

impl Stage {
    /// Runs a scenario and gives its cost.
    async fn measure(&mut self, aim: &'static Aim, rounds: usize, options: &Options) -> Result<Cost, Failure> {
        let units = if options.quick { (aim.requests / 20).max(40) } else { aim.requests };
        self.round = rounds;
        self.check(aim.name).await.map_err(|error| format!("{}: {error}", aim.name))?;
        self.drained().await?;
        if options.pause > 0 {
            progress(&format!("{}: process {}", aim.name, self.server.id()));
            tokio::time::sleep(Duration::from_secs(options.pause)).await;
        }
        let mut costs = Vec::new();
        let mut last = None;
        for round in 0..rounds {
            self.round = round;
            let calls = self.calls(aim.name, units).await?;
            // A tenth, or nothing of what cannot be said twice, to warm up.
            let warm = calls.iter().take(if requests::repeats(aim.name) { calls.len() / 10 } else { 0 }).cloned().collect();
            self.client.run(warm).await?;
            self.peers.forget();
            let before = self.server.cpu()?;
            let timings = self.client.run(calls).await?;
            self.drained().await?;
            let used = self.server.cpu()? - before;
            self.arrived(aim.name, units)?;
            costs.push(used * 1_000.0 / units as f64);
            last = Some(timings);
        }
        let cost = Cost::new(aim, costs, &last.ok_or("no round")?);
        progress(&format!("{} done", aim.name));
        Ok(cost)
    }

    /// Whether what had to reach the other servers did.
    fn arrived(&self, name: &str, units: usize) -> Result<(), Failure> {
        let came: usize = (0..LIVE).map(|host| self.peers.received(host).0).sum();
        match name {
            "favourite-remote" | "follows" | "deliveries" if came < units => {
                Err(format!("{name}: only {came} of {units} activities reached the other servers").into())
            }
            _ => Ok(()),
        }
    }

    /// Waits until no job waits, nor a delivery to a host that takes it. What is put off until later does not count.
    async fn drained(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        let live: Vec<String> = self.peers.ports.iter().take(LIVE).map(|port| format!("127.0.0.1:{port}")).collect();
        loop {
            let live = live.clone();
            let waiting = self.db.read(move |c| {
                let soon = Timestamp::now().plus_seconds(60);
                let jobs: i64 = schema::jobs::table.filter(schema::jobs::run_at.lt(soon)).count().get_result(c)?;
                let deliveries: i64 =
                    schema::deliveries::table.filter(any_text(schema::deliveries::host, live)).count().get_result(c)?;
                Ok(jobs + deliveries)
            });
            let waiting = waiting.await?;
            if waiting == 0 {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{waiting} jobs and deliveries still wait").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
