//! What an inbox believes, and what not: forged, foreign, old, altered, repeated, early, unknown.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use chrono::{TimeDelta, Utc};
use majlis_federation::sig::{PrivateKey, Scheme};
use majlis_local::instances::{self, Policy};
use majlis_local::keypairs::KeyPair;
use majlis_local::{Timestamp, actors, posts, received, reports};
use serde_json::json;
use support::{Peer, Server, draft, post};

#[tokio::test]
async fn only_fresh_and_fitting_signatures_of_the_actor_are_believed() {
    let (here, peer) = (Server::start().await, Peer::start().await);
    let ali = here.person("ali").await;
    let inbox = format!("{}/inbox", here.origin);
    let create = |n: &str| peer.activity(&format!("c{n}"), "Create", peer.note(n, &ali));
    let forged = PrivateKey::from_pem(&KeyPair::generate().unwrap().private_pem).unwrap();
    let (now, key, id) = (Utc::now(), &peer.key, peer.key_id.as_str());
    for scheme in [Scheme::Cavage, Scheme::Rfc9421] {
        let body = || create("refused").to_string();
        let spoil_none = |_: &mut Vec<(&'static str, String)>| {};
        assert_eq!(peer.send_as(&inbox, body(), scheme, now, id, &forged, spoil_none).await, 401, "another key");
        assert_eq!(peer.send_as(&inbox, body(), scheme, now - TimeDelta::hours(13), id, key, spoil_none).await, 401, "old");
        assert_eq!(peer.send_as(&inbox, body(), scheme, now + TimeDelta::hours(2), id, key, spoil_none).await, 401, "future");
        let elsewhere = format!("http://127.0.0.1:1/{}", "inbox");
        let signed_elsewhere = {
            let url = url::Url::parse(&elsewhere).unwrap();
            let digest = majlis_federation::sig::BodyDigest::of(body().as_bytes());
            let out = majlis_federation::sig::Outgoing { method: "POST", url: &url, digest: Some(&digest) };
            majlis_federation::sig::sign(out, scheme, id, key, now).unwrap()
        };
        assert_eq!(post(&inbox, body(), signed_elsewhere).await, 401, "another host");
    }
    let altered = peer.send_as(&inbox, create("refused").to_string(), Scheme::Cavage, now, id, key, |fields| {
        for field in fields.iter_mut().filter(|f| f.0 == "digest") {
            field.1 = "SHA-256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into();
        }
    });
    assert_eq!(altered.await, 401, "altered body");
    assert_eq!(post(&inbox, create("refused").to_string(), vec![]).await, 401, "no signature");
    let refused = format!("{}/refused", peer.origin);
    assert!(here.read(move |c| posts::by_uri(c, &refused)).await.is_none());
    for (n, scheme) in [("one", Scheme::Cavage), ("two", Scheme::Rfc9421)] {
        assert_eq!(peer.send_as(&inbox, create(n).to_string(), scheme, now, id, key, |_| {}).await, 202);
        let uri = format!("{}/{n}", peer.origin);
        assert!(here.read(move |c| posts::by_uri(c, &uri)).await.is_some());
    }
    here.stop().await;
    peer.stop().await;
}

#[tokio::test]
async fn nobody_speaks_for_another() {
    let (here, peer, other) = (Server::start().await, Peer::start().await, Peer::start().await);
    let ali = here.person("ali").await;
    let inbox = format!("{}/inbox", here.origin);
    let theirs = other.activity("c1", "Create", other.note("n1", &ali));
    assert_eq!(peer.send(&inbox, &theirs).await, 403, "an activity of another actor");
    let mut foreign_id = peer.activity("c2", "Create", peer.note("n2", &ali));
    foreign_id["id"] = json!(format!("{}/c2", other.origin));
    assert_eq!(peer.send(&inbox, &foreign_id).await, 403, "an id on another host");
    let foreign_note = peer.activity("c3", "Create", other.note("n3", &ali));
    assert_eq!(peer.send(&inbox, &foreign_note).await, 403, "a note of another host");
    let mut put_words = peer.note("n4", &ali);
    put_words["attributedTo"] = json!(other.actor);
    assert_eq!(peer.send(&inbox, &peer.activity("c4", "Create", put_words)).await, 403, "words in another mouth");
    assert_eq!(other.send(&inbox, &other.activity("c5", "Create", other.note("n5", &ali))).await, 202);
    assert_eq!(peer.send(&inbox, &peer.activity("d5", "Delete", json!(format!("{}/n5", other.origin)))).await, 403);
    assert_eq!(peer.send(&inbox, &peer.activity("d6", "Delete", json!(ali.uri))).await, 403);
    let uri = format!("{}/n5", other.origin);
    assert!(here.read(move |c| posts::by_uri(c, &uri)).await.unwrap().deleted_at.is_none());
    here.stop().await;
    for peer in [peer, other] {
        peer.stop().await;
    }
}

#[tokio::test]
async fn replays_early_deletes_unknown_types_and_floods_cost_nothing() {
    let (here, peer) = (Server::start().await, Peer::start().await);
    let ali = here.person("ali").await;
    let inbox = format!("{}/inbox", here.origin);
    // A flood of self-deletions of people we never knew: no signature is checked, nobody is asked.
    for n in 0..20 {
        let mut gone = peer.activity(&format!("flood{n}"), "Delete", json!(peer.actor));
        gone["to"] = json!([]);
        assert_eq!(post(&inbox, gone.to_string(), vec![]).await, 202);
    }
    assert_eq!(peer.requests(), 0);
    let create = peer.activity("c1", "Create", peer.note("n1", &ali));
    assert_eq!(peer.send(&inbox, &create).await, 202);
    let asked = peer.requests();
    assert!((1..=3).contains(&asked), "profile and webfinger: {asked}");
    let mut changed = create.clone();
    changed["object"]["content"] = json!("<p>another text under the same id</p>");
    assert_eq!(peer.send(&inbox, &changed).await, 202, "a replay is answered like the first");
    let uri = format!("{}/n1", peer.origin);
    let stored = here.read(move |c| posts::by_uri(c, &uri)).await.unwrap();
    assert_eq!(stored.content, "<p>hello</p>");
    assert_eq!(peer.send(&inbox, &peer.activity("x1", "Sneeze", json!(ali.uri))).await, 202);
    assert_eq!(
        peer.send(&inbox, &peer.activity("d2", "Delete", json!({"type": "Tombstone", "id": format!("{}/n2", peer.origin)})))
            .await,
        202
    );
    assert_eq!(peer.send(&inbox, &peer.activity("c2", "Create", peer.note("n2", &ali))).await, 202);
    let uri = format!("{}/n2", peer.origin);
    assert!(here.read(move |c| posts::by_uri(c, &uri)).await.is_none(), "deleted before it came");
    assert_eq!(peer.requests(), asked, "a known key needs no network");
    here.stop().await;
    peer.stop().await;
}

#[tokio::test]
async fn bad_requests_are_refused_cheaply() {
    let (here, peer) = (Server::start().await, Peer::start().await);
    let ali = here.person("ali").await;
    let inbox = format!("{}/inbox", here.origin);
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, status) in [
        ("not json".to_owned(), 400),
        ("{}".to_owned(), 400),
        (json!({"id": "x", "type": "Create"}).to_string(), 400),
        (format!("{{\"id\":{deep}}}"), 400),
        ("x".repeat(1_100_000), 413),
    ] {
        assert_eq!(post(&inbox, body, vec![]).await, status);
    }
    let plain = support::client().post(&inbox).header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 415);
    let host = instances::host_of(&peer.origin).unwrap();
    here.write(move |c| instances::set_policy(c, &host, Policy::Suspend, None, None)).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(peer.send(&inbox, &peer.activity("c1", "Create", peer.note("n1", &ali))).await, 403);
    assert_eq!(peer.requests(), 0, "a blocked server is not even asked for its key");
    here.stop().await;
    peer.stop().await;
}

