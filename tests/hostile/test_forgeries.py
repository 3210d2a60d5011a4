"""Signatures that are wrong in one place, and people who speak for others: refused, without effect, and logged."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from support.people import find_post
from support.remote import CONTEXT, RemoteActor, RemoteServer, post
from support.server import Majlis, Person
from support.signatures import CAVAGE_COVERAGE, RFC_9421_COVERAGE, Cavage, Key, Rfc9421, Signing
from support.waiting import eventually, never

REFUSED = (400, 401, 403)


@pytest.fixture
def good() -> Iterator[RemoteServer]:
    with RemoteServer("localhost") as server:
        yield server


@pytest.fixture
def evil() -> Iterator[RemoteServer]:
    with RemoteServer("127.0.0.1") as server:
        yield server


@pytest.fixture
def victim(good: RemoteServer) -> RemoteActor:
    return good.join("victim")


@pytest.fixture
def mallory(evil: RemoteServer) -> RemoteActor:
    return evil.join("mallory")


def without(coverage: tuple[str, ...], *left_out: str) -> tuple[str, ...]:
    return tuple(name for name in coverage if name not in left_out)


SCHEMES: list[type[Signing]] = [Cavage, Rfc9421]
FORGERIES: dict[str, Callable[[RemoteActor], Signing]] = {
    "cavage, another key": lambda actor: Cavage(Key(actor.key.id)),
    "cavage, another host": lambda actor: Cavage(actor.key, host="elsewhere.example"),
    "cavage, another method": lambda actor: Cavage(actor.key, method="get"),
    "cavage, no target": lambda actor: Cavage(actor.key, covered=without(CAVAGE_COVERAGE, "(request-target)")),
    "cavage, no host": lambda actor: Cavage(actor.key, covered=without(CAVAGE_COVERAGE, "host")),
    "cavage, no date": lambda actor: Cavage(actor.key, covered=without(CAVAGE_COVERAGE, "date")),
    "cavage, no digest": lambda actor: Cavage(actor.key, covered=without(CAVAGE_COVERAGE, "digest")),
    "cavage, digest alone": lambda actor: Cavage(actor.key, covered=("digest",)),
    "cavage, old": lambda actor: Cavage(actor.key, age=timedelta(hours=13)),
    "cavage, future": lambda actor: Cavage(actor.key, age=timedelta(hours=-2)),
    "rfc 9421, another key": lambda actor: Rfc9421(Key(actor.key.id)),
    "rfc 9421, another host": lambda actor: Rfc9421(actor.key, host="elsewhere.example"),
    "rfc 9421, another method": lambda actor: Rfc9421(actor.key, method="GET"),
    "rfc 9421, no method": lambda actor: Rfc9421(actor.key, covered=without(RFC_9421_COVERAGE, "@method")),
    "rfc 9421, no target": lambda actor: Rfc9421(actor.key, covered=without(RFC_9421_COVERAGE, "@target-uri")),
    "rfc 9421, path alone": lambda actor: Rfc9421(actor.key, covered=("@method", "@path", "content-digest")),
    "rfc 9421, no digest": lambda actor: Rfc9421(actor.key, covered=without(RFC_9421_COVERAGE, "content-digest")),
    "rfc 9421, no creation": lambda actor: Rfc9421(actor.key, created=False),
    "rfc 9421, old": lambda actor: Rfc9421(actor.key, age=timedelta(hours=13)),
    "rfc 9421, future": lambda actor: Rfc9421(actor.key, age=timedelta(hours=-2)),
    # Past its own expiry by more than clocks may differ.
    "rfc 9421, expired": lambda actor: Rfc9421(actor.key, age=timedelta(hours=2), expires=timedelta(minutes=1)),
}


def likes(person: Person, status: Any) -> int:
    return int(person.app().status(status.id).favourites_count)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_good_signature_is_believed(server: Majlis, amina: Person, victim: RemoteActor, scheme: type[Signing]) -> None:
    status = amina.app().status_post("Like me")
    like = victim.activity("Like", status.uri)
    assert victim.send(like, server, signing=scheme(victim.key)).status_code == 202
    eventually(lambda: likes(amina, status) == 1, what="the like counts")
    assert victim.send(like, server, signing=scheme(victim.key)).status_code in (200, 202)
    never(lambda: likes(amina, status) != 1, what="a replay counts")


@pytest.mark.parametrize("acquainted", [True, False], ids=["known key", "unknown key"])
def test_forged_signatures(server: Majlis, amina: Person, good: RemoteServer, acquainted: bool) -> None:
    status = amina.app().status_post("Like me")
    victims = {forgery: good.join(f"victim{number}") for number, forgery in enumerate(FORGERIES)}
    if acquainted:
        for victim in victims.values():
            assert victim.send(victim.activity("Follow", amina.uri), server).status_code == 202
        eventually(lambda: amina.app().me().followers_count == len(victims), what="honest follows")
    for forgery, victim in victims.items():
        reply = victim.send(victim.activity("Like", status.uri), server, signing=FORGERIES[forgery](victim))
        assert reply.status_code in REFUSED, f"{forgery}: {reply.status_code} {reply.text}"
        server.logs("signature refused", victim.key.id)
    never(lambda: likes(amina, status), what="a forged like counts")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("with_its_digest", [False, True], ids=["old digest", "new digest"])
def test_altered_bodies(server: Majlis, amina: Person, victim: RemoteActor, scheme: type[Signing], with_its_digest: bool) -> None:
    status = amina.app().status_post("Like me")
    signing = scheme(victim.key)

    class Altered:
        def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
            signed = signing.headers(method, url, body.replace(b"Like", b"Look"))
            if with_its_digest:
                digests = ("Digest", "Content-Digest")
                signed |= {name: value for name, value in signing.headers(method, url, body).items() if name in digests}
            return signed

    reply = post(victim.activity("Like", status.uri), server, Altered())  # type: ignore[arg-type]
    assert reply.status_code in REFUSED, reply.text
    never(lambda: likes(amina, status), seconds=0.3, what="an altered like counts")


def test_unsigned(server: Majlis, amina: Person, victim: RemoteActor) -> None:
    status = amina.app().status_post("Like me")
    reply = server.request(
        "POST", "/inbox", json=victim.activity("Like", status.uri), headers={"Content-Type": "application/activity+json"}
    )
    assert reply.status_code == 401
    assert likes(amina, status) == 0


def test_an_activity_of_somebody_else(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    """Mallory signs well, as Mallory, what says that it is the victim's."""
    status = amina.app().status_post("Like me")
    for activity in (victim.activity("Like", status.uri), {**mallory.activity("Like", status.uri), "actor": victim.uri}):
        assert mallory.send(activity, server).status_code in REFUSED
    elsewhere = {**mallory.activity("Like", status.uri), "id": f"{victim.server.origin}/activities/1"}
    assert mallory.send(elsewhere, server).status_code in (*REFUSED, 202)
    never(lambda: any(one.acct == victim.handle for one in amina.app().status_favourited_by(status.id)), what="the victim speaks")
    server.logs(mallory.uri, victim.uri)
    server.logs(mallory.uri, elsewhere["id"])


