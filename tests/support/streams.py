"""Listening: a collector for Mastodon.py's streams, and a WebSocket without any client library's manners."""

import json
from dataclasses import dataclass
from typing import Any

import websocket
from mastodon import StreamListener

from support.server import Majlis
from support.waiting import eventually


@dataclass(frozen=True)
class Event:
    """`payload` is a parsed entity, a bare id for deletions, or None."""

    name: str
    payload: Any
    stream: tuple[str, ...] = ()


class Collector(StreamListener):
    """Keeps every event that Mastodon.py hands on, and every error."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.errors: list[Exception] = []

    def on_any_event(self, name: str, data: Any = None, for_stream: Any = None) -> None:
        self.events.append(Event(name, data))

    def on_abort(self, err: Exception) -> None:
        self.errors.append(err)

    def on_websocket_error(self, error: Exception, for_stream: Any = None) -> None:
        self.errors.append(error)

    def wait_for(self, name: str) -> Event:
        """The first event of this name, within a bounded time; it is taken out."""

        def found() -> Event | None:
            return next((event for event in self.events if event.name == name), None)

        event = eventually(found, what=f"a streamed {name}")
        assert event is not None
        self.events.remove(event)
        return event


class Socket:
    """A raw WebSocket at `/api/v1/streaming`."""

    def __init__(self, server: Majlis, query: str = "", *, bearer: str = "", protocol: str = "") -> None:
        self.connection = websocket.create_connection(
            f"ws://{server.domain}/api/v1/streaming{query}",
            timeout=15,
            header=[f"Authorization: Bearer {bearer}"] if bearer else [],
            subprotocols=[protocol] if protocol else None,
        )

    def __enter__(self) -> "Socket":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, **message: str) -> None:
        """Sends a message and waits until the server has read it, which its answer to a ping shows."""
        self.connection.send(json.dumps(message))
        self.connection.ping("read?")
        for _ in range(10):
            code, frame = self.connection.recv_data_frame(control_frame=True)
            if code == websocket.ABNF.OPCODE_PONG:
                return
        raise AssertionError(f"no answer to a ping, but {frame!r}")

    def receive(self) -> Event:
        """The next event; heartbeats are skipped."""
        for _ in range(100):
            text = self.connection.recv()
            if not text:
                continue
            message = json.loads(text)
            assert "error" not in message, message
            assert isinstance(message["stream"], list), message
            payload = message.get("payload")
            assert payload is None or isinstance(payload, str), "the payload is JSON in a string"
            return Event(message["event"], json.loads(payload) if payload else None, tuple(message["stream"]))
        raise AssertionError("nothing but heartbeats")
