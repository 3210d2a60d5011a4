//! What people bring along from another server: the files of [`crate::exports`], taken row by row in small pieces of work, since
//! whoever stands in them may have to be looked up elsewhere first.

mod rows;

use diesel::prelude::*;

use crate::actors::Actor;
use crate::blocks;
use crate::bookmarks;
use crate::codes::stored_enum;
use crate::connection::{Connection, cols};
use crate::domain_blocks;
use crate::error::{Error, Flaw, Result};
use crate::follows::{self, Choices};
use crate::ids::{ActorId, ImportId};
use crate::jobs::{self, Job};
use crate::json::Json;
use crate::lists::{self, RepliesPolicy};
use crate::mutes;
use crate::on_each;
use crate::posts::Post;
use crate::schema::{actors, blocks as block_rows, bookmarks as bookmark_rows, domain_blocks as domain_rows};
use crate::schema::{follows as follow_rows, import_rows, imports, mutes as mute_rows, posts as post_rows};
use crate::site::Site;
use crate::time::Timestamp;
use crate::visibility::may_see;

pub use rows::Row;
use rows::read;

/// Rows of a file (Mastodon takes as many).
pub const ROWS: usize = 20_000;
/// Bytes of a file.
pub const BYTES: usize = 4 << 20;
/// Imports of a person that are under way at a time.
const UNDER_WAY: i64 = 3;
/// Imports that are shown.
const SHOWN: i64 = 20;
/// What is taken away in one write.
const TAKEN_AWAY: i64 = 50;

stored_enum! {
    /// What a file holds.
    Kind {
        /// Whom somebody follows.
        Following = 0 "following",
        /// Whom somebody blocks.
        Blocks = 1 "blocking",
        /// Whom somebody mutes.
        Mutes = 2 "muting",
        /// Who is on which list.
        Lists = 3 "lists",
        /// What somebody has bookmarked.
        Bookmarks = 4 "bookmarks",
        /// Which servers somebody blocks.
        Domains = 5 "domain_blocking",
    }
}

