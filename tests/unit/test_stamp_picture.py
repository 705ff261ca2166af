"""A picture of a seal: a whole PNG of modest size that lets the paper through; all else is refused with the way out."""

from __future__ import annotations

import pytest

from service.people.stamp_picture import LARGEST, OPAQUE, OTHER, picture_fault
from tests.factories.pictures import part, png, seal

WIDE = 100


def palette(through: bytes) -> bytes:
    rows = (b"\x00" + bytes(WIDE)) * WIDE
    return png(WIDE, WIDE, rows, colour=3, more=part(b"PLTE", b"\xff\x00\x00") + part(b"tRNS", through))


def filtered(kind: int, rest: bytes) -> bytes:
    """The first row by a filter against the point to the left: transparent only once that is undone."""
    first = bytes((0, 0, 0, 1)) + rest * (WIDE - 1)
    return png(WIDE, WIDE, bytes((kind,)) + first + (b"\x00" + bytes(4 * WIDE)) * (WIDE - 1))


@pytest.mark.parametrize("content", [seal(), seal(2000 // 10), palette(b"\x00"), filtered(1, bytes(4))])
def test_a_transparent_png_is_taken(content: bytes) -> None:
    assert picture_fault(content) is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "请选择"),
        (b"\xff\xd8\xff\xe0 a photo", OTHER),
        (b"<svg/>", OTHER),
        (seal()[:-20], OTHER),
        (seal() + b"more behind the end", OTHER),
        (seal().replace(b"IDAT", b"IDAU"), OTHER),
        (png(WIDE, WIDE, bytes(10)), OTHER),
        (png(WIDE, WIDE, (b"\x00" + bytes(4 * WIDE)) * 5000), OTHER),
        (png(WIDE, WIDE, (b"\x09" + bytes(4 * WIDE)) * WIDE), OTHER),
        (png(WIDE, WIDE, b"", depth=16), OTHER),
        (seal(60), "60×60 点"),
        (png(50_000, 50_000, b""), "50000×50000 点"),
        (seal(ground=255), OPAQUE),
        (png(WIDE, WIDE, (b"\x00" + bytes(3 * WIDE)) * WIDE, colour=2), OPAQUE),
        (palette(b"\xff"), OPAQUE),
        (b"\x89PNG\r\n\x1a\n" + bytes(LARGEST), "不能超过 1 MB"),
    ],
)
def test_all_else_is_refused_with_the_way_out(content: bytes, says: str) -> None:
    fault = picture_fault(content)
    assert fault is not None
    assert says in fault
