"""The check of a picture of a seal or a signature: a whole PNG of modest size with a transparent ground. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

LARGEST = 1_000_000
"""Bytes of a picture."""
LEAST_SIDE, MOST_SIDE = 100, 2000
"""Points of a side: fewer print coarse, more are of no use at 42 mm."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {3: 1, 4: 2, 6: 4}
"""Colour type of a PNG that can be transparent → bytes of a point at eight bits."""
OTHER = "图片须是完整的、8 位的 PNG，请用看图软件另存为 PNG 后重新选择"
OPAQUE = "图片的底色不透明，会盖住纸上的字：请把底色去掉（透明背景）后另存为 PNG"


def picture_fault(content: bytes) -> str | None:
    """Why ``content`` cannot be a picture of a seal or a signature, in Chinese with the way out; None where it can."""
    if not content:
        return "请选择一张图片"
    if len(content) > LARGEST:
        return f"图片不能超过 {LARGEST // 1_000_000} MB，请缩小后重新选择"
    if not content.startswith(_SIGNATURE):
        return OTHER
    try:
        parts = list(_parts(content))
        (name, head), *others = parts
        width, height, depth, colour, packing, filtering, laced = struct.unpack(">IIBBBBB", head)
        if name != b"IHDR" or parts[-1][0] != b"IEND" or (depth, packing, filtering, laced) != (8, 0, 0, 0):
            return OTHER
    except (ValueError, struct.error):
        return OTHER
    if not (LEAST_SIDE <= width <= MOST_SIDE and LEAST_SIDE <= height <= MOST_SIDE):
        return f"图片宽、高都应在 {LEAST_SIDE} 至 {MOST_SIDE} 点之间，这张是 {width}×{height} 点，请缩放后重新选择"
    known = dict(others)
    if colour not in _CHANNELS or (colour == 3 and b"tRNS" not in known):
        return OPAQUE
    wide = width * _CHANNELS[colour]
    rows = _unpacked(b"".join(data for kind, data in others if kind == b"IDAT"), (wide + 1) * height)
    if rows is None or any(rows[at] > 4 for at in range(0, len(rows), wide + 1)):
        return OTHER
    return None if _lets_through(rows[: wide + 1], colour, known.get(b"tRNS", b"")) else OPAQUE


def _parts(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each part of a PNG. Raises ValueError for one that is damaged or followed by more."""
    at = len(_SIGNATURE)
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 8 + length
        [check] = struct.unpack_from(">I", content, end)
        if zlib.crc32(content[at + 4 : end]) != check:
            raise ValueError("a damaged part")
        yield kind, content[at + 8 : end]
        at = end + 4
        if kind == b"IEND" and at != len(content):
            raise ValueError("more after the end")


def _unpacked(packed: bytes, length: int) -> bytes | None:
    """The rows of the picture, where they are exactly ``length`` bytes; no more is ever unpacked."""
    inflating = zlib.decompressobj()
    try:
        rows = inflating.decompress(packed, length + 1)
    except zlib.error:
        return None
    return rows if len(rows) == length else None


def _lets_through(row: bytes, colour: int, through: bytes) -> bool:
    """Whether a point of the first row is transparent; the row above it counts as zero to its filter."""
    size, filtered = _CHANNELS[colour], row[0]
    points = bytearray(row[1:])
    if filtered in (1, 3, 4):  # against the point to the left: whole, half, or the nearest, which is the left one here
        for at in range(size, len(points)):
            before = points[at - size]
            points[at] = (points[at] + (before // 2 if filtered == 3 else before)) & 0xFF
    if colour == 3:
        return any(point < len(through) and through[point] < 128 for point in points)
    return any(points[at] < 128 for at in range(size - 1, len(points), size))
