//! Other servers, by host: the policy towards them, how well they can be reached, which signature scheme they want and what
//! they run. A row appears with the first contact. The lanes of [`crate::deliveries`] read and write the health kept here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use moka::sync::Cache;

use crate::codes::stored_enum;
use crate::connection::{Connection, PortableDsl, any_text, cols};
use crate::db::{Db, forget_policies, wake_deliveries};
use crate::deliveries;
use crate::error::{Error, Flaw, Result};
use crate::jobs::{self, Job};
use crate::schema::instances;
use crate::time::Timestamp;

/// How long a host that takes nothing is tried before it counts as unavailable.
const FAILING_SECONDS: i64 = 7 * DAY;
/// How long a learned signature scheme is believed.
const SCHEME_SECONDS: i64 = 7 * DAY;
/// The longest pause between two attempts, and the longest `Retry-After` that is honoured.
const LONGEST_PAUSE: i64 = DAY / 2;
/// A host that was heard of within this time is not written down again.
const SEEN_SECONDS: i64 = 600;
const DAY: i64 = 86_400;

stored_enum! {
    /// What is done with another server.
    Policy {
        /// Nothing special.
        None = 0 "none",
        /// Its posts stay out of public timelines, its people's follows need approval.
        Silence = 1 "silence",
        /// Nothing is taken from it and nothing is sent to it.
        Suspend = 2 "suspend",
    }
}

stored_enum! {
    /// How a request is signed for a host.
    Scheme {
        /// draft-cavage-http-signatures.
        Cavage = 0 "cavage",
        /// RFC 9421.
        Rfc9421 = 1 "rfc9421",
    }
}

