"""The binary as an administrator meets it: first start, settings, accounts, health, a clean stop, the demonstration."""

import re
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest
import requests

from support.browser import Browser
from support.server import PASSWORD, Majlis, MakeServer, Person, free_port
from support.waiting import eventually


def fails(server: Majlis, *arguments: str, **settings: str) -> str:
    """Runs a command that must fail soon, and returns what it complained of."""
    done = subprocess.run(
        [server.binary, *arguments],
        cwd=server.directory,
        env={**server.environment, **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    assert "panicked" not in done.stderr
    return done.stderr


def test_the_first_start_says_what_to_do(server: Majlis) -> None:
    log = server.log()
    assert server.origin in log, "where to sign up"
    assert "account create" in log, "how to make the first administrator"


def test_health_and_metrics(server: Majlis, amina: Person) -> None:
    assert server.request("GET", "/health").ok
    amina.app().status_post("Count me")
    metrics = server.request("GET", "/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert re.search(r"^# TYPE \w+ (counter|histogram|gauge|summary)$", metrics.text, re.MULTILINE)


def test_accounts_by_command_line(server: Majlis, amina: Person) -> None:
    assert "amina" in server.run("account", "list")
    assert "taken" in fails(server, "account", "create", "AMINA", "--email", "x@example.org", "--password", PASSWORD, "--confirmed").lower()
    assert fails(server, "account", "create", "with space", "--email", "y@example.org", "--password", PASSWORD, "--confirmed")
    assert fails(server, "token", "create", "nobody", "--scopes", "read")
    assert fails(server, "token", "create", "amina", "--scopes", "everything")
    server.run("account", "password", "amina", "--password", "another good password")
    browser = Browser(server.origin)
    browser.open("/auth/sign_in")
    browser.log_in(amina, password=PASSWORD)
    assert browser.page.select_one("input[type=password]"), "the old password is worth nothing"
    browser.log_in(amina, password="another good password")
    assert not browser.page.select_one("input[type=password]")
    server.run("account", "delete", "amina")
    assert amina.request("GET", "/api/v1/accounts/verify_credentials").status_code in (401, 403)
    assert server.request("GET", "/@amina").status_code in (404, 410)


def test_roles(server: Majlis) -> None:
    for role in ("owner", "admin", "moderator", "user"):
        assert server.join(role, role=role).app().me().acct == role


def test_commands_print_nothing_but_their_answer(server: Majlis) -> None:
    token = server.join("badr").token
    assert re.fullmatch(r"[\w.~-]{20,}", token)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MAJLIS_LISTEN", "everywhere"),
        ("MAJLIS_ORIGIN", "not a url"),
        ("MAJLIS_ORIGIN", "http://example.org"),
        ("MAJLIS_REGISTRATIONS", "maybe"),
        ("MAJLIS_RATE_LIMITS", "perhaps"),
        ("DATABASE_URL", "mysql://localhost/x"),
    ],
)
def test_a_wrong_setting_is_named(server: Majlis, key: str, value: str) -> None:
    complaint = fails(server, "serve", **{key: value, **({} if key == "MAJLIS_LISTEN" else {"MAJLIS_LISTEN": f"127.0.0.1:{free_port()}"})})
    name = key.removeprefix("MAJLIS_").lower()
    assert name in complaint.lower(), complaint
    assert value in complaint, complaint


def test_settings_in_a_file(server: Majlis, tmp_path: Path) -> None:
    file = tmp_path / "majlis.toml"
    file.write_text('registrations = "closed"\n')
    environment = {name: value for name, value in server.environment.items() if name != "MAJLIS_REGISTRATIONS"}
    printed = subprocess.run(
        [server.binary, "config", "print", "--config", file], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert re.search(r'registrations\s*=\s*"closed"', printed.stdout), printed.stdout
    file.write_text('registrations = "closed"\nregistratoins = "open"\n')
    unknown = subprocess.run(
        [server.binary, "config", "print", "--config", file], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert unknown.returncode != 0 and "registratoins" in unknown.stderr


def test_the_doctor(server: Majlis) -> None:
    server.run("migrate")
    assert server.run("doctor")


def test_a_clean_stop(new_server: MakeServer) -> None:
    server = new_server()
    person = server.join("amina")
    status = person.app().status_post("Before the stop")
    with requests.get(f"{server.origin}/api/v1/streaming/user", headers=person.headers, stream=True, timeout=30) as stream:
        assert stream.ok
        assert server.stop() == 0, "an open stream does not hold it up"
    server.start()
    assert person.app().status(status.id).id == status.id


def test_two_servers_do_not_share_a_port(server: Majlis) -> None:
    assert str(server.port) in fails(server, "serve")


def opens(page: str) -> bool:
    return requests.get(page, headers={"Accept": "text/html"}, timeout=30).ok


def test_the_demonstration(server: Majlis, tmp_path: Path) -> None:
    """Two servers with people on them; what is printed can be opened."""
    log_file = tmp_path / "demo.log"
    directory = tmp_path / "demo"
    directory.mkdir()
    environment = {name: value for name, value in server.environment.items() if not name.startswith("MAJLIS_") and name != "DATABASE_URL"}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [server.binary, "demo"], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:

        def pages() -> list[str]:
            assert process.poll() is None, log_file.read_text()
            return sorted(set(re.findall(r"http://[\w.]+:\d+/@\w+", log_file.read_text())))

        eventually(
            lambda: len({page.split("/@")[0] for page in pages()}) == 2, seconds=60, what="the demonstration prints pages of two servers"
        )
        for page in pages():
            eventually(partial(opens, page), what=f"{page} is there")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
