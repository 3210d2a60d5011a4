//! Keyset paging, as Mastodon's API pages: `max_id`, `since_id`, `min_id` and `limit` over the id of whatever is listed,
//! which for relations is the relation's own id and so an opaque cursor.

/// What a client asked for. Rows come newest first, whichever bound was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only what is older than this.
    pub max_id: Option<i64>,
    /// Only what is newer than this: the newest of it.
    pub since_id: Option<i64>,
    /// Only what is newer than this: the part that follows directly. Stronger than `since_id`.
    pub min_id: Option<i64>,
    /// Rows at the most; at least 1.
    pub limit: i64,
}

impl Page {
    /// The newest `limit` rows.
    pub fn newest(limit: i64) -> Self {
        Self { max_id: None, since_id: None, min_id: None, limit: limit.max(1) }
    }

    /// The same bounds with the limit that the caller allows: `default` when none was asked for, `most` at the most.
    pub fn clamped(
        max_id: Option<i64>,
        since_id: Option<i64>,
        min_id: Option<i64>,
        limit: Option<i64>,
        default: i64,
        most: i64,
    ) -> Self {
        Self { max_id, since_id, min_id, limit: limit.unwrap_or(default).clamp(1, most.max(1)) }
    }

    /// The exclusive lower bound of the ids. Ids are positive.
    pub fn after(&self) -> i64 {
        self.min_id.or(self.since_id).unwrap_or(0)
    }

    /// The exclusive upper bound of the ids.
    pub fn before(&self) -> i64 {
        self.max_id.unwrap_or(i64::MAX)
    }

    /// Whether the rows must be read oldest first (and then turned round): `min_id` asks for what follows directly.
    pub fn ascends(&self) -> bool {
        self.min_id.is_some()
    }

    /// The same page of plain values that are in memory already, newest first as [`paged!`](crate::paged) answers it.
    pub fn cut<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> i64) -> Vec<T> {
        rows.retain(|row| id(row) > self.after() && id(row) < self.before());
        rows.sort_by_key(|row| std::cmp::Reverse(id(row)));
        let limit = usize::try_from(self.limit).unwrap_or(1);
        if self.ascends() {
            rows.drain(..rows.len().saturating_sub(limit));
        } else {
            rows.truncate(limit);
        }
        rows
    }
}

/// Loads one page of a query, newest first: `paged!(c, page, likes::id, likes::table.filter(…).select(…))`.
///
/// The query must have neither order nor limit. The statement's text is the same for every page of a direction,
/// so that it is prepared once. Returns early with the database's error.
#[macro_export]
macro_rules! paged {
    ($c:expr, $page:expr, $id:expr, $query:expr) => {{
        let page: &$crate::paging::Page = $page;
        let query = $query.filter($id.gt(page.after())).filter($id.lt(page.before())).limit(page.limit);
        if page.ascends() {
            let mut rows: Vec<_> = query.order($id.asc()).load($c)?;
            rows.reverse();
            rows
        } else {
            query.order($id.desc()).load($c)?
        }
    }};
}

/// One page of a list, with the cursors of its ends. The cursors belong to the rows that were read: what is left out of
/// `items` afterwards (gone, hidden from the viewer) does not move them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice<T> {
    /// The things listed, newest first.
    pub items: Vec<T>,
    /// The cursor of the newest row: `min_id` of the previous page.
    pub newest: Option<i64>,
    /// The cursor of the oldest row: `max_id` of the next page.
    pub oldest: Option<i64>,
    /// Whether the page is full, so that a next one may follow.
    pub full: bool,
}

impl<T> Slice<T> {
    /// From rows of cursor and thing, as [`paged!`](crate::paged) gives them.
    pub fn new<I: Into<i64> + Copy>(rows: Vec<(I, T)>, page: &Page) -> Self {
        Self {
            newest: rows.first().map(|row| row.0.into()),
            oldest: rows.last().map(|row| row.0.into()),
            full: i64::try_from(rows.len()).unwrap_or(i64::MAX) >= page.limit,
            items: rows.into_iter().map(|row| row.1).collect(),
        }
    }

    /// The same slice of other things: entities made of the rows.
    pub fn with<U>(&self, items: Vec<U>) -> Slice<U> {
        Slice { items, newest: self.newest, oldest: self.oldest, full: self.full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tombstones;
    use crate::testing::TestDb;
    use diesel::prelude::*;

    fn read(db: &TestDb, page: Page) -> (Vec<i64>, Vec<i64>) {
        let stored = db
            .read_now(move |c| Ok(paged!(c, &page, tombstones::deleted_at, tombstones::table.select(tombstones::deleted_at))))
            .unwrap();
        (stored, page.cut((1..=9).collect(), |n| *n))
    }

    #[test]
    fn bounds_as_mastodon_reads_them() {
        let db = TestDb::new();
        db.write_now(|c| {
            for n in 1..=9_i64 {
                diesel::insert_into(tombstones::table)
                    .values((tombstones::uri.eq(n.to_string()), tombstones::deleted_at.eq(n)))
                    .execute(c)?;
            }
            Ok(())
        })
        .unwrap();
        let page = |max_id, since_id, min_id, limit| Page { max_id, since_id, min_id, limit };
        for (asked, wanted) in [
            (Page::newest(3), vec![9, 8, 7]),
            (page(Some(7), None, None, 3), vec![6, 5, 4]),
            (page(None, Some(2), None, 3), vec![9, 8, 7]),
            (page(None, None, Some(2), 3), vec![5, 4, 3]),
            (page(Some(5), None, Some(2), 9), vec![4, 3]),
            (page(None, Some(8), Some(2), 2), vec![4, 3]),
            (page(None, None, Some(9), 2), vec![]),
        ] {
            let (stored, in_memory) = read(&db, asked);
            assert_eq!(stored, wanted, "{asked:?}");
            assert_eq!(in_memory, wanted, "{asked:?}");
        }
    }

    #[test]
    fn limits_are_clamped() {
        let limit = |asked| Page::clamped(None, None, None, asked, 20, 40).limit;
        assert_eq!((limit(None), limit(Some(5)), limit(Some(900)), limit(Some(0)), limit(Some(-3))), (20, 5, 40, 1, 1));
    }

    #[test]
    fn a_slice_keeps_its_ends() {
        let slice = Slice::new(vec![(9_i64, "a"), (4, "b")], &Page::newest(2));
        assert_eq!((slice.newest, slice.oldest, slice.full), (Some(9), Some(4), true));
        assert_eq!(slice.with(vec![1]).oldest, Some(4));
        assert!(!Slice::new(vec![(9_i64, "a")], &Page::newest(2)).full);
    }
}
