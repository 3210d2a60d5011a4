//! Ties between people, here and across servers: what they become, what others hear of them, and counters that stay right
//! after any order of events.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod deeds;
mod listed;
mod quoted;
mod reported;
mod servers;
mod unwelcome;

use diesel::prelude::*;
use majlis_local::actors::{self, Actor};
use majlis_local::follows::{self, Choices, Standing};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::instances::{self, Policy};
use majlis_local::jobs::{self, Change, Job};
use majlis_local::lists::{self, ListChange, RepliesPolicy};
use majlis_local::notifications::NotificationKind;
use majlis_local::relationships::Relationship;
use majlis_local::schema::{
    actors as people_rows, follow_requests as request_rows, follows as follow_rows, mutes as mute_rows, notifications,
};
use majlis_local::testing::{TestDb, people};
use majlis_local::visibility::Visibility;
use majlis_local::{
    Connection, Error, Event, Page, Result, Slice, Timestamp, blocks, bookmarks, feeds, follow_requests, likes, mutes, pins,
    posts, tombstones,
};

fn follow(c: &mut Connection, actor: ActorId, target: ActorId) -> Result<Standing> {
    follows::follow(c, &people::site(), actor, target, &Choices::default())
}

/// The changes that peers have to hear of, since the last time.
fn changes(c: &mut Connection) -> Vec<Change> {
    let all = jobs::all(c).unwrap();
    diesel::delete(majlis_local::schema::jobs::table).execute(c).unwrap();
    all.into_iter()
        .filter_map(|job| match job {
            Job::Federate { change } => Some(change),
            _ => None,
        })
        .collect()
}

fn told(c: &mut Connection, recipient: ActorId) -> Vec<(NotificationKind, ActorId)> {
    notifications::table
        .filter(notifications::recipient_id.eq(recipient))
        .order(notifications::id)
        .select((notifications::kind, notifications::actor_id))
        .load(c)
        .unwrap()
}

/// Followers and followed, as counted.
fn counters(c: &mut Connection, id: ActorId) -> (i64, i64) {
    let actor = actors::get(c, id).unwrap();
    (actor.followers_count, actor.following_count)
}

fn between(c: &mut Connection, viewer: ActorId, target: ActorId) -> Relationship {
    Relationship::build(c, viewer, target).unwrap()
}

fn in_list(c: &mut Connection, owner: ActorId, members: &[ActorId]) -> majlis_local::ids::ListId {
    let list = lists::create(c, owner, "friends", RepliesPolicy::List, false).unwrap().id;
    lists::add(c, owner, list, members).unwrap();
    list
}

#[test]
fn local_people_follow_at_once_and_stop_again() {
    let db = TestDb::new();
    let mut events = db.events();
    let (ali, bea) = db
        .write_now(|c| {
            let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
            let first = follow(c, ali, bea)?;
            assert!(matches!(first, Standing::Following(_)));
            assert_eq!(follow(c, ali, bea)?, first, "again: nothing new");
            assert_eq!((counters(c, ali), counters(c, bea)), ((0, 1), (1, 0)));
            assert_eq!(told(c, bea), [(NotificationKind::Follow, ali)]);
            assert_eq!(changes(c), [], "nobody elsewhere has to know");
            let (ours, theirs) = (between(c, ali, bea), between(c, bea, ali));
            assert!(ours.following && ours.showing_boosts && !ours.notifying && !ours.followed_by);
            assert!(theirs.followed_by && !theirs.following);
            Ok((ali, bea))
        })
        .unwrap();
    let mut heard = Vec::new();
    while let Ok(event) = events.try_recv() {
        heard.push(event);
    }
    assert!(heard.contains(&Event::RelationsChanged(ali)));
    db.write_now(move |c| {
        follows::unfollow(c, ali, bea)?;
        follows::unfollow(c, ali, bea)?;
        assert_eq!((counters(c, ali), counters(c, bea)), ((0, 0), (0, 0)));
        assert_eq!(told(c, bea), []);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_locked_person_decides() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
        people::lock(c, bea);
        let Standing::Requested(id) = follow(c, ali, bea)? else { panic!("at once") };
        assert_eq!(told(c, bea), [(NotificationKind::FollowRequest, ali)]);
        assert_eq!(follow_requests::count(c, bea)?, 1);
        assert!(between(c, ali, bea).requested && between(c, bea, ali).requested_by);

        follow_requests::accept(c, bea, ali)?;
        follow_requests::accept(c, bea, ali)?;
        assert_eq!(follows::get(c, ali, bea)?.unwrap().id, id, "the id stays");
        assert_eq!((counters(c, ali), counters(c, bea)), ((0, 1), (1, 0)));
        assert_eq!(told(c, bea), [(NotificationKind::Follow, ali)]);
        follow_requests::reject(c, bea, ali)?;
        assert!(between(c, ali, bea).following, "no request, nothing to reject");

        follows::remove_follower(c, bea, ali)?;
        assert_eq!((counters(c, ali), counters(c, bea)), ((0, 0), (0, 0)));
        assert!(matches!(follow_requests::accept(c, bea, ali), Err(Error::NotFound(_))));

        follow(c, ali, bea)?;
        follow_requests::reject(c, bea, ali)?;
        assert_eq!((told(c, bea), follow_requests::count(c, bea)?), (vec![], 0));
        follow(c, ali, bea)?;
        follow_requests::accept_all(c, bea)?;
        assert!(between(c, ali, bea).following);
        Ok(())
    })
    .unwrap();
}

