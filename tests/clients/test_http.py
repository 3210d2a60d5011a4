"""What apps take for granted below the entities: body kinds, methods, slashes, errors, headers, empty answers."""

import datetime
import json
import re
from typing import Any

import pytest
import requests

from support.pictures import png
from support.server import Majlis, MakeServer, Person


def post_as(person: Person, kind: str, values: dict[str, object]) -> Any:
    body: dict[str, Any] = (
        {"files": {name: (None, str(value)) for name, value in values.items()}} if kind == "multipart" else {kind: values}
    )
    reply = person.request("POST", "/api/v1/statuses", **body)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("kind", ["json", "data", "multipart", "params"])
@pytest.mark.parametrize("truth", ["true", "1", "on", "True"])
def test_every_body_kind_and_spelling_of_true(amina: Person, kind: str, truth: str) -> None:
    status = post_as(amina, kind, {"status": "Hello", "sensitive": truth, "spoiler_text": "CW", "visibility": "unlisted", "language": "en"})
    assert (status["sensitive"], status["spoiler_text"], status["visibility"], status["language"]) == (True, "CW", "unlisted", "en")


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"id": "ids"}},
        {"params": {"id[]": "ids"}},
        {"params": {"id[0]": 0, "id[1]": 1}},
        {"params": {"id": 0}},
        {"data": {"id[]": "ids"}},
    ],
    ids=["json", "brackets", "indices", "plain", "form on a GET"],
)
def test_arrays(amina: Person, badr: Person, body: dict[str, dict[str, object]]) -> None:
    ids = [str(badr.app().me().id), str(amina.app().me().id)]
    filled: dict[str, Any] = {
        kind: {name: ids if value == "ids" else ids[int(str(value))] for name, value in values.items()} for kind, values in body.items()
    }
    reply = amina.request("GET", "/api/v1/accounts/relationships", **filled)
    assert reply.status_code == 200, reply.text
    assert ids[0] in [relation["id"] for relation in reply.json()]


def test_nested_fields(amina: Person) -> None:
    form = {
        "fields_attributes[0][name]": "One",
        "fields_attributes[0][value]": "1",
        "fields_attributes[1][name]": "Two",
        "fields_attributes[1][value]": "2",
    }
    reply = amina.request("PATCH", "/api/v1/accounts/update_credentials", data=form)
    assert [field["name"] for field in reply.json()["fields"]] == ["One", "Two"]
    nested = {"fields_attributes": [{"name": "Three", "value": "3"}], "source": {"privacy": "private"}}
    reply = amina.request("PATCH", "/api/v1/accounts/update_credentials", json=nested)
    assert [field["name"] for field in reply.json()["fields"]] == ["Three"]
    assert reply.json()["source"]["privacy"] == "private"


def test_put_is_patch(amina: Person) -> None:
    for method in ("PATCH", "PUT"):
        reply = amina.request(method, "/api/v1/accounts/update_credentials", json={"display_name": method})
        assert (reply.status_code, reply.json()["display_name"]) == (200, method)


def test_delete_carries_a_form(amina: Person, badr: Person) -> None:
    amina.app().account_follow(badr.app().me().id)
    friends = amina.app().list_create("Friends")
    amina.app().list_accounts_add(friends.id, [badr.app().me().id])
    reply = amina.request("DELETE", f"/api/v1/lists/{friends.id}/accounts", data={"account_ids[]": str(badr.app().me().id)})
    assert (reply.status_code, reply.json()) == (200, {})
    assert amina.app().list_accounts(friends.id) == []


@pytest.mark.parametrize(
    "path", ["/api/v1/instance", "/api/v2/instance", "/api/v1/timelines/public", "/api/v1/custom_emojis", "/.well-known/nodeinfo"]
)
def test_a_trailing_slash_is_the_same_route(server: Majlis, path: str) -> None:
    plain, slashed = server.request("GET", path), server.request("GET", path + "/", allow_redirects=False)
    assert plain.status_code == slashed.status_code == 200
    assert plain.json() == slashed.json()


