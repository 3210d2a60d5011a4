//! Activities received: a replay ends at its id, and an `Undo` that names a bare id finds here what it undoes.
//! Rows are purged by age; a peer does not retry for longer than that.

use diesel::prelude::*;

use crate::connection::{Connection, PortableDsl, any_text, cols};
use crate::error::Result;
use crate::schema::received;
use crate::time::Timestamp;

/// An activity that came in.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = received)]
pub struct Received {
    /// The activity's id.
    pub uri: String,
    /// Its type, such as `Follow`.
    pub kind: String,
    /// The id of the actor who sent it. Only this actor may undo it.
    pub actor_uri: String,
    /// The id of its object, when it has one.
    pub object_uri: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
}

/// Writes down that an activity came. True when it is new; false for a replay, which is to be answered like the first.
pub fn record(c: &mut Connection, uri: &str, kind: &str, actor_uri: &str, object_uri: Option<&str>) -> Result<bool> {
    let inserted = diesel::insert_into(received::table)
        .values((
            received::uri.eq(uri),
            received::kind.eq(kind),
            received::actor_uri.eq(actor_uri),
            received::object_uri.eq(object_uri),
            received::received_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    Ok(inserted == 1)
}

/// The activity of that id, if it came lately.
pub fn find(c: &mut Connection, uri: &str) -> Result<Option<Received>> {
    Ok(received::table.find(uri).select(cols::<Received>()).first(c).optional()?)
}

/// Forgets an activity that was undone. Misskey gives every `Follow` of the same two people the same id: after an `Undo`
/// the next one is no replay.
pub fn forget(c: &mut Connection, uri: &str) -> Result<()> {
    diesel::delete(received::table.find(uri)).execute(c)?;
    Ok(())
}

/// Removes up to `limit` rows that came before `before`; gives back how many were removed. Call it until it removes none.
pub fn purge(c: &mut Connection, before: Timestamp, limit: i64) -> Result<usize> {
    let old: Vec<String> = received::table
        .filter(received::received_at.lt(before))
        .order(received::received_at)
        .limit(limit.clamp(1, 10_000))
        .select(received::uri)
        .load(c)?;
    Ok(diesel::delete(received::table.filter(any_text(received::uri, old))).execute(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[test]
    fn a_replay_is_known_and_a_bare_id_leads_to_its_object() {
        let db = TestDb::new();
        db.write_now(|c| {
            let follow = |c: &mut Connection| {
                record(c, "https://a.example/1", "Follow", "https://a.example/u", Some("https://b.example/v"))
            };
            assert!(follow(c)?);
            assert!(!follow(c)?);
            let found = find(c, "https://a.example/1")?.unwrap();
            assert_eq!((found.kind.as_str(), found.object_uri.as_deref()), ("Follow", Some("https://b.example/v")));
            assert_eq!(found.actor_uri, "https://a.example/u");
            assert!(find(c, "https://a.example/2")?.is_none());
            forget(c, "https://a.example/1")?;
            assert!(follow(c)?, "undone: the next one of the same id is new");
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn old_rows_go_in_portions() {
        let db = TestDb::new();
        db.write_now(|c| {
            for n in 0..5 {
                record(c, &format!("https://a.example/{n}"), "Like", "https://a.example/u", None)?;
            }
            assert_eq!(purge(c, Timestamp::now().plus_seconds(-60), 10)?, 0);
            let later = Timestamp::now().plus_seconds(60);
            assert_eq!((purge(c, later, 3)?, purge(c, later, 3)?, purge(c, later, 3)?), (3, 2, 0));
            Ok(())
        })
        .unwrap();
    }
}
