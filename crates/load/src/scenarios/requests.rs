//! The requests of each scenario, and what a right answer looks like.

use diesel::prelude::*;
use majlis_local::feeds::Reach;
use majlis_local::ids::PostId;
use majlis_local::schema::posts as rows;
use majlis_local::{Connection, actors, schema};
use serde_json::{Value, json};

use super::Stage;
use crate::Failure;
use crate::activities::{activity, delivery, note};
use crate::calls::Call;
use crate::peers::{self, LIVE};
use crate::seed::{ANSWERS, AUTHOR, BROADCASTER, BURSTER, CALM, POPULAR, POSTER, READER, THREAD};
use crate::server::Setup;
use crate::words::Dice;

const ACTIVITY_JSON: &str = "application/activity+json";
/// A common word of the seeded posts.
const WORD: &str = "garden";

/// Access tokens of those who act.
#[derive(Debug)]
pub(super) struct Tokens {
    reader: String,
    poster: String,
    broadcaster: String,
    pub(super) calm: String,
    pub(super) burster: String,
}

impl Tokens {
    pub(super) fn reader(&self) -> &str {
        &self.reader
    }

    pub(super) fn make(setup: &Setup) -> Result<Self, Failure> {
        Ok(Self {
            reader: setup.token(READER)?,
            poster: setup.token(POSTER)?,
            broadcaster: setup.token(BROADCASTER)?,
            calm: setup.token(CALM)?,
            burster: setup.token(BURSTER)?,
        })
    }
}

/// Whether the requests of a scenario may be made again.
pub(super) fn repeats(name: &str) -> bool {
    !matches!(name, "posting" | "favourite" | "favourite-remote" | "inbox" | "follows" | "deliveries")
}

impl Stage {
    /// The requests that cost `units` of a scenario.
    pub(super) async fn calls(&self, name: &'static str, units: usize) -> Result<Vec<Call>, Failure> {
        let reader = &self.tokens.reader;
        let cycle = |calls: Vec<Call>| calls.into_iter().cycle().take(units).collect();
        Ok(match name {
            "status" => {
                cycle(self.seen().await?.iter().map(|id| Call::get(format!("/api/v1/statuses/{id}")).by(reader)).collect())
            }
            "note" => {
                let ids = self.of_author().await?;
                let path = |id: &PostId| format!("/users/{AUTHOR}/statuses/{id}");
                cycle(ids.iter().map(|id| Call::get(path(id)).with("accept", ACTIVITY_JSON)).collect())
            }
            "posting" => self.posts(&self.tokens.poster, name, units),
            "deliveries" => self.posts(&self.tokens.broadcaster, name, units.div_ceil(LIVE)),
            "favourite" => self.favourites(Reach::Local, units).await?,
            "favourite-remote" => self.favourites(Reach::Remote, units).await?,
            "inbox" => self.inbound(units).await?,
            "follows" => (0..units).map(|n| self.follow(n)).collect::<Result<_, Failure>>()?,
            _ => cycle(vec![self.page(name).await?]),
        })
    }

    /// The one request of a scenario that always asks for the same.
    async fn page(&self, name: &str) -> Result<Call, Failure> {
        let reader = &self.tokens.reader;
        Ok(match name {
            "home" => Call::get("/api/v1/timelines/home?limit=20").by(reader),
            "notifications" => Call::get("/api/v1/notifications?limit=20").by(reader),
            "groups" => Call::get("/api/v2/notifications?limit=20&expand_accounts=partial_avatars").by(reader),
            "context" => Call::get(format!("/api/v1/statuses/{}/context", self.thread().await?)).by(reader),
            "search" => Call::get(format!("/api/v2/search?q={WORD}&limit=20")).by(reader),
            "instance" => Call::get("/api/v2/instance"),
            "profile" => Call::get(format!("/@{AUTHOR}")).with("accept", "text/html"),
            "actor" => Call::get(format!("/users/{AUTHOR}")).with("accept", ACTIVITY_JSON),
            other => return Err(format!("{other} is no page").into()),
        })
    }

    /// Makes one request of a scenario and looks at the answer.
    pub(super) async fn check(&self, name: &'static str) -> Result<(), Failure> {
        let call = self.calls(name, 1).await?.into_iter().next().ok_or("nothing to ask for")?;
        let answer = self.client.send(&call).await?;
        if name == "profile" {
            return counted(answer.matches("<article").count(), 20);
        }
        if call.headers.iter().any(|(_, value)| value == ACTIVITY_JSON) && call.method == reqwest::Method::POST {
            return self.kept(name, &call).await;
        }
        let json: Value = serde_json::from_str(&answer)?;
        let length = |list: &Value| list.as_array().map_or(0, Vec::len);
        match name {
            "home" | "notifications" => counted(length(&json), 20),
            "groups" => counted(length(&json["notification_groups"]), 20),
            "context" => counted(length(&json["descendants"]), ANSWERS),
            "search" => counted(length(&json["statuses"]), 20),
            "status" | "posting" | "deliveries" => holds(json["content"].as_str().is_some_and(|text| text.len() > 40), &answer),
            "instance" => holds(json["domain"].is_string(), &answer),
            "actor" => holds(json["publicKey"]["publicKeyPem"].is_string(), &answer),
            "note" => holds(json["type"] == "Note" && json["content"].is_string(), &answer),
            "favourite" | "favourite-remote" => holds(json["favourited"] == true, &answer),
            _ => Ok(()),
        }
    }

