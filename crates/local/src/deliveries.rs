//! Deliveries: one rendered activity on its way to many inboxes. Each host has a lane that one worker at a time serves in
//! the order of the ids, under a lease; a host that is slow or dead holds up its own lane only.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::connection::{Connection, any_of, cols, written};
use crate::db::wake_deliveries;
use crate::error::Result;
use crate::ids::{ActivityId, ActorId, DeliveryId};
use crate::instances::{self, Scheme};
use crate::jobs::{self, Job};
use crate::on_each;
use crate::schema::{activities, actor_endpoints, deliveries, instances as hosts};
use crate::time::Timestamp;

/// Rows per insert: six values each, far below the limit of binds.
const CHUNK: usize = 1_000;
/// How often a host may fail with one activity while it takes others, before that one is given up.
const MOST_ATTEMPTS: i32 = 16;

/// An outgoing activity: what is sent, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = activities)]
pub struct Activity {
    /// The row.
    pub id: ActivityId,
    /// In whose name it is signed.
    pub sender_id: ActorId,
    /// The JSON.
    pub body: String,
    /// The digest of `body`, as given to [`insert`].
    pub digest: String,
}

/// One activity for one inbox.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The row.
    pub id: DeliveryId,
    /// Where to.
    pub inbox: String,
    /// How often the host has refused this one while it took others.
    pub attempts: i32,
    /// What to send; shared by the deliveries of the same lane.
    pub activity: Arc<Activity>,
}

/// The next deliveries of one host, which nobody else has until the lease ends.
#[derive(Debug)]
pub struct Lane {
    /// The host.
    pub host: String,
    /// How it wants requests to be signed, when that is known.
    pub scheme: Option<Scheme>,
    /// In the order in which they must be sent.
    pub deliveries: Vec<Delivery>,
}

/// What became of a lane's deliveries. Those that are in neither list were not tried and stay.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Taken by the host, or refused for good: they are removed.
    pub done: Vec<DeliveryId>,
    /// To be tried again: the host could not be reached, was busy or broken.
    pub failed: Vec<DeliveryId>,
    /// The longest `Retry-After` of the answers, in seconds.
    pub retry_after: Option<i64>,
}

/// How much is on its way, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries that wait.
    pub deliveries: i64,
    /// Activities that they carry.
    pub activities: i64,
    /// Hosts that failed at least once in a row.
    pub failing_hosts: i64,
    /// Hosts to which nothing is sent any more.
    pub unavailable_hosts: i64,
    /// When the oldest delivery was made.
    pub oldest: Option<Timestamp>,
}

/// Inserts an activity and its deliveries, one for each different inbox, and wakes the lanes after the commit.
/// Inboxes at suspended or unavailable hosts, and what is no URL, are left out; `None` when none is left.
pub fn insert(
    c: &mut Connection,
    sender: ActorId,
    body: &str,
    digest: &str,
    inboxes: impl IntoIterator<Item = String>,
) -> Result<Option<ActivityId>> {
    let mut inboxes: Vec<(String, String)> = inboxes
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter_map(|inbox| Some((instances::host_of(&inbox)?, inbox)))
        .collect();
    let hosts: Vec<String> = inboxes.iter().map(|(host, _)| host.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let closed = instances::unreachable(c, &hosts)?;
    inboxes.retain(|(host, _)| !closed.contains(host));
    if inboxes.is_empty() {
        return Ok(None);
    }
    instances::ensure(c, &hosts)?;
    let now = Timestamp::now();
    let activity = ActivityId::new();
    diesel::insert_into(activities::table)
        .values((
            activities::id.eq(activity),
            activities::sender_id.eq(sender),
            activities::body.eq(body),
            activities::digest.eq(digest),
            activities::created_at.eq(now),
        ))
        .execute(c)?;
    for chunk in inboxes.chunks(CHUNK) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(host, inbox)| {
                (
                    deliveries::id.eq(DeliveryId::new()),
                    deliveries::activity_id.eq(activity),
                    deliveries::host.eq(host),
                    deliveries::inbox.eq(inbox),
                    deliveries::created_at.eq(now),
                )
            })
            .collect();
        on_each!(c => diesel::insert_into(deliveries::table).values(&rows).execute(c)?);
    }
    wake_deliveries();
    Ok(Some(activity))
}

