//! Reports: what moderators are told of somebody, by people here and by other servers (`Flag`). What was reported is written
//! down as it stood, so that a deletion takes no evidence away; its files stay until the report is resolved.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use crate::actors::{self, Actor};
use crate::attachments::{self, Snapshot};
use crate::codes::stored_enum;
use crate::collections::{self, Collection};
use crate::connection::{Connection, PortableDsl, any_of, cols, written};
use crate::error::{Error, Flaw, Result};
use crate::ids::{ActorId, AttachmentId, CollectionId, PostId, ReportId};
use crate::jobs::{self, Change, Job};
use crate::json::Json;
use crate::notifications::{self, NotificationKind};
use crate::paged;
use crate::paging::{Page, Slice};
use crate::posts::{self, Parts, Post};
use crate::schema::{actors as people, attachments as rows, report_collections, report_posts, reports};
use crate::settings;
use crate::time::Timestamp;
use crate::visibility;

/// Characters of a comment.
pub const COMMENT_LIMIT: usize = 1_000;
/// Characters that are kept of another server's comment.
const FLAG_LIMIT: usize = 4_000;
/// Posts that one report shows at the most.
pub const MOST_POSTS: usize = 100;
/// Servers to which one report is passed on, besides the reported one's own.
const MOST_SERVERS: usize = 20;
/// Open reports by one other server; more are not taken until some are resolved.
const MOST_BY_SERVER: i64 = 500;

stored_enum! {
    /// Why somebody is reported (Mastodon's `category`).
    Category {
        /// Anything else.
        Other = 0 "other",
        /// Spam.
        Spam = 1 "spam",
        /// What the law forbids.
        Legal = 2 "legal",
        /// What the server's rules forbid; they are named.
        Violation = 3 "violation",
    }
}

/// A report as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = reports)]
#[allow(missing_docs)]
pub struct Report {
    pub id: ReportId,
    /// Who reports; of another server mostly the server itself.
    pub reporter_id: ActorId,
    /// Whom.
    pub target_id: ActorId,
    pub category: Category,
    /// Plain text.
    pub comment: String,
    /// The rules that were broken, by their ids.
    pub rule_ids: Option<Json<Vec<u32>>>,
    /// Whether the reported one's server was told.
    pub forwarded: bool,
    pub created_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub resolver_id: Option<ActorId>,
}

/// A report to be filed by a local person.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewReport {
    pub target: ActorId,
    pub posts: Vec<PostId>,
    pub collections: Vec<CollectionId>,
    pub comment: String,
    pub category: Option<Category>,
    /// Rules that were broken, by their ids.
    pub rules: Vec<u32>,
    /// Whether other servers are told too; for reported people who live elsewhere.
    pub forward: bool,
    /// Which ones (domains); `None`: the reported one's own.
    pub forward_to: Option<Vec<String>>,
}

/// What stood in a reported post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Evidence {
    pub uri: String,
    /// HTML.
    pub content: String,
    /// The content warning.
    pub summary: String,
    pub created_at: Timestamp,
    #[serde(default)]
    pub media: Vec<Snapshot>,
}

/// What stood in a reported collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CollectionEvidence {
    pub uri: String,
    pub name: String,
    pub description: String,
}

