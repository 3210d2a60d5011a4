//! Who finds what: consent, audiences, mutes and scripts.
#![allow(clippy::unwrap_used, missing_docs)]

use majlis_local::actors::Actor;
use majlis_local::attachments::{AttachmentKind, NewAttachment};
use majlis_local::ids::ActorId;
use majlis_local::polls::{NewPoll, PollOption};
use majlis_local::publish::{self, Draft};
use majlis_local::receive::RemotePost;
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Page, Timestamp, search};

fn found(c: &mut Connection, viewer: Option<ActorId>, query: &str) -> Vec<String> {
    let posts = search::posts(c, &site(), viewer, query, None, &Page::newest(20), 0).unwrap();
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
fn operators_narrow_what_is_found() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr) = (local(c, "ali"), local(c, "badr"));
            let dina = remote(c, "dina");
            for actor in [ali.id, badr.id, dina.id] {
                set_indexable(c, actor, true);
            }
            let me = Some(ali.id);
            let old = RemotePost { created_at: Timestamp(1_672_531_200_000), ..note(&dina, "old words") }; // 2023-01-01
            receive(c, old);
            say(c, ali.id, "my words");
            let badrs = publish(c, badr.id, Draft { language: Some("de".into()), sensitive: true, ..draft("seine words") });
            reply(c, ali.id, badrs.id, "my answer with words https://example.org/page @badr #tag");
            say(c, badr.id, "only @ali #tag words");
            let picture = NewAttachment {
                kind: Some(AttachmentKind::Image),
                remote_url: Some("https://peer.example/1.png".into()),
                description: "a camel".into(),
                ..NewAttachment::default()
            };
            let film = NewAttachment { kind: Some(AttachmentKind::Video), description: String::new(), ..picture.clone() };
            receive(c, RemotePost { attachments: vec![picture], ..note(&dina, "words of a picture") });
            receive(c, RemotePost { attachments: vec![film], ..note(&dina, "words of a film") });
            publish(
                c,
                badr.id,
                Draft {
                    poll: Some(NewPoll {
                        options: ["tea words", "coffee"].map(|title| PollOption { title: title.into(), votes: 0 }).to_vec(),
                        multiple: false,
                        hide_totals: false,
                        voters_count: Some(0),
                        expires_at: Some(Timestamp::now().plus_seconds(3_600)),
                        closed_at: None,
                    }),
                    ..draft("poll")
                },
            );
            for (query, wanted) in [
                ("words from:me", vec!["my answer with words https://example.org/page @badr #tag", "my words"]),
                ("words from:@badr has:poll", vec!["poll"]),
                ("from:badr@majlis.example is:sensitive", vec!["seine words"]),
                ("from:dina@peer.example -has:media", vec!["old words"]),
                ("-from:me -from:badr words -has:video has:media", vec!["words of a picture"]),
                ("has:video", vec!["words of a film"]),
                ("camel", vec!["words of a picture"]),
                ("has:poll coffee", vec!["poll"]),
                ("has:link", vec!["my answer with words https://example.org/page @badr #tag"]),
                ("is:reply words", vec!["my answer with words https://example.org/page @badr #tag"]),
                ("language:de", vec!["seine words"]),
                ("before:2024-01-01", vec!["old words"]),
                ("during:2023-01 words", vec!["old words"]),
                ("words after:2023-01-01 language:de", vec!["seine words"]),
                ("words -during:2023 from:dina@peer.example has:image", vec!["words of a picture"]),
                ("\"of a film\"", vec!["words of a film"]),
                ("\"a of film\"", vec![]),
                ("words -\"of a\" from:dina@peer.example", vec!["old words"]),
                ("words -picture has:media", vec!["words of a film"]),
                ("from:nobody words", vec![]),
                ("words in:library has:media", vec![]),
                ("words in:library from:badr", vec!["only @ali #tag words"]),
                ("has:cows", vec![]),
                ("-words", vec![]),
            ] {
                assert_eq!(found(c, me, query), wanted, "{query}");
            }
            assert!(found(c, None, "from:me words").is_empty());
            assert!(search::posts(c, &site(), me, "before:yesterday", None, &Page::newest(5), 0).is_err());
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_somebody_keeps_is_in_the_library() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr, eve) = (local(c, "ali"), local(c, "badr"), remote(c, "eve"));
            let posts: Vec<_> = ["liked", "kept", "boosted", "passed over"]
                .map(|text| receive(c, note(&eve, &format!("{text} thing"))))
                .into_iter()
                .collect();
            assert!(found(c, Some(ali.id), "thing").is_empty(), "its author does not let it be found");
            majlis_local::likes::like(c, &site(), ali.id, &posts[0]).unwrap();
            majlis_local::bookmarks::add(c, ali.id, posts[1].id).unwrap();
            majlis_local::boosts::boost(c, &site(), ali.id, &posts[2], None).unwrap();
            assert_eq!(found(c, Some(ali.id), "thing in:library"), ["boosted thing", "kept thing", "liked thing"]);
            assert_eq!(found(c, Some(ali.id), "thing").len(), 3);
            assert!(found(c, Some(ali.id), "thing in:public").is_empty());
            assert!(found(c, Some(badr.id), "thing").is_empty());
            majlis_local::bookmarks::remove(c, ali.id, posts[1].id).unwrap();
            assert_eq!(found(c, Some(ali.id), "thing").len(), 2);
            Ok(())
        })
        .unwrap();
}

