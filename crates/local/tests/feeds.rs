//! What each feed shows to whom, page by page.
#![allow(clippy::unwrap_used, missing_docs)]

use diesel::prelude::*;
use majlis_local::actors::Actor;
use majlis_local::feeds::{self, AuthorFilter, Reach, TagFilter};
use majlis_local::ids::{ActorId, PostId};
use majlis_local::posts::Post;
use majlis_local::publish::{self, Draft};
use majlis_local::receive::RemotePost;
use majlis_local::schema::{actors, attachments, follows, lists, posts};
use majlis_local::testing::TestDb;
use majlis_local::testing::people::*;
use majlis_local::visibility::Visibility;
use majlis_local::{Connection, Page, Result, Slice, Timestamp, boosts, hashtag_follows};

/// The texts of a slice; of a boost `↻` and what it boosts.
fn texts(c: &mut Connection, posts: &[Post]) -> Vec<String> {
    posts
        .iter()
        .map(|post| match post.boost_of_id {
            Some(id) => format!("↻{}", majlis_local::text::plain(&majlis_local::posts::get(c, id).unwrap().content)),
            None => majlis_local::text::plain(&post.content),
        })
        .collect()
}

fn home(c: &mut Connection, viewer: &Actor) -> Vec<String> {
    let slice = feeds::home(c, viewer.id, &Page::newest(40)).unwrap();
    let texts = texts(c, &slice.items);
    // The feed and its reverse never disagree.
    let all: Vec<Post> = posts::table.select(Post::as_select()).load(c).unwrap();
    let mut heard: Vec<PostId> = all
        .iter()
        .filter(|post| {
            let keys = majlis_local::hashtags::keys_of(c, post.id).unwrap();
            let candidates = feeds::home_candidates(c, post.author_id, &keys).unwrap();
            feeds::home_audience(c, post, &candidates).unwrap().contains(&viewer.id)
        })
        .map(|post| post.id)
        .collect();
    heard.sort_unstable();
    heard.reverse();
    assert_eq!(heard, slice.items.iter().map(|p| p.id).collect::<Vec<_>>());
    texts
}

fn list_texts(c: &mut Connection, owner: &Actor, list: majlis_local::ids::ListId) -> Vec<String> {
    let slice = feeds::list(c, owner.id, list, &Page::newest(40)).unwrap();
    let all: Vec<Post> = posts::table.select(Post::as_select()).order(posts::id.desc()).load(c).unwrap();
    let mut heard = Vec::new();
    for post in &all {
        let with = feeds::lists_with(c, post.author_id).unwrap();
        if feeds::list_audience(c, post, &with).unwrap().contains(&list) {
            heard.push(post.id);
        }
    }
    assert_eq!(heard, slice.items.iter().map(|p| p.id).collect::<Vec<_>>());
    texts(c, &slice.items)
}

fn boost(c: &mut Connection, actor: &Actor, post: &Post) -> Post {
    boosts::boost(c, &site(), actor.id, post, None).unwrap()
}

fn visible(visibility: Visibility, text: &str) -> Draft {
    Draft { visibility: Some(visibility), ..draft(text) }
}