    /// Whether an activity left what it should.
    async fn kept(&self, name: &str, call: &Call) -> Result<(), Failure> {
        let sent: Value = serde_json::from_str(&call.body)?;
        let uri =
            if name == "follows" { sent["id"].as_str() } else { sent["object"]["id"].as_str() }.unwrap_or_default().to_owned();
        let there = if name == "follows" {
            self.db
                .read(move |c| Ok(schema::follows::table.filter(schema::follows::uri.eq(uri)).count().get_result::<i64>(c)?))
                .await?
        } else {
            self.db.read(move |c| Ok(rows::table.filter(rows::uri.eq(uri)).count().get_result::<i64>(c)?)).await?
        };
        holds(there == 1, &call.body)
    }

    /// New posts of the owner of a token.
    pub(super) fn posts(&self, token: &str, name: &str, count: usize) -> Vec<Call> {
        let mut dice = Dice::new(self.run.unsigned_abs() + self.round as u64 * 7_919);
        let one = |n| {
            let status = format!("{} {name} {n}.{}", dice.sentence(), self.round);
            Call::post("/api/v1/statuses", "application/json", json!({ "status": status }).to_string()).by(token)
        };
        (0..count).map(one).collect()
    }

    /// Favourites of posts that nobody has liked yet; elsewhere of those whom the reader follows.
    async fn favourites(&self, reach: Reach, count: usize) -> Result<Vec<Call>, Failure> {
        let limit = i64::try_from(count)?;
        let ids: Vec<PostId> = self
            .db
            .read(move |c| {
                let unliked = rows::table
                    .filter(rows::likes_count.eq(0))
                    .filter(rows::boost_of_id.is_null())
                    .filter(rows::deleted_at.is_null())
                    .filter(rows::local.eq(reach == Reach::Local))
                    .order(rows::id.desc())
                    .limit(limit);
                Ok(unliked.select(rows::id).load(c)?)
            })
            .await?;
        counted(ids.len(), count)?;
        Ok(ids
            .iter()
            .map(|id| {
                Call::post(format!("/api/v1/statuses/{id}/favourite"), "application/json", String::new()).by(&self.tokens.reader)
            })
            .collect())
    }

    /// What people whom the reader follows do: half of it posts, a quarter likes and a quarter boosts of posts here.
    async fn inbound(&self, count: usize) -> Result<Vec<Call>, Failure> {
        let targets = self.db.read(|c| recent(c, true, 400)).await?;
        let mut dice = Dice::new(self.run.unsigned_abs() + self.round as u64);
        let mut calls = Vec::with_capacity(count);
        for n in 0..count {
            // The seeding's people: number n lives on host n modulo 20, and the reader follows the first hundred.
            let person = n % 100;
            let host = peers::origin(self.peers.ports.get(person % LIVE).copied().unwrap_or_default());
            let (actor, act) = (format!("{host}/users/person{person}"), format!("{host}/acts/{}-{}-{n}", self.run, self.round));
            let target =
                || json!(targets.get((n / 100 + person * 3 + self.round * 100) % targets.len().max(1)).map(|(_, uri)| uri));
            let sent = match n % 4 {
                0 | 1 => activity("Create", &actor, &act, note(&actor, &format!("{act}/note"), &mut dice)),
                2 => activity("Like", &actor, &act, target()),
                _ => activity("Announce", &actor, &act, target()),
            };
            calls.push(delivery(&self.setup.origin(), "/inbox", &actor, &self.key, &sent)?);
        }
        Ok(calls)
    }

    /// The follow of somebody whom the server has never seen.
    fn follow(&self, n: usize) -> Result<Call, Failure> {
        let host = peers::origin(self.peers.ports.get(n % LIVE).copied().unwrap_or_default());
        let actor = format!("{host}/users/stranger{}x{}x{n}", self.run, self.round);
        let target = format!("{}/users/{POPULAR}", self.setup.origin());
        let sent = activity("Follow", &actor, &format!("{actor}/follow"), json!(target));
        delivery(&self.setup.origin(), &format!("/users/{POPULAR}/inbox"), &actor, &self.key, &sent)
    }

    /// Posts of those whom the reader follows.
    async fn seen(&self) -> Result<Vec<PostId>, Failure> {
        Ok(self.db.read(|c| recent(c, false, 200)).await?.into_iter().map(|(id, _)| id).collect())
    }

    async fn of_author(&self) -> Result<Vec<PostId>, Failure> {
        let ids = self.db.read(|c| {
            let Some(author) = actors::by_handle(c, AUTHOR, None)? else { return Ok(Vec::new()) };
            Ok(rows::table.filter(rows::author_id.eq(author.id)).order(rows::id.desc()).limit(40).select(rows::id).load(c)?)
        });
        Ok(ids.await?)
    }

    async fn thread(&self) -> Result<PostId, Failure> {
        let id = self.db.read(|c| Ok(rows::table.filter(rows::source.like(format!("{THREAD}%"))).select(rows::id).first(c)?));
        Ok(id.await?)
    }
}

/// The newest posts that are no boosts, from here or from elsewhere.
fn recent(c: &mut Connection, local: bool, limit: i64) -> majlis_local::Result<Vec<(PostId, String)>> {
    Ok(rows::table
        .filter(rows::boost_of_id.is_null())
        .filter(rows::local.eq(local))
        .filter(rows::deleted_at.is_null())
        .order(rows::id.desc())
        .limit(limit)
        .select((rows::id, rows::uri))
        .load(c)?)
}

fn counted(have: usize, wanted: usize) -> Result<(), Failure> {
    if have >= wanted { Ok(()) } else { Err(format!("{have} where there should be {wanted}").into()) }
}

fn holds(right: bool, answer: &str) -> Result<(), Failure> {
    if right { Ok(()) } else { Err(format!("an unexpected answer: {}", answer.chars().take(400).collect::<String>()).into()) }
}