#[test]
fn choices_are_kept_unless_they_are_sent() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
        let rob = people::remote(c, "rob").id;
        for target in [bea, rob] {
            let site = people::site();
            let quiet = Choices { show_boosts: Some(false), languages: Some(vec!["AR".into(), "en".into()]), notify: None };
            follows::follow(c, &site, ali, target, &quiet)?;
            follows::follow(c, &site, ali, target, &Choices { notify: Some(true), ..Choices::default() })?;
            let now = between(c, ali, target);
            assert_eq!((now.showing_boosts, now.notifying), (false, true));
            assert_eq!(now.languages, ["ar", "en"]);
            follows::follow(c, &site, ali, target, &Choices { languages: Some(vec![]), ..Choices::default() })?;
            assert!(between(c, ali, target).languages.is_empty());
        }
        assert_eq!(changes(c).len(), 1, "rob's server hears of the request once");
        follow_requests::receive_accept(c, rob, None, Some(ali))?;
        let now = between(c, ali, rob);
        assert!(now.following && now.notifying && !now.showing_boosts, "chosen before the answer came");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_remote_target_answers_when_it_likes() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, rob) = (people::local(c, "ali").id, people::remote(c, "rob").id);
        let Standing::Requested(id) = follow(c, ali, rob)? else { panic!("at once") };
        let uri = people::site().follow_uri("ali", id);
        assert_eq!(changes(c), [Change::Followed { follow: id, actor: ali, target: rob }]);
        let eve = people::remote(c, "eve").id;
        follow_requests::receive_accept(c, eve, Some(&uri), Some(ali))?;
        assert!(!between(c, ali, rob).following, "not hers to accept");

        follow_requests::receive_accept(c, rob, Some(&uri), None)?;
        follow_requests::receive_accept(c, rob, Some(&uri), Some(ali))?;
        assert_eq!(follows::get(c, ali, rob)?.unwrap().id, id);
        assert_eq!((counters(c, ali), counters(c, rob)), ((0, 1), (1, 0)));

        follow_requests::receive_reject(c, eve, Some(&uri), Some(ali))?;
        assert!(between(c, ali, rob).following, "not hers to reject");
        follow_requests::receive_reject(c, rob, Some(&uri), None)?;
        assert_eq!((counters(c, ali), counters(c, rob)), ((0, 0), (0, 0)), "Reject after Accept");
        follow_requests::receive_accept(c, rob, Some(&uri), Some(ali))?;
        assert!(!between(c, ali, rob).following, "Accept after Reject");

        follow(c, ali, rob)?;
        changes(c);
        follows::unfollow(c, ali, rob)?;
        assert!(matches!(&changes(c)[..], [Change::Unfollowed { actor, target, .. }] if (*actor, *target) == (ali, rob)));
        follow_requests::receive_accept(c, rob, None, Some(ali))?;
        assert!(!between(c, ali, rob).following, "taken back before the Accept came");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_remote_follower_is_answered() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, rob) = (people::local(c, "ali").id, people::remote(c, "rob").id);
        let uri = "https://peer.example/follows/1";
        follows::receive(c, uri, rob, ali)?;
        let id = follows::get(c, rob, ali)?.unwrap().id;
        let accepted = |uri: &str| Change::Accepted { follow: id, uri: uri.into(), actor: rob, target: ali };
        assert_eq!(changes(c), [accepted(uri)]);
        follows::receive(c, "https://peer.example/follows/2", rob, ali)?;
        assert_eq!(changes(c), [accepted("https://peer.example/follows/2")], "answered again: the first may be lost");
        assert_eq!((counters(c, ali), counters(c, rob)), ((1, 0), (0, 1)));
        assert_eq!(told(c, ali), [(NotificationKind::Follow, rob)]);

        follows::receive_undo(c, rob, Some("https://peer.example/follows/2"), None)?;
        follows::receive_undo(c, rob, None, Some(ali))?;
        assert_eq!((counters(c, ali), counters(c, rob)), ((0, 0), (0, 0)));
        assert_eq!((told(c, ali), changes(c)), (vec![], vec![]));

        people::lock(c, ali);
        follows::receive(c, uri, rob, ali)?;
        follows::receive(c, "https://peer.example/follows/3", rob, ali)?;
        assert_eq!(changes(c), [], "waits for ali");
        follow_requests::accept(c, ali, rob)?;
        assert!(matches!(&changes(c)[..], [Change::Accepted { uri, .. }] if uri.ends_with("/follows/3")));
        follows::remove_follower(c, ali, rob)?;
        assert!(matches!(&changes(c)[..], [Change::Rejected { uri, .. }] if uri.ends_with("/follows/3")));
        follows::receive(c, uri, rob, ali)?;
        follow_requests::reject(c, ali, rob)?;
        assert!(matches!(&changes(c)[..], [Change::Rejected { uri: of, .. }] if of == uri));
        assert_eq!((counters(c, ali), counters(c, rob)), ((0, 0), (0, 0)));
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_undo_that_comes_first_undoes_one_follow() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, rob) = (people::local(c, "ali").id, people::remote(c, "rob").id);
        let uri = "https://peer.example/follows/rob/ali";
        follows::receive_undo(c, rob, Some(uri), Some(ali))?;
        follows::receive(c, uri, rob, ali)?;
        assert!(!between(c, rob, ali).following);
        follows::receive(c, uri, rob, ali)?;
        assert!(between(c, rob, ali).following, "Misskey uses the id again");
        follows::receive_undo(c, rob, Some("https://elsewhere.example/follows/1"), None)?;
        assert!(!tombstones::known(c, "https://elsewhere.example/follows/1")?, "not rob's to name");
        Ok(())
    })
    .unwrap();
}

