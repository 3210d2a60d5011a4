//! Who finds what: consent, audiences, mutes and scripts.
#![allow(clippy::unwrap_used, missing_docs)]

use majlis_local::actors::Actor;
use majlis_local::ids::ActorId;
use majlis_local::publish::{self, Draft};
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Page, search};

fn found(c: &mut Connection, viewer: Option<ActorId>, query: &str) -> Vec<String> {
    let posts = search::posts(c, viewer, query, None, &Page::newest(20), 0).unwrap();
    posts.into_iter().map(|p| majlis_local::text::plain(&p.content)).collect()
}

fn names(actors: Vec<Actor>) -> Vec<String> {
    actors.into_iter().map(|a| a.acct()).collect()
}

#[test]
fn posts_are_found_by_author_mentioned_and_if_the_author_consents_by_all() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr, chen) = (local(c, "ali"), local(c, "badr"), local(c, "chen"));
            let (dina, eve) = (remote(c, "dina"), remote(c, "eve"));
            set_indexable(c, dina.id, true);
            say(c, ali.id, "A secret garden");
            publish(c, ali.id, Draft { visibility: Some(Visibility::Direct), ..draft("@badr the garden gate") });
            let dinas = receive(c, note(&dina, "garden of Dina"));
            receive(c, note(&eve, "garden of Eve"));
            let mut to_chen = note(&eve, "garden of Chen");
            to_chen.mentioned = vec![chen.id];
            receive(c, to_chen);

            assert_eq!(found(c, Some(ali.id), "GARDEN"), ["garden of Dina", "@badr the garden gate", "A secret garden"]);
            assert_eq!(found(c, Some(badr.id), "garden"), ["garden of Dina", "@badr the garden gate"]);
            assert_eq!(found(c, Some(chen.id), "garden"), ["garden of Chen", "garden of Dina"]);
            assert_eq!(found(c, None, "garden"), ["garden of Dina"]);
            assert_eq!(found(c, Some(ali.id), "secret garden"), ["A secret garden"]);
            assert!(found(c, Some(ali.id), "secret gate").is_empty());

            mute(c, badr.id, dina.id, None);
            block(c, dina.id, chen.id);
            assert_eq!(found(c, Some(badr.id), "garden"), ["@badr the garden gate"]);
            assert_eq!(found(c, Some(chen.id), "garden"), ["garden of Chen"]);
            set_indexable(c, dina.id, false);
            assert!(found(c, None, "garden").is_empty());
            like(c, ali.id, dinas.id);
            assert_eq!(found(c, Some(ali.id), "dina"), ["garden of Dina"]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn edits_and_deletions_change_what_is_found() {
    TestDb::new()
        .write_now(|c| {
            let ali = local(c, "ali");
            let post = say(c, ali.id, "apples");
            assert_eq!(found(c, Some(ali.id), "apples"), ["apples"]);
            let revision = publish::Revision { text: "pears".into(), character_limit: 500, ..Default::default() };
            publish::edit(c, &site(), ali.id, post.id, revision).unwrap();
            assert!(found(c, Some(ali.id), "apples").is_empty());
            assert_eq!(found(c, Some(ali.id), "pears"), ["pears"]);
            publish::delete(c, ali.id, post.id).unwrap();
            assert!(found(c, Some(ali.id), "pears").is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_script_is_found_and_nothing_in_a_query_breaks_the_engine() {
    TestDb::new()
        .write_now(|c| {
            let ali = local(c, "ali");
            for text in ["ذهبت إلى المَدْرَسَةِ", "東京タワー", "हिन्दी में", "Straße", "don't \"quote\" me"]
            {
                say(c, ali.id, text);
            }
            for query in ["مدرسة", "بالمدرسة", "東京", "हिन्दी", "strasse", "\"quote\"", "don't"] {
                assert_eq!(found(c, Some(ali.id), query).len(), 1, "{query}");
            }
            for query in ["", "''", "\" OR \"", "a* & !b | (c", "NEAR(x y)", "terms:x", "\\", "🎉", "-x", "^x"] {
                assert!(found(c, Some(ali.id), query).is_empty(), "{query}");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn pages_and_offsets() {
    TestDb::new()
        .write_now(|c| {
            let ali = local(c, "ali");
            let ids: Vec<_> = (0..5).map(|n| say(c, ali.id, &format!("word {n}")).id).collect();
            let page = Page { max_id: Some(ids[4].0), since_id: Some(ids[0].0), min_id: None, limit: 2 };
            let found: Vec<_> =
                search::posts(c, Some(ali.id), "word", None, &page, 1).unwrap().into_iter().map(|p| p.id).collect();
            assert_eq!(found, [ids[2], ids[1]]);
            assert!(search::posts(c, Some(ali.id), "word", Some(ActorId(1)), &Page::newest(5), 0).unwrap().is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn people_by_handle_beginning_and_display_name_followed_first() {
    TestDb::new()
        .write_now(|c| {
            let viewer = local(c, "viewer");
            local(c, "alice");
            let mut far = remote_actor("alicia");
            far.display_name = "مريم Wonder".into();
            let far = majlis_local::actors::store_remote(c, far).unwrap();
            remote(c, "ali");
            let by = |c: &mut Connection, query: &str, following| {
                names(search::actors(c, Some(viewer.id), query, following, 10, 0).unwrap())
            };
            follow(c, viewer.id, far.id);
            assert_eq!(by(c, "ali", false), ["ali@peer.example", "alicia@peer.example", "alice"]);
            assert_eq!(by(c, "@ali@peer", false), ["ali@peer.example", "alicia@peer.example"]);
            assert_eq!(by(c, "@ALI@peer.example", false)[0], "ali@peer.example");
            assert_eq!(by(c, "مريم", false), ["alicia@peer.example"]);
            assert_eq!(by(c, "wond", false), ["alicia@peer.example"]);
            assert_eq!(by(c, "ali", true), ["alicia@peer.example"]);
            assert!(by(c, "", false).is_empty());
            assert!(by(c, "\"*", false).is_empty());
            // A blocked person stays findable: that is how apps find whom to unblock.
            block(c, viewer.id, far.id);
            assert_eq!(by(c, "alicia", false), ["alicia@peer.example"]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn hashtags_by_beginning() {
    TestDb::new()
        .write_now(|c| {
            let ali = local(c, "ali");
            say(c, ali.id, "#Cats");
            say(c, ali.id, "#CatsOfMajlis");
            say(c, ali.id, "#dogs #قطط");
            let by = |c: &mut Connection, query: &str| -> Vec<String> {
                search::hashtags(c, query, 10, 0).unwrap().into_iter().map(|h| h.display_name).collect()
            };
            assert_eq!(by(c, "#cats"), ["Cats", "CatsOfMajlis"]);
            assert_eq!(by(c, "cat"), ["CatsOfMajlis", "Cats"]);
            assert_eq!(by(c, "قط"), ["قطط"]);
            assert!(by(c, "#").is_empty());
            Ok(())
        })
        .unwrap();
}
