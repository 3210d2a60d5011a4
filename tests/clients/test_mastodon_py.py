"""Mastodon.py walks the client API against the real binary, one subject a test."""

import datetime
from pathlib import Path

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

from support.pictures import png, with_camera_notes
from support.server import Majlis, Person
from support.waiting import eventually

pytestmark = pytest.mark.engine


@pytest.fixture
def a(amina: Person) -> Mastodon:
    return amina.app()


@pytest.fixture
def b(badr: Person) -> Mastodon:
    return badr.app()


def befriend(follower: Mastodon, followed: Mastodon) -> None:
    assert follower.account_follow(followed.me().id).following


# --- the server says what it is


def test_instance(server: Majlis) -> None:
    anonymous = server.anonymous()
    v1, v2 = anonymous.instance_v1(), anonymous.instance_v2()
    assert v2.domain == server.domain == v1.uri
    assert v2.version.startswith("4.") and "Majlis" in v2.version
    assert v1.urls.streaming_api == v2.configuration.urls.streaming == server.origin.replace("http", "ws")
    assert v2.configuration.statuses.max_characters >= 500
    assert "image/png" in v2.configuration.media_attachments.supported_mime_types
    assert v2.api_versions.mastodon >= 1
    assert v2.registrations.enabled is True
    assert anonymous.instance_nodeinfo().software.name == "majlis"
    assert anonymous.instance_health()
    assert anonymous.custom_emojis() == []
    assert anonymous.instance_rules() == []


def test_preferences(a: Mastodon, amina: Person) -> None:
    preferences = a.preferences()
    assert preferences["posting:default:visibility"] == "public"
    assert preferences["posting:default:sensitive"] is False
    assert preferences["reading:expand:media"] == "default"
    assert preferences["reading:expand:spoilers"] is False
    a.account_update_credentials(default_privacy="unlisted", default_sensitive=True, default_language="ar")
    assert a.preferences()["posting:default:visibility"] == "unlisted"
    # Mastodon.py always says whether a post is sensitive, and what is said counts; an app that leaves it out gets the default.
    status = a.status_post("x")
    assert (status.visibility, status.sensitive) == ("unlisted", False)
    status = amina.request("POST", "/api/v1/statuses", data={"status": "y"}).json()
    assert (status["visibility"], status["sensitive"]) == ("unlisted", True)
    assert a.me().source.language == "ar"


def test_boot_calls_answer(a: Mastodon) -> None:
    """What apps call between logging in and showing the first screen."""
    assert a.lists() == []
    assert a.follow_requests() == []
    assert a.announcements() == []
    assert a.notifications() == []
    assert a.timeline_home() == []
    assert a.conversations() == []
    assert a.filters_v2() == []
    assert a.followed_tags() == []
    assert isinstance(a.instance_peers(), list)


# --- accounts


def test_profile(server: Majlis, a: Mastodon, b: Mastodon) -> None:
    avatar = png(400, 400)
    changed = a.account_update_credentials(
        display_name="أمينة", note="Reads #books.\n\nWrites too.", avatar=avatar, avatar_mime_type="image/png", header=png(900, 300),
        header_mime_type="image/png", bot=False, discoverable=True, fields=[("Site", "https://example.org"), ("عن", "كتب")],
    )  # fmt: skip
    assert changed.display_name == "أمينة"
    assert changed.source.note == "Reads #books.\n\nWrites too."
    assert [(field.name, field.value) for field in changed.source.fields] == [("Site", "https://example.org"), ("عن", "كتب")]
    seen = b.account_lookup("amina")
    assert seen.id == changed.id
    assert seen.note.startswith("<p>") and "/tags/books" in seen.note
    assert 'href="https://example.org' in seen.fields[0].value
    assert seen.avatar.startswith(server.origin) and seen.header.startswith(server.origin)
    assert seen.discoverable is True
    stored = server.request("GET", seen.avatar.removeprefix(server.origin))
    assert stored.status_code == 200 and stored.headers["Content-Type"].startswith("image/")
    assert a.me().source.privacy == "public"


def test_looking_for_accounts(a: Mastodon, b: Mastodon, badr: Person) -> None:
    assert [account.acct for account in a.account_search("bad")] == ["badr"]
    assert a.account_lookup(badr.handle).username == "badr"
    assert a.account(b.me().id).acct == "badr"
    assert {account.acct for account in a.accounts([a.me().id, b.me().id])} == {"amina", "badr"}
    with pytest.raises(MastodonNotFoundError):
        a.account_lookup("nobody")