#[test]
fn some_cannot_be_followed() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
        let (rob, gone) = (people::remote(c, "rob").id, people::remote(c, "gone").id);
        assert!(matches!(follow(c, ali, ali), Err(Error::Forbidden(_))));
        actors::set_moved_to(c, bea, Some(rob))?;
        assert!(matches!(follow(c, ali, bea), Err(Error::Forbidden(_))));
        follows::receive(c, "https://peer.example/f/1", rob, bea)?;
        assert!(matches!(&changes(c)[..], [Change::Rejected { .. }]), "moved");
        diesel::update(people_rows::table.find(gone)).set(people_rows::suspended_at.eq(Timestamp::now())).execute(c)?;
        assert!(matches!(follow(c, ali, gone), Err(Error::NotFound(_))));
        follows::receive(c, "https://peer.example/f/2", gone, ali)?;
        assert!(!between(c, gone, ali).following);
        Ok(())
    })
    .unwrap();
}

#[test]
fn those_of_a_silenced_server_need_approval() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, rob) = (people::local(c, "ali").id, people::remote(c, "rob").id);
        instances::set_policy(c, "example", Policy::Silence, None, None)?;
        follows::receive(c, "https://peer.example/f/1", rob, ali)?;
        assert!(between(c, ali, rob).requested_by);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_block_cuts_every_tie() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
        let (rob, site) = (people::remote(c, "rob").id, people::site());
        follow(c, ali, bea)?;
        follow(c, bea, ali)?;
        follow(c, ali, rob)?;
        follow_requests::receive_accept(c, rob, None, Some(ali))?;
        follows::receive(c, "https://peer.example/f/1", rob, ali)?;
        let (mine, hers) = (in_list(c, ali, &[bea, rob]), in_list(c, bea, &[ali]));
        changes(c);

        let first = blocks::block(c, &site, ali, bea)?;
        assert_eq!(blocks::block(c, &site, ali, bea)?, first);
        assert_eq!(changes(c), []);
        let block = blocks::block(c, &site, ali, rob)?;
        let heard = changes(c);
        let uri = site.block_uri("ali", block);
        assert!(
            matches!(&heard[..], [Change::Unfollowed { .. }, Change::Rejected { .. }, Change::Blocked { uri: of, .. }] if *of == uri),
            "{heard:?}"
        );
        assert_eq!((counters(c, ali), counters(c, bea), counters(c, rob)), ((0, 0), (0, 0), (0, 0)));
        assert_eq!((lists::member_ids(c, mine)?, lists::member_ids(c, hers)?), (vec![], vec![]));
        assert_eq!(told(c, ali), []);
        assert!(between(c, ali, bea).blocking && between(c, bea, ali).blocked_by);
        assert!(matches!(follow(c, ali, bea), Err(Error::Forbidden(_))));
        assert!(matches!(follow(c, bea, ali), Err(Error::Forbidden(_))));
        follows::receive(c, "https://peer.example/f/2", rob, ali)?;
        assert!(matches!(&changes(c)[..], [Change::Rejected { uri, .. }] if uri.ends_with("/f/2")));
        assert_eq!(blocks::blocked(c, ali, &Page::newest(9))?.items, [rob, bea]);

        blocks::unblock(c, ali, rob)?;
        blocks::unblock(c, ali, rob)?;
        assert_eq!(changes(c), [Change::Unblocked { uri, actor: ali, target: rob }]);
        assert!(!blocks::either_way(c, ali, rob)?);
        assert!(matches!(blocks::block(c, &site, ali, ali), Err(Error::Forbidden(_))));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_block_from_elsewhere_cuts_too_and_is_not_talked_about() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, rob) = (people::local(c, "ali").id, people::remote(c, "rob").id);
        follow(c, ali, rob)?;
        follow_requests::receive_accept(c, rob, None, Some(ali))?;
        follows::receive(c, "https://peer.example/f/1", rob, ali)?;
        changes(c);
        let uri = "https://peer.example/blocks/1";
        blocks::receive(c, uri, rob, ali)?;
        blocks::receive(c, uri, rob, ali)?;
        assert_eq!((counters(c, ali), counters(c, rob), changes(c)), ((0, 0), (0, 0), vec![]));
        assert!(between(c, ali, rob).blocked_by);
        assert!(matches!(follow(c, ali, rob), Err(Error::Forbidden(_))));
        blocks::receive_undo(c, rob, Some(uri), None)?;
        assert!(!between(c, ali, rob).blocked_by);
        blocks::receive_undo(c, rob, Some(uri), Some(ali))?;
        blocks::receive(c, uri, rob, ali)?;
        assert!(!between(c, ali, rob).blocked_by, "its Undo came first");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_mute_ends_by_itself() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea, kim) = (people::local(c, "ali").id, people::local(c, "bea").id, people::local(c, "kim").id);
        follow(c, bea, ali)?;
        mutes::mute(c, ali, bea, true, Some(600))?;
        mutes::mute(c, ali, kim, false, None)?;
        assert_eq!(told(c, ali), [], "what the muted caused is gone");
        let now = between(c, ali, bea);
        assert!(now.muting && now.muting_notifications && now.muting_expires_at > Some(Timestamp::now()));
        assert!(!between(c, ali, kim).muting_notifications);
        let page = mutes::muted(c, ali, &Page::newest(9))?;
        assert_eq!(page.items.iter().map(|m| m.target_id).collect::<Vec<_>>(), [kim, bea]);
        assert_eq!(mutes::purge(c, 10)?, 0);

        let past = Timestamp::now().plus_seconds(-1);
        diesel::update(mute_rows::table.filter(mute_rows::target_id.eq(bea))).set(mute_rows::expires_at.eq(past)).execute(c)?;
        assert!(!between(c, ali, bea).muting);
        assert_eq!(mutes::get(c, ali, bea)?, None);
        assert_eq!(mutes::muted(c, ali, &Page::newest(9))?.items.len(), 1);
        assert_eq!(mutes::purge(c, 10)?, 1);

        mutes::mute(c, ali, kim, true, Some(60))?;
        mutes::mute(c, ali, kim, true, None)?;
        assert_eq!(mutes::get(c, ali, kim)?.unwrap().expires_at, None, "muted again, for good");
        mutes::unmute(c, ali, kim)?;
        mutes::unmute(c, ali, kim)?;
        assert_eq!(mutes::get(c, ali, kim)?, None);
        assert!(matches!(mutes::mute(c, ali, ali, true, None), Err(Error::Forbidden(_))));
        Ok(())
    })
    .unwrap();
}

