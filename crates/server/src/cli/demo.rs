//! `majlis demo`: two servers in one process, on ports of this machine, with people on both who follow each other, write in
//! Arabic and English, answer, like and boost. All of it crosses by the same federation as anywhere else.

mod person;

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use futures_util::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::serve::told_to_stop;
use super::{Failure, output};
use crate::config::Config;
use crate::config::sources::Given;
use crate::probes::Metrics;
use crate::serve::Server;
use person::Person;

/// Everybody's password.
const PASSWORD: &str = "majlis demo";
/// How long anything may take to cross: much longer than it does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of the demonstration.
struct House {
    title: &'static str,
    /// Two names for one machine: browsers keep log-ins by name and not by port.
    host: &'static str,
    locale: &'static str,
    people: &'static [Profile],
}

/// Somebody who lives there.
struct Profile {
    name: &'static str,
    display_name: &'static str,
    note: &'static str,
}

const HOUSES: [House; 2] = [
    House {
        title: "مجلس الحي", // typos: other language
        host: "localhost",
        locale: "ar",
        people: &[
            Profile { name: "amina", display_name: "أمينة", note: "أكتب عن الكتب والشاي." }, // typos: other language
            Profile { name: "badr", display_name: "بدر", note: "مصوّر، أحب الجبال." },        // typos: other language
            Profile { name: "carol", display_name: "Carol", note: "Gardens, trains, and a little Arabic." },
        ],
    },
    House {
        title: "The Reading Room",
        host: "127.0.0.1",
        locale: "en",
        people: &[
            Profile { name: "dana", display_name: "Dana", note: "Librarian. I read everything twice." },
            Profile { name: "elias", display_name: "إلياس", note: "مترجم بين لغتين." }, // typos: other language
            Profile { name: "farah", display_name: "Farah", note: "Bread, bicycles, bridges." },
        ],
    },
];

/// Who follows whom, by name.
const FOLLOWS: &[(&str, &str)] = &[
    ("dana", "amina"),
    ("elias", "amina"),
    ("farah", "badr"),
    ("elias", "carol"),
    ("amina", "dana"),
    ("amina", "elias"),
    ("badr", "farah"),
    ("carol", "dana"),
    ("badr", "amina"),
    ("farah", "dana"),
];

/// What people say: who, in which language, what.
const POSTS: &[(&str, &str, &str)] = &[
    ("amina", "ar", "السلام عليكم من مجلس الحي! ماذا تقرؤون هذه الأيام؟ #كتب"), // typos: other language
    ("dana", "en", "The #books cart is full again. What should go on top?"),
    ("badr", "ar", "الضوء على الجبل هذا الصباح يستحق الاستيقاظ باكرا. #صباح"), // typos: other language
    ("elias", "ar", "كلمة اليوم: مجلس، مكان يجلس فيه الناس ويتحدثون."),       // typos: other language
    ("carol", "en", "First tomatoes of the year. Small, and very proud of themselves. #garden"),
    ("farah", "en", "Forty kilometres along the river, one flat tyre, three kinds of bread."),
];

/// Runs the demonstration until Ctrl-C, or with `once` until everything has crossed.
///
/// # Errors
/// When a server cannot start, or something does not cross.
pub async fn run(once: bool) -> Result<ExitCode, Failure> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let mut servers = Vec::new();
    for (house, folder) in HOUSES.iter().zip(&folders) {
        servers.push(Server::start(&config(house, folder)?, Metrics::install()).await?);
    }
    let shown = tokio::select! {
        shown = show(&servers, once) => shown,
        () = told_to_stop() => Ok(()),
    };
    for server in servers {
        server.stop().await?;
    }
    shown.map(|()| ExitCode::SUCCESS)
}

/// Everything between start and stop; without `once` it never ends by itself.
async fn show(servers: &[Server], once: bool) -> Result<(), Failure> {
    let people = move_in(servers).await?;
    output::print(&guide(servers, &people));
    let (links, posts) = (follow(&people).await?, write(&people).await?);
    output::print(&format!("  {links} follows were asked for and accepted, most of them across the two servers"));
    let (read, answers) = (read(&people, &posts).await?, talk(&people, &posts).await?);
    output::print(&format!("  {read} posts arrived in the home timelines of followers on the other server"));
    output::print(&format!("  {answers} answers, favourites and boosts came back to those whom they concern"));
    if once {
        return Ok(());
    }
    output::print("\nLook around. Ctrl-C stops both servers and deletes what they hold.");
    std::future::pending().await
}

/// A server on a free port that keeps everything in a folder which goes away.
fn config(house: &House, folder: &TempDir) -> Result<Config, Failure> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let flags = [
        ("listen", format!("127.0.0.1:{port}")),
        ("origin", format!("http://{}:{port}", house.host)),
        ("data_dir", folder.path().display().to_string()),
        ("title", house.title.to_owned()),
        ("locale", house.locale.to_owned()),
        ("rate_limits", "off".to_owned()),
        ("private_peers", "on".to_owned()),
        ("workers", "2".to_owned()),
    ];
    Ok(Config::load(&Given { flags: flags.into(), ..Given::default() })?.config)
}

