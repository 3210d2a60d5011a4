//! The origin that a database belongs to. Every address of everybody here contains it, so it is kept where they are and
//! cannot change once somebody has joined.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::connection::{Connection, PortableDsl as _};
use crate::error::{Error, Result};
use crate::ids::ActorId;
use crate::schema::{settings, users};

const NAME: &str = "origin";

/// The origin that the database belongs to, if anybody has said so yet.
pub fn stored(c: &mut Connection) -> Result<Option<String>> {
    let value: Option<String> = settings::table.find(NAME).select(settings::value).first(c).optional()?;
    value.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
}

/// Gives the database to `origin`, unless people live here under another one; gives back whose it is now.
pub fn claim(c: &mut Connection, origin: &str) -> Result<String> {
    if let Some(stored) = stored(c)?
        && (stored == origin || is_inhabited(c)?)
    {
        return Ok(stored);
    }
    let value = serde_json::to_string(origin).map_err(Error::internal)?;
    diesel::insert_into(settings::table)
        .values((settings::name.eq(NAME), settings::value.eq(value)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::value.eq(excluded(settings::value)))
        .portable()
        .execute(c)?;
    Ok(origin.to_owned())
}

/// Whether anybody lives here.
fn is_inhabited(c: &mut Connection) -> Result<bool> {
    let somebody: Option<ActorId> = users::table.select(users::actor_id).first(c).optional()?;
    Ok(somebody.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};

    #[test]
    fn a_database_belongs_to_one_origin_once_somebody_lives_there() {
        let db = TestDb::at("http://localhost:8080");
        db.write_now(|c| {
            assert_eq!(stored(c)?, None);
            assert_eq!(claim(c, "http://localhost:8080")?, "http://localhost:8080");
            assert_eq!(claim(c, "https://majlis.example")?, "https://majlis.example");
            people::local(c, "amina");
            assert_eq!(claim(c, "https://other.example")?, "https://majlis.example");
            assert_eq!(stored(c)?.as_deref(), Some("https://majlis.example"));
            Ok(())
        })
        .unwrap();
    }
}
