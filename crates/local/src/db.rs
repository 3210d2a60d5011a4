//! The only door to the database: [`Db::read`] and [`Db::write`] run a synchronous closure on a database thread.
//! On SQLite one writer commits the closures that wait together; what was answered is on the disk.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection as _, PgConnection, SqliteConnection};
use tokio::sync::{Notify, broadcast, oneshot};

use crate::connection::{Connection, Engine};
use crate::error::{Error, Result};
use crate::events::Event;
use crate::filters::active;
use crate::instances::Policies;
use crate::migrations;
use crate::site::Site;

/// Closures that may wait per lane before callers are told to come back later.
const QUEUE: usize = 16_384;
/// Closures that share one commit at the most: bounds how long the first of them waits.
const GROUP: usize = 256;
/// Events that a slow listener may lag behind before it loses the oldest.
const EVENTS: usize = 8_192;
/// PostgreSQL connections for reading and for writing, each.
const POSTGRES_LANES: usize = 8;

/// What the closure of a write leaves to be done once it is committed.
#[derive(Default)]
struct Effects {
    events: Vec<Event>,
    jobs: bool,
    deliveries: bool,
    policies: bool,
}

thread_local! {
    static EFFECTS: RefCell<Effects> = RefCell::new(Effects::default());
}

/// Announces `event` to [`Db::events`] once the running [`Db::write`] has committed; a roll-back announces nothing.
pub fn after_commit(event: Event) {
    EFFECTS.with_borrow_mut(|effects| effects.events.push(event));
}

/// Wakes the job workers once the running write has committed. [`crate::jobs::enqueue`] calls it.
pub(crate) fn wake_jobs() {
    EFFECTS.with_borrow_mut(|effects| effects.jobs = true);
}

/// Wakes the delivery lanes once the running write has committed. [`crate::deliveries`] calls it.
pub(crate) fn wake_deliveries() {
    EFFECTS.with_borrow_mut(|effects| effects.deliveries = true);
}

/// Has the policies towards other servers read anew once the running write has committed. [`crate::instances`] calls it.
pub(crate) fn forget_policies() {
    EFFECTS.with_borrow_mut(|effects| effects.policies = true);
}

/// A handle on the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
    site: Arc<Site>,
    reads: Sender<Task>,
    writes: Sender<Task>,
}

/// What the handles and the database threads have in common.
struct Shared {
    engine: Engine,
    events: broadcast::Sender<Event>,
    jobs: Notify,
    deliveries: Notify,
    policies: Policies,
    filters: Arc<active::Memory>,
}

/// A closure on its way to a database thread. It answers whether it succeeded and keeps the reply until the commit is known.
type Task = Box<dyn FnOnce(&mut Connection) -> Done + Send>;

/// A closure that has run.
struct Done {
    succeeded: bool,
    answer: Box<dyn FnOnce(Option<Error>) + Send>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("engine", &self.shared.engine).finish_non_exhaustive()
    }
}

impl Db {
    /// The same database for those to whom the server's names are told otherwise.
    #[must_use]
    pub fn at(&self, site: Site) -> Self {
        Self { site: Arc::new(site), ..self.clone() }
    }

