//! Jobs: what a change makes necessary, as rows of the transaction that made the change. A claim is a lease, not a removal:
//! a job whose worker died is claimed again when the lease ends.

mod changes;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::db::wake_jobs;
use crate::error::Result;
use crate::ids::{
    ActorId, AnnouncementId, ArchiveId, AttachmentId, ImportId, JobId, NewsletterSubscriptionId, NotificationId, PostId,
    PushSubscriptionId, QuoteId, ScheduledId,
};
use crate::json::Json;
use crate::mail::Mail;
use crate::schema::jobs;
use crate::time::Timestamp;

pub use changes::Change;

/// A piece of work. Stored as JSON; a variant may gain fields with defaults, and is never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Tell other servers about a change of ours: render its activity and insert the deliveries.
    Federate {
        /// What has changed.
        change: Change,
    },
    /// Handle an activity whose objects or sender must be fetched first. Its signature has been checked, or (when
    /// `verified` is false) its content must be fetched anew from its origin before it is believed.
    Receive {
        /// The whole activity, as it came.
        activity: String,
        /// Whose key signed it.
        signer: String,
        /// Whether the signer is the activity's actor.
        verified: bool,
    },
    /// Fetch an object that something here refers to: the parent of a reply, a boosted post.
    FetchObject {
        /// Its ActivityPub id.
        uri: String,
        /// How many fetches led here; bounded by the fetcher.
        depth: u8,
    },
    /// Look for the answers in a thread that never came here.
    FetchReplies {
        /// By which name apps ask how far it has come.
        crawl: String,
        /// Where to begin.
        posts: Vec<PostId>,
    },
    /// Find what a post of another server quotes, and whether the quoted author has agreed (FEP-044f).
    VerifyQuote {
        /// The quote.
        quote: QuoteId,
        /// How many fetches led here; bounded by the fetcher.
        depth: u8,
    },
    /// Fetch an actor's profile again.
    RefreshActor {
        /// The actor.
        actor: ActorId,
    },
    /// Fetch what a remote profile features: its pinned posts and its hashtags.
    FetchFeatured {
        /// The actor.
        actor: ActorId,
    },
    /// Ask another server what it runs.
    Probe {
        /// Its host, as instances are keyed.
        host: String,
    },
    /// Fetch what the page says that a post links to first.
    FetchCard {
        /// The post.
        post: PostId,
    },
    /// Publish a scheduled post, if it is due then: it may have been moved or cancelled.
    PublishScheduled {
        /// The scheduled post.
        scheduled: ScheduledId,
    },
    /// Let the followers here of an account that has moved follow the other.
    CarryFollowers {
        /// The account that has moved.
        from: ActorId,
        /// Where to.
        to: ActorId,
    },
    /// Delete a post whose time is over.
    ExpirePost {
        /// The post.
        post: PostId,
    },
    /// Look whether the pages that a local profile links to link back.
    VerifyLinks {
        /// The actor.
        actor: ActorId,
    },
    /// Take away the rest of a deleted actor's posts.
    Erase {
        /// The actor.
        actor: ActorId,
    },
    /// End the rest of the follows between a person and a server that it blocks.
    CutServer {
        /// Who blocks.
        actor: ActorId,
        /// The server's domain.
        domain: String,
    },
    /// Make an uploaded film or sound into what can be shown.
    ConvertMedia {
        /// The upload.
        attachment: AttachmentId,
    },
    /// Have those who listen told of an announcement that is new, or gone: the command line makes them, in a process to which
    /// nobody listens.
    Announce {
        /// The announcement.
        announcement: AnnouncementId,
    },
    /// Do the next rows of an import.
    Import {
        /// The import.
        import: ImportId,
    },
    /// Make the archive that somebody has asked for.
    MakeArchive {
        /// The archive.
        archive: ArchiveId,
    },
    /// Write to somebody.
    Mail {
        /// The letter and whom it is for.
        mail: Mail,
    },
    /// Send an author's posts to those who get them by e-mail, a few letters at a time ([`crate::newsletters::issues`]).
    Newsletter {
        /// The author.
        author: ActorId,
        /// What is sent. At first the post for which the letters were to wait: it takes along what was said meanwhile.
        posts: Vec<PostId>,
        /// To whom a letter was handed on last; 0: to nobody yet.
        after: NewsletterSubscriptionId,
    },
    /// Have somebody who has joined follow the authors whose posts came by e-mail before.
    FollowNewsletters {
        /// Who has joined.
        actor: ActorId,
    },
    /// Show what an actor whose notification request was accepted had caused.
    MergeNotifications {
        /// Who accepted.
        recipient: ActorId,
        /// Whom.
        actor: ActorId,
    },
    /// Tell those who have to do with a poll that it has ended. Due when it ends.
    EndPoll {
        /// The poll's post.
        post: PostId,
    },
    /// Tell one app of a notification, through its push service.
    Push {
        /// The subscription.
        subscription: PushSubscriptionId,
        /// The notification.
        notification: NotificationId,
    },
    /// Count somebody's year.
    AnnualReport {
        /// Whose.
        actor: ActorId,
        /// Which.
        year: i32,
    },
    /// Delete stored files that no row names any more.
    DeleteFiles {
        /// Storage keys.
        keys: Vec<String>,
    },
}

