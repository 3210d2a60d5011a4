//! What each kind of server sends, as its fixtures have it: taken in, shown to people here by the API, and answered.

use majlis_federation::activities::{self, Handled};
use majlis_federation::vocab::{Activity, Object};
use majlis_federation::{objects, outbound};
use majlis_local::actors::{self, Actor};
use majlis_local::ids::JobId;
use majlis_local::jobs::{self, Change, Job};
use majlis_local::schema::activities as sent;
use majlis_local::testing::people;
use majlis_local::{Connection, instances};
use serde_json::{Value, json};

use crate::testing::TestApp;

/// A server, the fixture with a post, and what of it people here must see.
struct Peer {
    software: &'static str,
    post: &'static str,
    /// A part of the text.
    says: &'static str,
    warning: &'static str,
    visibility: &'static str,
    attachments: usize,
}

const PEERS: &[Peer] = &[
    Peer {
        software: "mastodon",
        post: "create-note",
        says: "صباح الخير",
        warning: "Breakfast",
        visibility: "public",
        attachments: 1,
    },
    Peer { software: "gotosocial", post: "create-note", says: "hi ", warning: "", visibility: "public", attachments: 1 },
    Peer { software: "akkoma", post: "create-note", says: "look ", warning: "", visibility: "public", attachments: 1 },
    Peer {
        software: "misskey",
        post: "create-note",
        says: "こんにちは",
        warning: "ネタバレ",
        visibility: "unlisted",
        attachments: 1,
    },
    Peer { software: "lemmy", post: "create-comment", says: "hello", warning: "", visibility: "public", attachments: 0 },
    Peer { software: "pixelfed", post: "create-note", says: "Dunes", warning: "", visibility: "public", attachments: 2 },
    Peer {
        software: "peertube",
        post: "create-video",
        says: "night in the desert",
        warning: "",
        visibility: "public",
        attachments: 1,
    },
    Peer { software: "threads", post: "create-note", says: "Ten km at dawn", warning: "", visibility: "public", attachments: 1 },
    Peer { software: "mitra", post: "create-note", says: "from Mitra", warning: "", visibility: "public", attachments: 0 },
];

fn fixture(software: &str, name: &str) -> Vec<u8> {
    let path = format!("{}/../federation/fixtures/{software}/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn activity(software: &str, name: &str) -> Activity {
    Activity::from_slice(&fixture(software, name)).unwrap()
}

/// The fixture's actor as a row, as if its profile had been fetched.
fn arrive(c: &mut Connection, software: &str) -> majlis_local::Result<Actor> {
    let Object::Actor(actor) = Object::from_slice(&fixture(software, "actor")).unwrap() else { panic!("{software}: no actor") };
    let domain = instances::host_of(&actor.id).unwrap();
    actors::store_remote(c, objects::actor::read(&actor, &domain).unwrap())
}

/// Carries out what waits to be told to others, and gives back the activities that are on their way.
fn tell(c: &mut Connection) -> majlis_local::Result<Vec<Value>> {
    use diesel::prelude::*;
    let site = people::site();
    diesel::delete(sent::table).execute(c)?;
    for (n, job) in (1..).zip(jobs::all(c)?) {
        let Job::Federate { change } = job else { continue };
        if matches!(change, Change::Accepted { .. } | Change::Posted { .. }) {
            outbound::federate(c, &site, JobId(n), &change)?;
        }
    }
    let bodies: Vec<String> = sent::table.select(sent::body).order(sent::id).load(c)?;
    Ok(bodies.iter().map(|body| serde_json::from_str(body).unwrap()).collect())
}

#[actix_web::test]
async fn what_every_kind_of_server_sends_is_shown_and_answered() {
    for peer in PEERS {
        let (software, app) = (peer.software, TestApp::new());
        let amal = app.user("amal").await;
        let me = amal.id();
        let actor = app
            .write(move |c| {
                let actor = arrive(c, software)?;
                people::follow(c, me, actor.id);
                Ok(actor)
            })
            .await;

        // It asks to follow, and is told that it does.
        let (site, who) = (people::site(), actor.clone());
        let (handled, answers) =
            app.write(move |c| Ok((activities::handle(c, &site, &activity(software, "follow"), &who)?, tell(c)?))).await;
        assert_eq!(handled, Handled::Done, "{software}");
        let follow: Value = serde_json::from_slice(&fixture(software, "follow")).unwrap();
        assert_eq!((&answers[0]["type"], &answers[0]["object"]["id"]), (&json!("Accept"), &follow["id"]), "{software}");

        // What it writes is shown as it was meant.
        let (site, who) = (people::site(), actor.clone());
        let handled = app.write(move |c| activities::handle(c, &site, &activity(software, peer.post), &who)).await;
        assert_eq!(handled, Handled::Done, "{software}");
        let create: Value = serde_json::from_slice(&fixture(software, peer.post)).unwrap();
        let statuses = amal.get(&format!("/api/v1/accounts/{}/statuses", actor.id)).await.ok();
        let status = &statuses[0];
        assert_eq!(status["uri"], create["object"]["id"], "{software}");
        assert_eq!(status["account"]["username"], actor.username, "{software}");
        let content = status["content"].as_str().unwrap();
        assert!(!content.is_empty() && content.contains(peer.says) && !content.contains("<script"), "{software}: {content}");
        assert_eq!(
            (&status["spoiler_text"], &status["visibility"]),
            (&json!(peer.warning), &json!(peer.visibility)),
            "{software}"
        );
        assert_eq!(status["media_attachments"].as_array().unwrap().len(), peer.attachments, "{software}");
        let home = amal.get("/api/v1/timelines/home").await.ok();
        let at_home = home.as_array().unwrap().iter().any(|shown| shown["id"] == status["id"]);
        assert_eq!(at_home, create["object"]["inReplyTo"].is_null(), "{software}: home shows no answers to those not followed");

        // An answer from here names the post and goes to its author.
        let reply = json!({ "status": format!("@{} thanks", status["account"]["acct"].as_str().unwrap()), "in_reply_to_id": status["id"] });
        amal.post_json("/api/v1/statuses", reply).await.ok();
        let sent = app.write(tell).await;
        let note = &sent.iter().find(|activity| activity["type"] == "Create").unwrap()["object"];
        assert_eq!(note["inReplyTo"], create["object"]["id"], "{software}");
        let addressed = |field: &str| note[field].as_array().is_some_and(|to| to.contains(&json!(actor.uri)));
        assert!(addressed("to") || addressed("cc"), "{software}: {note}");

        // What it deletes is gone.
        let delete = json!({
            "id": format!("{}#gone", create["object"]["id"].as_str().unwrap()), "type": "Delete", "actor": actor.uri,
            "object": create["object"]["id"],
        });
        let who = actor.clone();
        let handled = app
            .write(move |c| {
                let delete = Activity::from_slice(delete.to_string().as_bytes()).unwrap();
                activities::handle(c, &people::site(), &delete, &who)
            })
            .await;
        assert_eq!(handled, Handled::Done, "{software}");
        assert_eq!(amal.get(&format!("/api/v1/accounts/{}/statuses", actor.id)).await.ok(), json!([]), "{software}");
    }
}
