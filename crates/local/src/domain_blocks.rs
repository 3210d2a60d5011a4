//! Personal domain blocks: servers of which a person wants to see and hear nothing. The follows between the two end, and the
//! other server hears of that as of any other end of a follow; of the block itself nobody is told.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::actors::{self, Actor};
use crate::connection::{Connection, PortableDsl, any_of, written};
use crate::conversations;
use crate::db::after_commit;
use crate::error::{Error, Flaw, Result};
use crate::events::Event;
use crate::follows;
use crate::ids::{ActorId, DomainBlockId};
use crate::instances;
use crate::jobs::{self, Job};
use crate::notifications;
use crate::paged;
use crate::paging::{Page, Slice};
use crate::posts::Post;
use crate::schema::{actors as people, domain_blocks, follows as follow_rows};
use crate::severances::{self, Cause};
use crate::site::Site;
use crate::time::Timestamp;

/// Servers that one person may block.
pub const MOST: i64 = 10_000;
/// Ties that are cut in one write; the rest goes by a job.
const CUT_AT_ONCE: i64 = 50;

/// What a block would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// Whom the person follows there.
    pub following: i64,
    /// Who follows it from there.
    pub followers: i64,
}

/// A local person blocks a server, named as people type it: nobody there follows it or is followed by it any more, and their
/// notifications and conversations go. Blocking again changes nothing.
///
/// # Errors
/// [`Error::Invalid`] when it is no domain name, our own, or one too many.
pub fn block(c: &mut Connection, site: &Site, actor: ActorId, typed: &str) -> Result<()> {
    let domain = checked(typed)?;
    if site.is_own_domain(&domain) {
        return Err(Error::invalid("domain", Flaw::Invalid, "is this server's own"));
    }
    let had: i64 = domain_blocks::table.filter(domain_blocks::actor_id.eq(actor)).count().get_result(c)?;
    if had >= MOST {
        return Err(Error::invalid("domain", Flaw::Invalid, format!("no more than {MOST} servers can be blocked")));
    }
    let made = diesel::insert_into(domain_blocks::table)
        .values((
            domain_blocks::id.eq(DomainBlockId::new()),
            domain_blocks::actor_id.eq(actor),
            domain_blocks::domain.eq(&domain),
            domain_blocks::created_at.eq(Timestamp::now()),
        ))
        .on_conflict_do_nothing()
        .portable()
        .execute(c)?;
    if made == 0 {
        return Ok(());
    }
    notifications::forget_server(c, actor, &domain)?;
    conversations::part_with_server(c, actor, &domain)?;
    let lost = preview(c, actor, &domain)?;
    severances::record(c, actor, Cause::OwnDomainBlock, &domain, lost.followers, lost.following)?;
    if cut_some(c, actor, &domain)? {
        jobs::enqueue(c, &Job::CutServer { actor, domain })?;
    }
    after_commit(Event::RelationsChanged(actor));
    Ok(())
}

/// A local person no longer blocks a server. What the block has cut stays cut. Nothing happens when there was none.
///
/// # Errors
/// [`Error::Invalid`] when it is no domain name.
pub fn unblock(c: &mut Connection, actor: ActorId, typed: &str) -> Result<()> {
    let domain = checked(typed)?;
    let own = domain_blocks::table.filter(domain_blocks::actor_id.eq(actor));
    if diesel::delete(own.filter(domain_blocks::domain.eq(domain))).execute(c)? > 0 {
        after_commit(Event::RelationsChanged(actor));
    }
    Ok(())
}

/// Ends some of the follows and requests between a person and a server that it blocks. True when there may be more. A block
/// that was lifted meanwhile cuts nothing.
pub fn cut_some(c: &mut Connection, actor: ActorId, domain: &str) -> Result<bool> {
    let standing = domain_blocks::table.filter(domain_blocks::actor_id.eq(actor)).filter(domain_blocks::domain.eq(domain));
    if !diesel::select(diesel::dsl::exists(standing)).get_result::<bool>(c)? {
        return Ok(false);
    }
    let there = |id: &str, other: &str, table: &str| {
        format!(
            "SELECT t.{other} AS id FROM {table} t CROSS JOIN actors a WHERE t.{id} = :actor AND a.id = t.{other} \
             AND (a.domain = :domain OR a.host = :domain)"
        )
    };
    let all = [("actor_id", "target_id"), ("target_id", "actor_id")]
        .iter()
        .flat_map(|(id, other)| ["follows", "follow_requests"].map(|table| there(id, other, table)))
        .collect::<Vec<_>>()
        .join(" UNION ");
    let some: Vec<ActorId> = written::<BigInt>(format!("SELECT u.id FROM ({all}) u LIMIT :limit"))
        .number("actor", actor)
        .text("domain", domain)
        .number("limit", CUT_AT_ONCE)
        .load(c)?;
    for other in &some {
        follows::unfollow(c, actor, *other)?;
        follows::remove_follower(c, actor, *other)?;
    }
    Ok(i64::try_from(some.len()).is_ok_and(|cut| cut == CUT_AT_ONCE))
}

