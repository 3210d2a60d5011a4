"""What whoever runs the server says by the command line, as apps hear it: announcements, rules, terms, emoji."""

from pathlib import Path

import pytest
from mastodon import MastodonAPIError, MastodonNotFoundError

from support.pictures import png
from support.server import Majlis, Person
from support.streams import Collector
from support.waiting import eventually

pytestmark = pytest.mark.engine


def test_announcements(server: Majlis, amina: Person, badr: Person) -> None:
    a, b = amina.app(), badr.app()
    heard = Collector()
    stream = a.stream_user(heard, run_async=True)
    number = server.run(
        "announcement",
        "create",
        "@amina and everybody: tea at five #Tea",
        "--language",
        "en",
        "--translation",
        "ar=الشاي في الخامسة",
        "--ends",
        "2096-01-31",
    ).strip()
    assert number in server.run("announcement", "list")
    (told,) = a.announcements()
    assert (str(told.id), told.read, told.all_day) == (number, False, True)
    assert [m.acct for m in told.mentions] == ["amina"] and [t["name"] for t in told.tags] == ["Tea"]
    assert str(heard.wait_for("announcement").payload.id) == number
    b.announcement_reaction_create(told.id, "🫖")
    (reaction,) = a.announcements()[0].reactions
    assert (reaction.name, reaction.count, reaction.me) == ("🫖", 1, False)
    with pytest.raises(MastodonAPIError):
        b.announcement_reaction_create(told.id, "tea")
    b.announcement_reaction_delete(told.id, "🫖")
    a.announcement_dismiss(told.id)
    assert a.announcements() == [] and len(b.announcements()) == 1
    server.run("announcement", "delete", number)
    assert b.announcements() == []
    stream.close()


def test_emoji(server: Majlis, amina: Person, tmp_path: Path) -> None:
    a = amina.app()
    picture = tmp_path / "blobcat.png"
    picture.write_bytes(png(300, 300))
    server.run("emoji", "add", "blobcat", str(picture), "--category", "cats")
    assert ":blobcat:" in server.run("emoji", "list")
    status = a.status_post("hello :blobcat:")
    (emoji,) = status.emojis
    assert emoji.shortcode == "blobcat"
    assert server.request("GET", emoji.url.removeprefix(server.origin)).headers["Content-Type"] == "image/png"
    server.run("emoji", "remove", "blobcat")
    assert server.run("emoji", "list").strip() == ""
    assert a.status(status.id).emojis[0].shortcode == "blobcat"


def test_rules_and_terms(server: Majlis, tmp_path: Path) -> None:
    app = server.anonymous()
    with pytest.raises(MastodonNotFoundError):
        app.instance_terms_of_service()
    text = tmp_path / "terms.md"
    text.write_text("Be *good*.")
    server.run("about", "terms", "set", str(text), "--effective", "2026-01-31")
    terms = app.instance_terms_of_service()
    assert terms.content == "<p>Be <em>good</em>.</p>" and terms.effective is True
    assert "2026-01-31" in server.run("about", "terms", "list")
    assert "<em>good</em>" in server.request("GET", "/terms-of-service").text
    number = server.run("about", "rule", "add", "Be kind", "--hint", "Always", "--translation", "ar=كن لطيفا").strip()
    (rule,) = app.instance_rules()
    assert (str(rule.id), rule.text, rule.hint) == (number, "Be kind", "Always")
    assert rule.translations["ar"].text == "كن لطيفا"
    eventually(lambda: "كن لطيفا" in server.request("GET", "/about?lang=ar").text, what="the rule on the page", seconds=90)
