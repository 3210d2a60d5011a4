"""megalodon walks the API from Node.js; its own totals are printed when it fails."""

import base64
from pathlib import Path

import pytest

from support.node import walk
from support.pictures import png
from support.server import Majlis, Person

pytestmark = pytest.mark.engine


def test_megalodon(server: Majlis, amina: Person, badr: Person) -> None:
    walk(
        Path(__file__).with_name("megalodon.mjs"),
        {"origin": server.origin, "amina": amina.token, "badr": badr.token, "picture": base64.b64encode(png(120, 90)).decode()},
    )
