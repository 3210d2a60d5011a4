//! Housekeeping: what grows old is thrown away or asked for anew, a little at a time, so that no single write takes long.

use std::time::Duration;

use majlis_local::jobs::{self, Job};
use majlis_local::{
    Connection, Db, Result, Timestamp, apps, archives, attachments, cards, hashtags, instances, mutes, newsletters, oauth_codes,
    publish, received, search, sessions, tickets, tokens, tombstones, trends, verified_links,
};
use metrics::counter;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Something that is done now and then.
#[derive(Debug, Clone, Copy)]
struct Chore {
    /// Its name in logs and metrics.
    name: &'static str,
    /// How often it is done.
    every: Duration,
    /// Works on up to [`BATCH`] rows and says on how many. It gets the present.
    run: fn(&mut Connection, Timestamp) -> Result<usize>,
}

/// Rows that one run throws away at the most.
const BATCH: i64 = 1_000;
/// Runs in a row while there is still something to throw away; the rest waits for the next time.
const RUNS: usize = 50;
/// Other servers that are asked in an hour what they run.
const PROBES: i64 = 100;
/// Posts or actors that one write indexes anew after an upgrade: indexing is more work than throwing away.
const INDEXED: i64 = 200;
/// The pause between two of them, in which others may write.
const BREATH: Duration = Duration::from_millis(50);
/// The pause before the first chores: a start has better things to do.
const START: Duration = Duration::from_secs(60);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: i64 = 24 * 3_600;

const CHORES: &[Chore] = &[
    // Peers repeat an activity for some days, never for a month.
    Chore {
        name: "received_activities",
        every: Duration::from_secs(HOUR),
        run: |c, now| received::purge(c, now.plus_seconds(-30 * DAY), BATCH),
    },
    Chore {
        name: "tombstones_of_unknown",
        every: Duration::from_secs(HOUR),
        run: |c, now| tombstones::purge(c, now.plus_seconds(-90 * DAY), BATCH),
    },
    Chore { name: "idempotency_keys", every: Duration::from_secs(10 * MINUTE), run: |c, _| publish::purge_keys(c) },
    Chore { name: "codes", every: Duration::from_secs(10 * MINUTE), run: |c, _| oauth_codes::purge(c, BATCH) },
    Chore { name: "sessions", every: Duration::from_secs(HOUR), run: |c, _| sessions::purge(c, BATCH) },
    Chore { name: "tickets", every: Duration::from_secs(10 * MINUTE), run: |c, _| tickets::purge(c, BATCH) },
    Chore {
        name: "newsletter_subscriptions",
        every: Duration::from_secs(HOUR),
        run: |c, now| newsletters::purge(c, now.plus_seconds(-newsletters::UNCONFIRMED_DAYS * DAY), BATCH),
    },
    Chore { name: "mutes", every: Duration::from_secs(10 * MINUTE), run: |c, _| mutes::purge(c, BATCH) },
    // Apps register anew for a log-in, and some for every page that they show; only those that nobody uses go.
    Chore {
        name: "app_tokens",
        every: Duration::from_secs(24 * HOUR),
        run: |c, now| tokens::prune(c, now.plus_seconds(-90 * DAY)),
    },
    Chore { name: "apps", every: Duration::from_secs(24 * HOUR), run: |c, now| apps::prune(c, now.plus_seconds(-90 * DAY)) },
    // Once a day for up to 2,400 peers, less often for more: nobody is asked in a rush.
    Chore {
        name: "probes",
        every: Duration::from_secs(HOUR),
        run: |c, now| instances::probe_due(c, now.plus_seconds(-DAY), PROBES),
    },
    Chore {
        name: "cards",
        every: Duration::from_secs(24 * HOUR),
        run: |c, now| cards::purge(c, now.plus_seconds(-30 * DAY), BATCH),
    },
    Chore {
        name: "verified_links",
        every: Duration::from_secs(HOUR),
        run: |c, now| verified_links::enqueue_due(c, now.plus_seconds(-7 * DAY), PROBES),
    },
    Chore {
        name: "hashtag_usage",
        every: Duration::from_secs(HOUR),
        run: |c, now| hashtags::purge_usage(c, now.millis() / 1_000 / DAY - hashtags::KEPT_DAYS, BATCH),
    },
    // One write for all of it, and small: what trends stands in tables of a hundred rows.
    Chore { name: "trends", every: Duration::from_secs(5 * MINUTE), run: trends::refresh },
    Chore { name: "archives", every: Duration::from_secs(HOUR), run: |c, now| archives::purge(c, now, BATCH) },
    Chore { name: "loose_attachments", every: Duration::from_secs(HOUR), run: loose_attachments },
];