/// A local person reports somebody. Servers that are told hear it from this server, and not who reported.
///
/// # Errors
/// [`Error::NotFound`] when the reported one is gone or a post is not theirs, or may not be seen by the reporter;
/// [`Error::Invalid`] for a long comment, unknown rules, and a violation of none.
pub fn file(c: &mut Connection, reporter: ActorId, new: NewReport) -> Result<Report> {
    let target = actors::get(c, new.target)?;
    if target.deleted_at.is_some() {
        return Err(Error::NotFound("account"));
    }
    let comment = new.comment.trim();
    if comment.chars().count() > COMMENT_LIMIT {
        return Err(Error::invalid("comment", Flaw::TooLong, format!("is too long (maximum is {COMMENT_LIMIT} characters)")));
    }
    let category = if new.rules.is_empty() { new.category.unwrap_or(Category::Other) } else { Category::Violation };
    if category == Category::Violation {
        let known: Vec<u32> = settings::about(c)?.rules.iter().map(|rule| rule.id).collect();
        if new.rules.is_empty() || new.rules.iter().any(|rule| !known.contains(rule)) {
            return Err(Error::invalid("rule_ids", Flaw::Invalid, "does not reference valid rules"));
        }
    }
    let shown = reportable(c, reporter, target.id, &new.posts)?;
    let collections = collections_of(c, target.id, &new.collections)?;
    let servers = forwards(&target, &new);
    let forwarded = servers.iter().any(|domain| target.domain.as_deref() == Some(domain));
    let report = Report {
        id: ReportId::new(),
        reporter_id: reporter,
        target_id: target.id,
        category,
        comment: comment.to_owned(),
        rule_ids: (!new.rules.is_empty()).then(|| Json(new.rules.clone())),
        forwarded,
        created_at: Timestamp::now(),
        resolved_at: None,
        resolver_id: None,
    };
    insert(c, &report, None, &shown)?;
    insert_collections(c, report.id, &collections)?;
    if forwarded {
        tell(c, report.id, target.id, shown.iter().map(|post| post.id).collect())?;
    }
    tell_answered(c, &report, &target, &shown, &servers)?;
    Ok(report)
}

/// The domains that a report goes to.
fn forwards(target: &Actor, new: &NewReport) -> Vec<String> {
    let Some(own) = target.domain.clone().filter(|_| new.forward) else { return Vec::new() };
    match &new.forward_to {
        None => vec![own],
        Some(domains) => domains.iter().take(MOST_SERVERS).filter_map(|domain| crate::text::normalise_domain(domain)).collect(),
    }
}

/// Tells the servers of those whom the reported posts answer, as far as they were chosen: each hears of the answers to its own.
fn tell_answered(c: &mut Connection, report: &Report, target: &Actor, shown: &[Post], servers: &[String]) -> Result<()> {
    let answered: Vec<ActorId> = shown.iter().filter_map(|post| post.in_reply_to_actor_id).collect();
    if answered.is_empty() || servers.is_empty() {
        return Ok(());
    }
    let mut done: HashSet<String> = target.domain.iter().cloned().collect();
    let answered = actors::find_many(c, &answered)?;
    for other in &answered {
        let Some(domain) = other.domain.clone().filter(|domain| servers.contains(domain)) else { continue };
        if !done.insert(domain.clone()) {
            continue;
        }
        let there: HashSet<ActorId> = answered.iter().filter(|a| a.domain.as_ref() == Some(&domain)).map(|a| a.id).collect();
        let posts = shown.iter().filter(|post| post.in_reply_to_actor_id.is_some_and(|id| there.contains(&id)));
        tell(c, report.id, other.id, posts.map(|post| post.id).collect())?;
    }
    Ok(())
}

fn tell(c: &mut Connection, report: ReportId, to: ActorId, posts: Vec<PostId>) -> Result<()> {
    jobs::enqueue(c, &Job::Federate { change: Change::Reported { report, to, posts } })?;
    Ok(())
}

/// The posts of `target` with these ids that `reporter` may report: what it may see, and what was open to all and is gone.
fn reportable(c: &mut Connection, reporter: ActorId, target: ActorId, ids: &[PostId]) -> Result<Vec<Post>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MOST_POSTS {
        return Err(Error::invalid("status_ids", Flaw::TooLong, format!("are too many (maximum is {MOST_POSTS})")));
    }
    let mut found = posts::find_many(c, &ids)?;
    found.retain(|post| post.author_id == target);
    let mut gone = found.clone();
    gone.retain(|post| post.deleted_at.is_some() && post.visibility.is_open());
    visibility::retain_visible(c, Some(reporter), &mut found)?;
    found.append(&mut gone);
    found.sort_unstable_by_key(|post| post.id);
    if found.len() == ids.len() { Ok(found) } else { Err(Error::NotFound("post")) }
}

