//! Whoever is blocked, alone or with its whole server, stands in no list of people, and letters with it are put away.

use majlis_local::quotes::{self, QuoteState, RemoteQuote};
use majlis_local::suggestions::{self, Order};
use majlis_local::{boosts, conversations, domain_blocks, publish, quote_policies::QuotePolicy, reactions, search};

use super::*;

/// In how many of the lists of people `other` stands before `viewer`: followers and followed of `friend`, those who liked,
/// boosted, quoted and reacted to `post`, the directory, suggestions, the search for a beginning and for a name that is nearly right.
fn lists(c: &mut Connection, viewer: ActorId, other: ActorId, friend: ActorId, post: &posts::Post) -> Result<[usize; 10]> {
    let (viewer, page) = (Some(viewer), Page::newest(20));
    let among = |people: &[ActorId]| people.iter().filter(|person| **person == other).count();
    let authors: Vec<ActorId> = feeds::quotes(c, viewer, post.id, &page)?.items.iter().map(|post| post.author_id).collect();
    let reacted: Vec<ActorId> = reactions::reactors(c, viewer, post.id, 20)?.into_iter().map(|(_, actor)| actor).collect();
    let suggested = suggestions::suggestions(c, viewer.unwrap(), 20, 0)?.into_iter().map(|found| found.actor).collect::<Vec<_>>();
    let mut named = |query: &str| -> Result<Vec<ActorId>> {
        Ok(search::actors(c, viewer, query, false, 20, 0)?.into_iter().map(|actor| actor.id).collect())
    };
    let (right, nearly) = (named("rober")?, named("robret")?);
    Ok([
        among(&follows::followers(c, friend, viewer, &page)?.items),
        among(&follows::following(c, friend, viewer, &page)?.items),
        among(&likes::likers(c, post.id, viewer, &page)?.items),
        among(&boosts::boosters(c, post.id, viewer, &page)?.items),
        among(&authors),
        among(&reacted),
        among(&suggestions::directory(c, viewer, Order::New, false, 20, 0)?),
        among(&suggested),
        among(&right),
        among(&nearly),
    ])
}

