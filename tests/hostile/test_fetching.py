"""What this server fetches from others: redirects, slowness, size and nonsense there cost it a bounded time and memory."""

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from support.remote import CONTEXT, PUBLIC, RemoteActor, RemoteServer, Response, document
from support.server import Majlis, Person
from support.waiting import eventually

PATIENCE = 30
"""Seconds within which any search must be answered, whatever the other side does."""
ALLOWANCE = 48 * 1024
"""How much resident memory may grow, in KiB."""


@pytest.fixture
def evil() -> Iterator[RemoteServer]:
    with RemoteServer() as server:
        yield server


@pytest.fixture
def mallory(evil: RemoteServer) -> RemoteActor:
    return evil.join("mallory")


def settle(remote: RemoteServer) -> None:
    """Waits until nobody has asked the server anything for a second."""
    before, since = -1, time.monotonic()
    while time.monotonic() - since < 1:
        if len(remote.received) != before:
            before, since = len(remote.received), time.monotonic()
        assert before < 1_000, "the requests have no end"
        time.sleep(0.05)


def resolve(person: Person, address: str) -> list[Any]:
    """Searches for an address elsewhere, within bounded time and memory."""
    before, started = person.server.memory().peak, time.monotonic()
    found = person.request("GET", "/api/v2/search", params={"q": address, "resolve": "true"}, timeout=PATIENCE + 10)
    assert time.monotonic() - started < PATIENCE
    assert person.server.memory().peak - before < ALLOWANCE
    assert found.status_code in (200, 404, 422, 503), found.text
    assert person.server.answers()
    return [*found.json().get("accounts", []), *found.json().get("statuses", [])]


def test_the_honest_case(amina: Person, mallory: RemoteActor) -> None:
    assert [one["uri"] for one in resolve(amina, mallory.uri)] == [mallory.uri]
    assert [one["uri"] for one in resolve(amina, mallory.publish("Hello")["id"])]


def test_redirects_in_a_circle(amina: Person, evil: RemoteServer) -> None:
    evil.routes["/a"] = lambda _: Response(302, headers={"Location": f"{evil.origin}/b"})
    evil.routes["/b"] = lambda _: Response(302, headers={"Location": f"{evil.origin}/a"})
    assert resolve(amina, f"{evil.origin}/a") == []
    assert len(evil.received) < 20
    amina.server.logs("redirects", f"{evil.origin}/a")


def test_redirects_without_end(amina: Person, evil: RemoteServer) -> None:
    class Endless(dict[str, Any]):
        def __contains__(self, path: object) -> bool:
            return str(path).startswith("/next/")

        def __getitem__(self, path: str) -> Any:
            return lambda _: Response(301, headers={"Location": f"{evil.origin}/next/{int(path.rsplit('/', 1)[1]) + 1}"})

    evil.routes = Endless()
    assert resolve(amina, f"{evil.origin}/next/1") == []
    assert len(evil.received) < 20


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://localhost/", "data:application/activity+json,{}", "//", "", "http://"])
def test_redirects_to_other_places(amina: Person, evil: RemoteServer, location: str) -> None:
    evil.routes["/a"] = lambda _: Response(302, headers={"Location": location})
    assert resolve(amina, f"{evil.origin}/a") == []


def never_answers(connection: BaseHTTPRequestHandler) -> None:
    time.sleep(PATIENCE + 5)


