//! Quotes never carry a post farther than its author sent it: what stays here stays here, a circle is a circle.

use majlis_local::publish::{self, Draft, Revision};
use majlis_local::quote_policies::QuotePolicy;
use majlis_local::testing::people::{draft, local, note, publish as published, receive, remote, site};
use majlis_local::{circles, mentions, quotes};

use super::*;

fn federates(c: &mut Connection) -> bool {
    jobs::all(c).unwrap().iter().any(|job| matches!(job, Job::Federate { .. }))
}

#[test]
fn a_quote_of_what_stays_here_stays_here() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr, far) = (local(c, "ali"), local(c, "badr"), remote(c, "far"));
            for author in [ali.id, badr.id] {
                people::follow(c, far.id, author);
            }
            let here = published(c, ali.id, Draft { local_only: true, ..draft("here") });
            let quote = published(c, badr.id, Draft { quote: Some(here.id), ..draft("look, @far@peer.example") });
            assert!(quote.local_only);
            quotes::revoke(c, ali.id, here.id, quote.id)?;
            publish::delete(c, badr.id, quote.id)?;
            assert!(!federates(c), "{:?}", jobs::all(c)?);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_post_that_stays_here_asks_nobody_elsewhere_for_leave() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr, far) = (local(c, "ali"), local(c, "badr"), remote(c, "far"));
            let mut theirs = note(&far, "theirs");
            theirs.quote_policy = QuotePolicy::PUBLIC;
            let theirs = receive(c, theirs);
            let quoting = |local_only| Draft { local_only, quote: Some(theirs.id), ..draft("look") };
            let parent = published(c, badr.id, Draft { local_only: true, ..draft("here") });
            let before = posts::get(c, theirs.id)?;
            for refused in [quoting(true), Draft { in_reply_to: Some(parent.id), ..quoting(false) }] {
                let answer = publish::publish(c, &site(), ali.id, refused);
                let Err(Error::Invalid(problems)) = answer else { panic!("{answer:?}") };
                assert_eq!(problems[0].field, "quoted_status_id");
            }
            assert_eq!(posts::get(c, theirs.id)?, before);
            assert_eq!(actors::get(c, ali.id)?.posts_count, 0);
            assert!(!federates(c), "{:?}", jobs::all(c)?);
            // One that may leave asks.
            published(c, ali.id, quoting(false));
            let asked = |job: &Job| matches!(job, Job::Federate { change: Change::QuoteRequested { .. } });
            assert!(jobs::all(c)?.iter().any(asked));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_quote_to_a_circle_is_for_the_circle_alone() {
    TestDb::new()
        .write_now(|c| {
            let [ali, badr, chen] = ["ali", "badr", "chen"].map(|name| local(c, name));
            let circle = circles::create(c, ali.id, "close")?.id;
            circles::add(c, ali.id, circle, &[badr.id])?;
            let (inside, outside) = (people::say(c, badr.id, "inside"), people::say(c, chen.id, "outside"));
            let to_circle = |quote: PostId| Draft {
                circle: Some(circle),
                visibility: Some(Visibility::Public),
                quote: Some(quote),
                ..draft("look, @chen")
            };
            assert!(matches!(publish::publish(c, &site(), ali.id, to_circle(outside.id)), Err(Error::Invalid(_))));
            let post = published(c, ali.id, to_circle(inside.id));
            assert_eq!((post.visibility, post.local_only), (Visibility::Direct, false));
            let text = "and @chen sees it now?".to_owned();
            publish::edit(c, &site(), ali.id, post.id, Revision { text, character_limit: 500, ..Revision::default() })?;
            assert_eq!(mentions::of_post(c, post.id)?, [badr.id]);
            let here = published(c, badr.id, Draft { local_only: true, ..draft("here") });
            assert!(published(c, ali.id, to_circle(here.id)).local_only);
            Ok(())
        })
        .unwrap();
}
