//! A fresh database per test: SQLite in a temporary folder, or a fresh PostgreSQL schema when `TEST_DATABASE_URL` is set.

pub mod contents;
pub mod people;
pub mod statements;

use crate::connection::Connection;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::site::Site;

/// A database that goes away with the value.
#[derive(Debug)]
pub struct TestDb {
    db: Db,
    cleanup: Cleanup,
}

#[derive(Debug)]
enum Cleanup {
    Folder { _folder: tempfile::TempDir },
    Schema { url: String, schema: String },
}

impl std::ops::Deref for TestDb {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDb {
    /// A database of a server at `https://majlis.example`.
    ///
    /// # Panics
    /// When the database cannot be made: the test cannot go on.
    pub fn new() -> Self {
        Self::at("https://majlis.example")
    }

    /// A database of a server at `origin`.
    ///
    /// # Panics
    /// When the database cannot be made: the test cannot go on.
    #[allow(clippy::expect_used)]
    pub fn at(origin: &str) -> Self {
        Self::open(origin).expect("a test database")
    }

    fn open(origin: &str) -> Result<Self> {
        let site = Site::new(origin);
        match std::env::var("TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => {
                let schema = format!("t{:016x}", rand::random::<u64>());
                run_sql(&url, &format!("CREATE SCHEMA {schema}"))?;
                let separator = if url.contains('?') { '&' } else { '?' };
                let db = Db::open(&format!("{url}{separator}options=-csearch_path%3D{schema}"), site)?;
                Ok(Self { db, cleanup: Cleanup::Schema { url, schema } })
            }
            _ => {
                let folder = tempfile::tempdir().map_err(Error::internal)?;
                let db = Db::open(&folder.path().join("majlis.db").to_string_lossy(), site)?;
                Ok(Self { db, cleanup: Cleanup::Folder { _folder: folder } })
            }
        }
    }

    /// [`Db::read`] for tests that are not async.
    ///
    /// # Errors
    /// Those of the closure.
    pub fn read_now<T: Send + 'static>(&self, f: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static) -> Result<T> {
        block_on(self.db.read(f))
    }

    /// [`Db::write`] for tests that are not async.
    ///
    /// # Errors
    /// Those of the closure.
    pub fn write_now<T: Send + 'static>(&self, f: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static) -> Result<T> {
        block_on(self.db.write(f))
    }
}

impl Default for TestDb {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Cleanup::Schema { url, schema } = &self.cleanup {
            let _ = run_sql(url, &format!("DROP SCHEMA {schema} CASCADE"));
        }
    }
}

/// The database answers from its own threads: parking is enough, no runtime is needed.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    use std::task::{Context, Poll, Wake, Waker};
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn run_sql(url: &str, sql: &str) -> Result<()> {
    use diesel::Connection as _;
    use diesel::connection::SimpleConnection;
    let mut c = diesel::PgConnection::establish(url).map_err(Error::internal)?;
    c.batch_execute(sql)?;
    Ok(())
}