def test_a_key_that_claims_another_owner(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    status = amina.app().status_post("Like me")
    key = Key(f"{mallory.server.origin}/keys/1")
    mallory.server.serve("/keys/1", {"@context": CONTEXT, "id": key.id, "owner": victim.uri, "publicKeyPem": key.public_pem()})
    assert post(victim.activity("Like", status.uri), server, Cavage(key)).status_code in REFUSED
    assert likes(amina, status) == 0


def test_an_actor_that_claims_to_be_another(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    """A document on one host with the id of another host's actor is not that actor."""
    mallory.server.serve("/users/fake", {**victim.document(), "publicKey": {**mallory.document()["publicKey"], "owner": victim.uri}})
    found = amina.app().search_v2(f"{mallory.server.origin}/users/fake", resolve=True).accounts
    assert found == [] or found[0].uri == victim.uri
    status = amina.app().status_post("Like me")
    signing = Cavage(dataclasses.replace(mallory.key, id=f"{mallory.server.origin}/users/fake#main-key"))
    assert post(victim.activity("Like", status.uri), server, signing).status_code in REFUSED
    assert mallory.send(victim.activity("Like", status.uri), server).status_code in REFUSED
    assert likes(amina, status) == 0


def test_words_put_into_a_foreign_mouth(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    forged = victim.note(f"I never said this, @{amina.name}", tag=[{"type": "Mention", "href": amina.uri, "name": f"@{amina.handle}"}])
    forged["to"] = [*forged["to"], amina.uri]
    own_id = {**forged, "id": f"{mallory.server.origin}/notes/1"}
    for note in (forged, own_id):
        for type in ("Create", "Announce", "Update"):
            reply = mallory.send(mallory.activity(type, note, cc=[amina.uri]), server)
            assert reply.status_code in (*REFUSED, 202)

    def heard() -> bool:
        return any(one.status and one.status.account.acct == victim.handle for one in amina.app().notifications())

    never(heard, what="the victim is quoted falsely")
    assert amina.app().search_v2(forged["id"], resolve=True).statuses == []


@pytest.fixture
def honest_post(server: Majlis, amina: Person, victim: RemoteActor) -> Any:
    """A post of the victim that this server knows."""
    return find_post(amina, victim.publish("Mine")["id"])


def test_foreign_posts_are_not_changed(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor, honest_post: Any) -> None:
    note = victim.note("Changed")
    note |= {"id": honest_post.uri, "updated": "2026-01-02T00:00:00Z"}
    for activity in (
        mallory.activity("Update", note),
        mallory.activity("Update", {**note, "attributedTo": mallory.uri}),
        mallory.activity("Delete", honest_post.uri),
        mallory.activity("Delete", {"type": "Tombstone", "id": honest_post.uri}),
        mallory.activity("Delete", victim.uri),
        mallory.activity("Update", {**victim.document(), "name": "Changed"}),
    ):
        assert mallory.send(activity, server).status_code in (*REFUSED, 202)

    def changed() -> bool:
        now = amina.app().status(honest_post.id)
        return "Mine" not in now.content or now.account.display_name != "victim"

    never(changed, what="Mallory changes what is not hers")


def test_foreign_deeds_are_not_undone(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    status = amina.app().status_post("Like me")
    like, follow_activity = victim.activity("Like", status.uri), victim.activity("Follow", amina.uri)
    for activity in (like, follow_activity):
        victim.send(activity, server)
    eventually(lambda: likes(amina, status) == 1 and amina.app().me().followers_count == 1, what="honest deeds")
    for undone in (like, like["id"], follow_activity, follow_activity["id"], {**like, "actor": mallory.uri}):
        assert mallory.send(mallory.activity("Undo", undone), server).status_code in (*REFUSED, 202)
    never(lambda: likes(amina, status) != 1 or amina.app().me().followers_count != 1, what="Mallory undoes them")


def test_follows_are_accepted_by_the_followed(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    account = amina.app().search_v2(victim.uri, resolve=True).accounts[0]
    amina.app().account_follow(account.id)
    asked = eventually(lambda: victim.server.deliveries("Follow"), what="the follow arrives")[0]
    for object in (asked, asked["id"]):
        assert mallory.send(mallory.activity("Accept", object), server).status_code in (*REFUSED, 202)
    never(lambda: amina.app().account_relationships(account.id)[0].following, what="Mallory accepts for the victim")
    assert victim.send(victim.activity("Accept", asked["id"]), server).status_code == 202
    eventually(lambda: amina.app().account_relationships(account.id)[0].following, what="the victim accepts")


def test_a_handle_belongs_to_its_host(server: Majlis, amina: Person, victim: RemoteActor, mallory: RemoteActor) -> None:
    """Mallory's webfinger gives out the victim's handle for her own actor."""
    claimed = {"subject": f"acct:{victim.handle}", "links": [{"rel": "self", "type": "application/activity+json", "href": mallory.uri}]}
    mallory.server.serve("/.well-known/webfinger", claimed)
    found = amina.app().search_v2(f"@{mallory.handle}", resolve=True).accounts
    assert all(one.acct != victim.handle or one.uri == victim.uri for one in found)
