//! `Json<T>`: a value stored as JSON in a `TEXT` column, on both engines alike.

use diesel::deserialize::{self, FromSql};
use diesel::serialize::{self, ToSql};
use diesel::sql_types::Text;

/// A value that stands as JSON text in the database. An unreadable value is an error of that row, never a panic.
#[derive(Debug, Clone, PartialEq, Eq, Default, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Json<T>(pub T);

impl<T> std::ops::Deref for Json<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<DB, T> FromSql<Text, DB> for Json<T>
where
    DB: diesel::backend::Backend,
    String: FromSql<Text, DB>,
    T: serde::de::DeserializeOwned,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = String::from_sql(bytes)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

impl<T> ToSql<Text, diesel::sqlite::Sqlite> for Json<T>
where
    T: serde::Serialize + std::fmt::Debug,
{
    fn to_sql<'b>(&'b self, out: &mut serialize::Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(serialize::IsNull::No)
    }
}

impl<T> ToSql<Text, diesel::pg::Pg> for Json<T>
where
    T: serde::Serialize + std::fmt::Debug,
{
    fn to_sql<'b>(&'b self, out: &mut serialize::Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
        serde_json::to_writer(out, &self.0)?;
        Ok(serialize::IsNull::No)
    }
}

impl<T> ToSql<Text, crate::connection::MultiBackend> for Json<T>
where
    T: serde::Serialize + std::fmt::Debug + Send + Sync + 'static,
{
    fn to_sql<'b>(&'b self, out: &mut serialize::Output<'b, '_, crate::connection::MultiBackend>) -> serialize::Result {
        out.set_value((Text, self));
        Ok(serialize::IsNull::No)
    }
}
