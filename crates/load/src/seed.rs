//! The data: people here and on the other servers, who follow each other and write. Written by the functions of
//! `majlis-local` straight into the database, before the server starts.

use std::path::Path;
use std::time::Instant;

use diesel::prelude::*;
use majlis_local::actors::{self, ActorKind, ProfileChange, RemoteActor};
use majlis_local::attachments::{AttachmentKind, NewAttachment};
use majlis_local::follows::Choices;
use majlis_local::ids::{ActorId, PostId};
use majlis_local::posts::{self, PostKind};
use majlis_local::publish::{self, Draft};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::receive::{self, RemotePost};
use majlis_local::registrations::{self, NewAccount};
use majlis_local::users::Role;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Db, Result, Site, Timestamp, boosts, follow_requests, follows, likes, origin, schema, text};

use crate::Failure;
use crate::peers::{self, LIVE, SILENT, SLOW};
use crate::report::progress;
use crate::words::Dice;

/// Who reads: follows [`FOLLOWED`] people elsewhere and one here.
pub(crate) const READER: &str = "reader";
/// Whose profile is looked at, and who began the long thread.
pub(crate) const AUTHOR: &str = "author";
/// Who posts to followers here only.
pub(crate) const POSTER: &str = "poster";
/// Who has 200 followers on the 20 live hosts.
pub(crate) const BROADCASTER: &str = "broadcaster";
/// Who has 200 followers on 18 live hosts.
pub(crate) const CALM: &str = "calm";
/// Who has 200 followers on 18 live hosts, the slow and the silent one.
pub(crate) const BURSTER: &str = "burster";
/// Whom strangers follow.
pub(crate) const POPULAR: &str = "popular";
/// Who wrote the posts here that are liked.
const WRITERS: &[&str] = &["writer1", "writer2", "writer3", "writer4", "writer5"];

/// People whom the reader follows.
const FOLLOWED: usize = 100;
/// Followers of those who have them elsewhere.
const FOLLOWERS: usize = 200;
/// Answers in the long thread.
pub(crate) const ANSWERS: usize = 100;
/// Posts here that nobody has liked yet.
const LIKEABLE: usize = 6_000;
/// Posts, and people, that one write stores. No more: what a savepoint would undo is a list in memory, which SQLite walks after
/// every statement.
const BATCH: usize = 100;
/// How far back posts go.
const YEAR: i64 = 365 * 24 * 3_600;

/// Where the data is and how large it shall be.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) people: usize,
    pub(crate) posts: usize,
    pub(crate) ports: Vec<u16>,
    pub(crate) public_pem: String,
}

/// Opens the database of a data directory.
pub(crate) async fn open(data: &Path, site: Site) -> std::result::Result<Db, Failure> {
    let path = data.join("majlis.db").to_string_lossy().into_owned();
    Ok(tokio::task::spawn_blocking(move || Db::open(&path, site)).await??)
}

/// Fills a fresh database.
pub(crate) async fn fill(db: &Db, plan: &Plan) -> std::result::Result<(), Failure> {
    let begun = Instant::now();
    let site = db.site().clone();
    db.write(move |c| origin::claim(c, site.origin())).await?;
    for name in [READER, AUTHOR, POSTER, BROADCASTER, CALM, BURSTER, POPULAR].iter().chain(WRITERS) {
        registrations::create_account(
            db,
            NewAccount {
                username: (*name).to_owned(),
                email: format!("{name}@example.org"),
                password: "not used by anybody".to_owned(),
                role: Role::User,
                locale: "en".to_owned(),
                confirmed: true,
            },
        )
        .await?;
    }
    // Three of the five let everybody find their posts, as most people elsewhere do.
    db.write(|c| {
        for writer in &WRITERS[..3] {
            let writer = named(c, writer)?;
            actors::change_profile(c, writer, ProfileChange { indexable: Some(true), ..ProfileChange::default() })?;
        }
        Ok(())
    })
    .await?;
    let people = people(db, plan).await?;
    history(db, plan, &people).await?;
    local_posts(db).await?;
    let (site, some) = (db.site().clone(), people.clone());
    db.write(move |c| relations(c, &site, &some)).await?;
    let (site, some) = (db.site().clone(), people.clone());
    db.write(move |c| conversation(c, &site, &some)).await?;
    for (name, hosts) in audiences() {
        let plan = plan.clone();
        db.write(move |c| followers(c, &plan, name, &hosts)).await?;
    }
    // What the seeding would have had to tell the other servers.
    db.write(|c| Ok(diesel::delete(schema::jobs::table).execute(c)?)).await?;
    progress(&format!("seeded {} people and {} posts in {:.1} s", plan.people, plan.posts, begun.elapsed().as_secs_f64()));
    Ok(())
}

fn audiences() -> Vec<(&'static str, Vec<usize>)> {
    let calm: Vec<usize> = (0..LIVE - 2).collect();
    let burst = calm.iter().copied().chain([SLOW, SILENT]).collect();
    vec![(BROADCASTER, (0..LIVE).collect()), (CALM, calm), (BURSTER, burst)]
}

