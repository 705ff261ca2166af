"""Pictures of seals for tests: PNGs written point by point."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable


def png(width: int, height: int, rows: bytes, *, colour: int = 6, depth: int = 8, more: bytes = b"") -> bytes:
    """A PNG of ``rows`` (each with its filter in front); ``more`` stands before them."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + more + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def part(kind: bytes, content: bytes) -> bytes:
    """A part of a PNG with its length and its check."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def seal(side: int = 200, ground: int = 0) -> bytes:
    """A red ring with a dot; around it the ground, transparent or of the opacity ``ground``."""
    return _drawn(side, lambda far: 0.86 < far < 0.98 or far < 0.2, ground)


def _drawn(side: int, red: Callable[[float], bool], ground: int) -> bytes:
    middle = (side - 1) / 2
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            far = ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5 / (side / 2)
            rows += bytes((213, 20, 30, 255)) if red(far) else bytes((255, 255, 255, ground))
    return png(side, side, bytes(rows))