/// Every host for which something waits, each found by one step in the index, joined with its row.
const WAITING: &str = "WITH RECURSIVE waiting (host) AS (\
    SELECT MIN(host) FROM deliveries \
    UNION ALL \
    SELECT (SELECT MIN(d.host) FROM deliveries d WHERE d.host > w.host) FROM waiting w WHERE w.host IS NOT NULL\
    ) ";

/// Hosts whose lane can be served now: something waits, the back-off is over, nobody has it. Costs a step per waiting host.
pub fn due_hosts(c: &mut Connection, limit: i64) -> Result<Vec<String>> {
    Ok(written::<Text>(format!(
        "{WAITING} SELECT i.host FROM waiting w JOIN instances i ON i.host = w.host \
         WHERE i.next_attempt_at <= :now AND i.lane_until <= :now LIMIT :limit"
    ))
    .number("now", Timestamp::now().millis())
    .number("limit", limit)
    .load(c)?)
}

/// When the next lane can be served, if anything waits at all: how long the workers may sleep. A lane that is in somebody's
/// hands counts from the end of its lease.
pub fn next_due(c: &mut Connection) -> Result<Option<Timestamp>> {
    let next: Option<i64> = written::<Nullable<BigInt>>(format!(
        "{WAITING} SELECT MIN(CASE WHEN i.next_attempt_at > i.lane_until THEN i.next_attempt_at ELSE i.lane_until END) \
         FROM waiting w JOIN instances i ON i.host = w.host"
    ))
    .get_result(c)?;
    Ok(next.map(Timestamp))
}

/// Every host for which something waits.
pub(crate) fn waiting_hosts(c: &mut Connection) -> Result<Vec<String>> {
    Ok(written::<Text>(format!("{WAITING} SELECT host FROM waiting WHERE host IS NOT NULL")).load(c)?)
}

/// Takes the lane of a host for `lease_seconds`, with its next `limit` deliveries in the order of their ids. `None` when
/// another worker has it, its back-off is not over, or nothing waits.
pub fn take(c: &mut Connection, host: &str, limit: i64, lease_seconds: i64) -> Result<Option<Lane>> {
    let now = Timestamp::now();
    type Row = (DeliveryId, ActivityId, String, i32);
    let leased: Option<(Option<Scheme>, Option<Timestamp>)> =
        diesel::update(hosts::table.find(host).filter(hosts::lane_until.le(now)).filter(hosts::next_attempt_at.le(now)))
            .set(hosts::lane_until.eq(now.plus_seconds(lease_seconds)))
            .returning((hosts::scheme, hosts::scheme_until))
            .get_result(c)
            .optional()?;
    let Some((scheme, scheme_until)) = leased else { return Ok(None) };
    let rows: Vec<Row> = deliveries::table
        .filter(deliveries::host.eq(host))
        .order(deliveries::id)
        .limit(limit)
        .select((deliveries::id, deliveries::activity_id, deliveries::inbox, deliveries::attempts))
        .load(c)?;
    if rows.is_empty() {
        release(c, host)?;
        return Ok(None);
    }
    let mut ids: Vec<ActivityId> = rows.iter().map(|row| row.1).collect();
    ids.dedup();
    let loaded: Vec<Activity> = activities::table.filter(any_of(activities::id, ids)).select(cols::<Activity>()).load(c)?;
    let loaded: HashMap<ActivityId, Arc<Activity>> = loaded.into_iter().map(|a| (a.id, Arc::new(a))).collect();
    let deliveries = rows
        .into_iter()
        .filter_map(|(id, activity, inbox, attempts)| {
            Some(Delivery { id, inbox, attempts, activity: loaded.get(&activity)?.clone() })
        })
        .collect();
    let scheme = scheme.filter(|_| scheme_until.is_some_and(|until| until > now));
    Ok(Some(Lane { host: host.to_owned(), scheme, deliveries }))
}

