"""Mastodon.py among people: whole servers blocked, people endorsed, reported and recommended; and what one keeps for oneself."""

import pytest
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError

from support.server import Majlis, Person

pytestmark = pytest.mark.engine


@pytest.fixture
def a(amina: Person) -> Mastodon:
    return amina.app()


@pytest.fixture
def b(badr: Person) -> Mastodon:
    return badr.app()


def test_blocking_servers(a: Mastodon, server: Majlis) -> None:
    assert a.domain_blocks() == []
    a.domain_block("spam.example")
    a.domain_block("Worse.Example")
    assert list(a.domain_blocks()) == ["worse.example", "spam.example"]
    a.domain_unblock("spam.example")
    assert list(a.domain_blocks()) == ["worse.example"]
    with pytest.raises(MastodonAPIError, match="Domain"):
        a.domain_block(server.domain)


def test_endorsing(a: Mastodon, b: Mastodon) -> None:
    them = b.me()
    with pytest.raises(MastodonAPIError):
        a.account_pin(them.id)
    a.account_follow(them.id)
    assert a.account_pin(them.id).endorsed
    assert [account.acct for account in a.endorsements()] == ["badr"]
    assert a.account_relationships(them.id)[0].endorsed
    assert not a.account_unpin(them.id).endorsed
    assert a.endorsements() == []


def test_reporting(a: Mastodon, b: Mastodon) -> None:
    status = b.status_post("buy this")
    report = a.report(b.me().id, status_ids=[status.id], comment="Spam", category="spam")
    assert (report.category, report.comment, report.action_taken, report.forwarded) == ("spam", "Spam", False, False)
    assert [str(id) for id in report.status_ids] == [str(status.id)]
    assert report.target_account.acct == "badr"
    with pytest.raises(MastodonNotFoundError):
        a.report(b.me().id, status_ids=[a.status_post("mine").id])


def test_familiar_followers(a: Mastodon, b: Mastodon) -> None:
    assert a.account_familiar_followers(b.me().id)[0].accounts == []


def test_collections(amina: Person, a: Mastodon, badr: Person, b: Mastodon) -> None:
    b.account_update_credentials(discoverable=True)
    them = b.me()
    assert a.account(them.id).feature_approval.current_user == "automatic"
    made = amina.request("POST", "/api/v1/collections", json={"name": "Nice", "account_ids": [str(them.id)]}).json()["collection"]
    assert [item["account_id"] for item in made["items"]] == [str(them.id)]
    status = a.status_post(f"look: {made['url']}")
    assert status.tagged_collections[0].name == "Nice"
    assert [n.type for n in b.notifications()] == ["added_to_collection"]
    item = made["items"][0]["id"]
    badr.request("POST", f"/api/v1/collections/{made['id']}/items/{item}/revoke").raise_for_status()
    assert amina.request("GET", f"/api/v1/collections/{made['id']}").json()["collection"]["items"] == []


def test_what_one_keeps_for_oneself(amina: Person, a: Mastodon, b: Mastodon, badr: Person) -> None:
    draft = amina.request("POST", "/api/ext/v1/drafts", json={"status": "half a th"}).json()
    assert amina.request("GET", "/api/ext/v1/drafts").json()[0]["params"]["text"] == "half a th"
    assert badr.request("GET", f"/api/ext/v1/drafts/{draft['id']}").status_code == 404
    status = b.status_post("keep this")
    folder = amina.request("POST", "/api/v1/pleroma/bookmark_folders", json={"name": "Recipes"}).json()
    amina.request("POST", f"/api/v1/statuses/{status.id}/bookmark", json={"folder_id": folder["id"]}).raise_for_status()
    kept = amina.request("GET", "/api/v1/bookmarks", params={"folder_id": folder["id"]}).json()
    assert [one["id"] for one in kept] == [str(status.id)]
    circle = amina.request("POST", "/api/ext/v1/circles", json={"title": "Friends"}).json()
    members = f"/api/ext/v1/circles/{circle['id']}/accounts"
    amina.request("POST", members, json={"account_ids": [str(b.me().id)]}).raise_for_status()
    told = amina.request("POST", "/api/v1/statuses", json={"status": "only you", "circle_id": circle["id"]}).json()
    assert told["visibility"] == "direct" and b.status(told["id"]).content == "<p>only you</p>"
    amina.request("POST", f"/api/ext/v1/statuses/{status.id}/watch").raise_for_status()
    b.status_post("more", in_reply_to_id=status.id)
    assert [n.type for n in a.notifications()] == ["status"]
    assert amina.request("GET", "/api/v1/annual_reports/2020/state").json() == {"state": "ineligible"}