#[test]
fn home_shows_own_and_followed_posts_boosts_and_letters() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr) = (local(c, "me"), local(c, "ali"), remote(c, "badr"));
            let stranger = local(c, "stranger");
            follow(c, me.id, ali.id);
            follow(c, me.id, badr.id);
            say(c, me.id, "mine");
            publish(c, ali.id, visible(Visibility::Unlisted, "unlisted"));
            publish(c, ali.id, visible(Visibility::Private, "followers only"));
            publish(c, ali.id, visible(Visibility::Direct, "@stranger a letter"));
            publish(c, ali.id, visible(Visibility::Direct, "@me a letter"));
            publish(c, stranger.id, visible(Visibility::Direct, "@me from a stranger"));
            receive(c, note(&badr, "from badr"));
            let far = say(c, stranger.id, "from a stranger");
            boost(c, &ali, &far);
            assert_eq!(home(c, &me), ["↻from a stranger", "from badr", "@me a letter", "followers only", "unlisted", "mine"]);
            assert_eq!(home(c, &stranger), ["from a stranger", "@me from a stranger"]);
            publish::delete(c, stranger.id, far.id).unwrap();
            diesel::update(actors::table.find(badr.id)).set(actors::suspended_at.eq(Some(Timestamp::now()))).execute(c)?;
            assert_eq!(home(c, &me), ["@me a letter", "followers only", "unlisted", "mine"]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn home_shows_answers_to_me_to_themselves_and_to_whom_i_follow() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr, stranger) = (local(c, "me"), local(c, "ali"), local(c, "badr"), local(c, "stranger"));
            follow(c, me.id, ali.id);
            follow(c, me.id, badr.id);
            let mine = say(c, me.id, "mine");
            let alis = say(c, ali.id, "ali's");
            let far = say(c, stranger.id, "far");
            reply(c, ali.id, mine.id, "to me");
            reply(c, ali.id, alis.id, "to herself");
            reply(c, ali.id, far.id, "to a stranger");
            reply(c, badr.id, alis.id, "to whom I follow");
            reply(c, me.id, far.id, "my own to a stranger");
            let badr_away = remote(c, "away");
            follow(c, me.id, badr_away.id);
            receive(c, RemotePost { in_reply_to_uri: Some("https://x.example/1".into()), ..note(&badr_away, "to the unknown") });
            assert_eq!(home(c, &me), ["my own to a stranger", "to whom I follow", "to herself", "to me", "ali's", "mine"]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn home_leaves_out_what_is_muted_blocked_hidden_or_in_another_language() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr, chen) = (local(c, "me"), local(c, "ali"), local(c, "badr"), local(c, "chen"));
            let (muted, blocked, blocker) = (local(c, "muted"), local(c, "blocked"), local(c, "blocker"));
            for friend in [&ali, &badr, &chen, &muted] {
                follow(c, me.id, friend.id);
            }
            for other in [&muted, &blocked, &blocker] {
                let post = say(c, other.id, &format!("by {}", other.username));
                boost(c, &ali, &post);
            }
            say(c, ali.id, "hello @muted");
            say(c, ali.id, "hello @blocked");
            say(c, ali.id, "hello @badr");
            publish(c, badr.id, Draft { language: Some("de".into()), ..draft("deutsch") });
            publish(c, badr.id, Draft { language: Some("ar".into()), ..draft("عربي") });
            let hers = say(c, ali.id, "ali's");
            boost(c, &chen, &hers);
            mute(c, me.id, muted.id, None);
            block(c, me.id, blocked.id);
            block(c, blocker.id, me.id);
            diesel::update(follows::table.filter(follows::target_id.eq(badr.id)))
                .set(follows::languages.eq(Some(r#"["ar","en"]"#)))
                .execute(c)?;
            diesel::update(follows::table.filter(follows::target_id.eq(chen.id)))
                .set(follows::show_boosts.eq(false))
                .execute(c)?;
            assert_eq!(home(c, &me), ["ali's", "عربي", "hello @badr"]);
            // A mute that has ended hides nothing.
            diesel::update(majlis_local::schema::mutes::table)
                .set(majlis_local::schema::mutes::expires_at.eq(Some(Timestamp(1))))
                .execute(c)?;
            assert_eq!(home(c, &me), ["ali's", "عربي", "hello @badr", "hello @muted", "↻by muted", "by muted"]);
            list(c, me.id, &[ali.id], 0, true);
            assert_eq!(home(c, &me), ["عربي", "by muted"]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn home_shows_public_posts_with_followed_hashtags() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr, muted) = (local(c, "me"), local(c, "ali"), remote(c, "badr"), local(c, "muted"));
            let (blocker, limited, listed) = (local(c, "blocker"), local(c, "limited"), local(c, "listed"));
            for name in ["cats", "قطط", "dogs"] {
                let tag = majlis_local::hashtags::named(c, name).unwrap();
                hashtag_follows::follow(c, me.id, tag.id).unwrap();
            }
            follow(c, me.id, listed.id);
            say(c, ali.id, "no tag");
            let twice = say(c, ali.id, "two of them #Cats #قطط");
            reply(c, ali.id, twice.id, "an answer #CATS");
            publish(c, ali.id, visible(Visibility::Unlisted, "unlisted #cats"));
            publish(c, ali.id, visible(Visibility::Private, "private #cats"));
            receive(c, RemotePost { hashtags: vec![text_tag("cats")], ..note(&badr, "from afar") });
            for other in [&muted, &blocker, &limited, &listed] {
                say(c, other.id, "hidden #cats");
            }
            say(c, ali.id, "of somebody muted @muted #cats");
            mute(c, me.id, muted.id, None);
            block(c, blocker.id, me.id);
            diesel::update(actors::table.find(limited.id)).set(actors::silenced_at.eq(Some(Timestamp::now()))).execute(c)?;
            list(c, me.id, &[listed.id], 0, true);
            boost(c, &ali, &twice);
            assert_eq!(home(c, &me), ["from afar", "an answer #CATS", "two of them #Cats #قطط"]);
            // Whom one follows is shown as before, each post once.
            follow(c, me.id, ali.id);
            diesel::update(follows::table.filter(follows::target_id.eq(ali.id)))
                .set(follows::languages.eq(Some(r#"["xx"]"#)))
                .execute(c)?;
            diesel::update(posts::table.find(twice.id)).set(posts::language.eq(Some("yy"))).execute(c)?;
            assert!(!home(c, &me).iter().any(|text| text.contains("two of them")), "in a language that is not asked for");
            diesel::update(follows::table.filter(follows::target_id.eq(ali.id)))
                .set(follows::languages.eq(None::<String>))
                .execute(c)?;
            assert_eq!(home(c, &me).iter().filter(|text| text.starts_with("two of them")).count(), 1);
            let tag = majlis_local::hashtags::named(c, "Cats").unwrap();
            hashtag_follows::unfollow(c, me.id, tag.id).unwrap();
            assert!(!home(c, &me).contains(&"from afar".to_owned()));
            Ok(())
        })
        .unwrap();
}

#[test]
fn home_of_hashtags_pages_to_the_same_set_both_ways() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr) = (local(c, "me"), local(c, "ali"), local(c, "badr"));
            follow(c, me.id, ali.id);
            for name in ["one", "two", "three"] {
                let tag = majlis_local::hashtags::named(c, name).unwrap();
                hashtag_follows::follow(c, me.id, tag.id).unwrap();
            }
            let mut expected = Vec::new();
            for n in 0..60 {
                let author = if n % 4 == 0 { &ali } else { &badr };
                let text = ["#one #two #three", "#two #three", "nothing", "#one"][n % 3];
                let post = say(c, author.id, &format!("{n} {text}"));
                if text != "nothing" || author.id == ali.id {
                    expected.push(post.id);
                }
            }
            expected.reverse();
            let me = me.id;
            let (down, up) = walk(c, |c, page| feeds::home(c, me, page));
            assert_eq!(down, expected);
            assert_eq!(up, expected);
            Ok(())
        })
        .unwrap();
}