def test_posts_go_through_a_trailing_slash(server: Majlis, amina: Person) -> None:
    assert amina.request("POST", "/api/v1/statuses/", json={"status": "Slashed"}, allow_redirects=False).status_code == 200
    assert server.request("GET", "/oauth/authorize/", allow_redirects=False).status_code != 404


def test_no_answer_is_empty(amina: Person, badr: Person) -> None:
    app = amina.app()
    status = app.status_post("Gone")
    friends = app.list_create("Friends")
    empty = [
        ("POST", "/api/v1/notifications/clear"),
        ("DELETE", f"/api/v1/lists/{friends.id}"),
        ("POST", "/api/v1/markers"),
        ("GET", "/api/v1/markers"),
    ]
    for method, path in empty:
        reply = amina.request(method, path)
        assert reply.status_code == 200, (path, reply.text)
        assert reply.headers["Content-Type"].startswith("application/json")
        assert reply.json() == {}
    assert amina.request("DELETE", f"/api/v1/statuses/{status.id}").json()["id"] == str(status.id)


# --- errors


def test_401(server: Majlis) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        reply = server.request("GET", "/api/v1/accounts/verify_credentials", headers=headers)
        assert reply.status_code == 401
        assert reply.json()["error"]
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/statuses/1", "/api/v1/accounts/1", "/api/v1/statuses/not-a-number", "/api/v1/accounts/lookup?acct=nobody", "/api/v1/nothing"],
)
def test_404(amina: Person, path: str) -> None:
    reply = amina.request("GET", path)
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.json()["error"]


def test_422(server: Majlis, amina: Person) -> None:
    reply = amina.request("POST", "/api/v1/statuses", json={"status": ""})
    assert reply.status_code == 422 and reply.json()["error"]
    reply = amina.request("POST", "/api/v1/statuses", json={"status": "For whom?", "visibility": "everybody"})
    assert reply.status_code == 422 and reply.json()["error"]
    client = server.request("POST", "/api/v1/apps", data={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}).json()
    token = server.request(
        "POST",
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": client["client_id"], "client_secret": client["client_secret"]},
    ).json()["access_token"]
    reply = server.request(
        "POST",
        "/api/v1/accounts",
        headers={"Authorization": f"Bearer {token}"},
        data={"username": "with space", "email": "x", "password": "x"},
    )
    assert reply.status_code in (403, 422)
    if reply.status_code == 422:
        details = reply.json()["details"]
        assert {"username", "email", "password", "agreement"} <= set(details)
        for problems in details.values():
            assert all(re.fullmatch(r"ERR_[A-Z_]+", problem["error"]) and problem["description"] for problem in problems)


@pytest.mark.parametrize("body", [b"{", b"[1,2", b'{"status": 1e999999}', b"\xff\xfe", b'{"status": {"deep": []}}', b'"text"', b"null"])
def test_malformed_json(amina: Person, body: bytes) -> None:
    reply = amina.request("POST", "/api/v1/statuses", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 422), reply.text
    assert reply.json()["error"]


def test_wrong_method(amina: Person) -> None:
    reply = amina.request("DELETE", "/api/v1/instance")
    assert reply.status_code in (404, 405)


# --- headers


def test_cors(server: Majlis) -> None:
    origin = {"Origin": "https://app.example"}
    for path in (
        "/api/v1/instance",
        "/.well-known/webfinger?resource=acct:nobody@nowhere",
        "/.well-known/oauth-authorization-server",
        "/nodeinfo/2.0",
    ):
        reply = server.request("GET", path, headers=origin)
        assert reply.headers["Access-Control-Allow-Origin"] == "*", path
        assert "Access-Control-Allow-Credentials" not in reply.headers
    exposed = server.request("GET", "/api/v1/timelines/public", headers=origin).headers["Access-Control-Expose-Headers"].lower()
    for header in ("link", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id"):
        assert header in exposed


@pytest.mark.parametrize("path", ["/api/v1/statuses", "/api/v1/statuses/1", "/oauth/token", "/oauth/revoke", "/api/v2/media"])
def test_cors_preflight(server: Majlis, path: str) -> None:
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
    }
    reply = server.request("OPTIONS", path, headers=asked)
    assert reply.status_code in (200, 204), reply.text
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]
    allowed = reply.headers["Access-Control-Allow-Headers"].lower()
    assert allowed == "*" or all(header in allowed for header in ("authorization", "content-type", "idempotency-key"))


