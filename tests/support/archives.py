"""A person's archive, as a person gets it in a browser."""

import requests

from support.browser import Browser
from support.server import Person
from support.waiting import eventually


def logged_in(person: Person) -> Browser:
    browser = Browser(person.server.origin)
    browser.open("/auth/sign_in")
    browser.log_in(person)
    return browser


def request_archive(browser: Browser) -> None:
    browser.open("/settings/data")
    browser.submit(browser.form("button:-soup-contains('Request your archive')"), {})
    assert "is being made" in browser.page.get_text()


def archive_path(browser: Browser) -> str:
    """Where the archive is, once it is ready."""

    def look() -> str:
        browser.open("/settings/data")
        found = browser.page.select_one("a[href^='/settings/archives/']")
        return str(found["href"]) if found else ""

    return eventually(look, seconds=60, what="the archive is ready")


def fetch(browser: Browser, path: str) -> requests.Response:
    return browser.session.get(browser.origin + path, timeout=60, allow_redirects=False)