fn text_tag(name: &str) -> majlis_local::text::Hashtag {
    majlis_local::text::Hashtag { name: name.to_owned(), key: name.to_owned() }
}

#[test]
fn lists_have_their_own_rule_for_answers() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr, chen) = (local(c, "me"), local(c, "ali"), local(c, "badr"), local(c, "chen"));
            for friend in [&ali, &badr, &chen] {
                follow(c, me.id, friend.id);
            }
            let list_id = list(c, me.id, &[ali.id, badr.id], 0, false);
            let alis = say(c, ali.id, "ali's");
            let chens = say(c, chen.id, "chen's");
            let mine = say(c, me.id, "mine");
            reply(c, ali.id, alis.id, "to herself");
            reply(c, badr.id, alis.id, "to a member");
            reply(c, badr.id, chens.id, "to a friend");
            reply(c, badr.id, mine.id, "to me");
            boost(c, &ali, &chens);
            let with = |policy: i32, c: &mut Connection| {
                diesel::update(lists::table.find(list_id)).set(lists::replies_policy.eq(policy)).execute(c).unwrap();
                list_texts(c, &me, list_id)
            };
            assert_eq!(with(0, c), ["↻chen's", "to me", "to a member", "to herself", "ali's"]);
            assert_eq!(with(1, c), ["↻chen's", "to me", "to a friend", "to a member", "to herself", "ali's"]);
            assert_eq!(with(2, c), ["↻chen's", "to me", "to herself", "ali's"]);
            assert!(feeds::list(c, ali.id, list_id, &Page::newest(5)).is_err());
            Ok(())
        })
        .unwrap();
}