/// Another server as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Identifiable)]
#[diesel(table_name = instances, primary_key(host))]
#[allow(missing_docs)]
pub struct Instance {
    /// In lower case, with a port when it has one of its own.
    pub host: String,
    pub policy: Policy,
    /// Why the policy is what it is, for everybody.
    pub public_comment: Option<String>,
    /// … and for the moderators.
    pub private_comment: Option<String>,
    /// nodeinfo's `software.name`.
    pub software: Option<String>,
    /// nodeinfo's `software.version`.
    pub version: Option<String>,
    pub scheme: Option<Scheme>,
    /// Until when `scheme` is believed.
    pub scheme_until: Option<Timestamp>,
    /// Failed attempts in a row.
    pub failures: i32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// Not before this is anything sent again.
    pub next_attempt_at: Timestamp,
    /// Until when a worker has the lane of this host.
    pub lane_until: Timestamp,
    /// Since when nothing is sent at all.
    pub unavailable_at: Option<Timestamp>,
    /// When something was last received from it (to about ten minutes).
    pub last_seen_at: Option<Timestamp>,
    /// When its nodeinfo was last asked for.
    pub probed_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// The host of an `http` or `https` URL as instances are keyed: lower case, punycode, with the port unless it is the
/// scheme's own. `None` for anything else.
pub fn host_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
    let host = url.host_str()?.trim_end_matches('.');
    if host.is_empty() {
        return None;
    }
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The host that an admin means by a typed name: without scheme, path or capital letters, in punycode.
///
/// # Errors
/// [`Error::Invalid`] when it is no host name.
pub fn host_from_input(typed: &str) -> Result<String> {
    let typed = typed.trim();
    let bare = typed.split_once("://").map_or(typed, |(_, rest)| rest);
    host_of(&format!("https://{bare}"))
        .ok_or_else(|| Error::invalid("domain", Flaw::Invalid, "is not a domain name such as example.org"))
}

/// Another server, if anything was ever exchanged with it or decided about it.
pub fn get(c: &mut Connection, host: &str) -> Result<Option<Instance>> {
    Ok(instances::table.find(host).select(cols::<Instance>()).first(c).optional()?)
}

/// Makes rows for those hosts that have none.
pub fn ensure(c: &mut Connection, hosts: &[String]) -> Result<()> {
    let known: Vec<String> = instances::table.filter(any_text(instances::host, hosts)).select(instances::host).load(c)?;
    for host in hosts.iter().filter(|host| !known.contains(host)) {
        diesel::insert_into(instances::table)
            .values((instances::host.eq(host), instances::created_at.eq(Timestamp::now())))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
    }
    Ok(())
}

/// Hosts that were heard of and are not suspended, in alphabetical order, for the list of peers.
pub fn peers(c: &mut Connection) -> Result<Vec<String>> {
    Ok(instances::table
        .filter(instances::policy.ne(Policy::Suspend))
        .filter(instances::last_seen_at.is_not_null())
        .order(instances::host)
        .select(instances::host)
        .load(c)?)
}

/// How many [`peers`] there are.
pub fn count_peers(c: &mut Connection) -> Result<i64> {
    let heard = instances::table.filter(instances::policy.ne(Policy::Suspend)).filter(instances::last_seen_at.is_not_null());
    Ok(heard.count().get_result(c)?)
}

// --- policy ---------------------------------------------------------------------------------------------------------

/// The policy towards a host: the strictest of those for itself and for the domains that it is a part of.
/// [`Db::policy`] answers from memory.
pub fn policy(c: &mut Connection, host: &str) -> Result<Policy> {
    let strictest: Option<Policy> = instances::table
        .filter(any_text(instances::host, covering(host)))
        .order(instances::policy.desc())
        .select(instances::policy)
        .first(c)
        .optional()?;
    Ok(strictest.unwrap_or(Policy::None))
}

/// Servers about which something was decided, in alphabetical order.
pub fn with_policy(c: &mut Connection) -> Result<Vec<Instance>> {
    Ok(instances::table.filter(instances::policy.ne(Policy::None)).order(instances::host).select(cols::<Instance>()).load(c)?)
}

/// Decides about a host and all hosts below it. What waits for a suspended one is dropped.
pub fn set_policy(
    c: &mut Connection,
    host: &str,
    policy: Policy,
    public_comment: Option<&str>,
    private_comment: Option<&str>,
) -> Result<()> {
    ensure(c, &[host.to_owned()])?;
    diesel::update(instances::table.find(host))
        .set((
            instances::policy.eq(policy),
            instances::public_comment.eq(public_comment),
            instances::private_comment.eq(private_comment),
        ))
        .execute(c)?;
    if policy == Policy::Suspend {
        for waiting in deliveries::waiting_hosts(c)? {
            if covering(&waiting).iter().any(|domain| domain == host) {
                deliveries::drop_host(c, &waiting)?;
            }
        }
    }
    forget_policies();
    Ok(())
}

/// Of these hosts, those to which nothing is sent: suspended (also by a parent domain) or unavailable. One query.
pub fn unreachable(c: &mut Connection, hosts: &[String]) -> Result<Vec<String>> {
    let mut domains: Vec<String> = hosts.iter().flat_map(|host| covering(host)).collect();
    domains.sort_unstable();
    domains.dedup();
    let closed: Vec<(String, Policy)> = instances::table
        .filter(any_text(instances::host, domains))
        .filter(instances::policy.eq(Policy::Suspend).or(instances::unavailable_at.is_not_null()))
        .select((instances::host, instances::policy))
        .load(c)?;
    let is_closed = |host: &String| {
        closed.iter().any(|(domain, policy)| {
            domain == host || (*policy == Policy::Suspend && covering(host).iter().any(|covered_by| covered_by == domain))
        })
    };
    Ok(if closed.is_empty() { Vec::new() } else { hosts.iter().filter(|host| is_closed(host)).cloned().collect() })
}

/// A host, the same without its port, and its parent domains: a policy for any of them covers it.
fn covering(host: &str) -> Vec<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => host.clone(),
    };
    let mut domains = Vec::new();
    if name != host {
        domains.push(host);
    }
    let mut rest = Some(name.as_str());
    while let Some(domain) = rest {
        domains.push(domain.to_owned());
        rest = domain.split_once('.').map(|(_, parent)| parent).filter(|parent| !parent.is_empty());
    }
    domains
}

/// Policies in memory. An entry is found only in the generation in which it was asked for, so that an answer that was
/// under way while a policy changed is never kept. Changes by other nodes are seen within a minute.
#[derive(Debug)]
pub(crate) struct Policies {
    generation: AtomicU64,
    known: Cache<(u64, String), Policy>,
}

impl Policies {
    pub(crate) fn new() -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(60)).build();
        Self { generation: AtomicU64::new(0), known }
    }

    /// Called after the commit of a change.
    pub(crate) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

impl Db {
    /// [`policy`] from memory, or from the database the first time.
    ///
    /// # Errors
    /// Those of [`Db::read`].
    pub async fn policy(&self, host: &str) -> Result<Policy> {
        let policies = self.policies();
        let key = (policies.generation.load(Ordering::Acquire), host.to_ascii_lowercase());
        if let Some(known) = policies.known.get(&key) {
            return Ok(known);
        }
        let asked = key.1.clone();
        let found = self.read(move |c| policy(c, &asked)).await?;
        policies.known.insert(key, found);
        Ok(found)
    }
}