def test_following(a: Mastodon, b: Mastodon) -> None:
    them = b.me()
    followed = a.account_follow(them.id, reblogs=False, notify=True)
    assert followed.following and not followed.showing_reblogs and followed.notifying
    assert a.account_relationships(them.id)[0].following
    assert b.account_relationships([a.me().id, them.id])[0].followed_by
    assert [account.acct for account in a.account_following(a.me().id)] == ["badr"]
    assert [account.acct for account in a.account_followers(them.id)] == ["amina"]
    assert (a.me().following_count, b.me().followers_count) == (1, 1)
    again = a.account_follow(them.id)
    assert again.showing_reblogs, "following again changes the settings"
    assert b.me().followers_count == 1
    assert not a.account_unfollow(them.id).following
    assert (a.me().following_count, b.me().followers_count) == (0, 0)


def test_follow_requests_of_a_locked_account(a: Mastodon, b: Mastodon) -> None:
    b.account_update_credentials(locked=True)
    asked = a.account_follow(b.me().id)
    assert asked.requested and not asked.following
    assert [account.acct for account in b.follow_requests()] == ["amina"]
    assert [n.type for n in b.notifications()] == ["follow_request"]
    b.status_post("For followers", visibility="private")
    assert a.timeline_home() == []
    assert b.follow_request_authorize(a.me().id).followed_by
    assert a.account_relationships(b.me().id)[0].following
    assert [status.visibility for status in a.timeline_home()] == ["private"]
    assert b.follow_requests() == []

    a.account_unfollow(b.me().id)
    a.account_follow(b.me().id)
    b.follow_request_reject(a.me().id)
    rejected = a.account_relationships(b.me().id)[0]
    assert not rejected.following and not rejected.requested


def test_removing_a_follower(a: Mastodon, b: Mastodon) -> None:
    befriend(a, b)
    assert not b.account_remove_from_followers(a.me().id).followed_by
    assert b.account_followers(b.me().id) == []


def test_muting(a: Mastodon, b: Mastodon) -> None:
    befriend(a, b)
    b.status_post("Loud")
    assert len(a.timeline_home()) == 1
    muted = a.account_mute(b.me().id)
    assert muted.muting and muted.muting_notifications
    assert a.timeline_home() == []
    assert [account.acct for account in a.mutes()] == ["badr"]
    b.status_post("@amina hear me")
    assert a.notifications() == []
    assert not a.account_unmute(b.me().id).muting
    assert len(a.timeline_home()) == 2


def test_blocking(a: Mastodon, b: Mastodon) -> None:
    befriend(a, b)
    befriend(b, a)
    post = a.status_post("Not for everybody")
    assert a.account_block(b.me().id).blocking
    relation = a.account_relationships(b.me().id)[0]
    assert not relation.following and not relation.followed_by, "a block ends both follows"
    assert b.account_relationships(a.me().id)[0].blocked_by
    # By id: the author's counters inside the post have changed with the follows that the block ended.
    assert b.timeline_home() == [] and [found.id for found in a.timeline_home()] == [post.id]
    assert [account.acct for account in a.blocks()] == ["badr"]
    with pytest.raises(MastodonAPIError):
        b.account_follow(a.me().id)
    with pytest.raises(MastodonNotFoundError):
        b.status(post.id)
    b.status_post("@amina still here")
    assert a.notifications() == []
    assert [account.acct for account in a.search("badr").accounts] == ["badr"], "toot finds whom to unblock by search"
    assert not a.account_unblock(b.me().id).blocking


# --- posts


def test_posting(server: Majlis, a: Mastodon) -> None:
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1)
    status = a.status_post("Hello https://example.org/a?b=c #Café and #سلام", visibility="public", language="en")
    assert before < status.created_at
    assert status.content.startswith("<p>Hello ")
    assert 'href="https://example.org/a?b=c"' in status.content
    assert {tag.name for tag in status.tags} == {"café", "سلام"}
    assert status.uri == f"{server.origin}/users/amina/statuses/{status.id}"
    assert status.url == f"{server.origin}/@amina/{status.id}"
    assert status.language == "en" and status.visibility == "public"
    assert (status.replies_count, status.reblogs_count, status.favourites_count) == (0, 0, 0)
    assert status.application is None or status.application.name
    assert a.status(status.id) == status
    assert [found.id for found in a.statuses([status.id])] == [status.id]
    assert [found.id for found in a.account_statuses(a.me().id)] == [status.id]
    assert a.me().statuses_count == 1
    assert [found.id for found in server.anonymous().timeline_public()] == [status.id]
    assert [found.id for found in server.anonymous().timeline_local()] == [status.id]
    assert [found.id for found in server.anonymous().timeline_hashtag("CAFÉ")] == [status.id]


