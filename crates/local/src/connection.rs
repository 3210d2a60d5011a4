//! One connection type over both engines, and the bridge for what diesel's `MultiConnection` refuses.
//! Queries are written once, as ordinary functions over [`Connection`].

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::{Pg, PgQueryBuilder};
use diesel::query_builder::{AstPass, Query, QueryBuilder as _, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::sqlite::Sqlite;
use diesel::{RunQueryDsl, Selectable};
use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{PoisonError, RwLock};

use crate::paging::Page;

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
    let json = json_list(&ids);
    AnyOf { column, ids, json }
}

/// `[1,2,3]`, as `json_each` reads it.
fn json_list(ids: &[i64]) -> String {
    use std::fmt::Write;
    let mut json = String::with_capacity(ids.len() * 20 + 2);
    json.push('[');
    for (i, id) in ids.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        let _ = write!(json, "{comma}{id}");
    }
    json.push(']');
    json
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

/// `column IN (texts)` as one bind, as [`AnyOf`] does it for ids.
#[derive(Debug, Clone, QueryId)]
pub struct AnyText<C> {
    column: C,
    texts: Vec<String>,
    json: String,
}

/// See [`AnyText`]. An empty list matches nothing.
pub fn any_text<C>(column: C, texts: impl IntoIterator<Item = impl Into<String>>) -> AnyText<C> {
    let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
    let json = serde_json::Value::from(texts.as_slice()).to_string();
    AnyText { column, texts, json }
}

impl<C: Expression> Expression for AnyText<C> {
    type SqlType = Bool;
}
impl<C: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for AnyText<C> {}
impl<C: SelectableExpression<QS>, QS> SelectableExpression<QS> for AnyText<C> {}
impl<C: ValidGrouping<G>, G> ValidGrouping<G> for AnyText<C> {
    type IsAggregate = C::IsAggregate;
}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for AnyText<C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" IN (SELECT value FROM json_each(");
        pass.push_bind_param::<Text, _>(&self.json)?;
        pass.push_sql("))");
        Ok(())
    }
}

impl<C: QueryFragment<Pg>> QueryFragment<Pg> for AnyText<C> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(pass.reborrow())?;
        pass.push_sql(" = ANY(");
        pass.push_bind_param::<Array<Text>, _>(&self.texts)?;
        pass.push_sql(")");
        Ok(())
    }
}

impl<C> QueryFragment<MultiBackend> for AnyText<C>
where
    Self: QueryFragment<Sqlite> + QueryFragment<Pg>,
    MultiBackend: Backend,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(self, pass)
    }
}

/// A statement written out in the SQL that both engines share, for what the query builder cannot say (recursion, a chosen
/// join order, full text). Unlike `diesel::sql_query` it is prepared once per connection. See [`written`].
#[derive(Debug, Clone)]
pub struct Written<ST> {
    sql: Cow<'static, str>,
    binds: Vec<(&'static str, Bind)>,
    columns: PhantomData<ST>,
}

/// What a name in a [`Written`] statement stands for.
#[derive(Debug, Clone)]
enum Bind {
    Number(i64),
    Text(String),
    Numbers { list: Vec<i64>, json: String },
}

/// Begins a [`Written`] statement whose columns have the SQL types `ST`. In `sql`, `:name` stands for a value given by
/// [`Written::number`] or [`Written::text`], as often as it is used; the `:name` of [`Written::numbers`] is a subquery
/// with one column `id`, for `IN :name` and `FROM :name AS x`.
pub fn written<ST>(sql: impl Into<Cow<'static, str>>) -> Written<ST> {
    Written { sql: sql.into(), binds: Vec::new(), columns: PhantomData }
}

impl<ST> Written<ST> {
    /// Gives `:name` a number: an id, a time, a limit.
    pub fn number(mut self, name: &'static str, value: impl Into<i64>) -> Self {
        self.binds.push((name, Bind::Number(value.into())));
        self
    }

    /// Gives `:name` a text.
    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.binds.push((name, Bind::Text(value.into())));
        self
    }

