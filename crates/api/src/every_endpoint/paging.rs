//! Every list is paged down by `next` and up by `prev` through the same items, each of them once.

use serde_json::Value;

use super::calls;
use super::description::Description;
use super::world::World;
use crate::testing::Caller;

/// How many of everything there are.
const ITEMS: usize = 7;
/// Items of a page.
const PAGE: usize = 2;

/// Every list with cursors: its path, and where its items are.
const LISTS: &[&str] = &[
    "/api/v1/accounts/<friend>/statuses",
    "/api/v1/accounts/<me>/followers",
    "/api/v1/accounts/<me>/following",
    "/api/v1/accounts/<me>/endorsements",
    "/api/v1/endorsements",
    "/api/v1/follow_requests",
    "/api/v1/blocks",
    "/api/v1/mutes",
    "/api/v1/domain_blocks",
    "/api/v1/bookmarks",
    "/api/v1/favourites",
    "/api/v1/lists/<list>/accounts",
    "/api/v1/statuses/<status>/favourited_by",
    "/api/v1/statuses/<status>/reblogged_by",
    "/api/v1/statuses/<status>/quotes",
    "/api/v1/scheduled_statuses",
    "/api/v1/timelines/home",
    "/api/v1/timelines/direct",
    "/api/v1/timelines/public",
    "/api/v1/timelines/tag/<tag>",
    "/api/v1/timelines/list/<list>",
    "/api/v1/notifications?types[]=mention",
    "/api/v1/notifications/requests",
    "/api/v2/notifications/<group>/accounts",
    "/api/v1/followed_tags",
    "/api/v1/conversations",
    "/api/ext/v1/drafts",
    "/api/ext/v1/circles/<circle>/accounts",
];

/// What has the parameters of a page, and is walked elsewhere: why.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/api/v2/notifications", "notification_groups::tests: a page of groups, whose members lie apart"),
    ("/api/v2_alpha/notifications", "the same"),
    ("/api/v1/notifications/unread_count", "no list"),
    ("/api/v2/notifications/unread_count", "no list"),
    ("/api/v2_alpha/notifications/unread_count", "no list"),
    ("/api/v2/search", "by offset, and by ids without links, as in Mastodon: search::tests"),
    ("/api/v1/search", "the same"),
    ("/api/v1/timelines/link", "timelines::tests: many posts have to share a link"),
];

/// What tells an item from others.
fn key(item: &Value) -> String {
    item.get("id").or_else(|| item.get("name")).unwrap_or(item).to_string()
}

fn keys(page: &Value) -> Vec<String> {
    page.as_array().unwrap().iter().map(key).collect()
}

/// The items from `path` on, and the last page that had any: its items and its `prev`.
async fn down(me: &Caller, path: String) -> (Vec<String>, Vec<String>, Option<String>) {
    let (mut all, mut last, mut prev, mut next) = (Vec::new(), Vec::new(), None, Some(path));
    while let Some(link) = next {
        let page = me.get(&link).await;
        next = page.link("next");
        let back = page.link("prev");
        let items = keys(&page.ok());
        assert!(items.len() <= PAGE, "{link}");
        if !items.is_empty() {
            assert!(back.is_some(), "{link}: no way back");
            (last, prev) = (items.clone(), back);
        }
        all.extend(items);
        assert!(all.len() < 200, "{link} does not end");
    }
    (all, last, prev)
}

#[actix_web::test]
async fn every_list_pages_both_ways_through_the_same_items() {
    let world = World::of(ITEMS).await;
    let mut wrong: Vec<String> = Vec::new();
    for list in LISTS {
        let path = calls::fill(list, &world.ids);
        let path = format!("{path}{}limit=", if path.contains('?') { '&' } else { '?' });
        let whole = keys(&world.me.get(&format!("{path}40")).await.ok());
        if whole.len() <= PAGE {
            wrong.push(format!("{list}: too few to prove anything: {whole:?}"));
            continue;
        }
        let (all, last, prev) = down(&world.me, format!("{path}{PAGE}")).await;
        if all != whole {
            wrong.push(format!("{list}, downwards: {all:?} of {whole:?}"));
        }
        // Up again. Lists whose `prev` says since_id (Mastodon's form for relations) answer with the newest there.
        let mut prev = prev.unwrap();
        if prev.contains("since_id=") {
            let newest = keys(&world.me.get(&prev).await.ok());
            if newest != whole[..PAGE.min(whole.len() - last.len())] {
                wrong.push(format!("{list}, {prev}: {newest:?} of {whole:?}"));
            }
            continue;
        }
        let mut up = last;
        loop {
            let page = world.me.get(&prev).await;
            let link = page.link("prev");
            let mut newer = keys(&page.ok());
            if newer.is_empty() {
                break;
            }
            if up.len() > whole.len() {
                wrong.push(format!("{list} does not end upwards"));
                break;
            }
            newer.extend(up);
            up = newer;
            prev = link.unwrap();
        }
        if up != whole {
            wrong.push(format!("{list}, upwards: {up:?} of {whole:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_list_is_walked() {
    let description = Description::load();
    let bare = |path: &str| {
        let path = path.split('?').next().unwrap_or_default();
        path.split('/').map(|part| if part.starts_with(['<', '{']) { ":" } else { part }).collect::<Vec<_>>().join("/")
    };
    let walked: Vec<String> = LISTS.iter().map(|path| bare(path)).chain(ELSEWHERE.iter().map(|(path, _)| bare(path))).collect();
    for (path, methods) in description.paths() {
        let parameters = methods["get"]["parameters"].as_array();
        let pages = parameters.is_some_and(|all| all.iter().any(|parameter| parameter["name"] == "max_id"));
        assert!(!pages || walked.contains(&bare(path)), "{path} is paged, and walked by nobody");
    }
}
