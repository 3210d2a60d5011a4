"""Patience: a condition that becomes true within a bounded time, or fails saying what it last saw."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], *, seconds: float = 15, what: str = "") -> T:
    """Calls `look` until it returns something true and returns that; an assertion inside `look` counts as not yet."""
    deadline = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            last = look()
            if last:
                return last
        except AssertionError as failure:
            last = failure
        if time.monotonic() > deadline:
            raise AssertionError(f"{what or look} did not happen within {seconds} s; last seen: {last!r}")
        time.sleep(0.05)


def never(look: Callable[[], object], *, seconds: float = 1.0, what: str = "") -> None:
    """Fails if `look` returns something true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = look()
        assert not seen, f"{what or look} happened: {seen!r}"
        time.sleep(0.1)