#[tokio::test]
async fn undo_works_whole_and_by_bare_id() {
    let (here, peer) = (Server::start().await, Peer::start().await);
    let ali = here.person("ali").await;
    let mine = here.post(&ali, draft("mine")).await;
    let inbox = format!("{}/users/ali/inbox", here.origin);
    let id = mine.id;
    let count = async || {
        let post = here.read(move |c| posts::get(c, id)).await;
        (post.likes_count, post.boosts_count)
    };
    for (n, whole) in [(1, true), (2, false)] {
        let like = peer.activity(&format!("like{n}"), "Like", json!(mine.uri));
        let boost = peer.activity(&format!("boost{n}"), "Announce", json!(mine.uri));
        assert_eq!((peer.send(&inbox, &like).await, peer.send(&inbox, &boost).await), (202, 202));
        assert_eq!(count().await, (1, 1));
        let object = |activity: &serde_json::Value| if whole { activity.clone() } else { activity["id"].clone() };
        assert_eq!(peer.send(&inbox, &peer.activity(&format!("ul{n}"), "Undo", object(&like))).await, 202);
        assert_eq!(peer.send(&inbox, &peer.activity(&format!("ub{n}"), "Undo", object(&boost))).await, 202);
        assert_eq!(count().await, (0, 0));
    }
    let follow = peer.activity("f1", "Follow", json!(ali.uri));
    assert_eq!(peer.send(&inbox, &follow).await, 202);
    let id = ali.id;
    assert_eq!(here.read(move |c| actors::get(c, id)).await.followers_count, 1);
    assert_eq!(peer.send(&inbox, &peer.activity("uf1", "Undo", follow["id"].clone())).await, 202);
    assert_eq!(here.read(move |c| actors::get(c, id)).await.followers_count, 0);

    // Misskey's follows have one id for ever, and what was received is forgotten after a month.
    for undo in ["uf2", "uf3"] {
        assert_eq!(peer.send(&inbox, &follow).await, 202);
        assert_eq!(here.read(move |c| actors::get(c, id)).await.followers_count, 1);
        here.write(|c| received::purge(c, Timestamp::now().plus_seconds(60), 1_000)).await;
        assert_eq!(peer.send(&inbox, &peer.activity(undo, "Undo", follow["id"].clone())).await, 202);
        assert_eq!(here.read(move |c| actors::get(c, id)).await.followers_count, 0);
    }
    here.stop().await;
    peer.stop().await;
}

