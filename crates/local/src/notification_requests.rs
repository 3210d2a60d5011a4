//! Notification requests: people whose mentions a recipient's policy has filtered. Accepted, what was filtered is shown by a
//! job and the person's notifications are welcome from then on; dismissed, what was filtered goes.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::connection::{Connection, PortableDsl, any_of, cols, select_written, written};
use crate::db::after_commit;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::{ActorId, NotificationId, NotificationRequestId, PostId};
use crate::jobs::{self, Job};
use crate::notifications::{Notice, NotificationKind};
use crate::paging::{Page, Slice};
use crate::schema::{actors, notification_permissions, notification_requests, notifications};
use crate::time::Timestamp;

/// Requests that a summary counts at the most.
const MOST_COUNTED: i64 = 100;
/// Filtered notifications that one write of a merge shows.
const BATCH: i64 = 500;

/// A request as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = notification_requests)]
#[allow(missing_docs)]
pub struct Request {
    pub id: NotificationRequestId,
    /// Whose notifications wait.
    pub actor_id: ActorId,
    pub created_at: Timestamp,
    /// When the latest was filtered.
    pub updated_at: Timestamp,
}

/// What waits in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// How many mentions.
    pub count: i64,
    /// What the latest of them is about.
    pub last_post: Option<PostId>,
}

/// What waits altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Requests, 100 at the most.
    pub requests: i64,
    /// The mentions of these.
    pub notifications: i64,
}

/// An SQL condition: a request `r` that waits, by somebody who is not gone, with something in it. What it was about may have
/// been deleted meanwhile.
fn waiting() -> String {
    format!(
        "r.recipient_id = :recipient AND r.accepted_at IS NULL AND a.id = r.actor_id AND a.suspended_at IS NULL \
         AND a.deleted_at IS NULL AND EXISTS (SELECT 1 FROM notifications n WHERE {})",
        of_request()
    )
}

/// An SQL condition: a filtered notification `n` that belongs to a request `r`.
fn of_request() -> String {
    let kinds: Vec<String> =
        NotificationKind::ALL.iter().filter(|kind| kind.is_requested()).map(|kind| kind.code().to_string()).collect();
    format!("n.actor_id = r.actor_id AND n.recipient_id = r.recipient_id AND n.kind IN ({}) AND n.filtered", kinds.join(", "))
}

impl NotificationKind {
    /// Whether a filtered notification of this kind waits in a request: what somebody said, not what they did.
    fn is_requested(self) -> bool {
        matches!(self, Self::Mention | Self::Quote)
    }
}

/// A notification was filtered: its author's request is made or renewed.
pub(crate) fn record(c: &mut Connection, notice: Notice) -> Result<()> {
    if !notice.kind.is_requested() {
        return Ok(());
    }
    let now = Timestamp::now();
    diesel::insert_into(notification_requests::table)
        .values((
            notification_requests::id.eq(NotificationRequestId::new()),
            notification_requests::recipient_id.eq(notice.recipient),
            notification_requests::actor_id.eq(notice.actor),
            notification_requests::created_at.eq(now),
            notification_requests::updated_at.eq(now),
        ))
        .on_conflict((notification_requests::recipient_id, notification_requests::actor_id))
        .do_update()
        .set(notification_requests::updated_at.eq(now))
        .portable()
        .execute(c)?;
    Ok(())
}

/// A page of the requests that wait, the latest first.
pub fn list(c: &mut Connection, recipient: ActorId, page: &Page) -> Result<Slice<Request>> {
    let order = if page.ascends() { "ASC" } else { "DESC" };
    // The struct's columns name the table, so that the request stands twice: as `r` for the conditions.
    let sql = format!(
        "FROM notification_requests r CROSS JOIN actors a CROSS JOIN notification_requests \
         WHERE {} AND notification_requests.id = r.id AND r.id > :after AND r.id < :before ORDER BY r.id {order} LIMIT :limit",
        waiting()
    );
    let mut rows: Vec<Request> = select_written::<Request>(sql).number("recipient", recipient).bounded(page).load(c)?;
    if page.ascends() {
        rows.reverse();
    }
    Ok(Slice::new(rows.into_iter().map(|row| (row.id, row)).collect(), page))
}

/// One request that waits.
///
/// # Errors
/// [`Error::NotFound`], also for somebody else's.
pub fn get(c: &mut Connection, recipient: ActorId, id: NotificationRequestId) -> Result<Request> {
    let found = among(c, recipient, &[id])?.pop();
    found.ok_or(Error::NotFound("notification request"))
}

/// What waits in these requests of `recipient`, in their order. One query.
pub fn contents(c: &mut Connection, recipient: ActorId, requests: &[Request]) -> Result<Vec<Waiting>> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let of_request = of_request();
    let sql = format!(
        "SELECT r.id, (SELECT COUNT(*) FROM notifications n WHERE {of_request}), \
         (SELECT n.post_id FROM notifications n WHERE {of_request} ORDER BY n.id DESC LIMIT 1) \
         FROM :requests AS i CROSS JOIN notification_requests r WHERE r.id = i.id AND r.recipient_id = :recipient"
    );
    let rows: Vec<(NotificationRequestId, i64, Option<PostId>)> = written::<(BigInt, BigInt, Nullable<BigInt>)>(sql)
        .numbers("requests", requests.iter().map(|request| request.id))
        .number("recipient", recipient)
        .load(c)?;
    let of = |request: &Request| rows.iter().find(|row| row.0 == request.id);
    Ok(requests
        .iter()
        .map(|request| of(request).map_or_else(Waiting::default, |row| Waiting { count: row.1, last_post: row.2 }))
        .collect())
}