/// Makes everybody's account and profile.
async fn move_in(servers: &[Server]) -> Result<Vec<Person>, Failure> {
    let mut people = Vec::new();
    for (house, server) in HOUSES.iter().zip(servers) {
        for profile in house.people {
            let person = Person::join(server, profile.name, house.locale, PASSWORD).await?;
            let about = json!({ "display_name": profile.display_name, "note": profile.note });
            person.call(Method::PATCH, "/api/v1/accounts/update_credentials", Some(about)).await?;
            people.push(person);
        }
    }
    Ok(people)
}

/// What to open and how to log in.
fn guide(servers: &[Server], people: &[Person]) -> String {
    let mut page = String::from("Two servers on this machine, and people who talk across them\n");
    for (house, server) in HOUSES.iter().zip(servers) {
        let _ = writeln!(page, "\n  {}: {}", house.title, server.origin);
        for profile in house.people {
            if let Some(person) = people.iter().find(|person| person.name == profile.name) {
                let _ = writeln!(page, "    {:<8} {}", profile.display_name, person.page());
            }
        }
        let _ = writeln!(page, "    Log in   {}/auth/sign_in as {}@demo.example", server.origin, house.people[0].name);
    }
    let _ = write!(page, "\n  Everybody's password is \"{PASSWORD}\", everybody's address NAME@demo.example.\n");
    page
}

fn named<'a>(people: &'a [Person], name: &str) -> Result<&'a Person, Failure> {
    Ok(people.iter().find(|person| person.name == name).ok_or_else(|| format!("nobody is called {name}"))?)
}

/// Everybody follows whom they follow; gives back how many that are, once all are accepted.
async fn follow(people: &[Person]) -> Result<usize, Failure> {
    let follows = FOLLOWS.iter().map(async |(who, whom)| {
        let (who, whom) = (named(people, who)?, named(people, whom)?);
        let id = who.account(&whom.handle).await?;
        who.call(Method::POST, &format!("/api/v1/accounts/{id}/follow"), None).await?;
        let accepted = format!("{} follows {}", who.handle, whom.handle);
        eventually(&accepted, async || {
            let relationships = who.call(Method::GET, &format!("/api/v1/accounts/relationships?id[]={id}"), None).await?;
            Ok((relationships[0]["following"] == true).then_some(()))
        })
        .await
    });
    Ok(try_join_all(follows).await?.len())
}

/// What somebody said.
struct Said {
    author: &'static str,
    uri: String,
}

/// Everybody says what they say.
async fn write(people: &[Person]) -> Result<Vec<Said>, Failure> {
    let mut said = Vec::new();
    for (author, language, text) in POSTS {
        let post = json!({ "status": text, "language": language, "visibility": "public" });
        let status = named(people, author)?.call(Method::POST, "/api/v1/statuses", Some(post)).await?;
        said.push(Said { author, uri: text_of(&status, "uri")? });
    }
    Ok(said)
}

/// Waits until each post is in the home timeline of each follower on the other server; gives back how many that are.
async fn read(people: &[Person], posts: &[Said]) -> Result<usize, Failure> {
    let mut expected = Vec::new();
    for (who, whom) in FOLLOWS {
        let (who, whom) = (named(people, who)?, named(people, whom)?);
        if who.base != whom.base {
            expected.extend(posts.iter().filter(|post| post.author == whom.name).map(|post| (who, post)));
        }
    }
    let arrivals = expected.iter().map(async |(who, post)| who.find_at_home(&post.uri).await);
    Ok(try_join_all(arrivals).await?.len())
}

/// Somebody on the other server answers, likes and boosts; the author sees all of it.
async fn talk(people: &[Person], posts: &[Said]) -> Result<usize, Failure> {
    let mut count = 0;
    for (author, reader, answer, language) in [
        ("amina", "dana", "Welcome from across the street! A history of tea houses, as it happens.", "en"),
        ("dana", "amina", "الشعر دائما في الأعلى. Poetry on top, always.", "ar"), // typos: other language
    ] {
        let (author, reader) = (named(people, author)?, named(people, reader)?);
        let Some(post) = posts.iter().find(|post| post.author == author.name) else { continue };
        let id = reader.find_at_home(&post.uri).await?;
        let reply = json!({ "status": format!("{} {answer}", author.handle), "in_reply_to_id": id, "language": language });
        reader.call(Method::POST, "/api/v1/statuses", Some(reply)).await?;
        reader.call(Method::POST, &format!("/api/v1/statuses/{id}/favourite"), None).await?;
        reader.call(Method::POST, &format!("/api/v1/statuses/{id}/reblog"), None).await?;
        for kind in ["mention", "favourite", "reblog"] {
            author.is_notified(kind, &reader.handle).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// A text of a JSON object.
fn text_of(object: &Value, name: &str) -> Result<String, Failure> {
    Ok(object[name].as_str().ok_or_else(|| format!("an answer has no {name}: {object}"))?.to_owned())
}

/// Asks again until there is an answer.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("this did not cross within {} s: {what}", PATIENCE.as_secs()).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