#[tokio::test]
async fn a_report_is_kept_for_the_moderators() {
    let (here, peer) = (Server::start().await, Peer::start().await);
    let ali = here.person("ali").await;
    let bea = here.person("bea").await;
    let (mine, hers) = (here.post(&ali, draft("mine")).await, here.post(&bea, draft("hers")).await);
    let inbox = format!("{}/inbox", here.origin);
    let objects = json!([ali.uri, mine.uri, mine.uri, "https://elsewhere.example/1", 7, hers.uri]);
    let mut flag = peer.activity("flag1", "Flag", objects);
    flag["content"] = json!("<p>Spam</p>");
    assert_eq!(peer.send(&inbox, &flag).await, 202);
    let alone = peer.activity("flag2", "Flag", json!([hers.uri]));
    assert_eq!(peer.send(&inbox, &alone).await, 202);
    let nobody = peer.activity("flag3", "Flag", json!(["https://elsewhere.example/1", format!("{}/actor", here.origin)]));
    assert_eq!(peer.send(&inbox, &nobody).await, 202);
    let filed = here
        .read(|c| {
            let page = majlis_local::Page::newest(9);
            let mut filed = Vec::new();
            for report in reports::list(c, false, &page)?.items {
                let shown: Vec<_> = reports::evidence(c, report.id)?.into_iter().map(|(post, _)| post).collect();
                filed.push((report.target_id, report.comment, shown));
            }
            Ok(filed)
        })
        .await;
    assert_eq!(filed, [(bea.id, String::new(), vec![hers.id]), (ali.id, "Spam".to_owned(), vec![mine.id])]);
    here.stop().await;
    peer.stop().await;
}
