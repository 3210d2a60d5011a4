"""Pages by Link headers: every item once, the same ones in both directions, whatever the list."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from support.server import Majlis, Person

pytestmark = pytest.mark.engine

ITEMS = 23
FOLLOWERS = 11
"""Accounts take longer to make than posts."""
PAGE = 5

Fill = Callable[[Majlis, Person, Person], str]


def own_posts(server: Majlis, me: Person, other: Person) -> str:
    for number in range(ITEMS):
        me.app().status_post(f"Post {number}")
    return f"/api/v1/accounts/{me.app().me().id}/statuses"


def home(server: Majlis, me: Person, other: Person) -> str:
    me.app().account_follow(other.app().me().id)
    for number in range(ITEMS):
        (me, other)[number % 2].app().status_post(f"Post {number}")
    return "/api/v1/timelines/home"


def public(server: Majlis, me: Person, other: Person) -> str:
    home(server, me, other)
    return "/api/v1/timelines/public?local=true"


def hashtag(server: Majlis, me: Person, other: Person) -> str:
    for number in range(ITEMS):
        other.app().status_post(f"#tea {number}")
    return "/api/v1/timelines/tag/tea"


def favourites(server: Majlis, me: Person, other: Person) -> str:
    posts = [other.app().status_post(f"Post {number}") for number in range(ITEMS)]
    for post in sorted(posts, key=lambda post: post.content[::-1]):
        me.app().status_favourite(post.id)
    return "/api/v1/favourites"


def bookmarks(server: Majlis, me: Person, other: Person) -> str:
    for number in range(ITEMS):
        me.app().status_bookmark(other.app().status_post(f"Post {number}").id)
    return "/api/v1/bookmarks"


def notifications(server: Majlis, me: Person, other: Person) -> str:
    for number in range(ITEMS):
        other.app().status_post(f"@{me.name} {number}")
    return "/api/v1/notifications?types[]=mention&types[]=favourite"


def followers(server: Majlis, me: Person, other: Person) -> str:
    for number in range(FOLLOWERS):
        server.join(f"follower{number}").app().account_follow(me.app().me().id)
    return f"/api/v1/accounts/{me.app().me().id}/followers"


def walk(me: Person, url: str, direction: str) -> tuple[list[str], str]:
    """The ids on every page from `url` on, and the URL of the last page that had any."""
    ids: list[str] = []
    last = url
    for _ in range(ITEMS):
        reply = requests.get(url, headers=me.headers, timeout=30)
        assert reply.status_code == 200, reply.text
        page = [item["id"] for item in reply.json()]
        assert len(page) <= PAGE
        if page:
            last = url
        ids += page if direction == "next" else page[::-1]
        if not page or direction not in reply.links:
            return ids, last
        url = reply.links[direction]["url"]
        assert url.startswith(me.server.origin), "links are absolute"
        assert parse_qs(urlsplit(url).query)["limit"] == [str(PAGE)], "other parameters are kept"
    raise AssertionError(f"{direction} does not end: {ids}")


def first_page(me: Person, path: str) -> str:
    return f"{me.server.origin}{path}{'&' if '?' in path else '?'}limit={PAGE}"


@pytest.mark.parametrize("fill", [own_posts, home, public, hashtag, favourites, bookmarks, notifications], ids=lambda fill: fill.__name__)
def test_both_ways(server: Majlis, amina: Person, badr: Person, fill: Fill) -> None:
    start = first_page(amina, fill(server, amina, badr))
    down, oldest_page = walk(amina, start, "next")
    assert len(down) == len(set(down)) == ITEMS
    reply = requests.get(oldest_page, headers=amina.headers, timeout=30)
    oldest = [item["id"] for item in reply.json()]
    up, _ = walk(amina, reply.links["prev"]["url"], "prev")
    assert oldest[::-1] + up == down[::-1]


def test_account_lists(server: Majlis, amina: Person, badr: Person) -> None:
    start = first_page(amina, followers(server, amina, badr))
    down, _ = walk(amina, start, "next")
    assert len(down) == len(set(down)) == FOLLOWERS
    reply = requests.get(start, headers=amina.headers, timeout=30)
    assert "since_id" in reply.links["prev"]["url"]
    assert requests.get(reply.links["prev"]["url"], headers=amina.headers, timeout=30).json() == [], "nobody newer"


def test_a_short_page_has_no_next(server: Majlis, amina: Person) -> None:
    amina.app().status_post("The only one")
    reply = amina.request("GET", "/api/v1/timelines/home?limit=5")
    assert "next" not in reply.links and "prev" in reply.links


@pytest.mark.parametrize(("parameter", "expected"), [("max_id", [4, 3]), ("since_id", [9, 8]), ("min_id", [7, 6])])
def test_cursors(amina: Person, parameter: str, expected: list[int]) -> None:
    """Of ten posts, two a page, seen from the sixth: just below it, the newest, just above it."""
    ids = [str(amina.app().status_post(f"Post {number}").id) for number in range(10)]
    page = amina.request("GET", "/api/v1/timelines/home", params={parameter: ids[5], "limit": 2}).json()
    assert [item["id"] for item in page] == [ids[number] for number in expected]


@pytest.mark.parametrize("limit", ["0", "-1", "1000000", "many"])
def test_odd_limits(amina: Person, limit: str) -> None:
    for _ in range(3):
        amina.app().status_post("x")
    reply = amina.request("GET", "/api/v1/timelines/home", params={"limit": limit})
    assert reply.status_code in (200, 422)
    if reply.status_code == 200:
        assert len(reply.json()) <= 80