// --- health ---------------------------------------------------------------------------------------------------------

/// Something was received from a host: it lives. One that was unavailable or failing is tried again at once.
/// Writes at most once in ten minutes per host.
pub fn seen(c: &mut Connection, host: &str) -> Result<()> {
    let now = Timestamp::now();
    let row: Option<(Option<Timestamp>, Option<Timestamp>, i32)> = instances::table
        .find(host)
        .select((instances::last_seen_at, instances::unavailable_at, instances::failures))
        .first(c)
        .optional()?;
    let Some((last_seen, unavailable, failures)) = row else {
        diesel::insert_into(instances::table)
            .values((instances::host.eq(host), instances::last_seen_at.eq(now), instances::created_at.eq(now)))
            .on_conflict_do_nothing()
            .portable()
            .execute(c)?;
        return Ok(());
    };
    let lately = last_seen.is_some_and(|at| at > now.plus_seconds(-SEEN_SECONDS));
    if lately && unavailable.is_none() {
        return Ok(());
    }
    diesel::update(instances::table.find(host))
        .set((
            instances::last_seen_at.eq(now),
            instances::unavailable_at.eq(None::<Timestamp>),
            instances::failures.eq(0),
            instances::failing_since.eq(None::<Timestamp>),
            instances::next_attempt_at.eq(Timestamp(0)),
        ))
        .execute(c)?;
    if failures > 0 {
        wake_deliveries();
    }
    Ok(())
}

/// A host took what was sent: its failures are forgotten and its lane is free.
pub(crate) fn succeeded(c: &mut Connection, host: &str) -> Result<()> {
    diesel::update(instances::table.find(host))
        .set((
            instances::failures.eq(0),
            instances::failing_since.eq(None::<Timestamp>),
            instances::unavailable_at.eq(None::<Timestamp>),
            instances::next_attempt_at.eq(Timestamp(0)),
            instances::lane_until.eq(Timestamp(0)),
        ))
        .execute(c)?;
    Ok(())
}

/// A host did not take what was sent: its lane is closed until the time that is given back. After seven days of
/// nothing but failures it is unavailable, and what waits for it is dropped. `retry_after` is what the host asked for,
/// in seconds; `alive` says that it took something else meanwhile.
pub(crate) fn failed(c: &mut Connection, host: &str, retry_after: Option<i64>, alive: bool) -> Result<Timestamp> {
    let now = Timestamp::now();
    let (failures, since): (i32, Option<Timestamp>) =
        instances::table.find(host).select((instances::failures, instances::failing_since)).first(c)?;
    let failures = if alive { 1 } else { failures.saturating_add(1) };
    let since = if alive { now } else { since.unwrap_or(now) };
    let next = now.plus_seconds(pause(failures, retry_after, rand::random::<f64>()));
    let lost = now.millis() - since.millis() >= FAILING_SECONDS * 1_000;
    diesel::update(instances::table.find(host))
        .set((
            instances::failures.eq(failures),
            instances::failing_since.eq(since),
            instances::next_attempt_at.eq(next),
            instances::lane_until.eq(Timestamp(0)),
            instances::unavailable_at.eq(lost.then_some(now)),
        ))
        .execute(c)?;
    if lost {
        tracing::info!(host, "unavailable: it has taken nothing for seven days");
        deliveries::drop_host(c, host)?;
    }
    Ok(next)
}

/// A host is gone (410 from the inbox of all its people): nothing more is sent until something comes from it.
pub(crate) fn gone(c: &mut Connection, host: &str) -> Result<()> {
    let now = Timestamp::now();
    diesel::update(instances::table.find(host))
        .set((instances::unavailable_at.eq(now), instances::lane_until.eq(Timestamp(0))))
        .execute(c)?;
    deliveries::drop_host(c, host)
}

/// Seconds until the next attempt: n⁴ + 15 and up to 10·(n+1) more (`jitter` from 0 to 1), or what the host asked for
/// when that is longer; twelve hours at the most.
fn pause(failures: i32, retry_after: Option<i64>, jitter: f64) -> i64 {
    let n = i64::from(failures.clamp(1, 20));
    let spread = ((n + 1) * 10) as f64 * jitter.clamp(0.0, 1.0);
    (n.pow(4) + 15).max(retry_after.unwrap_or(0)).min(LONGEST_PAUSE) + spread as i64
}