/// What a block of that server would end.
///
/// # Errors
/// [`Error::Invalid`] when it is no domain name.
pub fn preview(c: &mut Connection, actor: ActorId, typed: &str) -> Result<Preview> {
    let domain = checked(typed)?;
    let there = || people::host.eq(domain.clone()).nullable().or(people::domain.eq(domain.clone()));
    let following = follow_rows::table
        .inner_join(people::table.on(people::id.eq(follow_rows::target_id)))
        .filter(follow_rows::actor_id.eq(actor))
        .filter(there())
        .count()
        .get_result(c)?;
    let followers = follow_rows::table
        .inner_join(people::table.on(people::id.eq(follow_rows::actor_id)))
        .filter(follow_rows::target_id.eq(actor))
        .filter(there())
        .count()
        .get_result(c)?;
    Ok(Preview { following, followers })
}

/// The servers that `actor` blocks, the latest first.
pub fn of(c: &mut Connection, actor: ActorId, page: &Page) -> Result<Slice<String>> {
    let rows = paged!(
        c,
        page,
        domain_blocks::id,
        domain_blocks::table.filter(domain_blocks::actor_id.eq(actor)).select((domain_blocks::id, domain_blocks::domain))
    );
    Ok(Slice::new::<DomainBlockId>(rows, page))
}

/// Whether `actor` blocks the server of `other`.
pub fn blocks(c: &mut Connection, actor: ActorId, other: &Actor) -> Result<bool> {
    let Some(domain) = &other.domain else { return Ok(false) };
    let names = domain_blocks::domain.eq(domain).or(domain_blocks::domain.eq(&other.host));
    let standing = domain_blocks::table.filter(domain_blocks::actor_id.eq(actor)).filter(names);
    Ok(diesel::select(diesel::dsl::exists(standing)).get_result(c)?)
}

/// Those of `others` whose server `actor` blocks.
pub(crate) fn blocked_among(c: &mut Connection, actor: ActorId, others: &[ActorId]) -> Result<Vec<ActorId>> {
    Ok(written::<BigInt>(
        "SELECT a.id FROM domain_blocks d CROSS JOIN actors a WHERE d.actor_id = :actor AND a.id IN :others \
         AND (a.domain = d.domain OR a.host = d.domain)",
    )
    .number("actor", actor)
    .numbers("others", others)
    .load(c)?)
}

/// `people` without those who block the server of a post's author.
pub(crate) fn without_blockers(c: &mut Connection, mut people: Vec<ActorId>, post: &Post) -> Result<Vec<ActorId>> {
    if post.local || people.is_empty() {
        return Ok(people);
    }
    let author = actors::get(c, post.author_id)?;
    let domain = author.domain.unwrap_or_default();
    let blockers: Vec<ActorId> = domain_blocks::table
        .filter(any_of(domain_blocks::actor_id, &people))
        .filter(domain_blocks::domain.eq(&domain).or(domain_blocks::domain.eq(&author.host)))
        .select(domain_blocks::actor_id)
        .load(c)?;
    people.retain(|person| !blockers.contains(person));
    Ok(people)
}

/// The domain that was typed, as it is stored.
///
/// # Errors
/// [`Error::Invalid`] when it is no domain name.
pub(crate) fn checked(typed: &str) -> Result<String> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Err(Error::invalid("domain", Flaw::Blank, "can't be blank"));
    }
    instances::host_from_input(typed)
        .ok()
        .filter(|host| host.len() <= 255)
        .ok_or_else(|| Error::invalid("domain", Flaw::Invalid, "is not a valid domain name"))
}
