"""From template and data to PDF, by Typst."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from service.documents.text import printable
from service.errors import Incident, NotFound

OFFICE_TYPE = ("FangSong_GB2312", "仿宋_GB2312", "FangSong", "仿宋", "STFangsong", "FZFangSong-Z02")
"""The office's own 仿宋 by the names under which machines know it, the best first."""

SUPPLIED_TYPE = "Noto Serif SC"
"""What comes with the product, in the folder that ``render`` is given."""


def render(template: Path, data: Mapping[str, Any], *, made_at: datetime, type_folder: Path) -> bytes:
    """The PDF that ``template`` (a .typ file) makes of ``data`` (JSON).

    The template reads ``data`` as ``json(bytes(sys.inputs.data))`` and the names of the type to use, best first, as
    ``json(bytes(sys.inputs.type))``; it can read files of its own folder only. ``made_at`` (aware) is the date that
    the PDF carries: the same data, moment and type give the same bytes. Raises Invalid for too much text, NotFound for
    a missing template, Incident where the type is not installed or the template fails.
    """
    if not template.is_file():
        raise NotFound(f"没有打印模板 {template.name}")
    type_faces, families = _type_of(type_folder)
    inputs = {
        "data": json.dumps(printable(dict(data)), ensure_ascii=False, sort_keys=True),
        "type": json.dumps([*families, SUPPLIED_TYPE], ensure_ascii=False),
    }
    try:
        return typst.compile(
            str(template),
            root=str(template.parent),
            font_paths=type_faces,
            format="pdf",
            sys_inputs=inputs,
            timestamp=int(made_at.timestamp()),
        )
    except typst.TypstError as error:
        raise Incident(f"打印模板 {template.name} 有误：{error.message}") from error


@lru_cache(maxsize=4)
def _type_of(folder: Path) -> tuple[typst.Fonts, tuple[str, ...]]:
    """The installed type with that of ``folder``, and the office's own names among it. Found once in a process."""
    found = typst.Fonts(include_system_fonts=True, include_embedded_fonts=True, font_paths=[str(folder)])
    names = {name.lower() for name in found.families()}
    office = tuple(name for name in OFFICE_TYPE if name.lower() in names)
    if not office and SUPPLIED_TYPE.lower() not in names:
        raise Incident("没有可用的中文打印字体，请先运行 make setup")
    return found, office