/// Another server reports one of ours (`Flag`), with posts of that one. False when it has too many open reports already.
/// The same again changes nothing.
pub fn receive(c: &mut Connection, uri: &str, reporter: &Actor, target: ActorId, shown: &[Post], comment: &str) -> Result<bool> {
    let open: i64 = reports::table
        .inner_join(people::table.on(people::id.eq(reports::reporter_id)))
        .filter(reports::resolved_at.is_null())
        .filter(people::host.eq(&reporter.host))
        .count()
        .get_result(c)?;
    if open >= MOST_BY_SERVER {
        return Ok(false);
    }
    let known = reports::table.filter(reports::uri.eq(uri)).filter(reports::target_id.eq(target));
    if diesel::select(diesel::dsl::exists(known)).get_result::<bool>(c)? {
        return Ok(true);
    }
    let report = Report {
        id: ReportId::new(),
        reporter_id: reporter.id,
        target_id: target,
        category: Category::Other,
        comment: comment.trim().chars().take(FLAG_LIMIT).collect(),
        rule_ids: None,
        forwarded: false,
        created_at: Timestamp::now(),
        resolved_at: None,
        resolver_id: None,
    };
    insert(c, &report, Some(uri), shown.get(..MOST_POSTS).unwrap_or(shown))?;
    Ok(true)
}

/// The collections of `target` with these ids.
fn collections_of(c: &mut Connection, target: ActorId, ids: &[CollectionId]) -> Result<Vec<Collection>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MOST_POSTS {
        return Err(Error::invalid("collection_ids", Flaw::TooLong, format!("are too many (maximum is {MOST_POSTS})")));
    }
    let mut found = collections::find_many(c, &ids)?;
    found.retain(|collection| collection.owner_id == target);
    if found.len() == ids.len() { Ok(found) } else { Err(Error::NotFound("collection")) }
}

fn insert_collections(c: &mut Connection, report: ReportId, shown: &[Collection]) -> Result<()> {
    for collection in shown {
        let evidence = CollectionEvidence {
            uri: collection.uri.clone(),
            name: collection.name.clone(),
            description: collection.description.clone(),
        };
        diesel::insert_into(report_collections::table)
            .values((
                report_collections::report_id.eq(report),
                report_collections::collection_id.eq(collection.id),
                report_collections::evidence.eq(Json(evidence)),
            ))
            .execute(c)?;
    }
    Ok(())
}

/// The collections that a report shows, in the order of their ids.
pub fn collections(c: &mut Connection, id: ReportId) -> Result<Vec<(CollectionId, CollectionEvidence)>> {
    let rows: Vec<(CollectionId, Json<CollectionEvidence>)> = report_collections::table
        .filter(report_collections::report_id.eq(id))
        .order(report_collections::collection_id)
        .select((report_collections::collection_id, report_collections::evidence))
        .load(c)?;
    Ok(rows.into_iter().map(|(collection, Json(evidence))| (collection, evidence)).collect())
}

fn insert(c: &mut Connection, report: &Report, uri: Option<&str>, shown: &[Post]) -> Result<()> {
    diesel::insert_into(reports::table)
        .values((
            reports::id.eq(report.id),
            reports::uri.eq(uri),
            reports::reporter_id.eq(report.reporter_id),
            reports::target_id.eq(report.target_id),
            reports::category.eq(report.category),
            reports::comment.eq(&report.comment),
            reports::rule_ids.eq(report.rule_ids.clone()),
            reports::forwarded.eq(report.forwarded),
            reports::created_at.eq(report.created_at),
        ))
        .execute(c)?;
    for post in shown {
        let media = if post.parts.has(Parts::MEDIA) { attachments::snapshot(c, post.id)? } else { Vec::new() };
        let evidence = Evidence {
            uri: post.uri.clone(),
            content: post.content.clone(),
            summary: post.summary.clone(),
            created_at: post.created_at,
            media,
        };
        diesel::insert_into(report_posts::table)
            .values((
                report_posts::report_id.eq(report.id),
                report_posts::post_id.eq(post.id),
                report_posts::evidence.eq(Json(evidence)),
            ))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
    }
    notifications::tell_staff(c, NotificationKind::Report, report.reporter_id, Some(report.id.0))
}

/// The reports with these ids. One query, and none when there are none.
pub fn find_many(c: &mut Connection, ids: &[ReportId]) -> Result<Vec<Report>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(reports::table.filter(any_of(reports::id, ids)).select(cols::<Report>()).load(c)?)
}

/// The report of this id.
///
/// # Errors
/// [`Error::NotFound`].
pub fn get(c: &mut Connection, id: ReportId) -> Result<Report> {
    reports::table.find(id).select(cols::<Report>()).first(c).optional()?.ok_or(Error::NotFound("report"))
}