/// Reads a feed from its newest end to its oldest and back by the cursors that its slices give.
fn walk(c: &mut Connection, mut read: impl FnMut(&mut Connection, &Page) -> Result<Slice<Post>>) -> (Vec<PostId>, Vec<PostId>) {
    let (mut down, mut up) = (Vec::new(), Vec::new());
    let mut page = Page::newest(3);
    let mut oldest = None;
    loop {
        let slice = read(c, &page).unwrap();
        down.extend(slice.items.iter().map(|p| p.id));
        oldest = slice.oldest.or(oldest);
        if !slice.full {
            break;
        }
        page.max_id = slice.oldest;
    }
    // From below the oldest one upwards.
    let mut page = Page { min_id: oldest.map(|id| id - 1), ..Page::newest(3) };
    loop {
        let slice = read(c, &page).unwrap();
        let Some(newest) = slice.newest else { break };
        let mut ids: Vec<PostId> = slice.items.iter().map(|p| p.id).collect();
        ids.extend(up);
        up = ids;
        page.min_id = Some(newest);
    }
    (down, up)
}

#[test]
fn paging_forward_and_back_gives_the_same_posts() {
    TestDb::new()
        .write_now(|c| {
            let me = local(c, "me");
            let friends: Vec<Actor> = (0..7).map(|n| local(c, &format!("friend{n}"))).collect();
            let stranger = local(c, "stranger");
            let far = say(c, stranger.id, "far");
            for friend in &friends {
                follow(c, me.id, friend.id);
            }
            let mut expected = Vec::new();
            for n in 0..40 {
                let friend = &friends[n * n % 7];
                // Most of it is not shown: pages have to look further than their first candidates.
                if n % 5 == 0 {
                    expected.push(say(c, friend.id, &format!("{n} #tag")).id);
                } else {
                    reply(c, friend.id, far.id, "to a stranger");
                }
            }
            expected.reverse();
            let list_id = list(c, me.id, &friends.iter().map(|f| f.id).collect::<Vec<_>>(), 0, false);
            let me = me.id;
            for (name, (down, up)) in [
                ("home", walk(c, |c, page| feeds::home(c, me, page))),
                ("list", walk(c, |c, page| feeds::list(c, me, list_id, page))),
                (
                    "tag",
                    walk(c, |c, page| {
                        feeds::hashtag(c, None, &TagFilter { any: vec!["TAG".into()], ..TagFilter::default() }, page)
                    }),
                ),
            ] {
                assert_eq!(down, expected, "{name} down");
                assert_eq!(up, expected, "{name} up");
            }
            let (down, up) = walk(c, |c, page| feeds::public(c, Some(me), Reach::All, false, page));
            assert_eq!(down, up);
            assert_eq!(down[..8], expected[..]);
            assert_eq!(down.last(), Some(&far.id));
            Ok(())
        })
        .unwrap();
}

#[test]
fn since_id_gives_the_newest_and_min_id_what_follows() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali) = (local(c, "me"), local(c, "ali"));
            follow(c, me.id, ali.id);
            let ids: Vec<PostId> = (0..9).map(|n| say(c, ali.id, &n.to_string()).id).collect();
            let mut read =
                |page: Page| -> Vec<PostId> { feeds::home(c, me.id, &page).unwrap().items.into_iter().map(|p| p.id).collect() };
            let bounds = Page { max_id: None, since_id: None, min_id: None, limit: 2 };
            assert_eq!(read(Page { since_id: Some(ids[2].0), ..bounds }), [ids[8], ids[7]]);
            assert_eq!(read(Page { min_id: Some(ids[2].0), ..bounds }), [ids[4], ids[3]]);
            assert_eq!(read(Page { max_id: Some(ids[2].0), ..bounds }), [ids[1], ids[0]]);
            assert!(read(Page { min_id: Some(ids[8].0), ..bounds }).is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_long_stretch_of_hidden_posts_ends_no_feed() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, stranger) = (local(c, "me"), local(c, "ali"), local(c, "stranger"));
            follow(c, me.id, ali.id);
            let far = say(c, stranger.id, "far");
            let first = say(c, ali.id, "first");
            for _ in 0..1_200 {
                reply(c, ali.id, far.id, "x");
            }
            // Rounds of 3, 12, 48, 192 and 768 candidates do not reach it; the cursor leads on.
            let slice = feeds::home(c, me.id, &Page::newest(1)).unwrap();
            assert_eq!((slice.items.len(), slice.full), (0, true));
            let slice = feeds::home(c, me.id, &Page { max_id: slice.oldest, ..Page::newest(1) }).unwrap();
            assert_eq!(slice.items[0].id, first.id);
            Ok(())
        })
        .unwrap();
}