// --- what they speak and run ----------------------------------------------------------------------------------------

/// Remembers for seven days how a host wants requests to be signed.
pub fn learn_scheme(c: &mut Connection, host: &str, scheme: Scheme) -> Result<()> {
    ensure(c, &[host.to_owned()])?;
    diesel::update(instances::table.find(host))
        .set((instances::scheme.eq(scheme), instances::scheme_until.eq(Timestamp::now().plus_seconds(SCHEME_SECONDS))))
        .execute(c)?;
    Ok(())
}

/// How a host wants requests to be signed, if that was learned within seven days.
pub fn scheme(c: &mut Connection, host: &str) -> Result<Option<Scheme>> {
    let scheme: Option<Option<Scheme>> = instances::table
        .find(host)
        .filter(instances::scheme_until.gt(Timestamp::now()))
        .select(instances::scheme)
        .first(c)
        .optional()?;
    Ok(scheme.flatten())
}

/// Writes down what a host runs, as its nodeinfo says; `None` when it did not tell.
pub fn probed(c: &mut Connection, host: &str, software: Option<&str>, version: Option<&str>) -> Result<()> {
    ensure(c, &[host.to_owned()])?;
    diesel::update(instances::table.find(host))
        .set((instances::software.eq(software), instances::version.eq(version), instances::probed_at.eq(Timestamp::now())))
        .execute(c)?;
    Ok(())
}

/// Leaves a [`Job::Probe`] for each of up to `limit` hosts that were not asked since `before`, and says how many. One that
/// does not answer is asked again only when its turn comes.
pub fn probe_due(c: &mut Connection, before: Timestamp, limit: i64) -> Result<usize> {
    let hosts = to_probe(c, before, limit)?;
    for host in &hosts {
        jobs::enqueue(c, &Job::Probe { host: host.clone() })?;
    }
    diesel::update(instances::table.filter(any_text(instances::host, hosts.clone())))
        .set(instances::probed_at.eq(Timestamp::now()))
        .execute(c)?;
    Ok(hosts.len())
}