def test_language_is_detected(a: Mastodon) -> None:
    assert a.status_post("هذا منشور طويل بما يكفي لمعرفة لغته من كلماته وحدها").language == "ar"


def test_content_warning(a: Mastodon) -> None:
    status = a.status_post("The butler did it", spoiler_text="The end of the book", sensitive=True)
    assert (status.spoiler_text, status.sensitive) == ("The end of the book", True)


@pytest.mark.parametrize(
    ("visibility", "stranger", "follower"), [("public", 1, 1), ("unlisted", 1, 1), ("private", 0, 1), ("direct", 0, 0)]
)
def test_who_may_see(server: Majlis, a: Mastodon, b: Mastodon, visibility: str, stranger: int, follower: int) -> None:
    befriend(b, a)
    status = a.status_post("Between us", visibility=visibility)
    c = server.join("carim").app()
    for reader, may in ((c, stranger), (b, follower), (server.anonymous(), stranger)):
        assert len(reader.account_statuses(a.me().id)) == may
        if may:
            assert reader.status(status.id).visibility == visibility
        else:
            with pytest.raises(MastodonNotFoundError):
                reader.status(status.id)
    assert len(b.timeline_home()) == follower
    assert len(server.anonymous().timeline_public()) == (visibility == "public")
    assert len(c.search("between", result_type="statuses").statuses) <= stranger


def test_a_direct_post_reaches_whom_it_mentions(a: Mastodon, b: Mastodon) -> None:
    # A stranger's letter waits in a request; that of somebody whom one follows does not.
    b.account_follow(a.me().id)
    status = a.status_post("@badr psst", visibility="direct")
    assert [mention.acct for mention in status.mentions] == ["badr"]
    assert b.status(status.id).visibility == "direct"
    assert [n.status.id for n in b.notifications(types=["mention"])] == [status.id]


def test_editing(a: Mastodon, b: Mastodon) -> None:
    status = a.status_post("Draft", spoiler_text="")
    b.status_reblog(status.id)
    edited = a.status_update(status.id, "First", spoiler_text="Fixed")
    assert edited.id == status.id and edited.edited_at is not None
    assert "First" in edited.content and edited.spoiler_text == "Fixed"
    history = a.status_history(status.id)
    assert ["Draft" in history[0].content, "First" in history[1].content] == [True, True]
    assert a.status_source(status.id).text == "First"
    assert a.status_source(status.id).spoiler_text == "Fixed"
    assert [n.type for n in b.notifications(types=["update"])] == ["update"], "who boosted is told of an edit"
    with pytest.raises(MastodonAPIError):
        b.status_update(status.id, "Mine now")


def test_deleting(a: Mastodon, b: Mastodon) -> None:
    status = a.status_post("Gone soon #gone")
    b.status_reblog(status.id)
    b.status_favourite(status.id)
    deleted = a.status_delete(status.id)
    assert deleted.text == "Gone soon #gone", "what a client redrafts from"
    for reader in (a, b):
        with pytest.raises(MastodonNotFoundError):
            reader.status(status.id)
    assert b.account_statuses(b.me().id) == [] and b.favourites() == []
    assert a.timeline_hashtag("gone") == [] and a.notifications() == []
    assert a.me().statuses_count == 0
    with pytest.raises(MastodonNotFoundError):
        a.status_delete(status.id)


