"""A person's archive: asked for in a browser, made by the real binary, and read as other programs read it; and servers that a
person blocks, carried from one account to another."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests

from support.archives import archive_path, fetch, logged_in, request_archive
from support.letters import letter
from support.pictures import png
from support.server import Majlis, MakeServer, Person
from support.waiting import eventually

pytestmark = pytest.mark.engine


def document(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(archive.read(name))


def test_an_archive_is_asked_for_made_and_fetched_by_its_owner(server: Majlis, amina: Person, badr: Person) -> None:
    app, other = amina.app(), badr.app()
    picture = app.media_post(png(60, 40), mime_type="image/png", description="A gradient")
    app.account_update_credentials(display_name="Amina", avatar=png(64, 64), avatar_mime_type="image/png")
    stored = requests.get(picture.url, timeout=30).content
    first = app.status_post("Look, #tea", media_ids=[picture.id])
    secret = app.status_post("@badr a secret", visibility="direct")
    app.status_post("For followers", visibility="private")
    gone = app.status_post("Never mind")
    app.status_delete(gone.id)
    theirs = other.status_post("Tea is ready")
    other.status_post("Badr's own secret", visibility="private")
    app.status_reblog(theirs.id)
    app.status_favourite(theirs.id)
    app.status_bookmark(theirs.id)

    browser = logged_in(amina)
    request_archive(browser)
    path = archive_path(browser)
    answer = fetch(browser, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "private, no-store" and "Last-Modified" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="archive-amina-')

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    actor, outbox = document(archive, "actor.json"), document(archive, "outbox.json")
    assert (actor["preferredUsername"], actor["name"], actor["outbox"]) == ("amina", "Amina", "outbox.json")
    assert actor["icon"]["url"].startswith("avatar.") and len(archive.read(actor["icon"]["url"])) > 100
    items = outbox["orderedItems"]
    assert (outbox["type"], outbox["totalItems"]) == ("OrderedCollection", 4)
    assert [item["type"] for item in items] == ["Create", "Create", "Create", "Announce"]
    assert [item["object"]["id"] for item in items[:2]] == [first.uri, secret.uri]
    assert "a secret" in items[1]["object"]["content"] and items[1]["to"] == [badr.uri]
    assert items[3]["object"] == theirs.uri
    attached = items[0]["object"]["attachment"][0]
    assert attached["name"] == "A gradient" and attached["url"].startswith("media_attachments/files/")
    assert archive.read(attached["url"]) == stored
    for name in ("likes", "bookmarks"):
        assert document(archive, f"{name}.json")["orderedItems"] == [theirs.uri]
    text = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Badr's own secret" not in text and b"Never mind" not in text and b"PRIVATE KEY" not in text

    # A letter says so; nobody else is let in, and the file has no address of its own.
    letter(server, amina.email, "Your archive is ready")
    assert fetch(logged_in(badr), path).status_code == 404
    assert requests.get(server.origin + path, timeout=30, allow_redirects=False).status_code == 303
    files = list((server.directory / "data" / "media" / "archives").rglob("*.zip"))
    assert len(files) == 1
    key = files[0].relative_to(server.directory / "data" / "media")
    assert requests.get(f"{server.origin}/media/{key}", timeout=30).status_code == 404

    browser.open("/settings/data")
    assert "You can request another from" in browser.page.get_text() and "Request your archive" not in browser.page.get_text()
    browser.open("/settings/delete")
    browser.submit(browser.form("input[type=password]"), {"password": "correct horse battery"})
    eventually(lambda: not files[0].exists(), what="the archive goes with the account")


def test_an_archive_is_made_although_the_server_is_killed(new_server: MakeServer) -> None:
    server = new_server()
    amina = server.join("amina")
    app = amina.app()
    media = [app.media_post(png(500 + n, 400), mime_type="image/png").id for n in range(8)]
    for n in range(2):
        app.status_post(f"no. {n}", media_ids=media[4 * n : 4 * n + 4])
    for n in range(2, 130):
        app.status_post(f"no. {n}")
    browser = logged_in(amina)
    request_archive(browser)
    for _ in range(2):
        server.kill()
        server.start()
    archive = zipfile.ZipFile(io.BytesIO(fetch(browser, archive_path(browser)).content))
    items = document(archive, "outbox.json")["orderedItems"]
    assert [item["object"]["content"] for item in items] == [f"<p>no. {n}</p>" for n in range(130)]
    assert len([name for name in archive.namelist() if name.startswith("media_attachments/files/")]) == 8
    folder = server.directory / "data"
    assert len(list((folder / "media" / "archives").rglob("*.zip"))) == 1 and not left(folder / "scratch")


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_blocked_servers_are_carried_from_one_account_to_another(amina: Person, badr: Person) -> None:
    for domain in ("spam.example", "ads.example"):
        amina.app().domain_block(domain)
    badr.app().domain_block("old.example")
    browser = logged_in(amina)
    file = fetch(browser, "/settings/exports/blocked_domains.csv")
    assert file.text.splitlines() == ["ads.example", "spam.example"]
    assert fetch(browser, "/settings/exports/domain_blocks.csv").status_code == 404

    browser = logged_in(badr)
    browser.open("/settings/data")
    token = browser.form("input[name=data]").select_one("input[name=token]")
    assert token is not None
    for mode, blocked in (("merge", 3), ("overwrite", 2)):
        sent = browser.session.post(
            f"{browser.origin}/settings/import",
            data={"token": str(token["value"]), "type": "domain_blocking", "mode": mode},
            files={"data": ("blocked_domains.csv", b"#domain\n" + file.content, "text/csv")},
            timeout=30,
            allow_redirects=False,
        )
        assert sent.status_code == 303, sent.text

        def imported(count: int = blocked) -> bool:
            return len(badr.app().domain_blocks()) == count

        eventually(imported, what=f"{mode} is done")
    assert set(badr.app().domain_blocks()) == {"spam.example", "ads.example"}
