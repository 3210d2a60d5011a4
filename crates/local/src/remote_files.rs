//! Copies of other servers' pictures, and how much room they take. No byte is stored before its row and its place in the sum are
//! committed, and none leaves the sum before its file is gone: what lies in the store is never more than the budget, whoever stores
//! at the same time and whenever the process is killed.

use diesel::prelude::*;

use crate::codes::stored_enum;
use crate::connection::{Connection, any_text};
use crate::error::Result;
use crate::schema::{remote_files, remote_usage};
use crate::time::Timestamp;

/// The one row of the sum.
const SUM: i64 = 1;
/// Copies that one reservation gives up at the most; the next try gives up more.
const MOST_VICTIMS: i64 = 256;
/// Seconds between two notes that a copy was looked at.
const TOUCH_EVERY: i64 = 3_600;

stored_enum! {
    /// How far a copy is.
    CopyState {
        /// Its place is taken; its file may be on the way.
        Storing = 0 "storing",
        /// Its file is there.
        Ready = 1 "ready",
        /// It was given up; its file may still be there.
        Dying = 2 "dying",
    }
}

/// A copy as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = remote_files)]
#[allow(missing_docs)]
pub struct RemoteFile {
    /// Its storage key.
    pub file: String,
    /// What it is a copy of: a hash of its address and its size.
    pub name: String,
    pub bytes: i64,
    pub state: CopyState,
    pub used_at: Timestamp,
}

/// What became of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// The place is taken: the file may be stored.
    Taken,
    /// Somebody else stores, or has stored, the same.
    Known,
    /// These storage keys were given up: delete their files, then call [`freed`], then try again.
    GiveUp(Vec<String>),
    /// Nothing can be given up now.
    Full,
}

/// The storage key of a copy that is ready; notes that it was looked at, at most once an hour.
pub fn find(c: &mut Connection, name: &str) -> Result<Option<RemoteFile>> {
    let ready = remote_files::table.filter(remote_files::name.eq(name)).filter(remote_files::state.eq(CopyState::Ready));
    Ok(ready.select(RemoteFile::as_select()).first(c).optional()?)
}

/// Whether it is time to note that a copy was looked at.
pub fn is_due(copy: &RemoteFile) -> bool {
    copy.used_at.plus_seconds(TOUCH_EVERY) < Timestamp::now()
}

/// Notes that a copy was looked at: those that nobody looks at go first.
pub fn touch(c: &mut Connection, file: &str) -> Result<()> {
    diesel::update(remote_files::table.find(file)).set(remote_files::used_at.eq(Timestamp::now())).execute(c)?;
    Ok(())
}

/// Takes a place for a file of so many bytes, when the budget has room for it, or gives up what was looked at the longest ago.
pub fn reserve(c: &mut Connection, name: &str, file: &str, bytes: i64, budget: i64) -> Result<Room> {
    let same = remote_files::table.filter(remote_files::name.eq(name)).filter(remote_files::state.ne(CopyState::Dying));
    if diesel::select(diesel::dsl::exists(same)).get_result::<bool>(c)? {
        return Ok(Room::Known);
    }
    // The condition and the change are one statement: two that ask at once cannot both find the same room.
    let sum = remote_usage::table.filter(remote_usage::id.eq(SUM)).filter(remote_usage::bytes.le(budget - bytes));
    if diesel::update(sum).set(remote_usage::bytes.eq(remote_usage::bytes + bytes)).execute(c)? == 1 {
        diesel::insert_into(remote_files::table)
            .values((
                remote_files::file.eq(file),
                remote_files::name.eq(name),
                remote_files::bytes.eq(bytes),
                remote_files::state.eq(CopyState::Storing),
                remote_files::used_at.eq(Timestamp::now()),
            ))
            .execute(c)?;
        return Ok(Room::Taken);
    }
    if bytes > budget {
        return Ok(Room::Full);
    }
    let beyond = used(c)? + bytes - budget;
    let given_up = give_up(c, beyond)?;
    Ok(if given_up.is_empty() { Room::Full } else { Room::GiveUp(given_up) })
}

/// Gives up what the budget has no room for any more, as after a change of the setting; the keys as in [`Room::GiveUp`].
pub fn shrink(c: &mut Connection, budget: i64) -> Result<Vec<String>> {
    let beyond = used(c)? - budget;
    if beyond <= 0 { Ok(Vec::new()) } else { give_up(c, beyond) }
}

/// How many bytes are taken.
pub fn used(c: &mut Connection) -> Result<i64> {
    Ok(remote_usage::table.find(SUM).select(remote_usage::bytes).first(c)?)
}

