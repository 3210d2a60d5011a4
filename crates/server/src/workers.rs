//! The job workers: they wake on a commit, claim what is due, run it, and write the outcomes of many in one go.
//! What is sent to peers runs in its order, one after the other; everything else side by side.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use majlis_local::ids::JobId;
use majlis_local::jobs::{self, Claimed, Job};
use majlis_local::{Db, Timestamp};
use metrics::{counter, gauge, histogram};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Jobs in hand at a time.
const IN_HAND: usize = 64;
/// How long a claim holds without being renewed: how late another process takes over what a killed one had in hand.
const LEASE_SECONDS: i64 = 30;
/// How often the claims in hand are renewed.
const RENEWAL: Duration = Duration::from_secs(10);
/// How long a job may take at the most; fetching has tighter limits of its own.
const LIMIT: Duration = Duration::from_secs(180);
/// The same for films; each step of the work on one has a tighter limit of its own.
const FILM_LIMIT: Duration = Duration::from_secs(2 * 3_600);
/// The same for archives: some hold a hundred thousand posts and their pictures.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(6 * 3_600);
/// How often the table is looked at when nothing wakes the workers: another node may have committed.
const POLL: Duration = Duration::from_secs(5);
/// Tries of a job; with the pauses of [`pause`] they take more than half a day.
const TRIES: i32 = 12;

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or no longer needs doing.
    Done,
    /// It is done, and its row went with the write that did it.
    Gone,
    /// Its turn has not come: it is to be claimed again after this time, and this was no try.
    NotNow(Duration),
    /// It is to be tried again, after the usual pause or a given one.
    Again {
        /// What went wrong, for the log and the row.
        why: String,
        /// How long to wait, when somebody said so.
        after: Option<Duration>,
    },
}

/// The future that runs one job.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What knows how to run a job.
pub type Runner = Arc<dyn Fn(JobId, Job) -> Running + Send + Sync>;

/// Works until `stop`, and then until what is in hand is done or `grace` is over; the rest is given back.
pub async fn work(db: Db, run: Runner, stop: CancellationToken, grace: Duration) {
    let mut hands = Hands { db, run, last_told: oneshot::channel().1, running: JoinSet::new(), claimed: HashMap::new() };
    let mut renewal = tokio::time::interval_at(Instant::now() + RENEWAL, RENEWAL);
    while !stop.is_cancelled() {
        let free = IN_HAND - hands.claimed.len();
        let idle = if free == 0 { LIMIT } else { hands.take(free).await };
        let db = hands.db.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = db.jobs_committed(), if free > 0 => {}
            () = sleep(idle) => {}
            Some(first) = hands.running.join_next_with_id() => hands.settle(first).await,
            _ = renewal.tick() => hands.renew().await,
        }
    }
    hands.put_down(grace).await;
}

/// The jobs in hand and who works on them.
struct Hands {
    db: Db,
    run: Runner,
    /// Ends with the last claimed job that tells peers something, and the next one begins then: a `Delete` must not overtake
    /// its `Create`. None of them ever sends: each holds the other end for as long as it runs.
    last_told: oneshot::Receiver<()>,
    running: JoinSet<Outcome>,
    claimed: HashMap<tokio::task::Id, (JobId, i32)>,
}

type Finished = Result<(tokio::task::Id, Outcome), tokio::task::JoinError>;

