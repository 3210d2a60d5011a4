//! Two servers that follow, post, answer, like, boost, edit and delete across, in both signature schemes.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod support;

use majlis_local::actors;
use majlis_local::follows::Choices;
use majlis_local::instances::{self, Scheme};
use majlis_local::notifications::{self, NotificationKind};
use majlis_local::publish::{self, Draft, Revision};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::quotes::{self, QuoteState};
use majlis_local::visibility::Visibility;
use majlis_local::{
    boosts, collection_items, collections, featured_tags, follow_requests, follows, likes, moves, pins, posts, reactions, reports,
};
use support::{Server, draft, get};

async fn everything_crosses(scheme: Scheme) {
    let (here, there) = (Server::start().await, Server::start().await);
    for (server, other) in [(&here, &there), (&there, &here)] {
        let host = other.db.site().domain().to_owned();
        server.write(move |c| instances::learn_scheme(c, &host, scheme)).await;
    }
    let (ali, zoe) = (here.person("ali").await, there.person("zoe").await);
    let zoe_here = here.look_up(&zoe, &there).await;
    assert_eq!(zoe_here.acct(), format!("zoe@{}", there.db.site().domain()));

    // Ali follows Zoe.
    let (site, a, z) = (here.db.site().clone(), ali.id, zoe_here.id);
    here.write(move |c| follows::follow(c, &site, a, z, &Choices::default())).await;
    here.eventually("the Accept", move |c| follows::get(c, a, z)).await;
    let ali_there = there.known(&ali).await.unwrap();
    assert_eq!(there.read(move |c| actors::get(c, zoe.id)).await.followers_count, 1);

    // Zoe posts; it arrives here, once.
    let zoe = there.read(move |c| actors::get(c, zoe.id)).await;
    let hello = there.post(&zoe, Draft { summary: "تنبيه".into(), ..draft("مرحبا #سلام") }).await;
    let uri = hello.uri.clone();
    let arrived = here.eventually("the post", move |c| posts::by_uri(c, &uri)).await;
    assert_eq!((majlis_local::text::plain(&arrived.content).as_str(), arrived.summary.as_str()), ("مرحبا #سلام", "تنبيه"));
    assert_eq!((arrived.visibility, arrived.author_id), (Visibility::Public, z));

    // Ali answers, likes and boosts it.
    let answer = here.post(&ali, Draft { in_reply_to: Some(arrived.id), ..draft(&format!("@{} أهلا", zoe_here.acct())) }).await;
    let (site, of) = (here.db.site().clone(), arrived.clone());
    here.write(move |c| {
        likes::like(c, &site, a, &of)?;
        boosts::boost(c, &site, a, &of, None)
    })
    .await;
    let uri = answer.uri.clone();
    let answer_there = there.eventually("the answer", move |c| posts::by_uri(c, &uri)).await;
    assert_eq!(answer_there.in_reply_to_id, Some(hello.id));
    let id = hello.id;
    let counted = there
        .eventually("the counters", move |c| {
            Ok(Some(posts::get(c, id)?).filter(|p| (p.likes_count, p.boosts_count, p.replies_count) == (1, 1, 1)))
        })
        .await;
    assert_eq!(counted.id, id);

    // Zoe edits, Ali takes back what he did.
    let site = there.db.site().clone();
    let author = zoe.id;
    there
        .write(move |c| {
            let revision = Revision { text: "مرحبا جميعا".into(), character_limit: 500, ..Revision::default() };
            publish::edit(c, &site, author, id, revision)
        })
        .await;
    let of = arrived.id;
    let edited = here.eventually("the edit", move |c| Ok(Some(posts::get(c, of)?).filter(|p| p.edited_at.is_some()))).await;
    assert!(edited.content.contains("جميعا"), "{}", edited.content);
    here.write(move |c| {
        let post = posts::get(c, of)?;
        likes::unlike(c, a, &post)?;
        boosts::unboost(c, a, &post)
    })
    .await;
    there
        .eventually("the counters back", move |c| {
            Ok(Some(posts::get(c, id)?).filter(|p| (p.likes_count, p.boosts_count) == (0, 0)))
        })
        .await;

    // Both delete; both are tombstones on both sides, and answer 410.
    here.write(move |c| publish::delete(c, a, answer.id)).await;
    there.write(move |c| publish::delete(c, author, id)).await;
    there
        .eventually("the answer's end", move |c| Ok(Some(posts::get(c, answer_there.id)?).filter(|p| p.deleted_at.is_some())))
        .await;
    here.eventually("the post's end", move |c| Ok(Some(posts::get(c, of)?).filter(|p| p.deleted_at.is_some()))).await;
    let (status, body) = get(&hello.uri).await;
    assert_eq!((status, body["type"].as_str()), (410, Some("Tombstone")));

    // Ali leaves.
    here.write(move |c| follows::unfollow(c, a, z)).await;
    let follower = ali_there.id;
    there.eventually("the Undo", move |c| Ok(if follows::is_following(c, follower, author)? { None } else { Some(()) })).await;
    assert_eq!(there.read(move |c| actors::get(c, author)).await.followers_count, 0);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn everything_crosses_in_draft_cavage() {
    everything_crosses(Scheme::Cavage).await;
}

#[tokio::test]
async fn everything_crosses_in_rfc_9421() {
    everything_crosses(Scheme::Rfc9421).await;
}

#[tokio::test]
async fn a_locked_account_answers_later_and_only_its_followers_get_what_is_private() {
    let (here, there) = (Server::start().await, Server::start().await);
    let (ali, zoe) = (here.person("ali").await, there.person("zoe").await);
    let author = zoe.id;
    there
        .write(move |c| actors::change_profile(c, author, actors::ProfileChange { locked: Some(true), ..Default::default() }))
        .await;
    let zoe_here = here.look_up(&zoe, &there).await;
    assert!(zoe_here.locked);
    let (site, a, z) = (here.db.site().clone(), ali.id, zoe_here.id);
    here.write(move |c| follows::follow(c, &site, a, z, &Choices::default())).await;
    let uri = ali.uri.clone();
    let ali_there = there
        .eventually("the request", move |c| {
            let Some(ali) = actors::by_uri(c, &uri)? else { return Ok(None) };
            Ok(follow_requests::get(c, ali.id, author)?.map(|_| ali))
        })
        .await;
    let before = there.post(&zoe, Draft { visibility: Some(Visibility::Private), ..draft("not yet") }).await;
    let follower = ali_there.id;
    there.write(move |c| follow_requests::accept(c, author, follower)).await;
    here.eventually("the Accept", move |c| follows::get(c, a, z)).await;
    let private = there.post(&zoe, Draft { visibility: Some(Visibility::Private), ..draft("for followers") }).await;
    let uri = private.uri.clone();
    let arrived = here.eventually("the private post", move |c| posts::by_uri(c, &uri)).await;
    assert_eq!(arrived.visibility, Visibility::Private);
    let uri = before.uri.clone();
    assert!(here.read(move |c| posts::by_uri(c, &uri)).await.is_none(), "sent before the follow stood");
    // A stranger does not get it, signed or not.
    assert_eq!(get(&private.uri).await.0, 404);
    assert_eq!(get(&format!("{}/activity", private.uri)).await.0, 404);
    let third = Server::start().await;
    assert!(third.federation.resolve_url(&private.uri).await.is_err());
    for server in [here, there, third] {
        server.stop().await;
    }
}

#[tokio::test]
async fn a_search_by_address_finds_posts_people_and_the_thread_above() {
    let (here, there) = (Server::start().await, Server::start().await);
    let zoe = there.person("zoe").await;
    let first = there.post(&zoe, draft("one")).await;
    let second = there.post(&zoe, Draft { in_reply_to: Some(first.id), ..draft("two") }).await;
    let third = there.post(&zoe, Draft { in_reply_to: Some(second.id), ..draft("three") }).await;
    let found = here.federation.resolve_url(&third.uri).await.unwrap();
    assert!(matches!(found, majlis_federation::resolve::Found::Post(post) if post.content == third.content));
    let uri = third.uri.clone();
    here.eventually("the whole thread", move |c| {
        let Some(post) = posts::by_uri(c, &uri)? else { return Ok(None) };
        let Some(parent) = post.in_reply_to_id else { return Ok(None) };
        Ok(posts::get(c, parent)?.in_reply_to_id)
    })
    .await;
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn documents_are_complete_and_pages_are_left_to_browsers() {
    let here = Server::start().await;
    let ali = here.person("ali").await;
    let post = here.post(&ali, draft("hello")).await;
    let (status, actor) = get(&ali.uri).await;
    assert_eq!((status, actor["preferredUsername"].as_str(), actor["type"].as_str()), (200, Some("ali"), Some("Person")));
    assert!(actor["publicKey"]["publicKeyPem"].as_str().unwrap().starts_with("-----BEGIN PUBLIC KEY-----"));
    assert_eq!(actor["endpoints"]["sharedInbox"], format!("{}/inbox", here.origin));
    let (_, outbox) = get(actor["outbox"].as_str().unwrap()).await;
    assert_eq!(outbox["totalItems"], 1);
    let (_, page) = get(outbox["first"].as_str().unwrap()).await;
    assert_eq!(page["orderedItems"][0]["object"]["id"], post.uri);
    let (_, create) = get(page["orderedItems"][0]["id"].as_str().unwrap()).await;
    assert_eq!(create["object"]["content"], post.content);
    let (_, note) = get(&post.uri).await;
    assert_eq!(note["attributedTo"], ali.uri);
    for path in ["followers", "following", "collections/featured"] {
        assert_eq!(get(&format!("{}/{path}", ali.uri)).await.0, 200, "{path}");
    }
    assert_eq!(get(&format!("{}/replies", post.uri)).await.0, 200);
    assert_eq!(get(&format!("{}/actor", here.origin)).await.1["type"], "Application");
    for resource in [format!("acct:ali@{}", here.db.site().domain()), ali.uri.clone(), "acct:ALI@alias.example".into()] {
        let (status, jrd) = get(&format!("{}/.well-known/webfinger?resource={resource}", here.origin)).await;
        assert_eq!((status, jrd["subject"].as_str()), (200, Some(format!("acct:ali@{}", here.db.site().domain()).as_str())));
        let template = format!("{}/authorize_interaction?uri={{uri}}", here.origin);
        assert!(jrd["links"].as_array().unwrap().iter().any(|link| link["template"] == template.as_str()), "{jrd}");
    }
    for (resource, status) in [("acct:nobody@alias.example", 404), ("acct:ali@elsewhere.example", 404), ("", 400)] {
        assert_eq!(get(&format!("{}/.well-known/webfinger?resource={resource}", here.origin)).await.0, status);
    }
    for version in ["2.0", "2.1"] {
        let (_, info) = get(&format!("{}/nodeinfo/{version}", here.origin)).await;
        assert_eq!((info["software"]["name"].as_str(), info["usage"]["localPosts"].as_i64()), (Some("majlis"), Some(1)));
    }
    assert_eq!(get(&format!("{}/users/nobody", here.origin)).await.0, 404);
    let browser = support::client().get(&ali.uri).header("accept", "text/html").send().await.unwrap();
    assert_eq!(browser.status(), 404, "the page is crates/web's");
    here.stop().await;
}

#[tokio::test]
async fn a_forwarded_report_comes_from_the_server_itself() {
    let (here, there) = (Server::start().await, Server::start().await);
    let (ali, zoe) = (here.person("ali").await, there.person("zoe").await);
    let spam = there.post(&zoe, draft("spam")).await;
    let found = here.federation.resolve_url(&spam.uri).await.unwrap();
    let majlis_federation::resolve::Found::Post(post) = found else { panic!("no post") };
    let (a, id, target) = (ali.id, post.id, post.author_id);
    here.write(move |c| {
        let new = reports::NewReport {
            target,
            posts: vec![id],
            collections: vec![],
            comment: "look at this".into(),
            category: None,
            rules: vec![],
            forward: true,
            forward_to: None,
        };
        reports::file(c, a, new)
    })
    .await;
    let (reporter, report, shown) = there
        .eventually("the report", move |c| {
            let page = majlis_local::Page::newest(1);
            let Some(report) = reports::list(c, false, &page)?.items.pop() else { return Ok(None) };
            let shown = reports::evidence(c, report.id)?;
            Ok(Some((actors::get(c, report.reporter_id)?, report, shown)))
        })
        .await;
    assert_eq!(reporter.uri, format!("{}/actor", here.origin), "not who reported");
    assert_eq!((report.target_id, report.comment.as_str(), shown[0].0), (zoe.id, "look at this", spam.id));
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_quote_is_asked_for_granted_shown_and_taken_back() {
    let (here, there, third) = (Server::start().await, Server::start().await, Server::start().await);
    let (ali, zoe, tom) = (here.person("ali").await, there.person("zoe").await, third.person("tom").await);
    // Tom, elsewhere, follows Ali.
    let ali_third = third.look_up(&ali, &here).await;
    let (site, t, a3) = (third.db.site().clone(), tom.id, ali_third.id);
    third.write(move |c| follows::follow(c, &site, t, a3, &Choices::default())).await;
    third.eventually("the Accept", move |c| follows::get(c, t, a3)).await;

    // Ali finds a post of Zoe and quotes it.
    let hello = there.post(&zoe, draft("hello")).await;
    let found = here.federation.resolve_url(&hello.uri).await.unwrap();
    let majlis_federation::resolve::Found::Post(found) = found else { panic!("no post") };
    assert_eq!(found.quote_policy, QuotePolicy::PUBLIC);
    let quoting = here.post(&ali, Draft { quote: Some(found.id), ..draft("look") }).await;
    let id = quoting.id;
    let quote =
        here.eventually("the leave", move |c| Ok(quotes::of_post(c, id)?.filter(|q| q.state == QuoteState::Accepted))).await;
    let stamp = quote.stamp_uri.clone().unwrap();
    let (status, document) = get(&stamp).await;
    assert_eq!((status, document["type"].as_str()), (200, Some("QuoteAuthorization")));
    assert_eq!(
        (&document["attributedTo"], &document["interactingObject"], &document["interactionTarget"]),
        (&zoe.uri.clone().into(), &quoting.uri.clone().into(), &hello.uri.clone().into())
    );
    let (_, note) = get(&quoting.uri).await;
    assert_eq!((&note["quote"], &note["quoteAuthorization"]), (&hello.uri.clone().into(), &stamp.clone().into()));
    assert!(note["content"].as_str().unwrap().starts_with("<p class=\"quote-inline\">RE: "), "{note}");
    assert_eq!(
        get(&hello.uri).await.1["interactionPolicy"]["canQuote"]["automaticApproval"][0],
        majlis_federation::vocab::PUBLIC
    );

    // Zoe hears of it.
    let uri = quoting.uri.clone();
    let (hello_id, quoting_there) = (hello.id, there.read(move |c| posts::by_uri(c, &uri)).await.unwrap());
    assert_eq!(there.read(move |c| posts::get(c, hello_id)).await.quotes_count, 1);
    let recipient = zoe.id;
    let told = there
        .read(move |c| notifications::list(c, recipient, &notifications::Filter::default(), &majlis_local::Page::newest(10)))
        .await;
    let told: Vec<_> = told.items.iter().map(|n| (n.kind, n.post_id)).collect();
    assert_eq!(told, [(NotificationKind::Quote, Some(quoting_there.id))]);

    // Tom's server asks Zoe's whether it is so.
    let uri = quoting.uri.clone();
    let seen = third
        .eventually("the verified quote", move |c| {
            let Some(post) = posts::by_uri(c, &uri)? else { return Ok(None) };
            Ok(quotes::of_post(c, post.id)?.filter(|q| q.state == QuoteState::Accepted))
        })
        .await;
    assert_eq!(seen.stamp_uri, Some(stamp.clone()));

    // What is for Ali's followers, Zoe may see too, if it quotes her.
    let private = Draft { quote: Some(found.id), visibility: Some(Visibility::Private), ..draft("between us") };
    let private = here.post(&ali, private).await;
    let pid = private.id;
    here.eventually("the second leave", move |c| Ok(quotes::of_post(c, pid)?.filter(|q| q.state == QuoteState::Accepted))).await;
    let uri = private.uri.clone();
    let private_there = there.read(move |c| posts::by_uri(c, &uri)).await.unwrap();
    assert_eq!(private_there.visibility, Visibility::Private);
    assert!(there.read(move |c| majlis_local::visibility::may_see(c, Some(recipient), &private_there)).await);

    // Zoe takes it back; everybody hears.
    let quoting_id = quoting_there.id;
    there.write(move |c| quotes::revoke(c, recipient, hello_id, quoting_id)).await;
    here.eventually("the revocation", move |c| Ok(quotes::of_post(c, id)?.filter(|q| q.state == QuoteState::Revoked))).await;
    assert_eq!(get(&stamp).await.0, 404);
    let post = seen.post_id;
    third
        .eventually("the end of the quote", move |c| {
            Ok(if quotes::of_post(c, post)?.is_none_or(|q| q.state != QuoteState::Accepted) { Some(()) } else { None })
        })
        .await;
    assert!(get(&quoting.uri).await.1.get("quote").is_none());

    // She lets nobody quote the next one: Ali's server does not know that yet, and is told so.
    let closed = there.post(&zoe, draft("closed")).await;
    here.federation.resolve_url(&closed.uri).await.unwrap();
    let closed_id = closed.id;
    there.write(move |c| publish::set_quote_policy(c, recipient, closed_id, QuotePolicy::NOBODY)).await;
    let uri = closed.uri.clone();
    let known = here.read(move |c| posts::by_uri(c, &uri)).await.unwrap();
    let refused = here.post(&ali, Draft { quote: Some(known.id), ..draft("look again") }).await;
    let id = refused.id;
    here.eventually("the refusal", move |c| Ok(quotes::of_post(c, id)?.filter(|q| q.state == QuoteState::Rejected))).await;
    for server in [here, there, third] {
        server.stop().await;
    }
}

/// A thread of which only its beginning came here, with answers of one level and of two.
async fn begun_thread(here: &Server, there: &Server) -> (posts::Post, Vec<String>) {
    let (zoe, yan) = (there.person("zoe").await, there.person("yan").await);
    let first = there.post(&zoe, draft("one")).await;
    let second = there.post(&yan, Draft { in_reply_to: Some(first.id), ..draft("two") }).await;
    let third = there.post(&zoe, Draft { in_reply_to: Some(second.id), ..draft("three") }).await;
    let hidden = Draft { in_reply_to: Some(first.id), visibility: Some(Visibility::Private), ..draft("not for all") };
    there.post(&yan, hidden).await;
    let found = here.federation.resolve_url(&first.uri).await.unwrap();
    let majlis_federation::resolve::Found::Post(known) = found else { panic!("no post") };
    (*known, vec![second.uri, third.uri])
}

#[tokio::test]
async fn answers_that_never_came_are_fetched_once_and_in_bounds() {
    use diesel::prelude::*;
    use majlis_local::schema::posts as rows;

    let (here, there) = (Server::start().await, Server::start().await);
    let (first, answers) = begun_thread(&here, &there).await;
    assert!(here.federation.crawl(&first, &first).await.unwrap().is_none(), "what is fresh is left alone");
    let (id, long_ago) = (first.id, majlis_local::Timestamp::now().plus_seconds(-3_600));
    here.write(move |c| Ok(diesel::update(rows::table.find(id)).set(rows::created_at.eq(long_ago)).execute(c)?)).await;
    let first = here.read(move |c| posts::get(c, id)).await;
    let crawl = here.federation.crawl(&first, &first).await.unwrap().unwrap();
    for uri in answers {
        let wanted = uri.clone();
        let answer = here.eventually("the answer", move |c| posts::by_uri(c, &wanted)).await;
        assert!(answer.in_reply_to_id.is_some(), "{uri}");
    }
    let crawl_id = crawl.id().to_owned();
    for _ in 0..400 {
        if !crawl.is_running() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!((crawl.is_running(), crawl.found()), (false, 2));
    assert_eq!(here.federation.crawl_named(&crawl_id).unwrap().found(), 2);
    assert!(here.federation.crawl(&first, &first).await.unwrap().is_none(), "once in a while is enough");
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn a_reaction_crosses_and_is_taken_back() {
    let (here, there) = (Server::start().await, Server::start().await);
    let (ali, zoe) = (here.person("ali").await, there.person("zoe").await);
    let hello = there.post(&zoe, draft("hello")).await;
    let found = here.federation.resolve_url(&hello.uri).await.unwrap();
    let majlis_federation::resolve::Found::Post(found) = found else { panic!("no post") };
    let (site, a, post) = (here.db.site().clone(), ali.id, found.clone());
    here.write(move |c| {
        reactions::react(c, &site, a, &post, "🎉")?;
        reactions::react(c, &site, a, &post, "👍")
    })
    .await;
    let id = hello.id;
    let names = move |c: &mut majlis_local::Connection| -> majlis_local::Result<Vec<String>> {
        Ok(reactions::tallies(c, None, &[id])?.into_iter().map(|tally| tally.name).collect())
    };
    there.eventually("both reactions", move |c| Ok(Some(names(c)?).filter(|names| *names == ["🎉", "👍"]))).await;
    assert_eq!(there.read(move |c| posts::get(c, id)).await.likes_count, 0);
    here.write(move |c| reactions::unreact(c, a, &found, "🎉")).await;
    there.eventually("the end of one", move |c| Ok(Some(names(c)?).filter(|names| *names == ["👍"]))).await;
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn an_account_moves_to_another_server_and_its_followers_follow() {
    let (here, there, third) = (Server::start().await, Server::start().await, Server::start().await);
    let (old, new, fan) = (here.person("old").await, there.person("new").await, third.person("fan").await);
    let local_fan = here.person("neighbour").await;
    let old_third = third.look_up(&old, &here).await;
    let (site, f, o) = (third.db.site().clone(), fan.id, old_third.id);
    third.write(move |c| follows::follow(c, &site, f, o, &Choices::default())).await;
    third.eventually("the Accept", move |c| follows::get(c, f, o)).await;
    let (site, neighbour, old_id) = (here.db.site().clone(), local_fan.id, old.id);
    here.write(move |c| follows::follow(c, &site, neighbour, old_id, &Choices::default())).await;

    // Looked up before the alias was named: the old copy says nothing of it.
    let handle = |server: &Server, actor: &majlis_local::actors::Actor| majlis_local::text::Handle {
        name: actor.username.clone(),
        domain: Some(server.db.site().domain().to_owned()),
    };
    let target = here.look_up(&new, &there).await;
    assert!(here.db.write(move |c| moves::go(c, old_id, target.id)).await.is_err());
    let (known, new_id) = (there.look_up(&old, &here).await, new.id);
    there.write(move |c| moves::add_alias(c, new_id, &known)).await;
    let target = here.federation.resolve_afresh(&handle(&there, &new)).await.unwrap();
    let target_id = target.id;
    here.write(move |c| moves::go(c, old_id, target_id)).await;

    // The neighbour and the one elsewhere follow the new account, and no longer the old one.
    here.eventually("the neighbour's new follow", move |c| follows::get(c, neighbour, target_id)).await;
    let uri = new.uri.clone();
    third
        .eventually("the fan's new follow", move |c| {
            let Some(new) = actors::by_uri(c, &uri)? else { return Ok(None) };
            follows::get(c, f, new.id)
        })
        .await;
    assert!(!third.read(move |c| follows::is_following(c, f, o)).await);
    assert!(third.read(move |c| actors::get(c, o)).await.moved_to_id.is_some());
    let (_, profile) = get(&old.uri).await;
    assert_eq!(profile["movedTo"], new.uri);
    for server in [here, there, third] {
        server.stop().await;
    }
}

#[tokio::test]
async fn somebody_elsewhere_is_asked_into_a_collection_and_leaves_it() {
    let (here, there) = (Server::start().await, Server::start().await);
    let (ali, zoe) = (here.person("ali").await, there.person("zoe").await);
    let (z, shy) = (zoe.id, there.person("shy").await);
    there
        .write(move |c| {
            actors::change_profile(c, z, actors::ProfileChange { discoverable: Some(true), ..Default::default() }).map(drop)
        })
        .await;
    let (zoe_here, shy_here) = (here.look_up(&zoe, &there).await, here.look_up(&shy, &there).await);
    let (site, a, target, other) = (here.db.site().clone(), ali.id, zoe_here.id, shy_here.id);
    let collection = here
        .write(move |c| {
            let named = collections::CollectionChange { name: Some("Nice".into()), ..Default::default() };
            let refused = collections::create(c, &site, a, named.clone(), &[other]);
            assert!(matches!(refused, Err(majlis_local::Error::Forbidden(_))), "she does not want it");
            collections::create(c, &site, a, named, &[target])
        })
        .await;
    let id = collection.id;
    let item = here
        .eventually("the leave", move |c| {
            let seen = collection_items::seen(c, None, &[id])?.pop();
            Ok(seen.filter(|item| item.approval_uri.is_some()))
        })
        .await;
    let stamp = item.approval_uri.clone().unwrap();
    let (status, document) = get(&stamp).await;
    assert_eq!((status, &document["interactingObject"]), (200, &collection.uri.clone().into()));
    assert_eq!(document["interactionTarget"], zoe.uri);
    let (_, document) = get(&collection.uri).await;
    assert_eq!((&document["type"], &document["totalItems"]), (&"FeaturedCollection".into(), &1.into()));
    assert_eq!(document["orderedItems"][0]["featureAuthorization"], stamp);
    assert_eq!(get(document["orderedItems"][0]["id"].as_str().unwrap()).await.1["featuredObject"], zoe.uri);
    assert_eq!(get(&format!("{}/collections", ali.uri)).await.1["items"][0], collection.uri);
    assert_eq!(
        get(&zoe.uri).await.1["interactionPolicy"]["canFeature"]["automaticApproval"][0],
        majlis_federation::vocab::PUBLIC
    );

    // She sees where she stands, and leaves.
    let (known, _) = there.read(move |c| collections::featuring(c, z, 10, 0)).await;
    assert_eq!((known[0].uri.as_str(), known[0].name.as_str(), known[0].local), (collection.uri.as_str(), "Nice", false));
    let remote = known[0].id;
    there
        .write(move |c| {
            let place = collection_items::seen(c, None, &[remote])?.remove(0);
            collection_items::revoke(c, z, remote, place.id)
        })
        .await;
    here.eventually("the farewell", move |c| {
        Ok(Some(collection_items::by_id(c, item.id)?).filter(|item| item.state == collection_items::ItemState::Revoked))
    })
    .await;
    assert_eq!(get(&stamp).await.0, 404);
    here.stop().await;
    there.stop().await;
}

#[tokio::test]
async fn what_a_profile_features_is_shown_elsewhere() {
    let (here, there) = (Server::start().await, Server::start().await);
    let zoe = there.person("zoe").await;
    let (pinned, other) = (there.post(&zoe, draft("pinned #Tea")).await, there.post(&zoe, draft("not pinned")).await);
    let (z, post) = (zoe.id, pinned.clone());
    there
        .write(move |c| {
            featured_tags::create(c, z, "Tea")?;
            featured_tags::create(c, z, "شاي")?;
            pins::pin(c, z, &post)
        })
        .await;
    let seen = here.look_up(&zoe, &there).await.id;
    let names = move |c: &mut majlis_local::Connection| {
        Ok(featured_tags::of(c, seen)?.into_iter().map(|tag| tag.name).collect::<Vec<_>>())
    };
    let shown = move |c: &mut majlis_local::Connection| {
        Ok(pins::of_author(c, seen)?.into_iter().map(|post| post.uri).collect::<Vec<_>>())
    };
    here.eventually("the hashtags", move |c| Ok(Some(names(c)?).filter(|names| names.len() == 2))).await;
    assert_eq!(here.read(shown).await, std::slice::from_ref(&pinned.uri));
    let uri = other.uri.clone();
    assert_eq!(here.read(move |c| posts::by_uri(c, &uri)).await, None, "only what is pinned is fetched");
    assert_eq!(here.read(names).await, ["Tea", "شاي"], "what its posts here carry first");
    let (status, tags) = get(&format!("{}/collections/tags", zoe.uri)).await;
    assert_eq!((status, tags["totalItems"].as_u64()), (200, Some(2)));
    let page = format!("{}/@zoe/tagged/tea", there.origin);
    assert!(tags["items"].as_array().unwrap().iter().any(|tag| tag["href"] == page.as_str()), "{tags}");

    // The profile tells its followers that it has changed, and they look again.
    let ali = here.person("ali").await;
    let (site, a) = (here.db.site().clone(), ali.id);
    here.write(move |c| follows::follow(c, &site, a, seen, &Choices::default())).await;
    here.eventually("the Accept", move |c| follows::get(c, a, seen)).await;
    let post = pinned.id;
    there
        .write(move |c| {
            let tea = featured_tags::of(c, z)?.remove(0).id;
            pins::unpin(c, z, post)?;
            featured_tags::delete(c, z, tea)
        })
        .await;
    here.eventually("one hashtag less", move |c| Ok(Some(names(c)?).filter(|names| *names == ["شاي"]))).await;
    here.eventually("no pin", move |c| Ok(Some(()).filter(|()| shown(c).is_ok_and(|shown| shown.is_empty())))).await;
    // What cannot be had any more stays as it is.
    there.stop().await;
    here.write(move |c| majlis_local::jobs::enqueue(c, &majlis_local::jobs::Job::FetchFeatured { actor: seen })).await;
    here.eventually("the job's end", |c| Ok(Some(()).filter(|()| majlis_local::jobs::all(c).is_ok_and(|all| all.is_empty()))))
        .await;
    assert_eq!(here.read(names).await, ["شاي"]);
    here.stop().await;
}
