"""The served OpenAPI document is true: whatever is thrown at an endpoint, nothing breaks, and what it answers looks as described.

Schemathesis makes requests out of the document, right ones and wrong ones. Once with ids that nobody has, and once with those of
things that are there."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.pictures import png
from support.server import Majlis, Person

# Streams never end, a revoked token ends the run, and what stands below /oauth is no JSON API.
LEFT_OUT = r"/streaming|^/oauth|/openapi\.json$"
EXAMPLES = 4
TIME_LIMIT = 900


def operations(pattern: str, **parameters: str) -> str:
    """A part of the configuration: what the parameters of the paths that fit are."""
    given = "\n".join(f'"{name}" = "{value}"' for name, value in parameters.items())
    return f"[[operations]]\ninclude-path-regex = '{pattern}'\n[operations.parameters]\n{given}\n"


def things(amina: Person, badr: Person) -> str:
    """Something of every kind, and where its id goes."""
    app, other = amina.app(), badr.app()
    account = other.me()["id"]
    app.account_follow(account)
    status = app.status_post("#tea at four", media_ids=[app.media_post(png(8, 8), "image/png")["id"]])["id"]
    other.status_favourite(status)
    other.status_reply(app.status(status), "with #milk", visibility="direct")
    poll = app.status_post("which?", poll=app.make_poll(["a", "b"], 3600))["poll"]["id"]
    tea = app.list_create("tea")["id"]
    hidden = app.create_filter_v2("rain", ["home"], "warn", keywords_attributes=[{"keyword": "rain"}])
    return "\n".join(
        [
            operations("/accounts/", id=account, account_id=account),
            operations("/statuses/", id=status, quoting_status_id=status),
            operations("/polls/", id=poll),
            operations("/lists/|/timelines/list", id=tea),
            operations("/filters/", id=hidden["id"], filter_id=hidden["id"]),
            operations("/notifications/", id=app.notifications()[0]["id"], group_key=app.notifications()[0]["group_key"]),
            operations("/conversations/", id=app.conversations()[0]["id"]),
            operations("/tags/", name="tea"),
            operations("/timelines/tag", hashtag="tea"),
        ]
    )


@pytest.mark.parametrize("ids", ["unknown", "known"])
def test_nothing_breaks_and_answers_look_as_described(server: Majlis, amina: Person, badr: Person, tmp_path: Path, ids: str) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(things(amina, badr) if ids == "known" else "", encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "run", f"{server.origin}/api/openapi.json"),
            *("--header", f"Authorization: Bearer {amina.token}", "--exclude-path-regex", LEFT_OUT),
            *("--checks", "not_a_server_error,response_schema_conformance", "--phases", "coverage,fuzzing"),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--workers", "2", "--request-timeout", "20"),
            *("--continue-on-failure", "--generation-database", "none", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    assert server.answers(), "the server still stands"
