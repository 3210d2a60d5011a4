"""The peer that is not Majlis: `fedify/peer.ts`, started on a loopback port and driven over its control address."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from support.node import NODE
from support.server import free_port
from support.waiting import eventually

PEER = Path(__file__).resolve().parents[1] / "fedify" / "peer.ts"
CAVAGE = "draft-cavage"
RFC_9421 = "rfc9421"
FIRST_KNOCK = {CAVAGE: "draft-cavage-http-signatures-12", RFC_9421: "rfc9421"}


@dataclass(frozen=True)
class Arrival:
    """An activity that came to one of the peer's inboxes."""

    type: str
    id: str
    actor: str
    document: dict[str, Any]
    scheme: str
    """`draft-cavage`, `rfc9421` or `none`."""
    verified: bool
    """Whether Fedify's verification of the HTTP signature succeeded."""
    reason: str | None
    """Why it did not."""
    path: str
    believed: bool
    """Whether Fedify handed the activity on to its application."""


@dataclass(frozen=True)
class Peer:
    """One running Fedify server."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    @classmethod
    def start(cls, directory: Path, *, scheme: str, accept: str = "any") -> "Peer":
        """Signs by `scheme` first, and takes only activities signed by `accept`."""
        directory.mkdir(parents=True, exist_ok=True)
        log_file = directory / "fedify.log"
        port = free_port()
        environment = {**os.environ, "PORT": str(port), "FIRST_KNOCK": FIRST_KNOCK[scheme], "ACCEPT": accept}
        with log_file.open("wb") as log:
            process = subprocess.Popen([NODE, PEER], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        peer = cls(port, process, log_file)
        eventually(peer._listens, seconds=30, what="Fedify starts")
        return peer

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """Makes it as it was at its start, so that another test begins: nobody is there, nothing came, nothing is cached."""
        self.control("forget")

    def join(self, name: str, *, locked: bool = False) -> "Stranger":
        """Makes an actor with RSA and Ed25519 keys of its own."""
        made = self.control("people", name=name, locked=str(locked).lower())
        return Stranger(self, name, made["uri"], made["handle"])

    def arrivals(self, **like: object) -> list[Arrival]:
        """What arrived, oldest first, with attributes as in `like`."""
        came = [Arrival(**one) for one in self.control("arrivals")]
        return [one for one in came if all(getattr(one, name) == value for name, value in like.items())]

    def wait_for(self, type: str, **like: object) -> Arrival:
        """The first arrival of a type that Fedify verified and believed."""

        def look() -> list[Arrival]:
            # It is written down when it comes in, a moment before Fedify hands it on.
            return [one for one in self.arrivals(type=type, **like) if one.believed or not one.verified]

        arrival = eventually(look, seconds=20, what=f"{type} arrives at Fedify and is believed")[0]
        assert arrival.verified, arrival
        return arrival

    def control(self, path: str, **values: str) -> Any:
        reply = requests.post(f"http://localhost:{self.port}/control/{path}", json=values, timeout=60)
        assert reply.ok, f"Fedify could not {path} {values}: {reply.text}"
        return reply.json()

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.log()
        return "listening" in self.log()


@dataclass(frozen=True)
class Stranger:
    """Somebody on the peer; methods return the id of what they made."""

    peer: Peer
    name: str
    uri: str
    handle: str

    def do(self, verb: str, **values: str) -> str:
        return str(self.peer.control(verb, **{"as": self.name, **values})["id"])

    def fetch(self, uri: str) -> dict[str, Any]:
        """Dereferences a URI with a GET signed by this person."""
        return dict(self.peer.control("fetch", **{"as": self.name, "object": uri}))

    def followers(self) -> list[str]:
        return list(self.peer.control("followers", **{"as": self.name}))
