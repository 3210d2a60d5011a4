//! What becomes of notifications: whose are filtered, what comes in groups, and what is told of polls and of lost follows.
#![allow(clippy::unwrap_used, missing_docs)]

use diesel::prelude::*;
use majlis_local::ids::{ActorId, PostId};
use majlis_local::jobs::{self, Change, Job};
use majlis_local::notification_policies::{self, Policy, Verdict};
use majlis_local::notifications::{self, Filter, Notice, Notification, NotificationKind};
use majlis_local::polls::{self, NewPoll, PollOption};
use majlis_local::publish::{self, Draft};
use majlis_local::schema::{actors, follows, polls as poll_rows};
use majlis_local::severances::{self, Cause};
use majlis_local::testing::TestDb;
use majlis_local::testing::people::{self, local, remote, say};
use majlis_local::users::{self, Role, Standing};
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Page, Timestamp, notification_requests};

fn told(c: &mut Connection, who: ActorId, filtered: bool) -> Vec<Notification> {
    notifications::list(c, who, &Filter { filtered, ..Filter::default() }, &Page::newest(80)).unwrap().items
}

fn kinds(c: &mut Connection, who: ActorId) -> Vec<NotificationKind> {
    told(c, who, false).iter().map(|n| n.kind).collect()
}

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now().plus_seconds(-days * 24 * 3_600)
}

/// What becomes of a mention by `stranger` when only `policy` is not accepted.
fn verdict(c: &mut Connection, me: ActorId, stranger: ActorId, policy: Policy) -> Verdict {
    notification_policies::set(c, me, policy).unwrap();
    notifications::clear(c, me).unwrap();
    say(c, stranger, "@me hello");
    match told(c, me, true).as_slice() {
        [] => Verdict::Drop,
        [one] if one.filtered => Verdict::Filter,
        [_] => Verdict::Accept,
        more => panic!("{more:?}"),
    }
}

#[test]
fn each_part_of_a_policy_knows_whom_it_is_about() {
    let accept = Policy {
        for_not_following: Verdict::Accept,
        for_not_followers: Verdict::Accept,
        for_new_accounts: Verdict::Accept,
        for_private_mentions: Verdict::Accept,
        for_limited_accounts: Verdict::Accept,
        for_bots: Verdict::Accept,
    };
    let db = TestDb::new();
    db.write_now(move |c| {
        let (me, ali) = (local(c, "me").id, local(c, "ali").id);
        let is = |c: &mut Connection, policy: Policy| verdict(c, me, ali, policy);
        for one in [Verdict::Filter, Verdict::Drop] {
            let following = Policy { for_not_following: one, ..accept };
            let follower = Policy { for_not_followers: one, ..accept };
            let new = Policy { for_new_accounts: one, ..accept };
            let limited = Policy { for_limited_accounts: one, ..accept };
            let bot = Policy { for_bots: one, ..accept };
            assert_eq!(
                [following, follower, new, limited, bot].map(|policy| is(c, policy)),
                [one, one, one, Verdict::Accept, Verdict::Accept]
            );
            // The strictest counts.
            let both = Policy { for_not_followers: Verdict::Drop, ..following };
            assert_eq!(is(c, both), Verdict::Drop);
            let old = |c: &mut Connection, at: Timestamp| {
                diesel::update(actors::table.find(ali)).set(actors::created_at.eq(at)).execute(c).unwrap()
            };
            old(c, days_ago(31));
            assert_eq!(is(c, new), Verdict::Accept);
            old(c, days_ago(1));
            diesel::update(actors::table.find(ali))
                .set((actors::silenced_at.eq(Some(days_ago(1))), actors::kind.eq(1)))
                .execute(c)?;
            assert_eq!([limited, bot].map(|policy| is(c, policy)), [one, one]);
            // A follower of less than three days does not count as one.
            people::follow(c, ali, me);
            assert_eq!(is(c, follower), one);
            diesel::update(follows::table.filter(follows::actor_id.eq(ali)))
                .set(follows::created_at.eq(days_ago(4)))
                .execute(c)?;
            assert_eq!(is(c, follower), Verdict::Accept);
            assert_eq!(is(c, following), one);
            people::follow(c, me, ali);
            assert_eq!([following, follower, new, limited, bot].map(|policy| is(c, policy)), [Verdict::Accept; 5]);
            diesel::delete(follows::table).execute(c)?;
            diesel::update(actors::table.find(ali))
                .set((actors::silenced_at.eq(None::<Timestamp>), actors::kind.eq(0)))
                .execute(c)?;
            // Those who run the server are heard.
            users::set_role(c, ali, Role::Moderator)?;
            assert_eq!(is(c, following), Verdict::Accept);
            users::set_role(c, ali, Role::User)?;
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_letter_that_answers_ones_own_is_not_filtered() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (me, ali) = (local(c, "me").id, local(c, "ali").id);
        let letter = |c: &mut Connection, by: ActorId, text: &str, parent: Option<PostId>| {
            let draft = Draft { visibility: Some(Visibility::Direct), in_reply_to: parent, ..people::draft(text) };
            publish::publish(c, &people::site(), by, draft).unwrap().id
        };
        let filtered = |c: &mut Connection| told(c, me, true)[0].filtered;
        letter(c, ali, "@me hello", None);
        assert!(filtered(c));
        let mine = letter(c, me, "@ali hello", None);
        let answer = letter(c, ali, "@me thanks", Some(mine));
        assert!(!filtered(c));
        letter(c, ali, "@me and more", Some(answer));
        assert!(!filtered(c));
        // An answer to somebody else's is as uninvited as any.
        let bea = local(c, "bea").id;
        letter(c, bea, "@me hello", None);
        assert!(filtered(c));
        people::follow(c, me, bea);
        letter(c, bea, "@me hello again", None);
        assert!(!filtered(c));
        assert_eq!(notification_requests::summary(c, me)?.requests, 2);
        Ok(())
    })
    .unwrap();
}

#[test]
fn whoever_is_blocked_leaves_no_request() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (me, ali) = (local(c, "me").id, local(c, "ali").id);
        notification_policies::set(c, me, Policy { for_not_following: Verdict::Filter, ..Policy::default() })?;
        say(c, ali, "@me hello");
        assert_eq!(notification_requests::summary(c, me)?.requests, 1);
        majlis_local::blocks::block(c, &people::site(), me, ali)?;
        assert_eq!((notification_requests::summary(c, me)?.requests, told(c, me, true)), (0, vec![]));
        Ok(())
    })
    .unwrap();
}

