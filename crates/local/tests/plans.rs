//! How the feeds, threads and searches are carried out: few statements, and none that reads a whole table.
#![allow(clippy::unwrap_used, missing_docs)]

use majlis_local::feeds::{self, AuthorFilter, Reach, TagFilter};
use majlis_local::ids::ActorId;
use majlis_local::notifications::{self, Filter, Notice, NotificationKind};
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::testing::statements::{full_scans, plan, statements};
use majlis_local::{Connection, Engine, Page, Result, archives, notification_groups, notification_requests, search, threads};

fn check<T>(c: &mut Connection, name: &str, most: usize, f: impl FnOnce(&mut Connection) -> Result<T>) {
    let (result, sent) = statements(c, f);
    result.unwrap();
    assert!(sent.len() <= most, "{name} sends {} statements:\n{}", sent.len(), sent.join("\n"));
    if c.engine() == Engine::Sqlite {
        for statement in &sent {
            let scans = full_scans(c, statement);
            assert!(scans.is_empty(), "{name}: {scans:?} in\n{statement}\n{}", plan(c, statement).join("\n"));
        }
    }
}

#[test]
fn no_page_reads_a_whole_table() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali) = (local(c, "me"), local(c, "ali"));
            follow(c, me.id, ali.id);
            let tagged = local(c, "tagged");
            let post = say(c, ali.id, "hello #tag");
            let tag = majlis_local::hashtags::named(c, "tag")?;
            majlis_local::hashtag_follows::follow(c, tagged.id, tag.id)?;
            for n in 0..30 {
                reply(c, ali.id, post.id, &format!("{n} #tag"));
            }
            let list = list(c, me.id, &[ali.id], 0, false);
            let newest = Page::newest(20);
            let next = Page { min_id: Some(post.id.0), ..newest };
            for page in [newest, next] {
                check(c, "home", 2, |c| feeds::home(c, me.id, &page));
                check(c, "home with hashtags", 2, |c| feeds::home(c, tagged.id, &page));
                check(c, "list", 2, |c| feeds::list(c, me.id, list, &page));
                for reach in [Reach::All, Reach::Local, Reach::Remote] {
                    for media in [false, true] {
                        check(c, "public", 1, |c| feeds::public(c, Some(me.id), reach, media, &page));
                    }
                }
                let filter = TagFilter { any: vec!["tag".into()], none: vec!["other".into()], ..TagFilter::default() };
                check(c, "hashtag", 2, |c| feeds::hashtag(c, Some(me.id), &filter, &page));
                check(c, "author", 1, |c| feeds::author(c, Some(me.id), ali.id, &AuthorFilter::default(), &page));
                check(c, "favourites", 1, |c| feeds::favourites(c, me.id, &page));
                check(c, "bookmarks", 1, |c| feeds::bookmarks(c, me.id, None, &page));
                check(c, "search", 1, |c| search::posts(c, &site(), Some(me.id), "hello -x has:image", None, &page, 0));
                check(c, "archive of posts", 1, |c| archives::posts(c, me.id, &page));
                check(c, "archive of likes", 1, |c| archives::liked(c, me.id, &page));
                check(c, "archive of bookmarks", 1, |c| archives::bookmarked(c, me.id, &page));
                check(c, "library", 1, |c| search::posts(c, &site(), Some(me.id), "in:library", None, &page, 0));
            }
            check(c, "archives", 1, |c| archives::standing(c, me.id));
            check(c, "pinned", 1, |c| feeds::pinned(c, Some(me.id), ali.id));
            check(c, "thread", 2, |c| threads::around(c, Some(me.id), &post));
            check(c, "people", 1, |c| search::actors(c, Some(me.id), "al", false, 20, 0));
            check(c, "people nearly named", 2, |c| search::actors(c, Some(me.id), "alee", false, 20, 0));
            check(c, "hashtags", 1, |c| search::hashtags(c, "ta", true, 20, 0));
            check(c, "home audience", 3, |c| {
                let candidates = feeds::home_candidates(c, ali.id, &["tag".into()])?;
                feeds::home_audience(c, &post, &candidates)
            });
            check(c, "list audience", 2, |c| {
                let lists = feeds::lists_with(c, ali.id)?;
                feeds::list_audience(c, &post, &lists)
            });
            check(c, "public audience", 1, |c| feeds::public_audience(c, &post, &[me.id]));
            Ok(())
        })
        .unwrap();
}

#[test]
fn only_home_sorts_and_only_what_the_index_gave() {
    TestDb::new()
        .write_now(|c| {
            if c.engine() != Engine::Sqlite {
                return Ok(());
            }
            let me = local(c, "me");
            let page = Page::newest(20);
            let (_, sent) = statements(c, |c| feeds::home(c, me.id, &page).unwrap());
            let steps = plan(c, &sent[1]);
            assert_eq!(steps.iter().filter(|s| s.contains("TEMP B-TREE")).count(), 1, "{steps:?}");
            let tag = majlis_local::hashtags::named(c, "tag")?;
            majlis_local::hashtag_follows::follow(c, me.id, tag.id)?;
            let (_, sent) = statements(c, |c| feeds::home(c, me.id, &page).unwrap());
            let steps = plan(c, &sent[1]);
            assert!(steps.iter().any(|s| s.contains("COVERING INDEX posts_author (author_id=? AND id>? AND id<?)")), "{steps:?}");
            // The authors' part, the hashtags' part, and each once more to be merged: all of them of a page's candidates alone.
            assert_eq!(steps.iter().filter(|s| s.contains("TEMP B-TREE")).count(), 4, "{steps:?}");
            assert!(steps.iter().any(|s| s.contains("PRIMARY KEY (hashtag_id=? AND post_id>? AND post_id<?)")), "{steps:?}");
            for (reach, index) in [(Reach::All, "posts_public"), (Reach::Local, "posts_local")] {
                let (_, sent) = statements(c, |c| feeds::public(c, Some(me.id), reach, false, &page).unwrap());
                let steps = plan(c, &sent[0]);
                assert!(steps.iter().any(|s| s.contains(index)), "{steps:?}");
                assert!(!steps.iter().any(|s| s.contains("TEMP B-TREE")), "{steps:?}");
            }
            Ok(())
        })
        .unwrap();
}