#[test]
fn who_is_blocked_stands_in_no_list() {
    TestDb::new()
        .write_now(|c| {
            let site = people::site();
            let (ali, bea, rob) = (people::local(c, "ali").id, people::local(c, "bea").id, people::remote(c, "robert"));
            people::follow(c, rob.id, bea);
            people::follow(c, bea, rob.id);
            people::set_discoverable(c, rob.id, true);
            people::set_followers_count(c, rob.id, 5);
            let post = people::say(c, bea, "melons");
            people::like(c, rob.id, post.id);
            boosts::receive(c, rob.id, &post, "https://peer.example/b1", Visibility::Public, post.created_at)?;
            reactions::receive(c, &site, rob.id, &post, "https://peer.example/r1", "🍉", &[])?;
            let mut quoting = people::note(&rob, "look");
            quoting.quote = Some(RemoteQuote { uri: post.uri.clone(), stamp: None, legacy: false });
            let quoting = people::receive(c, quoting);
            assert!(quotes::receive_request(c, &quoting, &post, "https://peer.example/q1")?);

            let shown = |c: &mut Connection, viewer| lists(c, viewer, rob.id, bea, &post);
            assert_eq!(shown(c, ali)?, [1; 10]);
            domain_blocks::block(c, &site, ali, "peer.example")?;
            assert_eq!(shown(c, ali)?, [0; 10], "a server that one blocks");
            let whole = |c: &mut Connection| -> Result<[usize; 2]> {
                let mut found = |name: &str| search::actors(c, Some(ali), name, false, 20, 0).map(|found| found.len());
                Ok([found("@robert@peer.example")?, found("robert")?])
            };
            assert_eq!(whole(c)?, [1; 2], "who is named in full is meant");
            let [mutual, followed, liked, boosted, quoted, reacted, directory, ..] = shown(c, bea)?;
            assert_eq!([mutual, followed, liked, boosted, quoted, reacted, directory], [1; 7], "nobody else's business");
            domain_blocks::unblock(c, ali, "peer.example")?;
            assert_eq!(shown(c, ali)?, [1; 10]);

            blocks::block(c, &site, ali, rob.id)?;
            assert_eq!(shown(c, ali)?, [0; 10], "somebody whom one blocks");
            assert_eq!(whole(c)?, [1; 2], "or the block could not be undone");
            blocks::unblock(c, ali, rob.id)?;
            people::block(c, rob.id, ali);
            assert_eq!(shown(c, ali)?, [0; 10], "somebody who blocks one");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_profile_shows_no_boosts_of_the_unwelcome() {
    TestDb::new()
        .write_now(|c| {
            let site = people::site();
            let (ali, bea, kim) = (people::local(c, "ali").id, people::local(c, "bea").id, people::local(c, "kim").id);
            let rob = people::remote(c, "rob");
            let far = people::receive(c, people::note(&rob, "far"));
            let near = people::say(c, kim, "near");
            for post in [&far, &near] {
                boosts::boost(c, &site, bea, post, None)?;
            }
            let shown = |c: &mut Connection, viewer| -> Result<Vec<Option<PostId>>> {
                let posts = feeds::author(c, Some(viewer), bea, &feeds::AuthorFilter::default(), &Page::newest(9))?.items;
                Ok(posts.iter().map(|post| post.boost_of_id).collect())
            };
            assert_eq!(shown(c, ali)?.len(), 2);
            for viewer in [ali, bea] {
                domain_blocks::block(c, &site, viewer, "peer.example")?;
                mutes::mute(c, viewer, kim, true, None)?;
            }
            assert_eq!(shown(c, ali)?, []);
            assert_eq!(shown(c, bea)?.len(), 2, "one's own page shows what one did");
            Ok(())
        })
        .unwrap();
}

#[test]
fn letters_with_whom_one_blocks_are_put_away() {
    TestDb::new()
        .write_now(|c| {
            let site = people::site();
            let (ali, bea, eve) = (people::local(c, "ali").id, people::local(c, "bea").id, people::local(c, "eve").id);
            let rob = people::remote(c, "rob");
            let letter = |text: &str| publish::Draft { visibility: Some(Visibility::Direct), ..people::draft(text) };
            let had = |c: &mut Connection, who: ActorId| -> Result<usize> {
                Ok(conversations::list(c, who, &Page::newest(9))?.items.len())
            };
            people::publish(c, eve, letter("@ali psst"));
            let three = people::publish(c, ali, letter("@bea @eve all of us"));
            people::publish(c, bea, letter("@ali hello"));
            let mut far = people::note(&rob, "from afar");
            far.visibility = Visibility::Direct;
            far.mentioned = vec![ali];
            people::receive(c, far);
            assert_eq!((had(c, ali)?, had(c, eve)?), (4, 2));

            blocks::block(c, &site, ali, eve)?;
            assert_eq!((had(c, ali)?, had(c, eve)?), (2, 2), "the other's list is its own");
            people::publish(c, bea, publish::Draft { in_reply_to: Some(three.id), ..letter("@ali still here") });
            assert_eq!(had(c, ali)?, 3, "somebody else goes on");
            domain_blocks::block(c, &site, ali, "peer.example")?;
            assert_eq!(had(c, ali)?, 2);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_block_leaves_quotes_that_stand_and_keeps_new_ones_away() {
    TestDb::new()
        .write_now(|c| {
            let site = people::site();
            let (ali, eve, rob) = (people::local(c, "ali").id, people::local(c, "eve").id, people::remote(c, "rob"));
            let post = people::say(c, ali, "quote me");
            let quoting = |c: &mut Connection| {
                publish::publish(c, &site, eve, publish::Draft { quote: Some(post.id), ..people::draft("look") })
            };
            let before = quoting(c)?;
            let mut theirs = people::note(&rob, "theirs");
            theirs.quote_policy = QuotePolicy::PUBLIC;
            let theirs = people::receive(c, theirs);
            for (domain_blocked, shown) in [(false, quotes::Shown::Plainly), (true, quotes::Shown::BlockedDomain)] {
                if domain_blocked {
                    domain_blocks::block(c, &site, ali, "peer.example")?;
                }
                assert_eq!(quotes::shown(c, Some(ali), &[theirs.id])?[&theirs.id], shown);
                assert_eq!(quotes::shown_to(c, &[ali, eve], theirs.id)?[&ali], shown);
            }
            blocks::block(c, &site, ali, eve)?;
            assert_eq!(quotes::of_post(c, before.id)?.unwrap().state, QuoteState::Accepted);
            assert_eq!(posts::get(c, post.id)?.quotes_count, 1);
            assert!(matches!(quoting(c), Err(Error::NotFound(_))), "who is blocked");
            blocks::unblock(c, ali, eve)?;
            assert!(quoting(c).is_ok());
            blocks::block(c, &site, eve, ali)?;
            assert!(matches!(quoting(c), Err(Error::NotFound(_))), "who blocks");
            blocks::block(c, &site, eve, rob.id)?;
            let other = publish::Draft { quote: Some(theirs.id), ..people::draft("look") };
            assert!(matches!(publish::publish(c, &site, eve, other), Err(Error::NotFound(_))), "also elsewhere");
            // The author may still take back one by one.
            assert_eq!(quotes::revoke(c, ali, post.id, before.id)?.id, before.id);
            Ok(())
        })
        .unwrap();
}