#[test]
fn follower_lists_page_by_the_follow_and_leave_out_the_unwelcome() {
    let db = TestDb::new();
    db.write_now(|c| {
        let ali = people::local(c, "ali").id;
        let fans: Vec<ActorId> = (0..5).map(|n| people::local(c, &format!("fan{n}")).id).collect();
        for fan in &fans {
            follow(c, *fan, ali)?;
        }
        let first = follows::followers(c, ali, None, &Page::newest(2))?;
        assert_eq!(first.items, [fans[4], fans[3]]);
        let next = Page { max_id: first.oldest, ..Page::newest(2) };
        let second = follows::followers(c, ali, None, &next)?;
        assert_eq!((second.items.as_slice(), second.full), (&[fans[2], fans[1]][..], true));
        let back = Page { min_id: second.newest, ..Page::newest(1) };
        assert_eq!(follows::followers(c, ali, None, &back)?.items, [fans[3]]);

        let viewer = people::local(c, "viewer").id;
        blocks::block(c, &people::site(), viewer, fans[0])?;
        blocks::block(c, &people::site(), fans[1], viewer)?;
        mutes::mute(c, viewer, fans[2], false, None)?;
        assert_eq!(follows::followers(c, ali, Some(viewer), &Page::newest(9))?.items, [fans[4], fans[3]]);
        diesel::update(people_rows::table.find(fans[4])).set(people_rows::deleted_at.eq(Timestamp::now())).execute(c)?;
        assert_eq!(follows::followers(c, ali, Some(ali), &Page::newest(9))?.items, [fans[3], fans[2], fans[1], fans[0]]);
        assert_eq!(follows::following(c, fans[0], None, &Page::newest(9))?.items, [ali]);
        assert_eq!(follows::follower_uris(c, ali, &Page::newest(1))?.items, ["https://majlis.example/users/fan3"]);
        assert_eq!(follows::following_uris(c, fans[0], &Page::newest(9))?.items, ["https://majlis.example/users/ali"]);

        follow(c, viewer, fans[3])?;
        assert_eq!(follows::familiar(c, viewer, &[ali, fans[0]])?, [(ali, fans[3])]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn relationships_come_in_the_order_asked() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea, rob) = (people::local(c, "ali").id, people::local(c, "bea").id, people::remote(c, "rob").id);
        follow(c, ali, bea)?;
        follow(c, ali, rob)?;
        let built = Relationship::build_many(c, ali, &[rob, ali, bea])?;
        assert_eq!(built.iter().map(|r| r.target).collect::<Vec<_>>(), [rob, ali, bea]);
        assert_eq!(
            built.iter().map(|r| (r.following, r.requested)).collect::<Vec<_>>(),
            [(false, true), (false, false), (true, false)]
        );
        assert!(Relationship::build_many(c, ali, &[])?.is_empty());
        Ok(())
    })
    .unwrap();
}

