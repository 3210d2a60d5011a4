"""A small server of another make, in this process: actors with keys, documents as told, and every request written down."""

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from support.server import Majlis
from support.signatures import Cavage, Key, Signing

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
ACTIVITY_JSON = "application/activity+json"

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What somebody asked of the remote server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        content: Json = json.loads(self.body)
        return content


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def document(content: Json, status: int = 200) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": ACTIVITY_JSON})


class RemoteServer:
    """Listens on a loopback port under a host name of its choice: `localhost` and `127.0.0.1` are different servers to peers."""

    def __init__(self, host: str = "localhost") -> None:
        self.received: list[Request] = []
        self.routes: dict[str, Callable[[BaseHTTPRequestHandler], Response | None]] = {}
        """By path: answers a request, or writes to the connection itself and returns None."""
        self.actors: dict[str, RemoteActor] = {}
        self.inbox_status = 202
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self.domain = f"{host}:{self._http.server_port}"
        self.origin = f"http://{self.domain}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def __enter__(self) -> "RemoteServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def join(self, name: str) -> "RemoteActor":
        actor = RemoteActor(self, name)
        self.actors[name] = actor
        return actor

    def serve(self, path: str, content: Json) -> str:
        """Publishes a document and returns its URL."""
        self.routes[path] = lambda _: document(content)
        return self.origin + path

    def deliveries(self, *types: str) -> list[Json]:
        """The activities that came to any inbox, of these types if given, in order of arrival."""
        came = [request.json() for request in list(self.received) if request.method == "POST"]
        return [activity for activity in came if not types or activity["type"] in types]

    def respond(self, request: Request, connection: BaseHTTPRequestHandler) -> Response | None:
        path, _, query = request.path.partition("?")
        if path in self.routes:
            return self.routes[path](connection)
        if path == "/.well-known/webfinger":
            name = parse_qs(query)["resource"][0].removeprefix("acct:").split("@")[0].rsplit("/", 1)[-1]
            return Response(404) if name not in self.actors else self.actors[name].webfinger()
        parts = path.strip("/").split("/")
        if request.method == "POST":
            return Response(self.inbox_status)
        if len(parts) == 2 and parts[0] == "users" and parts[1] in self.actors:
            return document(self.actors[parts[1]].document())
        return Response(404)


@dataclass(frozen=True)
class RemoteActor:
    server: RemoteServer
    name: str

    @property
    def uri(self) -> str:
        return f"{self.server.origin}/users/{self.name}"

    @property
    def handle(self) -> str:
        return f"{self.name}@{self.server.domain}"

    @cached_property
    def key(self) -> Key:
        return Key(f"{self.uri}#main-key")

    def webfinger(self) -> Response:
        links = [{"rel": "self", "type": ACTIVITY_JSON, "href": self.uri}]
        content = {"subject": f"acct:{self.handle}", "links": links}
        return Response(200, json.dumps(content).encode(), {"Content-Type": "application/jrd+json"})

    def document(self) -> Json:
        return {
            "@context": CONTEXT,
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "name": self.name,
            "inbox": f"{self.uri}/inbox",
            "outbox": f"{self.uri}/outbox",
            "followers": f"{self.uri}/followers",
            "endpoints": {"sharedInbox": f"{self.server.origin}/inbox"},
            "publicKey": {"id": self.key.id, "owner": self.uri, "publicKeyPem": self.key.public_pem()},
        }

    def activity(self, type: str, object: object, **more: object) -> Json:
        """A new activity of this actor, with an id of its own, for everybody."""
        return {
            "@context": CONTEXT, "id": f"{self.server.origin}/activities/{uuid.uuid4()}", "type": type, "actor": self.uri,
            "object": object, "to": [PUBLIC], **more,
        }  # fmt: skip

    def note(self, content: str, **more: object) -> Json:
        """A new public note of this actor; not published yet."""
        return {
            "id": f"{self.server.origin}/notes/{uuid.uuid4()}", "type": "Note", "attributedTo": self.uri, "content": content,
            "published": "2026-01-01T00:00:00Z", "to": [PUBLIC], "cc": [f"{self.uri}/followers"], **more,
        }  # fmt: skip

    def publish(self, content: str, **more: object) -> Json:
        """A note that can be fetched."""
        note = self.note(content, **more)
        self.server.serve(urlsplit(note["id"]).path, {"@context": CONTEXT, **note})
        return note

    def send(self, activity: Json, to: Majlis, *, path: str = "/inbox", signing: Signing | None = None) -> requests.Response:
        """Posts an activity, signed as this actor does unless told otherwise."""
        return post(activity, to, signing or Cavage(self.key), path=path)


def post(activity: Json | bytes, to: Majlis, signing: Signing, *, path: str = "/inbox") -> requests.Response:
    body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
    url = to.origin + path
    return requests.post(url, data=body, headers=signing.headers("POST", url, body), timeout=30)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Peers hang up on us all the time: that is what is being tested."""


def _handler(server: RemoteServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            server.received.append(request)
            response = server.respond(request, self)
            if response is None:
                self.close_connection = True
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST = _handle

        def log_message(self, format: str, *arguments: object) -> None:
            """Silent: what was asked is in `received`."""

    return Handler