impl Hands {
    /// Claims up to `free` due jobs and starts them; gives back how long there is nothing more to claim.
    async fn take(&mut self, free: usize) -> Duration {
        let claimed = self.db.write(move |c| jobs::claim(c, free as i64, LEASE_SECONDS)).await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "cannot claim jobs");
                return POLL;
            }
        };
        let took_all = claimed.len() < free;
        for job in claimed {
            self.start(job);
        }
        gauge!("majlis_jobs_in_hand").set(self.claimed.len() as f64);
        if !took_all {
            // More may be due than there are hands: whoever finishes first takes the next.
            return if self.claimed.len() < IN_HAND { Duration::ZERO } else { LIMIT };
        }
        match self.db.read(jobs::next_due).await {
            Ok(Some(due)) => {
                let millis = due.millis().saturating_sub(Timestamp::now().millis()).max(20);
                Duration::from_millis(millis.unsigned_abs()).min(POLL)
            }
            Ok(None) => POLL,
            Err(error) => {
                tracing::error!(%error, "cannot look for jobs");
                POLL
            }
        }
    }

    fn start(&mut self, Claimed { id, job, attempts }: Claimed) {
        let kind = kind(&job);
        let turn = matches!(job, Job::Federate { .. }).then(|| {
            let (running, ended) = oneshot::channel::<()>();
            (running, std::mem::replace(&mut self.last_told, ended))
        });
        let run = self.run.clone();
        let task = self.running.spawn(async move {
            let _running = match turn {
                Some((running, before)) => {
                    let _ = before.await;
                    Some(running)
                }
                None => None,
            };
            let started = Instant::now();
            let limit = match job {
                Job::ConvertMedia { .. } => FILM_LIMIT,
                Job::MakeArchive { .. } => ARCHIVE_LIMIT,
                _ => LIMIT,
            };
            let outcome = timeout(limit, run(id, job))
                .await
                .unwrap_or_else(|_| Outcome::Again { why: "took too long".into(), after: None });
            histogram!("majlis_job_seconds", "job" => kind).record(started.elapsed().as_secs_f64());
            outcome
        });
        self.claimed.insert(task.id(), (id, attempts));
    }

    /// Writes down what became of the first job that ended, and of all others that have ended by now.
    async fn settle(&mut self, first: Finished) {
        let mut done = Vec::new();
        let mut later = Vec::new();
        let mut again = Vec::new();
        let mut next = Some(first);
        while let Some(finished) = next {
            let (task, outcome) = match finished {
                Ok((task, outcome)) => (task, outcome),
                Err(error) => (error.id(), Outcome::Again { why: format!("panicked: {error}"), after: None }),
            };
            if let Some((id, attempts)) = self.claimed.remove(&task) {
                match decide(id, attempts, outcome) {
                    Next::Nothing => {}
                    Next::Finish => done.push(id),
                    Next::Postpone(run_at) => later.push((id, run_at)),
                    Next::Retry(run_at, why) => again.push((id, run_at, why)),
                }
            }
            next = self.running.try_join_next_with_id();
        }
        gauge!("majlis_jobs_in_hand").set(self.claimed.len() as f64);
        if done.is_empty() && later.is_empty() && again.is_empty() {
            return;
        }
        let written = self
            .db
            .write(move |c| {
                jobs::finish(c, &done)?;
                later.iter().try_for_each(|(id, run_at)| jobs::postpone(c, *id, *run_at))?;
                again.iter().try_for_each(|(id, run_at, why)| jobs::retry(c, *id, *run_at, why))
            })
            .await;
        if let Err(error) = written {
            // The leases end, and the jobs run again: each of them can bear that.
            tracing::error!(%error, "cannot write down what became of jobs");
        }
    }

    async fn renew(&mut self) {
        let ids: Vec<JobId> = self.claimed.values().map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return;
        }
        if let Err(error) = self.db.write(move |c| jobs::extend(c, &ids, LEASE_SECONDS)).await {
            tracing::error!(%error, "cannot renew the claims of jobs");
        }
    }

    /// Ends: waits for what is in hand, and gives back what is not done by then.
    async fn put_down(mut self, grace: Duration) {
        let end = Instant::now() + grace;
        while let Ok(Some(finished)) = tokio::time::timeout_at(end, self.running.join_next_with_id()).await {
            self.settle(finished).await;
        }
        self.running.abort_all();
        while let Some(finished) = self.running.join_next_with_id().await {
            // One that ended between the deadline and the abort is settled as usual.
            if finished.is_ok() {
                self.settle(finished).await;
            }
        }
        let left: Vec<JobId> = self.claimed.values().map(|(id, _)| *id).collect();
        if left.is_empty() {
            return;
        }
        tracing::info!(jobs = left.len(), "gave back unfinished jobs");
        if let Err(error) = self.db.write(move |c| jobs::release(c, &left)).await {
            tracing::error!(%error, "cannot give back unfinished jobs");
        }
    }
}

/// What is to be written about a job that ended.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Finish,
    /// When it is to be claimed again, as if it had not been.
    Postpone(Timestamp),
    /// When it is to be tried again, and why.
    Retry(Timestamp, String),
}

fn decide(id: JobId, attempts: i32, outcome: Outcome) -> Next {
    let count = |outcome: &'static str| counter!("majlis_jobs_total", "outcome" => outcome).increment(1);
    match outcome {
        Outcome::Done => {
            count("done");
            Next::Finish
        }
        Outcome::Gone => {
            count("done");
            Next::Nothing
        }
        Outcome::NotNow(pause) => Next::Postpone(in_time(pause)),
        Outcome::Again { why, .. } if attempts + 1 >= TRIES => {
            count("failed");
            tracing::warn!(%id, attempts = attempts + 1, why, "a job was given up: it has failed too often");
            Next::Finish
        }
        Outcome::Again { why, after } => {
            count("again");
            let pause = after.unwrap_or_else(|| pause(attempts));
            tracing::debug!(%id, attempts = attempts + 1, why, ?pause, "a job will be tried again");
            Next::Retry(in_time(pause), why)
        }
    }
}