/// A small generator of numbers: the same steps in every run.
struct Steps(u64);

impl Steps {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Everything that can happen between people, in any order, many times over: what is counted is what is there, nobody both
/// follows and asks, and nobody is tied to whom it blocks.
#[test]
fn counters_are_right_after_any_order_of_events() {
    let db = TestDb::new();
    db.write_now(|c| {
        let site = people::site();
        let locals: Vec<Actor> = ["ali", "bea", "kim"].map(|name| people::local(c, name)).into();
        people::lock(c, locals[1].id);
        let remotes: Vec<Actor> = ["rob", "eve"].map(|name| people::remote(c, name)).into();
        let everybody: Vec<ActorId> = locals.iter().chain(&remotes).map(|a| a.id).collect();
        let post = people::say(c, locals[0].id, "hello");
        let mut steps = Steps(7);
        for step in 0..1_500 {
            let me = locals[steps.below(3)].id;
            let other = everybody[steps.below(5)];
            let far = remotes[steps.below(2)].id;
            let uri = format!("https://peer.example/a/{}", steps.below(4));
            let what = steps.below(18);
            let done = match what {
                0..=2 => follow(c, me, other).map(drop),
                3 => follows::unfollow(c, me, other),
                4 => follows::remove_follower(c, me, other),
                5..=6 => follows::receive(c, &uri, far, me),
                7 => follows::receive_undo(c, far, Some(&uri), Some(me)),
                8 => follows::receive_undo(c, far, Some(&uri), None),
                9..=10 => follow_requests::receive_accept(c, far, None, Some(me)),
                11 => follow_requests::receive_reject(c, far, None, Some(me)),
                12 => follow_requests::accept(c, me, other),
                13 => follow_requests::reject(c, me, other).map(drop),
                14 => blocks::block(c, &site, me, other).map(drop),
                15 => blocks::unblock(c, me, other).and_then(|()| blocks::receive_undo(c, far, None, Some(me))),
                16 => blocks::receive(c, &uri, far, me),
                _ => match steps.below(4) {
                    0 => likes::like(c, &site, me, &post).map(drop),
                    1 => likes::unlike(c, me, &post),
                    2 => likes::receive(c, far, &post, &uri).map(drop),
                    _ => likes::receive_undo(c, far, post.id),
                },
            };
            match done {
                Ok(()) | Err(Error::Forbidden(_) | Error::NotFound(_)) => {}
                Err(error) => panic!("step {step} ({what}): {error}"),
            }
            let tied: Vec<(ActorId, ActorId)> =
                follow_rows::table.select((follow_rows::actor_id, follow_rows::target_id)).load(c)?;
            let asking: Vec<(ActorId, ActorId)> =
                request_rows::table.select((request_rows::actor_id, request_rows::target_id)).load(c)?;
            for id in &everybody {
                let wanted = (
                    i64::try_from(tied.iter().filter(|(_, target)| target == id).count()).unwrap(),
                    i64::try_from(tied.iter().filter(|(actor, _)| actor == id).count()).unwrap(),
                );
                assert_eq!(counters(c, *id), wanted, "step {step} ({what})");
            }
            assert!(tied.iter().all(|pair| !asking.contains(pair)), "step {step} ({what})");
            for (actor, target) in tied.iter().chain(&asking) {
                assert!(!blocks::either_way(c, *actor, *target)?, "step {step} ({what})");
            }
            let likers = likes::likers(c, post.id, None, &Page::newest(40))?.items.len();
            assert_eq!(posts::get(c, post.id)?.likes_count, i64::try_from(likers).unwrap(), "step {step} ({what})");
        }
        Ok(())
    })
    .unwrap();
}
