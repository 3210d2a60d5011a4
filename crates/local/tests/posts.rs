//! What happens to posts, whoever makes them: counters, audiences, notifications, jobs and tombstones.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use majlis_local::actors::{self, Actor, ActorKind, NewLocalActor, RemoteActor};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::jobs::{self, Change, Job};
use majlis_local::keypairs::KeyPair;
use majlis_local::polls::{NewPoll, PollOption};
use majlis_local::posts::{self, Post, PostKind};
use majlis_local::publish::{self, Draft, Revision};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::receive::{self, RemotePost};
use majlis_local::schema::{follows, mutes, notifications, users};
use majlis_local::testing::TestDb;
use majlis_local::visibility::{Visibility, may_see};
use majlis_local::{Connection, Error, Result, Site, Timestamp, boosts};

use diesel::prelude::*;

fn keys() -> KeyPair {
    KeyPair {
        public_pem: "public".into(),
        private_pem: "private".into(),
        ed25519_public: "e".into(),
        ed25519_private: "f".into(),
    }
}

fn site() -> Site {
    Site::new("https://majlis.example")
}

fn local(c: &mut Connection, name: &str) -> Actor {
    let new =
        NewLocalActor { username: name.into(), kind: ActorKind::Person, display_name: name.into(), locked: false, keys: keys() };
    let actor = actors::create_local(c, &site(), new).unwrap();
    diesel::insert_into(users::table)
        .values((
            users::actor_id.eq(actor.id),
            users::email.eq(format!("{name}@example.org")),
            users::password_hash.eq(""),
            users::role.eq(0),
            users::locale.eq("en"),
            users::default_visibility.eq(Visibility::Public),
            users::default_format.eq("text/plain"),
            users::expand_media.eq("default"),
            users::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
    actor
}

fn remote(c: &mut Connection, name: &str) -> Actor {
    actors::store_remote(c, remote_actor(name, "https://peer.example")).unwrap()
}

fn remote_actor(name: &str, origin: &str) -> RemoteActor {
    RemoteActor {
        uri: format!("{origin}/u/{name}"),
        username: name.into(),
        domain: "peer.example".into(),
        host: "peer.example".into(),
        kind: ActorKind::Person,
        display_name: name.into(),
        summary: String::new(),
        url: None,
        fields: vec![],
        emojis: vec![],
        avatar: None,
        avatar_description: String::new(),
        header: None,
        header_description: String::new(),
        locked: false,
        discoverable: true,
        indexable: false,
        memorial: false,
        suspended: false,
        also_known_as: vec![],
        attribution_domains: vec![],
        feature_policy: 0,
        created_at: None,
        inbox: format!("{origin}/u/{name}/inbox"),
        shared_inbox: Some(format!("{origin}/inbox")),
        outbox: None,
        followers: Some(format!("{origin}/u/{name}/followers")),
        following: None,
        featured: None,
        featured_tags: None,
        key_id: format!("{origin}/u/{name}#main-key"),
        public_key: "pem".into(),
        ed25519_public: None,
    }
}

fn follow(c: &mut Connection, actor: ActorId, target: ActorId, notify: bool) {
    let id = majlis_local::ids::FollowId::new();
    diesel::insert_into(follows::table)
        .values((
            follows::id.eq(id),
            follows::actor_id.eq(actor),
            follows::target_id.eq(target),
            follows::uri.eq(format!("f{id}")),
            follows::notify.eq(notify),
            follows::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
}

fn draft(text: &str) -> Draft {
    Draft { text: text.into(), character_limit: 500, ..Draft::default() }
}

fn post(c: &mut Connection, author: ActorId, draft: Draft) -> Post {
    publish::publish(c, &site(), author, draft).unwrap()
}

fn note(author: &Actor, name: &str) -> RemotePost {
    RemotePost {
        uri: format!("https://peer.example/n/{name}"),
        url: None,
        author: author.id,
        kind: PostKind::Note,
        visibility: Visibility::Public,
        in_reply_to_uri: None,
        conversation: None,
        content: format!("<p>{name}</p>"),
        summary: String::new(),
        sensitive: false,
        language: None,
        emojis: vec![],
        mentioned: vec![],
        silently_mentioned: vec![],
        hashtags: vec![],
        attachments: vec![],
        poll: None,
        quote: None,
        quote_policy: QuotePolicy::NOBODY,
        created_at: Timestamp(Timestamp::now().millis() - 60_000),
        edited_at: None,
    }
}

fn told(c: &mut Connection, recipient: ActorId) -> Vec<(i32, Option<PostId>)> {
    notifications::table
        .filter(notifications::recipient_id.eq(recipient))
        .order(notifications::id)
        .select((notifications::kind, notifications::post_id))
        .load(c)
        .unwrap()
}

fn run(test: impl FnOnce(&mut Connection) + Send + 'static) {
    let db = TestDb::new();
    db.write_now(|c| {
        test(c);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_post_mentions_counts_and_leaves_only_when_somebody_elsewhere_has_to_hear() {
    run(|c| {
        let (ali, mona) = (local(c, "ali"), local(c, "mona"));
        let quiet = post(c, ali.id, draft("hello @mona and @nobody #سلام"));
        assert_eq!(told(c, mona.id), [(0, Some(quiet.id))]);
        assert!(quiet.content.contains("https://majlis.example/@mona"), "{}", quiet.content);
        assert!(jobs::all(c).unwrap().is_empty(), "nobody elsewhere follows");
        let zoe = remote(c, "zoe");
        follow(c, zoe.id, ali.id, false);
        let loud = post(c, ali.id, draft("hello again"));
        assert_eq!(jobs::all(c).unwrap(), [Job::Federate { change: Change::Posted { post: loud.id } }]);
        let ali = actors::get(c, ali.id).unwrap();
        // Kept to ten minutes: the directory is ordered by it.
        assert_eq!((ali.posts_count, ali.last_post_at), (2, Some(quiet.created_at)));
    });
}

#[test]
fn a_direct_post_is_seen_by_those_named_and_counts_for_nobody() {
    run(|c| {
        let (ali, mona, omar) = (local(c, "ali"), local(c, "mona"), local(c, "omar"));
        follow(c, omar.id, ali.id, true);
        let letter = post(c, ali.id, Draft { visibility: Some(Visibility::Direct), ..draft("@mona psst") });
        assert!(may_see(c, Some(mona.id), &letter).unwrap() && may_see(c, Some(ali.id), &letter).unwrap());
        assert!(!may_see(c, Some(omar.id), &letter).unwrap() && !may_see(c, None, &letter).unwrap());
        assert!(told(c, omar.id).is_empty());
        assert_eq!(actors::get(c, ali.id).unwrap().posts_count, 0);
        let private = post(c, ali.id, Draft { visibility: Some(Visibility::Private), ..draft("for followers") });
        assert!(may_see(c, Some(omar.id), &private).unwrap() && !may_see(c, Some(mona.id), &private).unwrap());
        assert!(!may_see(c, None, &private).unwrap());
        assert_eq!(told(c, omar.id), [(1, Some(private.id))], "omar asked to hear of every post");
    });
}

#[test]
fn wrong_drafts_name_their_fields_and_leave_nothing() {
    run(|c| {
        let (ali, mona) = (local(c, "ali"), local(c, "mona"));
        let fail = |c: &mut Connection, d: Draft| publish::publish(c, &site(), ali.id, d).unwrap_err();
        assert!(matches!(fail(c, draft("  ")), Error::Invalid(p) if p[0].field == "text"));
        assert!(matches!(fail(c, draft(&"a".repeat(501))), Error::Invalid(p) if p[0].field == "text"));
        for held_by_one_engine in [draft("a\0b"), Draft { summary: "a\0b".into(), ..draft("x") }] {
            assert!(matches!(fail(c, held_by_one_engine), Error::Invalid(p) if p[0].field == "text"));
        }
        assert!(matches!(fail(c, Draft { in_reply_to: Some(PostId(1)), ..draft("x") }), Error::NotFound(_)));
        let hidden = post(c, mona.id, Draft { visibility: Some(Visibility::Private), ..draft("x") });
        assert!(matches!(fail(c, Draft { in_reply_to: Some(hidden.id), ..draft("x") }), Error::NotFound(_)));
        assert_eq!(actors::get(c, ali.id).unwrap().posts_count, 0);
    });
}

#[test]
fn the_same_idempotency_key_gives_the_same_post() {
    run(|c| {
        let ali = local(c, "ali");
        let keyed = || Draft { idempotency_key: Some("k".into()), ..draft("once") };
        let (first, second) = (post(c, ali.id, keyed()), post(c, ali.id, keyed()));
        assert_eq!(first.id, second.id);
        assert_eq!(actors::get(c, ali.id).unwrap().posts_count, 1);
    });
}

#[test]
fn an_edit_keeps_history_and_tells_the_newly_mentioned_and_the_boosters() {
    run(|c| {
        let (ali, mona, omar) = (local(c, "ali"), local(c, "mona"), local(c, "omar"));
        let first = post(c, ali.id, draft("one #tag"));
        boosts::boost(c, &site(), omar.id, &first, None).unwrap();
        let revision = Revision { text: "two @mona".into(), character_limit: 500, ..Revision::default() };
        let second = publish::edit(c, &site(), ali.id, first.id, revision.clone()).unwrap();
        assert!(second.edited_at.is_some() && second.content.contains("two"));
        let history = posts::edits(c, first.id).unwrap();
        assert_eq!(history.len(), 1);
        assert_eq!((history[0].content.clone(), history[0].created_at), (first.content, first.created_at));
        assert_eq!(told(c, mona.id), [(0, Some(first.id))]);
        assert_eq!(told(c, omar.id), [(7, Some(first.id))]);
        assert_eq!(posts::source(c, first.id).unwrap().text, "two @mona");
        assert!(matches!(publish::edit(c, &site(), mona.id, first.id, revision), Err(Error::NotFound(_))));
    });
}

#[test]
fn a_deleted_post_is_a_tombstone_and_takes_everything_along() {
    run(|c| {
        let (ali, mona, zoe) = (local(c, "ali"), local(c, "mona"), remote(c, "zoe"));
        let parent = post(c, mona.id, draft("question"));
        let reply = post(c, ali.id, Draft { in_reply_to: Some(parent.id), ..draft("@mona answer #tag") });
        assert_eq!(posts::get(c, parent.id).unwrap().replies_count, 1);
        boosts::receive(c, zoe.id, &reply, "https://peer.example/b/1", Visibility::Public, Timestamp::now()).unwrap().unwrap();
        assert_eq!(actors::get(c, zoe.id).unwrap().posts_count, 1);
        publish::delete(c, ali.id, reply.id).unwrap();
        let buried = posts::get(c, reply.id).unwrap();
        assert!(buried.deleted_at.is_some() && buried.content.is_empty());
        assert_eq!(posts::get(c, parent.id).unwrap().replies_count, 0);
        assert_eq!(actors::get(c, ali.id).unwrap().posts_count, 0);
        assert_eq!(actors::get(c, zoe.id).unwrap().posts_count, 0);
        assert!(told(c, mona.id).is_empty());
        let last = jobs::all(c).unwrap().pop().unwrap();
        assert_eq!(last, Job::Federate { change: Change::Deleted { post: reply.id, reached: vec![zoe.id] } });
        assert!(matches!(publish::delete(c, ali.id, reply.id), Err(Error::NotFound(_))));
    });
}

#[test]
fn a_boost_never_widens_an_audience_and_is_counted_once() {
    run(|c| {
        let (ali, mona) = (local(c, "ali"), local(c, "mona"));
        follow(c, mona.id, ali.id, false);
        let private = post(c, ali.id, Draft { visibility: Some(Visibility::Private), ..draft("psst") });
        assert!(matches!(boosts::boost(c, &site(), mona.id, &private, None), Err(Error::Forbidden(_))));
        let own = boosts::boost(c, &site(), ali.id, &private, Some(Visibility::Public)).unwrap();
        assert_eq!(own.visibility, Visibility::Private);
        let public = post(c, ali.id, draft("hear"));
        let first = boosts::boost(c, &site(), mona.id, &public, None).unwrap();
        let again = boosts::boost(c, &site(), mona.id, &public, None).unwrap();
        assert_eq!(first.id, again.id);
        assert_eq!(posts::get(c, public.id).unwrap().boosts_count, 1);
        assert_eq!(told(c, ali.id), [(2, Some(public.id))]);
        boosts::unboost(c, mona.id, &public).unwrap();
        boosts::unboost(c, mona.id, &public).unwrap();
        assert_eq!(posts::get(c, public.id).unwrap().boosts_count, 0);
        assert!(told(c, ali.id).is_empty());
        let third = boosts::boost(c, &site(), mona.id, &public, None).unwrap();
        assert_ne!(third.id, first.id, "a boost may be made again");
    });
}

#[test]
fn remote_posts_come_once_in_any_order_and_stay_deleted() {
    run(|c| {
        let (ali, zoe) = (local(c, "ali"), remote(c, "zoe"));
        let reply = RemotePost {
            in_reply_to_uri: Some("https://peer.example/n/parent".into()),
            mentioned: vec![ali.id],
            ..note(&zoe, "reply")
        };
        let stored = receive::post(c, reply.clone(), true).unwrap().unwrap();
        assert_eq!(stored.id.time(), stored.created_at, "its place in time is its own");
        assert!(receive::post(c, reply, true).unwrap().is_none(), "a second time changes nothing");
        assert_eq!(told(c, ali.id), [(0, Some(stored.id))]);
        let parent = receive::post(c, note(&zoe, "parent"), true).unwrap().unwrap();
        assert_eq!(posts::get(c, stored.id).unwrap().in_reply_to_id, Some(parent.id), "the orphan was adopted");
        assert_eq!(posts::get(c, parent.id).unwrap().replies_count, 1);
        receive::delete(c, zoe.id, "https://peer.example/n/late").unwrap();
        assert!(receive::post(c, note(&zoe, "late"), true).unwrap().is_none(), "deleted before it came");
        let eve = remote(c, "eve");
        assert!(matches!(receive::delete(c, eve.id, &parent.uri), Err(Error::Forbidden(_))));
        receive::delete(c, zoe.id, &parent.uri).unwrap();
        assert!(receive::post(c, note(&zoe, "parent"), true).unwrap().is_none());
        assert_eq!(actors::get(c, zoe.id).unwrap().posts_count, 1);
    });
}

#[test]
fn remote_edits_are_the_authors_and_never_go_back() {
    run(|c| {
        let (zoe, eve) = (remote(c, "zoe"), remote(c, "eve"));
        let first = receive::post(c, note(&zoe, "text"), true).unwrap().unwrap();
        let at = |n| Some(Timestamp(Timestamp::now().millis() + n));
        let newer = RemotePost { content: "<p>newer</p>".into(), edited_at: at(2_000), ..note(&zoe, "text") };
        receive::edit(c, newer).unwrap().unwrap();
        let older = RemotePost { content: "<p>older</p>".into(), edited_at: at(1_000), ..note(&zoe, "text") };
        receive::edit(c, older).unwrap().unwrap();
        assert_eq!(posts::get(c, first.id).unwrap().content, "<p>newer</p>");
        assert_eq!(posts::edits(c, first.id).unwrap().len(), 1);
        assert!(matches!(receive::edit(c, RemotePost { author: eve.id, ..note(&zoe, "text") }), Err(Error::Forbidden(_))));
        let wider = RemotePost { visibility: Visibility::Public, ..note(&zoe, "closed") };
        receive::post(c, RemotePost { visibility: Visibility::Direct, ..wider.clone() }, true).unwrap();
        assert_eq!(receive::edit(c, wider).unwrap().unwrap().visibility, Visibility::Direct);
    });
}

#[test]
fn a_remote_actor_that_goes_leaves_right_counters() {
    run(|c| {
        let (ali, zoe) = (local(c, "ali"), remote(c, "zoe"));
        let mine = post(c, ali.id, draft("mine"));
        boosts::receive(c, zoe.id, &mine, "https://peer.example/b/2", Visibility::Public, Timestamp::now()).unwrap();
        receive::post(c, note(&zoe, "hers"), true).unwrap();
        receive::delete_actor(c, zoe.id).unwrap();
        let zoe = actors::get(c, zoe.id).unwrap();
        assert!(zoe.is_gone() && zoe.posts_count == 0);
        assert_eq!(posts::get(c, mine.id).unwrap().boosts_count, 0);
        assert!(receive::delete_actor(c, ali.id).is_err());
    });
}

#[test]
fn of_many_posts_a_deleted_actor_leaves_the_rest_to_a_job() {
    run(|c| {
        let (ali, zoe) = (local(c, "ali"), remote(c, "zoe"));
        let mine = post(c, ali.id, draft("mine"));
        for n in 0..210 {
            let answer = RemotePost { in_reply_to_uri: Some(mine.uri.clone()), ..note(&zoe, &format!("answer-{n}")) };
            receive::post(c, answer, false).unwrap();
        }
        receive::delete_actor(c, zoe.id).unwrap();
        assert!(jobs::all(c).unwrap().contains(&Job::Erase { actor: zoe.id }));
        assert_eq!(posts::get(c, mine.id).unwrap().replies_count, 110);
        assert!(
            majlis_local::threads::around(c, Some(ali.id), &mine).unwrap().descendants.is_empty(),
            "nobody is shown them meanwhile"
        );
        assert!(receive::erase_posts(c, zoe.id).unwrap());
        assert!(!receive::erase_posts(c, zoe.id).unwrap());
        assert_eq!((posts::get(c, mine.id).unwrap().replies_count, actors::get(c, zoe.id).unwrap().posts_count), (0, 0));
    });
}

#[test]
fn a_server_set_up_anew_takes_its_old_names() {
    run(|c| {
        let old = remote(c, "zoe");
        let new = actors::store_remote(c, remote_actor("zoe", "https://peer.example/new")).unwrap();
        assert_ne!(old.id, new.id);
        assert_eq!(actors::by_handle(c, "ZOE", Some("peer.example")).unwrap().unwrap().id, new.id);
    });
}

#[test]
fn votes_count_once_and_only_while_the_poll_is_open() {
    run(|c| {
        let (ali, mona, zoe) = (local(c, "ali"), local(c, "mona"), remote(c, "zoe"));
        let options = ["yes", "no"].map(|t| PollOption { title: t.into(), votes: 0 }).to_vec();
        let poll = NewPoll {
            options,
            multiple: false,
            hide_totals: false,
            voters_count: Some(0),
            expires_at: Some(Timestamp::now().plus_seconds(600)),
            closed_at: None,
        };
        let asked = post(c, ali.id, Draft { poll: Some(poll), ..draft("well?") });
        let after = majlis_local::polls::vote(c, mona.id, &asked, &[0]).unwrap();
        assert_eq!((after.options[0].votes, after.voters_count), (1, Some(1)));
        assert!(majlis_local::polls::vote(c, mona.id, &asked, &[1]).is_err());
        assert!(majlis_local::polls::vote(c, ali.id, &asked, &[0]).is_err());
        majlis_local::polls::receive_vote(c, zoe.id, &asked, "no", "https://peer.example/v/1").unwrap();
        majlis_local::polls::receive_vote(c, zoe.id, &asked, "no", "https://peer.example/v/2").unwrap();
        let poll = majlis_local::polls::of_post(c, asked.id).unwrap().unwrap();
        assert_eq!(poll.options.iter().map(|o| o.votes).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(poll.voters_count, Some(2));
    });
}

#[test]
fn muted_people_notify_only_when_the_mute_is_over_or_spares_notifications() {
    run(|c| {
        let (ali, mona) = (local(c, "ali"), local(c, "mona"));
        let mute = |c: &mut Connection, expires: Option<Timestamp>| -> Result<()> {
            diesel::delete(mutes::table).execute(c)?;
            diesel::insert_into(mutes::table)
                .values((
                    mutes::id.eq(majlis_local::ids::MuteId::new()),
                    mutes::actor_id.eq(ali.id),
                    mutes::target_id.eq(mona.id),
                    mutes::notifications.eq(true),
                    mutes::expires_at.eq(expires),
                    mutes::created_at.eq(Timestamp::now()),
                ))
                .execute(c)?;
            Ok(())
        };
        mute(c, None).unwrap();
        post(c, mona.id, draft("@ali one"));
        assert!(told(c, ali.id).is_empty());
        mute(c, Some(Timestamp::now().plus_seconds(-1))).unwrap();
        post(c, mona.id, draft("@ali two"));
        assert_eq!(told(c, ali.id).len(), 1);
    });
}

#[test]
fn likes_bookmarks_and_pins_count_once_and_tell_whom_they_concern() {
    run(|c| {
        let (ali, mona, zoe) = (local(c, "ali"), local(c, "mona"), remote(c, "zoe"));
        let mine = post(c, ali.id, draft("mine"));
        for _ in 0..2 {
            majlis_local::likes::like(c, &site(), mona.id, &mine).unwrap();
            majlis_local::likes::receive(c, zoe.id, &mine, "https://peer.example/l/1").unwrap();
        }
        assert_eq!(posts::get(c, mine.id).unwrap().likes_count, 2);
        assert_eq!(told(c, ali.id), [(5, Some(mine.id)), (5, Some(mine.id))]);
        majlis_local::likes::receive_undo(c, zoe.id, mine.id).unwrap();
        majlis_local::likes::receive_undo(c, zoe.id, mine.id).unwrap();
        majlis_local::likes::unlike(c, mona.id, &mine).unwrap();
        assert_eq!(posts::get(c, mine.id).unwrap().likes_count, 0);
        assert!(told(c, ali.id).is_empty() && jobs::all(c).unwrap().is_empty());
        let theirs = receive::post(c, note(&zoe, "theirs"), true).unwrap().unwrap();
        majlis_local::likes::like(c, &site(), ali.id, &theirs).unwrap();
        majlis_local::likes::unlike(c, ali.id, &theirs).unwrap();
        let sent = jobs::all(c).unwrap();
        assert!(matches!(&sent[0], Job::Federate { change: Change::Liked { .. } }));
        assert!(matches!(&sent[1], Job::Federate { change: Change::Unliked { post, .. } } if *post == theirs.id));
        majlis_local::bookmarks::add(c, ali.id, theirs.id).unwrap();
        assert_eq!(majlis_local::bookmarks::kept_among(c, ali.id, &[theirs.id, mine.id]).unwrap(), [theirs.id]);
        majlis_local::bookmarks::remove(c, ali.id, theirs.id).unwrap();
        assert!(majlis_local::bookmarks::kept_among(c, ali.id, &[theirs.id]).unwrap().is_empty());
        assert!(majlis_local::pins::pin(c, ali.id, &theirs).is_err());
        for n in 0..5 {
            let one = post(c, ali.id, draft(&format!("post {n}")));
            majlis_local::pins::pin(c, ali.id, &one).unwrap();
        }
        assert!(majlis_local::pins::pin(c, ali.id, &mine).is_err(), "a sixth pin");
        assert_eq!(majlis_local::pins::of_author(c, ali.id).unwrap().len(), 5);
    });
}

#[test]
fn a_remote_edit_of_attachments_or_a_poll_counts_and_votes_are_cast_anew() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (me, zoe) = (local(c, "me"), remote(c, "zoe"));
        let at = |millis: i64| Some(Timestamp(Timestamp::now().millis() - millis));
        let poll = |second: &str, votes| {
            let option = |title: &str, votes| PollOption { title: title.into(), votes };
            Some(NewPoll {
                options: vec![option("Tea", 0), option(second, votes)],
                multiple: false,
                hide_totals: false,
                voters_count: Some(votes),
                expires_at: Some(Timestamp(Timestamp::now().millis() + 600_000)),
                closed_at: None,
            })
        };
        let asked = receive::post(c, RemotePost { poll: poll("Coffee", 1), ..note(&zoe, "asked") }, true).unwrap().unwrap();
        majlis_local::polls::vote(c, me.id, &asked, &[1]).unwrap();
        let edits = |c: &mut Connection| posts::edits(c, asked.id).unwrap();
        // New totals are no edit.
        receive::edit(c, RemotePost { poll: poll("Coffee", 5), edited_at: at(9_000), ..note(&zoe, "asked") }).unwrap();
        assert!(edits(c).is_empty());
        assert_eq!(majlis_local::polls::own_votes(c, me.id, &[asked.id])?.len(), 1);
        receive::edit(c, RemotePost { poll: poll("Water", 0), edited_at: at(8_000), ..note(&zoe, "asked") }).unwrap();
        assert_eq!(edits(c)[0].poll.as_ref().unwrap().0, ["Tea", "Coffee"]);
        assert!(majlis_local::polls::own_votes(c, me.id, &[asked.id])?.is_empty());
        let picture = majlis_local::attachments::NewAttachment {
            remote_url: Some("https://peer.example/1.png".into()),
            description: "a cat".into(),
            ..Default::default()
        };
        let with = RemotePost { attachments: vec![picture], edited_at: at(7_000), ..note(&zoe, "asked") };
        receive::edit(c, with.clone()).unwrap();
        assert_eq!(edits(c).len(), 2);
        assert!(majlis_local::polls::of_post(c, asked.id)?.is_none());
        receive::edit(c, RemotePost { edited_at: at(6_000), ..with }).unwrap();
        assert_eq!(edits(c).len(), 2, "nothing has changed");
        Ok(())
    })
    .unwrap();
}
