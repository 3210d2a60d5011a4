//! One connection type over both engines, and the bridge for what diesel's `MultiConnection` refuses.
//! Queries are written once, as ordinary functions over [`Connection`].

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, Selectable};

pub use any::{AnyConnection as Connection, MultiBackend};

/// In a module of its own: the derived code imports diesel's trait of the name that we want for the type.
#[allow(missing_docs)]
mod any {
    use diesel::pg::PgConnection;
    use diesel::sqlite::SqliteConnection;

    /// A connection to the embedded SQLite or to PostgreSQL.
    #[derive(diesel::MultiConnection)]
    pub enum AnyConnection {
        /// The embedded engine.
        Sqlite(SqliteConnection),
        /// The engine for more than one node.
        Postgres(PgConnection),
    }
}

/// Which engine a connection talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded SQLite: one writer, group commit.
    Sqlite,
    /// PostgreSQL: many writers.
    Postgres,
}

impl Connection {
    /// The engine behind this connection.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

/// A query that both engines understand though the enum's own backend does not: `on_conflict`, unions.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Portable<Q>(Q);

impl<Q> QueryFragment<MultiBackend> for Portable<Q>
where
    Q: QueryFragment<Sqlite> + QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(&self.0, pass)
    }
}

impl<Q: Query> Query for Portable<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<Connection> for Portable<Q> {}

/// Turns a query into its [`Portable`] form.
pub trait PortableDsl: Sized {
    /// Lets [`Connection`] run this query as each engine spells it.
    fn portable(self) -> Portable<Self> {
        Portable(self)
    }
}

impl<Q> PortableDsl for Q {}

/// The columns of a `Selectable`, for `.returning(…)`, which the enum's backend does not take as `as_returning()`.
pub fn cols<T: Selectable<MultiBackend>>() -> T::SelectExpression {
    T::construct_selection()
}

/// Runs the same expression on the concrete connection: for batch inserts, which the enum refuses.
#[macro_export]
macro_rules! on_each {
    ($c:ident => $e:expr) => {
        match $c {
            $crate::connection::Connection::Sqlite($c) => $e,
            $crate::connection::Connection::Postgres($c) => $e,
        }
    };
}

/// `column IN (ids)` as one bind whatever the number of ids, so that the statement is prepared once:
/// `json_each` on SQLite, `= ANY` on PostgreSQL.
#[derive(Debug, Clone, QueryId)]
pub struct AnyOf<C> {
    column: C,
    ids: Vec<i64>,
    json: String,
}

/// See [`AnyOf`]. An empty list matches nothing.
pub fn any_of<C>(column: C, ids: impl IntoIterator<Item = impl Into<i64>>) -> AnyOf<C> {
    let ids: Vec<i64> = ids.into_iter().map(Into::into).collect();
    let mut json = String::with_capacity(ids.len() * 20 + 2);
    json.push('[');
    for (i, id) in ids.iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        json.push_str(&id.to_string());
    }
    json.push(']');
    AnyOf { column, ids, json }
}

impl<C: Expression> Expression for AnyOf<C> {
    type SqlType = Bool;
}
impl<C: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for AnyOf<C> {}
impl<C: SelectableExpression<QS>, QS> SelectableExpression<QS> for AnyOf<C> {}
impl<C: ValidGrouping<G>, G> ValidGrouping<G> for AnyOf<C> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for AnyOf<C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" IN (SELECT value FROM json_each(");
        pass.push_bind_param::<Text, _>(&self.json)?;
        pass.push_sql("))");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for AnyOf<C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" = ANY(");
        pass.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        pass.push_sql(")");
        Ok(())
    }
}

impl<C> QueryFragment<MultiBackend> for AnyOf<C>
where
    Self: QueryFragment<Sqlite> + QueryFragment<Pg>,
    MultiBackend: Backend,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(self, pass)
    }
}