def drips(connection: BaseHTTPRequestHandler) -> None:
    """A byte now and then, of a body that never ends."""
    connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\nContent-Length: 1000000\r\n\r\n{")
    for _ in range(PATIENCE * 2):
        connection.wfile.write(b" ")
        connection.wfile.flush()
        time.sleep(0.5)


def drips_headers(connection: BaseHTTPRequestHandler) -> None:
    connection.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(PATIENCE * 2):
        connection.wfile.write(b"X-Header-%d: x\r\n" % number)
        connection.wfile.flush()
        time.sleep(0.5)


def endless(connection: BaseHTTPRequestHandler) -> None:
    connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1600):
        connection.wfile.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def gzip_bomb(connection: BaseHTTPRequestHandler) -> None:
    body = gzip.compress(b" " * 100_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.wfile.write(head.encode() + body)


@pytest.mark.parametrize("misbehave", [endless, gzip_bomb], ids=lambda one: one.__name__)
def test_endless_answers(amina: Person, mallory: RemoteActor, misbehave: Any) -> None:
    mallory.server.routes["/users/mallory"] = misbehave
    assert resolve(amina, mallory.uri) == []
    mallory.server.routes["/.well-known/webfinger"] = misbehave
    assert resolve(amina, f"@{mallory.handle}") == []
    amina.server.logs("too large", mallory.uri)


def test_slow_answers(amina: Person) -> None:
    """All at once: each of them takes all of the time that we have for an answer."""
    with ExitStack() as stack:
        searched = []
        for misbehave in (never_answers, drips, drips_headers):
            for path in ("/users/mallory", "/.well-known/webfinger"):
                slow = stack.enter_context(RemoteServer())
                slow.routes[path] = misbehave
                mallory = slow.join("mallory")
                searched.append(mallory.uri if path.startswith("/users") else f"@{mallory.handle}")
        pool = stack.enter_context(ThreadPoolExecutor(len(searched)))
        assert list(pool.map(partial(resolve, amina), searched)) == [[]] * len(searched)
        amina.server.logs("in time", searched[0])


@pytest.mark.parametrize(
    "response",
    [
        Response(200, b"<html>", {"Content-Type": "text/html"}),
        Response(200, b'{"id":"x"}', {"Content-Type": "application/json"}),
        Response(200, b"", {"Content-Type": "application/activity+json"}),
        Response(200, b"[" * 10_000, {"Content-Type": "application/activity+json"}),
        Response(200, b'{"a":' * 10_000 + b"1" + b"}" * 10_000, {"Content-Type": "application/activity+json"}),
        Response(500), Response(404), Response(410), Response(418), Response(204), Response(401), Response(429, headers={"Retry-After": "999999"}),
    ],
    ids=["html", "json", "empty", "unclosed", "deep", "500", "404", "410", "418", "204", "401", "429"],
)  # fmt: skip
def test_odd_answers(amina: Person, evil: RemoteServer, response: Response) -> None:
    evil.routes["/a"] = lambda _: response
    assert resolve(amina, f"{evil.origin}/a") == []


def test_a_document_of_another_type_is_not_believed(amina: Person, mallory: RemoteActor) -> None:
    """What an upload could forge: an actor's document served as plain JSON or as a picture."""
    body = json.dumps(mallory.document()).encode()
    answer: dict[str, str] = {}
    mallory.server.routes["/users/mallory"] = lambda _: Response(200, body, dict(answer))
    for kind in ("application/json", "image/png", "text/plain", "application/ld+json"):
        answer["Content-Type"] = kind
        assert resolve(amina, mallory.uri) == [], kind


def test_a_thread_without_beginning(server: Majlis, amina: Person, mallory: RemoteActor) -> None:
    """Every parent has a parent: the requests for one activity have an end."""
    evil = mallory.server

    class Parents(dict[str, Any]):
        def __contains__(self, path: object) -> bool:
            return str(path).startswith("/thread/")

        def __getitem__(self, path: str) -> Any:
            number = int(path.rsplit("/", 1)[1])
            note = mallory.note("Deeper", inReplyTo=f"{evil.origin}/thread/{number + 1}") | {"id": evil.origin + path}
            return lambda _: document({"@context": CONTEXT, **note})

    evil.routes = Parents()
    leaf = mallory.note("Leaf", inReplyTo=f"{evil.origin}/thread/0", cc=[amina.uri], tag=[{"type": "Mention", "href": amina.uri}])
    assert mallory.send(mallory.activity("Create", leaf, cc=[amina.uri]), server).status_code == 202
    eventually(lambda: amina.app().notifications(types=["mention"]), what="the reply arrives")
    settle(evil)
    fetched = len([request for request in evil.received if request.path.startswith("/thread/")])
    assert 0 < fetched <= 100
    assert server.answers()


def test_a_post_that_mentions_thousands(server: Majlis, amina: Person, mallory: RemoteActor) -> None:
    tags = [
        {"type": "Mention", "href": f"{mallory.server.origin}/users/nobody{number}", "name": f"@nobody{number}"} for number in range(2_000)
    ]
    note = mallory.note("All of you", tag=[*tags, {"type": "Mention", "href": amina.uri}], cc=[amina.uri])
    reply = mallory.send(mallory.activity("Create", note, to=[PUBLIC, amina.uri]), server)
    assert reply.status_code in (202, 400, 413)
    settle(mallory.server)
    assert len([request for request in mallory.server.received if "nobody" in request.path]) <= 200
    assert server.answers()


def test_collections_without_end(amina: Person, mallory: RemoteActor) -> None:
    evil = mallory.server
    mallory.server.serve("/users/mallory", {**mallory.document(), "featured": f"{evil.origin}/featured"})
    page = {"type": "OrderedCollectionPage", "orderedItems": [mallory.uri], "next": f"{evil.origin}/featured"}
    for path in ("/featured", "/users/mallory/outbox", "/users/mallory/followers"):
        evil.serve(path, {"@context": CONTEXT, "id": evil.origin + path, **page, "first": {"id": evil.origin + path, **page}})
    resolve(amina, mallory.uri)
    settle(evil)
    assert len(evil.received) < 50


def test_a_slow_peer_delays_nobody_else(server: Majlis, amina: Person, mallory: RemoteActor) -> None:
    """Deliveries to a server that never answers, and those to one that does."""
    with RemoteServer("127.0.0.1") as good:
        friend = good.join("friend")
        for follower in (mallory, friend):
            assert follower.send(follower.activity("Follow", amina.uri), server).status_code == 202
        eventually(lambda: amina.app().me().followers_count == 2, what="both follow")
        mallory.server.routes["/inbox"] = mallory.server.routes["/users/mallory/inbox"] = never_answers
        started = time.monotonic()
        for number in range(20):
            amina.app().status_post(f"Post {number}")
        eventually(lambda: len(good.deliveries("Create")) == 20, seconds=PATIENCE, what="all posts reach the good server")
        assert time.monotonic() - started < PATIENCE