def test_errors_have_cors_too(server: Majlis) -> None:
    for path in ("/api/v1/statuses/1", "/api/v1/timelines/home", "/api/v1/nothing"):
        assert server.request("GET", path, headers={"Origin": "https://app.example"}).headers["Access-Control-Allow-Origin"] == "*"


def test_rate_limits(new_server: MakeServer) -> None:
    server = new_server(MAJLIS_RATE_LIMITS="on")
    person = server.join("amina")
    reply = person.request("GET", "/api/v1/accounts/verify_credentials")
    limit, remaining = int(reply.headers["X-RateLimit-Limit"]), int(reply.headers["X-RateLimit-Remaining"])
    assert 0 < remaining < limit
    reset = datetime.datetime.fromisoformat(reply.headers["X-RateLimit-Reset"].replace("Z", "+00:00"))
    assert reset > datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=5)
    assert int(person.request("GET", "/api/v1/accounts/verify_credentials").headers["X-RateLimit-Remaining"]) < remaining
    # The budget refills while it is spent: a slow build gets more than `limit` through, never twice as many.
    with requests.Session() as session:
        for _ in range(2 * limit):
            reply = session.get(f"{server.origin}/api/v1/accounts/verify_credentials", headers=person.headers, timeout=30)
            if reply.status_code == 429:
                break
    assert reply.status_code == 429
    assert reply.json()["error"]
    assert reply.headers["X-RateLimit-Remaining"] == "0"
    assert server.answers()


def test_entities_as_written(amina: Person) -> None:
    """Ids are strings, times are RFC 3339 in UTC with milliseconds; Mastodon.py would forgive other forms, apps do not."""
    media = amina.request("POST", "/api/v1/media", files={"file": ("a.png", png(30, 30), "image/png")}).json()
    status = amina.request("POST", "/api/v1/statuses", json={"status": "Hello", "media_ids": [media["id"]]}).json()
    for thing in (media, status, status["account"]):
        assert isinstance(thing["id"], str) and thing["id"].isdigit()
    for time in (status["created_at"], status["account"]["created_at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", status["account"]["last_status_at"])
    for name in ("reblog", "poll", "card", "in_reply_to_id", "in_reply_to_account_id", "edited_at"):
        assert status[name] is None, name
    for name in ("mentions", "tags", "emojis"):
        assert status[name] == [], name
    assert json.dumps(media["meta"]["original"]["aspect"])


@pytest.mark.engine
def test_no_address_with_u0000_breaks_anything(server: Majlis, amina: Person) -> None:
    """PostgreSQL holds no such text: neither the API, nor a page, nor what other servers ask for may fail on it."""
    addresses = [
        *("/@a%00b", "/@amina/a%00b", "/@amina/tagged/a%00b", "/tags/a%00b", "/tags/a%00b.rss", "/invite/a%00b", "/media/a%00b"),
        *("/users/a%00b", "/users/amina/statuses/a%00b", f"/.well-known/webfinger?resource=acct:a%00b@{server.domain}"),
        *("/oauth/authorize?client_id=a%00b&redirect_uri=x&response_type=code", "/authorize_interaction?uri=a%00b"),
        *("/auth/confirmation?confirmation_token=a%00b", "/auth/password/edit?reset_password_token=a%00b", "/share?text=a%00b"),
        *("/api/v1/tags/a%00b", "/api/v1/accounts/lookup?acct=a%00b", "/api/v1/timelines/tag/a%00b", "/api/v2/search?q=a%00b"),
    ]
    statuses = {address: amina.request("GET", address, allow_redirects=False).status_code for address in addresses}
    assert not {address: status for address, status in statuses.items() if status >= 500}
