"""What people of one server see of those elsewhere, by the client API."""

from typing import Any

from support.server import Person
from support.waiting import eventually


def find(person: Person, whom: str) -> Any:
    """The account behind a handle or a URL of another server, as the person's app finds it by searching."""
    accounts = person.app().search_v2(whom, resolve=True, result_type="accounts").accounts
    assert len(accounts) == 1, f"{whom}: {accounts}"
    return accounts[0]


def find_post(person: Person, uri: str) -> Any:
    """The post behind a URL, as the person's app finds it by searching."""
    statuses = person.app().search_v2(uri, resolve=True, result_type="statuses").statuses
    assert len(statuses) == 1, f"{uri}: {statuses}"
    return statuses[0]


def follow(person: Person, whom: str) -> Any:
    """Follows somebody elsewhere and waits until they accepted; returns their account."""
    account = find(person, whom)
    person.app().account_follow(account.id)
    eventually(lambda: person.app().account_relationships(account.id)[0].following, what=f"{whom} accepts {person.handle}")
    return account


def post_at_home(person: Person, uri: str, *, seconds: float = 15) -> Any:
    """The post with this URI, once it is in the person's home timeline."""

    def look() -> Any:
        return next((status for status in person.app().timeline_home() if status.uri == uri), None)

    return eventually(look, seconds=seconds, what=f"{uri} in the home timeline of {person.handle}")


def notification(person: Person, kind: str, about: Any = None) -> Any:
    """The newest notification of a kind (about a post of this id), once it is there."""

    def look() -> Any:
        found = person.app().notifications(types=[kind])
        return next((one for one in found if about is None or one.status.id == about), None)

    return eventually(look, what=f"{person.handle} is notified of a {kind}")


def gone(person: Person, status_id: Any) -> None:
    """Waits until the person's server answers 404 for a post."""
    eventually(lambda: person.request("GET", f"/api/v1/statuses/{status_id}").status_code == 404, what="the post is gone")


def counts(person: Person, status_id: Any, counter: str, expected: int) -> bool:
    """Whether a counter of a post (`favourites_count`, …) is what is expected."""
    return bool(person.app().status(status_id)[counter] == expected)