/// Does all chores in turn until `stop`, and once what an upgrade has left to do.
pub async fn keep_house(db: Db, stop: CancellationToken) {
    tokio::join!(reindex(&db, &stop), do_in_turn(&db, &stop));
}

/// Indexes anew what a former version has indexed otherwise, until nothing is left. A stop loses nothing.
async fn reindex(db: &Db, stop: &CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => return,
        () = sleep(START) => {}
    }
    while !stop.is_cancelled() {
        match db.write(|c| search::reindex_some(c, INDEXED)).await {
            Ok(None) => return,
            Ok(Some(rows)) => counter!("majlis_chores_rows_total", "chore" => "reindex").increment(rows as u64),
            Err(error) => {
                tracing::error!(chore = "reindex", %error, "a chore failed");
                sleep(START).await;
            }
        }
        sleep(BREATH).await;
    }
}

async fn do_in_turn(db: &Db, stop: &CancellationToken) {
    let mut due: Vec<(Instant, Chore)> = CHORES.iter().map(|chore| (Instant::now() + START, *chore)).collect();
    while let Some(next) = due.iter().map(|(when, _)| *when).min() {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until(next) => {}
        }
        for (when, chore) in due.iter_mut().filter(|(when, _)| *when <= Instant::now()) {
            do_chore(db, chore, stop).await;
            // Somewhat later than asked, and not together with the same chore of other nodes.
            *when = Instant::now() + chore.every.mul_f64(rand::random_range(1.0..1.1));
        }
    }
}

/// Runs one chore until nothing is left for it, or it has had its share.
async fn do_chore(db: &Db, chore: &Chore, stop: &CancellationToken) {
    let mut total = 0;
    for _ in 0..RUNS {
        let run = chore.run;
        match db.write(move |c| run(c, Timestamp::now())).await {
            Ok(gone) => {
                total += gone;
                if gone < BATCH as usize || stop.is_cancelled() {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(chore = chore.name, %error, "a chore failed");
                break;
            }
        }
        sleep(BREATH).await;
    }
    if total > 0 {
        counter!("majlis_chores_rows_total", "chore" => chore.name).increment(total as u64);
        tracing::debug!(chore = chore.name, rows = total, "did a chore");
    }
}

/// Uploads that no post has used for a day. Their files go by a job of the same transaction.
fn loose_attachments(c: &mut Connection, now: Timestamp) -> Result<usize> {
    let keys = attachments::purge_loose(c, now.plus_seconds(-DAY), BATCH)?;
    let count = keys.len();
    if count > 0 {
        jobs::enqueue(c, &Job::DeleteFiles { keys })?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use majlis_local::testing::TestDb;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_chore_runs_on_an_empty_database() {
        let db = TestDb::new();
        for chore in CHORES {
            let run = chore.run;
            assert_eq!(db.write(move |c| run(c, Timestamp::now())).await.unwrap(), 0, "{}", chore.name);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_chore_goes_on_while_there_is_something_and_stops_at_its_share() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static RUNS_OF_SHORT: AtomicUsize = AtomicUsize::new(0);
        static RUNS_OF_ENDLESS: AtomicUsize = AtomicUsize::new(0);
        let db = TestDb::new();
        let short = Chore {
            name: "short",
            every: Duration::ZERO,
            run: |_, _| Ok(if RUNS_OF_SHORT.fetch_add(1, Ordering::Relaxed) < 2 { BATCH as usize } else { 1 }),
        };
        let endless = Chore {
            name: "endless",
            every: Duration::ZERO,
            run: |_, _| {
                RUNS_OF_ENDLESS.fetch_add(1, Ordering::Relaxed);
                Ok(BATCH as usize)
            },
        };
        do_chore(&db, &short, &CancellationToken::new()).await;
        assert_eq!(RUNS_OF_SHORT.load(Ordering::Relaxed), 3);
        do_chore(&db, &endless, &CancellationToken::new()).await;
        assert_eq!(RUNS_OF_ENDLESS.load(Ordering::Relaxed), RUNS);
    }
}