fn poll(c: &mut Connection, author: ActorId) -> PostId {
    let option = |title: &str| PollOption { title: title.into(), votes: 0 };
    let poll = NewPoll {
        options: vec![option("a"), option("b")],
        multiple: false,
        hide_totals: false,
        voters_count: Some(0),
        expires_at: Some(Timestamp::now().plus_seconds(600)),
        closed_at: None,
    };
    people::publish(c, author, Draft { poll: Some(poll), ..people::draft("which?") }).id
}

fn close(c: &mut Connection, post: PostId) {
    diesel::update(poll_rows::table.find(post))
        .set(poll_rows::expires_at.eq(Some(Timestamp::now().plus_seconds(-1))))
        .execute(c)
        .unwrap();
}

#[test]
fn the_end_of_a_poll_is_told_to_its_author_and_its_voters() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (me, ali, bea) = (local(c, "me").id, local(c, "ali").id, local(c, "bea").id);
        let post = poll(c, me);
        assert!(jobs::all(c)?.contains(&Job::EndPoll { post }));
        let row = majlis_local::posts::get(c, post)?;
        polls::vote(c, ali, &row, &[0])?;
        // Too early: it waits again.
        let waiting = |c: &mut Connection| jobs::all(c).unwrap().into_iter().filter(|job| *job == Job::EndPoll { post }).count();
        assert_eq!((polls::end(c, post, ActorId(0))?, waiting(c)), (None, 2));
        assert_eq!(kinds(c, ali), []);
        close(c, post);
        let federated = |c: &mut Connection| {
            let edited = Job::Federate { change: Change::Edited { post } };
            jobs::all(c).unwrap().into_iter().filter(|job| *job == edited).count()
        };
        let before = federated(c);
        for _ in 0..2 {
            assert_eq!(polls::end(c, post, ActorId(0))?, None);
        }
        assert!(federated(c) > before);
        assert_eq!(
            (kinds(c, me), kinds(c, ali), kinds(c, bea)),
            (vec![NotificationKind::Poll], vec![NotificationKind::Poll], vec![])
        );
        assert_eq!(polls::end(c, PostId(7), ActorId(0))?, None);
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_end_of_a_poll_elsewhere_is_told_to_those_who_voted_here() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (me, rob) = (local(c, "me").id, remote(c, "rob"));
        let option = |title: &str| PollOption { title: title.into(), votes: 3 };
        let end = Timestamp::now().plus_seconds(600);
        let mut note = people::note(&rob, "which?");
        note.kind = majlis_local::posts::PostKind::Question;
        let asked = NewPoll {
            options: vec![option("a"), option("b")],
            multiple: true,
            hide_totals: false,
            voters_count: None,
            expires_at: Some(end),
            closed_at: None,
        };
        note.poll = Some(asked.clone());
        let post = people::receive(c, note.clone());
        let waiting =
            |c: &mut Connection| jobs::all(c).unwrap().into_iter().filter(|job| *job == Job::EndPoll { post: post.id }).count();
        assert_eq!(waiting(c), 0);
        polls::vote(c, me, &post, &[0, 1])?;
        assert_eq!(waiting(c), 1);
        // Its author closes it early.
        note.poll = Some(NewPoll { closed_at: Some(Timestamp::now()), ..asked });
        majlis_local::receive::edit(c, note)?;
        assert_eq!(waiting(c), 2);
        assert_eq!(polls::end(c, post.id, ActorId(0))?, None);
        assert_eq!(kinds(c, me), [NotificationKind::Poll]);
        Ok(())
    })
    .unwrap();
}

