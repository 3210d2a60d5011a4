//! Delivery: a lane for each host, served by one worker at a time. A host that is slow or dead holds up its own lane only;
//! what a lane could not send stays in its row until the host's back-off is over.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use majlis_local::deliveries::{self, Delivery, Report};
use majlis_local::ids::ActorId;
use majlis_local::{Result, Timestamp};
use tokio::sync::{Mutex, Semaphore, watch};
use url::Url;

use crate::client::Outcome;
use crate::sig::{BodyDigest, Scheme};
use crate::state::{Federation, scheme};

/// Lanes that are served at the same time: hosts that time out each hold one for ten seconds.
const LANES: usize = 256;
/// Deliveries that a lane takes in one go.
const BATCH: i64 = 100;
/// Senders of one lane that are served at the same time. What one sender says arrives in order.
const SENDERS: usize = 8;
/// How long a worker may have a lane: longer than a batch can take.
const LEASE_SECONDS: i64 = 300;
/// How often the table is looked at even if nobody says that there is work.
const POLL: Duration = Duration::from_secs(30);

/// Serves the lanes until `stop` says so, then lets those in hand finish what they are sending.
///
/// # Errors
/// None that ends it: what fails is logged and tried again.
pub async fn run(federation: Federation, mut stop: watch::Receiver<bool>) {
    let running: Arc<Mutex<HashSet<String>>> = Arc::default();
    let slots = Arc::new(Semaphore::new(LANES));
    let mut lanes = FuturesUnordered::new();
    while !*stop.borrow() {
        let free = i64::try_from(slots.available_permits()).unwrap_or(0);
        if free > 0 {
            let busy = i64::try_from(running.lock().await.len()).unwrap_or(0);
            match federation.db.read(move |c| deliveries::due_hosts(c, free + busy)).await {
                Ok(hosts) => {
                    for host in hosts {
                        if !running.lock().await.insert(host.clone()) {
                            continue;
                        }
                        let Ok(slot) = slots.clone().try_acquire_owned() else {
                            running.lock().await.remove(&host);
                            break;
                        };
                        let (federation, running, stop) = (federation.clone(), running.clone(), stop.clone());
                        lanes.push(tokio::spawn(async move {
                            let _slot = slot;
                            if let Err(error) = serve(&federation, &host, &stop).await {
                                tracing::error!(%host, %error, "a delivery lane failed");
                            }
                            running.lock().await.remove(&host);
                        }));
                    }
                }
                Err(error) => tracing::error!(%error, "cannot look for deliveries"),
            }
        }
        let pause = pause(&federation).await;
        tokio::select! {
            () = federation.db.deliveries_committed() => {}
            Some(_) = lanes.next(), if !lanes.is_empty() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
    while lanes.next().await.is_some() {}
}

/// How long nothing is due.
async fn pause(federation: &Federation) -> Duration {
    match federation.db.read(deliveries::next_due).await {
        Ok(Some(due)) => {
            let millis = due.millis() - Timestamp::now().millis();
            Duration::from_millis(u64::try_from(millis).unwrap_or(0)).clamp(Duration::from_millis(200), POLL)
        }
        Ok(None) => POLL,
        Err(error) => {
            tracing::error!(%error, "cannot look for deliveries");
            POLL
        }
    }
}

/// Serves one host until nothing waits for it, it fails, or the server stops.
async fn serve(federation: &Federation, host: &str, stop: &watch::Receiver<bool>) -> Result<()> {
    loop {
        let name = host.to_owned();
        let Some(lane) = federation.db.write(move |c| deliveries::take(c, &name, BATCH, LEASE_SECONDS)).await? else {
            return Ok(());
        };
        let mut by_sender: BTreeMap<ActorId, Vec<Delivery>> = BTreeMap::new();
        for delivery in lane.deliveries {
            by_sender.entry(delivery.activity.sender_id).or_default().push(delivery);
        }
        let batch = Batch { federation, host, stop, preferred: Mutex::new(scheme(lane.scheme)), failed: watch::channel(false).0 };
        let batch = &batch;
        let reports: Vec<Sent> = futures_util::stream::iter(by_sender)
            .map(|(sender, queue)| batch.send_all(sender, queue))
            .buffer_unordered(SENDERS)
            .collect()
            .await;
        let mut report = Report::default();
        let mut gone = Vec::new();
        for sent in reports {
            report.done.extend(sent.report.done);
            report.failed.extend(sent.report.failed);
            report.retry_after = report.retry_after.max(sent.report.retry_after);
            gone.extend(sent.gone);
        }
        let failed = !report.failed.is_empty();
        let name = host.to_owned();
        federation
            .db
            .write(move |c| {
                deliveries::finish(c, &name, &report)?;
                for inbox in &gone {
                    deliveries::inbox_gone(c, &name, inbox)?;
                }
                Ok(())
            })
            .await?;
        if failed || *stop.borrow() {
            return Ok(());
        }
    }
}

/// What one sender's queue came to.
#[derive(Default)]
struct Sent {
    report: Report,
    gone: Vec<String>,
}

/// A batch of one host in hand.
struct Batch<'a> {
    federation: &'a Federation,
    host: &'a str,
    stop: &'a watch::Receiver<bool>,
    preferred: Mutex<Scheme>,
    /// Set once the host has failed: the other senders need not find out for themselves.
    failed: watch::Sender<bool>,
}

/// What an answer means for the row.
enum Verdict {
    Done,
    Gone,
    Again(Option<i64>),
}

impl Batch<'_> {
    /// Sends one sender's activities in order, until one fails in a way that concerns the whole host.
    async fn send_all(&self, sender: ActorId, queue: Vec<Delivery>) -> Sent {
        let mut sent = Sent::default();
        let signer = match self.federation.signer(sender).await {
            Ok(signer) => signer,
            Err(error) => {
                tracing::error!(%sender, %error, "deliveries of an actor that cannot sign are dropped");
                sent.report.done = queue.iter().map(|d| d.id).collect();
                return sent;
            }
        };
        for delivery in queue {
            if *self.stop.borrow() || *self.failed.borrow() {
                break;
            }
            match self.send(&delivery, &signer).await {
                Verdict::Done => sent.report.done.push(delivery.id),
                Verdict::Gone => {
                    sent.report.done.push(delivery.id);
                    sent.gone.push(delivery.inbox);
                }
                Verdict::Again(retry_after) => {
                    sent.report.failed.push(delivery.id);
                    sent.report.retry_after = sent.report.retry_after.max(retry_after);
                    self.failed.send_replace(true);
                    break;
                }
            }
        }
        sent
    }

    async fn send(&self, delivery: &Delivery, signer: &crate::client::Signer) -> Verdict {
        let (Ok(inbox), body) = (Url::parse(&delivery.inbox), Bytes::from(delivery.activity.body.clone())) else {
            return Verdict::Done;
        };
        let digest = BodyDigest::of(&body);
        let tried = *self.preferred.lock().await;
        let mut outcome = self.federation.client.post_activity(&inbox, body.clone(), &digest, signer, tried).await;
        if let Ok(first) = &outcome
            && (matches!(first.status, 400 | 401) || first.wants_rfc9421)
            && !first.is_delivered()
        {
            // Perhaps it is the scheme: the other one, once, and remembered when it works.
            let other = if tried == Scheme::Rfc9421 { Scheme::Cavage } else { Scheme::Rfc9421 };
            let second = self.federation.client.post_activity(&inbox, body, &digest, signer, other).await;
            if second.as_ref().is_ok_and(Outcome::is_delivered) {
                *self.preferred.lock().await = other;
                if let Err(error) = self.federation.remember_scheme(self.host, tried, other).await {
                    tracing::error!(host = self.host, %error, "cannot remember a signature scheme");
                }
                outcome = second;
            }
        }
        match outcome {
            Ok(outcome) => self.verdict(&delivery.inbox, &outcome),
            Err(error) => {
                metrics::counter!("majlis_deliveries_total", "outcome" => error.kind()).increment(1);
                tracing::info!(host = self.host, inbox = %delivery.inbox, %error, "not delivered");
                if error.is_temporary() { Verdict::Again(None) } else { Verdict::Done }
            }
        }
    }

    fn verdict(&self, inbox: &str, outcome: &Outcome) -> Verdict {
        let retry_after = outcome.retry_after.and_then(|wait| i64::try_from(wait.as_secs()).ok());
        let (name, verdict) = match outcome.status {
            200..300 => ("delivered", Verdict::Done),
            410 => ("gone", Verdict::Gone),
            408 | 425 | 429 | 500.. => ("busy", Verdict::Again(retry_after)),
            // A redirect, or a refusal for good: to say the same again would not change the answer.
            _ => ("refused", Verdict::Done),
        };
        metrics::counter!("majlis_deliveries_total", "outcome" => name).increment(1);
        if !outcome.is_delivered() {
            tracing::info!(host = self.host, inbox, status = outcome.status, said = outcome.excerpt, "not delivered");
        }
        verdict
    }
}