    /// Gives `:name` a list of ids, as one bind whatever their number.
    pub fn numbers(mut self, name: &'static str, values: impl IntoIterator<Item = impl Into<i64>>) -> Self {
        let list: Vec<i64> = values.into_iter().map(Into::into).collect();
        let json = json_list(&list);
        self.binds.push((name, Bind::Numbers { list, json }));
        self
    }

    /// Gives `:after`, `:before` and `:limit` the bounds of a page.
    pub fn bounded(self, page: &Page) -> Self {
        self.number("after", page.after()).number("before", page.before()).number("limit", page.limit)
    }

    /// Calls `each` for the SQL before each name with the name's value, and for the rest.
    fn walk<'b>(&'b self, mut each: impl FnMut(&'b str, Option<&'b Bind>) -> QueryResult<()>) -> QueryResult<()> {
        let mut rest: &'b str = &self.sql;
        while let Some(colon) = rest.find(':') {
            let after = &rest[colon + 1..];
            let length = after.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_').unwrap_or(after.len());
            if length == 0 {
                // `::` of a cast.
                let cast = 1 + after.starts_with(':') as usize;
                each(&rest[..colon + cast], None)?;
                rest = &rest[colon + cast..];
                continue;
            }
            let name = &after[..length];
            let bind = self.binds.iter().find(|(known, _)| *known == name).map(|(_, bind)| bind);
            let bind = bind.ok_or_else(|| diesel::result::Error::QueryBuilderError(format!("no value for :{name}").into()))?;
            each(&rest[..colon], Some(bind))?;
            rest = &after[length..];
        }
        each(rest, None)
    }
}

impl<ST> QueryFragment<Sqlite> for Written<ST> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk(|sql, bind| {
            pass.push_sql(sql);
            match bind {
                Some(Bind::Number(value)) => pass.push_bind_param::<BigInt, _>(value)?,
                Some(Bind::Text(value)) => pass.push_bind_param::<Text, _>(value)?,
                Some(Bind::Numbers { json, .. }) => {
                    pass.push_sql("(SELECT value AS id FROM json_each(");
                    pass.push_bind_param::<Text, _>(json)?;
                    pass.push_sql("))");
                }
                None => {}
            }
            Ok(())
        })
    }
}

impl<ST> QueryFragment<Pg> for Written<ST> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.walk(|sql, bind| {
            pass.push_sql(sql);
            match bind {
                Some(Bind::Number(value)) => pass.push_bind_param::<BigInt, _>(value)?,
                Some(Bind::Text(value)) => pass.push_bind_param::<Text, _>(value)?,
                Some(Bind::Numbers { list, .. }) => {
                    pass.push_sql("(SELECT unnest(");
                    pass.push_bind_param::<Array<BigInt>, _>(list)?;
                    pass.push_sql(") AS id)");
                }
                None => {}
            }
            Ok(())
        })
    }
}

impl<ST> QueryFragment<MultiBackend> for Written<ST> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        MultiBackend::walk_variant_ast(self, pass)
    }
}

/// Not by type: the text is the key under which the statement is kept.
impl<ST> QueryId for Written<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> Query for Written<ST> {
    type SqlType = ST;
}

impl<ST> RunQueryDsl<Connection> for Written<ST> {}

/// A [`Written`] statement that loads structs: `SELECT`, the struct's columns, and then the text.
#[derive(Debug, Clone)]
pub struct WrittenSelect<E: Expression> {
    columns: &'static str,
    rest: Written<E::SqlType>,
}

