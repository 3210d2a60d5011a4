"""Majlis and Fedify follow, write and react to each other, in draft-cavage and in RFC 9421."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from support.fedify import CAVAGE, RFC_9421, Peer, Stranger
from support.people import counts, find, find_post, follow, gone, notification, post_at_home
from support.server import Majlis, Person
from support.waiting import eventually, never


@pytest.fixture(params=[CAVAGE, RFC_9421], scope="module")
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fedify(scheme: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    started = Peer.start(tmp_path_factory.mktemp("fedify"), scheme=scheme)
    yield started
    started.stop()


@pytest.fixture
def peer(fedify: Peer, request: pytest.FixtureRequest) -> Iterator[Peer]:
    said = len(fedify.log())
    fedify.forget()
    yield fedify
    request.node.add_report_section("teardown", "log of Fedify", fedify.log()[said:][-20_000:])


@pytest.fixture
def zaid(peer: Peer) -> Stranger:
    return peer.join("zaid")


@pytest.fixture
def friends(amina: Person, zaid: Stranger) -> None:
    """Amina here and Zaid there follow each other."""
    follow(amina, zaid.uri)
    zaid.do("follow", object=amina.uri)
    notification(amina, "follow")


def test_found_by_handle_and_by_address(amina: Person, zaid: Stranger) -> None:
    by_handle, by_address = find(amina, f"@{zaid.handle}"), find(amina, zaid.uri)
    assert by_handle.id == by_address.id
    assert (by_handle.acct, by_handle.uri, by_handle.display_name) == (zaid.handle, zaid.uri, "zaid")


def test_actors_can_be_read(amina: Person, zaid: Stranger) -> None:
    actor = zaid.fetch(amina.uri)
    assert actor["type"] == "Person" and actor["preferredUsername"] == "amina"
    assert actor["endpoints"]["sharedInbox"] == f"{amina.server.origin}/inbox"
    for collection in ("followers", "following", "outbox", "featured"):
        assert zaid.fetch(str(actor[collection]))["type"] in ("Collection", "OrderedCollection")


def test_we_follow(amina: Person, peer: Peer, zaid: Stranger) -> None:
    account = follow(amina, zaid.uri)
    arrival = peer.wait_for("Follow", actor=amina.uri)
    assert arrival.document["object"] == zaid.uri
    assert zaid.followers() == [amina.uri]
    amina.app().account_unfollow(account.id)
    assert peer.wait_for("Undo").document["object"]["id"] == arrival.id
    assert zaid.followers() == []


def test_they_follow(amina: Person, peer: Peer, zaid: Stranger) -> None:
    activity = zaid.do("follow", object=amina.uri)
    assert notification(amina, "follow").account.acct == zaid.handle
    accepted = peer.wait_for("Accept", actor=amina.uri).document["object"]
    assert accepted == activity or accepted["id"] == activity
    assert [account.acct for account in amina.app().account_followers(amina.app().me().id)] == [zaid.handle]
    zaid.do("undo", activity=activity)
    eventually(lambda: amina.app().me().followers_count == 0, what="the follow is undone")


def test_locked_on_their_side(amina: Person, peer: Peer) -> None:
    shy = peer.join("shy", locked=True)
    account = find(amina, shy.uri)
    assert account.locked
    assert amina.app().account_follow(account.id).requested
    asked = peer.wait_for("Follow")
    shy.do("accept", activity=asked.id)
    eventually(lambda: amina.app().account_relationships(account.id)[0].following, what="accepted")
    shy.do("reject", activity=asked.id)
    eventually(lambda: not amina.app().account_relationships(account.id)[0].following, what="thrown out later")


def test_locked_on_our_side(amina: Person, peer: Peer, zaid: Stranger) -> None:
    amina.app().account_update_credentials(locked=True)
    for allow, answer in ((False, "Reject"), (True, "Accept")):
        zaid.do("follow", object=amina.uri)
        request = eventually(lambda: amina.app().follow_requests(), what="a follow request")[0]
        assert request.acct == zaid.handle and not peer.arrivals(type=answer)
        (amina.app().follow_request_authorize if allow else amina.app().follow_request_reject)(request.id)
        peer.wait_for(answer)


@pytest.mark.usefixtures("friends")
def test_their_posts_arrive(amina: Person, zaid: Stranger) -> None:
    uri = zaid.do("post", content="<p>Hello <b>there</b><script>alert(1)</script></p>", summary="Careful")
    status = post_at_home(amina, uri)
    assert "Hello" in status.content and "script" not in status.content
    assert (status.spoiler_text, status.sensitive, status.visibility, status.account.acct) == ("Careful", True, "public", zaid.handle)

    zaid.do("edit", object=uri, content="<p>Hello again</p>")
    edited = eventually(lambda: (now := amina.app().status(status.id)).edited_at and now, what="the edit arrives")
    assert "again" in edited.content
    assert len(amina.app().status_history(status.id)) == 2

    zaid.do("delete", object=uri)
    gone(amina, status.id)
    assert amina.app().timeline_home() == []


@pytest.mark.usefixtures("friends")
@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
def test_their_visibilities(amina: Person, zaid: Stranger, server: Majlis, visibility: str) -> None:
    uri = zaid.do("post", content="@amina look", visibility=visibility, mention=amina.uri)
    mention = notification(amina, "mention")
    assert (mention.status.uri, mention.status.visibility) == (uri, visibility)
    assert [one.acct for one in mention.status.mentions] == ["amina"]
    everybody = [status.uri for status in server.anonymous().timeline_public()]
    assert everybody == ([uri] if visibility == "public" else [])


@pytest.mark.usefixtures("friends")
def test_our_posts_arrive(amina: Person, peer: Peer, zaid: Stranger) -> None:
    status = amina.app().status_post("Hello there #greeting", spoiler_text="Careful", language="en")
    create = peer.wait_for("Create")
    note = create.document["object"]
    assert isinstance(note, dict)
    assert (create.document["actor"], note["attributedTo"], note["type"]) == (amina.uri, amina.uri, "Note")
    assert (note["id"], note["summary"], note["sensitive"]) == (status.uri, "Careful", True)
    assert "Hello there" in note["content"] and note["contentMap"]["en"] == note["content"]
    assert "https://www.w3.org/ns/activitystreams#Public" in note["to"]
    assert note["tag"][0]["type"] == "Hashtag" and note["tag"][0]["name"] == "#greeting"
    assert create.path == "/inbox", "one request to the shared inbox, however many follow"
    assert zaid.fetch(status.uri)["id"] == status.uri
    assert zaid.fetch(create.id)["type"] == "Create", "activities are dereferenceable"

    amina.app().status_update(status.id, "Hello again")
    update = peer.wait_for("Update").document["object"]
    assert isinstance(update, dict) and "again" in update["content"] and update["updated"]

    amina.app().status_delete(status.id)
    deleted = peer.wait_for("Delete").document["object"]
    assert deleted == status.uri or deleted["id"] == status.uri
    tombstone = amina.server.request("GET", status.uri.removeprefix(amina.server.origin), headers={"Accept": "application/activity+json"})
    assert (tombstone.status_code, tombstone.json()["type"]) == (410, "Tombstone")


def test_only_those_addressed_read_private_posts(amina: Person, peer: Peer, zaid: Stranger) -> None:
    stranger = peer.join("stranger")
    zaid.do("follow", object=amina.uri)
    notification(amina, "follow")
    private = amina.app().status_post("For followers", visibility="private")
    assert peer.wait_for("Create").document["to"] == [f"{amina.uri}/followers"]
    assert zaid.fetch(private.uri)["id"] == private.uri
    with pytest.raises(AssertionError):
        stranger.fetch(private.uri)
    plain = amina.server.request("GET", private.uri.removeprefix(amina.server.origin), headers={"Accept": "application/activity+json"})
    assert plain.status_code in (401, 403, 404)


@pytest.mark.usefixtures("friends")
def test_conversations_cross(amina: Person, peer: Peer, zaid: Stranger) -> None:
    ours = amina.app().status_post("What do you read?")
    peer.wait_for("Create")
    theirs = zaid.do("post", content="<p>Poems</p>", inReplyTo=ours.uri, mention=amina.uri)
    mention = notification(amina, "mention")
    assert (mention.status.uri, mention.status.in_reply_to_id) == (theirs, ours.id)
    answer = amina.app().status_reply(mention.status, "Whose?")
    create = peer.wait_for("Create", id=f"{answer.uri}/activity").document["object"]
    assert isinstance(create, dict) and create["inReplyTo"] == theirs
    assert zaid.uri in [*create["to"], *create.get("cc", [])]
    assert [tag["href"] for tag in create["tag"] if tag["type"] == "Mention"] == [zaid.uri]
    context = amina.app().status_context(ours.id)
    assert [status.uri for status in context.descendants] == [theirs, answer.uri]


def test_a_thread_is_fetched_upwards(amina: Person, zaid: Stranger) -> None:
    """A reply arrives whose parents nobody here has seen."""
    root = zaid.do("post", content="Root")
    middle = zaid.do("post", content="Middle", inReplyTo=root)
    leaf = zaid.do("post", content="Leaf", inReplyTo=middle, mention=amina.uri)
    status = notification(amina, "mention").status
    assert status.uri == leaf

    def whole() -> bool:
        return [one.uri for one in amina.app().status_context(status.id).ancestors] == [root, middle]

    eventually(whole, what="both parents are fetched")


@pytest.mark.usefixtures("friends")
def test_they_like_and_boost(amina: Person, zaid: Stranger) -> None:
    status = amina.app().status_post("Like me")
    for verb, kind, counter in (("like", "favourite", "favourites_count"), ("boost", "reblog", "reblogs_count")):
        activity = zaid.do(verb, object=status.uri)
        assert notification(amina, kind, status.id).account.acct == zaid.handle
        assert amina.app().status(status.id)[counter] == 1
        zaid.do("undo", activity=activity)
        eventually(partial(counts, amina, status.id, counter, 0), what=f"{verb} is undone")


@pytest.mark.usefixtures("friends")
def test_they_boost_what_we_have_not_seen(amina: Person, peer: Peer, zaid: Stranger) -> None:
    yara = peer.join("yara")
    uri = yara.do("post", content="<p>Unseen</p>")
    zaid.do("boost", object=uri)
    boost = eventually(lambda: [one for one in amina.app().timeline_home() if one.reblog], what="the boost arrives")[0]
    assert (boost.account.acct, boost.reblog.uri, boost.reblog.account.acct) == (zaid.handle, uri, yara.handle)


@pytest.mark.usefixtures("friends")
def test_we_like_and_boost(amina: Person, peer: Peer, zaid: Stranger) -> None:
    uri = zaid.do("post", content="Like me")
    status = post_at_home(amina, uri)
    app = amina.app()
    for do, undo, kind in ((app.status_favourite, app.status_unfavourite, "Like"), (app.status_reblog, app.status_unreblog, "Announce")):
        do(status.id)
        arrival = peer.wait_for(kind, actor=amina.uri)
        assert arrival.document["object"] == uri
        undo(status.id)
        undone = peer.wait_for("Undo", id=f"{arrival.id}#undo").document["object"]
        assert undone == arrival.id or undone["id"] == arrival.id


@pytest.mark.usefixtures("friends")
def test_profiles_are_kept_current(amina: Person, peer: Peer, zaid: Stranger) -> None:
    zaid.do("rename", content="زيد")
    eventually(lambda: find(amina, zaid.uri).display_name == "زيد", what="the new name arrives")
    amina.app().account_update_credentials(display_name="أمينة", note="Hello")
    person = peer.wait_for("Update", actor=amina.uri).document["object"]
    assert isinstance(person, dict) and (person["type"], person["name"]) == ("Person", "أمينة")


def test_found_by_the_address_of_a_post(amina: Person, zaid: Stranger) -> None:
    uri = zaid.do("post", content="<p>Find me</p>")
    status = find_post(amina, uri)
    assert (status.uri, status.account.acct) == (uri, zaid.handle)
    amina.app().status_favourite(status.id)
    zaid.peer.wait_for("Like")


@pytest.mark.usefixtures("friends")
def test_blocks(amina: Person, peer: Peer, zaid: Stranger) -> None:
    amina.app().account_block(find(amina, zaid.uri).id)
    assert peer.wait_for("Block").document["object"] == zaid.uri
    zaid.do("post", content="@amina hello?", mention=amina.uri)
    never(lambda: amina.app().notifications(types=["mention"]), what="a blocked person is heard")


@pytest.mark.usefixtures("friends")
def test_every_signature_is_good(amina: Person, peer: Peer, zaid: Stranger, scheme: str) -> None:
    for number in range(5):
        amina.app().status_post(f"Post {number}")
    peer.wait_for("Create", id=f"{amina.app().timeline_home()[0].uri}/activity")
    assert [arrival for arrival in peer.arrivals() if not arrival.verified] == []
    creates = peer.arrivals(type="Create")
    assert {arrival.scheme for arrival in creates} == {scheme}, "a host that signs by a scheme is answered in it"
    assert len({arrival.id for arrival in creates}) == len(creates) == 5


@pytest.mark.parametrize("accept", [CAVAGE, RFC_9421])
def test_peers_that_take_only_one_scheme(amina: Person, tmp_path: Path, accept: str) -> None:
    peer = Peer.start(tmp_path / "strict", scheme=accept, accept=accept)
    try:
        zaid = peer.join("zaid")
        follow(amina, zaid.uri)
        zaid.do("follow", object=amina.uri)
        notification(amina, "follow")
        amina.app().status_post("In your scheme")
        assert peer.wait_for("Create").scheme == accept
    finally:
        peer.stop()
