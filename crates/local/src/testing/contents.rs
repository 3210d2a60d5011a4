//! What a database holds, to be compared: whether something has changed, and in which table.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::connection::{Connection, Engine};

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    rows: String,
}

/// The rows of every table, in one text each.
pub fn contents(c: &mut Connection) -> BTreeMap<String, String> {
    let query = match c.engine() {
        Engine::Sqlite => sqlite(c),
        Engine::Postgres => postgres(c),
    };
    let held: Vec<Held> = diesel::sql_query(query).load(c).unwrap();
    held.into_iter().map(|table| (table.name, table.rows)).collect()
}

fn names(c: &mut Connection, query: &str) -> Vec<String> {
    diesel::sql_query(query).load::<Named>(c).unwrap().into_iter().map(|row| row.name).collect()
}

fn sqlite(c: &mut Connection) -> String {
    // A full-text index has tables of its own, and no rows that could be read.
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite%'";
    let mut parts = Vec::new();
    for table in names(c, tables) {
        let columns = names(c, &format!("SELECT name FROM pragma_table_info('{table}')"));
        let row = columns.iter().map(|column| format!("quote(\"{column}\")")).collect::<Vec<_>>().join(" || ',' || ");
        parts.push(format!(
            "SELECT '{table}' AS name, COALESCE(group_concat(r, char(10)), '') AS rows FROM (SELECT {row} AS r FROM \"{table}\" ORDER BY 1)"
        ));
    }
    parts.join(" UNION ALL ")
}

fn postgres(c: &mut Connection) -> String {
    let tables = "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()";
    let part = |table: &String| {
        format!(
            "SELECT '{table}' AS name, COALESCE(string_agg(t::text, chr(10) ORDER BY t::text), '') AS rows FROM \"{table}\" t"
        )
    };
    names(c, tables).iter().map(part).collect::<Vec<_>>().join(" UNION ALL ")
}
