//! The embedded migrations: applied at start, only ever forward.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::connection::Connection;
use crate::error::{Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
/// Any number will do, as long as every node of ours takes the same: only one of them migrates.
const LOCK: i64 = 0x6d61_6a6c_6973;

/// Applies the migrations that are missing; gives back their versions.
///
/// # Errors
/// When a migration fails; the text names it.
pub fn run(c: &mut Connection) -> Result<Vec<String>> {
    use diesel::RunQueryDsl;
    let applied = match c {
        Connection::Sqlite(c) => c.run_pending_migrations(SQLITE).map(names),
        Connection::Postgres(c) => {
            diesel::sql_query(format!("SELECT pg_advisory_lock({LOCK})")).execute(c)?;
            let applied = c.run_pending_migrations(POSTGRES).map(names);
            diesel::sql_query(format!("SELECT pg_advisory_unlock({LOCK})")).execute(c)?;
            applied
        }
    };
    applied.map_err(|error| Error::Internal(format!("a migration failed: {error}")))
}

/// The versions that [`run`] would apply; changes nothing but the table in which versions are kept.
///
/// # Errors
/// When the database cannot be read.
pub fn pending(c: &mut Connection) -> Result<Vec<String>> {
    let pending = match c {
        Connection::Sqlite(c) => {
            c.pending_migrations(SQLITE).map(|all| all.iter().map(|m| m.name().version().to_string()).collect())
        }
        Connection::Postgres(c) => {
            c.pending_migrations(POSTGRES).map(|all| all.iter().map(|m| m.name().version().to_string()).collect())
        }
    };
    pending.map_err(|error| Error::Internal(format!("cannot read which migrations are applied: {error}")))
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
