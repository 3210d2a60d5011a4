"""Files in a bucket: the server against an S3 server (moto) in this process."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from support.archives import archive_path, fetch, logged_in, request_archive
from support.films import film
from support.pictures import png
from support.server import MakeServer
from support.waiting import eventually


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "name")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="majlis")
    yield endpoint
    server.stop()


def settings(endpoint: str) -> dict[str, str]:
    return {
        "MAJLIS_MEDIA_S3_BUCKET": "majlis",
        "MAJLIS_MEDIA_S3_ENDPOINT": endpoint,
        "MAJLIS_MEDIA_S3_ACCESS_KEY": "name",
        "MAJLIS_MEDIA_S3_SECRET_KEY": "key",
    }


def test_files_are_kept_in_a_bucket(new_server: MakeServer, bucket: str, tmp_path: Path) -> None:
    server = new_server(**settings(bucket))
    amina = server.join("amina")
    app = amina.app()
    s3 = boto3.client("s3", endpoint_url=bucket, region_name="us-east-1")

    def keys() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket="majlis").get("Contents", [])]

    picture = app.media_post(png(60, 40), mime_type="image/png")
    assert requests.get(picture.url, timeout=30).content.startswith(b"\x89PNG")
    moving = app.media_post(str(film(tmp_path)), synchronous=True)
    whole = requests.get(moving.url, timeout=30)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, "video/mp4")
    part = requests.get(moving.url, headers={"Range": "bytes=5-14"}, timeout=30)
    assert (part.status_code, part.content) == (206, whole.content[5:15])
    name = moving.url.split("/media/")[1]
    stored = s3.head_object(Bucket="majlis", Key=name)
    assert stored["ContentType"] == "video/mp4" and "immutable" in stored["CacheControl"]
    # The upload as it came goes when it is done with; a deleted one goes too.
    eventually(lambda: not [key for key in keys() if key.startswith("uploads/")], what="the upload is deleted")
    assert amina.request("DELETE", f"/api/v1/media/{moving.id}").status_code == 200
    eventually(lambda: name not in keys(), what="the film is deleted")
    assert not (server.directory / "data" / "media").exists()


def test_an_archive_lies_in_the_bucket_and_is_fetched_through_the_server(new_server: MakeServer, bucket: str) -> None:
    server = new_server(**settings(bucket), MAJLIS_MEDIA_S3_PUBLIC_URL=f"{bucket}/majlis/")
    amina = server.join("amina")
    app = amina.app()
    app.status_post("Look", media_ids=[app.media_post(png(60, 40), mime_type="image/png").id])
    browser = logged_in(amina)
    request_archive(browser)
    answer = fetch(browser, archive_path(browser))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None and len(archive.namelist()) == 5
    s3 = boto3.client("s3", endpoint_url=bucket, region_name="us-east-1")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="majlis", Prefix="archives/").get("Contents", [])]
    assert len(keys) == 1 and s3.head_object(Bucket="majlis", Key=keys[0])["CacheControl"] == "private, no-store"
    assert requests.get(f"{server.origin}/media/{keys[0]}", timeout=30, allow_redirects=False).status_code == 404


def test_the_world_is_sent_to_the_bucket(new_server: MakeServer, bucket: str) -> None:
    server = new_server(**settings(bucket), MAJLIS_MEDIA_S3_PUBLIC_URL=f"{bucket}/majlis/")
    picture = server.join("amina").app().media_post(png(60, 40), mime_type="image/png")
    sent = requests.get(picture.url, timeout=30, allow_redirects=False)
    assert (sent.status_code, sent.headers["Location"]) == (307, f"{bucket}/majlis/{picture.url.split('/media/')[1]}")
    ours = requests.get(picture.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30, allow_redirects=False)
    assert ours.status_code == 200 and ours.content.startswith(b"\x89PNG")
    secret = server.run("config", "print")
    assert "media_s3_secret_key" in secret and '"key"' not in secret
