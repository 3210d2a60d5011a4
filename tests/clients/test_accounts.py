"""Accounts from sign-up to log-in as people meet them: letters in the outbox, forgotten passwords, codes of an authenticator app."""

import base64
import hashlib
import hmac
import struct
import time

import pytest
from mastodon import Mastodon
from mastodon.errors import MastodonAPIError

from support.browser import OUT_OF_BAND, Browser
from support.letters import confirm, letter, link
from support.server import PASSWORD, SCOPES, Majlis, MakeServer, Person

pytestmark = pytest.mark.engine


@pytest.fixture
def strict(new_server: MakeServer) -> Majlis:
    """A server that asks people to confirm their addresses, by letters in its outbox."""
    return new_server(MAJLIS_CONFIRM_EMAILS="on")


def code(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 0xF
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def test_an_app_signs_somebody_up_who_confirms_the_address(strict: Majlis) -> None:
    client_id, client_secret = Mastodon.create_app("Mastodon.py", api_base_url=strict.origin, scopes=SCOPES.split())
    app = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=strict.origin)
    assert app.create_account("dalia", PASSWORD, "dalia@example.org", agreement=True, locale="ar", scopes=SCOPES.split())
    with pytest.raises(MastodonAPIError, match="confirmed e-mail address"):
        app.status_post("Too early.")
    message = letter(strict, "dalia@example.org", "أكِّد")
    html = message.get_body(("html",))
    assert html is not None and 'dir="rtl"' in html.get_content()

    app.email_resend_confirmation()
    confirm(strict, link(letter(strict, "dalia@example.org", "أكِّد")))
    assert app.status_post("أول منشور").account.acct == "dalia"
    with pytest.raises(MastodonAPIError, match="awaiting confirmation"):
        app.email_resend_confirmation()


def test_somebody_signs_up_on_the_page_and_later_forgets_the_password(strict: Majlis) -> None:
    browser = Browser(strict.origin)
    browser.open("/auth/sign_up")
    fields = {"username": "omar", "email": "omar@example.org", "password": PASSWORD, "agreement": "true"}
    browser.submit(browser.form("input[name=username]"), fields)
    assert "omar@example.org" in browser.page.get_text()
    confirm(strict, link(letter(strict, "omar@example.org", "Confirm")))

    browser = Browser(strict.origin)
    browser.open("/auth/password/new")
    browser.submit(browser.form("input[name=email]"), {"email": "omar@example.org"})
    browser.open(link(letter(strict, "omar@example.org", "Choose another")))
    browser.submit(browser.form("input[name=reset_password_token]"), {"password": "quite another password"})
    letter(strict, "omar@example.org", "was changed")
    browser.open("/auth/sign_in")
    browser.log_in(Person(strict, "omar", ""), "quite another password")
    browser.open("/settings")
    assert "omar@example.org" in browser.page.get_text()


def test_an_app_lets_in_whoever_gives_a_code_too(server: Majlis, amina: Person) -> None:
    browser = Browser(server.origin)
    browser.open("/auth/sign_in")
    browser.log_in(amina)
    browser.open("/settings/security/codes")
    secret = browser.page.select_one("#secret")
    assert secret is not None
    browser.submit(browser.form("input[name=code]"), {"password": PASSWORD, "code": code(secret.get_text())})
    recovery = [item.get_text() for item in browser.page.select("#codes li")]
    assert len(recovery) == 10

    client_id, client_secret = Mastodon.create_app("Mastodon.py", api_base_url=server.origin, scopes=SCOPES.split())
    app = Mastodon(client_id=client_id, client_secret=client_secret, api_base_url=server.origin)
    phone = Browser(server.origin)
    phone.open(app.auth_request_url(scopes=SCOPES.split(), redirect_uris=OUT_OF_BAND, allow_http=True))
    phone.log_in(amina)
    phone.submit(phone.form("input[name=code]"), {"code": "000 000"})
    phone.submit(phone.form("input[name=code]"), {"code": recovery[0]})
    app.log_in(code=phone.answer(allow=True)["code"], scopes=SCOPES.split(), allow_http=True)
    assert app.me().username == "amina"