/// Hosts whose nodeinfo was not asked for since `before`, those never asked first. Only those that can be reached.
fn to_probe(c: &mut Connection, before: Timestamp, limit: i64) -> Result<Vec<String>> {
    Ok(instances::table
        .filter(instances::policy.ne(Policy::Suspend))
        .filter(instances::unavailable_at.is_null())
        .filter(instances::probed_at.is_null().or(instances::probed_at.lt(before)))
        .order((instances::probed_at.is_not_null(), instances::probed_at, instances::host))
        .limit(limit)
        .select(instances::host)
        .load(c)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestDb;

    #[test]
    fn hosts_are_read_as_they_are_keyed() {
        assert_eq!(host_of("https://Example.ORG/inbox").as_deref(), Some("example.org"));
        assert_eq!(host_of("https://example.org:443/inbox").as_deref(), Some("example.org"));
        assert_eq!(host_of("http://127.0.0.1:8080/inbox").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(host_of("https://bücher.example/").as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(host_of("ftp://example.org/"), None);
        assert_eq!(host_from_input(" https://Example.org/about ").unwrap(), "example.org");
        assert!(host_from_input("two words").is_err());
    }

    #[tokio::test]
    async fn a_policy_covers_what_is_below_it_and_is_seen_at_once() {
        let db = TestDb::new();
        assert_eq!(db.policy("a.bad.example").await.unwrap(), Policy::None);
        db.write(|c| set_policy(c, "bad.example", Policy::Silence, Some("spam"), None)).await.unwrap();
        db.write(|c| set_policy(c, "worse.bad.example", Policy::Suspend, None, None)).await.unwrap();
        for (host, wanted) in [
            ("bad.example", Policy::Silence),
            ("a.BAD.example:8443", Policy::Silence),
            ("x.worse.bad.example", Policy::Suspend),
            ("notbad.example", Policy::None),
            ("example", Policy::None),
        ] {
            assert_eq!(db.policy(host).await.unwrap(), wanted, "{host}");
        }
        db.write(|c| set_policy(c, "bad.example", Policy::None, None, None)).await.unwrap();
        assert_eq!(db.policy("a.bad.example").await.unwrap(), Policy::None);
        let decided = db.read(with_policy).await.unwrap();
        assert_eq!(decided.iter().map(|i| i.host.as_str()).collect::<Vec<_>>(), ["worse.bad.example"]);
    }

    #[test]
    fn what_cannot_be_reached_is_told_in_one_query() {
        let db = TestDb::new();
        db.write_now(|c| {
            set_policy(c, "bad.example", Policy::Suspend, None, None)?;
            set_policy(c, "loud.example", Policy::Silence, None, None)?;
            ensure(c, &["dead.example".to_owned()])?;
            gone(c, "dead.example")?;
            let hosts = ["a.bad.example", "loud.example", "dead.example", "b.dead.example", "good.example"].map(str::to_owned);
            assert_eq!(unreachable(c, &hosts)?, ["a.bad.example", "dead.example"]);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn pauses_grow_and_end_somewhere() {
        assert_eq!((pause(1, None, 0.0), pause(2, None, 0.0), pause(3, None, 0.0)), (16, 31, 96));
        assert_eq!(pause(3, None, 1.0), 136);
        assert_eq!(pause(1, Some(120), 0.0), 120);
        assert_eq!(pause(5, Some(1), 0.0), 640);
        assert_eq!(pause(i32::MAX, Some(i64::MAX), 0.0), LONGEST_PAUSE);
    }

    #[test]
    fn seven_failing_days_make_a_host_unavailable_and_a_sign_of_life_revives_it() {
        let db = TestDb::new();
        db.write_now(|c| {
            ensure(c, &["far.example".to_owned()])?;
            let next = failed(c, "far.example", None, false)?;
            let far = get(c, "far.example")?.unwrap();
            assert_eq!((far.failures, far.next_attempt_at, far.unavailable_at), (1, next, None));
            let week_ago = Timestamp::now().plus_seconds(-FAILING_SECONDS - 1);
            diesel::update(instances::table.find("far.example")).set(instances::failing_since.eq(week_ago)).execute(c)?;
            failed(c, "far.example", None, false)?;
            assert!(get(c, "far.example")?.unwrap().unavailable_at.is_some());
            seen(c, "far.example")?;
            let far = get(c, "far.example")?.unwrap();
            assert_eq!((far.failures, far.failing_since, far.unavailable_at), (0, None, None));
            assert_eq!(far.next_attempt_at, Timestamp(0));
            assert_eq!(peers(c)?, ["far.example"]);
            assert_eq!(count_peers(c)?, 1);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_host_that_was_just_heard_of_keeps_its_back_off() {
        let db = TestDb::new();
        db.write_now(|c| {
            seen(c, "far.example")?;
            failed(c, "far.example", None, false)?;
            seen(c, "far.example")?;
            assert_eq!(get(c, "far.example")?.unwrap().failures, 1);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_scheme_is_believed_for_a_week() {
        let db = TestDb::new();
        db.write_now(|c| {
            assert_eq!(scheme(c, "far.example")?, None);
            learn_scheme(c, "far.example", Scheme::Rfc9421)?;
            assert_eq!(scheme(c, "far.example")?, Some(Scheme::Rfc9421));
            diesel::update(instances::table).set(instances::scheme_until.eq(Timestamp::now().plus_seconds(-1))).execute(c)?;
            assert_eq!(scheme(c, "far.example")?, None);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn those_never_asked_are_probed_first() {
        let db = TestDb::new();
        db.write_now(|c| {
            ensure(c, &["a.example".to_owned(), "b.example".to_owned(), "c.example".to_owned()])?;
            probed(c, "a.example", Some("mastodon"), Some("4.6.0"))?;
            set_policy(c, "c.example", Policy::Suspend, None, None)?;
            assert_eq!(to_probe(c, Timestamp::now().plus_seconds(-60), 9)?, ["b.example"]);
            assert_eq!(to_probe(c, Timestamp::now().plus_seconds(60), 9)?, ["b.example", "a.example"]);
            assert_eq!(get(c, "a.example")?.unwrap().software.as_deref(), Some("mastodon"));
            assert_eq!(probe_due(c, Timestamp::now().plus_seconds(-60), 9)?, 1);
            assert_eq!(jobs::all(c)?, [Job::Probe { host: "b.example".to_owned() }]);
            assert_eq!(probe_due(c, Timestamp::now().plus_seconds(-60), 9)?, 0, "it is being asked");
            Ok(())
        })
        .unwrap();
    }
}
