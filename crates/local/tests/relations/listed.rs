//! Lists of people, and how they follow the follows.

use super::*;

#[test]
fn lists_hold_those_whom_their_owner_follows() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, bea, kim) = (people::local(c, "ali").id, people::local(c, "bea").id, people::local(c, "kim").id);
        let rob = people::remote(c, "rob").id;
        follow(c, ali, bea)?;
        follow(c, ali, rob)?;
        let list = lists::create(c, ali, " Friends ", RepliesPolicy::List, true)?;
        assert_eq!((list.title.as_str(), list.exclusive), ("Friends", true));
        lists::add(c, ali, list.id, &[bea, rob, ali])?;
        lists::add(c, ali, list.id, &[bea])?;
        assert!(matches!(lists::add(c, ali, list.id, &[kim]), Err(Error::NotFound(_))));
        assert_eq!(lists::members(c, ali, list.id, &Page::newest(9))?.items, [ali, rob, bea]);
        assert_eq!(lists::containing(c, ali, bea)?, std::slice::from_ref(&list));
        assert!(matches!(lists::members(c, bea, list.id, &Page::newest(9)), Err(Error::NotFound(_))), "not hers");

        follows::unfollow(c, ali, bea)?;
        follow_requests::receive_reject(c, rob, None, Some(ali))?;
        assert_eq!(lists::members(c, ali, list.id, &Page::newest(9))?.items, [ali]);
        lists::remove(c, ali, list.id, &[ali, kim])?;
        assert_eq!(lists::member_ids(c, list.id)?, []);

        let title = ListChange { title: Some("Others".into()), ..ListChange::default() };
        let policy = ListChange { replies_policy: Some(RepliesPolicy::None), ..ListChange::default() };
        lists::change(c, ali, list.id, title)?;
        let now = lists::change(c, ali, list.id, policy)?;
        assert_eq!((now.title.as_str(), now.replies_policy, now.exclusive), ("Others", RepliesPolicy::None, true));
        assert!(matches!(lists::create(c, ali, "  ", RepliesPolicy::List, false), Err(Error::Invalid(_))));
        assert!(matches!(lists::delete(c, bea, list.id), Err(Error::NotFound(_))));
        lists::delete(c, ali, list.id)?;
        assert_eq!(lists::of(c, ali)?, []);
        for n in 0..lists::MOST {
            lists::create(c, ali, &n.to_string(), RepliesPolicy::List, false)?;
        }
        assert!(matches!(lists::create(c, ali, "one more", RepliesPolicy::List, false), Err(Error::Invalid(_))));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_request_that_is_taken_back_leaves_the_lists() {
    let db = TestDb::new();
    db.write_now(|c| {
        let (ali, rob) = (people::local(c, "ali").id, people::remote(c, "rob").id);
        follow(c, ali, rob)?;
        let list = in_list(c, ali, &[rob]);
        follow_requests::receive_accept(c, rob, None, Some(ali))?;
        assert_eq!(lists::member_ids(c, list)?, [rob], "accepted: it stays");
        follows::unfollow(c, ali, rob)?;
        follow(c, ali, rob)?;
        lists::add(c, ali, list, &[rob])?;
        follows::unfollow(c, ali, rob)?;
        assert_eq!(lists::member_ids(c, list)?, []);
        Ok(())
    })
    .unwrap();
}