/// Likes of one post, follows, and mentions of which some are filtered.
fn notified(c: &mut Connection, me: ActorId, people: usize) {
    let post = say(c, me, "hello");
    for n in 0..people {
        let fan = local(c, &format!("fan{n}")).id;
        for (kind, post) in [(NotificationKind::Like, Some(post.id)), (NotificationKind::Follow, None)] {
            notifications::notify(c, Notice { recipient: me, kind, actor: fan, post }).unwrap();
        }
    }
}

#[test]
fn notifications_and_their_groups_are_read_along_an_index() {
    TestDb::new()
        .write_now(|c| {
            let me = local(c, "me").id;
            notified(c, me, 30);
            let asked = |kinds: Option<Vec<NotificationKind>>, filtered: bool| Filter { kinds, actor: None, filtered };
            let filters = [
                asked(None, false),
                asked(None, true),
                asked(Some(vec![NotificationKind::Mention, NotificationKind::Like]), false),
                asked(Some(vec![NotificationKind::Follow]), true),
                Filter { actor: Some(me), ..Filter::default() },
            ];
            let newest = Page::newest(20);
            for page in [newest, Page { min_id: Some(1), ..newest }, Page { max_id: Some(i64::MAX - 1), ..newest }] {
                for filter in &filters {
                    check(c, "notifications", 1, |c| notifications::list(c, me, filter, &page));
                    for grouped in [NotificationKind::ALL, &[NotificationKind::Follow], &[]] {
                        check(c, "groups", 3, |c| notification_groups::list(c, me, filter, grouped, &page));
                        check(c, "unread groups", 1, |c| notification_groups::count(c, me, filter, grouped, &page));
                    }
                }
                check(c, "requests", 1, |c| notification_requests::list(c, me, &page));
            }
            check(c, "summary", 1, |c| notification_requests::summary(c, me));
            let key = notification_groups::list(c, me, &Filter::default(), NotificationKind::ALL, &newest)?.items[0].key.clone();
            check(c, "group", 3, |c| notification_groups::get(c, me, &key));
            check(c, "people of a group", 1, |c| notification_groups::people(c, me, &key, &newest));
            Ok(())
        })
        .unwrap();
}

/// A page of groups walks along the heads alone, and what it counts and names along the group's own index.
#[test]
fn a_page_of_groups_reads_the_heads_only() {
    TestDb::new()
        .write_now(|c| {
            if c.engine() != Engine::Sqlite {
                return Ok(());
            }
            let me = local(c, "me").id;
            let page = Page::newest(20);
            notified(c, me, 3);
            let (_, sent) =
                statements(c, |c| notification_groups::list(c, me, &Filter::default(), NotificationKind::ALL, &page).unwrap());
            for (statement, index) in [(0, "notifications_heads"), (1, "notifications_group"), (2, "notifications_group")] {
                let steps = plan(c, &sent[statement]);
                assert!(steps.iter().any(|step| step.contains(index)), "{steps:?}");
            }
            let (_, sent) = statements(c, |c| notifications::list(c, me, &Filter::default(), &page).unwrap());
            let steps = plan(c, &sent[0]);
            assert!(steps.iter().any(|step| step.contains("notifications_shown")), "{steps:?}");
            Ok(())
        })
        .unwrap();
}

/// Not run by default: what docs/PERFORMANCE.md says of a hundred thousand.
#[test]
#[ignore = "a measurement"]
fn a_hundred_thousand_notifications_cost_what_a_hundred_do() {
    TestDb::new()
        .write_now(|c| {
            let (me, fan) = (local(c, "me").id, local(c, "fan").id);
            let post = say(c, me, "hello");
            let other = say(c, me, "other");
            let time = |c: &mut Connection, name: &str| {
                for (what, grouped) in [("single", None), ("groups", Some(NotificationKind::ALL))] {
                    let begun = std::time::Instant::now();
                    for _ in 0..20 {
                        let (filter, page) = (Filter::default(), Page::newest(40));
                        match grouped {
                            None => drop(notifications::list(c, me, &filter, &page).unwrap()),
                            Some(grouped) => drop(notification_groups::list(c, me, &filter, grouped, &page).unwrap()),
                        }
                    }
                    eprintln!("{name}: {what}: {:?}", begun.elapsed() / 20);
                }
            };
            notifications::notify(c, Notice { recipient: me, kind: NotificationKind::Like, actor: fan, post: Some(other.id) })?;
            time(c, "one");
            let sql = format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
                 INSERT INTO notifications (id, recipient_id, kind, actor_id, post_id, created_at, group_key, head) \
                 SELECT i, {me}, 5, {fan}, {}, i, CASE WHEN i % 10 = 0 THEN NULL ELSE 'favourite-{}-000001' END, i % 10 = 0 OR i = 99999 FROM n",
                post.id, post.id
            );
            diesel::RunQueryDsl::execute(diesel::sql_query(sql), c)?;
            time(c, "a hundred thousand");
            Ok(())
        })
        .unwrap();
}