/// An import as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = imports)]
pub struct Import {
    /// The import.
    pub id: ImportId,
    /// Whose.
    pub actor_id: ActorId,
    /// What the file holds.
    pub kind: Kind,
    /// Whether what does not stand in the file has still to be taken away.
    pub overwrite: bool,
    /// Rows of the file.
    pub total: i32,
    /// Rows that were looked at.
    pub done: i32,
    /// … and came to nothing.
    pub failed: i32,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What a row names, once it was looked up.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Target {
    Actor(Box<Actor>),
    Post(Box<Post>),
    /// A server is blocked by its name, whether or not it is there.
    Server,
}

/// Begins an import of a file; the rest is done by jobs.
///
/// # Errors
/// [`Error::Invalid`] naming `data` when nothing in the file can be read, it is too large, or too much is under way.
pub fn begin(c: &mut Connection, actor: ActorId, kind: Kind, overwrite: bool, text: &str) -> Result<ImportId> {
    if text.len() > BYTES {
        return Err(Error::invalid("data", Flaw::TooLong, "is too large"));
    }
    let under_way: i64 =
        imports::table.filter(imports::actor_id.eq(actor)).filter(imports::finished_at.is_null()).count().get_result(c)?;
    if under_way >= UNDER_WAY {
        return Err(Error::invalid("data", Flaw::Taken, "others are still under way"));
    }
    let rows = read(kind, text);
    if rows.is_empty() {
        return Err(Error::invalid("data", Flaw::Blank, "holds nothing that can be read"));
    }
    let id = ImportId::new();
    diesel::insert_into(imports::table)
        .values((
            imports::id.eq(id),
            imports::actor_id.eq(actor),
            imports::kind.eq(kind),
            imports::overwrite.eq(overwrite && kind != Kind::Lists),
            imports::total.eq(i32::try_from(rows.len()).unwrap_or(i32::MAX)),
            imports::created_at.eq(Timestamp::now()),
        ))
        .execute(c)?;
    for (chunk, rows) in rows.chunks(1_000).enumerate() {
        let rows: Vec<_> = rows
            .iter()
            .enumerate()
            .map(|(n, row)| {
                let position = i32::try_from(chunk * 1_000 + n).unwrap_or(i32::MAX);
                (import_rows::import_id.eq(id), import_rows::position.eq(position), import_rows::row.eq(Json(row.clone())))
            })
            .collect();
        on_each!(c => diesel::insert_into(import_rows::table).values(&rows).execute(c))?;
    }
    jobs::enqueue(c, &Job::Import { import: id })?;
    Ok(id)
}

/// The import with this id.
///
/// # Errors
/// [`Error::NotFound`]: whoever has deleted the account has no imports any more.
pub fn get(c: &mut Connection, id: ImportId) -> Result<Import> {
    imports::table.find(id).select(cols::<Import>()).first(c).optional()?.ok_or(Error::NotFound("import"))
}

/// A person's imports, the newest first.
pub fn of(c: &mut Connection, actor: ActorId) -> Result<Vec<Import>> {
    Ok(imports::table
        .filter(imports::actor_id.eq(actor))
        .order(imports::id.desc())
        .limit(SHOWN)
        .select(cols::<Import>())
        .load(c)?)
}

/// The next rows of an import, with their positions.
pub fn next(c: &mut Connection, id: ImportId, limit: i64) -> Result<Vec<(i32, Row)>> {
    let rows: Vec<(i32, Json<Row>)> = import_rows::table
        .filter(import_rows::import_id.eq(id))
        .order(import_rows::position)
        .limit(limit)
        .select((import_rows::position, import_rows::row))
        .load(c)?;
    Ok(rows.into_iter().map(|(position, Json(row))| (position, row)).collect())
}

/// Takes away some of what does not stand in the file, if that was asked for. Answers whether there is more to take away.
pub fn clear(c: &mut Connection, site: &Site, id: ImportId) -> Result<bool> {
    let import = get(c, id)?;
    if !import.overwrite {
        return Ok(false);
    }
    let kept: std::collections::HashSet<String> =
        next(c, id, i64::MAX)?.into_iter().map(|(_, row)| row.target.to_lowercase()).collect();
    let me = import.actor_id;
    type Other = (ActorId, String, Option<String>);
    let acct = |(_, name, domain): &Other| format!("{name}@{}", domain.as_deref().unwrap_or(site.domain())).to_lowercase();
    let columns = (actors::id, actors::username, actors::domain);
    let others: Vec<Other> = match import.kind {
        Kind::Following => follow_rows::table
            .inner_join(actors::table.on(actors::id.eq(follow_rows::target_id)))
            .filter(follow_rows::actor_id.eq(me))
            .select(columns)
            .load(c)?,
        Kind::Blocks => block_rows::table
            .inner_join(actors::table.on(actors::id.eq(block_rows::target_id)))
            .filter(block_rows::actor_id.eq(me))
            .select(columns)
            .load(c)?,
        Kind::Mutes => mute_rows::table
            .inner_join(actors::table.on(actors::id.eq(mute_rows::target_id)))
            .filter(mute_rows::actor_id.eq(me))
            .select(columns)
            .load(c)?,
        Kind::Lists | Kind::Bookmarks | Kind::Domains => Vec::new(),
    };
    let most = usize::try_from(TAKEN_AWAY).unwrap_or(usize::MAX);
    let gone: Vec<ActorId> = others.iter().filter(|other| !kept.contains(&acct(other))).map(|other| other.0).take(most).collect();
    for target in &gone {
        match import.kind {
            Kind::Following => follows::unfollow(c, me, *target)?,
            Kind::Blocks => blocks::unblock(c, me, *target)?,
            Kind::Mutes => mutes::unmute(c, me, *target)?,
            Kind::Lists | Kind::Bookmarks | Kind::Domains => {}
        }
    }
    let mut count = gone.len();
    if import.kind == Kind::Bookmarks {
        let all: Vec<(crate::ids::PostId, String)> = bookmark_rows::table
            .inner_join(post_rows::table)
            .filter(bookmark_rows::actor_id.eq(me))
            .select((bookmark_rows::post_id, post_rows::uri))
            .load(c)?;
        for (post, _) in all.iter().filter(|(_, uri)| !kept.contains(&uri.to_lowercase())).take(most) {
            bookmarks::remove(c, me, *post)?;
            count += 1;
        }
    }
    if import.kind == Kind::Domains {
        let all: Vec<String> = domain_rows::table.filter(domain_rows::actor_id.eq(me)).select(domain_rows::domain).load(c)?;
        for domain in all.iter().filter(|domain| !kept.contains(*domain)).take(most) {
            domain_blocks::unblock(c, me, domain)?;
            count += 1;
        }
    }
    if count == most {
        return Ok(true);
    }
    diesel::update(imports::table.find(id)).set(imports::overwrite.eq(false)).execute(c)?;
    Ok(false)
}

/// Does what a row says, whose target was found or not, and counts it. Doing it twice changes nothing.
pub fn take(c: &mut Connection, site: &Site, id: ImportId, position: i32, row: &Row, target: Option<&Target>) -> Result<()> {
    let import = get(c, id)?;
    let there = diesel::delete(import_rows::table.find((id, position))).execute(c)?;
    if there == 0 {
        return Ok(());
    }
    let done = match target {
        Some(target) => carry_out(c, site, &import, row, target),
        None => Ok(false),
    };
    let failed = match done {
        Ok(done) => !done,
        // A rule forbids it (oneself, whoever blocks, a list of strangers): the next row may be right.
        Err(Error::Forbidden(_) | Error::NotFound(_) | Error::Invalid(_)) => true,
        Err(error) => return Err(error),
    };
    diesel::update(imports::table.find(id))
        .set((imports::done.eq(imports::done + 1), imports::failed.eq(imports::failed + i32::from(failed))))
        .execute(c)?;
    Ok(())
}

fn carry_out(c: &mut Connection, site: &Site, import: &Import, row: &Row, target: &Target) -> Result<bool> {
    let me = import.actor_id;
    match (import.kind, target) {
        (Kind::Following, Target::Actor(other)) => {
            let choices = Choices { show_boosts: row.boosts, notify: row.notify, languages: row.languages.clone() };
            follows::follow(c, site, me, other.id, &choices)?;
        }
        (Kind::Blocks, Target::Actor(other)) => {
            blocks::block(c, site, me, other.id)?;
        }
        (Kind::Mutes, Target::Actor(other)) => mutes::mute(c, me, other.id, row.hides.unwrap_or(true), None)?,
        (Kind::Lists, Target::Actor(other)) => {
            let known = lists::of(c, me)?.into_iter().find(|list| list.title == row.list);
            let list = match known {
                Some(list) => list.id,
                None => lists::create(c, me, &row.list, RepliesPolicy::List, false)?.id,
            };
            if other.id != me {
                follows::follow(c, site, me, other.id, &Choices::default())?;
            }
            if !lists::member_ids(c, list)?.contains(&other.id) {
                lists::add(c, me, list, &[other.id])?;
            }
        }
        (Kind::Domains, Target::Server) => domain_blocks::block(c, site, me, &row.target)?,
        (Kind::Bookmarks, Target::Post(post)) => {
            if !may_see(c, Some(me), post)? {
                return Ok(false);
            }
            bookmarks::add(c, me, post.id)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Ends an import whose rows were all looked at.
pub fn finish(c: &mut Connection, id: ImportId) -> Result<()> {
    diesel::update(imports::table.find(id)).set(imports::finished_at.eq(Some(Timestamp::now()))).execute(c)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestDb, people};

    #[test]
    fn servers_are_blocked_and_those_that_the_file_does_not_name_are_not_any_more() {
        let db = TestDb::new();
        db.write_now(|c| {
            let (site, ali) = (people::site(), people::local(c, "ali").id);
            domain_blocks::block(c, &site, ali, "old.example")?;
            domain_blocks::block(c, &site, ali, "kept.example")?;
            let file = "#domain\nKept.example\nnew.example\nmajlis.example\n";
            for (overwrite, left) in [(false, 3), (true, 2)] {
                let id = begin(c, ali, Kind::Domains, overwrite, file)?;
                assert!(!clear(c, &site, id)?);
                for (position, row) in next(c, id, 10)? {
                    take(c, &site, id, position, &row, Some(&Target::Server))?;
                }
                finish(c, id)?;
                assert_eq!(get(c, id)?.failed, 1, "nobody blocks the server that they are on");
                let blocked = domain_blocks::of(c, ali, &crate::Page::newest(10))?.items;
                assert_eq!(blocked.len(), left, "{blocked:?}");
                assert!(blocked.contains(&"kept.example".to_owned()) && blocked.contains(&"new.example".to_owned()));
            }
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn an_import_goes_row_by_row_and_counts_what_fails() {
        let db = TestDb::new();
        db.write_now(|c| {
            let site = people::site();
            let (ali, bea, rita) = (people::local(c, "ali").id, people::local(c, "bea").id, people::remote(c, "rita"));
            people::follow(c, ali, bea);
            assert!(matches!(begin(c, ali, Kind::Following, false, "nothing"), Err(Error::Invalid(_))));
            let id = begin(c, ali, Kind::Following, true, "rita@peer.example\nghost@peer.example\nali@majlis.example\n")?;
            assert_eq!(jobs::all(c)?.last(), Some(&Job::Import { import: id }));
            assert!(!clear(c, &site, id)?);
            assert!(!follows::is_following(c, ali, bea)?, "what does not stand in the file goes");
            let rows = next(c, id, 10)?;
            let me = crate::actors::get(c, ali)?;
            for (position, row) in &rows {
                let target = match row.target.as_str() {
                    "rita@peer.example" => Some(Target::Actor(Box::new(rita.clone()))),
                    "ali@majlis.example" => Some(Target::Actor(Box::new(me.clone()))),
                    _ => None,
                };
                take(c, &site, id, *position, row, target.as_ref())?;
                take(c, &site, id, *position, row, target.as_ref())?;
            }
            assert!(next(c, id, 10)?.is_empty() && !clear(c, &site, id)?);
            finish(c, id)?;
            let import = get(c, id)?;
            assert_eq!((import.total, import.done, import.failed), (3, 3, 2));
            assert!(crate::follow_requests::get(c, ali, rita.id)?.is_some());
            assert_eq!(of(c, ali)?.len(), 1);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn blocks_mutes_lists_and_bookmarks_come_along() {
        let db = TestDb::new();
        db.write_now(|c| {
            let site = people::site();
            let (ali, rita, bea) = (people::local(c, "ali").id, people::remote(c, "rita"), people::local(c, "bea").id);
            let post = people::say(c, bea, "keep me");
            people::follow(c, ali, rita.id);
            let who = Target::Actor(Box::new(rita.clone()));
            let what = Target::Post(Box::new(post.clone()));
            for (kind, text, target) in [
                (Kind::Lists, "Friends,rita@peer.example".to_owned(), &who),
                (Kind::Mutes, "rita@peer.example,false".to_owned(), &who),
                (Kind::Blocks, "rita@peer.example".to_owned(), &who),
                (Kind::Bookmarks, post.uri.clone(), &what),
            ] {
                let id = begin(c, ali, kind, false, &text)?;
                let (position, row) = next(c, id, 1)?.remove(0);
                take(c, &site, id, position, &row, Some(target))?;
                assert_eq!(get(c, id)?.failed, 0, "{kind}");
                finish(c, id)?;
            }
            assert!(blocks::get(c, ali, rita.id)?.is_some());
            assert_eq!(bookmarks::kept_among(c, ali, &[post.id])?, [post.id]);
            assert_eq!(lists::of(c, ali)?[0].title, "Friends");
            Ok(())
        })
        .unwrap();
    }
}
