"""What is written for later, translated, kept at home, and what pages say that posts link to: against the real binary."""

import datetime
import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mastodon import MastodonAPIError, MastodonNotFoundError

from support.pictures import png
from support.server import Majlis, MakeServer, Person
from support.waiting import eventually


class Neighbour(BaseHTTPRequestHandler):
    """A page with a picture that links to somebody, and a LibreTranslate."""

    me = ""

    def do_GET(self) -> None:
        if self.path == "/languages":
            languages = [{"code": "en", "targets": ["en", "ar"]}, {"code": "ar", "targets": ["en", "ar"]}]
            self.answer("application/json", json.dumps(languages).encode())
        elif self.path == "/picture.png":
            self.answer("image/png", png(640, 360))
        else:
            page = '<title>مجلس</title><meta property="og:image" content="/picture.png"><a rel="me" href="{}">me</a>'
            self.answer("text/html; charset=windows-1256", page.format(self.me).encode("windows-1256"))

    def do_POST(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"translatedText": [text.replace("hello", "مرحبا") for text in asked["q"]]}
        self.answer("application/json", json.dumps(answer).encode())

    def answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests say what is wrong."""


@pytest.fixture
def neighbour() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Neighbour)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def in_hours(hours: float) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=hours)


def test_a_status_is_scheduled_moved_and_cancelled(amina: Person) -> None:
    a = amina.app()
    media = a.media_post(png(8, 8), mime_type="image/png", description="later")
    scheduled = a.status_post("later", scheduled_at=in_hours(1), visibility="unlisted", media_ids=[media.id], language="en")
    assert (scheduled.params.text, scheduled.params.visibility) == ("later", "unlisted")
    assert scheduled.media_attachments[0]["description"] == "later"
    assert [row.id for row in a.scheduled_statuses()] == [scheduled.id]
    assert a.scheduled_status(scheduled.id).scheduled_at == scheduled.scheduled_at
    moved = a.scheduled_status_update(scheduled.id, in_hours(2))
    assert moved.scheduled_at > scheduled.scheduled_at
    with pytest.raises(MastodonAPIError):
        a.scheduled_status_update(scheduled.id, in_hours(0.01))
    a.scheduled_status_delete(scheduled.id)
    assert a.scheduled_statuses() == []
    with pytest.raises(MastodonNotFoundError):
        a.scheduled_status(scheduled.id)
    assert a.account_statuses(a.me().id) == []


def test_what_is_due_is_published_once_also_after_a_kill(server: Majlis, amina: Person) -> None:
    if "DATABASE_URL" in server.environment:
        pytest.skip("the clock is turned in the file of SQLite")
    a = amina.app()
    poll = a.make_poll(["one", "two"], expires_in=600)
    scheduled = a.status_post("due", scheduled_at=in_hours(1), poll=poll, spoiler_text="later")
    server.kill()
    with sqlite3.connect(server.directory / "data" / "majlis.db") as database:
        database.execute("UPDATE scheduled_posts SET scheduled_at = 1")
        database.execute("UPDATE jobs SET run_at = 1 WHERE payload LIKE '%publish_scheduled%'")
    database.close()
    server.start()
    status = eventually(lambda: a.account_statuses(a.me().id), what="the status")[0]
    assert (status.spoiler_text, [option.title for option in status.poll.options]) == ("later", ["one", "two"])
    assert a.scheduled_statuses() == []
    server.kill()
    server.start()
    assert [row.id for row in a.account_statuses(a.me().id)] == [status.id]
    assert scheduled.id != status.id


def test_a_page_gives_a_card(amina: Person, badr: Person, neighbour: str) -> None:
    a, b = amina.app(), badr.app()
    status = a.status_post(f"look: {neighbour}/page")
    card = eventually(lambda: a.status(status.id).card, what="the card")
    assert (card.title, card.type, card.url) == ("مجلس", "link", f"{neighbour}/page")
    assert (card.width, card.height) == (640, 360)
    assert card.blurhash and amina.server.request("GET", card.image.removeprefix(amina.server.origin)).ok
    assert a.status_card(status.id).title == "مجلس"
    other = b.status_post(f"the same: {neighbour}/page")
    assert eventually(lambda: b.status(other.id).card, what="the card").image == card.image


def test_a_status_is_translated(new_server: MakeServer, neighbour: str) -> None:
    server = new_server(MAJLIS_TRANSLATOR="libretranslate", MAJLIS_TRANSLATOR_URL=neighbour)
    a = server.join("amina").app()
    assert a.instance_v2().configuration.translation.enabled is True
    assert "ar" in server.anonymous().instance_translation_languages()["en"]
    status = a.status_post("hello #world", language="en", spoiler_text="hello")
    translation = a.status_translate(status.id, lang="ar")
    assert "مرحبا" in translation.content and "/tags/world" in translation.content
    assert (translation.spoiler_text, translation.provider) == ("مرحبا", "LibreTranslate")
    with pytest.raises(MastodonAPIError):
        a.status_translate(status.id, lang="en")


def test_without_a_translator_nothing_is_translated(amina: Person) -> None:
    a = amina.app()
    status = a.status_post("hello", language="en")
    with pytest.raises(MastodonNotFoundError):
        a.status_translate(status.id, lang="ar")
    assert a.instance_v2().configuration.translation.enabled is False


def test_a_local_only_status_stays_here(server: Majlis, amina: Person, badr: Person) -> None:
    status = amina.request("POST", "/api/v1/statuses", data={"status": "among us", "local_only": "true"}).json()
    assert status["local_only"] is True
    assert badr.app().status(status["id"]).content == "<p>among us</p>"
    with pytest.raises(MastodonNotFoundError):
        server.anonymous().status(status["id"])
    for headers in [{"Accept": "application/activity+json"}, {"Accept": "text/html"}]:
        assert server.request("GET", f"/users/amina/statuses/{status['id']}", headers=headers).status_code == 404
        assert server.request("GET", f"/@amina/{status['id']}", headers=headers).status_code == 404
    outbox = server.request("GET", "/users/amina/outbox?page=true", headers={"Accept": "application/activity+json"})
    assert status["id"] not in outbox.text
    assert "among us" not in server.request("GET", "/@amina").text
    assert "among us" not in server.request("GET", "/@amina.rss").text


def test_a_link_is_verified_when_the_page_links_back(amina: Person, neighbour: str) -> None:
    a = amina.app()
    Neighbour.me = a.me().url
    a.account_update_credentials(fields=[("page", f"{neighbour}/me"), ("other", "plain")])
    eventually(lambda: a.me().fields[0].verified_at, what="the date")
    assert a.me().fields[1].verified_at is None