/// Reports, the latest first: those that wait for somebody, or all.
pub fn list(c: &mut Connection, resolved_too: bool, page: &Page) -> Result<Slice<Report>> {
    let rows = if resolved_too {
        paged!(c, page, reports::id, reports::table.select(cols::<Report>()))
    } else {
        paged!(c, page, reports::id, reports::table.filter(reports::resolved_at.is_null()).select(cols::<Report>()))
    };
    Ok(Slice::new(rows.into_iter().map(|report: Report| (report.id, report)).collect(), page))
}

/// What a report shows, by post, in the order of the posts.
pub fn evidence(c: &mut Connection, id: ReportId) -> Result<Vec<(PostId, Evidence)>> {
    let rows: Vec<(PostId, Json<Evidence>)> = report_posts::table
        .filter(report_posts::report_id.eq(id))
        .order(report_posts::post_id)
        .select((report_posts::post_id, report_posts::evidence))
        .load(c)?;
    Ok(rows.into_iter().map(|(post, Json(evidence))| (post, evidence)).collect())
}

/// Closes a report. Files of its evidence go whose attachments are gone. Closing it again changes nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub fn resolve(c: &mut Connection, id: ReportId, by: Option<ActorId>) -> Result<Report> {
    let open = reports::table.find(id).filter(reports::resolved_at.is_null());
    let closed =
        diesel::update(open).set((reports::resolved_at.eq(Some(Timestamp::now())), reports::resolver_id.eq(by))).execute(c)?;
    let report = get(c, id)?;
    if closed == 1 {
        let mut media: Vec<Snapshot> = evidence(c, id)?.into_iter().flat_map(|(_, evidence)| evidence.media).collect();
        let there: Vec<AttachmentId> =
            rows::table.filter(any_of(rows::id, media.iter().map(|m| m.id))).select(rows::id).load(c)?;
        media.retain(|media| !there.contains(&media.id));
        let keys = not_in_open_report(c, None, keys_of(&media))?;
        if !keys.is_empty() {
            jobs::enqueue(c, &Job::DeleteFiles { keys })?;
        }
    }
    Ok(report)
}

/// Of files whose rows are gone, those that may be deleted now: what an open report shows of `post` (`None`: of any) stays
/// until it is resolved.
pub(crate) fn not_in_open_report(c: &mut Connection, post: Option<PostId>, mut keys: Vec<String>) -> Result<Vec<String>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let of_post = if post.is_some() { " AND p.post_id = :post" } else { "" };
    let open: Vec<String> = written::<Text>(format!(
        "SELECT p.evidence FROM report_posts p CROSS JOIN reports r \
         WHERE r.id = p.report_id AND r.resolved_at IS NULL{of_post}"
    ))
    .number("post", post.unwrap_or(PostId(0)))
    .load(c)?;
    let mut kept: HashSet<String> = HashSet::new();
    for text in open {
        let evidence: Evidence = serde_json::from_str(&text).map_err(Error::internal)?;
        kept.extend(keys_of(&evidence.media));
    }
    keys.retain(|key| !kept.contains(key));
    Ok(keys)
}

/// The reports' posts, as pairs; one query for all.
pub fn posts_of(c: &mut Connection, ids: &[ReportId]) -> Result<Vec<(ReportId, PostId)>> {
    Ok(report_posts::table
        .filter(any_of(report_posts::report_id, ids))
        .order((report_posts::report_id, report_posts::post_id))
        .select((report_posts::report_id, report_posts::post_id))
        .load(c)?)
}

/// The collections that these reports show, as pairs; one query for all.
pub fn collections_in(c: &mut Connection, ids: &[ReportId]) -> Result<Vec<(ReportId, CollectionId)>> {
    Ok(report_collections::table
        .filter(any_of(report_collections::report_id, ids))
        .order((report_collections::report_id, report_collections::collection_id))
        .select((report_collections::report_id, report_collections::collection_id))
        .load(c)?)
}

fn keys_of(media: &[Snapshot]) -> Vec<String> {
    media.iter().flat_map(|media| [&media.file, &media.preview]).flatten().cloned().collect()
}
