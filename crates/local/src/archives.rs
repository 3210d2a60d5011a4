//! Archives: everything that somebody has said here, in one file to take along. It is asked for, made by a job, kept for some days, and
//! fetched by its owner alone. How it is written is not decided here: these are its row, and what it is made of, page by page.

use diesel::prelude::*;

use crate::actors;
use crate::connection::{Connection, PortableDsl, any_of, cols};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, ArchiveId, BookmarkId, LikeId};
use crate::jobs::{self, Job};
use crate::mail::{self, Letter};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::schema::{archives, bookmarks, likes, posts as post_rows};
use crate::time::Timestamp;
use crate::users;

const DAY: i64 = 86_400;
/// Seconds between two archives of a person (Mastodon's six days).
pub const PAUSE: i64 = 6 * DAY;
/// Seconds for which one is kept.
pub const KEPT: i64 = 7 * DAY;
/// Seconds after which one that never got ready is given up: by then its job has been.
const PATIENCE: i64 = 4 * DAY;

/// An archive as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = archives)]
pub struct Archive {
    /// The archive.
    pub id: ArchiveId,
    /// Whose.
    pub actor_id: ActorId,
    /// Its storage key, once it is ready.
    pub file: Option<String>,
    /// Its size.
    pub bytes: Option<i64>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it got ready.
    pub finished_at: Option<Timestamp>,
}

impl Archive {
    /// Until when it can be fetched.
    pub fn kept_until(&self) -> Option<Timestamp> {
        self.finished_at.map(|at| at.plus_seconds(KEPT))
    }

    fn can_be_fetched(&self, now: Timestamp) -> bool {
        self.file.is_some() && self.kept_until().is_some_and(|until| until > now)
    }

    fn is_given_up(&self, now: Timestamp) -> bool {
        self.finished_at.is_none() && self.created_at <= now.plus_seconds(-PATIENCE)
    }
}

/// How somebody's archives stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The one that can be fetched.
    pub ready: Option<Archive>,
    /// Whether one is being made.
    pub under_way: bool,
    /// From when on another may be asked for; `None`: now.
    pub next: Option<Timestamp>,
}

/// How a person's archives stand.
pub fn standing(c: &mut Connection, actor: ActorId) -> Result<Standing> {
    let now = Timestamp::now();
    let all: Vec<Archive> =
        archives::table.filter(archives::actor_id.eq(actor)).order(archives::id.desc()).select(cols::<Archive>()).load(c)?;
    let newest = all.iter().find(|archive| !archive.is_given_up(now));
    Ok(Standing {
        under_way: newest.is_some_and(|archive| archive.finished_at.is_none()),
        next: newest.map(|archive| archive.created_at.plus_seconds(PAUSE)).filter(|next| *next > now),
        ready: all.into_iter().find(|archive| archive.can_be_fetched(now)),
    })
}

/// Somebody asks for an archive; a job makes it.
///
/// # Errors
/// [`Error::Invalid`] naming `archive` when one is being made, or was within the last days.
pub fn ask(c: &mut Connection, actor: ActorId) -> Result<ArchiveId> {
    let too_soon = || Error::invalid("archive", Flaw::Taken, "was asked for within the last days");
    let standing = standing(c, actor)?;
    if standing.under_way || standing.next.is_some() {
        return Err(too_soon());
    }
    let now = Timestamp::now();
    let given_up = archives::finished_at.is_null().and(archives::created_at.le(now.plus_seconds(-PATIENCE)));
    diesel::delete(archives::table.filter(archives::actor_id.eq(actor)).filter(given_up)).execute(c)?;
    let id = ArchiveId::new();
    let made = diesel::insert_into(archives::table)
        .values((archives::id.eq(id), archives::actor_id.eq(actor), archives::created_at.eq(now)))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    // Somebody pressed the button twice.
    if made == 0 {
        return Err(too_soon());
    }
    jobs::enqueue(c, &Job::MakeArchive { archive: id })?;
    Ok(id)
}

/// The archive with this id.
///
/// # Errors
/// [`Error::NotFound`]: whoever has deleted the account has no archives any more.
pub fn get(c: &mut Connection, id: ArchiveId) -> Result<Archive> {
    archives::table.find(id).select(cols::<Archive>()).first(c).optional()?.ok_or(Error::NotFound("archive"))
}