/// How much waits.
pub fn summary(c: &mut Connection, recipient: ActorId) -> Result<Summary> {
    let sql = format!(
        "SELECT (SELECT COUNT(*) FROM notifications n WHERE {}) FROM notification_requests r CROSS JOIN actors a WHERE {} LIMIT :limit",
        of_request(),
        waiting()
    );
    let counts: Vec<i64> = written::<BigInt>(sql).number("recipient", recipient).number("limit", MOST_COUNTED).load(c)?;
    Ok(Summary { requests: i64::try_from(counts.len()).unwrap_or(MOST_COUNTED), notifications: counts.iter().sum() })
}

/// Accepts requests: from now on their authors' notifications are welcome whatever the policy says, and what was filtered is
/// shown by a job. Unknown ids are passed over.
pub fn accept(c: &mut Connection, recipient: ActorId, ids: &[NotificationRequestId]) -> Result<()> {
    let now = Timestamp::now();
    for request in among(c, recipient, ids)? {
        diesel::insert_into(notification_permissions::table)
            .values((
                notification_permissions::recipient_id.eq(recipient),
                notification_permissions::actor_id.eq(request.actor_id),
                notification_permissions::created_at.eq(now),
            ))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
        diesel::update(notification_requests::table.find(request.id))
            .set(notification_requests::accepted_at.eq(Some(now)))
            .execute(c)?;
        jobs::enqueue(c, &Job::MergeNotifications { recipient, actor: request.actor_id })?;
    }
    Ok(())
}

/// Dismisses requests: what was filtered goes. Unknown ids are passed over.
pub fn dismiss(c: &mut Connection, recipient: ActorId, ids: &[NotificationRequestId]) -> Result<()> {
    let people: Vec<ActorId> = among(c, recipient, ids)?.iter().map(|request| request.actor_id).collect();
    let waiting = notifications::table.filter(notifications::recipient_id.eq(recipient)).filter(notifications::filtered);
    diesel::delete(waiting.filter(any_of(notifications::actor_id, &people))).execute(c)?;
    forget(c, recipient, &people)
}

/// Shows the next few of what `actor`, whose request was accepted, had caused. Gives back whether everything is shown; then
/// the request is gone and, unless another one is being merged, the recipient's apps are told.
pub fn merge(c: &mut Connection, recipient: ActorId, actor: ActorId) -> Result<bool> {
    let next: Vec<NotificationId> = notifications::table
        .filter(notifications::actor_id.eq(actor))
        .filter(notifications::recipient_id.eq(recipient))
        .filter(notifications::filtered)
        .limit(BATCH)
        .select(notifications::id)
        .load(c)?;
    diesel::update(notifications::table.filter(any_of(notifications::id, &next)))
        .set(notifications::filtered.eq(false))
        .execute(c)?;
    if i64::try_from(next.len()).is_ok_and(|n| n >= BATCH) {
        return Ok(false);
    }
    let pair = notification_requests::table
        .filter(notification_requests::recipient_id.eq(recipient))
        .filter(notification_requests::actor_id.eq(actor));
    diesel::delete(pair).execute(c)?;
    if are_merged(c, recipient)? {
        after_commit(Event::NotificationsMerged(recipient));
    }
    Ok(true)
}

/// Whether nothing that was accepted is still to be shown.
pub fn are_merged(c: &mut Connection, recipient: ActorId) -> Result<bool> {
    let merging = notification_requests::table
        .filter(notification_requests::recipient_id.eq(recipient))
        .filter(notification_requests::accepted_at.is_not_null());
    Ok(!diesel::select(diesel::dsl::exists(merging)).get_result::<bool>(c)?)
}

/// Deletes the requests of `people` to `recipient`.
pub(crate) fn forget(c: &mut Connection, recipient: ActorId, people: &[ActorId]) -> Result<()> {
    let own = notification_requests::table.filter(notification_requests::recipient_id.eq(recipient));
    diesel::delete(own.filter(any_of(notification_requests::actor_id, people))).execute(c)?;
    Ok(())
}

/// Deletes the requests of the people of a server to `recipient`.
pub(crate) fn forget_server(c: &mut Connection, recipient: ActorId, domain: &str) -> Result<()> {
    let people = actors::table.filter(actors::domain.eq(domain).or(actors::host.eq(domain))).select(actors::id);
    let own = notification_requests::table.filter(notification_requests::recipient_id.eq(recipient));
    diesel::delete(own.filter(notification_requests::actor_id.eq_any(people))).execute(c)?;
    Ok(())
}

/// Deletes all requests to `recipient`: there is nothing left in them.
pub(crate) fn clear(c: &mut Connection, recipient: ActorId) -> Result<()> {
    diesel::delete(notification_requests::table.filter(notification_requests::recipient_id.eq(recipient))).execute(c)?;
    Ok(())
}

/// Those of these requests that are the recipient's and wait.
fn among(c: &mut Connection, recipient: ActorId, ids: &[NotificationRequestId]) -> Result<Vec<Request>> {
    Ok(notification_requests::table
        .filter(notification_requests::recipient_id.eq(recipient))
        .filter(notification_requests::accepted_at.is_null())
        .filter(any_of(notification_requests::id, ids))
        .select(cols::<Request>())
        .load(c)?)
}
