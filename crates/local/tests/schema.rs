//! One `schema.rs` for both engines: what it says of every table and column is what the migrations have made, no more and
//! no less. It is compared with SQLite, or with PostgreSQL when `TEST_DATABASE_URL` is set.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};
use majlis_local::Connection;
use majlis_local::testing::TestDb;

/// Column to type, in diesel's words, by table.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

/// What `schema.rs` says.
fn said() -> Tables {
    let mut tables = Tables::new();
    let mut table = String::new();
    for line in include_str!("../src/schema.rs").lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|head| head.split_once(" (")) {
            name.clone_into(&mut table);
            tables.entry(table.clone()).or_default();
        } else if let Some((column, kind)) = line.strip_suffix(',').and_then(|row| row.split_once(" -> ")) {
            tables.get_mut(&table).unwrap().insert(column.to_owned(), kind.to_owned());
        }
    }
    tables
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

/// A lone `INTEGER` key is an alias of the row's id, of 64 bits.
const SQLITE: &str = "SELECT t.name AS table_name, c.name AS column_name, \
    CASE WHEN c.pk = 1 AND c.type = 'INTEGER' AND (SELECT max(pk) FROM pragma_table_info(t.name)) = 1 \
    THEN 'BIGINT' ELSE upper(c.type) END AS kind, c.\"notnull\" = 0 AND c.pk = 0 AS nullable \
    FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'";
const POSTGRES: &str = "SELECT table_name::text, column_name::text, upper(data_type)::text AS kind, is_nullable = 'YES' AS nullable \
    FROM information_schema.columns WHERE table_schema = current_schema()";

/// What the migrations have made.
fn made(c: &mut Connection) -> Tables {
    let columns: Vec<Column> = match c {
        Connection::Sqlite(c) => sql_query(SQLITE).load(c),
        Connection::Postgres(c) => sql_query(POSTGRES).load(c),
    }
    .unwrap();
    // Full text is each engine's own, and migrations keep their own book.
    let is_ours = |column: &Column| {
        !["search_posts", "search_actors", "sqlite_", "__diesel"].iter().any(|other| column.table_name.starts_with(other))
    };
    let mut tables = Tables::new();
    for column in columns.into_iter().filter(is_ours) {
        let kind = match column.kind.as_str() {
            "BIGINT" => "BigInt",
            "INTEGER" => "Integer",
            "TEXT" => "Text",
            "BOOLEAN" => "Bool",
            "DOUBLE" | "DOUBLE PRECISION" => "Double",
            other => panic!("{}.{} is a {other}", column.table_name, column.column_name),
        };
        let kind = if column.nullable { format!("Nullable<{kind}>") } else { kind.to_owned() };
        tables.entry(column.table_name).or_default().insert(column.column_name, kind);
    }
    tables
}

#[test]
fn the_schema_is_what_the_migrations_make() {
    let made = TestDb::new().write_now(|c| Ok(made(c))).unwrap();
    let said = said();
    assert!(said.len() > 30, "only {} tables were read out of schema.rs", said.len());
    for (table, columns) in &said {
        assert_eq!(made.get(table), Some(columns), "{table}");
    }
    assert_eq!(said.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
}
