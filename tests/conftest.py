"""Fixtures: servers that are stopped and forgotten when their test ends; their logs are shown when it fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.server import Majlis, MakeServer, Person


@pytest.fixture
def new_server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakeServer]:
    """Makes and starts servers; keyword arguments are settings (`MAJLIS_…`)."""
    servers: list[Majlis] = []

    def make(**settings: str) -> Majlis:
        server = Majlis(tmp_path / f"server-{len(servers)}", **settings)
        servers.append(server)
        return server.start()

    yield make
    panics = []
    for server in servers:
        server.discard()
        log = server.log()
        panics += [line for line in log.splitlines() if "panicked at" in line]
        request.node.add_report_section("teardown", f"log of {server.origin}", log[-20_000:])
    assert not panics, f"the network made the server panic: {panics}"


@pytest.fixture
def server(new_server: MakeServer) -> Majlis:
    return new_server()


@pytest.fixture
def amina(server: Majlis) -> Person:
    return server.join("amina")


@pytest.fixture
def badr(server: Majlis) -> Person:
    return server.join("badr")
