"""With MAJLIS_PRIVATE_PEERS off, as on a real server, nobody can make it talk to its own machine or network."""

from collections.abc import Iterator

import pytest

from support.remote import RemoteServer
from support.server import Majlis, MakeServer, Person
from support.signatures import Cavage


@pytest.fixture
def server(new_server: MakeServer) -> Majlis:
    return new_server(MAJLIS_PRIVATE_PEERS="off")


@pytest.fixture
def inside() -> Iterator[RemoteServer]:
    """A service that only this machine may reach."""
    with RemoteServer() as listening:
        yield listening


SPELLINGS = [
    "localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::]",
    "localhost.",
]


def test_search_does_not_reach_inside(amina: Person, inside: RemoteServer) -> None:
    inside.join("secret")
    port = inside.domain.rpartition(":")[2]
    for host in SPELLINGS:
        for address in (f"http://{host}:{port}/users/secret", f"https://{host}:{port}/users/secret", f"@secret@{host}:{port}"):
            reply = amina.request("GET", "/api/v2/search", params={"q": address, "resolve": "true"})
            assert reply.status_code in (200, 404, 422), f"{address}: {reply.text}"
            assert reply.json().get("accounts", []) == [], address
            assert inside.received == [], address
    for reason in ("plain http", "an unusual port"):
        amina.server.logs("refused to connect", reason, f":{port}/users/secret")
    assert amina.server.answers()


def test_inboxes_do_not_reach_inside(server: Majlis, amina: Person, inside: RemoteServer) -> None:
    """The key of a signature, the object of an activity: all of it would be fetched from inside."""
    stranger = inside.join("stranger")
    for activity in (
        stranger.activity("Like", f"{amina.uri}/statuses/1"),
        stranger.activity("Announce", f"{inside.origin}/notes/1"),
        stranger.activity("Delete", stranger.uri),
    ):
        assert stranger.send(activity, server, signing=Cavage(stranger.key)).status_code in (202, 400, 401, 403)
    assert inside.received == []
    assert server.answers()