    /// Opens the database, applies the migrations and starts its threads.
    ///
    /// `url` is `postgres://…` (or `postgresql://…`), or the path of an SQLite file with or without `sqlite://` before it.
    ///
    /// # Errors
    /// When the database cannot be opened or migrated; the text names the URL without its password.
    pub fn open(url: &str, site: Site) -> Result<Self> {
        let source = Source::parse(url);
        let mut first = source.connect(Access::Write)?;
        migrations::run(&mut first)?;
        let shared = Arc::new(Shared {
            engine: first.engine(),
            events: broadcast::channel(EVENTS).0,
            jobs: Notify::new(),
            deliveries: Notify::new(),
            policies: Policies::new(),
            filters: Arc::new(active::Memory::new()),
        });
        let (reads, read_tasks) = bounded::<Task>(QUEUE);
        let (writes, write_tasks) = bounded::<Task>(QUEUE);
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let (readers, writers) = match shared.engine {
            Engine::Sqlite => (cores.clamp(2, 16), 1),
            Engine::Postgres => (POSTGRES_LANES, POSTGRES_LANES),
        };
        let mut first = Some(first);
        for n in 0..writers {
            let lane = Lane { source: source.clone(), access: Access::Write, tasks: write_tasks.clone(), shared: shared.clone() };
            lane.start(&format!("db-write-{n}"), first.take())?;
        }
        for n in 0..readers {
            let lane = Lane { source: source.clone(), access: Access::Read, tasks: read_tasks.clone(), shared: shared.clone() };
            lane.start(&format!("db-read-{n}"), None)?;
        }
        Ok(Self { shared, site: Arc::new(site), reads, writes })
    }

    /// Applies the migrations that a database lacks, without starting anything on it; gives back their versions.
    ///
    /// # Errors
    /// Those of [`Db::open`].
    pub fn migrate(url: &str) -> Result<Vec<String>> {
        migrations::run(&mut Source::parse(url).connect(Access::Write)?)
    }

    /// The versions that [`Db::migrate`] would apply.
    ///
    /// # Errors
    /// Those of [`Db::open`].
    pub fn pending_migrations(url: &str) -> Result<Vec<String>> {
        migrations::pending(&mut Source::parse(url).connect(Access::Write)?)
    }

    /// Runs a closure that only reads, on a database thread, over one snapshot (SQLite).
    ///
    /// # Errors
    /// The closure's own, [`Error::Busy`], or [`Error::Internal`] when it panicked.
    pub async fn read<T, F>(&self, f: F) -> Result<T>
    where
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.reads, f).await
    }

    /// Runs a closure in a transaction of its own and answers after the commit is on the disk. An error or a panic rolls it back.
    ///
    /// A closure must not catch a unique violation and go on: PostgreSQL aborts the transaction. Use `on_conflict`.
    ///
    /// # Errors
    /// The closure's own, [`Error::Busy`], or [`Error::Internal`] when it panicked or the commit failed.
    pub async fn write<T, F>(&self, f: F) -> Result<T>
    where
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.writes, f).await
    }

    /// The server's own names.
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Which engine is behind.
    pub fn engine(&self) -> Engine {
        self.shared.engine
    }

    /// What was committed from now on, in order. A listener that lags more than 8,192 events behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Whether anybody listens to [`Db::events`].
    pub fn has_listeners(&self) -> bool {
        self.shared.events.receiver_count() > 0
    }

    /// Completes when jobs were committed since the last call.
    pub async fn jobs_committed(&self) {
        self.shared.jobs.notified().await;
    }

    /// The policies that are in memory.
    pub(crate) fn policies(&self) -> &Policies {
        &self.shared.policies
    }

    /// Completes when deliveries were committed since the last call.
    pub async fn deliveries_committed(&self) {
        self.shared.deliveries.notified().await;
    }
}

/// Sends a closure to a lane and waits for its answer.
async fn submit<T, F>(lane: &Sender<Task>, f: F) -> Result<T>
where
    F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    T: Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let task: Task = Box::new(move |c| {
        let result = catch_unwind(AssertUnwindSafe(|| f(c)))
            .unwrap_or_else(|panic| Err(Error::Internal(format!("a database closure panicked: {}", panic_text(&*panic)))));
        Done {
            succeeded: result.is_ok(),
            answer: Box::new(move |commit_error| {
                // The caller may have gone away (a closed connection): its change stands all the same.
                let _ = reply.send(match commit_error {
                    Some(error) => Err(error),
                    None => result,
                });
            }),
        }
    });
    match lane.try_send(task) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => return Err(Error::Busy),
        Err(TrySendError::Disconnected(_)) => return Err(Error::internal("the database threads have ended")),
    }
    answer.await.unwrap_or_else(|_| Err(Error::internal("a database thread ended before it answered")))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// Whether a connection may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Where connections come from.
