"""toot, the command line client: logs in by itself, then does what a person does all day."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import Browser
from support.pictures import png
from support.server import Person

pytestmark = pytest.mark.engine

TOOT = Path(sys.executable).parent / "toot"


class Toot:
    """One person's toot, with a configuration of its own."""

    def __init__(self, person: Person, directory: Path) -> None:
        self.person = person
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(directory), "TOOT_COLOR": "false"}

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [TOOT, *arguments], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"toot {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout

    def log_in(self) -> None:
        """What `toot login` asks of a person: open the address, allow it, and paste the code."""
        process = subprocess.Popen(
            [TOOT, "login", "--instance", self.person.server.origin],
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        try:
            printed = []
            for line in process.stdout:
                printed.append(line)
                if line.startswith("http"):
                    break
            assert printed and printed[-1].startswith("http"), "".join(printed)
            code = Browser(self.person.server.origin).authorise(printed[-1].strip(), self.person)["code"]
            output, _ = process.communicate(f"n\n{code}\n", timeout=60)
            assert process.returncode == 0 and "Successfully logged in" in output, output
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def toot(amina: Person, tmp_path: Path) -> Iterator[Toot]:
    client = Toot(amina, tmp_path / "toot")
    client.log_in()
    yield client


def test_toot(toot: Toot, amina: Person, badr: Person, tmp_path: Path) -> None:
    assert "amina" in toot("whoami")
    assert "Majlis" in toot("instance")
    assert "amina@" in toot("auth")

    toot("post", "Hello from a terminal")
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(80, 60))
    toot("post", "With a picture", "--media", str(picture), "--description", "A gradient", "--visibility", "unlisted")
    with_picture, hello = amina.app().account_statuses(amina.app().me().id)
    assert with_picture.media_attachments[0].description == "A gradient" and with_picture.visibility == "unlisted"
    assert "Hello from a terminal" in toot("status", str(hello.id))
    assert "Hello from a terminal" in toot("timelines", "home")

    theirs = badr.app().status_post("@amina answer me")
    assert "answer me" in toot("notifications")
    toot("post", "An answer", "--reply-to", str(theirs.id))
    assert "An answer" in toot("thread", str(theirs.id))

    for verb, undo, counted in (("favourite", "unfavourite", "favourites_count"), ("reblog", "unreblog", "reblogs_count")):
        toot(verb, str(theirs.id))
        assert badr.app().status(theirs.id)[counted] == 1
        toot(undo, str(theirs.id))
        assert badr.app().status(theirs.id)[counted] == 0
    toot("bookmark", str(theirs.id))
    assert "answer me" in toot("bookmarks")
    toot("pin", str(hello.id))
    assert amina.app().status(hello.id).pinned
    toot("delete", str(hello.id))
    assert amina.app().me().statuses_count == 2

    toot("follow", "badr")
    assert "badr" in toot("following", "amina")
    toot("mute", "badr")
    assert "badr" in toot("muted")
    toot("unmute", "badr")
    toot("block", "badr")
    assert "badr" in toot("blocked")
    toot("unblock", "badr")
    assert "badr" in toot("search", "badr")
    assert "badr" in toot("whois", "badr")
    toot("lists", "create", "Friends")
    assert "Friends" in toot("lists", "list")
    toot("update-account", "--display-name", "Amina", "--note", "By toot", "--locked")
    me = amina.app().me()
    assert (me.display_name, me.locked) == ("Amina", True)
