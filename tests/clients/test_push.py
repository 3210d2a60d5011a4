"""Web push: Mastodon.py subscribes, and a push service of ours gets what the server sends and reads it as an app would."""

import base64
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from mastodon import Mastodon, MastodonNotFoundError

from support.server import Majlis, Person
from support.waiting import eventually

pytestmark = pytest.mark.engine


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class PushService:
    """Keeps what is posted to it, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 201
        self.heard: Queue[tuple[dict[str, str], bytes]] = Queue()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.heard.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service() -> Iterator[PushService]:
    service = PushService()
    yield service
    service.server.shutdown()


def expand(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    extract = hmac.HMAC(salt, hashes.SHA256())
    extract.update(secret)
    return HKDFExpand(hashes.SHA256(), length, info).derive(extract.finalize())


def read(headers: dict[str, str], body: bytes, private: dict[str, Any]) -> dict[str, Any]:
    """Decrypts by RFC 8291 or by the draft before it, whichever the header says."""
    own = ec.derive_private_key(private["privkey"], ec.SECP256R1())
    public = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    auth = private["auth"]
    if headers["content-encoding"] == "aes128gcm":
        salt, point, text = body[:16], body[21:86], body[86:]
        assert int.from_bytes(body[16:20]) >= len(text) and body[20] == 65
    else:
        assert headers["content-encoding"] == "aesgcm"
        salt = unpadded(headers["encryption"].removeprefix("salt="))
        point = unpadded(headers["crypto-key"].split(";")[0].removeprefix("dh="))
        text = body
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    if headers["content-encoding"] == "aes128gcm":
        secret = expand(shared, auth, b"WebPush: info\0" + public + point, 32)
        key = expand(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = expand(secret, salt, b"Content-Encoding: nonce\0", 12)
        message = AESGCM(key).decrypt(nonce, text, None).rstrip(b"\0").removesuffix(b"\x02")
    else:
        secret = expand(shared, auth, b"Content-Encoding: auth\0", 32)
        context = b"P-256\0" + len(public).to_bytes(2) + public + len(point).to_bytes(2) + point
        key = expand(secret, salt, b"Content-Encoding: aesgcm\0" + context, 16)
        nonce = expand(secret, salt, b"Content-Encoding: nonce\0" + context, 12)
        message = AESGCM(key).decrypt(nonce, text, None)
        message = message[2 + int.from_bytes(message[:2]) :]
    decrypted: dict[str, Any] = json.loads(message)
    return decrypted


def check_token(headers: dict[str, str], server_key: str, audience: str) -> None:
    """Who sent it (RFC 8292): a token signed with the key that the server shows."""
    if headers["content-encoding"] == "aes128gcm":
        parts = dict(part.strip().split("=", 1) for part in headers["authorization"].removeprefix("vapid ").split(","))
        token = parts["t"]
        assert parts["k"] == server_key
    else:
        token = headers["authorization"].removeprefix("WebPush ")
        assert headers["crypto-key"].endswith(f";p256ecdsa={server_key}")
    signed, signature = token.rsplit(".", 1)
    header, claims = (json.loads(unpadded(part)) for part in signed.split("."))
    assert header == {"typ": "JWT", "alg": "ES256"}
    assert claims["aud"] == audience
    assert time.time() < claims["exp"] <= time.time() + 24 * 3600
    assert claims["sub"].startswith(("https:", "http:", "mailto:"))
    raw = unpadded(signature)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(server_key))
    dss = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(dss, signed.encode(), ec.ECDSA(hashes.SHA256()))


def subscribe(person: Person, service: PushService, *, standard: bool) -> tuple[dict[str, Any], str]:
    """As an app does; returns what it keeps to itself and the server's key."""
    app = person.app()
    private, public = app.push_subscription_generate_keys()
    endpoint = f"{service.origin}/{person.name}"
    if standard:
        # Mastodon.py takes the parameter and does not send it.
        keys = {name: base64.urlsafe_b64encode(cast(bytes, public[name])).decode() for name in ("auth",)}
        keys["p256dh"] = base64.urlsafe_b64encode(cast(bytes, public["pubkey"])).decode()
        wanted = {
            "subscription": {"endpoint": endpoint, "keys": keys, "standard": True},
            "data": {"alerts": {"mention": True, "favourite": True}},
        }
        made = person.request("POST", "/api/v1/push/subscription", json=wanted).json()
    else:
        made = app.push_subscription_set(endpoint, public, mention_events=True, favourite_events=True)
    assert (made["endpoint"], made["standard"]) == (endpoint, standard)
    return private, made["server_key"]


@pytest.mark.parametrize("standard", [True, False], ids=["standard", "draft"])
def test_a_notification_is_pushed(server: Majlis, amina: Person, badr: Person, service: PushService, standard: bool) -> None:
    private, server_key = subscribe(amina, service, standard=standard)
    status = badr.app().status_post("@amina مرحبا & أهلًا")
    headers, body = service.heard.get(timeout=20)
    check_token(headers, server_key, service.origin)
    assert int(headers["ttl"]) > 0
    told = read(headers, body, private)
    (notification,) = amina.app().notifications()
    assert told == {
        "access_token": amina.token,
        "preferred_locale": "en",
        "notification_id": int(notification.id),
        "notification_type": "mention",
        "icon": badr.app().me().avatar_static,
        "title": "\u2068badr\u2069 mentioned you",
        "body": "@amina مرحبا & أهلًا",
    }
    assert notification.status.id == status.id


def test_a_subscription_is_shown_changed_and_ended(server: Majlis, amina: Person, service: PushService) -> None:
    app: Mastodon = amina.app()
    with pytest.raises(MastodonNotFoundError):
        app.push_subscription()
    subscribe(amina, service, standard=False)
    shown = app.push_subscription()
    assert (shown.alerts.mention, shown.alerts.follow, shown.standard) == (True, False, False)
    changed = app.push_subscription_update(follow_events=True, poll_events=True)
    assert (changed.alerts.follow, changed.alerts.poll, changed.alerts.mention) == (True, True, False)
    app.push_subscription_delete()
    with pytest.raises(MastodonNotFoundError):
        app.push_subscription()


def test_a_subscription_that_nobody_knows_any_more_ends(amina: Person, badr: Person, service: PushService) -> None:
    subscribe(amina, service, standard=True)
    service.status = 410
    badr.app().status_post("@amina hello")
    service.heard.get(timeout=20)
    eventually(lambda: amina.request("GET", "/api/v1/push/subscription").status_code == 404, what="the subscription is gone")


def test_private_addresses_are_refused_unless_allowed(new_server: Any) -> None:
    server = new_server(MAJLIS_PRIVATE_PEERS="off")
    amina = server.join("amina")
    app = amina.app()
    _, public = app.push_subscription_generate_keys()
    for endpoint in ["http://127.0.0.1:1/", "https://127.0.0.1/", "https://localhost/", "http://push.example/"]:
        form = {
            "subscription[endpoint]": endpoint,
            "subscription[keys][p256dh]": base64.b64encode(public["pubkey"]).decode(),
            "subscription[keys][auth]": base64.b64encode(public["auth"]).decode(),
        }
        refused = amina.request("POST", "/api/v1/push/subscription", data=form)
        assert refused.status_code == 422, endpoint
        assert "subscription[endpoint]" in refused.json()["details"]