/// A job that this worker has for the length of its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The row.
    pub id: JobId,
    /// What to do.
    pub job: Job,
    /// How often it was claimed before.
    pub attempts: i32,
}

/// Inserts a job to be run at once and wakes the workers after the commit.
pub fn enqueue(c: &mut Connection, job: &Job) -> Result<JobId> {
    enqueue_at(c, job, Timestamp::now())
}

/// Inserts a job to be run no earlier than `run_at`.
pub fn enqueue_at(c: &mut Connection, job: &Job, run_at: Timestamp) -> Result<JobId> {
    let id = JobId::new();
    diesel::insert_into(jobs::table)
        .values((
            jobs::id.eq(id),
            jobs::payload.eq(Json(job.clone())),
            jobs::run_at.eq(run_at),
            jobs::created_at.eq(Timestamp::now()),
        ))
        .execute(c)?;
    wake_jobs();
    Ok(id)
}

/// Takes up to `limit` due jobs, oldest first, for `lease_seconds`. Another node skips them meanwhile.
pub fn claim(c: &mut Connection, limit: i64, lease_seconds: i64) -> Result<Vec<Claimed>> {
    let now = Timestamp::now();
    let due = jobs::table.filter(jobs::run_at.le(now)).order((jobs::run_at, jobs::id)).limit(limit).select((
        jobs::id,
        jobs::payload,
        jobs::attempts,
    ));
    type Row = (JobId, String, i32);
    let rows: Vec<Row> = match c {
        Connection::Sqlite(c) => due.load(c)?,
        Connection::Postgres(c) => due.for_update().skip_locked().load(c)?,
    };
    let ids: Vec<JobId> = rows.iter().map(|r| r.0).collect();
    diesel::update(jobs::table.filter(crate::connection::any_of(jobs::id, &ids)))
        .set((jobs::run_at.eq(now.plus_seconds(lease_seconds)), jobs::attempts.eq(jobs::attempts + 1)))
        .execute(c)?;
    let mut claimed = Vec::with_capacity(rows.len());
    for (id, payload, attempts) in rows {
        match serde_json::from_str(&payload) {
            Ok(job) => claimed.push(Claimed { id, job, attempts }),
            Err(error) => tracing::error!(%id, %error, "a job that this version cannot read; left for another"),
        }
    }
    Ok(claimed)
}

/// When the next job is due, if there is any: how long a worker may sleep.
pub fn next_due(c: &mut Connection) -> Result<Option<Timestamp>> {
    Ok(jobs::table.order((jobs::run_at, jobs::id)).select(jobs::run_at).first(c).optional()?)
}

/// Removes finished jobs.
pub fn finish(c: &mut Connection, ids: &[JobId]) -> Result<()> {
    diesel::delete(jobs::table.filter(crate::connection::any_of(jobs::id, ids))).execute(c)?;
    Ok(())
}

/// Puts a job back to be tried again at `run_at`, with the reason.
pub fn retry(c: &mut Connection, id: JobId, run_at: Timestamp, error: &str) -> Result<()> {
    diesel::update(jobs::table.filter(jobs::id.eq(id))).set((jobs::run_at.eq(run_at), jobs::last_error.eq(error))).execute(c)?;
    wake_jobs();
    Ok(())
}

