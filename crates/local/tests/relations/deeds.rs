//! What people do with posts: like, keep, pin.

use super::*;

fn pinned(c: &mut Connection, author: ActorId) -> Vec<PostId> {
    pins::of_author(c, author).unwrap().into_iter().map(|post| post.id).collect()
}

fn kept(page: &Slice<posts::Post>) -> Vec<PostId> {
    page.items.iter().map(|post| post.id).collect()
}

#[test]
fn likes_are_counted_once() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea, rob) = (people::local(c, "ali").id, people::local(c, "bea").id, people::remote(c, "rob"));
        let (site, post) = (people::site(), people::say(c, ali, "hello"));
        let count = |c: &mut Connection, id: PostId| posts::get(c, id).unwrap().likes_count;
        changes(c);

        likes::like(c, &site, bea, &post)?;
        likes::like(c, &site, bea, &post)?;
        let uri = "https://peer.example/likes/1";
        assert!(likes::receive(c, rob.id, &post, uri)?);
        assert!(!likes::receive(c, rob.id, &post, "https://peer.example/likes/2")?);
        assert_eq!(count(c, post.id), 2);
        assert_eq!(told(c, ali), [(NotificationKind::Like, bea), (NotificationKind::Like, rob.id)]);
        assert_eq!(changes(c), [], "a local author needs no activity");
        assert_eq!(likes::likers(c, post.id, None, &Page::newest(9))?.items, [rob.id, bea]);
        blocks::block(c, &site, ali, rob.id)?;
        assert_eq!(likes::likers(c, post.id, Some(ali), &Page::newest(9))?.items, [bea]);
        assert_eq!(kept(&feeds::favourites(c, bea, &Page::newest(9))?), [post.id]);
        assert!(likes::liked_among(c, bea, &[post.id])?.contains(&post.id));

        likes::unlike(c, bea, &post)?;
        likes::unlike(c, bea, &post)?;
        assert_eq!(likes::by_uri(c, uri)?.unwrap().actor_id, rob.id);
        likes::receive_undo(c, rob.id, post.id)?;
        likes::receive_undo(c, rob.id, post.id)?;
        assert_eq!((count(c, post.id), told(c, ali)), (0, vec![]));

        let early = "https://peer.example/likes/3";
        tombstones::remember(c, early)?;
        assert!(!likes::receive(c, rob.id, &post, early)?);
        assert_eq!(count(c, post.id), 0, "its Undo came first");

        let theirs = people::receive(c, people::note(&rob, "hi"));
        changes(c);
        likes::like(c, &site, ali, &theirs)?;
        let [Change::Liked { like }] = changes(c)[..] else { panic!("rob's server must hear of it") };
        let uri = site.like_uri("ali", like);
        assert_eq!(likes::get(c, like)?.uri, uri);
        likes::unlike(c, ali, &theirs)?;
        assert_eq!(changes(c), [Change::Unliked { uri, actor: ali, post: theirs.id }]);
        assert_eq!(count(c, theirs.id), 0);
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_done_to_a_boost_is_done_to_the_boosted() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea, kim) = (people::local(c, "ali").id, people::local(c, "bea").id, people::local(c, "kim").id);
        let (site, post) = (people::site(), people::say(c, ali, "hello"));
        let boost = majlis_local::boosts::boost(c, &site, bea, &post, None)?;
        likes::like(c, &site, kim, &boost)?;
        bookmarks::add(c, kim, boost.id)?;
        assert_eq!(posts::get(c, post.id)?.likes_count, 1);
        assert_eq!(kept(&feeds::favourites(c, kim, &Page::newest(9))?), [post.id]);
        assert_eq!(kept(&feeds::bookmarks(c, kim, None, &Page::newest(9))?), [post.id]);
        assert_eq!(bookmarks::kept_among(c, kim, &[post.id, boost.id])?, [post.id]);
        bookmarks::remove(c, kim, post.id)?;
        likes::unlike(c, kim, &boost)?;
        assert_eq!(kept(&feeds::bookmarks(c, kim, None, &Page::newest(9))?), []);
        assert!(matches!(pins::pin(c, bea, &boost), Err(Error::Invalid(_))));
        Ok(())
    })
    .unwrap();
}

#[test]
fn five_own_posts_may_be_pinned() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea) = (people::local(c, "ali").id, people::local(c, "bea").id);
        let all: Vec<_> = (0..6).map(|n| people::say(c, ali, &format!("post {n}"))).collect();
        changes(c);
        for post in &all[..5] {
            pins::pin(c, ali, post)?;
            pins::pin(c, ali, post)?;
        }
        assert_eq!(changes(c).len(), 5);
        assert!(matches!(pins::pin(c, ali, &all[5]), Err(Error::Invalid(_))));
        pins::unpin(c, ali, all[0].id)?;
        pins::unpin(c, ali, all[0].id)?;
        assert_eq!(changes(c), [Change::Unpinned { post: all[0].id }]);
        pins::pin(c, ali, &all[5])?;
        assert_eq!(pinned(c, ali), [5, 4, 3, 2, 1].map(|n| all[n].id));
        assert!(!pins::pinned_among(c, ali, &[all[0].id])?.contains(&all[0].id));

        let hers = people::say(c, bea, "mine");
        assert!(matches!(pins::pin(c, ali, &hers), Err(Error::Invalid(_))));
        let secret = people::publish(
            c,
            bea,
            majlis_local::publish::Draft { visibility: Some(Visibility::Direct), ..people::draft("@ali secret") },
        );
        assert!(matches!(pins::pin(c, bea, &secret), Err(Error::Invalid(_))));
        Ok(())
    })
    .unwrap();
}

#[test]
fn remote_pins_are_their_authors_own() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (rob, eve) = (people::remote(c, "rob"), people::remote(c, "eve"));
        let (one, two) = (people::receive(c, people::note(&rob, "one")), people::receive(c, people::note(&rob, "two")));
        let hers = people::receive(c, people::note(&eve, "three"));
        pins::receive(c, rob.id, &one)?;
        pins::receive(c, rob.id, &hers)?;
        assert_eq!(pinned(c, rob.id), [one.id]);
        pins::replace(c, rob.id, &[two.id, hers.id, one.id])?;
        assert_eq!(pinned(c, rob.id), [two.id, one.id]);
        pins::receive_undo(c, rob.id, two.id)?;
        assert_eq!(pinned(c, rob.id), [one.id]);
        assert_eq!(changes(c), []);
        Ok(())
    })
    .unwrap();
}
