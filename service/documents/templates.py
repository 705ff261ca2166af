"""Where the office's templates stand, and what kinds of files are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TEMPLATE_FOLDER = Path(__file__).resolve().parents[2] / "forms" / "print"
"""The templates of what is printed, the office's own to change."""

COMMON, SHEET, CIRCULAR = "common.typ", "sheet.typ", "circular.typ"
"""The part that all templates share; 需求处理单 of a need; 通报 of a process that issues them."""
HOUSE = (COMMON, SHEET, CIRCULAR)
"""The templates that versions of processes keep and may replace; the others are those of reports."""


def house_templates() -> dict[str, bytes]:
    """The templates of the house that cases print with, by the name of their file."""
    return {name: (TEMPLATE_FOLDER / name).read_bytes() for name in HOUSE}


PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES: Mapping[str, str] = {"pdf": PDF, "docx": WORD}
"""Kind of file, which is also how its name ends → media type."""
