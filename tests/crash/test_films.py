"""`kill -9` loses no film that was answered, and leaves no file behind."""

from pathlib import Path

import pytest

from support.films import long_film
from support.server import MakeServer
from support.waiting import eventually

pytestmark = pytest.mark.engine


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_film_is_processed_after_a_kill(new_server: MakeServer, tmp_path: Path) -> None:
    server = new_server()
    amina = server.join("amina")
    with long_film(tmp_path).open("rb") as file:
        sent = amina.request("POST", "/api/v2/media", files={"file": ("x.mkv", file, "video/x-matroska")})
    assert sent.status_code == 202, sent.text
    path = f"/api/v1/media/{sent.json()['id']}"
    # In the middle of the work, twice.
    for _ in range(2):
        eventually(lambda: files(server.directory / "data" / "scratch"), what="the work begins")
        server.kill()
        server.start()
        assert amina.request("GET", path).status_code in (200, 206)
    eventually(lambda: amina.request("GET", path).status_code == 200, seconds=120, what="the film is ready")
    posted = amina.request("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [sent.json()["id"]]})
    assert posted.status_code == 200, posted.text
    # The film and its still are there, the upload and everything that the killed ones were working on are not.
    eventually(lambda: len(files(server.directory / "data" / "media")) == 2, what="only the film and its still are left")
    assert not files(server.directory / "data" / "scratch")