def test_threads(a: Mastodon, b: Mastodon) -> None:
    root = a.status_post("One")
    first = b.status_reply(root, "Two")
    second = a.status_reply(first, "Three")
    aside = b.status_reply(root, "Aside")
    assert (first.in_reply_to_id, first.in_reply_to_account_id) == (root.id, a.me().id)
    assert [mention.acct for mention in first.mentions] == ["amina"]
    context = a.status_context(first.id)
    assert [status.id for status in context.ancestors] == [root.id]
    assert [status.id for status in context.descendants] == [second.id]
    whole = a.status_context(root.id)
    assert whole.ancestors == []
    assert {status.id for status in whole.descendants} == {first.id, second.id, aside.id}
    assert a.status(root.id).replies_count == 2
    assert [status.id for status in a.account_statuses(b.me().id, exclude_replies=True)] == []
    b.status_delete(first.id)
    assert a.status(root.id).replies_count == 1
    assert a.status(second.id).id == second.id, "an answer outlives its question"


def test_favourites(a: Mastodon, b: Mastodon) -> None:
    status = a.status_post("Like this")
    liked = b.status_favourite(status.id)
    assert liked.favourited and liked.favourites_count == 1
    assert b.status_favourite(status.id).favourites_count == 1, "once is once"
    assert [account.acct for account in a.status_favourited_by(status.id)] == ["badr"]
    assert [found.id for found in b.favourites()] == [status.id]
    assert not a.status(status.id).favourited
    undone = b.status_unfavourite(status.id)
    assert not undone.favourited and undone.favourites_count == 0
    assert b.favourites() == []


def test_boosts(server: Majlis, a: Mastodon, b: Mastodon) -> None:
    c = server.join("carim").app()
    befriend(c, b)
    status = a.status_post("Pass it on")
    boost = b.status_reblog(status.id)
    assert boost.id != status.id and boost.reblog.id == status.id
    assert boost.reblog.reblogged and boost.reblog.reblogs_count == 1
    assert [found.reblog.id for found in c.timeline_home()] == [status.id]
    assert [account.acct for account in a.status_reblogged_by(status.id)] == ["badr"]
    assert [found.id for found in c.account_statuses(b.me().id, exclude_reblogs=True)] == []
    undone = b.status_unreblog(status.id)
    assert undone.id == status.id and not undone.reblogged and undone.reblogs_count == 0
    assert c.timeline_home() == []
    private = a.status_post("Stays here", visibility="private")
    befriend(b, a)
    with pytest.raises(MastodonAPIError):
        b.status_reblog(private.id)


def test_bookmarks(a: Mastodon, b: Mastodon) -> None:
    status = a.status_post("Read later")
    assert b.status_bookmark(status.id).bookmarked
    assert [found.id for found in b.bookmarks()] == [status.id]
    assert not a.status(status.id).bookmarked and a.bookmarks() == []
    assert not b.status_unbookmark(status.id).bookmarked
    assert b.bookmarks() == []


def test_pins(a: Mastodon, b: Mastodon) -> None:
    first, second = a.status_post("Pinned"), a.status_post("Not pinned")
    assert a.status_pin(first.id).pinned
    assert [found.id for found in b.account_statuses(a.me().id, pinned=True)] == [first.id]
    assert {found.id for found in b.account_statuses(a.me().id)} == {first.id, second.id}
    with pytest.raises(MastodonAPIError):
        b.status_pin(second.id)
    assert not a.status_unpin(first.id).pinned
    assert b.account_statuses(a.me().id, pinned=True) == []


def test_muting_a_conversation(a: Mastodon, b: Mastodon) -> None:
    status = a.status_post("Quiet please")
    assert a.status_mute(status.id).muted
    reply = b.status_reply(status, "No")
    b.status_favourite(status.id)
    assert a.notifications() == []
    assert a.status(reply.id).muted, "the whole conversation is"
    assert not a.status_unmute(reply.id).muted
    assert not a.status(status.id).muted
    b.status_reply(status, "Still no")
    assert [notification.type for notification in a.notifications()] == ["mention"]


def test_the_same_key_posts_once(a: Mastodon) -> None:
    first = a.status_post("Once", idempotency_key="key-1")
    second = a.status_post("Once", idempotency_key="key-1")
    other = a.status_post("Once", idempotency_key="key-2")
    assert first.id == second.id != other.id
    assert a.me().statuses_count == 2


def test_refused_posts(a: Mastodon) -> None:
    for text in ("", "   ", "x" * 100_000):
        with pytest.raises(MastodonAPIError) as refused:
            a.status_post(text)
        assert refused.value.args[1] == 422, refused.value
    with pytest.raises(MastodonAPIError):
        a.status_post("To nobody", in_reply_to_id="1")
    assert a.me().statuses_count == 0


# --- notifications