/// Somebody of a host.
fn remote(plan: &Plan, host: usize, name: String) -> RemoteActor {
    let port = plan.ports.get(host).copied().unwrap_or_default();
    let (origin, domain) = (peers::origin(port), format!("127.0.0.1:{port}"));
    let uri = format!("{origin}/users/{name}");
    RemoteActor {
        display_name: name.clone(),
        domain: domain.clone(),
        host: domain,
        kind: ActorKind::Person,
        summary: "<p>Somebody of another server, with a few words about it.</p>".into(),
        url: Some(format!("{origin}/@{name}")),
        fields: vec![],
        emojis: vec![],
        avatar: Some(format!("{origin}/media/{name}.png")),
        avatar_description: String::new(),
        header: None,
        header_description: String::new(),
        locked: false,
        discoverable: true,
        indexable: name.len().is_multiple_of(2) || host.is_multiple_of(2),
        memorial: false,
        suspended: false,
        also_known_as: vec![],
        attribution_domains: vec![],
        feature_policy: 0,
        created_at: None,
        inbox: format!("{uri}/inbox"),
        shared_inbox: Some(format!("{origin}/inbox")),
        outbox: Some(format!("{uri}/outbox")),
        followers: Some(format!("{uri}/followers")),
        following: Some(format!("{uri}/following")),
        featured: None,
        featured_tags: None,
        key_id: format!("{uri}#main-key"),
        public_key: plan.public_pem.clone(),
        ed25519_public: None,
        username: name,
        uri,
    }
}

/// The people of the live hosts.
async fn people(db: &Db, plan: &Plan) -> std::result::Result<Vec<ActorId>, Failure> {
    let mut all = Vec::with_capacity(plan.people);
    while all.len() < plan.people {
        let (plan, first) = (plan.clone(), all.len());
        let some = first..(first + BATCH).min(plan.people);
        let batch = db.write(move |c| {
            some.map(|n| Ok(actors::store_remote(c, remote(&plan, n % LIVE, format!("person{n}")))?.id))
                .collect::<Result<Vec<_>>>()
        });
        all.extend(batch.await?);
    }
    Ok(all)
}

/// The posts of the other servers: a tenth are boosts, a seventh answers, a tenth with pictures, some with hashtags.
async fn history(db: &Db, plan: &Plan, people: &[ActorId]) -> std::result::Result<(), Failure> {
    let now = Timestamp::now();
    let mut dice = Dice::new(7);
    let mut done = 0;
    let mut recent: Vec<(PostId, String)> = Vec::new();
    while done < plan.posts {
        let count = BATCH.min(plan.posts - done);
        let (all, total, mut own, mut known) = (people.to_vec(), plan.posts, dice.clone(), recent);
        let batch = db.write(move |c| {
            let origin = peers::origin(1);
            for n in done..done + count {
                let author = all[own.below(all.len())];
                // In the order of their times, up to an hour ago.
                let age = YEAR - (YEAR - 3_600) * i64::try_from(n).unwrap_or(0) / i64::try_from(total).unwrap_or(1);
                let at = now.plus_seconds(-age);
                if known.len() > 100 && own.below(10) == 0 {
                    let (boosted, _) = &known[own.below(known.len())];
                    let post = posts::get(c, *boosted)?;
                    boosts::receive(c, author, &post, &format!("{origin}/boosts/{n}"), Visibility::Public, at)?;
                    continue;
                }
                let parent = (known.len() > 100 && own.below(7) == 0).then(|| known[own.below(known.len())].1.clone());
                let post = remote_post(&mut own, author, format!("{origin}/notes/{n}"), at, parent);
                if let Some(post) = receive::post(c, post, false)? {
                    known.push((post.id, post.uri));
                }
            }
            let superfluous = known.len().saturating_sub(1_000);
            known.drain(..superfluous);
            Ok((own, known))
        });
        (dice, recent) = batch.await?;
        done += count;
        if done.is_multiple_of(100_000) {
            progress(&format!("{done} posts"));
        }
    }
    Ok(())
}

fn remote_post(dice: &mut Dice, author: ActorId, uri: String, at: Timestamp, in_reply_to_uri: Option<String>) -> RemotePost {
    let mut content = format!("<p>{}</p>", dice.sentence());
    let mut hashtags = Vec::new();
    if dice.below(5) == 0 {
        let name = format!("tag{}", dice.below(300));
        content.push_str(&format!("<p><a href=\"https://example.org/tags/{name}\" rel=\"tag\">#{name}</a></p>"));
        hashtags.push(text::Hashtag { key: text::hashtag_key(&name), name });
    }
    let picture = (dice.below(10) == 0).then(|| NewAttachment {
        kind: Some(AttachmentKind::Image),
        mime: Some("image/jpeg".into()),
        remote_url: Some(format!("{uri}.jpg")),
        description: dice.sentence(),
        width: Some(1_200),
        height: Some(800),
        blurhash: Some("LEHV6nWB2yk8pyo0adR*.7kCMdnj".into()),
        ..NewAttachment::default()
    });
    RemotePost {
        url: Some(uri.clone()),
        uri,
        author,
        kind: PostKind::Note,
        visibility: Visibility::Public,
        in_reply_to_uri,
        conversation: None,
        content,
        summary: if dice.below(20) == 0 { "A warning".into() } else { String::new() },
        sensitive: false,
        language: Some("en".into()),
        emojis: vec![],
        mentioned: vec![],
        silently_mentioned: vec![],
        hashtags,
        attachments: picture.into_iter().collect(),
        poll: None,
        quote: None,
        quote_policy: QuotePolicy::PUBLIC,
        created_at: at,
        edited_at: None,
    }
}

