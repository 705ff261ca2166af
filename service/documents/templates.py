"""Where the office's templates stand, and what kinds of files are made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TEMPLATE_FOLDER = Path(__file__).resolve().parents[2] / "forms" / "print"
"""The templates of what is printed, the office's own to change."""

PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES: Mapping[str, str] = {"pdf": PDF, "docx": WORD}
"""Kind of file, which is also how its name ends → media type."""
