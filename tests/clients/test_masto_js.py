"""masto.js walks the API from Node.js; its own totals are printed when it fails."""

import base64
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest

from support.browser import OUT_OF_BAND, Browser
from support.node import NODE
from support.pictures import png
from support.server import SCOPES, Majlis, Person

pytestmark = pytest.mark.engine

WALK = Path(__file__).with_name("masto.mjs")


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
    walked = subprocess.run(
        [NODE, "--test-timeout=20000", "--test-force-exit", "--test-reporter=spec", WALK],
        env={**os.environ, "MAJLIS_WALK": json.dumps(known)}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert walked.returncode == 0, f"{walked.stdout}\n{walked.stderr}"
