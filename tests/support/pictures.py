"""Pictures made on the spot: small and valid, or small to send and huge to decode."""

import struct
import zlib
from collections.abc import Iterable


def png(width: int, height: int) -> bytes:
    """An RGB gradient."""
    return _png(
        width, height, (b"\0" + b"".join(bytes((200, x * 255 // width, y * 255 // height)) for x in range(width)) for y in range(height))
    )


def png_bomb(side: int) -> bytes:
    """A square of zeroes: a few kilobytes for each hundred megabytes that it decodes to."""
    row = b"\0" * (1 + side * 3)
    return _png(side, side, (row for _ in range(side)))


def with_camera_notes(picture: bytes, notes: bytes) -> bytes:
    """The PNG with an EXIF chunk that has `notes` as its maker's text."""
    text = notes + b"\0"
    tiff = b"MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHII", 0x010F, 2, len(text), 26) + struct.pack(">I", 0) + text
    after_header = 8 + 25
    return picture[:after_header] + _chunk(b"eXIf", tiff) + picture[after_header:]


def _png(width: int, height: int, rows: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(9)
    packed = b"".join([packer.compress(row) for row in rows]) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