def test_notifications(a: Mastodon, b: Mastodon) -> None:
    befriend(b, a)
    status = a.status_post("News")
    b.status_favourite(status.id)
    b.status_reblog(status.id)
    b.status_reply(status, "Really?")
    all_of_them = a.notifications()
    assert [n.type for n in all_of_them] == ["mention", "reblog", "favourite", "follow"]
    assert {n.account.acct for n in all_of_them} == {"badr"}
    assert all_of_them[1].status.id == all_of_them[2].status.id == status.id
    assert [n.type for n in a.notifications(types=["follow"])] == ["follow"]
    assert [n.type for n in a.notifications(exclude_types=["follow", "reblog"])] == ["mention", "favourite"]
    assert a.notifications(id=all_of_them[0].id).id == all_of_them[0].id
    assert a.notifications_unread_count().count == 4
    a.notifications_dismiss(all_of_them[0].id)
    assert len(a.notifications()) == 3
    b.status_unfavourite(status.id)
    assert [n.type for n in a.notifications()] == ["reblog", "follow"]
    a.notifications_clear()
    assert a.notifications() == []


# --- lists, markers, search, media


def test_lists(a: Mastodon, b: Mastodon) -> None:
    befriend(a, b)
    friends = a.list_create("Friends", replies_policy="none", exclusive=True)
    assert (friends.title, friends.replies_policy, friends.exclusive) == ("Friends", "none", True)
    a.list_accounts_add(friends.id, [b.me().id])
    assert [account.acct for account in a.list_accounts(friends.id)] == ["badr"]
    assert [found.id for found in a.account_lists(b.me().id)] == [friends.id]
    status = b.status_post("To my friends")
    assert [found.id for found in a.timeline_list(friends.id)] == [status.id]
    assert a.timeline_home() == [], "an exclusive list keeps its members out of the home timeline"
    assert a.list_update(friends.id, "Old friends", replies_policy="list", exclusive=False).title == "Old friends"
    assert len(a.timeline_home()) == 1
    a.list_accounts_delete(friends.id, [b.me().id])
    assert a.timeline_list(friends.id) == []
    with pytest.raises(MastodonNotFoundError):
        b.list(friends.id)
    a.list_delete(friends.id)
    assert a.lists() == []


def test_markers(a: Mastodon) -> None:
    status = a.status_post("Read up to here")
    assert a.markers_get(["home", "notifications"]) == {}
    a.markers_set(["home"], [status.id])
    saved = a.markers_get(["home", "notifications"])
    assert list(saved) == ["home"]
    assert str(saved["home"].last_read_id) == str(status.id) and saved["home"].version >= 0


def test_search(a: Mastodon, b: Mastodon, badr: Person) -> None:
    status = b.status_post("الكتابُ الجديد في المكتبة #قراءة")
    assert a.search("كتاب").statuses == [], "who has not consented is not found by words (FEP-5feb)"
    assert badr.request("PATCH", "/api/v1/accounts/update_credentials", data={"indexable": "true"}).ok
    results = eventually(lambda: (found := a.search("كتاب")) and found.statuses and found, what="the post is found")
    assert [found.id for found in results.statuses] == [status.id], "without marks and the article"
    assert [tag.name for tag in a.search("قراءة").hashtags] == ["قراءة"]
    assert [account.acct for account in a.search("@badr").accounts] == ["badr"]
    assert [account.acct for account in a.search(badr.uri).accounts] == ["badr"], "a local URL leads home"
    assert [found.id for found in a.search(status.url).statuses] == [status.id]
    only = a.search("badr", result_type="hashtags")
    assert only.accounts == [] and only.statuses == []