/// The same of its owner, while it can be fetched.
///
/// # Errors
/// [`Error::NotFound`] also when it is somebody else's, not ready, or too old.
pub fn own(c: &mut Connection, actor: ActorId, id: ArchiveId) -> Result<Archive> {
    let archive = get(c, id)?;
    let fits = archive.actor_id == actor && archive.can_be_fetched(Timestamp::now());
    if fits { Ok(archive) } else { Err(Error::NotFound("archive")) }
}

/// An archive is ready: older ones go, and its owner gets a letter. False when nobody waits for it any more, or it was ready
/// before: the file is then the caller's to delete.
pub fn finish(c: &mut Connection, id: ArchiveId, file: &str, bytes: u64) -> Result<bool> {
    let done = diesel::update(archives::table.find(id).filter(archives::finished_at.is_null()))
        .set((
            archives::file.eq(Some(file)),
            archives::bytes.eq(Some(i64::try_from(bytes).unwrap_or(i64::MAX))),
            archives::finished_at.eq(Some(Timestamp::now())),
        ))
        .execute(c)?;
    if done == 0 {
        return Ok(false);
    }
    let actor = get(c, id)?.actor_id;
    let older: Vec<Archive> =
        archives::table.filter(archives::actor_id.eq(actor)).filter(archives::id.ne(id)).select(cols::<Archive>()).load(c)?;
    remove(c, older)?;
    let (user, owner) = (users::get(c, actor)?, actors::get(c, actor)?);
    mail::send_to(c, &user, Letter::ArchiveReady { username: owner.username })?;
    Ok(true)
}

/// Removes up to `limit` archives that are too old, or never got ready; gives back how many. Their files go by a job.
pub fn purge(c: &mut Connection, now: Timestamp, limit: i64) -> Result<usize> {
    let old = archives::finished_at.lt(now.plus_seconds(-KEPT));
    let given_up = archives::finished_at.is_null().and(archives::created_at.lt(now.plus_seconds(-PATIENCE)));
    let gone: Vec<Archive> =
        archives::table.filter(given_up.or(old)).order(archives::id).limit(limit).select(cols::<Archive>()).load(c)?;
    remove(c, gone)
}

/// Removes all archives of an account that is deleted.
pub(crate) fn forget(c: &mut Connection, actor: ActorId) -> Result<()> {
    let all: Vec<Archive> = archives::table.filter(archives::actor_id.eq(actor)).select(cols::<Archive>()).load(c)?;
    remove(c, all).map(drop)
}

fn remove(c: &mut Connection, gone: Vec<Archive>) -> Result<usize> {
    let ids: Vec<ArchiveId> = gone.iter().map(|archive| archive.id).collect();
    let keys: Vec<String> = gone.into_iter().filter_map(|archive| archive.file).collect();
    if !keys.is_empty() {
        jobs::enqueue(c, &Job::DeleteFiles { keys })?;
    }
    Ok(diesel::delete(archives::table.filter(any_of(archives::id, &ids))).execute(c)?)
}