/// Gives a lane back untried, for a worker that is told to stop.
pub fn release(c: &mut Connection, host: &str) -> Result<()> {
    diesel::update(hosts::table.find(host)).set(hosts::lane_until.eq(Timestamp(0))).execute(c)?;
    Ok(())
}

/// Ends every lease: for the start of a server that is the only one on its database, after a crash.
pub fn release_all(c: &mut Connection) -> Result<()> {
    diesel::update(hosts::table.filter(hosts::lane_until.gt(Timestamp(0)))).set(hosts::lane_until.eq(Timestamp(0))).execute(c)?;
    Ok(())
}

/// Puts down what became of a lane's deliveries, keeps the host's health and gives the lane back. Whether the lane goes on,
/// [`take`] tells, in the same write if the caller likes.
pub fn finish(c: &mut Connection, host: &str, report: &Report) -> Result<()> {
    remove(c, &report.done)?;
    if report.failed.is_empty() {
        return if report.done.is_empty() { release(c, host) } else { instances::succeeded(c, host) };
    }
    let alive = !report.done.is_empty();
    if alive {
        // The host lives and does not like these: they must not hold up the others for ever.
        let refused = || deliveries::table.filter(any_of(deliveries::id, &report.failed));
        diesel::update(refused()).set(deliveries::attempts.eq(deliveries::attempts + 1)).execute(c)?;
        let given_up: Vec<DeliveryId> =
            refused().filter(deliveries::attempts.ge(MOST_ATTEMPTS)).select(deliveries::id).load(c)?;
        remove(c, &given_up)?;
    }
    instances::failed(c, host, report.retry_after, alive)?;
    Ok(())
}

/// An inbox answered 410: what waits for it is dropped. When it belongs to an actor, its profile is fetched again, which
/// tells whether the actor is gone; when it is the inbox of a whole host, nothing is sent there any more.
pub fn inbox_gone(c: &mut Connection, host: &str, inbox: &str) -> Result<()> {
    let waiting: Vec<DeliveryId> =
        deliveries::table.filter(deliveries::host.eq(host)).filter(deliveries::inbox.eq(inbox)).select(deliveries::id).load(c)?;
    remove(c, &waiting)?;
    let owners: Vec<ActorId> =
        actor_endpoints::table.filter(actor_endpoints::inbox.eq(inbox)).select(actor_endpoints::actor_id).limit(10).load(c)?;
    if owners.is_empty() {
        return instances::gone(c, host);
    }
    for actor in owners {
        jobs::enqueue(c, &Job::RefreshActor { actor })?;
    }
    Ok(())
}

/// Drops everything that waits for a host.
pub fn drop_host(c: &mut Connection, host: &str) -> Result<()> {
    let waiting: Vec<DeliveryId> = deliveries::table.filter(deliveries::host.eq(host)).select(deliveries::id).load(c)?;
    remove(c, &waiting)
}

/// How much is on its way.
pub fn counts(c: &mut Connection) -> Result<Counts> {
    let (waiting, oldest): (i64, Option<Timestamp>) =
        deliveries::table.select((diesel::dsl::count_star(), diesel::dsl::min(deliveries::created_at))).get_result(c)?;
    Ok(Counts {
        deliveries: waiting,
        activities: activities::table.count().get_result(c)?,
        failing_hosts: hosts::table
            .filter(hosts::failures.gt(0))
            .filter(hosts::unavailable_at.is_null())
            .count()
            .get_result(c)?,
        unavailable_hosts: hosts::table.filter(hosts::unavailable_at.is_not_null()).count().get_result(c)?,
        oldest,
    })
}