#[test]
fn names_are_found_with_a_mistake() {
    TestDb::new()
        .write_now(|c| {
            let viewer = local(c, "viewer");
            local(c, "alexander");
            let mut far = remote_actor("muhammad");
            far.display_name = "محمد الخوارزمي".into();
            majlis_local::actors::store_remote(c, far).unwrap();
            local(c, "omar");
            let by = |c: &mut Connection, query: &str| names(search::actors(c, Some(viewer.id), query, false, 10, 0).unwrap());
            for typed in ["alexnader", "alexandr", "aleksander", "@alexxander"] {
                assert_eq!(by(c, typed), ["alexander"], "{typed}");
            }
            for typed in ["muhammed", "mohammad", "محمود", "الخورزمي", "خوارزمى"] {
                assert_eq!(by(c, typed), ["muhammad@peer.example"], "{typed}");
            }
            assert_eq!(by(c, "omer"), ["omar"]);
            for typed in ["umr", "alxndr", "bartholomew"] {
                assert!(by(c, typed).is_empty(), "{typed}");
            }
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
                search::posts(c, &site(), Some(ali.id), "word", None, &page, 1).unwrap().into_iter().map(|p| p.id).collect();
            assert_eq!(found, [ids[2], ids[1]]);
            assert!(search::posts(c, &site(), Some(ali.id), "word", Some(ActorId(1)), &Page::newest(5), 0).unwrap().is_empty());
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
                search::hashtags(c, query, true, 10, 0).unwrap().into_iter().map(|h| h.display_name).collect()
            };
            assert_eq!(by(c, "#cats"), ["Cats", "CatsOfMajlis"]);
            assert_eq!(by(c, "cat"), ["CatsOfMajlis", "Cats"]);
            assert_eq!(by(c, "قط"), ["قطط"]);
            assert!(search::hashtags(c, "cat", false, 10, 0).unwrap().is_empty());
            majlis_local::trends::review(c, majlis_local::trends::Subject::Tag, "Cats", true).unwrap();
            assert_eq!(search::hashtags(c, "cat", false, 10, 0).unwrap().len(), 1);
            assert!(by(c, "#").is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_an_upgrade_leaves_is_indexed_a_little_at_a_time() {
    use diesel::prelude::*;
    use majlis_local::schema::reindexing;
    use majlis_local::testing::statements::statements;
    TestDb::new()
        .write_now(|c| {
            let (ali, zoe) = (local(c, "ali"), remote(c, "abdulrahman"));
            let posts: Vec<_> = (0..5).map(|n| say(c, ali.id, &format!("garden {n}"))).collect();
            majlis_local::boosts::boost(c, &site(), ali.id, &posts[0], None)?;
            publish::delete(c, ali.id, posts[4].id)?;
            let (answer, sent) = statements(c, |c| search::reindex_some(c, 2));
            assert_eq!((answer?, sent.len()), (None, 1), "a new server has nothing to do: {sent:?}");

            // As a former version has left it.
            for post in &posts {
                search::unindex_post(c, post.id)?;
            }
            for actor in [ali.id, zoe.id] {
                search::unindex_actor(c, actor)?;
            }
            for what in ["posts", "actors"] {
                diesel::insert_into(reindexing::table)
                    .values((reindexing::what.eq(what), reindexing::after_id.eq(0)))
                    .execute(c)?;
            }
            let near = |c: &mut majlis_local::Connection| search::actors(c, None, "abdulrahmn", false, 9, 0).map(names);
            assert!(found(c, Some(ali.id), "garden").is_empty() && near(c)?.is_empty());
            let mut pieces = Vec::new();
            while let Some(piece) = search::reindex_some(c, 2)? {
                pieces.push(piece);
                assert!(pieces.len() < 20, "{pieces:?}");
            }
            assert_eq!(pieces, [2, 0, 2, 2, 2, 0], "actors, then posts and the boost, then the ends are noticed");
            assert_eq!(found(c, Some(ali.id), "garden"), ["garden 3", "garden 2", "garden 1", "garden 0"]);
            assert_eq!(found(c, Some(ali.id), "from:ali garden").len(), 4, "properties too");
            assert_eq!(near(c)?, ["abdulrahman@peer.example"]);
            assert_eq!(search::reindex_some(c, 2)?, None);
            Ok(())
        })
        .unwrap();
}