/// Begins a statement `SELECT {columns of T} {sql}`, where `sql` begins with `FROM` and names the table of `T` as it is,
/// without an alias. The names in `sql` get their values as in [`written`].
pub fn select_written<T: Selectable<MultiBackend>>(sql: impl Into<Cow<'static, str>>) -> WrittenSelect<T::SelectExpression>
where
    T::SelectExpression: Expression + QueryFragment<Pg> + 'static,
{
    WrittenSelect { columns: columns_of::<T>(), rest: written(sql) }
}

/// The columns of `T` as they are written in SQL, with the double quotes that both engines know. Dozens of names are not quoted and
/// joined anew for every statement.
fn columns_of<T: Selectable<MultiBackend>>() -> &'static str
where
    T::SelectExpression: QueryFragment<Pg> + 'static,
{
    static WRITTEN: RwLock<BTreeMap<TypeId, &'static str>> = RwLock::new(BTreeMap::new());
    let selection = TypeId::of::<T::SelectExpression>();
    if let Some(known) = WRITTEN.read().unwrap_or_else(PoisonError::into_inner).get(&selection) {
        return known;
    }
    let mut builder = PgQueryBuilder::default();
    // Columns are names, which always can be written.
    let written = T::construct_selection().to_sql(&mut builder, &Pg).map(|()| builder.finish()).unwrap_or_default();
    WRITTEN.write().unwrap_or_else(PoisonError::into_inner).entry(selection).or_insert_with(|| String::leak(written))
}

impl<E: Expression> WrittenSelect<E> {
    /// See [`Written::number`].
    pub fn number(mut self, name: &'static str, value: impl Into<i64>) -> Self {
        self.rest = self.rest.number(name, value);
        self
    }

    /// See [`Written::text`].
    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.rest = self.rest.text(name, value);
        self
    }

    /// See [`Written::numbers`].
    pub fn numbers(mut self, name: &'static str, values: impl IntoIterator<Item = impl Into<i64>>) -> Self {
        self.rest = self.rest.numbers(name, values);
        self
    }

    /// See [`Written::bounded`].
    pub fn bounded(mut self, page: &Page) -> Self {
        self.rest = self.rest.bounded(page);
        self
    }
}

impl<E: Expression> QueryFragment<MultiBackend> for WrittenSelect<E> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        pass.push_sql("SELECT ");
        pass.push_sql(self.columns);
        pass.push_sql(" ");
        self.rest.walk_ast(pass)
    }
}

impl<E: Expression> QueryId for WrittenSelect<E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<E: Expression> Query for WrittenSelect<E> {
    type SqlType = E::SqlType;
}

impl<E: Expression> RunQueryDsl<Connection> for WrittenSelect<E> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;
    use diesel::sql_types::Nullable;

    #[test]
    fn a_written_statement_binds_names_on_both_engines() {
        let db = TestDb::new();
        let rows: Vec<(i64, String, Option<i64>)> = db
            .read_now(|c| {
                Ok(written::<(BigInt, Text, Nullable<BigInt>)>(
                    "SELECT v.id, CAST(:word AS TEXT), CASE WHEN v.id IN :some THEN v.id + CAST(:n AS BIGINT) END \
                     FROM :ids AS v WHERE v.id <> :n ORDER BY v.id",
                )
                .numbers("ids", [3_i64, 1, 2])
                .numbers("some", [3_i64])
                .number("n", 1)
                .text("word", "it's :n")
                .load(c)?)
            })
            .unwrap();
        assert_eq!(rows, [(2, "it's :n".to_owned(), None), (3, "it's :n".to_owned(), Some(4))]);
    }

    #[test]
    fn a_written_statement_loads_structs() {
        #[derive(diesel::Queryable, diesel::Selectable)]
        #[diesel(table_name = crate::schema::settings)]
        struct Setting {
            value: String,
            name: String,
        }
        let db = TestDb::new();
        db.write_now(|c| {
            let insert = "INSERT INTO settings (name, value) VALUES (:name, 'v')";
            Ok(written::<Text>(insert).text("name", "n").execute(c)?)
        })
        .unwrap();
        let found: Vec<Setting> = db
            .read_now(|c| Ok(select_written::<Setting>("FROM settings WHERE name = :name").text("name", "n").load(c)?))
            .unwrap();
        assert_eq!((found[0].name.as_str(), found[0].value.as_str()), ("n", "v"));
    }

    #[test]
    fn a_name_without_a_value_is_an_error() {
        let db = TestDb::new();
        assert!(db.read_now(|c| Ok(written::<BigInt>("SELECT :nothing").load::<i64>(c)?)).is_err());
    }
}
