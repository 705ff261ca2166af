"""An uploaded workbook without its empty rows and cells, and what a stream of its rows does not tell. Pure.

Office programs keep a row that was only ever made higher, up to the last of a million: a file of two rows may hold
fifty megabytes of nothing. A parser takes half a minute for that, so what is empty is taken out before, as bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from service.errors import Invalid
from service.exchange.inspection import BLOCK, MAX_ROWS, NUMBERED_CELL, NUMBERED_ROW, SPARE_ROWS
from service.exchange.sheet_facts import Noting, SheetFacts

ANY_ROW, ANY_CELL = (re.compile(rb"<(?:\w+:)?%s[\s/>]" % tag) for tag in (b"row", b"c"))
_CELL = re.compile(rb"<(?:\w+:)?c(?=\s)(?>[^<>]*?\sr=\"[A-Z]{1,3}\d+\")[^<>]*?(?:/>|></(?:\w+:)?c>)")
_ROW = re.compile(rb"<(?:\w+:)?row(?=\s)(?>[^<>]*?\sr=\"(\d+)\")[^<>]*?(?:/>|>\s*</(?:\w+:)?row>)")


def slimmed(content: bytes) -> tuple[bytes, dict[str, SheetFacts]]:
    """The workbook without empty rows and cells and without pictures; the facts of each part that has rows.

    ``content`` has passed ``inspect``. Raises Invalid where a sheet still has more rows than a file may bring.
    """
    facts: dict[str, SheetFacts] = {}
    written = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(written, "w", ZIP_DEFLATED, compresslevel=1) as new:
        for name in sorted({info.filename for info in old.infolist()}):
            with old.open(name) as part:
                if not part.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
                    continue  # a picture or the like: no parser reads it
                part.seek(0)
                numbered = _all_numbered(part)
                part.seek(0)
                found = SheetFacts()
                noting = Noting(found)
                rows = 0
                with new.open(name, "w") as kept:
                    for piece in _pieces(part):
                        slim = _without_empty(piece, found) if numbered else piece
                        rows += len(ANY_ROW.findall(slim))
                        if rows > MAX_ROWS + SPARE_ROWS:
                            raise Invalid(f"一次最多导入 {MAX_ROWS} 行，请分成几个文件导入")
                        noting.feed(slim)
                        kept.write(slim)
                noting.feed(b"", last=True)
            facts[name] = found
    return written.getvalue(), facts


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    """The part in blocks that end where a tag ends."""
    left = b""
    while block := part.read(BLOCK):
        end = block.rfind(b">") + 1
        if end:
            yield left + block[:end]
            left = block[end:]
        else:
            left += block
    yield left


def _all_numbered(part: IO[bytes]) -> bool:
    """Whether every row and cell says where it stands: only then can one be taken out without moving the next."""
    for piece in _pieces(part):
        if b"<!" in piece:  # what stands in a comment or between CDATA marks is no tag
            return False
        if len(ANY_ROW.findall(piece)) != len(NUMBERED_ROW.findall(piece)):
            return False
        if len(ANY_CELL.findall(piece)) != len(NUMBERED_CELL.findall(piece)):
            return False
    return True


def _without_empty(piece: bytes, found: SheetFacts) -> bytes:
    if b"<row" not in piece and b":row" not in piece:
        return piece
    slim, rows = _ROW.subn(b"", _CELL.sub(b"", piece))
    found.empty_rows += rows
    return slim
