"""What happens arrives live: over server-sent events and WebSockets, by Mastodon.py and by hand."""

import time
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
import requests
import websocket
from mastodon import Mastodon

from support.server import Majlis, Person
from support.streams import Collector, Socket

# The server goes before the streams are closed, which would wait for their next sign of life: Mastodon.py then raises in a thread.
pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")]

TRANSPORTS = ["sse", "websocket"]


class Open(Protocol):
    """Opens a stream by the name of Mastodon.py's method for it."""

    def __call__(self, app: Mastodon, method: str, collector: Collector, **arguments: object) -> None: ...


@pytest.fixture(params=TRANSPORTS)
def open_stream(request: pytest.FixtureRequest) -> Iterator[Open]:
    """Over either transport."""
    handles: list[Any] = []

    def open_it(app: Mastodon, method: str, collector: Collector, **arguments: object) -> None:
        if request.param == "websocket":
            socket = app.stream_open_websocket(collector)  # type: ignore[no-untyped-call]
            handles.append(socket)
            getattr(app, method)(listener=collector, websocket_handle=socket, **arguments)
        else:
            handles.append(getattr(app, method)(listener=collector, run_async=True, **arguments))
        time.sleep(0.3)  # Mastodon.py does not tell when the server has subscribed it

    yield open_it
    for handle in handles:
        handle.close()


def test_the_streaming_host_is_healthy(server: Majlis) -> None:
    assert server.request("GET", "/api/v1/streaming/health").text == "OK"
    assert server.anonymous().stream_healthy()


def test_home(open_stream: Open, amina: Person, badr: Person) -> None:
    a, b = amina.app(), badr.app()
    a.account_follow(b.me().id)
    heard = Collector()
    open_stream(a, "stream_user", heard)
    status = b.status_post("@amina live")
    assert heard.wait_for("update").payload.id == status.id
    notification = heard.wait_for("notification").payload
    assert (notification.type, notification.status.id) == ("mention", status.id)
    b.status_update(status.id, "@amina live, corrected")
    assert "corrected" in heard.wait_for("status.update").payload.content
    b.status_delete(status.id)
    assert str(heard.wait_for("delete").payload) == str(status.id)
    own = a.status_post("Seen by myself")
    assert heard.wait_for("update").payload.id == own.id
    assert not heard.errors


def test_home_hears_only_its_own(open_stream: Open, amina: Person, badr: Person) -> None:
    heard = Collector()
    open_stream(amina.app(), "stream_user", heard)
    badr.app().status_post("Nobody follows me")
    badr.app().status_post("@badr secret", visibility="direct")
    amina.app().status_post("End")
    assert "End" in heard.wait_for("update").payload.content
    assert not heard.events


def test_notifications_alone(open_stream: Open, amina: Person, badr: Person) -> None:
    heard = Collector()
    open_stream(amina.app(), "stream_user_notifications", heard)
    status = amina.app().status_post("Favourite me")
    badr.app().status_favourite(status.id)
    assert heard.wait_for("notification").payload.type == "favourite"
    assert not heard.events, "Phanpy listens here and wants no posts"


@pytest.mark.parametrize("method", ["stream_public", "stream_local"])
def test_public(open_stream: Open, amina: Person, badr: Person, method: str) -> None:
    heard = Collector()
    open_stream(amina.app(), method, heard)
    badr.app().status_post("Not for everybody", visibility="unlisted")
    status = badr.app().status_post("For everybody")
    assert heard.wait_for("update").payload.id == status.id
    badr.app().status_delete(status.id)
    assert str(heard.wait_for("delete").payload) == str(status.id)


def test_hashtag(open_stream: Open, amina: Person, badr: Person) -> None:
    heard = Collector()
    open_stream(amina.app(), "stream_hashtag", heard, tag="Books")
    badr.app().status_post("no tag")
    status = badr.app().status_post("#books")
    assert heard.wait_for("update").payload.id == status.id
    assert not heard.events