#[derive(Debug, Clone)]
enum Source {
    Sqlite(String),
    Postgres(String),
}

impl Source {
    fn parse(url: &str) -> Self {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Postgres(url.to_owned())
        } else {
            let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
            Self::Sqlite(path.to_owned())
        }
    }

    fn connect(&self, access: Access) -> Result<Connection> {
        match self {
            Self::Sqlite(path) => {
                let mut c = SqliteConnection::establish(path)
                    .map_err(|e| Error::Internal(format!("cannot open the SQLite database {path}: {e}")))?;
                // FULL is what makes an answered write survive a power cut; group commit is what makes FULL fast.
                c.batch_execute(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
                )?;
                c.batch_execute(match access {
                    Access::Write => "PRAGMA cache_size = -65536;",
                    Access::Read => "PRAGMA cache_size = -16384; PRAGMA mmap_size = 1073741824; PRAGMA query_only = ON;",
                })?;
                Ok(Connection::Sqlite(c))
            }
            Self::Postgres(url) => {
                let c = PgConnection::establish(url).map_err(|e| {
                    Error::Internal(format!("cannot open the PostgreSQL database {}: {e}", without_password(url)))
                })?;
                Ok(Connection::Postgres(c))
            }
        }
    }
}

/// Whether the file of an SQLite database is there; of a PostgreSQL database nothing is known without asking it.
pub fn is_there(url: &str) -> bool {
    match Source::parse(url) {
        Source::Sqlite(path) => std::path::Path::new(&path).exists(),
        Source::Postgres(_) => true,
    }
}

/// A database URL that may be logged.
pub fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _ = parsed.set_password(Some("…"));
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

/// A database thread: one connection and the tasks that it shares with its equals.
struct Lane {
    source: Source,
    access: Access,
    tasks: Receiver<Task>,
    shared: Arc<Shared>,
}

impl Lane {
    fn start(self, name: &str, connection: Option<Connection>) -> Result<()> {
        let connection = match connection {
            Some(connection) => connection,
            None => self.source.connect(self.access)?,
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || self.run(connection)).map(drop).map_err(Error::internal)
    }

    fn run(self, mut connection: Connection) {
        while let Ok(task) = self.tasks.recv() {
            self.shared.filters.lend();
            match (self.access, connection.engine()) {
                (Access::Read, Engine::Sqlite) => read_snapshot(&mut connection, task),
                (Access::Read, Engine::Postgres) => (task(&mut connection).answer)(None),
                (Access::Write, _) => self.write_group(&mut connection, task),
            }
            if is_broken(&mut connection) {
                self.reconnect(&mut connection);
            }
        }
    }

    /// Runs `first` and, on SQLite, whatever waits behind it in one transaction, commits once and answers everybody.
    fn write_group(&self, c: &mut Connection, first: Task) {
        let limit = if c.engine() == Engine::Sqlite { GROUP } else { 1 };
        let mut done = Vec::new();
        let mut effects = Effects::default();
        if let Err(error) = begin(c) {
            return fail(first, error);
        }
        let mut next = Some(first);
        while let Some(task) = next.take() {
            match in_savepoint(c, task) {
                (Ok(()), finished, mut caused) => {
                    done.push(finished);
                    effects.events.append(&mut caused.events);
                    effects.jobs |= caused.jobs;
                    effects.deliveries |= caused.deliveries;
                    effects.policies |= caused.policies;
                }
                // Even the savepoint could not be undone: the whole group is lost, and everybody in it is told so.
                (Err(error), finished, _) => {
                    let text = error.to_string();
                    let _ = rollback(c);
                    done.push(finished);
                    for d in done {
                        (d.answer)(Some(Error::Internal(format!("the transaction was lost: {text}"))));
                    }
                    return;
                }
            }
            if done.len() < limit {
                next = self.tasks.try_recv().ok();
            }
        }
        if let Err(error) = commit(c) {
            tracing::error!(%error, "commit failed");
            let _ = rollback(c);
            for d in done {
                (d.answer)(Some(Error::Internal(format!("commit failed: {error}"))));
            }
            return;
        }
        if effects.policies {
            self.shared.policies.forget();
        }
        for event in effects.events {
            if let Event::FiltersChanged(actor) = event {
                self.shared.filters.forget(actor);
            }
            // Nobody listening is fine.
            let _ = self.shared.events.send(event);
        }
        if effects.jobs {
            self.shared.jobs.notify_one();
        }
        if effects.deliveries {
            self.shared.deliveries.notify_one();
        }
        for d in done {
            (d.answer)(None);
        }
    }

