//! Ids of things that are gone before they were known: a `Delete` may come before its `Create`, an `Undo` before its `Follow`.
//! A tombstone outlives its object, so that nothing that was deleted comes back by a late or a fetched copy.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::connection::{Connection, PortableDsl, any_text};
use crate::error::Result;
use crate::schema::tombstones;
use crate::time::Timestamp;

/// Writes down that the thing of that id is gone. Saying it again renews its age.
pub fn remember(c: &mut Connection, uri: &str) -> Result<()> {
    diesel::insert_into(tombstones::table)
        .values((tombstones::uri.eq(uri), tombstones::deleted_at.eq(Timestamp::now())))
        .on_conflict(tombstones::uri)
        .do_update()
        .set(tombstones::deleted_at.eq(excluded(tombstones::deleted_at)))
        .portable()
        .execute(c)?;
    Ok(())
}

/// Whether the thing of that id is known to be gone.
pub fn known(c: &mut Connection, uri: &str) -> Result<bool> {
    let found: Option<Timestamp> = tombstones::table.find(uri).select(tombstones::deleted_at).first(c).optional()?;
    Ok(found.is_some())
}

/// Takes a tombstone away and tells whether there was one that was set after `since`. One early `Undo` cancels one late
/// activity: peers that reuse an id (Misskey's `Follow`) are heard the next time.
pub fn consume(c: &mut Connection, uri: &str, since: Timestamp) -> Result<bool> {
    let gone: Option<Timestamp> =
        diesel::delete(tombstones::table.find(uri)).returning(tombstones::deleted_at).get_result(c).optional()?;
    Ok(gone.is_some_and(|at| at >= since))
}

/// Removes up to `limit` tombstones that were set before `before`; gives back how many were removed.
pub fn purge(c: &mut Connection, before: Timestamp, limit: i64) -> Result<usize> {
    let old: Vec<String> = tombstones::table
        .filter(tombstones::deleted_at.lt(before))
        .limit(limit.clamp(1, 10_000))
        .select(tombstones::uri)
        .load(c)?;
    Ok(diesel::delete(tombstones::table.filter(any_text(tombstones::uri, old))).execute(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[test]
    fn what_is_gone_stays_gone_until_it_is_purged() {
        let db = TestDb::new();
        db.write_now(|c| {
            remember(c, "https://a.example/1")?;
            remember(c, "https://a.example/1")?;
            assert!(known(c, "https://a.example/1")?);
            assert!(!known(c, "https://a.example/2")?);
            assert_eq!(purge(c, Timestamp::now().plus_seconds(-60), 10)?, 0);
            assert_eq!(purge(c, Timestamp::now().plus_seconds(60), 10)?, 1);
            assert!(!known(c, "https://a.example/1")?);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn one_early_undo_cancels_one_activity() {
        let db = TestDb::new();
        db.write_now(|c| {
            let hour_ago = Timestamp::now().plus_seconds(-3_600);
            remember(c, "https://a.example/1")?;
            assert!(consume(c, "https://a.example/1", hour_ago)?);
            assert!(!consume(c, "https://a.example/1", hour_ago)?);
            remember(c, "https://a.example/1")?;
            assert!(!consume(c, "https://a.example/1", Timestamp::now().plus_seconds(60))?, "too old to be meant");
            Ok(())
        })
        .unwrap();
    }
}
