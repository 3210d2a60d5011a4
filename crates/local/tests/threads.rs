//! Conversations: order, depth, audience, circles.
#![allow(clippy::unwrap_used, missing_docs)]

use diesel::prelude::*;
use majlis_local::ids::PostId;
use majlis_local::posts::Post;
use majlis_local::publish::{self, Draft};
use majlis_local::schema::posts;
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::threads;
use majlis_local::visibility::Visibility;

fn ids(posts: &[Post]) -> Vec<PostId> {
    posts.iter().map(|p| p.id).collect()
}

#[test]
fn a_thread_is_ordered_depth_first_with_the_authors_own_answers_first() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr) = (local(c, "ali"), local(c, "badr"));
            let root = say(c, ali.id, "root");
            let middle = reply(c, badr.id, root.id, "middle");
            let post = reply(c, ali.id, middle.id, "post");
            let a = reply(c, badr.id, post.id, "a");
            let b = reply(c, badr.id, post.id, "b");
            let own = reply(c, ali.id, post.id, "own");
            let a1 = reply(c, ali.id, a.id, "a1");
            let own1 = reply(c, badr.id, own.id, "own1");
            let beside = reply(c, ali.id, root.id, "beside");
            let thread = threads::around(c, Some(ali.id), &post).unwrap();
            assert_eq!(ids(&thread.ancestors), [root.id, middle.id]);
            assert_eq!(ids(&thread.descendants), [own.id, own1.id, a.id, a1.id, b.id]);
            let thread = threads::around(c, None, &beside).unwrap();
            assert_eq!((ids(&thread.ancestors), ids(&thread.descendants)), (vec![root.id], vec![]));
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_the_viewer_may_not_see_is_left_out_and_its_answers_stay() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr, chen) = (local(c, "ali"), local(c, "badr"), local(c, "chen"));
            let root = say(c, ali.id, "root");
            let direct = publish(
                c,
                badr.id,
                Draft { visibility: Some(Visibility::Direct), in_reply_to: Some(root.id), ..draft("@ali psst") },
            );
            let by_chen = reply(c, chen.id, root.id, "chen");
            let to_chen = reply(c, badr.id, by_chen.id, "to chen");
            let gone = reply(c, badr.id, to_chen.id, "gone");
            let last = reply(c, ali.id, gone.id, "last");
            publish::delete(c, badr.id, gone.id).unwrap();

            let seen = |c: &mut _, viewer| ids(&threads::around(c, viewer, &root).unwrap().descendants);
            assert_eq!(seen(c, Some(ali.id)), [direct.id, by_chen.id, to_chen.id, last.id]);
            assert_eq!(seen(c, Some(chen.id)), [by_chen.id, to_chen.id, last.id]);
            mute(c, ali.id, chen.id, None);
            assert_eq!(seen(c, Some(ali.id)), [direct.id, to_chen.id, last.id]);
            block(c, badr.id, chen.id);
            assert_eq!(seen(c, Some(chen.id)), [by_chen.id, last.id]);
            assert_eq!(seen(c, Some(badr.id)), [direct.id, to_chen.id, last.id]);
            let up = threads::around(c, Some(chen.id), &last).unwrap();
            assert_eq!(ids(&up.ancestors), [root.id, by_chen.id]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn depth_is_any_for_users_and_bounded_for_others() {
    TestDb::new()
        .write_now(|c| {
            let ali = local(c, "ali");
            let root = say(c, ali.id, "0");
            let mut last = root.clone();
            for n in 1..=300 {
                last = reply(c, ali.id, last.id, &n.to_string());
            }
            for _ in 0..50 {
                reply(c, ali.id, root.id, "wide");
            }
            assert_eq!(threads::around(c, Some(ali.id), &root).unwrap().descendants.len(), 350);
            assert_eq!(threads::around(c, Some(ali.id), &last).unwrap().ancestors.len(), 300);
            assert_eq!(threads::around(c, None, &last).unwrap().ancestors.len(), 40);
            let below = threads::around(c, None, &root).unwrap().descendants;
            assert_eq!(below.len(), 60);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_circle_ends() {
    TestDb::new()
        .write_now(|c| {
            let ali = local(c, "ali");
            let one = say(c, ali.id, "one");
            let two = reply(c, ali.id, one.id, "two");
            let three = reply(c, ali.id, two.id, "three");
            diesel::update(posts::table.find(one.id)).set(posts::in_reply_to_id.eq(Some(three.id))).execute(c)?;
            let thread = threads::around(c, Some(ali.id), &one).unwrap();
            let mut all = ids(&thread.ancestors);
            all.extend(ids(&thread.descendants));
            all.sort_unstable();
            assert_eq!(all, [two.id, three.id]);
            Ok(())
        })
        .unwrap();
}
