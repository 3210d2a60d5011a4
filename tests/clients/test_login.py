"""How people and apps get in: registration, the code flow with and without PKCE, client credentials, revocation."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from mastodon import Mastodon, MastodonIllegalArgumentError, MastodonUnauthorizedError

from support.browser import OUT_OF_BAND, Browser
from support.server import PASSWORD, SCOPES, Majlis, MakeServer, Person

APP_REDIRECT = "exampleapp://signed-in/here"


@dataclass(frozen=True)
class App:
    """An app registered by hand, to say exactly what is sent."""

    server: Majlis
    id: str
    secret: str

    @classmethod
    def register(cls, server: Majlis, redirect_uris: object = APP_REDIRECT) -> "App":
        reply = server.request("POST", "/api/v1/apps", json={"client_name": "By hand", "redirect_uris": redirect_uris, "scopes": SCOPES})
        assert reply.status_code == 200, reply.text
        return cls(server, reply.json()["client_id"], reply.json()["client_secret"])

    def authorisation_url(self, redirect_uri: str = APP_REDIRECT, **more: str) -> str:
        query = {"response_type": "code", "client_id": self.id, "redirect_uri": redirect_uri, "scope": SCOPES, **more}
        return f"{self.server.origin}/oauth/authorize?{urlencode(query)}"

    def exchange(self, code: str, redirect_uri: str = APP_REDIRECT, **more: str) -> requests.Response:
        values = {
            "grant_type": "authorization_code",
            "client_id": self.id,
            "client_secret": self.secret,
            "code": code,
            "redirect_uri": redirect_uri,
        }
        return self.server.request("POST", "/oauth/token", data={**values, **more})

    def who(self, token: str) -> requests.Response:
        return self.server.request("GET", "/api/v1/accounts/verify_credentials", headers={"Authorization": f"Bearer {token}"})


def test_mastodon_py_logs_in_out_of_band(server: Majlis, amina: Person) -> None:
    client_id, client_secret = Mastodon.create_app("Mastodon.py", api_base_url=server.origin, scopes=SCOPES.split())
    app = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=server.origin)
    url = app.auth_request_url(scopes=SCOPES.split(), allow_http=True)
    code = Browser(server.origin).authorise(url, amina)["code"]
    app.log_in(code=code, scopes=SCOPES.split(), allow_http=True)
    assert app.me().username == "amina"
    assert app.app_verify_credentials().name == "Mastodon.py"

    app.status_post("Logged in the way an app does.")
    app.revoke_access_token(allow_http=True)


def test_mastodon_py_signs_people_up(server: Majlis) -> None:
    client_id, client_secret = Mastodon.create_app("Mastodon.py", api_base_url=server.origin, scopes=SCOPES.split())
    app = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=server.origin)
    token = app.create_account("dalia", PASSWORD, "dalia@example.org", agreement=True, locale="ar", scopes=SCOPES.split())
    assert token
    assert app.me().username == "dalia"
    assert app.status_post("أول منشور").account.acct == "dalia"

    again = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=server.origin)
    nothing, error = again.create_account(
        "dalia", "short", "not an address", agreement=False, scopes=SCOPES.split(), return_detailed_error=True
    )
    assert nothing is None
    assert {"username", "password", "email", "agreement"} <= set(error.details), error
    assert error.details["username"][0].error == "ERR_TAKEN"
    assert error.details["agreement"][0].error == "ERR_ACCEPTED"


def test_a_closed_server_signs_nobody_up(new_server: MakeServer) -> None:
    server = new_server(MAJLIS_REGISTRATIONS="closed")
    client_id, client_secret = Mastodon.create_app("Mastodon.py", api_base_url=server.origin, scopes=SCOPES.split())
    app = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=server.origin)
    with pytest.raises(MastodonIllegalArgumentError):
        app.create_account("dalia", PASSWORD, "dalia@example.org", agreement=True, scopes=SCOPES.split())
    assert app.instance_v2().registrations.enabled is False


@pytest.mark.parametrize("redirect_uris", [APP_REDIRECT, [APP_REDIRECT], f"{OUT_OF_BAND}\n{APP_REDIRECT}"], ids=["one", "array", "lines"])
def test_code_flow_without_pkce(server: Majlis, amina: Person, redirect_uris: object) -> None:
    app = App.register(server, redirect_uris)
    handed = Browser(server.origin).authorise(app.authorisation_url(state="xyz & ä"), amina)
    assert handed["state"] == "xyz & ä"
    reply = app.exchange(handed["code"])
    assert reply.status_code == 200, reply.text
    token = reply.json()
    assert token["token_type"] == "Bearer"
    assert set(token["scope"].split()) == set(SCOPES.split())
    assert isinstance(token["created_at"], int)
    assert app.who(token["access_token"]).json()["acct"] == "amina"

    twice = app.exchange(handed["code"])
    assert twice.status_code == 400, "a code is good for one exchange"
    assert twice.json()["error"] == "invalid_grant"


def test_code_flow_with_pkce(server: Majlis, amina: Person) -> None:
    metadata = server.request("GET", "/.well-known/oauth-authorization-server").json()
    assert "S256" in metadata["code_challenge_methods_supported"]
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    app = App.register(server)
    browser = Browser(server.origin)
    url = app.authorisation_url(code_challenge=challenge, code_challenge_method="S256", force_login="false", lang="ar")
    code = browser.authorise(url, amina)["code"]

    for wrong in ({}, {"code_verifier": secrets.token_urlsafe(48)}):
        refused = app.exchange(code, **wrong)
        assert refused.status_code == 400, refused.text
        assert refused.json()["error"] == "invalid_grant"
        assert refused.json()["error_description"]
        code = browser.authorise(url, amina)["code"]
    assert app.exchange(code, code_verifier=verifier).status_code == 200


def test_the_person_may_say_no(server: Majlis, amina: Person) -> None:
    app = App.register(server)
    browser = Browser(server.origin)
    browser.open(app.authorisation_url(state="s"))
    browser.log_in(amina)
    handed = browser.answer(allow=False)
    assert browser.url.startswith(APP_REDIRECT)
    assert handed["error"] == "access_denied"
    assert handed["state"] == "s"
    assert "code" not in handed


def test_a_wrong_password_opens_nothing(server: Majlis, amina: Person) -> None:
    app = App.register(server)
    browser = Browser(server.origin)
    browser.open(app.authorisation_url())
    browser.log_in(amina, password="wrong")
    assert browser.page.select_one("input[type=password]"), "the form is shown again"
    browser.open(app.authorisation_url())
    assert browser.page.select_one("input[type=password]"), "and nobody is logged in"


@pytest.mark.parametrize(
    "change",
    [{"client_id": "nobody"}, {"redirect_uri": "https://elsewhere.example/"}, {"response_type": "token"}, {"scope": "admin:write"}],
    ids=lambda change: next(iter(change)),
)
def test_a_bad_authorisation_request_sends_nobody_anywhere(server: Majlis, amina: Person, change: dict[str, str]) -> None:
    app = App.register(server)
    query = {"response_type": "code", "client_id": app.id, "redirect_uri": APP_REDIRECT, "scope": "read", **change}
    reply = server.request("GET", f"/oauth/authorize?{urlencode(query)}", allow_redirects=False)
    assert not reply.headers.get("Location", "").startswith("https://elsewhere"), reply.headers
    if reply.is_redirect:
        assert "error=" in reply.headers["Location"], reply.headers
    else:
        assert 400 <= reply.status_code < 500, reply.text


def test_an_unknown_client_is_told_so(server: Majlis) -> None:
    reply = server.request("POST", "/oauth/token", data={"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x"})
    assert reply.status_code == 401, reply.text
    assert reply.json()["error"] == "invalid_client", "Elk registers its app again when it reads this"


@pytest.mark.parametrize("kind", ["json", "data", "params"])
def test_client_credentials(server: Majlis, kind: str) -> None:
    app = App.register(server)
    values = {"grant_type": "client_credentials", "client_id": app.id, "client_secret": app.secret, "scope": "read write"}
    body: dict[str, Any] = {kind: values}
    reply = server.request("POST", "/oauth/token", **body)
    assert reply.status_code == 200, reply.text
    headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    verified = server.request("GET", "/api/v1/apps/verify_credentials", headers=headers)
    assert verified.json()["name"] == "By hand"
    assert server.request("GET", "/api/v1/accounts/verify_credentials", headers=headers).status_code in (401, 403, 422), "an app is nobody"


@pytest.mark.parametrize("kind", ["json", "data"])
def test_revoked_tokens_are_worth_nothing(server: Majlis, amina: Person, kind: str) -> None:
    app = App.register(server)
    token = app.exchange(Browser(server.origin).authorise(app.authorisation_url(), amina)["code"]).json()["access_token"]
    assert app.who(token).status_code == 200
    body: dict[str, Any] = {kind: {"client_id": app.id, "client_secret": app.secret, "token": token}}
    revoked = server.request("POST", "/oauth/revoke", **body)
    assert revoked.status_code == 200
    assert revoked.json() == {}
    assert app.who(token).status_code == 401
    logged_out = Mastodon(access_token=token, api_base_url=server.origin)
    with pytest.raises(MastodonUnauthorizedError):
        logged_out.me()


def test_scopes_are_enforced(server: Majlis, amina: Person) -> None:
    token = server.run("token", "create", "amina", "--scopes", "read:statuses")
    headers = {"Authorization": f"Bearer {token}"}
    assert server.request("GET", "/api/v1/timelines/home", headers=headers).status_code == 200
    refused = server.request("POST", "/api/v1/statuses", headers=headers, data={"status": "no"})
    assert refused.status_code == 403, refused.text
    assert refused.json()["error"]
    assert server.request("GET", "/api/v1/notifications", headers=headers).status_code == 403


def test_metadata_leads_to_the_end_points(server: Majlis) -> None:
    metadata = server.request("GET", "/.well-known/oauth-authorization-server").json()
    assert metadata["issuer"].rstrip("/") == server.origin
    assert metadata["authorization_endpoint"] == f"{server.origin}/oauth/authorize"
    assert metadata["token_endpoint"] == f"{server.origin}/oauth/token"
    assert metadata["revocation_endpoint"] == f"{server.origin}/oauth/revoke"
    assert {"read", "write", "follow", "push"} <= set(metadata["scopes_supported"])
    assert "code" in metadata["response_types_supported"]
    assert {"authorization_code", "client_credentials"} <= set(metadata["grant_types_supported"])