/// Removes deliveries, and the activities of which they were the last.
fn remove(c: &mut Connection, ids: &[DeliveryId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut carried: Vec<ActivityId> = diesel::delete(deliveries::table.filter(any_of(deliveries::id, ids)))
        .returning(deliveries::activity_id)
        .get_results(c)?;
    carried.sort_unstable();
    carried.dedup();
    if let Connection::Postgres(c) = c {
        // Two lanes that end with the same activity must see one another, or neither would remove it.
        activities::table
            .filter(any_of(activities::id, &carried))
            .order(activities::id)
            .select(activities::id)
            .for_update()
            .load::<ActivityId>(c)?;
    }
    let on_its_way = diesel::dsl::exists(deliveries::table.filter(deliveries::activity_id.eq(activities::id)));
    diesel::delete(activities::table.filter(any_of(activities::id, carried)).filter(diesel::dsl::not(on_its_way))).execute(c)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::Policy;
    use crate::testing::{TestDb, people};

    const LEASE: i64 = 60;

    fn send(c: &mut Connection, sender: ActorId, body: &str, inboxes: &[&str]) -> Result<Option<ActivityId>> {
        insert(c, sender, body, "digest", inboxes.iter().map(|inbox| (*inbox).to_owned()))
    }

    fn ids(lane: &Lane) -> Vec<DeliveryId> {
        lane.deliveries.iter().map(|d| d.id).collect()
    }

    fn stored(c: &mut Connection) -> Result<(i64, i64)> {
        let counts = counts(c)?;
        Ok((counts.deliveries, counts.activities))
    }

    #[test]
    fn each_inbox_gets_it_once_and_the_activity_goes_with_its_last_delivery() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let both = ["https://a.example/inbox", "https://b.example/inbox", "https://a.example/inbox", "mailto:x@y"];
            send(c, ali, "one", &both)?;
            send(c, ali, "two", &["https://a.example/inbox"])?;
            assert_eq!(send(c, ali, "none", &["nonsense"])?, None);
            assert_eq!(stored(c)?, (3, 2));
            assert_eq!(due_hosts(c, 9)?, ["a.example", "b.example"]);
            assert_eq!(due_hosts(c, 1)?, ["a.example"]);

            let lane = take(c, "a.example", 10, LEASE)?.unwrap();
            assert_eq!(lane.deliveries.iter().map(|d| d.activity.body.as_str()).collect::<Vec<_>>(), ["one", "two"]);
            assert_eq!(lane.deliveries[0].activity.sender_id, ali);
            assert!(take(c, "a.example", 10, LEASE)?.is_none(), "somebody has it");
            assert_eq!(due_hosts(c, 9)?, ["b.example"]);

            finish(c, "a.example", &Report { done: ids(&lane), ..Report::default() })?;
            assert_eq!(stored(c)?, (1, 1), "b still needs the first one");
            assert!(take(c, "a.example", 10, LEASE)?.is_none(), "nothing waits");
            let lane = take(c, "b.example", 10, LEASE)?.unwrap();
            finish(c, "b.example", &Report { done: ids(&lane), ..Report::default() })?;
            assert_eq!(stored(c)?, (0, 0));
            assert_eq!((due_hosts(c, 9)?, next_due(c)?), (vec![], None));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_lane_ends_with_its_lease() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            send(c, ali, "one", &["https://a.example/inbox"])?;
            take(c, "a.example", 10, 0)?.unwrap();
            take(c, "a.example", 10, LEASE)?.unwrap();
            assert!(next_due(c)?.unwrap() > Timestamp::now().plus_seconds(LEASE - 10));
            assert!(take(c, "a.example", 10, LEASE)?.is_none());
            release_all(c)?;
            take(c, "a.example", 10, LEASE)?.unwrap();
            release(c, "a.example")?;
            assert_eq!(due_hosts(c, 9)?, ["a.example"]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_host_that_fails_waits_and_holds_up_nobody() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            send(c, ali, "one", &["https://dead.example/inbox", "https://live.example/inbox"])?;
            let lane = take(c, "dead.example", 10, LEASE)?.unwrap();
            finish(c, "dead.example", &Report { failed: ids(&lane), retry_after: Some(300), ..Report::default() })?;
            assert_eq!(due_hosts(c, 9)?, ["live.example"]);
            assert!(take(c, "dead.example", 10, LEASE)?.is_none());
            let lane = take(c, "live.example", 10, LEASE)?.unwrap();
            finish(c, "live.example", &Report { done: ids(&lane), ..Report::default() })?;
            let next = next_due(c)?.unwrap();
            assert!(next >= Timestamp::now().plus_seconds(290), "Retry-After is honoured");
            assert_eq!(counts(c)?.failing_hosts, 1);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn what_a_living_host_never_takes_is_given_up() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            send(c, ali, "poison", &["https://a.example/inbox"])?;
            for round in 0..MOST_ATTEMPTS {
                assert_eq!(stored(c)?.0, 1, "round {round}");
                send(c, ali, "fine", &["https://a.example/inbox"])?;
                let lane = take(c, "a.example", 10, LEASE)?.unwrap();
                let (poison, fine) = (vec![lane.deliveries[0].id], vec![lane.deliveries[1].id]);
                finish(c, "a.example", &Report { done: fine, failed: poison, retry_after: None })?;
                let host = instances::get(c, "a.example")?.unwrap();
                assert_eq!(host.failures, 1, "the pause does not grow");
                diesel::update(hosts::table).set(hosts::next_attempt_at.eq(Timestamp(0))).execute(c)?;
            }
            assert_eq!(stored(c)?, (0, 0));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn nothing_is_kept_for_those_who_take_nothing() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let everybody = ["https://sub.bad.example/inbox", "https://gone.example/inbox", "https://a.example/inbox"];
            send(c, ali, "one", &everybody)?;
            instances::set_policy(c, "bad.example", Policy::Suspend, None, None)?;
            inbox_gone(c, "gone.example", "https://gone.example/inbox")?;
            assert_eq!(due_hosts(c, 9)?, ["a.example"]);
            send(c, ali, "two", &everybody)?;
            assert_eq!(stored(c)?, (2, 2));
            assert_eq!(send(c, ali, "three", &everybody[..2])?, None);
            assert_eq!(counts(c)?.unavailable_hosts, 1);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn the_inbox_of_one_actor_does_not_speak_for_its_host() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let bob = people::remote(c, "bob");
            send(c, ali, "one", &["https://peer.example/users/bob/inbox", "https://peer.example/inbox"])?;
            inbox_gone(c, "peer.example", "https://peer.example/users/bob/inbox")?;
            let lane = take(c, "peer.example", 10, LEASE)?.unwrap();
            assert_eq!(lane.deliveries.iter().map(|d| d.inbox.as_str()).collect::<Vec<_>>(), ["https://peer.example/inbox"]);
            assert!(jobs::all(c)?.contains(&Job::RefreshActor { actor: bob.id }));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn thousands_of_inboxes_fit_one_call() {
        let db = TestDb::new();
        db.write_now(|c| {
            let ali = people::local(c, "ali").id;
            let many: Vec<String> = (0..2_500).map(|n| format!("https://h{}.example/{n}", n % 50)).collect();
            insert(c, ali, "one", "digest", many)?;
            assert_eq!(stored(c)?, (2_500, 1));
            assert_eq!(due_hosts(c, 100)?.len(), 50);
            assert_eq!(take(c, "h7.example", 20, LEASE)?.unwrap().deliveries.len(), 20);
            Ok(())
        })
        .unwrap();
    }

    #[tokio::test]
    async fn two_lanes_that_end_together_leave_no_activity_behind() {
        let db = TestDb::new();
        let hosts: Vec<String> = (0..20).map(|n| format!("h{n}.example")).collect();
        let inboxes: Vec<String> = hosts.iter().map(|host| format!("https://{host}/inbox")).collect();
        db.write(move |c| {
            let ali = people::local(c, "ali").id;
            insert(c, ali, "one", "digest", inboxes)
        })
        .await
        .unwrap();
        let mut lanes = Vec::new();
        for host in hosts {
            let db = (*db).clone();
            lanes.push(tokio::spawn(async move {
                let asked = host.clone();
                let lane = db.write(move |c| take(c, &asked, 10, LEASE)).await.unwrap().unwrap();
                let report = Report { done: ids(&lane), ..Report::default() };
                db.write(move |c| finish(c, &host, &report)).await.unwrap();
            }));
        }
        for lane in lanes {
            lane.await.unwrap();
        }
        assert_eq!(db.read(stored).await.unwrap(), (0, 0));
    }
}
