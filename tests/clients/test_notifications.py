"""Notifications in groups, and those that a policy keeps apart, by Mastodon.py."""

import pytest
from mastodon import Mastodon, MastodonNotFoundError

from support.server import Majlis, Person
from support.streams import Collector
from support.waiting import eventually

pytestmark = pytest.mark.engine


def test_likes_come_in_a_group(server: Majlis, amina: Person, badr: Person) -> None:
    a = amina.app()
    mine = a.status_post("hello")
    fans = [badr.app(), server.join("celia").app(), server.join("dina").app()]
    for fan in fans:
        fan.status_favourite(mine.id)
    fans[0].status_post("@amina hi")
    found = a.grouped_notifications(expand_accounts="full")
    mention, likes = found.notification_groups
    assert (mention.type, likes.type, likes.notifications_count) == ("mention", "favourite", 3)
    assert [str(id) for id in likes.sample_account_ids] == [str(fan.me().id) for fan in reversed(fans)]
    assert {account.acct for account in found.accounts} == {"badr", "celia", "dina"}
    assert str(likes.status_id) == str(mine.id)
    assert int(likes.most_recent_notification_id) > 0
    assert a.unread_grouped_notifications_count() == 2
    partly = a.grouped_notifications(expand_accounts="partial_avatars")
    assert [account.acct for account in partly.partial_accounts] == ["celia"]
    one = a.grouped_notification(likes.group_key)
    assert one.notification_groups[0].notifications_count == 3
    assert {account.acct for account in a.grouped_notification_accounts(likes.group_key)} == {"badr", "celia", "dina"}
    assert len(a.grouped_notifications(grouped_types=["reblog"]).notification_groups) == 4
    a.dismiss_grouped_notification(likes.group_key)
    with pytest.raises(MastodonNotFoundError):
        a.grouped_notification(likes.group_key)
    assert [notification.type for notification in a.notifications()] == ["mention"]


def test_strangers_wait_until_they_are_accepted(amina: Person, badr: Person) -> None:
    a: Mastodon = amina.app()
    policy = a.update_notifications_policy(for_not_following="filter")
    assert (policy.for_not_following, policy.for_not_followers) == ("filter", "accept")
    heard = Collector()
    stream = a.stream_user(heard, run_async=True)
    badr.app().status_post("@amina hi")
    assert a.notifications() == []
    assert a.notifications_policy().summary.pending_requests_count == 1
    (request,) = a.notification_requests()
    assert (request.account.acct, int(request.notifications_count)) == ("badr", 1)
    assert a.notification_request(request.id).last_status.account.acct == "badr"
    a.accept_notification_request(request.id)
    eventually(lambda: len(a.notifications()) == 1, what="the accepted notification")
    heard.wait_for("notifications_merged")
    assert a.notifications_merged()
    badr.app().status_post("@amina hi again")
    assert len(a.notifications()) == 2
    assert a.notification_requests() == []
    stream.close()


def test_what_is_dismissed_goes(amina: Person, badr: Person) -> None:
    a = amina.app()
    a.update_notifications_policy(for_not_following="filter")
    badr.app().status_post("@amina hi")
    a.dismiss_multiple_notification_requests([request.id for request in a.notification_requests()])
    assert a.notification_requests() == []
    assert a.notifications_policy().summary.pending_notifications_count == 0
