"""masto.js walks the API from Node.js; its own totals are printed when it fails."""

import base64
from pathlib import Path
from urllib.parse import urlencode

import pytest

from support.browser import OUT_OF_BAND, Browser
from support.node import walk
from support.pictures import png
from support.server import SCOPES, Majlis, Person

pytestmark = pytest.mark.engine


def test_masto_js(server: Majlis, amina: Person, badr: Person) -> None:
    registered = server.request("POST", "/api/v1/apps", json={"client_name": "Elk", "redirect_uris": OUT_OF_BAND, "scopes": SCOPES}).json()
    query = {"response_type": "code", "client_id": registered["client_id"], "redirect_uri": OUT_OF_BAND, "scope": SCOPES}
    code = Browser(server.origin).authorise(f"{server.origin}/oauth/authorize?{urlencode(query)}", amina)["code"]
    known = {
        "origin": server.origin,
        "amina": amina.token,
        "badr": badr.token,
        "app": {
            "clientId": registered["client_id"],
            "clientSecret": registered["client_secret"],
            "redirectUri": OUT_OF_BAND,
            "scope": SCOPES,
        },
        "code": code,
        "picture": base64.b64encode(png(120, 90)).decode(),
    }
    walk(Path(__file__).with_name("masto.mjs"), known)
