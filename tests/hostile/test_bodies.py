"""Bodies that are too large, too deep, too slow or not what they say: refused early, in bounded memory."""

import gzip
import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import requests

from support.pictures import png_bomb
from support.remote import RemoteActor, RemoteServer, post
from support.server import Majlis, MakeServer, Person
from support.signatures import Cavage
from support.waiting import eventually

MEGABYTE = 1024 * 1024
HUGE = 100 * MEGABYTE
ALLOWANCE = 48 * 1024
"""How much the server's resident memory may grow, in KiB, while 100 MB are thrown at it."""


@pytest.fixture
def stranger() -> Iterator[RemoteActor]:
    with RemoteServer() as server:
        yield server.join("stranger")


def offer(server: Majlis, path: str, headers: dict[str, str], *, start: bytes = b"", chunked: bool = False) -> int:
    """Offers 100 MB, not listening to what is said meanwhile, and checks that they were refused long before the end and kept
    nowhere; returns the status answered, or 0 for a closed connection. The server may go on reading for a while (RFC 9112
    §9.6): else its answer would be lost in a reset."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {HUGE}"
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {server.domain}",
        length,
        *(f"{name}: {value}" for name, value in headers.items() if name != "Host"),
    ]
    block = b" " * 65_536
    if chunked:
        block = b"10000\r\n" + block + b"\r\n"
    offered, refused_after, answer = 0, HUGE, b""
    before = server.memory().peak
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + start)
        with suppress(OSError):  # the server hangs up
            while offered < HUGE - MEGABYTE:
                connection.sendall(block)
                offered += len(block)
                if refused_after == HUGE and select.select([connection], [], [], 0)[0]:
                    refused_after = offered
        refused_after = min(refused_after, offered)
        with suppress(OSError):  # it hung up without a word
            answer = connection.recv(4096)
    assert refused_after < HUGE // 2, "refused before everything was read"
    assert server.memory().peak - before < ALLOWANCE
    assert server.answers()
    status = int(answer.split()[1]) if answer else 0
    if status == 413:
        server.logs("status=413", path)
    return status


@pytest.mark.parametrize("chunked", [False, True], ids=["length told", "chunked"])
@pytest.mark.parametrize("path", ["/inbox", "/users/amina/inbox"])
@pytest.mark.usefixtures("amina")
def test_a_hundred_megabytes_from_peers(server: Majlis, stranger: RemoteActor, path: str, chunked: bool) -> None:
    headers = Cavage(stranger.key).headers("POST", server.origin + path, b"{}")
    assert offer(server, path, headers, chunked=chunked) in (0, 400, 401, 413)


@pytest.mark.parametrize("chunked", [False, True], ids=["length told", "chunked"])
@pytest.mark.parametrize("path", ["/api/v1/statuses", "/api/v1/apps", "/oauth/token"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_hundred_megabytes_from_apps(server: Majlis, amina: Person, path: str, kind: str, chunked: bool) -> None:
    assert offer(server, path, {"Content-Type": kind, **amina.headers}, chunked=chunked) in (0, 400, 413, 422)


def test_a_huge_upload(new_server: MakeServer) -> None:
    # Films may be large, where ffmpeg is there to take them.
    server = new_server(MAJLIS_VIDEO_LIMIT="16 MiB")
    amina = server.join("amina")
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n'
    headers = {**amina.headers, "Content-Type": "multipart/form-data; boundary=x"}
    assert offer(server, "/api/v2/media", headers, start=start) in (0, 413, 422)


def test_a_picture_that_unpacks_to_gigabytes(server: Majlis, amina: Person) -> None:
    before = server.memory().peak
    bomb = png_bomb(12_000)
    assert len(bomb) < 4 * MEGABYTE
    reply = amina.request("POST", "/api/v2/media", files={"file": ("bomb.png", bomb, "image/png")})
    assert reply.status_code == 422, reply.text
    assert server.memory().peak - before < ALLOWANCE


DEEP = 10_000
NESTINGS = {
    "arrays": "[" * DEEP + "]" * DEEP,
    "objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "never closed": '{"a":[' * DEEP,
}


@pytest.mark.parametrize("nesting", NESTINGS)
def test_deep_json_from_peers(server: Majlis, amina: Person, stranger: RemoteActor, nesting: str) -> None:
    whole = NESTINGS[nesting]
    inside = json.dumps(stranger.activity("Like", f"{amina.uri}/statuses/1", extra="DEEP")).replace('"DEEP"', whole)
    within = json.dumps(stranger.activity("Create", {**stranger.note("x"), "tag": "DEEP"})).replace('"DEEP"', whole)
    for body in (whole, inside, within):
        reply = post(body.encode(), server, Cavage(stranger.key))
        assert reply.status_code in (202, 400, 401, 413, 422), reply.text
    server.logs("no activity", f"bytes={len(whole)}")
    assert server.answers()


@pytest.mark.parametrize("nesting", NESTINGS)
def test_deep_json_from_apps(server: Majlis, amina: Person, nesting: str) -> None:
    whole = NESTINGS[nesting]
    for body in (whole, f'{{"status":{whole}}}', f'{{"status":"x","media_ids":{whole}}}'):
        reply = amina.request("POST", "/api/v1/statuses", data=body, headers={"Content-Type": "application/json"})
        assert reply.status_code in (400, 413, 422), reply.text
    brackets = "&".join(["status=x", "poll" + "[a]" * DEEP + "=1", "media_ids" + "[]" * DEEP + "=1"])
    reply = amina.request("POST", "/api/v1/statuses", data=brackets, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status_code in (200, 400, 413, 422), reply.text
    assert server.answers()


def test_nonsense_from_peers(server: Majlis, stranger: RemoteActor) -> None:
    for body in (
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"{}",
        b'{"type":1}',
        b'{"type":"Like","actor":[],"id":{}}',
        b"\xff\xfe\x00",
        b'{"id":"x","type":"Like","actor":"x"}',
    ):
        assert post(body, server, Cavage(stranger.key)).status_code in (202, 400, 401, 422), body
    assert server.answers()


@pytest.mark.parametrize(
    "type",
    ["Create", "Update", "Delete", "Like", "Announce", "Follow", "Accept", "Reject", "Undo", "Block", "Flag", "Move", "Add", "Nothing"],
)
def test_well_signed_nonsense(server: Majlis, amina: Person, stranger: RemoteActor, type: str) -> None:
    """Every type of activity, with objects of every kind, shape and owner."""
    note = stranger.note("x")
    objects: list[object] = [
        None, "", "not a url", "https://", "x" * 60_000, 1, True, [], [[]], {}, {"id": 1}, {"type": []}, amina.uri, stranger.uri, amina.server.origin,
        note, [note, note], {**note, "content": 1}, {**note, "published": "yesterday"}, {**note, "published": "9999-12-31T23:59:59Z"},
        {**note, "to": {"a": 1}}, {**note, "attributedTo": []}, {**note, "tag": [1, None, {"type": "Mention"}]}, {**note, "inReplyTo": note["id"]},
        {**note, "attachment": [{"type": "Image"}, {"type": "Image", "url": []}]}, {**note, "content": "\0\u202e"}, {"type": type, "object": {"type": type}},
    ]  # fmt: skip
    for thing in objects:
        assert stranger.send(stranger.activity(type, thing), server).status_code in (202, 400, 401, 403, 404, 410, 422)
    assert server.answers()
    assert amina.app().status_post("Still here").id


def test_a_compressed_bomb(server: Majlis, amina: Person, stranger: RemoteActor) -> None:
    before = server.memory().peak
    body = gzip.compress(b" " * HUGE)
    headers = {**Cavage(stranger.key).headers("POST", f"{server.origin}/inbox", body), "Content-Encoding": "gzip"}
    reply = requests.post(f"{server.origin}/inbox", data=body, headers=headers, timeout=30)
    assert reply.status_code in (400, 401, 413, 415, 422)
    reply = amina.request("POST", "/api/v1/statuses", data=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert reply.status_code in (400, 413, 415, 422)
    assert server.memory().peak - before < ALLOWANCE


def test_clients_that_never_finish(server: Majlis) -> None:
    """Two hundred connections that say a little and then nothing hold up nobody."""
    with ExitStack() as open_connections:
        for number in range(200):
            connection = open_connections.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            half = [b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Le", b"POST /inbox HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"]
            connection.sendall(half[number % 2])
        for _ in range(20):
            started = time.monotonic()
            assert server.request("GET", "/api/v1/instance", timeout=5).ok
            assert time.monotonic() - started < 2
    eventually(server.answers, what="the server is well afterwards")