/// Marks copies, those that were looked at the longest ago first, until they hold so many bytes.
fn give_up(c: &mut Connection, bytes: i64) -> Result<Vec<String>> {
    let oldest: Vec<(String, i64)> = remote_files::table
        .filter(remote_files::state.eq(CopyState::Ready))
        .order(remote_files::used_at)
        .limit(MOST_VICTIMS)
        .select((remote_files::file, remote_files::bytes))
        .load(c)?;
    let mut freed = 0;
    let mut files = Vec::new();
    for (file, size) in oldest {
        if freed >= bytes {
            break;
        }
        let still = remote_files::table.filter(remote_files::file.eq(&file)).filter(remote_files::state.eq(CopyState::Ready));
        if diesel::update(still).set(remote_files::state.eq(CopyState::Dying)).execute(c)? == 1 {
            freed += size;
            files.push(file);
        }
    }
    Ok(files)
}

/// The file is stored: the copy can be shown.
pub fn stored(c: &mut Connection, file: &str) -> Result<()> {
    diesel::update(remote_files::table.find(file)).set(remote_files::state.eq(CopyState::Ready)).execute(c)?;
    Ok(())
}

/// A copy turned out to have no file, or a wrong one: its key as in [`Room::GiveUp`].
pub fn spoil(c: &mut Connection, file: &str) -> Result<()> {
    diesel::update(remote_files::table.find(file)).set(remote_files::state.eq(CopyState::Dying)).execute(c)?;
    Ok(())
}

/// The files under these keys are gone: their rows and their places go.
pub fn freed(c: &mut Connection, files: &[String]) -> Result<()> {
    for chunk in files.chunks(200) {
        let rows: Vec<i64> = remote_files::table
            .filter(any_text(remote_files::file, chunk))
            .filter(remote_files::state.ne(CopyState::Ready))
            .select(remote_files::bytes)
            .load(c)?;
        let gone = diesel::delete(
            remote_files::table.filter(any_text(remote_files::file, chunk)).filter(remote_files::state.ne(CopyState::Ready)),
        )
        .execute(c)?;
        debug_assert_eq!(gone, rows.len());
        let bytes: i64 = rows.iter().sum();
        diesel::update(remote_usage::table.find(SUM)).set(remote_usage::bytes.eq(remote_usage::bytes - bytes)).execute(c)?;
    }
    Ok(())
}

/// What a killed process left half stored or half deleted; the keys as in [`Room::GiveUp`]. Only for the start of the one process
/// that works on a database.
pub fn unfinished(c: &mut Connection) -> Result<Vec<String>> {
    let half = remote_files::table.filter(remote_files::state.ne(CopyState::Ready));
    Ok(half.select(remote_files::file).load(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    fn fill(c: &mut Connection, name: &str, bytes: i64, used_at: i64) -> Result<()> {
        assert_eq!(reserve(c, name, &format!("{name}.file"), bytes, 100)?, Room::Taken);
        stored(c, &format!("{name}.file"))?;
        diesel::update(remote_files::table.find(format!("{name}.file")))
            .set(remote_files::used_at.eq(Timestamp(used_at)))
            .execute(c)?;
        Ok(())
    }

    #[test]
    fn room_is_taken_given_up_and_freed_in_the_order_of_use() {
        let db = TestDb::new();
        db.write_now(|c| {
            fill(c, "a", 40, 3)?;
            fill(c, "b", 40, 1)?;
            assert_eq!(reserve(c, "a", "again", 1, 100)?, Room::Known);
            // There is room for 20, and for 60 when the one goes that nobody looked at the longest.
            assert_eq!(reserve(c, "c", "c.file", 20, 100)?, Room::Taken);
            assert_eq!(reserve(c, "d", "d.file", 30, 100)?, Room::GiveUp(vec!["b.file".into()]));
            assert_eq!(find(c, "b")?, None);
            // Its file may still be there: it counts until it is gone.
            assert_eq!(used(c)?, 100);
            assert_eq!(reserve(c, "d", "d.file", 30, 100)?, Room::GiveUp(vec!["a.file".into()]));
            // What is on its way cannot be given up.
            assert_eq!(reserve(c, "d", "d.file", 30, 100)?, Room::Full);
            freed(c, &["b.file".into(), "a.file".into()])?;
            assert_eq!(used(c)?, 20);
            assert_eq!(reserve(c, "d", "d.file", 30, 100)?, Room::Taken);
            assert_eq!(reserve(c, "e", "e.file", 101, 100)?, Room::Full);
            let half = unfinished(c)?;
            assert_eq!(half, ["c.file", "d.file"]);
            freed(c, &half)?;
            assert_eq!(used(c)?, 0);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_smaller_budget_gives_up_and_a_ready_copy_is_never_freed() {
        let db = TestDb::new();
        db.write_now(|c| {
            for (name, at) in [("a", 1), ("b", 2), ("c", 3)] {
                fill(c, name, 30, at)?;
            }
            freed(c, &["a.file".into()])?;
            assert_eq!(used(c)?, 90);
            assert!(shrink(c, 90)?.is_empty());
            let given_up = shrink(c, 50)?;
            assert_eq!(given_up, ["a.file", "b.file"]);
            freed(c, &given_up)?;
            assert_eq!(used(c)?, 30);
            spoil(c, "c.file")?;
            assert_eq!(find(c, "c")?, None);
            Ok(())
        })
        .unwrap();
    }
}
