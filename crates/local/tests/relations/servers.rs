//! Whole servers that a person blocks.

use super::*;
use majlis_local::domain_blocks;
use majlis_local::feeds::{Reach, TagFilter};
use majlis_local::search;
use majlis_local::threads;

fn block(c: &mut Connection, actor: ActorId) -> Result<()> {
    domain_blocks::block(c, &people::site(), actor, "https://Peer.example/about")
}

#[test]
fn a_blocked_server_is_seen_and_heard_nowhere() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
        let rob = people::remote(c, "rob");
        people::set_indexable(c, rob.id, true);
        follow(c, ali, bea)?;
        let mut note = people::note(&rob, "melons #fruit");
        note.hashtags = vec![majlis_local::text::Hashtag { name: "fruit".into(), key: "fruit".into() }];
        let post = people::receive(c, note);
        search::index_post(c, &post)?;
        boosts_of(c, bea, &post);
        let mine = people::say(c, ali, "mine");
        let mut answer = people::note(&rob, "an answer");
        answer.in_reply_to_uri = Some(mine.uri.clone());
        let answer = people::receive(c, answer);
        let page = Page::newest(20);
        let shown = |c: &mut Connection, viewer: ActorId| -> Result<[usize; 8]> {
            let fruit = TagFilter { any: vec!["fruit".into()], ..TagFilter::default() };
            let home = feeds::home(c, viewer, &page)?.items.iter().filter(|p| p.boost_of_id == Some(post.id)).count();
            let public = feeds::public(c, Some(viewer), Reach::Remote, false, &page)?.items.len();
            let tag = feeds::hashtag(c, Some(viewer), &fruit, &page)?.items.len();
            let found = search::posts(c, &people::site(), Some(viewer), "melons", None, &page, 0)?.len();
            let thread = threads::around(c, Some(viewer), &mine)?.descendants.iter().filter(|p| p.id == answer.id).count();
            let boost = majlis_local::boosts::by(c, bea, post.id)?.unwrap();
            let open = feeds::home_audience(c, &boost, &[viewer])?.len();
            let streamed = feeds::public_audience(c, &post, &[viewer])?.len();
            let asked = posts::get_visible(c, Some(viewer), post.id).is_ok();
            Ok([home, public, tag, found, thread, open, streamed, usize::from(asked)])
        };
        assert_eq!(shown(c, ali)?, [1, 1, 1, 1, 1, 1, 1, 1]);
        let list = in_list(c, ali, &[bea]);
        assert_eq!(feeds::list(c, ali, list, &page)?.items.len(), 1);
        block(c, ali)?;
        assert_eq!(shown(c, ali)?, [0, 0, 0, 0, 0, 0, 0, 1], "only what is asked for by name");
        assert_eq!(feeds::list(c, ali, list, &page)?.items.len(), 0);
        assert_eq!(shown(c, bea)?[1..3], [1, 1], "nobody else's business");

        likes::receive(c, rob.id, &mine, "https://peer.example/l1")?;
        assert_eq!(told(c, ali), []);
        let mut letter = people::note(&rob, "psst");
        letter.visibility = Visibility::Direct;
        letter.mentioned = vec![ali];
        people::receive(c, letter);
        assert_eq!(told(c, ali), []);
        assert_eq!(majlis_local::conversations::list(c, ali, &page)?.items.len(), 0);

        domain_blocks::unblock(c, ali, "peer.example")?;
        domain_blocks::unblock(c, ali, "peer.example")?;
        assert_eq!(shown(c, ali)?, [1, 1, 1, 1, 1, 1, 1, 1]);
        Ok(())
    })
    .unwrap();
}

fn boosts_of(c: &mut Connection, booster: ActorId, post: &posts::Post) {
    majlis_local::boosts::boost(c, &people::site(), booster, post, None).unwrap();
}

#[test]
fn follows_both_ways_end_and_their_servers_are_told() {
    let db = TestDb::new();
    db.write_now(|c| {
        let ali = people::local(c, "ali").id;
        let (rob, sue, tim) = (people::remote(c, "rob").id, people::remote(c, "sue").id, people::remote(c, "tim").id);
        let mut other = people::remote_actor("zoe");
        for part in [&mut other.uri, &mut other.domain, &mut other.host, &mut other.key_id, &mut other.inbox] {
            *part = part.replace("peer.example", "other.example");
        }
        let zoe = actors::store_remote(c, other)?.id;
        follow(c, ali, rob)?;
        follow_requests::receive_accept(c, rob, None, Some(ali))?;
        follow(c, ali, tim)?;
        follow(c, ali, zoe)?;
        follow_requests::receive_accept(c, zoe, None, Some(ali))?;
        follows::receive(c, "https://peer.example/f1", sue, ali)?;
        people::follow(c, zoe, ali);
        changes(c);
        assert_eq!(told(c, ali).len(), 1);
        let preview = domain_blocks::preview(c, ali, "peer.example")?;
        assert_eq!((preview.following, preview.followers), (1, 1));

        block(c, ali)?;
        block(c, ali)?;
        let told_to: Vec<_> = changes(c)
            .iter()
            .map(|change| match change {
                Change::Unfollowed { actor, target, .. } => ("unfollowed", *actor, *target),
                Change::Rejected { actor, target, .. } => ("rejected", *actor, *target),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told_to.len(), 3);
        for one in [("unfollowed", ali, rob), ("unfollowed", ali, tim), ("rejected", sue, ali)] {
            assert!(told_to.contains(&one), "{told_to:?}");
        }
        assert!(matches!(told(c, ali).as_slice(), [(NotificationKind::Severed, _)]), "what was told is gone, and why");
        let (there, elsewhere) = (between(c, ali, rob), between(c, ali, zoe));
        assert!(there.domain_blocking && !there.following && !there.requested && !there.followed_by);
        assert!(!elsewhere.domain_blocking && elsewhere.following && elsewhere.followed_by);
        assert!(matches!(follow(c, ali, rob), Err(Error::Forbidden(_))));
        follows::receive(c, "https://peer.example/f2", sue, ali)?;
        assert!(matches!(changes(c).as_slice(), [Change::Rejected { .. }]), "asking again is refused");
        assert!(!between(c, ali, sue).followed_by);
        Ok(())
    })
    .unwrap();
}

#[test]
fn many_follows_end_in_small_writes() {
    let db = TestDb::new();
    db.write_now(|c| {
        let ali = people::local(c, "ali").id;
        for n in 0..120 {
            let fan = people::remote(c, &format!("fan{n}")).id;
            people::follow(c, fan, ali);
        }
        block(c, ali)?;
        let rest = Job::CutServer { actor: ali, domain: "peer.example".into() };
        assert!(jobs::all(c)?.contains(&rest));
        assert_eq!(domain_blocks::preview(c, ali, "peer.example")?.followers, 70);
        assert!(domain_blocks::cut_some(c, ali, "peer.example")?);
        assert!(!domain_blocks::cut_some(c, ali, "peer.example")?);
        assert_eq!(domain_blocks::preview(c, ali, "peer.example")?.followers, 0);
        domain_blocks::unblock(c, ali, "peer.example")?;
        let fan = people::remote(c, "fan1").id;
        people::follow(c, fan, ali);
        assert!(!domain_blocks::cut_some(c, ali, "peer.example")?);
        assert_eq!(domain_blocks::preview(c, ali, "peer.example")?.followers, 1, "a lifted block cuts nothing");
        Ok(())
    })
    .unwrap();
}