def test_list(open_stream: Open, amina: Person, badr: Person) -> None:
    a, b = amina.app(), badr.app()
    a.account_follow(b.me().id)
    friends = a.list_create("Friends")
    a.list_accounts_add(friends.id, [b.me().id])
    heard = Collector()
    open_stream(a, "stream_list", heard, id=friends.id)
    a.status_post("Not on the list")
    status = b.status_post("On the list")
    assert heard.wait_for("update").payload.id == status.id
    assert not heard.events


@pytest.mark.parametrize("way", ["query", "protocol", "header"])
def test_a_socket_takes_its_token_from(server: Majlis, amina: Person, way: str) -> None:
    token = amina.token
    if way == "query":
        socket = Socket(server, f"?access_token={token}&stream=user")
    elif way == "protocol":
        socket = Socket(server, "?stream=user", protocol=token)
        # As sent: the client's own getsubprotocol() is in lower case.
        answer = socket.connection.getheaders() or {}
        assert answer.get("sec-websocket-protocol") == token, "Chrome closes the socket when it is not echoed"
    else:
        socket = Socket(server, "?stream=user", bearer=token)
    with socket:
        status = amina.app().status_post("Hello, socket")
        event = socket.receive()
    assert (event.name, event.payload["id"], event.stream) == ("update", str(status.id), ("user",))


def test_one_socket_carries_many_streams(server: Majlis, amina: Person, badr: Person) -> None:
    a, b = amina.app(), badr.app()
    a.account_follow(b.me().id)
    friends = a.list_create("Friends")
    a.list_accounts_add(friends.id, [b.me().id])
    with Socket(server, f"?access_token={amina.token}") as socket:
        socket.send(type="subscribe", stream="user")
        socket.send(type="subscribe", stream="hashtag", tag="tea")
        socket.send(type="subscribe", stream="list", list=str(friends.id))
        status = b.status_post("A cup of #tea")
        heard = [socket.receive() for _ in range(3)]
        assert {event.stream for event in heard} == {("user",), ("hashtag", "tea"), ("list", str(friends.id))}
        assert {event.payload["id"] for event in heard} == {str(status.id)}
        socket.send(type="unsubscribe", stream="hashtag", tag="tea")
        socket.send(type="unsubscribe", stream="list", list=str(friends.id))
        b.status_delete(status.id)
        gone = socket.receive()
        assert (gone.name, gone.stream, gone.payload) == ("delete", ("user",), int(status.id))


def test_nonsense_on_a_socket_does_no_harm(server: Majlis, amina: Person) -> None:
    with Socket(server, f"?access_token={amina.token}&stream=user") as socket:
        for nonsense in (
            "",
            "{",
            "[]",
            '{"type":"subscribe"}',
            '{"type":"dance","stream":"user"}',
            '{"type":"subscribe","stream":"nowhere"}',
        ):
            socket.connection.send(nonsense)
        amina.app().status_post("Still here")
        while True:
            text = socket.connection.recv()
            if '"update"' in text:
                break
    assert server.answers()


def test_streams_ask_who_it_is(server: Majlis) -> None:
    for query in ("?stream=user", "?stream=user&access_token=wrong"):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            Socket(server, query)
        assert refused.value.status_code == 401
    assert server.request("GET", "/api/v1/streaming/user", stream=True).status_code == 401


def test_server_sent_events_as_written(server: Majlis, amina: Person) -> None:
    with requests.get(
        f"{server.origin}/api/v1/streaming/user",
        params={"access_token": amina.token},
        headers={"Accept": "text/event-stream"},
        stream=True,
        timeout=15,
    ) as stream:
        assert stream.status_code == 200
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        status = amina.app().status_post("One line each")
        lines = (line for line in map(str, stream.iter_lines(chunk_size=1, decode_unicode=True)) if line and not line.startswith(":"))
        assert next(lines) == "event: update"
        assert next(lines).startswith(f'data: {{"id":"{status.id}"')