fn attach(c: &mut Connection, post: &Post) {
    diesel::insert_into(attachments::table)
        .values((
            attachments::id.eq(majlis_local::ids::AttachmentId::new()),
            attachments::owner_id.eq(post.author_id),
            attachments::post_id.eq(Some(post.id)),
            attachments::kind.eq(0),
            attachments::created_at.eq(Timestamp::now()),
        ))
        .execute(c)
        .unwrap();
    diesel::update(posts::table.find(post.id)).set(posts::parts.eq(posts::parts + 1)).execute(c).unwrap();
}

#[test]
fn public_timelines_show_public_posts_of_everybody_in_good_standing() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali, badr) = (local(c, "me"), local(c, "ali"), remote(c, "badr"));
            let (limited, muted, blocker) = (remote(c, "limited"), local(c, "muted"), local(c, "blocker"));
            let hers = say(c, ali.id, "ali's");
            let with_media = say(c, ali.id, "picture");
            attach(c, &with_media);
            publish(c, ali.id, visible(Visibility::Unlisted, "unlisted"));
            publish(c, ali.id, visible(Visibility::Private, "private"));
            reply(c, ali.id, hers.id, "to herself");
            let his = receive(c, note(&badr, "badr's"));
            reply(c, ali.id, his.id, "to badr");
            boost(c, &ali, &his);
            receive(c, note(&limited, "limited"));
            say(c, muted.id, "muted");
            say(c, blocker.id, "blocker");
            diesel::update(actors::table.find(limited.id)).set(actors::silenced_at.eq(Some(Timestamp::now()))).execute(c)?;
            mute(c, me.id, muted.id, None);
            block(c, blocker.id, me.id);
            let read = |c: &mut Connection, viewer: Option<&Actor>, reach, media| {
                let slice = feeds::public(c, viewer.map(|v| v.id), reach, media, &Page::newest(20)).unwrap();
                texts(c, &slice.items)
            };
            assert_eq!(read(c, None, Reach::All, false), ["blocker", "muted", "badr's", "to herself", "picture", "ali's"]);
            assert_eq!(read(c, Some(&me), Reach::All, false), ["badr's", "to herself", "picture", "ali's"]);
            assert_eq!(read(c, Some(&me), Reach::Local, false), ["to herself", "picture", "ali's"]);
            assert_eq!(read(c, Some(&me), Reach::Remote, false), ["badr's"]);
            assert_eq!(read(c, None, Reach::All, true), ["picture"]);
            assert_eq!(feeds::public_audience(c, &his, &[me.id, ActorId(0)]).unwrap().len(), 2);
            let by_muted = feeds::public(c, None, Reach::All, false, &Page::newest(2)).unwrap().items.remove(1);
            assert_eq!(feeds::public_audience(c, &by_muted, &[me.id, ActorId(0)]).unwrap(), [ActorId(0)]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn hashtags_combine() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr) = (local(c, "ali"), local(c, "badr"));
            say(c, ali.id, "1 #cats");
            let two = say(c, ali.id, "2 #Cats #dogs");
            say(c, ali.id, "3 #dogs");
            reply(c, badr.id, two.id, "4 #cats #birds");
            publish(c, ali.id, visible(Visibility::Unlisted, "5 #cats"));
            let read = |c: &mut Connection, any: &[&str], all: &[&str], none: &[&str]| {
                let own = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
                let filter = TagFilter { any: own(any), all: own(all), none: own(none), ..TagFilter::default() };
                let slice = feeds::hashtag(c, None, &filter, &Page::newest(20)).unwrap();
                texts(c, &slice.items)
            };
            assert_eq!(read(c, &["CATS"], &[], &[]), ["4 #cats #birds", "2 #Cats #dogs", "1 #cats"]);
            assert_eq!(read(c, &["cats", "dogs"], &[], &[]), ["4 #cats #birds", "3 #dogs", "2 #Cats #dogs", "1 #cats"]);
            assert_eq!(read(c, &["cats"], &["dogs"], &[]), ["2 #Cats #dogs"]);
            assert_eq!(read(c, &["cats"], &[], &["dogs", "birds"]), ["1 #cats"]);
            assert!(read(c, &["cats"], &["never"], &[]).is_empty());
            assert!(read(c, &["never"], &[], &[]).is_empty());
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_profile_shows_what_its_visitor_may_see() {
    TestDb::new()
        .write_now(|c| {
            let (ali, badr, fan, foe) = (local(c, "ali"), local(c, "badr"), local(c, "fan"), local(c, "foe"));
            follow(c, fan.id, ali.id);
            let public = say(c, ali.id, "public #tag");
            attach(c, &public);
            let private = publish(c, ali.id, visible(Visibility::Private, "private"));
            publish(c, ali.id, visible(Visibility::Direct, "@badr letter"));
            let his = say(c, badr.id, "badr's");
            reply(c, ali.id, his.id, "to badr");
            reply(c, ali.id, public.id, "to herself");
            boost(c, &ali, &his);
            pin(c, ali.id, public.id);
            pin(c, ali.id, private.id);
            mute(c, fan.id, ali.id, None);
            let plain = AuthorFilter::default();
            let read = |c: &mut Connection, viewer: Option<&Actor>, filter: &AuthorFilter| {
                let slice = feeds::author(c, viewer.map(|v| v.id), ali.id, filter, &Page::newest(20)).unwrap();
                texts(c, &slice.items)
            };
            assert_eq!(read(c, None, &plain), ["↻badr's", "to herself", "to badr", "public #tag"]);
            assert_eq!(read(c, Some(&fan), &plain), ["↻badr's", "to herself", "to badr", "private", "public #tag"]);
            assert_eq!(read(c, Some(&badr), &plain), ["↻badr's", "to herself", "to badr", "@badr letter", "public #tag"]);
            assert_eq!(
                read(c, Some(&ali), &AuthorFilter { exclude_replies: true, exclude_boosts: true, ..plain.clone() }),
                ["to herself", "@badr letter", "private", "public #tag"]
            );
            assert_eq!(read(c, None, &AuthorFilter { only_media: true, ..plain.clone() }), ["public #tag"]);
            assert_eq!(read(c, None, &AuthorFilter { tagged: Some("TAG".into()), ..plain.clone() }), ["public #tag"]);
            block(c, badr.id, foe.id);
            assert_eq!(read(c, Some(&foe), &plain), ["to herself", "to badr", "public #tag"]);
            block(c, ali.id, foe.id);
            assert!(read(c, Some(&foe), &plain).is_empty());
            let pins = |c: &mut Connection, viewer| {
                let posts = feeds::pinned(c, viewer, ali.id).unwrap();
                texts(c, &posts)
            };
            assert_eq!(pins(c, Some(fan.id)), ["private", "public #tag"]);
            assert_eq!(pins(c, None), ["public #tag"]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn favourites_and_bookmarks_page_by_when_they_were_kept() {
    TestDb::new()
        .write_now(|c| {
            let (me, ali) = (local(c, "me"), local(c, "ali"));
            let posts: Vec<Post> = (0..4).map(|n| say(c, ali.id, &n.to_string())).collect();
            let likes: Vec<_> = [2, 0, 3].map(|n: usize| like(c, me.id, posts[n].id)).to_vec();
            for n in [1, 0] {
                bookmark(c, me.id, posts[n as usize].id);
            }
            let page = Page::newest(2);
            let first = feeds::favourites(c, me.id, &page).unwrap();
            assert_eq!(texts(c, &first.items), ["3", "0"]);
            assert_eq!((first.newest, first.oldest, first.full), (Some(likes[2].0), Some(likes[1].0), true));
            let next = feeds::favourites(c, me.id, &Page { max_id: first.oldest, ..page }).unwrap();
            assert_eq!((texts(c, &next.items), next.full), (vec!["2".to_owned()], false));
            let kept = feeds::bookmarks(c, me.id, None, &page).unwrap();
            assert_eq!(texts(c, &kept.items), ["0", "1"]);
            block(c, ali.id, me.id);
            assert!(feeds::bookmarks(c, me.id, None, &page).unwrap().items.is_empty());
            Ok(())
        })
        .unwrap();
}
