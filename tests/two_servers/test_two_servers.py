"""Two Majlis servers with people on both: everything crosses by federation, everything is done and seen by client API."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mastodon import MastodonNotFoundError

from support.people import counts, find, find_post, follow, gone, notification, post_at_home
from support.pictures import png
from support.server import Majlis, MakeServer, Person
from support.streams import Collector
from support.waiting import eventually, never

pytestmark = pytest.mark.engine


@pytest.fixture
def here(new_server: MakeServer) -> Majlis:
    return new_server()


@pytest.fixture
def there(new_server: MakeServer) -> Majlis:
    return new_server()


@pytest.fixture
def amina(here: Majlis) -> Person:
    return here.join("amina")


@pytest.fixture
def layla(there: Majlis) -> Person:
    return there.join("layla")


@pytest.fixture
def friends(amina: Person, layla: Person) -> None:
    follow(amina, layla.handle)
    follow(layla, amina.handle)


def posted(author: Person, text: str, reader: Person, **more: Any) -> tuple[Any, Any]:
    """Posts, and waits until the reader has it; returns it as each of them sees it."""
    status = author.app().status_post(text, **more)
    return status, post_at_home(reader, status.uri)


def test_follow_and_unfollow(amina: Person, layla: Person) -> None:
    account = follow(amina, layla.handle)
    assert account.acct == layla.handle and account.uri == layla.uri
    assert notification(layla, "follow").account.acct == amina.handle
    assert [one.acct for one in layla.app().account_followers(layla.app().me().id)] == [amina.handle]
    assert [one.acct for one in amina.app().account_following(amina.app().me().id)] == [layla.handle]
    amina.app().account_unfollow(account.id)
    eventually(lambda: layla.app().me().followers_count == 0, what="the unfollow arrives")


def test_follow_requests(amina: Person, layla: Person) -> None:
    layla.app().account_update_credentials(locked=True)
    account = find(amina, layla.handle)
    assert account.locked
    assert amina.app().account_follow(account.id).requested
    request = eventually(layla.app().follow_requests, what="the request arrives")[0]
    layla.app().follow_request_authorize(request.id)
    eventually(lambda: amina.app().account_relationships(account.id)[0].following, what="the acceptance arrives")
    assert layla.app().account_remove_from_followers(request.id)
    eventually(lambda: not amina.app().account_relationships(account.id)[0].following, what="the removal arrives")


@pytest.mark.usefixtures("friends")
def test_posts(amina: Person, layla: Person, tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(png(640, 480))
    media = layla.app().media_post(file, description="A gradient", focus=(0.25, 0.5))
    mine, seen = posted(layla, "مرحبا #تحية https://example.org", amina, spoiler_text="Careful", language="ar", media_ids=[media.id])
    assert (seen.spoiler_text, seen.language, seen.sensitive, seen.visibility) == ("Careful", "ar", True, "public")
    assert [tag.name for tag in seen.tags] == ["تحية"]
    assert seen.created_at == mine.created_at
    attachment = seen.media_attachments[0]
    assert (attachment.type, attachment.description, attachment.blurhash) == ("image", "A gradient", media.blurhash)
    assert (attachment.meta.focus.x, attachment.meta.focus.y) == (0.25, 0.5)
    assert [one.uri for one in amina.server.anonymous().timeline_hashtag("تحية")] == [mine.uri]


@pytest.mark.usefixtures("friends")
def test_edits_and_deletes(amina: Person, layla: Person) -> None:
    mine, seen = posted(layla, "Draft", amina)
    layla.app().status_update(mine.id, "First", spoiler_text="Fixed")
    edited = eventually(lambda: (now := amina.app().status(seen.id)).edited_at and now, what="the edit arrives")
    assert "First" in edited.content and edited.spoiler_text == "Fixed"
    layla.app().status_delete(mine.id)
    gone(amina, seen.id)


@pytest.mark.usefixtures("friends")
def test_replies(amina: Person, layla: Person) -> None:
    mine, seen = posted(layla, "What do you read?", amina)
    answer = amina.app().status_reply(seen, "Poems")
    mention = notification(layla, "mention")
    assert (mention.status.uri, mention.status.in_reply_to_id, mention.account.acct) == (answer.uri, mine.id, amina.handle)
    again = layla.app().status_reply(mention.status, "Whose?")
    assert notification(amina, "mention").status.uri == again.uri
    assert [one.uri for one in amina.app().status_context(seen.id).descendants] == [answer.uri, again.uri]
    assert layla.app().status(mine.id).replies_count == 1
    assert amina.app().status(seen.id).replies_count == 1


@pytest.mark.usefixtures("friends")
def test_favourites_and_boosts(amina: Person, layla: Person) -> None:
    mine, seen = posted(layla, "Like me", amina)
    app = amina.app()
    for do, undo, kind, counter in (
        (app.status_favourite, app.status_unfavourite, "favourite", "favourites_count"),
        (app.status_reblog, app.status_unreblog, "reblog", "reblogs_count"),
    ):
        do(seen.id)
        assert notification(layla, kind, mine.id).account.acct == amina.handle
        assert layla.app().status(mine.id)[counter] == 1
        undo(seen.id)
        eventually(partial(counts, layla, mine.id, counter, 0), what=f"the {kind} is undone")


@pytest.mark.usefixtures("friends")
def test_boosts_reach_followers(here: Majlis, amina: Person, layla: Person) -> None:
    badr = here.join("badr")
    original = badr.app().status_post("Pass it on")
    amina.app().status_reblog(original.id)
    boost = eventually(lambda: [one for one in layla.app().timeline_home() if one.reblog], what="the boost arrives")[0]
    assert (boost.account.acct, boost.reblog.uri, boost.reblog.account.acct) == (amina.handle, original.uri, badr.handle)
    amina.app().status_unreblog(original.id)
    eventually(lambda: not [one for one in layla.app().timeline_home() if one.reblog], what="the boost is taken back")


@pytest.mark.usefixtures("friends")
@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
def test_who_may_see(here: Majlis, amina: Person, layla: Person, visibility: str) -> None:
    badr = here.join("badr")
    status = layla.app().status_post(f"@{amina.handle} between us", visibility=visibility)
    seen = notification(amina, "mention").status
    assert (seen.uri, seen.visibility) == (status.uri, visibility)
    if visibility == "unlisted":
        assert badr.app().status(seen.id).uri == status.uri
    else:
        with pytest.raises(MastodonNotFoundError):
            badr.app().status(seen.id)
    assert here.anonymous().timeline_public() == []


@pytest.mark.usefixtures("friends")
def test_blocks_and_mutes(amina: Person, layla: Person) -> None:
    account = find(amina, layla.handle)
    amina.app().account_block(account.id)
    eventually(lambda: layla.app().me().followers_count == 0 and layla.app().me().following_count == 0, what="the block ends both follows")
    layla.app().status_post(f"@{amina.handle} hello?")
    never(lambda: amina.app().notifications(types=["mention"]), what="a blocked person is heard")
    amina.app().account_unblock(account.id)
    follow(amina, layla.handle)
    amina.app().account_mute(account.id)
    status = layla.app().status_post("Muted")
    eventually(lambda: status.uri in [one.uri for one in amina.app().account_statuses(account.id)], what="the post arrives")
    assert amina.app().timeline_home() == []


@pytest.mark.usefixtures("friends")
def test_profiles(amina: Person, layla: Person) -> None:
    layla.app().account_update_credentials(
        display_name="ليلى", note="Writes.", fields=[("Site", "https://example.org")], avatar=png(200, 200), avatar_mime_type="image/png"
    )

    def current() -> bool:
        seen = find(amina, layla.handle)
        return seen.display_name == "ليلى" and [field.name for field in seen.fields] == ["Site"] and "missing" not in seen.avatar

    eventually(current, what="the profile arrives")
    assert "Writes." in find(amina, layla.handle).note


def test_posts_found_by_address(amina: Person, layla: Person) -> None:
    status = layla.app().status_post("Find me")
    for address in (status.url, status.uri):
        assert find_post(amina, address).uri == status.uri
    reply = amina.app().status_reply(find_post(amina, status.uri), "Found")
    assert notification(layla, "mention").status.uri == reply.uri


@pytest.mark.usefixtures("friends")
def test_pins(amina: Person, layla: Person) -> None:
    mine, seen = posted(layla, "Pinned", amina)
    layla.app().status_pin(mine.id)
    account = find(amina, layla.handle)
    eventually(lambda: [one.id for one in amina.app().account_statuses(account.id, pinned=True)] == [seen.id], what="the pin arrives")


@pytest.mark.usefixtures("friends")
def test_what_arrives_is_streamed(amina: Person, layla: Person) -> None:
    heard = Collector()
    stream = amina.app().stream_user(heard, run_async=True)
    try:
        eventually(stream.is_receiving, what="the stream is open")
        status = layla.app().status_post(f"@{amina.handle} live")
        assert heard.wait_for("update").payload.uri == status.uri
        assert heard.wait_for("notification").payload.status.uri == status.uri
    finally:
        stream.closed = True  # close() would wait for the stream's next sign of life


@pytest.mark.usefixtures("friends")
def test_a_server_that_was_away_catches_up(there: Majlis, amina: Person, layla: Person) -> None:
    there.kill()
    statuses = [amina.app().status_post(f"While you were away {number}") for number in range(3)]
    there.start()
    for status in statuses:
        post_at_home(layla, status.uri, seconds=90)


@pytest.mark.usefixtures("friends")
def test_a_deleted_account_is_gone_everywhere(there: Majlis, amina: Person, layla: Person) -> None:
    _, seen = posted(layla, "Remember me", amina)
    there.run("account", "delete", "layla")
    gone(amina, seen.id)
    eventually(lambda: amina.app().me().followers_count == 0, what="their follow is gone")
    actor = there.request("GET", "/users/layla", headers={"Accept": "application/activity+json"})
    assert actor.status_code == 410