/// Puts a job back to be claimed again at `run_at` as if it had not been: its turn has not come.
pub fn postpone(c: &mut Connection, id: JobId, run_at: Timestamp) -> Result<()> {
    diesel::update(jobs::table.filter(jobs::id.eq(id)))
        .set((jobs::run_at.eq(run_at), jobs::attempts.eq(jobs::attempts - 1)))
        .execute(c)?;
    wake_jobs();
    Ok(())
}

/// Lengthens the lease of jobs that are still being worked on.
pub fn extend(c: &mut Connection, ids: &[JobId], lease_seconds: i64) -> Result<()> {
    diesel::update(jobs::table.filter(crate::connection::any_of(jobs::id, ids)))
        .set(jobs::run_at.eq(Timestamp::now().plus_seconds(lease_seconds)))
        .execute(c)?;
    Ok(())
}

/// Gives jobs back unfinished, to be claimed at once and as if they had not been: a worker stops.
pub fn release(c: &mut Connection, ids: &[JobId]) -> Result<()> {
    diesel::update(jobs::table.filter(crate::connection::any_of(jobs::id, ids)))
        .set((jobs::run_at.eq(Timestamp::now()), jobs::attempts.eq(jobs::attempts - 1)))
        .execute(c)?;
    wake_jobs();
    Ok(())
}

/// Ends the leases that a killed process left behind; gives back how many. Only for the start of the one process that works
/// on a database: it cannot tell its own leases from another's. A job that had failed before waits for its lease to end.
pub fn release_abandoned(c: &mut Connection) -> Result<usize> {
    let now = Timestamp::now();
    let leased = jobs::table.filter(jobs::attempts.gt(0)).filter(jobs::last_error.is_null()).filter(jobs::run_at.gt(now));
    let released = diesel::update(leased).set(jobs::run_at.eq(now)).execute(c)?;
    wake_jobs();
    Ok(released)
}

/// All jobs in the order of their ids, for tests and the admin's overview.
pub fn all(c: &mut Connection) -> Result<Vec<Job>> {
    let rows: Vec<Json<Job>> = jobs::table.order(jobs::id).select(jobs::payload).load(c)?;
    Ok(rows.into_iter().map(|j| j.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    fn refresh(n: i64) -> Job {
        Job::RefreshActor { actor: ActorId(n) }
    }

    #[test]
    fn a_lease_keeps_others_away_until_it_is_released_or_finished() {
        let db = TestDb::new();
        db.write_now(|c| {
            let first = enqueue(c, &refresh(1))?;
            enqueue(c, &refresh(2))?;
            enqueue_at(c, &refresh(3), Timestamp::now().plus_seconds(60))?;
            let claimed = claim(c, 10, 60)?;
            assert_eq!(claimed.iter().map(|j| j.job.clone()).collect::<Vec<_>>(), [refresh(1), refresh(2)]);
            assert!(claim(c, 10, 60)?.is_empty());
            release(c, &[first])?;
            let again = claim(c, 10, 60)?;
            assert_eq!(again.len(), 1);
            assert_eq!((again[0].id, again[0].attempts), (first, 0));
            finish(c, &claimed.iter().map(|j| j.id).collect::<Vec<_>>())?;
            assert_eq!(all(c)?, [refresh(3)]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn an_extended_lease_ends_later_and_an_abandoned_one_at_once() {
        let db = TestDb::new();
        db.write_now(|c| {
            let id = enqueue(c, &refresh(1))?;
            let failed = enqueue(c, &refresh(2))?;
            claim(c, 10, -1)?;
            extend(c, &[id], 60)?;
            retry(c, failed, Timestamp::now().plus_seconds(60), "away")?;
            assert!(claim(c, 10, 60)?.is_empty());
            // What waits for its next try goes on waiting.
            assert_eq!(release_abandoned(c)?, 1);
            assert_eq!(claim(c, 10, 60)?.iter().map(|j| j.id).collect::<Vec<_>>(), [id]);
            Ok(())
        })
        .unwrap();
    }
}
