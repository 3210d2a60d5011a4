"""Mastodon.py keeps filters, and finds what they match with the posts that it reads."""

import pytest
from mastodon import MastodonAPIError, MastodonNotFoundError

from support.server import Person

pytestmark = pytest.mark.engine


def test_filters(amina: Person, badr: Person) -> None:
    a, b = amina.app(), badr.app()
    a.account_follow(b.me().id)
    fruit = a.create_filter_v2(
        "Fruit", ["home", "thread"], "hide", expires_in=3600, keywords_attributes=[{"keyword": "banana", "whole_word": True}]
    )
    assert (fruit.title, fruit.filter_action, [str(c) for c in fruit.context]) == ("Fruit", "hide", ["home", "thread"])
    assert fruit.expires_at is not None and [k.keyword for k in fruit.keywords] == ["banana"]
    posts = [b.status_post(text) for text in ("A Banana!", "bananas", "الموز")]
    arabic = a.add_filter_keyword_v2(fruit.id, "موز", whole_word=True)
    one = a.add_filter_status_v2(fruit.id, posts[1].id)
    assert [k.id for k in a.filter_keywords_v2(fruit.id)] == [fruit.keywords[0].id, arabic.id]
    assert [s.id for s in a.filter_statuses_v2(fruit.id)] == [one.id]
    shown = {post.id: post.filtered for post in a.timeline_home()}
    assert [[list(found.keyword_matches or []) for found in shown[post.id]] for post in posts] == [[["banana"]], [[]], [["موز"]]]
    assert shown[posts[1].id][0].status_matches == [str(posts[1].id)]
    assert shown[posts[0].id][0].filter.id == fruit.id
    a.delete_filter_status_v2(one.id)
    a.delete_filter_keyword_v2(arabic.id)
    assert a.status(posts[1].id).filtered == [] == a.status(posts[2].id).filtered
    assert a.filter_v2(fruit.id).statuses == []
    assert a.update_filter_v2(fruit.id, title="Yellow", filter_action="warn").title == "Yellow"
    with pytest.raises(MastodonNotFoundError):
        b.filter_v2(fruit.id)
    with pytest.raises(MastodonAPIError):
        a.create_filter_v2("", ["home"], "warn")
    a.delete_filter_v2(fruit.id)
    assert a.filters_v2() == []


def test_filters_of_old_apps(amina: Person) -> None:
    a = amina.app()
    made = a.filter_create("tea", ["home", "public"], irreversible=True, whole_word=False)
    assert (made.phrase, made.irreversible, made.whole_word, made.expires_at) == ("tea", True, False, None)
    assert [f.id for f in a.filters()] == [made.id] and a.filter(made.id).phrase == "tea"
    changed = a.filter_update(made.id, phrase="coffee", context=["notifications"], irreversible=False, whole_word=True)
    assert (changed.phrase, changed.context, changed.irreversible, changed.whole_word) == ("coffee", ["notifications"], False, True)
    assert [f.title for f in a.filters_v2()] == ["coffee"]
    a.filter_delete(made.id)
    assert a.filters() == []