def test_pictures(server: Majlis, a: Mastodon, tmp_path: Path) -> None:
    picture = with_camera_notes(png(1600, 1200), b"Secret Camera")
    file = tmp_path / "holiday.png"
    file.write_bytes(picture)
    media = a.media_post(file, description="A hill", focus=(0.5, -0.25), synchronous=True)
    assert (media.type, media.description) == ("image", "A hill")
    assert (media.meta.original.width, media.meta.original.height) == (1600, 1200)
    assert (media.meta.focus.x, media.meta.focus.y) == (0.5, -0.25)
    assert media.meta.small.width * media.meta.small.height <= 640 * 640
    assert a.decode_blurhash(media, out_size=(4, 4))
    assert a.media_update(media.id, description="A green hill").description == "A green hill"
    status = a.status_post("Look", media_ids=[media.id], sensitive=True)
    assert [found.id for found in status.media_attachments] == [media.id] and status.sensitive
    assert status.media_attachments[0].description == "A green hill"
    for url in (media.url, media.preview_url):
        stored = server.request("GET", url.removeprefix(server.origin))
        assert stored.status_code == 200 and stored.headers["Content-Type"].startswith("image/")
        assert b"Secret Camera" not in stored.content, "what a camera wrote is not published"
        assert stored.headers["X-Content-Type-Options"] == "nosniff"
    assert [found.id for found in a.account_statuses(a.me().id, only_media=True)] == [status.id]
    # Mastodon.py adds the ids to media_ids itself, and fails when it is given both.
    changed = a.status_update(status.id, "Look!", media_attributes=[a.generate_media_edit_attributes(media.id, description="Hill")])
    assert changed.media_attachments[0].description == "Hill"


def test_what_only_looks_like_a_picture(a: Mastodon) -> None:
    for content in (b"<html><script>alert(1)</script>", b"\x89PNG\r\n\x1a\nbroken", b""):
        with pytest.raises(MastodonAPIError) as refused:
            a.media_post(content, mime_type="image/png", file_name="x.png")
        assert refused.value.args[1] == 422, refused.value


def test_somebody_elses_picture(a: Mastodon, b: Mastodon) -> None:
    media = a.media_post(png(20, 20), mime_type="image/png", file_name="mine.png")
    with pytest.raises(MastodonAPIError):
        b.status_post("Mine now", media_ids=[media.id])


# --- hashtags, search, discovery


def test_followed_hashtags_fill_home(a: Mastodon, b: Mastodon) -> None:
    tag = a.tag_follow("Camels")
    assert (tag.name, tag.following) == ("Camels", True)
    assert [t.name for t in a.followed_tags()] == ["Camels"]
    status = b.status_post("a walk #camels")
    assert [s.id for s in a.timeline_home()] == [status.id]
    assert a.tag("camels").history[0].uses in (1, "1")
    assert a.tag_unfollow("camels").following is False
    assert a.followed_tags() == []
    assert a.timeline_home() == []


def test_featured_hashtags(a: Mastodon, amina: Person) -> None:
    a.status_post("one #coffee")
    a.status_post("two #tea")
    assert {tag.name for tag in a.featured_tag_suggestions()} == {"coffee", "tea"}
    featured = a.featured_tag_create("Coffee")
    assert (featured.name, int(featured.statuses_count)) == ("Coffee", 1)
    assert [tag.name for tag in a.featured_tags()] == ["Coffee"]
    assert [tag.name for tag in a.account_featured_tags(a.me().id)] == ["Coffee"]
    assert len(a.account_statuses(a.me().id, tagged="coffee")) == 1
    with pytest.raises(MastodonAPIError):
        a.featured_tag_create("coffee")
    a.featured_tag_delete(featured)
    assert a.featured_tags() == []


def test_search_by_operators(a: Mastodon, b: Mastodon) -> None:
    mine = a.status_post("a garden of roses", language="en")
    answer = a.status_post("roses need water", in_reply_to_id=mine.id)
    assert [s.id for s in a.search_v2("roses", result_type="statuses").statuses] == [answer.id, mine.id]
    assert [s.id for s in a.search_v2("roses -is:reply from:me", result_type="statuses").statuses] == [mine.id]
    assert [s.id for s in a.search_v2('"need water"', result_type="statuses").statuses] == [answer.id]
    assert b.search_v2("roses", result_type="statuses").statuses == []
    with pytest.raises(MastodonAPIError):
        a.search_v2("roses before:soon")
    assert a.search_v1("roses").statuses[0].id == answer.id


def test_discovery(a: Mastodon, b: Mastodon) -> None:
    assert a.trending_tags() == a.trends() == []
    assert a.trending_statuses() == []
    assert a.trending_links() == []
    b.account_update_credentials(discoverable=True)
    b.status_post("here I am")
    assert [account.id for account in a.directory()] == [b.me().id]
    assert a.directory(local=True, order="new")[0].id == b.me().id
    assert all(suggestion.account.id != a.me().id for suggestion in a.suggestions())
    a.suggestion_delete(b.me().id)
    assert a.suggestions_v1() == []