    /// Replaces a dead connection, for as long as it takes; callers wait in the queue meanwhile.
    fn reconnect(&self, connection: &mut Connection) {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.source.connect(self.access) {
                Ok(fresh) => {
                    *connection = fresh;
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot reconnect to the database");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
            }
        }
    }
}

/// Answers a task that could not even begin.
fn fail(task: Task, error: Error) {
    // The task is dropped unrun: its reply channel closes, and the caller gets an internal error.
    tracing::error!(%error, "cannot begin a transaction");
    drop(task);
}

/// Begins a write transaction: on SQLite at once with the write lock, so that it never fails half-way for want of it.
fn begin(c: &mut Connection) -> Result<()> {
    match c {
        Connection::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
        Connection::Postgres(c) => AnsiTransactionManager::begin_transaction(c)?,
    }
    Ok(())
}

fn commit(c: &mut Connection) -> Result<()> {
    match c {
        Connection::Sqlite(c) => AnsiTransactionManager::commit_transaction(c)?,
        Connection::Postgres(c) => AnsiTransactionManager::commit_transaction(c)?,
    }
    Ok(())
}

fn rollback(c: &mut Connection) -> Result<()> {
    match c {
        Connection::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c)?,
        Connection::Postgres(c) => AnsiTransactionManager::rollback_transaction(c)?,
    }
    Ok(())
}

/// Runs one task in a savepoint: its failure is undone alone. Gives back what it wants done after the commit.
fn in_savepoint(c: &mut Connection, task: Task) -> (Result<()>, Done, Effects) {
    EFFECTS.take();
    let mut finished = None;
    let outcome = c.transaction::<(), diesel::result::Error, _>(|c| {
        let done = task(c);
        let succeeded = done.succeeded;
        finished = Some(done);
        if succeeded { Ok(()) } else { Err(diesel::result::Error::RollbackTransaction) }
    });
    let effects = EFFECTS.take();
    // `transaction` fails before running the closure only when the connection is gone.
    let finished = finished.unwrap_or_else(|| Done { succeeded: false, answer: Box::new(|_| {}) });
    match outcome {
        Ok(()) => (Ok(()), finished, effects),
        Err(diesel::result::Error::RollbackTransaction) => (Ok(()), finished, Effects::default()),
        Err(error) => (Err(error.into()), finished, Effects::default()),
    }
}

/// Runs a reading task over one snapshot, which also takes SQLite's read lock once instead of once a statement.
fn read_snapshot(c: &mut Connection, task: Task) {
    if let Connection::Sqlite(sqlite) = c
        && let Err(error) = AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN")
    {
        return fail(task, error.into());
    }
    let done = task(c);
    if let Err(error) = commit(c) {
        tracing::warn!(%error, "cannot end a read");
        let _ = rollback(c);
    }
    (done.answer)(None);
}

/// Whether a connection can no longer be used: the server closed it, or a transaction of it could not be ended.
fn is_broken(c: &mut Connection) -> bool {
    use diesel::connection::TransactionManagerStatus;
    let status = match c {
        Connection::Sqlite(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
        Connection::Postgres(c) => AnsiTransactionManager::transaction_manager_status_mut(c),
    };
    match status {
        TransactionManagerStatus::InError => true,
        TransactionManagerStatus::Valid(v) => v.transaction_depth().is_some(),
    }
}
