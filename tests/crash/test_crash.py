"""`kill -9` at any moment loses no post that was answered and doubles none, here or at any follower's server."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

import pytest
import requests

from support.people import follow
from support.remote import RemoteServer
from support.server import Majlis, MakeServer, Person
from support.waiting import eventually

pytestmark = pytest.mark.engine

POSTS = 1_000
KILLS = 20
WRITERS = 4


@dataclass
class Writing:
    """What a person's app does when the connection breaks: the same request again, with the same key, until it is answered."""

    author: Person
    answered: dict[int, str] = field(default_factory=dict)
    """The id of each numbered post, for those that were answered."""
    retried: int = 0

    def write(self, numbers: range) -> None:
        session = requests.Session()
        session.headers.update(self.author.headers)
        for number in numbers:
            for _ in range(1_000):
                try:
                    reply = session.post(
                        f"{self.author.server.origin}/api/v1/statuses",
                        json={"status": f"Post number {number}"},
                        headers={"Idempotency-Key": f"crash-{number}"},
                        timeout=30,
                    )
                except requests.RequestException:
                    self.retried += 1
                    time.sleep(0.02)
                    continue
                assert reply.status_code == 200, reply.text
                self.answered[number] = reply.json()["id"]
                break

    def has_reached(self, count: int) -> bool:
        return len(self.answered) >= count

    def start(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.write, args=(range(first, POSTS, WRITERS),), daemon=True) for first in range(WRITERS)]
        for thread in threads:
            thread.start()
        return threads


def every_status(person: Person, path: str) -> list[dict[str, object]]:
    """All pages of a list of posts."""
    found: list[dict[str, object]] = []
    url = f"{person.server.origin}{path}?limit=40"
    for _ in range(2 * POSTS // 40):
        reply = requests.get(url, headers=person.headers, timeout=30)
        assert reply.status_code == 200, reply.text
        found += reply.json()
        if "next" not in reply.links:
            return found
        url = reply.links["next"]["url"]
    raise AssertionError("the pages do not end")


def test_killed_twenty_times(new_server: MakeServer) -> None:
    sender: Majlis = new_server()
    receiver: Majlis = new_server()
    author, reader = sender.join("author"), receiver.join("reader")
    account = follow(reader, author.handle)
    with RemoteServer() as remote:
        stranger = remote.join("stranger")
        assert stranger.send(stranger.activity("Follow", author.uri), sender).status_code == 202
        eventually(lambda: author.app().me().followers_count == 2, what="both follow")

        writing = Writing(author)
        threads = writing.start()
        chance = random.Random(20)
        kills = 0
        for kill in range(1, KILLS + 1):
            # Spread over all of the posts, at no particular moment of any.
            eventually(partial(writing.has_reached, kill * POSTS // (KILLS + 1)), seconds=120, what=f"writing before kill {kill}")
            time.sleep(chance.uniform(0, 0.1))
            assert any(thread.is_alive() for thread in threads)
            sender.kill()
            sender.start()
            kills += 1
        for thread in threads:
            thread.join(timeout=300)
            assert not thread.is_alive()
        assert kills == KILLS and writing.retried > 0, "the kills were felt"
        assert len(writing.answered) == POSTS

        # Here: every answered post, and each text once.
        here = every_status(author, f"/api/v1/accounts/{author.app().me().id}/statuses")
        assert {str(status["id"]) for status in here} == set(writing.answered.values())
        assert len(here) == POSTS == author.app().me().statuses_count

        # At the follower's server: the same, once each.
        uris = {str(status["uri"]) for status in here}

        def at(path: str) -> list[str]:
            return [str(status["uri"]) for status in every_status(reader, path)]

        eventually(lambda: len(at(f"/api/v1/accounts/{account.id}/statuses")) >= POSTS, seconds=180, what="everything is delivered")
        for path in (f"/api/v1/accounts/{account.id}/statuses", "/api/v1/timelines/home"):
            assert Counter(at(path)) == Counter(dict.fromkeys(uris, 1)), path

        # At a server of another make: a delivery that was cut short may come again, but only as the same activity.
        eventually(
            lambda: {activity["object"]["id"] for activity in remote.deliveries("Create")} >= uris, seconds=180, what="and everywhere"
        )
        creates = {(activity["id"], activity["object"]["id"]) for activity in remote.deliveries("Create")}
        assert len(creates) == POSTS and {post for _, post in creates} == uris
        repeated = len(remote.deliveries("Create")) - POSTS
        print(f"{POSTS} posts, {KILLS} kills, {writing.retried} requests repeated by the app, {repeated} deliveries repeated by the server")
