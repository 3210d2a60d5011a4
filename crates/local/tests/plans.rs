//! How the feeds, threads and searches are carried out: few statements, and none that reads a whole table.
#![allow(clippy::unwrap_used, missing_docs)]

use majlis_local::feeds::{self, AuthorFilter, Reach, TagFilter};
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::testing::statements::{full_scans, plan, statements};
use majlis_local::{Connection, Engine, Page, Result, search, threads};

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
            let post = say(c, ali.id, "hello #tag");
            for n in 0..30 {
                reply(c, ali.id, post.id, &format!("{n} #tag"));
            }
            let list = list(c, me.id, &[ali.id], 0, false);
            let newest = Page::newest(20);
            let next = Page { min_id: Some(post.id.0), ..newest };
            for page in [newest, next] {
                check(c, "home", 1, |c| feeds::home(c, me.id, &page));
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
                check(c, "bookmarks", 1, |c| feeds::bookmarks(c, me.id, &page));
                check(c, "search", 1, |c| search::posts(c, Some(me.id), "hello", None, &page, 0));
            }
            check(c, "pinned", 1, |c| feeds::pinned(c, Some(me.id), ali.id));
            check(c, "thread", 2, |c| threads::around(c, Some(me.id), &post));
            check(c, "people", 1, |c| search::actors(c, Some(me.id), "al", false, 20, 0));
            check(c, "hashtags", 1, |c| search::hashtags(c, "ta", 20, 0));
            check(c, "home audience", 2, |c| {
                let candidates = feeds::home_candidates(c, ali.id)?;
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
            let steps = plan(c, &sent[0]);
            assert!(steps.iter().any(|s| s.contains("COVERING INDEX posts_author (author_id=? AND id>? AND id<?)")), "{steps:?}");
            assert_eq!(steps.iter().filter(|s| s.contains("TEMP B-TREE")).count(), 1, "{steps:?}");
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
