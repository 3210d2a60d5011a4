//! Which statements a function sends to the database, and how SQLite carries them out.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::sync::{Arc, Mutex};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use crate::connection::Connection;

/// Runs `f` and gives back its result with the statements that it sent, in order, without their values.
pub fn statements<T>(c: &mut Connection, f: impl FnOnce(&mut Connection) -> T) -> (T, Vec<String>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            log.lock().unwrap().push(without_values(&query.to_string()));
        }
    });
    let result = f(c);
    c.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let statements = std::mem::take(&mut *seen.lock().unwrap());
    (result, statements)
}

/// What the connections of a database are told while they are watched.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

thread_local! {
    static WATCHED_BY: std::cell::RefCell<Option<Log>> = const { std::cell::RefCell::new(None) };
}

impl Log {
    /// Takes down what is sent over the connections that `open` makes on this thread, for as long as they live.
    pub fn watching<T>(open: impl FnOnce() -> T) -> (T, Self) {
        diesel::connection::set_default_instrumentation(|| {
            let log = WATCHED_BY.with_borrow(Clone::clone)?;
            Some(Box::new(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    log.0.lock().unwrap().push(without_values(&query.to_string()));
                }
            }))
        })
        .unwrap();
        let log = Self::default();
        WATCHED_BY.set(Some(log.clone()));
        let opened = open();
        WATCHED_BY.set(None);
        (opened, log)
    }

    /// The statements since the last call, without what begins and ends transactions.
    pub fn take(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        let frame = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA"];
        all.into_iter().filter(|sql| !frame.iter().any(|word| sql.starts_with(word))).collect()
    }
}

fn without_values(statement: &str) -> String {
    statement.split_once(" -- binds:").map_or(statement, |(sql, _)| sql).to_owned()
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Integer)]
    #[allow(dead_code)]
    id: i32,
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The steps of SQLite's plan for a statement.
pub fn plan(c: &mut Connection, statement: &str) -> Vec<String> {
    let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(c).unwrap();
    steps.into_iter().map(|step| step.detail).collect()
}

/// The steps of a plan that read a whole table of ours: a page must have none.
pub fn full_scans(c: &mut Connection, statement: &str) -> Vec<String> {
    // What a statement makes for itself (lists of ids, the rows of a subquery) is read as a whole, and is small.
    let own = ["CONSTANT", "json_each", "found", "f", "d", "v", "up", "down", "n", "w", "mine", "theirs"];
    let whole = |step: &String| match step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) {
        // A full-text index asked for a word.
        Some(table) if table.starts_with("search_") => !step.contains(":M"),
        Some(table) => !own.contains(&table),
        None => false,
    };
    plan(c, statement).into_iter().filter(whole).collect()
}