fn named(c: &mut Connection, name: &str) -> Result<ActorId> {
    Ok(actors::by_handle(c, name, None)?.ok_or(majlis_local::Error::NotFound("account"))?.id)
}

fn draft(text: String) -> Draft {
    Draft { text, character_limit: 5_000, ..Draft::default() }
}

/// The posts of the writers here.
async fn local_posts(db: &Db) -> std::result::Result<(), Failure> {
    let mut dice = Dice::new(11);
    for step in 0..LIKEABLE / BATCH {
        let (site, mut own) = (db.site().clone(), dice.clone());
        dice = db
            .write(move |c| {
                let writer = named(c, WRITERS[step % WRITERS.len()])?;
                for _ in 0..BATCH {
                    let draft = Draft { language: Some("en".into()), ..draft(own.sentence()) };
                    publish::publish(c, &site, writer, draft)?;
                }
                Ok(own)
            })
            .await?;
    }
    Ok(())
}

/// Whom the reader follows, who follows the poster, and what the reader is told.
fn relations(c: &mut Connection, site: &Site, people: &[ActorId]) -> Result<()> {
    let (reader, author, poster) = (named(c, READER)?, named(c, AUTHOR)?, named(c, POSTER)?);
    for target in people.iter().take(FOLLOWED) {
        follows::follow(c, site, reader, *target, &Choices::default())?;
        follow_requests::receive_accept(c, *target, None, Some(reader))?;
    }
    for writer in WRITERS {
        let writer = named(c, writer)?;
        follows::follow(c, site, writer, poster, &Choices::default())?;
        follows::follow(c, site, writer, author, &Choices::default())?;
    }
    let mut dice = Dice::new(13);
    let mine: Vec<posts::Post> =
        (0..3).map(|_| publish::publish(c, site, reader, draft(dice.sentence()))).collect::<Result<_>>()?;
    for (n, person) in people.iter().skip(FOLLOWED).take(60).enumerate() {
        let (post, uri) = (&mine[n % mine.len()], format!("{}/acts/{n}", peers::origin(1)));
        match n % 4 {
            0 => drop(likes::receive(c, *person, post, &uri)?),
            1 => drop(boosts::receive(c, *person, post, &uri, Visibility::Public, Timestamp::now())?),
            2 => follows::receive(c, &uri, *person, reader)?,
            _ => {
                let parent = Some(post.uri.clone());
                let answer =
                    RemotePost { mentioned: vec![reader], ..remote_post(&mut dice, *person, uri, Timestamp::now(), parent) };
                receive::post(c, answer, true)?;
            }
        }
    }
    Ok(())
}

/// The author's posts, and the thread with a hundred answers, half of them answers to answers.
fn conversation(c: &mut Connection, site: &Site, people: &[ActorId]) -> Result<()> {
    let author = named(c, AUTHOR)?;
    let mut dice = Dice::new(17);
    let root = publish::publish(c, site, author, draft(format!("{} {}", THREAD, dice.sentence())))?;
    let mut uris = vec![root.uri];
    for n in 0..ANSWERS {
        let parent = uris[if n.is_multiple_of(2) { 0 } else { dice.below(uris.len()) }].clone();
        let person = people[dice.below(people.len())];
        let uri = format!("{}/answers/{n}", peers::origin(1));
        if let Some(post) = receive::post(c, remote_post(&mut dice, person, uri, Timestamp::now(), Some(parent)), false)? {
            uris.push(post.uri);
        }
    }
    for _ in 0..40 {
        publish::publish(c, site, author, draft(format!("{} #majlis https://example.org/{}", dice.sentence(), dice.below(99))))?;
    }
    Ok(())
}

/// The first word of the long thread.
pub(crate) const THREAD: &str = "Threadbeginning";

/// Two hundred followers of somebody, spread over some hosts.
fn followers(c: &mut Connection, plan: &Plan, name: &str, hosts: &[usize]) -> Result<()> {
    let target = named(c, name)?;
    for n in 0..FOLLOWERS {
        let host = hosts[n % hosts.len()];
        let actor = actors::store_remote(c, remote(plan, host, format!("{name}follower{n}")))?;
        follows::receive(c, &format!("{}#follow", actor.uri), actor.id, target)?;
    }
    Ok(())
}
