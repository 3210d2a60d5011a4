"""Films, sounds and moving pictures by Mastodon.py, and their files by HTTP."""

from pathlib import Path

import pytest
import requests
from mastodon import Mastodon, MastodonAPIError

from support.films import film, long_film, moving_picture, sound
from support.server import Majlis, MakeServer, Person

pytestmark = pytest.mark.engine


@pytest.fixture
def a(amina: Person) -> Mastodon:
    return amina.app()


def test_the_instance_says_what_is_taken(server: Majlis) -> None:
    taken = server.anonymous().instance_v2().configuration.media_attachments
    assert {"video/mp4", "video/quicktime", "audio/ogg", "image/avif"} <= set(taken.supported_mime_types)
    assert taken.video_size_limit == 99 << 20 and taken.video_matrix_limit == 3840 * 2160


def test_a_film_is_uploaded_processed_and_posted(a: Mastodon, tmp_path: Path) -> None:
    media = a.media_post(str(film(tmp_path)), description="Bars", focus=(0.5, -0.25), synchronous=True)
    assert (media.type, media.description) == ("video", "Bars")
    assert (media.meta.original.width, media.meta.original.height, media.meta.original.frame_rate) == (320, 180, "25/1")
    assert abs(media.meta.original.duration - 2) < 0.3 and media.meta.original.bitrate > 1_000
    assert media.meta.small.width == 320 and media.meta.audio_channels == "mono" and media.meta.length.startswith("0:00:0")
    assert a.decode_blurhash(media, out_size=(4, 4))
    status = a.status_post("Look", media_ids=[media.id])
    assert status.media_attachments[0].url == media.url
    preview = requests.get(media.preview_url, timeout=30)
    assert (preview.status_code, preview.headers["Content-Type"]) == (200, "image/jpeg")

    whole = requests.get(media.url, timeout=30)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.headers["X-Content-Type-Options"] == "nosniff" and "immutable" in whole.headers["Cache-Control"]
    for secret in (b"SECRET", b"+48.8577"):
        assert secret not in whole.content
    # As players ask: a little first, then the end, then what is in between.
    for wanted, right in (("bytes=0-1", whole.content[:2]), ("bytes=-10", whole.content[-10:]), ("bytes=100-", whole.content[100:])):
        part = requests.get(media.url, headers={"Range": wanted}, timeout=30)
        assert (part.status_code, part.content) == (206, right), wanted
        assert part.headers["Content-Range"].endswith(f"/{len(whole.content)}")
    beyond = requests.get(media.url, headers={"Range": f"bytes={len(whole.content)}-"}, timeout=30)
    assert beyond.status_code == 416
    head = requests.head(media.url, timeout=30)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(len(whole.content)), b"")


def test_sounds_and_moving_pictures(a: Mastodon, tmp_path: Path) -> None:
    heard = a.media_post(str(sound(tmp_path)), synchronous=True)
    assert (heard.type, heard.preview_url) == ("audio", None)
    assert requests.get(heard.url, timeout=30).headers["Content-Type"] == "audio/mp4"
    moving = a.media_post(str(moving_picture(tmp_path)), synchronous=True)
    assert moving.type == "gifv" and moving.url.endswith(".mp4")
    status = a.status_post("Listen and look", media_ids=[heard.id, moving.id])
    assert [one.type for one in status.media_attachments] == ["audio", "gifv"]


def test_what_takes_time_is_answered_at_once(amina: Person, tmp_path: Path) -> None:
    with long_film(tmp_path).open("rb") as file:
        sent = amina.request("POST", "/api/v2/media", files={"file": ("x.bin", file, "application/octet-stream")})
    assert (sent.status_code, sent.json()["url"], sent.json()["type"]) == (202, None, "gifv"), sent.text
    path = f"/api/v1/media/{sent.json()['id']}"
    asked = amina.request("GET", path)
    assert asked.status_code == 206
    early = amina.request("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [sent.json()["id"]]})
    assert early.status_code == 422 and "details" in early.json()
    assert amina.request("DELETE", path).status_code == 200
    assert amina.request("GET", path).status_code == 404


def test_without_ffmpeg_films_are_refused(new_server: MakeServer, tmp_path: Path) -> None:
    server = new_server(MAJLIS_FFMPEG="off")
    app = server.join("amina").app()
    taken = server.anonymous().instance_v2().configuration.media_attachments
    assert taken.supported_mime_types == ["image/jpeg", "image/png", "image/gif", "image/webp"] and taken.video_size_limit == 0
    with pytest.raises(MastodonAPIError, match="QuickTime"):
        app.media_post(str(film(tmp_path)))
    # A moving GIF is a picture then.
    assert app.media_post(str(moving_picture(tmp_path))).type == "image"
