"""Letters as people read them: a server without a mail server writes them into its outbox."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

from support.browser import Browser
from support.server import Majlis
from support.waiting import eventually


def files(server: Majlis) -> list[Path]:
    """Whole letters: what begins with a dot is still being written."""
    return sorted((server.directory / "data" / "outbox").glob("[!.]*.eml"))


def every(server: Majlis) -> list[EmailMessage]:
    """All letters, the newest first."""
    found = []
    for path in reversed(files(server)):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def letters(server: Majlis, to: str, part: str) -> list[EmailMessage]:
    """The letters to an address whose subject has this part, the newest first."""
    return [message for message in every(server) if message["To"] == to and part in str(message["Subject"])]


def letter(server: Majlis, to: str, part: str) -> EmailMessage:
    """The newest letter to an address whose subject has this part; waits for it."""
    return eventually(lambda: letters(server, to, part), seconds=20, what=f"a letter to {to} about {part}")[0]


def text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link(message: EmailMessage) -> str:
    """The address in a letter that proves who has read it."""
    address = re.search(r"https?://\S+token=\S+", text(message))
    assert address is not None, text(message)
    return address.group()


def confirm(server: Majlis, address: str) -> Browser:
    """Opens the address of a letter and presses the button of its page."""
    browser = Browser(server.origin)
    browser.open(address)
    browser.submit(browser.form("input[name$=_token]"), {})
    return browser
