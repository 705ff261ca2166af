"""The parts of a workbook beside the sheet that is read: they are named, so that nobody thinks they were taken."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZipFile

GUIDE = "填写说明"
"""The sheet of the templates that explains the columns."""
SHOWN = 20
"""As many rows, sheets or cells as a sentence names."""

_COMMENTED = re.compile(rb"<(?:\w+:)?(?:comment|threadedComment)\s[^<>]*?ref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_PICTURE = re.compile(r"xl/media/[^/]+")
_OBJECT = re.compile(r"xl/(charts/chart|embeddings/|pivotTables/pivotTable)[^/]*")


def left_out(content: bytes, sheets: Sequence[Any], read: Any) -> list[str]:
    """Sentences on the other sheets, comments, pictures and objects of the workbook ``content``."""
    said = []
    others = [
        f"“{sheet.title}”{'' if sheet.sheet_state == 'visible' else '（隐藏）'}"
        for sheet in sheets
        if sheet is not read and sheet.title != GUIDE
    ]
    if others:
        said.append(f"只读取了工作表“{read.title}”，没有读取：{_some(others)}")
    with ZipFile(BytesIO(content)) as packed:
        names = sorted(set(packed.namelist()))
        cells = {
            (letters.decode(), int(row))
            for name in names
            if re.fullmatch(r"xl/(?:.*/)?(?:threadedComments/threadedComment|comments/?(?:comment)?)\d*\.xml", name)
            for letters, row in _COMMENTED.findall(packed.read(name))
            if int(row) > 1  # the templates explain their columns in comments on the headings
        }
    if cells:
        places = [f"{letters}{row}" for letters, row in sorted(cells, key=lambda cell: (cell[1], cell[0]))]
        said.append(f"没有读取 {len(places)} 处批注：{_some(places)}")
    if pictures := sum(_PICTURE.fullmatch(name) is not None for name in names):
        said.append(f"没有读取 {pictures} 张图片")
    if objects := sum(_OBJECT.match(name) is not None for name in names):
        said.append(f"没有读取 {objects} 个图表、透视表或嵌入的文件")
    return said


def listed(numbers: Iterable[int]) -> str:
    """Rising numbers in a sentence: 3、5–7."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return _some([f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs])


def _some(words: Sequence[str]) -> str:
    return "、".join(words[:SHOWN]) + (f"等 {len(words)} 处" if len(words) > SHOWN else "")