#[test]
fn those_who_run_the_server_hear_of_who_joins() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (owner, user) = (local(c, "owner").id, local(c, "user").id);
        users::set_role(c, owner, Role::Owner)?;
        for name in ["new", "newer"] {
            let new = local(c, name).id;
            users::set_standing(c, new, Standing::Pending)?;
            assert_eq!(users::set_standing(c, new, Standing::Active)?.standing(), Standing::Active);
            users::set_standing(c, new, Standing::Active)?;
        }
        assert_eq!((kinds(c, owner), kinds(c, user)), (vec![NotificationKind::SignUp; 2], vec![]));
        let keys: Vec<String> = told(c, owner, false).iter().map(Notification::group_key).collect();
        assert!(keys[0] == keys[1] && keys[0].starts_with("admin.sign_up-"), "{keys:?}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn lost_follows_are_told_once_for_all() {
    let db = TestDb::new();
    db.write_now(|c| {
        let me = local(c, "me").id;
        severances::record(c, me, Cause::OwnDomainBlock, "bad.example", 0, 0)?;
        assert_eq!(kinds(c, me), []);
        for domain in ["bad.example", "worse.example"] {
            severances::record(c, me, Cause::OwnDomainBlock, domain, 3, 1)?;
        }
        let told = told(c, me, false);
        assert_eq!(told.iter().map(|n| n.kind).collect::<Vec<_>>(), [NotificationKind::Severed; 2]);
        let ids: Vec<_> = told.iter().filter_map(|n| n.subject_id).map(majlis_local::ids::SeveranceId).collect();
        let found = severances::find_many(c, me, &ids)?;
        assert_eq!(found.iter().map(|s| (s.target.as_str(), s.followers, s.following)).max(), Some(("worse.example", 3, 1)));
        let other = local(c, "other").id;
        assert_eq!(severances::find_many(c, other, &ids)?, []);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_notification_that_goes_leaves_its_group_a_head() {
    let db = TestDb::new();
    db.write_now(|c| {
        let me = local(c, "me").id;
        let post = say(c, me, "hello").id;
        let like = |actor| Notice { recipient: me, kind: NotificationKind::Like, actor, post: Some(post) };
        let fans: Vec<ActorId> = (0..4).map(|n| remote(c, &format!("fan{n}")).id).collect();
        for fan in &fans {
            notifications::notify(c, like(*fan))?;
        }
        let head = |c: &mut Connection| told(c, me, false).iter().filter(|n| n.head).map(|n| n.actor_id).collect::<Vec<_>>();
        assert_eq!(head(c), [fans[3]]);
        notifications::withdraw(c, like(fans[1]))?;
        assert_eq!(head(c), [fans[3]]);
        notifications::forget_actor(c, me, fans[3])?;
        assert_eq!(head(c), [fans[2]]);
        majlis_local::receive::delete_actor(c, fans[2])?;
        assert_eq!(head(c), [fans[0]]);
        notifications::forget_server(c, me, "peer.example")?;
        assert_eq!(told(c, me, true), []);
        Ok(())
    })
    .unwrap();
}
