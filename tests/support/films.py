"""Films and sounds made on the spot by ffmpeg, which the server needs too."""

import subprocess
from pathlib import Path

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=440:duration=2")


def made(path: Path, *arguments: str) -> Path:
    """What ffmpeg makes of these arguments."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(path)], check=True, timeout=120)
    return path


def film(folder: Path) -> Path:
    """Two seconds of H.264 and AAC in QuickTime, with a place in its tags."""
    coding = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    return made(folder / "film.mov", *PICTURE, *TONE, *coding, "-metadata", "location=+48.8577+002.295/", "-metadata", "title=SECRET")


def long_film(folder: Path) -> Path:
    """A film that takes some seconds to make playable: of another coding, and large."""
    source = ("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=12")
    return made(folder / "long.mkv", *source, "-c:v", "mpeg4", "-q:v", "8")


def sound(folder: Path) -> Path:
    """Two seconds of Vorbis."""
    return made(folder / "sound.ogg", *TONE, "-c:a", "libvorbis")


def moving_picture(folder: Path) -> Path:
    return made(folder / "moving.gif", "-f", "lavfi", "-i", "testsrc2=size=80x60:rate=5:duration=1")