fn in_time(pause: Duration) -> Timestamp {
    let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    Timestamp(Timestamp::now().millis().saturating_add(millis))
}

/// `n⁴ + 15` seconds before the next try, and up to a fifth more, so that what failed together does not come back together.
fn pause(attempts: i32) -> Duration {
    let n = f64::from(attempts.clamp(0, 20));
    Duration::from_secs_f64((n.powi(4) + 15.0) * rand::random_range(1.0..1.2))
}

/// The name of a job in metrics.
fn kind(job: &Job) -> &'static str {
    match job {
        Job::Federate { .. } => "federate",
        Job::Receive { .. } => "receive",
        Job::FetchObject { .. } => "fetch_object",
        Job::FetchReplies { .. } => "fetch_replies",
        Job::VerifyQuote { .. } => "verify_quote",
        Job::RefreshActor { .. } => "refresh_actor",
        Job::FetchFeatured { .. } => "fetch_featured",
        Job::Probe { .. } => "probe",
        Job::FetchCard { .. } => "fetch_card",
        Job::PublishScheduled { .. } => "publish_scheduled",
        Job::CarryFollowers { .. } => "carry_followers",
        Job::ExpirePost { .. } => "expire_post",
        Job::VerifyLinks { .. } => "verify_links",
        Job::Erase { .. } => "erase",
        Job::CutServer { .. } => "cut_server",
        Job::ConvertMedia { .. } => "convert_media",
        Job::MakeArchive { .. } => "make_archive",
        Job::Import { .. } => "import",
        Job::Mail { .. } => "mail",
        Job::Newsletter { .. } => "newsletter",
        Job::FollowNewsletters { .. } => "follow_newsletters",
        Job::MergeNotifications { .. } => "merge_notifications",
        Job::EndPoll { .. } => "end_poll",
        Job::Push { .. } => "push",
        Job::AnnualReport { .. } => "annual_report",
        Job::DeleteFiles { .. } => "delete_files",
        Job::Announce { .. } => "announce",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use majlis_local::ids::{ActorId, PostId};
    use majlis_local::jobs::Change;
    use majlis_local::testing::TestDb;

    use super::*;

    type Log = Arc<StdMutex<Vec<Job>>>;

    fn runner(log: &Log, outcome: impl Fn(&Job) -> (Duration, Outcome) + Send + Sync + 'static) -> Runner {
        let log = log.clone();
        Arc::new(move |_, job| {
            let (log, (pause, outcome)) = (log.clone(), outcome(&job));
            Box::pin(async move {
                sleep(pause).await;
                log.lock().unwrap().push(job);
                outcome
            })
        })
    }

    fn refresh(n: i64) -> Job {
        Job::RefreshActor { actor: ActorId(n) }
    }

    fn posted(n: i64) -> Job {
        Job::Federate { change: Change::Posted { post: PostId(n) } }
    }

    async fn left(db: &Db) -> Vec<Job> {
        db.read(jobs::all).await.unwrap()
    }

    async fn until(mut condition: impl AsyncFnMut() -> bool) {
        for _ in 0..500 {
            if condition().await {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came to be");
    }

    async fn add(db: &Db, jobs: Vec<Job>) {
        db.write(move |c| jobs.iter().try_for_each(|job| jobs::enqueue(c, job).map(drop))).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn jobs_run_when_they_are_committed_and_are_gone_when_they_are_done() {
        let db = TestDb::new();
        let (log, stop) = (Log::default(), CancellationToken::new());
        let run = runner(&log, |_| (Duration::ZERO, Outcome::Done));
        let worker = tokio::spawn(work(db.clone(), run, stop.clone(), Duration::from_secs(5)));
        // More than there are hands for.
        add(&db, (0..200).map(refresh).collect()).await;
        until(async || left(&db).await.is_empty()).await;
        add(&db, vec![refresh(1000)]).await;
        until(async || left(&db).await.is_empty()).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(log.lock().unwrap().len(), 201);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_peers_are_told_keeps_its_order() {
        let db = TestDb::new();
        let (log, stop) = (Log::default(), CancellationToken::new());
        // Each takes less time than the one before it: side by side they would end backwards.
        let run = runner(&log, |job| match job {
            Job::Federate { change: Change::Posted { post } } => {
                (Duration::from_millis(20 - post.0.unsigned_abs()), Outcome::Done)
            }
            _ => (Duration::ZERO, Outcome::Done),
        });
        add(&db, (0..10).map(posted).collect()).await;
        let worker = tokio::spawn(work(db.clone(), run, stop.clone(), Duration::from_secs(5)));
        until(async || left(&db).await.is_empty()).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(*log.lock().unwrap(), (0..10).map(posted).collect::<Vec<_>>());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn failures_are_tried_again() {
        let db = TestDb::new();
        let (log, stop) = (Log::default(), CancellationToken::new());
        let tries = Arc::new(StdMutex::new(0));
        let counted = tries.clone();
        let run = runner(&log, move |job| {
            let outcome = match job {
                Job::RefreshActor { actor: ActorId(1) } => Outcome::Done,
                _ => {
                    *counted.lock().unwrap() += 1;
                    match *counted.lock().unwrap() {
                        3 => Outcome::Done,
                        _ => Outcome::Again { why: "away".into(), after: Some(Duration::from_millis(30)) },
                    }
                }
            };
            (Duration::ZERO, outcome)
        });
        add(&db, vec![refresh(1), refresh(2)]).await;
        let worker = tokio::spawn(work(db.clone(), run, stop.clone(), Duration::from_secs(5)));
        until(async || left(&db).await.is_empty()).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(*tries.lock().unwrap(), 3);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn waiting_for_a_turn_is_no_try() {
        let db = TestDb::new();
        let (log, stop) = (Log::default(), CancellationToken::new());
        let turns = StdMutex::new(0);
        // More often than a job is tried.
        let run = runner(&log, move |_| {
            let mut turns = turns.lock().unwrap();
            *turns += 1;
            let outcome = if *turns > TRIES + 3 { Outcome::Done } else { Outcome::NotNow(Duration::from_millis(1)) };
            (Duration::ZERO, outcome)
        });
        add(&db, vec![refresh(1)]).await;
        let worker = tokio::spawn(work(db.clone(), run, stop.clone(), Duration::from_secs(5)));
        until(async || left(&db).await.is_empty()).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(log.lock().unwrap().len(), usize::try_from(TRIES).unwrap() + 4);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_is_a_failure_like_any_other() {
        let db = TestDb::new();
        let stop = CancellationToken::new();
        let run: Runner = Arc::new(|_, _| Box::pin(async { panic!("in a test") }));
        add(&db, vec![refresh(1)]).await;
        let worker = tokio::spawn(work(db.clone(), run, stop.clone(), Duration::from_secs(5)));
        let waits = async || {
            db.read(|c| Ok(jobs::next_due(c)?.is_some_and(|due| due > Timestamp::now().plus_seconds(10)))).await.unwrap()
        };
        until(waits).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(left(&db).await, [refresh(1)]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stop_finishes_what_it_can_and_gives_back_the_rest() {
        let db = TestDb::new();
        let (log, stop) = (Log::default(), CancellationToken::new());
        let run = runner(&log, |job| match job {
            Job::RefreshActor { actor: ActorId(1) } => (Duration::from_millis(200), Outcome::Done),
            _ => (Duration::from_secs(3600), Outcome::Done),
        });
        add(&db, vec![refresh(1), refresh(2)]).await;
        let worker = tokio::spawn(work(db.clone(), run, stop.clone(), Duration::from_millis(600)));
        until(async || db.read(|c| Ok(jobs::next_due(c)?.is_none_or(|due| due > Timestamp::now()))).await.unwrap()).await;
        stop.cancel();
        worker.await.unwrap();
        assert_eq!(left(&db).await, [refresh(2)]);
        let again = db.write(|c| jobs::claim(c, 10, 60)).await.unwrap();
        assert_eq!(again.iter().map(|j| (j.job.clone(), j.attempts)).collect::<Vec<_>>(), [(refresh(2), 0)]);
    }

    #[test]
    fn pauses_grow() {
        assert!(pause(0) >= Duration::from_secs(15) && pause(0) < Duration::from_secs(19));
        let total: Duration = (0..TRIES - 1).map(pause).sum();
        assert!(total > Duration::from_secs(25_000) && total < Duration::from_secs(3 * 24 * 3600), "{total:?}");
    }

    #[test]
    fn the_last_try_is_the_last() {
        let failed = || Outcome::Again { why: "away".into(), after: None };
        assert!(matches!(decide(JobId(1), TRIES - 2, failed()), Next::Retry(..)));
        assert_eq!(decide(JobId(1), TRIES - 1, failed()), Next::Finish);
        assert_eq!(decide(JobId(1), 0, Outcome::Gone), Next::Nothing);
    }
}
