"""The real binary: started with its own data directory, port and database, observed, killed and started again."""

import os
import random
import signal
import socket
import subprocess
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import requests
from mastodon import Mastodon

from support.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
SCOPES = "read write follow push"


def free_port() -> int:
    """A loopback port that nobody listens on now. Below those that systems give to outgoing connections: such a connection,
    even one of a client that knocks at this very port, could take it while its server is killed and started again."""
    for _ in range(100):
        port = random.randrange(10_000, 20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@dataclass(frozen=True)
class Memory:
    """Resident memory in KiB: now, and at its highest since the start."""

    now: int
    peak: int


@dataclass(frozen=True)
class Person:
    """Somebody with an account, and a token for it."""

    server: "Majlis"
    name: str
    token: str

    @property
    def handle(self) -> str:
        """`name@domain`, as other servers write it."""
        return f"{self.name}@{self.server.domain}"

    @property
    def uri(self) -> str:
        """The actor's ActivityPub id."""
        return f"{self.server.origin}/users/{self.name}"

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def app(self) -> Mastodon:
        """Mastodon.py, logged in as this person."""
        return Mastodon(access_token=self.token, api_base_url=self.server.origin, request_timeout=30, ratelimit_method="throw")

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **arguments: Any) -> requests.Response:
        """A raw API request with this person's token."""
        return self.server.request(method, path, headers={**self.headers, **(headers or {})}, **arguments)


class Majlis:
    """One server process and what belongs to it."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.domain = f"localhost:{self.port}"
        self.origin = f"http://{self.domain}"
        self.log_file = directory / "majlis.log"
        self.process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAJLIS_") and name != "DATABASE_URL"},
            "MAJLIS_LISTEN": f"127.0.0.1:{self.port}",
            "MAJLIS_ORIGIN": self.origin,
            "MAJLIS_DATA_DIR": str(directory / "data"),
            "MAJLIS_LOG": "info",
            "MAJLIS_RATE_LIMITS": "off",
            "MAJLIS_PRIVATE_PEERS": "on",
            "MAJLIS_REGISTRATIONS": "open",
            **settings,
        }
        if cluster := os.environ.get("TEST_DATABASE_URL"):
            self.environment["DATABASE_URL"] = _new_database(cluster)

    @property
    def binary(self) -> str:
        return os.environ.get("MAJLIS_BINARY") or str(REPOSITORY / "target" / "release" / "majlis")

    # --- its life

    def start(self) -> "Majlis":
        """Starts the process and waits until it answers."""
        assert self.process is None
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve"], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 30
        while not self.answers():
            assert self.process.poll() is None, f"the server stopped with {self.process.returncode}:\n{self.log()[-4000:]}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self.log()[-4000:]}"
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Asks the process to stop and returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop within 30 s:\n{self.log()[-4000:]}") from None
        finally:
            self.process = None
        return code

    def kill(self) -> None:
        """`kill -9`: no chance to write anything."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def discard(self) -> None:
        """The end of a test: whatever state it is in."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    # --- what it says

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.origin}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def logs(self, *words: str, seconds: float = 5) -> None:
        """Asserts that one line of the log has all of the words, in any case."""

        def found() -> bool:
            return any(all(word.lower() in line.lower() for word in words) for line in self.log().splitlines())

        eventually(found, seconds=seconds, what=f"a log line with {words}")

    def memory(self) -> Memory:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return Memory(now=int(fields["VmRSS"].split()[0]), peak=int(fields["VmHWM"].split()[0]))

    def request(self, method: str, path: str, *, timeout: float = 30, **arguments: Any) -> requests.Response:
        return requests.request(method, self.origin + path, timeout=timeout, **arguments)

    # --- who is on it

    def run(self, *arguments: str) -> str:
        """One of the binary's other commands; returns what it printed on stdout."""
        done = subprocess.run(
            [self.binary, *arguments],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"majlis {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode().strip()

    def join(self, name: str, *, role: str = "user") -> Person:
        """Creates a confirmed account and a token for it, as an administrator would by the command line."""
        self.run("account", "create", name, "--email", f"{name}@example.org", "--password", PASSWORD, "--role", role, "--confirmed")
        return Person(self, name, self.run("token", "create", name, "--scopes", SCOPES))

    def anonymous(self) -> Mastodon:
        """Mastodon.py without a token."""
        return Mastodon(api_base_url=self.origin, request_timeout=30, ratelimit_method="throw")


class MakeServer(Protocol):
    """Starts a server; settings are its `MAJLIS_…` variables."""

    def __call__(self, **settings: str) -> Majlis: ...


def _new_database(cluster: str) -> str:
    """Creates an empty database in the PostgreSQL cluster that `cluster` leads to, and returns its URL."""
    name = f"majlis_{uuid.uuid4().hex}"
    subprocess.run(["psql", "--quiet", "--no-psqlrc", cluster, "--command", f"CREATE DATABASE {name}"], check=True, timeout=60)
    return urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))