/// What a person has posted and boosted, for whomever it was.
pub fn posts(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Vec<Post>> {
    let own = post_rows::table.filter(post_rows::author_id.eq(actor)).filter(post_rows::deleted_at.is_null());
    Ok(paged!(c, page, post_rows::id, own.select(Post::as_select())))
}

/// The ActivityPub ids of what a person likes; the cursors are the likes'.
pub fn liked(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<String>> {
    let all = likes::table
        .inner_join(post_rows::table)
        .filter(likes::actor_id.eq(actor))
        .filter(post_rows::deleted_at.is_null())
        .select((likes::id, post_rows::uri));
    let rows = paged!(c, page, likes::id, all);
    Ok(Slice::new::<LikeId>(rows, page))
}

/// The ActivityPub ids of what a person has bookmarked; the cursors are the bookmarks'.
pub fn bookmarked(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<String>> {
    let all = bookmarks::table
        .inner_join(post_rows::table)
        .filter(bookmarks::actor_id.eq(actor))
        .filter(post_rows::deleted_at.is_null())
        .select((bookmarks::id, post_rows::uri));
    let rows = paged!(c, page, bookmarks::id, all);
    Ok(Slice::new::<BookmarkId>(rows, page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Draft;
    use crate::testing::{TestDb, people};
    use crate::visibility::Visibility;

    fn files_to_delete(c: &mut Connection) -> Vec<String> {
        let files = |job| if let Job::DeleteFiles { keys } = job { keys } else { Vec::new() };
        jobs::all(c).unwrap().into_iter().flat_map(files).collect()
    }

    #[test]
    fn an_archive_is_asked_for_once_in_six_days_and_kept_for_seven() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            assert_eq!(standing(c, ali)?, Standing::default());
            let first = ask(c, ali)?;
            assert_eq!(jobs::all(c)?, [Job::MakeArchive { archive: first }]);
            assert!(matches!(ask(c, ali), Err(Error::Invalid(_))));
            let made = standing(c, ali)?;
            assert!(made.under_way && made.ready.is_none() && made.next.is_some());
            assert!(matches!(own(c, ali, first), Err(Error::NotFound(_))), "not ready");
            ask(c, bea)?;

            assert!(finish(c, first, "archives/a", 1_000)?);
            assert!(!finish(c, first, "archives/b", 1_000)?, "once");
            assert!(matches!(jobs::all(c)?.last(), Some(Job::Mail { mail }) if mail.to == "ali@example.org"
                && mail.letter == Letter::ArchiveReady { username: "ali".into() }));
            assert_eq!(own(c, ali, first)?.file.as_deref(), Some("archives/a"));
            assert!(matches!(own(c, bea, first), Err(Error::NotFound(_))), "somebody else's");
            assert!(matches!(ask(c, ali), Err(Error::Invalid(_))), "too soon");

            people::age_archives(c, PAUSE + 60);
            assert_eq!(standing(c, ali)?.next, None);
            let second = ask(c, ali)?;
            assert_eq!(standing(c, ali)?.ready.map(|archive| archive.id), Some(first), "until the next is ready");
            assert!(finish(c, second, "archives/c", 1)?);
            assert_eq!(files_to_delete(c), ["archives/a"]);
            assert!(matches!(get(c, first), Err(Error::NotFound(_))));

            assert_eq!(purge(c, Timestamp::now(), 10)?, 1, "what bea waits for was given up");
            people::age_archives(c, KEPT + 1);
            assert!(matches!(own(c, ali, second), Err(Error::NotFound(_))), "too old");
            assert_eq!(standing(c, ali)?, Standing::default());
            assert_eq!((purge(c, Timestamp::now(), 10)?, purge(c, Timestamp::now(), 10)?), (1, 0));
            assert_eq!(files_to_delete(c), ["archives/a", "archives/c"]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn one_that_never_gets_ready_stands_in_the_way_for_some_days_only() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let lost = ask(c, ali)?;
            people::age_archives(c, PATIENCE + 60);
            assert_eq!(standing(c, ali)?, Standing::default());
            let next = ask(c, ali)?;
            assert!(!finish(c, lost, "archives/a", 1)? && finish(c, next, "archives/b", 1)?);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn whoever_deletes_the_account_leaves_no_archive() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let id = ask(c, ali)?;
            finish(c, id, "archives/a", 1)?;
            users::delete(c, ali)?;
            assert_eq!(files_to_delete(c), ["archives/a"]);
            assert!(!finish(c, id, "archives/b", 1)?);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn what_stands_in_it_is_ones_own_of_every_visibility_page_by_page() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            let theirs = people::say(c, bea, "not ali's");
            let mut said = Vec::new();
            for visibility in [Visibility::Public, Visibility::Unlisted, Visibility::Private, Visibility::Direct] {
                said.push(people::publish(c, ali, Draft { visibility: Some(visibility), ..people::draft("mine") }).id);
            }
            said.push(people::publish(c, ali, Draft { local_only: true, ..people::draft("here") }).id);
            said.push(crate::boosts::boost(c, &people::site(), ali, &theirs, None)?.id);
            let gone = people::say(c, ali, "gone").id;
            crate::publish::delete(c, ali, gone)?;
            let page = |after| Page { min_id: Some(after), ..Page::newest(4) };
            let ids = |posts: Vec<Post>| posts.into_iter().rev().map(|post| post.id).collect::<Vec<_>>();
            assert_eq!(ids(posts(c, ali, &page(0))?), said[..4]);
            assert_eq!(ids(posts(c, ali, &page(said[3].0))?), said[4..]);

            people::like(c, ali, theirs.id);
            people::bookmark(c, ali, theirs.id);
            let liked = liked(c, ali, &page(0))?;
            let kept = bookmarked(c, ali, &page(0))?;
            assert_eq!((liked.items, kept.items), (vec![theirs.uri.clone()], vec![theirs.uri.clone()]));
            assert!(liked.newest.is_some() && !liked.full && super::liked(c, bea, &page(0))?.items.is_empty());
            Ok(())
        })
        .unwrap();
    }
}
